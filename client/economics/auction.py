"""Dollars for IO, at the feed's price and a premium that rises until somebody sells."""

from dataclasses import dataclass

from client.economics.ranges import signed, unsigned
from client.economics.units import BPS, IO, NANO_USD_PER_USD_UNIT


@dataclass(frozen=True, slots=True)
class SaleInput:
    """What a seller offers, and what the vault offers for it."""

    io_max: int
    """u64, the most that the seller gives, IO base units."""
    vault_usd: int
    """u64, USD base units."""
    price_nano_usd_per_io: int
    """u64."""
    premium_bp: int
    """i32, added to the price; may be negative."""

    def __post_init__(self) -> None:
        unsigned(64, io_max=self.io_max, vault_usd=self.vault_usd)
        unsigned(64, price_nano_usd_per_io=self.price_nano_usd_per_io)
        signed(32, premium_bp=self.premium_bp)


@dataclass(frozen=True, slots=True)
class Sale:
    """One sale. Nothing can be bought when both are 0; otherwise neither is."""

    io: int
    """Taken from the seller and burned, IO base units."""
    usd: int
    """Paid to the seller, USD base units."""


def premium_bp(seconds_since_last_sale: int, start_bp: int, end_bp: int, ramp_seconds: int) -> int:
    """The premium so long (u64) after the last sale, basis points, rounded down.

    Linear from `start_bp` to `end_bp` (i16) over `ramp_seconds` (u32), then constant.
    """
    unsigned(64, seconds_since_last_sale=seconds_since_last_sale)
    signed(16, start_bp=start_bp, end_bp=end_bp)
    unsigned(32, ramp_seconds=ramp_seconds)
    if seconds_since_last_sale >= ramp_seconds:
        return end_bp
    return start_bp + (end_bp - start_bp) * seconds_since_last_sale // ramp_seconds


def sale(given: SaleInput) -> Sale:
    """What is burned and what is paid when a seller gives at most `io_max`.

    All of `io_max` for its value, rounded down; or, if the vault has less, all of the vault for the least IO
    worth it, rounded up. `Sale(0, 0)` where no dollar would be paid.
    """
    factor = given.price_nano_usd_per_io * max(BPS + given.premium_bp, 0)
    divisor = IO * NANO_USD_PER_USD_UNIT * BPS
    usd, io = given.io_max * factor // divisor, given.io_max
    if usd > given.vault_usd:
        usd, io = given.vault_usd, -(-given.vault_usd * divisor // factor)
    return Sale(io, usd) if usd > 0 else Sale(0, 0)


def waited_after(waited: int, ramp_seconds: int, usd: int, vault_usd: int) -> int:
    """How long (seconds) the auction has waited once `usd` of `vault_usd` (u64) was sold after `waited` (u64).

    The part of the wait, at most `ramp_seconds` (u32), that the unsold dollars stand for, rounded up.
    """
    unsigned(64, waited=waited, usd=usd, vault_usd=vault_usd)
    unsigned(32, ramp_seconds=ramp_seconds)
    waited = min(waited, ramp_seconds)
    return waited - (waited * min(usd, vault_usd) // vault_usd if vault_usd else 0)
