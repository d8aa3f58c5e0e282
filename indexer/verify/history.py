"""Every event and record in chain order: from the database up to its cursor, then from the node itself."""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from client.economics import ArithmeticRefused
from indexer.decoding import tables
from indexer.decoding.decode import Decoder
from indexer.errors import VerifyRefused
from indexer.node.rpc import Rpc
from indexer.node.slots import Slots
from indexer.storing import partitions, store
from indexer.verify.auction import AuctionLedger
from indexer.verify.emission import EmissionLedger
from indexer.verify.jobs import JobLedger
from indexer.verify.oracle import OracleLedger
from indexer.verify.report import Checks
from indexer.verify.staking import StakingLedger
from indexer.verify.supply import SupplyLedger

if TYPE_CHECKING:
    from indexer.database.db import Connection

Event = Mapping[str, Any]
Place = tuple[int, ...]

_RECORDS_LAST: Final = 1 << 30
"""Item of an event, so that it can be compared with rows of records."""
_BLOCK_FIRST: Final = -1
"""Place of a block before everything in it."""


class History:
    """The ledgers, and who of them hears what."""

    def __init__(self, target: int = 0, checks: Checks | None = None) -> None:
        self.checks = checks or Checks()
        self.supply = SupplyLedger(self.checks)
        self.oracle = OracleLedger(self.checks)
        self.staking = StakingLedger(self.checks)
        self.emission = EmissionLedger(self.checks, self.supply, self.staking, target)
        self.jobs = JobLedger(self.checks, self.staking, self.emission)
        self.auction = AuctionLedger(self.checks)
        self._now = 0
        self._hearers: dict[str, list[Callable[[Event], None]]] = {}
        for ledger in (self.supply, self.oracle, self.staking, self.emission, self.jobs, self.auction):
            for table in tables.names():
                hearer = getattr(ledger, table, None)
                if callable(hearer):
                    self._hearers.setdefault(table, []).append(hearer)

    async def replay(self, connection: Connection) -> None:
        """Everything in the database, inside of a transaction that shows one moment of it.

        Raises `VerifyRefused` where a part of it was dropped.
        """
        first = await partitions.first_slot(connection)
        if first:
            raise VerifyRefused(
                f"what was observed before slot {first} was dropped (`--keep-epochs`), and everything follows from all "
                "of it: replay into another --database, and verify there"
            )
        async for table, event in _merged(connection, tuple(self._hearers)):
            self._tell(table, event)

    async def follow(
        self, rpc: Rpc, cursor: store.Cursor, io_mint: str | None, until: int
    ) -> AsyncGenerator[int, None]:
        """Everything after the cursor that is confirmed, up to the slot `until`: each slot, once it was heard."""
        decoder = Decoder(io_mint)
        fetch = partial(rpc.block, commitment="confirmed")
        async for slot, block in Slots(rpc, fetch, commitment="confirmed").blocks(cursor.position, until):
            decoded = decoder.block(slot, block)
            head = decoded.blocks[0]
            rows = {**decoded.rows, "block": [(slot, head.time, head.blockhash, b"")]}
            events = [
                (_place(event), table, event)
                for table in self._hearers
                for event in (dict(zip(tables.columns(table), row, strict=True)) for row in rows.get(table, ()))
            ]
            for _, table, event in sorted(events, key=lambda entry: entry[:2]):
                self._tell(table, event)
            yield slot

    def finish(self) -> None:
        """To be called once everything was heard."""
        self.supply.finish()
        self.jobs.finish()

    def _tell(self, table: str, event: Event) -> None:
        if table == "block":
            self._now = event["time"]
        elif "at" in event:
            self.checks.equal("time of an event", f"slot {event['slot']}, {table}", self._now, event["at"])
        for hearer in self._hearers[table]:
            try:
                hearer(event)
            except (ArithmeticRefused, LookupError) as impossible:
                what = f"{table} in slot {event['slot']}, transaction {event['tx_index']}"
                reason = f"{type(impossible).__name__}: {impossible}"
                self.checks.equal("events that can be, after those before", what, "possible", reason)


def _place(event: Event) -> Place:
    first = _BLOCK_FIRST
    return event["slot"], event.get("tx_index", first), event.get("path", first), event.get("item", _RECORDS_LAST)


async def _merged(connection: Connection, wanted: tuple[str, ...]) -> AsyncIterator[tuple[str, Event]]:
    """Rows of several tables in the order of their places. At most a page of each is in memory."""
    cursors = []
    for table in wanted:
        order = ", ".join(name for name in ("slot", "tx_index", "path", "item") if name in tables.columns(table))
        # Table and columns are names of ours, not anybody's text.
        rows = connection.cursor(f"SELECT * FROM chain.{table} ORDER BY {order}", prefetch=1_000)  # noqa: S608
        cursors.append(aiter(rows))
    heap: list[tuple[Place, int, Event]] = []
    for number, cursor in enumerate(cursors):
        await _push(heap, number, cursor)
    while heap:
        _, number, event = heap[0]
        yield wanted[number], event
        heapq.heappop(heap)
        await _push(heap, number, cursors[number])


async def _push(heap: list[tuple[Place, int, Event]], number: int, cursor: Any) -> None:
    row = await anext(cursor, None)
    if row is not None:
        event = {name: int(value) if isinstance(value, Decimal) else value for name, value in row.items()}
        heapq.heappush(heap, (_place(event), number, event))
