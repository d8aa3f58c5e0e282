"""Rows 22, 23 and 33: a database that stops, loses answers, is full, is locked, or has another writer."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random

import asyncpg
import pytest

from indexer.database import db
from indexer.errors import ChainMismatch, DatabaseUnavailable
from indexer.storing import store
from indexer.storing.replay import catch_up
from tests.databases import Databases
from tests.faults import postgres
from tests.faults.history import Clean, History
from tests.faults.kill import Job, children
from tests.faults.postgres import Server
from tests.faults.proxy import Node, late

STOPS = 12
"""Times that a server is stopped or killed."""
ROOM_MB = 48
"""Of the disk that gets full; an empty database has a third of it."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A PostgreSQL of the test's own."""
    with postgres.own_server(tmp_path / "pg") as made:
        yield made


async def test_a_server_that_stops_at_once_loses_nothing(real: History, server: Server, clean: Clean) -> None:
    """Stopped at once or killed at random moments of a replay, and started again: a clear error each time, and in the
    end the rows of a clean replay."""
    random = Random(22)  # noqa: S311 - for moments, not secrets
    url = await server.databases.url()
    lost = 0
    async with Node(real.url, [late(0.01)]).serving() as node:
        for number in range(STOPS):
            reading = asyncio.create_task(_read(url, node, batch_blocks=random.choice((1, 2, 8))))
            await asyncio.sleep(random.uniform(0.05, 0.5))
            await asyncio.to_thread(server.kill if number % 3 == 0 else server.stop)
            ended = (await asyncio.gather(reading, return_exceptions=True))[0]
            if ended is not None:
                assert isinstance(ended, DatabaseUnavailable), ended
                assert "\n" not in str(ended)
                lost += 1
            await asyncio.to_thread(server.start)
        await _read(url, node)
    assert lost > STOPS // 3, "it was stopped while it was in use"
    async with _pool(url) as pool:
        await clean.check(pool)


@pytest.mark.parametrize("is_done", [True, False], ids=["answer", "question"])
async def test_a_commit_whose_answer_is_lost_is_recognised(
    real: History, databases: Databases, clean: Clean, is_done: bool
) -> None:
    """The connection breaks at a commit, after it was done or before it arrived: an error, and the next replay goes on
    from what the database holds, whichever it was."""
    url, fate = await databases.url(), postgres.Fate()
    async with postgres.losing_commits(url, fate) as broken:
        for commits in (0, 1, 0, 5, 2):
            before = await _blocks_read(url)
            async with _pool(broken) as pool:
                fate.commits, fate.is_done = commits, is_done
                with pytest.raises(DatabaseUnavailable, match="went away"):
                    await catch_up(pool, real.url, batch_blocks=4)
            assert await _blocks_read(url) == before + 4 * (commits + is_done)
    await _read(url, real.url)
    async with _pool(url) as pool:
        await clean.check(pool)


async def test_a_full_disk_is_a_clear_error(
    real: History, databases: Databases, clean: Clean, small_disk: Path
) -> None:
    """There is no room for a batch: the cursor stays where it was, and with more room the replay goes on from there."""
    await databases.execute(f"CREATE TABLESPACE small LOCATION '{small_disk / 'data'}'")
    url = await databases.empty(tablespace="small")
    filler = small_disk / "filler"
    try:
        await _read(url, real.url, until_slot=20)
        with pytest.raises(OSError, match="No space"):
            filler.write_bytes(bytes(ROOM_MB << 20))
        before = await _cursor_slot(url)
        with pytest.raises(DatabaseUnavailable, match="No space left on device") as caught:
            await _read(url, real.url)
        assert "\n" not in str(caught.value)
        # PostgreSQL itself may have to write a cache before it lets anybody in.
        os.truncate(filler, filler.stat().st_size - (1 << 20))
        async with _pool(url) as pool:
            await clean.check_beginning(pool, before=before + 1)
        filler.unlink()
        await _read(url, real.url)
        async with _pool(url) as pool:
            await clean.check(pool)
    finally:
        filler.unlink(missing_ok=True)
        await databases.drop(url)
        await databases.execute("DROP TABLESPACE small")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of few megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(  # noqa: S603 - our own folder
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM_MB}m,mode=0777", "tmpfs", disk],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no disk can be mounted here, which takes root: {mounted.stderr.strip()}")
    try:
        for parent in (disk, *disk.parents):
            if parent.stat().st_uid == os.getuid() and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
        (disk / "data").mkdir()
        subprocess.run(["chown", "pgserver", disk / "data"], check=True)  # noqa: S603, S607 - as the server runs
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)  # noqa: S603, S607 - as above


