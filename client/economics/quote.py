"""What a job costs, what must be deposited for it, what a node must lock."""

from dataclasses import dataclass
from typing import Final

from client.economics.ranges import u64, unsigned, whole_at_most
from client.economics.units import BPS, IO, NANO_USD_PER_USD_UNIT

COLLATERAL_PER_PROCESSOR: Final = 200 * IO
"""Collateral of one processor of a class with multiplier 1 or less, IO base units."""


@dataclass(frozen=True, slots=True)
class QuoteInput:
    """A class's price, and what a job takes of it."""

    price_nano_usd: int
    """u64, per processor-hour."""
    processors: int
    """u32."""
    discount_bp: int
    """u16, of the price."""

    def __post_init__(self) -> None:
        unsigned(64, price_nano_usd=self.price_nano_usd)
        unsigned(32, processors=self.processors)
        unsigned(16, discount_bp=self.discount_bp)


def rate_per_hour(given: QuoteInput) -> int:
    """What the whole job costs per hour, USD base units, rounded up. Raises `ShareAboveWhole`, `Overflow`."""
    whole_at_most("discount_bp", given.discount_bp)
    price = given.price_nano_usd * given.processors * (BPS - given.discount_bp)
    return u64("rate_per_hour", -(-price // (NANO_USD_PER_USD_UNIT * BPS)))


def deposit(rate_per_hour: int, hours: int) -> int:
    """What `hours` (u32) at `rate_per_hour` (u64, USD base units) cost, USD base units. Raises `Overflow`."""
    unsigned(64, rate_per_hour=rate_per_hour)
    unsigned(32, hours=hours)
    return u64("deposit", rate_per_hour * hours)


def collateral(multiplier_bp: int, processors: int) -> int:
    """`200 IO · max(1, multiplier) · processors` (both u32), IO base units; exact. Raises `Overflow`."""
    unsigned(32, multiplier_bp=multiplier_bp, processors=processors)
    return u64("collateral", COLLATERAL_PER_PROCESSOR // BPS * max(multiplier_bp, BPS) * processors)
