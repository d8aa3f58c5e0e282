"""`ionet indexer`"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from client import logs
from client.cli.options import AsJson, KeypairFile, Url, group, settings
from client.cli.output import emit, facts, note, table, when
from client.errors import IonetError
from client.logs import LogFormat, LogLevel
from indexer.options import DEFAULT_DIR, Database, DataDir, KeepEpochs, Listen, with_database
from indexer.tail_cli import tail

if TYPE_CHECKING:
    from indexer.acting.routing import Routed
    from indexer.database.db import Pool
    from indexer.operation.drift import Difference, Drift
    from indexer.operation.status import Status
    from indexer.storing.replay import ReplayStats

app = group("The indexer: replays the chain into PostgreSQL, settles jobs, publishes scores.")
app.command()(tail)

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
        int | None, typer.Option("--to-slot", min=0, metavar="SLOT", help="Stop there. Default: the finalized tip.")
    ] = None,
    source: Annotated[
        Literal["slots", "signatures"],
        typer.Option(
            "--source",
            help="slots: every block. signatures: what names our programs, for public nodes with rate limits.",
        ),
    ] = "slots",
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            metavar="N",
            help="Read with so many processes of this machine. Default: one beside this one where the way is long.",
            show_default=False,
        ),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option("--dask", metavar="ADDRESS", help="Read with the workers of a Dask scheduler: tcp://HOST:PORT."),
    ] = None,
    database: Database = None,
    data_dir: DataDir = DEFAULT_DIR,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Read every finalized block after the last one read, then stop. It can be killed and run again at any time."""
    from indexer.node.roads import Road
    from indexer.operation.progress import progress
    from indexer.storing.backfill import readers
    from indexer.storing.replay import catch_up

    chosen, road = settings(ctx, url, None, as_json), Road(source)
    if road is not Road.SLOTS and (workers or dask):
        raise IonetError(f"--workers and --dask read slot by slot, not by {source}: leave out --source")
    if workers and dask:
        raise IonetError("give --workers or --dask, not both")

    async def work(pool: Pool, _: str) -> ReplayStats:
        with nullcontext() if chosen.as_json else progress() as shown:
            async with readers(workers, dask) as found:
                return await catch_up(
                    pool,
                    chosen.url,
                    until_slot=to_slot,
                    first_slot=from_slot,
                    progress=shown,
                    road=road,
                    workers=found,
                )

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
    """Show lag, rate, quarantine, alarms, the last final epoch. Exit code 1 if anything is wrong."""
    from indexer.node.rpc import open_rpc
    from indexer.operation.status import status as ask

    chosen = settings(ctx, url, None, as_json)

    async def work(pool: Pool, _: str) -> Status:
        async with open_rpc(chosen.url) as rpc:
            return await ask(pool, rpc)

    found = with_database(database, data_dir, work)
    if chosen.as_json:
        emit(_status_json(found))
    else:
        facts("Indexer", _status_facts(found))
    for reason in found.stored.reasons:
        note(f"in quarantine: {reason}")
    for stuck in found.stored.stuck:
        note(f"not settled: {stuck}")
    for complaint in found.complaints:
        note(f"WRONG: {complaint}")
    raise typer.Exit(1 if found.complaints else 0)


