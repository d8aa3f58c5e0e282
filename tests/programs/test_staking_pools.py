"""Pools: opening one, delegating to it, closing a delegation, and what slashing leaves of a position."""

import pytest

from client import addresses, economics
from client.economics import IO
from client.instructions import pools, staking
from tests.programs.chain import swapped
from tests.programs.staking_steps import (
    DAY,
    FRAUD,
    HALF,
    actor_of,
    close,
    delegate,
    delegation_of,
    delegator,
    pooled,
    slashed,
    undelegate,
    value_of,
    vault,
    withdraw,
    withdraw_collateral,
)
from tests.programs.staking_steps import shared as shared  # a fixture
from tests.programs.world import U64_MAX, World

U32_MAX = 2**32 - 1


# --- opening ---


def test_a_pool_has_an_account_for_its_rewards(shared: World) -> None:
    """Anyone opens a pool; its rewards arrive at an account that the actor's address alone can spend."""
    _, node = shared.node()
    stranger = shared.person()
    opening = pools.open_pool(payer=stranger.pubkey(), actor=node, io_mint=shared.io_mint)
    (event,) = shared.chain.events(shared.chain.send([opening], stranger))
    rewards = addresses.rewards(node)
    assert actor_of(shared, node).rewards == rewards
    assert shared.chain.balance(rewards) == 0
    assert (event.name, event.fields["actor"], event.fields["rewards"]) == ("PoolOpened", node, rewards)


def test_a_user_has_a_pool(shared: World) -> None:
    """Stakers stand behind users as behind nodes."""
    owner, user = shared.user()
    shared.chain.send([pools.open_pool(payer=owner.pubkey(), actor=user, io_mint=shared.io_mint)], owner)
    delegator(shared, user, 7)
    assert (actor_of(shared, user).shares, actor_of(shared, user).stake) == (7, 7)


def test_a_pool_is_opened_once(shared: World) -> None:
    """A second opening is refused: what stakers have earned stays."""
    owner, node = pooled(shared)
    with shared.chain.refuses("AccountAlreadyInUse"):
        shared.chain.send([pools.open_pool(payer=owner.pubkey(), actor=node, io_mint=shared.io_mint)], owner)


def test_rewards_are_io(shared: World) -> None:
    """A pool's rewards are of no other mint."""
    owner, node = shared.node()
    with shared.chain.refuses("ConstraintAddress"):
        shared.chain.send([pools.open_pool(payer=owner.pubkey(), actor=node, io_mint=shared.usd_mint)], owner)


def test_nobody_delegates_before_the_pool_is_open(shared: World) -> None:
    """A delegation to an actor whose stakers could not be paid is not made."""
    _, node = shared.node()
    owner = shared.person()
    with shared.chain.refuses("PoolNotOpen"):
        opening = pools.open_delegation(payer=owner.pubkey(), actor=node, owner=owner.pubkey())
        shared.chain.send([opening], owner)


def test_anyone_pays_for_a_delegation(shared: World) -> None:
    """A delegation can be opened for someone else, once; it is the owner's."""
    _, node = pooled(shared)
    owner, friend = shared.person(io=IO), shared.person()
    opening = pools.open_delegation(payer=friend.pubkey(), actor=node, owner=owner.pubkey())
    shared.chain.send([opening], friend)
    delegate(shared, node, owner, IO)
    assert delegation_of(shared, node, owner).owner == owner.pubkey()
    with shared.chain.refuses("AccountAlreadyInUse"):
        shared.chain.send([opening], friend)


# --- delegating ---


def test_delegating_moves_io_to_the_vault(shared: World) -> None:
    """What is delegated leaves the wallet, stands behind the actor and earns from now on."""
    _, node = pooled(shared)
    owner = delegator(shared, node, io=10 * IO)
    before = vault(shared)
    delegate(shared, node, owner, 3 * IO)
    signature = delegate(shared, node, owner, 4 * IO + 1)
    assert shared.chain.balance(shared.io(owner)) == 3 * IO - 1
    assert vault(shared) == before + 7 * IO + 1
    found, pool = delegation_of(shared, node, owner), actor_of(shared, node)
    assert (found.shares, found.actor) == (7 * IO + 1, node)
    assert (pool.shares, pool.stake, pool.unbonding_shares) == (7 * IO + 1, 7 * IO + 1, 0)
    (event,) = shared.chain.events(signature)
    assert event.name == "Delegated"
    assert event.fields == {
        "actor": node,
        "owner": owner.pubkey(),
        "amount": 4 * IO + 1,
        "rewards": 0,
        "delegation_shares": 7 * IO + 1,
        "shares": 7 * IO + 1,
        "stake": 7 * IO + 1,
        "at": shared.chain.now(),
    }


