"""The arithmetic of everything that moves a token, as the programs do it.

A mirror of the Rust crate `programs/economics`, function for function, for previews and checks: integers
only, the same roundings, the same refusals. The reason for each rounding stands beside its Rust function.
`tests/vectors/*.json`, written by the crate, holds the two together.

Units: IO has 8 decimals and USD 6, both in base units; `_bp` is basis points; `_nano_usd` is 1e-9 USD; `_q64`
counts 2^-64 base units. Every argument and every result has the range of its Rust type; one outside is
refused by name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

BPS: Final = 10_000
"""Basis points in a whole."""
SECONDS_PER_HOUR: Final = 3_600
"""Also the length of an epoch."""
IO: Final = 100_000_000
"""Base units of one IO."""
USD: Final = 1_000_000
"""Base units of one dollar."""
NANO_USD_PER_USD_UNIT: Final = 1_000
"""Nano-dollars in one base unit of USD."""
GENESIS_SUPPLY: Final = 500_000_000 * IO
"""IO that exists at genesis, base units."""
EMISSION_CAP: Final = 300_000_000 * IO
"""IO that is ever emitted, base units."""
LAST_EPOCH: Final = 175_319
"""The last epoch that emits."""
MIN_DOLLAR_SHARE_BP: Final = 3_000
MAX_DOLLAR_SHARE_BP: Final = 9_000
COLLATERAL_PER_PROCESSOR: Final = 200 * IO
"""Collateral of one processor of a class with multiplier 1 or less, IO base units."""

Reason = Literal["Overflow", "ShareAboveWhole", "DollarShareOutOfRange"]


class ArithmeticRefused(ValueError):
    """A value that the chain refuses: `<name> = <value>: <reason>`.

    `reason` is the name of the Rust error: `Overflow` (does not fit in its type), `ShareAboveWhole`
    (shares above 10,000 basis points) or `DollarShareOutOfRange` (outside 3,000 to 9,000 basis points).
    """

    def __init__(self, reason: Reason, name: str, value: object) -> None:
        super().__init__(f"{name} = {value!r}: {reason}")
        self.reason = reason


def _within(low: int, high: int, values: dict[str, int]) -> None:
    for name, value in values.items():
        # A bool or a float would pass the comparison; neither is an amount.
        if type(value) is not int or not low <= value <= high:
            raise ArithmeticRefused("Overflow", name, value)


def _unsigned(bits: int, **values: int) -> None:
    _within(0, (1 << bits) - 1, values)


def _signed(bits: int, **values: int) -> None:
    _within(-(1 << (bits - 1)), (1 << (bits - 1)) - 1, values)


def _u64(name: str, value: int) -> int:
    _unsigned(64, **{name: value})
    return value


def _whole_at_most(name: str, bp: int) -> None:
    if bp > BPS:
        raise ArithmeticRefused("ShareAboveWhole", name, bp)


# --- schedule: how much IO has been emitted after each hour, and when each hour is ---

_D_DIGITS: Final = 138_869_523_959_793
_D_SCALE: Final = 10**19
_E1_TIMES_8760: Final = GENESIS_SUPPLY * 8 // 100
_ENDLESS_EMISSION_Q9: Final = (_E1_TIMES_8760 * _D_SCALE << 9) // (8_760 * _D_DIGITS)


def _powers_q64() -> tuple[int, ...]:
    """`q^(2^k)` for k from 0 to 17, Q0.64, each rounded up, from 256 fraction bits.

    None of them ends within 64 bits, so rounding up is the floor and one.
    """
    power, powers = ((_D_SCALE - _D_DIGITS) << 256) // _D_SCALE, []
    for _ in range(18):
        powers.append((power >> 192) + 1)
        power = power * power >> 256
    return tuple(powers)


_POWERS_Q64: Final = _powers_q64()


def cumulative(t: int) -> int:
    """IO emitted by the end of epoch `t` (u32), base units.

    `M(t) = E1 · (1 − q^t) / (1 − q)`, rounded down, with `E1 = 500,000,000 IO · 0.08 / 8760` and
    `q = 1 − 0.0000138869523959793` (the published emission); 0 for `t == 0`, the cap from the last
    epoch on.
    """
    _unsigned(32, t=t)
    if t >= LAST_EPOCH:
        return EMISSION_CAP
    power = 1 << 64
    for bit, factor in enumerate(_POWERS_Q64):
        if t >> bit & 1:
            power = -(-power * factor >> 64)
    return min(_ENDLESS_EMISSION_Q9 * ((1 << 64) - power) >> 73, EMISSION_CAP)


def emission(from_exclusive: int, to_inclusive: int) -> int:
    """IO emitted in the epochs after `from_exclusive` up to `to_inclusive` (u32), base units; 0 if none."""
    return max(cumulative(to_inclusive) - cumulative(from_exclusive), 0)


def epoch_at(genesis: int, now: int) -> int | None:
    """The epoch (from 1) that runs at `now`, both Unix seconds; None before genesis or past u32."""
    _signed(64, genesis=genesis, now=now)
    t = (now - genesis) // SECONDS_PER_HOUR + 1
    return t if 1 <= t < 1 << 32 else None


def epoch_start(genesis: int, t: int) -> int | None:
    """The first second of epoch `t`, Unix seconds: `genesis + (t − 1) · 3600`; None at 0 or past i64."""
    _signed(64, genesis=genesis)
    _unsigned(32, t=t)
    start = genesis + (t - 1) * SECONDS_PER_HOUR
    return start if t > 0 and start < 1 << 63 else None


def epoch_end(genesis: int, t: int) -> int | None:
    """The first second after epoch `t`, Unix seconds; None for `t == 0` or past i64."""
    start = epoch_start(genesis, t)
    return None if start is None or start + SECONDS_PER_HOUR >= 1 << 63 else start + SECONDS_PER_HOUR


# --- split: cutting an amount into shares, the last of which is the residual ---


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
        _unsigned(64, accrued=self.accrued)
        _unsigned(16, commission_bp=self.commission_bp, affiliate_bp=self.affiliate_bp)


@dataclass(frozen=True, slots=True)
class ClaimSplit:
    """A claim in its three shares, IO base units; they add up to `accrued`."""

    stakers: int
    affiliate: int
    owner: int
    """The residual."""


def bps_floor(amount: int, bp: int) -> int:
    """`amount · bp / 10,000` rounded down; `amount` u64 in any unit. Raises `ShareAboveWhole`."""
    _unsigned(64, amount=amount)
    _unsigned(16, bp=bp)
    _whole_at_most("bp", bp)
    return amount * bp // BPS


def bps_ceil(amount: int, bp: int) -> int:
    """`amount · bp / 10,000` rounded up; `amount` u64 in any unit. Raises `ShareAboveWhole`."""
    _unsigned(64, amount=amount)
    _unsigned(16, bp=bp)
    _whole_at_most("bp", bp)
    return -(-amount * bp // BPS)


def epoch_halves(amount: int, availability_bp: int) -> Halves:
    """An epoch's `amount` (u64, IO base units) in two; compute is the residual. Raises `ShareAboveWhole`."""
    availability = bps_floor(amount, availability_bp)
    return Halves(availability, amount - availability)


