"""What changes at the start of an epoch: an actor's election, the parameters of staking; and what a pause stops."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from client import addresses, state
from client.economics import IO
from client.instructions import pools, staking
from client.network import STAKING
from client.state import Election
from tests.programs.staking_steps import (
    DAY,
    HOUR,
    PAUSE_STAKING,
    Owned,
    actor_of,
    appeal,
    claim,
    close,
    decide,
    delegate,
    delegator,
    dismiss,
    execute,
    next_epoch,
    pause,
    pooled,
    propose,
    reward,
    slash_of,
    undelegate,
    withdraw,
    withdraw_collateral,
)
from tests.programs.staking_steps import shared as shared  # a fixture
from tests.programs.world import World

MAX_SECONDS = 90 * DAY


def elect(world: World, owned: Owned, dollar_share_bp: int, commission_bp: int) -> str:
    owner, actor = owned
    election = Election(dollar_share_bp, commission_bp)
    electing = staking.elect(authority=owner.pubkey(), actor=actor, election=election)
    return world.chain.send([electing], owner)


# --- elections ---


def test_an_election_counts_from_the_next_epoch(shared: World) -> None:
    """What counted goes on to the last second of the running epoch."""
    owner, node = shared.node(dollar_share_bp=6_000)
    (event,) = shared.chain.events(elect(shared, (owner, node), 3_000, 300))
    now = shared.chain.now()
    found, start = actor_of(shared, node), next_epoch(now)
    assert found.next_election_at == start
    assert found.election_at(start - 1) == Election(6_000, 200)
    assert found.election_at(start) == Election(3_000, 300)
    election = event.fields.pop("election")
    assert (election.dollar_share_bp, election.commission_bp) == (3_000, 300)
    assert (event.name, event.fields) == ("Elected", {"actor": node, "from": start, "at": now})


def test_a_second_election_replaces_the_first(shared: World) -> None:
    """Until the epoch begins, the last choice is the one that will count, and the running one stays."""
    owned = shared.node(dollar_share_bp=6_000)
    elect(shared, owned, 3_000, 300)
    elect(shared, owned, 9_000, 100)
    found, start = actor_of(shared, owned[1]), next_epoch(shared.chain.now())
    assert found.election_at(start - 1) == Election(6_000, 200)
    assert found.election_at(start) == Election(9_000, 100)


def test_an_election_in_force_stays_until_the_next(shared: World) -> None:
    """In the first second of an epoch its election is in force, and a new one waits for the next epoch."""
    owned = shared.node(dollar_share_bp=6_000)
    elect(shared, owned, 3_000, 300)
    start = next_epoch(shared.chain.now())
    shared.chain.warp(timestamp=start)
    elect(shared, owned, 9_000, 100)
    found = actor_of(shared, owned[1])
    assert found.election_at(start) == found.election == Election(3_000, 300)
    assert found.next_election_at == start + HOUR
    assert found.election_at(start + HOUR) == Election(9_000, 100)


def test_a_user_elects_a_commission(shared: World) -> None:
    """A user takes no dollars: its stakers' part is all that it chooses."""
    owned = shared.user()
    elect(shared, owned, 0, 300)
    assert actor_of(shared, owned[1]).next_election == Election(0, 300)
    with shared.chain.refuses("DollarShareOutOfRange"):
        elect(shared, owned, 3_000, 300)


@pytest.mark.parametrize(
    ("dollar_share_bp", "commission_bp", "error"),
    [
        (2_999, 100, "DollarShareOutOfRange"),
        (9_001, 100, "DollarShareOutOfRange"),
        (3_000, 99, "CommissionOutOfRange"),
        (9_000, 301, "CommissionOutOfRange"),
    ],
)
def test_an_election_is_in_its_ranges(shared: World, dollar_share_bp: int, commission_bp: int, error: str) -> None:
    """As at the registration."""
    owned = shared.node()
    with shared.chain.refuses(error):
        elect(shared, owned, dollar_share_bp, commission_bp)


def test_only_the_authority_elects(shared: World) -> None:
    """A stranger chooses nothing."""
    _, node = shared.node()
    with shared.chain.refuses("NotAuthority"):
        elect(shared, (shared.person(), node), 3_000, 100)


# --- parameters ---


def set_parameters(world: World, parameters: state.StakingParameters) -> str:
    setting = staking.set_parameters(admin=world.admin.pubkey(), parameters=parameters)
    return world.chain.send([setting], world.admin)


