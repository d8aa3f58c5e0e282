"""Blocks read as columns by `ionet-native` where that is installed (`native/`): the same result in half of the time.

It takes what nodes write, to the letter, and leaves the rest to `blocks` and `calls`, which say what is wrong with it.
`tests/faults/test_fuzz.py` holds the two to the same result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from indexer.decoding.base58 import Bytes
from indexer.decoding.blocks import ScannedBlock
from indexer.decoding.calls import PROGRAMS, SHORTEST, TOKEN_PROGRAM, Calls, Ints

try:
    import ionet_native
except ImportError:
    ionet_native = None

_DTYPES: Final[dict[str, str]] = {
    "places": "i8",
    "signatures": "64u1",
    "transactions": "i8",
    "programs": "u1",
    "callers": "u1",
    "paths": "i8",
    "data": "u1",
    "data_ends": "i8",
    "accounts": "i8",
    "account_ends": "i8",
    "keys": "32u1",
}
"""Of the columns of one block; numbers count from its beginning."""


class Scanner:
    """Reads answers to getBlock for the calls of our programs, and of the token program with a mint of IO."""

    def __init__(self, native: Any, io_mint: str) -> None:
        programs = [
            (program.text, program.event_authority, shortest)
            for program, shortest in zip(PROGRAMS, SHORTEST, strict=True)
        ]
        self._read = native.Scanner(programs, TOKEN_PROGRAM, io_mint).read

    def read(self, answer: bytes) -> tuple[int, ScannedBlock] | None:
        """The number of an answer and its block; None where that is not all, and just as nodes write it."""
        found = self._read(answer)
        if found is None:
            return None
        (number, blockhash, previous_blockhash, parent_slot, time, count), columns = found
        return number, ScannedBlock(blockhash, previous_blockhash, parent_slot, time, count, columns)


def scanner(io_mint: str) -> Scanner | None:
    """A scanner; None where `ionet-native` is not installed."""
    return None if ionet_native is None else Scanner(ionet_native, io_mint)


def calls(blocks: Sequence[tuple[int, ScannedBlock]]) -> Calls:
    """The calls in blocks, given with their slots."""
    parts = [
        {name: np.frombuffer(block.columns[name], dtype) for name, dtype in _DTYPES.items()} for _, block in blocks
    ]

    def joined(name: str, counted: str | None = None) -> NDArray[Any]:
        """A column of all blocks; where it has numbers of things in another column, they count from the first block."""
        columns = [part[name] for part in parts]
        if counted is not None:
            before = accumulate((len(part[counted]) for part in parts), initial=0)
            columns = [column + start for column, start in zip(columns, before, strict=False)]
        return np.concatenate(columns)

    return Calls(
        transactions=joined("transactions", "places"),
        programs=joined("programs"),
        callers=joined("callers"),
        paths=joined("paths"),
        data=list(_by_length(joined("data"), joined("data_ends", "data"))),
        keys=joined("keys"),
        accounts=joined("accounts", "keys"),
        account_ends=joined("account_ends", "accounts"),
        slots=np.repeat([slot for slot, _ in blocks], [len(part["places"]) for part in parts]),
        places=joined("places"),
        signatures=joined("signatures"),
        count=sum(block.count for _, block in blocks),
    )


def _by_length(data: Bytes, ends: Ints) -> Iterator[tuple[Ints, Bytes]]:
    """`Calls.data` of calls whose data lie one after the other."""
    lengths = np.diff(ends, prepend=0)
    for length in np.unique(lengths).tolist():
        calls = np.flatnonzero(lengths == length)
        rows = (
            sliding_window_view(data, length)[ends[calls] - length] if length else np.empty((len(calls), 0), np.uint8)
        )
        yield calls, rows
