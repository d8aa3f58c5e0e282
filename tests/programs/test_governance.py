"""Parameters of the five programs: changed by the admin, after a delay, at an epoch's start."""

from dataclasses import replace

import pytest

from client import parameters
from client.economics import USD
from client.idl import PROGRAMS, ProgramName
from client.network import BURN, EMISSION, ORACLE, STAKING, Parameters
from client.parameters import Values
from tests.programs.governance_steps import DELAY, HOUR, change, config, takes_effect
from tests.programs.world import GENESIS, TERMS, World, keypair, new_world

FIRST: dict[ProgramName, Values] = {
    "oracle": replace(ORACLE, freshness_seconds=300, max_change_bp=1_000),
    "staking": replace(STAKING, owner_unbonding_seconds=DELAY, appeal_bond=1),
    "emission": replace(EMISSION, lock_seconds=DELAY, affiliate_bp=200),
    "burn": replace(BURN, start_bp=0, end_bp=1, user_grant=USD),
    "escrow": replace(TERMS, router=keypair("another router").pubkey(), fee_bp=0, discount_bp=(0, 1, 2, 3)),
}
SECOND: dict[ProgramName, Values] = {
    "oracle": replace(ORACLE, freshness_seconds=301),
    "staking": replace(STAKING, owner_unbonding_seconds=DELAY + 1),
    "emission": replace(EMISSION, lock_seconds=DELAY + 1),
    "burn": replace(BURN, end_bp=2),
    "escrow": replace(TERMS, router=keypair("a third router").pubkey()),
}
OUT_OF_RANGE: dict[ProgramName, list[Values]] = {
    "oracle": [
        replace(ORACLE, delay_seconds=30 * 86_400 + 1),
        replace(ORACLE, freshness_seconds=0),
        replace(ORACLE, max_change_bp=0),
        replace(ORACLE, max_change_bp=10_001),
    ],
    "staking": [
        replace(STAKING, owner_unbonding_seconds=90 * 86_400 + 1),
        replace(STAKING, delegator_unbonding_seconds=90 * 86_400 + 1),
        replace(STAKING, appeal_seconds=90 * 86_400 + 1),
        replace(STAKING, decision_seconds=90 * 86_400 + 1),
    ],
    "emission": [
        replace(EMISSION, lock_seconds=0),
        replace(EMISSION, availability_bp=10_001),
        replace(EMISSION, affiliate_bp=1_001),
    ],
    "burn": [
        replace(BURN, start_bp=-5_001),
        replace(BURN, end_bp=5_001),
        replace(BURN, start_bp=201),
        replace(BURN, ramp_seconds=0),
    ],
    "escrow": [
        replace(TERMS, fee_bp=10_001),
        replace(TERMS, fee_burn_bp=10_001),
        replace(TERMS, affiliate_bp=10_001),
        replace(TERMS, max_bonus_bp=10_001),
    ],
}
EVENTS: dict[ProgramName, str] = {name: f"{name.title()}ParametersSet" for name in PROGRAMS}

programs = pytest.mark.parametrize("program", PROGRAMS)


@programs
def test_nobody_but_the_admin_changes_parameters(shared: World, program: ProgramName) -> None:
    """A member, the pauser, the router and a stranger are refused, and nothing waits."""
    before = config(shared, program)
    for other in (shared.committee[0], shared.pauser, shared.router, shared.person()):
        with shared.chain.refuses("NotAdmin"):
            change(shared, program, FIRST[program], by=other)
    assert config(shared, program) == before


@programs
def test_parameters_have_ranges(shared: World, program: ProgramName) -> None:
    """A value outside is refused with the whole change."""
    before = config(shared, program)
    for values in OUT_OF_RANGE[program]:
        with shared.chain.refuses("ParameterOutOfRange"):
            change(shared, program, values)
    assert config(shared, program) == before


@programs
def test_a_change_waits_for_its_delay_and_then_for_an_epochs_start(world: World, program: ProgramName) -> None:
    """It is told with its time, and in force from that second on."""
    world.chain.warp(timestamp=GENESIS + 1_234)
    start = GENESIS + (DELAY // HOUR + 1) * HOUR
    assert start == takes_effect(world)
    (event,) = world.chain.events(change(world, program, FIRST[program]))
    assert (event.program, event.name, event.fields["from"]) == (program, EVENTS[program], start)
    told = event.fields["parameters"]
    assert {name: getattr(told, name) for name in parameters.as_dict(FIRST[program])} == {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in parameters.as_dict(FIRST[program]).items()
    }
    found = config(world, program)
    assert (found.next_parameters, found.next_parameters_at) == (FIRST[program], start)
    before = initial(world, program)
    assert found.parameters == found.parameters_at(start - 1) == before
    assert found.parameters_at(start) == FIRST[program]


@programs
def test_a_second_change_replaces_one_that_waits(world: World, program: ProgramName) -> None:
    """The first is never in force, however late the second came; the second waits its own delay."""
    before = initial(world, program)
    first = takes_effect(world)
    change(world, program, FIRST[program])
    world.chain.warp(timestamp=first - 1)
    second = takes_effect(world)
    change(world, program, SECOND[program])
    found = config(world, program)
    assert second > first
    assert found.parameters_at(first) == found.parameters_at(second - 1) == before
    assert found.parameters_at(second) == SECOND[program]


@programs
def test_a_change_after_another_took_effect_keeps_that_one(world: World, program: ProgramName) -> None:
    """What is in force becomes the current, until the second takes its place."""
    first = takes_effect(world)
    change(world, program, FIRST[program])
    world.chain.warp(timestamp=first)
    second = takes_effect(world, FIRST["oracle"].delay_seconds if program == "oracle" else DELAY)  # type: ignore[union-attr]
    change(world, program, SECOND[program])
    found = config(world, program)
    assert found.parameters == found.parameters_at(first) == found.parameters_at(second - 1) == FIRST[program]
    assert found.parameters_at(second) == SECOND[program]


def initial(world: World, program: ProgramName) -> Values:
    """What the network was started with."""
    if program == "escrow":
        return replace(TERMS, router=world.router.pubkey())
    started: Values = getattr(Parameters(), program)
    return started


def test_the_delay_that_counts_is_the_one_in_force() -> None:
    """A shorter delay waits the longer one out; then it counts, for every program."""
    hour = Parameters(oracle=replace(ORACLE, delay_seconds=HOUR))
    with new_world(hour) as world:
        world.chain.warp(timestamp=GENESIS + 1)
        change(world, "oracle", replace(ORACLE, delay_seconds=0))
        assert config(world, "oracle").next_parameters_at == GENESIS + 2 * HOUR
        change(world, "burn", FIRST["burn"])
        assert config(world, "burn").next_parameters_at == GENESIS + 2 * HOUR
        world.chain.warp(timestamp=GENESIS + 2 * HOUR)
        for program in ("staking", "emission", "escrow"):
            change(world, program, FIRST[program])
            assert config(world, program).next_parameters_at == GENESIS + 2 * HOUR, "at this very start"
        world.chain.warp(seconds=1)
        change(world, "burn", SECOND["burn"])
        assert config(world, "burn").next_parameters_at == GENESIS + 3 * HOUR
        assert config(world, "burn").parameters == FIRST["burn"]
