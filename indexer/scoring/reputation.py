"""Reputation: what an actor did since it began, 0 to 10,000. Integers only."""

from __future__ import annotations

from dataclasses import dataclass

from client.economics import SECONDS_PER_HOUR
from indexer.scoring.parameters import BPS, MAX_REPUTATION, Parameters


@dataclass(frozen=True, slots=True)
class Activity:
    """What an actor did in one epoch, and what was found against it."""

    passed: int = 0
    """Challenges."""
    failed: int = 0
    settled_seconds: int = 0
    """Of work that was paid for."""
    settled_usd: int = 0
    """USD base units, gross, that its jobs paid."""
    finished_jobs: int = 0
    """That were worked on."""
    failed_jobs: int = 0
    """That it lost because it went silent."""
    disputes_lost: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether it did nothing that counts."""
        return self == IDLE


IDLE = Activity()


@dataclass(frozen=True, slots=True)
class Reputation:
    """An actor's reputation after an epoch."""

    value: int = 0
    """0 to 10,000."""
    idle_epochs: int = 0
    """Epochs since it last did anything."""


def after(before: Reputation, activity: Activity, parameters: Parameters) -> Reputation:
    """Reputation after an epoch with this activity.

    Gains are capped by the epoch, so it takes time, not volume, to be trusted; losses are not. Decay takes a part
    of what is there, rounded up, so that it ends at zero.
    """
    p = parameters
    if activity.is_idle:
        idle_epochs = before.idle_epochs + 1
        decays = idle_epochs % p.decay_epochs == 0
        loss = -(-before.value * p.decay_bp // BPS) if decays else 0
        return Reputation(before.value - loss, idle_epochs)
    gain = (
        min(activity.passed * p.passed_gain, p.passed_gain_cap)
        + min(activity.settled_seconds * p.work_gain_per_hour // SECONDS_PER_HOUR, p.work_gain_cap)
        + min(activity.settled_usd // p.usd_per_gain, p.usd_gain_cap)
        + min(activity.finished_jobs * p.finished_gain, p.finished_gain_cap)
    )
    loss = (
        activity.failed * p.failed_loss
        + activity.failed_jobs * p.failed_job_loss
        + activity.disputes_lost * p.dispute_loss
    )
    value = before.value + gain - loss
    return Reputation(min(max(value, 0), MAX_REPUTATION), 0)