def claim(given: ClaimInput) -> ClaimSplit:
    """A claim split among stakers, affiliate and owner. Raises `ShareAboveWhole`."""
    _whole_at_most("commission_bp + affiliate_bp", given.commission_bp + given.affiliate_bp)
    stakers = bps_floor(given.accrued, given.commission_bp)
    affiliate = bps_floor(given.accrued, given.affiliate_bp)
    return ClaimSplit(stakers, affiliate, given.accrued - stakers - affiliate)


# --- accumulator: rewards per unit; nothing is lost, nothing paid twice ---


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
        _unsigned(64, amount=self.amount, total=self.total)
        _unsigned(128, carry_q64=self.carry_q64)


@dataclass(frozen=True, slots=True)
class Distribution:
    """What each unit gets and what stays: `per_unit_q64 · total + carry_q64 == (amount << 64) + carry in`."""

    per_unit_q64: int
    carry_q64: int


def distribute(given: DistributeInput) -> Distribution:
    """Amount and carry, divided over `total` units; without units all is carried. Raises `Overflow`."""
    available = (given.amount << 64) + given.carry_q64
    _unsigned(128, available_q64=available)
    if given.total == 0:
        return Distribution(0, available)
    return Distribution(*divmod(available, given.total))


def accrue(accrued_q64: int, units: int, delta_q64: int) -> int:
    """`accrued_q64 + units · delta_q64` (u128, u64, u128), exact. Raises `Overflow`."""
    _unsigned(128, accrued_q64=accrued_q64, delta_q64=delta_q64)
    _unsigned(64, units=units)
    result = accrued_q64 + units * delta_q64
    _unsigned(128, accrual_q64=result)
    return result


