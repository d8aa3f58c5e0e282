"""The schedule: what is done once is done once, and an hour runs by itself."""

from __future__ import annotations

import asyncio
import logging

import pytest

from client import addresses, state
from client.economics import IO
from client.rpc import connect as connect_node
from indexer.database import db
from indexer.operation import schedule
from tests.databases import Databases
from tests.integration.indexer_network import SEND, Network
from tests.programs import staking_steps


async def test_work_is_done_once_for_each_period(databases: Databases) -> None:
    """Two schedulers at once, and one that fails in the middle: one effect."""
    async with databases.pool() as pool:
        done: list[str] = []

        async def work() -> str:
            await asyncio.sleep(0.05)
            done.append("done")
            return "detail"

        async def fails() -> str:
            raise RuntimeError("killed")

        with pytest.raises(RuntimeError, match="killed"):
            await schedule.once(pool, "settlement", 7, fails)
        both = await asyncio.gather(*(schedule.once(pool, "settlement", 7, work) for _ in range(2)))
        assert sorted(both) == [False, True]
        assert done == ["done"]
        assert await schedule.once(pool, "settlement", 8, work)


async def test_the_schedule_runs_an_hour_by_itself(network: Network, databases: Databases) -> None:
    """Replay, settlement, scores, the close: each job does its part, and once; the jobs are in the database."""
    url = await databases.url()
    pool = await db.connect(url)
    world = network.world
    async with connect_node(network.url) as client:
        service = schedule.Service(pool, network.url, client, world.committee, world.admin, world.router, SEND)
        network.work(1)
        for _ in range(2):
            for job in (schedule.replay, schedule.route, schedule.settle, schedule.publish, schedule.close):
                await job(service)
        schedule_state = world.chain.account(state.Emission, addresses.emission())
        assert (schedule_state.final_epoch, schedule_state.closed_epoch) == (1, 1)
        assert {tuple(r) for r in await pool.fetch("SELECT kind, period FROM indexer.run")} == {
            ("settlement", 1),
            ("scores", 1),
        }
        async with schedule.running(service, url):
            await asyncio.sleep(0)
        assert await pool.fetchval("SELECT count(*) FROM indexer.scheduled_job") == 10
    pool.terminate()


async def test_the_schedule_routes_jobs_and_pays_tickets(network: Network, databases: Databases) -> None:
    """An open job gets a node, a silent node is replaced, a matured ticket is paid; without keys nothing is done."""
    world, chain = network.world, network.world.chain
    async with databases.pool() as pool, connect_node(network.url) as client:
        idle = schedule.Service(pool, network.url, client, options=SEND)
        service = schedule.Service(pool, network.url, client, payer=world.admin, router=world.router, options=SEND)
        world.node(processors=2)
        world.prices()
        job = world.open_job(network.user, id=1)
        staking_steps.undelegate(world, network.user[1], network.staker, 50 * IO)
        before = chain.balance(world.io(network.staker))

        async def look(by: schedule.Service) -> state.Job:
            chain.warp(seconds=1)
            await schedule.replay(by)
            for act in (schedule.replace, schedule.route, schedule.settle, schedule.close, schedule.stake):
                await act(by)
            return chain.account(state.Job, job)

        assert (await look(idle)).state == state.Job.OPEN
        first = await look(service)
        assert (first.state, first.assignments) == (state.Job.RUNNING, 1)
        chain.warp(seconds=901)
        second = await look(service)
        # Released; the replay has to see it before somebody else is drawn.
        assert (second.state, second.assignments) == (state.Job.OPEN, 1)
        third = await look(service)
        assert (third.state, third.assignments) == (state.Job.RUNNING, 2)
        assert third.node != first.node
        chain.warp(seconds=21 * 86_400)
        await look(idle)
        assert chain.balance(world.io(network.staker)) == before
        await look(service)
        assert chain.balance(world.io(network.staker)) == before + 50 * IO


async def test_no_key_is_in_what_is_logged(
    network: Network, databases: Databases, caplog: pytest.LogCaptureFixture
) -> None:
    """An hour with all keys, at the finest level, with refusals and a failure: no record holds a byte of a key."""
    world = network.world
    keys = [*world.committee, world.admin, world.router]
    caplog.set_level(logging.DEBUG)
    url = await databases.url()
    pool = await db.connect(url)
    async with connect_node(network.url) as client:
        service = schedule.Service(pool, network.url, client, world.committee, world.admin, world.router, SEND)
        network.work(1)
        world.prices()
        world.open_job(network.user, id=1, processors=2)
        waiting = world.open_job(network.user, id=2, processors=2)
        world.chain.warp(seconds=1)
        for job in (schedule.replay, schedule.route, schedule.settle, schedule.publish, schedule.close):
            await job(service)
        assert world.chain.account(state.Job, waiting).state == state.Job.OPEN
        async with schedule.running(service, url):
            await pool.execute("INSERT INTO indexer.quarantine VALUES (1, 2, 3, 's', 'burn', 'why', '')")
            await schedule.tick("router")
    pool.terminate()
    logged = [f"{record.getMessage()} {record.args} {record.exc_text}" for record in caplog.records]
    assert any("no node of its class is free" in line for line in logged)
    assert any("quarantine" in line for line in logged)
    for line in (*logged, repr(service)):
        for key in keys:
            for secret in (str(key), bytes(key)[:32].hex(), ", ".join(map(str, bytes(key)[:8])), repr(bytes(key)[:8])):
                assert secret not in line
