"""What was measured of a node, with how sure it is, and what of it goes on the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from solders.pubkey import Pubkey

from client.instructions.oracle import Measurement

U32_MAX: Final = 2**32 - 1
QUANTITIES: Final = {"bandwidth": "Mbit/s", "memory": "MB", "clock": "MHz", "compute": "GFLOP/s", "latency": "us"}
"""Name and unit, in the order of the chain's record."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One quantity: the median of the trials, and the range in which they were, which is what is known of its error."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, trials: Sequence[float]) -> Reading:
        """Of one trial or more."""
        return cls(median(trials), min(trials), max(trials))

    @property
    def uncertainty(self) -> float:
        """Half of the range, as a part of the value."""
        return (self.high - self.low) / (2 * self.value) if self.value else 0.0


NOTHING: Final = Reading(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One node in one challenge."""

    node: Pubkey
    readings: dict[str, Reading]
    """By the names of `QUANTITIES`; what is missing was not measured."""
    failure: str | None
    """Why it failed, in words; None where it passed."""
    seconds: float
    """Of the node's time."""

    @property
    def passed(self) -> bool:
        """Whether everything was proved, and in time."""
        return self.failure is None

    def measurement(self) -> Measurement:
        """What goes on the chain: whole units, rounded down, zeros for what a node that failed was not measured for."""
        values = {name: min(int(self.readings.get(name, NOTHING).value), U32_MAX) for name in QUANTITIES}
        return Measurement(node=self.node, **values, outcome=int(self.passed))

    def as_json(self) -> dict[str, Any]:
        """With units in the names and the range of each quantity."""
        shown = {
            name: {"unit": unit, "value": one.value, "low": one.low, "high": one.high, "uncertainty": one.uncertainty}
            for name, unit in QUANTITIES.items()
            if (one := self.readings.get(name)) is not None
        }
        return {
            "node": str(self.node),
            "passed": self.passed,
            "failure": self.failure,
            "seconds": self.seconds,
            **shown,
        }
