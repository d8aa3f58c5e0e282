"""What scores depend on besides the chain: each class's reference, and how much what counts. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

U32_MAX: Final = 2**32 - 1
BPS: Final = 10_000
"""Basis points in a whole."""
MAX_REPUTATION: Final = 10_000
POINTS_PER_PROCESSOR: Final = 100
"""Points of one processor that is exactly its class's reference, at multiplier 1 and without bonus."""
EXPONENTS: Final = {"bandwidth": 4, "compute": 3, "memory": 2, "clock": 1}
"""`P = b⁴ · t³ · m² · c`: b is network bandwidth, t compute throughput, m memory, c the CPU's clock."""
DEGREE: Final = sum(EXPONENTS.values())
MAX_WEIGHTED_PROCESSORS: Final = 800_000_000 // 200
"""Processors times max(1, multiplier) of all nodes together: each such unit locks 200 of at most 800,000,000 IO."""

Mode = Literal["normalised", "literal"]


@dataclass(frozen=True, slots=True)
class Reference:
    """What a processor of a class is expected to measure."""

    bandwidth: int
    """Mbit/s of the machine's network."""
    memory: int
    """MB of one processor's memory."""
    clock: int
    """MHz of the machine's CPU."""
    compute: int
    """GFLOP/s of one processor, single precision without tensor units."""

    def __post_init__(self) -> None:
        if min(self.bandwidth, self.memory, self.clock, self.compute) < 1:
            raise ValueError(f"a reference is more than zero in everything: {self}")


REFERENCES: Final[Mapping[str, Reference]] = {
    "B200": Reference(10_000, 184_320, 3_000, 75_000),
    "H200": Reference(10_000, 144_384, 3_000, 67_000),
    "H100": Reference(10_000, 81_920, 3_000, 67_000),
    "A100-80GB": Reference(10_000, 81_920, 2_800, 19_500),
    "A100-40GB": Reference(10_000, 40_960, 2_800, 19_500),
    "L40S": Reference(10_000, 49_152, 2_800, 91_600),
    "4090": Reference(1_000, 24_576, 4_000, 82_600),
    "3090": Reference(1_000, 24_576, 3_600, 35_600),
    "3080": Reference(1_000, 10_240, 3_600, 29_800),
    "M3-Max": Reference(1_000, 36_864, 4_000, 14_200),
    "T4": Reference(1_000, 16_384, 2_500, 8_100),
}
"""Of the published classes: vendors' figures for memory and compute, common machines for the rest."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """How much what counts. Basis points are of 10,000."""

    mode: Mode = "normalised"
    """`literal` multiplies the measurements as they are, and scales an epoch's results into 32 bits."""
    references: Mapping[str, Reference] = field(default_factory=lambda: REFERENCES)
    cap_bp: int = 12_000
    """The most that one measurement counts, of its reference: a spoofed number wins no more than this."""
    max_latency_us: int = 2_000_000
    """A challenge answered later counts as failed. Latency counts for nothing else: `P` has no place for it, and
    who is far from a verifier is no worse a machine."""

    bonus_from: int = 5_000
    """The reputation above which points rise."""
    bonus_bp: int = 1_000
    """How much more points at full reputation; in proportion in between."""

    passed_gain: int = 10
    """Reputation for each challenge passed,"""
    passed_gain_cap: int = 40
    """and at most for all of them in one epoch."""
    failed_loss: int = 100
    """Reputation lost for each challenge failed."""
    work_gain_per_hour: int = 10
    """Reputation for each hour of settled work,"""
    work_gain_cap: int = 60
    """and at most for all of it in one epoch."""
    usd_per_gain: int = 10_000_000
    """USD base units that a user has to have settled for one of reputation,"""
    usd_gain_cap: int = 60
    """and at most for all of them in one epoch."""
    finished_gain: int = 5
    """A user's reputation for each job that ended after it was worked on,"""
    finished_gain_cap: int = 20
    """and at most for all of them in one epoch."""
    decay_epochs: int = 24
    """Epochs without activity after which reputation decays, again and again,"""
    decay_bp: int = 100
    """by this part of it, rounded up."""

    def __post_init__(self) -> None:
        if self.cap_bp < BPS or not 0 <= self.bonus_from < MAX_REPUTATION or self.decay_epochs < 1:
            raise ValueError(f"parameters out of range: {self}")
        if self.points_bound > U32_MAX:
            raise ValueError(f"points of up to {self.points_bound} would not fit in 32 bits: lower cap_bp or bonus_bp")

    @property
    def points_bound(self) -> int:
        """No node, nor all of them together, has more points: collateral bounds processors, the cap bounds `P`."""
        scale: int = self.cap_bp**DEGREE * (BPS + self.bonus_bp)
        unit: int = BPS ** (DEGREE + 1)
        return POINTS_PER_PROCESSOR * MAX_WEIGHTED_PROCESSORS * scale // unit


DEFAULT: Final = Parameters()
