"""Ranges of slots read by other processes leave the rows of a replay here."""

from __future__ import annotations

import asyncio
from multiprocessing import active_children

import psutil
import pytest
from distributed import LocalCluster

from client.errors import IonetError
from indexer.errors import NodeUnavailable
from indexer.storing import backfill
from indexer.storing.replay import catch_up
from tests.databases import Databases
from tests.integration.indexer_network import Network, digests


async def test_other_processes_leave_the_same_digest(network: Network, databases: Databases) -> None:
    """Two workers of a Dask cluster, or a process of our own; ranges of any size; from nothing or from the middle."""
    network.work(1)
    for _ in range(20):
        network.world.chain.warp(seconds=1)
    async with databases.pool() as clean:
        stats = await catch_up(clean, network.url)
        expected = await digests(clean)

    async def check(workers: backfill.Workers, range_slots: int, replayed: int | None) -> None:
        async with databases.pool() as pool:
            if replayed is not None:
                await catch_up(pool, network.url, until_slot=replayed)
            found = await catch_up(pool, network.url, workers=workers, range_slots=range_slots)
            assert await digests(pool) == expected
            assert replayed is not None or (found.slots, found.events) == (stats.slots, stats.events)
            again = await catch_up(pool, network.url, workers=workers)
            assert (again.slots, again.events) == (0, 0)

    async with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, asynchronous=True
        ) as cluster,
        backfill.dask_workers(cluster.scheduler_address) as workers,
    ):
        assert workers.count() == 2
        await check(workers, 3, None)
        await check(workers, 1_000, None)
    async with backfill.local_workers(1) as process:
        await check(process, 5, 7)
        with pytest.raises(NodeUnavailable, match="no URL of a node"):
            await process.submit("nonsense", 1, 2, "1" * 32)
    with pytest.raises(IonetError, match="no Dask scheduler"):
        async with backfill.dask_workers("tcp://127.0.0.1:1"):
            pass


async def test_a_process_does_not_wait_for_a_node_that_hangs() -> None:
    """Whoever stops a replay stops what reads for it, at once."""

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    asked, before = asyncio.Event(), set(active_children())
    async with await asyncio.start_server(hang, "127.0.0.1", 0) as node:
        port = node.sockets[0].getsockname()[1]
        async with asyncio.timeout(60), backfill.local_workers(1) as workers:
            reading = asyncio.ensure_future(workers.submit(f"http://127.0.0.1:{port}", 1, 2, "1" * 32))
            await asked.wait()
            started = [psutil.Process(process.pid) for process in set(active_children()) - before]
        with pytest.raises(IonetError, match="was killed"):
            await reading
    assert started
    _, alive = psutil.wait_procs(started, timeout=10)
    assert not alive
