"""From raw blocks to rows: `emit_cpi!` events of our programs, records in their instructions, changes of IO's supply.

An event is an inner instruction that a program sent to itself: its program is one of ours, its parent in the
invocation tree is the same program, its one account is that program's event authority, and its data begins with
Anchor's event tag. Nobody else can make one: the program refuses any that its own authority did not sign. Whatever
only looks like it (a foreign program, another parent, a log line) is nothing. What *is* one of ours and cannot be
read goes to quarantine, which stops publishing: our own program said something that we do not understand.

Rows are ordered by (slot, place of the transaction in its block, path, item). `path` is `top << 16 | inner + 1` for
the inner call number `inner` of the top-level instruction number `top`, and `top << 16` for that itself.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import based58

from client import idl
from indexer import layouts
from indexer.blocks import Block, Call, InnerCalls, Transaction
from indexer.errors import IncompleteBlock
from indexer.layouts import EVENT_TAG, EventLayout, Malformed, ProgramLayout

Row = tuple[Any, ...]

TOKEN_PROGRAM: Final = str(idl.TOKEN_PROGRAM)
_MINT_TO: Final = {7, 14}
_BURN: Final = {8, 15}
"""Tags of SPL Token's instructions, plain and checked; accounts are (mint, to, …) and (from, mint, …)."""
_BATCH: Final = b"\xff"

_PLACE: Final = struct.Struct("<III")
"""Of a block's content: place of the transaction, path, length of what follows."""
_COMMIT: Final = struct.Struct("<IH32s")
"""Arguments of commit_challenge: epoch, round, commitment."""


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


@dataclass(slots=True)
class DecodedBlock:
    """What one block says, ready to be stored."""

    slot: int
    parent_slot: int
    blockhash: str
    time: int
    rows: dict[str, list[Row]] = field(default_factory=dict)
    """By table; each begins with slot, tx_index, path."""
    quarantined: list[Quarantined] = field(default_factory=list)
    transactions: int = 0
    """Of any kind, failed ones too."""
    events: int = 0
    """Events, and rows of records."""
    content: bytes = b""
    """SHA-256 over everything of ours, in order; empty where there is nothing."""


@dataclass(frozen=True, slots=True)
class _Invocation:
    """One instruction in the tree of calls."""

    call: Call
    path: int
    parent: int | None
    """Place of the calling program in the keys; None at the top."""
    has_height: bool


