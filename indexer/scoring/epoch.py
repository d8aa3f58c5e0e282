"""The scores of one epoch, and their digest. The order in which facts arrive does not matter."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Final

from indexer.scoring.availability import NOTHING, Measurement, Node, has_passed, points, weigh
from indexer.scoring.parameters import DEFAULT, Parameters
from indexer.scoring.reputation import IDLE, Activity, Reputation, after

ROW: Final = struct.Struct("<32sIH")
"""A row of the digest: actor, points, reputation; little-endian."""


@dataclass(frozen=True, slots=True)
class Work:
    """What an actor's jobs came to in one epoch; units as in `Activity`."""

    settled_seconds: int = 0
    settled_usd: int = 0
    finished_jobs: int = 0
    failed_jobs: int = 0
    disputes_lost: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What the chain says of one epoch. Keys are actors' addresses, 32 bytes."""

    actors: Mapping[bytes, Node | None]
    """Everyone who can earn at the end of the epoch; None for a user."""
    measurements: Mapping[bytes, Sequence[Measurement]]
    """Of nodes, in any order; of strangers too, whom nobody scores."""
    work: Mapping[bytes, Work]


@dataclass(frozen=True, slots=True)
class Score:
    """One actor's score of one epoch."""

    points: int
    """u32; its weight in the availability half."""
    reputation: Reputation


def score(facts: Facts, before: Mapping[bytes, Score], parameters: Parameters = DEFAULT) -> dict[bytes, Score]:
    """The scores of an epoch from its facts and the scores of the epoch before it. Raises `UnknownClass`."""
    weights, reputations = {}, {}
    for actor, node in facts.actors.items():
        held = before[actor].reputation if actor in before else Reputation()
        measured = facts.measurements.get(actor, ()) if node is not None else ()
        weights[actor] = NOTHING if node is None else weigh(node, measured, held.value, parameters)
        reputations[actor] = after(held, _activity(measured, facts.work.get(actor), parameters), parameters)
    return {actor: Score(value, reputations[actor]) for actor, value in points(weights, parameters).items()}


def digest(scores: Mapping[bytes, Score]) -> bytes:
    """SHA-256 over the rows (actor, points, reputation), sorted by actor: 32 bytes."""
    return digest_of_rows((actor, score.points, score.reputation.value) for actor, score in scores.items())


def digest_of_rows(rows: Iterable[tuple[bytes, int, int]]) -> bytes:
    """As `digest`, of rows (actor, points, reputation) in any order."""
    return sha256(b"".join(ROW.pack(*row) for row in sorted(rows))).digest()


def _activity(measured: Sequence[Measurement], work: Work | None, parameters: Parameters) -> Activity:
    if not measured and work is None:
        return IDLE
    passed = sum(has_passed(measurement, parameters) for measurement in measured)
    return Activity(passed, len(measured) - passed, **({} if work is None else asdict(work)))
