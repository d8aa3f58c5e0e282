"""Recomputes every payout of an epoch from the chain's events, and compares it with what the chain did and holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from solana.rpc.async_api import AsyncClient

from client.rpc import url_of
from indexer import scoring
from indexer.acting import scores
from indexer.decoding.base58 import encode as address_text
from indexer.errors import VerifyRefused
from indexer.node.rpc import open_rpc
from indexer.storing import store
from indexer.verify.chain import genesis_supply, snapshots
from indexer.verify.history import History
from indexer.verify.job import JobReport, verify_job, verify_jobs
from indexer.verify.report import Difference, Payout, Row, VerifyReport

if TYPE_CHECKING:
    from indexer.database.db import Connection, Pool

__all__ = ["Difference", "JobReport", "Payout", "Row", "VerifyReport", "verify_epoch", "verify_job", "verify_jobs"]

_SCORE: Final = "posted score"


async def verify_epoch(
    pool: Pool, client: AsyncClient, epoch: int, *, parameters: scoring.Parameters = scoring.DEFAULT
) -> VerifyReport:
    """Verifies the payouts of `epoch`, which must be closed, and all of the history before it.

    Events come from the database up to its cursor and from the node after it, to the slot in which the node shows
    its accounts. Raises `VerifyRefused` where the epoch is not closed as far as it was replayed, or something is in
    quarantine.
    """
    history = History(epoch)
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        cursor, io_mint = await _require_closed(connection, epoch)
        await history.replay(connection)
        assert history.emission.closed_range is not None
        await _verify_scores(connection, history, history.emission.closed_range[1], parameters)
    async with open_rpc(url_of(client)) as rpc:
        supply = await genesis_supply(pool, rpc, io_mint)
        taken = await snapshots(client, history, io_mint, supply)
        heard = cursor.position.slot
        tail = history.follow(rpc, cursor, io_mint, taken[-1].slot)
        for snapshot in taken:
            if snapshot.slot < cursor.position.slot:
                raise VerifyRefused(
                    f"the node at {rpc.url} shows slot {snapshot.slot}, the replay is at {cursor.position.slot}: "
                    "wait until it has caught up, or give another --url"
                )
            while heard < snapshot.slot and (slot := await anext(tail, None)) is not None:
                heard = slot
            snapshot.compare(history)
        await tail.aclose()
    history.finish()
    return _report(history, epoch)


async def _require_closed(connection: Connection, epoch: int) -> tuple[store.Cursor, str]:
    cursor, io_mint = await store.cursor(connection), await store.io_mint(connection)
    if cursor is None or io_mint is None:
        raise VerifyRefused("nothing was replayed that could be verified: run `ionet indexer replay`")
    waiting = await connection.fetchval("SELECT count(*) FROM indexer.quarantine")
    if waiting:
        raise VerifyRefused(f"{waiting} messages are in quarantine: see `ionet indexer status`")
    closed = await connection.fetchval("SELECT coalesce(max(last), 0) FROM chain.epochs_closed")
    if not 1 <= epoch <= closed:
        raise VerifyRefused(
            f"epoch {epoch} is not closed: epochs 1 to {closed} are, as far as the chain was replayed "
            f"(slot {cursor.position.slot})"
            if closed
            else f"epoch {epoch} is not closed: no epoch is, as far as the chain was replayed "
            f"(slot {cursor.position.slot})"
        )
    return cursor, io_mint


async def _verify_scores(connection: Connection, history: History, epoch: int, parameters: scoring.Parameters) -> None:
    """The digest of the epoch's scores, and every score that stood when they became final."""
    found = await scores.recomputed(connection, epoch, parameters)
    said = history.emission.final_digests.get(epoch, b"")
    history.checks.equal("digest of all scores", f"epoch {epoch}", found.digest.hex(), said.hex())
    for actor, (points, reputation) in sorted(history.emission.final_scores.items()):
        score = found.scores.get(actor)
        whose = address_text(actor)
        history.checks.equal(f"{_SCORE}: points", whose, score.points if score else 0, points)
        history.checks.equal(f"{_SCORE}: reputation", whose, score.reputation.value if score else 0, reputation)


def _report(history: History, epoch: int) -> VerifyReport:
    closed = history.emission.closed_range
    assert closed is not None
    return VerifyReport(
        epoch=epoch,
        first=closed[0],
        last=closed[1],
        payouts=history.emission.payouts,
        rows=history.checks.rows(),
        differences=tuple(history.checks.differences),
        notes=tuple(history.checks.notes),
    )
