"""What scores are computed from: aggregates that follow the replay, columns read and written in binary."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import asyncpg
import numpy as np
import pytest

from indexer.acting import scores
from indexer.database import columns
from indexer.errors import PublishRefused
from indexer.storing import aggregates
from indexer.storing.replay import catch_up
from tests.databases import Databases
from tests.integration.indexer_network import Network
from tests.programs import staking_steps
from tests.programs.world import GENESIS

TABLES = {"actor": "actor", "work": "epoch, actor"}


async def kept(connection: asyncpg.Connection[asyncpg.Record]) -> dict[str, list[asyncpg.Record]]:
    """Everything that is kept, in order."""
    return {
        table: await connection.fetch(f"SELECT * FROM indexer.{table} ORDER BY {key}")  # noqa: S608 - our own names
        for table, key in TABLES.items()
    }


def live(network: Network) -> None:
    """Five hours: jobs, one lost by silence, one disputed, one settled; collateral withdrawn."""
    world, (rich, lean) = network.world, [node for node, _ in network.nodes]
    network.work(1)
    staking_steps.withdraw_collateral(world, rich, 1)
    network.fail(lean)
    world.chain.warp(timestamp=GENESIS + 2 * 3_600)
    world.node()
    world.prices()
    settled = world.open_job(network.user, id=50, hours=1)
    world.start_job(settled, lean[1])
    world.chain.warp(timestamp=GENESIS + 3 * 3_600)
    world.report_job(lean, settled)
    world.settle_job(settled, lean)
    for epoch in (4, 5):
        network.challenge(epoch)
        world.chain.warp(timestamp=GENESIS + epoch * 3_600)
    world.chain.warp(seconds=1)


async def test_aggregates_do_not_depend_on_how_the_history_is_cut(network: Network, databases: Databases) -> None:
    """In one piece, slot by slot, or in any others: the same rows, each fact once."""
    live(network)
    random = Random(7)  # noqa: S311 - it picks where to cut
    async with databases.pool() as pool:
        await catch_up(pool, network.url)
        async with pool.acquire() as connection:
            whole = await kept(connection)
            assert len(whole["actor"]) == 4
            assert {row["epoch"] for row in whole["work"]} == {2, 4}
            assert {row["seconds"] for row in whole["work"] if row["usd"] == 0} == {0, 3_600}
            assert sum(row["failed"] + row["lost"] for row in whole["work"]) == 2
            slots = [slot for (slot,) in await connection.fetch("SELECT slot FROM chain.block ORDER BY slot")]
            for cuts in ([], slots, sorted(random.sample(slots, len(slots) // 3))):
                bounds = [-1, *cuts, slots[-1]]
                async with connection.transaction():
                    await connection.execute("TRUNCATE indexer.actor, indexer.work_part")
                    for since, until in pairwise(bounds):
                        await aggregates.update(connection, since, until)
                assert await kept(connection) == whole


async def test_scores_of_late_go_on_where_old_observations_were_dropped(network: Network, databases: Databases) -> None:
    """An epoch is recomputed from its own facts and the scores before it; one whose facts are gone is refused."""
    live(network)
    async with databases.pool() as pool:
        await catch_up(pool, network.url)
        known = {epoch: await scores.computed(pool, epoch) for epoch in range(1, 6)}
        async with pool.acquire() as connection:
            for epoch, found in known.items():
                assert await scores.recomputed(connection, epoch) == found
            first_kept = known[2].until_slot + 1
            await connection.execute("INSERT INTO indexer.retention (first_slot) VALUES ($1)", first_kept)
            await connection.execute("DELETE FROM chain.challenge_recorded WHERE slot < $1", first_kept)
            for epoch in range(2, 6):
                assert await scores.recomputed(connection, epoch) == known[epoch]
            with pytest.raises(PublishRefused, match="epoch 1 cannot be recomputed"):
                await scores.recomputed(connection, 1)


async def test_columns_keep_every_value(databases: Databases) -> None:
    """Also the least and the greatest, bytes that end in zeros, amounts beyond a bigint, and many rows."""
    dtype = np.dtype([("address", "S32"), ("small", "i2"), ("middle", "i4"), ("large", "i8"), ("is_so", "?")])
    rows = np.zeros(70_000, dtype)
    rows["large"] = np.arange(len(rows))
    rows[1] = (b"\0" * 31 + b"\1", -(2**15), -(2**31), -(2**63), True)
    rows[2] = (b"\1" + b"\0" * 31, 2**15 - 1, 2**31 - 1, 2**63 - 1, False)
    async with databases.pool() as pool, pool.acquire() as connection:
        await connection.execute(
            "CREATE TABLE indexer.sample (number serial, address bytea NOT NULL, small smallint, middle integer, "
            "large bigint, is_so boolean)"
        )
        await columns.append(connection, "indexer", "sample", rows)
        query = "SELECT address, small, middle, large, is_so FROM indexer.sample WHERE number > $1 ORDER BY number"
        assert np.array_equal(await columns.fetch(connection, dtype, query, 0), rows)
        assert len(await columns.fetch(connection, dtype, query, 10**6)) == 0

        amounts = np.dtype([("amount", "u8")])
        given = [0, 1, 2**63 - 1, 2**63, 2**64 - 1]
        found = await columns.fetch(
            connection, amounts, "SELECT indexer.signed(amount) FROM unnest($1::numeric[]) AS amount", given
        )
        assert found["amount"].tolist() == given

        for other in ("SELECT small FROM indexer.sample LIMIT 8", "SELECT NULL::bigint", "SELECT 1::bigint, 2::bigint"):
            with pytest.raises(ValueError, match="the query's rows are not of"):
                await columns.fetch(connection, np.dtype([("large", "i8")]), other)
