"""Questions to database and node that are answered in time, or not at all, whatever hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import asyncpg
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Finalized
from solana.rpc.core import RPCException

from client.errors import IonetError
from client.rpc import FAILURES, reason
from client.rpc import connect as connect_node
from indexer.operation.status import Stored, Tip, stored

if TYPE_CHECKING:
    from indexer.database.db import Pool

ANSWER_SECONDS: Final = 3.0
"""For each question. What takes longer is down, for whoever asks."""

T = TypeVar("T")


class Unanswered(Exception):
    """Who was asked does not answer, or with an error."""


class Probe(Generic[T]):
    """One question, asked once at a time: whoever asks meanwhile waits for the same answer."""

    def __init__(self, ask: Callable[[], Awaitable[T]], give_up: Callable[[], None] = lambda: None) -> None:
        """`give_up` is called where no answer came in time: it breaks off what still waits for one."""
        self._ask = ask
        self._give_up = give_up
        self._asking: asyncio.Task[T] | None = None

    async def __call__(self, seconds: float = ANSWER_SECONDS) -> T:
        """The answer. Raises `Unanswered` after `seconds` at the latest."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(self._ask())
        asking = self._asking
        done, _ = await asyncio.wait({asking}, timeout=seconds)
        if not done:
            # Not waited for: what hangs may hang in its end, too.
            asking.cancel()
            asking.add_done_callback(_nothing)
            self._give_up()
            raise Unanswered(f"no answer in {seconds:g} s")
        if asking.cancelled():
            raise Unanswered(f"no answer in {seconds:g} s")
        failed = asking.exception()
        if failed is None:
            return asking.result()
        if isinstance(failed, (*FAILURES, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            raise Unanswered(reason(failed)) from failed
        raise failed


def _nothing(ended: asyncio.Task[object]) -> None:
    """Takes note of how a task ended that nobody waits for."""
    if not ended.cancelled():
        ended.exception()


class Database:
    """A way to the database of the probes' own: nothing that the indexer does to its pool can hold them up."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: Pool | None = None

    async def pool(self) -> Pool:
        """Connections, made when they are first used."""
        if self._pool is None:
            # What was prepared before a restart or a restore may not be there any more.
            self._pool = await asyncpg.create_pool(
                self._url, min_size=0, max_size=3, timeout=ANSWER_SECONDS, statement_cache_size=0
            )
        return self._pool

    async def ask(self) -> Stored:
        """How the indexer stands."""
        return await stored(await self.pool())

    def give_up(self) -> None:
        """Breaks all connections off; the next question makes new ones."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None


class Node:
    """A way to the node of the probes' own."""

    def __init__(self, url: str) -> None:
        self._client: AsyncClient = connect_node(url, timeout=ANSWER_SECONDS)

    async def ask(self) -> Tip:
        """Where its finalized chain ends."""
        slot = (await self._client.get_slot(Finalized)).value
        try:
            time = (await self._client.get_block_time(slot)).value
        except (RPCException, IonetError):
            time = None
        return Tip(slot, time)

    async def close(self) -> None:
        """Ends its connections."""
        await self._client.close()
