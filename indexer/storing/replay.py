"""From the chain into the database: finalized blocks in order, from the cursor to the tip."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import asyncpg

from indexer.database.db import lost_database, writer
from indexer.decoding.decode import Decoded, Decoder, merged
from indexer.errors import ChainMismatch
from indexer.node.roads import Road, open_source
from indexer.node.rpc import Rpc, open_rpc
from indexer.storing import backfill, batches, store

if TYPE_CHECKING:
    from indexer.database.db import Connection, Pool
    from indexer.storing.backfill import Workers

FAR: Final = 2_000
"""Slots behind, a quarter of an hour, from which on another process is worth its start."""

TOGETHER: Final = 100_000
"""Events that are stored together, at the most: each transaction of the database costs as much as thousands of them."""

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
    workers: Workers | None = None,
    range_slots: int = backfill.SLOTS,
    batch_blocks: int = batches.BLOCKS,
    batch_transactions: int = batches.TRANSACTIONS,
) -> ReplayStats:
    """Reads every finalized block after the cursor, up to `until_slot` or to the finalized tip, and stores it.

    `first_slot` is where an empty database begins. With `workers`, they read ranges of slots, by the road of slots,
    and without, a process of this machine does where the way is long. But until the chain has said which mint is IO,
    nobody can follow its supply, and that part is read here. It can be killed anywhere: a batch and the cursor move
    together.

    Raises `NodeUnavailable`, `DatabaseUnavailable`, `ChainMismatch` and `IncompleteBlock`; what was read before is
    stored.
    """
    async with Replay.open(pool, rpc_url, until_slot, first_slot, progress, batch_blocks) as replay:

        def read_here(until: int) -> AsyncGenerator[Decoded, None]:
            after = replay.stored.position if replay.stored else None
            source = open_source(road, replay.rpc, first_slot=first_slot, io_mint=replay.io_mint)
            decoder = Decoder(replay.io_mint)
            sizes = {"most_blocks": batch_blocks, "most_transactions": batch_transactions}
            return batches.decoded(source, decoder, after, until, **sizes)

        reached = replay.stored.position.slot if replay.stored else first_slot - 1
        is_far = workers is None and road is Road.SLOTS and replay.until_slot - reached > FAR
        async with backfill.local_workers(1) if is_far else nullcontext(workers) as readers:
            while readers is not None and replay.io_mint is None and reached < replay.until_slot:
                reached = min(reached + range_slots, replay.until_slot)
                await replay.store(read_here(reached))
            if readers is None:
                await replay.store(read_here(replay.until_slot))
            elif replay.io_mint is not None and replay.stored is not None:
                after, until = replay.stored.position, replay.until_slot
                await replay.store(backfill.ranges(readers, rpc_url, after, until, replay.io_mint, slots=range_slots))
        return await replay.finish()


class Replay:
    """One catch-up, by the only writer of a database. While a batch is stored, the next is fetched and decoded."""

    def __init__(self, connection: Connection, rpc: Rpc, progress: Progress | None, most_blocks: int) -> None:
        self.rpc = rpc
        self.stored: store.Cursor | None = None
        """Up to where the database holds the chain."""
        self.until_slot = 0
        self.io_mint: str | None = None
        """Base58; None where the chain has not said it yet."""
        self._connection = connection
        self._progress = progress
        self._most_blocks = most_blocks
        self._genesis_hash = ""
        self._blocks = self._transactions = self._events = 0
        self._began = time.monotonic()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        pool: Pool,
        rpc_url: str,
        until_slot: int | None,
        first_slot: int,
        progress: Progress | None,
        most_blocks: int,
    ) -> AsyncIterator[Replay]:
        """One that may write, of a chain that is the one which was read before. It stores `most_blocks` at once."""
        with lost_database():
            async with writer(pool) as connection, open_rpc(rpc_url) as rpc:
                replay = cls(connection, rpc, progress, most_blocks)
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
        """Stores batches in their order, together those that come while others are being stored.

        Where getting the next one fails, what was had before is stored.
        """
        waiting: list[Decoded] = []
        saving: asyncio.Task[None] | None = None
        try:
            async with aclosing(decoded):
                async for batch in decoded:
                    waiting.append(batch)
                    if saving is not None and not saving.done() and self._is_room(waiting):
                        continue
                    if saving is not None:
                        await saving
                    saving, waiting = asyncio.create_task(self._save(merged(waiting))), []
        except asyncio.CancelledError:
            waiting = []
            raise
        finally:
            # A cancelled wait cancels the task, and with it the transaction.
            if saving is not None:
                await saving
            if waiting:
                await self._save(merged(waiting))

    def _is_room(self, waiting: list[Decoded]) -> bool:
        blocks, events = sum(len(one.blocks) for one in waiting), sum(one.events for one in waiting)
        return blocks < self._most_blocks and events < TOGETHER

    async def _save(self, decoded: Decoded) -> None:
        try:
            self.stored = await store.save(self._connection, decoded, self.stored, self._genesis_hash)
        except asyncpg.IntegrityConstraintViolationError as error:
            raise ChainMismatch(
                f"the database has rows that its cursor does not know, or a node sent the same twice: {error}. Nothing "
                "of this batch was stored; give another --url, or replay into another --database"
            ) from error
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
