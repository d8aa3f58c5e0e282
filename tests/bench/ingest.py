"""Events ingested a second, from JSON-RPC into PostgreSQL: `uv run python -m tests.bench.ingest [--events N]`.

A node in a process of its own has the history that `blocks` makes; the replay reads it into a new PostgreSQL, with
the digests, aggregates and balances that it always keeps. Beside it an indexer such as one writes in an afternoon, with
AnchorPy and asyncpg's `executemany`, reads the same blocks from the same node into the same tables, exactly once, and
keeps nothing else. Seconds are of the clock, from the first call to the last commit; the node's work is in them.

`--flat` tells what an event costs in each tenth of the history, and leaves the peer out, as `--alone` does.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import based58
import httpx
import psutil

from indexer.database import db
from indexer.decoding import tables
from indexer.storing.replay import catch_up
from tests.bench import peers
from tests.bench.blocks import NODES, Totals, Written, load
from tests.bench.node import serving

if TYPE_CHECKING:
    from indexer.database.db import Connection, Pool

_AHEAD: Final = 4
"""Blocks that the peer fetches while it works on one."""
_LOOK_SECONDS: Final = 1.0
"""So often is looked for new processes: that is slow where there are many."""
_CLOCKS: Final = {
    "seconds": "µs each, by the clock",
    "ours": "µs of our processor",
    "postgres": "µs of PostgreSQL's",
}
MEMORY: Final = "shared_buffers = 2GB\nmax_wal_size = 16GB\n"
"""Of PostgreSQL; its own defaults are 128 MB and 1 GB."""
NOT_THE_PEERS: Final = {"block", "io_supply_changed"}


@dataclass(frozen=True)
class Step:
    """How far it was, when, and what it had taken."""

    events: int
    seconds: float
    ours: float
    """Seconds of the processor in this process and its workers."""
    postgres: float
    """And in those of PostgreSQL."""
    memory: int
    """Bytes that this process and its workers held just then; what they share counts for each."""


class Meter:
    """Reads clocks."""

    def __init__(self, postmaster: int) -> None:
        self._roots = psutil.Process(), psutil.Process(postmaster)
        self._processes: tuple[dict[int, psutil.Process], ...] = ({}, {})
        self._used: tuple[dict[int, float], ...] = ({}, {})
        self._looked = -_LOOK_SECONDS

    @classmethod
    async def of(cls, pool: Pool) -> Meter:
        """With the clock of the server's processes, which run on this machine."""
        folder = Path(await pool.fetchval("SHOW data_directory"))
        return cls(int((folder / "postmaster.pid").read_text().split()[0]))

    def step(self, events: int) -> Step:
        """Now."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            for root, known in zip(self._roots, self._processes, strict=True):
                known.update({found.pid: found for found in [root, *root.children(recursive=True)]})
        memory = 0
        for known, used in zip(self._processes, self._used, strict=True):
            for pid, process in known.items():
                with suppress(psutil.NoSuchProcess):
                    if not self._is_the_node(process):
                        times = process.cpu_times()
                        used[pid] = times.user + times.system
                        memory += process.memory_info().rss if known is self._processes[0] else 0
        ours, postgres = (sum(used.values()) for used in self._used)
        return Step(events, now, ours, postgres, memory)

    @staticmethod
    @cache
    def _is_the_node(process: psutil.Process) -> bool:
        return "tests.bench.node" in process.cmdline()


@dataclass(frozen=True)
class Run:
    """One ingestion."""

    events: int
    """Events and rows of records, all of them in the database."""
    steps: list[Step]
    """At the beginning, after each batch, and at the end."""

    @property
    def seconds(self) -> float:
        """From the beginning to the end."""
        return self.steps[-1].seconds - self.steps[0].seconds


async def ours(pool: Pool, url: str, totals: Totals, meter: Meter) -> Run:
    """The replay. Raises `RuntimeError` where not all is there, or something is in quarantine."""
    steps = [meter.step(0)]
    await catch_up(pool, url, progress=lambda slot, until, events: steps.append(meter.step(events)))
    run = Run(await _stored(pool, "chain"), [*steps, meter.step(steps[-1].events)])
    waiting = await pool.fetchval("SELECT count(*) FROM indexer.quarantine")
    if waiting or run.events != totals.events + totals.records:
        raise RuntimeError(f"{run.events} of {totals} are in the database, {waiting} in quarantine")
    return run


async def peer(pool: Pool, url: str, totals: Totals, meter: Meter) -> Run:
    """The afternoon's indexer. Raises `RuntimeError` where not all is there."""
    names = [name for name in tables.names() if name not in NOT_THE_PEERS]
    async with pool.acquire() as connection:
        await connection.execute("CREATE SCHEMA peer; CREATE TABLE peer.cursor (slot bigint NOT NULL)")
        await connection.execute("INSERT INTO peer.cursor VALUES (-1)")
        for name in names:
            await connection.execute(f"CREATE TABLE peer.{name} (LIKE chain.{name} INCLUDING INDEXES)")
        steps = [meter.step(0)]
        async for slot, block in _blocks(url, await connection.fetchval("SELECT slot FROM peer.cursor")):
            rows = _rows(slot, block)
            async with connection.transaction():
                for name, some in rows.items():
                    await connection.executemany(_insert(name), some)
                await connection.execute("UPDATE peer.cursor SET slot = $1", slot)
        steps.append(meter.step(totals.events + totals.records))
    run = Run(await _stored(pool, "peer"), steps)
    if run.events != totals.events + totals.records:
        raise RuntimeError(f"the peer stored {run.events} of {totals}")
    return run


