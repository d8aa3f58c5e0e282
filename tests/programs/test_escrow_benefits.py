"""What a job's price gives to others than its node: locked IO for its user, dollars for who brought the user in."""

import base64

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from spl.token import instructions as spl

from client import addresses, economics, state
from client.economics import USD
from client.idl import TOKEN_PROGRAM
from client.instructions import emission
from tests.programs.chain import swapped
from tests.programs.escrow_steps import HOUR, PRICE, Actor, end_job, job_of, vaults, worked
from tests.programs.escrow_steps import shared as shared  # a fixture
from tests.programs.world import World

LOCKED_IO = state.Job.LOCKED_IO


def begun(
    world: World,
    *,
    reputation: int = 7_500,
    benefit: int = LOCKED_IO,
    affiliate: Pubkey | None = None,
    processors: int = 7,
    node: Actor | None = None,
) -> tuple[Pubkey, Actor, Actor]:
    """A running job of a user with this reputation, who was brought in by `affiliate`."""
    user = world.user(affiliate=affiliate)
    if reputation:
        world.post_scores(1, (user[1], 0, reputation))
    node = node or world.node(processors=processors)
    world.prices()
    job = world.open_job(user, processors=processors, hours=2, benefit=benefit)
    world.start_job(job, node[1])
    return job, user, node


def coupons_of(world: World, actor: Pubkey) -> tuple[int, int]:
    earner = world.chain.account(state.Earner, addresses.earner(actor))
    return earner.coupons_base, earner.coupons_bonus


# --- locked IO ---


def test_a_benefit_is_one_of_two(shared: World) -> None:
    """What is neither the discount nor locked IO is refused."""
    user = shared.user()
    shared.prices()
    with shared.chain.refuses("BenefitUnknown"):
        shared.open_job(user, benefit=2)


@pytest.mark.parametrize(("reputation", "discount_bp"), [(0, 0), (2_500, 100), (10_000, 300)])
def test_locked_io_costs_the_full_price(shared: World, reputation: int, discount_bp: int) -> None:
    """A user who takes locked IO pays what a user without reputation pays, and the job keeps its discount."""
    job, _, _ = begun(shared, reputation=reputation)
    found = job_of(shared, job)
    assert (found.benefit, found.discount_bp) == (LOCKED_IO, discount_bp)
    assert found.rate_per_hour == 7 * PRICE // 1_000


def test_a_settlement_credits_the_user(shared: World) -> None:
    """Bonus coupons of the discount on what was paid, besides the node's, and the events say so."""
    job, user, node = begun(shared)
    worked(shared, HOUR + 1_001, job, node)
    nodes, users, settled = shared.chain.events(shared.settle_job(job, node))
    gross = economics.earned(job_of(shared, job).rate_per_hour, HOUR + 1_001)
    paid = economics.settle(economics.SettleInput(gross, 500, 0, 5_000, 6_000, 5_000))
    bonus = economics.user_coupons(gross, 300)
    assert bonus == gross * 300 // 10_000 > 0
    assert coupons_of(shared, node[1]) == (paid.coupons_base, paid.coupons_bonus)
    assert coupons_of(shared, user[1]) == (0, bonus)
    assert (nodes.fields["actor"], users.fields["actor"]) == (node[1], user[1])
    assert (users.fields["base"], users.fields["bonus"]) == (0, bonus)
    assert (settled.fields["coupons_base"], settled.fields["coupons_bonus"]) == (paid.coupons_base, paid.coupons_bonus)
    assert settled.fields["coupons_user"] == bonus


def test_a_discount_credits_no_user(shared: World) -> None:
    """A user who pays less earns nothing besides, and its accounts are not asked for."""
    job, user, node = begun(shared, benefit=state.Job.DISCOUNT)
    worked(shared, HOUR, job, node)
    *_, settled = shared.chain.events(shared.settle_job(job, node))
    assert settled.fields["coupons_user"] == 0
    assert coupons_of(shared, user[1]) == (0, 0)


def test_a_user_without_reputation_earns_nothing(shared: World) -> None:
    """Locked IO in the place of no discount is nothing: the user's accounts are not asked for."""
    job, user, node = begun(shared, reputation=0)
    worked(shared, HOUR, job, node)
    settling = shared.settling(job, node)
    for address in (addresses.earner(user[1]),):
        settling = swapped(settling, address, settling.program_id)
    *_, settled = shared.chain.events(shared.chain.send([settling], shared.admin))
    assert settled.fields["coupons_user"] == 0


