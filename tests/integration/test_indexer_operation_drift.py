"""Drift: what the chain holds is what the events add up to, or the difference is named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from solana.rpc.async_api import AsyncClient

from client import addresses
from client.economics import IO
from client.instructions import tokens
from client.rpc import connect as connect_node
from indexer.operation import drift
from indexer.operation.drift import NotCompared
from indexer.operation.held import COLLATERAL, STAKE
from indexer.storing import balances
from indexer.storing.replay import catch_up
from tests.databases import Databases
from tests.integration.indexer_network import Network, tampered
from tests.programs.walk import walk
from tests.programs.world import new_world

if TYPE_CHECKING:
    from indexer.database.db import Pool


async def compare(pool: Pool, client: AsyncClient, url: str, looks: int = 1) -> drift.Drift:
    """One look: nothing moves meanwhile."""
    return await drift.compare(pool, client, url, looks=looks, pause_seconds=0, wait_seconds=0)


async def test_an_honest_walk_drifts_nowhere(databases: Databases) -> None:
    """After every instruction there is, every balance is what the chain holds; batches of any size keep the same."""
    with new_world(initialized=False) as world:
        walk(world)
        world.chain.warp(seconds=1)
        url = str(world.chain.http.base_url)
        async with databases.pool() as pool, connect_node(url) as client:
            await catch_up(pool, url)
            found = await compare(pool, client, url)
            assert found.differences == ()
            assert found.notes == ()
            assert found.compared == 20
            # The walk gives the incentives vault dollars that no job has paid.
            assert found.gifts["incentives vault"] > 0
            assert await drift.recount(pool) == []


async def test_balances_are_known_as_of_each_slot(databases: Databases) -> None:
    """Batches keep what one keeps at once; as of an earlier slot, what was kept when the cursor stood there."""
    with new_world(initialized=False) as world:
        walk(world)
        world.chain.warp(seconds=1)
        url = str(world.chain.http.base_url)
        async with databases.pool() as pool:
            await catch_up(pool, url)
            at_once = await kept(pool)
            slots = [row["slot"] for row in await pool.fetch("SELECT slot FROM chain.block ORDER BY slot")]
            await pool.execute("TRUNCATE indexer.balance, indexer.actor_balance")
            steps = []
            for since, until in pairwise([-1, *slots]):
                await balances.update(pool, since, until)
                steps.append((until, await kept(pool)))
            assert len(steps) == 10
            assert steps[-1][1] == at_once
            for slot, then in steps:
                async with pool.acquire() as connection:
                    as_of = await drift.as_of(connection, list(at_once), slot, slots[-1])
                assert {key: amount for key, (amount, _) in as_of.items()} == {key: then.get(key, 0) for key in at_once}


async def kept(pool: Pool) -> dict[drift.Key, int]:
    """What is kept now; of vaults, those of jobs that have not finished."""
    rows = await pool.fetch("SELECT kind, whose, amount FROM indexer.balance")
    actors = await pool.fetch("SELECT * FROM indexer.actor_balance")
    found = {(row["kind"], row["whose"]): int(row["amount"]) for row in rows}
    for kind, name in ((COLLATERAL, "collateral"), (STAKE, "stake")):
        found |= {(kind, row["actor"]): int(row[name]) for row in actors}
    return found


async def test_what_differs_is_named(network: Network, databases: Databases) -> None:
    """A lost event, a bent balance, a bent actor, a bent row: each is found, with both values."""
    async with databases.pool() as pool, connect_node(network.url) as client:
        network.work(1)
        await catch_up(pool, network.url)
        assert (await compare(pool, client, network.url)).ok
        assert await drift.recount(pool) == []

        rows = await pool.fetch("SELECT kind, whose, amount FROM indexer.balance")
        assert {row["kind"] for row in rows} == {"stake vault", "vault of a job"}
        for row in rows:
            async with bent(pool, "balance", "amount = amount + 1", "kind = $1 AND whose = $2", *row[:2]):
                (difference,) = (await compare(pool, client, network.url)).differences
                assert difference.kind == row["kind"]
                assert (difference.expected, difference.found) == (row["amount"] + 1, row["amount"])
                (again,) = await drift.recount(pool)
                assert again.kind == f"{row['kind']}, counted again"
        staked = network.nodes[1][0][1]
        for column in ("collateral", "stake"):
            async with bent(pool, "actor_balance", f"{column} = {column} - 1", "actor = $1", bytes(staked)):
                (difference,) = (await compare(pool, client, network.url, looks=2)).differences
                assert (difference.kind, difference.whose) == (f"actor: {column}", str(staked))
                assert difference.found == difference.expected + 1
        assert (await compare(pool, client, network.url)).ok
        for table, column, kind in (
            ("delegated", "amount", "stake vault"),
            ("job_opened", "deposit", "vault of a job"),
            ("delegated", "stake", "actor: stake"),
        ):
            async with tampered(pool, table, f"{column} = {column} - 1"):
                assert {one.kind for one in await drift.recount(pool)} == {f"{kind}, counted again"}
        kept_as = await pool.fetch("SELECT differences FROM indexer.drift ORDER BY id")
        assert [len(row["differences"]) for row in kept_as] == [0, *(1 for _ in rows), 1, 1, 0]


async def test_gifts_are_noted_and_hide_nothing(network: Network, databases: Databases) -> None:
    """More in a vault than it must hold is a gift; once known, not a base unit of it may be missing."""
    world = network.world
    async with databases.pool() as pool, connect_node(network.url) as client:
        gift = tokens.transfer(
            source=world.io(network.seller),
            destination=addresses.stake_vault(),
            owner=network.seller.pubkey(),
            amount=7 * IO,
        )
        world.chain.send([gift], network.seller)
        world.chain.warp(seconds=1)
        await catch_up(pool, network.url)
        found = await compare(pool, client, network.url)
        assert (found.ok, dict(found.gifts)) == (True, {"stake vault": 7 * IO})
        async with bent(pool, "balance", "amount = amount + 1", "kind = 'stake vault'"):
            (difference,) = (await compare(pool, client, network.url)).differences
            assert difference.expected == (difference.found or 0) + 1


async def test_nothing_is_compared_with_a_replay_that_is_behind(network: Network, databases: Databases) -> None:
    """Before the network began, or where the node is ahead, it says so instead of finding differences."""
    async with databases.pool() as pool, connect_node(network.url) as client:
        with pytest.raises(NotCompared, match="the network has not begun"):
            await compare(pool, client, network.url)
        network.world.chain.warp(seconds=1)
        await catch_up(pool, network.url)
        network.world.chain.warp(seconds=1)
        with pytest.raises(NotCompared, match="the replay stands at"):
            await compare(pool, client, network.url)


@asynccontextmanager
async def bent(pool: Pool, table: str, change: str, where: str, *arguments: object) -> AsyncIterator[None]:
    """A table of `indexer` that says something else, for a while."""
    async with pool.acquire() as connection:
        await connection.execute(f"CREATE TEMPORARY TABLE before AS SELECT * FROM indexer.{table}")  # noqa: S608 - our own names
        await connection.execute(f"UPDATE indexer.{table} SET {change} WHERE {where}", *arguments)  # noqa: S608 - as above
        try:
            yield
        finally:
            await connection.execute(f"TRUNCATE indexer.{table}")
            await connection.execute(f"INSERT INTO indexer.{table} SELECT * FROM before")  # noqa: S608 - as above
            await connection.execute("DROP TABLE before")
