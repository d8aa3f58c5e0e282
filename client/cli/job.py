"""`ionet job`"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.amounts import NANO_USD, USD, format_bp, format_usd
from client.cli.options import AsJson, KeypairFile, Settings, Url, address, group, optional_address, settings
from client.cli.output import duration, emit, facts, note, table, when

if TYPE_CHECKING:
    from solana.rpc.async_api import AsyncClient
    from solders.keypair import Keypair
    from solders.pubkey import Pubkey

    from client.reads import JobQuote
    from client.sending import Sent
    from client.state import Job

app = group("Jobs: rent processors by the hour, report work, settle and finish.")

ClassName = Annotated[str, typer.Option("--class", help="Hardware class, such as H100.", metavar="NAME")]
Processors = Annotated[int, typer.Option(help="Processors at once.", metavar="N")]
Hours = Annotated[int, typer.Option(help="Whole hours to pay for; seconds not worked are refunded.", metavar="N")]
UserId = Annotated[int | None, typer.Option("--id", help="Which of your users, where you have several.", metavar="N")]
JobAddress = Annotated[str, typer.Argument(help="The job's address.", metavar="JOB")]


@app.command()
def quote(
    ctx: typer.Context,
    hardware_class: ClassName,
    processors: Processors,
    hours: Hours,
    user: Annotated[
        str | None,
        typer.Option(help="User whose reputation counts. Default: the user of --keypair, if given.", metavar="ADDRESS"),
    ] = None,
    user_id: UserId = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what a job would cost now, in USD. A read: nothing is sent, no key is needed."""
    chosen = settings(ctx, url, keypair, as_json)
    target = optional_address(user)
    wallet = chosen.keypair().pubkey() if target is None and chosen.keypair_given else None
    found = chosen.run(
        "asking for the price",
        lambda client: _quote(client, hardware_class, processors, hours, target, wallet, user_id),
    )
    if chosen.as_json:
        emit(_quote_json(found))
    else:
        facts("Quote", _quote_facts(found))
    if not found.is_fresh:
        note(
            f"The price is stale by {duration(found.now - found.valid_until)}: "
            "no job can be opened before the committee submits a new one."
        )