def whole(accrued_q64: int) -> tuple[int, int]:
    """`accrued_q64` (u128) as payable base units, rounded down, and the fraction to keep, q64."""
    _unsigned(128, accrued_q64=accrued_q64)
    return divmod(accrued_q64, 1 << 64)


# --- settlement: where the dollars of worked seconds go, and the coupons they leave ---


@dataclass(frozen=True, slots=True)
class SettleInput:
    """The pay of one settlement and the rates that divide it."""

    gross: int
    """u64, USD base units."""
    fee_bp: int
    """u16, of the gross."""
    fee_burn_bp: int
    """u16, of the fee; the rest of the fee is for incentives."""
    dollar_share_bp: int
    """u16, of the net; 3,000 to 9,000."""
    max_bonus_bp: int
    """u16, the coupon bonus at the least dollar share, of the base coupons."""

    def __post_init__(self) -> None:
        _unsigned(64, gross=self.gross)
        _unsigned(16, fee_bp=self.fee_bp, fee_burn_bp=self.fee_burn_bp)
        _unsigned(16, dollar_share_bp=self.dollar_share_bp, max_bonus_bp=self.max_bonus_bp)


@dataclass(frozen=True, slots=True)
class Settlement:
    """One settlement, divided, USD base units; `gross == dollars + burn + fee_burn + fee_incentives`."""

    fee: int
    fee_burn: int
    fee_incentives: int
    """The residual of the fee."""
    net: int
    dollars: int
    """To the node."""
    burn: int
    """To the burn vault, besides `fee_burn`: the residual of the net."""
    coupons_base: int
    """Pay liquid IO."""
    coupons_bonus: int
    """Pay locked IO."""


