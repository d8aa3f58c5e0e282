"""What a pool's stakers earn: by their shares, from the moment they delegate to the moment they do not."""

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, state
from client.instructions import pools
from client.state import Actor
from tests.programs.chain import swapped
from tests.programs.staking_steps import (
    FRAUD,
    actor_of,
    claim,
    close,
    delegate,
    delegation_of,
    delegator,
    pooled,
    reward,
    slashed,
    undelegate,
)
from tests.programs.staking_steps import shared as shared  # a fixture
from tests.programs.world import U64_MAX, World

WHOLE = 1 << 64
PART = 1 << 27
"""A stake that divides 2^64: what it earns has no remainder that would wait for the next reward."""


def paid(world: World, node: Pubkey, owner: Keypair) -> int:
    """What a claim brings, IO base units."""
    before = world.chain.balance(world.io(owner))
    claim(world, node, owner)
    return world.chain.balance(world.io(owner)) - before


def test_rewards_go_by_shares(shared: World) -> None:
    """Whatever comes to the pool's account, here as a gift, is its stakers', by what each has delegated."""
    _, node = pooled(shared)
    small, large = delegator(shared, node, PART), delegator(shared, node, 3 * PART)
    reward(shared, node, 1_000)
    assert (paid(shared, node, small), paid(shared, node, large)) == (250, 750)
    assert shared.chain.balance(addresses.rewards(node)) == 0


def test_anyone_has_rewards_paid(shared: World) -> None:
    """A claim needs nobody's signature; the event says what was counted and what was paid."""
    _, node = pooled(shared)
    owner = delegator(shared, node, PART)
    delegator(shared, node, PART)
    reward(shared, node, 1_001)
    (event,) = shared.chain.events(claim(shared, node, owner))
    assert event.name == "RewardsClaimed"
    assert event.fields == {
        "actor": node,
        "owner": owner.pubkey(),
        "amount": 500,
        "rewards": 1_001,
        "counted_rewards": 501,
        "at": shared.chain.now(),
    }
    assert actor_of(shared, node).counted_rewards == 501


def test_rewards_are_paid_to_their_owner(shared: World) -> None:
    """Whoever sends a claim names no other wallet's account and no other mint."""
    _, node = pooled(shared)
    owner, thief = delegator(shared, node, PART), shared.person()
    reward(shared, node, 1_000)
    claiming = pools.claim_rewards(actor=node, owner=owner.pubkey(), destination=shared.io(owner))
    for error, other in (("InvalidAccountData", shared.io(thief)), ("MintMismatch", shared.usd(owner))):
        with shared.chain.refuses(error):
            shared.chain.send([swapped(claiming, shared.io(owner), other)], thief)


def test_nothing_is_claimed_twice(shared: World) -> None:
    """Without whole base units there is nothing to claim; fractions add up."""
    _, node = pooled(shared)
    owner = delegator(shared, node, 1)
    delegator(shared, node, 2)
    for _ in range(2):
        with shared.chain.refuses("NothingToClaim"):
            claim(shared, node, owner)
        reward(shared, node, 1)
    with shared.chain.refuses("NothingToClaim"):
        claim(shared, node, owner)
    reward(shared, node, 1)
    assert paid(shared, node, owner) == 1
    with shared.chain.refuses("NothingToClaim"):
        claim(shared, node, owner)


def test_nobody_earns_for_time_before_or_after(shared: World) -> None:
    """Rewards are divided over the shares there were when they came, not when they are claimed."""
    _, node = pooled(shared)
    first = delegator(shared, node, PART)
    reward(shared, node, 100)
    second = delegator(shared, node, PART)
    reward(shared, node, 100)
    undelegate(shared, node, first, PART)
    reward(shared, node, 100)
    assert (paid(shared, node, first), paid(shared, node, second)) == (150, 150)


def test_rewards_of_an_empty_pool_wait(shared: World) -> None:
    """What comes while there are no shares is nobody's; it goes with the next reward that finds some."""
    _, node = pooled(shared)
    owner = delegator(shared, node)
    reward(shared, node, 1_000)
    (event,) = shared.chain.events(delegate(shared, node, owner, PART))
    assert event.fields["rewards"] == 1_000
    pool = actor_of(shared, node)
    assert (pool.per_share, pool.carry, pool.counted_rewards) == (0, 1_000 * WHOLE, 1_000)
    with shared.chain.refuses("NothingToClaim"):
        claim(shared, node, owner)
    reward(shared, node, 1)
    assert paid(shared, node, owner) == 1_001


def test_slashing_takes_no_rewards(shared: World) -> None:
    """What was earned stays the stakers', however much of their stake is lost; shares go on as they were."""
    _, node = pooled(shared)
    owner, other = delegator(shared, node, PART), delegator(shared, node, 3 * PART)
    reward(shared, node, 400)
    slashed(shared, node, FRAUD)
    reward(shared, node, 400)
    assert (paid(shared, node, owner), paid(shared, node, other)) == (200, 600)


def test_fractions_go_back_to_the_pool(shared: World) -> None:
    """Who closes a delegation leaves what is less than a base unit to the others; a whole one keeps it open."""
    _, node = pooled(shared)
    owner, other = delegator(shared, node, 1), delegator(shared, node, 2)
    reward(shared, node, 4)
    undelegate(shared, node, owner, 1)
    with shared.chain.refuses("DelegationNotEmpty"):
        close(shared, node, owner)
    assert paid(shared, node, owner) == 1
    fraction = delegation_of(shared, node, owner).accrued
    assert 0 < fraction < WHOLE
    carry = actor_of(shared, node).carry
    (event,) = shared.chain.events(close(shared, node, owner))
    assert event.name == "DelegationClosed"
    assert (event.fields["rewards"], event.fields["shares"]) == (0, 2)
    assert actor_of(shared, node).carry == carry + fraction
    reward(shared, node, 1)
    # 4 + 1 came, 1 was paid: nothing is lost.
    assert paid(shared, node, other) == 4


def test_the_accumulator_wraps(shared: World) -> None:
    """Whoever gives to a pool and claims in turn until its accumulator overflows stops nobody, and takes nothing."""
    _, node = pooled(shared)
    shared.chain.forge(state.Actor, node, "per_share", (1 << 128) - 5, 16)
    owner, other = delegator(shared, node, PART), delegator(shared, node, 3 * PART)
    reward(shared, node, 100)
    undelegate(shared, node, other, PART)
    assert actor_of(shared, node).per_share < 1 << 64
    reward(shared, node, 300)
    assert (paid(shared, node, owner), paid(shared, node, other)) == (125, 275)


@pytest.mark.parametrize("field", ["counted_rewards", "shares"])
def test_accounts_that_could_not_be_are_refused(shared: World, field: str) -> None:
    """More counted than there is, or fewer shares than a delegation's, pays nobody."""
    _, node = pooled(shared)
    owner = delegator(shared, node, PART)
    shared.chain.forge(Actor, node, field, U64_MAX if field == "counted_rewards" else PART - 1)
    with shared.chain.refuses("Overflow"):
        delegate(shared, node, owner, 1)
