"""Ranges of slots read by other processes leave the rows of a replay here."""

from __future__ import annotations

import pytest

from client.errors import IonetError
from indexer import backfill
from indexer.replay import catch_up
from tests.integration.indexer_network import Databases, Network, digests


async def test_two_workers_leave_the_same_digest(network: Network, databases: Databases) -> None:
    """A cluster of two processes, by ranges of any size, from nothing or from where a replay stopped."""
    network.work(1)
    for _ in range(20):
        network.world.chain.warp(seconds=1)
    async with databases.pool() as clean:
        stats = await catch_up(clean, network.url)
        expected = await digests(clean)
    async with backfill.cluster(None, 2) as client:
        address = client.scheduler.address
        for range_slots, replayed in ((3, None), (1_000, None), (5, 7)):
            async with databases.pool() as pool, backfill.cluster(address, 0) as other:
                if replayed is not None:
                    await catch_up(pool, network.url, until_slot=replayed)
                found = await backfill.backfill(pool, network.url, other, range_slots=range_slots)
                assert await digests(pool) == expected
                assert replayed is not None or (found.slots, found.events) == (stats.slots, stats.events)
                again = await backfill.backfill(pool, network.url, other)
                assert (again.slots, again.events) == (0, 0)
    with pytest.raises(IonetError, match="no Dask scheduler"):
        async with backfill.cluster("tcp://127.0.0.1:1", 0):
            pass
