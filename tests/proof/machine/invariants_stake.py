"""Of stake: the vault holds what actors say, positions can all be paid, slashes take the same from all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from solders.pubkey import Pubkey

from client import addresses
from client.state import Actor, Delegation, Registry, Slash, Ticket
from tests.proof.ledger import Mint, Tokens
from tests.proof.machine.invariants_books import ONE, Q64, Books, Seen, at_most, equal, holds, invariant

WHOLE = 10_000
_WRAP = 1 << 128


def worth(shares: int, index: int) -> int:
    """IO base units that shares are worth, rounded down."""
    return shares * index // ONE


def _actors(seen: Seen) -> Iterator[tuple[Pubkey, Actor]]:
    """Actors that a step concerns, as they are after it."""
    concerned = {address for address, _, _ in seen.changed(Actor)}
    kinds: tuple[Any, ...] = (Delegation, Ticket, Slash)
    for kind in kinds:
        concerned.update(one.actor for _, *both in seen.changed(kind) for one in both if one)
    for address in concerned:
        if actor := seen.books.get(Actor, address):
            yield address, actor


@invariant
def stake_vault_holds_what_is_owed(seen: Seen) -> None:
    """The vault holds all stake, all collateral, the bonds of appeals and what strangers put in."""
    books, vault = seen.books, addresses.stake_vault()
    if any(any(seen.changed(kind)) for kind in (Actor, Slash)) or vault in seen.step.after:
        owed = books.sums["stake",] + books.sums["bonds",]
        equal(books.ledger.balance(vault), owed + books.flows["outside", vault], "the stake vault")


@invariant
def shares_add_up(seen: Seen) -> None:
    """The shares of an actor's delegations are its shares."""
    for address, actor in _actors(seen):
        equal(seen.books.sums["shares", address], actor.shares, "delegated shares of", address)


@invariant
def tickets_add_up(seen: Seen) -> None:
    """The shares of an actor's tickets are its unbonding shares."""
    for address, actor in _actors(seen):
        equal(seen.books.sums["unbonding", address], actor.unbonding_shares, "unbonding shares of", address)


@invariant
def slashes_are_counted(seen: Seen) -> None:
    """An actor counts the slashes that wait."""
    for address, actor in _actors(seen):
        equal(seen.books.sums["slashes", address], actor.pending_slashes, "slashes that wait for", address)


@invariant
def pools_can_pay_everybody(seen: Seen) -> None:
    """What all delegations and tickets of an actor are worth is at most its stake."""
    for address, actor in _actors(seen):
        positions = [seen.books.ledger.accounts[position] for position in seen.books.positions[address]]
        at_most(sum(worth(one.shares, actor.index) for one in positions), actor.stake, "positions on", address)


@invariant
def rewards_are_conserved(seen: Seen) -> None:
    """The rewards that an actor counted are owed to its delegations or carried on, exactly."""
    sums = seen.books.sums
    for address, actor in _actors(seen):
        entered = sums["shares", address] * actor.per_share - sums["entered", address]
        owed = sums["accrued", address] + entered + actor.carry
        # What a share has earned wraps at 2^128: so does what it is multiplied by.
        equal((owed - actor.counted_rewards * Q64) % _WRAP, 0, "2^-64ths of IO owed and not counted, of", address)


@invariant
def rewards_accounts_hold_what_is_counted(seen: Seen) -> None:
    """A rewards account holds at least what its actor counted and nobody claimed."""
    for address, actor in _actors(seen):
        if actor.has_pool:
            at_most(actor.counted_rewards, seen.books.ledger.balance(actor.rewards), "counted rewards of", address)


@invariant
def index_falls_by_slashes_alone(seen: Seen) -> None:
    """A pool's index starts at one, never rises, and changes only where a slash is executed."""
    for address, before, after in seen.changed(Actor):
        if after is None:
            raise AssertionError(f"{address} is gone")
        if before is None:
            equal(after.index, ONE, "the index of the new actor", address)
        elif after.index != before.index:
            at_most(after.index, before.index, "the index of", address)
            slashed = any(call.accounts["actor"] == address for call in seen.calls("staking.execute_slash"))
            holds(slashed, f"the index of {address} fell from {before.index} to {after.index} without a slash")


