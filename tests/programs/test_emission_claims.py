"""The hourly emission: what is earned and when, and that no more is claimed, locked and minted than that."""

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, economics, state
from client.network import EMISSION
from tests.programs.chain import swapped
from tests.programs.emission_steps import (
    Paid,
    claimed,
    claiming,
    close,
    credit,
    earner,
    lock,
    locking,
    schedule,
    withdrawing,
)
from tests.programs.emission_steps import paid as paid  # a fixture
from tests.programs.emission_steps import world as world  # a fixture
from tests.programs.world import World

# --- what is earned, and when ---


def test_points_count_from_the_next_close_on(world: World) -> None:
    """New points share in the epoch they were posted for, not in those before, claimed or not."""
    first, second = world.node(), world.node()
    close(world, 1, (first[1], 1, 0))
    close(world, 2, (first[1], 1, 0), (second[1], 3, 0))
    shares = [economics.epoch_halves(economics.emission(e - 1, e), 5_000).availability for e in (1, 2)]
    accrued = [(claimed(world, node) << 64) + earner(world, node).liquid for node in (first, second)]
    per_point = (shares[1] << 64) // 4
    assert accrued == [(shares[0] << 64) + per_point, 3 * per_point]


def test_points_taken_away_take_nothing_earned(world: World) -> None:
    """Who has no points any more keeps what it earned with them."""
    first, second = world.node(), world.node()
    close(world, 1, (first[1], 1, 0))
    close(world, 2, (first[1], 0, 0), (second[1], 1, 0))
    shares = [economics.epoch_halves(economics.emission(e - 1, e), 5_000).availability for e in (1, 2)]
    assert [claimed(world, first), claimed(world, second)] == shares


def test_a_late_earner_gets_nothing_of_the_past(world: World) -> None:
    """An earner created after a close shares in what follows alone."""
    first = world.node()
    close(world, 1, (first[1], 1, 0))
    late = world.node()
    assert earner(world, late).snapshot == schedule(world).per_point
    with world.chain.refuses("NothingToClaim"):
        world.claim(late)
    close(world, 2, (late[1], 1, 0))
    share = economics.epoch_halves(economics.emission(1, 2), 5_000).availability
    assert claimed(world, late) == share // 2


def test_the_rhythm_of_claims_changes_nothing(world: World) -> None:
    """Of two equal earners, one claims every epoch and one at the end: they get the same, to the last bit."""
    often, once, third = (world.node() for _ in range(3))
    for epoch in range(1, 8):
        for node in (often, once):
            credit(world, node, base=1_001)
        credit(world, third, base=77)
        close(world, epoch, *((actor, points, 0) for (_, actor), points in ((often, 7), (once, 7), (third, 5))))
        world.claim(often)
    world.claim(once)
    balances = [world.chain.balance(world.io(node[0])) for node in (often, once)]
    accrued = [(b << 64) + earner(world, n).liquid for b, n in zip(balances, (often, once), strict=True)]
    assert accrued[0] == accrued[1]
    assert balances[0] == balances[1]


def test_the_order_of_claims_changes_nothing(world: World) -> None:
    """Whoever claims first gets no more for it."""
    nodes = [world.node() for _ in range(3)]
    for epoch in (1, 2):
        close(world, epoch, *((actor, 5, 0) for _, actor in nodes))
        got = [claimed(world, node) for node in (nodes if epoch == 1 else reversed(nodes))]
        assert max(got) - min(got) <= 0


