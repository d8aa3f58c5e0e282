"""The jobs that keep the network going: replay, routing, settlement, scores, closing epochs, slashes and tickets; and
those that keep the indexer right: the comparison with the chain, retention.

The timer only says when to look. What is done once is done once because the chain or a row of `indexer.run` says so:
two schedulers, a misfire or a restart change nothing. Jobs are kept in the same PostgreSQL by APScheduler.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore  # type: ignore[import-untyped] # it has no types
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped] # as above
from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from structlog.contextvars import bound_contextvars

from client import economics, reads
from client.actions import close_epochs
from client.actions.cranks import crank_stake, crank_stakers
from client.logs import logger
from client.rpc import FAILURES, reason
from client.sending import DEFAULT, SendOptions
from indexer.acting import oracle, routing, scores, settlement
from indexer.errors import ChainMismatch, DatabaseUnavailable, IncompleteBlock
from indexer.node.rpc import OUTCOMES, open_rpc
from indexer.operation import alarms, drift, retention
from indexer.operation.health import Pulse
from indexer.operation.metrics import Metrics
from indexer.storing import store, tail
from indexer.storing.replay import catch_up

if TYPE_CHECKING:
    from indexer.database.db import Pool

REPLAY_SECONDS: Final = 5
LOOK_SECONDS: Final = 15
"""Between two looks whether an epoch has ended or a node went silent,"""
STAKE_SECONDS: Final = 60
"""and whether a slash or a ticket is due, or balances of another epoch are to be compared."""
PRUNE_SECONDS: Final = 3_600
END_SECONDS: Final = 3.0
"""For looks that are under way when the schedule ends."""

log = logger("indexer")


@dataclass(frozen=True, slots=True)
class Service:
    """What the jobs work with."""

    pool: Pool
    rpc_url: str
    client: AsyncClient
    committee_keys: Sequence[Keypair] = field(default=(), repr=False)
    """Empty: scores are not published."""
    payer: Keypair | None = field(default=None, repr=False)
    """Pays for settlements, closes, slashes and tickets; None: none of them is done."""
    router: Keypair | None = field(default=None, repr=False)
    """Gives open jobs their nodes; None: it is left to others."""
    options: SendOptions = DEFAULT
    first_slot: int = 0
    keep_epochs: int | None = None
    """Closed epochs of which observations are kept; None: of all."""
    pulse: Pulse = field(default_factory=Pulse)
    metrics: Metrics = field(default_factory=Metrics)


_service: Service | None = None
"""Of this process. Jobs are stored by name, so they find it here."""
_ticking: Final[set[asyncio.Task[Any]]] = set()
"""Looks that are under way."""


async def ended_epoch(pool: Pool) -> int:
    """The last epoch that a replayed block has passed; 0 for none."""
    cursor = await store.cursor(pool)
    if cursor is None or await store.io_mint(pool) is None:
        return 0
    running = economics.epoch_at(await scores.genesis(pool), cursor.time)
    return min((running or 1) - 1, economics.LAST_EPOCH)


async def once(pool: Pool, kind: str, period: int, work: Callable[[], Awaitable[str]]) -> bool:
    """Does `work` unless it was done for this period; whether it did. What it returns is written beside it.

    The row and the work stand or fall together: a kill in between leaves none, and a second one waits for the first.
    """
    async with pool.acquire() as connection, connection.transaction():
        claimed = await connection.fetchval(
            "INSERT INTO indexer.run (kind, period, detail) VALUES ($1, $2, '') "
            "ON CONFLICT DO NOTHING RETURNING period",
            *(kind, period),
        )
        if claimed is None:
            return False
        detail = await work()
        await connection.execute(
            "UPDATE indexer.run SET detail = $3, done_at = now() WHERE kind = $1 AND period = $2", kind, period, detail
        )
    return True


async def replay(service: Service) -> None:
    """Reads what is final. A gap or a fork is kept in mind as an alarm until a later look gets past it."""
    pulse, metrics = service.pulse, service.metrics
    last, read = time.monotonic(), 0

    def stored(_: int, __: int, events: int) -> None:
        nonlocal last, read
        now = time.monotonic()
        metrics.batch_seconds.observe(now - last)
        metrics.events.inc(events - read)
        last, read, pulse.replayed = now, events, now

    counted = OUTCOMES.set(metrics.calls)
    try:
        stats = await catch_up(service.pool, service.rpc_url, first_slot=service.first_slot, progress=stored)
    except (ChainMismatch, IncompleteBlock) as stopped:
        pulse.gap = str(stopped)
        raise
    finally:
        pulse.replayed = time.monotonic()
        OUTCOMES.reset(counted)
    pulse.gap = None
    metrics.blocks.inc(stats.slots)
    metrics.transactions.inc(stats.transactions)
    if stats.events:
        log.info("replayed", slots=stats.slots, events=stats.events, seconds=round(stats.seconds, 3))


async def follow_tail(service: Service) -> None:
    """Reads what is confirmed and not final, for people to look at."""
    counted = OUTCOMES.set(service.metrics.calls)
    try:
        async with open_rpc(service.rpc_url) as rpc:
            await tail.follow(service.pool, rpc)
    finally:
        OUTCOMES.reset(counted)


async def settle(service: Service) -> None:
    """Settles what was worked, once for each epoch that has ended."""
    payer, epoch = service.payer, await ended_epoch(service.pool)
    if payer is None or epoch == 0:
        return
    # Also between the hours: a transaction that was not confirmed in time, or that a process left when it was killed.
    await settlement.resume_open(service.client, service.pool, options=service.options)

    async def work() -> str:
        done = await settlement.settle_due(service.client, service.pool, payer, options=service.options)
        for one in done:
            service.metrics.settlements.labels("settled" if one.refused is None else "refused").inc()
            log.info(
                "settlement",
                address=str(one.job),
                action=one.action,
                period=one.period,
                signature=one.signature,
                refused=one.refused,
            )
        return f"{len(done)} jobs"

    await once(service.pool, "settlement", epoch, work)


async def route(service: Service) -> None:
    """Gives every open job a node."""
    if service.router is None:
        return
    for one in await routing.route(service.client, service.pool, service.router, options=service.options):
        log.info(
            "routed",
            address=str(one.job),
            assignment=one.assignment,
            node=None if one.node is None else str(one.node),
            signature=one.signature,
            refused=one.refused,
        )


async def replace(service: Service) -> None:
    """Takes nodes that went silent off their jobs, which then are open again."""
    if service.router is None:
        return
    for one in await settlement.release_silent(service.client, service.pool, service.router, options=service.options):
        log.info("released", address=str(one.job), signature=one.signature, refused=one.refused)


async def stake(service: Service) -> None:
    """Executes and dismisses slashes, pays matured tickets, claims for stakers. Anyone may; the chain does it once."""
    if service.payer is not None:
        done = await crank_stake(service.client, service.payer, service.options)
        done += await crank_stakers(service.client, service.payer, service.options)
        for one in done:
            log.info("stake", what=one.what, action=one.action, signature=one.signature, refused=one.refused)


async def publish(service: Service) -> None:
    """Publishes the scores of the next epoch, once it has ended and its work was settled."""
    ended = await ended_epoch(service.pool)
    if not service.committee_keys or ended == 0:
        return
    state = await reads.emission(service.client)
    epoch = state.closed_epoch + 1
    if state.final_epoch > state.closed_epoch or epoch > ended:
        return
    if service.payer is not None and not await _is_settled(service.pool, ended):
        return
    done = await oracle.publish(service.pool, service.client, service.committee_keys, epoch, options=service.options)
    log.info("scores are final", epoch=epoch, posted=done.rows, digest=done.digest.hex())


async def close(service: Service) -> None:
    """Closes what is final. Anyone may; the chain does it once."""
    state = await reads.emission(service.client)
    if service.payer is not None and state.final_epoch > state.closed_epoch:
        closed = await close_epochs(service.client, service.payer, options=service.options)
        log.info("epochs are closed", first=closed.first, epoch=closed.last)


async def compare(service: Service) -> None:
    """Compares balances with the chain, once for each epoch that has ended, and again while they differ."""
    pool, epoch = service.pool, await ended_epoch(service.pool)
    was_compared = await pool.fetchval(
        "SELECT EXISTS (SELECT FROM indexer.run WHERE kind = 'drift' AND period = $1)", epoch
    )
    if epoch == 0 or (was_compared and all(alarm.kind != "drift" for alarm in await alarms.open(pool))):
        return
    found = await drift.compare(pool, service.client, service.rpc_url)
    await alarms.tell(pool, "drift", None if found.ok else summary(found))
    await pool.execute(
        "INSERT INTO indexer.run (kind, period, detail) VALUES ('drift', $1, $2) "
        "ON CONFLICT (kind, period) DO UPDATE SET done_at = now(), detail = excluded.detail",
        *(epoch, f"{found.compared} balances, {len(found.differences)} differ"),
    )
    log.info("balances compared", epoch=epoch, slot=found.slot, compared=found.compared, differ=len(found.differences))


def summary(found: drift.Drift) -> str:
    """A drift in one line."""
    others = len(found.differences) - 1
    return f"{found.differences[0]}{f', and {others} more' if others else ''}; see `ionet indexer drift`"


async def prune(service: Service) -> None:
    """Drops what was observed long ago."""
    if service.keep_epochs is not None:
        dropped = await retention.prune(service.pool, service.keep_epochs)
        if dropped:
            log.info("partitions dropped", partitions=dropped)


async def _is_settled(pool: Pool, epoch: int) -> bool:
    found = await pool.fetchval(
        "SELECT EXISTS (SELECT FROM indexer.run WHERE kind = 'settlement' AND period = $1)", epoch
    )
    return bool(found)


_JOBS: Final[dict[str, tuple[Callable[[Service], Awaitable[None]], int]]] = {
    "replay": (replay, REPLAY_SECONDS),
    "tail": (follow_tail, REPLAY_SECONDS),
    "router": (route, REPLAY_SECONDS),
    "replacement": (replace, LOOK_SECONDS),
    "settlement": (settle, LOOK_SECONDS),
    "scores": (publish, LOOK_SECONDS),
    "close": (close, LOOK_SECONDS),
    "stake": (stake, STAKE_SECONDS),
    "drift": (compare, STAKE_SECONDS),
    "retention": (prune, PRUNE_SECONDS),
}


async def tick(name: str) -> None:
    """One look of a job. What goes wrong is logged, and tried again at the next."""
    service = _service
    if service is None:
        raise RuntimeError("jobs run where `running` has begun")
    task = asyncio.current_task()
    assert task is not None, "called by the scheduler"
    _ticking.add(task)
    task.add_done_callback(_ticking.discard)
    with bound_contextvars(job=name), service.metrics.job_seconds.labels(name).time():
        try:
            await _JOBS[name][0](service)
        except asyncio.CancelledError:
            return  # it ends with the schedule; APScheduler would take it for an error
        except Exception as failed:
            service.metrics.failures.labels(name).inc()
            if isinstance(failed, _EXPECTED):
                log.warning("failed", reason=reason(failed))
            else:
                log.exception("failed")


_EXPECTED: Final = (
    *(*FAILURES, OSError, TimeoutError),
    *(asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InterfaceError),
)
"""What passes by itself, or is told to people in words; of anything else, the log has the place in the code."""


@asynccontextmanager
async def running(service: Service, database_url: str) -> AsyncIterator[AsyncIOScheduler]:
    """The schedule, running until the block ends. Jobs that were missed meanwhile run once, not many times."""
    global _service
    engine = create_engine(_sqlalchemy_url(database_url), poolclass=NullPool)
    jobs = SQLAlchemyJobStore(engine=engine, tablename="scheduled_job", tableschema="indexer")
    scheduler = AsyncIOScheduler(
        jobstores={"default": jobs}, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    _service = service
    try:
        for name, (_, seconds) in _JOBS.items():
            scheduler.add_job(
                "indexer.operation.schedule:tick",
                "interval",
                seconds=seconds,
                args=[name],
                id=name,
                replace_existing=True,
            )
        try:
            scheduler.start()
        except Exception as error:  # whatever the driver raises
            raise DatabaseUnavailable(f"the schedule cannot be kept in the database: {error}") from error
        for job in scheduler.get_jobs():
            if job.id not in _JOBS:  # of another version
                job.remove()
        yield scheduler
    finally:
        if scheduler.running:
            scheduler.shutdown(wait=False)
            if _ticking:  # they are cancelled; what hangs in its end is left
                await asyncio.wait(_ticking, timeout=END_SECONDS)
        engine.dispose()
        _service = None


def _sqlalchemy_url(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("postgresql", "postgres"):
        raise DatabaseUnavailable(f"{scheme}:// is no database of the indexer's: give postgresql://…")
    return f"postgresql+psycopg://{rest}"
