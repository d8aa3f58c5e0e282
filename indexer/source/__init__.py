"""Blocks of a chain in their order, without a gap. One interface (`Source`), two roads from a node to it."""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from indexer.blocks import Position
from indexer.rpc import Rpc
from indexer.source.interface import Source
from indexer.source.signatures import Signatures
from indexer.source.slots import Slots

__all__ = ["Position", "Road", "Signatures", "Slots", "Source", "open_source"]


class Road(Enum):
    """How a chain is read. Both give the same rows and digests, and one can be changed for the other at any time."""

    SLOTS = "slots"
    """Every block: misses nothing, takes some megabytes for each."""
    SIGNATURES = "signatures"
    """What names our programs: for public nodes with rate limits."""


def open_source(road: Road, rpc: Rpc, *, first_slot: int = 0, io_mint: str | None = None) -> Source:
    """A source. `io_mint`: the mint of IO, where the chain has already said which it is."""
    match road:
        case Road.SLOTS:
            return Slots(rpc, rpc.block, first_slot=first_slot)
        case Road.SIGNATURES:
            return Signatures(rpc, first_slot=first_slot, io_mint=io_mint)
    assert_never(road)
