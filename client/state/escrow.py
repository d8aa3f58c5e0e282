"""Accounts of `escrow`: jobs and their terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from solders.pubkey import Pubkey

from client.economics import SECONDS_PER_HOUR
from client.idl import ProgramName
from client.state.change import in_force


@dataclass(frozen=True, slots=True)
class EscrowParameters:
    """Parameters of jobs."""

    router: Pubkey
    """Assigns nodes to jobs."""
    dispute_bond: int
    """USD base units that a dispute locks."""
    min_work_seconds: int
    """That a node must work on a job before anything is paid, or all that the job has left."""
    report_seconds: int
    """Without a report after which a node has failed."""
    dispute_seconds: int
    """For which work can be disputed before it is paid."""
    decision_seconds: int
    """In which the committee resolves a dispute."""
    discount_reputation: tuple[int, ...]
    discount_bp: tuple[int, ...]
    """From `discount_reputation[i]` on, a user pays `discount_bp[i]` less."""
    fee_bp: int
    """Of a settlement's gross."""
    affiliate_bp: int
    """The part of the fee for who brought the user in."""
    fee_burn_bp: int
    """The part of the rest of the fee that is burned; what is left is for incentives."""
    max_bonus_bp: int
    """Bonus coupons at a 30% dollar share, of the base coupons."""

    def discount_of(self, reputation: int) -> int:
        """What a user of this reputation pays less, basis points."""
        bands = zip(self.discount_reputation, self.discount_bp, strict=True)
        return max((discount for start, discount in bands if reputation >= start), default=0)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of every job."""

    PROGRAM: ClassVar[ProgramName] = "escrow"
    usd_mint: Pubkey
    burn_vault: Pubkey
    incentives: Pubkey
    parameters: EscrowParameters
    next_parameters: EscrowParameters
    next_parameters_at: int
    """Unix seconds from which the next parameters count; zero before any change."""
    bump: int

    def parameters_at(self, now: int) -> EscrowParameters:
        """The parameters in force at `now`, Unix seconds."""
        return in_force(self.parameters, self.next_parameters, self.next_parameters_at, now)


@dataclass(frozen=True, slots=True)
class Job:
    """One job. Amounts in USD base units, times in Unix seconds."""

    PROGRAM: ClassVar[ProgramName] = "escrow"
    OPEN: ClassVar[int] = 1
    RUNNING: ClassVar[int] = 2
    ENDED: ClassVar[int] = 3
    DISPUTED: ClassVar[int] = 4
    RESOLVED: ClassVar[int] = 5
    SETTLED: ClassVar[int] = 6
    CANCELLED: ClassVar[int] = 7
    STATES: ClassVar[dict[int, str]] = {
        1: "open",
        2: "running",
        3: "ended",
        4: "disputed",
        5: "resolved",
        6: "settled",
        7: "cancelled",
    }
    DISCOUNT: ClassVar[int] = 0
    LOCKED_IO: ClassVar[int] = 1
    BENEFITS: ClassVar[dict[int, str]] = {0: "discount", 1: "locked-io"}
    user: Pubkey
    authority: Pubkey
    node: Pubkey
    """Zeros while nobody works on it."""
    affiliate_usd: Pubkey
    """Where the affiliate's part of the fee goes; zeros where nobody brought the user in."""
    digest: bytes
    class_: str
    id: int
    rate_per_hour: int
    price_nano_usd: int
    """Of a processor-hour when it was opened, before the discount."""
    deposit: int
    granted: int
    """Of the deposit: from the user's credit, and spent first."""
    settled_usd: int
    bond: int
    """In the vault besides the deposit."""
    opened_at: int
    started_at: int
    """Zero while nobody works on it, as `reported_at`."""
    reported_at: int
    disputed_at: int
    settled_seconds: int
    base_seconds: int
    """Of them, the work of nodes before this one."""
    processors: int
    hours: int
    period: int
    """Settlements so far."""
    discount_bp: int
    assignments: int
    """Nodes so far."""
    benefit: int
    state: int
    bump: int
    vault_bump: int

    @property
    def state_name(self) -> str:
        """The state as people call it."""
        return self.STATES.get(self.state, str(self.state))

    @property
    def has_node(self) -> bool:
        """Whether a node works on it, or did until it stopped."""
        return self.node != Pubkey.default()

    @property
    def has_affiliate(self) -> bool:
        """Whether somebody brought its user in."""
        return self.affiliate_usd != Pubkey.default()

    @property
    def has_stopped(self) -> bool:
        """Whether nobody works on it any more and its seconds stand."""
        return self.state in (self.ENDED, self.RESOLVED)

    @property
    def is_finished(self) -> bool:
        """Whether it is over and refunded."""
        return self.state in (self.SETTLED, self.CANCELLED)

    @property
    def end(self) -> int:
        """When a running job's hours are over."""
        return self.started_at + self.hours * SECONDS_PER_HOUR - self.base_seconds

    @property
    def worked_seconds(self) -> int:
        """By all nodes: up to the last report, never past the hours paid for."""
        return self._worked_until(self.reported_at)

    @property
    def assignment_seconds(self) -> int:
        """What this node reports to have worked."""
        return self.worked_seconds - self.base_seconds

    def has_worked_enough(self, parameters: EscrowParameters) -> bool:
        """Whether this node has worked what is paid at least: the minimum, or all that it was given."""
        all_of_it = self.worked_seconds >= self.hours * SECONDS_PER_HOUR
        return all_of_it or self.assignment_seconds >= parameters.min_work_seconds

    def _worked_until(self, time: int) -> int:
        return self.base_seconds + max(min(time, self.reported_at, self.end) - self.started_at, 0)

    def is_alive(self, now: int, parameters: EscrowParameters) -> bool:
        """Whether the node's last report, or its start, is recent."""
        return now - self.reported_at <= parameters.report_seconds

    def payable_seconds(self, now: int, parameters: EscrowParameters) -> int:
        """Up to which second of the job a settlement at `now` would pay: `settled_seconds` where it would not."""
        if self.has_stopped:
            return self.worked_seconds
        if self.state != self.RUNNING or not self.has_worked_enough(parameters):
            return self.settled_seconds
        return max(self._worked_until(now - parameters.dispute_seconds), self.settled_seconds)

    @property
    def unspent_credit(self) -> int:
        """Of the granted dollars, those that no work was paid with."""
        return max(self.granted - self.settled_usd, 0)
