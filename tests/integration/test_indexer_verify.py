"""`verify_epoch`: what the chain paid is what the events say, or the difference is named."""

from __future__ import annotations

from client.economics import IO
from client.rpc import connect as connect_node
from indexer.verify import verify_epoch
from tests.integration.indexer_network import Databases, Network, digests, one_epoch, tampered


async def test_verify_names_what_differs(network: Network, databases: Databases) -> None:
    """An event that says another amount than the chain paid is found, with both values."""
    async with databases.pool() as pool, connect_node(network.url) as client:
        await one_epoch(network, pool, client, 1)
        assert (await verify_epoch(pool, client, 1)).ok
        for table, column, name in (
            ("claimed", "owner", "claimed by the owner"),
            ("claimed", "stakers", "claimed for the stakers"),
            ("bonus_locked", "owner", "bonus locked"),
            ("job_settled", "dollars", "settled: dollars to the node"),
            ("job_settled", "fee_affiliate", "settled: fee to the affiliate"),
            ("delegated", "amount", "stake of a pool"),
            ("delegated", "shares", "shares of a pool"),
            ("score_posted", "points", "posted score: points"),
            ("challenge_recorded", "compute", "digest of all scores"),
            ("io_burned", "io", "burned by the token program"),
            ("epochs_closed", "availability", "emission, availability half"),
            ("collateral_deposited", "amount", "collateral"),
        ):
            async with tampered(pool, table, f"{column} = greatest({column}, 1) - 1"):
                report = await verify_epoch(pool, client, 1)
            assert name in {difference.name for difference in report.differences}, table
            assert not report.ok
        assert (await verify_epoch(pool, client, 1)).ok


async def test_verify_hears_what_came_after_the_cursor(network: Network, databases: Databases) -> None:
    """The chain may be further than the database: the rest is read from the node, and not stored."""
    async with databases.pool() as pool, connect_node(network.url) as client:
        await one_epoch(network, pool, client, 1)
        before = await digests(pool)
        network.world.sell_io(network.seller, IO)
        network.world.chain.warp(slots=1)
        network.world.chain.warp(slots=1)
        assert (await verify_epoch(pool, client, 1)).ok
        assert await digests(pool) == before