class Decoder:
    """Decodes blocks in order. It learns from them which mint is IO, and follows its supply from then on."""

    def __init__(self, io_mint: str | None = None) -> None:
        self.io_mint = io_mint
        self._programs = layouts.programs()
        self._measurement = layouts.struct_layout("oracle", "Measurement")
        self._score = layouts.struct_layout("emission", "Score")
        oracle, emission = layouts.program("oracle").instructions, layouts.program("emission").instructions
        self._records = {
            ("oracle", oracle["commit_challenge"]): self._commit_challenge,
            ("oracle", oracle["record_challenges"]): self._record_challenges,
            ("emission", emission["post_scores"]): self._post_scores,
        }

    def block(self, slot: int, block: Block) -> DecodedBlock:
        """The rows of a block. Raises `IncompleteBlock` where the node kept too little to be sure."""
        if block.time is None:
            raise IncompleteBlock(f"the node has no time for the block of slot {slot}: use one that keeps it")
        decoded = DecodedBlock(slot, block.parent_slot, block.blockhash, block.time)
        decoded.transactions = len(block.transactions)
        content = sha256()
        for tx_index, transaction in enumerate(block.transactions):
            self._transaction(decoded, tx_index, transaction, content)
        if decoded.events or decoded.quarantined:
            decoded.content = content.digest()
        return decoded

    def transaction(self, transaction: Transaction) -> DecodedBlock:
        """The rows of a transaction on its own, as if of slot 0. Raises `IncompleteBlock`."""
        decoded = DecodedBlock(0, 0, "", 0)
        self._transaction(decoded, 0, transaction, sha256())
        return decoded

    @staticmethod
    def _keys(transaction: Transaction) -> list[str]:
        static = transaction.transaction.message.keys
        loaded = transaction.meta.loaded if transaction.meta else None
        return static + loaded.writable + loaded.readonly if loaded else static

    def _concerns_us(self, keys: list[str]) -> bool:
        return self.io_mint in keys or any(key in self._programs for key in keys)

    def _transaction(self, decoded: DecodedBlock, tx_index: int, transaction: Transaction, content: Any) -> None:
        keys, meta = self._keys(transaction), transaction.meta
        if not self._concerns_us(keys):
            return
        if meta is None:
            raise IncompleteBlock(f"the node keeps no outcome of transactions in slot {decoded.slot}")
        if meta.err is not None:
            return
        if meta.inner is None:
            raise IncompleteBlock(f"the node keeps no inner instructions in slot {decoded.slot}")
        try:
            self._instructions(decoded, tx_index, transaction, keys, meta.inner, content)
        except IndexError as error:
            raise IncompleteBlock(f"the node wrote a transaction in slot {decoded.slot} that lacks keys") from error

    def _instructions(
        self,
        decoded: DecodedBlock,
        tx_index: int,
        transaction: Transaction,
        keys: list[str],
        inner: list[InnerCalls],
        content: Any,
    ) -> None:
        signature = transaction.transaction.signatures[0]
        before = decoded.events
        for invocation in _invocations(transaction.transaction.message.instructions, inner):
            address = keys[invocation.call.program]
            program = self._programs.get(address)
            if program is None and (address != TOKEN_PROGRAM or self.io_mint is None):
                continue
            data = _bytes(invocation.call.data)
            accounts = [keys[account] for account in invocation.call.accounts]
            place = (decoded.slot, tx_index, invocation.path)
            if program is None:
                is_ours = self._supply(decoded, place, data, accounts)
            else:
                caller = None if invocation.parent is None else keys[invocation.parent]
                try:
                    is_ours = self._read(decoded, place, program, data, accounts, caller, invocation.has_height)
                except Malformed as reason:
                    is_ours = True
                    decoded.quarantined.append(Quarantined(*place, signature, program.name, str(reason), data))
            if is_ours:
                said = f"{address} {' '.join(accounts)}".encode()
                content.update(_PLACE.pack(tx_index, invocation.path, len(said)) + said + data)
        if decoded.events > before:
            decoded.rows.setdefault("transaction", []).append((decoded.slot, tx_index, signature))

    def _read(
        self,
        decoded: DecodedBlock,
        place: Row,
        program: ProgramLayout,
        data: bytes,
        accounts: list[str],
        caller: str | None,
        has_height: bool,
    ) -> bool:
        """Reads one instruction of ours. False where it is neither an event nor a record."""
        if data[:8] == EVENT_TAG:
            if not has_height:
                raise Malformed("the node does not say who called: it has no stack heights")
            if caller != program.text or accounts != [program.event_authority]:
                return False
            self._event(decoded, place, program, data)
            return True
        record = self._records.get((program.name, data[:8]))
        if record is None:
            return False
        table, rows = record(place, data[8:], accounts)
        decoded.rows.setdefault(table, []).extend(rows)
        decoded.events += len(rows)
        return True

    def _event(self, decoded: DecodedBlock, place: Row, program: ProgramLayout, data: bytes) -> None:
        event: EventLayout | None = program.events.get(data[8:16])
        if event is None:
            raise Malformed(f"{program.name} has no event {data[8:16].hex()}")
        try:
            values = event.layout.decode(data[16:])
        except Malformed as reason:
            raise Malformed(f"{event.name}: {reason}") from None
        decoded.rows.setdefault(event.table, []).append(place + values)
        decoded.events += 1
        if event.name == "EmissionInitialized":
            names = [column.name for column in event.layout.columns]
            self.io_mint = address_text(values[names.index("io_mint")])

    def _commit_challenge(self, place: Row, body: bytes, accounts: list[str]) -> tuple[str, list[Row]]:
        if len(body) < _COMMIT.size:
            raise Malformed("commit_challenge is too short")
        epoch, round_, commitment = _COMMIT.unpack_from(body)
        verifier, challenge = _verified("commit_challenge", accounts)
        return "challenge_committed", [(*place, verifier, challenge, epoch, round_, commitment)]

    def _record_challenges(self, place: Row, body: bytes, accounts: list[str]) -> tuple[str, list[Row]]:
        verifier, challenge = _verified("record_challenges", accounts)
        rows = self._vector(self._measurement, body, 32)
        return "challenge_recorded", [(*place, item, verifier, challenge, *row) for item, row in enumerate(rows)]

    def _post_scores(self, place: Row, body: bytes, accounts: list[str]) -> tuple[str, list[Row]]:
        rows = self._vector(self._score, body, 4)
        if len(accounts) < len(rows):
            raise Malformed("post_scores has fewer accounts than scores")
        epoch = int.from_bytes(body[:4], "little")
        # The program takes exactly one earner for each score, after the signers.
        earners = accounts[len(accounts) - len(rows) :]
        return "score_posted", [
            (*place, item, epoch, _bytes(earner), *row)
            for item, (earner, row) in enumerate(zip(earners, rows, strict=True))
        ]

    @staticmethod
    def _vector(layout: layouts.Layout, body: bytes, at: int) -> list[Row]:
        """The rows of a `Vec` that begins at `at`. What follows it is not read, as the program does not."""
        assert layout.struct is not None
        end = at + 4
        count = int.from_bytes(body[at:end], "little")
        if len(body) < end or count * layout.struct.size > len(body) - end:
            raise Malformed(f"{len(body)} bytes for {count} rows of {layout.struct.size}")
        return list(layout.struct.iter_unpack(body[end : end + count * layout.struct.size]))

    def _supply(self, decoded: DecodedBlock, place: Row, data: bytes, accounts: list[str]) -> bool:
        """Mints and burns of IO, whoever asked the token program for them. False where there are none."""
        rows: list[Row] = []
        for item, (part, named) in enumerate(_unbatched(data, accounts)):
            if len(part) < 9 or len(named) < 2:
                continue
            amount = int.from_bytes(part[1:9], "little")
            if part[0] in _MINT_TO and named[0] == self.io_mint:
                rows.append((*place, item, 1, amount, _bytes(named[1])))
            elif part[0] in _BURN and named[1] == self.io_mint:
                rows.append((*place, item, -1, amount, _bytes(named[0])))
        if rows:
            decoded.rows.setdefault("io_supply_changed", []).extend(rows)
            decoded.events += len(rows)
        return bool(rows)


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


