"""Jobs and their dollars: who works on a job, and where every base unit of the work goes."""

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses, economics, state
from client.idl import program_id
from client.instructions import escrow, staking
from tests.programs.chain import swapped
from tests.programs.escrow_steps import HOUR, Actor, end_job, job_of, opened, running, vaults, worked
from tests.programs.escrow_steps import shared as shared  # a fixture
from tests.programs.world import World


def starting(world: World, job: Pubkey, node: Pubkey) -> Instruction:
    return escrow.start_job(router=world.router.pubkey(), job=job, node=node)


def reporting(job: Pubkey, node: Actor) -> Instruction:
    return escrow.report_job(by=node[0].pubkey(), node=node[1], job=job, digest=bytes(32))


def settling(world: World, job: Pubkey, node: Actor) -> Instruction:
    return escrow.settle_job(job=job, node=node[1], node_usd=world.usd(node[0]), coupon_epoch=0)


# --- starting ---


def test_only_the_router_assigns(shared: World) -> None:
    """Neither the node, the user, nor the admin starts a job."""
    job, user = opened(shared)
    owner, node = shared.node()
    for signer in (owner, user[0], shared.admin):
        with shared.chain.refuses("NotRouter"):
            shared.chain.send([escrow.start_job(router=signer.pubkey(), job=job, node=node)], signer)


def test_a_job_starts_once(shared: World) -> None:
    """Neither a running nor a finished job is assigned again."""
    job, user, _ = running(shared)
    _, other = shared.node()
    with shared.chain.refuses("WrongState"):
        shared.start_job(job, other)
    end_job(shared, job, user)
    with shared.chain.refuses("WrongState"):
        shared.start_job(job, other)
    shared.finish_job(job, user)
    with shared.chain.refuses("WrongState"):
        shared.start_job(job, other)


def test_a_user_works_on_no_job(shared: World) -> None:
    """Only nodes are assigned."""
    job, _ = opened(shared)
    with shared.chain.refuses("NotANode"):
        shared.start_job(job, shared.user()[1])


def test_a_node_of_another_class_is_refused(shared: World) -> None:
    """A better class is another class too."""
    job, _ = opened(shared)
    with shared.chain.refuses("ClassMismatch"):
        shared.start_job(job, shared.node(hardware_class="H100")[1])


def test_a_smaller_node_is_refused(shared: World) -> None:
    """A node with a processor less than the job's is refused; one with as many is not."""
    job, _ = opened(shared, processors=3)
    with shared.chain.refuses("TooFewProcessors"):
        shared.start_job(job, shared.node(processors=2)[1])
    shared.start_job(job, shared.node(processors=3)[1])


def test_a_node_without_its_collateral_is_refused(shared: World) -> None:
    """One base unit below the collateral a node gets no work; with it, it does."""
    job, _ = opened(shared)
    owner, node = shared.node(collateral=False)
    required = shared.chain.account(state.Actor, node).collateral_required
    for amount in (required - 1, 1):
        with shared.chain.refuses("CollateralMissing"):
            shared.start_job(job, node)
        deposit = staking.deposit_collateral(
            depositor=owner.pubkey(), actor=node, source=shared.io(owner), amount=amount
        )
        shared.chain.send([deposit], owner)
    shared.start_job(job, node)


def test_a_start_is_an_event(shared: World) -> None:
    """Which node began which job, when, and what the router drew it by."""
    job, _ = opened(shared)
    _, node = shared.node()
    draw = escrow.Draw(
        seed=bytes(range(32)),
        candidates_digest=bytes(range(32, 64)),
        as_of_slot=2**64 - 1,
        total_weight=20_001,
        ticket=7,
        candidates=2**32 - 1,
    )
    assigning = escrow.start_job(router=shared.router.pubkey(), job=job, node=node, draw=draw)
    (event,) = shared.chain.events(shared.chain.send([assigning], shared.router))
    recorded = event.fields.pop("draw")
    assert event.name == "JobStarted"
    assert event.fields == {"job": job, "node": node, "at": shared.chain.now(), "assignment": 0}
    assert (bytes(recorded.seed), bytes(recorded.candidates_digest)) == (draw.seed, draw.candidates_digest)
    assert (recorded.as_of_slot, recorded.total_weight) == (draw.as_of_slot, draw.total_weight)
    assert (recorded.ticket, recorded.candidates) == (draw.ticket, draw.candidates)
    found = job_of(shared, job)
    assert (found.state, found.assignments) == (state.Job.RUNNING, 1)


