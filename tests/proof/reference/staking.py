"""Stake and collateral as exact values, their rewards, what slashes take."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from solders.pubkey import Pubkey

from tests.proof.reference.exact import Q64, Mismatch, Setting, down, near, part, same

INDEX = 2**63
OFFENCES_BP = {1: 100, 2: 500, 3: 2_000, 4: 5_000, 5: 10_000}
"""What each offence costs."""
KINDS_NODE = 1


@dataclass
class Position:
    """What is behind a delegation or a ticket."""

    owner: Pubkey
    actor: Pubkey
    value: Fraction = Fraction(0)
    """IO base units, exactly."""
    shares: int = 0
    """The chain's, whose worth is checked against `value`; rewards go by them."""
    touches: int = 0
    """How often the chain rounded it to whole base units: so far may the two be apart."""
    owed: Fraction = Fraction(0)
    """Rewards, exactly."""
    since: Fraction = Fraction(0)
    matures: int | None = None
    """Of a ticket."""


@dataclass
class Slash:
    """A slash that waits."""

    actor: Pubkey
    offence: int
    bond: int = 0


@dataclass
class Pool:
    """An actor with what stands behind it."""

    authority: Pubkey
    affiliate: Pubkey
    rewards: Pubkey
    kind: int
    required: int
    election: Setting
    collateral: Fraction = Fraction(0)
    stake: int = 0
    """The chain's, checked against all positions."""
    touches: int = 0
    index: Fraction = Fraction(1)
    """What slashes left of each share, exactly."""
    shown: int = INDEX
    """The chain's index, checked against it."""
    per_share: Fraction = Fraction(0)
    carried: Fraction = Fraction(0)
    counted: int = 0
    """IO base units of rewards that were divided and nobody claimed."""
    dust: Fraction = Fraction(0)
    pending: int = 0


