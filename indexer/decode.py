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

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field
from hashlib import sha256
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from indexer import base58, records, tables
from indexer.blocks import Block, Position, Transaction
from indexer.calls import ITSELF, PROGRAMS, UNKNOWN, CallReader, Calls
from indexer.errors import IncompleteBlock
from indexer.layouts import EVENT_TAG, EventLayout, Malformed
from indexer.tables import PLACE_BYTES, Columns, Row

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

    def block(self, slot: int, block: Block) -> Decoded:
        """What one block says. Raises `IncompleteBlock`."""
        return self.blocks([(slot, block)])

    def blocks(self, blocks: Sequence[tuple[int, Block]]) -> Decoded:
        """What blocks say, given in order with their slots.

        Raises `IncompleteBlock` where the node kept too little to be sure; then nothing of them is learnt either.
        """
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


def _decode(blocks: Sequence[tuple[int, Block]], io_mint: str | None, supply_after: Row = (-1, 0, 0)) -> Decoded:
    calls = CallReader(io_mint).read(blocks)
    decoded = Decoded(transactions=calls.count, io_mint=io_mint)
    found = _Found(calls)
    try:
        _read_calls(found)
        found.add(*records.supply(calls, io_mint, supply_after))
        found.finish(decoded)
    except ValueError as error:
        raise IncompleteBlock(f"the node wrote data that is {error}") from error
    except IndexError as error:
        raise IncompleteBlock("the node wrote a transaction that lacks keys") from error
    begin = decoded.columns.get("emission_initialized")
    if io_mint is None and begin is not None:
        decoded.io_mint = base58.encode(begin["io_mint"][0].tobytes())
    return decoded


class _Found:
    """Rows as they are found, and the transactions that they are of."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.slots = np.array(calls.slots, np.int64)
        self.indexes = np.array(calls.indexes, np.int32)
        self.paths = np.array(calls.paths, np.int32)
        codes = np.array(calls.codes, np.int64)
        self.transactions, self.programs, self.callers = codes >> 8, codes >> 2 & 63, codes & 3
        self.columns: dict[str, list[Columns]] = {}
        self.loose: dict[str, list[Row]] = {}
        self.quarantined: list[Quarantined] = []
        self._with_rows: list[Numbers] = []

    def place(self, call: int) -> tuple[int, int, int]:
        """Where a call stands on the chain."""
        transaction = self.transaction(call)
        return self.calls.slots[transaction], self.calls.indexes[transaction], self.calls.paths[call]

    def transaction(self, call: int) -> int:
        """The number of a call's transaction."""
        return self.calls.codes[call] >> 8

    def accounts(self, call: int) -> list[str]:
        """The accounts of a call, base58. Raises `IndexError` where the transaction lacks them."""
        return self.calls.found[call].named(self.calls.keys[self.transaction(call)])

    def program(self, call: int) -> str:
        """The name of a call's program."""
        return PROGRAMS[self.calls.codes[call] >> 2 & 63].name

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
        signature = self.calls.signatures[self.transaction(call)]
        self.quarantined.append(Quarantined(*self.place(call), signature, self.program(call), reason, data))

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
        dtype = tables.tables()["transaction"].dtype
        rows = np.zeros(len(numbers), dtype)
        rows["slot"], rows["tx_index"] = self.slots[numbers], self.indexes[numbers]
        signatures = np.empty((len(numbers), 64), np.uint8)
        texts = [self.calls.signatures[number] for number in numbers.tolist()]
        if len(set(zip(rows["slot"].tolist(), texts, strict=True))) < len(texts):
            raise IncompleteBlock("the node wrote the same transaction twice in a block")
        for places, data, lengths in _by_length(texts):
            if (lengths != 64).any():
                raise ValueError(f"no signature: {texts[int(places[(lengths != 64).argmax()])]!r}")
            signatures[places] = data[:, -64:]
        rows["signature"] = signatures.view("V64")[:, 0]
        return rows


def _by_length(texts: Sequence[str]) -> Iterator[tuple[Numbers, base58.Bytes, Numbers]]:
    """Places, bytes (aligned to the right) and byte lengths of texts, for each length of them."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    for length in np.unique(lengths).tolist():
        places = np.flatnonzero(lengths == length)
        same = texts if len(places) == len(texts) else [texts[place] for place in places.tolist()]
        yield places, *base58.decode_column(same)


def _read_calls(found: _Found) -> None:
    """Events and records of all calls of our programs. Raises `ValueError` for what is no base58."""
    others: list[tuple[int, bytes]] = []
    for places, data, lengths in _by_length([call.data for call in found.calls.found]):
        for length in np.unique(lengths).tolist():
            chosen = lengths == length
            same, calls = (data, places) if chosen.all() else (data[chosen], places[chosen])
            others += _read_same(found, same[:, same.shape[1] - length :], calls)
    made = records.Records()
    for call, body in sorted(others, key=lambda entry: entry[0]):
        place, transaction = found.place(call), found.transaction(call)
        try:
            made.take(found.program(call), body, found.accounts(call), place, transaction)
        except Malformed as reason:
            found.refuse(call, str(reason), body)
    for rows in made.columns():
        found.add(*rows)


def _read_same(found: _Found, data: base58.Bytes, calls: Numbers) -> list[tuple[int, bytes]]:
    """Reads the events of calls with as many bytes each; the others that may be records, with their data."""
    if data.shape[1] < 8:
        return []
    heads = np.ascontiguousarray(data[:, :8]).view("<u8")[:, 0]
    tagged = heads == _TAG
    callers = found.callers[calls]
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
    programs = found.programs[calls]
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
    transactions = found.transactions[calls]
    columns["slot"], columns["tx_index"] = found.slots[transactions], found.indexes[transactions]
    columns["path"] = found.paths[calls]
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
        found.add_loose(event.table, found.place(call) + values, found.transaction(call))


def _sorted(rows: Columns, key: tuple[str, ...]) -> Columns:
    """Rows in the order of the chain. They mostly are already."""
    order = np.lexsort([rows[name] for name in reversed(key)])
    return rows if (np.diff(order) == 1).all() else rows[order]


def _digest(decoded: Decoded, blocks: Sequence[tuple[int, Block]]) -> None:
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
