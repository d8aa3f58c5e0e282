"""Finds the calls of our programs in blocks, and who made each; what they say is not looked at here.

This is the one loop over everything a node sends, so it does little for each call and nothing for strangers'
transactions. A call's place in its transaction is its `path`: `top << 16 | inner + 1` for the inner call number
`inner` of the top-level instruction number `top`, and `top << 16` for that itself.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from math import ceil, log2
from typing import Final

from client import idl
from indexer import layouts
from indexer.blocks import Block, Call, InnerCalls, SparseBlock, Transaction
from indexer.errors import IncompleteBlock

OTHER: Final = 0
"""Called by somebody else, or from the top."""
ITSELF: Final = 1
"""A program called itself with its event authority alone, as `emit_cpi!` does and nobody else can."""
UNKNOWN: Final = 2
"""The node does not say who called: it has no stack heights."""

PROGRAMS: Final = tuple(layouts.programs().values())
"""Our programs; a call names its program by the place in here."""
SHORTEST_RECORD: Final = {"oracle": 44, "emission": 16}
"""Bytes of the shortest instruction that is a record, of the programs that have some: see `indexer.records`."""

_TOKEN_PROGRAM: Final = str(idl.TOKEN_PROGRAM)
_DEEPEST: Final = 64
"""Calls within calls; the chain allows 5, and will allow 9."""
_NEVER: Final = 1 << 30


@dataclass(slots=True)
class Calls:
    """Calls of our programs, as columns, and the transactions that they are of."""

    found: list[Call] = field(default_factory=list)
    paths: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    """Of each call `transaction << 8 | program << 2 | caller`: the number of its transaction, that of its program among
    `PROGRAMS`, and `OTHER`, `ITSELF` or `UNKNOWN`."""
    token: list[tuple[Call, int, int]] = field(default_factory=list)
    """Calls of the token program in transactions that name IO, with path and transaction."""

    keys: list[list[str]] = field(default_factory=list)
    """Of each transaction, base58."""
    slots: list[int] = field(default_factory=list)
    """Of each transaction, as `indexes`: its place in its block."""
    indexes: list[int] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    """Of each transaction the first, base58."""

    count: int = 0
    """Transactions in the blocks, of any kind, failed ones too."""


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
        self._shortest = [_digits(SHORTEST_RECORD.get(program.name)) for program in PROGRAMS]

    def read(self, blocks: Sequence[tuple[int, Block]]) -> Calls:
        """The calls in blocks, given with their slots. Raises `IncompleteBlock`."""
        calls = Calls()
        for slot, block in blocks:
            calls.count += len(block.transactions)
            places = block.places if isinstance(block, SparseBlock) else range(len(block.transactions))
            for place, transaction in zip(places, block.transactions, strict=True):
                self._transaction(calls, slot, place, transaction)
        return calls

    def _transaction(self, calls: Calls, slot: int, place: int, transaction: Transaction) -> None:
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
            self._read(calls, message.instructions, meta.inner, keys, watched)
        except IndexError as error:
            raise IncompleteBlock(
                f"the node wrote a transaction in slot {slot} that lacks keys or signatures"
            ) from error
        calls.keys.append(keys)
        calls.slots.append(slot)
        calls.indexes.append(place)
        calls.signatures.append(signature)

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
                ours[keys.index(key)] = (number << 8 | program << 2, accounts, self._shortest[program])
        return ours

    def _read(
        self, calls: Calls, instructions: list[Call], inner: list[InnerCalls], keys: list[str], watched: Set[str]
    ) -> None:
        """The calls of one transaction. Raises `IncompleteBlock`, and `IndexError` where keys are lacking."""
        number = len(calls.keys)
        ours = self._ours(number, keys, watched)
        token = keys.index(_TOKEN_PROGRAM) if self._io_mint in watched and _TOKEN_PROGRAM in keys else -1
        for top, call in enumerate(instructions):
            if call.program in ours:
                code, _, shortest = ours[call.program]
                if len(call.data) >= shortest:
                    calls.found.append(call)
                    calls.paths.append(top << 16)
                    calls.codes.append(code)
            elif call.program == token:
                calls.token.append((call, top << 16, number))
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
                        calls.token.append((call, path, number))
                    continue
                code, accounts, shortest = ours[program]
                if caller == ITSELF and bytes(call.accounts) != accounts and call.named(keys) != _event_accounts(code):
                    caller = OTHER
                if caller != OTHER or len(call.data) >= shortest:
                    calls.found.append(call)
                    calls.paths.append(path)
                    calls.codes.append(code | caller)


def _event_accounts(code: int) -> list[str]:
    return [PROGRAMS[code >> 2 & 63].event_authority]


def _digits(size: int | None) -> int:
    """How many digits so many bytes have at least, of which the first is none of zeros."""
    return _NEVER if size is None else ceil(8 * (size - 1) / log2(58))
