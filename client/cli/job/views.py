"""`ionet job show`, `list`"""

from __future__ import annotations

from typing import Annotated

import typer

from client.amounts import format_usd
from client.cli.job.group import JobAddress, app
from client.cli.job.shown import job_facts, job_json
from client.cli.options import AsJson, KeypairFile, Url, address, optional_address, settings
from client.cli.output import duration, emit, facts, table


@app.command()
def show(
    ctx: typer.Context, job: JobAddress, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False
) -> None:
    """Show a job: its state, its dollars, the work reported and settled."""
    from client import reads

    chosen = settings(ctx, url, keypair, as_json)
    at = address(job)
    found = chosen.run("reading", lambda client: reads.job(client, at))
    if chosen.as_json:
        emit(job_json(at, found))
    else:
        facts("Job", job_facts(at, found))


@app.command("list")
def list_jobs(
    ctx: typer.Context,
    user: Annotated[str | None, typer.Option(help="Only of this user.", metavar="ADDRESS")] = None,
    node: Annotated[str | None, typer.Option(help="Only worked by this node.", metavar="ADDRESS")] = None,
    state: Annotated[
        str | None,
        typer.Option(
            help="Only open, running, ended, disputed, resolved, settled or cancelled.",
            metavar="STATE",
        ),
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only those opened by --keypair.")] = False,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, with their dollars."""
    from client import accounts
    from client.state import Job

    chosen = settings(ctx, url, keypair, as_json)
    numbers = {name: number for number, name in Job.STATES.items()}
    if state is not None and state not in numbers:
        raise typer.BadParameter(f"{state!r} is no state of a job: give {', '.join(numbers)}")
    number = None if state is None else numbers[state]
    wallet = chosen.keypair().pubkey() if mine else None
    by_user, by_node = optional_address(user), optional_address(node)
    found = chosen.run(
        "reading the jobs",
        lambda client: accounts.jobs(client, user=by_user, authority=wallet, node=by_node, state=number),
    )
    ordered = sorted(found.items(), key=lambda item: (item[1].opened_at, str(item[0])))
    if chosen.as_json:
        emit([job_json(at, one) for at, one in ordered])
        return
    table(
        f"{len(ordered)} jobs",
        ("job", "state", "class", ">processors", ">hours", ">deposit, USD", ">settled, USD", ">worked"),
        (
            (
                at,
                one.state_name,
                one.class_,
                one.processors,
                one.hours,
                format_usd(one.deposit),
                format_usd(one.settled_usd),
                duration(one.worked_seconds) if one.assignments else "-",
            )
            for at, one in ordered
        ),
    )
