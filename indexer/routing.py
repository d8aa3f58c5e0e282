"""Gives open jobs their nodes: draws from what was replayed, and sends what was drawn, signed by the router."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts
from client.actions import start_job
from client.errors import IonetError, Unreachable
from client.instructions.escrow import Draw as DrawArgument
from client.sending import DEFAULT, NotConfirmed, SendOptions
from client.state import Job
from indexer import router
from indexer.db import integer
from indexer.queries import sql
from indexer.router import Draw, NodeState, Wanted
from indexer.settlement import require_current

if TYPE_CHECKING:
    from indexer.db import Connection, Pool

FORGOTTEN_AFTER_SECONDS: Final = 120
"""A start that was sent and is not on the chain by then never will be: its blockhash has expired."""


@dataclass(frozen=True, slots=True)
class Routed:
    """What was done for one open job."""

    job: Pubkey
    assignment: int
    """How many nodes it had before."""
    candidates: int
    """Nodes that could have been drawn."""
    node: Pubkey | None
    """Drawn; None where no node is free, or where its processors were given to another job a moment ago."""
    signature: str | None
    refused: str | None
    """Why the job still waits; None where it was started. The next run tries again."""


async def route(
    client: AsyncClient, pool: Pool, router_key: Keypair, *, options: SendOptions = DEFAULT
) -> list[Routed]:
    """Draws a node for every open job that the replay knows of, the oldest first, and starts it.

    All are drawn from the state after the last slot that was replayed. A node that two of them draw and that is too
    small for both gets the first; the other waits until the replay has seen that start. A job is started once
    whatever is sent how often, so this can be killed and run again anywhere. Raises `PublishRefused` where the replay
    is behind or has something in quarantine.
    """
    as_of = await require_current(client, pool)
    async with pool.acquire() as connection:
        waiting = await wanted(connection, as_of)
        states = await accounts.fetch_many(client, Job, [Pubkey.from_bytes(job.job) for job in waiting])
        sent, taken = await _on_their_way(connection, as_of)
        nodes: dict[bytes, list[NodeState]] = {}
        done = []
        for job, state in zip(waiting, states, strict=True):
            if state is None or state.state != Job.OPEN or state.assignments != job.assignment:
                continue  # somebody was faster than the replay
            if (job.job, job.assignment) in sent:
                continue  # it may still land
            if job.hardware_class not in nodes:
                nodes[job.hardware_class] = await nodes_as_of(connection, as_of, job.hardware_class)
            drawn = router.draw(nodes[job.hardware_class], job)
            done.append(await _assign(client, connection, router_key, job, drawn, as_of, taken, nodes, options))
    return done


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


async def _on_their_way(connection: Connection, as_of: int) -> tuple[set[tuple[bytes, int]], Counter[bytes]]:
    """Starts that were sent and that the replay has not seen: job and assignment, and their processors by node."""
    await connection.execute(sql("forget_assignments"), as_of, FORGOTTEN_AFTER_SECONDS)
    rows = await connection.fetch("SELECT job, assignment, node, processors FROM indexer.assignment")
    taken: Counter[bytes] = Counter()
    for row in rows:
        taken[row["node"]] += row["processors"]
    return {(row["job"], row["assignment"]) for row in rows}, taken


async def _assign(
    client: AsyncClient,
    connection: Connection,
    router_key: Keypair,
    job: Wanted,
    drawn: Draw | None,
    as_of: int,
    taken: Counter[bytes],
    nodes: dict[bytes, list[NodeState]],
    options: SendOptions,
) -> Routed:
    address = Pubkey.from_bytes(job.job)
    if drawn is None:
        return Routed(address, job.assignment, 0, None, None, "no node of its class is free")
    node, count = Pubkey.from_bytes(drawn.node), len(drawn.candidates)
    free = next(one.free for one in nodes[job.hardware_class] if one.node == drawn.node)
    if free - taken[drawn.node] < job.processors:
        return Routed(address, job.assignment, count, node, None, "the node it drew was given to another job just now")
    # Before it is sent: after a kill, this says what may be on its way.
    noted = await connection.fetchval(
        "INSERT INTO indexer.assignment (job, assignment, node, processors) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT DO NOTHING RETURNING job",
        *(job.job, job.assignment, drawn.node, job.processors),
    )
    if noted is None:
        return Routed(address, job.assignment, count, node, None, "another router of this database sends it now")
    taken[drawn.node] += job.processors
    try:
        signature = str((await start_job(client, router_key, address, node, argument(drawn, as_of), options)).signature)
    except (Unreachable, NotConfirmed):
        raise
    except IonetError as reason:
        await connection.execute(
            "DELETE FROM indexer.assignment WHERE job = $1 AND assignment = $2", job.job, job.assignment
        )
        taken[drawn.node] -= job.processors
        return Routed(address, job.assignment, count, node, None, str(reason))
    return Routed(address, job.assignment, count, node, signature, None)


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
