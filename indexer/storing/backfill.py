"""A long way behind the chain: ranges of slots, each fetched and decoded by another process, stored here in order.

Reading takes as long as storing, so on one machine a second process nearly halves the time; what takes many machines
are the round trips to distant nodes, and Dask has them. Storing stays with the one writer, so rows and digests are
those of a replay in one process.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import active_children, get_context, parent_process
from typing import TYPE_CHECKING, Final, Protocol

from client.errors import IonetError
from indexer.decoding import scan
from indexer.decoding.blocks import Position
from indexer.decoding.decode import Decoded, Decoder
from indexer.errors import ChainMismatch
from indexer.node.rpc import open_rpc
from indexer.node.slots import Slots
from indexer.storing import batches

if TYPE_CHECKING:
    from distributed import Client

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


class Workers(Protocol):
    """Processes that read ranges."""

    def count(self) -> int:
        """How many there are now."""
        ...

    def submit(self, rpc_url: str, first_slot: int, last_slot: int, io_mint: str) -> Awaitable[Range]:
        """Begins to `read` a range."""
        ...


def read(rpc_url: str, first_slot: int, last_slot: int, io_mint: str) -> Range:
    """The task: reads the slots from `first_slot` to `last_slot`, both included. Raises what a replay raises."""
    return asyncio.run(_read(rpc_url, first_slot, last_slot, io_mint))


async def _read(rpc_url: str, first_slot: int, last_slot: int, io_mint: str) -> Range:
    async with open_rpc(rpc_url) as rpc:
        scanner = scan.scanner(io_mint)
        fetch = rpc.block if scanner is None else partial(rpc.scanned, scanner)
        source = Slots(rpc, fetch, first_slot=first_slot)
        found = [one async for one in batches.decoded(source, Decoder(io_mint), None, last_slot)]
    return Range(found[0].follows if found else None, found)


async def ranges(
    workers: Workers, rpc_url: str, after: Position, until_slot: int, io_mint: str, *, slots: int = SLOTS
) -> AsyncGenerator[Decoded, None]:
    """Everything after `after` up to `until_slot`, in order: as `batches.decoded`, read by workers.

    Each range is checked to follow from the one before it. Raises what a worker raised, and `ChainMismatch`.
    """
    last, starts = after, iter(range(after.slot + 1, until_slot + 1, slots))
    waiting: deque[asyncio.Future[Range]] = deque()
    more = True
    try:
        while more or waiting:
            while more and len(waiting) < _AHEAD * max(workers.count(), 1):
                start = next(starts, None)
                if start is None:
                    more = False
                else:
                    end = min(start + slots - 1, until_slot)
                    waiting.append(asyncio.ensure_future(workers.submit(rpc_url, start, end, io_mint)))
            if not waiting:
                return
            found = await waiting.popleft()
            if found.follows is not None and found.follows != last:
                raise ChainMismatch(
                    f"gap or fork: what was read after slot {last.slot} follows the block {found.follows.blockhash} "
                    f"of slot {found.follows.slot}, not {last.blockhash}. Nothing after it was taken; give a node that "
                    "has every block by --url"
                )
            for decoded in found.decoded:
                last = decoded.last
                yield decoded
    finally:
        for future in waiting:
            future.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


class LocalWorkers:
    """Processes on this machine."""

    def __init__(self, pool: ProcessPoolExecutor, count: int) -> None:
        self._pool = pool
        self._count = count

    def count(self) -> int:
        """How many there are."""
        return self._count

    async def submit(self, rpc_url: str, first_slot: int, last_slot: int, io_mint: str) -> Range:
        """Begins to `read` a range. Raises `IonetError` where a process was killed."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, read, rpc_url, first_slot, last_slot, io_mint)
        except BrokenProcessPool as error:
            raise IonetError("a process that reads the chain was killed. Nothing is lost: run this again") from error


@asynccontextmanager
async def local_workers(count: int) -> AsyncIterator[LocalWorkers]:
    """So many processes; they end with this one, however it ends, and do not wait for a node that hangs."""
    others = set(active_children())
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_end_with_parent)
    try:
        yield LocalWorkers(pool, count)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(active_children()) - others:
            process.terminate()


def _end_with_parent() -> None:
    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class DaskWorkers:
    """Workers of a Dask cluster."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def count(self) -> int:
        """How many there are now."""
        return len(self._client.scheduler_info(n_workers=-1)["workers"])

    def submit(self, rpc_url: str, first_slot: int, last_slot: int, io_mint: str) -> Awaitable[Range]:
        """Begins to `read` a range."""
        return self._result(self._client.submit(read, rpc_url, first_slot, last_slot, io_mint, pure=False))

    @staticmethod
    async def _result(future: Awaitable[Range]) -> Range:
        return await future


@asynccontextmanager
async def dask_workers(address: str) -> AsyncIterator[DaskWorkers]:
    """The workers of the scheduler at `address`. Raises `IonetError` where Dask or the scheduler is not there."""
    try:
        from distributed import Client
    except ImportError as error:
        raise IonetError(f"Dask is not there: {error}. Install it with `pip install ionet[dask]`") from error
    try:
        client = await Client(address, asynchronous=True, timeout=10, set_as_default=False)  # type: ignore[no-untyped-call] # Dask has few types
    except OSError as error:
        raise IonetError(f"no Dask scheduler answers at {address}: {error}") from error
    try:
        yield DaskWorkers(client)
    finally:
        await client.close()


@asynccontextmanager
async def readers(count: int | None, dask: str | None) -> AsyncIterator[Workers | None]:
    """The workers at the Dask scheduler `dask`, or `count` processes of this machine, or None without either."""
    if dask is not None:
        async with dask_workers(dask) as workers:
            yield workers
    elif count is not None:
        async with local_workers(count) as processes:
            yield processes
    else:
        yield None
