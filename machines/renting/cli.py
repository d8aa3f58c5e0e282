"""`ionet job run`, `deploy`, `logs`, `outputs`, `call`, `forward`"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from client.cli.options import AsJson, KeypairFile, Url, settings, single
from client.cli.output import complain, emit, facts
from client.errors import IonetError
from machines.renting.calling import call_app, forward_app
from machines.renting.options import OWN_WORDS, Command, Wanted, taking_wanted
from machines.renting.reading import logs_app, outputs_app

if TYPE_CHECKING:
    from machines.renting.going import Going
    from machines.renting.outcome import Outcome
    from machines.renting.telling import Teller

__all__ = ["call_app", "deploy_app", "forward_app", "logs_app", "outputs_app", "run_app"]

run_app, deploy_app = single(), single()


@run_app.command(context_settings=OWN_WORDS)
@taking_wanted
def run(
    ctx: typer.Context,
    command: Command,
    wanted: Wanted,
    output: Annotated[
        Path | None, typer.Option(help="Folder for what it leaves in /work/out. Default: ./ionet-JOB.", metavar="DIR")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Do not end the job with its command: it goes on and costs.")
    ] = False,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Rent a machine for one command: its log here, its outputs in a folder, paid to the second.

    Opens a job, delivers command and inputs to the node that is drawn, shows its log, fetches what it writes to
    /work/out, checks that the chain has the digest of the result, then settles: the rest is refunded. Exit code: 0
    where the command ended with 0. Ctrl-C asks whether to cancel.
    """
    from machines.renting.bounds import Bounds
    from machines.renting.run import collected, rent
    from machines.renting.telling import Teller
    from machines.renting.terminal import Sink

    chosen = settings(ctx, url, keypair, as_json)
    order = wanted.order(command, output=output)
    if output is not None and (output.is_symlink() or (output.exists() and not output.is_dir())):
        raise IonetError(f"{output} is no folder: name another for what the job leaves")
    wishes = wanted.wishes(keeps=keep)
    tell, sink = Teller(), Sink(sys.stderr if chosen.as_json else sys.stdout)

    async def work(going: Going, outcome: Outcome) -> bool:
        return await collected(going, outcome, Path(going.kept.output))

    bounds = Bounds(node=wanted.wait_seconds)
    outcome = asyncio.run(rent(chosen.url, chosen.keypair(), order, work, wishes, bounds, sink, tell))
    _say(outcome, tell)
    if chosen.as_json:
        emit(outcome.json())
    raise typer.Exit(outcome.exit_code)


@deploy_app.command(context_settings=OWN_WORDS)
@taking_wanted
def deploy(
    ctx: typer.Context,
    command: Command,
    port: Annotated[
        int,
        typer.Option(help="Where it listens inside the sandbox, on 127.0.0.1.", metavar="N", min=1_024, max=65_535),
    ],
    wanted: Wanted,
    health: Annotated[str, typer.Option(help="Path that answers 200 to 399 once it is ready.", metavar="/PATH")] = "/",
    ready_seconds: Annotated[
        int, typer.Option("--ready-seconds", help="For it to be ready.", metavar="N", min=1, max=86_400)
    ] = 60,
    keep: Annotated[
        bool, typer.Option("--keep", help="Do not end the job where its service is not ready in time.")
    ] = False,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Rent a machine for a service that speaks HTTP, and leave it running once it is healthy.

    Says how to call it, and the token with which others may. Its log is shown on stderr meanwhile. It runs, and costs,
    until its hours are over or `ionet job cancel`.
    """
    from machines.jobs.spec import Service
    from machines.renting.bounds import Bounds
    from machines.renting.run import Deployed, rent
    from machines.renting.telling import Teller
    from machines.renting.terminal import Sink

    chosen = settings(ctx, url, keypair, as_json)
    service = Service(port=port, health=health, ready_seconds=ready_seconds)
    order = wanted.order(command, service=service)
    wishes = wanted.wishes(keeps=keep)
    tell, bounds, deployed = Teller(), Bounds(node=wanted.wait_seconds), Deployed()
    outcome = asyncio.run(
        rent(chosen.url, chosen.keypair(), order, deployed.work, wishes, bounds, Sink(sys.stderr), tell)
    )
    _say(outcome, tell)
    if chosen.as_json:
        emit({**outcome.json(), **deployed.json()})
    elif deployed.is_healthy:
        facts("Service deployed", deployed.facts(outcome))
    raise typer.Exit(0 if deployed.is_healthy and outcome.error is None else 1)


def _say(outcome: Outcome, tell: Teller) -> None:
    for line in outcome.lines():
        tell.note(line)
    if outcome.error:
        complain(IonetError(outcome.error))
