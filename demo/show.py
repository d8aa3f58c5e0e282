"""The demo on a terminal: a live table while it runs, and the summary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from client.amounts import format_bp, format_io, format_usd
from demo.report import Report


class Screen:
    """Progress above a table of the nodes, on standard error: standard output is for the result."""

    def __init__(self, console: Console, epochs: int) -> None:
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
        )
        self._task = self._progress.add_task("starting", total=epochs + 1)
        self._table = Table()
        self._live = Live(Group(self._progress), console=console, refresh_per_second=8, transient=True)

    @contextmanager
    def showing(self) -> Iterator[None]:
        """While the demo runs."""
        with self._live:
            yield

    def step(self, text: str) -> None:
        """What goes on now. Where the terminal is none, a line of its own."""
        self._progress.update(self._task, description=text)
        if not self._live.console.is_terminal:
            self._live.console.print(text)

    def advance(self, report: Report | None = None) -> None:
        """A part is done; shows what the nodes have by now."""
        self._progress.advance(self._task)
        if report is not None:
            self._live.update(Group(self._progress, nodes_table(report)))


def nodes_table(report: Report) -> Table:
    """Each node: what it is, and what it got."""
    table = Table(title="Nodes", title_justify="left")
    for heading in ("node", "class", "dollar share"):
        table.add_column(heading)
    for heading in ("dollars", "coupons", "points", "reputation", "IO claimed", "IO locked"):
        table.add_column(heading, justify="right")
    for node in report.nodes:
        name = node["node"] + (" (affiliate)" if node["affiliate"] else "")
        table.add_row(
            name,
            f"{node['processors']} {node['class']}",
            format_bp(node["dollar_share_bp"]),
            format_usd(node["dollars_usd_units"]),
            format_usd(node["coupons_base_usd_units"] + node["coupons_bonus_usd_units"]),
            f"{node['points']:,}",
            f"{node['reputation']:,}",
            format_io(node["claimed_io_units"]),
            format_io(node["locked_io_units"]),
        )
    return table


def epochs_table(report: Report) -> Table:
    """Each epoch: what it emitted, and to whom."""
    table = Table(title="Epochs", title_justify="left")
    for heading in ("epoch", "emission (IO)", "availability", "compute", "supply at most", "points", "coupons (USD)"):
        table.add_column(heading, justify="right")
    for epoch in report.epochs:
        table.add_row(
            str(epoch["epoch"]),
            format_io(epoch["emission_io_units"]),
            format_io(epoch["availability_io_units"]),
            format_io(epoch["compute_io_units"]),
            format_io(epoch["supply_cap_io_units"]),
            f"{epoch['points']:,}",
            format_usd(epoch["coupons_usd_units"]),
        )
    return table


def totals_table(report: Report) -> Table:
    """Sums of the whole run."""
    table = Table(title="Sums", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, amount in report.totals.items():
        what, unit = name.removesuffix("_units").rsplit("_", 1)
        shown = format_io(amount) if unit == "io" else format_usd(amount)
        table.add_row(what.replace("_", " "), f"{shown} {unit.upper()}")
    return table


def checks_table(report: Report) -> Table:
    """Each check, with both of its sums in base units."""
    table = Table(title="Checks, in base units", title_justify="left")
    table.add_column("must be equal")
    table.add_column("left", justify="right")
    table.add_column("right", justify="right")
    table.add_column("")
    for check in report.checks:
        verdict = "[green]equal[/]" if check.equal else "[bold red]DIFFERS[/]"
        table.add_row(check.name, f"{check.left:,}", f"{check.right:,}", verdict)
    return table


def summary(console: Console, report: Report) -> None:
    """Prints everything."""
    for table in (epochs_table(report), nodes_table(report), totals_table(report), checks_table(report)):
        console.print(table)
