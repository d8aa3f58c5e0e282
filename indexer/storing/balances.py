"""What accounts of the chain must hold, by the events: kept up with the replay, a batch at a time.

Each batch touches the accounts alone that its own events change, so the cost does not grow with the history. What is
kept is compared with the chain by `indexer.operation.drift`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.database.queries import sql

if TYPE_CHECKING:
    from indexer.database.db import Connection


async def update(connection: Connection, since_slot: int, until_slot: int) -> None:
    """Takes in the rows of `chain` of slots after `since_slot`, up to `until_slot`.

    To be called once for each range, in the transaction that stores these rows and moves the cursor.
    """
    for query in ("balance_update", "balance_update_actors", "balance_forget_finished"):
        await connection.execute(sql(query), since_slot, until_slot)
