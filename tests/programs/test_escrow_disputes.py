"""Work that its user disputes: what is locked meanwhile, who decides, and where every base unit of it goes."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from solders.pubkey import Pubkey

from client import addresses, economics, state
from client.economics import USD
from client.instructions import escrow, tokens
from client.network import ESCROW, Parameters
from tests.programs.chain import swapped
from tests.programs.escrow_steps import (
    HOUR,
    Actor,
    dispute_job,
    end_job,
    extend_job,
    job_of,
    lapse_dispute,
    opened,
    release_job,
    resolve_dispute,
    running,
    vaults,
    worked,
)
from tests.programs.world import World, new_world

LAG = 1_800
DECISION = 7_200
BOND = ESCROW.dispute_bond


@pytest.fixture(scope="module")
def lagged() -> Iterator[World]:
    """A network in which work can be disputed for half an hour, and disputes are decided in two hours."""
    with new_world(Parameters(escrow=replace(ESCROW, dispute_seconds=LAG, decision_seconds=DECISION))) as world:
        world.end_of(1)
        yield world


def disputed(world: World, seconds: int = HOUR + 7, settled: int = 0) -> tuple[Pubkey, Actor, Actor]:
    """A disputed job of three hours: so many seconds were reported, the first of them settled."""
    job, user, node = running(world, processors=7, hours=3)
    if settled:
        worked(world, settled, job, node)
        world.chain.warp(seconds=seconds - settled)
        world.settle_job(job, node)
        world.report_job(node, job)
    else:
        worked(world, seconds, job, node)
    dispute_job(world, job, user)
    return job, user, node


# --- the time for disputes ---


def test_work_is_paid_when_it_can_be_disputed_no_more(lagged: World) -> None:
    """A settlement pays what is half an hour old, to the second, and never more than was reported."""
    job, _, node = running(lagged, processors=7, hours=3)
    worked(lagged, HOUR, job, node)
    lagged.settle_job(job, node)
    assert job_of(lagged, job).settled_seconds == HOUR - LAG
    with lagged.chain.refuses("StillDisputable"):
        lagged.settle_job(job, node)
    lagged.chain.warp(seconds=7)
    lagged.settle_job(job, node)
    assert job_of(lagged, job).settled_seconds == HOUR - LAG + 7
    lagged.chain.warp(seconds=10 * LAG)
    lagged.settle_job(job, node)
    assert job_of(lagged, job).settled_seconds == HOUR
    with lagged.chain.refuses("NothingToSettle"):
        lagged.settle_job(job, node)


def test_the_minimum_is_of_what_was_reported(lagged: World) -> None:
    """A node is paid once it reported its minimum, not once its minimum can be disputed no more."""
    job, _, node = running(lagged, hours=3)
    worked(lagged, HOUR - 1, job, node)
    lagged.chain.warp(seconds=LAG)
    with lagged.chain.refuses("BelowMinimumWork"):
        lagged.settle_job(job, node)


def test_a_job_is_closed_and_released_after_the_time_for_disputes(lagged: World) -> None:
    """What was reported and not paid yet keeps a job from its end, and its node on it."""
    job, user, node = running(lagged, hours=1)
    worked(lagged, HOUR, job, node)
    lagged.settle_job(job, node)
    with lagged.chain.refuses("SettleFirst"):
        lagged.finish_job(job, user)
    lagged.chain.warp(seconds=LAG)
    lagged.settle_job(job, node)
    lagged.finish_job(job, user, caller=lagged.admin)

    job, user, node = running(lagged, hours=3)
    worked(lagged, HOUR, job, node)
    lagged.chain.warp(seconds=1_000)
    lagged.settle_job(job, node)
    with lagged.chain.refuses("SettleFirst"):
        release_job(lagged, job, node, lagged.admin)
    lagged.chain.warp(seconds=800)
    lagged.settle_job(job, node)
    release_job(lagged, job, node, lagged.admin)


def test_a_user_who_ends_its_job_accepts_what_was_reported(lagged: World) -> None:
    """Ended, all is paid at once, and nothing is disputed any more."""
    job, user, node = running(lagged, hours=3)
    worked(lagged, 100, job, node)
    end_job(lagged, job, user)
    with lagged.chain.refuses("WrongState"):
        dispute_job(lagged, job, user)
    lagged.settle_job(job, node)
    lagged.finish_job(job, user)
    assert job_of(lagged, job).settled_seconds == 100


# --- disputing ---


def test_a_dispute_locks_the_bond_and_stops_the_job(lagged: World) -> None:
    """The bond goes into the job's vault; the event has the evidence and the seconds in question."""
    job, user, node = running(lagged, hours=3)
    worked(lagged, HOUR, job, node)
    lagged.settle_job(job, node)
    before, held = lagged.chain.balance(lagged.usd(user[0])), lagged.chain.balance(addresses.job_vault(job))
    evidence = bytes(range(32))
    (event,) = lagged.chain.events(dispute_job(lagged, job, user, evidence))
    assert (event.program, event.name) == ("escrow", "JobDisputed")
    assert bytes(event.fields.pop("evidence")) == evidence
    assert event.fields == {
        "job": job,
        "node": node[1],
        "bond": BOND,
        "at": lagged.chain.now(),
        "settled_seconds": HOUR - LAG,
        "worked_seconds": HOUR,
    }
    assert lagged.chain.balance(lagged.usd(user[0])) == before - BOND
    assert lagged.chain.balance(addresses.job_vault(job)) == held + BOND
    found = job_of(lagged, job)
    assert (found.state, found.bond, found.disputed_at) == (state.Job.DISPUTED, BOND, lagged.chain.now())