def test_parameters_change_after_the_delay(world: World) -> None:
    """At the start of an epoch, two days from now or later; tickets until then mature as before."""
    owner, node = pooled(world)
    staker = delegator(world, node, 10)
    changed = replace(STAKING, delegator_unbonding_seconds=7, owner_unbonding_seconds=5)
    (event,) = world.chain.events(set_parameters(world, changed))
    registry = world.chain.account(state.Registry, addresses.registry())
    start = next_epoch(world.chain.now() + 2 * DAY - 1)
    assert (registry.parameters, registry.next_parameters) == (STAKING, changed)
    assert registry.next_parameters_at == event.fields["from"] == start
    assert event.name == "StakingParametersSet"
    world.chain.warp(timestamp=start - 1)
    undelegate(world, node, staker, 1, id=1)
    world.chain.warp(timestamp=start)
    undelegate(world, node, staker, 1, id=2)
    withdraw_collateral(world, (owner, node), 1)
    world.chain.warp(seconds=5)
    withdraw(world, node, owner)
    with world.chain.refuses("NotMatured"):
        withdraw(world, node, staker, id=2)
    world.chain.warp(seconds=2)
    withdraw(world, node, staker, id=2)
    with world.chain.refuses("NotMatured"):
        withdraw(world, node, staker, id=1)


def test_a_slash_keeps_the_bond_it_was_appealed_with(world: World) -> None:
    """Another bond counts for later appeals, not for the one that is locked."""
    first, second = pooled(world), pooled(world)
    set_parameters(world, replace(STAKING, appeal_bond=5))
    propose(world, first[1])
    appeal(world, first)
    world.chain.warp(seconds=2 * DAY + HOUR)
    propose(world, second[1])
    appeal(world, second)
    assert [slash_of(world, owned[1]).bond for owned in (first, second)] == [STAKING.appeal_bond, 5]


@pytest.mark.parametrize(
    "field", ["owner_unbonding_seconds", "delegator_unbonding_seconds", "appeal_seconds", "decision_seconds"]
)
def test_parameters_are_in_their_ranges(shared: World, field: str) -> None:
    """Nobody's stake is held for longer than 90 days."""
    with shared.chain.refuses("ParameterOutOfRange"):
        set_parameters(shared, replace(STAKING, **{field: MAX_SECONDS + 1}))


def test_only_the_admin_sets_parameters(shared: World) -> None:
    """A stranger changes nothing."""
    stranger = shared.person()
    with shared.chain.refuses("NotAdmin"):
        setting = staking.set_parameters(admin=stranger.pubkey(), parameters=STAKING)
        shared.chain.send([setting], stranger)


# --- pause ---


def test_a_pause_stops_what_comes_in_and_lets_out(world: World) -> None:
    """Registering, opening, depositing, delegating, electing, proposing and executing wait; all else goes on."""
    owner, node = owned = pooled(world)
    accused, appealed, lapsed = pooled(world), pooled(world), pooled(world)
    staker, leaving = delegator(world, node, 10 * IO), delegator(world, node, 5)
    undelegate(world, node, leaving, 5)
    world.chain.warp(seconds=21 * DAY)
    for one in (accused, appealed, lapsed):
        propose(world, one[1])
    appeal(world, appealed)
    appeal(world, lapsed)
    stranger = world.person(io=IO)
    payer, source = stranger.pubkey(), world.io(stranger)
    (_, closed), (_, bare) = world.node(), world.node(collateral=False)
    reward(world, node, IO)
    pause(world, PAUSE_STAKING)

    stopped: list[Callable[[], object]] = [
        lambda: world.node(),
        lambda: world.user(),
        lambda: world.chain.send([pools.open_pool(payer=payer, actor=closed, io_mint=world.io_mint)], stranger),
        lambda: world.chain.send([pools.open_delegation(payer=payer, actor=node, owner=payer)], stranger),
        lambda: world.chain.send(
            [staking.deposit_collateral(depositor=payer, actor=bare, source=source, amount=1)], stranger
        ),
        lambda: delegate(world, node, staker, 1),
        lambda: elect(world, owned, 3_000, 100),
        lambda: propose(world, node),
    ]
    for step in stopped:
        with world.chain.refuses("Paused"):
            step()
    undelegate(world, node, staker, IO)
    withdraw_collateral(world, owned, IO)
    withdraw(world, node, leaving)
    claim(world, node, staker)
    close(world, node, leaving)
    appeal(world, accused)
    decide(world, accused[1], upheld=False)
    dismiss(world, accused)
    decide(world, appealed[1], upheld=True)
    with world.chain.refuses("Paused"):
        execute(world, appealed[1])
    world.chain.warp(seconds=7 * DAY)
    dismiss(world, lapsed)
    world.chain.warp(seconds=14 * DAY)
    withdraw(world, node, staker)
    withdraw(world, node, owner)

    pause(world, 0)
    execute(world, appealed[1])
    delegate(world, node, staker, 1)


def test_another_programs_pause_is_not_stakings(world: World) -> None:
    """All other bits leave staking as it is."""
    _, node = pooled(world)
    pause(world, 31 & ~PAUSE_STAKING)
    delegator(world, node, 1)
    assert actor_of(world, node).stake == 1
