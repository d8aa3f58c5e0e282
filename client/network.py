"""What a network is started with: published hardware classes, and parameters with the design's values."""

from dataclasses import dataclass

CLASS_MULTIPLIERS_BP: dict[str, int] = {
    "B200": 300_000,
    "H200": 120_000,
    "H100": 100_000,
    "A100-80GB": 50_000,
    "L40S": 30_000,
    "A100-40GB": 20_000,
    "3090": 17_500,
    "3080": 15_000,
    "M3-Max": 15_000,
    "4090": 12_500,
    "T4": 5_000,
}
"""Collateral and points multiplier of each published class; 10,000 = 1."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of the five programs; basis points are of 10,000."""

    freshness_seconds: int = 600
    """How long a price submission counts."""
    max_change_bp: int = 2_000
    """How far a feed may move in a minute."""
    lock_seconds: int = 180 * 86_400
    """Over which bonus IO vests."""
    availability_bp: int = 5_000
    """The availability half of an epoch's emission."""
    affiliate_bp: int = 100
    """An affiliate's part of a claim."""
    auction_start_bp: int = -200
    auction_end_bp: int = 200
    auction_ramp_seconds: int = 3_600
    min_work_seconds: int = 3_600
    """What must be worked on a job in all before anything is paid."""
    fee_bp: int = 500
    fee_burn_bp: int = 5_000
    """The part of the fee that is burned; the rest is for incentives."""
    max_bonus_bp: int = 5_000
    """Bonus coupons at a 30% dollar share, of the base coupons."""
    discount_reputation: tuple[int, int, int, int] = (0, 2_500, 5_000, 7_500)
    discount_bp: tuple[int, int, int, int] = (0, 100, 200, 300)
    """From `discount_reputation[i]` on, a user pays `discount_bp[i]` less."""
