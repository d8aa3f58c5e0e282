"""SIGKILL at random moments: `uv run python -m tests.faults.kill --times 10000 --seed 1`.

A replay is started, killed and started again until it is done, then its database is compared with that of a replay
that nobody killed; then the next begins with an empty one. Children are forked from processes that have everything
imported, each with a hash seed and a time zone of its own, so that a kill costs some tenths of a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from client.errors import IonetError
from indexer.acting import scores
from indexer.database import db
from indexer.node.roads import Road
from indexer.storing import replay
from tests.databases import Databases, hurried
from tests.faults import history
from tests.faults.history import Clean, History
from tests.faults.proxy import Node

ROOT: Final = Path(__file__).resolve().parents[2]
SETTINGS: Final = ({"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu"}, {"PYTHONHASHSEED": "77", "TZ": "America/St_Johns"})
"""Of the processes that children are forked from."""
BATCHES: Final = (1, 2, 5, 30, 512)
AT_ONCE: Final = 2
"""Databases that are being filled."""
NEVER: Final = 600.0
BY_SIGNATURES: Final = 0.15
"""Share of the children that take the other road, which asks this small chain more questions than it has blocks."""
TAKEN: Final = "another indexer writes"
"""Said by a child while the server has not yet seen that the one before was killed."""


@dataclass(frozen=True)
class Job:
    """One child: what it does, and when it is killed."""

    database: str
    node: str
    batch_blocks: int
    road: str
    scored_epoch: int
    """Whose scores it computes once the chain is read."""
    seconds: float
    """After which it is killed."""
    batch: int = 0
    """Not by time alone, but also so long after it stored this many batches; 0 for none."""
    seconds_after_batch: float = 0.0


@dataclass(frozen=True)
class End:
    """What became of a child."""

    was_killed: bool
    error: str
    """Its sentence, where it refused; empty where it was done."""


def begin(job: Job) -> None:
    """The child: migrates, replays, scores."""
    stored = 0

    def progress(slot: int, until: int, events: int) -> None:
        nonlocal stored
        stored += 1
        if stored == job.batch:
            threading.Timer(job.seconds_after_batch, os.kill, (os.getpid(), signal.SIGKILL)).start()

    async def work() -> None:
        pool = await db.connect(job.database)
        await replay.catch_up(pool, job.node, batch_blocks=job.batch_blocks, road=Road(job.road), progress=progress)
        await scores.computed(pool, job.scored_epoch)
        pool.terminate()

    asyncio.run(work())


def child(job: Job, errors: int) -> None:
    """Does the job and ends the process, with what it refused written down."""
    try:
        begin(job)
    except IonetError as refused:
        os.write(errors, str(refused).encode())
    except BaseException as crashed:
        os.write(errors, f"crashed: {crashed!r}".encode())
    os._exit(0)


def serve_children() -> None:
    """The process that children are forked from: a job a line in, an end a line out."""
    for line in sys.stdin:
        job = Job(**json.loads(line))
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            child(job, writing)
        os.close(writing)
        killing = threading.Timer(job.seconds, os.kill, (pid, signal.SIGKILL))
        killing.start()
        _, status = os.waitpid(pid, 0)
        killing.cancel()
        with open(reading, "rb") as errors:
            end = End(os.WIFSIGNALED(status), errors.read().decode())
        print(json.dumps(asdict(end)), flush=True)


class Children:
    """A process that forks children."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def run(self, job: Job) -> End:
        """A child's end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(job)).encode() + b"\n")
        return End(**json.loads(await self._process.stdout.readline()))


@asynccontextmanager
async def children(**environment: str) -> AsyncIterator[Children]:
    """A process that forks children with these settings."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from tests.faults.kill import serve_children; serve_children()"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    try:
        yield Children(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


FEWEST: Final = Counter({"migrated too": 2, "replayed": 5})
"""Histories that are compared in any campaign."""


class Killing:
    """A campaign of kills, repeated by its seed as far as time can be."""

    def __init__(self, real: History, node: str, databases: Databases, seed: int) -> None:
        self.kills = 0
        self.replays: Counter[str] = Counter()
        """That were compared, by whether they began with a migration."""
        self._real, self._node, self._databases = real, node, databases
        self._seed = seed

    async def expect(self) -> None:
        """Finds out what a child that nobody kills leaves, its scores included."""
        async with self._databases.pool() as pool:
            await replay.catch_up(pool, self._real.url)
            await scores.computed(pool, self._real.scored)
            self._clean = Clean(await history.everything(pool), await history.slots_read(pool))

    async def one(self, random: Random, starting: Sequence[Children]) -> None:
        """A database from nothing to the end, through kills; compared. Raises `AssertionError`."""
        is_empty = random.random() < 0.3
        url = await (self._databases.empty() if is_empty else self._databases.url())
        while True:
            job = Job(
                database=url,
                node=self._node,
                batch_blocks=random.choice(BATCHES),
                road=(Road.SIGNATURES if random.random() < BY_SIGNATURES else Road.SLOTS).value,
                scored_epoch=self._real.scored,
                seconds=random.uniform(0.0, 1.0) ** 2 if random.random() < 0.8 else NEVER,
                batch=random.choice((1, 1, 2, 5, 20)),
                seconds_after_batch=random.uniform(0, 0.02),
            )
            end = await random.choice(starting).run(job)
            if end.was_killed:
                self.kills += 1
            elif not end.error:
                break
            else:
                assert end.error.startswith(TAKEN), f"{end.error}, of {job}"
                await asyncio.sleep(0.01)
        pool = await db.connect(url)
        try:
            await self._clean.check(pool)
        finally:
            pool.terminate()
        await self._databases.drop(url)
        self.replays["migrated too" if is_empty else "replayed"] += 1

    async def until(self, times: int) -> None:
        """Kills so many children, in each of the settings in turn, and finishes what was begun; goes on until there
        are `FEWEST` histories, too, however few a slow machine comes to between kills."""
        began = time.monotonic()

        async def work(random: Random) -> None:
            async with AsyncExitStack() as stack:
                starting = [await stack.enter_async_context(children(**one)) for one in SETTINGS]
                while self.kills < times or not self.replays >= FEWEST:
                    await self.one(random, starting)
                    seconds = time.monotonic() - began
                    done = f"{self.kills:,} kills, {self.replays.total():,} histories equal, {seconds:,.0f} s"
                    print(done, flush=True)

        seeds = (Random(f"{self._seed} {number}") for number in range(AT_ONCE))  # noqa: S311 - for moments, not secrets
        async with asyncio.TaskGroup() as group:
            for random in seeds:
                group.create_task(work(random))


async def campaign(times: int, seed: int, real: History, databases: Databases) -> Killing:
    """So many kills, shown as they come."""
    async with Node(real.url).serving() as node:
        killing = Killing(real, node, databases, seed)
        await killing.expect()
        await killing.until(times)
    return killing


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=10_000, help="how many kills")
    parser.add_argument("--seed", type=int, default=1, help="of their moments")
    asked: Any = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory() as folder,
        history.made() as real,
        hurried(Path(folder) / "pg") as databases,
    ):
        killing = asyncio.run(campaign(asked.times, asked.seed, real, databases))
    print(f"{killing.kills:,} kills by seed {asked.seed}, every history that of a clean replay: {killing.replays}")


if __name__ == "__main__":
    main()
