"""Blocks of a source, decoded a batch at a time: what the replay stores, here or on another machine."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Final

from indexer.decoding.decode import Decoded, Decoder
from indexer.errors import IncompleteBlock

if TYPE_CHECKING:
    from indexer.decoding.blocks import AnyBlock, Position
    from indexer.node.interface import Source

BLOCKS: Final = 512
TRANSACTIONS: Final = 16_384
"""A batch is full once it has so many of either. The result does not depend on it."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Keeps the garbage collector away: blocks are hundreds of thousands of objects that it would look at again and
    again, half of the time of reading them, and none of them is in a cycle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


async def decoded(
    source: Source,
    decoder: Decoder,
    after: Position | None,
    until_slot: int,
    *,
    most_blocks: int = BLOCKS,
    most_transactions: int = TRANSACTIONS,
) -> AsyncGenerator[Decoded, None]:
    """Everything after `after` up to `until_slot`, in order.

    Where the source fails, or a block is incomplete, what came before it is given first. Raises what the source does,
    and `IncompleteBlock`.
    """
    with uncollected():
        async with aclosing(_batches(source, decoder, after, until_slot, most_blocks, most_transactions)) as found:
            async for some in found:
                yield some


async def _batches(
    source: Source,
    decoder: Decoder,
    after: Position | None,
    until_slot: int,
    most_blocks: int,
    most_transactions: int,
) -> AsyncGenerator[Decoded, None]:
    waiting: list[tuple[int, AnyBlock]] = []
    transactions = 0
    failed: Exception | None = None
    async with aclosing(source.blocks(after, until_slot)) as blocks:
        try:
            async for slot, block in blocks:
                waiting.append((slot, block))
                transactions += block.count
                if len(waiting) >= most_blocks or transactions >= most_transactions:
                    batch, waiting, transactions = waiting, [], 0
                    async for some in _decoded(decoder, batch):
                        yield some
        except Exception as reason:
            failed = reason
    if waiting and not isinstance(failed, IncompleteBlock):
        async for some in _decoded(decoder, waiting):
            yield some
    if failed is not None:
        raise failed


async def _decoded(decoder: Decoder, batch: Sequence[tuple[int, AnyBlock]]) -> AsyncGenerator[Decoded, None]:
    """A batch at once, in a thread of its own; up to the incomplete block where there is one."""
    try:
        whole = await asyncio.to_thread(decoder.blocks, batch)
    except IncompleteBlock:
        for one in batch:
            yield await asyncio.to_thread(decoder.blocks, [one])
        raise  # never: one of them is incomplete alone
    yield whole