@pytest.mark.parametrize("table", ["chain.price_submitted", "indexer.cursor", "chain.block"])
async def test_a_lock_that_is_held_too_long_is_a_clear_error(
    real: History, databases: Databases, clean: Clean, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else holds a table: after a while it is said, the cursor stays, and nothing is half there."""
    url = await databases.url()
    await _read(url, real.url, until_slot=30)
    monkeypatch.setattr("indexer.storing.store.LOCK_SECONDS", 1)
    holder = await asyncpg.connect(url)
    try:
        async with holder.transaction():
            await holder.execute(f"LOCK TABLE {table} IN SHARE MODE")
            with pytest.raises(DatabaseUnavailable, match="lock") as caught:
                await _read(url, real.url)
            assert "\n" not in str(caught.value)
            assert await _cursor_slot(url) == 30
    finally:
        await holder.close()
    await _read(url, real.url)
    async with _pool(url) as pool:
        await clean.check(pool)


async def test_one_of_many_writers_writes(real: History, databases: Databases, clean: Clean) -> None:
    """Replays of one database at once: one writes, the others are told so; the rows are there once."""
    url = await databases.url()
    async with Node(real.url, [late(0.02)]).serving() as node:
        done = await asyncio.gather(*(_read(url, node, batch_blocks=2) for _ in range(4)), return_exceptions=True)
    refused = [error for error in done if error is not None]
    assert len(refused) == 3
    assert all(isinstance(error, DatabaseUnavailable) and "another indexer writes" in str(error) for error in refused)
    async with _pool(url) as pool:
        await clean.check(pool)


async def test_a_second_writer_takes_over_from_one_that_was_killed(
    real: History, databases: Databases, clean: Clean
) -> None:
    """The first holds the database until it is killed, whatever it was doing; then the second goes on."""
    url = await databases.url()
    async with Node(real.url, [late(0.05)]).serving() as node, children() as first:
        writing = asyncio.create_task(
            first.run(Job(url, node, batch_blocks=1, road="slots", scored_epoch=real.scored, seconds=600, batch=12))
        )
        await _is_written(url)
        with pytest.raises(DatabaseUnavailable, match="another indexer writes"):
            await _read(url, node)
        assert (await writing).was_killed
        reached = await _cursor_slot(url)
        assert 0 < reached < real.tip
        await _patiently(url, node)
    async with _pool(url) as pool:
        await clean.check(pool)


async def test_a_writer_that_lost_its_lock_cannot_write(real: History, databases: Databases, clean: Clean) -> None:
    """A writer whose cursor was moved by somebody else stores nothing more: neither rows nor cursor."""
    url = await databases.url()
    async with _pool(url) as pool, _pool(url) as other:
        begun = asyncio.Event()

        async def stealing() -> None:
            await begun.wait()
            await other.execute("UPDATE indexer.cursor SET blockhash = 'of somebody else'")

        moving = asyncio.create_task(stealing())
        with pytest.raises(ChainMismatch, match="cursor moved"):
            await catch_up(pool, real.url, batch_blocks=1, progress=lambda *_: begun.set())
        await moving
        cursor = await store.cursor(pool)
        assert cursor is not None
        newest = await pool.fetchval("SELECT max(slot) FROM chain.block")
        assert newest is None or newest <= cursor.position.slot
        assert cursor.position.blockhash == "of somebody else"


async def test_the_command_says_in_one_line_what_went_wrong(real: History, server: Server) -> None:
    """`ionet indexer replay` whose database stops in the middle: exit code 1, one sentence, no traceback."""
    url = await server.databases.url()
    async with Node(real.url, [late(0.3)]).serving() as node:
        process = await asyncio.create_subprocess_exec(
            *(Path(sys.executable).with_name("ionet"), "indexer", "replay", "--url", node, "--database", url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        await _is_written(url)
        await asyncio.to_thread(server.stop)
        out, said = await process.communicate()
    assert process.returncode == 1
    assert out == b""
    lines = [line for line in said.decode().splitlines() if not line.startswith("slot ")]
    assert len(lines) == 1, said
    assert "the database went away" in lines[0]


async def _is_written(url: str) -> None:
    """Waits until somebody is the writer of the database."""
    connection = await asyncpg.connect(url)
    held = (
        "SELECT EXISTS (SELECT FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database "
        "WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database())"
    )
    try:
        while not await connection.fetchval(held):  # noqa: ASYNC110 - another process gets it
            await asyncio.sleep(0.02)
    finally:
        await connection.close()


@asynccontextmanager
async def _pool(url: str) -> AsyncIterator[db.Pool]:
    pool = await db.connect(url)
    try:
        yield pool
    finally:
        pool.terminate()


async def _read(url: str, node: str, *, batch_blocks: int = 512, until_slot: int | None = None) -> None:
    """A replay as a process does it: its own connections, from the beginning to the end."""
    pool = await db.connect(url)
    try:
        await catch_up(pool, node, batch_blocks=batch_blocks, until_slot=until_slot)
    finally:
        pool.terminate()


async def _patiently(url: str, node: str) -> None:
    """Reads, once the server has seen that the writer before is dead."""
    while True:
        with suppress(DatabaseUnavailable):
            return await _read(url, node)


async def _blocks_read(url: str) -> int:
    """This chain has a block in every slot, from slot 0 on."""
    return await _cursor_slot(url) + 1


async def _cursor_slot(url: str) -> int:
    async with _pool(url) as pool:
        cursor = await store.cursor(pool)
        return -1 if cursor is None else cursor.position.slot
