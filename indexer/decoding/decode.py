"""From raw blocks to columns: `emit_cpi!` events of our programs, records in their instructions, changes of supply.

An event is an inner instruction that a program sent to itself: its program is one of ours, its parent in the
invocation tree is the same program, its one account is that program's event authority, and its data begins with
Anchor's event tag. Nobody else can make one: the program refuses any that its own authority did not sign. Whatever
only looks like it (a foreign program, another parent, a log line) is nothing. What *is* one of ours and cannot be
read goes to quarantine, which stops publishing: our own program said something that we do not understand.

Many blocks are decoded at once, a column at a time: the data of all calls of one length, then all events of one kind.
Rows are ordered by (slot, place of the transaction in its block, path, item); `calls` says what a path is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from hashlib import sha256
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from indexer.decoding import base58, records, scan, tables
from indexer.decoding.blocks import AnyBlock, Block, Position, ScannedBlock, Transaction
from indexer.decoding.calls import ITSELF, PROGRAMS, TOKEN, UNKNOWN, CallReader, Calls
from indexer.decoding.layouts import EVENT_TAG, EventLayout, Malformed
from indexer.decoding.tables import PLACE_BYTES, Columns, Row
from indexer.errors import IncompleteBlock

_HEAD: Final = 16
"""Bytes before an event's body: the tag, and its discriminator."""
_TAG: Final = int.from_bytes(EVENT_TAG, "little")
_EVENTS: Final[list[dict[int, EventLayout]]] = [
    {int.from_bytes(discriminator, "little"): event for discriminator, event in program.events.items()}
    for program in PROGRAMS
]

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Something of ours that could not be read."""

    slot: int
    tx_index: int
    path: int
    signature: str
    program: str
    reason: str
    data: bytes


@dataclass(frozen=True, slots=True)
class BlockHead:
    """A block that was decoded."""

    slot: int
    time: int
    blockhash: str
    content: bytes
    """SHA-256 over everything of ours in it, in order; empty where there is nothing."""


@dataclass(slots=True, repr=False)  # asyncio writes out what a task gave when it ends: seconds, for these arrays
class Decoded:
    """What blocks say, ready to be stored."""

    columns: dict[str, Columns] = field(default_factory=dict)
    """Rows by table, in order."""
    loose: dict[str, list[Row]] = field(default_factory=dict)
    """Rows of tables with lists of any length."""
    quarantined: list[Quarantined] = field(default_factory=list)
    blocks: list[BlockHead] = field(default_factory=list)
    """Every block, in order."""
    follows: Position | None = None
    """The block that the first of them says it follows."""
    transactions: int = 0
    """Of any kind, failed ones too."""
    io_mint: str | None = None
    """As known after these blocks, base58."""

    @property
    def last(self) -> Position:
        """The last of these blocks."""
        return Position(self.blocks[-1].slot, self.blocks[-1].blockhash)

    @property
    def events(self) -> int:
        """Events, and rows of records."""
        rows = sum(map(len, self.columns.values())) + sum(map(len, self.loose.values()))
        return rows - len(self.columns.get("transaction", ()))

    @property
    def rows(self) -> dict[str, list[Row]]:
        """The rows of each table as tuples of plain values."""
        known = tables.tables()
        return {**{name: known[name].rows(columns) for name, columns in self.columns.items()}, **self.loose}


def merged(parts: Sequence[Decoded]) -> Decoded:
    """What several say, one after the other."""
    if len(parts) == 1:
        return parts[0]
    found = Decoded(follows=parts[0].follows, io_mint=parts[-1].io_mint)
    for table in {table for part in parts for table in part.columns}:
        found.columns[table] = np.concatenate([part.columns[table] for part in parts if table in part.columns])
    for part in parts:
        for table, rows in part.loose.items():
            found.loose.setdefault(table, []).extend(rows)
        found.quarantined += part.quarantined
        found.blocks += part.blocks
        found.transactions += part.transactions
    return found


class Decoder:
    """Decodes blocks in order. It learns from them which mint is IO, and follows its supply from then on."""

    def __init__(self, io_mint: str | None = None) -> None:
        self.io_mint = io_mint

    def block(self, slot: int, block: AnyBlock) -> Decoded:
        """What one block says. Raises `IncompleteBlock`."""
        return self.blocks([(slot, block)])

    def blocks(self, blocks: Sequence[tuple[int, AnyBlock]]) -> Decoded:
        """What blocks say, given in order with their slots.

        Raises `IncompleteBlock` where the node kept too little to be sure; then nothing of them is learnt either.
        """
        runs = [list(run) for _, run in groupby(blocks, key=lambda one: isinstance(one[1], ScannedBlock))]
        return merged([self._alike(run) for run in runs or [[]]])

    def _alike(self, blocks: Sequence[tuple[int, AnyBlock]]) -> Decoded:
        """As `blocks`, all of them scanned or none. Where some are, the mint is known: nothing is left to be learnt."""
        for slot, block in blocks:
            if block.time is None:
                raise IncompleteBlock(f"the node has no time for the block of slot {slot}: use one that keeps it")
        decoded = _decode(blocks, self.io_mint)
        if decoded.io_mint != self.io_mint:
            # Once in a chain's life: the same blocks again, for the supply from there on.
            begin = decoded.columns["emission_initialized"][list(PLACE_NAMES)][0].tolist()
            decoded = _decode(blocks, decoded.io_mint, supply_after=begin)
        self.io_mint = decoded.io_mint
        if blocks:
            decoded.follows = Position(blocks[0][1].parent_slot, blocks[0][1].previous_blockhash)
        _digest(decoded, blocks)
        return decoded

    def transaction(self, transaction: Transaction) -> Decoded:
        """What a transaction says on its own, as if of slot 0. Raises `IncompleteBlock`."""
        return _decode([(0, Block("", "", 0, 0, [transaction]))], self.io_mint)


PLACE_NAMES: Final = tuple(column.name for column in tables.PLACE)


def _decode(blocks: Sequence[tuple[int, AnyBlock]], io_mint: str | None, supply_after: Row = (-1, 0, 0)) -> Decoded:
    calls = _calls(blocks, io_mint)
    decoded = Decoded(transactions=calls.count, io_mint=io_mint)
    found = _Found(calls)
    _read_calls(found)
    found.add(*records.supply(calls, base58.decode(io_mint) if io_mint else None, supply_after))
    found.finish(decoded)
    begin = decoded.columns.get("emission_initialized")
    if io_mint is None and begin is not None:
        decoded.io_mint = base58.encode(begin["io_mint"][0].tobytes())
    return decoded


def _calls(blocks: Sequence[tuple[int, AnyBlock]], io_mint: str | None) -> Calls:
    scanned = [(slot, block) for slot, block in blocks if isinstance(block, ScannedBlock)]
    if scanned:
        return scan.calls(scanned)
    return CallReader(io_mint).read([(slot, block) for slot, block in blocks if isinstance(block, Block)])


class _Found:
    """Rows as they are found, and the transactions that they are of."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.columns: dict[str, list[Columns]] = {}
        self.loose: dict[str, list[Row]] = {}
        self.quarantined: list[Quarantined] = []
        self._with_rows: list[Numbers] = []

    def program(self, call: int) -> str:
        """The name of a call's program."""
        return PROGRAMS[int(self.calls.programs[call])].name

    def add(self, table: str, columns: Columns, transactions: Numbers) -> None:
        """Takes rows, with the number of each one's transaction."""
        if len(columns):
            self.columns.setdefault(table, []).append(columns)
            self._with_rows.append(transactions)

    def add_loose(self, table: str, row: Row, transaction: int) -> None:
        """Takes a row with a list of any length."""
        self.loose.setdefault(table, []).append(row)
        self._with_rows.append(np.array([transaction]))

    def refuse(self, call: int, reason: str, data: bytes) -> None:
        """Puts a call into quarantine."""
        signature = base58.encode(self.calls.signatures[self.calls.transactions[call]].tobytes())
        self.quarantined.append(Quarantined(*self.calls.place(call), signature, self.program(call), reason, data))

    def finish(self, decoded: Decoded) -> None:
        """Everything in its order."""
        known = tables.tables()
        for table, parts in self.columns.items():
            rows = parts[0] if len(parts) == 1 else np.concatenate(parts)
            decoded.columns[table] = _sorted(rows, known[table].key)
        decoded.loose = {table: sorted(rows, key=lambda row: row[:3]) for table, rows in self.loose.items()}
        decoded.quarantined = sorted(self.quarantined, key=lambda entry: (entry.slot, entry.tx_index, entry.path))
        if self._with_rows:
            decoded.columns["transaction"] = self._named()

    def _named(self) -> Columns:
        """The transactions that have rows. Raises `IncompleteBlock` where a block has one of them twice."""
        numbers = np.unique(np.concatenate(self._with_rows))
        rows = np.zeros(len(numbers), tables.tables()["transaction"].dtype)
        rows["slot"], rows["tx_index"] = self.calls.slots[numbers], self.calls.places[numbers]
        rows["signature"] = self.calls.signatures[numbers].view("V64")[:, 0]
        if len(set(rows[["slot", "signature"]].tolist())) < len(rows):
            raise IncompleteBlock("the node wrote the same transaction twice in a block")
        return rows


