"""What is confirmed and not final yet, for people to look at. It may be reverted: nothing is computed from it.

The tail begins after the cursor of the replay and follows the chain that the node shows, whatever it showed before:
each look finds the last block that both have, takes out what came after it, and reads on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from indexer.database.queries import sql
from indexer.decoding import base58, tables
from indexer.decoding.blocks import Block, Position
from indexer.decoding.decode import Decoded, Decoder, Quarantined
from indexer.decoding.layouts import Column
from indexer.errors import ChainMismatch
from indexer.node.rpc import Rpc
from indexer.node.slots import Slots, listed_slots
from indexer.storing import store

if TYPE_CHECKING:
    from indexer.database.db import Connection, Pool

FAR_SLOTS: Final = 2_000
"""Beyond the cursor: what is further away is for the replay, not for a look."""
_LOOKS: Final = 5
"""At a node that changes its mind meanwhile."""
_CONFIRMED: Final = "confirmed"
_EVENT: Final = ("slot", "tx_index", "path", "item", "name", "blockhash", "signature", "fields")
_BLOCK: Final = ("slot", "blockhash", "parent_slot", "previous_blockhash", "time")
_PLACE: Final = len(tables.PLACE)


@dataclass(frozen=True, slots=True)
class Followed:
    """What one look changed."""

    slot: int
    """Up to which the tail goes now."""
    reverted: int
    """Blocks that are no longer on the node's chain."""
    added: int
    """Blocks."""
    is_far: bool = False
    """Whether the replay is so far behind that the tail is left empty."""


