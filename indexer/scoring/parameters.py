"""What scores depend on besides the chain: each class's reference, and how much what counts. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
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
    "CPU": Reference(1_000, 1_024, 2_500, 50),
}
"""Of the published classes: vendors' figures for memory and compute, common machines for the rest. A processor of `CPU`
is a core of a machine without a GPU, as clouds rent them."""


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

    bonus_bands: tuple[tuple[int, int], ...] = ((5_000, 500), (7_500, 1_000), (9_000, 1_500))
    """From which reputation on a node has how many basis points more points; both rise from band to band."""

    passed_gain: int = 10
    """Reputation for each challenge passed,"""
    passed_gain_cap: int = 40
    """and at most for all of them in one epoch."""
    failed_loss: int = 100
    """Reputation lost for each challenge failed,"""
    failed_job_loss: int = 200
    """for each job that a node lost because it went silent,"""
    dispute_loss: int = 300
    """and for each dispute that an actor lost, node or user."""
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
        if self.cap_bp < BPS or self.decay_epochs < 1:
            raise ValueError(f"parameters out of range: {self}")
        bands = ((0, 0), *self.bonus_bands, (MAX_REPUTATION + 1, U32_MAX))
        if any(low[0] >= high[0] or low[1] >= high[1] for low, high in pairwise(bands)):
            raise ValueError(f"bands of the bonus rise, in reputation and in basis points: {self.bonus_bands}")
        if self.points_bound > U32_MAX:
            raise ValueError(f"points of up to {self.points_bound} would not fit in 32 bits: lower cap_bp or the bonus")

    def bonus_bp(self, reputation: int) -> int:
        """What a reputation (0 to 10,000) adds to points, basis points."""
        return max((bonus for start, bonus in self.bonus_bands if reputation >= start), default=0)

    @property
    def points_bound(self) -> int:
        """No node, nor all of them together, has more points: collateral bounds processors, the cap bounds `P`."""
        scale: int = self.cap_bp**DEGREE * (BPS + self.bonus_bp(MAX_REPUTATION))
        unit: int = BPS ** (DEGREE + 1)
        return POINTS_PER_PROCESSOR * MAX_WEIGHTED_PROCESSORS * scale // unit


DEFAULT: Final = Parameters()
