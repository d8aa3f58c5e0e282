"""Stake on its way out: delegators' and owners' tickets, until they are paid."""

from client import addresses, state
from client.economics import IO
from client.instructions import pools, staking
from client.network import STAKING
from client.state import Actor
from tests.programs.chain import swapped
from tests.programs.staking_steps import (
    DAY,
    actor_of,
    delegation_of,
    delegator,
    pooled,
    ticket_of,
    undelegate,
    vault,
    withdraw,
    withdraw_collateral,
)
from tests.programs.staking_steps import shared as shared  # a fixture
from tests.programs.world import U64_MAX, World

U32_MAX = 2**32 - 1


# --- unbonding ---


def test_undelegating_makes_a_ticket(shared: World) -> None:
    """What is asked for back earns no more, and matures after 21 days; the vault keeps it until then."""
    _, node = pooled(shared)
    owner = delegator(shared, node, 10 * IO)
    before = vault(shared)
    signature = undelegate(shared, node, owner, 4 * IO, id=7)
    at = shared.chain.now()
    ticket, pool = ticket_of(shared, node, owner, 7), actor_of(shared, node)
    assert ticket == state.Ticket(owner.pubkey(), node, 4 * IO, at + 21 * DAY, 7)
    assert (pool.shares, pool.unbonding_shares, pool.stake) == (6 * IO, 4 * IO, 10 * IO)
    assert vault(shared) == before
    (event,) = shared.chain.events(signature)
    assert event.name == "Undelegated"
    assert event.fields == {
        "actor": node,
        "owner": owner.pubkey(),
        "ticket": addresses.ticket(node, owner.pubkey(), 7),
        "amount": 4 * IO,
        "rewards": 0,
        "ticket_shares": 4 * IO,
        "delegation_shares": 6 * IO,
        "shares": 6 * IO,
        "unbonding_shares": 4 * IO,
        "matures_at": at + 21 * DAY,
        "at": at,
    }


def test_no_more_is_undelegated_than_there_is(shared: World) -> None:
    """Nothing, one unit above the value, and the most that fits are refused; all of it is not."""
    _, node = pooled(shared)
    owner = delegator(shared, node, 5)
    with shared.chain.refuses("AmountZero"):
        undelegate(shared, node, owner, 0)
    for amount in (6, U64_MAX):
        with shared.chain.refuses("AmountAboveValue"):
            undelegate(shared, node, owner, amount)
    undelegate(shared, node, owner, 5)
    assert delegation_of(shared, node, owner).shares == 0


def test_each_ticket_has_its_number(shared: World) -> None:
    """A number that is taken is refused, and taken by nobody else."""
    _, node = pooled(shared)
    owner, other = delegator(shared, node, 5), delegator(shared, node, 5)
    undelegate(shared, node, owner, 1, id=U32_MAX)
    with shared.chain.refuses("AccountAlreadyInUse"):
        undelegate(shared, node, owner, 1, id=U32_MAX)
    undelegate(shared, node, other, 1, id=U32_MAX)
    undelegate(shared, node, owner, 1, id=0)
    assert delegation_of(shared, node, owner).shares == 3


def test_a_ticket_is_paid_when_it_has_matured(shared: World) -> None:
    """Not a second before; anyone sends it, the owner gets the IO and the rent."""
    _, node = pooled(shared)
    owner = delegator(shared, node, 10 * IO, io=10 * IO)
    undelegate(shared, node, owner, 4 * IO)
    shared.chain.warp(seconds=STAKING.delegator_unbonding_seconds - 1)
    with shared.chain.refuses("NotMatured"):
        withdraw(shared, node, owner)
    shared.chain.warp(seconds=1)
    before, lamports = vault(shared), shared.chain.lamports(owner.pubkey())
    rent = shared.chain.lamports(addresses.ticket(node, owner.pubkey(), 1))
    signature = withdraw(shared, node, owner)
    assert shared.chain.balance(shared.io(owner)) == 4 * IO
    assert vault(shared) == before - 4 * IO
    assert shared.chain.lamports(owner.pubkey()) == lamports + rent
    assert not shared.chain.exists(addresses.ticket(node, owner.pubkey(), 1))
    pool = actor_of(shared, node)
    assert (pool.shares, pool.unbonding_shares, pool.stake) == (6 * IO, 0, 6 * IO)
    (event,) = shared.chain.events(signature)
    assert event.name == "TicketWithdrawn"
    assert event.fields == {
        "actor": node,
        "owner": owner.pubkey(),
        "ticket": addresses.ticket(node, owner.pubkey(), 1),
        "amount": 4 * IO,
        "stake": 6 * IO,
        "unbonding_shares": 0,
        "at": shared.chain.now(),
    }
    with shared.chain.refuses("AccountDataTooSmall"):
        withdraw(shared, node, owner)


