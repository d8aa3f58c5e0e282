"""A delegation pool whose stake slashing scales; `join_shares` and `split_shares` keep values to the base unit."""

from dataclasses import dataclass
from typing import Final

from client.economics.ranges import ArithmeticRefused, u64, unsigned, whole_at_most
from client.economics.split import bps_ceil

_INDEX_BITS: Final = 63
ONE: Final = 1 << _INDEX_BITS
"""The index of a pool that was never slashed: a share is worth one base unit."""
MIN_INDEX: Final = ONE // 64
"""Under this index a pool takes no more stake."""


@dataclass(frozen=True, slots=True)
class SlashInput:
    """A pool before it is slashed."""

    index: int
    """u64, the value of a share, 2^-63 base units."""
    stake: int
    """u64, behind all shares, IO base units."""
    shares: int
    """u64, all, active and unbonding."""
    collateral: int
    """u64, the owner's, active and unbonding, IO base units."""
    fraction_bp: int
    """u16, the part that is lost."""

    def __post_init__(self) -> None:
        unsigned(64, index=self.index, stake=self.stake, shares=self.shares, collateral=self.collateral)
        unsigned(16, fraction_bp=self.fraction_bp)


@dataclass(frozen=True, slots=True)
class Slashed:
    """A pool after it was slashed; `stake + collateral + burned` is what it was before."""

    index: int
    stake: int
    """At least the value of all positions."""
    collateral: int
    burned: int
    """The residual."""


def shares_for(amount: int, index: int) -> int:
    """The least shares worth `amount` (u64, IO base units), rounded up: their value is `amount` exactly.

    Raises `Overflow`, also for an `index` (u64) of 0 or above `ONE`.
    """
    unsigned(64, amount=amount, index=index)
    if not 0 < index <= ONE:
        raise ArithmeticRefused("Overflow", "index", index)
    return u64("shares", -(-(amount << _INDEX_BITS) // index))


def value_of(shares: int, index: int) -> int:
    """What `shares` are worth at `index` (both u64), IO base units, rounded down; at most u64's greatest."""
    unsigned(64, shares=shares, index=index)
    return min(shares * index >> _INDEX_BITS, (1 << 64) - 1)


def join_shares(shares: int, index: int, amount: int) -> int:
    """The shares of a position that takes `amount` (u64, IO base units) more: worth both exactly. Raises `Overflow`."""
    unsigned(64, amount=amount)
    return shares_for(u64("value", value_of(shares, index) + amount), index)


def split_shares(shares: int, index: int, amount: int) -> tuple[int, int]:
    """The shares that leave with `amount` (u64, IO base units) and those that stay: worth both exactly.

    Raises `AmountAboveValue`, and `Overflow` as `shares_for` does.
    """
    unsigned(64, amount=amount)
    staying = value_of(shares, index) - amount
    if staying < 0:
        raise ArithmeticRefused("AmountAboveValue", "amount", amount)
    return shares_for(amount, index), shares_for(staying, index)


def slash(given: SlashInput) -> Slashed:
    """The same part lost by every position and by the collateral, rounded up. Raises `ShareAboveWhole`, `Overflow`."""
    whole_at_most("fraction_bp", given.fraction_bp)
    index = given.index - bps_ceil(given.index, given.fraction_bp)
    stake = min(given.stake, value_of(given.shares, index))
    collateral = given.collateral - bps_ceil(given.collateral, given.fraction_bp)
    return Slashed(index, stake, collateral, u64("burned", given.stake - stake + given.collateral - collateral))
