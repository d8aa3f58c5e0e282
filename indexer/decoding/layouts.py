"""Byte layouts of events and instructions, and the tables their rows go to, read from the IDLs (spec 0.1.0).

Nothing here is typed by hand: a field of an event is a column of the same name, a field of a struct within it is one
of both names (`election_dollar_share_bp`), and a table is the event's name in snake case.
`tests/unit/test_indexer_layouts.py` holds the migrations to it.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from solders.pubkey import Pubkey

from client.idl import PROGRAMS, ROOT

EVENT_TAG: Final = 0x1D9ACB512EA545E4.to_bytes(8, "little")
"""The first bytes of every `emit_cpi!` instruction: `sha256("anchor:event")[..8]` as a number, little-endian."""
EVENT_AUTHORITY_SEED: Final = b"__event_authority"

_IDLS: Final = ROOT / "programs" / "idls"

_SCALARS: Final[dict[str, tuple[str, str]]] = {
    "bool": ("?", "boolean"),
    "u8": ("B", "smallint"),
    "u16": ("H", "integer"),
    "i16": ("h", "smallint"),
    "u32": ("I", "bigint"),
    "i32": ("i", "integer"),
    "u64": ("Q", "chain.u64"),
    "i64": ("q", "bigint"),
    "u128": ("16s", "chain.u128"),
    "pubkey": ("32s", "chain.address"),
}
"""Of each IDL type: its `struct` code, and a type of PostgreSQL that holds all of its values."""


class Malformed(ValueError):
    """A body that is not what its layout says."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: one field, or all places of an array."""

    name: str
    sql_type: str
    code: str
    """`struct` code of one place."""
    places: int
    """How many values it takes: 1, the length of an array, or 0 for a `Vec` (a u32 says how many)."""
    convert: Callable[[Any], Any] | None
    """What turns an unpacked place into a value; None where it is one."""

    @property
    def numpy(self) -> Any:
        """Its type in a numpy array of rows; bytes are `V`, as is u128."""
        kind = f"V{struct.calcsize(self.code)}" if self.code.endswith("s") else f"<{self.code}"
        return kind if self.places == 1 else (kind, (self.places,))


@dataclass(frozen=True, slots=True)
class Layout:
    """How one struct is laid out in bytes: borsh, little-endian, no padding."""

    columns: tuple[Column, ...]
    dtype: np.dtype[np.void] | None
    """Of arrays of it, where its size is fixed."""

    def decode(self, body: bytes) -> tuple[Any, ...]:
        """The values of `body` in the order of the columns. Raises `Malformed` where the length is wrong."""
        if self.dtype is not None:
            if len(body) != self.dtype.itemsize:
                raise Malformed(f"{len(body)} bytes, {self.dtype.itemsize} expected")
            return rows(np.frombuffer(body, self.dtype), self.columns)[0]
        values, end = self._walk(body)
        if end != len(body):
            raise Malformed(f"{len(body)} bytes, {end} expected")
        return values

    def _walk(self, body: bytes) -> tuple[tuple[Any, ...], int]:
        row, at = [], 0
        for column in self.columns:
            count = column.places
            if count == 0:
                (count,), at = _unpack("<I", body, at)
            if count * struct.calcsize(column.code) > len(body) - at:
                # Before the format is built: a count of four billion would be a text of gigabytes.
                raise Malformed(f"{len(body)} bytes end within {column.name}")
            values, at = _unpack(f"<{_repeat(column.code, count)}", body, at)
            places = [column.convert(v) if column.convert else v for v in values]
            row.append(places[0] if column.places == 1 else places)
        return tuple(row), at


def dtype_of(columns: Iterable[Column]) -> np.dtype[np.void]:
    """The type of rows with these columns, packed; none of them is a `Vec`."""
    return np.dtype([(column.name, column.numpy) for column in columns])


def rows(array: NDArray[np.void], columns: Sequence[Column]) -> list[tuple[Any, ...]]:
    """An array of rows as tuples of plain values."""
    found: list[tuple[Any, ...]] = array.tolist()
    if all(column.places == 1 and column.convert is None for column in columns):
        return found
    return [tuple(_plain(column, value) for column, value in zip(columns, row, strict=True)) for row in found]


def _plain(column: Column, value: Any) -> Any:
    if column.places == 1:
        return column.convert(value) if column.convert else value
    return [column.convert(place) if column.convert else place for place in value.tolist()]


