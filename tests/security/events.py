"""Event bytes by the thousand: what a hostile program, or a node in its name, could put into a block.

Each input is one transaction. Those whose calls are calls, whatever is in them, stand many in a block, as nodes write
it; those that are damaged in their form have one of their own. Both readers read each block, where both are there, and
must say the same; what our own program said is an event or in quarantine, never nothing.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any, Final

import based58
import msgspec

from client.idl import PROGRAMS, TOKEN_PROGRAM
from indexer.decoding import layouts, scan
from indexer.decoding.blocks import Block
from indexer.decoding.decode import Decoded, Decoder
from indexer.decoding.layouts import EVENT_TAG
from indexer.decoding.records import DISCRIMINATORS
from indexer.errors import IncompleteBlock

TOGETHER: Final = 256
"""Inputs in one block."""
DAMAGED_SHARE: Final = 0.8
"""Of the blocks, have one input that is damaged in its form, as JSON or as bytes."""
BOUND_BYTES: Final = 1_300
"""Of one call's data: somewhat more than a transaction holds."""
_BLOCK: Final = msgspec.json.Decoder(Block)
_OURS: Final = [layouts.program(name) for name in PROGRAMS]
_TOKEN: Final = str(TOKEN_PROGRAM)
_STRANGER: Final = "Stake11111111111111111111111111111111111111"
_MINT: Final = str(based58.b58encode(bytes(range(1, 33))).decode())
_RECORDS: Final = [int(head).to_bytes(8, "little") for head in DISCRIMINATORS]
_NUMBERS: Final = [0, 1, 255, 256, 2**16, 2**31, 2**32 - 1, 2**63, 2**64 - 1]
_ODD: Final[tuple[Any, ...]] = (
    *(None, True, -1, 0, 1, 255, 256, 2**31, 2**63, 2**64, 2**70, 0.5, "", "1", "0OIl", "\0", "é", "'; --", "1" * 64),
    *("A" * 2_000, [], {}, [None], [[]], {"": None}, [0] * 300, {"index": 0}),
)
_LOGS: Final[tuple[Any, ...]] = (None, [], [""], ["Log truncated"], ["Program data: !!!", "Program log: é"], "none")


