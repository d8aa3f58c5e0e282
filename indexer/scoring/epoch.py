"""The scores of one epoch, and their digest. The order in which facts arrive does not matter."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

import numpy as np

from indexer.scoring.availability import Measured, points
from indexer.scoring.facts import ADDRESS, SCORE, WORK, Facts, Rows, Scores, places
from indexer.scoring.parameters import DEFAULT, Parameters
from indexer.scoring.reputation import Activity, after

ROW: Final = np.dtype([("actor", ADDRESS), ("points", "<u4"), ("reputation", "<u2")])
"""A row of the digest: 38 bytes."""


def score(facts: Facts, before: Scores, parameters: Parameters = DEFAULT) -> Scores:
    """The scores of an epoch from its facts and the scores of the epoch before it. Raises `UnknownClass`."""
    actors = facts.actors
    measured = _measured(facts, parameters)
    held = places(before.rows["actor"], actors["actor"])
    is_new = held < 0
    value, idle = (
        np.where(is_new, 0, before.rows[name][held] if len(before) else 0).astype(np.int64)
        for name in ("reputation", "idle_epochs")
    )
    passed = np.bincount(measured.place[measured.passed], minlength=len(actors))
    failed = np.bincount(measured.place[~measured.passed], minlength=len(actors))
    scores = np.empty(len(actors), SCORE)
    scores["actor"] = actors["actor"]
    scores["points"] = points(actors, measured, value, parameters)
    activity = Activity(passed, failed, _work(facts))
    scores["reputation"], scores["idle_epochs"] = after(value, idle, activity, parameters)
    return Scores(scores)


def digest(scores: Scores) -> bytes:
    """SHA-256 over the rows (actor, points, reputation), sorted by actor: 32 bytes."""
    return _digest(scores.rows)


def digest_of_rows(rows: Iterable[tuple[bytes, int, int]]) -> bytes:
    """As `digest`, of rows (actor, points, reputation) in any order."""
    return _digest(np.array(sorted(rows), ROW))


def _digest(rows: Rows) -> bytes:
    packed = np.empty(len(rows), ROW)
    for name in ROW.names or ():
        packed[name] = rows[name]
    return sha256(packed.tobytes()).digest()


def _measured(facts: Facts, parameters: Parameters) -> Measured:
    place = places(facts.actors["actor"], facts.measurements["node"])
    counts = place >= 0
    counts[counts] = facts.actors["is_node"][place[counts]]
    rows = facts.measurements[counts]
    return Measured(rows, place[counts], rows["passed"] & (rows["latency"] <= parameters.max_latency_us))


def _work(facts: Facts) -> Rows:
    work = np.zeros(len(facts.actors), WORK)
    place = places(facts.actors["actor"], facts.work["actor"])
    work[place[place >= 0]] = facts.work[place >= 0]
    return work
