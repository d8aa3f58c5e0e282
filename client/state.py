"""Accounts of the five programs, as frozen dataclasses: the twins of the programs' `state.rs`.

They name fields as the IDLs do, without padding; a test holds them to the IDLs. Symbols are text, bytes are
`bytes`, and numbers with 64 fractional bits are one `int`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from solders.pubkey import Pubkey

from client.economics import SECONDS_PER_HOUR
from client.idl import ProgramName


@dataclass(frozen=True, slots=True)
class Committee:
    """The members whose majority makes a fact."""

    PROGRAM: ClassVar[ProgramName] = "oracle"
    admin: Pubkey
    members: tuple[Pubkey, ...]
    """16 places; the first `count` are the members."""
    freshness_seconds: int
    max_change_bp: int
    count: int
    bump: int


@dataclass(frozen=True, slots=True)
class Feed:
    """What one unit of a symbol costs."""

    PROGRAM: ClassVar[ProgramName] = "oracle"
    symbol: str
    price_nano_usd: int
    """Nano-dollars for one IO or one processor-hour."""
    valid_until: int
    """The last Unix second at which the price counts."""
    step_nano_usd: int
    """Where the price stood at `step_at`; for a minute it moves by the bounded change from there."""
    step_at: int
    submitted_nano_usd: tuple[int, ...]
    submitted_at: tuple[int, ...]
    bump: int

    def is_fresh(self, now: int) -> bool:
        """Whether the price counts at `now`, the chain's time."""
        return self.price_nano_usd > 0 and now <= self.valid_until


@dataclass(frozen=True, slots=True)
class Challenge:
    """A verifier's commitment, and how far its results are recorded."""

    PROGRAM: ClassVar[ProgramName] = "oracle"
    verifier: Pubkey
    commitment: bytes
    slot_hash: bytes
    """Zeros until drawn."""
    last_node: Pubkey
    slot: int
    epoch: int
    round: int
    bump: int


@dataclass(frozen=True, slots=True)
class Registry:
    """Who names classes, and which mint is IO."""

    PROGRAM: ClassVar[ProgramName] = "staking"
    admin: Pubkey
    io_mint: Pubkey
    bump: int


@dataclass(frozen=True, slots=True)
class Class:
    """A hardware class."""

    PROGRAM: ClassVar[ProgramName] = "staking"
    symbol: str
    multiplier_bp: int
    """10,000 = 1."""
    bump: int


@dataclass(frozen=True, slots=True)
class Actor:
    """A node or a user."""

    PROGRAM: ClassVar[ProgramName] = "staking"
    NODE: ClassVar[int] = 1
    USER: ClassVar[int] = 2
    authority: Pubkey
    affiliate: Pubkey
    """Zeros where nobody brought the authority in."""
    class_: str
    """Empty for a user."""
    collateral: int
    """IO base units, as `collateral_required`."""
    collateral_required: int
    registered_at: int
    """Unix seconds."""
    processors: int
    multiplier_bp: int
    dollar_share_bp: int
    commission_bp: int
    id: int
    kind: int
    bump: int

    @property
    def is_node(self) -> bool:
        """A node, not a user."""
        return self.kind == Actor.NODE

    @property
    def has_affiliate(self) -> bool:
        """Whether somebody brought the authority in."""
        return self.affiliate != Pubkey.default()


@dataclass(frozen=True, slots=True)
class Emission:
    """The schedule's state."""

    PROGRAM: ClassVar[ProgramName] = "emission"
    admin: Pubkey
    io_mint: Pubkey
    coupon_authority: Pubkey
    per_point: int
    """IO base units per point since genesis, 64 fractional bits; so are the two carries."""
    carry_availability: int
    carry_compute: int
    genesis: int
    """Unix seconds at which epoch 1 begins."""
    total_points: int
    total_coupons: int
    """USD base units, of the open epoch."""
    minted: int
    """IO base units."""
    closed_epoch: int
    final_epoch: int
    lock_seconds: int
    availability_bp: int
    affiliate_bp: int
    bump: int

    @property
    def open_epoch(self) -> int:
        """The epoch that coupons and points belong to now."""
        return self.closed_epoch + 1


