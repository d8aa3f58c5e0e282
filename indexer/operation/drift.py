"""Drift: what accounts of the chain hold, compared with what the events of the database add up to.

Accounts are read as they are in a final slot, in pages, and each page is compared with the database as of the very
slot that the node answered for. What differs is read again a while later: a node that serves newer accounts than it
says (as localnet does) differs once, a lost event for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Finalized
from solders.pubkey import Pubkey

from client import accounts
from client.concurrency import at_once
from client.errors import IonetError
from indexer.database.db import integer
from indexer.database.queries import sql
from indexer.node.rpc import open_rpc
from indexer.operation.held import COLLATERAL, STAKE, SUPPLY, Place, places
from indexer.storing import store
from indexer.verify.chain import genesis_supply

if TYPE_CHECKING:
    from indexer.database.db import Connection, Pool

LIMIT: Final = 10_000
"""Balances, and actors, in one look: 300 calls of a node. Those that changed come first, the others in turn."""
LOOKS: Final = 3
PAUSE_SECONDS: Final = 15.0
"""Before what differs is read again: longer than a block takes to become final."""
WAIT_SECONDS: Final = 60.0
"""For the replay, where the node is ahead of it."""
_AT_ONCE: Final = 8

Key = tuple[str, bytes]
"""A kind of balance, and whose."""


class NotCompared(IonetError):
    """The database could not be compared with the chain."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A balance that is not what it must be."""

    kind: str
    whose: str
    """The actor or job, base58; empty where there is one for the network."""
    expected: int
    """By the events; base units, or epochs."""
    found: int | None
    """On the chain, or counted again; None where there is no account."""
    slot: int

    def __str__(self) -> str:
        whose = f" {self.whose}" if self.whose else ""
        found = "there is no account" if self.found is None else f"found {self.found}"
        return f"{self.kind}{whose}: the events say {self.expected}, {found} (slot {self.slot})"


@dataclass(frozen=True, slots=True)
class Drift:
    """What one comparison found."""

    slot: int
    """The newest slot as of which something was compared."""
    compared: int
    differences: tuple[Difference, ...]
    gifts: Mapping[str, int]
    """What accounts hold beyond what they must, base units by kind: strangers may give to them."""
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything was as it must be."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class _Seen:
    """A balance as both sides had it in one slot."""

    key: Key
    slot: int
    expected: int
    surplus: int
    """That was known before."""
    found: int | None
    is_exact: bool

    @property
    def ok(self) -> bool:
        if self.found is None or self.is_exact:
            return self.expected == (self.found or 0)
        return self.found - self.expected >= self.surplus

    def difference(self) -> Difference:
        kind, whose = self.key
        expected = self.expected if self.is_exact else self.expected + self.surplus
        return Difference(kind, str(Pubkey.from_bytes(whose)) if whose else "", expected, self.found, self.slot)


@dataclass(frozen=True, slots=True)
class _Page:
    """Accounts as a node showed them after one slot; None where there is none."""

    slot: int
    found: Mapping[Key, bytes | None]


async def compare(
    pool: Pool,
    client: AsyncClient,
    rpc_url: str,
    *,
    limit: int = LIMIT,
    looks: int = LOOKS,
    pause_seconds: float = PAUSE_SECONDS,
    wait_seconds: float = WAIT_SECONDS,
    replay: Callable[[], Awaitable[object]] | None = None,
) -> Drift:
    """Compares up to `limit` balances and as many actors, and keeps the result.

    `replay` brings the database up to the node; None: that is done elsewhere meanwhile. Raises `NotCompared` where
    there is nothing to compare, or the replay does not come; `NodeUnavailable`, `DatabaseUnavailable`.
    """
    io_mint = await store.io_mint(pool)
    if io_mint is None:
        raise NotCompared("the network has not begun, as far as the chain was replayed: there is nothing to compare")
    notes = []
    async with open_rpc(rpc_url) as rpc:
        genesis = await genesis_supply(pool, rpc, io_mint)
    if genesis is None:
        notes.append("supply not compared: the node has no history of the mint from before the emission")
    where = places(io_mint)
    wanted = [key for key in await _wanted(pool, limit) if genesis is not None or key[0] != SUPPLY]
    looking, right, wrong, slot = wanted, list[_Seen](), list[_Seen](), 0
    for look in range(looks):
        if look:
            await asyncio.sleep(pause_seconds)
        pages = await _fetch(client, where, looking)
        slot = max([slot, *(page.slot for page in pages)])
        if replay is not None:
            await replay()
        await _wait_for(pool, slot, wait_seconds)
        seen = await _expected(pool, where, pages, genesis or 0)
        right += [one for one in seen if one.ok]
        wrong = [one for one in seen if not one.ok]
        looking = [one.key for one in wrong]
        if not looking:
            break
    gifts: dict[str, int] = {}
    for one in right:
        if not one.is_exact and one.found is not None and one.found > one.expected:
            gifts[one.key[0]] = gifts.get(one.key[0], 0) + one.found - one.expected
    drift = Drift(slot, len(wanted), tuple(one.difference() for one in wrong), gifts, tuple(notes))
    await _keep(pool, drift, right)
    return drift