# --- reporting ---


def test_a_stranger_reports_no_work(shared: World) -> None:
    """Only the node's authority says that it worked: neither its user nor the router does."""
    job, user, (_, node) = running(shared)
    for signer in (user[0], shared.router):
        with shared.chain.refuses("NotAuthority"):
            shared.chain.send([reporting(job, (signer, node))], signer)


def test_another_node_reports_no_work(shared: World) -> None:
    """A node reports on its own jobs alone, and on none that is not started."""
    job, _, _ = running(shared)
    waiting, _ = opened(shared)
    other = shared.node()
    for not_its_own in (job, waiting):
        with shared.chain.refuses("JobMismatch"):
            shared.report_job(other, not_its_own)


def test_a_finished_job_takes_no_report(shared: World) -> None:
    """After a job's end nothing is worked on it."""
    job, user, node = running(shared)
    end_job(shared, job, user)
    with shared.chain.refuses("WrongState"):
        shared.report_job(node, job)
    shared.finish_job(job, user)
    with shared.chain.refuses("WrongState"):
        shared.report_job(node, job)


# --- settling ---


def test_only_a_running_job_is_settled(shared: World) -> None:
    """A job that waits, and a job that is over, are not settled."""
    waiting, _ = opened(shared)
    with shared.chain.refuses("WrongState"):
        shared.settle_job(waiting, shared.node())
    job, user, node = running(shared)
    worked(shared, HOUR, job, node)
    shared.settle_job(job, node)
    end_job(shared, job, user)
    shared.finish_job(job, user)
    with shared.chain.refuses("AccountDataTooSmall"):  # its vault is gone, which is seen before its state
        shared.settle_job(job, node)


def test_work_is_settled_once(shared: World) -> None:
    """Without a new report nothing more is paid, however much time goes by."""
    job, _, node = running(shared)
    with shared.chain.refuses("NothingToSettle"):
        shared.settle_job(job, node)
    worked(shared, HOUR, job, node)
    shared.settle_job(job, node)
    before = job_of(shared, job), shared.chain.balance(shared.usd(node[0]))
    with shared.chain.refuses("NothingToSettle"):
        shared.settle_job(job, node)
    shared.chain.warp(seconds=10)
    with shared.chain.refuses("NothingToSettle"):
        shared.settle_job(job, node)
    assert (job_of(shared, job), shared.chain.balance(shared.usd(node[0]))) == before


def test_less_than_the_minimum_work_is_not_paid(shared: World) -> None:
    """A second below the minimum nothing is paid; at the minimum all of it is, and after it every second."""
    job, _, node = running(shared)
    worked(shared, HOUR - 1, job, node)
    with shared.chain.refuses("BelowMinimumWork"):
        shared.settle_job(job, node)
    worked(shared, 1, job, node)
    shared.settle_job(job, node)
    assert job_of(shared, job).settled_seconds == HOUR
    worked(shared, 1, job, node)
    shared.settle_job(job, node)
    assert job_of(shared, job).settled_seconds == HOUR + 1


