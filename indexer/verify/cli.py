"""`ionet verify`"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.amounts import format_io, format_usd
from client.cli.options import AsJson, Url, settings, single
from client.cli.output import emit, note, table
from indexer.options import DEFAULT_DIR, Database, DataDir, with_database

if TYPE_CHECKING:
    from indexer.database.db import Pool
    from indexer.verify import Difference, JobReport, Row, VerifyReport

app = single()

_FRACTION_BITS = 64


@app.command()
def verify(
    ctx: typer.Context,
    epoch: Annotated[int | None, typer.Option("--epoch", metavar="N", help="A closed epoch.")] = None,
    job: Annotated[str | None, typer.Option("--job", metavar="ID|ADDRESS", help="A job, begun or over.")] = None,
    database: Database = None,
    data_dir: DataDir = DEFAULT_DIR,
    replay: Annotated[bool, typer.Option(help="Read what the chain has added first.")] = True,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Recompute every payout of an epoch, or every draw and settlement of a job, from the chain's events alone.

    Exit code 1 where any figure differs; both values are named.
    """
    chosen = settings(ctx, url, None, as_json)
    if (epoch is None) == (job is None):
        raise typer.BadParameter("give either --epoch or --job")
    report = with_database(database, data_dir, _work(chosen.url, epoch, job, replay))
    if chosen.as_json:
        emit({"ok": report.ok, **asdict(report)})
    elif job is not None:
        _show_job(report)
    else:
        _show(report)
    raise typer.Exit(0 if report.ok else 1)


def _work(url: str, epoch: int | None, job: str | None, replay: bool) -> Callable[[Pool, str], Awaitable[Any]]:
    from client.rpc import connect
    from indexer.storing.replay import catch_up
    from indexer.verify import verify_epoch, verify_job

    async def work(pool: Pool, _: str) -> Any:
        if replay:
            await catch_up(pool, url)
        if job is not None:
            return await verify_job(pool, job)
        assert epoch is not None
        async with connect(url) as client:
            return await verify_epoch(pool, client, epoch)

    return work


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
    for text in report.notes:
        note(text)
    _show_compared(span, report.rows, report.differences)


def _show_job(report: JobReport) -> None:
    name = f"job {report.job}"
    table(
        f"Nodes of {name}, drawn once more",
        (">assignment", ">slot", ">drawn from slot", "node", ">candidates", ">of weight", ">ticket", ""),
        (
            (
                *(one.number, one.slot, one.as_of_slot, one.node, one.candidates, one.total_weight, one.ticket),
                _verdict(one.ok),
            )
            for one in report.assignments
        ),
    )
    table(
        f"Settlements of {name}, USD",
        (">period", "node", ">seconds", ">gross", ">to the node", ">burned", ">fee", ">coupons", ""),
        (
            (
                one.period,
                one.node,
                f"{one.from_second:,} to {one.to_second:,}",
                *(format_usd(amount) for amount in (one.gross, one.dollars, one.burn, one.fee, one.coupons)),
                _verdict(one.ok),
            )
            for one in report.settlements
        ),
    )
    _show_compared(name, report.rows, report.differences)


def _show_compared(of: str, rows: Sequence[Row], differences: Sequence[Difference]) -> None:
    table(
        "Compared with the chain, base units",
        ("figure", ">compared", ">recomputed", ">on the chain", ""),
        ((row.name, row.compared, _value(row.recomputed), _value(row.found), _verdict(row.ok)) for row in rows),
    )
    for difference in differences:
        note(f"DIFFERS: {difference}")
    note(
        f"{of}: {len(differences)} figures differ from what the events say"
        if differences
        else f"{of}: every figure is equal"
    )


def _verdict(ok: bool) -> str:
    return "equal" if ok else "DIFFERS"


def _value(value: int | str) -> str:
    return f"{value:,}" if isinstance(value, int) else value
