"""The tables of `chain` that the replay fills: their columns, in the order of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from indexer.decoding import layouts
from indexer.decoding.layouts import Column

Row = tuple[Any, ...]
Columns = NDArray[np.void]
"""Rows of one table: an array of its `dtype`."""

PLACE: Final = (
    Column("slot", "bigint", "q", 1, None),
    Column("tx_index", "integer", "i", 1, None),
    Column("path", "integer", "i", 1, None),
)
ITEM: Final = (*PLACE, Column("item", "integer", "i", 1, None))
PLACE_BYTES: Final = layouts.dtype_of(PLACE).itemsize


@dataclass(frozen=True, slots=True)
class Table:
    """One table."""

    name: str
    columns: tuple[Column, ...]
    dtype: np.dtype[np.void] | None
    """Of its rows; None where one of its columns is a list of any length."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of its columns."""
        return tuple(column.name for column in self.columns)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that say where on the chain a row stands."""
        return tuple(name for name in ("slot", "tx_index", "path", "item") if name in self.names)

    def rows(self, array: Columns) -> list[Row]:
        """Rows as tuples of plain values."""
        return layouts.rows(array, self.columns)


def _address(name: str) -> Column:
    return Column(name, "chain.address", "32s", 1, None)


def _table(name: str, *columns: Column) -> Table:
    fixed = all(column.places for column in columns)
    return Table(name, columns, layouts.dtype_of(columns) if fixed else None)


@cache
def tables() -> dict[str, Table]:
    """Every table by its name, sorted: of events, of records, of transactions; that of blocks is apart."""
    measured = layouts.struct_layout("oracle", "Measurement").columns
    scored = layouts.struct_layout("emission", "Score").columns
    found = [
        _table("transaction", *PLACE[:2], Column("signature", "bytea", "64s", 1, None)),
        _table(
            "io_supply_changed",
            *ITEM,
            Column("direction", "smallint", "h", 1, None),
            Column("amount", "chain.u64", "Q", 1, None),
            _address("token_account"),
        ),
        _table(
            "challenge_committed",
            *PLACE,
            _address("verifier"),
            _address("challenge"),
            Column("epoch", "bigint", "I", 1, None),
            Column("round", "integer", "H", 1, None),
            Column("commitment", "bytea", "32s", 1, None),
        ),
        _table("challenge_recorded", *ITEM, _address("verifier"), _address("challenge"), *measured),
        _table("score_posted", *ITEM, Column("epoch", "bigint", "I", 1, None), _address("earner"), *scored),
    ]
    for program in layouts.programs().values():
        found += [_table(event.table, *PLACE, *event.layout.columns) for event in program.events.values()]
    return {table.name: table for table in sorted(found, key=lambda table: table.name)}


BLOCK: Final = ("slot", "time", "blockhash", "digest")
"""Columns of `chain.block`."""


def columns(table: str) -> Sequence[str]:
    """Names of the columns of any table of `chain`, that of blocks too."""
    return BLOCK if table == "block" else tables()[table].names


def names() -> tuple[str, ...]:
    """Every table of `chain` that the replay fills, that of blocks too; sorted."""
    return tuple(sorted((*tables(), "block")))
