"""`ionet indexer tail`"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from client.cli.options import AsJson, Url, settings
from client.cli.output import emit, note, table, when
from indexer.options import DEFAULT_DIR, Database, DataDir, with_database

if TYPE_CHECKING:
    from indexer.database.db import Pool
    from indexer.storing.tail import Followed, Provisional


def tail(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many events to show.")] = 50,
    database: Database = None,
    data_dir: DataDir = DEFAULT_DIR,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what is confirmed and not final yet. It may be reverted: scores and settlements wait until it cannot."""
    from indexer.node.rpc import open_rpc
    from indexer.storing import tail as provisional

    chosen = settings(ctx, url, None, as_json)

    async def work(pool: Pool, _: str) -> tuple[Followed | None, list[Provisional]]:
        async with open_rpc(chosen.url) as rpc:
            followed = await provisional.follow(pool, rpc)
        return followed, await provisional.events(pool, limit)

    followed, events = with_database(database, data_dir, work)
    if chosen.as_json:
        emit({"followed": None if followed is None else asdict(followed), "events": [asdict(one) for one in events]})
        return
    if followed is None or followed.is_far:
        note("The replay is far behind the node: run `ionet indexer replay` first.")
    shown = (
        (one.slot, when(one.time), one.name, " ".join(f"{name}={value}" for name, value in one.fields.items()))
        for one in events
    )
    table("Not final yet", (">slot", "time", "event", "fields"), shown)
