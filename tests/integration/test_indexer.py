"""The indexer on a real chain and a real PostgreSQL: the same history whatever happens on the way, scores, payouts."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import httpx
import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Processed
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, state
from client.economics import IO
from client.instructions import emission, oracle
from client.rpc import connect as connect_node
from client.sending import SendOptions
from indexer import db, replay, schedule, scores, store
from indexer.errors import ChainMismatch, DatabaseUnavailable, NodeUnavailable, PublishRefused, VerifyRefused
from indexer.oracle import batch_size, publish
from indexer.replay import ReplayStats, catch_up
from indexer.scoring import REFERENCES
from indexer.settlement import settle_due
from indexer.verify import verify_epoch
from tests.programs.world import GENESIS, World, new_world

if TYPE_CHECKING:
    from indexer.db import Pool

ROOT = Path(__file__).resolve().parents[2]
SEND = SendOptions(commitment=Processed)
"""The clock of these chains stands still: nothing is ever confirmed without a warp."""
Node = tuple[Keypair, Pubkey]


class Network:
    """A world with two nodes of an affiliate's and a user, whose hours pass one after the other."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.url = str(world.chain.http.base_url)
        self.affiliate = world.person()
        self.nodes: list[tuple[Node, str]] = [
            (world.node(hardware_class="H100", processors=8, dollar_share_bp=9_000), "H100"),
            (world.node(processors=2, dollar_share_bp=3_000, affiliate=self.affiliate.pubkey()), "4090"),
        ]
        self.user = world.user()
        self.seller = world.person(io=1_000 * IO)

    def work(self, epoch: int) -> None:
        """Challenges and jobs, up to the epoch's end; every block of it final."""
        chain, world = self.world.chain, self.world
        world.prices()
        self.challenge(epoch)
        jobs = []
        for number, (node, hardware_class) in enumerate(self.nodes):
            processors = chain.account(state.Actor, node[1]).processors
            job = world.open_job(
                self.user, id=10 * epoch + number, hardware_class=hardware_class, processors=processors, hours=1
            )
            world.start_job(job, node[1])
            jobs.append((job, node))
        chain.warp(seconds=3_600)
        for job, node in jobs:
            world.report_job(node, job)
        chain.warp(timestamp=GENESIS + epoch * 3_700)
        chain.warp(seconds=1)

    def challenge(self, epoch: int, *, outcome: int = 1) -> None:
        """A verifier measures every node at its reference."""
        chain, member = self.world.chain, self.world.committee[0]
        verifier, secret = member.pubkey(), sha256(b"%d" % epoch).digest()
        committing = oracle.commit_challenge(
            verifier=verifier, epoch=epoch, round=1, commitment=sha256(secret).digest()
        )
        chain.send([committing], member)
        chain.warp(slots=1)
        chain.warp(slots=1)
        challenge = addresses.challenge(verifier, epoch, 1)
        chain.send([oracle.draw_challenge(challenge=challenge)], member)
        measured = [
            oracle.Measurement(node[1], r.bandwidth, r.memory, r.clock, r.compute, 20_000, outcome)
            for node, hardware_class in self.nodes
            for r in [REFERENCES[hardware_class]]
        ]
        recording = oracle.record_challenges(
            verifier=verifier, challenge=challenge, secret=secret, measurements=measured
        )
        chain.send([recording], member)

    def after(self, epoch: int) -> None:
        """Everything that follows scores: the close, claims, a lock, a sale; all of it final."""
        world, (rich, lean) = self.world, [node for node, _ in self.nodes]
        world.close(epoch)
        world.claim(rich)
        world.claim(lean, affiliate=self.affiliate.pubkey())
        owner, actor = lean
        lock = emission.lock_bonus(authority=owner.pubkey(), actor=actor, coupon_epoch=0, closed_epoch=epoch)
        world.chain.send([lock], owner)
        world.prices()
        world.sell_io(self.seller, 5 * IO)
        world.chain.warp(seconds=1)


@pytest.fixture
def network() -> Iterator[Network]:
    """A network of the test's own, at the first second of epoch 1."""
    with new_world() as world:
        yield Network(world)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL for this module; each test makes databases of its own in it."""
    with db.embedded_postgres(tmp_path_factory.mktemp("postgres") / "pg") as url:
        yield url


class Databases:
    """Makes empty databases."""

    def __init__(self, server: str) -> None:
        self._server = server

    async def url(self) -> str:
        """A new one."""
        name = f"test_{uuid4().hex}"
        connection = await asyncpg.connect(self._server)
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        return self._server.replace("/postgres?", f"/{name}?")

    @asynccontextmanager
    async def pool(self) -> AsyncIterator[Pool]:
        """A new one, migrated."""
        pool = await db.connect(await self.url())
        try:
            yield pool
        finally:
            pool.terminate()


@pytest.fixture
def databases(server: str) -> Databases:
    """Databases of the test's own."""
    return Databases(server)