async def recount(pool: Pool) -> list[Difference]:
    """Balances that are not what all events add up to once more. Reads the whole history."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        cursor = await store.cursor(connection)
        if cursor is None:
            return []
        slot = cursor.position.slot
        rows = [
            row
            for query in ("balance_recount", "balance_recount_actors")
            for row in await connection.fetch(sql(query), slot)
        ]
    return [
        Difference(
            f"{row['kind']}, counted again",
            str(Pubkey.from_bytes(row["whose"])) if row["whose"] else "",
            integer(row["kept"]),
            integer(row["counted"]),
            slot,
        )
        for row in rows
    ]


async def _wanted(pool: Pool, limit: int) -> list[Key]:
    balances = await pool.fetch(sql("balance_wanted"), limit)
    actors = await pool.fetch(sql("balance_wanted_actors"), limit)
    return [
        *((row["kind"], row["whose"]) for row in balances),
        *((kind, row["actor"]) for row in actors for kind in (COLLATERAL, STAKE)),
    ]


async def _fetch(client: AsyncClient, where: Mapping[str, Place], wanted: Sequence[Key]) -> list[_Page]:
    """Each account once, so that what stands in one is of one slot."""
    by_address: dict[bytes, list[Key]] = {}
    for kind, whose in wanted:
        by_address.setdefault(bytes(where[kind].address(whose)), []).append((kind, whose))
    listed = list(by_address)

    async def page(addresses: Sequence[bytes]) -> _Page:
        answer = await client.get_multiple_accounts([Pubkey.from_bytes(raw) for raw in addresses], Finalized)
        data = [None if value is None else bytes(value.data) for value in answer.value]
        found = {key: raw for address, raw in zip(addresses, data, strict=True) for key in by_address[address]}
        return _Page(answer.context.slot, found)

    starts = range(0, len(listed), accounts.MANY)
    return await at_once((partial(page, listed[start : start + accounts.MANY]) for start in starts), _AT_ONCE)


async def _wait_for(pool: Pool, slot: int, seconds: float) -> None:
    waited, step = 0.0, 0.5
    while True:
        cursor = await store.cursor(pool)
        at = cursor.position.slot if cursor else 0
        if at >= slot:
            return
        if waited >= seconds:
            raise NotCompared(
                f"the node shows accounts of slot {slot}, the replay stands at {at}: nothing was compared. "
                "Try again once it has come there (`ionet indexer replay`)"
            )
        await asyncio.sleep(step)
        waited += step


async def _expected(pool: Pool, where: Mapping[str, Place], pages: Sequence[_Page], genesis: int) -> list[_Seen]:
    """Each balance of the pages beside what it must be as of its page's slot, all from one moment of the database."""
    seen: list[_Seen] = []
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        cursor = await store.cursor(connection)
        at = cursor.position.slot if cursor else 0
        for page in pages:
            for key, (expected, surplus) in (await as_of(connection, list(page.found), page.slot, at)).items():
                place, data = where[key[0]], page.found[key]
                if key[0] == SUPPLY:
                    expected += genesis
                try:
                    found = None if data is None else place.read(data)
                except accounts.NotAnAccount:
                    found = None
                seen.append(_Seen(key, page.slot, expected, surplus, found, place.is_exact))
    return seen


async def as_of(connection: Connection, keys: Sequence[Key], slot: int, at: int) -> dict[Key, tuple[int, int]]:
    """What must be held after a slot, and what was known to be held beyond it; the cursor stands at slot `at`."""
    actors = {whose for kind, whose in keys if kind in (COLLATERAL, STAKE)}
    others = [key for key in keys if key[0] not in (COLLATERAL, STAKE)]
    kinds, owners = [kind for kind, _ in others], [whose for _, whose in others]
    found = {
        (row["kind"], row["whose"]): (integer(row["amount"]), integer(row["surplus"]))
        for row in await connection.fetch(sql("balance_as_of"), kinds, owners, slot, at)
    }
    for row in await connection.fetch(sql("balance_as_of_actors"), sorted(actors), slot):
        for kind, name in ((COLLATERAL, "collateral"), (STAKE, "stake")):
            if (kind, row["actor"]) in keys:
                found[kind, row["actor"]] = integer(row[name]), 0
    return found


async def _keep(pool: Pool, drift: Drift, right: Sequence[_Seen]) -> None:
    balances = [one for one in right if one.key[0] not in (COLLATERAL, STAKE)]
    wrong = {difference.whose for difference in drift.differences}
    actors = {one.key[1]: one.slot for one in right if one.key[0] in (COLLATERAL, STAKE)}
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            sql("balance_compared"),
            [one.key[0] for one in balances],
            [one.key[1] for one in balances],
            [one.slot for one in balances],
            [0 if one.is_exact else (one.found or 0) - one.expected for one in balances],
        )
        listed = [(actor, slot) for actor, slot in actors.items() if str(Pubkey.from_bytes(actor)) not in wrong]
        await connection.execute(
            sql("balance_compared_actors"), [actor for actor, _ in listed], [slot for _, slot in listed]
        )
        await connection.execute(
            "INSERT INTO indexer.drift (slot, compared, differences) VALUES ($1, $2, $3)",
            *(drift.slot, drift.compared, [str(difference) for difference in drift.differences]),
        )
