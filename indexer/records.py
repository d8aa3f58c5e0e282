"""What is read from instructions, not events: records whose data is the record, and changes of IO's supply."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from indexer import base58, layouts, tables
from indexer.calls import Calls
from indexer.layouts import Malformed
from indexer.tables import Columns, Row

_MINT_TO: Final = {7, 14}
_BURN: Final = {8, 15}
"""Tags of SPL Token's instructions, plain and checked; accounts are (mint, to, …) and (from, mint, …)."""
_BATCH: Final = b"\xff"
_COMMIT: Final = np.dtype([("epoch", "<u4"), ("round", "<u2"), ("commitment", "V32")])
"""Arguments of commit_challenge."""
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


def read(program: str, data: bytes, accounts: list[str], place: Row) -> tuple[str, Columns] | None:
    """The table and the rows of a call; None where it is no record. Raises `Malformed`, and `ValueError` for keys."""
    table = _RECORDS.get((program, data[:8]))
    if table is None:
        return None
    make = {"challenge_committed": _committed, "challenge_recorded": _recorded, "score_posted": _posted}[table]
    rows = make(data[8:], accounts)
    rows["slot"], rows["tx_index"], rows["path"] = place
    return table, rows


def _committed(body: bytes, accounts: list[str]) -> Columns:
    if len(body) < _COMMIT.itemsize:
        raise Malformed("commit_challenge is too short")
    rows = _empty("challenge_committed", 1)
    said = np.frombuffer(body[: _COMMIT.itemsize], _COMMIT)
    rows["verifier"], rows["challenge"] = _verified("commit_challenge", accounts)
    for name in said.dtype.names or ():
        rows[name] = said[name]
    return rows


def _recorded(body: bytes, accounts: list[str]) -> Columns:
    verified = _verified("record_challenges", accounts)
    rows = _vector("challenge_recorded", layouts.struct_layout("oracle", "Measurement"), body, _SECRET)
    rows["verifier"], rows["challenge"] = verified
    return rows


def _posted(body: bytes, accounts: list[str]) -> Columns:
    rows = _vector("score_posted", layouts.struct_layout("emission", "Score"), body, _EPOCH)
    if len(accounts) < len(rows):
        raise Malformed("post_scores has fewer accounts than scores")
    rows["epoch"] = int.from_bytes(body[:_EPOCH], "little")
    # The program takes exactly one earner for each score, after the signers.
    earners = accounts[len(accounts) - len(rows) :]
    rows["earner"] = np.frombuffer(b"".join(map(_address, earners)), "V32")
    return rows


def _vector(table: str, layout: layouts.Layout, body: bytes, at: int) -> Columns:
    """The rows of a `Vec` that begins at `at`. What follows it is not read, as the program does not."""
    assert layout.dtype is not None
    begin, size = at + 4, layout.dtype.itemsize
    count = int.from_bytes(body[at:begin], "little")
    if len(body) < begin or count * size > len(body) - begin:
        raise Malformed(f"{len(body)} bytes for {count} rows of {size}")
    rows = _empty(table, count)
    rows["item"] = np.arange(count)
    said = np.frombuffer(body[begin : begin + count * size], layout.dtype)
    for name in said.dtype.names or ():
        rows[name] = said[name]
    return rows


def _verified(instruction: str, accounts: list[str]) -> tuple[Any, Any]:
    """Verifier and challenge of an instruction of the oracle's."""
    places = layouts.program("oracle").places[instruction]
    try:
        named = [_address(accounts[places[name]]) for name in ("verifier", "challenge")]
    except IndexError:
        raise Malformed(f"{instruction} has too few accounts") from None
    verifier, challenge = np.frombuffer(b"".join(named), "V32")
    return verifier, challenge


def supply(calls: Calls, io_mint: str | None, after: Row) -> tuple[str, Columns, NDArray[np.int64]]:
    """Mints and burns of IO after the place `after`, whoever asked the token program for them; with their transactions.

    Raises `ValueError` for what is no base58.
    """
    table = "io_supply_changed"
    rows: list[Row] = []
    numbers: list[int] = []
    for call, path, number in calls.token:
        place = (calls.slots[number], calls.indexes[number], path)
        if place <= after:
            continue
        keys = calls.keys[number]
        named = [keys[account] for account in call.accounts]
        for item, (part, of_part) in enumerate(_unbatched(base58.decode(call.data), named)):
            if len(part) < 9 or len(of_part) < 2:
                continue
            amount = int.from_bytes(part[1:9], "little")
            if part[0] in _MINT_TO and of_part[0] == io_mint:
                rows.append((*place, item, 1, amount, _address(of_part[1])))
            elif part[0] in _BURN and of_part[1] == io_mint:
                rows.append((*place, item, -1, amount, _address(of_part[0])))
            else:
                continue
            numbers.append(number)
    return table, np.array(rows, tables.tables()[table].dtype), np.array(numbers, np.int64)


def _unbatched(data: bytes, accounts: list[str]) -> Iterator[tuple[bytes, list[str]]]:
    """The instructions in a batch of the newer token program: each with its counts of accounts and of bytes before."""
    if data[:1] != _BATCH:
        yield data, accounts
        return
    at, used = 1, 0
    while at + 2 <= len(data):
        count, length = data[at], data[at + 1]
        yield data[at + 2 : at + 2 + length], accounts[used : used + count]
        at, used = at + 2 + length, used + count


def _empty(table: str, count: int) -> Columns:
    return np.zeros(count, tables.tables()[table].dtype)


@lru_cache(maxsize=1 << 16)
def _address(text: str) -> bytes:
    """The 32 bytes of an address. Raises `ValueError`."""
    raw = base58.decode(text)
    if len(raw) != 32:
        raise ValueError(f"no address: {text[:60]!r}")
    return raw