@app.command()
def drift(
    ctx: typer.Context,
    recount: Annotated[
        bool,
        typer.Option("--recount", help="Also add all events up once more, which reads the whole history."),
    ] = False,
    database: Database = None,
    data_dir: DataDir = DEFAULT_DIR,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Compare what the chain's accounts hold with what the events add up to. Exit code 1 if anything differs."""
    from client.rpc import connect
    from indexer.errors import DatabaseUnavailable
    from indexer.operation import drift as comparison
    from indexer.storing.replay import catch_up

    chosen = settings(ctx, url, None, as_json)

    async def work(pool: Pool, _: str) -> tuple[Drift, list[Difference]]:
        async def read() -> None:
            # Where another indexer writes, it reads the chain.
            with suppress(DatabaseUnavailable):
                await catch_up(pool, chosen.url)

        await read()
        async with connect(chosen.url) as client:
            found = await comparison.compare(pool, client, chosen.url, replay=read)
        return found, await comparison.recount(pool) if recount else []

    found, again = with_database(database, data_dir, work)
    differences = [*found.differences, *again]
    if chosen.as_json:
        emit({**asdict(found), "differences": [asdict(one) for one in differences], "ok": not differences})
    else:
        gifts = ", ".join(f"{kind}: {amount:,}" for kind, amount in sorted(found.gifts.items()))
        facts(
            "Database and chain",
            [
                ("as of slot", f"{found.slot:,}"),
                ("balances compared", f"{found.compared:,}"),
                ("that differ", len(differences)),
                ("gifts, base units", gifts or "none"),
            ],
        )
    for text in (*found.notes, *(f"DIFFERS: {one}" for one in differences)):
        note(text)
    raise typer.Exit(1 if differences else 0)


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
    keep_epochs: KeepEpochs = None,
    listen: Listen = None,
    log_format: Annotated[
        LogFormat, typer.Option("--log-format", help="auto: text on a terminal, lines of JSON elsewhere.")
    ] = LogFormat.AUTO,
    log_level: Annotated[LogLevel, typer.Option("--log-level")] = LogLevel.INFO,
    database: Database = None,
    data_dir: DataDir = DEFAULT_DIR,
    url: Url = None,
    keypair: KeypairFile = None,
) -> None:
    """Follow the chain, and with keys also act: route jobs, publish scores, settle. Until it is interrupted.

    Scores are published with --committee-key, repeated; open jobs are given to nodes with --router-key; jobs are
    settled, epochs closed, slashes executed and tickets paid where --keypair is given, which pays the fees.

    It answers over HTTP: /healthz (200, or 503 with what is wrong), /livez, /metrics (Prometheus).
    """
    from client import keys
    from client.rpc import connect
    from indexer.operation.monitor import opened
    from indexer.operation.schedule import Service
    from indexer.operation.service import follow

    chosen = settings(ctx, url, keypair)
    members = [keys.load(path) for path in committee_key or ()]
    router = keys.load(router_key) if router_key else None
    payer = chosen.keypair() if chosen.keypair_given else None
    logs.configure(log_format, log_level)
    socket = opened(listen)

    async def work(pool: Pool, database_url: str) -> None:
        async with connect(chosen.url) as client:
            service = Service(
                pool,
                chosen.url,
                client,
                members,
                payer,
                router,
                first_slot=from_slot,
                keep_epochs=keep_epochs,
            )
            await follow(service, database_url, socket)

    with_database(database, data_dir, work)


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
    from indexer.acting import routing
    from indexer.storing.replay import catch_up

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


def _status_json(found: Status) -> dict[str, Any]:
    return {
        **asdict(found.stored),
        "alarms": [{**asdict(alarm), "since": alarm.since.isoformat()} for alarm in found.stored.alarms],
        "finalized_slot": found.tip.slot,
        "lag_slots": found.lag_slots,
        "lag_seconds": found.lag_seconds,
        "complaints": list(found.complaints),
        "healthy": not found.complaints,
    }


def _status_facts(found: Status) -> list[tuple[str, object]]:
    stored, seconds = found.stored, "" if found.lag_seconds is None else f", {found.lag_seconds:,} s"
    compared = "never" if stored.compared_slot is None else f"slot {stored.compared_slot:,}, {stored.differing} differ"
    return [
        ("read up to", f"slot {stored.slot:,}, {when(stored.time)}"),
        ("behind", f"{found.lag_slots:,} slots{seconds}"),
        ("events", f"{stored.recent_events_per_second:,} a second over the last minute"),
        ("last replay", f"{stored.events:,} events, {stored.events_per_second:,} a second"),
        ("in quarantine", stored.quarantined),
        ("alarms", ", ".join(alarm.kind for alarm in stored.alarms) or "none"),
        ("last final epoch", stored.final_epoch or "none"),
        ("digest of its scores", stored.final_digest or "-"),
        ("last closed epoch", stored.closed_epoch or "none"),
        ("digest of the chain", stored.chain_digest),
        ("balances compared", compared),
        ("settlements", f"{stored.open_settlements} on their way, {stored.stuck_settlements} stuck"),
        ("oldest slot kept", stored.oldest_slot or "all"),
        ("database", f"{stored.database_bytes / 1e6:,.1f} MB"),
    ]