@dataclass(frozen=True, slots=True)
class EventLayout:
    """One kind of event."""

    program: str
    name: str
    table: str
    discriminator: bytes
    layout: Layout


@dataclass(frozen=True, slots=True)
class ProgramLayout:
    """One of our programs: where it is, and what it says."""

    name: str
    text: str
    """Its address, base58."""
    event_authority: str
    """Base58: the one account of every `emit_cpi!` instruction."""
    events: dict[bytes, EventLayout]
    """By discriminator."""
    instructions: dict[str, bytes]
    """Discriminators by name."""
    places: dict[str, dict[str, int]]
    """Of each instruction, by name: where in its accounts the one of a name stands."""


def table_name(event: str) -> str:
    """`JobSettled` as a table: `job_settled`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event).lower()


@cache
def programs() -> dict[str, ProgramLayout]:
    """Our five programs by their base58 addresses."""
    return {idl["address"]: _program(idl) for idl in (_idl(name) for name in PROGRAMS)}


@cache
def program(name: str) -> ProgramLayout:
    """One of our programs by its name."""
    return next(p for p in programs().values() if p.name == name)


@cache
def struct_layout(program_name: str, type_name: str) -> Layout:
    """The layout of a type of a program's IDL, such as oracle's `Measurement`."""
    return _layout(type_name, _types(_idl(program_name)))


@cache
def _idl(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((_IDLS / f"{name}.json").read_text())
    return parsed


def _types(idl: dict[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry["type"] for entry in idl["types"]}


def _program(idl: dict[str, Any]) -> ProgramLayout:
    address = Pubkey.from_string(idl["address"])
    name = idl["metadata"]["name"]
    types = _types(idl)
    events = {}
    for event in idl["events"]:
        discriminator = bytes(event["discriminator"])
        layout = _layout(event["name"], types)
        events[discriminator] = EventLayout(name, event["name"], table_name(event["name"]), discriminator, layout)
    return ProgramLayout(
        name=name,
        text=idl["address"],
        event_authority=str(Pubkey.find_program_address([EVENT_AUTHORITY_SEED], address)[0]),
        events=events,
        instructions={entry["name"]: bytes(entry["discriminator"]) for entry in idl["instructions"]},
        places={
            entry["name"]: {account["name"]: place for place, account in enumerate(entry["accounts"])}
            for entry in idl["instructions"]
        },
    )


def _layout(type_name: str, types: dict[str, Any]) -> Layout:
    columns = tuple(_columns(type_name, types))
    names = [column.name for column in columns]
    if len(set(names)) != len(names):
        raise LookupError(f"{type_name} has two columns of one name: {names}")
    fixed = all(column.places for column in columns)
    return Layout(columns, dtype_of(columns) if fixed else None)


def _columns(type_name: str, types: dict[str, Any], prefix: str = "") -> Iterable[Column]:
    for field in types[type_name]["fields"]:
        name, kind = prefix + field["name"], field["type"]
        if isinstance(kind, str):
            yield _column(name, kind, 1, "")
        elif "defined" in kind:
            yield from _columns(kind["defined"]["name"], types, f"{name}_")
        elif kind.get("array", [None])[0] == "u8":
            yield Column(name, "bytea", f"{kind['array'][1]}s", 1, None)
        elif "array" in kind:
            yield _column(name, kind["array"][0], kind["array"][1], "[]")
        elif "vec" in kind:
            yield _column(name, kind["vec"], 0, "[]")
        else:
            raise LookupError(f"{type_name}.{name}: no layout for {kind}")


def _column(name: str, kind: str, places: int, suffix: str) -> Column:
    code, sql_type = _SCALARS[kind]
    if kind == "pubkey" and suffix:
        sql_type = "bytea"  # asyncpg writes no arrays of domains
    return Column(name, sql_type + suffix, code, places, _u128 if kind == "u128" else None)


def _u128(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def _repeat(code: str, count: int) -> str:
    return f"{count}{code}" if len(code) == 1 else code * count


def _unpack(code: str, body: bytes, at: int) -> tuple[tuple[Any, ...], int]:
    size = struct.calcsize(code)
    if at + size > len(body):
        raise Malformed(f"{len(body)} bytes, at least {at + size} expected")
    return struct.unpack_from(code, body, at), at + size
