"""Accounts of `oracle`: facts, and the offices above all programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from solders.pubkey import Pubkey

from client.idl import ProgramName
from client.state.change import in_force

PAUSE_BITS: dict[ProgramName, int] = {"oracle": 1, "staking": 2, "emission": 4, "burn": 8, "escrow": 16}
"""Each program's bit in `Committee.paused`."""


@dataclass(frozen=True, slots=True)
class OracleParameters:
    """Parameters of the oracle, and the delay of every change in every program."""

    delay_seconds: int
    """Between the proposal of a change and its effect, at least."""
    freshness_seconds: int
    """How long a price submission counts."""
    max_change_bp: int
    """How far a feed may move in a minute."""


@dataclass(frozen=True, slots=True)
class Committee:
    """The members whose majority makes a fact, and the offices above all programs."""

    PROGRAM: ClassVar[ProgramName] = "oracle"
    admin: Pubkey
    """Of all programs."""
    offered_admin: Pubkey
    """Whom the admin offers its office; zeros where nobody."""
    pauser: Pubkey
    members: tuple[Pubkey, ...]
    """16 places; the first `count` are the members."""
    next_members: tuple[Pubkey, ...]
    next_members_at: int
    """Unix seconds from which the next members count; zero before any change. So `next_parameters_at`."""
    next_parameters_at: int
    genesis: int
    """Unix seconds at which epoch 1 begins."""
    parameters: OracleParameters
    next_parameters: OracleParameters
    rotation: int
    """Counts the changes of members."""
    count: int
    next_count: int
    paused: int
    """What is paused: bits of `PAUSE_BITS`."""
    bump: int

    def parameters_at(self, now: int) -> OracleParameters:
        """The parameters in force at `now`, Unix seconds."""
        return in_force(self.parameters, self.next_parameters, self.next_parameters_at, now)

    def members_at(self, now: int) -> tuple[Pubkey, ...]:
        """The members in force at `now`, Unix seconds, in their order."""
        current, following = self.members[: self.count], self.next_members[: self.next_count]
        return in_force(current, following, self.next_members_at, now)

    def is_paused(self, program: ProgramName) -> bool:
        """Whether a program lets no money in."""
        return bool(self.paused & PAUSE_BITS[program])


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
    rotation: int
    """Of the committee, at the last submission."""
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
