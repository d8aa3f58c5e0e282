"""What the admin and the pauser may do to the emission: parameters from an epoch's start on, and a pause with exits."""

import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair

from client import addresses, economics, state
from client.economics import IO
from client.instructions import emission, oracle
from client.network import EMISSION, ORACLE
from client.state import PAUSE_BITS, EmissionParameters
from tests.programs.emission_steps import (
    HOUR,
    claiming,
    close,
    credit,
    earner,
    lock,
    locking,
    schedule,
    withdrawing,
)
from tests.programs.emission_steps import world as world  # a fixture
from tests.programs.world import GENESIS, World

DELAY_HOURS = ORACLE.delay_seconds // HOUR


def setting(world: World, parameters: EmissionParameters, admin: Keypair | None = None) -> Instruction:
    return emission.set_parameters(admin=(admin or world.admin).pubkey(), parameters=parameters)


def pause(world: World, program: str | None) -> None:
    bits = PAUSE_BITS[program] if program else 0
    world.chain.send([oracle.set_paused(by=world.admin.pubkey(), paused=bits)], world.admin)


# --- parameters ---


def test_parameters_wait_for_an_epochs_start(world: World) -> None:
    """A change counts from the first epoch after the delay on, not a second earlier."""
    world.chain.warp(seconds=1)
    changed = EmissionParameters(lock_seconds=60, availability_bp=2_500, affiliate_bp=0)
    (event,) = world.chain.events(world.chain.send([setting(world, changed)], world.admin))
    from_ = GENESIS + (DELAY_HOURS + 1) * HOUR
    assert event.name == "EmissionParametersSet"
    assert event.fields["from"] == from_
    found = schedule(world)
    assert (found.parameters, found.next_parameters, found.next_parameters_at) == (EMISSION, changed, from_)

    node = world.node()
    credit(world, node, base=1, bonus=1)
    close(world, 1)
    world.chain.warp(timestamp=from_ - 1)
    vesting = world.chain.account(state.Vesting, lock(world, node))
    assert vesting.end - vesting.start == EMISSION.lock_seconds
    credit(world, node, base=1, bonus=1)
    close(world, DELAY_HOURS + 1)
    vesting = world.chain.account(state.Vesting, lock(world, node))
    assert vesting.end - vesting.start == 60


def test_only_the_admin_sets_parameters(world: World) -> None:
    """A stranger is refused, and the admin outside the ranges."""
    stranger = world.person()
    with world.chain.refuses("NotAdmin"):
        world.chain.send([setting(world, EMISSION, stranger)], stranger)
    for outside in (EmissionParameters(0, 0, 0), EmissionParameters(1, 10_001, 0), EmissionParameters(1, 0, 1_001)):
        with world.chain.refuses("ParameterOutOfRange"):
            world.chain.send([setting(world, outside)], world.admin)


@pytest.mark.parametrize("through", [DELAY_HOURS, DELAY_HOURS + 1, DELAY_HOURS + 9])
def test_missed_epochs_close_by_the_share_of_their_time(world: World, through: int) -> None:
    """Where the availability half changes within a range of missed epochs, each is split by its own share."""
    changed = EmissionParameters(EMISSION.lock_seconds, 2_500, EMISSION.affiliate_bp)
    world.chain.send([setting(world, changed)], world.admin)
    first_changed = DELAY_HOURS + 1
    close(world, 1)
    world.end_of(through)
    world.finalize(through)
    (event,) = world.chain.events(world.close(through))
    halves = economics.halves_across(1, through, 5_000, first_changed, 2_500)
    before = economics.epoch_halves(economics.emission(1, min(through, DELAY_HOURS)), 5_000)
    after = economics.epoch_halves(economics.emission(min(through, DELAY_HOURS), through), 2_500)
    assert (event.fields["first"], event.fields["last"]) == (2, through)
    assert event.fields["availability"] == halves.availability == before.availability + after.availability
    assert event.fields["compute"] == halves.compute
    found = schedule(world)
    assert found.emitted == economics.cumulative(through)
    # Nobody has points or coupons: all of it waits.
    assert (found.carry_availability + found.carry_compute) >> 64 == economics.cumulative(through)


