"""The road slot by slot: every block of the chain, each checked to follow from the one before it. It misses nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from itertools import pairwise
from typing import Final, Generic

from indexer.decoding.blocks import AnyBlock, Position
from indexer.errors import ChainMismatch
from indexer.node.prefetch import B, in_order
from indexer.node.rpc import Rpc

_LISTED: Final = 10_000
"""Slots asked for in one getBlocks."""


class Slots(Generic[B]):
    """getBlocks, and getBlock of each: `fetch` asks for that, at the same commitment."""

    def __init__(
        self, rpc: Rpc, fetch: Callable[[int], Awaitable[B]], *, first_slot: int = 0, commitment: str = "finalized"
    ) -> None:
        self._rpc = rpc
        self._fetch = fetch
        self._first_slot = first_slot
        self._commitment = commitment

    async def blocks(self, after: Position | None, until_slot: int) -> AsyncGenerator[tuple[int, B], None]:
        """Every block: see `Source`. Skipped slots are passed over.

        A block whose parent is not the one before it ends this with `ChainMismatch`: the node left a block out, or is
        on another fork.
        """
        last = after
        first = self._first_slot if after is None else after.slot + 1
        async with (
            aclosing(listed_slots(self._rpc, first, until_slot, self._commitment)) as slots,
            aclosing(in_order(slots, self._fetch)) as found,
        ):
            async for slot, block in found:
                _check_follows(slot, block, last)
                last = Position(slot, block.blockhash)
                yield slot, block


def _check_follows(slot: int, block: AnyBlock, last: Position | None) -> None:
    if last is None:
        return
    if block.parent_slot > last.slot:
        raise ChainMismatch(
            f"gap: the block of slot {slot} follows slot {block.parent_slot}, the last one read is {last.slot}. "
            "Nothing after it was taken; give a node that has every block by --url"
        )
    if (block.parent_slot, block.previous_blockhash) != (last.slot, last.blockhash):
        raise ChainMismatch(
            f"fork: the block of slot {slot} follows {block.previous_blockhash} in slot {block.parent_slot}, not the "
            f"block {last.blockhash} that was read in slot {last.slot}. Nothing after it was taken; give a node of "
            "the same chain by --url"
        )


async def listed_slots(
    rpc: Rpc, first: int, until: int, commitment: str = "finalized", *, at_once: int = _LISTED
) -> AsyncGenerator[int, None]:
    """The slots from `first` to `until` that have a block, `at_once` of them asked for in one getBlocks.

    Raises `ChainMismatch` where the node lists others.
    """
    while first <= until:
        end = min(first + at_once - 1, until)
        listed = await rpc.blocks(first, end, commitment)
        if any(a >= b for a, b in pairwise(listed)) or any(not first <= slot <= end for slot in listed):
            raise ChainMismatch(f"the node at {rpc.url} lists slots that are not those from {first} to {end}, in order")
        for slot in listed:
            yield slot
        first = end + 1