@app.command("open")
def open_job(
    ctx: typer.Context,
    hardware_class: ClassName,
    processors: Processors,
    hours: Hours,
    max_usd: Annotated[
        str | None,
        typer.Option("--max-usd", help="The most it may cost, USD, a decimal. Default: the quote.", metavar="USD"),
    ] = None,
    user_id: UserId = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Open a job and pay for its hours into its own vault. The price is fixed at this moment."""
    from client import actions, reads

    chosen = settings(ctx, url, keypair, as_json)
    most = None if max_usd is None else USD.parse(max_usd)
    key = chosen.keypair()

    async def work(client: AsyncClient) -> Any:
        user, _ = await reads.user_of(client, key.pubkey(), user_id)
        return await actions.open_job(
            client,
            key,
            user=user,
            hardware_class=hardware_class,
            processors=processors,
            hours=hours,
            max_deposit=most,
        )

    made = chosen.run("opening the job", work)
    if chosen.as_json:
        emit({"job": str(made.job), "id": made.id, **_quote_json(made.quote), "signature": str(made.sent.signature)})
    else:
        facts("Job opened", [("job", made.job), *_quote_facts(made.quote), ("transaction", made.sent.signature)])


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
    """Say that your node has worked on a job until now."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    raw = _digest(digest, file)
    _act(chosen, "reporting", job, "Work reported", lambda client, key, at: actions.report_job(client, key, at, raw))


@app.command()
def settle(
    ctx: typer.Context, job: JobAddress, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False
) -> None:
    """Pay a job's node for what it reported since the last settlement. Anyone may; --keypair pays the fee."""
    from client import actions

    _act(settings(ctx, url, keypair, as_json), "settling", job, "Job settled", actions.settle_job)


@app.command()
def finish(
    ctx: typer.Context, job: JobAddress, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False
) -> None:
    """End a job: settle what is due, refund the rest to its user.

    Its user may at any time, anyone once its hours are over.
    """
    from client import actions

    _act(settings(ctx, url, keypair, as_json), "finishing", job, "Job finished", actions.finish_job)


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
        emit(_json(at, found))
    else:
        facts("Job", _facts(at, found))


@app.command("list")
def list_jobs(
    ctx: typer.Context,
    user: Annotated[str | None, typer.Option(help="Only of this user.", metavar="ADDRESS")] = None,
    node: Annotated[str | None, typer.Option(help="Only worked by this node.", metavar="ADDRESS")] = None,
    state: Annotated[str | None, typer.Option(help="Only open, running or finished.", metavar="STATE")] = None,
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
        emit([_json(at, one) for at, one in ordered])
        return
    table(
        f"{len(ordered)} jobs",
        ("job", "state", "class", ">processors", ">hours", ">deposit, USD", ">settled, USD", ">worked"),
        (
            (
                at,
                Job.STATES.get(one.state, one.state),
                one.class_,
                one.processors,
                one.hours,
                format_usd(one.deposit),
                format_usd(one.settled_usd),
                duration(one.worked_seconds) if one.started_at else "-",
            )
            for at, one in ordered
        ),
    )


async def _quote(
    client: AsyncClient,
    hardware_class: str,
    processors: int,
    hours: int,
    user: Pubkey | None,
    wallet: Pubkey | None,
    user_id: int | None,
) -> JobQuote:
    from client import reads

    if user is None and wallet is not None:
        user, _ = await reads.user_of(client, wallet, user_id)
    elif user is not None:
        await reads.actor(client, user)
    return await reads.quote_job(client, hardware_class, processors, hours, user)


def _act(chosen: Settings, doing: str, job: str, done: str, action: Any) -> None:
    """What `report`, `settle` and `finish` share: a key, one transaction, then the job as it is."""
    from client import reads

    at, key = address(job), chosen.keypair()

    async def work(client: AsyncClient, key: Keypair = key) -> tuple[Sent, Job]:
        sent = await action(client, key, at)
        return sent, await reads.job(client, at)

    sent, found = chosen.run(doing, work)
    if chosen.as_json:
        emit({**_json(at, found), "signature": str(sent.signature)})
    else:
        facts(done, [*_facts(at, found), ("transaction", sent.signature)])


def _digest(digest: str | None, file: Path | None) -> bytes:
    if digest is not None and file is not None:
        raise typer.BadParameter("give --digest or --file, not both")
    if file is not None:
        return sha256(file.read_bytes()).digest()
    try:
        raw = bytes(32) if digest is None else bytes.fromhex(digest)
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise typer.BadParameter(f"{digest!r} is no digest: give 32 bytes in hex (64 digits)")
    return raw


def _quote_json(quote: JobQuote) -> dict[str, Any]:
    return {
        "class": quote.hardware_class,
        "processors": quote.processors,
        "hours": quote.hours,
        "price_nano_usd_per_processor_hour": quote.price_nano_usd,
        "reputation": quote.reputation,
        "discount_bp": quote.discount_bp,
        "rate_per_hour_usd_units": quote.rate_per_hour,
        "deposit_usd_units": quote.deposit,
        "price_valid_until": quote.valid_until,
        "chain_time": quote.now,
        "price_is_fresh": quote.is_fresh,
    }


def _quote_facts(quote: JobQuote) -> list[tuple[str, object]]:
    fresh = f"until {when(quote.valid_until)}" if quote.is_fresh else f"stale since {when(quote.valid_until)}"
    return [
        ("work", f"{quote.hours} h x {quote.processors} x {quote.hardware_class}"),
        ("price", f"{NANO_USD.show(quote.price_nano_usd)} per processor-hour ({fresh})"),
        ("discount", f"{format_bp(quote.discount_bp)} for a reputation of {quote.reputation:,}"),
        ("per hour", USD.show(quote.rate_per_hour)),
        ("to be paid", USD.show(quote.deposit)),
    ]


def _json(at: Pubkey, job: Job) -> dict[str, Any]:
    return {
        "job": str(at),
        "state": job.STATES.get(job.state, str(job.state)),
        "user": str(job.user),
        "node": str(job.node) if job.started_at else None,
        "class": job.class_,
        "id": job.id,
        "processors": job.processors,
        "hours": job.hours,
        "rate_per_hour_usd_units": job.rate_per_hour,
        "deposit_usd_units": job.deposit,
        "settled_usd_units": job.settled_usd,
        "discount_bp": job.discount_bp,
        "opened_at": job.opened_at,
        "started_at": job.started_at or None,
        "reported_at": job.reported_at or None,
        "worked_seconds": job.worked_seconds if job.started_at else 0,
        "settled_seconds": job.settled_seconds,
        "settlements": job.period,
        "digest": job.digest.hex(),
    }


def _facts(at: Pubkey, job: Job) -> list[tuple[str, object]]:
    worked = job.worked_seconds if job.started_at else 0
    return [
        ("job", at),
        ("state", job.STATES.get(job.state, job.state)),
        ("user", job.user),
        ("node", job.node if job.started_at else "not started"),
        ("work", f"{job.hours} h x {job.processors} x {job.class_}"),
        ("per hour", USD.show(job.rate_per_hour)),
        ("paid in", USD.show(job.deposit)),
        ("settled", f"{USD.show(job.settled_usd)} for {duration(job.settled_seconds)}"),
        ("worked", duration(worked)),
        ("opened", when(job.opened_at)),
        ("started", when(job.started_at)),
    ]
