"""The whole model: loaded from a chain as it is, so that a history can begin anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from solders.pubkey import Pubkey

from client import addresses, state
from tests.proof.ledger import Ledger, Tokens
from tests.proof.reference import exact
from tests.proof.reference.earning import Earner, Emission, Locked
from tests.proof.reference.exact import Q64, Mismatch, Setting, same
from tests.proof.reference.jobs import DISPUTED, ENDED, OPEN, RESOLVED, RUNNING, Burn, Escrow, Job
from tests.proof.reference.staking import INDEX, Pool, Position, Slash, Staking

T = TypeVar("T")
COLLATERAL = 200 * 10**8
"""IO base units for each processor of a class with a multiplier of 1 or less."""


@dataclass
class Model:
    """Everything that the five programs hold or owe."""

    genesis: int
    oracle: Setting
    staking: Staking
    emission: Emission
    escrow: Escrow
    burn: Burn
    balances: Counter[Pubkey]
    """Base units in every token account."""

    @property
    def settings(self) -> dict[str, Setting]:
        """The parameters by program."""
        return {
            "oracle": self.oracle,
            "staking": self.staking.parameters,
            "emission": self.emission.parameters,
            "escrow": self.escrow.parameters,
            "burn": self.burn.parameters,
        }

    def epoch_start_from(self, time: int) -> int:
        """The first start of an epoch at or after a time."""
        return exact.epoch_start_from(self.genesis, time)

    def takes_effect(self, now: int) -> int:
        """When a change proposed now counts."""
        return self.epoch_start_from(now + self.oracle.at(now).delay_seconds)

    def register(self, actor: Pubkey, authority: Pubkey, args: dict[str, Any], kind: int, multiplier_bp: int) -> None:
        """A node locks 200 IO for each processor, times its class where that is above 1."""
        required = COLLATERAL * max(multiplier_bp, exact.WHOLE) * args["processors"] // exact.WHOLE if kind == 1 else 0
        self.staking.pools[actor] = Pool(
            authority, args["affiliate"], Pubkey.default(), kind, required, Setting([(-(2**62), args["election"])])
        )

    def open_delegation(self, address: Pubkey, owner: Pubkey, actor: Pubkey) -> None:
        """A place to delegate from."""
        position = Position(owner, actor, since=self.staking.pools[actor].per_share)
        self.staking.positions[address] = position

    def parts_of(self, actor: Pubkey, now: int) -> tuple[int, int]:
        """The stakers' and the affiliate's basis points of what an actor earns."""
        pool = self.staking.pools[actor]
        commission = pool.election.at(now).commission_bp if self.staking.shares(actor) else 0
        affiliate = self.emission.parameters.at(now).affiliate_bp if pool.affiliate != Pubkey.default() else 0
        return commission, affiliate

    def slash(self, name: str, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, now: int) -> None:
        """From its proposal to its end."""
        staking, address = self.staking, at["slash"]
        match name.split(".")[1]:
            case "propose_slash":
                staking.slashes[address] = Slash(at["actor"], args["offence"])
                staking.pools[at["actor"]].pending += 1
            case "appeal_slash":
                same(event.bond, staking.parameters.at(now).appeal_bond, "the bond of", address)
                staking.slashes[address].bond = event.bond
            case "execute_slash":
                staking.execute(address, event)
            case "dismiss_slash":
                same(event.bond, staking.slashes.pop(address).bond, "the bond of", address)
                staking.pools[at["actor"]].pending -= 1

    def work(self, name: str, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, now: int) -> None:
        """What nodes, users and the committee do with a job, but for its dollars."""
        job, terms = self.escrow.jobs[at["job"]], self.escrow.parameters.at(now)
        before = {"start_job": OPEN, "resolve_dispute": DISPUTED, "lapse_dispute": DISPUTED}
        step = name.split(".")[1]
        if step != "finish_job":
            same(job.state, before.get(step, RUNNING), "the state of", at["job"])
        match step:
            case "start_job":
                job.node, job.started, job.reported, job.state = at["node"], now, now, RUNNING
            case "report_job":
                job.reported = max(job.reported, now)
            case "release_job":
                if job.is_enough(terms) and job.worked() > job.paid_seconds:
                    raise Mismatch(f"{at['job']} was released and its work not paid")
                job.base, job.node, job.started, job.reported, job.state = job.paid_seconds, None, 0, 0, OPEN
            case "end_job":
                if now - job.reported <= terms.report_seconds:
                    job.reported = max(job.reported, now)
                job.stop(ENDED, job.worked())
            case "dispute_job":
                same(event.bond, terms.dispute_bond, "the bond of", at["job"])
                job.bond, job.disputed = event.bond, now
                job.stop(DISPUTED, job.worked())
            case "resolve_dispute":
                self.escrow.resolve(event, args["accepted_seconds"])
            case "lapse_dispute":
                if now - job.disputed <= terms.decision_seconds:
                    raise Mismatch(f"the dispute of {at['job']} lapsed while it could be decided")
                job.state = RESOLVED
            case "finish_job":
                self.escrow.finish(event, now, at["caller"] == job.authority)


def load(ledger: Ledger) -> Model:
    """The model of a chain on which the programs are initialised."""
    committee, registry = _get(ledger, state.Committee, addresses.committee()), None
    registry = _get(ledger, state.Registry, addresses.registry())
    terms, auction = _get(ledger, state.Terms, addresses.terms()), _get(ledger, state.Auction, addresses.auction())
    staking = Staking(_setting(registry), slashed_io=registry.slashed_io)
    _load_stake(staking, ledger)
    escrow = Escrow(_setting(terms))
    for address, job in ledger.all(state.Job).items():
        escrow.jobs[address] = Job(
            job.user, job.authority, job.affiliate_usd, job.rate_per_hour, job.price_nano_usd, job.deposit, job.granted,
            job.hours, job.discount_bp, job.benefit == job.LOCKED_IO, job.settled_usd, job.bond,
            job.node if job.has_node else None, job.started_at, job.reported_at, job.disputed_at, job.settled_seconds,
            job.base_seconds, job.state,
        )  # fmt: skip
    granted = {grant.actor for grant in ledger.all(state.Grant).values()}
    burn = Burn(
        _setting(auction), auction.waiting_since, auction.burned_io, auction.paid_usd, auction.granted_usd, granted
    )
    balances = Counter({address: tokens.amount for address, tokens in ledger.all(Tokens).items()})
    return Model(committee.genesis, _setting(committee), staking, _load_emission(ledger), escrow, burn, balances)


def _get(ledger: Ledger, kind: type[T], address: Pubkey) -> T:
    found = ledger.get(kind, address)
    assert found is not None
    return found


def _setting(holder: Any) -> Setting:
    return Setting.of(holder.parameters, holder.next_parameters, holder.next_parameters_at)


def _load_stake(staking: Staking, ledger: Ledger) -> None:
    for address, actor in ledger.all(state.Actor).items():
        pool = Pool(
            actor.authority, actor.affiliate, actor.rewards, actor.kind, actor.collateral_required,
            Setting.of(actor.election, actor.next_election, actor.next_election_at), Fraction(actor.collateral),
            actor.stake, index=Fraction(actor.index, INDEX), shown=actor.index, carried=Fraction(actor.carry, Q64),
            counted=actor.counted_rewards, pending=actor.pending_slashes,
        )  # fmt: skip
        staking.pools[address] = pool
    for kind in (state.Delegation, state.Ticket):
        for address, one in ledger.all(kind).items():
            found: Any = one
            actor = ledger.accounts[found.actor]
            position = Position(found.owner, found.actor, Fraction(found.shares * actor.index, INDEX), found.shares)
            if isinstance(found, state.Ticket):
                position.matures = found.matures_at
            else:
                earned = found.shares * ((actor.per_share - found.snapshot) % 2**128)
                position.owed = Fraction(found.accrued + earned, Q64)
            if actor.index != INDEX:
                staking.pools[found.actor].touches += 1
                position.touches = 1
            staking.positions[address] = position
    for address, slash in ledger.all(state.Slash).items():
        staking.slashes[address] = Slash(slash.actor, slash.offence, slash.bond)


def _load_emission(ledger: Ledger) -> Emission:
    found = _get(ledger, state.Emission, addresses.emission())
    model = Emission(
        found.genesis, _setting(found), found.closed_epoch, found.final_epoch, found.minted, found.emitted,
        Fraction(found.per_point, Q64),
        carried=[Fraction(found.carry_availability, Q64), Fraction(found.carry_compute, Q64)],
    )  # fmt: skip
    for earner in ledger.all(state.Earner).values():
        model.earners[earner.actor] = Earner(
            earner.actor, Fraction(earner.liquid, Q64), Fraction(earner.bonus, Q64), earner.points,
            Fraction(earner.snapshot, Q64), earner.coupons_base, earner.coupons_bonus, earner.coupon_epoch,
            earner.reputation, earner.proven_since,
        )  # fmt: skip
        if 0 < earner.coupon_epoch <= found.closed_epoch:
            page = ledger.accounts[addresses.rates(earner.coupon_epoch)]
            place = 16 + 16 * (earner.coupon_epoch % addresses.RATES_EPOCHS)
            rate = int.from_bytes(page[place : place + 16], "little")
            model.rates[earner.coupon_epoch] = Fraction(rate, Q64)
    for address, one in ledger.all(state.Vesting).items():
        model.vestings[address] = Locked(
            one.beneficiary, one.total, one.start, one.end, one.step_seconds, bool(one.funded), one.withdrawn
        )
    return model