@dataclass(frozen=True, slots=True)
class Rates:
    """A page of compute rates."""

    PROGRAM: ClassVar[ProgramName] = "emission"
    page: int
    bump: int
    per_coupon: tuple[int, ...]
    """IO base units per USD base unit of coupons, 64 fractional bits, by epoch modulo 512."""


@dataclass(frozen=True, slots=True)
class Earner:
    """What one actor earns."""

    PROGRAM: ClassVar[ProgramName] = "emission"
    actor: Pubkey
    snapshot: int
    """64 fractional bits, as `liquid` and `bonus`."""
    liquid: int
    """IO base units earned and not claimed."""
    bonus: int
    """IO base units earned and not locked."""
    coupons_base: int
    """USD base units, as `coupons_bonus`, of `coupon_epoch` (0: none)."""
    coupons_bonus: int
    coupon_epoch: int
    points: int
    reputation: int
    """0 to 10,000."""
    bump: int


@dataclass(frozen=True, slots=True)
class Vesting:
    """Locked IO."""

    PROGRAM: ClassVar[ProgramName] = "emission"
    beneficiary: Pubkey
    total: int
    """IO base units, as `withdrawn`."""
    withdrawn: int
    start: int
    """Unix seconds, as `end`."""
    end: int
    bump: int


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of every job."""

    PROGRAM: ClassVar[ProgramName] = "escrow"
    admin: Pubkey
    router: Pubkey
    usd_mint: Pubkey
    burn_vault: Pubkey
    incentives: Pubkey
    min_work_seconds: int
    fee_bp: int
    fee_burn_bp: int
    max_bonus_bp: int
    discount_reputation: tuple[int, ...]
    discount_bp: tuple[int, ...]
    bump: int

    def discount_of(self, reputation: int) -> int:
        """What a user of this reputation pays less, basis points."""
        bands = zip(self.discount_reputation, self.discount_bp, strict=True)
        return max((discount for start, discount in bands if reputation >= start), default=0)


@dataclass(frozen=True, slots=True)
class Job:
    """One job. Amounts in USD base units, times in Unix seconds."""

    PROGRAM: ClassVar[ProgramName] = "escrow"
    OPEN: ClassVar[int] = 1
    RUNNING: ClassVar[int] = 2
    FINISHED: ClassVar[int] = 3
    STATES: ClassVar[dict[int, str]] = {1: "open", 2: "running", 3: "finished"}
    user: Pubkey
    authority: Pubkey
    node: Pubkey
    """Zeros until started."""
    digest: bytes
    class_: str
    id: int
    rate_per_hour: int
    deposit: int
    settled_usd: int
    opened_at: int
    started_at: int
    reported_at: int
    settled_seconds: int
    processors: int
    hours: int
    period: int
    """Settlements so far."""
    discount_bp: int
    state: int
    bump: int
    vault_bump: int

    @property
    def end(self) -> int:
        """When a running job's hours are over."""
        return self.started_at + self.hours * SECONDS_PER_HOUR

    @property
    def worked_seconds(self) -> int:
        """Up to the node's last report, never past the hours paid for."""
        return max(min(self.reported_at, self.end) - self.started_at, 0)


@dataclass(frozen=True, slots=True)
class Auction:
    """The buy-and-burn auction."""

    PROGRAM: ClassVar[ProgramName] = "burn"
    admin: Pubkey
    io_mint: Pubkey
    usd_mint: Pubkey
    waiting_since: int
    """Unix seconds from which the premium rises."""
    burned_io: int
    paid_usd: int
    ramp_seconds: int
    start_bp: int
    end_bp: int
    bump: int


ACCOUNTS: tuple[type, ...] = (
    *(Committee, Feed, Challenge, Registry, Class, Actor, Emission),
    *(Rates, Earner, Vesting, Terms, Job, Auction),
)
