"""Rows and cursor into PostgreSQL, in one transaction: either both moved, or neither."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from indexer.database.queries import sql
from indexer.decoding import base58, tables
from indexer.decoding.blocks import Position
from indexer.decoding.decode import Decoded
from indexer.errors import ChainMismatch
from indexer.storing import aggregates, balances, copying, partitions

if TYPE_CHECKING:
    from indexer.database.db import Connection, Pool

LOCK_SECONDS: Final = 60
"""How long a batch waits for a table that somebody else holds."""
NO_DIGEST: Final = bytes(32)
"""Of a chain on which nothing of ours happened."""

_QUARANTINE: Final = ("slot", "tx_index", "path", "signature", "program", "reason", "data")

BlockRow = tuple[int, int, str, bytes]
"""Of `chain.block`."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to where the chain was read."""

    genesis_hash: str
    position: Position
    time: int
    """Of the block, Unix seconds."""
    digest: bytes
    """Of everything of ours up to here, 32 bytes."""


def chained(decoded: Decoded, before: Cursor | None, genesis_hash: str) -> tuple[Cursor | None, list[BlockRow]]:
    """The cursor after these blocks, and a row for each of them that has something of ours.

    Each row's digest is SHA-256 over the digest before it, its slot (8 bytes, little-endian) and its content.
    """
    digest, rows = before.digest if before else NO_DIGEST, []
    for block in decoded.blocks:
        if block.content:
            digest = sha256(digest + block.slot.to_bytes(8, "little") + block.content).digest()
            rows.append((block.slot, block.time, block.blockhash, digest))
    if not decoded.blocks:
        return before, rows
    last = decoded.blocks[-1]
    return Cursor(genesis_hash, Position(last.slot, last.blockhash), last.time, digest), rows


async def cursor(connection: Connection | Pool) -> Cursor | None:
    """Where the replay stands; None before its first block."""
    row = await connection.fetchrow("SELECT genesis_hash, slot, blockhash, time, digest FROM indexer.cursor")
    if row is None:
        return None
    return Cursor(row["genesis_hash"], Position(row["slot"], row["blockhash"]), row["time"], row["digest"])


async def io_mint(connection: Connection | Pool) -> str | None:
    """The mint of IO, base58, once the chain has said which it is."""
    raw = await connection.fetchval("SELECT io_mint FROM chain.emission_initialized")
    return None if raw is None else base58.encode(raw)


async def save(connection: Connection, decoded: Decoded, before: Cursor | None, genesis_hash: str) -> Cursor | None:
    """Stores what was decoded and moves the cursor from `before`, or does neither; the cursor after it.

    What scores and balances need is brought up to date with it, for those whom it touches. Raises `ChainMismatch` where
    the cursor is not at `before`: somebody else moved it.
    """
    after, blocks = chained(decoded, before, genesis_hash)
    if after is None:
        return None
    async with connection.transaction():
        await connection.execute("SELECT set_config('lock_timeout', $1, true)", f"{LOCK_SECONDS}s")
        await connection.execute("LOCK TABLE indexer.cursor IN EXCLUSIVE MODE")
        if await cursor(connection) != before:
            raise ChainMismatch("the cursor moved under this replay: another one writes here. Run this again")
        if blocks:
            await _fill(connection, decoded, blocks)
            since = before.position.slot if before else -1
            await aggregates.update(connection, since, after.position.slot)
            await balances.update(connection, since, after.position.slot)
        await connection.execute(
            "INSERT INTO indexer.cursor (genesis_hash, slot, blockhash, time, digest) VALUES ($1, $2, $3, $4, $5) "
            "ON CONFLICT (id) DO UPDATE SET slot = excluded.slot, blockhash = excluded.blockhash, "
            "time = excluded.time, digest = excluded.digest",
            *(after.genesis_hash, after.position.slot, after.position.blockhash, after.time, after.digest),
        )
    return after


async def _fill(connection: Connection, decoded: Decoded, blocks: list[BlockRow]) -> None:
    await partitions.create(connection, (slot for slot, *_ in blocks))
    known = tables.tables()
    await copying.copy(connection, [(known[name], columns) for name, columns in decoded.columns.items()])
    for name, rows in decoded.loose.items():
        await connection.copy_records_to_table(name, schema_name="chain", records=rows, columns=list(known[name].names))
    await connection.copy_records_to_table("block", schema_name="chain", records=blocks, columns=list(tables.BLOCK))
    if decoded.quarantined:
        await connection.copy_records_to_table(
            "quarantine",
            schema_name="indexer",
            records=[astuple(entry) for entry in decoded.quarantined],
            columns=list(_QUARANTINE),
        )


async def digests(connection: Connection | Pool) -> dict[str, str]:
    """SHA-256 of each table of `chain`, hex: equal in two databases that read the same history."""
    found = {}
    for table in tables.names():
        key = ", ".join(f"t.{name}" for name in ("slot", "tx_index", "path", "item") if name in tables.columns(table))
        found[table] = await connection.fetchval(sql("digest_of_table").format(table=table, order=key))
    return found
