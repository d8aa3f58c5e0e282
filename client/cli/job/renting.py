"""`ionet job quote`, `open`, `extend`, `cancel`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.amounts import USD
from client.cli.job.group import JobAddress, act, app
from client.cli.job.shown import quote_facts, quote_json, sold_facts, sold_json
from client.cli.options import AsJson, KeypairFile, Url, optional_address, settings
from client.cli.output import duration, emit, facts, note

if TYPE_CHECKING:
    from solana.rpc.async_api import AsyncClient
    from solders.pubkey import Pubkey

    from client.reads import JobQuote

ClassName = Annotated[str, typer.Option("--class", help="Hardware class, such as H100.", metavar="NAME")]
Processors = Annotated[int, typer.Option(help="Processors at once.", metavar="N")]
Hours = Annotated[int, typer.Option(help="Whole hours to pay for; seconds not worked are refunded.", metavar="N")]
UserId = Annotated[int | None, typer.Option("--id", help="Which of your users, where you have several.", metavar="N")]
Benefit = Annotated[
    str,
    typer.Option(
        help="What your reputation gives: `discount`, or `locked-io` at the full price.", metavar="discount|locked-io"
    ),
]


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
    benefit: Benefit = "discount",
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what a job would cost now, in USD. A read: nothing is sent, no key is needed."""
    chosen = settings(ctx, url, keypair, as_json)
    target = optional_address(user)
    wallet = chosen.keypair().pubkey() if target is None and chosen.keypair_given else None
    chosen_benefit = _benefit(benefit)
    found = chosen.run(
        "asking for the price",
        lambda client: _quote(client, hardware_class, processors, hours, target, wallet, user_id, chosen_benefit),
    )
    if chosen.as_json:
        emit(quote_json(found))
    else:
        facts("Quote", quote_facts(found))
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
    benefit: Benefit = "discount",
    credit: Annotated[
        str,
        typer.Option(
            help="Of what you were granted: `auto` takes all that there is, `none` nothing, or an amount of USD.",
            metavar="auto|none|USD",
        ),
    ] = "auto",
    pay: Annotated[
        str,
        typer.Option(
            help="`io`: sell your IO to the burn auction for what is to be paid, in the same transaction.",
            metavar="usd|io",
        ),
    ] = "usd",
    slippage: Annotated[
        int,
        typer.Option(
            help="With --pay io: how much more IO than quoted may be sold, basis points; dollars left over are yours.",
            metavar="BP",
            min=0,
            max=5_000,
        ),
    ] = 100,
    user_id: UserId = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Open a job and pay for its hours into its own vault. The price is fixed at this moment."""
    from client import actions, reads

    chosen = settings(ctx, url, keypair, as_json)
    most = None if max_usd is None else USD.parse(max_usd)
    if pay not in ("usd", "io"):
        raise typer.BadParameter(f"{pay!r} is no way to pay: give usd or io")
    chosen_benefit, granted = _benefit(benefit), _credit(credit)
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
            benefit=chosen_benefit,
            credit=granted,
            pay_in_io=pay == "io",
            slippage_bp=slippage,
        )

    made = chosen.run("opening the job", work)
    if chosen.as_json:
        emit(
            {
                "job": str(made.job),
                "id": made.id,
                **quote_json(made.quote),
                "granted_usd_units": made.granted,
                "sold": sold_json(made.sold) if made.sold else None,
                "signature": str(made.sent.signature),
            }
        )
        return
    shown = [("job", made.job), *quote_facts(made.quote)]
    if made.granted:
        shown.append(("from your credit", USD.show(made.granted)))
    if made.sold:
        shown += sold_facts(made.sold)
    facts("Job opened", [*shown, ("transaction", made.sent.signature)])


@app.command()
def extend(
    ctx: typer.Context,
    job: JobAddress,
    hours: Annotated[int, typer.Option(help="Whole hours to add.", metavar="N", min=1, max=(1 << 32) - 1)],
    max_usd: Annotated[
        str | None,
        typer.Option("--max-usd", help="The most they may cost, USD, a decimal. Default: any.", metavar="USD"),
    ] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Add hours to your job at its own rate, while its class costs no more than when it was opened."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    most = None if max_usd is None else USD.parse(max_usd)
    act(
        chosen,
        "extending",
        job,
        "Job extended",
        lambda client, key, at: actions.extend_job(client, key, at, hours, most),
    )


@app.command()
def cancel(
    ctx: typer.Context, job: JobAddress, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False
) -> None:
    """End your job now: its node is paid for what it worked, to the second, and the rest is refunded.

    What the node reported counts as accepted. If it is wrong, dispute it instead.
    """
    from client import actions

    act(settings(ctx, url, keypair, as_json), "cancelling", job, "Job cancelled", actions.cancel_job)


async def _quote(
    client: AsyncClient,
    hardware_class: str,
    processors: int,
    hours: int,
    user: Pubkey | None,
    wallet: Pubkey | None,
    user_id: int | None,
    benefit: int,
) -> JobQuote:
    from client import reads

    if user is None and wallet is not None:
        user, _ = await reads.user_of(client, wallet, user_id)
    elif user is not None:
        await reads.actor(client, user)
    return await reads.quote_job(client, hardware_class, processors, hours, user, benefit)


def _benefit(name: str) -> int:
    from client.state import Job

    numbers = {known: number for number, known in Job.BENEFITS.items()}
    if name not in numbers:
        raise typer.BadParameter(f"{name!r} is no benefit: give {' or '.join(numbers)}")
    return numbers[name]


def _credit(text: str) -> int | None:
    return None if text == "auto" else 0 if text == "none" else USD.parse(text)