def body(random: Random, size: int) -> bytes:
    """Bytes of an event: anything, or numbers at their bounds."""
    match random.randrange(3):
        case 0:
            return random.randbytes(size)
        case 1:
            return b"".join(random.choice(_NUMBERS).to_bytes(8, "little") for _ in range(size // 8 + 1))[:size]
        case _:
            return bytes([random.choice((0, 255))]) * size


def data(random: Random, program: layouts.ProgramLayout) -> bytes:
    """The data of a call: a well-formed event, one that is changed, a record, or noise."""
    event = random.choice(list(program.events.values()))
    dtype = event.layout.dtype
    said = EVENT_TAG + event.discriminator + body(random, 40 if dtype is None else dtype.itemsize)
    match random.randrange(8):
        case 0 | 1:
            return said
        case 2:
            return said[: random.randrange(len(said) + 1)]
        case 3:
            return said + random.randbytes(random.randrange(1, 64))
        case 4:
            at = random.randrange(len(said))
            return said[:at] + bytes([said[at] ^ 1 << random.randrange(8)]) + said[at + 1 :]
        case 5:
            return EVENT_TAG + random.randbytes(random.randrange(0, 200))
        case 6:
            return random.choice(_RECORDS) + body(random, random.randrange(0, 400))
        case _:
            return random.randbytes(random.randrange(0, random.choice((9, 64, BOUND_BYTES))))


def transaction(random: Random) -> dict[str, Any]:
    """A transaction of a program of ours that calls itself, and others."""
    program, other = random.sample(_OURS, 2)
    keys = [_STRANGER, program.text, program.event_authority, _TOKEN, _MINT, other.text]
    calls: list[dict[str, Any]] = []
    height, has_heights = 1, random.random() < 0.95
    for _ in range(random.randrange(1, 4)):
        height = random.randint(2, height + 1)
        said = {
            "programIdIndex": random.choice((1, 1, 1, 1, 0, 3, 5)),
            "accounts": random.choice(([2], [2], [2], [2], [], [0], [2, 2], [4, 4, 4])),
            "data": _base58(data(random, program)),
            "stackHeight": height if has_heights else None,
        }
        if said["programIdIndex"] == 3:
            said["data"] = _base58(
                bytes([random.choice((7, 8, 14, 15, 255))]) + random.randbytes(random.choice((8, 9, 3)))
            )
        calls.append(said)
    top = {
        "programIdIndex": random.choice((1, 1, 1, 0)),
        "accounts": [0, 4, 2, 1][: random.randrange(5)],
        "data": _base58(data(random, program)),
        "stackHeight": 1 if has_heights else None,
    }
    return {
        "transaction": {
            "message": {"accountKeys": keys, "instructions": [top]},
            "signatures": [_base58(random.randbytes(64))],
        },
        "meta": {
            "err": random.choice((None, None, None, None, None, {"InstructionError": [0, {"Custom": 1}]})),
            "innerInstructions": [{"index": 0, "instructions": calls}],
            "loadedAddresses": {"writable": [], "readonly": []},
            "logMessages": random.choice(_LOGS),
        },
        "version": random.choice((0, "legacy")),
    }


def _base58(raw: bytes) -> str:
    return str(based58.b58encode(raw).decode())


def block(transactions: list[dict[str, Any]]) -> bytes:
    """A block of these, as a node writes it."""
    head = {"blockhash": _STRANGER, "previousBlockhash": _STRANGER, "parentSlot": 6, "blockTime": 1_000}
    return msgspec.json.encode(head | {"transactions": transactions})


def damaged(random: Random, one: dict[str, Any]) -> bytes:
    """A block of one transaction, changed in its form: as JSON, as text of it, or as bytes."""
    if random.random() < 0.7:
        for _ in range(random.randrange(1, 4)):
            _change(one, random)
        return block([one])
    raw = bytearray(block([one]))
    match random.randrange(3):
        case 0:
            return bytes(raw[: random.randrange(len(raw))])
        case 1:
            raw[random.randrange(len(raw))] = random.randrange(256)
        case _:
            at = random.randrange(len(raw))
            raw[at:at] = random.choice((b"[" * 2_000, b'"', b"\\u0000", b"\\ud800", b"\xff\xfe", b"1e999", b",", b"{}"))
    return bytes(raw)


def _change(node: Any, random: Random) -> None:
    """Changes one place somewhere in a JSON value."""
    while True:
        places = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not places:
            return
        place = random.choice(places)
        if not (isinstance(node[place], dict | list) and node[place] and random.random() < 0.8):
            break
        node = node[place]
    match random.randrange(4):
        case 0:
            del node[place]
        case 1 if isinstance(node, list):
            node.insert(place, copy.deepcopy(random.choice(_ODD)))
        case 2 if isinstance(node[place], str):
            cut = random.randrange(len(node[place]) + 1)
            node[place] = node[place][:cut] + random.choice(("", "1", "z", "0", "é", "\0")) + node[place][cut + 1 :]
        case _:
            node[place] = copy.deepcopy(random.choice(_ODD))


class Wrong(Exception):
    """An input that a reader crashes at, or of which two readers say different things."""


class Readers:
    """Both readers, and what they said so far."""

    def __init__(self) -> None:
        self.scanner = scan.scanner(_MINT)
        self.seen: Counter[str] = Counter()
        """Inputs that were `read` or `refused`, `events`, messages in `quarantine`, blocks that were `scanned`."""

    def read(self, raw: bytes, inputs: int) -> Decoded | None:
        """What a block says; None where it is refused in one of the two ways that a replay has a sentence for.

        Raises `Wrong`, or whatever a reader crashes with.
        """
        said = self._decoded(raw)
        scanned = None if self.scanner is None else self._scanned(raw)
        if scanned is not None:
            self.seen["scanned"] += 1
            if said is None or _all_of(said) != _all_of(scanned):
                raise Wrong("the two readers say different things")
        self.seen["refused" if said is None else "read"] += inputs
        if said is not None:
            self.seen["events"] += said.events
            self.seen["quarantine"] += len(said.quarantined)
        return said

    @staticmethod
    def _decoded(raw: bytes) -> Decoded | None:
        try:
            return Decoder(_MINT).block(7, _BLOCK.decode(raw))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, IncompleteBlock):
            return None

    def _scanned(self, raw: bytes) -> Decoded | None:
        assert self.scanner is not None
        found = self.scanner.read(b'{"jsonrpc":"2.0","result":%b,"id":3}' % raw)
        if found is None:
            return None
        try:
            return Decoder(_MINT).block(7, found[1])
        except IncompleteBlock:
            return None


def _all_of(said: Decoded) -> tuple[Any, ...]:
    return said.rows, said.blocks, said.quarantined, said.transactions


def said_by_us(one: dict[str, Any]) -> int:
    """The messages of ours in a transaction that is well in its form: calls that a program of ours made of itself."""
    if one["meta"]["err"] is not None:
        return 0
    keys, (top,) = one["transaction"]["message"]["accountKeys"], one["transaction"]["message"]["instructions"]
    ours = {program.text: program.event_authority for program in _OURS}
    count, stack = 0, {1: keys[top["programIdIndex"]]}
    for call in one["meta"]["innerInstructions"][0]["instructions"]:
        program, height = keys[call["programIdIndex"]], call["stackHeight"]
        if height is None:
            return -1  # another rule, which the readers share
        caller, stack[height] = stack.get(height - 1), program
        is_tagged = bytes(based58.b58decode(call["data"].encode()))[:8] == EVENT_TAG
        named = [keys[place] for place in call["accounts"]]
        count += is_tagged and caller == program and named == [ours.get(program)]
    return count


def inputs(seed: int, count: int) -> Iterator[tuple[bytes, list[dict[str, Any]]]]:
    """Blocks with so many inputs in all; the transactions of those that are well in their form."""
    made = number = 0
    while made < count:
        random = Random(f"{seed} {number}")  # noqa: S311 - repeated by its seed
        number += 1
        if random.random() < DAMAGED_SHARE:
            made += 1
            yield damaged(random, transaction(random)), []
            continue
        these = [transaction(random) for _ in range(min(TOGETHER, count - made))]
        made += len(these)
        yield block(these), these


def run(seed: int, count: int) -> Counter[str]:
    """Reads so many inputs. Raises `Wrong` with the one that is to blame, so that it can be looked at alone."""
    readers = Readers()
    for raw, transactions in inputs(seed, count):
        try:
            said = readers.read(raw, len(transactions) or 1)
            if transactions and said is None:
                raise Wrong("a block that is well in its form is refused")
            _check(said, transactions)
        except Exception as failed:
            raise Wrong(f"{type(failed).__name__}: {failed}, at {_smallest(raw, transactions)!r}") from failed
    return readers.seen


def _check(said: Decoded | None, transactions: list[dict[str, Any]]) -> None:
    """Nothing of ours is left out, and nothing of others' is taken."""
    if said is None:
        return
    events = Counter(row[1] for table, rows in said.rows.items() if table in _EVENT_TABLES for row in rows)
    quarantined = Counter(entry.tx_index for entry in said.quarantined if entry.data[:8] == EVENT_TAG)
    for place, one in enumerate(transactions):
        expected, found = said_by_us(one), (events[place], quarantined[place])
        if expected >= 0 and sum(found) != expected:
            raise Wrong(f"of {expected} messages of ours {found[0]} are events, {found[1]} in quarantine")


_EVENT_TABLES: Final = {event.table for program in _OURS for event in program.events.values()}


def _smallest(raw: bytes, transactions: list[dict[str, Any]]) -> str:
    """The first transaction that is enough to fail; the whole block where none is."""
    for one in transactions:
        alone = block([one])
        try:
            _check(Readers().read(alone, 1), [one])
        except Exception:
            return json.dumps(one)
    return raw.decode("utf-8", "backslashreplace")
