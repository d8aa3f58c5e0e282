"""What every road from a node to blocks has in common."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from indexer.decoding.blocks import AnyBlock, Position


class Source(Protocol):
    """A road from a node to the blocks of its chain."""

    def blocks(self, after: Position | None, until_slot: int) -> AsyncGenerator[tuple[int, AnyBlock], None]:
        """Blocks after `after` (None: from the source's first slot on) up to `until_slot`, with their slots, in order.

        Once a block was given, nothing of ours before it is missing. `until_slot` is not beyond the node's tip.
        Raises `NodeUnavailable`; `ChainMismatch` where the node's chain does not follow from `after`, has a gap, or
        says different things of itself.
        """
        ...