def test_the_users_coupons_are_its_own(shared: World) -> None:
    """Neither without the user's earner or its page of rates, nor with another's, is a job settled."""
    job, user, node = begun(shared)
    _, other, _ = begun(shared)
    worked(shared, HOUR, job, node)
    settling = shared.settling(job, node)
    earner = addresses.earner(user[1])
    with shared.chain.refuses("UserEarnerMissing"):
        shared.chain.send([swapped(settling, earner, settling.program_id)], shared.admin)
    with shared.chain.refuses("JobMismatch"):
        shared.chain.send([swapped(settling, earner, addresses.earner(other[1]))], shared.admin)
    with shared.chain.refuses("ConstraintDuplicateMutableAccount"):
        shared.chain.send([swapped(settling, earner, addresses.earner(node[1]))], shared.admin)
    shared.chain.send([settling], shared.admin)


def test_a_node_under_its_collateral_keeps_no_coupons_from_the_user(shared: World) -> None:
    """The node earns no IO, its user does."""
    job, user, node = begun(shared)
    worked(shared, HOUR, job, node)
    required = shared.chain.account(state.Actor, node[1]).collateral_required
    shared.chain.forge(state.Actor, node[1], "collateral", required - 1)
    *_, settled = shared.chain.events(shared.settle_job(job, node))
    assert coupons_of(shared, node[1]) == (0, 0)
    assert coupons_of(shared, user[1]) == (0, settled.fields["coupons_user"])


def test_users_coupons_become_locked_io(world: World) -> None:
    """What a user earned is locked when the epoch has closed, as a node's bonus is."""
    world.end_of(1)
    job, user, node = begun(world)
    worked(world, HOUR, job, node)
    world.settle_job(job, node)
    world.finalize(1)
    world.close(1)
    locking = emission.lock_bonus(
        payer=user[0].pubkey(), actor=user[1], coupon_epoch=1, closed_epoch=1, io_mint=world.io_mint
    )
    world.chain.send([locking], user[0])
    vesting = world.chain.account(state.Vesting, addresses.vesting(addresses.earner(user[1]), 1))
    assert vesting.total > 0
    # A second settlement touches earners whose coupons belong to the epoch before: both pages are read.
    worked(world, HOUR, job, node)
    end_job(world, job, user)
    world.settle_job(job, node)
    assert coupons_of(world, user[1])[1] > 0


# --- who brought the user in ---


def _affiliate_of(world: World, *, account: bool = True) -> Keypair:
    if account:
        return world.person()
    stranger = world.key()
    world.chain.airdrop(stranger.pubkey(), 10**9)
    return stranger


def test_an_affiliate_has_its_part_of_the_fee(shared: World) -> None:
    """A tenth of the fee goes to who brought the user in, the rest is divided as ever: to the base unit."""
    affiliate = _affiliate_of(shared)
    job, _, node = begun(shared, affiliate=affiliate.pubkey(), benefit=state.Job.DISCOUNT)
    assert job_of(shared, job).affiliate_usd == shared.usd(affiliate)
    worked(shared, HOUR + 7, job, node)
    before = vaults(shared)
    *_, settled = shared.chain.events(shared.settle_job(job, node))
    gross = settled.fields["gross"]
    paid = economics.settle(economics.SettleInput(gross, 500, 1_000, 5_000, 6_000, 5_000))
    assert shared.chain.balance(shared.usd(affiliate)) == paid.fee_affiliate == gross * 500 // 10_000 // 10 > 0
    assert vaults(shared) == (before[0] + paid.burn + paid.fee_burn, before[1] + paid.fee_incentives)
    parts = ("dollars", "burn", "fee_affiliate", "fee_burn", "fee_incentives")
    assert sum(settled.fields[part] for part in parts) == gross
    assert settled.fields["fee_affiliate"] == paid.fee_affiliate


def test_an_affiliate_is_paid_nowhere_else(shared: World) -> None:
    """Whoever settles names the affiliate's own account: none, another's, or another of its own is refused."""
    affiliate, thief = _affiliate_of(shared), shared.person()
    job, _, node = begun(shared, affiliate=affiliate.pubkey())
    worked(shared, HOUR, job, node)
    settling = shared.settling(job, node)
    account = shared.usd(affiliate)
    for wrong in (shared.usd(thief), shared.io(affiliate), shared.usd(node[0]), affiliate.pubkey()):
        with shared.chain.refuses("JobMismatch"):
            shared.chain.send([swapped(settling, account, wrong)], thief)
    with shared.chain.refuses("AffiliateMissing"):
        shared.chain.send([swapped(settling, account, settling.program_id)], thief)
    shared.chain.send([settling], thief)