def test_nothing_moves_in_a_disputed_job(lagged: World) -> None:
    """It is not reported, settled, ended, extended, released, disputed again or closed, whoever asks."""
    job, user, node = disputed(lagged)
    lagged.prices()
    refused = (
        lambda: lagged.report_job(node, job),
        lambda: lagged.settle_job(job, node),
        lambda: end_job(lagged, job, user),
        lambda: extend_job(lagged, job, user),
        lambda: release_job(lagged, job, node, node[0]),
        lambda: dispute_job(lagged, job, user),
        lambda: lagged.finish_job(job, user),
        lambda: lagged.start_job(job, lagged.node(processors=7)[1]),
    )
    for step in refused:
        with lagged.chain.refuses("WrongState"):
            step()


def test_only_its_user_disputes_a_running_job(lagged: World) -> None:
    """Neither another user nor the node; not a job that waits, nor one whose reports are all paid."""
    waiting, owner = opened(lagged)
    with lagged.chain.refuses("WrongState"):
        dispute_job(lagged, waiting, owner)
    job, user, node = running(lagged, hours=3)
    for signer in (owner[0], node[0], lagged.admin):
        with lagged.chain.refuses("NotAuthority"):
            dispute_job(lagged, job, (signer, user[1]))
    with lagged.chain.refuses("NothingToDispute"):
        dispute_job(lagged, job, user)
    worked(lagged, HOUR, job, node)
    lagged.chain.warp(seconds=LAG)
    lagged.settle_job(job, node)
    with lagged.chain.refuses("NothingToDispute"):
        dispute_job(lagged, job, user)


def test_a_job_whose_hours_are_over_can_still_be_disputed(lagged: World) -> None:
    """Until its work is paid, at any time."""
    job, user, node = running(lagged, hours=1)
    worked(lagged, HOUR + LAG, job, node)
    dispute_job(lagged, job, user)
    assert job_of(lagged, job).worked_seconds == HOUR


def test_a_bond_is_paid_by_the_user(lagged: World) -> None:
    """A user without the bond, or with another's dollars, disputes nothing; neither does IO."""
    user, node, rich = lagged.user(usd=3 * 400_000 + BOND - 1), lagged.node(), lagged.user()
    lagged.prices()
    job = lagged.open_job(user, hours=3)
    lagged.start_job(job, node[1])
    worked(lagged, 1, job, node)
    with lagged.chain.refuses("InsufficientFunds"):
        dispute_job(lagged, job, user)
    own, other = lagged.usd(user[0]), lagged.usd(rich[0])
    disputing = escrow.dispute_job(authority=user[0].pubkey(), job=job, source=own, evidence=bytes(32))
    with lagged.chain.refuses("OwnerMismatch"):
        lagged.chain.send([swapped(disputing, own, other)], user[0])
    with lagged.chain.refuses("InvalidAccountData"):
        lagged.chain.send([swapped(disputing, own, lagged.io(user[0]))], user[0])


