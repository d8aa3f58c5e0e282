"""`ionet simulate`: twenty years of the network's economy in half a minute."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from client.cli.options import AsJson, settings, single
from client.cli.output import emit, note
from client.economics import ArithmeticRefused
from simulation import files, plot, summary
from simulation.loading import ScenarioRefused, load, packaged
from simulation.run import Result, epochs_of, run
from simulation.scenario import MAX_YEARS, Scenario

app = single()


class Rows(StrEnum):
    """What a row of the file stands for."""

    hour = "hour"
    day = "day"
    month = "month"
    year = "year"


@app.command(
    epilog="Columns of --out, with their units: simulation/README.md, and the metadata of the Parquet file. Names end "
    "with the unit: io_units are 1e-8 IO, usd_units 1e-6 USD, nano_usd 1e-9 USD."
)
def simulate(
    ctx: typer.Context,
    scenario: Annotated[
        str,
        typer.Option(metavar="FILE", help=f"A TOML file, or one that comes with the command: {', '.join(packaged())}."),
    ],
    years: Annotated[
        int, typer.Option(min=1, max=MAX_YEARS, help="How many years of 8,766 hours; 20 are the whole emission.")
    ] = MAX_YEARS,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the rows to a .parquet or .csv file: integers, in base units."),
    ] = None,
    every: Annotated[
        Rows, typer.Option(help="What a row of --out is: sums of flows, and stocks at its end.")
    ] = Rows.hour,
    plot_file: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw emission, burn and supply over the years: .png or .svg."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the network's economy from genesis through a scenario, hour by hour, with the chain's arithmetic.

    A scenario says how many nodes there are, what is asked of them, what things cost and what people choose; what
    follows is emission, burn, supply, and dollars. Needs no network. Ends with a table of the years; exit code 1 where
    a sum is not equal to the base unit.
    """
    given = load(scenario)
    if out is not None:
        files.writable(out, files.SUFFIXES)
    if plot_file is not None:
        files.writable(plot_file, plot.SUFFIXES)
    result = _run(given, epochs_of(years))
    if out is not None:
        files.write(result.hours.every(every.value), out, {"scenario": given.name, "every": every.value})
    if plot_file is not None:
        plot.draw(result, plot_file)
    if settings(ctx, as_json=as_json).as_json:
        emit(summary.as_json(result))
        if result.differences:
            summary.say_differences(result)
    else:
        summary.show(result)
        for written in (out, plot_file):
            if written is not None:
                note(f"written: {written}")
    raise typer.Exit(1 if result.differences else 0)


def _run(scenario: Scenario, epochs: int) -> Result:
    """Runs it, with a bar where somebody looks at it."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} hours"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(f"simulating {scenario.name}", total=epochs)
        try:
            return run(scenario, epochs, lambda hours: bar.advance(task, hours))
        except (ArithmeticRefused, OverflowError) as refused:
            raise ScenarioRefused(
                f"{scenario.name}: leads to amounts that the chain's integers do not hold ({refused}); "
                "give lower prices, or less demand"
            ) from refused
