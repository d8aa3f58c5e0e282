"""Finds the calls of our programs in blocks, and who made each; what they say is not looked at here.

This is the one loop over everything a node sends, so it does little for each call and nothing for strangers'
transactions. A call's place in its transaction is its `path`: `top << 16 | inner + 1` for the inner call number
`inner` of the top-level instruction number `top`, and `top << 16` for that itself.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from client import idl
from indexer.decoding import base58, layouts
from indexer.decoding.blocks import Block, Call, InnerCalls, SparseBlock, Transaction
from indexer.errors import IncompleteBlock

OTHER: Final = 0
"""Called by somebody else, or from the top."""
ITSELF: Final = 1
"""A program called itself with its event authority alone, as `emit_cpi!` does and nobody else can."""
UNKNOWN: Final = 2
"""The node does not say who called: it has no stack heights."""

PROGRAMS: Final = tuple(layouts.programs().values())
"""Our programs; a call names its program by the place in here."""
TOKEN: Final = len(PROGRAMS)
"""The token program, instead."""
TOKEN_PROGRAM: Final = str(idl.TOKEN_PROGRAM)
SHORTEST_RECORD: Final = {"oracle": 44, "emission": 16}
"""Bytes of the shortest instruction that is a record, of the programs that have some: see `records`."""
_NEVER: Final = 1 << 30
SHORTEST: Final = [
    ceil(8 * (SHORTEST_RECORD[program.name] - 1) / log2(58)) if program.name in SHORTEST_RECORD else _NEVER
    for program in PROGRAMS
]
"""Digits that the shortest record of each of our programs has at least: its first byte is none of zeros."""

_DEEPEST: Final = 64
"""Calls within calls; the chain allows 5, and will allow 9."""


Ints = NDArray[np.int64]


@dataclass(slots=True)
class Calls:
    """Calls of our programs, and of the token program in transactions that name IO, as columns."""

    transactions: Ints
    """Of each call, the number of its transaction."""
    programs: Ints
    """Of each call, the number of its program among `PROGRAMS`, or `TOKEN`."""
    callers: Ints
    """Of each call `OTHER`, `ITSELF` or `UNKNOWN`."""
    paths: Ints
    data: list[tuple[Ints, base58.Bytes]]
    """What calls say, for each number of bytes: the numbers of the calls, and a row for each."""
    keys: base58.Bytes
    """Addresses by 32 bytes."""
    accounts: Ints
    """Numbers of keys, call after call; of those by `ITSELF` there are none: each has its event authority alone."""
    account_ends: Ints
    """Of each call, where its accounts end."""

    slots: Ints
    """Of each transaction, as `places`: its place in its block."""
    places: Ints
    signatures: base58.Bytes
    """Of each transaction the first: transactions by 64 bytes."""

    count: int
    """Transactions in the blocks, of any kind, failed ones too."""

    def named(self, call: int) -> list[bytes]:
        """The accounts of a call."""
        begin = self.account_ends[call - 1] if call else 0
        return [self.keys[key].tobytes() for key in self.accounts[begin : self.account_ends[call]].tolist()]

    def place(self, call: int) -> tuple[int, int, int]:
        """Where a call stands on the chain."""
        transaction = self.transactions[call]
        return int(self.slots[transaction]), int(self.places[transaction]), int(self.paths[call])


_Ours = tuple[int, bytes, int]
"""One of our programs, as a transaction names it: the code of its calls; the accounts of its events, as JSON writes
them without spaces; digits of the shortest call that may be a record."""


class CallReader:
    """Reads blocks for the calls of our programs and, where the mint of IO is known, of the token program."""

    def __init__(self, io_mint: str | None) -> None:
        self._io_mint = io_mint
        self._number = {program.text: number for number, program in enumerate(PROGRAMS)}
        self._watched = frozenset(self._number) | ({io_mint} if io_mint else frozenset())
        self._stack = [0] * _DEEPEST

    def read(self, blocks: Sequence[tuple[int, Block]]) -> Calls:
        """The calls in blocks, given with their slots. Raises `IncompleteBlock`."""
        found = _Found()
        for slot, block in blocks:
            found.count += len(block.transactions)
            places = block.places if isinstance(block, SparseBlock) else range(len(block.transactions))
            for place, transaction in zip(places, block.transactions, strict=True):
                self._transaction(found, slot, place, transaction)
        try:
            return found.columns()
        except ValueError as error:
            raise IncompleteBlock(f"the node wrote data that is {error}") from error
        except IndexError as error:
            raise IncompleteBlock("the node wrote a transaction that lacks keys") from error

    def _transaction(self, found: _Found, slot: int, place: int, transaction: Transaction) -> None:
        message, meta = transaction.transaction.message, transaction.meta
        keys, loaded = message.keys, meta.loaded if meta else None
        if loaded is not None and (loaded.writable or loaded.readonly):
            keys = keys + loaded.writable + loaded.readonly
        elif message.lookups and (meta is None or meta.err is None):
            raise IncompleteBlock(f"the node lacks the keys that a transaction in slot {slot} loaded from tables")
        watched = self._watched.intersection(keys)
        if not watched:
            return
        if meta is None:
            raise IncompleteBlock(f"the node keeps no outcome of transactions in slot {slot}")
        if meta.err is not None:
            return
        if meta.inner is None:
            raise IncompleteBlock(f"the node keeps no inner instructions in slot {slot}")
        try:
            signature = transaction.transaction.signatures[0]
            self._read(found, message.instructions, meta.inner, keys, watched)
        except IndexError as error:
            raise IncompleteBlock(
                f"the node wrote a transaction in slot {slot} that lacks keys or signatures"
            ) from error
        found.keys.append(keys)
        found.slots.append(slot)
        found.places.append(place)
        found.signatures.append(signature)

    def _ours(self, number: int, keys: list[str], watched: Set[str]) -> dict[int, _Ours]:
        """Our programs that a transaction's keys name, by their places in them."""
        ours = {}
        for key in watched:
            program = self._number.get(key)
            if program is not None:
                try:
                    accounts = b"[%d]" % keys.index(PROGRAMS[program].event_authority)
                except ValueError:
                    accounts = b""
                ours[keys.index(key)] = (number << 8 | program << 2, accounts, SHORTEST[program])
        return ours

    def _read(
        self, found: _Found, instructions: list[Call], inner: list[InnerCalls], keys: list[str], watched: Set[str]
    ) -> None:
        """The calls of one transaction. Raises `IncompleteBlock`, and `IndexError` where keys are lacking."""
        number, calls, paths, codes = len(found.keys), found.calls, found.paths, found.codes
        ours = self._ours(number, keys, watched)
        token = keys.index(TOKEN_PROGRAM) if self._io_mint in watched and TOKEN_PROGRAM in keys else -1
        token_code = number << 8 | TOKEN << 2
        for top, call in enumerate(instructions):
            if call.program in ours:
                code, _, shortest = ours[call.program]
                if len(call.data) >= shortest:
                    calls.append(call)
                    paths.append(top << 16)
                    codes.append(code)
            elif call.program == token:
                calls.append(call)
                paths.append(top << 16)
                codes.append(token_code)
        stack, last = self._stack, -1  # of programs, by height
        for group in inner:
            top = group.index
            if not last < top < len(instructions):
                raise IncompleteBlock(f"the node wrote calls within an instruction {top} that is not there, or twice")
            last, depth, path = top, 1, top << 16
            stack[1] = instructions[top].program
            for call in group.instructions:
                path += 1
                height, program = call.height, call.program
                if height is None:
                    caller = UNKNOWN
                elif 2 <= height <= depth + 1:
                    stack[height] = program
                    depth = height
                    caller = ITSELF if stack[height - 1] == program else OTHER
                else:
                    raise IncompleteBlock(f"the node wrote a call at height {height} that nobody at {height - 1} made")
                if program not in ours:
                    if program == token:
                        calls.append(call)
                        paths.append(path)
                        codes.append(token_code | caller)
                    continue
                code, accounts, shortest = ours[program]
                if caller == ITSELF and bytes(call.accounts) != accounts and call.named(keys) != _event_accounts(code):
                    caller = OTHER
                if caller != OTHER or len(call.data) >= shortest:
                    calls.append(call)
                    paths.append(path)
                    codes.append(code | caller)


