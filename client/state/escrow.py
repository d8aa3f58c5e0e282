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
    """That a node must work on a job before anything is paid."""
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