@dataclass(frozen=True, slots=True)
class Provisional:
    """Something that may never have happened."""

    slot: int
    time: int
    """Of its block, Unix seconds."""
    name: str
    """Of the table of `chain` that it would be a row of; `quarantine` where it could not be read."""
    signature: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the database has."""

    cursor: Position
    tail: list[Position]
    """After the cursor, one following the other, the first following the cursor."""


@dataclass(slots=True)
class _Change:
    """What is to be done to it."""

    fork: Position
    """The last block that the node has too."""
    blocks: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    is_far: bool = False


async def follow(pool: Pool, rpc: Rpc) -> Followed | None:
    """Brings the tail to what the node shows as confirmed; None before the replay's first block.

    Raises `NodeUnavailable`, `IncompleteBlock`, and `ChainMismatch` where the node's chain does not follow from the
    cursor, or changes all the time.
    """
    changing: ChainMismatch | None = None
    reached = 0
    for _ in range(_LOOKS):
        async with pool.acquire() as connection:
            seen = await _seen(connection)
        if seen is None:
            return None
        reached = (seen.tail or [seen.cursor])[-1].slot
        try:
            change = await _look(pool, rpc, seen)
        except ChainMismatch as error:
            changing = error
            continue
        changing = None
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE tail.block IN EXCLUSIVE MODE")
            if await _seen(connection) == seen:
                return await _store(connection, seen, change)
    if changing is not None:
        raise changing
    # Each time the replay had moved on meanwhile: the next look will do.
    return Followed(reached, 0, 0)


async def events(pool: Pool, limit: int) -> list[Provisional]:
    """The newest events of the tail, at most so many, oldest first."""
    rows = await pool.fetch(sql("tail_events"), limit)
    return [
        Provisional(row["slot"], row["time"], row["name"], row["signature"], msgspec.json.decode(row["fields"]))
        for row in rows
    ]


async def _seen(connection: Connection) -> _Seen | None:
    cursor = await store.cursor(connection)
    if cursor is None:
        return None
    tail: list[Position] = []
    for row in await connection.fetch(sql("tail_blocks")):
        last = tail[-1] if tail else cursor.position
        if row["slot"] <= cursor.position.slot:
            continue
        if (row["parent_slot"], row["previous_blockhash"]) != (last.slot, last.blockhash):
            # The cursor came here on another fork: this one is no more.
            break
        tail.append(Position(row["slot"], row["blockhash"]))
    return _Seen(cursor.position, tail)


async def _look(pool: Pool, rpc: Rpc, seen: _Seen) -> _Change:
    tip = await rpc.slot(_CONFIRMED)
    if tip - seen.cursor.slot > FAR_SLOTS:
        return _Change(seen.cursor, is_far=True)
    change = _Change(await _fork(rpc, seen, tip))
    io_mint = await store.io_mint(pool) or await pool.fetchval(sql("tail_io_mint"), change.fork.slot)
    decoder = Decoder(io_mint)
    async with aclosing(
        Slots(rpc, partial(rpc.block, commitment=_CONFIRMED), commitment=_CONFIRMED).blocks(change.fork, tip)
    ) as blocks:
        async for slot, block in blocks:
            decoded = decoder.block(slot, block)
            change.blocks.append((slot, block.blockhash, block.parent_slot, block.previous_blockhash, block.time))
            change.events += _events(block, decoded)
    return change


async def _fork(rpc: Rpc, seen: _Seen, tip: int) -> Position:
    """The last block of the tail that the node has too; the cursor where it has none of them.

    If the node has a block it has all before it, so this is a search by halves; mostly the first question answers it.
    """
    chain = [seen.cursor, *seen.tail]
    listed = {slot async for slot in listed_slots(rpc, seen.cursor.slot, tip, _CONFIRMED)}

    async def has(block: Position) -> bool:
        return block.slot in listed and (await rpc.header(block.slot, _CONFIRMED)).blockhash == block.blockhash

    if await has(chain[-1]):
        return chain[-1]
    known, unknown = 0, len(chain) - 1
    while unknown - known > 1:
        middle = (known + unknown) // 2
        if await has(chain[middle]):
            known = middle
        else:
            unknown = middle
    return chain[known]


async def _store(connection: Connection, seen: _Seen, change: _Change) -> Followed:
    forgotten = await connection.fetch(sql("tail_forget"), seen.cursor.slot, change.fork.slot)
    await connection.copy_records_to_table("block", schema_name="tail", records=change.blocks, columns=list(_BLOCK))
    await connection.copy_records_to_table("event", schema_name="tail", records=change.events, columns=list(_EVENT))
    slot = change.blocks[-1][0] if change.blocks else change.fork.slot
    reverted = sum(row["slot"] > change.fork.slot for row in forgotten)
    return Followed(slot, reverted, len(change.blocks), change.is_far)


def _events(block: Block, decoded: Decoded) -> Iterator[tuple[Any, ...]]:
    """Rows of `tail.event`."""
    known = tables.tables()
    rows = decoded.rows
    signatures = {tx_index: base58.encode(signature) for _, tx_index, signature in rows.pop("transaction", ())}
    for name, found in rows.items():
        table = known[name]
        has_item = "item" in table.names
        columns = table.columns[_PLACE + has_item :]
        for slot, tx_index, path, *values in found:
            item = values.pop(0) if has_item else 0
            shown = {column.name: _shown(column, value) for column, value in zip(columns, values, strict=True)}
            place = (slot, tx_index, path, item, name)
            yield (*place, block.blockhash, signatures[tx_index], msgspec.json.encode(shown).decode())
    for one in decoded.quarantined:
        yield _quarantined(block, one)


def _quarantined(block: Block, one: Quarantined) -> tuple[Any, ...]:
    shown = {"program": one.program, "reason": one.reason, "data": one.data.hex()}
    place = (one.slot, one.tx_index, one.path, 0, "quarantine")
    return (*place, block.blockhash, one.signature, msgspec.json.encode(shown).decode())


def _shown(column: Column, value: Any) -> Any:
    """A value as JSON: nothing that a stranger wrote becomes text, and no number loses a digit."""
    kind = column.sql_type.removesuffix("[]")
    if isinstance(value, list | tuple):
        return [_plain("chain.address" if kind == "bytea" else kind, one) for one in value]
    return _plain(kind, value)


def _plain(kind: str, value: Any) -> Any:
    if kind == "chain.address":
        return base58.encode(value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if kind in ("chain.u64", "chain.u128") else value