def test_a_ticket_is_paid_to_its_owner(shared: World) -> None:
    """Whoever sends it names no other account, no other mint and no other wallet for the rent."""
    (_, node), (_, other) = pooled(shared), pooled(shared)
    owner, thief = delegator(shared, node, IO), shared.person()
    undelegate(shared, node, owner, IO)
    shared.chain.warp(seconds=21 * DAY)
    withdrawing = pools.withdraw_ticket(actor=node, owner=owner.pubkey(), id=1, destination=shared.io(owner))
    for error, old, new in (
        ("InvalidAccountData", shared.io(owner), shared.io(thief)),
        ("MintMismatch", shared.io(owner), shared.usd(owner)),
        ("NotOwner", owner.pubkey(), thief.pubkey()),
        ("ActorMismatch", node, other),
    ):
        with shared.chain.refuses(error):
            shared.chain.send([swapped(withdrawing, old, new)], thief)
    shared.chain.send([withdrawing], thief)


# --- an owner's collateral ---


def test_collateral_unbonds_for_14_days(shared: World) -> None:
    """What an owner asks for counts as collateral no more, and is paid like a delegator's ticket."""
    owner, node = pooled(shared)
    held, wallet = actor_of(shared, node).collateral, shared.chain.balance(shared.io(owner))
    signature = withdraw_collateral(shared, (owner, node), 100 * IO, id=3)
    at = shared.chain.now()
    (event,) = shared.chain.events(signature)
    assert event.name == "CollateralUnbonding"
    assert event.fields == {
        "actor": node,
        "owner": owner.pubkey(),
        "ticket": addresses.ticket(node, owner.pubkey(), 3),
        "amount": 100 * IO,
        "ticket_shares": 100 * IO,
        "collateral": held - 100 * IO,
        "stake": 100 * IO,
        "unbonding_shares": 100 * IO,
        "matures_at": at + 14 * DAY,
        "at": at,
    }
    pool = actor_of(shared, node)
    assert (pool.collateral, pool.stake, pool.shares, pool.unbonding_shares) == (
        held - 100 * IO,
        100 * IO,
        0,
        100 * IO,
    )
    shared.chain.warp(seconds=14 * DAY - 1)
    with shared.chain.refuses("NotMatured"):
        withdraw(shared, node, owner, id=3)
    shared.chain.warp(seconds=1)
    withdraw(shared, node, owner, id=3)
    assert shared.chain.balance(shared.io(owner)) == wallet + 100 * IO
    assert (actor_of(shared, node).stake, actor_of(shared, node).unbonding_shares) == (0, 0)


def test_only_the_authority_takes_collateral_out(shared: World) -> None:
    """A stranger asks for nothing, the authority for what is there."""
    owner, node = shared.node()
    held, thief = actor_of(shared, node).collateral, shared.person()
    with shared.chain.refuses("NotAuthority"):
        asking = staking.withdraw_collateral(authority=thief.pubkey(), actor=node, amount=1, id=1)
        shared.chain.send([asking], thief)
    with shared.chain.refuses("AmountZero"):
        withdraw_collateral(shared, (owner, node), 0)
    for amount in (held + 1, U64_MAX):
        with shared.chain.refuses("AmountAboveValue"):
            withdraw_collateral(shared, (owner, node), amount)
    withdraw_collateral(shared, (owner, node), held)
    assert actor_of(shared, node).collateral == 0


def test_a_ticket_that_could_not_mature_is_refused(shared: World) -> None:
    """Sums that do not fit are refused before anything moves."""
    owner, node = pooled(shared)
    staker = delegator(shared, node, IO)
    shared.chain.forge(Actor, node, "unbonding_shares", U64_MAX)
    with shared.chain.refuses("Overflow"):
        undelegate(shared, node, staker, 1)
    with shared.chain.refuses("Overflow"):
        withdraw_collateral(shared, (owner, node), 1)
