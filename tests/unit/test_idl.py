"""What AnchorPy reads from the legacy IDLs is what the programs' own IDLs (spec 0.1.0) say."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from solders.pubkey import Pubkey

from client import accounts, state
from client.idl import PROGRAMS, ROOT, ProgramName, build, coder, idl, program_id, program_of

SIZES = {"bool": 1, "u8": 1, "i8": 1, "u16": 2, "i16": 2, "u32": 4, "i32": 4, "u64": 8, "i64": 8}
SIZES |= {"u128": 16, "i128": 16, "pubkey": 32}


def spec(program: ProgramName) -> dict[str, Any]:
    """The IDL that the program's build wrote."""
    return dict(json.loads((ROOT / "programs" / "idls" / f"{program}.json").read_text()))


def shape(kind: Any, types: dict[str, Any]) -> Any:
    """A type of spec 0.1.0 as nested sizes: a number, `[shape, length]`, or `{field: shape}` in order."""
    match kind:
        case str():
            return SIZES[kind]
        case {"array": [item, length]}:
            return [shape(item, types), length]
        case {"vec": item}:
            return [shape(item, types), "many"]
        case {"defined": {"name": name}}:
            return {field["name"]: shape(field["type"], types) for field in types[name]["type"]["fields"]}
    raise AssertionError(f"no test for {kind}")


def layout(construct: Any) -> Any:
    """AnchorPy's layout in the same form."""
    name = type(construct).__name__
    if name == "Renamed":
        return layout(construct.subcon)
    if name == "_DataclassStruct":
        return layout(construct.subcon)
    if name == "CStruct":
        return {part.name: layout(part) for part in construct.subcons}
    if name == "Array":
        return [layout(construct.subcon), construct.count]
    if name == "FocusedSeq":  # a vector: the count, then an array of so many
        count, items = construct.subcons
        assert (count.name, count.sizeof(), items.name) == ("count", 4, "items")
        while type(items).__name__ != "Array":
            items = items.subcon
        return [layout(items.subcon), "many"]
    return construct.sizeof()


def size_of(kind: Any) -> int:
    """Bytes of a shape without vectors."""
    if isinstance(kind, dict):
        return sum(size_of(part) for part in kind.values())
    if isinstance(kind, list):
        return size_of(kind[0]) * int(kind[1])
    return int(kind)


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> ProgramName:
    name: ProgramName = request.param
    return name


def types_of(program: ProgramName) -> dict[str, Any]:
    return {one["name"]: one for one in spec(program)["types"]}


def test_the_address_is_the_programs(program: ProgramName) -> None:
    """One address in both forms, and back from it the name."""
    assert program_id(program) == Pubkey.from_string(spec(program)["address"])
    assert program_of(program_id(program)) == program


def test_instructions_have_the_programs_discriminators(program: ProgramName) -> None:
    """The first eight bytes of every instruction, and none is missing."""
    expected = {ix["name"]: bytes(ix["discriminator"]) for ix in spec(program)["instructions"]}
    assert coder(program).instruction.sighashes == expected


def test_instructions_have_the_programs_arguments(program: ProgramName) -> None:
    """Names, order and sizes of the arguments."""
    types = types_of(program)
    for ix in spec(program)["instructions"]:
        expected = {arg["name"]: shape(arg["type"], types) for arg in ix["args"]}
        assert layout(coder(program).instruction.ix_layout[ix["name"]]) == expected, ix["name"]


def test_instructions_have_the_programs_accounts(program: ProgramName) -> None:
    """Names, order, signers, writables and optionals: what `build` puts into an instruction."""
    for ix in spec(program)["instructions"]:
        given = {account["name"]: Pubkey.new_unique() for account in ix["accounts"]}
        zeros = coder(program).instruction.ix_layout[ix["name"]]
        built = build(program, ix["name"], given, empty(layout(zeros)))
        expected = [(given[a["name"]], a.get("signer", False), a.get("writable", False)) for a in ix["accounts"]]
        assert [(m.pubkey, m.is_signer, m.is_writable) for m in built.accounts] == expected, ix["name"]


def empty(shape: Any) -> Any:
    """The zero value of a shape."""
    if isinstance(shape, dict):
        return {name: empty(part) for name, part in shape.items()}
    if isinstance(shape, list):
        return [] if shape[1] == "many" else [empty(shape[0])] * shape[1]
    return Pubkey.default() if shape == 32 else 0


