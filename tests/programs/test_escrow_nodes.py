"""A node that fails or gives up, and the one that takes its place: the hours that were paid for are not lost."""

import pytest
from solders.pubkey import Pubkey

from client import economics, state
from client.economics import USD
from client.instructions import escrow
from tests.programs.escrow_steps import (
    HOUR,
    Actor,
    dispute_job,
    end_job,
    job_of,
    opened,
    release_job,
    running,
    worked,
)
from tests.programs.escrow_steps import shared as shared  # a fixture
from tests.programs.world import World

REPORT = 900
"""Seconds without a report after which a node has failed."""


def test_a_silent_node_is_taken_off_by_anyone(shared: World) -> None:
    """A second after its time to report a stranger frees the job, not before; the event says what was lost."""
    job, _, node = running(shared)
    worked(shared, 700, job, node)
    shared.chain.warp(seconds=REPORT)
    stranger = shared.person()
    for by in (stranger, shared.router, shared.admin):
        with shared.chain.refuses("NodeAlive"):
            release_job(shared, job, node, by)
    shared.chain.warp(seconds=1)
    (event,) = shared.chain.events(release_job(shared, job, node, stranger))
    assert (event.program, event.name) == ("escrow", "JobReleased")
    assert event.fields == {
        "job": job,
        "node": node[1],
        "by": stranger.pubkey(),
        "at": shared.chain.now(),
        "worked_seconds": 700,
        "paid_seconds": 0,
        "assignment": 0,
        "failed": True,
    }
    found = job_of(shared, job)
    assert (found.state, found.node) == (state.Job.OPEN, Pubkey.default())
    assert (found.started_at, found.reported_at, found.worked_seconds) == (0, 0, 0)


def test_a_node_that_never_reports_fails_too(shared: World) -> None:
    """Its start counts as its first report."""
    job, _, node = running(shared)
    shared.chain.warp(seconds=REPORT)
    with shared.chain.refuses("NodeAlive"):
        release_job(shared, job, node, shared.admin)
    shared.chain.warp(seconds=1)
    release_job(shared, job, node, shared.admin)


def test_a_node_gives_up_at_any_time(shared: World) -> None:
    """Its authority leaves without having failed; another node's does not leave for it."""
    job, _, node = running(shared)
    other = shared.node()
    with shared.chain.refuses("NodeAlive"):
        release_job(shared, job, node, other[0])
    with shared.chain.refuses("JobMismatch"):
        release_job(shared, job, other, other[0])
    (event,) = shared.chain.events(release_job(shared, job, node, node[0]))
    assert (event.fields["failed"], event.fields["by"]) == (False, node[0].pubkey())


def test_a_node_that_gives_up_too_late_has_failed(shared: World) -> None:
    """Silence is a failure whoever says so."""
    job, _, node = running(shared)
    shared.chain.warp(seconds=REPORT + 1)
    (event,) = shared.chain.events(release_job(shared, job, node, node[0]))
    assert event.fields["failed"] is True


def test_paid_work_is_settled_before_a_node_leaves(shared: World) -> None:
    """Nobody takes a node off over work that is due to it, the node itself included."""
    job, _, node = running(shared)
    worked(shared, HOUR, job, node)
    shared.chain.warp(seconds=REPORT + 1)
    for by in (node[0], shared.admin):
        with shared.chain.refuses("SettleFirst"):
            release_job(shared, job, node, by)
    shared.settle_job(job, node)
    (event,) = shared.chain.events(release_job(shared, job, node, shared.admin))
    assert (event.fields["worked_seconds"], event.fields["paid_seconds"]) == (HOUR, HOUR)


def test_only_a_running_job_is_released(shared: World) -> None:
    """A job that waits, was ended, or is over is not: what is left of the last is the user's."""
    waiting, _ = opened(shared)
    node = shared.node()
    with shared.chain.refuses("WrongState"):
        release_job(shared, waiting, node, node[0])
    job, user, node = running(shared)
    end_job(shared, job, user)
    with shared.chain.refuses("WrongState"):
        release_job(shared, job, node, node[0])
    job, user, node = running(shared, hours=1)
    shared.chain.warp(timestamp=job_of(shared, job).end)
    for by in (node[0], shared.admin):
        with shared.chain.refuses("JobOver"):
            release_job(shared, job, node, by)


def test_a_released_node_has_nothing_more_to_say(shared: World) -> None:
    """Neither its reports nor its settlements count once it is off, and its successor's are not its own."""
    job, _, node = running(shared)
    release_job(shared, job, node, node[0])
    with shared.chain.refuses("JobMismatch"):
        shared.report_job(node, job)
    with shared.chain.refuses("WrongState"):
        shared.chain.send(
            [escrow.settle_job(job=job, node=node[1], node_usd=shared.usd(node[0]), coupon_epoch=0)], node[0]
        )
    shared.start_job(job, shared.node()[1])
    with shared.chain.refuses("JobMismatch"):
        shared.report_job(node, job)


