"""`ionet verify`"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.amounts import format_io, format_usd
from client.cli.options import AsJson, Url, settings, single
from client.cli.output import emit, note, table
from indexer.options import DEFAULT_DIR, Database, DataDir, with_database

if TYPE_CHECKING:
    from indexer.db import Pool
    from indexer.verify import VerifyReport

app = single()

_FRACTION_BITS = 64


@app.command()
def verify(
    ctx: typer.Context,
    epoch: Annotated[int, typer.Option("--epoch", metavar="N", help="A closed epoch.")],
    database: Database = None,
    data_dir: DataDir = DEFAULT_DIR,
    replay: Annotated[bool, typer.Option(help="Read what the chain has added first.")] = True,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Recompute every payout of an epoch from the chain's events alone, and compare it with the chain.

    Exit code 1 where any figure differs; both values are named.
    """
    from client.rpc import connect
    from indexer.replay import catch_up
    from indexer.verify import verify_epoch

    chosen = settings(ctx, url, None, as_json)

    async def work(pool: Pool, _: str) -> VerifyReport:
        if replay:
            await catch_up(pool, chosen.url)
        async with connect(chosen.url) as client:
            return await verify_epoch(pool, client, epoch)

    report = with_database(database, data_dir, work)
    if chosen.as_json:
        emit(_json(report))
    else:
        _show(report)
    raise typer.Exit(0 if report.ok else 1)


def _json(report: VerifyReport) -> dict[str, Any]:
    return {"ok": report.ok, **asdict(report)}


def _show(report: VerifyReport) -> None:
    span = f"epoch {report.epoch}"
    if report.first != report.last:
        span += f" (closed as one with {report.first} to {report.last})"
    table(
        f"Payouts of {span}, recomputed",
        (
            *("actor", ">points", ">reputation", ">coupons, USD", ">of them bonus", ">availability, IO"),
            *(">compute, IO", ">locked, IO"),
        ),
        (
            (
                one.actor,
                f"{one.points:,}",
                one.reputation,
                format_usd(one.coupons_base + one.coupons_bonus),
                format_usd(one.coupons_bonus),
                *(format_io(q64 >> _FRACTION_BITS) for q64 in (one.availability_q64, one.compute_q64, one.bonus_q64)),
            )
            for one in report.payouts
        ),
    )
    table(
        "Compared with the chain, base units",
        ("figure", ">compared", ">recomputed", ">on the chain", ""),
        (
            (row.name, row.compared, _value(row.recomputed), _value(row.found), "equal" if row.ok else "DIFFERS")
            for row in report.rows
        ),
    )
    for text in report.notes:
        note(text)
    for difference in report.differences:
        note(f"DIFFERS: {difference}")
    note(
        f"{span}: every figure is equal"
        if report.ok
        else f"{span}: {len(report.differences)} figures differ from what the events say"
    )


def _value(value: int | str) -> str:
    return f"{value:,}" if isinstance(value, int) else value
