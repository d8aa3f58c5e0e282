"""What scores are computed from, kept up with the replay, for those actors alone whom new rows touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from client.economics import SECONDS_PER_HOUR
from indexer.database.queries import sql

if TYPE_CHECKING:
    from indexer.database.db import Connection


async def update(connection: Connection, since_slot: int, until_slot: int) -> None:
    """Takes the rows of `chain` after `since_slot` and up to `until_slot` into `indexer.actor` and `indexer.work_part`.

    To be called once for each, in the transaction that stores them: what is added twice counts twice.
    """
    # The planner's statistics lag behind the newest slots, which look empty to it. So it is told: new rows, which may
    # be many, are joined with one another by hashes; actors that they touch are found by key, not by reading all.
    await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_nestloop = off")
    await connection.execute(sql("aggregate_actors"), since_slot, until_slot)
    await connection.execute(
        "SET LOCAL enable_nestloop = on; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
    )
    for query in ("aggregate_collateral", "aggregate_earners"):
        await connection.execute(sql(query), since_slot, until_slot)
    await connection.execute(sql("aggregate_work"), since_slot, until_slot, SECONDS_PER_HOUR)
    await connection.execute(
        "SET LOCAL plan_cache_mode = DEFAULT; SET LOCAL enable_hashjoin = DEFAULT; "
        "SET LOCAL enable_mergejoin = DEFAULT; SET LOCAL enable_nestloop = DEFAULT"
    )