def earned(rate_per_hour: int, seconds: int) -> int:
    """What `seconds` of work earn at `rate_per_hour` (both u64), USD base units, rounded down.

    Cumulative: a settlement pays the difference of two values. Raises `Overflow`.
    """
    _unsigned(64, rate_per_hour=rate_per_hour, seconds=seconds)
    return _u64("earned", rate_per_hour * seconds // SECONDS_PER_HOUR)


def settle(given: SettleInput) -> Settlement:
    """The pay of one settlement, divided. Raises `DollarShareOutOfRange`, `ShareAboveWhole`."""
    if not MIN_DOLLAR_SHARE_BP <= given.dollar_share_bp <= MAX_DOLLAR_SHARE_BP:
        raise ArithmeticRefused("DollarShareOutOfRange", "dollar_share_bp", given.dollar_share_bp)
    for name in ("max_bonus_bp", "fee_bp", "fee_burn_bp"):
        _whole_at_most(name, getattr(given, name))
    fee = bps_floor(given.gross, given.fee_bp)
    fee_burn = bps_floor(fee, given.fee_burn_bp)
    net = given.gross - fee
    dollars = bps_floor(net, given.dollar_share_bp)
    burn = net - dollars
    bonus_rate = given.max_bonus_bp * (MAX_DOLLAR_SHARE_BP - given.dollar_share_bp)
    return Settlement(
        fee=fee,
        fee_burn=fee_burn,
        fee_incentives=fee - fee_burn,
        net=net,
        dollars=dollars,
        burn=burn,
        coupons_base=burn,
        coupons_bonus=burn * bonus_rate // (BPS * (MAX_DOLLAR_SHARE_BP - MIN_DOLLAR_SHARE_BP)),
    )


# --- quote: what a job costs, what must be deposited for it, what a node must lock ---


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
        _unsigned(64, price_nano_usd=self.price_nano_usd)
        _unsigned(32, processors=self.processors)
        _unsigned(16, discount_bp=self.discount_bp)


def rate_per_hour(given: QuoteInput) -> int:
    """What the whole job costs per hour, USD base units, rounded up. Raises `ShareAboveWhole`, `Overflow`."""
    _whole_at_most("discount_bp", given.discount_bp)
    price = given.price_nano_usd * given.processors * (BPS - given.discount_bp)
    return _u64("rate_per_hour", -(-price // (NANO_USD_PER_USD_UNIT * BPS)))


def deposit(rate_per_hour: int, hours: int) -> int:
    """What `hours` (u32) at `rate_per_hour` (u64, USD base units) cost, USD base units. Raises `Overflow`."""
    _unsigned(64, rate_per_hour=rate_per_hour)
    _unsigned(32, hours=hours)
    return _u64("deposit", rate_per_hour * hours)


def collateral(multiplier_bp: int, processors: int) -> int:
    """`200 IO · max(1, multiplier) · processors` (both u32), IO base units; exact. Raises `Overflow`."""
    _unsigned(32, multiplier_bp=multiplier_bp, processors=processors)
    return _u64("collateral", COLLATERAL_PER_PROCESSOR // BPS * max(multiplier_bp, BPS) * processors)


# --- auction: dollars for IO, at the feed's price and a premium that rises until somebody sells ---


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
        _unsigned(64, io_max=self.io_max, vault_usd=self.vault_usd)
        _unsigned(64, price_nano_usd_per_io=self.price_nano_usd_per_io)
        _signed(32, premium_bp=self.premium_bp)


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
    _unsigned(64, seconds_since_last_sale=seconds_since_last_sale)
    _signed(16, start_bp=start_bp, end_bp=end_bp)
    _unsigned(32, ramp_seconds=ramp_seconds)
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
    _unsigned(64, waited=waited, usd=usd, vault_usd=vault_usd)
    _unsigned(32, ramp_seconds=ramp_seconds)
    waited = min(waited, ramp_seconds)
    return waited - (waited * min(usd, vault_usd) // vault_usd if vault_usd else 0)


# --- vesting: locked amounts that become free in equal parts every second ---


def vested(total: int, start: int, end: int, now: int) -> int:
    """What of `total` (u64) is free at `now`, rounded down; times are Unix seconds (i64). Raises `Overflow`."""
    _unsigned(64, total=total)
    _signed(64, start=start, end=end, now=now)
    duration = end - start
    if not 0 <= duration < 1 << 63:
        raise ArithmeticRefused("Overflow", "end - start", duration)
    if now < start:
        return 0
    return total if now - start >= duration else total * (now - start) // duration


# --- median: what a committee's submissions amount to ---


def lower_median(values: Iterable[int]) -> int | None:
    """The lower median of `values` (u64 each); None if there are none."""
    ordered = sorted(values)
    for value in ordered:
        _unsigned(64, value=value)
    return ordered[(len(ordered) - 1) // 2] if ordered else None
