"""Settles what jobs have worked, and brings those to their end that are due. Anyone may run it; it only pays fees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Finalized
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, reads
from client.actions.cranks import JOB_ACTIONS, JobAction, due_for_job
from client.errors import IonetError, Unreachable
from client.rpc import chain_time
from client.sending import DEFAULT, NotConfirmed, SendOptions
from client.state import Job
from indexer import store
from indexer.errors import PublishRefused
from indexer.queries import sql

if TYPE_CHECKING:
    from indexer.db import Pool

MAX_LAG_SLOTS: Final = 150
"""A replay that is further behind than this (a minute) may not know what it settles."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What was done for one job."""

    job: Pubkey
    action: JobAction
    period: int
    """Settlements of the job before this one: each (job, period) is paid once."""
    seconds: int
    """Of work, settled with it."""
    signature: str | None
    refused: str | None
    """Why the chain did not want it; None where it did. The next run tries again."""


async def settle_due(
    client: AsyncClient, pool: Pool, payer: Keypair, *, options: SendOptions = DEFAULT
) -> list[Settled]:
    """Does for every job what is due: pays for work, releases a silent node, lapses a dispute, refunds what is over.

    Which jobs there are is the database's to say, what is due the chain's. The program pays each second once
    whatever is sent how often, so this can be killed and run again anywhere. A job that the chain refuses does not
    hold up the others. Raises `PublishRefused` where the replay is behind or has something in quarantine.
    """
    return await _do_due(client, pool, payer, frozenset(JOB_ACTIONS), options)


async def release_silent(
    client: AsyncClient, pool: Pool, payer: Keypair, *, options: SendOptions = DEFAULT
) -> list[Settled]:
    """Of `settle_due`, what cannot wait for the end of the hour: takes silent nodes off their jobs."""
    return await _do_due(client, pool, payer, frozenset({"released"}), options)


async def _do_due(
    client: AsyncClient, pool: Pool, payer: Keypair, actions: frozenset[JobAction], options: SendOptions
) -> list[Settled]:
    await require_current(client, pool)
    jobs = [Pubkey.from_bytes(row["job"]) for row in await pool.fetch(sql("running_jobs"))]
    if not jobs:
        return []
    now = await chain_time(client)
    parameters = (await reads.terms(client)).parameters_at(now)
    done = []
    for address, job in zip(jobs, await accounts.fetch_many(client, Job, jobs), strict=True):
        action = None if job is None else due_for_job(job, now, parameters)
        if job is not None and action is not None and action in actions:
            seconds = job.payable_seconds(now, parameters) - job.settled_seconds
            done.append(await _settle(client, pool, payer, address, job, action, seconds, options))
    return done


async def _settle(
    client: AsyncClient,
    pool: Pool,
    payer: Keypair,
    address: Pubkey,
    job: Job,
    action: JobAction,
    seconds: int,
    options: SendOptions,
) -> Settled:
    # Before it is sent: after a kill, this says what may be on its way.
    await pool.execute(
        "INSERT INTO indexer.settlement (job, period) VALUES ($1, $2) "
        "ON CONFLICT (job, period) DO UPDATE SET sent_at = now()",
        *(bytes(address), job.period),
    )
    signature = refused = None
    try:
        signature = str((await JOB_ACTIONS[action](client, payer, address, options)).signature)
    except (Unreachable, NotConfirmed):
        raise
    except IonetError as reason:
        refused = str(reason)
    else:
        await pool.execute(
            "UPDATE indexer.settlement SET signature = $3 WHERE job = $1 AND period = $2",
            *(bytes(address), job.period, signature),
        )
    return Settled(address, action, job.period, seconds, signature, refused)


async def require_current(client: AsyncClient, pool: Pool) -> int:
    """The slot up to which the chain was replayed. Raises `PublishRefused` where it is behind or not understood."""
    cursor = await store.cursor(pool)
    tip = (await client.get_slot(Finalized)).value
    behind = tip - (cursor.position.slot if cursor else 0)
    if cursor is None or behind > MAX_LAG_SLOTS:
        raise PublishRefused(f"the replay is {behind} slots behind: nothing is done before `ionet indexer replay`")
    waiting = await pool.fetchval("SELECT count(*) FROM indexer.quarantine")
    if waiting:
        raise PublishRefused(f"{waiting} messages are in quarantine: nothing is done; see `ionet indexer status`")
    return cursor.position.slot
