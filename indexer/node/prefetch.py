"""Blocks fetched ahead of the one being read, within bounds."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

from indexer.decoding.blocks import AnyBlock

T = TypeVar("T")
B = TypeVar("B", bound=AnyBlock)

BLOCKS: Final = 16
"""Fetched ahead, at the most."""
TRANSACTIONS: Final = 16_000
"""Fetched ahead, as far as the last blocks tell: of full blocks only so many are held as have these, some 100 MB."""
_FEWEST: Final = 2
_RECENT: Final = 8


async def in_order(wanted: AsyncIterator[T], fetch: Callable[[T], Awaitable[B]]) -> AsyncGenerator[tuple[T, B], None]:
    """Each of `wanted` with its block, in their order. Whatever is under way is cancelled when this ends."""
    waiting: deque[tuple[T, asyncio.Future[B]]] = deque()
    sizes: deque[int] = deque(maxlen=_RECENT)
    more = True
    try:
        while more or waiting:
            while more and len(waiting) < _ahead(sizes):
                try:
                    item = await anext(wanted)
                except StopAsyncIteration:
                    more = False
                else:
                    waiting.append((item, asyncio.ensure_future(fetch(item))))
            if waiting:
                item, future = waiting.popleft()
                block = await future
                sizes.append(block.count)
                yield item, block
    finally:
        for _, future in waiting:
            future.cancel()
        await asyncio.gather(*(future for _, future in waiting), return_exceptions=True)


def _ahead(sizes: deque[int]) -> int:
    return max(_FEWEST, min(BLOCKS, TRANSACTIONS // max(1, *sizes, 1)))
