"""What a scenario says: the network's classes, elections, rules, habits and prices, before the first hour."""

from __future__ import annotations

from dataclasses import dataclass

from client.economics import BPS, EMISSION_CAP, GENESIS_SUPPLY, SECONDS_PER_HOUR
from simulation.curves import HOURS_PER_DAY, Curve

MAX_YEARS = 20
DAYS_PER_WEEK = 7
SECONDS_PER_DAY = HOURS_PER_DAY * SECONDS_PER_HOUR
MONTHS_PER_YEAR = 12


@dataclass(frozen=True, slots=True)
class HardwareClass:
    """One hardware class: its machines, and what is asked of them."""

    name: str
    multiplier_bp: int
    """Collateral and points, 10,000 = 1."""
    processors_per_node: int
    quality_bp: int
    """What its machines deliver of the class's reference: the weight of a processor's points."""
    nodes: Curve
    """Nodes whose owners want to take part."""
    asked: Curve
    """Processor-hours asked in an average hour."""
    price: Curve
    """Nano-dollars for a processor-hour."""


@dataclass(frozen=True, slots=True)
class Election:
    """What the owners and the users of one part of each class have chosen."""

    weight_bp: int
    """Its part of the processors and of the work; all elections are a whole."""
    dollar_share_bp: int
    """Of their pay, what owners take in dollars."""
    commission_bp: int
    """Of an owner's claims, what stakers receive."""
    has_affiliate: bool
    """Whether somebody brought the owners in."""
    user_discount_bp: int
    """What users pay less, for their reputation."""
    users_take_io: bool
    """Whether users take locked IO in the place of the discount."""
    users_have_affiliate: bool
    """Whether somebody brought the users in."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """A part of genesis: free at once, or in equal monthly tranches."""

    name: str
    io: int
    """Base units."""
    first_month: int
    """The month, from 1, at whose end the first tranche is free; 0: all is free at genesis."""
    tranches: int
    """How many months, one tranche each."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The network's parameters, as the chain has them; basis points are of 10,000."""

    availability_bp: int
    affiliate_bp: int
    lock_seconds: int
    fee_bp: int
    fee_affiliate_bp: int
    """Of the fee, for whoever brought the user in."""
    fee_burn_bp: int
    """Of the rest of the fee."""
    max_bonus_bp: int
    auction_start_bp: int
    auction_end_bp: int
    auction_ramp_seconds: int
    owner_unbonding_seconds: int
    staker_unbonding_seconds: int


def usual_rules() -> Rules:
    """What a network is started with."""
    from client.network import Parameters  # takes a second to import, which `ionet --help` has no time for

    chain = Parameters()
    return Rules(
        availability_bp=chain.emission.availability_bp,
        affiliate_bp=chain.emission.affiliate_bp,
        lock_seconds=chain.emission.lock_seconds,
        fee_bp=chain.escrow.fee_bp,
        fee_affiliate_bp=chain.escrow.affiliate_bp,
        fee_burn_bp=chain.escrow.fee_burn_bp,
        max_bonus_bp=chain.escrow.max_bonus_bp,
        auction_start_bp=chain.burn.start_bp,
        auction_end_bp=chain.burn.end_bp,
        auction_ramp_seconds=chain.burn.ramp_seconds,
        owner_unbonding_seconds=chain.staking.owner_unbonding_seconds,
        staker_unbonding_seconds=chain.staking.delegator_unbonding_seconds,
    )


@dataclass(frozen=True, slots=True)
class Habits:
    """What people do with what they have."""

    staked_bp: Curve
    """Of the IO that is neither locked nor collateral, what is staked."""
    claim_every_hours: int = HOURS_PER_DAY
    """How often owners claim, lock their bonus and withdraw what has vested."""
    sell_from_premium_bp: int = 0
    """The least premium at which IO is sold to the auction."""
    sell_at_most_bp: int = 100
    """Of the circulating IO, what is sold to the auction in an hour at most."""
    utilisation_at_most_bp: int = 9_500
    """Of the processors, what can be rented at the same time."""


@dataclass(frozen=True, slots=True)
class Shape:
    """When more or less is asked than on average: factors in basis points, the first for the hour after genesis."""

    hour_of_day: tuple[int, ...] = (BPS,) * HOURS_PER_DAY
    day_of_week: tuple[int, ...] = (BPS,) * DAYS_PER_WEEK
    month_of_year: tuple[int, ...] = (BPS,) * MONTHS_PER_YEAR


@dataclass(frozen=True, slots=True)
class Scenario:
    """All that is given before the first hour."""

    name: str
    about: str
    io_price: Curve
    """Nano-dollars for one IO."""
    rules: Rules
    habits: Habits
    shape: Shape
    elections: tuple[Election, ...]
    classes: tuple[HardwareClass, ...]
    genesis: tuple[Allocation, ...]


def _allocation(name: str, permille_of_cap: int, first_month: int = 0, tranches: int = 0) -> Allocation:
    return Allocation(name, (GENESIS_SUPPLY + EMISSION_CAP) * permille_of_cap // 1_000, first_month, tranches)


GENESIS = (
    # Half of the cap is the community's: the 300,000,000 IO of the emission, and these.
    _allocation("community", 125),
    _allocation("R&D and ecosystem", 160),
    _allocation("seed investors", 125, first_month=13, tranches=24),
    _allocation("core contributors", 113, first_month=13, tranches=36),
    _allocation("series A", 102, first_month=13, tranches=24),
)
"""The published allocation, where a scenario has none of its own."""
