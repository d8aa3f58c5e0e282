"""Finds the calls of our programs in blocks, and who made each; what they say is not looked at here.

This is the one loop over everything a node sends, so it does little for each call and nothing for strangers'
transactions. A call's place in its transaction is its `path`: `top << 16 | inner + 1` for the inner call number
`inner` of the top-level instruction number `top`, and `top << 16` for that itself.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from client import idl
from indexer import layouts
from indexer.blocks import Block, Call, InnerCalls, Message, Transaction
from indexer.errors import IncompleteBlock

OTHER: Final = 0
"""Called by somebody else, or from the top."""
ITSELF: Final = 1
"""A program called itself with its event authority alone, as `emit_cpi!` does and nobody else can."""
UNKNOWN: Final = 2
"""The node does not say who called: it has no stack heights."""

PROGRAMS: Final = tuple(layouts.programs().values())
"""Our programs; a call names its program by the place in here."""
_TOKEN_PROGRAM: Final = str(idl.TOKEN_PROGRAM)
_WITH_RECORDS: Final = ("oracle", "emission")
"""Programs whose instructions are read, not their events alone."""


@dataclass(slots=True)
class Calls:
    """Calls of our programs in the order of the chain, as columns; each names its transaction by number."""

    texts: list[str] = field(default_factory=list)
    """Their data, base58."""
    paths: list[int] = field(default_factory=list)
    transactions: list[int] = field(default_factory=list)
    programs: list[int] = field(default_factory=list)
    callers: list[int] = field(default_factory=list)
    """`OTHER`, `ITSELF` or `UNKNOWN`."""
    accounts: list[list[int]] = field(default_factory=list)
    """Places in the transaction's keys."""

    token: list[tuple[int, int, str, list[int]]] = field(default_factory=list)
    """Calls of the token program in transactions that name IO: transaction, path, data, accounts."""

    keys: list[list[str]] = field(default_factory=list)
    """Of each transaction, base58."""
    slots: list[int] = field(default_factory=list)
    """Of each transaction, as `indexes`: its place in its block."""
    indexes: list[int] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    """Of each transaction the first, base58."""

    count: int = 0
    """Transactions in the blocks, of any kind, failed ones too."""


class CallReader:
    """Reads blocks for the calls of our programs and, where the mint of IO is known, of the token program."""

    def __init__(self, io_mint: str | None) -> None:
        self._io_mint = io_mint
        self._number = {program.text: number for number, program in enumerate(PROGRAMS)}
        self._watched = frozenset(self._number) | ({io_mint} if io_mint else frozenset())

    def read(self, blocks: Sequence[tuple[int, Block]]) -> Calls:
        """The calls in blocks, given with their slots. Raises `IncompleteBlock`."""
        calls = Calls()
        for slot, block in blocks:
            calls.count += len(block.transactions)
            places = block.places or range(len(block.transactions))
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
        found = self._watched.intersection(keys)
        if not found:
            return
        if meta is None:
            raise IncompleteBlock(f"the node keeps no outcome of transactions in slot {slot}")
        if meta.err is not None:
            return
        if meta.inner is None:
            raise IncompleteBlock(f"the node keeps no inner instructions in slot {slot}")
        try:
            self._instructions(calls, len(calls.keys), message, meta.inner, keys, found)
        except IndexError as error:
            raise IncompleteBlock(f"the node wrote a transaction in slot {slot} that lacks keys") from error
        calls.keys.append(keys)
        calls.slots.append(slot)
        calls.indexes.append(place)
        calls.signatures.append(transaction.transaction.signatures[0])

    def _instructions(
        self,
        calls: Calls,
        number: int,
        message: Message,
        inner: list[InnerCalls],
        keys: list[str],
        found: Set[str],
    ) -> None:
        ours: dict[int, _Ours | _Token] = {}
        for key in found:
            if key == self._io_mint:
                if _TOKEN_PROGRAM in keys:
                    ours[keys.index(_TOKEN_PROGRAM)] = _TOKEN
            else:
                ours[keys.index(key)] = _Ours(self._number[key], keys)
        groups = {group.index: group.instructions for group in inner}
        for top, call in enumerate(message.instructions):
            known = ours.get(call.program)
            if known is not None and known.has_records:
                known.take(calls, number, top << 16, call, OTHER)
            group = groups.pop(top, None)
            if group:
                _inner(calls, number, top, call.program, group, ours)
        if groups:
            raise IncompleteBlock(f"the node wrote calls within an instruction {min(groups)} that is not there")


def _inner(
    calls: Calls, number: int, top: int, program: int, group: list[Call], ours: dict[int, _Ours | _Token]
) -> None:
    """Every call that grew from one top-level instruction, of the program at `program` in the keys."""
    stack = [program]  # of programs, from height 1
    for path, call in enumerate(group, (top << 16) + 1):
        height, program = call.height, call.program
        if height is None:
            caller = -1
        elif 2 <= height <= len(stack) + 1:
            caller = stack[height - 2]
            stack[height - 1 :] = (program,)
        else:
            raise IncompleteBlock(f"the node wrote a call at height {height} that nobody at {height - 1} made")
        known = ours.get(program)
        if known is None:
            continue
        if caller == program and known.is_event(call.accounts):
            known.take(calls, number, path, call, ITSELF)
        elif caller == -1:
            known.take(calls, number, path, call, UNKNOWN)
        elif known.has_records:
            known.take(calls, number, path, call, OTHER)


class _Ours:
    """One of our programs, as a transaction names it."""

    __slots__ = ("_authority", "_keys", "has_records", "number")

    def __init__(self, number: int, keys: list[str]) -> None:
        self.number = number
        self.has_records = PROGRAMS[number].name in _WITH_RECORDS
        authority = PROGRAMS[number].event_authority
        self._keys = keys
        self._authority = [keys.index(authority)] if authority in keys else None

    def is_event(self, accounts: list[int]) -> bool:
        """Whether these are the accounts of `emit_cpi!`."""
        if accounts == self._authority:
            return True
        return len(accounts) == 1 and self._keys[accounts[0]] == PROGRAMS[self.number].event_authority

    def take(self, calls: Calls, number: int, path: int, call: Call, caller: int) -> None:
        """Notes a call."""
        calls.texts.append(call.data)
        calls.paths.append(path)
        calls.transactions.append(number)
        calls.programs.append(self.number)
        calls.callers.append(caller)
        calls.accounts.append(call.accounts)


class _Token:
    """The token program, in a transaction that names IO."""

    has_records = True

    def is_event(self, accounts: list[int]) -> bool:
        """Never."""
        return False

    def take(self, calls: Calls, number: int, path: int, call: Call, caller: int) -> None:
        """Notes a call, whoever made it."""
        calls.token.append((number, path, call.data, call.accounts))


_TOKEN: Final = _Token()
