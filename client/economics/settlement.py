"""Where the dollars of worked seconds go, and the coupons they leave."""

from dataclasses import dataclass
from typing import Final

from client.economics.ranges import ArithmeticRefused, u64, unsigned, whole_at_most
from client.economics.split import bps_floor
from client.economics.units import BPS, SECONDS_PER_HOUR

MIN_DOLLAR_SHARE_BP: Final = 3_000
"""The least part of its pay that a node takes in dollars."""
MAX_DOLLAR_SHARE_BP: Final = 9_000
"""The greatest part of its pay that a node takes in dollars."""


@dataclass(frozen=True, slots=True)
class SettleInput:
    """The pay of one settlement and the rates that divide it."""

    gross: int
    """u64, USD base units."""
    fee_bp: int
    """u16, of the gross."""
    affiliate_bp: int
    """u16, of the fee, for whoever brought the user in; 0 where nobody did."""
    fee_burn_bp: int
    """u16, of the fee less the affiliate's part; what then remains is for incentives."""
    dollar_share_bp: int
    """u16, of the net; 3,000 to 9,000."""
    max_bonus_bp: int
    """u16, the coupon bonus at the least dollar share, of the base coupons."""

    def __post_init__(self) -> None:
        unsigned(64, gross=self.gross)
        unsigned(16, fee_bp=self.fee_bp, affiliate_bp=self.affiliate_bp, fee_burn_bp=self.fee_burn_bp)
        unsigned(16, dollar_share_bp=self.dollar_share_bp, max_bonus_bp=self.max_bonus_bp)


@dataclass(frozen=True, slots=True)
class Settlement:
    """One settlement, divided, USD base units.

    `gross == dollars + burn + fee` and `fee == fee_affiliate + fee_burn + fee_incentives`.
    """

    fee: int
    fee_affiliate: int
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
    unsigned(64, rate_per_hour=rate_per_hour, seconds=seconds)
    return u64("earned", rate_per_hour * seconds // SECONDS_PER_HOUR)


def settle(given: SettleInput) -> Settlement:
    """The pay of one settlement, divided. Raises `DollarShareOutOfRange`, `ShareAboveWhole`."""
    if not MIN_DOLLAR_SHARE_BP <= given.dollar_share_bp <= MAX_DOLLAR_SHARE_BP:
        raise ArithmeticRefused("DollarShareOutOfRange", "dollar_share_bp", given.dollar_share_bp)
    for name in ("max_bonus_bp", "fee_bp", "affiliate_bp", "fee_burn_bp"):
        whole_at_most(name, getattr(given, name))
    fee = bps_floor(given.gross, given.fee_bp)
    fee_affiliate = bps_floor(fee, given.affiliate_bp)
    fee_burn = bps_floor(fee - fee_affiliate, given.fee_burn_bp)
    net = given.gross - fee
    dollars = bps_floor(net, given.dollar_share_bp)
    burn = net - dollars
    bonus_rate = given.max_bonus_bp * (MAX_DOLLAR_SHARE_BP - given.dollar_share_bp)
    return Settlement(
        fee=fee,
        fee_affiliate=fee_affiliate,
        fee_burn=fee_burn,
        fee_incentives=fee - fee_affiliate - fee_burn,
        net=net,
        dollars=dollars,
        burn=burn,
        coupons_base=burn,
        coupons_bonus=burn * bonus_rate // (BPS * (MAX_DOLLAR_SHARE_BP - MIN_DOLLAR_SHARE_BP)),
    )


def user_coupons(gross: int, discount_bp: int) -> int:
    """Coupons of a user who takes locked IO in place of a discount, USD base units, rounded down.

    `gross` u64, USD base units; `discount_bp` u16. Raises `ShareAboveWhole`.
    """
    unsigned(64, gross=gross)
    unsigned(16, discount_bp=discount_bp)
    whole_at_most("discount_bp", discount_bp)
    return bps_floor(gross, discount_bp)


def dispute_bond(bond: int, claimed_seconds: int, accepted_seconds: int) -> int:
    """The node's part of a dispute's `bond` (u64, any unit), rounded down; the user's is the residual.

    The part that was accepted, at most all, of the seconds in dispute (u64 each); 0 of none.
    """
    unsigned(64, bond=bond, claimed_seconds=claimed_seconds, accepted_seconds=accepted_seconds)
    accepted = min(accepted_seconds, claimed_seconds)
    return bond * accepted // claimed_seconds if claimed_seconds else 0
