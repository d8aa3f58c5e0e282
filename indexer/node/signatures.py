"""The road by signatures, for public nodes with rate limits: only what names our programs, or the mint of IO.

The chain is read in windows of slots, oldest first. Of each, every address is listed (`indexer.node.listing`), each
transaction is looked up and placed in its block, and what two lists and the transactions say must agree. The blocks
have only those transactions; rows, digests and cursor that come of them are those of the road slot by slot. A window
ends with the block of its last slot, so that the cursor moves over what was scanned and found empty.

Nobody can tell by these lists that a node leaves out, on every page, a transaction that only one of them would have:
for a node that is not trusted so far, there is the other road.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Final

from client.concurrency import at_once
from indexer.decoding import layouts
from indexer.decoding.blocks import Block, Header, Listed, Located, Position, SparseBlock, Transaction
from indexer.decoding.decode import Decoder
from indexer.errors import ChainMismatch, NodeUnavailable
from indexer.node.listing import listed
from indexer.node.prefetch import in_order
from indexer.node.rpc import CONNECTIONS, Rpc
from indexer.node.slots import listed_slots

FEW: Final = 32
"""Of more transactions in a block the whole block is fetched: one call in the place of so many."""
HELD: Final = 200_000
"""Entries of lists in one window, some 100 MB: a window with more is halved, unless it is one slot."""
FIRST_WINDOW: Final = 2_000
_LONGEST_WINDOW: Final = 100_000
"""Slots."""
_WITNESSES: Final = 50
"""Entries among which one must be that was just before."""
_NEXT: Final = 64
"""Slots asked for at once where one with a block is sought."""

Found = dict[int, dict[str, set[str]]]
"""By slot and signature: the addresses whose lists have it."""


class _TooMuch(Exception):
    """A window has more than can be held."""


@dataclass(frozen=True, slots=True)
class _Window:
    """Slots that are scanned together."""

    first: int
    last: int
    after_it: tuple[Listed, Listed] | None
    """Two of later blocks, one after the other: lists begin at the second. None: they begin at the tip."""


class Signatures:
    """getSignaturesForAddress of each address, getTransaction of what it lists, getBlock for the order."""

    def __init__(self, rpc: Rpc, *, first_slot: int = 0, io_mint: str | None = None) -> None:
        self._rpc = rpc
        self._first_slot = first_slot
        self._io_mint = io_mint
        self._programs = layouts.programs()
        self._size = FIRST_WINDOW

    async def blocks(self, after: Position | None, until_slot: int) -> AsyncGenerator[tuple[int, Block], None]:
        """Blocks with what names us alone, and the last of each window: see `Source`."""
        tip = await self._rpc.slot()
        until = min(until_slot, tip)
        first = self._first_slot if after is None else after.slot + 1
        if first > until:
            return
        if after is not None:
            await self._check_stands(after)
        while first <= until:
            window = await self._window(first, until, tip)
            try:
                found = await self._scan(window, tip)
            except _TooMuch:
                self._size = max((window.last - first + 1) // 2, 1)
                continue
            done = window.last
            async with aclosing(self._read(window, found)) as blocks:
                async for slot, block in blocks:
                    if self._io_mint is None and self._learns_mint(slot, block):
                        # From here on the mint's list counts too, and it was not read.
                        done = slot - 1
                        break
                    yield slot, block
            first = done + 1
            self._adapt(sum(map(len, found.values())))

    async def _check_stands(self, after: Position) -> None:
        header = await self._rpc.header(after.slot)
        if header.blockhash != after.blockhash:
            raise ChainMismatch(
                f"fork: the node at {self._rpc.url} has the block {header.blockhash} in slot {after.slot}, not "
                f"{after.blockhash} that was read. Nothing after it was taken; give a node of the same chain by --url"
            )

    async def _window(self, first: int, until: int, tip: int) -> _Window:
        """Slots from `first` on, up to `until`, and where its lists begin."""
        last = min(first + self._size - 1, until)
        later: list[Listed] = []
        async with aclosing(listed_slots(self._rpc, last + 1, tip, at_once=_NEXT)) as slots:
            async for slot in slots:
                header = await self._rpc.header(slot, signatures=True)
                later += [Listed(signature, slot) for signature in header.signatures[:2]]
                if len(later) > 1:
                    return _Window(first, last, (later[0], later[1]))
        return _Window(first, last, None)

    async def _scan(self, window: _Window, tip: int) -> Found:
        """Every transaction in a window that names one of the addresses. Raises `_TooMuch`."""
        newest = await self._begin(window, tip)
        found: Found = {}
        held = 0

        async def scan(address: str) -> None:
            nonlocal held
            entries = listed(self._rpc, address, first_slot=window.first, newest=newest, min_slot=tip)
            async with aclosing(entries):
                async for entry in entries:
                    if entry.slot <= window.last and entry.err is None:
                        found.setdefault(entry.slot, {}).setdefault(entry.signature, set()).add(address)
                        held += 1
                        if held > HELD and window.last > window.first:
                            raise _TooMuch

        await at_once((partial(scan, address) for address in self._addresses()), CONNECTIONS)
        return found

    async def _begin(self, window: _Window, tip: int) -> Listed | None:
        """Where the lists of a window begin: see `listed`.

        A node may have blocks whose transactions it cannot find yet, and lists nothing before what it cannot find. So
        the newest one must be there; and before the one at which the lists begin, its payer's list has the one before.
        """
        if window.after_it is None:
            slot = await self._newest(window)
            header = None if slot is None else await self._rpc.header(slot, signatures=True)
            if slot is not None and header is not None and header.signatures:
                await self._indexed(Listed(header.signatures[-1], slot))
            return None
        witness, newest = window.after_it
        payer = (await self._indexed(witness)).transaction.message.keys[0]
        page = await self._rpc.signatures(payer, before=newest.signature, limit=_WITNESSES, min_slot=tip)
        if all(entry.signature != witness.signature for entry in page):
            raise self._not_indexed(newest)
        return newest

    async def _indexed(self, wanted: Listed) -> Located:
        located = await self._rpc.located(wanted.signature)
        if located is None:
            raise self._not_indexed(wanted)
        if located.slot != wanted.slot:
            raise self._contradiction(wanted.signature, f"in slot {wanted.slot}", f"in slot {located.slot}")
        return located

    def _not_indexed(self, wanted: Listed) -> NodeUnavailable:
        return NodeUnavailable(
            f"the node at {self._rpc.url} does not find the transaction {wanted.signature} of slot {wanted.slot}, "
            "which is in its block: it has not indexed it yet. Nothing was skipped: run this again, or read slot by "
            "slot"
        )

    async def _newest(self, window: _Window) -> int | None:
        """The last slot of a window that has a block."""
        for first in (max(window.first, window.last - _NEXT), window.first):
            slots = [slot async for slot in listed_slots(self._rpc, first, window.last)]
            if slots:
                return slots[-1]
        return None

    async def _read(self, window: _Window, found: Found) -> AsyncGenerator[tuple[int, Block], None]:
        """The blocks of what was found, and the last one of the window."""

        async def slots() -> AsyncGenerator[int, None]:
            for slot in sorted(found):
                yield slot
            newest = await self._newest(window)
            if newest is not None and newest not in found:
                yield newest

        async with aclosing(in_order(slots(), lambda slot: self._block(slot, found.get(slot, {})))) as blocks:
            async for slot, block in blocks:
                yield slot, block

    async def _block(self, slot: int, wanted: Mapping[str, set[str]]) -> Block:
        if len(wanted) > FEW:
            return await self._whole(slot, wanted)
        header = await self._rpc.header(slot, signatures=bool(wanted))
        places = {signature: place for place, signature in enumerate(header.signatures)}
        for signature in wanted:
            if signature not in places:
                raise self._contradiction(signature, f"in slot {slot}", "not in its block")
        order = sorted(wanted, key=places.__getitem__)
        calls = (partial(self._transaction, slot, signature, wanted[signature]) for signature in order)
        transactions = await at_once(calls, FEW)
        for signature, transaction in zip(order, transactions, strict=True):
            if transaction.place not in (None, places[signature]):
                raise self._contradiction(
                    signature, f"as number {places[signature]} of slot {slot}", f"as number {transaction.place}"
                )
        return _sparse(header, transactions, [places[signature] for signature in order])

    async def _whole(self, slot: int, wanted: Mapping[str, set[str]]) -> Block:
        block = await self._rpc.block(slot)
        named = {
            transaction.transaction.signatures[0]: self._named(transaction)
            for transaction in block.transactions
            if transaction.meta is not None and transaction.meta.err is None
        }
        for signature in wanted:
            if signature not in named:
                raise self._contradiction(signature, f"in slot {slot}", "not in its block, or failed there")
        for signature, addresses in named.items():
            self._check_lists(signature, addresses, wanted.get(signature, set()))
        return block

    async def _transaction(self, slot: int, signature: str, lists: set[str]) -> Located:
        located = await self._rpc.located(signature)
        if located is None:
            raise ChainMismatch(
                f"the node at {self._rpc.url} lists the transaction {signature} and does not have it. Nothing was "
                "skipped; give a node with the full history by --url"
            )
        if located.slot != slot:
            raise self._contradiction(signature, f"in slot {slot}", f"in slot {located.slot}")
        if located.transaction.signatures[0] != signature:
            raise self._contradiction(signature, "there", f"to be {located.transaction.signatures[0]}")
        if located.meta is not None and located.meta.err is not None:
            raise self._contradiction(signature, "as done", "as failed")
        self._check_lists(signature, self._named(located), lists)
        return located

    def _check_lists(self, signature: str, named: set[str], lists: set[str]) -> None:
        for address in sorted(named ^ lists):
            says = ("not in", "in") if address in named else ("in", "not in")
            raise self._contradiction(
                signature, f"{says[0]} the list of {address}", f"with that address {says[1]} its accounts"
            )

    def _addresses(self) -> list[str]:
        return [*self._programs, *([] if self._io_mint is None else [self._io_mint])]

    def _named(self, transaction: Transaction) -> set[str]:
        loaded = transaction.meta.loaded if transaction.meta else None
        keys = [*transaction.transaction.message.keys, *((loaded.writable + loaded.readonly) if loaded else ())]
        return set(self._addresses()).intersection(keys)

    def _learns_mint(self, slot: int, block: Block) -> bool:
        emission = layouts.program("emission").text
        if any(emission in self._named(transaction) for transaction in block.transactions):
            decoder = Decoder()
            decoder.block(slot, block)
            self._io_mint = decoder.io_mint
        return self._io_mint is not None

    def _adapt(self, held: int) -> None:
        if held < HELD // 8:
            self._size = min(self._size * 2, _LONGEST_WINDOW)
        elif held > HELD // 2:
            self._size = max(self._size // 2, 1)

    def _contradiction(self, signature: str, said: str, found: str) -> ChainMismatch:
        return ChainMismatch(
            f"the node at {self._rpc.url} contradicts itself: it shows the transaction {signature} {said}, and then "
            f"{found}. Nothing after the last scanned slot was taken; run this again, read slot by slot, or give "
            "another --url"
        )


def _sparse(header: Header, transactions: list[Located], places: list[int]) -> Block:
    return SparseBlock(
        blockhash=header.blockhash,
        previous_blockhash=header.previous_blockhash,
        parent_slot=header.parent_slot,
        time=header.time,
        transactions=list[Transaction](transactions),
        places=places,
    )
