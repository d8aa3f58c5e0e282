"""From the chain into the database: finalized blocks in order, from the cursor to the tip."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexer import store
from indexer.db import lost_database, writer
from indexer.decode import Decoded, Decoder
from indexer.errors import ChainMismatch, IncompleteBlock
from indexer.rpc import Rpc, open_rpc
from indexer.source import Road, open_source

if TYPE_CHECKING:
    from indexer.blocks import Block
    from indexer.db import Connection, Pool
    from indexer.source import Source

BATCH_BLOCKS: Final = 512
BATCH_TRANSACTIONS: Final = 4_096
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
    road: Road = Road.SLOTS,
    batch_blocks: int = BATCH_BLOCKS,
    batch_transactions: int = BATCH_TRANSACTIONS,
) -> ReplayStats:
    """Reads every finalized block after the cursor, up to `until_slot` or to the finalized tip, and stores it.

    `first_slot` is where an empty database begins. It can be killed anywhere: a batch and the cursor move together.
    Raises `NodeUnavailable`, `DatabaseUnavailable`, `ChainMismatch` and `IncompleteBlock`; what was read before is
    stored.
    """
    began = time.monotonic()
    with lost_database():
        async with writer(pool) as connection, open_rpc(rpc_url) as rpc:
            run = _Run(connection, batch_blocks, batch_transactions, progress)
            await run.start(rpc, first_slot)
            tip = await rpc.slot()
            until = tip if until_slot is None else min(until_slot, tip)
            mint = await store.io_mint(connection)
            await run.read(open_source(road, rpc, first_slot=first_slot, io_mint=mint), Decoder(mint), until)
            stats = ReplayStats(run.blocks, run.transactions, run.events, time.monotonic() - began)
            if stats.events:
                await connection.execute(
                    "INSERT INTO indexer.replay (slots, transactions, events, seconds) VALUES ($1, $2, $3, $4)",
                    *(stats.slots, stats.transactions, stats.events, stats.seconds),
                )
    return stats


class _Run:
    """One catch-up: while a batch is stored, the next is fetched and decoded."""

    def __init__(
        self, connection: Connection, batch_blocks: int, batch_transactions: int, progress: Progress | None
    ) -> None:
        self.blocks = self.transactions = self.events = 0
        self._connection = connection
        self._batch_blocks, self._batch_transactions = batch_blocks, batch_transactions
        self._progress = progress
        self._stored: store.Cursor | None = None
        self._genesis_hash = ""
        self._saving: asyncio.Task[None] | None = None

    async def start(self, rpc: Rpc, first_slot: int) -> None:
        """Finds out where to go on, and whether this is the chain that was read before."""
        self._stored = await store.cursor(self._connection)
        self._genesis_hash = await rpc.genesis_hash()
        if self._stored is None:
            available = await rpc.first_available()
            if available > first_slot:
                raise ChainMismatch(
                    f"the node at {rpc.url} has blocks from slot {available} on, asked for from {first_slot}: "
                    "give a node with the full history, or the slot in which the programs were deployed"
                )
        elif self._stored.genesis_hash != self._genesis_hash:
            raise ChainMismatch(
                f"the database holds the chain {self._stored.genesis_hash}, the node at {rpc.url} has "
                f"{self._genesis_hash}: give another --url or another --database"
            )

    async def read(self, source: Source, decoder: Decoder, until: int) -> None:
        """Reads and stores up to the slot `until`."""
        waiting: list[tuple[int, Block]] = []
        transactions = 0
        try:
            async for slot, block in source.blocks(self._stored.position if self._stored else None, until):
                waiting.append((slot, block))
                transactions += len(block.transactions)
                if len(waiting) >= self._batch_blocks or transactions >= self._batch_transactions:
                    batch, waiting, transactions = waiting, [], 0
                    await self._take(decoder, batch, until)
        except asyncio.CancelledError:
            waiting = []
            raise
        finally:
            # Also where a later block could not be had: what was read is right.
            try:
                if waiting:
                    await self._take(decoder, waiting, until)
            finally:
                await self._saved()

    async def _take(self, decoder: Decoder, batch: list[tuple[int, Block]], until: int) -> None:
        """Decodes a batch beside the one that is being stored, and begins to store it after that."""
        try:
            decoded = await asyncio.to_thread(decoder.blocks, batch)
        except IncompleteBlock:
            if len(batch) > 1:
                for one in batch:  # up to the one that is incomplete, which raises again
                    await self._take(decoder, [one], until)
            raise
        await self._saved()
        self._saving = asyncio.create_task(self._save(decoded, until))

    async def _saved(self) -> None:
        """Waits until what is being stored is stored."""
        saving, self._saving = self._saving, None
        if saving is not None:
            try:
                await saving
            except asyncio.CancelledError:
                saving.cancel()
                with suppress(asyncio.CancelledError):
                    await saving
                raise

    async def _save(self, decoded: Decoded, until: int) -> None:
        self._stored = await store.save(self._connection, decoded, self._stored, self._genesis_hash)
        self.blocks += len(decoded.blocks)
        self.transactions += decoded.transactions
        self.events += decoded.events
        if self._progress is not None and self._stored is not None:
            self._progress(self._stored.position.slot, until, self.events)
