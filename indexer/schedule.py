"""The jobs that keep the network going: replay, routing, settlement, scores, closing epochs, slashes and tickets.

The timer only says when to look. What is done once is done once because the chain or a row of `indexer.run` says so:
two schedulers, a misfire or a restart change nothing. Jobs are kept in the same PostgreSQL by APScheduler.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore  # type: ignore[import-untyped] # it has no types
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped] # as above
from solana.exceptions import SolanaRpcException
from solana.rpc.async_api import AsyncClient
from solana.rpc.core import RPCException
from solders.keypair import Keypair
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from client import economics, reads
from client.actions import close_epochs
from client.actions.cranks import crank_stake, crank_stakers
from client.errors import IonetError
from client.sending import DEFAULT, SendOptions
from indexer import oracle, routing, scores, settlement, store
from indexer.errors import DatabaseUnavailable
from indexer.replay import catch_up

if TYPE_CHECKING:
    from indexer.db import Pool

REPLAY_SECONDS: Final = 5
LOOK_SECONDS: Final = 15
"""Between two looks whether an epoch has ended or a node went silent,"""
STAKE_SECONDS: Final = 60
"""and whether a slash or a ticket is due."""

log = logging.getLogger("ionet.indexer")


@dataclass(frozen=True, slots=True)
class Service:
    """What the jobs work with."""

    pool: Pool
    rpc_url: str
    client: AsyncClient
    committee_keys: Sequence[Keypair] = ()
    """Empty: scores are not published."""
    payer: Keypair | None = None
    """Pays for settlements, closes, slashes and tickets; None: none of them is done."""
    router: Keypair | None = None
    """Gives open jobs their nodes; None: it is left to others."""
    options: SendOptions = DEFAULT
    first_slot: int = 0


_service: Service | None = None
"""Of this process. Jobs are stored by name, so they find it here."""


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
    """Reads what is final."""
    stats = await catch_up(service.pool, service.rpc_url, first_slot=service.first_slot)
    if stats.events:
        log.info("replayed %d slots, %d events", stats.slots, stats.events)


async def settle(service: Service) -> None:
    """Settles what was worked, once for each epoch that has ended."""
    payer, epoch = service.payer, await ended_epoch(service.pool)
    if payer is None or epoch == 0:
        return

    async def work() -> str:
        done = await settlement.settle_due(service.client, service.pool, payer, options=service.options)
        for one in done:
            log.info("job %s: %s, period %d, %s", one.job, one.action, one.period, one.refused or one.signature)
        return f"{len(done)} jobs"

    await once(service.pool, "settlement", epoch, work)


async def route(service: Service) -> None:
    """Gives every open job a node."""
    if service.router is None:
        return
    for one in await routing.route(service.client, service.pool, service.router, options=service.options):
        log.info("job %s, node %d: %s, %s", one.job, one.assignment, one.node, one.refused or one.signature)


async def replace(service: Service) -> None:
    """Takes nodes that went silent off their jobs, which then are open again."""
    if service.router is None:
        return
    for one in await settlement.release_silent(service.client, service.pool, service.router, options=service.options):
        log.info("job %s: %s, %s", one.job, one.action, one.refused or one.signature)


async def stake(service: Service) -> None:
    """Executes and dismisses slashes, pays matured tickets, claims for stakers. Anyone may; the chain does it once."""
    if service.payer is not None:
        done = await crank_stake(service.client, service.payer, service.options)
        done += await crank_stakers(service.client, service.payer, service.options)
        for one in done:
            log.info("%s: %s, %s", one.what, one.action, one.refused or one.signature)


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
    log.info("epoch %d is final: %d scores posted, digest %s", epoch, done.rows, done.digest.hex())


async def close(service: Service) -> None:
    """Closes what is final. Anyone may; the chain does it once."""
    state = await reads.emission(service.client)
    if service.payer is not None and state.final_epoch > state.closed_epoch:
        closed = await close_epochs(service.client, service.payer, options=service.options)
        log.info("epochs %d to %d are closed", closed.first, closed.last)


async def _is_settled(pool: Pool, epoch: int) -> bool:
    found = await pool.fetchval(
        "SELECT EXISTS (SELECT FROM indexer.run WHERE kind = 'settlement' AND period = $1)", epoch
    )
    return bool(found)


_JOBS: Final[dict[str, tuple[Callable[[Service], Awaitable[None]], int]]] = {
    "replay": (replay, REPLAY_SECONDS),
    "router": (route, REPLAY_SECONDS),
    "replacement": (replace, LOOK_SECONDS),
    "settlement": (settle, LOOK_SECONDS),
    "scores": (publish, LOOK_SECONDS),
    "close": (close, LOOK_SECONDS),
    "stake": (stake, STAKE_SECONDS),
}


async def tick(name: str) -> None:
    """One look of a job. What goes wrong is logged, and tried again at the next."""
    if _service is None:
        raise RuntimeError("jobs run where `running` has begun")
    try:
        await _JOBS[name][0](_service)
    except (IonetError, SolanaRpcException, RPCException, OSError) as failed:
        log.warning("%s: %s", name, failed)


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
                "indexer.schedule:tick", "interval", seconds=seconds, args=[name], id=name, replace_existing=True
            )
        try:
            scheduler.start()
        except Exception as error:  # whatever the driver raises
            raise DatabaseUnavailable(f"the schedule cannot be kept in the database: {error}") from error
        yield scheduler
    finally:
        if scheduler.running:
            scheduler.shutdown(wait=False)
        engine.dispose()
        _service = None


def _sqlalchemy_url(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("postgresql", "postgres"):
        raise DatabaseUnavailable(f"{scheme}:// is no database of the indexer's: give postgresql://…")
    return f"postgresql+psycopg://{rest}"
