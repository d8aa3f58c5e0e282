"""One hour of the network on the real programs: every base unit is where it belongs."""

from client import addresses, economics, state
from client.economics import IO, USD
from client.instructions import emission
from tests.programs.world import GENESIS, World


def test_an_hour_pays_everyone_and_loses_nothing(world: World) -> None:
    """Jobs are settled, scores posted, the epoch closed, claims made and IO burned; the sums are exact."""
    chain = world.chain
    affiliate = world.person()
    rich = world.node(hardware_class="H100", processors=8, dollar_share_bp=9_000)
    lean = world.node(processors=2, dollar_share_bp=3_000, affiliate=affiliate.pubkey())
    user = world.user()
    world.prices()
    jobs = [
        (world.open_job(user, id=1, hardware_class="H100", processors=8), rich),
        (world.open_job(user, id=2, processors=2), lean),
    ]
    for job, (_, actor) in jobs:
        world.start_job(job, actor)
    world.end_of(1)
    for job, node in jobs:
        world.report_job(node, job)
        world.settle_job(job, node)

    deposits = economics.deposit(20_000_000, 2), economics.deposit(800_000, 2)
    gross = [deposit // 2 for deposit in deposits]
    paid = [
        economics.settle(economics.SettleInput(g, 500, 0, 5_000, share, 5_000))
        for g, share in zip(gross, (9_000, 3_000), strict=True)
    ]
    for (job, (owner, actor)), deposit, g, p in zip(jobs, deposits, gross, paid, strict=True):
        assert chain.balance(world.usd(owner)) == p.dollars
        assert chain.balance(addresses.job_vault(job)) == deposit - g
        earner = chain.account(state.Earner, addresses.earner(actor))
        assert (earner.coupons_base, earner.coupons_bonus) == (p.coupons_base, p.coupons_bonus)
    assert chain.balance(addresses.burn_vault()) == sum(p.burn + p.fee_burn for p in paid)
    assert chain.balance(addresses.incentives_vault()) == sum(p.fee_incentives for p in paid)

    world.post_scores(1, (rich[1], 8_000, 100), (lean[1], 250, 50))
    world.finalize(1)
    world.close(1)
    schedule = chain.account(state.Emission, addresses.emission())
    assert schedule.closed_epoch == 1
    assert schedule.total_points == 8_250

    world.claim(rich)
    world.claim(lean, affiliate=affiliate.pubkey())
    owner, actor = lean
    claimed = chain.balance(world.io(affiliate)), chain.balance(world.io(owner)) - 1_000_000 * IO + 500 * IO
    assert claimed[0] == economics.bps_floor(sum(claimed), 100)
    locking = emission.lock_bonus(
        payer=owner.pubkey(),
        actor=actor,
        coupon_epoch=0,
        closed_epoch=1,
        io_mint=world.io_mint,
        affiliate_io=world.io(affiliate),
    )
    chain.send([locking], owner)
    vesting = chain.account(state.Vesting, addresses.vesting(addresses.earner(actor), 1))
    schedule = chain.account(state.Emission, addresses.emission())
    earners = [chain.account(state.Earner, addresses.earner(node[1])) for node in (rich, lean)]

    # What was minted, locked, left as fractions and carried over is the epoch's emission, to the last bit.
    emitted = economics.cumulative(1)
    held = sum(e.liquid + e.bonus for e in earners) + schedule.carry_availability + schedule.carry_compute
    assert ((schedule.minted + vesting.total) << 64) + held == emitted << 64
    assert chain.supply(world.io_mint) == economics.GENESIS_SUPPLY + schedule.minted
    part = chain.balance(world.io(affiliate)) - claimed[0]
    assert part == economics.bps_floor(part + vesting.total, 100)

    world.prices()
    seller = world.person(io=1_000 * IO)
    before = chain.supply(world.io_mint), chain.balance(addresses.burn_vault())
    world.sell_io(seller, 10 * IO)
    auction = chain.account(state.Auction, addresses.auction())
    assert chain.supply(world.io_mint) == before[0] - auction.burned_io
    assert chain.balance(addresses.burn_vault()) == before[1] - auction.paid_usd
    # An hour after the start the premium is at its top: 0.20 USD and 2%.
    assert (auction.burned_io, auction.paid_usd) == (10 * IO, 2_040_000)

    chain.warp(timestamp=GENESIS + 2 * 3_600 + 60)
    for job, node in jobs:
        world.report_job(node, job)
        world.settle_job(job, node)
        world.finish_job(job, user, caller=world.admin)
        assert not chain.exists(addresses.job_vault(job))
    assert chain.balance(world.usd(user[0])) == 1_000_000 * USD - sum(deposits)
