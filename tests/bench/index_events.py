"""Events indexed a second, from JSON-RPC into PostgreSQL: `uv run python -m tests.bench.index_events [--events N]`.

A committee member submits prices, twelve to a transaction, on localnet; the indexer then replays all of it into an
embedded PostgreSQL. Time is from the first call to the last commit, with the node's own work in it.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from client.instructions import oracle
from indexer import db
from indexer.replay import ReplayStats, catch_up
from tests.programs.world import World, new_world

PER_TRANSACTION = 12
PER_BLOCK = 20
"""Transactions."""


def produce(world: World, events: int) -> None:
    """So many submissions of prices, final on the chain."""
    member = world.committee[0]
    submission = oracle.submit_price(member=member.pubkey(), symbol="4090", price_nano_usd=400_000_000)
    for number in range(0, events, PER_TRANSACTION):
        world.chain.send([submission] * min(PER_TRANSACTION, events - number), member)
        if number // PER_TRANSACTION % PER_BLOCK == 0:
            world.chain.warp(slots=1)
    world.chain.warp(slots=32)


async def index(rpc: str, folder: Path) -> ReplayStats:
    """Replays the whole chain into a new database."""
    with db.embedded_postgres(folder) as url:
        pool = await db.connect(url)
        try:
            return await catch_up(pool, rpc)
        finally:
            await pool.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=24_000, help="how many to index (default 24,000)")
    options = parser.parse_args()
    with new_world() as world, tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        produce(world, options.events)
        print(f"produced {options.events:,} events in {time.monotonic() - began:.1f} s")
        stats = asyncio.run(index(str(world.chain.http.base_url), Path(folder) / "pg"))
    print(f"indexed {stats.events:,} events of {stats.transactions:,} transactions in {stats.seconds:.2f} s")
    print(f"{stats.events / stats.seconds:,.0f} events a second")


if __name__ == "__main__":
    main()