def test_a_closed_account_stops_no_settlement(shared: World) -> None:
    """Where the affiliate has no account, or closed it, its part is for incentives: the settlement goes on."""
    nobody, closer = _affiliate_of(shared, account=False), _affiliate_of(shared)
    closing = spl.close_account(
        spl.CloseAccountParams(
            program_id=TOKEN_PROGRAM,
            account=shared.usd(closer),
            dest=closer.pubkey(),
            owner=closer.pubkey(),
        )
    )
    for affiliate in (nobody, closer):
        job, _, node = begun(shared, affiliate=affiliate.pubkey())
        if affiliate is closer:
            shared.chain.send([closing], closer)
        worked(shared, HOUR, job, node)
        before = vaults(shared)
        *_, settled = shared.chain.events(shared.settle_job(job, node))
        paid = economics.settle(economics.SettleInput(settled.fields["gross"], 500, 1_000, 5_000, 6_000, 5_000))
        assert settled.fields["fee_affiliate"] == 0
        assert settled.fields["fee_incentives"] == paid.fee_incentives + paid.fee_affiliate
        assert vaults(shared)[1] == before[1] + paid.fee_incentives + paid.fee_affiliate
        assert shared.chain.balance(shared.usd(node[0])) == paid.dollars


def test_a_frozen_account_and_one_of_another_kind_stop_no_settlement(shared: World) -> None:
    """An account that cannot take dollars counts as none: frozen, of another mint, or another program's."""
    for field, value, size in ((108, 2, 1), (0, 1, 32)):
        affiliate = _affiliate_of(shared)
        job, _, node = begun(shared, affiliate=affiliate.pubkey())
        worked(shared, HOUR, job, node)
        _write(shared, shared.usd(affiliate), field, value, size)
        *_, settled = shared.chain.events(shared.settle_job(job, node))
        assert settled.fields["fee_affiliate"] == 0
    affiliate = _affiliate_of(shared)
    job, _, node = begun(shared, affiliate=affiliate.pubkey())
    worked(shared, HOUR, job, node)
    shared.chain.call("localnet_setAccount", str(shared.usd(affiliate)), {"owner": str(shared.admin.pubkey())})
    *_, settled = shared.chain.events(shared.settle_job(job, node))
    assert settled.fields["fee_affiliate"] == 0


def _write(world: World, address: Pubkey, offset: int, value: int, size: int) -> None:
    options = {"encoding": "base64", "commitment": "processed"}
    data = bytearray(base64.b64decode(world.chain.call("getAccountInfo", str(address), options)["value"]["data"][0]))
    data[offset : offset + size] = value.to_bytes(size, "little")
    world.chain.call("localnet_setAccount", str(address), {"data": base64.b64encode(data).decode()})


def test_an_owner_who_brought_its_renter_in_is_paid_twice(shared: World) -> None:
    """Where the affiliate is the node's own authority, one account takes both parts."""
    node = shared.node(processors=7)
    job, _, _ = begun(shared, affiliate=node[0].pubkey(), node=node)
    worked(shared, HOUR, job, node)
    *_, settled = shared.chain.events(shared.settle_job(job, node))
    assert settled.fields["fee_affiliate"] > 0
    both = settled.fields["dollars"] + settled.fields["fee_affiliate"]
    assert shared.chain.balance(shared.usd(node[0])) == both


def test_affiliate_and_locked_io_together(shared: World) -> None:
    """Every dollar of a job with both is accounted for."""
    affiliate = _affiliate_of(shared)
    job, user, node = begun(shared, affiliate=affiliate.pubkey())
    before = vaults(shared)
    worked(shared, 5_003, job, node)
    end_job(shared, job, user)
    shared.settle_job(job, node)
    shared.finish_job(job, user)
    after = vaults(shared)
    refund = shared.chain.balance(shared.usd(user[0])) - 1_000_000 * USD + job_of(shared, job).deposit
    parts = (shared.chain.balance(shared.usd(one)) for one in (node[0], affiliate))
    assert job_of(shared, job).deposit == sum(parts) + refund + sum(after) - sum(before)
