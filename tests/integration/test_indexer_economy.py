"""Every instruction of the five programs, replayed and recomputed: nothing is left that only the programs know."""

from __future__ import annotations

import re

from client.rpc import connect as connect_node
from indexer.decoding import layouts
from indexer.decoding.layouts import Column
from indexer.storing.replay import catch_up
from indexer.verify import verify_epoch
from tests.databases import Databases
from tests.integration.indexer_network import tampered
from tests.programs.walk import walk
from tests.programs.world import new_world

OF_SCORES = re.compile(r"digest of all scores|posted score: .*")
"""The walk posts scores that no challenge supports."""


NUMBERS = ("chain.u64", "chain.u128", "bigint", "integer", "smallint", "boolean")
UNSEEN = {
    # What a node reports is no event: that it was silent, and what it worked below the minimum, moves no money.
    *("job_released.failed", "job_released.worked_seconds"),
    # `ionet verify --job` repeats draws.
    *(f"job_started.draw_{name}" for name in ("as_of_slot", "candidates", "ticket", "total_weight")),
    # One member's; the price that counts is the oracle's to say.
    "price_submitted.submitted_nano_usd",
}


async def test_a_walk_through_every_instruction_is_recomputed_to_the_base_unit(databases: Databases) -> None:
    """Every event is understood and recomputed, every account holds what they add up to; no number bends unseen."""
    with new_world(initialized=False) as world:
        walk(world)
        world.chain.warp(seconds=1)
        async with databases.pool() as pool, connect_node(str(world.chain.http.base_url)) as client:
            await catch_up(pool, str(world.chain.http.base_url))
            assert await pool.fetchval("SELECT count(*) FROM indexer.quarantine") == 0
            honest = set((await verify_epoch(pool, client, 1)).differences)
            of_money = [difference for difference in honest if not OF_SCORES.fullmatch(difference.name)]
            assert not of_money, of_money
            unseen = set()
            for event in (event for program in layouts.programs().values() for event in program.events.values()):
                rows = await pool.fetchval(f"SELECT count(*) FROM chain.{event.table}")  # noqa: S608 - our own names
                assert rows, f"{event.name} is not in the walk"
                for column in (column for column in event.layout.columns if column.sql_type in NUMBERS):
                    async with tampered(pool, event.table, bent(column)):
                        if set((await verify_epoch(pool, client, 1)).differences) <= honest:
                            unseen.add(f"{event.table}.{column.name}")
            assert unseen == UNSEEN


def bent(column: Column) -> str:
    """Another number in its place."""
    name = f'"{column.name}"'
    if column.sql_type == "boolean":
        return f"{name} = NOT {name}"
    return f"{name} = CASE WHEN {name} < 10000 THEN {name} + 1 ELSE {name} - 1 END"