async def digests(pool: Pool) -> dict[str, str]:
    """Of every table that the replay fills, and the cursor."""
    return {**await store.digests(pool), "cursor": str(await store.cursor(pool))}


async def one_epoch(network: Network, pool: Pool, client: AsyncClient, epoch: int) -> ReplayStats:
    """An hour, from its work to what follows its scores."""
    network.work(epoch)
    await catch_up(pool, network.url)
    await settle_due(client, pool, network.world.admin, options=SEND)
    await publish(pool, client, network.world.committee, epoch, options=SEND)
    network.after(epoch)
    return await catch_up(pool, network.url)


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
                await catch_up(other, network.url, batch_blocks=blocks, batch_rows=rows)
                assert await digests(other) == expected
        async with databases.pool() as other:
            for slot in range(0, 40, 3):
                await catch_up(other, network.url, until_slot=slot)
            await catch_up(other, network.url)
            again = await catch_up(other, network.url)
            assert (again.slots, again.events) == (0, 0)
            assert await digests(other) == expected


_KILLED = """
import asyncio, sys
from indexer import db, replay

async def main(url, node):
    pool = await db.connect(url)
    await replay.catch_up(pool, node, batch_blocks=1, progress=lambda slot, *_: print(slot, flush=True))
    await pool.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_replay_killed_anywhere_leaves_the_same_rows(network: Network, databases: Databases) -> None:
    """SIGKILL at many moments, started again each time: the digest is that of a clean replay."""
    chain = network.world.chain
    for epoch in range(1, 60):  # a block each
        member = network.world.committee[epoch % 3]
        committing = oracle.commit_challenge(
            verifier=member.pubkey(), epoch=epoch, round=0, commitment=sha256(b"%d" % epoch).digest()
        )
        chain.send([committing], member)
        chain.warp(seconds=1)
    network.world.prices()
    chain.warp(seconds=1)
    url, random = await databases.url(), Random(20)  # noqa: S311 - for moments, not secrets
    for _ in range(6):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _KILLED, url, network.url), stdout=subprocess.PIPE, cwd=ROOT
        )
        assert process.stdout is not None
        for _ in range(random.randint(1, 9)):
            assert await process.stdout.readline(), "it ended before it was killed"
        await asyncio.sleep(random.uniform(0, 0.004))
        process.kill()
        await process.wait()
    pool = await db.connect(url)
    try:
        await catch_up(pool, network.url)
        async with databases.pool() as clean:
            await catch_up(clean, network.url)
            assert await digests(pool) == await digests(clean)
            assert await clean.fetchval("SELECT count(*) FROM chain.challenge_committed") == 59
    finally:
        pool.terminate()


async def test_publishing_again_sends_nothing_and_refuses_what_it_does_not_know(
    network: Network, databases: Databases
) -> None:
    """Once per epoch; not before the replay has passed its end, not with anything in quarantine, not without quorum."""
    committee = network.world.committee
    async with databases.pool() as pool, connect_node(network.url) as client:
        with pytest.raises(PublishRefused, match="no emission yet"):
            await publish(pool, client, committee, 1, options=SEND)
        network.world.chain.warp(seconds=1)
        await catch_up(pool, network.url)
        with pytest.raises(PublishRefused, match="epoch 1 ends at second"):
            await publish(pool, client, committee, 1, options=SEND)
        with pytest.raises(PublishRefused, match="is no epoch"):
            await publish(pool, client, committee, 175_320, options=SEND)
        network.work(1)
        await catch_up(pool, network.url)
        with pytest.raises(VerifyRefused, match="epoch 1 is not closed"):
            await verify_epoch(pool, client, 1)

        await pool.execute("INSERT INTO indexer.quarantine VALUES (1, 2, 3, 's', 'burn', 'why', '')")
        with pytest.raises(PublishRefused, match="quarantine"):
            await publish(pool, client, committee, 1, options=SEND)
        with pytest.raises(PublishRefused, match="quarantine"):
            await settle_due(client, pool, network.world.admin, options=SEND)
        await pool.execute("DELETE FROM indexer.quarantine")

        strangers = [committee[0], network.seller, committee[0]]
        with pytest.raises(PublishRefused, match="1 of the 3 keys given"):
            await publish(pool, client, strangers, 1, options=SEND)
        first = await publish(pool, client, committee, 1, options=SEND)
        assert (first.rows, first.transactions) == (2, 2)
        again = await publish(pool, client, committee, 1, options=SEND)
        assert (again.rows, again.transactions, again.digest) == (0, 0, first.digest)

        network.work(2)
        await catch_up(pool, network.url)
        with pytest.raises(PublishRefused, match="epoch 1 is final and not closed"):
            await publish(pool, client, committee, 2, options=SEND)
        said = await pool.fetchval("SELECT digest FROM chain.scores_finalized")
        assert said == first.digest
        await pool.execute("UPDATE chain.scores_finalized SET digest = $1", bytes(32))
        with pytest.raises(PublishRefused, match="somebody published other scores"):
            await publish(pool, client, committee, 1, options=SEND)


async def test_scores_are_kept_as_they_would_be_computed_from_nothing(network: Network, databases: Databases) -> None:
    """Kept epoch by epoch, or recomputed from the first: the same scores, idle hours included."""
    async with databases.pool() as pool:
        network.work(1)
        network.world.chain.warp(timestamp=GENESIS + 30 * 3_600)
        network.challenge(31, outcome=0)
        network.world.chain.warp(timestamp=GENESIS + 33 * 3_600)
        network.world.chain.warp(seconds=1)
        await catch_up(pool, network.url)
        for epoch in (1, 2, 25, 26, 31, 33):
            kept = await scores.computed(pool, epoch)
            async with pool.acquire() as connection:
                assert await scores.recomputed(connection, epoch) == kept
        reputations = {score.reputation for score in kept.scores.values()}
        assert {reputation.idle_epochs for reputation in reputations} == {2, 33}
        earlier = await scores.computed(pool, 1)
        assert {score.points for score in earlier.scores.values()} == {0, 250, 8_000}
        rows = await pool.fetchval("SELECT count(*) FROM indexer.score")
        assert rows <= 3 * 4, "only what does not follow from being idle is kept"


async def test_verify_names_what_differs(network: Network, databases: Databases) -> None:
    """An event that says another amount than the chain paid is found, with both values."""
    async with databases.pool() as pool, connect_node(network.url) as client:
        await one_epoch(network, pool, client, 1)
        assert (await verify_epoch(pool, client, 1)).ok
        for table, column, name in (
            ("claimed", "owner", "claimed by the owner"),
            ("bonus_locked", "amount", "bonus locked"),
            ("job_settled", "dollars", "settled: dollars to the node"),
            ("score_posted", "points", "posted score: points"),
            ("challenge_recorded", "compute", "digest of all scores"),
            ("io_burned", "io", "burned by the token program"),
            ("epochs_closed", "availability", "emission, availability half"),
            ("collateral_deposited", "amount", "collateral"),
        ):
            await pool.execute(f"UPDATE chain.{table} SET {column} = {column} - 1")  # noqa: S608 - our own names
            report = await verify_epoch(pool, client, 1)
            assert name in {difference.name for difference in report.differences}, table
            assert not report.ok
            await pool.execute(f"UPDATE chain.{table} SET {column} = {column} + 1")  # noqa: S608
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


async def test_one_writer_and_one_chain(
    network: Network, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second writer, another chain and an unreachable node are refused by name; nothing is lost."""
    monkeypatch.setattr("indexer.rpc.ATTEMPTS", 2)  # or it takes six seconds
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