def test_a_late_close_across_a_change_is_cheap(world: World) -> None:
    """Below 5,000 compute units where the schedule is dearest: at epochs with many bits, with a change between them."""
    first, changed, last = 131_000, 131_055, 131_071
    forged = {"closed_epoch": (first, 4), "final_epoch": (first, 4), "emitted": (economics.cumulative(first), 8)}
    forged["next_parameters_at"] = (GENESIS + (changed - 1) * HOUR, 8)
    for field, (value, size) in forged.items():
        world.chain.forge(state.Emission, addresses.emission(), field, value, size)
    world.chain.send([emission.open_rates(payer=world.admin.pubkey(), epoch=first + 1)], world.admin)
    world.end_of(last)
    world.finalize(last)
    closed = world.close(last)
    (event,) = world.chain.events(closed)
    halves = economics.halves_across(first, last, 5_000, changed, 0)
    assert (event.fields["availability"], event.fields["compute"]) == (halves.availability, halves.compute)
    assert schedule(world).emitted == economics.cumulative(last)
    assert world.chain.units(closed) - 300 < 5_000


def test_a_second_change_takes_the_place_of_the_first(world: World) -> None:
    """A change that waits is replaced by the next; one in force becomes the current."""
    one, two, three = (EmissionParameters(60, bp, 0) for bp in (1_000, 2_000, 3_000))
    world.chain.send([setting(world, one)], world.admin)
    world.chain.send([setting(world, two)], world.admin)
    assert (schedule(world).parameters, schedule(world).next_parameters) == (EMISSION, two)
    world.chain.warp(timestamp=schedule(world).next_parameters_at)
    close(world, DELAY_HOURS)
    world.chain.send([setting(world, three)], world.admin)
    assert (schedule(world).parameters, schedule(world).next_parameters) == (two, three)


def test_epochs_of_before_a_change_are_closed_before_the_next(world: World) -> None:
    """A late committee's epochs keep the parameters of their time: no further change takes their place."""
    one, two = (EmissionParameters(60, bp, 0) for bp in (1_000, 2_000))
    world.chain.send([setting(world, one)], world.admin)
    close(world, DELAY_HOURS - 1)
    world.chain.warp(timestamp=schedule(world).next_parameters_at)
    with world.chain.refuses("EpochsUnclosed"):
        world.chain.send([setting(world, two)], world.admin)
    world.finalize(DELAY_HOURS)
    (event,) = world.chain.events(world.close(DELAY_HOURS))
    share = economics.epoch_halves(economics.emission(DELAY_HOURS - 1, DELAY_HOURS), EMISSION.availability_bp)
    assert event.fields["availability"] == share.availability
    world.chain.send([setting(world, two)], world.admin)
    assert (schedule(world).parameters, schedule(world).next_parameters) == (one, two)


# --- pause ---


def test_a_paused_emission_makes_no_facts_and_pays_what_it_owes(world: World) -> None:
    """Paused, it refuses scores, closes and new locks; claims, bonuses, withdrawals and coupons go on."""
    node, depositor = world.node(), world.person(io=IO)
    owner, actor = node
    credit(world, node, base=1, bonus=1)
    close(world, 1, (actor, 1, 0))
    vesting = lock(world, node)
    credit(world, node, base=1, bonus=1)
    close(world, 2)
    world.end_of(3)
    members = world.committee[:2]
    signers = [member.pubkey() for member in members]
    locks = emission.lock_io(
        depositor=depositor.pubkey(),
        beneficiary=owner.pubkey(),
        id=0,
        source=world.io(depositor),
        amount=IO,
        start=0,
        end=1,
        step_seconds=1,
    )
    posts = emission.post_scores(signers=signers, epoch=3, scores=[(addresses.earner(actor), 2, 0)])
    finals = emission.finalize_scores(signers=signers, epoch=3, digest=bytes(32))
    closes = emission.close_epochs(first=3, through=3)

    pause(world, "emission")
    for instruction, by in ((posts, members), (finals, members), (locks, [depositor])):
        with world.chain.refuses("Paused"):
            world.chain.send([instruction], *by)
    pause(world, None)
    world.chain.send([posts], *members)
    world.chain.send([finals], *members)
    pause(world, "emission")
    with world.chain.refuses("Paused"):
        world.chain.send([closes], world.admin)

    credit(world, node, base=1)
    held = earner(world, node).coupon_epoch
    world.chain.send([claiming(world, node, epoch=held)], owner)
    world.chain.send([locking(world, node, closed_epoch=2, epoch=held)], owner)
    world.chain.send([withdrawing(world, owner, vesting)], owner)

    pause(world, "staking")
    world.chain.send([closes], world.admin)
    world.chain.send([locks], depositor)


def test_a_paused_emission_loses_nothing(world: World) -> None:
    """Epochs that end during a pause are closed after it, as one range."""
    pause(world, "emission")
    world.end_of(5)
    pause(world, None)
    world.finalize(5)
    world.close(5)
    assert schedule(world).emitted == economics.cumulative(5)