def test_a_settlement_is_the_jobs_own(shared: World) -> None:
    """Another node, another's earner, another job's vault, and another's dollar account are refused."""
    job, _, node = running(shared)
    other_job, _, other = running(shared)
    worked(shared, HOUR, job, node)
    settlement = settling(shared, job, node)
    cases = (
        (node[1], other[1], "JobMismatch"),
        (addresses.earner(node[1]), addresses.earner(other[1]), "JobMismatch"),
        (addresses.job_vault(job), addresses.job_vault(other_job), "InvalidSeeds"),
        (shared.usd(node[0]), shared.usd(other[0]), "InvalidAccountData"),
        (shared.usd(node[0]), shared.io(node[0]), "InvalidAccountData"),
        (shared.usd(node[0]), addresses.job_vault(other_job), "InvalidAccountData"),
        (addresses.burn_vault(), shared.usd(other[0]), "ConstraintAddress"),
        (addresses.incentives_vault(), shared.usd(other[0]), "ConstraintAddress"),
        (addresses.terms(), addresses.registry(), "IllegalOwner"),
        (addresses.emission(), addresses.earner(other[1]), "AccountDataTooSmall"),
        (program_id("emission"), program_id("burn"), "IncorrectProgramId"),
        (addresses.event_authority("emission"), shared.admin.pubkey(), "InvalidSeeds"),
    )
    for old, new, name in cases:
        with shared.chain.refuses(name):
            shared.chain.send([swapped(settlement, old, new)], shared.admin)
    shared.chain.send([settlement], shared.admin)


@pytest.mark.parametrize("dollar_share_bp", [3_000, 6_000, 9_000])
def test_a_settlement_divides_what_was_worked(shared: World, dollar_share_bp: int) -> None:
    """Dollars, burn, fee and coupons are those of the arithmetic, to the base unit, and the events say so."""
    job, _, node = running(shared, processors=7, hours=3, dollar_share_bp=dollar_share_bp)
    worked(shared, HOUR + 1_001, job, node)
    before, vault = vaults(shared), shared.chain.balance(addresses.job_vault(job))
    coupons, settled = shared.chain.events(shared.settle_job(job, node))
    gross = economics.earned(job_of(shared, job).rate_per_hour, HOUR + 1_001)
    paid = economics.settle(economics.SettleInput(gross, 500, 0, 5_000, dollar_share_bp, 5_000))
    assert paid.dollars + paid.burn + paid.fee_burn + paid.fee_incentives == gross
    assert shared.chain.balance(shared.usd(node[0])) == paid.dollars
    assert vaults(shared) == (before[0] + paid.burn + paid.fee_burn, before[1] + paid.fee_incentives)
    assert shared.chain.balance(addresses.job_vault(job)) == vault - gross
    earner = shared.chain.account(state.Earner, addresses.earner(node[1]))
    assert (earner.coupons_base, earner.coupons_bonus) == (paid.coupons_base, paid.coupons_bonus)

    assert (coupons.program, coupons.name) == ("emission", "CouponsCredited")
    assert (coupons.fields["base"], coupons.fields["bonus"]) == (paid.coupons_base, paid.coupons_bonus)
    assert (settled.program, settled.name) == ("escrow", "JobSettled")
    assert settled.fields == {
        "job": job,
        "node": node[1],
        "gross": gross,
        "dollars": paid.dollars,
        "burn": paid.burn,
        "fee_affiliate": 0,
        "fee_burn": paid.fee_burn,
        "fee_incentives": paid.fee_incentives,
        "coupons_base": paid.coupons_base,
        "coupons_bonus": paid.coupons_bonus,
        "coupons_user": 0,
        "at": shared.chain.now(),
        "from_second": 0,
        "to_second": HOUR + 1_001,
        "period": 0,
    }


def test_the_rhythm_of_settlements_changes_no_gross(shared: World) -> None:
    """Settled at every report or once at the end, a job's work is paid alike; periods count up and meet."""
    often, _, busy = running(shared, processors=7, hours=3)
    once, _, idle = running(shared, processors=7, hours=3)
    gross, reached, period = 0, 0, 0
    for seconds in (HOUR, 1, 1, 7, 601, 1_999, 3_333):
        worked(shared, seconds, often, busy)
        _, event = shared.chain.events(shared.settle_job(often, busy))
        assert (event.fields["from_second"], event.fields["period"]) == (reached, period)
        gross, reached, period = gross + event.fields["gross"], event.fields["to_second"], period + 1
    shared.report_job(idle, once)
    shared.settle_job(once, idle)
    found = [job_of(shared, job) for job in (often, once)]
    assert found[0].settled_usd == found[1].settled_usd == gross
    assert [f.settled_seconds for f in found] == [reached] * 2
    assert [f.period for f in found] == [7, 1]


