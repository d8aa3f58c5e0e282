"""The years of a run, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from client.amounts import IO, USD, Unit
from client.cli.output import note, table
from simulation.run import Frame, Result


def as_json(result: Result) -> dict[str, Any]:
    """Everything of the summary; amounts in base units, named by their unit."""
    years = result.hours.every("year")
    return {
        "scenario": result.scenario.name,
        "about": result.scenario.about,
        "epochs": len(result.hours),
        "years": [{"year": year, **_row(years, year - 1)} for year in range(1, len(years) + 1)],
        "break_even_year": break_even_year(years),
        "checks": [
            {"name": check.name, "left": check.left, "right": check.right, "equal": check.equal}
            for check in result.checks[-1][1]
        ],
        "differences": [
            {"epoch": epoch, "name": check.name, "left": check.left, "right": check.right}
            for epoch, check in result.differences
        ],
        "ok": not result.differences,
    }


def show(result: Result) -> None:
    """Prints the years, the break-even, and what the checks say."""
    years = result.hours.every("year")
    title = f"{result.scenario.name}: {result.scenario.about}".rstrip(": ")
    table(
        f"{title}\nIO and USD in millions, rounded down; stocks are those of the year's end",
        (
            *(">year", ">emitted IO", ">burned IO", ">net IO", ">supply IO", ">circulating IO", ">locked IO"),
            *(">staked IO", ">collateral IO", ">users paid USD", ">to nodes USD", ">fee USD", ">IO price USD"),
        ),
        (list(_cells(years, index)) for index in range(len(years))),
    )
    found = break_even_year(years)
    note(
        "no year burns more than it emits"
        if found is None
        else f"break-even: year {found} is the first that burns more than it emits"
    )
    say_differences(result)


def say_differences(result: Result) -> None:
    """Says on stderr whether every sum is equal, and by how much one is not."""
    for epoch, check in result.differences:
        by = check.right - check.left
        note(f"DIFFERS at epoch {epoch}: {check.name}: {check.left:,} and {check.right:,}, by {by:,}")
    checked = sum(len(checks) for _, checks in result.checks)
    if not result.differences:
        note(f"{checked} sums checked, every one equal to the base unit")


def break_even_year(years: Frame) -> int | None:
    """The first year that burns more than it emits."""
    pairs = zip(years["burned_io_units"], years["emission_io_units"], strict=True)
    return next((year for year, (burned, emitted) in enumerate(pairs, 1) if burned > emitted), None)


def _row(years: Frame, index: int) -> dict[str, int]:
    row = {column.name: values[index] for column, values in zip(years.columns, years.values, strict=True)}
    return {**row, "net_io_units": row["emission_io_units"] - row["burned_io_units"]}


def _cells(years: Frame, index: int) -> Iterator[str]:
    row = _row(years, index)
    yield str(index + 1)
    for name in (
        *("emission", "burned", "net", "supply", "circulating"),
        *("locked", "staked", "collateral"),
    ):
        yield _millions(row[f"{name}_io_units"], IO)
    for name in ("gross", "dollars", "fee"):
        yield _millions(row[f"{name}_usd_units"], USD)
    yield f"{row['io_price_nano_usd'] / 10**9:,.3f}"


def _millions(amount: int, unit: Unit) -> str:
    """With two decimals, rounded towards zero."""
    whole, rest = divmod(abs(amount) // (unit.base * 10_000), 100)
    return f"{'-' if amount < 0 else ''}{whole:,}.{rest:02d}"
