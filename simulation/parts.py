"""What a network of the simulation is made of: cohorts of nodes, classes, locked IO, sums that must be equal."""

from __future__ import annotations

from dataclasses import dataclass

from client.economics import BPS, SECONDS_PER_HOUR, accrue, premium_bp, vested
from simulation.scenario import MONTHS_PER_YEAR, SECONDS_PER_DAY, Allocation, Election, HardwareClass, Rules, Scenario

GENESIS_STEP_SECONDS = 8_760 * SECONDS_PER_HOUR // MONTHS_PER_YEAR
"""A month of the allocation file: a twelfth of 8,760 hours."""


@dataclass(frozen=True, slots=True)
class Check:
    """Two sums that must be equal."""

    name: str
    left: int
    right: int

    @property
    def equal(self) -> bool:
        """Whether they are."""
        return self.left == self.right


class Cohort:
    """The nodes that elected the same, of all classes: one earner of the chain."""

    __slots__ = (
        *("affiliate_bp", "bonus_q64", "discount_bp", "election", "liquid_q64", "points", "snapshot_q64"),
        *("user_bonus_q64", "user_coupons_bp"),
    )

    def __init__(self, election: Election, rules: Rules) -> None:
        self.election = election
        self.discount_bp = 0 if election.users_take_io else election.user_discount_bp
        """Users have a discount or coupons for it, of what they pay; theirs is the affiliate's part of the fee."""
        self.user_coupons_bp = election.user_discount_bp if election.users_take_io else 0
        self.affiliate_bp = rules.fee_affiliate_bp if election.users_have_affiliate else 0
        self.points = 0
        self.snapshot_q64 = 0
        """The network's `per_point_q64` when points were last turned into IO."""
        self.liquid_q64 = 0
        """Earned and not claimed, as is the bonus that is not locked yet, of owners and of users."""
        self.bonus_q64 = 0
        self.user_bonus_q64 = 0

    def accrue_points(self, per_point_q64: int) -> None:
        """The availability half, up to now. Must precede every change of `points`."""
        self.liquid_q64 = accrue(self.liquid_q64, self.points, per_point_q64 - self.snapshot_q64)
        self.snapshot_q64 = per_point_q64


class Class:
    """The machines of one class that joined."""

    __slots__ = ("asked", "given", "price", "processors", "waiting")

    def __init__(self, given: HardwareClass) -> None:
        self.given = given
        self.processors = 0
        self.waiting = 0
        """Processors whose owners found no IO for their collateral."""
        self.asked = 0
        """Processor-hours asked in an average hour of this day."""
        self.price = 0
        """Nano-dollars for a processor-hour."""


@dataclass(slots=True)
class Vesting:
    """Bonus IO locked at one time; base units and seconds since genesis."""

    total: int
    start: int
    withdrawn: int = 0


def least_wait(scenario: Scenario) -> int | None:
    """After how many seconds the premium is first one that sellers take; None if it never is."""
    rules, least = scenario.rules, scenario.habits.sell_from_premium_bp

    def enough(seconds: int) -> bool:
        return premium_bp(seconds, rules.auction_start_bp, rules.auction_end_bp, rules.auction_ramp_seconds) >= least

    low, high = 0, rules.auction_ramp_seconds
    if not enough(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low


def days_of(seconds: int) -> int:
    """Rounded up: nothing returns early."""
    return -(-seconds // SECONDS_PER_DAY)


def free_of(allocation: Allocation, now: int) -> int:
    """What of an allocation is free, so many seconds after genesis."""
    if allocation.tranches == 0:
        return allocation.io
    start = (allocation.first_month - 1) * GENESIS_STEP_SECONDS
    end = start + allocation.tranches * GENESIS_STEP_SECONDS
    return vested(allocation.io, start, end, GENESIS_STEP_SECONDS, now)


def parts_of(total: int, weights_bp: list[int]) -> list[int]:
    """Processors or processor-hours of each cohort, by the weights of all but the last, which is the residual."""
    parts = [total * weight_bp // BPS for weight_bp in weights_bp]
    parts.append(total - sum(parts))
    return parts
