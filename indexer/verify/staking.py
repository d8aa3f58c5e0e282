"""Stake once more, from events alone: collateral, pools and what their stakers earn, tickets, slashes.

The arithmetic is `client.economics`, which vectors hold to the programs'. What an event says is compared with what it
must be, and the replay goes on with what it must be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from solders.pubkey import Pubkey

from client import addresses, economics
from client.offences import OFFENCES
from indexer.decoding.base58 import encode as address_text
from indexer.verify.changing import Changing, nested
from indexer.verify.report import Checks

Event = Mapping[str, Any]

NODE: Final = 1
"""`kind` of a node; a user's is 2."""
NOBODY: Final = bytes(32)
_U128: Final = (1 << 128) - 1


@dataclass(slots=True)
class Position:
    """What one wallet has delegated to one actor, as `staking::Delegation`."""

    snapshot: int = 0
    accrued: int = 0
    shares: int = 0


@dataclass(slots=True)
class ActorState:
    """An actor with its pool, as `staking::Actor`."""

    kind: int
    affiliate: bytes
    collateral_required: int
    election: Changing
    collateral: int = 0
    stake: int = 0
    shares: int = 0
    unbonding_shares: int = 0
    index: int = economics.ONE
    per_share: int = 0
    carry: int = 0
    counted_rewards: int = 0
    pending_slashes: int = 0
    rewards: bytes = NOBODY
    minted: int = 0
    """IO base units that claims minted for its stakers,"""
    counted: int = 0
    """and that its pool counted as come, gifts among them."""
    positions: dict[bytes, Position] = field(default_factory=dict)
    """By owner."""

    @property
    def is_covered(self) -> bool:
        """Whether its collateral is in place: below it, it earns nothing."""
        return self.collateral >= self.collateral_required

    @property
    def uncounted(self) -> int:
        """IO base units that must have come to its stakers and that its pool has not counted yet."""
        return max(self.minted - self.counted, 0)


@dataclass(slots=True)
class _Slash:
    fraction_bp: int
    state: str = "proposed"
    bond: int = 0