@pytest.mark.parametrize("amount", [0, U64_MAX])
def test_an_amount_to_delegate_is_there(shared: World, amount: int) -> None:
    """Nothing is refused as such; more than the wallet has by the token program, or before where it does not fit."""
    _, node = pooled(shared)
    owner = delegator(shared, node, IO)
    with shared.chain.refuses("AmountZero" if amount == 0 else "Overflow"):
        delegate(shared, node, owner, amount)
    if amount:
        with shared.chain.refuses("InsufficientFunds"):
            delegate(shared, node, owner, amount - IO)
    assert delegation_of(shared, node, owner).shares == IO


def test_only_the_owner_delegates_and_undelegates(shared: World) -> None:
    """Nobody moves stake in or out of another's delegation."""
    _, node = pooled(shared)
    owner, thief = delegator(shared, node, IO), delegator(shared, node, IO)
    own, others = addresses.delegation(node, thief.pubkey()), addresses.delegation(node, owner.pubkey())
    for instruction in (
        pools.delegate(owner=thief.pubkey(), actor=node, source=shared.io(thief), amount=1),
        pools.undelegate(owner=thief.pubkey(), actor=node, amount=1, id=1),
        pools.close_delegation(owner=thief.pubkey(), actor=node),
    ):
        with shared.chain.refuses("NotOwner"):
            shared.chain.send([swapped(instruction, own, others)], thief)


def test_a_delegation_is_of_its_actor(shared: World) -> None:
    """What stands behind one actor is not moved, claimed or closed as if behind another."""
    (_, node), (_, other) = pooled(shared), pooled(shared)
    owner = delegator(shared, node, IO)
    own, others = addresses.delegation(other, owner.pubkey()), addresses.delegation(node, owner.pubkey())
    for instruction in (
        pools.delegate(owner=owner.pubkey(), actor=other, source=shared.io(owner), amount=1),
        pools.undelegate(owner=owner.pubkey(), actor=other, amount=1, id=1),
        pools.claim_rewards(owner=owner.pubkey(), actor=other, destination=shared.io(owner)),
        pools.close_delegation(owner=owner.pubkey(), actor=other),
    ):
        with shared.chain.refuses("ActorMismatch"):
            shared.chain.send([swapped(instruction, own, others)], owner)


def test_rewards_are_counted_where_they_are(shared: World) -> None:
    """Another actor's rewards, however large, count for no delegation here."""
    (_, node), (_, other) = pooled(shared), pooled(shared)
    owner = delegator(shared, node, IO)
    delegating = pools.delegate(owner=owner.pubkey(), actor=node, source=shared.io(owner), amount=1)
    with shared.chain.refuses("ConstraintAddress"):
        shared.chain.send([swapped(delegating, addresses.rewards(node), addresses.rewards(other))], owner)


def test_stake_goes_to_the_vault(shared: World) -> None:
    """A delegator cannot name an account of its own as the vault, nor the vault as its own."""
    _, node = pooled(shared)
    owner, other = delegator(shared, node), shared.person(usd=1)
    delegating = pools.delegate(owner=owner.pubkey(), actor=node, source=shared.io(owner), amount=1)
    with shared.chain.refuses("InvalidSeeds"):
        shared.chain.send([swapped(delegating, addresses.stake_vault(), shared.io(other))], owner)
    with shared.chain.refuses("ConstraintDuplicateMutableAccount"):
        shared.chain.send([swapped(delegating, shared.io(owner), addresses.stake_vault())], owner)
    with shared.chain.refuses("MintMismatch"):
        shared.chain.send([swapped(delegating, shared.io(owner), shared.usd(other))], owner)


# --- closing ---


def test_a_delegation_is_closed_when_it_is_empty(shared: World) -> None:
    """The owner gets the rent, whoever paid it; not while it is worth something."""
    _, node = pooled(shared)
    owner = delegator(shared, node, 5)
    with shared.chain.refuses("DelegationNotEmpty"):
        close(shared, node, owner)
    undelegate(shared, node, owner, 4)
    with shared.chain.refuses("DelegationNotEmpty"):
        close(shared, node, owner)
    undelegate(shared, node, owner, 1, id=2)
    address = addresses.delegation(node, owner.pubkey())
    gained = shared.chain.lamports(address) - 5_000
    before = shared.chain.lamports(owner.pubkey())
    close(shared, node, owner)
    # The fee of the signature, and a priority fee of less than as much.
    assert gained - 5_000 < shared.chain.lamports(owner.pubkey()) - before <= gained
    assert not shared.chain.exists(address)


def test_a_delegation_that_slashing_made_worthless_is_closed(shared: World) -> None:
    """Shares that are worth nothing cannot be undelegated, and go with the delegation."""
    _, node = pooled(shared)
    owner, other = delegator(shared, node, 5), delegator(shared, node, 7)
    slashed(shared, node, FRAUD)
    assert value_of(shared, node, owner) == 0
    with shared.chain.refuses("AmountAboveValue"):
        undelegate(shared, node, owner, 1)
    close(shared, node, owner)
    assert actor_of(shared, node).shares == delegation_of(shared, node, other).shares == 7


