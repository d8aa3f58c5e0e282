"""What scores are computed from, kept up with the replay, for those actors alone whom new rows touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from client.economics import SECONDS_PER_HOUR
from indexer.queries import sql

if TYPE_CHECKING:
    from indexer.db import Connection


async def update(connection: Connection, since_slot: int, until_slot: int) -> None:
    """Takes the rows of `chain` after `since_slot` and up to `until_slot` into `indexer.actor` and `indexer.work`.

    To be called once for each, in the transaction that stores them: what is added twice counts twice.
    """
    await connection.execute(sql("aggregate_actors"), since_slot, until_slot)
    # Actors are found by their key. The planner's statistics lag behind the newest slots, and without them it would
    # rather read every actor there is.
    await connection.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
    await connection.execute(sql("aggregate_collateral"), since_slot, until_slot)
    await connection.execute(sql("aggregate_earners"), since_slot, until_slot)
    await connection.execute("SET LOCAL enable_hashjoin = DEFAULT; SET LOCAL enable_mergejoin = DEFAULT")
    await connection.execute(sql("aggregate_work"), since_slot, until_slot, SECONDS_PER_HOUR)
