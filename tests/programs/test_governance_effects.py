"""A change of parameters is felt at its second, and not at the one before: once in each of the five programs."""

from dataclasses import replace

from client import addresses, state
from client.economics import IO, USD
from client.idl import ProgramName
from client.instructions import staking
from client.network import BURN, EMISSION, ORACLE, STAKING
from client.parameters import Values
from tests.programs import emission_steps
from tests.programs.emission_steps import COUPON_AUTHORITY
from tests.programs.governance_steps import HOUR, change, takes_effect
from tests.programs.oracle_steps import feed, feed_of, submit
from tests.programs.test_burn import auction, fill
from tests.programs.world import TERMS, World, new_world


def proposed(world: World, program: ProgramName, values: Values, *, before: int = 1) -> int:
    """Proposes the change and moves time to so many seconds before it; the second of its effect."""
    start = takes_effect(world)
    change(world, program, values)
    world.chain.warp(timestamp=start - before)
    return start


def test_prices_are_fresh_for_as_long_as_the_parameter_says(world: World) -> None:
    """Submissions of the second before are fresh for ten minutes; a second later all are for a minute only."""
    symbol = feed_of(world)
    start = proposed(world, "oracle", replace(ORACLE, freshness_seconds=60))
    for member in world.committee:
        submit(world, member, symbol, 1_000)
    assert feed(world, symbol).valid_until == start - 1 + 600
    world.chain.warp(timestamp=start)
    submit(world, world.committee[0], symbol, 1_000)
    assert feed(world, symbol).valid_until == start - 1 + 60


def test_prices_move_as_far_as_the_parameter_says(world: World) -> None:
    """A price that doubles goes a fifth of the way, and then a tenth of it, within the same minute."""
    symbol = feed_of(world)
    start = proposed(world, "oracle", replace(ORACLE, max_change_bp=1_000))
    for price in (1_000, 2_000):
        for member in world.committee:
            submit(world, member, symbol, price)
    assert feed(world, symbol).price_nano_usd == 1_200
    world.chain.warp(timestamp=start)
    submit(world, world.committee[0], symbol, 2_000)
    assert feed(world, symbol).price_nano_usd == 1_100


def test_collateral_unbonds_for_as_long_as_the_parameter_says(world: World) -> None:
    """Who asks a second before waits 14 days, who asks then waits one; and who asked before still waits as told."""
    owner, node = world.node()
    start = proposed(world, "staking", replace(STAKING, owner_unbonding_seconds=86_400))

    def ask(id: int) -> int:
        asking = staking.withdraw_collateral(authority=owner.pubkey(), actor=node, amount=1, id=id)
        world.chain.send([asking], owner)
        return matures(id)

    def matures(id: int) -> int:
        return world.chain.account(state.Ticket, addresses.ticket(node, owner.pubkey(), id)).matures_at

    assert ask(1) == start - 1 + STAKING.owner_unbonding_seconds
    world.chain.warp(timestamp=start)
    assert ask(2) == start + 86_400
    assert matures(1) == start - 1 + STAKING.owner_unbonding_seconds


def test_bonus_locks_for_as_long_as_the_parameter_says() -> None:
    """What is locked a second before vests over 180 days, what is locked then over one."""
    with new_world(coupon_authority=COUPON_AUTHORITY) as world:
        early, late = world.node(), world.node()
        for node in (early, late):
            emission_steps.credit(world, node, base=1, bonus=1)
        emission_steps.close(world, 1)
        start = proposed(world, "emission", replace(EMISSION, lock_seconds=86_400))

        def lock(node: emission_steps.Node) -> int:
            vesting = world.chain.account(state.Vesting, emission_steps.lock(world, node))
            return vesting.end - vesting.start

        assert lock(early) == EMISSION.lock_seconds
        world.chain.warp(timestamp=start)
        assert lock(late) == 86_400


def test_the_premium_is_what_the_parameter_says(world: World) -> None:
    """Dollars that have waited are sold at 2%, and a second later at half."""
    fill(world, 1_000 * USD)
    seller = world.person(io=10 * IO)
    start = proposed(world, "burn", replace(BURN, start_bp=-5_000, end_bp=-5_000))
    world.prices()
    (sold,) = world.chain.events(world.sell_io(seller, IO))
    assert (sold.fields["premium_bp"], sold.fields["at"]) == (200, start - 1)
    world.chain.warp(timestamp=start)
    (sold,) = world.chain.events(world.sell_io(seller, IO))
    assert (sold.fields["premium_bp"], sold.fields["at"]) == (-5_000, start)
    assert auction(world).parameters_at(start).start_bp == -5_000


def test_the_fee_is_what_the_parameter_says(world: World) -> None:
    """Work settled a second before pays 5%, work settled then pays nothing, though it is of the same job."""
    node, user = world.node(), world.user()
    without_fee = replace(TERMS, router=world.router.pubkey(), fee_bp=0)
    start = proposed(world, "escrow", without_fee, before=HOUR + 1)
    world.prices()
    job = world.open_job(user, processors=1, hours=2)
    world.start_job(job, node[1])

    def fee() -> tuple[int, int]:
        world.report_job(node, job)
        events = world.chain.events(world.settle_job(job, node))
        (settled,) = (event for event in events if event.name == "JobSettled")
        parts = ("fee_affiliate", "fee_burn", "fee_incentives")
        return settled.fields["gross"], sum(settled.fields[part] for part in parts)

    world.chain.warp(timestamp=start - 1)
    gross, paid = fee()
    assert paid == gross * TERMS.fee_bp // 10_000 > 0
    world.chain.warp(timestamp=start)
    gross, paid = fee()
    assert (gross > 0, paid) == (True, 0)
