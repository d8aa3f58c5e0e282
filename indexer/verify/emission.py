"""The emission program once more, from its events alone: every number that it holds or said, recomputed.

The arithmetic is `client.economics`, which vectors hold to the programs'. What an event says is compared with what it
must be, and the replay goes on with what it must be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from solders.pubkey import Pubkey

from client import addresses, economics
from indexer.decoding.base58 import encode as address_text
from indexer.verify.changing import Changing, nested
from indexer.verify.report import Checks, Payout
from indexer.verify.staking import NOBODY, StakingLedger
from indexer.verify.supply import SupplyLedger

Event = Mapping[str, Any]


@dataclass(slots=True)
class EarnerState:
    """An earner, as `emission::Earner`."""

    snapshot: int
    points: int = 0
    reputation: int = 0
    proven_since: int = 0
    liquid: int = 0
    bonus: int = 0
    coupons_base: int = 0
    coupons_bonus: int = 0
    coupon_epoch: int = 0


@dataclass(slots=True)
class VestingState:
    """Locked IO, as `emission::Vesting`."""

    total: int
    start: int
    end: int
    step_seconds: int = 1
    funded: int = 0
    """1: it existed, and waits in a vault. 0: it is minted as it is withdrawn."""
    withdrawn: int = 0


@dataclass(slots=True)
class EmissionLedger:
    """The schedule's state, as `emission::Emission`, with all of its earners."""

    checks: Checks
    supply: SupplyLedger
    staking: StakingLedger
    target: int
    """The epoch whose payouts are wanted."""
    now: int = 0
    """The chain's time, Unix seconds."""
    genesis: int = 0
    parameters: Changing = field(default_factory=lambda: Changing.begin({}))
    per_point: int = 0
    carry_availability: int = 0
    carry_compute: int = 0
    total_points: int = 0
    total_coupons: int = 0
    minted: int = 0
    locked_io: int = 0
    """IO base units that wait in the vault of locked IO."""
    closed_epoch: int = 0
    final_epoch: int = 0
    earners: dict[bytes, EarnerState] = field(default_factory=dict)
    """By actor."""
    actor_of: dict[bytes, bytes] = field(default_factory=dict)
    """By earner."""
    payouts: tuple[Payout, ...] = ()
    closed_range: tuple[int, int] | None = None
    """That the target was closed in."""
    final_digests: dict[int, bytes] = field(default_factory=dict)
    final_scores: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    """Points and reputation by actor when the target's range became final."""
    _rates: dict[int, int] = field(default_factory=dict)
    vestings: dict[bytes, VestingState] = field(default_factory=dict)

    def emission_initialized(self, event: Event) -> None:
        """The schedule begins."""
        self.genesis = event["genesis"]
        self.parameters = Changing.begin(nested(event, "parameters"))

    def emission_parameters_set(self, event: Event) -> None:
        """Other parameters, from an epoch's start on."""
        self.parameters.change(nested(event, "parameters"), event["from"], self.now)

    def block(self, event: Event) -> None:
        """Time has passed."""
        self.now = event["time"]

    def earner_created(self, event: Event) -> None:
        """An actor earns from now on."""
        self.earners[event["actor"]] = EarnerState(self.per_point)
        self.actor_of[event["earner"]] = event["actor"]

    def coupons_credited(self, event: Event) -> None:
        """Coupons of the open epoch."""
        earner = self._earner(event["actor"])
        self._accrue_coupons(earner)
        earner.coupons_base += event["base"]
        earner.coupons_bonus += event["bonus"]
        earner.coupon_epoch = self.closed_epoch + 1
        self.total_coupons += event["base"] + event["bonus"]
        whose = address_text(event["actor"])
        self.checks.equal("epoch of credited coupons", whose, self.closed_epoch + 1, event["epoch"])
        self.checks.equal("coupons of the epoch, running", whose, self.total_coupons, event["total_coupons"])

    def score_posted(self, event: Event) -> None:
        """Points and reputation change; what the points earned until now is the earner's."""
        earner = self._earner(self.actor_of[event["earner"]])
        self._accrue_points(earner)
        self.total_points += event["points"] - earner.points
        if not event["points"]:
            earner.proven_since = 0
        elif not earner.points:
            earner.proven_since = event["epoch"]
        earner.points, earner.reputation = event["points"], event["reputation"]

    def scores_finalized(self, event: Event) -> None:
        """The scores of an epoch stand."""
        epoch = event["epoch"]
        self.final_epoch = epoch
        self.final_digests[epoch] = event["digest"]
        of = f"epoch {epoch}"
        self.checks.equal("points of all earners, when final", of, self.total_points, event["total_points"])
        if self.closed_epoch < self.target <= epoch:
            self.final_scores = {actor: (e.points, e.reputation) for actor, e in self.earners.items()}

    def epochs_closed(self, event: Event) -> None:
        """What the schedule gives is divided."""
        first, last = self.closed_epoch + 1, self.final_epoch
        of = f"epochs {first} to {last}"
        halves = self._halves(first, last)
        points = economics.distribute(
            economics.DistributeInput(halves.availability, self.carry_availability, self.total_points)
        )
        coupons = economics.distribute(
            economics.DistributeInput(halves.compute, self.carry_compute, self.total_coupons)
        )
        for name, recomputed, found in (
            ("first epoch closed", first, event["first"]),
            ("last epoch closed", last, event["last"]),
            ("emission, availability half", halves.availability, event["availability"]),
            ("emission, compute half", halves.compute, event["compute"]),
            ("points at the close", sum(e.points for e in self.earners.values()), event["total_points"]),
            ("coupons at the close", self._open_coupons(), event["total_coupons"]),
            ("IO per point, q64", points.per_unit_q64, event["per_point_q64"]),
            ("IO per coupon, q64", coupons.per_unit_q64, event["per_coupon_q64"]),
            ("carry of availability, q64", points.carry_q64, event["carry_availability_q64"]),
            ("carry of compute, q64", coupons.carry_q64, event["carry_compute_q64"]),
        ):
            self.checks.equal(name, of, recomputed, found)
        if first <= self.target <= last:
            self._pay_target(first, last, points.per_unit_q64, coupons.per_unit_q64)
        self.per_point += points.per_unit_q64
        self._rates[first] = coupons.per_unit_q64
        self.carry_availability, self.carry_compute = points.carry_q64, coupons.carry_q64
        self.total_coupons = 0
        self.closed_epoch = last

    def claimed(self, event: Event) -> None:
        """Liquid IO is minted: what accrued, to the base unit, in its shares."""
        earner = self._earner(event["actor"])
        self._accrue_points(earner)
        self._accrue_coupons(earner)
        accrued, earner.liquid = economics.whole(earner.liquid)
        shares, whose = self._split(event, accrued), address_text(event["actor"])
        self.checks.equal("claimed by the owner", whose, shares.owner, event["owner"])
        self.checks.equal("claimed by the affiliate", whose, shares.affiliate, event["affiliate"])
        self.checks.equal("claimed for the stakers", whose, shares.stakers, event["stakers"])
        self.checks.equal("minted by a claim", whose, accrued, self.supply.explain_mint(event))
        self.checks.equal("closed epoch of a claim", whose, self.closed_epoch, event["closed_epoch"])
        self._count_minted(accrued, whose)

    def bonus_locked(self, event: Event) -> None:
        """Bonus IO becomes a vesting account; the others' parts are minted."""
        earner = self._earner(event["actor"])
        self._accrue_coupons(earner)
        accrued, earner.bonus = economics.whole(earner.bonus)
        shares, whose = self._split(event, accrued), address_text(event["actor"])
        minted = shares.affiliate + shares.stakers
        end = event["start"] + self.parameters.at(self.now)["lock_seconds"]
        self.checks.equal("bonus locked", whose, shares.owner, event["owner"])
        self.checks.equal("bonus, the affiliate's part", whose, shares.affiliate, event["affiliate"])
        self.checks.equal("bonus, the stakers' part", whose, shares.stakers, event["stakers"])
        self.checks.equal("minted by a lock", whose, minted, self.supply.explain_mint(event))
        self.checks.equal("end of a lock", whose, end, event["end"])
        self.checks.equal("closed epoch of a lock", whose, self.closed_epoch, event["closed_epoch"])
        self._count_minted(minted, whose)
        self.vestings[event["vesting"]] = VestingState(shares.owner, event["start"], end)

    def io_locked(self, event: Event) -> None:
        """IO that existed waits in a vault."""
        amount, step = event["amount"], event["step_seconds"]
        depositor, beneficiary = (Pubkey.from_bytes(event[name]) for name in ("depositor", "beneficiary"))
        address = str(addresses.locked(depositor, beneficiary, event["id"]))
        self.checks.equal("address of locked IO", "", address, address_text(event["vesting"]))
        self.vestings[event["vesting"]] = VestingState(amount, event["start"], event["end"], step, funded=1)
        self.locked_io += amount

    def vested_withdrawn(self, event: Event) -> None:
        """What has vested is minted, or comes out of the vault."""
        vesting = self.vestings[event["vesting"]]
        free = economics.vested(vesting.total, vesting.start, vesting.end, vesting.step_seconds, event["at"])
        amount, vesting.withdrawn = free - vesting.withdrawn, free
        minted = 0 if vesting.funded else amount
        whose = address_text(event["vesting"])
        self.checks.equal("vested and withdrawn", whose, amount, event["amount"])
        self.checks.equal("withdrawn in all", whose, free, event["withdrawn"])
        self.checks.equal("withdrawn from the vault", whose, vesting.funded, event["funded"])
        self.checks.equal("minted by a withdrawal", whose, minted, self.supply.explain_mint(event))
        self.locked_io -= amount - minted
        if free == vesting.total:
            del self.vestings[event["vesting"]]
        self._count_minted(minted, whose)

    def _split(self, event: Event, accrued: int) -> economics.ClaimSplit:
        """Who gets which part of what an actor has earned; the stakers' comes to its pool."""
        actor = self.staking.actors[event["actor"]]
        commission_bp = actor.election.at(self.now)["commission_bp"] if actor.shares else 0
        affiliate_bp = 0 if actor.affiliate == NOBODY else self.parameters.at(self.now)["affiliate_bp"]
        shares = economics.claim(economics.ClaimInput(accrued, commission_bp, affiliate_bp))
        actor.minted += shares.stakers
        return shares

    def _halves(self, first: int, last: int) -> economics.Halves:
        """What epochs `first` to `last` emit, each divided by the parameter of its time."""
        held = self.parameters
        next_from = (economics.epoch_at(self.genesis, held.next_at) or 0) if held.next_at else 0
        current, following = held.current["availability_bp"], held.next["availability_bp"]
        return economics.halves_across(first - 1, last, current, next_from, following)

    def _count_minted(self, amount: int, whose: str) -> None:
        self.minted += amount
        cap = economics.cumulative(self.closed_epoch)
        self.checks.equal("minted beyond the schedule", whose, 0, max(self.minted - cap, 0))

    def _earner(self, actor: bytes) -> EarnerState:
        return self.earners[actor]

    def _accrue_points(self, earner: EarnerState) -> None:
        earner.liquid = economics.accrue(earner.liquid, earner.points, self.per_point - earner.snapshot)
        earner.snapshot = self.per_point

    def _accrue_coupons(self, earner: EarnerState) -> None:
        if 0 < earner.coupon_epoch <= self.closed_epoch:
            rate = self._rates[earner.coupon_epoch]
            earner.liquid = economics.accrue(earner.liquid, earner.coupons_base, rate)
            earner.bonus = economics.accrue(earner.bonus, earner.coupons_bonus, rate)
            earner.coupons_base = earner.coupons_bonus = earner.coupon_epoch = 0

    def _open_coupons(self) -> int:
        open_epoch = self.closed_epoch + 1
        return sum(e.coupons_base + e.coupons_bonus for e in self.earners.values() if e.coupon_epoch == open_epoch)

    def _pay_target(self, first: int, last: int, per_point: int, per_coupon: int) -> None:
        self.closed_range = first, last
        payouts = []
        for actor, earner in sorted(self.earners.items()):
            is_open = earner.coupon_epoch == first
            base, bonus = (earner.coupons_base, earner.coupons_bonus) if is_open else (0, 0)
            payouts.append(
                Payout(
                    actor=address_text(actor),
                    points=earner.points,
                    reputation=earner.reputation,
                    coupons_base=base,
                    coupons_bonus=bonus,
                    availability_q64=earner.points * per_point,
                    compute_q64=base * per_coupon,
                    bonus_q64=bonus * per_coupon,
                )
            )
        self.payouts = tuple(payouts)