def _verified(instruction: str, accounts: list[str]) -> tuple[bytes, bytes]:
    """Verifier and challenge of an instruction of the oracle's."""
    places = layouts.program("oracle").places[instruction]
    try:
        return _bytes(accounts[places["verifier"]]), _bytes(accounts[places["challenge"]])
    except IndexError:
        raise Malformed(f"{instruction} has too few accounts") from None


def _bytes(text: str) -> bytes:
    try:
        return bytes(based58.b58decode(text.encode()))
    except ValueError as error:
        raise IncompleteBlock(f"the node wrote what is no base58: {text[:60]!r}") from error


def address_text(raw: bytes) -> str:
    """An address in base58."""
    return based58.b58encode(raw).decode()


def _invocations(top_level: list[Call], inner: list[InnerCalls]) -> Iterator[_Invocation]:
    """Every instruction of a transaction in the order in which it began, with who called it."""
    groups = {group.index: group.instructions for group in inner}
    for top, call in enumerate(top_level):
        yield _Invocation(call, top << 16, None, True)
        # The program at each height of the stack, from 1.
        stack = [call.program]
        for number, called in enumerate(groups.get(top, ())):
            height = called.height
            if height is None:
                yield _Invocation(called, top << 16 | number + 1, None, False)
                continue
            if not 2 <= height <= len(stack) + 1:
                raise IncompleteBlock(f"the node wrote a call at height {height} that nobody at {height - 1} made")
            del stack[height - 1 :]
            yield _Invocation(called, top << 16 | number + 1, stack[-1], True)
            stack.append(called.program)
