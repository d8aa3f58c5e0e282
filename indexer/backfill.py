"""Backfill on many machines: ranges of slots, each fetched and decoded by a Dask worker, stored here in order.

Reading is what takes many machines: the round trips to nodes, and the decoding. Storing stays with the one writer, so
rows and digests are those of a replay on one machine.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from client.errors import IonetError
from indexer import batches, store
from indexer.decode import Decoded, Decoder
from indexer.errors import ChainMismatch
from indexer.replay import Progress, Replay, ReplayStats
from indexer.rpc import open_rpc
from indexer.source import Position, Road, open_source

if TYPE_CHECKING:
    from distributed import Client

    from indexer.db import Pool

SLOTS: Final = 512
"""Of one range. The result does not depend on it."""
_AHEAD: Final = 2
"""Ranges under way for each worker."""


@dataclass(frozen=True, slots=True)
class Range:
    """What a worker found in a range of slots."""

    follows: Position | None
    """The block that its first one says it follows; None where the range has no block."""
    decoded: list[Decoded]


def read(rpc_url: str, first_slot: int, last_slot: int, io_mint: str | None) -> Range:
    """The task: reads the slots from `first_slot` to `last_slot`, both included. Raises what a replay raises."""
    return asyncio.run(_read(rpc_url, first_slot, last_slot, io_mint))


async def _read(rpc_url: str, first_slot: int, last_slot: int, io_mint: str | None) -> Range:
    async with open_rpc(rpc_url) as rpc:
        source = open_source(Road.SLOTS, rpc, first_slot=first_slot)
        found = [one async for one in batches.decoded(source, Decoder(io_mint), None, last_slot)]
    return Range(found[0].follows if found else None, found)


@asynccontextmanager
async def cluster(address: str | None, workers: int) -> AsyncIterator[Client]:
    """The scheduler at `address`, or else a cluster of so many processes on this machine.

    Raises `IonetError` where Dask is not installed, or the scheduler does not answer.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise IonetError(f"Dask is not there: {error}. Install it with `pip install ionet[dask]`") from error
    async with _local(workers) if address is None else nullcontext(address) as scheduler:
        try:
            client = await Client(scheduler, asynchronous=True, timeout=10, set_as_default=False)  # type: ignore[no-untyped-call] # Dask has few types
        except OSError as error:
            raise IonetError(f"no Dask scheduler answers at {address}: {error}") from error
        try:
            yield client
        finally:
            await client.close()


def _local(workers: int) -> Any:
    """A scheduler and so many workers, each a process of this machine."""
    from distributed import LocalCluster

    return LocalCluster(  # type: ignore[no-untyped-call] # as above
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, asynchronous=True
    )


async def backfill(
    pool: Pool,
    rpc_url: str,
    client: Client,
    *,
    until_slot: int | None = None,
    progress: Progress | None = None,
    first_slot: int = 0,
    range_slots: int = SLOTS,
) -> ReplayStats:
    """As `indexer.replay.catch_up`, with ranges of slots read by the workers of a Dask cluster.

    Until the chain has said which mint is IO, ranges are read here: before it is known, nobody can follow its supply.
    Raises what `catch_up` does; what a worker raises ends it, and everything before that range is stored.
    """
    async with Replay.open(pool, rpc_url, until_slot, first_slot, progress) as replay:
        while replay.io_mint is None and _next_slot(replay.stored, first_slot) <= replay.until_slot:
            before = replay.stored
            last = min(_next_slot(before, first_slot) + range_slots - 1, replay.until_slot)
            source = open_source(Road.SLOTS, replay.rpc, first_slot=first_slot)
            after = before.position if before else None
            await replay.store(batches.decoded(source, Decoder(), after, last))
            if replay.stored == before:
                # An empty range: look further, or the same one would be read for ever.
                range_slots *= 2
                if last == replay.until_slot:
                    break
        if replay.io_mint is not None:
            await replay.store(_ranges(client, rpc_url, replay, range_slots))
        return await replay.finish()


def _next_slot(stored: store.Cursor | None, first_slot: int) -> int:
    return first_slot if stored is None else stored.position.slot + 1


async def _ranges(client: Client, rpc_url: str, replay: Replay, range_slots: int) -> AsyncGenerator[Decoded, None]:
    """What the workers find, in order, each range checked to follow from the one before it."""
    assert replay.stored is not None
    last, mint, until = replay.stored.position, replay.io_mint, replay.until_slot
    starts = iter(range(last.slot + 1, until + 1, range_slots))
    waiting: deque[Any] = deque()
    try:
        while True:
            workers = len(client.scheduler_info(n_workers=-1)["workers"])
            for start in starts:
                end = min(start + range_slots - 1, until)
                waiting.append(client.submit(read, rpc_url, start, end, mint, pure=False))
                if len(waiting) >= _AHEAD * max(workers, 1):
                    break
            if not waiting:
                return
            found: Range = await waiting.popleft()
            if found.follows is not None and found.follows != last:
                raise ChainMismatch(
                    f"gap or fork: what a worker read after slot {last.slot} follows the block "
                    f"{found.follows.blockhash} of slot {found.follows.slot}, not {last.blockhash}. Nothing after it "
                    "was taken; give a node that has every block by --url"
                )
            for decoded in found.decoded:
                last = decoded.last
                yield decoded
    finally:
        for future in waiting:
            await future.cancel()