def _read_calls(found: _Found) -> None:
    """Events and records of all calls of our programs."""
    others: list[tuple[int, bytes]] = []
    for calls, rows in found.calls.data:
        ours = found.calls.programs[calls] != TOKEN
        chosen = slice(None) if ours.all() else ours
        others += _read_same(found, rows[chosen], calls[chosen])
    made = records.Records()
    for call, body in sorted(others, key=lambda entry: entry[0]):
        place, transaction = found.calls.place(call), int(found.calls.transactions[call])
        try:
            made.take(found.program(call), body, found.calls.named(call), place, transaction)
        except Malformed as reason:
            found.refuse(call, str(reason), body)
    for columns in made.columns():
        found.add(*columns)


def _read_same(found: _Found, data: base58.Bytes, calls: Numbers) -> list[tuple[int, bytes]]:
    """Reads the events of calls with as many bytes each; the others that may be records, with their data."""
    if data.shape[1] < 8:
        return []
    heads = np.ascontiguousarray(data[:, :8]).view("<u8")[:, 0]
    tagged = heads == _TAG
    callers = found.calls.callers[calls]
    for place in np.flatnonzero(tagged & (callers == UNKNOWN)).tolist():
        reason = "the node does not say who called: it has no stack heights"
        found.refuse(int(calls[place]), reason, data[place].tobytes())
    events = tagged & (callers == ITSELF)
    if events.any():
        _events(found, data[events], calls[events])
    wanted = np.isin(heads, records.DISCRIMINATORS)
    return [(int(calls[place]), data[place].tobytes()) for place in np.flatnonzero(wanted).tolist()]


