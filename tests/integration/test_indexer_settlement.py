"""Settlements survive kills, lost answers, refusals and each other: each (job, period) is paid once."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from random import Random
from typing import TYPE_CHECKING

import pytest
from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature

from client import addresses, state
from client.rpc import connect as connect_node
from client.sending import SendOptions
from indexer import db
from indexer.replay import catch_up
from indexer.settlement import Settled, open_settlements, settle_due
from tests.integration.indexer_network import Databases
from tests.integration.settlement_victim import MOMENTS, OPTIONS, killed
from tests.programs.world import World, new_world

if TYPE_CHECKING:
    from indexer.db import Pool

HOUR = 3_600
SLOT_MS = 40
KILLS = int(os.environ.get("IONET_SETTLEMENT_KILLS", "8"))
"""At random moments. More by the environment: each takes about three seconds."""


class Works:
    """Nodes that work on jobs for hours, in a network whose slots pass by themselves, and a database."""

    def __init__(self, world: World, database: str, pool: Pool, client: AsyncClient) -> None:
        self.world = world
        self.url = str(world.chain.http.base_url)
        self.database = database
        self.pool = pool
        self.client = client
        self.jobs: dict[Pubkey, tuple[Keypair, Pubkey]] = {}

    def begin(self, jobs: int, *, hours: int = 200) -> None:
        """So many more jobs, of one user and a node each."""
        world, user = self.world, self.world.user()
        world.prices()
        for number in range(jobs):
            node = world.node()
            job = world.open_job(user, id=number, hours=hours)
            world.start_job(job, node[1])
            self.jobs[job] = node

    def work(self) -> None:
        """An hour of it, reported."""
        self.world.chain.warp(seconds=HOUR)
        for job, node in self.jobs.items():
            self.world.report_job(node, job)

    async def read(self) -> None:
        """Waits until all that was sent is final, and replays it."""
        tip = self.world.chain.call("getSlot", {"commitment": "processed"})
        while self.world.chain.call("getSlot", {"commitment": "finalized"}) < tip:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(SLOT_MS / 1_000)
        await catch_up(self.pool, self.url)

    async def settle(self, options: SendOptions = OPTIONS) -> list[Settled]:
        """One run that nobody kills."""
        return await settle_due(self.client, self.pool, self.world.admin, options=options)

    def job(self, job: Pubkey) -> state.Job:
        return self.world.chain.account(state.Job, job)

    async def require_agreement(self, periods: int) -> None:
        """Each job was paid once for each period, no second twice; chain, replay and table agree; no dollar is lost."""
        await self.read()
        paid = await self.pool.fetch(
            "SELECT s.job, s.period, s.from_second, s.to_second, s.gross, t.signature "
            "FROM chain.job_settled AS s JOIN chain.transaction AS t USING (slot, tx_index) ORDER BY s.job, s.period"
        )
        wanted = {(bytes(job), period) for job in self.jobs for period in range(periods)}
        assert Counter((row["job"], row["period"]) for row in paid) == dict.fromkeys(wanted, 1)
        until: Counter[bytes] = Counter()
        for row in paid:
            assert row["from_second"] == until[row["job"]]
            until[row["job"]] = row["to_second"]
        noted = await self.pool.fetch("SELECT job, period, signature, state FROM indexer.settlement")
        assert {(r["job"], r["period"], str(Signature.from_bytes(r["signature"]))) for r in paid} == {
            (r["job"], r["period"], r["signature"]) for r in noted
        }
        assert {row["state"] for row in noted} == {"confirmed"}
        assert await open_settlements(self.pool) == []
        chain, gross = self.world.chain, sum(int(row["gross"]) for row in paid)
        for job in self.jobs:
            found = self.job(job)
            assert chain.balance(addresses.job_vault(job)) + found.settled_usd == found.deposit
            assert found.settled_seconds == until[bytes(job)]
        earned = sum(chain.balance(self.world.usd(owner)) for owner, _ in self.jobs.values())
        assert earned + chain.balance(addresses.burn_vault()) + chain.balance(addresses.incentives_vault()) == gross


@pytest.fixture
def world() -> Iterator[World]:
    """A network of the test's own, whose slots pass by themselves."""
    with new_world(slot_ms=SLOT_MS) as made:
        yield made


@pytest.fixture
async def works(world: World, databases: Databases) -> AsyncIterator[Works]:
    """Three jobs that run."""
    async with working(world, databases, jobs=3) as made:
        yield made


@asynccontextmanager
async def working(world: World, databases: Databases, *, jobs: int) -> AsyncIterator[Works]:
    """So many jobs that run, as far as replayed."""
    database = await databases.url()
    pool = await db.connect(database)
    try:
        async with connect_node(str(world.chain.http.base_url)) as client:
            made = Works(world, database, pool, client)
            made.begin(jobs)
            yield made
    finally:
        pool.terminate()


async def test_a_kill_at_each_moment_pays_once(works: Works) -> None:
    """Between signing, writing down, sending, confirming and noting: the next run goes on where it was."""
    for period, moment in enumerate(MOMENTS):
        works.work()
        await works.read()
        assert await killed("settle", works.database, works.url, works.world.admin, moment=moment, count=2), moment
        done = await works.settle()
        assert [one.refused for one in done] == [None] * len(done), moment
        await works.require_agreement(period + 1)


async def test_kills_at_random_pay_once(works: Works) -> None:
    """Killed anywhere, run after run, two at a time: in the end each period is paid once."""
    random = Random(5)  # noqa: S311 - moments of kills are no secret
    periods = deaths = 0
    while deaths < KILLS:
        works.work()
        await works.read()
        for _ in range(2):
            both = [
                killed("settle", works.database, works.url, works.world.admin, seconds=random.uniform(0.01, 0.4))
                for _ in range(2)
            ]
            deaths += sum(await asyncio.gather(*both))
        await works.settle()
        periods += 1
        await works.require_agreement(periods)


async def test_two_schedulers_pay_once(works: Works) -> None:
    """Each has a connection of its own; what one sends, the other leaves alone."""
    works.work()
    await works.read()
    other = await db.connect(works.database)
    try:
        async with connect_node(works.url) as client:
            both = await asyncio.gather(
                works.settle(),
                settle_due(client, other, works.world.admin, options=OPTIONS),
            )
    finally:
        other.terminate()
    signatures = {one.signature for done in both for one in done if one.signature}
    assert len(signatures) == len(works.jobs)
    await works.require_agreement(1)
