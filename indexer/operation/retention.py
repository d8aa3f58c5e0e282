"""Retention: what was observed long ago goes, whole partitions at a time, once its epochs are closed and scored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from client.errors import IonetError
from indexer.acting import scores
from indexer.database.queries import sql
from indexer.storing import partitions

if TYPE_CHECKING:
    from indexer.database.db import Pool


async def prune(pool: Pool, keep_epochs: int) -> list[str]:
    """Drops partitions that hold nothing of the last `keep_epochs` closed epochs, nor of what came after; their names.

    Scores of the epochs that go are computed and kept first: later ones begin from them. What jobs, stake and IO are
    settled and verified from is in none of these partitions. Raises `IonetError` where `keep_epochs` is below 1,
    `PublishRefused` where an epoch cannot be scored.
    """
    if keep_epochs < 1:
        raise IonetError(f"{keep_epochs} epochs cannot be kept: give 1 or more")
    closed = await pool.fetchval("SELECT coalesce(max(last), 0) FROM chain.epochs_closed")
    epoch = closed - keep_epochs
    if epoch < 1:
        return []
    before = await pool.fetchval(sql("epoch_until_slot"), await scores.end_of(pool, epoch)) + 1
    if before < partitions.SLOTS:
        return []
    await scores.computed(pool, epoch)
    async with pool.acquire() as connection, connection.transaction():
        return await partitions.drop(connection, before)
