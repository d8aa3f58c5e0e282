"""`ionet vesting`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.amounts import IO, format_io
from client.cli.options import AsJson, KeypairFile, Url, address, group, optional_address, settings, unix_seconds
from client.cli.output import duration, emit, facts, table, when
from client.genesis import MONTH_SECONDS

if TYPE_CHECKING:
    from solana.rpc.async_api import AsyncClient
    from solders.pubkey import Pubkey

    from client.state import Vesting

app = group("Locked IO: bonus IO that vests, and IO that somebody locked for somebody.")

Beneficiary = Annotated[
    str | None,
    typer.Option("--for", metavar="ADDRESS", help="Whose locked IO. Default: that of --keypair.", show_default=False),
]


@app.command("list")
def list_(
    ctx: typer.Context,
    beneficiary: Beneficiary = None,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's.")] = False,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """List locked IO: how much, how much of it is free and withdrawn, and when the rest will be."""
    chosen = settings(ctx, url, keypair, as_json)
    if everybody and beneficiary is not None:
        raise typer.BadParameter("give either --all or --for")
    who = None if everybody else optional_address(beneficiary) or chosen.keypair().pubkey()
    found, now = chosen.run("reading", lambda client: _read(client, who))
    if chosen.as_json:
        emit([_json(where, one, now) for where, one in found])
        return
    table(
        f"Locked IO, {len(found)} accounts",
        ("account", "beneficiary", ">locked", ">withdrawn", ">free now", "next", "all free", "paid"),
        (
            (
                where,
                one.beneficiary,
                format_io(one.total),
                format_io(one.withdrawn),
                format_io(_due(one, now)),
                _next(one, now),
                when(one.end),
                "from the vault" if one.funded else "newly minted",
            )
            for where, one in found
        ),
    )


@app.command()
def withdraw(
    ctx: typer.Context,
    account: Annotated[
        str | None, typer.Argument(help="One account of locked IO, whoever's. Default: all of the beneficiary's.")
    ] = None,
    beneficiary: Beneficiary = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Pay what is free of locked IO to its beneficiary. Anyone may; --keypair pays the fee."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    if account is not None and beneficiary is not None:
        raise typer.BadParameter("give either one account or --for")
    key, who, only = chosen.keypair(), optional_address(beneficiary), optional_address(account)
    done = chosen.run("withdrawing", lambda client: actions.withdraw_vested(client, key, who, only))
    if chosen.as_json:
        emit(
            {
                "withdrawn_io_units": done.amount,
                "accounts": [str(one) for one in done.vestings],
                "signatures": [str(one.signature) for one in done.sent],
            }
        )
        return
    signatures = [("transaction", one.signature) for one in done.sent]
    facts("Withdrawn", [("IO", IO.show(done.amount)), ("accounts", len(done.vestings)), *signatures])


@app.command()
def lock(
    ctx: typer.Context,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="The beneficiary, a wallet.")],
    io: Annotated[str, typer.Option("--io", metavar="IO", help="IO to lock, a decimal such as 12.5.")],
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="When all of it is free, by the second from the start on.", show_default=False
        ),
    ] = None,
    months: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="In place of --until: so many monthly tranches.", show_default=False),
    ] = None,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="Default: now, as the chain has it.", show_default=False)
    ] = None,
    id: Annotated[
        int | None,
        typer.Option(min=0, max=(1 << 64) - 1, help="A number of yours for it. Default: the first free one."),
    ] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Lock IO of yours for somebody, who gets it over time. Nobody can take it back.

    Times are 2026-01-01T00:00:00Z or Unix seconds; a month is 730 hours.
    """
    chosen = settings(ctx, url, keypair, as_json)
    if (until is None) == (months is None):
        raise typer.BadParameter("give either --until or --months")
    amount, beneficiary, key = IO.parse(io), address(to), chosen.keypair()
    begins, ends = (None if text is None else unix_seconds(text) for text in (start, until))

    async def work(client: AsyncClient) -> Any:
        from client import actions
        from client.rpc import chain_time

        first = await chain_time(client) if begins is None else begins
        last, step = (first + months * MONTH_SECONDS, MONTH_SECONDS) if months else (ends or 0, 1)
        return await actions.lock_io(client, key, beneficiary, amount, start=first, end=last, step_seconds=step, id=id)

    done = chosen.run("locking", work)
    if chosen.as_json:
        emit({**_json(done.address, done.vesting, done.vesting.start), "signature": str(done.sent.signature)})
        return
    facts(
        "Locked",
        [
            ("IO", IO.show(done.vesting.total)),
            ("for", done.vesting.beneficiary),
            ("account", done.address),
            ("from", when(done.vesting.start)),
            ("to", when(done.vesting.end)),
            ("in steps of", duration(done.vesting.step_seconds)),
            ("transaction", done.sent.signature),
        ],
    )


async def _read(client: AsyncClient, who: Pubkey | None) -> tuple[list[tuple[Pubkey, Vesting]], int]:
    from client.actions.vesting import vestings
    from client.rpc import chain_time

    found = await vestings(client, who)
    by_end = sorted(found.items(), key=lambda item: (item[1].end, bytes(item[0])))
    return by_end, await chain_time(client)


def _due(one: Vesting, now: int) -> int:
    return max(one.vested(now) - one.withdrawn, 0)


def _next(one: Vesting, now: int) -> str:
    """When more of it becomes free."""
    if now >= one.end:
        return "-"
    if now < one.start:
        return when(one.start + one.step_seconds)
    if one.step_seconds == 1:
        return "every second"
    return when(one.start + ((now - one.start) // one.step_seconds + 1) * one.step_seconds)


def _json(where: Pubkey, one: Vesting, now: int) -> dict[str, Any]:
    return {
        "account": str(where),
        "beneficiary": str(one.beneficiary),
        "total_io_units": one.total,
        "withdrawn_io_units": one.withdrawn,
        "free_io_units": _due(one, now),
        "start": one.start,
        "end": one.end,
        "step_seconds": one.step_seconds,
        "funded": bool(one.funded),
    }