def _events(found: _Found, data: base58.Bytes, calls: Numbers) -> None:
    """Rows of events with as many bytes each."""
    if data.shape[1] < _HEAD:
        for row, call in zip(data, calls.tolist(), strict=True):
            found.refuse(call, f"{found.program(call)} has no event {row[8:].tobytes().hex()}", row.tobytes())
        return
    kinds = np.ascontiguousarray(data[:, 8:_HEAD]).view("<u8")[:, 0]
    programs = found.calls.programs[calls]
    for kind in np.unique(kinds).tolist():
        of_kind = kinds == kind
        for program in np.unique(programs[of_kind]).tolist():
            chosen = of_kind & (programs == program)
            _events_of_kind(found, _EVENTS[program].get(kind), data[chosen], calls[chosen])


def _events_of_kind(found: _Found, event: EventLayout | None, data: base58.Bytes, calls: Numbers) -> None:
    dtype = None if event is None else event.layout.dtype
    if event is None or dtype is None or dtype.itemsize != data.shape[1] - _HEAD:
        for row, call in zip(data, calls.tolist(), strict=True):
            _one_event(found, event, row.tobytes(), call)
        return
    table = tables.tables()[event.table]
    rows = np.empty((len(data), PLACE_BYTES + dtype.itemsize), np.uint8)
    rows[:, PLACE_BYTES:] = data[:, _HEAD:]
    assert table.dtype is not None
    columns: Columns = rows.view(table.dtype)[:, 0]
    transactions = found.calls.transactions[calls]
    columns["slot"], columns["tx_index"] = found.calls.slots[transactions], found.calls.places[transactions]
    columns["path"] = found.calls.paths[calls]
    found.add(event.table, columns, transactions)


def _one_event(found: _Found, event: EventLayout | None, data: bytes, call: int) -> None:
    """An event with a list of any length, or one that is malformed."""
    if event is None:
        found.refuse(call, f"{found.program(call)} has no event {data[8:_HEAD].hex()}", data)
        return
    try:
        values = event.layout.decode(data[_HEAD:])
    except Malformed as reason:
        found.refuse(call, f"{event.name}: {reason}", data)
    else:
        found.add_loose(event.table, found.calls.place(call) + values, int(found.calls.transactions[call]))


def _sorted(rows: Columns, key: tuple[str, ...]) -> Columns:
    """Rows in the order of the chain. They mostly are already."""
    order = np.lexsort([rows[name] for name in reversed(key)])
    return rows if (np.diff(order) == 1).all() else rows[order]


def _digest(decoded: Decoded, blocks: Sequence[tuple[int, AnyBlock]]) -> None:
    """SHA-256 of what each block has of ours: table by table, its rows as they are laid out; then its quarantine."""
    hashes: dict[int, Any] = {}
    for table in sorted((*decoded.columns, *decoded.loose)):
        columns = decoded.columns.get(table)
        if columns is None:
            for row in decoded.loose[table]:
                hashes.setdefault(row[0], sha256()).update(f"{table} {row!r}".encode())
            continue
        starts = np.flatnonzero(np.diff(columns["slot"], prepend=-1)).tolist()
        for start, end in zip(starts, [*starts[1:], len(columns)], strict=True):
            found = hashes.setdefault(int(columns["slot"][start]), sha256())
            found.update(f"{table} {end - start} ".encode())
            found.update(columns[start:end].tobytes())
    for entry in decoded.quarantined:
        hashes.setdefault(entry.slot, sha256()).update(repr(astuple(entry)).encode())
    decoded.blocks = [
        BlockHead(slot, block.time or 0, block.blockhash, hashes[slot].digest() if slot in hashes else b"")
        for slot, block in blocks
    ]