def _replaced(world: World, first_seconds: int) -> tuple[Pubkey, Actor, Actor, Actor]:
    """A job of three hours that a second node has just begun, after the first worked so long and was paid."""
    job, user, first = running(world, processors=7, hours=3)
    worked(world, first_seconds, job, first)
    if first_seconds >= HOUR:
        world.settle_job(job, first)
    release_job(world, job, first, first[0])
    second = world.node(processors=7, dollar_share_bp=3_000)
    world.chain.warp(seconds=5_000)  # nobody works, and nobody pays for it
    (event,) = world.chain.events(
        world.chain.send([escrow.start_job(router=world.router.pubkey(), job=job, node=second[1])], world.router)
    )
    assert event.fields["assignment"] == 1
    return job, user, first, second


def test_another_node_works_the_hours_that_are_left(shared: World) -> None:
    """The second node has three hours less what the first was paid for, and is paid from there, to the base unit."""
    job, user, first, second = _replaced(shared, HOUR + 7)
    begun = job_of(shared, job)
    assert (begun.base_seconds, begun.assignments) == (HOUR + 7, 2)
    assert begun.end == shared.chain.now() + 3 * HOUR - (HOUR + 7)
    paid_first = shared.chain.balance(shared.usd(first[0]))
    worked(shared, HOUR + 5, job, second)
    *_, settled = shared.chain.events(shared.settle_job(job, second))
    assert (settled.fields["from_second"], settled.fields["to_second"]) == (HOUR + 7, 2 * HOUR + 12)
    rate = begun.rate_per_hour
    assert settled.fields["gross"] == economics.earned(rate, 2 * HOUR + 12) - economics.earned(rate, HOUR + 7)
    assert shared.chain.balance(shared.usd(first[0])) == paid_first
    assert shared.chain.balance(shared.usd(second[0])) == settled.fields["dollars"]
    worked(shared, 2 * HOUR, job, second)
    shared.settle_job(job, second)
    shared.finish_job(job, user, caller=shared.admin)
    assert job_of(shared, job).settled_usd == job_of(shared, job).deposit


def test_each_node_works_its_own_minimum(shared: World) -> None:
    """What the first node worked counts for nothing towards the second's minimum."""
    job, _, _, second = _replaced(shared, HOUR + 7)
    worked(shared, HOUR - 1, job, second)
    with shared.chain.refuses("BelowMinimumWork"):
        shared.settle_job(job, second)
    worked(shared, 1, job, second)
    shared.settle_job(job, second)
    assert job_of(shared, job).settled_seconds == 2 * HOUR + 7


def test_a_node_that_works_all_that_is_left_is_paid(shared: World) -> None:
    """Where a job has less than the minimum left, working all of it is enough, and a second less is not."""
    job, user, _, second = _replaced(shared, 2 * HOUR + 1_800)
    worked(shared, 1_799, job, second)
    with shared.chain.refuses("BelowMinimumWork"):
        shared.settle_job(job, second)
    worked(shared, 1, job, second)
    with shared.chain.refuses("SettleFirst"):
        shared.finish_job(job, user)
    shared.settle_job(job, second)
    shared.finish_job(job, user)
    assert job_of(shared, job).settled_usd == job_of(shared, job).deposit


@pytest.mark.parametrize("seconds", [1, HOUR - 1])
def test_forfeited_work_is_the_users_again(shared: World, seconds: int) -> None:
    """The hours of a node that left below the minimum are worked by another, all of them, and paid once."""
    job, user, first, second = _replaced(shared, seconds)
    assert job_of(shared, job).end == shared.chain.now() + 3 * HOUR
    worked(shared, 3 * HOUR, job, second)
    shared.settle_job(job, second)
    shared.finish_job(job, user)
    found = job_of(shared, job)
    assert found.settled_usd == found.deposit
    assert shared.chain.balance(shared.usd(first[0])) == 0


def test_a_job_without_a_node_is_taken_back(shared: World) -> None:
    """Its user need not wait for another node: what was not worked comes back, and the job was settled."""
    job, user, node = running(shared, hours=3)
    worked(shared, HOUR, job, node)
    shared.settle_job(job, node)
    release_job(shared, job, node, node[0])
    with shared.chain.refuses("NotAuthority"):
        shared.finish_job(job, user, caller=node[0])
    shared.finish_job(job, user)
    found = job_of(shared, job)
    assert found.state == state.Job.SETTLED
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD - found.settled_usd


def test_the_second_nodes_work_ends_and_is_disputed_as_the_firsts(shared: World) -> None:
    """Seconds are counted over the whole job: an ended one pays the second node its own, a dispute is about them."""
    job, user, _, second = _replaced(shared, HOUR)
    worked(shared, 100, job, second)
    end_job(shared, job, user)
    assert job_of(shared, job).worked_seconds == HOUR + 100
    *_, settled = shared.chain.events(shared.settle_job(job, second))
    assert (settled.fields["from_second"], settled.fields["to_second"]) == (HOUR, HOUR + 100)
    shared.finish_job(job, user)

    job, user, _, second = _replaced(shared, HOUR)
    worked(shared, 100, job, second)
    (event,) = shared.chain.events(dispute_job(shared, job, user))
    assert (event.fields["settled_seconds"], event.fields["worked_seconds"]) == (HOUR, HOUR + 100)


def test_assignments_are_counted_to_the_last(shared: World) -> None:
    """The number of a job's nodes does not wrap."""
    job, _ = opened(shared)
    shared.chain.forge(state.Job, job, "assignments", 2**16 - 1, 2)
    with shared.chain.refuses("Overflow"):
        shared.start_job(job, shared.node()[1])
