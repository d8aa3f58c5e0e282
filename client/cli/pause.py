"""`ionet pause`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from client.cli.options import AsJson, KeypairFile, Url, address, group, settings
from client.cli.output import emit, facts, table

app = group(
    "Stop a program from letting money in and making new facts. What lets people out goes on: refunds, settlements, "
    "unbonding, claims of what was earned."
)

Programs = Annotated[
    list[str], typer.Argument(metavar="PROGRAM…", help="oracle, staking, emission, burn, escrow; or all.")
]


@app.command()
def status(ctx: typer.Context, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False) -> None:
    """Show which programs are paused, and who may pause them."""
    from client import actions, reads
    from client.idl import PROGRAMS

    chosen = settings(ctx, url, keypair, as_json)
    found = chosen.run("reading the pause", reads.committee)
    paused = actions.paused_programs(found)
    if chosen.as_json:
        emit({"paused": list(paused), "pauser": str(found.pauser), "admin": str(found.admin)})
    else:
        table("Programs", ("program", "state"), ((one, "paused" if one in paused else "running") for one in PROGRAMS))
        facts("Who may pause and resume", [("pauser", found.pauser), ("admin", found.admin)])


@app.command("set")
def set_(
    ctx: typer.Context, programs: Programs, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False
) -> None:
    """Pause programs, as the pauser or the admin. Those that are paused already stay so."""
    _change(ctx, programs, url, keypair, as_json, pause=True)


@app.command()
def clear(
    ctx: typer.Context, programs: Programs, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False
) -> None:
    """Let programs run again, as the pauser or the admin."""
    _change(ctx, programs, url, keypair, as_json, pause=False)


@app.command()
def pauser(
    ctx: typer.Context,
    to: Annotated[str, typer.Argument(metavar="ADDRESS", help="Who may pause programs.")],
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Name who may pause programs, as the admin, at once."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    named, key = address(to), chosen.keypair()
    sent = chosen.run("naming the pauser", lambda client: actions.set_pauser(client, key, named))
    if chosen.as_json:
        emit({"pauser": str(named), "signature": str(sent.signature)})
    else:
        facts("Pauser named", [("pauser", named), ("transaction", sent.signature)])


def _change(
    ctx: typer.Context, names: list[str], url: str | None, keypair: Path | None, as_json: bool, *, pause: bool
) -> None:
    from client import actions, parameters
    from client.idl import PROGRAMS

    chosen = settings(ctx, url, keypair, as_json)
    programs = PROGRAMS if names == ["all"] else tuple(parameters.program_named(one) for one in names)
    key = chosen.keypair()
    doing = "pausing" if pause else "resuming"
    paused, sent = chosen.run(doing, lambda client: actions.set_paused(client, key, programs, pause=pause))
    if chosen.as_json:
        emit({"paused": list(paused), "signature": str(sent.signature)})
    else:
        rows = [("paused now", ", ".join(paused) or "none"), ("transaction", sent.signature)]
        facts("Paused" if pause else "Resumed", rows)