def test_a_closed_delegation_can_be_opened_anew(shared: World) -> None:
    """Closed and opened in one transaction, it begins with nothing."""
    _, node = pooled(shared)
    owner = delegator(shared, node, 5)
    undelegate(shared, node, owner, 5)
    closing = pools.close_delegation(owner=owner.pubkey(), actor=node)
    opening = pools.open_delegation(payer=owner.pubkey(), actor=node, owner=owner.pubkey())
    delegating = pools.delegate(owner=owner.pubkey(), actor=node, source=shared.io(owner), amount=2)
    shared.chain.send([closing, opening, delegating], owner)
    assert delegation_of(shared, node, owner).shares == actor_of(shared, node).shares == 2


# --- after a slash ---


def test_shares_are_bought_at_what_they_are_worth(shared: World) -> None:
    """Who delegates after a slash does not pay for it, and does not gain from it."""
    _, node = pooled(shared)
    before, after = delegator(shared, node, 1_000), delegator(shared, node)
    slashed(shared, node, HALF)
    delegate(shared, node, after, 1_000)
    assert (value_of(shared, node, before), value_of(shared, node, after)) == (500, 1_000)
    assert delegation_of(shared, node, after).shares == 2 * delegation_of(shared, node, before).shares
    assert actor_of(shared, node).stake == 1_500


def test_parts_are_worth_what_they_cost_together(shared: World) -> None:
    """The fraction that each purchase's shares are rounded up by does not add up to IO that nobody paid in."""
    _, node = pooled(shared)
    owner = delegator(shared, node)
    slashed(shared, node, 3)
    for paid in range(1, 11):
        delegate(shared, node, owner, 1)
        assert value_of(shared, node, owner) == actor_of(shared, node).stake == paid
    for id in range(10):
        undelegate(shared, node, owner, 1, id)
    shared.chain.warp(seconds=21 * DAY)
    for id in range(10):
        withdraw(shared, node, owner, id)
    assert shared.chain.balance(shared.io(owner)) == 1_000 * IO
    assert actor_of(shared, node).stake == 0


def test_dust_stays_in_the_pool_and_raises_nobody(shared: World) -> None:
    """What rounding leaves is nobody's: it stays in the stake, and the next slash burns it."""
    _, node = pooled(shared)
    first, second = delegator(shared, node, 1), delegator(shared, node, 1)
    slashed(shared, node, HALF)
    pool = actor_of(shared, node)
    assert (pool.shares, pool.stake) == (2, 1)
    assert value_of(shared, node, first) == value_of(shared, node, second) == 0
    close(shared, node, first)
    delegate(shared, node, second, 4)
    assert (value_of(shared, node, second), actor_of(shared, node).stake) == (4, 5)
    undelegate(shared, node, second, 4)
    shared.chain.warp(seconds=21 * DAY)
    withdraw(shared, node, second)
    pool = actor_of(shared, node)
    assert (pool.shares, pool.unbonding_shares, pool.stake) == (0, 0, 1)
    supply, collateral = shared.chain.supply(shared.io_mint), pool.collateral
    slashed(shared, node, 1)
    lost = economics.bps_ceil(collateral, 100)
    assert actor_of(shared, node).stake == 0
    assert shared.chain.supply(shared.io_mint) == supply - lost - 1
    assert actor_of(shared, node).collateral == collateral - lost


def test_a_pool_that_was_slashed_too_far_takes_nothing_in(shared: World) -> None:
    """Under 1/64 of what its shares were worth a pool and a collateral take no more IO; leaving has no such limit."""
    owner, node = pooled(shared)
    staker = delegator(shared, node, 64_000)
    for id in range(6):
        slashed(shared, node, HALF, id=id)
    delegate(shared, node, staker, 1_000)
    slashed(shared, node, 1)
    with shared.chain.refuses("PoolSlashed"):
        delegate(shared, node, staker, 1)
    depositing = staking.deposit_collateral(depositor=owner.pubkey(), actor=node, source=shared.io(owner), amount=1)
    with shared.chain.refuses("PoolSlashed"):
        shared.chain.send([depositing], owner)
    value, collateral = value_of(shared, node, staker), actor_of(shared, node).collateral
    assert value == 1_979
    undelegate(shared, node, staker, value)
    withdraw_collateral(shared, (owner, node), collateral)
    shared.chain.warp(seconds=21 * DAY)
    held = shared.chain.balance(shared.io(owner))
    withdraw(shared, node, owner)
    withdraw(shared, node, staker)
    assert shared.chain.balance(shared.io(owner)) == held + collateral
    assert (actor_of(shared, node).shares, actor_of(shared, node).unbonding_shares) == (0, 0)
