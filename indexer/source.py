"""Blocks of a chain in their order, without a gap: the slot-by-slot road, which never misses anything."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from indexer.blocks import Block
from indexer.errors import ChainMismatch
from indexer.rpc import Rpc

PREFETCH: Final = 16
"""Blocks that are fetched ahead of the one being read."""
_LISTED: Final = 10_000
"""Slots asked for in one getBlocks."""


@dataclass(frozen=True, slots=True)
class Position:
    """A block that was read."""

    slot: int
    blockhash: str


async def blocks(
    rpc: Rpc, after: Position | None, until_slot: int, *, first_slot: int = 0, commitment: str = "finalized"
) -> AsyncIterator[tuple[int, Block]]:
    """Every block after `after` (None: from `first_slot` on) up to `until_slot`, with its slot, in order.

    Skipped slots are passed over. A block whose parent is not the one before it ends this with `ChainMismatch`:
    the node left a block out, or is on another fork. Raises `NodeUnavailable`.
    """
    last = after
    waiting: deque[tuple[int, asyncio.Task[Block]]] = deque()
    slots = _slots(rpc, first_slot if after is None else after.slot + 1, until_slot, commitment)
    try:
        more = True
        while more or waiting:
            while more and len(waiting) < PREFETCH:
                slot = await anext(slots, None)
                if slot is None:
                    more = False
                else:
                    waiting.append((slot, asyncio.create_task(rpc.block(slot, commitment))))
            if not waiting:
                break
            slot, task = waiting.popleft()
            block = await task
            _check_follows(slot, block, last)
            last = Position(slot, block.blockhash)
            yield slot, block
    finally:
        for _, task in waiting:
            task.cancel()
        await asyncio.gather(*(task for _, task in waiting), return_exceptions=True)
        await slots.aclose()


def _check_follows(slot: int, block: Block, last: Position | None) -> None:
    if last is None:
        return
    if block.parent_slot != last.slot:
        raise ChainMismatch(
            f"gap: the block of slot {slot} follows slot {block.parent_slot}, the last one read is {last.slot}. "
            "Nothing after it was taken; give a node that has every block by --url"
        )
    if block.previous_blockhash != last.blockhash:
        raise ChainMismatch(
            f"fork: the block of slot {slot} follows {block.previous_blockhash}, which is not the block "
            f"{last.blockhash} that was read in slot {last.slot}"
        )


async def _slots(rpc: Rpc, first: int, until: int, commitment: str) -> AsyncGenerator[int, None]:
    while first <= until:
        end = min(first + _LISTED - 1, until)
        listed = await rpc.blocks(first, end, commitment)
        if any(a >= b for a, b in pairwise(listed)) or any(not first <= slot <= end for slot in listed):
            raise ChainMismatch(f"the node at {rpc.url} lists slots that are not those from {first} to {end}, in order")
        for slot in listed:
            yield slot
        first = end + 1
