"""Accounts of `burn`: the auction and the grants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from solders.pubkey import Pubkey

from client.idl import ProgramName
from client.state.change import in_force


@dataclass(frozen=True, slots=True)
class BurnParameters:
    """Parameters of the auction and of the grants."""

    user_grant: int
    """USD base units, as `owner_grant`."""
    owner_grant: int
    owner_grant_hours: int
    """For which a node must have earned points before its owner's grant."""
    ramp_seconds: int
    """Over which the premium goes from `start_bp` to `end_bp`."""
    start_bp: int
    end_bp: int


@dataclass(frozen=True, slots=True)
class Auction:
    """The buy-and-burn auction."""

    PROGRAM: ClassVar[ProgramName] = "burn"
    io_mint: Pubkey
    usd_mint: Pubkey
    waiting_since: int
    """Unix seconds from which the premium rises."""
    burned_io: int
    """IO base units in all; so, in USD base units, `paid_usd` for them and `granted_usd`."""
    paid_usd: int
    granted_usd: int
    parameters: BurnParameters
    next_parameters: BurnParameters
    next_parameters_at: int
    """Unix seconds from which the next parameters count; zero before any change."""

    def parameters_at(self, now: int) -> BurnParameters:
        """The parameters in force at `now`, Unix seconds."""
        return in_force(self.parameters, self.next_parameters, self.next_parameters_at, now)


@dataclass(frozen=True, slots=True)
class Grant:
    """That an actor was granted dollars, which happens once."""

    PROGRAM: ClassVar[ProgramName] = "burn"
    actor: Pubkey
    amount: int
    """USD base units."""
    bump: int