@dataclass(slots=True)
class StakingLedger:
    """All actors, their pools, and everything on its way out of them."""

    checks: Checks
    genesis: int = 0
    now: int = 0
    """The chain's time, Unix seconds."""
    actors: dict[bytes, ActorState] = field(default_factory=dict)
    slashed: int = 0
    """IO base units that slashes burned."""
    parameters: Changing = field(default_factory=lambda: Changing.begin({}))
    _classes: dict[bytes, int] = field(default_factory=dict)
    """Multipliers by symbol, 10,000 = 1."""
    _tickets: dict[bytes, int] = field(default_factory=dict)
    _slashes: dict[bytes, _Slash] = field(default_factory=dict)

    @property
    def held(self) -> int:
        """IO base units that the vault must hold."""
        bonds = sum(slash.bond for slash in self._slashes.values())
        return bonds + sum(actor.collateral + actor.stake for actor in self.actors.values())

    def block(self, event: Event) -> None:
        """Time has passed."""
        self.now = event["time"]

    def committee_initialized(self, event: Event) -> None:
        """Epochs are counted from its genesis."""
        self.genesis = event["genesis"]

    def registry_initialized(self, event: Event) -> None:
        """The parameters of staking."""
        self.parameters = Changing.begin(nested(event, "parameters"))

    def staking_parameters_set(self, event: Event) -> None:
        """Other parameters, from an epoch's start on."""
        self.parameters.change(nested(event, "parameters"), event["from"], self.now)

    def class_added(self, event: Event) -> None:
        """A hardware class has a multiplier."""
        self._classes[event["symbol"]] = event["multiplier_bp"]

    def actor_registered(self, event: Event) -> None:
        """A node's collateral follows from its class and processors; a user needs none."""
        multiplier_bp = self._classes.get(event["class"], 0) if event["kind"] == NODE else 0
        address = addresses.actor(Pubkey.from_bytes(event["authority"]), event["id"])
        self.checks.equal("address of an actor", _whose(event), str(address), _whose(event))
        self.checks.equal("multiplier of an actor", _whose(event), multiplier_bp, event["multiplier_bp"])
        required = economics.collateral(event["multiplier_bp"], event["processors"]) if event["kind"] == NODE else 0
        self.checks.equal("collateral required", _whose(event), required, event["collateral_required"])
        chosen = Changing.begin(nested(event, "election"))
        self.actors[event["actor"]] = ActorState(event["kind"], event["affiliate"], required, chosen)

    def elected(self, event: Event) -> None:
        """Another election, from the next epoch's start on."""
        starts_at = economics.epoch_start_from(self.genesis, event["at"] + 1) or 0
        self.checks.equal("start of an election", _whose(event), starts_at, event["from"])
        self.actors[event["actor"]].election.change(nested(event, "election"), starts_at, event["at"])

    def collateral_deposited(self, event: Event) -> None:
        """Collateral grows."""
        actor = self.actors[event["actor"]]
        actor.collateral += event["amount"]
        self.checks.equal("collateral", _whose(event), actor.collateral, event["collateral"])

    def collateral_unbonding(self, event: Event) -> None:
        """Collateral becomes a ticket: stake that is on its way out."""
        actor = self.actors[event["actor"]]
        actor.collateral -= event["amount"]
        actor.stake += event["amount"]
        self._unbond(actor, event, economics.shares_for(event["amount"], actor.index), "owner_unbonding_seconds")
        self.checks.equal("collateral", _whose(event), actor.collateral, event["collateral"])
        self.checks.equal("stake of a pool", _whose(event), actor.stake, event["stake"])

    def pool_opened(self, event: Event) -> None:
        """An actor's stakers have an account that their rewards come to."""
        self.actors[event["actor"]].rewards = event["rewards"]

    def delegated(self, event: Event) -> None:
        """Stake comes in, and buys shares."""
        actor, position = self._touch(event)
        after = economics.join_shares(position.shares, actor.index, event["amount"])
        actor.shares += after - position.shares
        actor.stake += event["amount"]
        position.shares = after
        whose = _whose(event)
        self.checks.equal("shares of a delegation", whose, after, event["delegation_shares"])
        self.checks.equal("shares of a pool", whose, actor.shares, event["shares"])
        self.checks.equal("stake of a pool", whose, actor.stake, event["stake"])

    def undelegated(self, event: Event) -> None:
        """Shares become a ticket."""
        actor, position = self._touch(event)
        leaving, staying = economics.split_shares(position.shares, actor.index, event["amount"])
        actor.shares += staying - position.shares
        position.shares = staying
        self._unbond(actor, event, leaving, "delegator_unbonding_seconds")
        whose = _whose(event)
        self.checks.equal("shares of a delegation", whose, staying, event["delegation_shares"])
        self.checks.equal("shares of a pool", whose, actor.shares, event["shares"])

    def rewards_claimed(self, event: Event) -> None:
        """A staker is paid what its shares have earned."""
        actor, position = self._touch(event)
        amount, position.accrued = economics.whole(position.accrued)
        actor.counted_rewards -= amount
        whose = _whose(event)
        self.checks.equal("rewards claimed by stakers", whose, amount, event["amount"])
        self.checks.equal(
            "rewards that stakers have not claimed", whose, actor.counted_rewards, event["counted_rewards"]
        )

    def delegation_closed(self, event: Event) -> None:
        """A delegation that is worth nothing ends; what is less than a base unit goes to the others."""
        actor, position = self._touch(event)
        amount, fraction = economics.whole(position.accrued)
        actor.shares -= position.shares
        actor.carry += fraction
        worth = amount + economics.value_of(position.shares, actor.index)
        self.checks.equal("worth of a closed delegation", _whose(event), 0, worth)
        self.checks.equal("shares of a pool", _whose(event), actor.shares, event["shares"])
        del actor.positions[event["owner"]]

    def ticket_withdrawn(self, event: Event) -> None:
        """A ticket is paid what it is worth after all slashes."""
        actor, shares = self.actors[event["actor"]], self._tickets.pop(event["ticket"], 0)
        amount = economics.value_of(shares, actor.index)
        actor.stake -= amount
        actor.unbonding_shares -= shares
        whose = _whose(event)
        self.checks.equal("paid for a ticket", whose, amount, event["amount"])
        self.checks.equal("stake of a pool", whose, actor.stake, event["stake"])
        self.checks.equal("shares that unbond", whose, actor.unbonding_shares, event["unbonding_shares"])

    def slash_proposed(self, event: Event) -> None:
        """The committee says that an actor has done wrong: each offence has its part."""
        fraction_bp = OFFENCES.get(event["offence"], ("", 0))[1]
        self.checks.equal("part of a slash, basis points", _whose(event), fraction_bp, event["fraction_bp"])
        self._slashes[event["slash"]] = _Slash(fraction_bp)
        self.actors[event["actor"]].pending_slashes += 1
        self._deadline(event, "appeal_seconds")

    def slash_appealed(self, event: Event) -> None:
        """A bond is locked."""
        bond = self.parameters.at(self.now)["appeal_bond"]
        self.checks.equal("bond of an appeal", _whose(event), bond, event["bond"])
        slash = self._slashes[event["slash"]]
        slash.bond, slash.state = bond, "appealed"
        self._deadline(event, "decision_seconds")

    def slash_decided(self, event: Event) -> None:
        """The committee holds on to it, or drops it."""
        slash = self._slashes[event["slash"]]
        self.checks.equal("state of a decided slash", _whose(event), "appealed", slash.state)
        slash.state = "upheld" if event["upheld"] else "dropped"

    def slash_executed(self, event: Event) -> None:
        """Collateral and all stake lose the same part, and it is burned, the bond with it."""
        actor, slash = self._end_slash(event, "proposed", "upheld")
        lost = economics.slash(
            economics.SlashInput(
                index=actor.index,
                stake=actor.stake,
                shares=actor.shares + actor.unbonding_shares,
                collateral=actor.collateral,
                fraction_bp=slash.fraction_bp,
            )
        )
        actor.index, actor.stake, actor.collateral = lost.index, lost.stake, lost.collateral
        self.slashed += lost.burned + slash.bond
        whose = _whose(event)
        for name, recomputed, found in (
            ("burned by a slash", lost.burned + slash.bond, event["burned"]),
            ("bond of an appeal", slash.bond, event["bond"]),
            ("worth of a share, q63", lost.index, event["index"]),
            ("stake of a pool", lost.stake, event["stake"]),
            ("collateral", lost.collateral, event["collateral"]),
        ):
            self.checks.equal(name, whose, recomputed, found)

    def slash_dismissed(self, event: Event) -> None:
        """Nothing is lost, and the bond goes back."""
        _, slash = self._end_slash(event, "appealed", "dropped")
        self.checks.equal("bond of an appeal", _whose(event), slash.bond, event["bond"])

    def _end_slash(self, event: Event, *states: str) -> tuple[ActorState, _Slash]:
        actor, slash = self.actors[event["actor"]], self._slashes.pop(event["slash"])
        actor.pending_slashes -= 1
        expected = slash.state if slash.state in states else " or ".join(states)
        self.checks.equal("state of a slash that ends", _whose(event), expected, slash.state)
        return actor, slash

    def _deadline(self, event: Event, period: str) -> None:
        deadline = event["at"] + self.parameters.at(self.now)[period]
        self.checks.equal("deadline of a slash", _whose(event), deadline, event["deadline"])

    def _touch(self, event: Event) -> tuple[ActorState, Position]:
        """Counts what came to a pool, and what one position of it has earned, as the program does before any change."""
        actor = self.actors[event["actor"]]
        if event["rewards"]:
            counted = economics.distribute(economics.DistributeInput(event["rewards"], actor.carry, actor.shares))
            actor.per_share = actor.per_share + counted.per_unit_q64 & _U128
            actor.carry = counted.carry_q64
            actor.counted += event["rewards"]
            actor.counted_rewards += event["rewards"]
        # More than was minted is a gift; less is a fault.
        self.checks.equal("minted for stakers and not come to their pool", _whose(event), 0, actor.uncounted)
        position = actor.positions.setdefault(event["owner"], Position(actor.per_share))
        delta = actor.per_share - position.snapshot & _U128
        if delta and position.shares:
            position.accrued = economics.accrue(position.accrued, position.shares, delta)
        position.snapshot = actor.per_share
        return actor, position

    def _unbond(self, actor: ActorState, event: Event, shares: int, period: str) -> None:
        actor.unbonding_shares += shares
        self._tickets[event["ticket"]] = shares
        whose, matures_at = _whose(event), event["at"] + self.parameters.at(self.now)[period]
        self.checks.equal("shares of a ticket", whose, shares, event["ticket_shares"])
        self.checks.equal("shares that unbond", whose, actor.unbonding_shares, event["unbonding_shares"])
        self.checks.equal("when a ticket matures", whose, matures_at, event["matures_at"])


def _whose(event: Event) -> str:
    return address_text(event["actor"])