def test_hours_cap_the_work(shared: World) -> None:
    """What is reported after the hours paid for is not paid: the deposit is all that a job can cost."""
    job, user, node = running(shared, processors=7, hours=1)
    worked(shared, 100 * HOUR, job, node)
    before = shared.chain.balance(shared.usd(user[0]))
    shared.settle_job(job, node)
    found = job_of(shared, job)
    assert (found.settled_seconds, found.settled_usd) == (HOUR, found.deposit)
    worked(shared, HOUR, job, node)
    with shared.chain.refuses("NothingToSettle"):
        shared.settle_job(job, node)
    shared.finish_job(job, user)
    assert shared.chain.balance(shared.usd(user[0])) == before


def test_anyone_settles(shared: World) -> None:
    """A stranger's settlement pays the node, not the stranger."""
    job, _, node = running(shared)
    worked(shared, HOUR, job, node)
    stranger = shared.person()
    shared.chain.send([settling(shared, job, node)], stranger)
    assert shared.chain.balance(shared.usd(node[0])) > 0
    assert shared.chain.balance(shared.usd(stranger)) == 0


def test_coupons_follow_the_open_epoch(world: World) -> None:
    """Work settled before a close and work settled after it share in two epochs, and both are paid."""
    job, _, node = running(world)
    worked(world, HOUR, job, node)
    first, _ = world.chain.events(world.settle_job(job, node))
    world.finalize(1)
    world.close(1)
    worked(world, HOUR, job, node)
    second, _ = world.chain.events(world.settle_job(job, node))
    assert [event.fields["epoch"] for event in (first, second)] == [1, 2]
    world.finalize(2)
    world.close(2)
    world.claim(node)
    # The node was alone: base and bonus are the whole compute half, less fractions of a base unit.
    earner = world.chain.account(state.Earner, addresses.earner(node[1]))
    emission = world.chain.account(state.Emission, addresses.emission())
    halves = [economics.epoch_halves(economics.emission(epoch - 1, epoch), 5_000) for epoch in (1, 2)]
    paid = (emission.minted << 64) + earner.liquid + earner.bonus + emission.carry_compute
    assert paid == sum(half.compute for half in halves) << 64


def _undercollateralized(world: World) -> tuple[Pubkey, Actor]:
    """A job that is worked on by a node whose collateral fell below what it must be.

    No transaction leads here yet: nothing takes collateral away before unbonding and slashing exist.
    """
    job, _, node = running(world)
    worked(world, HOUR, job, node)
    required = world.chain.account(state.Actor, node[1]).collateral_required
    world.chain.forge(state.Actor, node[1], "collateral", required - 1)
    return job, node


def test_a_node_under_its_collateral_gets_dollars_and_no_coupons(shared: World) -> None:
    """Dollars for work done are the node's own; IO is earned with collateral alone."""
    job, node = _undercollateralized(shared)
    events = shared.chain.events(shared.settle_job(job, node))
    assert [event.name for event in events] == ["JobSettled"]
    assert shared.chain.balance(shared.usd(node[0])) == events[0].fields["dollars"] > 0
    earner = shared.chain.account(state.Earner, addresses.earner(node[1]))
    assert (earner.coupons_base, earner.coupons_bonus, earner.coupon_epoch) == (0, 0, 0)


def test_coupons_that_were_not_credited_are_in_no_event(shared: World) -> None:
    """The event of a settlement says which coupons were credited: none for a node under its collateral."""
    job, node = _undercollateralized(shared)
    *_, event = shared.chain.events(shared.settle_job(job, node))
    assert (event.fields["coupons_base"], event.fields["coupons_bonus"]) == (0, 0)
