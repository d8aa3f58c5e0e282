"""Escrow once more, from events: where every dollar of a job went.

The arithmetic is `client.economics`, which vectors hold to the programs'. What an event says is compared with what it
must be, and the replay goes on with what it must be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from solders.pubkey import Pubkey

from client import addresses, economics
from client.state import EscrowParameters, Job
from indexer.decoding.base58 import encode as address_text
from indexer.verify.changing import Changing, nested
from indexer.verify.emission import EmissionLedger
from indexer.verify.report import Checks
from indexer.verify.staking import NOBODY, StakingLedger

Event = Mapping[str, Any]

_NO_CREDIT: Final = (0, 0)


@dataclass(slots=True)
class JobState:
    """A job, and where its deposit went. USD base units."""

    user: bytes
    affiliate_usd: bytes
    rate_per_hour: int
    deposit: int
    granted: int
    """Of the deposit, from the user's credit; spent first."""
    discount_bp: int
    benefit: int
    processors: int
    hours: int
    node: bytes = NOBODY
    settled: int = 0
    dollars: int = 0
    burn: int = 0
    fee: int = 0
    refund: int = 0
    to_credit: int = 0
    bond: int = 0
    """What the vault holds besides: of a dispute, what is or comes back to the user."""
    settled_seconds: int = 0
    base_seconds: int = 0
    """Of them, other nodes' before this one."""
    period: int = 0
    assignments: int = 0
    final_seconds: int | None = None
    """That are paid in the end and no more, once it has stopped."""
    is_finished: bool = False

    @property
    def held(self) -> int:
        """What the vault must still hold."""
        return self.deposit - self.dollars - self.burn - self.fee - self.refund - self.to_credit + self.bond

    @property
    def unspent(self) -> tuple[int, int]:
        """What no work was paid with: the user's own, and its credit's."""
        granted = max(self.granted - self.settled, 0)
        return self.deposit - self.settled - granted, granted


