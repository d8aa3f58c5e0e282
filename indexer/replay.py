"""From the chain into the database: finalized blocks in order, from the cursor to the tip."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer import batches, store
from indexer.db import lost_database, writer
from indexer.decode import Decoded, Decoder
from indexer.errors import ChainMismatch
from indexer.rpc import Rpc, open_rpc
from indexer.source import Road, open_source

if TYPE_CHECKING:
    from indexer.db import Connection, Pool

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
    road: Road = Road.SLOTS,
    batch_blocks: int = batches.BLOCKS,
    batch_transactions: int = batches.TRANSACTIONS,
) -> ReplayStats:
    """Reads every finalized block after the cursor, up to `until_slot` or to the finalized tip, and stores it.

    `first_slot` is where an empty database begins. It can be killed anywhere: a batch and the cursor move together.
    Raises `NodeUnavailable`, `DatabaseUnavailable`, `ChainMismatch` and `IncompleteBlock`; what was read before is
    stored.
    """
    async with Replay.open(pool, rpc_url, until_slot, first_slot, progress) as replay:
        source = open_source(road, replay.rpc, first_slot=first_slot, io_mint=replay.io_mint)
        after = replay.stored.position if replay.stored else None
        await replay.store(
            batches.decoded(
                source,
                Decoder(replay.io_mint),
                after,
                replay.until_slot,
                most_blocks=batch_blocks,
                most_transactions=batch_transactions,
            )
        )
        return await replay.finish()


class Replay:
    """One catch-up, by the only writer of a database. While a batch is stored, the next is fetched and decoded."""

    def __init__(self, connection: Connection, rpc: Rpc, progress: Progress | None) -> None:
        self.rpc = rpc
        self.stored: store.Cursor | None = None
        """Up to where the database holds the chain."""
        self.until_slot = 0
        self.io_mint: str | None = None
        """Base58; None where the chain has not said it yet."""
        self._connection = connection
        self._progress = progress
        self._genesis_hash = ""
        self._blocks = self._transactions = self._events = 0
        self._began = time.monotonic()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, pool: Pool, rpc_url: str, until_slot: int | None, first_slot: int, progress: Progress | None
    ) -> AsyncIterator[Replay]:
        """One that may write, of a chain that is the one which was read before."""
        with lost_database():
            async with writer(pool) as connection, open_rpc(rpc_url) as rpc:
                replay = cls(connection, rpc, progress)
                await replay._start(first_slot, until_slot)
                yield replay

    async def _start(self, first_slot: int, until_slot: int | None) -> None:
        self.stored = await store.cursor(self._connection)
        self.io_mint = await store.io_mint(self._connection)
        self._genesis_hash = await self.rpc.genesis_hash()
        if self.stored is None:
            available = await self.rpc.first_available()
            if available > first_slot:
                raise ChainMismatch(
                    f"the node at {self.rpc.url} has blocks from slot {available} on, asked for from {first_slot}: "
                    "give a node with the full history, or the slot in which the programs were deployed"
                )
        elif self.stored.genesis_hash != self._genesis_hash:
            raise ChainMismatch(
                f"the database holds the chain {self.stored.genesis_hash}, the node at {self.rpc.url} has "
                f"{self._genesis_hash}: give another --url or another --database"
            )
        tip = await self.rpc.slot()
        self.until_slot = tip if until_slot is None else min(until_slot, tip)

    async def store(self, decoded: AsyncGenerator[Decoded, None]) -> None:
        """Stores batches in their order. Where getting the next one fails, what was had before is stored."""
        saving: asyncio.Task[None] | None = None
        try:
            async with aclosing(decoded):
                async for batch in decoded:
                    if saving is not None:
                        await saving
                    saving = asyncio.create_task(self._save(batch))
        finally:
            # A cancelled wait cancels the task, and with it the transaction.
            if saving is not None:
                await saving

    async def _save(self, decoded: Decoded) -> None:
        self.stored = await store.save(self._connection, decoded, self.stored, self._genesis_hash)
        self.io_mint = decoded.io_mint
        self._blocks += len(decoded.blocks)
        self._transactions += decoded.transactions
        self._events += decoded.events
        if self._progress is not None and self.stored is not None:
            self._progress(self.stored.position.slot, self.until_slot, self._events)

    async def finish(self) -> ReplayStats:
        """Notes what was read, for `ionet indexer status`."""
        stats = ReplayStats(self._blocks, self._transactions, self._events, time.monotonic() - self._began)
        if stats.events:
            await self._connection.execute(
                "INSERT INTO indexer.replay (slots, transactions, events, seconds) VALUES ($1, $2, $3, $4)",
                *(stats.slots, stats.transactions, stats.events, stats.seconds),
            )
        return stats
