"""Cutting an amount into shares, the last of which is the residual."""

from dataclasses import dataclass

from client.economics.ranges import unsigned, whole_at_most
from client.economics.schedule import emission
from client.economics.units import BPS


@dataclass(frozen=True, slots=True)
class Halves:
    """One epoch's emission: `availability + compute == amount`, IO base units."""

    availability: int
    compute: int


@dataclass(frozen=True, slots=True)
class ClaimInput:
    """What an earner claims and who shares in it."""

    accrued: int
    """u64, IO base units."""
    commission_bp: int
    """u16, the part of the earner's stakers."""
    affiliate_bp: int
    """u16, the part of whoever brought the earner in; 0 where nobody did."""

    def __post_init__(self) -> None:
        unsigned(64, accrued=self.accrued)
        unsigned(16, commission_bp=self.commission_bp, affiliate_bp=self.affiliate_bp)


@dataclass(frozen=True, slots=True)
class ClaimSplit:
    """A claim in its three shares, IO base units; they add up to `accrued`."""

    stakers: int
    affiliate: int
    owner: int
    """The residual."""


def bps_floor(amount: int, bp: int) -> int:
    """`amount · bp / 10,000` rounded down; `amount` u64 in any unit. Raises `ShareAboveWhole`."""
    unsigned(64, amount=amount)
    unsigned(16, bp=bp)
    whole_at_most("bp", bp)
    return amount * bp // BPS


def bps_ceil(amount: int, bp: int) -> int:
    """`amount · bp / 10,000` rounded up; `amount` u64 in any unit. Raises `ShareAboveWhole`."""
    unsigned(64, amount=amount)
    unsigned(16, bp=bp)
    whole_at_most("bp", bp)
    return -(-amount * bp // BPS)


def epoch_halves(amount: int, availability_bp: int) -> Halves:
    """An epoch's `amount` (u64, IO base units) in two; compute is the residual. Raises `ShareAboveWhole`."""
    availability = bps_floor(amount, availability_bp)
    return Halves(availability, amount - availability)


def halves_across(
    from_exclusive: int, to_inclusive: int, availability_bp: int, next_from_epoch: int, next_availability_bp: int
) -> Halves:
    """What the epochs after `from_exclusive` up to `to_inclusive` emit, in two, IO base units.

    `next_availability_bp` replaces `availability_bp` (u16) from epoch `next_from_epoch` (all epochs u32) on; 0 is no
    change. Raises `ShareAboveWhole` if a share that applies is above 10,000.
    """
    unsigned(32, from_exclusive=from_exclusive, to_inclusive=to_inclusive, next_from_epoch=next_from_epoch)
    unsigned(16, availability_bp=availability_bp, next_availability_bp=next_availability_bp)
    last = to_inclusive
    if 0 < next_from_epoch <= to_inclusive:
        last = max(next_from_epoch - 1, from_exclusive)
    before = _range_halves(from_exclusive, last, availability_bp)
    after = _range_halves(last, to_inclusive, next_availability_bp)
    return Halves(before.availability + after.availability, before.compute + after.compute)


def _range_halves(from_exclusive: int, to_inclusive: int, availability_bp: int) -> Halves:
    if from_exclusive >= to_inclusive:
        return Halves(0, 0)
    return epoch_halves(emission(from_exclusive, to_inclusive), availability_bp)


def claim(given: ClaimInput) -> ClaimSplit:
    """A claim split among stakers, affiliate and owner. Raises `ShareAboveWhole`."""
    whole_at_most("commission_bp + affiliate_bp", given.commission_bp + given.affiliate_bp)
    stakers = bps_floor(given.accrued, given.commission_bp)
    affiliate = bps_floor(given.accrued, given.affiliate_bp)
    return ClaimSplit(stakers, affiliate, given.accrued - stakers - affiliate)
