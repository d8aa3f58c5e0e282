"""Layouts, tables and IDLs say the same."""

import json
import re
import struct
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.idl import PROGRAMS, ROOT
from indexer.database import db
from indexer.decoding import layouts, tables
from indexer.decoding.layouts import EventLayout, Malformed

ANY_TIME = settings(deadline=None)
"""Cores are shared: how long one example takes says nothing."""

EVENTS = [event for program in layouts.programs().values() for event in program.events.values()]
IDLS = {name: json.loads((ROOT / "programs" / "idls" / f"{name}.json").read_text()) for name in PROGRAMS}
MIGRATIONS = sorted((Path(db.__file__).parent / "migrations").glob("*.sql"))
SCALARS = {"bool": "<?", "u8": "<B", "u16": "<H", "i16": "<h", "u32": "<I", "i32": "<i", "u64": "<Q", "i64": "<q"}


def values_of(kind: Any, types: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Any value of an IDL type."""
    if isinstance(kind, str):
        if kind == "pubkey":
            return st.binary(min_size=32, max_size=32)
        if kind == "bool":
            return st.booleans()
        bits = int(kind[1:])
        low, high = (0, 2**bits - 1) if kind[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return st.integers(low, high)
    if "defined" in kind:
        return st.tuples(*(values_of(f["type"], types) for f in types[kind["defined"]["name"]]["fields"]))
    if "vec" in kind:
        return st.lists(values_of(kind["vec"], types), max_size=20)
    item, length = kind["array"]
    if item == "u8":
        return st.binary(min_size=length, max_size=length)
    return st.lists(values_of(item, types), min_size=length, max_size=length)


def borsh(kind: Any, value: Any, types: dict[str, Any]) -> bytes:
    """The bytes of a value of an IDL type, written as Borsh says and not as the decoder does."""
    if isinstance(kind, str):
        if kind == "u128":
            return int(value).to_bytes(16, "little")
        return bytes(value) if kind == "pubkey" else struct.pack(SCALARS[kind], value)
    if "defined" in kind:
        fields = types[kind["defined"]["name"]]["fields"]
        return b"".join(borsh(f["type"], v, types) for f, v in zip(fields, value, strict=True))
    if isinstance(value, bytes):
        return value
    item = kind["vec"] if "vec" in kind else kind["array"][0]
    head = struct.pack("<I", len(value)) if "vec" in kind else b""
    return head + b"".join(borsh(item, v, types) for v in value)


def flat(kind: Any, value: Any) -> list[Any]:
    """A value as its columns."""
    return list(value) if isinstance(kind, dict) and "defined" in kind else [value]


def types_of(event: EventLayout) -> dict[str, Any]:
    return {entry["name"]: entry["type"] for entry in IDLS[event.program]["types"]}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
@ANY_TIME
@given(data=st.data())
def test_every_value_of_every_event_comes_back(event: EventLayout, data: st.DataObject) -> None:
    """What Borsh writes of an event, the decoder reads; a byte more or less is malformed."""
    types = types_of(event)
    kinds = [field["type"] for field in types[event.name]["fields"]]
    values = [data.draw(values_of(kind, types)) for kind in kinds]
    body = b"".join(borsh(kind, value, types) for kind, value in zip(kinds, values, strict=True))
    expected = tuple(v for kind, value in zip(kinds, values, strict=True) for v in flat(kind, value))
    assert event.layout.decode(body) == expected
    for wrong in (body + b"\0", body[:-1]):
        with pytest.raises(Malformed):
            event.layout.decode(wrong)


def test_a_vec_that_claims_four_billion_is_malformed() -> None:
    """A length that the body does not have is refused before anything is allocated for it."""
    layout = next(event for event in EVENTS if event.name == "CommitteeRotated").layout
    with pytest.raises(Malformed):
        layout.decode(b"\xff\xff\xff\xff" + bytes(8))


def test_discriminators_are_anchors() -> None:
    """Events, instructions and the tag are found by the hashes that Anchor defines."""
    assert sha256(b"anchor:event").digest()[:8] == layouts.EVENT_TAG[::-1]
    for event in EVENTS:
        assert event.discriminator == sha256(f"event:{event.name}".encode()).digest()[:8]
    for program in layouts.programs().values():
        for name, discriminator in program.instructions.items():
            assert discriminator == sha256(f"global:{name}".encode()).digest()[:8]


def test_every_program_has_its_own_events() -> None:
    """All events of all IDLs have a layout and a table of their own."""
    named = [event["name"] for idl in IDLS.values() for event in idl["events"]]
    assert sorted(named) == sorted(event.name for event in EVENTS)
    assert len({event.table for event in EVENTS}) == len(EVENTS)


@cache
def migrated() -> dict[str, list[tuple[str, str]]]:
    """The tables of `chain` after all migrations, with names and types of their columns."""
    made: dict[str, list[tuple[str, str]]] = {}
    column = re.compile(r'"?(\w+)"? ([\w.\[\]]+) (?:NOT NULL|PRIMARY KEY)')
    for path in MIGRATIONS:
        for statement in re.sub(r"--.*", "", path.read_text()).split(";"):  # those of functions make no tables
            if statement.lstrip().startswith("DROP TABLE"):
                for table in re.findall(r"chain\.(\w+)", statement):
                    del made[table]
            elif found := re.search(r"CREATE TABLE chain\.(\w+) \((.*)\n\)", statement, re.DOTALL):
                lines = (column.match(line.strip()) for line in found[2].splitlines())
                made[found[1]] = [(match[1], match[2]) for match in lines if match]
    return made


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_tables_have_the_columns_of_the_idl(event: EventLayout) -> None:
    """A table has the fields of its event, in their order, in types that hold all of their values."""
    expected = [(column.name, column.sql_type) for column in event.layout.columns]
    assert migrated()[event.table] == expected


@pytest.mark.parametrize(
    ("table", "program", "record"),
    [("challenge_recorded", "oracle", "Measurement"), ("score_posted", "emission", "Score")],
)
def test_tables_of_records_have_the_columns_of_the_idl(table: str, program: str, record: str) -> None:
    """A record's table ends with the fields of its IDL type."""
    expected = [(column.name, column.sql_type) for column in layouts.struct_layout(program, record).columns]
    assert migrated()[table][-len(expected) :] == expected


def test_the_store_knows_every_table() -> None:
    """What is written and what is there are the same tables."""
    assert migrated().keys() - {"place", "item"} == set(tables.names())


def test_a_struct_within_an_event_is_columns_of_both_names() -> None:
    """So that two structs of one type, or fields of one name, stay apart."""
    names = tables.tables()["actor_registered"].names
    assert {"election_dollar_share_bp", "election_commission_bp"} <= set(names)