@invariant
def slashes_take_the_same_from_all(seen: Seen) -> None:
    """A slash takes its part of the index, and so of every position, and of the collateral; all of it is burned."""
    burned = bonds = 0
    executed = seen.calls("staking.execute_slash")
    for address, before, after in seen.changed(Actor):
        slashes = [call for call in executed if call.accounts["actor"] == address]
        alone = len(slashes) == sum(call.accounts.get("actor") == address for call in seen.step.calls)
        if not (slashes and alone and before and after):
            continue
        index, stake, collateral = before.index, before.stake, before.collateral
        for call in slashes:
            slash = seen.step.before[call.accounts["slash"]]
            assert isinstance(slash, Slash)
            index -= -(-index * slash.fraction_bp // WHOLE)
            collateral -= -(-collateral * slash.fraction_bp // WHOLE)
            bonds += slash.bond
        stake = min(stake, worth(before.shares + before.unbonding_shares, index))
        equal((after.index, after.stake, after.collateral), (index, stake, collateral), "slashed:", address)
        burned += before.stake + before.collateral - stake - collateral
    if executed and all(call.name == "staking.execute_slash" for call in seen.step.calls):
        for _, was, registry in seen.changed(Registry):
            assert was is not None
            assert registry is not None
            equal(registry.slashed_io - was.slashed_io, burned + bonds, "slashed IO")
        for _, supply, mint in seen.changed(Mint):
            assert supply is not None
            assert mint is not None
            equal(supply.supply - mint.supply, burned + bonds, "burned IO")


@invariant
def unbonding_is_waited_for(seen: Seen) -> None:
    """A ticket matures after the seconds in force when it was made, is paid no earlier, and never changes."""
    now, books = seen.step.time, seen.books
    paid = {call.accounts["ticket"] for call in seen.calls("staking.withdraw_ticket")}
    for address, before, after in seen.changed(Ticket):
        if before and after and address not in paid:
            equal(after, before, "the ticket", address)
        elif after:
            registry = books.get(Registry, addresses.registry())
            assert registry is not None
            parameters = registry.parameters_at(now)
            made = [call for call in seen.step.calls if call.accounts.get("ticket") == address][-1]
            owners = made.name == "staking.withdraw_collateral"
            wait = parameters.owner_unbonding_seconds if owners else parameters.delegator_unbonding_seconds
            equal(after.matures_at, now + wait, "the ticket", address, "matures at")
        if before and (address in paid or not after):
            at_most(before.matures_at, now, "the time at which the ticket", address, "was paid")


@invariant
def nothing_leaves_while_a_slash_waits(seen: Seen) -> None:
    """No ticket is paid and no stake joins while a slash of the actor waits."""
    for call in seen.step.calls:
        if call.name in ("staking.withdraw_ticket", "staking.delegate"):
            before = seen.step.before.get(call.accounts["actor"])
            waiting = before.pending_slashes if isinstance(before, Actor) else 0
            others = any(one.name.endswith("_slash") for one in seen.step.calls)
            holds(not waiting or others, f"{call.name} on {call.accounts['actor']} while {waiting} slashes wait")


@invariant
def positions_keep_their_value(seen: Seen) -> None:
    """A delegation is worth what it was and what came or left, a ticket what left, to the base unit."""
    moved: dict[Pubkey, int] = {}
    for call, event in seen.told:
        if call.name in ("staking.delegate", "staking.undelegate"):
            sign = 1 if call.name == "staking.delegate" else -1
            moved[call.accounts["delegation"]] = moved.get(call.accounts["delegation"], 0) + sign * event.amount
        if call.name in ("staking.undelegate", "staking.withdraw_collateral"):
            moved[call.accounts["ticket"]] = event.amount
    paid = {call.accounts["ticket"] for call in seen.calls("staking.withdraw_ticket")}
    slashed = {call.accounts["actor"] for call in seen.calls("staking.execute_slash")}
    kinds: tuple[Any, ...] = (Delegation, Ticket)
    for kind in kinds:
        for address, before, after in seen.changed(kind):
            one: Any = after or before
            if one.actor not in slashed and (after or kind is Delegation):
                # A ticket that was paid, and taken again under its number, is worth what then left.
                change = _value(seen.books, after) - (0 if address in paid else _value(seen.books, before))
                equal(change, moved.get(address, 0), "the value of", address, "changed by")


def _value(books: Books, position: Delegation | Ticket | None) -> int:
    actor = position and books.get(Actor, position.actor)
    return worth(position.shares, actor.index) if position and actor else 0


@invariant
def collateral_is_moved_by_its_instructions(seen: Seen) -> None:
    """An actor's collateral and stake change by what was deposited, delegated, asked for, paid and slashed."""
    by: dict[Pubkey, list[int]] = {}
    for call, event in seen.told:
        actor = call.accounts.get("actor")
        if actor is None or call.declared.program != "staking":
            continue
        collateral, stake = by.setdefault(actor, [0, 0])
        match call.name:
            case "staking.deposit_collateral":
                collateral += event.amount
            case "staking.withdraw_collateral":
                collateral, stake = collateral - event.amount, stake + event.amount
            case "staking.delegate":
                stake += event.amount
            case "staking.withdraw_ticket":
                stake -= event.amount
        by[actor] = [collateral, stake]
    slashed = {call.accounts["actor"] for call in seen.calls("staking.execute_slash")}
    for address, before, after in seen.changed(Actor):
        if after and address not in slashed:
            was = (before.collateral, before.stake) if before else (0, 0)
            change = [after.collateral - was[0], after.stake - was[1]]
            equal(change, by.get(address, [0, 0]), "collateral and stake of", address, "changed by")


@invariant
def rewards_are_not_taken_back(seen: Seen) -> None:
    """A rewards account is emptied by claims of its stakers alone."""
    claims = {call.accounts["rewards"] for call in seen.calls("staking.claim_rewards")}
    for address, before, after in seen.changed(Tokens):
        if before and isinstance(seen.books.ledger.accounts.get(before.owner), Actor) and address not in claims:
            at_most(before.amount, after.amount if after else 0, "in the rewards account", address, "before")
