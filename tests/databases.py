"""Databases of a test's own, in a server that many share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from indexer.database import db

if TYPE_CHECKING:
    from indexer.database.db import Pool


class Databases:
    """Makes migrated databases without rows, copies of one."""

    def __init__(self, server: str) -> None:
        self.server = server
        self._template = ""

    async def execute(self, command: str) -> None:
        """One command to the server."""
        connection = await asyncpg.connect(self.server)
        try:
            await connection.execute(command)
        finally:
            await connection.close()

    async def empty(self, template: str = "template1", *, tablespace: str = "pg_default") -> str:
        """The URL of a new one that is not migrated."""
        name = f"test_{uuid4().hex}"
        await self.execute(f"CREATE DATABASE {name} TEMPLATE {template} TABLESPACE {tablespace}")
        return self.server.replace("/postgres?", f"/{name}?")

    async def url(self) -> str:
        """The URL of a new one."""
        if not self._template:
            made = await self.empty()
            pool = await db.connect(made)
            await pool.close()
            self._template = name_of(made)
        return await self.empty(self._template)

    async def drop(self, url: str) -> None:
        """Removes one."""
        await self.execute(f"DROP DATABASE {name_of(url)} WITH (FORCE)")

    @asynccontextmanager
    async def pool(self) -> AsyncIterator[Pool]:
        """A new one."""
        pool = await db.connect(await self.url())
        try:
            yield pool
        finally:
            pool.terminate()


def name_of(url: str) -> str:
    """The database of a URL."""
    return urlsplit(url).path.strip("/")


@contextmanager
def hurried(folder: Path) -> Iterator[Databases]:
    """A server that nobody stops, without waiting for disks: these tests do not switch off the machine."""
    with db.embedded_postgres(folder) as url:
        databases = Databases(url)
        for command in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
            asyncio.run(databases.execute(command))
        yield databases
