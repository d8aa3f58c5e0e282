"""The schedule: what is done once is done once, and an hour runs by itself."""

from __future__ import annotations

import asyncio

import pytest

from client import addresses, state
from client.rpc import connect as connect_node
from indexer import db, schedule
from tests.integration.indexer_network import SEND, Databases, Network


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
            for job in (schedule.replay, schedule.settle, schedule.publish, schedule.close):
                await job(service)
        schedule_state = world.chain.account(state.Emission, addresses.emission())
        assert (schedule_state.final_epoch, schedule_state.closed_epoch) == (1, 1)
        assert {tuple(r) for r in await pool.fetch("SELECT kind, period FROM indexer.run")} == {
            ("settlement", 1),
            ("scores", 1),
        }
        async with schedule.running(service, url):
            await asyncio.sleep(0)
        assert await pool.fetchval("SELECT count(*) FROM indexer.scheduled_job") == 6
    pool.terminate()
