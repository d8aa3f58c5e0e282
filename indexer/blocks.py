"""Blocks as the RPC writes them: getBlock with encoding `json` and full transactions, and only what we read of it."""

from __future__ import annotations

from typing import Any

import msgspec


class Call(msgspec.Struct):
    """One instruction, top-level or inner."""

    program: int = msgspec.field(name="programIdIndex")
    accounts: list[int]
    """Places in the transaction's keys."""
    data: str
    """Base58."""
    height: int | None = msgspec.field(name="stackHeight", default=None)
    """1 at the top, one more for each call within a call; absent from nodes before 1.15."""


class InnerCalls(msgspec.Struct):
    """Every call that grew from one top-level instruction, in the order of execution."""

    index: int
    instructions: list[Call]


class LoadedAddresses(msgspec.Struct):
    """Keys from address lookup tables."""

    writable: list[str] = []
    readonly: list[str] = []


class Meta(msgspec.Struct):
    """What happened to a transaction."""

    err: Any
    """None is success."""
    inner: list[InnerCalls] | None = msgspec.field(name="innerInstructions", default=None)
    """None where the node keeps none."""
    loaded: LoadedAddresses | None = msgspec.field(name="loadedAddresses", default=None)


class Message(msgspec.Struct):
    """What was signed."""

    keys: list[str] = msgspec.field(name="accountKeys")
    instructions: list[Call]


class Signed(msgspec.Struct):
    """A message with its signatures, base58."""

    message: Message
    signatures: list[str]


class Transaction(msgspec.Struct):
    """A transaction in a block."""

    transaction: Signed
    meta: Meta | None


class Block(msgspec.Struct):
    """A block. Its own slot is not in it: it is what was asked for."""

    blockhash: str
    previous_blockhash: str = msgspec.field(name="previousBlockhash")
    parent_slot: int = msgspec.field(name="parentSlot")
    time: int | None = msgspec.field(name="blockTime")
    """Unix seconds."""
    transactions: list[Transaction]
