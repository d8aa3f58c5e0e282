"""`ionet verifier`"""

from __future__ import annotations

import asyncio
import secrets
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from client import logs
from client.cli.options import AsJson, KeypairFile, Url, address, group, settings
from client.cli.output import emit, facts
from client.errors import IonetError
from client.logs import LogFormat, LogLevel
from machines.verifier.plan import Limits

if TYPE_CHECKING:
    from machines.verifier.results import Outcome

app = group("Members of the committee: challenge nodes at random times, measure them, record what was found.")

PayloadMb = Annotated[int, typer.Option("--payload-mb", help="Random bytes there and back, MB.", metavar="MB", min=1)]
Trials = Annotated[int, typer.Option(help="Of bandwidth, compute and clock each; the median counts.", min=1, max=99)]
ClockIterations = Annotated[
    int, typer.Option("--clock-iterations", help="Length of the chain of hashes.", metavar="N", min=1)
]
Matrix = Annotated[int, typer.Option(help="Rows and columns of the matrices.", metavar="N", min=16)]
Products = Annotated[int, typer.Option(help="Products of matrices, one after the other.", metavar="N", min=1)]
MemoryMb = Annotated[
    int,
    typer.Option(
        "--memory-mb", help="Filled for each processor, MiB: nothing above it is measured.", metavar="MB", min=1
    ),
]
StageSeconds = Annotated[
    float, typer.Option("--stage-seconds", help="For each answer of a node.", metavar="SECONDS", min=1)
]
_DEFAULT = Limits()


@app.command()
def run(
    ctx: typer.Context,
    rounds: Annotated[int | None, typer.Option(help="Stop after so many. Default: never.", metavar="N", min=1)] = None,
    rounds_per_hour: Annotated[
        int, typer.Option("--rounds-per-hour", help="Each at a random time of its part of the hour.", min=1, max=6)
    ] = 2,
    group_size: Annotated[
        int,
        typer.Option(
            "--group", help="Nodes at the same time; those of one owner or host always are.", metavar="N", min=1
        ),
    ] = 4,
    folder: Annotated[
        Path, typer.Option(help="Where a round's secret is kept until it is recorded, and its results.", metavar="DIR")
    ] = Path("~/.ionet/verifier"),
    payload_mb: PayloadMb = _DEFAULT.payload_mb,
    trials: Trials = _DEFAULT.trials,
    clock_iterations: ClockIterations = _DEFAULT.clock_iterations,
    matrix: Matrix = _DEFAULT.matrix,
    products: Products = _DEFAULT.products,
    memory_mb: MemoryMb = _DEFAULT.memory_mb,
    stage_seconds: StageSeconds = _DEFAULT.stage_seconds,
    log_format: Annotated[
        LogFormat, typer.Option("--log-format", help="auto: text on a terminal, lines of JSON elsewhere.")
    ] = LogFormat.AUTO,
    log_level: Annotated[LogLevel, typer.Option("--log-level")] = LogLevel.INFO,
    url: Url = None,
    keypair: KeypairFile = None,
) -> None:
    """Challenge the network's nodes until SIGTERM, with the key of a member of the committee, which pays the fees.

    When, in which order and with what a node is challenged follows from a secret that this verifier committed to on
    the chain, and from a block that followed: neither can be chosen. Everything is timed by this machine's clock: run
    it near nothing that it measures, and on nothing that is busy.
    """
    from client.rpc import connect
    from machines.verifier.service import Verifier

    chosen = settings(ctx, url, keypair)
    key = chosen.keypair()
    limits = Limits(
        payload_mb=payload_mb,
        trials=trials,
        clock_iterations=clock_iterations,
        matrix=matrix,
        products=products,
        memory_mb=memory_mb,
        stage_seconds=stage_seconds,
    )
    logs.configure(log_format, log_level)

    async def work() -> None:
        async with connect(chosen.url) as client:
            verifier = Verifier(client, key, folder.expanduser(), limits, rounds_per_hour, group_size)
            running = asyncio.create_task(verifier.run(rounds))
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, running.cancel)
            with suppress(asyncio.CancelledError):
                await running

    asyncio.run(work())


@app.command()
def measure(
    ctx: typer.Context,
    node: Annotated[str, typer.Argument(help="The node's address.")],
    payload_mb: PayloadMb = _DEFAULT.payload_mb,
    trials: Trials = _DEFAULT.trials,
    memory_mb: MemoryMb = _DEFAULT.memory_mb,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Measure one node now, and record nothing. For its owner, or a member of the committee."""
    from machines.verifier.service import measure_once

    chosen = settings(ctx, url, keypair, as_json)
    target, key = address(node), chosen.keypair()
    limits = Limits(payload_mb=payload_mb, trials=trials, memory_mb=memory_mb)
    found: Outcome = chosen.run(
        "measuring", lambda client: measure_once(client, key, target, limits, secrets.token_bytes(32))
    )
    if chosen.as_json:
        emit(found.as_json())
    else:
        facts("Measured", _facts(found))
    if found.failure is not None:
        raise IonetError(f"the node failed its challenge: {found.failure}")


def _facts(found: Outcome) -> list[tuple[str, object]]:
    from machines.verifier.results import QUANTITIES

    shown: list[tuple[str, object]] = [("node", found.node), ("took", f"{found.seconds:.1f} s")]
    for name, unit in QUANTITIES.items():
        one = found.readings.get(name)
        if one is not None:
            shown.append((name, f"{one.value:,.0f} {unit} ({one.low:,.0f} to {one.high:,.0f})"))
    return shown
