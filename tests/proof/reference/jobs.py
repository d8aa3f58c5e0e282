"""Jobs, their dollars, the auction and the grants."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from solders.pubkey import Pubkey

from tests.proof.reference.exact import HOUR, WHOLE, Mismatch, Setting, down, part, same, up

NANO_PER_UNIT = 1_000
"""Nano-dollars in a base unit of USD."""
MAX_SHARE_BP, SHARE_RANGE_BP = 9_000, 6_000
"""No bonus at the first dollar share, all of it so far below."""
OPEN, RUNNING, ENDED, DISPUTED, RESOLVED, SETTLED, CANCELLED = range(1, 8)


@dataclass
class Job:
    """One job. Amounts in USD base units, times in Unix seconds."""

    user: Pubkey
    authority: Pubkey
    affiliate_usd: Pubkey
    rate: int
    price: int
    deposit: int
    granted: int
    hours: int
    discount_bp: int
    locked_io: bool
    settled: int = 0
    bond: int = 0
    node: Pubkey | None = None
    started: int = 0
    reported: int = 0
    disputed: int = 0
    paid_seconds: int = 0
    base: int = 0
    """Seconds of them that were other nodes'."""
    state: int = OPEN

    @property
    def end(self) -> int:
        return self.started + self.hours * HOUR - self.base

    def worked(self, until: int | None = None) -> int:
        """Seconds worked by all nodes, as far as they were reported, never past the hours."""
        last = min(self.reported, self.end, *([] if until is None else [until]))
        return self.base + max(last - self.started, 0)

    @property
    def has_stopped(self) -> bool:
        return self.state in (ENDED, RESOLVED)

    def is_enough(self, parameters: Any) -> bool:
        """Whether this node has worked what is paid at least, or all that was left."""
        return self.worked() - self.base >= parameters.min_work_seconds or self.worked() >= self.hours * HOUR

    def payable(self, now: int, parameters: Any) -> int:
        """Up to which second it can be paid now; what can still be disputed waits."""
        if self.has_stopped:
            return self.worked()
        if self.state != RUNNING or not self.is_enough(parameters):
            return self.paid_seconds
        return max(self.worked(now - parameters.dispute_seconds), self.paid_seconds)

    def is_over(self, now: int, parameters: Any, by_user: bool) -> bool:
        """Whether nobody works on it or is owed for it."""
        if self.state == OPEN:
            return by_user
        if self.has_stopped:
            return self.worked() <= self.paid_seconds
        if self.state != RUNNING or now < self.end:
            return False
        unpaid = self.is_enough(parameters) and self.worked() > self.paid_seconds
        may_report = self.reported < self.end and now - self.reported <= parameters.report_seconds
        return not unpaid and not may_report

    def stop(self, state: int, seconds: int) -> None:
        """So many seconds of all nodes count, and no more."""
        self.reported = min(self.started + max(seconds - self.base, 0), self.end)
        self.state = state


