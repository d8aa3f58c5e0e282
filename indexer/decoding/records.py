"""What is read from instructions, not events: records whose data is the record, and changes of IO's supply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.decoding import layouts, tables
from indexer.decoding.calls import TOKEN, Calls
from indexer.decoding.layouts import Malformed
from indexer.decoding.tables import PLACE_BYTES, Columns, Row

_MINT_TO: Final = {7, 14}
_BURN: Final = {8, 15}
"""Tags of SPL Token's instructions, plain and checked; accounts are (mint, to, …) and (from, mint, …)."""
_BATCH: Final = b"\xff"
_CHANGES: Final = np.array([*_MINT_TO, *_BURN, *_BATCH], np.uint8)
_COMMIT: Final = 4 + 2 + 32
"""Bytes of the arguments of commit_challenge: epoch, round, commitment."""
_SECRET: Final = 32
"""Bytes before the measurements in record_challenges."""
_EPOCH: Final = 4
"""Bytes before the scores in post_scores."""

_NAMES: Final = {
    ("oracle", "commit_challenge"): "challenge_committed",
    ("oracle", "record_challenges"): "challenge_recorded",
    ("emission", "post_scores"): "score_posted",
}
_RECORDS: Final = {
    (program, layouts.program(program).instructions[name]): table for (program, name), table in _NAMES.items()
}
DISCRIMINATORS: Final = np.array([int.from_bytes(head, "little") for _, head in _RECORDS], np.uint64)
"""First eight bytes of an instruction that may be a record, as numbers."""


class Records:
    """Records of many calls, made into columns all at once."""

    def __init__(self) -> None:
        self._found: dict[str, list[_Record]] = {table: [] for table in _RECORDS.values()}

    def take(self, program: str, data: bytes, accounts: Sequence[bytes], place: Row, transaction: int) -> None:
        """Takes a call in, unless it is no record. Raises `Malformed`."""
        table = _RECORDS.get((program, data[:8]))
        if table is not None:
            parts = _READ[table](data[8:], accounts)
            self._found[table].append(_Record(place, transaction, *parts))

    def columns(self) -> Iterator[tuple[str, Columns, NDArray[np.int64]]]:
        """Each table with its rows, and the number of each one's transaction."""
        for table, taken in self._found.items():
            found = [record for record in taken if record.count]
            if found:
                counts = np.array([record.count for record in found])
                transactions = np.repeat(np.array([record.transaction for record in found], np.int64), counts)
                yield table, _rows(table, found, counts), transactions


@dataclass(frozen=True, slots=True)
class _Record:
    """One call: what its rows are made of, in the order of their columns."""

    place: Row
    transaction: int
    count: int
    """Of rows."""
    shared: bytes
    """By all of them."""
    each: bytes
    """Of each, from its accounts; empty where there is nothing."""
    said: bytes
    """Of each, from the data."""


def _rows(table: str, found: list[_Record], counts: NDArray[np.int64]) -> Columns:
    known = tables.tables()[table]
    assert known.dtype is not None
    total = int(counts.sum())
    rows = np.empty((total, known.dtype.itemsize), np.uint8)
    columns: Columns = rows.view(known.dtype)[:, 0]
    places = np.repeat(np.array([record.place for record in found], np.int64), counts, axis=0)
    columns["slot"], columns["tx_index"], columns["path"] = places.T
    at = PLACE_BYTES
    if "item" in known.names:
        columns["item"] = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
        at += 4
    shared = np.frombuffer(b"".join(record.shared for record in found), np.uint8).reshape(len(found), -1)
    for part in (
        np.repeat(shared, counts, axis=0),
        np.frombuffer(b"".join(record.each for record in found), np.uint8).reshape(total, -1),
        np.frombuffer(b"".join(record.said for record in found), np.uint8).reshape(total, -1),
    ):
        rows[:, at : at + part.shape[1]] = part
        at += part.shape[1]
    return columns


_Parts = tuple[int, bytes, bytes, bytes]
"""Of a `_Record`: count, shared, each, said."""


