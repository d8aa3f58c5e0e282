"""Rewards per unit; nothing is lost, nothing paid twice."""

from dataclasses import dataclass

from client.economics.ranges import unsigned


@dataclass(frozen=True, slots=True)
class DistributeInput:
    """One division of an amount over all units."""

    amount: int
    """u64, base units."""
    carry_q64: int
    """u128, not yet divided from before."""
    total: int
    """u64, all units that share; may be 0."""

    def __post_init__(self) -> None:
        unsigned(64, amount=self.amount, total=self.total)
        unsigned(128, carry_q64=self.carry_q64)


@dataclass(frozen=True, slots=True)
class Distribution:
    """What each unit gets and what stays: `per_unit_q64 · total + carry_q64 == (amount << 64) + carry in`."""

    per_unit_q64: int
    carry_q64: int


def distribute(given: DistributeInput) -> Distribution:
    """Amount and carry, divided over `total` units; without units all is carried. Raises `Overflow`."""
    available = (given.amount << 64) + given.carry_q64
    unsigned(128, available_q64=available)
    if given.total == 0:
        return Distribution(0, available)
    return Distribution(*divmod(available, given.total))


def accrue(accrued_q64: int, units: int, delta_q64: int) -> int:
    """`accrued_q64 + units · delta_q64` (u128, u64, u128), exact. Raises `Overflow`."""
    unsigned(128, accrued_q64=accrued_q64, delta_q64=delta_q64)
    unsigned(64, units=units)
    result = accrued_q64 + units * delta_q64
    unsigned(128, accrual_q64=result)
    return result


def whole(accrued_q64: int) -> tuple[int, int]:
    """`accrued_q64` (u128) as payable base units, rounded down, and the fraction to keep, q64."""
    unsigned(128, accrued_q64=accrued_q64)
    return divmod(accrued_q64, 1 << 64)