@dataclass
class Escrow:
    """All jobs."""

    parameters: Setting
    jobs: dict[Pubkey, Job] = field(default_factory=dict)

    def open(self, event: Any, args: dict[str, Any], reputation: int, now: int) -> None:
        """The rate rounds up, against the user; the deposit is exact."""
        bands = zip(self.parameters.at(now).discount_reputation, self.parameters.at(now).discount_bp, strict=True)
        discount = max((bp for start, bp in bands if reputation >= start), default=0)
        same(event.discount_bp, discount, "the discount of", event.user)
        locked_io = args["benefit"] == 1
        payable = WHOLE - (0 if locked_io else discount)
        exact = Fraction(event.price_nano_usd * args["processors"] * payable, NANO_PER_UNIT * WHOLE)
        up(event.rate_per_hour, exact, "the rate of", event.job)
        same(event.deposit, event.rate_per_hour * args["hours"], "the deposit of", event.job)
        same(event.granted, min(args["from_credit"], event.deposit), "granted dollars of", event.job)
        if event.deposit > args["max_deposit"]:
            raise Mismatch(f"{event.job} cost {event.deposit}, at most {args['max_deposit']} was allowed")
        self.jobs[event.job] = Job(
            event.user, event.authority, event.affiliate_usd, event.rate_per_hour, event.price_nano_usd,
            event.deposit, event.granted, args["hours"], discount, locked_io,
        )  # fmt: skip

    def extend(self, event: Any, hours: int, price: int) -> None:
        job = self.jobs[event.job]
        same(event.deposit, job.rate * hours, "the deposit for more of", event.job)
        if price > job.price:
            raise Mismatch(f"{event.job} was extended at the price {price}, above its own {job.price}")
        job.hours, job.deposit = job.hours + hours, job.deposit + event.deposit

    def settle(self, event: Any, now: int, *, share_bp: int, has_collateral: bool, pays_affiliate: bool) -> None:
        """What is due rounds down over the whole life of the job: no rhythm of settlements gains. Of it the fee, the
        affiliate's part, the burned part and the dollars round down, coupons too; what is left of each sum is exact."""
        job, terms, name = self.jobs[event.job], self.parameters.at(now), event.job
        until = job.payable(now, terms)
        same((event.from_second, event.to_second), (job.paid_seconds, until), "seconds paid of", name)
        if until <= job.paid_seconds or event.node != job.node:
            raise Mismatch(f"{name} had nothing to settle")
        down(job.settled + event.gross, Fraction(job.rate * until, HOUR), "earned by", name)
        fee = event.fee_affiliate + event.fee_burn + event.fee_incentives
        down(fee, part(event.gross, terms.fee_bp), "the fee of", name)
        has_affiliate = job.affiliate_usd != Pubkey.default()
        affiliates = part(fee, terms.affiliate_bp if has_affiliate else 0)
        # Where its account takes no dollars, its part is for incentives: nothing else of the fee changes.
        down(event.fee_affiliate, affiliates if pays_affiliate else 0, "the affiliate's part of the fee of", name)
        rest = fee - (event.fee_affiliate if pays_affiliate else int(affiliates))
        down(event.fee_burn, part(rest, terms.fee_burn_bp), "the burned fee of", name)
        net = event.gross - fee
        same(event.dollars + event.burn, net, "the net of", name)
        down(event.dollars, part(net, share_bp), "the dollars of", name)
        same(event.coupons_base, event.burn if has_collateral else 0, "the coupons of", name)
        bonus = part(event.coupons_base, terms.max_bonus_bp) * (MAX_SHARE_BP - share_bp) / SHARE_RANGE_BP
        down(event.coupons_bonus, bonus, "the bonus coupons of", name)
        users = part(event.gross, job.discount_bp) if job.locked_io else Fraction(0)
        down(event.coupons_user, users, "the user's coupons of", name)
        job.settled, job.paid_seconds = job.settled + event.gross, until

    def resolve(self, event: Any, accepted: int) -> None:
        """The node's part of the bond rounds down."""
        job = self.jobs[event.job]
        claimed, kept = job.worked() - job.paid_seconds, accepted - job.paid_seconds
        if job.state != DISPUTED or not 0 <= kept <= claimed:
            raise Mismatch(f"{event.job} was resolved to {accepted} seconds of {job.worked()}")
        exact = Fraction(job.bond * kept, claimed) if claimed else Fraction(0)
        down(event.bond_node, exact, "the node's part of the bond of", event.job)
        same(event.bond_node + event.bond_user, job.bond, "the bond of", event.job)
        job.bond -= event.bond_node
        job.stop(RESOLVED, accepted)

    def finish(self, event: Any, now: int, by_user: bool) -> None:
        """Granted dollars are spent first; what was not spent goes back to where it came from."""
        job = self.jobs[event.job]
        if not job.is_over(now, self.parameters.at(now), by_user):
            raise Mismatch(f"{event.job} was finished and is not over")
        credit = max(job.granted - job.settled, 0)
        left = job.deposit - job.settled
        same((event.credit, event.refund, event.bond), (credit, left - credit, job.bond), "the refund of", event.job)
        job.state, job.bond = SETTLED if job.settled else CANCELLED, 0


@dataclass
class Burn:
    """The auction, and grants."""

    parameters: Setting
    waiting_since: int = 0
    burned: int = 0
    paid: int = 0
    granted: int = 0
    granted_to: set[Pubkey] = field(default_factory=set)

    def sell(self, event: Any, io_max: int, usd_min: int, vault: int, price: int, now: int) -> None:
        """Dollars round down and IO rounds up: against the seller."""
        terms = self.parameters.at(now)
        waited = min(max(now - self.waiting_since, 0), terms.ramp_seconds)
        premium = terms.start_bp + Fraction((terms.end_bp - terms.start_bp) * waited, terms.ramp_seconds)
        down(event.premium_bp, premium, "the premium")
        same(event.price_nano_usd, price, "the price of IO")
        # USD base units for one IO base unit: nano-dollars for 10^8 of them.
        each = Fraction(price * (WHOLE + event.premium_bp), WHOLE * NANO_PER_UNIT * 10**8)
        if io_max * each >= vault + 1:
            same(event.usd, vault, "dollars paid for all that there is")
            up(event.io, vault / each, "IO burned for all dollars")
        else:
            same(event.io, io_max, "IO burned")
            down(event.usd, io_max * each, "dollars paid")
        if event.io > io_max or event.usd < max(usd_min, 1) or event.usd > vault:
            raise Mismatch(f"{event.usd} were paid for {event.io}, offered were {io_max} for {usd_min}")
        left = Fraction(waited * (vault - event.usd), vault)
        self.waiting_since = now - -(-left.numerator // left.denominator)
        self.burned, self.paid = self.burned + event.io, self.paid + event.usd

    def grant(self, event: Any, amount: int) -> None:
        """As much as the parameter says, once."""
        same(event.amount, amount, "the grant of", event.actor)
        if event.actor in self.granted_to:
            raise Mismatch(f"{event.actor} was granted dollars twice")
        self.granted_to.add(event.actor)
        self.granted += event.amount
