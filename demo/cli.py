"""`ionet demo`: some hours of the network's economy, from nothing, on real parts."""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from client.cli.options import AsJson, settings, single
from client.cli.output import emit
from client.localnet import SOL, start_localnet
from client.rpc import connect
from demo import show
from demo.hour import Hours
from demo.machines import PRICES_NANO_USD, SLOT_MS, MachineHours
from demo.network import key, network
from demo.report import Report, report
from demo.scenario import GENESIS_TIME, Scenario, draw
from indexer.database import db
from indexer.verify import verify_jobs

USERS = 3

app = single()


@app.command()
def demo(
    ctx: typer.Context,
    epochs: Annotated[int, typer.Option(min=1, max=200, help="How many hours to run.")] = 3,
    nodes: Annotated[int, typer.Option(min=1, max=200, help="How many nodes, over three hardware classes.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same figures.")] = 1,
    machines: Annotated[
        bool,
        typer.Option(
            "--machines",
            help="One hour with real machines: agents, a verifier and a renter as processes, measuring this machine.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run some hours of the network's economy on a local chain and database, and show who earned what.

    Starts both, deploys the five programs: nodes are challenged and drawn for jobs, jobs paid in dollars, in IO and by
    grants, cancelled, extended and disputed; holders stake, epochs close, IO is emitted, locked and burned. Ends with
    checks that must hold to the base unit; they decide the exit code. Nothing of it is kept.
    """
    progress = Console(stderr=True)
    began = time.monotonic()
    if machines:
        epochs, scenario = 1, draw(seed, 0, 1, 1)
    else:
        scenario = draw(seed, nodes, USERS, epochs)
    screen = show.Screen(progress, epochs)
    with screen.showing(), tempfile.TemporaryDirectory(prefix="ionet-demo-") as folder:
        result, events_per_second = asyncio.run(_run(scenario, screen, Path(folder), machines))
    if settings(ctx, as_json=as_json).as_json:
        emit(result.as_json())
    else:
        show.summary(Console(), result)
    seconds = time.monotonic() - began
    hours = "1 epoch" if epochs == 1 else f"{epochs} epochs"
    progress.print(f"{hours} in {seconds:.1f} s, {events_per_second:,.0f} events indexed a second")
    progress.print("every sum is equal to the base unit" if result.ok else "[bold red]a sum DIFFERS: see the checks[/]")
    raise typer.Exit(0 if result.ok else 1)


async def _run(scenario: Scenario, screen: show.Screen, folder: Path, machines: bool) -> tuple[Report, float]:
    """The figures of a run, and how many events were indexed a second."""
    screen.step("starting the chain and the database")
    payers = [key(scenario, name).pubkey() for name in ("admin", "router", "member 0", "member 1", "member 2")]
    chain = start_localnet(
        payers[0],
        balances=dict.fromkeys(payers, 10_000 * SOL),
        slot_ms=SLOT_MS if machines else 0,
        clock="wall" if machines else "manual",
        genesis_time=GENESIS_TIME - 60,
        seed=scenario.seed,
    )
    with chain as localnet, db.embedded_postgres(folder / "pg") as url:
        pool = await db.connect(url)
        try:
            async with connect(localnet.rpc) as client, AsyncExitStack() as processes:
                net = network(scenario, localnet, client, pool)
                if machines:
                    net.prices_nano_usd = PRICES_NANO_USD
                await net.create(screen.step)
                screen.advance()
                hours = Hours(net, screen.step)
                if machines:
                    hours = MachineHours(net, screen.step, folder, processes)
                    await hours.start()
                verified = []
                for epoch in range(1, scenario.epochs + 1):
                    verified.append(await hours.run(epoch))
                    screen.advance(await report(net, verified))
                screen.step("verifying every draw and settlement of every job")
                result = await report(net, verified, await verify_jobs(pool))
                if isinstance(hours, MachineHours):
                    result = replace(result, measured=hours.measured)
                return result, hours.indexed_events / max(hours.indexing_seconds, 1e-9)
        finally:
            await pool.close()
