"""`ionet job report`, `settle`, `release`, `finish`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from client.cli.job.group import JobAddress, act, app, hash_of, hash_of_file
from client.cli.options import AsJson, KeypairFile, Url, settings


@app.command()
def report(
    ctx: typer.Context,
    job: JobAddress,
    digest: Annotated[
        str | None, typer.Option(help="32 bytes over what was done, in hex. Default: zeros.", metavar="HEX")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="File whose SHA-256 is the digest.", exists=True, dir_okay=False)
    ] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Say that your node has worked on a job until now. --keypair is its owner's, or its agent's."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    if digest is not None and file is not None:
        raise typer.BadParameter("give --digest or --file, not both")
    raw = hash_of_file(file) if file else bytes(32) if digest is None else hash_of(digest, "digest")
    act(chosen, "reporting", job, "Work reported", lambda client, key, at: actions.report_job(client, key, at, raw))


@app.command()
def settle(
    ctx: typer.Context, job: JobAddress, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False
) -> None:
    """Pay a job's node for what it reported since the last settlement. Anyone may; --keypair pays the fee."""
    from client import actions

    act(settings(ctx, url, keypair, as_json), "settling", job, "Job settled", actions.settle_job)


@app.command()
def release(
    ctx: typer.Context, job: JobAddress, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False
) -> None:
    """Take a node off a running job, which waits for another with the hours it has left.

    Anyone may once the node has failed to report; the node's owner or its agent, who gives the job up, at any time.
    What is due to the node is settled; work below the minimum is the user's again.
    """
    from client import actions

    act(settings(ctx, url, keypair, as_json), "releasing", job, "Job released", actions.release_job)


@app.command()
def finish(
    ctx: typer.Context, job: JobAddress, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False
) -> None:
    """Close a job that is over: settle what is due, refund the rest to its user. Anyone may.

    Over are its hours, or its user ended it, or a dispute was resolved. Before that, its user cancels it.
    """
    from client import actions

    act(settings(ctx, url, keypair, as_json), "finishing", job, "Job finished", actions.finish_job)
