"""The two roads from a node to the blocks of its chain, in order and without a gap."""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from indexer.node.interface import Source
from indexer.node.rpc import Rpc
from indexer.node.signatures import Signatures
from indexer.node.slots import Slots


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
