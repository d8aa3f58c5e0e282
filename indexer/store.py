"""Rows and cursor into PostgreSQL, in one transaction: either both moved, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from indexer import layouts
from indexer.decode import DecodedBlock, Row, address_text
from indexer.errors import ChainMismatch
from indexer.queries import sql
from indexer.source import Position

if TYPE_CHECKING:
    from indexer.db import Connection, Pool

NO_DIGEST: Final = bytes(32)
"""Of a chain on which nothing of ours happened."""

_PLACE: Final = ("slot", "tx_index", "path")
_ITEM: Final = (*_PLACE, "item")
_RECORDS: Final = {
    "transaction": ("slot", "tx_index", "signature"),
    "io_supply_changed": (*_ITEM, "direction", "amount", "token_account"),
    "challenge_committed": (*_PLACE, "verifier", "challenge", "epoch", "round", "commitment"),
}
_QUARANTINE: Final = (*_PLACE, "signature", "program", "reason", "data")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to where the chain was read."""

    genesis_hash: str
    position: Position
    time: int
    """Of the block, Unix seconds."""
    digest: bytes
    """Of everything of ours up to here, 32 bytes."""


@dataclass(slots=True)
class Batch:
    """Blocks that are stored together."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    blocks: int = 0
    transactions: int = 0
    events: int = 0

    def add(self, block: DecodedBlock, genesis_hash: str, digest: bytes) -> Cursor:
        """Takes a block in; `digest` is that of all before it. The cursor after it."""
        for table, rows in block.rows.items():
            self.rows.setdefault(table, []).extend(rows)
        if block.content:
            digest = sha256(digest + block.slot.to_bytes(8, "little") + block.content).digest()
            row = (block.slot, block.time, block.blockhash, digest)
            self.rows.setdefault("block", []).append(row)
        if block.quarantined:
            self.rows.setdefault("quarantine", []).extend(astuple(entry) for entry in block.quarantined)
        self.blocks += 1
        self.transactions += block.transactions
        self.events += block.events
        return Cursor(genesis_hash, Position(block.slot, block.blockhash), block.time, digest)


@cache
def columns(table: str) -> tuple[str, ...]:
    """The columns of a table of `chain`, in the order of its rows."""
    if table in _RECORDS:
        return _RECORDS[table]
    if table == "block":
        return ("slot", "time", "blockhash", "digest")
    if table == "challenge_recorded":
        measured = layouts.struct_layout("oracle", "Measurement").columns
        return (*_ITEM, "verifier", "challenge", *(column.name for column in measured))
    if table == "score_posted":
        scored = layouts.struct_layout("emission", "Score").columns
        return (*_ITEM, "epoch", "earner", *(column.name for column in scored))
    return (*_PLACE, *layouts.event_columns(table))


@cache
def tables() -> tuple[str, ...]:
    """Every table of `chain` that the replay fills, sorted."""
    events = (event.table for program in layouts.programs().values() for event in program.events.values())
    return tuple(sorted((*_RECORDS, "block", "challenge_recorded", "score_posted", *events)))


async def cursor(connection: Connection | Pool) -> Cursor | None:
    """Where the replay stands; None before its first block."""
    row = await connection.fetchrow("SELECT genesis_hash, slot, blockhash, time, digest FROM indexer.cursor")
    if row is None:
        return None
    return Cursor(row["genesis_hash"], Position(row["slot"], row["blockhash"]), row["time"], row["digest"])


async def io_mint(connection: Connection | Pool) -> str | None:
    """The mint of IO, base58, once the chain has said which it is."""
    raw = await connection.fetchval("SELECT io_mint FROM chain.emission_initialized")
    return None if raw is None else address_text(raw)


async def save(connection: Connection, batch: Batch, before: Cursor | None, after: Cursor) -> None:
    """Stores a batch and moves the cursor from `before` to `after`, or does neither.

    Raises `ChainMismatch` where the cursor is not at `before`: somebody else moved it.
    """
    async with connection.transaction():
        await connection.execute("LOCK TABLE indexer.cursor IN EXCLUSIVE MODE")
        if await cursor(connection) != before:
            raise ChainMismatch("the cursor moved under this replay: another one writes here. Run this again")
        for table, rows in batch.rows.items():
            if table == "quarantine":
                await _copy(connection, "indexer", table, rows, _QUARANTINE)
            else:
                await _copy(connection, "chain", table, rows, columns(table))
        await connection.execute(
            "INSERT INTO indexer.cursor (genesis_hash, slot, blockhash, time, digest) VALUES ($1, $2, $3, $4, $5) "
            "ON CONFLICT (id) DO UPDATE SET slot = excluded.slot, blockhash = excluded.blockhash, "
            "time = excluded.time, digest = excluded.digest",
            *(after.genesis_hash, after.position.slot, after.position.blockhash, after.time, after.digest),
        )


async def digests(connection: Connection | Pool) -> dict[str, str]:
    """SHA-256 of each table of `chain`, hex: equal in two databases that read the same history."""
    found = {}
    for table in tables():
        key = ", ".join(f"t.{name}" for name in (*_ITEM, "signature") if name in columns(table))
        found[table] = await connection.fetchval(sql("digest_of_table").format(table=table, order=key))
    return found


async def _copy(connection: Connection, schema: str, table: str, rows: Sequence[Row], names: Sequence[str]) -> None:
    await connection.copy_records_to_table(table, schema_name=schema, records=rows, columns=list(names))
