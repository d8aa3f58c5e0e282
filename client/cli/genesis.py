"""`ionet genesis`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.amounts import IO, format_bp, format_io
from client.cli.options import AsJson, KeypairFile, Url, address, group, settings, unix_seconds
from client.cli.output import emit, facts, note, table, when
from client.cli.program import IsLocalnet, NamedMultisigs
from client.economics import BPS, GENESIS_SUPPLY
from client.genesis import CAP, DESIGN, MONTH_SECONDS, Allocation, Payment, Plan, read

if TYPE_CHECKING:
    from solana.rpc.async_api import AsyncClient
    from solders.keypair import Keypair

    from client.actions.genesis import Done, Sums

app = group("The genesis: 500,000,000 IO that exist before the first hour, paid and locked by an allocation file.")

File = Annotated[
    Path,
    typer.Option("--file", metavar="FILE", help="The allocation file. Default: the design's, which names nobody yet."),
]


@app.command()
def plan(
    ctx: typer.Context,
    file: File = DESIGN,
    begins: Annotated[
        str | None,
        typer.Option(
            "--begins",
            metavar="TIME",
            help="When epoch 1 begins, for the dates: 2026-01-01T00:00:00Z or Unix seconds. Default: as the file says.",
        ),
    ] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Show who gets how much, liquid or in which tranches. Needs no network.

    A file is refused unless it adds up to the genesis, to the base unit; the message names the entry.
    """
    found = read(file)
    genesis = found.genesis if begins is None else unix_seconds(begins)
    if settings(ctx, url, keypair, as_json).as_json:
        emit(_plan_json(found, genesis))
        return
    table(
        "Allocations, IO",
        ("name", ">of the cap", ">genesis", ">emitted later", "beneficiaries"),
        (
            (one.name, _of_cap(one), format_io(one.amount), format_io(one.emitted), len(one.shares) or "to be named")
            for one in found.allocations
        ),
    )
    table(
        f"Payments, IO; a month is {MONTH_SECONDS // 3600} hours"
        + ("" if genesis is None else f" from {when(genesis)}"),
        (">no.", "allocation", "beneficiary", ">amount", "tranches", "first free", "all free"),
        (_row(one, genesis) for one in found.payments),
    )
    total = sum(one.amount for one in found.payments)
    facts("Together", [("genesis", IO.show(total)), ("payments", len(found.payments))])


@app.command()
def run(
    ctx: typer.Context,
    file: File = DESIGN,
    multisigs: NamedMultisigs = None,
    is_localnet: IsLocalnet = False,
    rehearsal: Annotated[
        bool,
        typer.Option(
            "--rehearsal", help="On devnet and testnet: whoever may replace the programs.", show_default=False
        ),
    ] = False,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Carry the plan out: pay what is liquid, lock the rest, and check what the chain has then.

    --keypair holds the genesis, and pays. What was done before is skipped: a run that was cut short is begun again.
    Nothing is paid on a public cluster whose deployment `ionet program check` refuses.
    """
    from client.deployment import require_safe

    chosen = settings(ctx, url, keypair, as_json)
    found, key = read(file), chosen.keypair()
    named = [address(one) for one in multisigs or ()]

    async def work(client: AsyncClient) -> tuple[list[Done], Sums]:
        await require_safe(client, named, is_localnet=is_localnet, rehearsal=rehearsal)
        return await _run(client, key, found)

    done, sums = chosen.run("paying the genesis", work)
    if chosen.as_json:
        emit({"payments": [_done_json(one) for one in done], **_sums_json(sums)})
        return
    table(
        "Genesis, IO",
        (">no.", "allocation", "beneficiary", ">amount", "what", "transaction"),
        (
            (
                one.payment.number,
                one.payment.allocation,
                one.payment.beneficiary,
                format_io(one.payment.amount),
                _what(one),
                one.sent.signature if one.sent else "done before" if one.account else "",
            )
            for one in done
        ),
    )
    facts(
        "On the chain, as planned",
        [
            ("paid", IO.show(sums.paid)),
            ("locked", IO.show(sums.locked)),
            ("kept by the payer", IO.show(sums.kept)),
            ("genesis", IO.show(sums.paid + sums.locked + sums.kept)),
        ],
    )
    if sums.left:
        note(f"{key.pubkey()} holds {IO.show(sums.left)} that are not of the plan.")


async def _run(client: AsyncClient, key: Keypair, found: Plan) -> tuple[list[Done], Sums]:
    from client.actions import genesis

    done = []
    async for one in genesis.run(client, key, found):
        done.append(one)
        if one.sent:
            note(f"{len(done)} of {len(found.payments)}: {one.payment.allocation}, {IO.show(one.payment.amount)}")
    return done, await genesis.check(client, key.pubkey(), found)


def _what(one: Done) -> str:
    if one.account is None:
        return "kept"
    return f"locked: {one.account}" if one.payment.tranches else "paid"


def _of_cap(one: Allocation) -> str:
    return format_bp((one.amount + one.emitted) * BPS // CAP)


def _row(one: Payment, genesis: int | None) -> tuple[object, ...]:
    who = one.beneficiary or "to be named"
    if one.tranches is None:
        return (one.number, one.allocation, who, format_io(one.amount), "liquid", "at once", "at once")
    first, count = one.tranches.first_month, one.tranches.count
    if genesis is None:
        free = f"end of month {first}", f"end of month {first + count - 1}"
    else:
        free = when(one.tranches.first_free(genesis)), when(one.tranches.end(genesis))
    return (one.number, one.allocation, who, format_io(one.amount), f"{count}, monthly", *free)


def _plan_json(found: Plan, genesis: int | None) -> dict[str, Any]:
    return {
        "genesis": genesis,
        "genesis_io_units": GENESIS_SUPPLY,
        "allocations": [
            {"name": one.name, "genesis_io_units": one.amount, "emitted_io_units": one.emitted}
            for one in found.allocations
        ],
        "payments": [_payment_json(one, genesis) for one in found.payments],
    }


def _payment_json(one: Payment, genesis: int | None) -> dict[str, Any]:
    tranches = one.tranches
    return {
        "number": one.number,
        "allocation": one.allocation,
        "beneficiary": str(one.beneficiary) if one.beneficiary else None,
        "amount_io_units": one.amount,
        "tranches": tranches.count if tranches else None,
        "first_month": tranches.first_month if tranches else None,
        "first_free": tranches.first_free(genesis) if tranches and genesis is not None else None,
        "all_free": tranches.end(genesis) if tranches and genesis is not None else None,
    }


def _done_json(one: Done) -> dict[str, Any]:
    return {
        **_payment_json(one.payment, None),
        "account": str(one.account) if one.account else None,
        "signature": str(one.sent.signature) if one.sent else None,
    }


def _sums_json(sums: Sums) -> dict[str, int]:
    return {
        "paid_io_units": sums.paid,
        "locked_io_units": sums.locked,
        "kept_io_units": sums.kept,
        "left_io_units": sums.left,
    }