def test_coupons_belong_to_the_open_epoch(world: World) -> None:
    """Coupons credited after an epoch's end and before its close share in that epoch; after it, in the next."""
    before, after = world.node(), world.node()
    world.end_of(1)
    (event,) = world.chain.events(credit(world, before, base=5, bonus=2))
    assert event.name == "CouponsCredited"
    assert event.fields == {"actor": before[1], "base": 5, "bonus": 2, "total_coupons": 7, "epoch": 1}
    world.finalize(1)
    credit(world, before, base=1)  # final are the scores: coupons may still come
    world.close(1)
    (event,) = world.chain.events(credit(world, after, base=4))
    assert (event.fields["epoch"], event.fields["total_coupons"]) == (2, 4)
    assert earner(world, before).coupon_epoch == 1
    share = economics.epoch_halves(economics.cumulative(1), 5_000).compute
    assert claimed(world, before) == (6 * ((share << 64) // 8)) >> 64


def test_coupons_of_an_epoch_add_up(world: World) -> None:
    """Settlements of one epoch add to one another; those of the next begin anew."""
    node = world.node()
    credit(world, node, base=5, bonus=1)
    credit(world, node, base=6, bonus=2)
    found = earner(world, node)
    assert (found.coupons_base, found.coupons_bonus, found.coupon_epoch) == (11, 3, 1)
    close(world, 1)
    credit(world, node, base=1)
    found = earner(world, node)
    assert (found.coupons_base, found.coupons_bonus, found.coupon_epoch) == (1, 0, 2)
    assert (found.liquid + found.bonus) >> 64 == economics.epoch_halves(economics.cumulative(1), 5_000).compute - 1


# --- claims ---


def test_anyone_claims_for_the_owner(paid: Paid) -> None:
    """A stranger's claim, and its lock of a bonus, pay the owner; neither can send them anywhere else."""
    world, node = paid.world, next(paid.nodes)
    owner, actor = node
    stranger = world.person()
    for account in (world.io(stranger), world.io(world.admin)):
        with world.chain.refuses("WrongOwner"):
            claim = swapped(claiming(world, node, epoch=1), world.io(owner), account)
            world.chain.send([claim], stranger)
    before = world.chain.balance(world.io(owner)), world.chain.balance(world.io(stranger))
    world.chain.send([claiming(world, node, epoch=1)], stranger)
    after = world.chain.balance(world.io(owner)), world.chain.balance(world.io(stranger))
    assert after == (before[0] + (paid.liquid >> 64), before[1])

    world.chain.send([locking(world, node, closed_epoch=1, payer=stranger)], stranger)
    vesting = world.chain.account(state.Vesting, addresses.vesting(addresses.earner(actor), 1))
    assert (vesting.beneficiary, vesting.total) == (owner.pubkey(), paid.bonus >> 64)


def test_without_earnings_there_is_nothing_to_claim(paid: Paid) -> None:
    """Who earned nothing yet is refused, and so is who holds coupons of the open epoch alone."""
    world = paid.world
    idle, busy = world.node(), world.node()
    credit(world, busy, base=1, bonus=1)
    for node in (idle, busy):
        for instruction in (claiming(world, node), locking(world, node, closed_epoch=1)):
            with world.chain.refuses("NothingToClaim"):
                world.chain.send([instruction], node[0])


def test_a_claim_is_paid_once(paid: Paid) -> None:
    """A claim pays all that was earned; a second one finds nothing."""
    node = next(paid.nodes)
    assert claimed(paid.world, node) == paid.liquid >> 64
    assert earner(paid.world, node).liquid == paid.liquid % (1 << 64)
    with paid.world.chain.refuses("NothingToClaim"):
        paid.world.claim(node)


def test_another_actors_earner_is_refused(paid: Paid) -> None:
    """An owner does not claim or lock from another's earner."""
    world, rich = paid.world, next(paid.nodes)
    poor = world.node()
    for instruction in (claiming(world, poor, epoch=1), locking(world, poor, closed_epoch=1, epoch=1)):
        with world.chain.refuses("InvalidSeeds"):
            theirs = swapped(instruction, addresses.earner(poor[1]), addresses.earner(rich[1]))
            world.chain.send([theirs], poor[0])


def test_a_claim_is_minted_in_io(paid: Paid) -> None:
    """Another mint, or an account of another mint, is refused."""
    world, node = paid.world, next(paid.nodes)
    claim = claiming(world, node, epoch=1)
    with world.chain.refuses("ConstraintAddress"):
        world.chain.send([swapped(claim, world.io_mint, world.usd_mint)], node[0])
    with world.chain.refuses("InvalidAccountData"):
        world.chain.send([swapped(claim, world.io(node[0]), world.usd(node[0]))], node[0])


def test_an_affiliate_is_paid_with_the_claim(paid: Paid) -> None:
    """The affiliate gets 1%, rounded down, the owner the rest."""
    world, (node, affiliate) = paid.world, next(paid.affiliated)
    before = world.chain.balance(world.io(node[0]))
    (event,) = world.chain.events(world.claim(node, affiliate=affiliate.pubkey()))
    accrued = paid.liquid >> 64
    share = economics.bps_floor(accrued, 100)
    assert world.chain.balance(world.io(affiliate)) == share
    assert world.chain.balance(world.io(node[0])) - before == accrued - share
    assert event.name == "Claimed"
    assert event.fields == {
        "actor": node[1],
        "owner": accrued - share,
        "affiliate": share,
        "stakers": 0,
        "closed_epoch": 1,
        "at": world.chain.now(),
    }


def test_an_affiliates_account_is_its_own(paid: Paid) -> None:
    """Without the affiliate's account, or with a stranger's, or one of dollars, a claim is refused."""
    world, (node, affiliate) = paid.world, next(paid.affiliated)
    with world.chain.refuses("AffiliateMissing"):
        world.claim(node)
    others = ((world.io(world.person()), "WrongOwner"), (world.usd(affiliate), "InvalidAccountData"))
    for account, refusal in others:
        with world.chain.refuses(refusal):
            world.chain.send([claiming(world, node, affiliate_io=account, epoch=1)], node[0])
        with world.chain.refuses(refusal):
            world.chain.send([locking(world, node, affiliate_io=account, closed_epoch=1, epoch=1)], node[0])


def test_without_an_affiliate_nobody_else_is_paid(paid: Paid) -> None:
    """An affiliate's account that an owner without affiliate gives is refused."""
    world, node = paid.world, next(paid.nodes)
    with world.chain.refuses("WrongOwner"):
        other = world.io(world.person())
        world.chain.send([claiming(world, node, affiliate_io=other, epoch=1)], node[0])


def test_no_more_is_minted_than_the_schedule_gave(world: World) -> None:
    """Were more accrued than was ever emitted, the claim and the withdrawal would be refused."""
    node = world.node()
    credit(world, node, base=1, bonus=1)
    close(world, 1, (node[1], 1, 0))
    vesting = lock(world, node)
    # No transaction leads here: one unit more is written as minted than leaves room for the claim.
    liquid = economics.epoch_halves(economics.cumulative(1), 5_000)
    room = economics.cumulative(1) - (liquid.availability + liquid.compute // 2)
    world.chain.forge(state.Emission, addresses.emission(), "minted", room + 1)
    with world.chain.refuses("CapExceeded"):
        world.claim(node)
    world.chain.forge(state.Emission, addresses.emission(), "minted", economics.cumulative(1))
    world.chain.warp(seconds=100)
    with world.chain.refuses("CapExceeded"):
        world.chain.send([withdrawing(world, node[0], vesting)], node[0])
    world.chain.forge(state.Emission, addresses.emission(), "minted", room)
    world.claim(node)
    assert schedule(world).minted == economics.cumulative(1)


def test_everything_minted_is_within_the_schedule(world: World) -> None:
    """Whoever claims, locks and withdraws, never is more minted than the closed epochs emitted; the rest is known."""
    nodes = [world.node(dollar_share_bp=share) for share in (3_000, 6_000, 9_000)]
    vestings: list[tuple[Keypair, Pubkey]] = []
    for epoch in range(1, 5):
        for number, node in enumerate(nodes):
            credit(world, node, base=10**6 * (number + epoch), bonus=10**5 * number)
        close(world, epoch, *((actor, 100 + number * epoch, 0) for number, (_, actor) in enumerate(nodes)))
        for node in nodes[: epoch % 3 + 1]:
            world.claim(node)
            assert schedule(world).minted <= economics.cumulative(epoch)
        if epoch % 2:
            vestings += [(node[0], lock(world, node)) for node in nodes[1:]]
    world.chain.warp(seconds=EMISSION.lock_seconds)
    for owner, vesting in vestings:
        world.chain.send([withdrawing(world, owner, vesting)], owner)
    found = schedule(world)
    assert found.minted <= economics.cumulative(4)
    assert world.chain.supply(world.io_mint) == economics.GENESIS_SUPPLY + found.minted
