"""`ionet agent`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from client import logs
from client.cli.options import AsJson, KeypairFile, Url, group, optional_address, settings
from client.cli.output import emit, facts
from client.logs import LogFormat, LogLevel
from machines.agent.home import DEFAULT

if TYPE_CHECKING:
    from solana.rpc.async_api import AsyncClient

    from client.state import Agent

app = group("What an owner runs on a GPU machine: answers challenges, runs jobs, reports their work.")

Folder = Annotated[
    Path,
    typer.Option(
        "--folder", help="The agent's folder: its key, its certificate, its jobs. One for each node.", metavar="DIR"
    ),
]


@app.command()
def run(
    ctx: typer.Context,
    node: Annotated[
        str | None, typer.Option(help="The node that this machine is. Needed once.", metavar="ADDRESS")
    ] = None,
    owner_keypair: Annotated[
        Path | None,
        typer.Option(
            "--owner-keypair",
            help="The owner's key, at the first start: registers the node with its collateral, unless --node names "
            "one, names this agent's key, and gives it SOL for fees. Not needed again: take it off the machine.",
            metavar="FILE",
        ),
    ] = None,
    hardware_class: Annotated[
        str | None, typer.Option("--class", help="Hardware class to register. Default: as detected.", metavar="NAME")
    ] = None,
    processors: Annotated[
        int | None, typer.Option(help="Processors to register. Default: as detected.", metavar="N", min=1)
    ] = None,
    dollar_share: Annotated[
        int, typer.Option("--dollar-share", help="To register: 3000 to 9000 basis points.", metavar="BP")
    ] = 9_000,
    commission: Annotated[
        int, typer.Option(help="To register: the stakers' part, 100 to 300 basis points.", metavar="BP")
    ] = 100,
    listen: Annotated[
        str, typer.Option(help="Where to serve; port 0 takes a free one.", metavar="HOST:PORT")
    ] = "0.0.0.0:7700",
    public: Annotated[
        str | None,
        typer.Option(
            help="Where others reach it, as the chain will say. Default: what --listen says.", metavar="HOST:PORT"
        ),
    ] = None,
    verifier_seconds: Annotated[
        float, typer.Option(help="Of each hour, granted to verifiers in all.", metavar="SECONDS", min=1, max=3_600)
    ] = 900.0,
    keep_hours: Annotated[
        float, typer.Option(help="For which logs and outputs are kept after a job's end.", metavar="HOURS", min=0)
    ] = 24.0,
    folder: Folder = DEFAULT,
    log_format: Annotated[
        LogFormat, typer.Option("--log-format", help="auto: text on a terminal, lines of JSON elsewhere.")
    ] = LogFormat.AUTO,
    log_level: Annotated[LogLevel, typer.Option("--log-level")] = LogLevel.INFO,
    url: Url = None,
) -> None:
    """Be a node: serve verifiers and renters until SIGTERM. Jobs go on while it is stopped, and it finds them again.

    The agent's key is its own, made in its folder: it announces and reports, and can move no money. Jobs run in
    bubblewrap or in a container engine; one of them has to be installed.
    """
    import asyncio

    from client import keys
    from client.rpc import connect
    from machines.agent.enrol import Registration
    from machines.agent.home import Home
    from machines.agent.service import Service

    chosen = settings(ctx, url)
    target = optional_address(node)
    owner = keys.load(owner_keypair) if owner_keypair else None
    registration = Registration(owner, hardware_class, processors, dollar_share, commission) if owner else None
    logs.configure(log_format, log_level)
    home = Home.at(folder)

    async def work() -> None:
        async with connect(chosen.url) as client:
            service = Service(
                client=client,
                home=home,
                listen=listen,
                public=public,
                granted_seconds=verifier_seconds,
                keep_seconds=keep_hours * 3_600,
            )
            await service.run(target, registration)

    with home.alone():
        asyncio.run(work())


@app.command()
def hardware(as_json: AsJson = False) -> None:
    """Show what this machine is made of, and as what it would be registered. Needs no network."""
    import msgspec

    from machines.agent.hardware import detect

    found = detect()
    name, count = found.suggested
    if as_json:
        emit({**msgspec.to_builtins(found), "class": name, "processors": count, "sha256": found.digest.hex()})
        return
    gpus = ", ".join(f"{gpu.name}, {gpu.memory_mb:,} MB" for gpu in found.gpus)
    facts(
        "Hardware",
        [
            ("CPU", found.cpu),
            ("cores", found.cores),
            ("clock", f"{found.clock_mhz:,} MHz" if found.clock_mhz else "unknown"),
            ("memory", f"{found.memory_mb:,} MB"),
            ("GPUs", gpus or "none"),
            ("system", found.system),
            ("would be", f"{count} x {name}"),
        ],
    )


@app.command()
def show(
    ctx: typer.Context,
    folder: Folder = DEFAULT,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the agent of a folder: its node, its key, what the chain says of it, its jobs."""
    from client import accounts
    from client.errors import IonetError
    from client.state import Job
    from machines.agent.home import Home

    chosen, home = settings(ctx, url, keypair, as_json), Home.at(folder)
    identity = home.identity()
    if identity is None:
        raise IonetError(f"{home.path} is no agent's folder yet: start one with `ionet agent run`")

    async def read(client: AsyncClient) -> tuple[Agent, int]:
        from solders.pubkey import Pubkey

        from client import reads

        node = Pubkey.from_string(identity.node)
        return await reads.agent(client, node), len(await accounts.jobs(client, node=node, state=Job.RUNNING))

    said, running = chosen.run("reading", read)
    key = home.key().pubkey()
    pairs = {
        "node": identity.node,
        "agent_key": str(key),
        "is_named": said.key == key,
        "endpoint": said.endpoint,
        "announced_at": said.announced_at,
        "running_jobs": running,
    }
    if as_json:
        emit(pairs)
    else:
        facts("Agent", [(name.replace("_", " "), value) for name, value in pairs.items()])
