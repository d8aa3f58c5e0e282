"""`ionet job dispute`, `resolve`, `lapse`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from client.cli.job.group import JobAddress, act, app, hash_of, hash_of_file
from client.cli.options import AsJson, KeypairFile, Url, settings


@app.command()
def dispute(
    ctx: typer.Context,
    job: JobAddress,
    evidence: Annotated[
        str,
        typer.Option(help="A file, of which the SHA-256 is sent, or the hash itself in hex.", metavar="FILE|HASH"),
    ],
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Dispute what the node of your running job reported and was not paid: the job stops, and a bond is locked.

    The committee decides how much of it is paid. What it accepts costs you that part of the bond; the rest comes back.
    Keep the evidence: its hash is all that is on the chain.
    """
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    file = Path(evidence)
    raw = hash_of_file(file) if file.is_file() else hash_of(evidence, "file and no hash")
    act(chosen, "disputing", job, "Job disputed", lambda client, key, at: actions.dispute_job(client, key, at, raw))


@app.command()
def resolve(
    ctx: typer.Context,
    job: JobAddress,
    accepted: Annotated[
        int,
        typer.Option(help="Seconds of the job, from its start, up to which work is paid.", metavar="SECONDS", min=0),
    ],
    member: Annotated[
        list[Path],
        typer.Option(help="Key file of a member of the committee; give a strict majority.", metavar="FILE"),
    ],
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Decide a dispute, as the committee: up to which second of the job the node is paid. --keypair pays the fee."""
    from client import actions, keys

    chosen = settings(ctx, url, keypair, as_json)
    members = [keys.load(file.expanduser()) for file in member]
    act(
        chosen,
        "resolving",
        job,
        "Dispute resolved",
        lambda client, key, at: actions.resolve_dispute(client, key, members, at, accepted),
    )


@app.command()
def lapse(
    ctx: typer.Context, job: JobAddress, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False
) -> None:
    """End a dispute that the committee did not decide in time: what was reported counts. Anyone may."""
    from client import actions

    act(settings(ctx, url, keypair, as_json), "ending the dispute", job, "Dispute lapsed", actions.lapse_dispute)