def test_accounts_have_the_programs_discriminators(program: ProgramName) -> None:
    """The first eight bytes of every account, by AnchorPy and by the client."""
    expected = {account["name"]: bytes(account["discriminator"]) for account in spec(program)["accounts"]}
    assert coder(program).accounts.acc_name_to_discriminator == expected
    own = {kind.__name__: kind for kind in state.ACCOUNTS if program == kind.PROGRAM}  # type: ignore[attr-defined]
    assert {name: accounts.discriminator(kind) for name, kind in own.items()} == expected


def test_accounts_have_the_programs_fields(program: ProgramName) -> None:
    """Names, order and sizes of the fields, nested ones too; offsets are where the sizes put them."""
    types = types_of(program)
    own = {kind.__name__: kind for kind in state.ACCOUNTS if program == kind.PROGRAM}  # type: ignore[attr-defined]
    for account in spec(program)["accounts"]:
        name = account["name"]
        expected = shape({"defined": {"name": name}}, types)
        assert layout(coder(program).accounts._accounts_layout[name]) == expected, name
        offset = 8
        for field, part in expected.items():
            assert accounts.offset_of(own[name], field) == offset, (name, field)
            offset += size_of(part)


def test_dataclasses_name_the_programs_fields(program: ProgramName) -> None:
    """Every field but the padding, in its order; a zero account decodes."""
    types = types_of(program)
    for kind in state.ACCOUNTS:
        if program != kind.PROGRAM:  # type: ignore[attr-defined] # each kind has it
            continue
        expected = shape({"defined": {"name": kind.__name__}}, types)
        names = [name for name in expected if name != "padding"]
        assert [field.name.rstrip("_") for field in fields(kind)] == names, kind
        data = accounts.discriminator(kind) + bytes(size_of(expected))
        assert isinstance(accounts.decode(kind, data), kind)
        with pytest.raises(accounts.NotAnAccount, match="bytes, not"):
            accounts.decode(kind, data[:-1])
        with pytest.raises(accounts.NotAnAccount, match="is not a"):
            accounts.decode(kind, b"whatever" + data[8:])


def test_zero_copy_accounts_have_no_holes(program: ProgramName) -> None:
    """Borsh reads them field after field, so every field must stand at its natural alignment."""
    types = types_of(program)

    def alignment(part: Any) -> int:
        if isinstance(part, dict):
            return max(alignment(inner) for inner in part.values())
        if isinstance(part, list):
            return alignment(part[0])
        return 1 if part == 32 else min(int(part), 8)

    for account in spec(program)["accounts"]:
        offset = 0
        for name, part in shape({"defined": {"name": account["name"]}}, types).items():
            assert offset % alignment(part) == 0, (account["name"], name)
            offset += size_of(part)


def test_events_have_the_programs_discriminators_and_fields(program: ProgramName) -> None:
    """The first eight bytes of every event, its fields' names, order and sizes."""
    types = types_of(program)
    events = coder(program).events
    expected = {event["name"]: bytes(event["discriminator"]) for event in spec(program).get("events", [])}
    assert {name: bytes(tag) for tag, name in events.discriminators.items()} == expected
    for name in expected:
        assert layout(events.layouts[name]) == shape({"defined": {"name": name}}, types), name


def test_errors_are_the_programs_and_unique() -> None:
    """Codes, names and sentences; a code tells its program."""
    seen: dict[int, str] = {}
    for number, program in enumerate(("oracle", "staking", "emission", "burn", "escrow")):
        name: ProgramName = program  # type: ignore[assignment] # one of the five
        expected = [(e["code"], e["name"], e["msg"]) for e in spec(name)["errors"]]
        assert [(e.code, e.name, e.msg) for e in idl(name).errors or ()] == expected
        for code, *_ in expected:
            assert code not in seen
            assert code // 100 == 60 + number
            seen[code] = program


def test_numbers_with_fractions_are_read_as_one() -> None:
    """`{fraction, whole}` is the little-endian u128 that it stands for."""
    value = (7 << 64) + 9
    data = bytearray(accounts.discriminator(state.Earner) + bytes(112))
    start = accounts.offset_of(state.Earner, "liquid")
    data[start : start + 16] = value.to_bytes(16, "little")
    assert accounts.decode(state.Earner, bytes(data)).liquid == value


def test_instructions_name_strangers_and_gaps() -> None:
    """A wrong account name, and a missing one, are mistakes of ours and say so."""
    with pytest.raises(LookupError, match=r"burn\.sell_io has no account buyer"):
        build("burn", "sell_io", {"buyer": Pubkey.default()})
    with pytest.raises(LookupError, match=r"burn\.sell_io needs the account seller"):
        build("burn", "sell_io", {})
    with pytest.raises(LookupError, match="burn has no instruction buy_io"):
        build("burn", "buy_io", {})
