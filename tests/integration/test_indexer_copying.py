"""Columns come out of the database as they went in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from indexer.decoding import tables
from indexer.storing import copying, partitions
from tests.databases import Databases

FIXED = [table for table in tables.tables().values() if table.dtype is not None]
SLOT = 5


def any_rows(table: tables.Table, count: int) -> NDArray[np.void]:
    """Rows of random bytes, of zeros, and of the largest numbers; with places of their own."""
    assert table.dtype is not None
    random = np.random.default_rng(7).integers(0, 256, (count, table.dtype.itemsize), np.uint8)
    random[0], random[1] = 0, 255
    rows: NDArray[np.void] = random.view(table.dtype)[:, 0]
    for column in table.columns:
        if column.sql_type == "boolean":
            rows[column.name] = np.arange(count) % 2
    rows["slot"], rows["tx_index"] = SLOT, np.arange(count)
    for name in {"path", "item"} & set(table.names):
        rows[name] = -np.arange(count)
    return rows


async def test_every_value_of_every_column_is_stored(databases: Databases) -> None:
    """As COPY in binary writes it, PostgreSQL reads it: of each table, the whole range of each type."""
    async with databases.pool() as pool, pool.acquire() as connection:
        await partitions.create(connection, [SLOT])
        for table in FIXED:
            rows = any_rows(table, 40)
            await copying.copy(connection, [(table, rows)])
            found = await connection.fetch(f"SELECT * FROM chain.{table.name} ORDER BY tx_index")  # noqa: S608 - our names
            assert [tuple(row) for row in found] == table.rows(rows), table.name
            assert list(found[0].keys()) == list(table.names)


async def test_a_slot_has_its_partition_and_old_ones_go(databases: Databases) -> None:
    """Partitions are made where they are missing; what was observed goes with its partition, the rest stays."""
    width = partitions.SLOTS
    async with databases.pool() as pool, pool.acquire() as connection:
        await partitions.create(connection, [width - 1, width])
        await partitions.create(connection, [number * width for number in range(4)])
        for name in ("price_submitted", "score_posted"):
            table = tables.tables()[name]
            rows = any_rows(table, 4)
            rows["slot"] = np.arange(4) * width
            await copying.copy(connection, [(table, rows)])
        assert await partitions.first_slot(connection) == 0
        async with connection.transaction():
            dropped = await partitions.drop(connection, 2 * width + 5)
        assert len(dropped) == 2 * len(partitions.PRUNED)
        assert await partitions.first_slot(connection) == 2 * width
        counted = "SELECT (SELECT count(*) FROM chain.price_submitted), (SELECT count(*) FROM chain.score_posted)"
        assert tuple(await connection.fetchrow(counted)) == (2, 4)
        assert await partitions.drop(connection, 2 * width + 5) == []