@dataclass(slots=True)
class JobLedger:
    """All jobs, and what users were granted for them."""

    checks: Checks
    staking: StakingLedger
    emission: EmissionLedger
    now: int = 0
    """The chain's time, Unix seconds."""
    jobs: dict[bytes, JobState] = field(default_factory=dict)
    credits: dict[bytes, int] = field(default_factory=dict)
    """USD base units by user, granted and in no job."""
    burn: int = 0
    """USD base units that came to the burn vault,"""
    incentives: int = 0
    """and to the incentives vault."""
    _usd_mint: bytes = NOBODY
    terms: Changing = field(default_factory=lambda: Changing.begin({}))
    _credited: list[Event] = field(default_factory=list)
    """Coupons that no settlement has explained yet; they come just before it."""

    def block(self, event: Event) -> None:
        """Time has passed."""
        self.now = event["time"]

    def escrow_initialized(self, event: Event) -> None:
        """The terms of all jobs."""
        self._usd_mint = event["usd_mint"]
        self.terms = Changing.begin(nested(event, "parameters"))

    def escrow_parameters_set(self, event: Event) -> None:
        """Other terms, from an epoch's start on."""
        self.terms.change(nested(event, "parameters"), event["from"], self.now)

    def user_granted(self, event: Event) -> None:
        """A user has dollars for jobs."""
        self.credits[event["actor"]] = self.credits.get(event["actor"], 0) + event["amount"]

    def job_opened(self, event: Event) -> None:
        """The price of a job, and what its user's reputation is worth."""
        terms, earner = self.terms.at(self.now), self.emission.earners.get(event["user"])
        discount_bp = EscrowParameters(**terms).discount_of(earner.reputation if earner else 0)
        has_discount = event["benefit"] == Job.DISCOUNT
        quote = economics.QuoteInput(event["price_nano_usd"], event["processors"], discount_bp if has_discount else 0)
        rate = economics.rate_per_hour(quote)
        deposit = economics.deposit(rate, event["hours"])
        affiliate_usd = self._affiliate_usd(event["user"])
        whose = address_text(event["job"])
        for name, recomputed, found in (
            ("discount of a job, basis points", discount_bp, event["discount_bp"]),
            ("rate of a job", rate, event["rate_per_hour"]),
            ("deposit of a job", deposit, event["deposit"]),
            ("granted beyond the deposit", 0, max(event["granted"] - deposit, 0)),
            ("address of a job", str(addresses.job(Pubkey.from_bytes(event["user"]), event["id"])), whose),
            ("affiliate's account of a job", affiliate_usd.hex(), event["affiliate_usd"].hex()),
        ):
            self.checks.equal(name, whose, recomputed, found)
        # A stranger may have given to the credit: it does not go below zero.
        self.credits[event["user"]] = max(self.credits.get(event["user"], 0) - event["granted"], 0)
        self.jobs[event["job"]] = JobState(
            user=event["user"],
            affiliate_usd=affiliate_usd,
            rate_per_hour=rate,
            deposit=deposit,
            granted=event["granted"],
            discount_bp=discount_bp,
            benefit=event["benefit"],
            processors=event["processors"],
            hours=event["hours"],
        )

    def job_extended(self, event: Event) -> None:
        """More hours, at the job's rate."""
        job = self.jobs[event["job"]]
        added = economics.deposit(job.rate_per_hour, event["hours"])
        self.checks.equal("deposit of an extension", address_text(event["job"]), added, event["deposit"])
        job.deposit += added
        job.hours += event["hours"]

    def job_started(self, event: Event) -> None:
        """A node works on it, with its collateral in place."""
        job, node = self.jobs[event["job"]], self.staking.actors[event["node"]]
        missing = max(node.collateral_required - node.collateral, 0)
        whose = f"{address_text(event['job'])}, assignment {job.assignments}"
        self.checks.equal("number of an assignment", whose, job.assignments, event["assignment"])
        self.checks.equal("collateral that a starting node lacks", whose, 0, missing)
        job.node = event["node"]
        job.assignments += 1

    def job_released(self, event: Event) -> None:
        """Its node has left it; what was paid stays paid."""
        job = self.jobs[event["job"]]
        whose = f"{address_text(event['job'])}, assignment {event['assignment']}"
        self.checks.equal("number of an assignment", whose, job.assignments - 1, event["assignment"])
        self.checks.equal("node of a released job", whose, address_text(job.node), address_text(event["node"]))
        self.checks.equal(
            "paid seconds of a released node", whose, job.settled_seconds - job.base_seconds, event["paid_seconds"]
        )
        if event["worked_seconds"] >= self.terms.at(self.now)["min_work_seconds"]:
            self.checks.equal(
                "worked seconds of a released node", whose, event["paid_seconds"], event["worked_seconds"]
            )
        job.base_seconds, job.node = job.settled_seconds, NOBODY

    def job_ended(self, event: Event) -> None:
        """Its user has ended it: what was worked by then is paid."""
        self.jobs[event["job"]].final_seconds = event["worked_seconds"]

    def job_disputed(self, event: Event) -> None:
        """Its user locks a bond."""
        job, whose = self.jobs[event["job"]], address_text(event["job"])
        job.bond = self.terms.at(self.now)["dispute_bond"]
        self.checks.equal("bond of a dispute", whose, job.bond, event["bond"])
        self.checks.equal("settled seconds of a dispute", whose, job.settled_seconds, event["settled_seconds"])
        job.final_seconds = event["worked_seconds"]

    def dispute_resolved(self, event: Event) -> None:
        """The bond is divided as the seconds in dispute were."""
        job, whose = self.jobs[event["job"]], address_text(event["job"])
        claimed = event["worked_seconds"] - job.settled_seconds
        accepted = event["accepted_seconds"] - job.settled_seconds
        to_node = economics.dispute_bond(job.bond, claimed, max(accepted, 0))
        self.checks.equal("bond of a dispute, to the node", whose, to_node, event["bond_node"])
        self.checks.equal("bond of a dispute, to the user", whose, job.bond - to_node, event["bond_user"])
        self.checks.equal("settled seconds of a dispute", whose, job.settled_seconds, event["settled_seconds"])
        self.checks.equal("worked seconds of a dispute", whose, job.final_seconds or 0, event["worked_seconds"])
        job.bond -= to_node
        job.final_seconds = event["accepted_seconds"]

    def dispute_lapsed(self, event: Event) -> None:
        """Nobody decided: the bond is the user's."""
        job, whose = self.jobs[event["job"]], address_text(event["job"])
        self.checks.equal("bond of a dispute, to the user", whose, job.bond, event["bond_user"])
        self.checks.equal("worked seconds of a dispute", whose, job.final_seconds or 0, event["worked_seconds"])

    def coupons_credited(self, event: Event) -> None:
        """Comes before the settlement that it belongs to, in the same transaction."""
        if self._credited and _transaction(self._credited[0]) != _transaction(event):
            self.finish()
        self._credited.append(event)

    def job_settled(self, event: Event) -> None:
        """Seconds of work are paid: every part of it recomputed."""
        job, node = self.jobs[event["job"]], self.staking.actors[event["node"]]
        terms = self.terms.at(self.now)
        gross = economics.earned(job.rate_per_hour, event["to_second"]) - job.settled
        paid = economics.settle(
            economics.SettleInput(
                gross=gross,
                fee_bp=terms["fee_bp"],
                affiliate_bp=0 if job.affiliate_usd == NOBODY else terms["affiliate_bp"],
                fee_burn_bp=terms["fee_burn_bp"],
                dollar_share_bp=node.election.at(self.now)["dollar_share_bp"],
                max_bonus_bp=terms["max_bonus_bp"],
            )
        )
        # An affiliate that has closed its account leaves its part to the incentives.
        fee_affiliate = 0 if event["fee_affiliate"] == 0 else paid.fee_affiliate
        fee_incentives = paid.fee_incentives + paid.fee_affiliate - fee_affiliate
        coupons = (paid.coupons_base, paid.coupons_bonus) if node.is_covered else _NO_CREDIT
        coupons_user = economics.user_coupons(gross, job.discount_bp) if job.benefit == Job.LOCKED_IO else 0
        credited, credited_user = self._credit_of(event, event["node"]), self._credit_of(event, job.user)
        whose = f"{address_text(event['job'])}, period {event['period']}"
        for name, recomputed, found in (
            ("settled: node", address_text(job.node), address_text(event["node"])),
            ("settled: gross", gross, event["gross"]),
            ("settled: dollars to the node", paid.dollars, event["dollars"]),
            ("settled: to be burned", paid.burn, event["burn"]),
            ("settled: fee to the affiliate", fee_affiliate, event["fee_affiliate"]),
            ("settled: fee to be burned", paid.fee_burn, event["fee_burn"]),
            ("settled: fee for incentives", fee_incentives, event["fee_incentives"]),
            ("settled: coupons, base", coupons[0], event["coupons_base"]),
            ("settled: coupons, bonus", coupons[1], event["coupons_bonus"]),
            ("settled: coupons of the user", coupons_user, event["coupons_user"]),
            ("settled: sum of its parts", event["gross"], _parts(event)),
            ("settled: from second", job.settled_seconds, event["from_second"]),
            ("settled: period", job.period, event["period"]),
            ("credited: coupons, base", coupons[0], credited[0]),
            ("credited: coupons, bonus", coupons[1], credited[1]),
            ("credited: coupons of the user", coupons_user, sum(credited_user)),
        ):
            self.checks.equal(name, whose, recomputed, found)
        self._credited = [one for one in self._credited if one["actor"] not in (event["node"], job.user)]
        job.settled += gross
        job.dollars += paid.dollars
        job.burn += paid.burn
        job.fee += paid.fee
        job.settled_seconds, job.period = event["to_second"], job.period + 1
        self.burn += paid.burn + paid.fee_burn
        self.incentives += fee_incentives

    def job_finished(self, event: Event) -> None:
        """What was not worked goes back to where it came from, and the bond with it."""
        job, whose = self.jobs[event["job"]], address_text(event["job"])
        refund, to_credit = job.unspent
        seconds = job.settled_seconds if job.final_seconds is None else job.final_seconds
        for name, recomputed, found in (
            ("refund", refund, event["refund"]),
            ("back to the credit", to_credit, event["credit"]),
            ("bond of a finished job", job.bond, event["bond"]),
            ("settled of a finished job", job.settled, event["settled"]),
            ("deposit of a finished job", job.deposit, event["deposit"]),
            ("seconds of a finished job", job.settled_seconds, event["worked_seconds"]),
            ("seconds of a job that stopped", seconds, job.settled_seconds),
            ("state of a finished job", Job.SETTLED if job.settled else Job.CANCELLED, event["state"]),
        ):
            self.checks.equal(name, whose, recomputed, found)
        self.credits[job.user] = self.credits.get(job.user, 0) + to_credit
        job.refund, job.to_credit, job.bond, job.is_finished = refund, to_credit, 0, True
        self.checks.equal("left over in a finished job", whose, 0, job.held)

    def finish(self) -> None:
        """No coupons may be left without a settlement."""
        for event in self._credited:
            whose = address_text(event["actor"])
            self.checks.equal("coupons without a settlement", whose, 0, event["base"] + event["bonus"])
        self._credited = []

    def _affiliate_usd(self, user: bytes) -> bytes:
        affiliate = self.staking.actors[user].affiliate
        if affiliate == NOBODY:
            return NOBODY
        return bytes(addresses.token_account(Pubkey.from_bytes(affiliate), Pubkey.from_bytes(self._usd_mint)))

    def _credit_of(self, event: Event, actor: bytes) -> tuple[int, int]:
        own = [one for one in self._credited if one["actor"] == actor and _transaction(one) == _transaction(event)]
        return sum(one["base"] for one in own), sum(one["bonus"] for one in own)


def _transaction(event: Event) -> tuple[int, int]:
    return event["slot"], event["tx_index"]


def _parts(event: Event) -> int:
    names = ("dollars", "burn", "fee_affiliate", "fee_burn", "fee_incentives")
    return sum(event[name] for name in names)