@dataclass(slots=True)
class _Found:
    """What `Calls` is made of."""

    calls: list[Call] = field(default_factory=list)
    paths: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    """Of each call `transaction << 8 | program << 2 | caller`."""

    keys: list[list[str]] = field(default_factory=list)
    """Of each transaction, base58."""
    slots: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    """Base58."""

    count: int = 0

    def columns(self) -> Calls:
        """All of it. Raises `ValueError` for what is no base58, and `IndexError` for accounts that are not there."""
        codes = np.array(self.codes, np.int64)
        addresses: list[bytes] = []
        ends: list[int] = []
        for call, code in zip(self.calls, self.codes, strict=True):
            if code & 3 != ITSELF:
                addresses += [_address(key) for key in call.named(self.keys[code >> 8])]
            ends.append(len(addresses))
        signatures = np.empty((len(self.signatures), 64), np.uint8)
        for places, rows in base58.decode_columns(self.signatures):
            if rows.shape[1] != 64:
                raise ValueError(f"no signature: {self.signatures[int(places[0])]!r}")
            signatures[places] = rows
        return Calls(
            transactions=codes >> 8,
            programs=codes >> 2 & 63,
            callers=codes & 3,
            paths=np.array(self.paths, np.int64),
            data=list(base58.decode_columns([call.data for call in self.calls])),
            keys=np.frombuffer(b"".join(addresses), np.uint8).reshape(-1, 32),
            accounts=np.arange(len(addresses)),
            account_ends=np.array(ends, np.int64),
            slots=np.array(self.slots, np.int64),
            places=np.array(self.places, np.int64),
            signatures=signatures,
            count=self.count,
        )


def _event_accounts(code: int) -> list[str]:
    return [PROGRAMS[code >> 2 & 63].event_authority]


@lru_cache(maxsize=1 << 16)
def _address(text: str) -> bytes:
    """The 32 bytes of an address. Raises `ValueError`."""
    raw = base58.decode(text)
    if len(raw) != 32:
        raise ValueError(f"no address: {text[:60]!r}")
    return raw
