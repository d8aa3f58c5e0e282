"""Results of PostgreSQL as columns of numpy, and columns back into tables: binary COPY, in which every row is a struct.

Values are of one length for each column: booleans, integers, addresses and symbols. Unsigned 64-bit amounts, which
`bigint` cannot hold, come as `indexer.signed(amount)`: less by 2⁶³.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from indexer.database.db import Connection

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"
"""Before and after the rows of COPY in binary."""
_SIGN: Final = np.uint64(1 << 63)
_CHUNK_ROWS: Final = 65_536


async def fetch(connection: Connection, dtype: np.dtype[np.void], query: str, *arguments: object) -> NDArray[np.void]:
    """The rows of a query, whose columns are those of `dtype`, by order and width, and never null.

    Raises `ValueError` where they are not.
    """
    received = bytearray()

    async def collect(data: bytes) -> None:
        received.extend(data)

    await connection.copy_from_query(query, *arguments, output=collect, format="binary")
    frame = _frame(dtype)
    rows, rest = divmod(len(received) - len(HEADER) - len(TRAILER), frame.itemsize)
    framed = np.frombuffer(received, frame, rows, len(HEADER)) if rest == 0 else np.empty(0, frame)
    if rest or not all((framed[name] == expected).all() for name, expected in _expected(dtype)):
        raise ValueError(f"the query's rows are not of {dtype}, or have nulls: {query}")
    result = np.empty(rows, dtype)
    for name in _names(dtype):
        result[name] = framed[name] if dtype[name] != np.uint64 else framed[name].view(">u8") ^ _SIGN
    return result


async def append(connection: Connection, schema: str, table: str, rows: NDArray[np.void]) -> None:
    """Appends rows to a table, each field to the column of its name. Widths are to be those of the columns."""

    async def source() -> AsyncIterator[bytes]:
        yield HEADER
        for start in range(0, len(rows), _CHUNK_ROWS):
            yield _framed(rows[start : start + _CHUNK_ROWS])
        yield TRAILER

    names = list(_names(rows.dtype))
    await connection.copy_to_table(table, schema_name=schema, columns=names, source=source(), format="binary")


def _framed(rows: NDArray[np.void]) -> bytes:
    framed = np.empty(len(rows), _frame(rows.dtype))
    for name, expected in _expected(rows.dtype):
        framed[name] = expected
    for name in _names(rows.dtype):
        framed[name] = rows[name]
    return framed.tobytes()


def _names(dtype: np.dtype[np.void]) -> tuple[str, ...]:
    return dtype.names or ()


@cache
def _frame(dtype: np.dtype[np.void]) -> np.dtype[np.void]:
    """One row of COPY: how many values, and of each its length and itself, big-endian."""
    fields: list[tuple[str, str]] = [("count of values", ">i2")]
    for name in _names(dtype):
        wire = ">i8" if dtype[name] == np.uint64 else dtype[name].newbyteorder(">").str
        fields += [(f"length of {name}", ">i4"), (name, wire)]
    return np.dtype(fields)


def _expected(dtype: np.dtype[np.void]) -> list[tuple[str, int]]:
    """What counts and lengths have to be."""
    names = _names(dtype)
    return [("count of values", len(names)), *((f"length of {name}", dtype[name].itemsize) for name in names)]
