"""Columns as PostgreSQL's COPY reads them in binary: every row of a table is as long as the next, so a row is a struct.

A `numeric` is written with all the digits that its type can have; PostgreSQL drops the zeros in front.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from indexer.database.columns import HEADER, TRAILER
from indexer.decoding import tables
from indexer.decoding.layouts import Column
from indexer.decoding.tables import Columns, Table

if TYPE_CHECKING:
    from indexer.database.db import Connection

_DIGITS: Final = {"chain.u64": 5, "chain.u128": 10}
"""Digits of base 10,000 that hold every value."""
_BASE: Final = 10_000
_OIDS: Final = {"integer": 23}
"""Of what arrays hold."""
_WIDTHS: Final = {"boolean": "?", "smallint": ">i2", "integer": ">i4", "bigint": ">i8"}


async def copy(connection: Connection, tables: Sequence[tuple[Table, Columns]]) -> None:
    """Appends rows to tables of `chain`. While PostgreSQL reads those of one, those of the next are laid out."""
    waiting = deque(tables)
    made: asyncio.Task[bytes] | None = None
    try:
        while waiting:
            table, columns = waiting.popleft()
            rows = await (made or asyncio.to_thread(binary, table, columns))
            made = asyncio.create_task(asyncio.to_thread(binary, *waiting[0])) if waiting else None
            await connection.copy_to_table(
                table.name, schema_name="chain", columns=list(table.names), source=_once(rows), format="binary"
            )
    finally:
        if made is not None:
            made.cancel()


async def _once(rows: bytes) -> AsyncIterator[bytes]:
    yield rows


def binary(table: Table, columns: Columns) -> bytes:
    """Rows of a table, as COPY reads them."""
    frame = _frame(table.name)
    rows = np.empty(len(columns), frame)
    rows["count"] = len(table.columns)
    for number, column in enumerate(table.columns):
        _fill(rows, f"{number}", column, columns[column.name])
    return b"".join((HEADER, rows.tobytes(), TRAILER))


@cache
def _frame(table: str) -> np.dtype[np.void]:
    """One row: how many values, and of each its length and itself."""
    fields: list[Any] = [("count", ">i2")]
    for number, column in enumerate(tables.tables()[table].columns):
        fields += [(f"{number} length", ">i4"), *_value(f"{number}", column)]
    return np.dtype(fields)


def _value(name: str, column: Column) -> list[Any]:
    if column.sql_type in _DIGITS:
        return [(f"{name} head", ">i2", (4,)), (name, ">i2", (_DIGITS[column.sql_type],))]
    if column.places != 1:
        item = np.dtype([("length", ">i4"), ("value", _WIDTHS[column.sql_type.removesuffix("[]")])])
        return [(f"{name} head", ">i4", (5,)), (name, item, (column.places,))]
    return [(name, _WIDTHS.get(column.sql_type, column.numpy))]


def _fill(rows: NDArray[np.void], name: str, column: Column, values: NDArray[Any]) -> None:
    length = rows.dtype[name].itemsize
    if column.sql_type in _DIGITS:
        digits = _DIGITS[column.sql_type]
        # How many digits, the weight of the first, the sign, digits after the point.
        rows[f"{name} head"] = (digits, digits - 1, 0, 0)
        _numeric(rows[name], values if column.convert is None else _numbers(column, values))
        length += rows.dtype[f"{name} head"].itemsize
    elif column.places != 1:
        item = _WIDTHS[column.sql_type.removesuffix("[]")]
        # Dimensions, whether there are nulls, the type of what it holds, how many, the number of the first.
        rows[f"{name} head"] = (1, 0, _OIDS[column.sql_type.removesuffix("[]")], column.places, 1)
        rows[name]["length"] = np.dtype(item).itemsize
        rows[name]["value"] = values
        length += rows.dtype[f"{name} head"].itemsize
    else:
        rows[name] = values
    rows[f"{name} length"] = length


def _numbers(column: Column, values: NDArray[Any]) -> NDArray[Any]:
    """Bytes as Python's integers: few events have numbers that no machine's integer holds."""
    assert column.convert is not None
    return np.array([column.convert(value) for value in values.tolist()] or [0], object)


def _numeric(digits: NDArray[Any], values: NDArray[Any]) -> None:
    base = _BASE if values.dtype == object else values.dtype.type(_BASE)
    for place in reversed(range(digits.shape[1])):
        rest = values // base
        digits[:, place] = values - rest * base
        values = rest
