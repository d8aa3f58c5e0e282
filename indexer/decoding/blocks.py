"""Blocks as the RPC writes them: getBlock with encoding `json` and full transactions, and only what we read of it.

The structs are hidden from the garbage collector: a block makes tens of thousands, and none refers to itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

Hash = Annotated[str, msgspec.Meta(pattern="^[1-9A-HJ-NP-Za-km-z]{1,44}$")]
"""Of a block, base58."""
Seconds = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""Unix time."""


@dataclass(frozen=True, slots=True)
class Position:
    """A block that was read."""

    slot: int
    blockhash: str


_PLACES: Final = msgspec.json.Decoder(list[Annotated[int, msgspec.Meta(ge=0)]])


class Call(msgspec.Struct, gc=False):
    """One instruction, top-level or inner."""

    program: int = msgspec.field(name="programIdIndex")
    accounts: msgspec.Raw
    """A list of places in the transaction's keys; most are never looked at."""
    data: str
    """Base58."""
    height: int | None = msgspec.field(name="stackHeight", default=None)
    """1 at the top, one more for each call within a call; absent from nodes before 1.15."""

    def named(self, keys: list[str]) -> list[str]:
        """The accounts. Raises `IndexError` where the keys lack one, or where it is none."""
        try:
            return [keys[place] for place in _PLACES.decode(self.accounts)]
        except msgspec.DecodeError as error:
            raise IndexError(f"accounts are {bytes(self.accounts)[:60]!r}") from error


class InnerCalls(msgspec.Struct, gc=False):
    """Every call that grew from one top-level instruction, in the order of execution."""

    index: int
    instructions: list[Call]


class LoadedAddresses(msgspec.Struct, gc=False):
    """Keys from address lookup tables."""

    writable: list[str] = []
    readonly: list[str] = []


class Meta(msgspec.Struct, gc=False):
    """What happened to a transaction."""

    err: Any
    """None is success."""
    inner: list[InnerCalls] | None = msgspec.field(name="innerInstructions", default=None)
    """None where the node keeps none."""
    loaded: LoadedAddresses | None = msgspec.field(name="loadedAddresses", default=None)


class Message(msgspec.Struct, gc=False):
    """What was signed."""

    keys: list[str] = msgspec.field(name="accountKeys")
    instructions: list[Call]
    lookups: list[msgspec.Raw] = msgspec.field(name="addressTableLookups", default=[])
    """Where further keys come from: `Meta.loaded` has them."""


class Signed(msgspec.Struct, gc=False):
    """A message with its signatures, base58."""

    message: Message
    signatures: list[str]


class Transaction(msgspec.Struct, gc=False):
    """A transaction in a block."""

    transaction: Signed
    meta: Meta | None


class Block(msgspec.Struct, gc=False):
    """A block. Its own slot is not in it: it is what was asked for."""

    blockhash: Hash
    previous_blockhash: Hash = msgspec.field(name="previousBlockhash")
    parent_slot: int = msgspec.field(name="parentSlot")
    time: Seconds | None = msgspec.field(name="blockTime")
    transactions: list[Transaction]

    @property
    def count(self) -> int:
        """Transactions of any kind."""
        return len(self.transactions)


class SparseBlock(Block, gc=False):
    """Some transactions of a block. Never decoded: a node does not say where transactions stand but by their order."""

    places: list[int] = []
    """Of these transactions in the block, rising."""


@dataclass(frozen=True, slots=True)
class ScannedBlock:
    """A block of which `indexer.decoding.scan` has read no more than the calls of our programs."""

    blockhash: str
    previous_blockhash: str
    parent_slot: int
    time: int
    count: int
    """Transactions of any kind."""
    columns: Mapping[str, bytes]


AnyBlock = Block | ScannedBlock


class Header(msgspec.Struct):
    """A block without its transactions: getBlock with `transactionDetails` `signatures` or `none`."""

    blockhash: Hash
    previous_blockhash: Hash = msgspec.field(name="previousBlockhash")
    parent_slot: int = msgspec.field(name="parentSlot")
    time: Seconds | None = msgspec.field(name="blockTime")
    signatures: list[str] = []
    """Of each transaction, in their order; empty where they were not asked for."""


class Listed(msgspec.Struct, frozen=True):
    """An entry of getSignaturesForAddress."""

    signature: str
    slot: int
    err: Any = None
    """None is success."""


class Located(Transaction):
    """A transaction and where it is: getTransaction."""

    slot: int
    place: int | None = msgspec.field(name="transactionIndex", default=None)
    """In its block; absent from nodes before Agave 4."""
