"""The router on a chain: every open job gets a node by a draw that anyone repeats, and that nobody can bend unseen."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import Transaction

from client import state
from client.instructions import tokens
from client.rpc import connect as connect_node
from indexer.acting import router, routing, settlement
from indexer.acting.routing import Routed, route
from indexer.database.queries import sql
from indexer.errors import PublishRefused, VerifyRefused
from indexer.storing.replay import catch_up
from indexer.verify import verify_job
from tests.databases import Databases
from tests.integration.indexer_network import SEND, tampered
from tests.programs.world import World, new_world

if TYPE_CHECKING:
    from solana.rpc.async_api import AsyncClient

    from indexer.database.db import Pool

SILENT = 901
"""Seconds after which a node that does not report has failed."""
BLOCKS_TO_LAND = 5


class Market:
    """Three nodes of two processors, with reputations, and a user."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.url = str(world.chain.http.base_url)
        self.nodes: dict[Pubkey, tuple[Keypair, Pubkey]] = {}
        for _ in range(3):
            node = world.node(processors=2)
            self.nodes[node[1]] = node
        self.user = world.user()
        world.end_of(1)
        world.post_scores(1, *((node, 100, 3_000 * place) for place, node in enumerate(self.nodes)))

    def open(self, *processors: int, first: int = 1) -> list[Pubkey]:
        """Jobs of one hour with so many processors each, numbered from `first`."""
        self.world.prices()
        return [
            self.world.open_job(self.user, id=first + number, processors=count, hours=2)
            for number, count in enumerate(processors)
        ]

    def job(self, job: Pubkey) -> state.Job:
        return self.world.chain.account(state.Job, job)

    def by_hand(self, job: Pubkey, node: Pubkey) -> None:
        """The router's key starts a job without a draw."""
        self.world.start_job(job, node)


@pytest.fixture
def market() -> Iterator[Market]:
    """A market of the test's own."""
    with new_world() as world:
        yield Market(world)


@asynccontextmanager
async def indexed(market: Market, databases: Databases) -> AsyncIterator[tuple[Pool, AsyncClient]]:
    """A database and a connection."""
    async with databases.pool() as pool, connect_node(market.url) as client:
        yield pool, client


async def read(market: Market, pool: Pool) -> None:
    """Everything that was sent is final, and replayed."""
    market.world.chain.warp(seconds=1)
    await catch_up(pool, market.url)


async def routed(market: Market, pool: Pool, client: AsyncClient) -> list[Routed]:
    """One pass of the router."""
    await read(market, pool)
    return await route(client, pool, market.world.router, options=SEND)


async def test_every_job_gets_a_node_and_none_is_overbooked(market: Market, databases: Databases) -> None:
    """Six processors for seven: passes that see nothing of each other's starts do not give one away twice."""
    async with indexed(market, databases) as (pool, client):
        jobs = market.open(2, 1, 1, 1, 1, 1)
        started: list[Pubkey] = []
        passes = 0
        while passes < 8 and len(started) < 5:
            found = await routed(market, pool, client)
            started += [one.job for one in found if one.signature]
            assert all(
                one.signature or "just now" in str(one.refused) or "is free" in str(one.refused) for one in found
            )
            # Again before the replay has seen anything: what is on its way is not sent again, and takes its room.
            again = await route(client, pool, market.world.router, options=SEND)
            assert not {one.job for one in again} & set(started)
            started += [one.job for one in again if one.signature]
            passes += 1
        assert started[0] == jobs[0]
        booked: Counter[Pubkey] = Counter()
        for job in map(market.job, started):
            booked[job.node] += job.processors
        assert len(set(started)) == len(started)
        full = market.open(2, first=50)
        last = [one for one in await routed(market, pool, client) if one.job == full[0]]
        assert [(one.node, one.candidates) for one in last] == [(None, 0)]
        assert "no node of its class is free" in str(last[0].refused)
        with pytest.raises(VerifyRefused, match="is neither"):
            await verify_job(pool, "nonsense")


async def test_a_node_that_goes_silent_is_replaced(market: Market, databases: Databases) -> None:
    """It loses the job after its time, is not drawn for it again, and the second draw is repeated like the first."""
    async with indexed(market, databases) as (pool, client):
        (job,) = market.open(1)
        (first,) = await routed(market, pool, client)
        assert (first.assignment, first.candidates, first.refused) == (0, 3, None)
        market.world.chain.warp(seconds=SILENT - 2)
        await read(market, pool)
        admin = market.world.admin
        assert await settlement.release_silent(client, pool, admin, options=SEND) == []
        market.world.chain.warp(seconds=1)
        await read(market, pool)
        (lost,) = await settlement.release_silent(client, pool, admin, options=SEND)
        assert (lost.job, lost.action, lost.refused) == (job, "released", None)
        (second,) = await routed(market, pool, client)
        assert (second.assignment, second.candidates, second.refused) == (1, 2, None)
        assert second.node != first.node
        assert market.job(job).node == second.node
        await read(market, pool)
        report = await verify_job(pool, "1")
        assert report.ok, report.differences
        assert [one.number for one in report.assignments] == [0, 1]
        assert [one.candidates for one in report.assignments] == [3, 2]