def _committed(body: bytes, accounts: Sequence[bytes]) -> _Parts:
    if len(body) < _COMMIT:
        raise Malformed("commit_challenge is too short")
    return 1, _verified("commit_challenge", accounts), b"", body[:_COMMIT]


def _recorded(body: bytes, accounts: Sequence[bytes]) -> _Parts:
    shared = _verified("record_challenges", accounts)
    count, said = _vector(layouts.struct_layout("oracle", "Measurement"), body, _SECRET)
    return count, shared, b"", said


def _posted(body: bytes, accounts: Sequence[bytes]) -> _Parts:
    count, said = _vector(layouts.struct_layout("emission", "Score"), body, _EPOCH)
    if len(accounts) < count:
        raise Malformed("post_scores has fewer accounts than scores")
    # The program takes exactly one earner for each score, after the signers.
    return count, body[:_EPOCH], b"".join(accounts[len(accounts) - count :]), said


_READ: Final = {"challenge_committed": _committed, "challenge_recorded": _recorded, "score_posted": _posted}


def _vector(layout: layouts.Layout, body: bytes, at: int) -> tuple[int, bytes]:
    """How many rows a `Vec` has that begins at `at`, and their bytes. What follows is not read, as in the program."""
    assert layout.dtype is not None
    begin, size = at + 4, layout.dtype.itemsize
    count = int.from_bytes(body[at:begin], "little")
    if len(body) < begin or count * size > len(body) - begin:
        raise Malformed(f"{len(body)} bytes for {count} rows of {size}")
    return count, body[begin : begin + count * size]


def _verified(instruction: str, accounts: Sequence[bytes]) -> bytes:
    """Verifier and challenge of an instruction of the oracle's."""
    places = layouts.program("oracle").places[instruction]
    try:
        return accounts[places["verifier"]] + accounts[places["challenge"]]
    except IndexError:
        raise Malformed(f"{instruction} has too few accounts") from None


def supply(calls: Calls, io_mint: bytes | None, after: Row) -> tuple[str, Columns, NDArray[np.int64]]:
    """Mints and burns of IO after the place `after`, whoever asked for them; with the numbers of their transactions."""
    table = "io_supply_changed"
    rows: list[Row] = []
    numbers: list[int] = []
    for call, data in _of_token(calls):
        place = calls.place(call)
        if place <= after:
            continue
        for item, (part, of_part) in enumerate(_unbatched(data, calls.named(call))):
            if len(part) < 9 or len(of_part) < 2:
                continue
            amount = int.from_bytes(part[1:9], "little")
            if part[0] in _MINT_TO and of_part[0] == io_mint:
                rows.append((*place, item, 1, amount, of_part[1]))
            elif part[0] in _BURN and of_part[1] == io_mint:
                rows.append((*place, item, -1, amount, of_part[0]))
            else:
                continue
            numbers.append(int(calls.transactions[call]))
    return table, np.array(rows, tables.tables()[table].dtype), np.array(numbers, np.int64)


def _of_token(calls: Calls) -> Iterator[tuple[int, bytes]]:
    """Calls of the token program that may change the supply, and what they say."""
    for numbers, rows in calls.data:
        if rows.shape[1]:
            chosen = (calls.programs[numbers] == TOKEN) & np.isin(rows[:, 0], _CHANGES)
            for call, row in zip(numbers[chosen].tolist(), rows[chosen], strict=True):
                yield call, row.tobytes()


def _unbatched(data: bytes, accounts: list[bytes]) -> Iterator[tuple[bytes, list[bytes]]]:
    """The instructions in a batch of the newer token program: each with its counts of accounts and of bytes before."""
    if data[:1] != _BATCH:
        yield data, accounts
        return
    at, used = 1, 0
    while at + 2 <= len(data):
        count, length = data[at], data[at + 1]
        yield data[at + 2 : at + 2 + length], accounts[used : used + count]
        at, used = at + 2 + length, used + count
