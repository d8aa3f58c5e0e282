"""The replay: the same history whatever happens on the way, one writer, one chain, no gap."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from client.rpc import connect as connect_node
from indexer.acting import scores
from indexer.database import db
from indexer.errors import ChainMismatch, DatabaseUnavailable, NodeUnavailable
from indexer.storing import store
from indexer.storing.replay import catch_up
from indexer.verify import verify_epoch
from tests.databases import Databases
from tests.integration.indexer_network import Network, digests, one_epoch
from tests.programs.world import GENESIS

ROOT = Path(__file__).resolve().parents[2]


async def test_two_hours_are_replayed_scored_settled_and_verified(network: Network, databases: Databases) -> None:
    """What the chain paid is what the events say, and however they are read they leave the same rows."""
    async with databases.pool() as pool, connect_node(network.url) as client:
        for epoch in (1, 2):
            await one_epoch(network, pool, client, epoch)
            report = await verify_epoch(pool, client, epoch)
            assert report.ok, report.differences
            assert (report.first, report.last, report.notes) == (epoch, epoch, ())
        points = {payout.actor: payout.points for payout in report.payouts}
        assert sorted(points.values()) == [0, 250, 8_000]
        assert {row.name for row in report.rows} >= {"IO supply", "digest of all scores", "claimed by the owner"}
        expected = await digests(pool)
        assert len(set(expected.values())) > 20
        genesis = await scores.genesis(pool)
        assert genesis == GENESIS

        for blocks, rows in ((1, 1), (3, 10_000), (10_000, 7)):
            async with databases.pool() as other:
                await catch_up(other, network.url, batch_blocks=blocks, batch_transactions=rows)
                assert await digests(other) == expected
        async with databases.pool() as other:
            for slot in range(0, 40, 3):
                await catch_up(other, network.url, until_slot=slot)
            await catch_up(other, network.url)
            again = await catch_up(other, network.url)
            assert (again.slots, again.events) == (0, 0)
            assert await digests(other) == expected


async def test_one_writer_and_one_chain(
    network: Network, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second writer, another chain and an unreachable node are refused by name; nothing is lost."""
    monkeypatch.setattr("indexer.node.rpc.ATTEMPTS", 2)  # or it takes six seconds
    async with databases.pool() as pool:
        await catch_up(pool, network.url, until_slot=1)
        async with db.writer(pool):
            with pytest.raises(DatabaseUnavailable, match="another indexer writes"):
                await catch_up(pool, network.url)
        with pytest.raises(NodeUnavailable, match=r"http://127\.0\.0\.1:1"):
            await catch_up(pool, "http://127.0.0.1:1")
        with pytest.raises(NodeUnavailable, match="is no URL of a node"):
            await catch_up(pool, "nonsense")
        before = await digests(pool)
        await pool.execute("UPDATE indexer.cursor SET genesis_hash = 'another'")
        with pytest.raises(ChainMismatch, match="the database holds the chain another"):
            await catch_up(pool, network.url)
        cursor = await store.cursor(pool)
        assert cursor is not None
        await pool.execute("UPDATE indexer.cursor SET genesis_hash = $1", network.world.chain.call("getGenesisHash"))
        assert await digests(pool) == before

        network.world.chain.warp(seconds=1)
        await pool.execute("UPDATE indexer.cursor SET blockhash = 'of another fork'")
        with pytest.raises(ChainMismatch, match="fork"):
            await catch_up(pool, network.url)
        await pool.execute("UPDATE indexer.cursor SET slot = slot - 1")
        await pool.execute("UPDATE indexer.cursor SET blockhash = $1", cursor.position.blockhash)
        with pytest.raises(ChainMismatch, match="fork"):
            await catch_up(pool, network.url)


async def test_a_node_that_leaves_a_block_out_is_caught(network: Network, databases: Databases) -> None:
    """The parent of the next block is not the last one read: the replay stops, and keeps what came before."""
    network.world.chain.warp(seconds=1)
    network.world.chain.warp(seconds=1)
    async with databases.pool() as pool, httpx.AsyncClient() as http:
        slots = (await _rpc(http, network.url, "getBlocks", 0, {"commitment": "finalized"}))["result"]
        missing = slots[len(slots) // 2]
        async with _without(network.url, missing) as liar:
            with pytest.raises(ChainMismatch, match="gap"):
                await catch_up(pool, liar)
        cursor = await store.cursor(pool)
        assert cursor is not None
        assert cursor.position.slot < missing
        await catch_up(pool, network.url)
        async with databases.pool() as clean:
            await catch_up(clean, network.url)
            assert await digests(pool) == await digests(clean)


async def _rpc(http: httpx.AsyncClient, url: str, method: str, *params: object) -> dict[str, list[int]]:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer: dict[str, list[int]] = (await http.post(url, json=body)).json()
    return answer


@asynccontextmanager
async def _without(url: str, missing: int) -> AsyncIterator[str]:
    """A node that does not list one of its blocks: a proxy before the real one."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length"))
        async with httpx.AsyncClient() as http:
            asked = await reader.readexactly(length)
            answer = (await http.post(url, content=asked, headers={"content-type": "application/json"})).content
        if json.loads(asked)["method"] == "getBlocks":
            said = json.loads(answer)
            said["result"] = [slot for slot in said["result"] if slot != missing]
            answer = json.dumps(said).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(answer) + answer)
        await writer.drain()
        writer.close()

    proxy = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with proxy:
        yield f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"


async def test_migrations_resume_and_refuse_strangers(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is missing is applied, one that is there is not touched, one that differs is refused."""
    files = db._migration_files()
    with monkeypatch.context() as older:
        older.setattr(db, "_migration_files", lambda: files[:2])
        url = await databases.empty()
        pool = await db.connect(url)
    try:
        with monkeypatch.context() as older:
            older.setattr(db, "_migration_files", lambda: files[:2])
            assert await db.migrate(pool) == []
        await pool.execute("INSERT INTO chain.feed_created VALUES (1, 2, 3, '')")
        await pool.execute("INSERT INTO indexer.cursor VALUES (1, 'g', 1, 'b', 2, $1)", bytes(32))
        assert await db.migrate(pool) == [path.name for _, path in files[2:]]
        assert await store.cursor(pool) is None, "events have other bytes since: the chain is read again"
        assert await pool.fetchval("SELECT count(*) FROM chain.feed_created") == 0
        assert await db.migrate(pool) == []
        with monkeypatch.context() as older:
            older.setattr(db, "_migration_files", lambda: files[:2])
            with pytest.raises(DatabaseUnavailable, match="newer than this indexer"):
                await db.migrate(pool)
        await pool.execute("UPDATE schema_migration SET sha256 = 'x' WHERE version = 1")
        with pytest.raises(DatabaseUnavailable, match=r"another version of 0001_chain\.sql"):
            await db.migrate(pool)
    finally:
        pool.terminate()