# --- deciding ---


@pytest.mark.parametrize("part", [0, 1, 1_000, HOUR + 6, HOUR + 7])
def test_the_committee_decides_what_is_paid(lagged: World, part: int) -> None:
    """The node is paid exactly up to what was accepted, and gets that part of the bond; the rest comes back."""
    job, user, node = disputed(lagged)
    before = vaults(lagged)
    (event,) = lagged.chain.events(resolve_dispute(lagged, job, node, part))
    bond_node = economics.dispute_bond(BOND, HOUR + 7, part)
    assert (event.program, event.name) == ("escrow", "DisputeResolved")
    assert event.fields == {
        "job": job,
        "node": node[1],
        "bond_node": bond_node,
        "bond_user": BOND - bond_node,
        "at": lagged.chain.now(),
        "settled_seconds": 0,
        "worked_seconds": HOUR + 7,
        "accepted_seconds": part,
    }
    assert lagged.chain.balance(lagged.usd(node[0])) == bond_node
    assert job_of(lagged, job).state == state.Job.RESOLVED
    if part:
        with lagged.chain.refuses("SettleFirst"):
            lagged.finish_job(job, user)
        lagged.settle_job(job, node)
    else:
        with lagged.chain.refuses("NothingToSettle"):
            lagged.settle_job(job, node)
    finished, *_ = lagged.chain.events(lagged.finish_job(job, user, caller=lagged.admin))
    found = job_of(lagged, job)
    assert found.settled_usd == economics.earned(found.rate_per_hour, part)
    assert finished.fields["bond"] == BOND - bond_node
    assert finished.fields["state"] == (state.Job.SETTLED if found.settled_usd else state.Job.CANCELLED)
    after = vaults(lagged)
    refund = lagged.chain.balance(lagged.usd(user[0])) - 1_000_000 * USD + found.deposit + BOND
    dollars = lagged.chain.balance(lagged.usd(node[0]))
    assert found.deposit + BOND == dollars + refund + sum(after) - sum(before)


def test_what_was_settled_is_settled(lagged: World) -> None:
    """Neither less than was paid nor more than was reported can be accepted; the bond is about the rest."""
    job, _, node = disputed(lagged, seconds=2 * HOUR, settled=HOUR + 1_000)
    settled = job_of(lagged, job).settled_seconds
    assert settled == HOUR + 1_000
    for accepted in (settled - 1, 2 * HOUR + 1, 0, 2**32 - 1):
        with lagged.chain.refuses("AcceptedOutOfRange"):
            resolve_dispute(lagged, job, node, accepted)
    (event,) = lagged.chain.events(resolve_dispute(lagged, job, node, settled + 650))
    assert event.fields["bond_node"] == economics.dispute_bond(BOND, HOUR - 1_000, 650) == BOND * 650 // 2_600


def test_a_dispute_takes_a_majority(lagged: World) -> None:
    """One member of three, none, a stranger beside one, and one twice are refused."""
    job, _, node = disputed(lagged)
    for signers in (0, 1):
        with lagged.chain.refuses("NoQuorum"):
            resolve_dispute(lagged, job, node, 1, signers=signers)
    member, stranger = lagged.committee[0], lagged.person()
    for keys in ((member, stranger), (member, member), (stranger, lagged.admin)):
        resolving = escrow.resolve_dispute(
            signers=[key.pubkey() for key in keys],
            job=job,
            node=node[1],
            node_usd=lagged.usd(node[0]),
            accepted_seconds=1,
        )
        signers_ = {key.pubkey(): key for key in (lagged.admin, *keys)}
        with lagged.chain.refuses("NoQuorum"):
            lagged.chain.send([resolving], *signers_.values())
    resolve_dispute(lagged, job, node, 1, signers=3)