async def test_migrations_resume_and_refuse_strangers(databases: Databases) -> None:
    """One that is missing is applied, one that is there is not touched, one that differs is refused."""
    async with databases.pool() as pool:
        assert await db.migrate(pool) == []
        await pool.execute("DROP SCHEMA indexer CASCADE; DELETE FROM schema_migration WHERE version = 2")
        assert await db.migrate(pool) == ["0002_indexer.sql"]
        await pool.execute("UPDATE schema_migration SET sha256 = 'x' WHERE version = 1")
        with pytest.raises(DatabaseUnavailable, match=r"another version of 0001_chain\.sql"):
            await db.migrate(pool)


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
        service = schedule.Service(pool, network.url, client, world.committee, world.admin, SEND)
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
        assert await pool.fetchval("SELECT count(*) FROM indexer.scheduled_job") == 4
    pool.terminate()


def test_twenty_scores_fit_into_a_transaction() -> None:
    """With two signers of a committee of three, found by making the transaction."""
    members = [Keypair.from_seed(sha256(b"%d" % n).digest()).pubkey() for n in range(9)]
    assert batch_size(members[:2]) >= 20
    assert batch_size(members[:2], SendOptions(priority_fee=1)) >= 20
    assert 1 <= batch_size(members[:9]) < batch_size(members[:2])
    assert replay.BATCH_ROWS > 0
