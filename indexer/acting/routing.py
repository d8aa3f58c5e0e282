"""Gives open jobs their nodes: draws from what was replayed, and sends what was drawn, signed by the router.

Each start is written down in `indexer.assignment` before it is sent, and stands there until the replay has seen it or
it can no longer land: meanwhile its job gets no other, and it takes room of its node.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import asyncpg
from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts
from client.concurrency import at_once
from client.errors import IonetError, Unreachable
from client.instructions import escrow
from client.instructions.escrow import Draw as DrawArgument
from client.sending import DEFAULT, NotConfirmed, SendOptions, Signed, look_up, resume, send
from client.state import Job
from indexer.acting import router
from indexer.acting.guard import require_current
from indexer.acting.router import Draw, NodeState, Wanted
from indexer.database.db import integer, lost_database
from indexer.database.queries import sql

if TYPE_CHECKING:
    from indexer.database.db import Connection, Pool

CONCURRENT: Final = 8
"""Starts on their way at once."""
START_SECONDS: Final = 30
"""For which a run waits for one of them: those after it can be drawn meanwhile."""


@dataclass(frozen=True, slots=True)
class Routed:
    """What was done for one open job."""

    job: Pubkey
    assignment: int
    """How many nodes it had before."""
    candidates: int
    """Nodes that could have been drawn; 0 where it was drawn by a run before this one."""
    node: Pubkey | None
    """Drawn; None where no node is free, or where its processors were given to another job a moment ago."""
    signature: str | None
    refused: str | None
    """Why the job still waits; None where it was started. The next run tries again."""


class _Taken(IonetError):
    """Another router of this database sends it now."""


async def route(
    client: AsyncClient, pool: Pool, router_key: Keypair, *, options: SendOptions = DEFAULT
) -> list[Routed]:
    """Draws a node for every open job that the replay knows of, the oldest first, and starts it.

    All are drawn from the state after the last slot that was replayed. A node that two of them draw and that is too
    small for both gets the first; the other waits until the replay has seen that start. A job is started once
    whatever is sent how often, so this can be killed and run again anywhere. Raises `PublishRefused` where the replay
    is not to be relied on (`require_current`), and `Unreachable` where the node is away: the next run goes on.
    """
    as_of = await require_current(client, pool)
    with lost_database():
        done = await _resume_open(client, pool, as_of, options)
        async with pool.acquire() as connection:
            waiting = await wanted(connection, as_of)
            rows = await connection.fetch(sql("assignment_listed"))
            classes = {job.hardware_class for job in waiting}
            nodes = {one: await nodes_as_of(connection, as_of, one) for one in sorted(classes)}
        states = await accounts.fetch_many(client, Job, [Pubkey.from_bytes(job.job) for job in waiting])
        taken: Counter[bytes] = Counter()
        for row in rows:
            taken[row["node"]] += row["processors"]
        on_their_way = {(row["job"], row["assignment"]) for row in rows}
        calls = []
        for job, state in zip(waiting, states, strict=True):
            if state is None or state.state != Job.OPEN or state.assignments != job.assignment:
                continue  # somebody was faster than the replay
            if (job.job, job.assignment) in on_their_way:
                continue  # it may still land
            drawn = router.draw(nodes[job.hardware_class], job)
            refused = _unable(job, drawn, nodes[job.hardware_class], taken)
            if drawn is None or refused:
                done.append(_routed(job, drawn, None, refused))
                continue
            taken[drawn.node] += job.processors
            calls.append(partial(_start, client, pool, router_key, job, drawn, as_of, options))
        return done + await at_once(calls, CONCURRENT)


async def wanted(connection: Connection, as_of: int) -> list[Wanted]:
    """The jobs that wait for a node after the slot `as_of`, the oldest first."""
    found = []
    for row in await connection.fetch(sql("open_jobs"), as_of):
        found.append(
            Wanted(
                job=row["job"],
                hardware_class=row["hardware_class"],
                processors=row["processors"],
                assignment=row["assignments"],
                blockhash=row["blockhash"],
                gave_back=await gave_back(connection, row["job"], as_of) if row["assignments"] else frozenset(),
            )
        )
    return found


async def gave_back(connection: Connection, job: bytes, as_of: int) -> frozenset[bytes]:
    """The nodes that had a job and lost it, up to the slot `as_of`."""
    return frozenset(row["node"] for row in await connection.fetch(sql("gave_back"), job, as_of))


async def nodes_as_of(connection: Connection, as_of: int, hardware_class: bytes) -> list[NodeState]:
    """The nodes of a class (symbol, 16 bytes) after the slot `as_of`."""
    return [
        NodeState(
            node=row["node"],
            hardware_class=row["hardware_class"],
            processors=row["processors"],
            booked=row["booked"],
            collateral=integer(row["collateral"]),
            collateral_required=integer(row["collateral_required"]),
            reputation=row["reputation"],
        )
        for row in await connection.fetch(sql("nodes_as_of"), as_of, hardware_class)
    ]


def _unable(job: Wanted, drawn: Draw | None, nodes: Sequence[NodeState], taken: Counter[bytes]) -> str | None:
    """Why a job has to wait; None where its node can begin."""
    if drawn is None:
        return "no node of its class is free"
    free = next(one.free for one in nodes if one.node == drawn.node)
    if free - taken[drawn.node] < job.processors:
        return "the node it drew was given to another job just now"
    return None


def _routed(job: Wanted, drawn: Draw | None, signature: str | None, refused: str | None) -> Routed:
    node = None if drawn is None else Pubkey.from_bytes(drawn.node)
    candidates = 0 if drawn is None else len(drawn.candidates)
    return Routed(Pubkey.from_bytes(job.job), job.assignment, candidates, node, signature, refused)


class _Journal:
    """Writes down the transaction of one start."""

    def __init__(self, pool: Pool, job: Wanted, drawn: Draw) -> None:
        self.pool = pool
        self.key = (job.job, job.assignment)
        self.room = (drawn.node, job.processors)
        self.open: Signed | None = None
        """What was signed, and may land."""

    async def signed(self, transaction: Signed) -> None:
        """Raises `_Taken` where another one was written down meanwhile."""
        values = (transaction.raw, str(transaction.signature), transaction.last_valid_block_height)
        if await self.pool.fetchval(sql("assignment_signed"), *self.key, *self.room, *values) is None:
            raise _Taken("another router of this database sends it now")
        self.open = transaction

    async def sent(self, transaction: Signed) -> None:
        """What was signed may have been sent: no more than that has to be known of it."""

    async def refused(self, client: AsyncClient) -> None:
        """Strikes what failed on the chain. What only a node refused may be on its way: it may be behind."""
        if self.open is None:
            return
        fate = await look_up(client, self.open.signature, self.open.last_valid_block_height)
        if fate.is_lost or fate.status is not None:
            await self.pool.execute(sql("assignment_lost"), *self.key, str(self.open.signature))


async def _start(
    client: AsyncClient,
    pool: Pool,
    router_key: Keypair,
    job: Wanted,
    drawn: Draw,
    as_of: int,
    options: SendOptions,
) -> Routed:
    starting = escrow.start_job(
        router=router_key.pubkey(),
        job=Pubkey.from_bytes(job.job),
        node=Pubkey.from_bytes(drawn.node),
        draw=argument(drawn, as_of),
    )
    journal = _Journal(pool, job, drawn)
    # What expires is not signed anew: a later run draws again, from a state that is not too old by then.
    options = replace(options, signings=1, timeout_seconds=min(options.timeout_seconds, START_SECONDS))
    try:
        sent = await send(client, [starting], [router_key], options, journal)
    except Unreachable:
        raise
    except (_Taken, NotConfirmed) as reason:
        return _routed(job, drawn, None, str(reason))
    except IonetError as reason:
        await journal.refused(client)
        return _routed(job, drawn, None, str(reason))
    await pool.execute(sql("assignment_confirmed"), *journal.key, str(sent.signature), sent.slot)
    return _routed(job, drawn, str(sent.signature), None)


async def _resume_open(client: AsyncClient, pool: Pool, as_of: int, options: SendOptions) -> list[Routed]:
    """Goes on with the starts that may still land, and strikes those that the replay has seen or that never will."""
    await pool.execute(sql("assignment_forget"), as_of)
    rows = await pool.fetch(sql("assignment_open"), as_of)
    found = await at_once([partial(_resume, client, pool, row, options) for row in rows], CONCURRENT)
    return [one for one in found if one is not None]


async def _resume(client: AsyncClient, pool: Pool, row: asyncpg.Record, options: SendOptions) -> Routed | None:
    key = (row["job"], row["assignment"], row["signature"])
    refused = None
    once = replace(options, timeout_seconds=0)
    try:
        sent = await resume(client, Signed(row["transaction"], row["last_valid_block_height"]), once)
    except Unreachable:
        raise
    except NotConfirmed:
        return None  # it is on its way
    except IonetError as reason:
        sent, refused = None, str(reason)
    if sent is not None:
        await pool.execute(sql("assignment_confirmed"), *key, sent.slot)
    else:
        await pool.execute(sql("assignment_lost"), *key)
        if refused is None:
            return None
    signature = None if sent is None else row["signature"]
    node = Pubkey.from_bytes(row["node"])
    return Routed(Pubkey.from_bytes(row["job"]), row["assignment"], 0, node, signature, refused)


def argument(drawn: Draw, as_of: int) -> DrawArgument:
    """A draw as the chain records it."""
    return DrawArgument(
        seed=drawn.seed,
        candidates_digest=drawn.candidates_digest,
        as_of_slot=as_of,
        total_weight=drawn.total_weight,
        ticket=drawn.ticket,
        candidates=len(drawn.candidates),
    )