def test_a_decision_is_about_a_dispute(lagged: World) -> None:
    """No running, ended or resolved job is decided, whatever the committee signs: nobody drains a vault."""
    job, user, node = running(lagged, hours=3)
    worked(lagged, HOUR, job, node)
    with lagged.chain.refuses("WrongState"):
        resolve_dispute(lagged, job, node, 1)
    end_job(lagged, job, user)
    with lagged.chain.refuses("WrongState"):
        resolve_dispute(lagged, job, node, 1)
    job, _, node = disputed(lagged)
    resolve_dispute(lagged, job, node, 1)
    with lagged.chain.refuses("WrongState"):
        resolve_dispute(lagged, job, node, 2)


def test_the_nodes_part_of_a_bond_is_the_nodes(lagged: World) -> None:
    """Another node, another's account, another job's vault and IO are refused."""
    job, _, node = disputed(lagged)
    other_job, _, other = running(lagged)
    members = lagged.committee[:2]
    resolving = escrow.resolve_dispute(
        signers=[member.pubkey() for member in members],
        job=job,
        node=node[1],
        node_usd=lagged.usd(node[0]),
        accepted_seconds=HOUR,
    )
    cases = (
        (node[1], other[1], "JobMismatch"),
        (lagged.usd(node[0]), lagged.usd(other[0]), "InvalidAccountData"),
        (lagged.usd(node[0]), lagged.io(node[0]), "InvalidAccountData"),
        (addresses.job_vault(job), addresses.job_vault(other_job), "InvalidSeeds"),
    )
    for old, new, name in cases:
        with lagged.chain.refuses(name):
            lagged.chain.send([swapped(resolving, old, new)], *members)


# --- lapsing ---


def test_a_dispute_that_nobody_decides_lapses(lagged: World) -> None:
    """A second after the committee's time anyone ends it: the work counts as reported, the bond comes back."""
    job, user, node = disputed(lagged)
    lagged.chain.warp(seconds=DECISION)
    with lagged.chain.refuses("DecisionOpen"):
        lapse_dispute(lagged, job)
    lagged.chain.warp(seconds=1)
    (event,) = lagged.chain.events(lapse_dispute(lagged, job))
    assert (event.program, event.name) == ("escrow", "DisputeLapsed")
    assert event.fields == {
        "job": job,
        "node": node[1],
        "bond_user": BOND,
        "at": lagged.chain.now(),
        "worked_seconds": HOUR + 7,
    }
    lagged.settle_job(job, node)
    lagged.finish_job(job, user, caller=lagged.admin)
    found = job_of(lagged, job)
    assert found.settled_usd == economics.earned(found.rate_per_hour, HOUR + 7)
    assert lagged.chain.balance(lagged.usd(user[0])) == 1_000_000 * USD - found.settled_usd


def test_only_a_dispute_lapses(lagged: World) -> None:
    """A running job does not; a dispute that was decided, or has lapsed, does not again; one can be decided late."""
    job, _, _ = running(lagged, hours=3)
    with lagged.chain.refuses("WrongState"):
        lapse_dispute(lagged, job)
    job, _, node = disputed(lagged)
    late, _, late_node = disputed(lagged)
    lagged.chain.warp(seconds=DECISION + 1)
    lapse_dispute(lagged, job)
    with lagged.chain.refuses("WrongState"):
        lapse_dispute(lagged, job)
    with lagged.chain.refuses("WrongState"):
        resolve_dispute(lagged, job, node, 1)
    resolve_dispute(lagged, late, late_node, 1)
    with lagged.chain.refuses("WrongState"):
        lapse_dispute(lagged, late)


def test_a_gift_to_a_disputed_vault_is_no_bond(lagged: World) -> None:
    """What a stranger gives is the user's; the bond is what was locked."""
    job, user, node = disputed(lagged)
    giver = lagged.person(usd=5)
    giving = tokens.transfer(
        source=lagged.usd(giver), destination=addresses.job_vault(job), owner=giver.pubkey(), amount=5
    )
    lagged.chain.send([giving], giver)
    resolve_dispute(lagged, job, node, 0)
    finished, *_ = lagged.chain.events(lagged.finish_job(job, user))
    assert (finished.fields["bond"], finished.fields["refund"]) == (BOND, finished.fields["deposit"])
    assert lagged.chain.balance(lagged.usd(user[0])) == 1_000_000 * USD + 5
