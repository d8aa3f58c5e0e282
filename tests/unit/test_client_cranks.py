"""`ionet crank`: what is due is done by anyone, once, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from solders.pubkey import Pubkey
from spl.token.instructions import CloseAccountParams, close_account

from client import addresses, economics, state
from client.actions.due import due_for_job
from client.economics import IO
from client.idl import TOKEN_PROGRAM
from tests.programs import escrow_steps, staking_steps
from tests.programs.staking_steps import DAY, FRAUD
from tests.programs.world import TERMS
from tests.unit.client_network import Network, new_network

HOUR = 3_600
DISPUTABLE = replace(TERMS, dispute_seconds=600)


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """A network of the test's own."""
    with new_network(tmp_path) as made:
        yield made


def job(**change: Any) -> state.Job:
    """A job of two hours that began at second 10,000, reported after an hour, and was never settled."""
    nobody = Pubkey.default()
    values: dict[str, Any] = dict.fromkeys((field.name for field in fields(state.Job)), 0)
    values |= dict.fromkeys(("user", "authority", "node", "affiliate_usd"), nobody) | {"digest": b"", "class_": ""}
    running = {"state": state.Job.RUNNING, "hours": 2, "started_at": 10_000, "reported_at": 13_600}
    return state.Job(**values | running | change)


@pytest.mark.parametrize(
    ("change", "now", "due"),
    [
        ({}, 13_600, "settled"),
        ({"reported_at": 13_599}, 13_600, None),
        ({"settled_seconds": 3_600}, 14_500, None),
        ({"settled_seconds": 3_600}, 14_501, "released"),
        ({}, 14_501, "released"),
        ({"reported_at": 10_000}, 10_901, "released"),
        ({"reported_at": 10_000}, 17_200, "finished"),
        ({"reported_at": 17_100}, 17_200, "settled"),
        ({"reported_at": 17_100, "settled_seconds": 7_100}, 17_200, None),
        ({"reported_at": 17_100}, 18_001, "finished"),
        ({"reported_at": 17_200}, 17_200, "finished"),
        ({"base_seconds": 7_000, "settled_seconds": 7_000, "reported_at": 10_100}, 10_100, None),
        ({"base_seconds": 7_000, "settled_seconds": 7_000, "reported_at": 10_200}, 10_200, "finished"),
        ({"state": state.Job.OPEN}, 99_999, None),
        ({"state": state.Job.ENDED}, 13_600, "finished"),
        ({"state": state.Job.RESOLVED}, 13_600, "finished"),
        ({"state": state.Job.DISPUTED, "disputed_at": 13_600}, 13_600 + 7 * DAY, None),
        ({"state": state.Job.DISPUTED, "disputed_at": 13_600}, 13_601 + 7 * DAY, "lapsed"),
        ({"state": state.Job.SETTLED}, 99_999, None),
        ({"state": state.Job.CANCELLED}, 99_999, None),
    ],
)
def test_what_is_due_for_a_job(change: dict[str, Any], now: int, due: str | None) -> None:
    """Reported work is paid, a silent node is taken off, what is over is refunded; nothing before its time."""
    assert due_for_job(job(**change), now, TERMS) == due


@pytest.mark.parametrize(
    ("change", "now", "due"),
    [
        ({}, 13_600, "settled"),  # all but the last ten minutes
        ({"settled_seconds": 3_000}, 13_600, None),
        ({"reported_at": 17_200}, 17_200, "settled"),
        ({"reported_at": 17_200, "settled_seconds": 6_600}, 17_799, "settled"),
        ({"reported_at": 17_200, "settled_seconds": 7_199}, 17_799, None),
        ({"reported_at": 17_200, "settled_seconds": 7_199}, 17_800, "finished"),
        ({"reported_at": 13_600, "settled_seconds": 3_000}, 14_501, "released"),
    ],
)
def test_what_can_still_be_disputed_holds_an_end_back(change: dict[str, Any], now: int, due: str | None) -> None:
    """With ten minutes to dispute work, it is paid after them, and only then is the job over."""
    assert due_for_job(job(**change), now, DISPUTABLE) == due


def cranked(network: Network) -> set[tuple[str, str]]:
    """One pass: what was done to what. Nothing may have been refused."""
    done = network.json("anyone", "crank")
    assert [one["refused"] for one in done] == [None] * len(done)
    assert all(one["signature"] for one in done)
    return {(one["what"], one["action"]) for one in done}