async def test_verify_names_what_a_router_bent(market: Market, databases: Databases) -> None:
    """Another node, another digest, another slot, a node without room: each is named, and the job is not ok."""
    async with indexed(market, databases) as (pool, client):
        job, other = market.open(1, 1)
        market.world.chain.warp(slots=router.MAX_AGE_SLOTS + 2)
        await routed(market, pool, client)
        await read(market, pool)
        assert (await verify_job(pool, str(job))).ok
        stranger = next(node for node in market.nodes if node != market.job(job).node)
        ours = f"WHERE job = '\\x{bytes(job).hex()}'"
        for change, name in (
            (f"node = '\\x{bytes(stranger).hex()}'", "draw: node"),
            ("draw_candidates_digest = sha256('')", "draw: digest of the candidates"),
            ("draw_ticket = draw_ticket + 1", "draw: ticket"),
            ("draw_seed = sha256('')", "draw: seed"),
            ("draw_total_weight = draw_total_weight - 1", "draw: sum of their weights"),
            ("draw_candidates = draw_candidates + 1", "draw: candidates"),
            ("assignment = assignment + 1", "draw: number of the assignment"),
            ("draw_as_of_slot = slot", "draw: slot that it was drawn from"),
            (f"draw_as_of_slot = slot - {router.MAX_AGE_SLOTS + 1}", "draw: slot that it was drawn from"),
            ("draw_as_of_slot = 1", "draw: slot that it was drawn from"),
        ):
            async with tampered(pool, "job_started", f"{change} {ours}"):
                report = await verify_job(pool, str(job))
                assert name in {difference.name for difference in report.differences}, change
                assert not report.ok
                assert [one.ok for one in report.assignments] == [False]
                assert (await verify_job(pool, str(other))).ok or "node" in change
        assert (await verify_job(pool, str(job))).ok

        # What the chain itself takes: the router's key, a node that is full, and no draw.
        full = market.job(job).node
        market.world.chain.warp(seconds=1)
        (third, fourth) = market.open(2, 2, first=7)
        market.by_hand(third, full)
        await read(market, pool)
        report = await verify_job(pool, "7")
        names = {difference.name for difference in report.differences}
        assert {"draw: node", "draw: digest of the candidates", "processors beyond the node's"} <= names
        beyond = next(d for d in report.differences if d.name == "processors beyond the node's")
        assert (beyond.what, beyond.recomputed) == (f"{third}, assignment 0", 0)
        assert int(beyond.found) >= 1
        with pytest.raises(VerifyRefused, match="there is no job 77"):
            await verify_job(pool, "77")
        assert (await verify_job(pool, str(fourth))).assignments == ()


async def test_numbers_of_several_users_are_refused_by_name(market: Market, databases: Databases) -> None:
    """Users number their own jobs: where two have one, the address says which."""
    async with indexed(market, databases) as (pool, client):
        (job,) = market.open(1)
        other = market.world.open_job(market.world.user(), id=1)
        await read(market, pool)
        with pytest.raises(VerifyRefused, match="2 users have a job 1") as refused:
            await verify_job(pool, "1")
        assert str(job) in str(refused.value)
        assert (await verify_job(pool, str(other))).ok
        await pool.execute("INSERT INTO indexer.quarantine VALUES (1, 2, 3, 's', 'burn', 'why', '')")
        with pytest.raises(PublishRefused, match="quarantine"):
            await route(client, pool, market.world.router, options=SEND)
        with pytest.raises(VerifyRefused, match="quarantine"):
            await verify_job(pool, str(other))


async def never_landing(client: AsyncClient, world: World) -> tuple[bytes, int]:
    """A signed transaction that no block takes, and the height of the last block that could."""
    somebody, unknown = world.person(), Hash.default()
    account = world.usd(somebody)
    paying = tokens.transfer(source=account, destination=account, owner=somebody.pubkey(), amount=1)
    raw = bytes(Transaction([somebody], Message.new_with_blockhash([paying], somebody.pubkey(), unknown), unknown))
    return raw, (await client.get_block_height()).value + BLOCKS_TO_LAND


async def test_a_start_that_was_never_seen_gives_its_room_back(market: Market, databases: Databases) -> None:
    """A kill between the note and the chain: the processors are free again once it cannot land any more."""
    async with indexed(market, databases) as (pool, client):
        (job,) = market.open(2)
        await read(market, pool)
        async with pool.acquire() as connection:
            states = await routing.nodes_as_of(connection, 10**9, b"4090".ljust(16, b"\0"))
            (wanted,) = await routing.wanted(connection, 10**9)
        drawn = router.draw(states, wanted)
        assert drawn is not None
        assert {one.node: one.reputation for one in states} == {
            bytes(node): 3_000 * place for place, node in enumerate(market.nodes)
        }
        lost, last_valid = await never_landing(client, market.world)
        noted = (lost, str(Transaction.from_bytes(lost).signatures[0]), last_valid)
        await pool.execute(sql("assignment_signed"), bytes(32), 0, drawn.node, 2, *noted)
        (waits,) = await routed(market, pool, client)
        assert "just now" in str(waits.refused)
        for _ in range(BLOCKS_TO_LAND + 1):
            market.world.chain.warp(slots=1)
        (goes,) = await routed(market, pool, client)
        assert goes.refused is None
        assert bytes(market.job(job).node) == drawn.node