async def _blocks(url: str, after: int) -> AsyncIterator[tuple[int, Any]]:
    """Every block after a slot, some fetched ahead."""
    async with httpx.AsyncClient(timeout=60) as http:

        async def call(method: str, *params: Any) -> Any:
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            return (await http.post(url, json=body)).json()["result"]

        slots = await call("getBlocks", after + 1, await call("getSlot"))
        waiting = [asyncio.create_task(call("getBlock", slot)) for slot in slots[:_AHEAD]]
        for number, slot in enumerate(slots):
            block = await waiting.pop(0)
            if number + _AHEAD < len(slots):
                waiting.append(asyncio.create_task(call("getBlock", slots[number + _AHEAD])))
            yield slot, block


def _rows(slot: int, block: Any) -> dict[str, list[tuple[Any, ...]]]:
    rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for tx_index, transaction in enumerate(block["transactions"]):
        signature = None
        for found in peers.in_transaction(transaction):
            for table, values in peers.rows(found):
                rows[table].append((slot, tx_index, found.path, *values))
                signature = transaction["transaction"]["signatures"][0]
        if signature is not None:
            rows["transaction"].append((slot, tx_index, bytes(based58.b58decode(signature.encode()))))
    return rows


def _insert(table: str) -> str:
    columns = tables.columns(table)
    names = ", ".join(f'"{name}"' for name in columns)
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    return f"INSERT INTO peer.{table} ({names}) VALUES ({places})"  # noqa: S608 - our own names


async def _stored(connection: Connection | Pool, schema: str) -> int:
    """Rows of events and records."""
    names = set(tables.names()) - {"block", "transaction", "io_supply_changed"}
    counts = [f"SELECT count(*) AS n FROM {schema}.{name}" for name in sorted(names)]  # noqa: S608 - our own names
    return int(await connection.fetchval(f"SELECT sum(n) FROM ({' UNION ALL '.join(counts)}) AS c"))  # noqa: S608


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A server with the memory that the README asks for; its URL."""
    with db.embedded_postgres(folder):
        pass  # it is made
    with (folder / "postgresql.conf").open("a") as settings:
        settings.write(MEMORY)
    with db.embedded_postgres(folder) as server:
        yield server


def history(folder: Path, events: int, nodes: int) -> Written:
    """The history, made by another process so that this one's memory is the replay's."""
    command = [sys.executable, "-m", "tests.bench.blocks", str(folder), "--events", str(events), "--nodes", str(nodes)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own module
    return load(folder)


async def bench(server: str, url: str, made: Written, *, with_peer: bool) -> list[Run]:
    """Runs the replay, then the peer, each in its schema of one database."""
    pool = await db.connect(server)
    try:
        meter = await Meter.of(pool)
        runs = [await ours(pool, url, made.totals, meter)]
        if with_peer:
            runs.append(await peer(pool, url, made.totals, meter))
        return runs
    finally:
        await pool.close()


def show(made: Written, runs: list[Run], *, flat: bool) -> None:
    """Prints what was measured."""
    totals, (mine, *others) = made.totals, runs
    print(
        f"{mine.events:,} events and rows of records in {totals.transactions:,} transactions of {totals.blocks:,} "
        f"blocks, {totals.bytes / 1e6:,.0f} MB of JSON"
    )
    print(_line("ionet", mine))
    for other in others:
        print(_line("AnchorPy and executemany", other))
        print(f"ionet is {other.seconds / mine.seconds:.1f} times as fast")
    if not others:
        print(f"at most {max(step.memory for step in mine.steps) / 1e6:,.0f} MB of memory")
    if flat:
        ends = tenths(mine)
        for what in ("seconds", "ours", "postgres"):
            costs = [(getattr(b, what) - getattr(a, what)) / (b.events - a.events) * 1e6 for a, b in pairwise(ends)]
            each = " ".join(f"{cost:6.1f}" for cost in costs)
            # Everybody registers in the first tenth, which is other work.
            print(f"{_CLOCKS[what]:<28}{each}   last to second: {costs[-1] / costs[1]:.2f}")


def _line(name: str, run: Run) -> str:
    begin, end = run.steps[0], run.steps[-1]
    each = [(b - a) / run.events * 1e6 for a, b in ((begin.ours, end.ours), (begin.postgres, end.postgres))]
    return (
        f"{name}: {run.seconds:.1f} s, {run.events / run.seconds:,.0f} events a second; of the processor "
        f"{each[0]:.1f} µs for each, and {each[1]:.1f} µs in PostgreSQL"
    )


def tenths(run: Run) -> list[Step]:
    """Where each tenth of the events ends, from the beginning on. Raises `ValueError` where there are fewer batches."""
    last = run.steps[-1].events
    ends = [next(step for step in run.steps if step.events >= last * part / 10) for part in range(11)]
    if any(a.events == b.events for a, b in pairwise(ends)):
        raise ValueError(f"{len(run.steps) - 2} batches are too few to be compared by tenths: give more --events")
    return ends


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=300_000, help="how many, at least (default 300,000)")
    parser.add_argument("--nodes", type=int, default=NODES, help=f"of the network (default {NODES:,})")
    parser.add_argument("--alone", action="store_true", help="without the peer: for long histories")
    parser.add_argument("--flat", action="store_true", help="what an event costs as the history grows; alone")
    parser.add_argument("--folder", type=Path, help="where the blocks are, or are to be kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        found = history(options.folder or Path(made) / "blocks", options.events, options.nodes)
        with postgres(Path(made) / "pg") as server, serving(found.folder) as url:
            runs = asyncio.run(bench(server, url, found, with_peer=not (options.alone or options.flat)))
        show(found, runs, flat=options.flat)


if __name__ == "__main__":
    main()
