"""Accounts of `emission`: the schedule, what actors earn, locked IO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from solders.pubkey import Pubkey

from client import economics
from client.idl import ProgramName
from client.state.change import in_force


@dataclass(frozen=True, slots=True)
class EmissionParameters:
    """Parameters of the emission."""

    lock_seconds: int
    """Over which bonus IO vests."""
    availability_bp: int
    """The availability half of an epoch's emission."""
    affiliate_bp: int
    """An affiliate's part of a claim."""


@dataclass(frozen=True, slots=True)
class Emission:
    """The schedule's state."""

    PROGRAM: ClassVar[ProgramName] = "emission"
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
    parameters: EmissionParameters
    next_parameters: EmissionParameters
    next_parameters_at: int
    """Unix seconds from which the next parameters count; zero before any change."""
    locked_vault: Pubkey
    """The token account of locked IO that exists already."""
    locked_io: int
    """IO base units in it that vesting accounts have not paid out yet."""
    emitted: int
    """IO base units that the closed epochs emitted."""
    bump: int

    def parameters_at(self, now: int) -> EmissionParameters:
        """The parameters in force at `now`, Unix seconds."""
        return in_force(self.parameters, self.next_parameters, self.next_parameters_at, now)

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
    proven_since: int
    """The epoch whose score last raised its points from zero; 0 while it has none."""
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
    step_seconds: int
    """1: free by the second. Longer steps make tranches."""
    funded: int
    """1: paid from the vault of locked IO. 0: minted as it is withdrawn."""
    bump: int

    def vested(self, now: int) -> int:
        """What of it is free at `now` (the chain's time), withdrawn or not, IO base units."""
        return economics.vested(self.total, self.start, self.end, self.step_seconds, now)

    @property
    def left(self) -> int:
        """What was not withdrawn yet, free or not, IO base units."""
        return self.total - self.withdrawn