@dataclass
class Staking:
    """All of it."""

    parameters: Setting
    pools: dict[Pubkey, Pool] = field(default_factory=dict)
    positions: dict[Pubkey, Position] = field(default_factory=dict)
    slashes: dict[Pubkey, Slash] = field(default_factory=dict)
    slashed_io: int = 0

    def of(self, actor: Pubkey) -> dict[Pubkey, Position]:
        """The positions on an actor."""
        return {address: one for address, one in self.positions.items() if one.actor == actor}

    def shares(self, actor: Pubkey) -> int:
        """Shares that earn."""
        return sum(one.shares for one in self.of(actor).values() if one.matures is None)

    def touch(self, position: Position) -> None:
        """The chain rounds a position to whole base units; before any slash it is whole anyway."""
        pool = self.pools[position.actor]
        if pool.shown != INDEX:
            position.touches, pool.touches = position.touches + 1, pool.touches + 1

    def count(self, actor: Pubkey, balance: int, told: int) -> None:
        """Divides what came to the rewards account over all shares."""
        pool, shares = self.pools[actor], self.shares(actor)
        arrived = balance - pool.counted
        same(told, arrived, "rewards counted for", actor)
        pool.counted = balance
        pool.carried += arrived
        if shares and arrived:
            pool.per_share, pool.carried = pool.per_share + pool.carried / shares, Fraction(0)
            pool.dust += Fraction(shares, Q64)

    def accrue(self, position: Position) -> None:
        """Brings a delegation up to date."""
        pool = self.pools[position.actor]
        position.owed += position.shares * (pool.per_share - position.since)
        position.since = pool.per_share

    def delegate(self, address: Pubkey, event: Any) -> None:
        position, pool = self.positions[address], self.pools[event.actor]
        self.accrue(position)
        position.value += event.amount
        position.shares = event.delegation_shares
        self.touch(position)
        pool.stake += event.amount

    def undelegate(self, address: Pubkey, ticket: Pubkey, event: Any, now: int) -> None:
        position = self.positions[address]
        self.accrue(position)
        position.value -= event.amount
        position.shares = event.delegation_shares
        self.touch(position)
        wait = self.parameters.at(now).delegator_unbonding_seconds
        same(event.matures_at, now + wait, "the maturity of", ticket)
        self._ticket(ticket, event)

    def _ticket(self, ticket: Pubkey, event: Any) -> None:
        shares, matures = event.ticket_shares, event.matures_at
        self.positions[ticket] = Position(
            event.owner, event.actor, Fraction(event.amount), shares=shares, matures=matures
        )

    def unlock(self, ticket: Pubkey, event: Any, now: int) -> None:
        """Collateral becomes a ticket."""
        pool = self.pools[event.actor]
        pool.collateral -= event.amount
        pool.stake += event.amount
        wait = self.parameters.at(now).owner_unbonding_seconds
        same(event.matures_at, now + wait, "the maturity of", ticket)
        self._ticket(ticket, event)

    def withdraw(self, ticket: Pubkey, event: Any, now: int) -> None:
        """A ticket is paid, what it is worth in whole base units."""
        position, pool = self.positions.pop(ticket), self.pools[event.actor]
        if position.matures is None or now < position.matures or pool.pending:
            raise Mismatch(f"the ticket {ticket} was paid at {now}: it matures at {position.matures}")
        near(event.amount, position.value, position.touches, "paid for", ticket)
        down(event.amount, Fraction(position.shares * pool.shown, INDEX), "paid for the shares of", ticket)
        pool.stake -= event.amount
        pool.touches += position.touches > 0

    def claim(self, address: Pubkey, event: Any) -> None:
        """Rewards in whole base units, rounded down; the fraction stays owed."""
        position, pool = self.positions[address], self.pools[event.actor]
        self.accrue(position)
        down(event.amount, position.owed, "rewards of", address, dust=pool.dust)
        position.owed -= event.amount
        pool.counted -= event.amount

    def close(self, address: Pubkey) -> None:
        """A delegation without worth goes; the fraction it was owed is the others'."""
        position = self.positions.pop(address)
        self.accrue(position)
        pool = self.pools[position.actor]
        near(position.owed, Fraction(1, 2), Fraction(1, 2) + pool.dust, "owed to the closed", address)
        near(position.value, 0, 1 + position.touches, "the value of the closed", address)
        pool.carried += position.owed
        pool.touches += position.touches > 0

    def execute(self, address: Pubkey, event: Any) -> None:
        """The same part of everything is burned. Rounded up: nobody keeps more than the rest, but for a base unit of a
        position whose shares were rounded up."""
        slash = self.slashes.pop(address)
        pool, bp = self.pools[slash.actor], OFFENCES_BP[slash.offence]
        before = pool.stake
        lost = part(pool.collateral, bp)
        pool.pending -= 1
        pool.touches += 1
        # Rounded down from what it was, in 2^-63rds: nobody keeps more than the rest.
        down(event.index, pool.shown - part(pool.shown, bp), "the index of", slash.actor)
        pool.index -= part(pool.index, bp)
        pool.shown = event.index
        for position in self.of(slash.actor).values():
            position.value -= part(position.value, bp)
            self.touch(position)
        pool.collateral -= lost
        taken = event.burned - event.bond - (before - event.stake)
        pool.stake = event.stake
        same(event.bond, slash.bond, "the bond of", address)
        near(event.collateral, pool.collateral, pool.touches, "the collateral of", slash.actor)
        near(taken, lost, pool.touches, "collateral taken of", slash.actor)
        self.slashed_io += event.burned

    def check(self, actor: Pubkey, index: int) -> None:
        """What each position is worth on the chain is what it is, and the stake is their sum."""
        pool, positions = self.pools[actor], self.of(actor)
        same(index, pool.shown, "the index of", actor)
        near(Fraction(index, INDEX), pool.index, Fraction(pool.touches, INDEX), "what is left of each share of", actor)
        for address, one in positions.items():
            near(one.shares * index // INDEX, one.value, one.touches, "the value of", address)
        near(pool.stake, sum((one.value for one in positions.values()), Fraction(0)), pool.touches, "stake of", actor)
