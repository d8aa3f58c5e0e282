"""Settlements survive kills, lost answers, refusals and each other: each (job, period) is paid once."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Finalized
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature
from spl.token.instructions import AuthorityType, SetAuthorityParams, set_authority

from client import addresses, state
from client.idl import TOKEN_PROGRAM
from client.rpc import connect as connect_node
from client.sending import NotConfirmed, SendOptions
from indexer.acting import scores, settlement
from indexer.acting.guard import require_current
from indexer.acting.oracle import publish
from indexer.acting.routing import route
from indexer.acting.settlement import Settled, open_settlements, settle_due
from indexer.database import db
from indexer.errors import PublishRefused
from indexer.operation import alarms
from tests.databases import Databases
from tests.integration.settlement_victim import MOMENTS, OPTIONS, Task, killed, read
from tests.programs.world import World, new_world
from tests.wire import no_statuses, wire

if TYPE_CHECKING:
    from indexer.database.db import Pool

HOUR = 3_600
IMPATIENT = SendOptions(timeout_seconds=1)
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
        await read(self.pool, self.url)

    async def settle(self, options: SendOptions = OPTIONS) -> list[Settled]:
        """One run that nobody kills, up to date as a scheduler is."""
        await read(self.pool, self.url)
        return await settle_due(self.client, self.pool, self.world.admin, options=options)

    def job(self, job: Pubkey) -> state.Job:
        return self.world.chain.account(state.Job, job)

    def task(self, **when: Any) -> Task:
        """A run of settlement that is killed."""
        return Task("settle", self.database, self.url, [bytes(self.world.admin)], **when)

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
        assert await killed(works.task(moment=moment, count=2)), moment
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
            both = [works.task(seconds=random.uniform(0.01, 0.4)) for _ in range(2)]
            deaths += sum(await asyncio.gather(*map(killed, both)))
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


async def test_a_send_that_timed_out_and_landed_is_not_signed_again(works: Works) -> None:
    """The node takes all, says nothing, and denies to have seen them: the next run finds them as they were signed."""
    works.work()
    await works.read()

    def blind(call: dict[str, Any], forward: Callable[[], bytes]) -> bytes | None:
        if call["method"] == "getSignatureStatuses":
            return no_statuses(forward)
        if call["method"] == "sendTransaction":
            forward()
            return None
        return forward()

    with wire(works.url, blind) as url:
        async with connect_node(url) as client:
            with pytest.raises(NotConfirmed, match="it may still be"):
                await settle_due(client, works.pool, works.world.admin, options=IMPATIENT)
    waiting = {one.job: one for one in await open_settlements(works.pool)}
    assert waiting.keys() == works.jobs.keys()
    assert {one.state for one in waiting.values()} == {"sent"}
    done = {one.job: one.signature for one in await works.settle()}
    assert done == {job: one.signature for job, one in waiting.items()}
    assert await works.pool.fetchval("SELECT max(signings) FROM indexer.settlement") == 1
    await works.require_agreement(1)


async def test_what_never_arrived_is_signed_anew_once_it_has_expired(works: Works) -> None:
    """Nothing reaches the chain until the block hash is too old: then another transaction pays, and only that one."""
    works.work()
    await works.read()
    sent: set[str] = set()

    def swallow(call: dict[str, Any], forward: Callable[[], bytes]) -> bytes | None:
        if call["method"] == "sendTransaction":
            sent.add(call["params"][0])
            return None
        return forward()

    with wire(works.url, swallow) as url:
        async with connect_node(url) as client:
            for _ in range(2):
                with pytest.raises(NotConfirmed):
                    await settle_due(client, works.pool, works.world.admin, options=IMPATIENT)
    # The second run sent the same bytes again.
    assert len(sent) == len(works.jobs)
    before = {one.job: one.signature for one in await open_settlements(works.pool)}
    last_valid = await works.pool.fetchval("SELECT max(last_valid_block_height) FROM indexer.settlement")
    while (await works.client.get_block_height(Finalized)).value <= last_valid:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(SLOT_MS / 1_000)
    await works.read()
    done = await works.settle()
    assert {one.job for one in done if one.signature} == works.jobs.keys()
    assert not {one.signature for one in done} & set(before.values())
    assert await works.pool.fetchval("SELECT min(signings) FROM indexer.settlement") == 2
    await works.require_agreement(1)


def give(world: World, account: Pubkey, by: Keypair, to: Keypair) -> None:
    """A token account gets another owner."""
    giving = SetAuthorityParams(
        program_id=TOKEN_PROGRAM,
        account=account,
        authority=AuthorityType.ACCOUNT_OWNER,
        current_authority=by.pubkey(),
        new_authority=to.pubkey(),
    )
    world.chain.send([set_authority(giving)], by)


async def test_a_refused_job_does_not_hold_up_the_others(works: Works) -> None:
    """It is kept with its reason and how often, until what is due is done or not due any more; the others are paid."""
    works.work()
    await works.read()
    held, (owner, _) = next(iter(works.jobs.items()))
    world = works.world
    account = world.usd(owner)
    give(world, account, owner, world.admin)
    await works.read()
    done = await works.settle()
    refused = {one.job: one.refused for one in done if one.refused}
    assert refused.keys() == {held}
    assert {one.job for one in done if one.signature} == works.jobs.keys() - {held}
    (waits,) = await open_settlements(works.pool)
    assert (waits.job, waits.state, waits.reason) == (held, "refused", refused[held])
    await works.settle()
    (still,) = await open_settlements(works.pool)
    assert still.refusals > waits.refusals
    give(world, account, world.admin, owner)
    # Somebody else is faster.
    world.settle_job(held, works.jobs[held])
    await works.read()
    assert await works.settle() == []
    assert await open_settlements(works.pool) == []
    state_of = await works.pool.fetchval("SELECT state FROM indexer.settlement WHERE job = $1", bytes(held))
    assert state_of == "overtaken"


async def test_what_the_replay_does_not_find_is_said(works: Works) -> None:
    """A settlement that a node confirmed, and that is in no block up to where the chain was read."""
    works.work()
    await works.read()
    await works.settle()
    await works.read()
    job = next(iter(works.jobs))
    await works.pool.execute("UPDATE indexer.settlement SET slot = slot - 1 WHERE job = $1", bytes(job))
    (unseen,) = await open_settlements(works.pool)
    assert (unseen.job, unseen.state) == (job, "unseen")


async def test_nothing_is_done_on_doubtful_facts(works: Works, databases: Databases) -> None:
    """Never replayed, behind, ahead of the node, in quarantine, in alarm: settlement, routing and scores refuse."""
    works.work()
    await works.read()
    pool, client, world = works.pool, works.client, works.world

    async def refuse(why: str) -> None:
        for acting in (
            settle_due(client, pool, world.admin, options=OPTIONS),
            settlement.release_silent(client, pool, world.admin, options=OPTIONS),
            route(client, pool, world.router, options=OPTIONS),
            require_current(client, pool),
        ):
            with pytest.raises(PublishRefused, match=why):
                await acting

    await pool.execute("INSERT INTO indexer.quarantine VALUES (1, 2, 3, 's', 'burn', 'why', '')")
    await refuse("1 of our programs' own messages are in quarantine")
    await pool.execute("DELETE FROM indexer.quarantine")
    for kind in sorted(alarms.STOPPING):
        await alarms.tell(pool, kind, "why")  # type: ignore[arg-type] # each of them is a kind
        await refuse(f"while an alarm is open: {kind} since")
        await alarms.tell(pool, kind, None)  # type: ignore[arg-type] # as above
    await alarms.tell(pool, "settlement", "one is refused")
    await require_current(client, pool)
    slot = await pool.fetchval("SELECT slot FROM indexer.cursor")
    await pool.execute("UPDATE indexer.cursor SET slot = slot + 1000000")
    await refuse("slots behind what was replayed")
    await pool.execute("UPDATE indexer.cursor SET slot = $1 - 200", slot)
    await refuse("slots behind: nothing is done before")
    await pool.execute("UPDATE indexer.cursor SET slot = $1", slot)
    async with databases.pool() as empty:
        with pytest.raises(PublishRefused, match="nothing was replayed yet"):
            await settle_due(client, empty, world.admin, options=OPTIONS)
    await works.read()
    assert len(await works.settle()) == len(works.jobs)


@pytest.mark.parametrize("moment", list(MOMENTS)[:3])
async def test_a_killed_router_starts_a_job_once(works: Works, moment: str) -> None:
    """With the node that was drawn first, whenever it was killed; what it took of the node is given back later."""
    world, pool = works.world, works.pool
    job = world.open_job(world.user(), id=77)
    node = world.node()[1]
    await works.read()
    task = Task("route", works.database, works.url, [bytes(world.router)], moment=moment)
    assert await killed(task)
    written = await pool.fetchrow("SELECT node, signature FROM indexer.assignment")
    assert (written is None) == (moment == "before it is written down")
    found = await route(works.client, pool, world.router, options=OPTIONS)
    while works.job(job).state == state.Job.OPEN:
        await works.read()
        found += await route(works.client, pool, world.router, options=OPTIONS)
    await works.read()
    assert await route(works.client, pool, world.router, options=OPTIONS) == []
    assert works.job(job).assignments == 1
    assert works.job(job).node == node
    started = await pool.fetch("SELECT slot, tx_index FROM chain.job_started WHERE job = $1", bytes(job))
    assert len(started) == 1
    assert await pool.fetchval("SELECT count(*) FROM indexer.assignment") == 0


async def test_scores_of_a_killed_publisher_are_final_once(works: Works) -> None:
    """Posted twice they are what they were; made final once, with the digest that everybody computes."""
    world, pool = works.world, works.pool
    works.work()
    await works.read()
    await works.settle()
    await works.read()

    def held(actor: Pubkey) -> tuple[int, int]:
        earner = world.chain.account(state.Earner, addresses.earner(actor))
        return earner.points, earner.reputation

    node = next(iter(works.jobs.values()))[1]
    for _ in range(2):
        world.post_scores(1, (node, 7, 8))
        assert held(node) == (7, 8)
    random = Random(6)  # noqa: S311 - moments of kills are no secret
    members = [bytes(member) for member in world.committee]
    for _ in range(4):
        await killed(Task("publish", works.database, works.url, members, seconds=random.uniform(0.05, 0.5)))
        await works.read()
    published = await publish(pool, works.client, world.committee, 1, options=OPTIONS)
    await works.read()
    again = await publish(pool, works.client, world.committee, 1, options=OPTIONS)
    assert (again.rows, again.transactions) == (0, 0)
    final = await pool.fetch("SELECT epoch, digest FROM chain.scores_finalized")
    assert [(row["epoch"], row["digest"]) for row in final] == [(1, published.digest)]
    found = await scores.computed(pool, 1)
    assert found.digest == published.digest
    assert found.scores
    for actor, score in found.scores.items():
        assert held(Pubkey.from_bytes(actor)) == (score.points, score.reputation.value)
