"""Escrow, collateral and the auction once more, from events: where every dollar of a job went, and every IO burned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from client import economics
from indexer.decode import address_text
from indexer.verify.changing import Changing, nested
from indexer.verify.report import Checks

Event = Mapping[str, Any]

_NO_CREDIT = (0, 0)


@dataclass(slots=True)
class JobState:
    """A job, and where its deposit went. USD base units."""

    user: bytes
    rate_per_hour: int
    deposit: int
    node: bytes = bytes(32)
    settled: int = 0
    dollars: int = 0
    burn: int = 0
    fee: int = 0
    refund: int = 0
    settled_seconds: int = 0
    period: int = 0
    is_finished: bool = False

    @property
    def held(self) -> int:
        """What the vault must still hold."""
        return self.deposit - self.dollars - self.burn - self.fee - self.refund


@dataclass(slots=True)
class _Node:
    dollar_share_bp: int
    required: int
    collateral: int = 0


@dataclass(slots=True)
class JobLedger:
    """All jobs, the nodes' collateral, and the auction."""

    checks: Checks
    jobs: dict[bytes, JobState] = field(default_factory=dict)
    burned_io: int = 0
    paid_usd: int = 0
    donated: int = 0
    """USD base units that strangers sent to vaults of jobs; the users got them."""
    _nodes: dict[bytes, _Node] = field(default_factory=dict)
    now: int = 0
    """The chain's time, Unix seconds."""
    _terms: Changing = field(default_factory=lambda: Changing.begin({}))
    _credited: tuple[Any, ...] = ()
    """The last credit of coupons: transaction, actor, base, bonus."""

    def block(self, event: Event) -> None:
        """Time has passed."""
        self.now = event["time"]

    def escrow_initialized(self, event: Event) -> None:
        """The terms of all jobs."""
        self._terms = Changing.begin(nested(event, "parameters"))

    def escrow_parameters_set(self, event: Event) -> None:
        """Other terms, from an epoch's start on."""
        self._terms.change(nested(event, "parameters"), event["from"], self.now)

    def actor_registered(self, event: Event) -> None:
        """A node's collateral follows from its class and processors."""
        if event["kind"] != 1:
            return
        required = economics.collateral(event["multiplier_bp"], event["processors"])
        self._nodes[event["actor"]] = _Node(event["election_dollar_share_bp"], required)
        whose = address_text(event["actor"])
        self.checks.equal("collateral required", whose, required, event["collateral_required"])

    def collateral_deposited(self, event: Event) -> None:
        """Collateral only grows so far."""
        node = self._nodes[event["actor"]]
        node.collateral += event["amount"]
        self.checks.equal("collateral", address_text(event["actor"]), node.collateral, event["collateral"])

    def job_opened(self, event: Event) -> None:
        """The price of a job, its discount given."""
        quote = economics.QuoteInput(event["price_nano_usd"], event["processors"], event["discount_bp"])
        rate = economics.rate_per_hour(quote)
        deposit = economics.deposit(rate, event["hours"])
        whose = address_text(event["job"])
        self.checks.equal("rate of a job", whose, rate, event["rate_per_hour"])
        self.checks.equal("deposit of a job", whose, deposit, event["deposit"])
        self.jobs[event["job"]] = JobState(event["user"], rate, deposit)

    def job_started(self, event: Event) -> None:
        """A node works on it."""
        self.jobs[event["job"]].node = event["node"]

    def coupons_credited(self, event: Event) -> None:
        """Comes before the settlement that it belongs to, in the same transaction."""
        if self._credited:
            whose = address_text(self._credited[2])
            self.checks.equal("coupons without a settlement", whose, 0, sum(self._credited[3:]))
        self._credited = (event["slot"], event["tx_index"], event["actor"], event["base"], event["bonus"])

    def job_settled(self, event: Event) -> None:
        """Seconds of work are paid: every part of it recomputed."""
        job, node = self.jobs[event["job"]], self._nodes[event["node"]]
        terms = self._terms.at(self.now)
        gross = economics.earned(job.rate_per_hour, event["to_second"]) - job.settled
        paid = economics.settle(
            economics.SettleInput(
                gross=gross,
                fee_bp=terms["fee_bp"],
                affiliate_bp=0,
                fee_burn_bp=terms["fee_burn_bp"],
                dollar_share_bp=node.dollar_share_bp,
                max_bonus_bp=terms["max_bonus_bp"],
            )
        )
        credit = (paid.coupons_base, paid.coupons_bonus) if node.collateral >= node.required else _NO_CREDIT
        whose = f"{address_text(event['job'])}, period {event['period']}"
        for name, recomputed, found in (
            ("settled: gross", gross, event["gross"]),
            ("settled: dollars to the node", paid.dollars, event["dollars"]),
            ("settled: to be burned", paid.burn, event["burn"]),
            ("settled: fee to be burned", paid.fee_burn, event["fee_burn"]),
            ("settled: fee for incentives", paid.fee_incentives, event["fee_incentives"]),
            ("settled: coupons, base", paid.coupons_base, event["coupons_base"]),
            ("settled: coupons, bonus", paid.coupons_bonus, event["coupons_bonus"]),
            ("settled: sum of its parts", event["gross"], _parts(event)),
            ("settled: from second", job.settled_seconds, event["from_second"]),
            ("settled: period", job.period, event["period"]),
            ("credited: coupons, base", credit[0], self._credit_of(event)[0]),
            ("credited: coupons, bonus", credit[1], self._credit_of(event)[1]),
        ):
            self.checks.equal(name, whose, recomputed, found)
        self._credited = ()
        job.settled += gross
        job.dollars += paid.dollars
        job.burn += paid.burn
        job.fee += paid.fee
        job.settled_seconds, job.period = event["to_second"], job.period + 1

    def job_finished(self, event: Event) -> None:
        """What was not worked goes back: all that the vault holds."""
        job, whose = self.jobs[event["job"]], address_text(event["job"])
        rest = job.held
        # A stranger may send dollars to a vault; they are the user's. Less than the rest is a fault.
        self.donated += max(event["refund"] - rest, 0)
        self.checks.equal("refund", whose, rest, min(event["refund"], rest))
        self.checks.equal("settled of a finished job", whose, job.settled, event["settled"])
        self.checks.equal("deposit of a finished job", whose, job.deposit, event["deposit"])
        self.checks.equal("seconds of a finished job", whose, job.settled_seconds, event["worked_seconds"])
        job.refund, job.is_finished = rest, True

    def io_burned(self, event: Event) -> None:
        """The auction pays the price and the premium that it says, rounded against the seller."""
        factor = event["price_nano_usd"] * max(economics.BPS + event["premium_bp"], 0)
        unit = economics.IO * economics.NANO_USD_PER_USD_UNIT * economics.BPS
        io, usd = event["io"], event["usd"]
        is_all = usd == io * factor // unit
        is_vault = factor > 0 and io == -(-usd * unit // factor)
        worth = usd if is_all or is_vault else io * factor // unit
        self.checks.equal("paid for burned IO", f"slot {event['slot']}", worth, usd)
        self.burned_io += io
        self.paid_usd += usd

    def _credit_of(self, event: Event) -> tuple[int, int]:
        if self._credited[:3] == (event["slot"], event["tx_index"], event["node"]):
            return self._credited[3], self._credited[4]
        return _NO_CREDIT


def _parts(event: Event) -> int:
    return int(event["dollars"] + event["burn"] + event["fee_burn"] + event["fee_incentives"])
