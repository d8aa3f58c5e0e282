"""Whether what the database says of the chain is new and true enough to act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Finalized

from client.rpc import url_of
from indexer.errors import PublishRefused
from indexer.operation import alarms
from indexer.storing import store

if TYPE_CHECKING:
    from indexer.database.db import Connection, Pool

MAX_LAG_SLOTS: Final = 150
"""A replay that is further behind than this (a minute) may not know what it settles."""


async def require_current(client: AsyncClient, pool: Pool) -> int:
    """The slot up to which the chain was replayed.

    Raises `PublishRefused` where it is behind the node, the node is behind it, something was not understood, or an
    alarm is open that says that the database may be wrong.
    """
    tip = (await client.get_slot(Finalized)).value
    cursor = await store.cursor(pool)
    if cursor is None:
        raise PublishRefused("nothing was replayed yet: nothing is done before `ionet indexer replay`")
    slot = cursor.position.slot
    if slot > tip:
        raise PublishRefused(
            f"the node at {url_of(client)} is {slot - tip} slots behind what was replayed: nothing is done before it "
            "has caught up; or name another by --url"
        )
    if tip - slot > MAX_LAG_SLOTS:
        raise PublishRefused(f"the replay is {tip - slot} slots behind: nothing is done before `ionet indexer replay`")
    await require_understood(pool)
    stopping = [str(alarm) for alarm in await alarms.open(pool) if alarm.stops]
    if stopping:
        raise PublishRefused(f"nothing is done while an alarm is open: {'; '.join(stopping)}")
    return slot


async def require_understood(connection: Connection | Pool) -> None:
    """Raises `PublishRefused` where our own programs said something that was not understood."""
    waiting = await connection.fetchval("SELECT count(*) FROM indexer.quarantine")
    if waiting:
        raise PublishRefused(
            f"{waiting} of our programs' own messages are in quarantine, not understood: see `ionet indexer status`; "
            "an indexer that knows them has to replay into a new database"
        )
