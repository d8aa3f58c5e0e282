"""From the chain into the database: finalized blocks in order, from the cursor to the tip."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexer import source, store
from indexer.db import lost_database, writer
from indexer.decode import Decoder
from indexer.errors import ChainMismatch
from indexer.rpc import Rpc, open_rpc

if TYPE_CHECKING:
    from indexer.db import Connection, Pool

BATCH_BLOCKS: Final = 512
BATCH_ROWS: Final = 20_000
"""A batch is stored once it has so many of either. The result does not depend on it."""

Progress = Callable[[int, int, int], None]
"""Called after each batch with the slot reached, the slot to reach, and events so far."""


@dataclass(frozen=True, slots=True)
class ReplayStats:
    """What one replay read."""

    slots: int
    """Slots with a block."""
    transactions: int
    """Of any kind."""
    events: int
    """Events and rows of records of ours."""
    seconds: float


async def catch_up(
    pool: Pool,
    rpc_url: str,
    *,
    until_slot: int | None = None,
    progress: Progress | None = None,
    first_slot: int = 0,
    batch_blocks: int = BATCH_BLOCKS,
    batch_rows: int = BATCH_ROWS,
) -> ReplayStats:
    """Reads every finalized block after the cursor, up to `until_slot` or to the finalized tip, and stores it.

    `first_slot` is where an empty database begins. It can be killed anywhere: a batch and the cursor move together.
    Raises `NodeUnavailable`, `DatabaseUnavailable`, `ChainMismatch` and `IncompleteBlock`; what was read before is
    stored.
    """
    began = time.monotonic()
    with lost_database():
        async with writer(pool) as connection, open_rpc(rpc_url) as rpc:
            run = _Run(connection, rpc, batch_blocks, batch_rows, progress)
            await run.start(first_slot)
            tip = await rpc.slot()
            await run.read(tip if until_slot is None else min(until_slot, tip))
            stats = ReplayStats(run.blocks, run.transactions, run.events, time.monotonic() - began)
            if stats.events:
                await connection.execute(
                    "INSERT INTO indexer.replay (slots, transactions, events, seconds) VALUES ($1, $2, $3, $4)",
                    *(stats.slots, stats.transactions, stats.events, stats.seconds),
                )
    return stats


class _Run:
    """One catch-up."""

    def __init__(
        self, connection: Connection, rpc: Rpc, batch_blocks: int, batch_rows: int, progress: Progress | None
    ) -> None:
        self.blocks = self.transactions = self.events = 0
        self._connection = connection
        self._rpc = rpc
        self._batch_blocks, self._batch_rows = batch_blocks, batch_rows
        self._progress = progress
        self._stored: store.Cursor | None = None
        self._genesis_hash = ""
        self._first_slot = 0

    async def start(self, first_slot: int) -> None:
        """Finds out where to go on, and whether this is the chain that was read before."""
        self._stored = await store.cursor(self._connection)
        self._genesis_hash = await self._rpc.genesis_hash()
        self._first_slot = first_slot
        if self._stored is None:
            available = await self._rpc.first_available()
            if available > first_slot:
                raise ChainMismatch(
                    f"the node at {self._rpc.url} has blocks from slot {available} on, asked for from {first_slot}: "
                    "give a node with the full history, or the slot in which the programs were deployed"
                )
        elif self._stored.genesis_hash != self._genesis_hash:
            raise ChainMismatch(
                f"the database holds the chain {self._stored.genesis_hash}, the node at {self._rpc.url} has "
                f"{self._genesis_hash}: give another --url or another --database"
            )

    async def read(self, until: int) -> None:
        """Reads and stores up to the slot `until`."""
        decoder = Decoder(await store.io_mint(self._connection))
        after = self._stored
        batch = store.Batch()
        position = after.position if after else None
        try:
            async for slot, block in source.blocks(self._rpc, position, until, first_slot=self._first_slot):
                decoded = decoder.block(slot, block)
                after = batch.add(decoded, self._genesis_hash, after.digest if after else store.NO_DIGEST)
                if batch.blocks >= self._batch_blocks or batch.events >= self._batch_rows:
                    await self._save(batch, after, until)
                    batch = store.Batch()
        finally:
            # Also where a later block could not be had: what was read is right.
            if after is not None and batch.blocks:
                await self._save(batch, after, until)

    async def _save(self, batch: store.Batch, after: store.Cursor, until: int) -> None:
        await store.save(self._connection, batch, self._stored, after)
        self._stored = after
        self.blocks += batch.blocks
        self.transactions += batch.transactions
        self.events += batch.events
        if self._progress is not None:
            self._progress(after.position.slot, until, self.events)