def test_jobs_are_brought_to_their_end(network: Network) -> None:
    """Settled, released, lapsed, finished: each by somebody who has nothing to do with it."""
    world = network.world
    network.person("anyone")
    assert "nothing is due" in network.run("anyone", "crank").stderr
    silent, _, _ = escrow_steps.running(world)
    short, _, (_, short_node) = escrow_steps.running(world, hours=1)
    long_, _, long_node = escrow_steps.running(world, hours=3)
    disputed, user, disputed_node = escrow_steps.running(world)
    assert cranked(network) == set()

    escrow_steps.worked(world, HOUR, long_, long_node)
    world.report_job(disputed_node, disputed)
    escrow_steps.dispute_job(world, disputed, user)
    # The first and the second never reported; the hours of the second are over.
    expected = {(str(silent), "released"), (str(short), "finished"), (str(long_), "settled")}
    assert cranked(network) == expected
    assert cranked(network) == set()
    assert escrow_steps.job_of(world, short).state == state.Job.CANCELLED
    assert escrow_steps.job_of(world, silent).state == state.Job.OPEN
    assert escrow_steps.job_of(world, long_).settled_seconds == HOUR
    assert short_node != long_node[1]

    world.chain.warp(seconds=7 * DAY + 1)
    assert cranked(network) == {(str(disputed), "lapsed"), (str(disputed), "finished"), (str(long_), "finished")}
    ended = escrow_steps.job_of(world, disputed)
    assert (ended.state, ended.settled_seconds) == (state.Job.SETTLED, HOUR)
    assert cranked(network) == set()


def test_slashes_and_tickets_are_carried_out(network: Network) -> None:
    """In their time, to those who are owed, whose account is made where it is missing; what waits is left alone."""
    world = network.world
    network.person("anyone")
    owned = staking_steps.pooled(world)
    actor = owned[1]
    staker = staking_steps.delegator(world, actor, 1_000 * IO)
    closing = CloseAccountParams(TOKEN_PROGRAM, world.io(staker), staker.pubkey(), staker.pubkey())
    world.chain.send([close_account(closing)], staker)
    staking_steps.undelegate(world, actor, staker, 400 * IO)
    collateral = staking_steps.actor_of(world, actor).collateral
    staking_steps.withdraw_collateral(world, owned, collateral // 2)
    tickets = [str(addresses.ticket(actor, owner.pubkey(), 1)) for owner in (owned[0], staker)]
    assert cranked(network) == set()

    world.chain.warp(seconds=14 * DAY)
    assert cranked(network) == {(tickets[0], "withdrawn")}
    world.chain.warp(seconds=7 * DAY)
    staking_steps.propose(world, actor, FRAUD - 2, id=1)
    staking_steps.propose(world, actor, FRAUD, id=2)
    staking_steps.appeal(world, owned, id=2)
    # Matured, and held back by both slashes.
    assert cranked(network) == set()
    world.chain.warp(seconds=3 * DAY)
    assert cranked(network) == {(str(addresses.slash(actor, 1)), "executed")}
    world.chain.warp(seconds=4 * DAY)
    assert cranked(network) == {(str(addresses.slash(actor, 2)), "dismissed"), (tickets[1], "withdrawn")}
    # A fifth was slashed, and shares are rounded against who leaves.
    assert world.chain.balance(world.io(staker)) == 320 * IO - 1
    assert cranked(network) == set()


def test_epochs_are_closed_and_what_is_refused_is_said(network: Network) -> None:
    """Final scores are closed; where the chain refuses, the rest is done, and the exit code is 1."""
    world = network.world
    network.person("anyone")
    world.end_of(2)
    world.finalize(2)
    staking = staking_steps.pooled(world)
    staking_steps.propose(world, staking[1])
    world.chain.warp(seconds=3 * DAY)
    staking_steps.pause(world, state.PAUSE_BITS["staking"])
    result = network.run("anyone", "crank")
    assert result.exit_code == 1
    assert "refused: " in result.stdout
    assert "closed" in result.stdout
    assert world.chain.account(state.Emission, addresses.emission()).closed_epoch == 2


def test_stakers_are_paid_their_part_in_time(network: Network) -> None:
    """Once a node owes its stakers an IO, anyone claims for it: who stakes later has no part in that."""
    world = network.world
    network.person("anyone")
    staked, alone = staking_steps.pooled(world), world.node()
    staking_steps.delegator(world, staked[1], 100 * IO)
    world.end_of(1)
    world.post_scores(1, (staked[1], 1, 0), (alone[1], 1, 0))
    world.finalize(1)
    world.close(1)
    before = world.chain.balance(world.io(alone[0]))
    assert cranked(network) == {(str(staked[1]), "claimed")}
    # 2% of half of what points were paid, rounded against the stakers.
    half = economics.accrue(0, 1, world.chain.account(state.Emission, addresses.emission()).per_point)
    part = economics.bps_floor(economics.whole(half)[0], 200)
    assert world.chain.balance(addresses.rewards(staked[1])) == part
    assert part > IO
    assert world.chain.balance(world.io(alone[0])) == before
    assert cranked(network) == set()
