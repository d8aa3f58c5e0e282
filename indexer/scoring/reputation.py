"""Reputation: what actors did since they began, 0 to 10,000. Integers only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from client.economics import SECONDS_PER_HOUR
from indexer.scoring.facts import Integers, Rows
from indexer.scoring.parameters import BPS, MAX_REPUTATION, Parameters


@dataclass(frozen=True, slots=True)
class Activity:
    """What actors did in one epoch, and what was found against them: a number for each in each column."""

    passed: Integers
    """Challenges."""
    failed: Integers
    work: Rows
    """`WORK`; zeros for who had none."""

    @property
    def is_idle(self) -> NDArray[np.bool_]:
        """Who did nothing that counts."""
        counted = [self.work[name] != 0 for name in self.work.dtype.names or () if name != "actor"]
        idle: NDArray[np.bool_] = ~np.logical_or.reduce([self.passed != 0, self.failed != 0, *counted])
        return idle


def after(
    value: Integers, idle_epochs: Integers, activity: Activity, parameters: Parameters
) -> tuple[Integers, Integers]:
    """Reputation after an epoch with this activity, and epochs since the last one with any.

    `value` and `idle_epochs` are those before it. Gains are capped by the epoch, so it takes time, not volume, to be
    trusted; losses are not. Decay takes a part of what is there, rounded up, so that it ends at zero.
    """
    p, work, is_idle = parameters, activity.work, activity.is_idle
    gain = (
        np.minimum(activity.passed * p.passed_gain, p.passed_gain_cap)
        + np.minimum(work["settled_seconds"] * p.work_gain_per_hour // SECONDS_PER_HOUR, p.work_gain_cap)
        + np.minimum(work["settled_usd"] // np.uint64(p.usd_per_gain), np.uint64(p.usd_gain_cap)).astype(np.int64)
        + np.minimum(work["finished_jobs"] * p.finished_gain, p.finished_gain_cap)
    )
    loss = (
        activity.failed * p.failed_loss
        + work["failed_jobs"] * p.failed_job_loss
        + work["disputes_lost"] * p.dispute_loss
    )
    active = np.clip(value + gain - loss, 0, MAX_REPUTATION)
    idle_after = np.where(is_idle, idle_epochs + 1, 0)
    faded = np.where(idle_after % p.decay_epochs == 0, value + -value * p.decay_bp // BPS, value)
    return np.where(is_idle, faded, active), idle_after
