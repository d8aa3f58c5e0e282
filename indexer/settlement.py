"""Settles what running jobs have worked, and ends those whose hours are over. Anyone may run it; it only pays fees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Finalized
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, reads
from client.actions import finish_job, settle_job
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
REPORT_GRACE_SECONDS: Final = 600
"""After its hours, so long a job waits for its node's last report."""

Action = Literal["settled", "finished"]


@dataclass(frozen=True, slots=True)
class Settled:
    """What was done for one job."""

    job: Pubkey
    action: Action
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
    """Settles every running job with reported work, and finishes those whose hours are over.

    Which jobs there are is the database's to say, what is due the chain's. The program pays each second once
    whatever is sent how often, so this can be killed and run again anywhere. A job that the chain refuses does not
    hold up the others. Raises `PublishRefused` where the replay is behind or has something in quarantine.
    """
    await _require_current(client, pool)
    jobs = [Pubkey.from_bytes(row["job"]) for row in await pool.fetch(sql("running_jobs"))]
    now = await chain_time(client) if jobs else 0
    minimum = (await reads.terms(client)).parameters_at(now).min_work_seconds if jobs else 0
    done = []
    for address, job in zip(jobs, await accounts.fetch_many(client, Job, jobs), strict=True):
        action = None if job is None else due(job, now, minimum)
        if job is not None and action is not None:
            done.append(await _settle(client, pool, payer, address, job, action, options))
    return done


def due(job: Job, now: int, min_work_seconds: int) -> Action | None:
    """What is to be done for a job at `now` (Unix seconds); None for nothing."""
    if job.state != Job.RUNNING:
        return None
    is_over = now >= job.end and (job.reported_at >= job.end or now >= job.end + REPORT_GRACE_SECONDS)
    if is_over:
        return "finished"
    worked = job.worked_seconds
    return "settled" if worked > job.settled_seconds and worked >= min_work_seconds else None


async def _settle(
    client: AsyncClient,
    pool: Pool,
    payer: Keypair,
    address: Pubkey,
    job: Job,
    action: Action,
    options: SendOptions,
) -> Settled:
    # Before it is sent: after a kill, this says what may be on its way.
    await pool.execute(
        "INSERT INTO indexer.settlement (job, period) VALUES ($1, $2) "
        "ON CONFLICT (job, period) DO UPDATE SET sent_at = now()",
        *(bytes(address), job.period),
    )
    act = finish_job if action == "finished" else settle_job
    signature = refused = None
    try:
        signature = str((await act(client, payer, address, options)).signature)
    except (Unreachable, NotConfirmed):
        raise
    except IonetError as reason:
        refused = str(reason)
    else:
        await pool.execute(
            "UPDATE indexer.settlement SET signature = $3 WHERE job = $1 AND period = $2",
            *(bytes(address), job.period, signature),
        )
    return Settled(address, action, job.period, job.worked_seconds - job.settled_seconds, signature, refused)


async def _require_current(client: AsyncClient, pool: Pool) -> None:
    cursor = await store.cursor(pool)
    tip = (await client.get_slot(Finalized)).value
    behind = tip - (cursor.position.slot if cursor else 0)
    if cursor is None or behind > MAX_LAG_SLOTS:
        raise PublishRefused(f"the replay is {behind} slots behind: nothing is settled before `ionet indexer replay`")
    waiting = await pool.fetchval("SELECT count(*) FROM indexer.quarantine")
    if waiting:
        raise PublishRefused(f"{waiting} messages are in quarantine: nothing is settled; see `ionet indexer status`")
