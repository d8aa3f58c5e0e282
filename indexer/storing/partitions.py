"""Partitions by slot of the tables that grow with every minute, and their retention."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from indexer.database.db import Connection, Pool

SLOTS: Final = 432_000
"""Of one partition: two days, an epoch of Solana's own."""
PRUNED: Final = ("challenge_committed", "challenge_recorded", "price_submitted", "transaction")
"""What was observed: nothing is computed from it any more once its epoch is closed. `ionet verify` wants it."""
PARTITIONED: Final = (*PRUNED, "score_posted")
"""Scores stay: a draw of the router's, as of any slot, repeats from them."""


async def create(connection: Connection, slots: Iterable[int]) -> None:
    """Makes the partitions that rows of these slots go to, where they are not there.

    A partition is made apart and then attached, which stops nobody who reads.
    """
    for number in sorted({slot // SLOTS for slot in slots}):
        made = {name for (name,) in await connection.fetch(_MADE, [_name(table, number) for table in PARTITIONED])}
        for table in PARTITIONED:
            name = _name(table, number)
            if name not in made:
                await connection.execute(f"CREATE TABLE partition.{name} (LIKE chain.{table} INCLUDING DEFAULTS)")
                await connection.execute(
                    f"ALTER TABLE chain.{table} ATTACH PARTITION partition.{name} "
                    f"FOR VALUES FROM ({number * SLOTS}) TO ({(number + 1) * SLOTS})"
                )


async def drop(connection: Connection, before_slot: int) -> list[str]:
    """Drops whole partitions of what was observed before `before_slot`; their names.

    It is to be called in a transaction. Waits for those who read the tables.
    """
    dropped = []
    for table in PRUNED:
        names = {name for (name,) in await connection.fetch(_OF_TABLE, f"{table}\\_%")}
        for number in range(before_slot // SLOTS):
            name = _name(table, number)
            if name in names:
                await connection.execute(f"ALTER TABLE chain.{table} DETACH PARTITION partition.{name}")
                await connection.execute(f"DROP TABLE partition.{name}")
                dropped.append(name)
    if dropped:
        await connection.execute(
            "INSERT INTO indexer.retention (first_slot) VALUES ($1) "
            "ON CONFLICT (id) DO UPDATE SET first_slot = greatest(retention.first_slot, excluded.first_slot)",
            before_slot // SLOTS * SLOTS,
        )
    return dropped


async def first_slot(connection: Connection | Pool) -> int:
    """The first slot of which everything is kept; 0 where nothing was dropped."""
    return int(await connection.fetchval("SELECT coalesce(max(first_slot), 0) FROM indexer.retention"))


_MADE: Final = (
    "SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    "WHERE n.nspname = 'partition' AND c.relname = ANY($1)"
)
_OF_TABLE: Final = (
    "SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    "WHERE n.nspname = 'partition' AND c.relkind = 'r' AND c.relname LIKE $1"
)


def _name(table: str, number: int) -> str:
    return f"{table}_{number:05}"
