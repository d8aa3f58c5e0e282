"""Every instruction of the five programs, replayed and recomputed: nothing is left that only the programs know."""

from __future__ import annotations

import re

from client.rpc import connect as connect_node
from indexer import layouts
from indexer.replay import catch_up
from indexer.verify import verify_epoch
from tests.integration.indexer_network import Databases
from tests.programs.walk import walk
from tests.programs.world import new_world

OF_SCORES = re.compile(r"digest of all scores|posted score: .*")
"""The walk posts scores that no challenge supports."""


async def test_a_walk_through_every_instruction_is_recomputed_to_the_base_unit(databases: Databases) -> None:
    """Every event is understood, and every account holds what the events add up to."""
    with new_world(initialized=False) as world:
        walk(world)
        world.chain.warp(seconds=1)
        async with databases.pool() as pool, connect_node(str(world.chain.http.base_url)) as client:
            await catch_up(pool, str(world.chain.http.base_url))
            assert await pool.fetchval("SELECT count(*) FROM indexer.quarantine") == 0
            report = await verify_epoch(pool, client, 1)
            differing = [d for d in report.differences if not OF_SCORES.fullmatch(d.name)]
            assert not differing, differing
            silent = {
                event.table
                for program in layouts.programs().values()
                for event in program.events.values()
                if not await pool.fetchval(f"SELECT count(*) FROM chain.{event.table}")  # noqa: S608 - our own names
            }
            assert silent == set()
