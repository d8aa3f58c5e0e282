"""Accounts, instructions and events decoded by their IDL (spec 0.1.0) with one `struct` each, fast enough for many."""

from __future__ import annotations

import json
import struct
from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from keyword import iskeyword
from typing import Any, TypeVar

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client.accounts import convert_part, discriminator
from client.idl import PROGRAMS, ROOT, ProgramName, program_id
from client.state import ACCOUNTS

T = TypeVar("T")

_CODES = {
    "bool": "?", "u8": "B", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "pubkey": "32s",
}  # fmt: skip

KINDS: dict[bytes, type] = {discriminator(kind): kind for kind in ACCOUNTS}
"""Of each account's first 8 bytes, what it is."""

Take = Callable[[Iterator[Any]], Any]
"""Takes its own values from all that were unpacked."""


@cache
def idl(program: ProgramName) -> dict[str, Any]:
    """The committed IDL."""
    found: dict[str, Any] = json.loads((ROOT / "programs" / "idls" / f"{program}.json").read_text())
    return found


def _layout(program: ProgramName, kind: Any) -> tuple[str, Take]:
    """`struct` code of a type, and what makes its value."""
    if kind == "u128":
        return "16s", lambda values: int.from_bytes(next(values), "little")
    if isinstance(kind, str):
        return _CODES[kind], (lambda values: Pubkey(next(values))) if kind == "pubkey" else next
    if "array" in kind:
        of, places = kind["array"]
        if of == "u8":
            return f"{places}s", next
        code, take = _layout(program, of)
        return code * places, lambda values: [take(values) for _ in range(places)]
    name = kind["defined"]["name"]
    fields = next(found for found in idl(program)["types"] if found["name"] == name)["type"]["fields"]
    parts = [_layout(program, field["type"]) for field in fields]
    takes = [take for _, take in parts]
    made = namedtuple(name, [_attribute(field["name"]) for field in fields])
    return "".join(code for code, _ in parts), lambda values: made(*(take(values) for take in takes))


def _attribute(name: str) -> str:
    """A field's name in Python."""
    return f"{name}_" if iskeyword(name) else name.lstrip("_")


@cache
def _decoder(kind: type) -> tuple[struct.Struct, Take]:
    program: ProgramName = kind.PROGRAM  # type: ignore[attr-defined] # each kind has it
    code, take = _layout(program, {"defined": {"name": kind.__name__}})
    return struct.Struct("<" + code), take


def decode(kind: type[T], data: bytes) -> T:
    """The account in `data`, which is surely of this kind; as `client.accounts.decode`."""
    layout, take = _decoder(kind)
    return convert_part(kind, take(iter(layout.unpack_from(data, 8))))


@dataclass(frozen=True, slots=True)
class Declared:
    """An instruction as its IDL declares it."""

    program: ProgramName
    name: str
    """As `staking.delegate`."""
    accounts: tuple[dict[str, Any], ...]
    """As they stand in the IDL: `name`, and perhaps `signer`, `writable`, `optional`, `address`, `pda`."""
    args: tuple[tuple[str, Any], ...]
    """Name and type of each."""

    def arguments(self, data: bytes) -> dict[str, Any]:
        """The arguments in an instruction's data, integers, bytes, addresses, lists and parts of them."""
        found, offset = {}, 8
        for name, kind in self.args:
            found[name], offset = _argument(self.program, kind, data, offset)
        return found


def _argument(program: ProgramName, kind: Any, data: bytes, offset: int) -> tuple[Any, int]:
    if isinstance(kind, dict) and "vec" in kind:
        (count,) = struct.unpack_from("<I", data, offset)
        offset += 4
        values = []
        for _ in range(count):
            value, offset = _argument(program, kind["vec"], data, offset)
            values.append(value)
        return values, offset
    code, take = _layout(program, kind)
    layout = struct.Struct("<" + code)
    return take(iter(layout.unpack_from(data, offset))), offset + layout.size


@cache
def declared() -> dict[tuple[Pubkey, bytes], Declared]:
    """Every instruction of the five programs, by program address and discriminator."""
    return {
        (program_id(program), bytes(one["discriminator"])): Declared(
            program,
            f"{program}.{one['name']}",
            tuple(one["accounts"]),
            tuple((arg["name"], arg["type"]) for arg in one["args"]),
        )
        for program in PROGRAMS
        for one in idl(program)["instructions"]
    }


def declaration(instruction: Instruction) -> Declared | None:
    """What an instruction is; None for another program's."""
    return declared().get((instruction.program_id, bytes(instruction.data[:8])))


@dataclass(frozen=True, slots=True)
class Event:
    """What a program emitted through a call to itself; its fields are attributes too."""

    name: str
    """As `staking.Delegated`."""
    fields: dict[str, Any]
    """Integers, bytes, addresses, lists and parts of them."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(f"{self.name} has no {name!r}") from None


@cache
def _events() -> dict[tuple[Pubkey, bytes], tuple[ProgramName, str, tuple[tuple[str, Any], ...]]]:
    found = {}
    for program in PROGRAMS:
        kinds = {kind["name"]: kind["type"] for kind in idl(program)["types"]}
        for one in idl(program)["events"]:
            fields = tuple((field["name"], field["type"]) for field in kinds[one["name"]]["fields"])
            found[program_id(program), bytes(one["discriminator"])] = program, f"{program}.{one['name']}", fields
    return found


def event(program: Pubkey, data: bytes) -> Event:
    """The event in `data`: its discriminator, then its body."""
    name, title, kinds = _events()[program, data[:8]]
    fields, offset = {}, 8
    for field, kind in kinds:
        fields[field], offset = _argument(name, kind, data, offset)
    return Event(title, fields)
