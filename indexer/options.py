"""Options of the indexer's commands, and how they are connected."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from client.rpc import explained
from indexer.database.db import (
    DATABASE_VARIABLE,
    DEFAULT_DATA_DIR,
    connect,
    database,
    has_password,
    lost_database,
    shown,
)
from indexer.errors import DatabaseUnavailable
from indexer.operation import DEFAULT_LISTEN

if TYPE_CHECKING:
    from indexer.database.db import Pool

T = TypeVar("T")

Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help=f"PostgreSQL to use, without its password (environment: {DATABASE_VARIABLE}; default: an embedded one).",
        show_default=False,
    ),
]
DataDir = Annotated[
    Path, typer.Option("--data-dir", metavar="FOLDER", help="Where the embedded PostgreSQL keeps its data.")
]
KeepEpochs = Annotated[
    int | None,
    typer.Option(
        "--keep-epochs",
        min=1,
        metavar="N",
        help="Drop what was observed before the last N closed epochs, some two days at a time. Default: keep all.",
        show_default=False,
    ),
]
Listen = Annotated[
    str | None,
    typer.Option(
        "--listen",
        metavar="HOST:PORT",
        help=f'Where health and metrics are served; "" for nowhere. Default: {DEFAULT_LISTEN}, if that is free.',
        show_default=False,
    ),
]
DEFAULT_DIR = DEFAULT_DATA_DIR


def with_database(url: str | None, data_dir: Path, work: Callable[[Pool, str], Awaitable[T]]) -> T:
    """Does `work` with a migrated database and its URL; `url` is the argument. Raises `DatabaseUnavailable`."""
    if url is not None and has_password(url):
        raise DatabaseUnavailable(
            f"the password of {shown(url)} was given as an argument, which others on this machine can read: give the "
            f"URL by {DATABASE_VARIABLE}, or keep the password in ~/.pgpass"
        )
    with database(url, data_dir) as found:
        return asyncio.run(_work(found, work))


async def _work(url: str, work: Callable[[Pool, str], Awaitable[T]]) -> T:
    pool = await connect(url)
    try:
        with explained(), lost_database():
            return await work(pool, url)
    finally:
        # Not close(): it waits for connections whose server may be gone.
        pool.terminate()
