"""What decodes the same blocks elsewhere: AnchorPy as an afternoon's indexer would use it, and npm's Anchor in node."""

from __future__ import annotations

import json
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from time import process_time
from typing import Any, Final

import based58
from anchorpy.program.event import EventParser
from solders.pubkey import Pubkey

from client.idl import PROGRAMS, ProgramName, coder, program_id
from indexer.decoding.layouts import EVENT_TAG, Column, table_name
from indexer.decoding.tables import PLACE, tables

_NODE_PEER: Final = Path(__file__).parent / "peer"
_RECORDS: Final = {"record_challenges", "post_scores", "commit_challenge"}
_BY_ADDRESS: Final[dict[str, ProgramName]] = {str(program_id(program)): program for program in PROGRAMS}


@dataclass(frozen=True)
class Decoding:
    """What a peer found, and how long it took."""

    events: int
    records: int
    seconds: float
    """Of the processor."""


@dataclass(frozen=True)
class Found:
    """One event, or one record with all its rows."""

    program: ProgramName
    name: str
    path: int
    data: Any
    accounts: list[str]
    """Of the instruction; none for an event."""
    raw: bytes


def in_transaction(transaction: dict[str, Any]) -> Iterator[Found]:
    """The events and records of a transaction that succeeded, by AnchorPy's coders."""
    meta = transaction["meta"]
    if meta["err"] is not None:
        return
    message = transaction["transaction"]["message"]
    loaded = meta.get("loadedAddresses") or {"writable": [], "readonly": []}
    keys = message["accountKeys"] + loaded["writable"] + loaded["readonly"]
    groups = {group["index"]: group["instructions"] for group in meta["innerInstructions"]}
    for top, call in enumerate(message["instructions"]):
        yield from _in_call(keys, top << 16, call, is_inner=False)
        for number, inner in enumerate(groups.get(top, ()), 1):
            yield from _in_call(keys, top << 16 | number, inner, is_inner=True)


def _in_call(keys: list[str], path: int, call: dict[str, Any], *, is_inner: bool) -> Iterator[Found]:
    program = _BY_ADDRESS.get(keys[call["programIdIndex"]])
    if program is None:
        return
    raw = bytes(based58.b58decode(call["data"].encode()))
    if raw[:8] == EVENT_TAG:
        event = coder(program).events.parse(raw[8:])
        if is_inner and event is not None:
            yield Found(program, event.name, path, event.data, [], raw[8:])
    elif coder(program).instruction.sighash_to_name.get(raw[:8]) in _RECORDS:
        said = coder(program).instruction.parse(raw)
        yield Found(program, said.name, path, said.data, [keys[place] for place in call["accounts"]], raw)


def rows(found: Found) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The rows of an event or a record, each with its table; without their place on the chain."""
    if found.name == "record_challenges":
        for item, measured in enumerate(found.data.measurements):
            yield "challenge_recorded", (item, *map(_address, found.accounts[:3:2]), *_values(measured))
    elif found.name == "post_scores":
        earners = found.accounts[-len(found.data.scores) :]
        for item, (earner, score) in enumerate(zip(earners, found.data.scores, strict=True)):
            yield "score_posted", (item, found.data.epoch, _address(earner), *_values(score))
    elif found.name == "commit_challenge":
        said = found.data
        addresses = _address(found.accounts[0]), _address(found.accounts[2])
        yield "challenge_committed", (*addresses, said.epoch, said.round, bytes(said.commitment))
    else:
        table = table_name(found.name)
        yield table, tuple(map(_plain, layout_of(table), _values(found.data)))


@cache
def layout_of(table: str) -> tuple[Column, ...]:
    """The columns of an event's table after its place."""
    return tables()[table].columns[len(PLACE) :]


def _values(data: Any) -> Iterator[Any]:
    """The fields of a struct in their order, those of structs within it too."""
    names = [field.name for field in fields(data)] if is_dataclass(data) else [n for n in data if n != "_io"]
    for name in names:
        value = getattr(data, name)
        if is_dataclass(value) or isinstance(value, dict):
            yield from _values(value)
        else:
            yield bytes(value) if isinstance(value, Pubkey) else value


def _plain(column: Column, value: Any) -> Any:
    if isinstance(value, list):
        return bytes(value) if column.sql_type == "bytea" else [bytes(v) if isinstance(v, Pubkey) else v for v in value]
    return value


def _address(text: str) -> bytes:
    return bytes(based58.b58decode(text.encode()))


def anchorpy(path: Path) -> Decoding:
    """Decodes a file of blocks: JSON, base58, AnchorPy's event and instruction coders."""
    began, events, records = process_time(), 0, 0
    with path.open("rb") as file:
        for line in file:
            for transaction in json.loads(line)["transactions"]:
                for found in in_transaction(transaction):
                    if found.accounts:
                        records += sum(1 for _ in rows(found))
                    else:
                        events += 1
    return Decoding(events, records, process_time() - began)


def anchorpy_logs(path: Path) -> Decoding:
    """As if the same events had been logged: AnchorPy's `EventParser` on their lines, which are made beforehand."""
    logs: list[tuple[ProgramName, list[str]]] = []
    with path.open("rb") as file:
        for line in file:
            for transaction in json.loads(line)["transactions"]:
                logs += _as_logs(in_transaction(transaction))
    parsers = {program: EventParser(program_id(program), coder(program)) for program in PROGRAMS}
    seen: list[Any] = []
    began = process_time()
    for program, lines in logs:
        parsers[program].parse_logs(lines, seen.append)
    return Decoding(len(seen), 0, process_time() - began)


def _as_logs(found: Iterable[Found]) -> Iterator[tuple[ProgramName, list[str]]]:
    for event in found:
        if not event.accounts:
            address, data = program_id(event.program), b64encode(event.raw).decode()
            yield (
                event.program,
                [f"Program {address} invoke [1]", f"Program data: {data}", f"Program {address} success"],
            )


def anchor_in_node(path: Path) -> Decoding | str:
    """Decodes a file of blocks with `@coral-xyz/anchor`; why not, where it cannot."""
    node = shutil.which("node")
    if node is None:
        return "node is not on the PATH"
    if not (_NODE_PEER / "node_modules").exists():
        return "run `npm ci` in tests/bench/peer first"
    command = [node, str(_NODE_PEER / "decode.mjs"), str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    if ran.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {ran.stderr.strip()}")
    return Decoding(**json.loads(ran.stdout))
