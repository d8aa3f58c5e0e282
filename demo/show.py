"""The demo on a terminal: a live table while it runs, and the summary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from client.amounts import format_io, format_usd
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
    table = _table(
        "Nodes, in USD and IO", ("node", "class", "share"), ("USD", "coupons", "points", "rep.", "claimed", "locked")
    )
    for node in report.nodes:
        table.add_row(
            node["node"] + (" *" if node["affiliate"] else ""),
            f"{node['processors']} {node['class']}",
            f"{node['dollar_share_bp'] // 100}%",
            _short(format_usd(node["dollars_usd_units"])),
            _short(format_usd(node["coupons_base_usd_units"] + node["coupons_bonus_usd_units"])),
            f"{node['points']:,}",
            f"{node['reputation']:,}",
            _short(format_io(node["claimed_io_units"])),
            _short(format_io(node["locked_io_units"])),
        )
    table.caption = "share: of its pay, in dollars. * brought in by an affiliate"
    return table


def epochs_table(report: Report) -> Table:
    """Each epoch: what it emitted, and to whom."""
    table = _table("Epochs", (), ("epoch", "emission (IO)", "supply at most (IO)", "points", "coupons (USD)"))
    for epoch in report.epochs:
        table.add_row(
            str(epoch["epoch"]),
            format_io(epoch["emission_io_units"]),
            format_io(epoch["supply_cap_io_units"]),
            f"{epoch['points']:,}",
            format_usd(epoch["coupons_usd_units"]),
        )
    return table


def totals_table(report: Report) -> Table:
    """Sums of the whole run."""
    table = _table("Sums", ("",), ("",))
    table.show_header = False
    for name, amount in report.totals.items():
        what, unit = name.removesuffix("_units").rsplit("_", 1)
        shown = format_io(amount) if unit == "io" else format_usd(amount)
        table.add_row(what.replace("_", " "), f"{shown} {unit.upper()}")
    return table


def checks_table(report: Report) -> Table:
    """Each check: the sum, and by how much the other differs from it."""
    table = _table("Checks", ("must be equal",), ("base units", "difference"))
    for check in report.checks:
        verdict = "[green]0[/]" if check.equal else f"[bold red]{check.right - check.left:,}[/]"
        table.add_row(check.name, f"{check.left:,}", verdict)
    return table


def summary(console: Console, report: Report) -> None:
    """Prints everything."""
    for table in (epochs_table(report), nodes_table(report), totals_table(report), checks_table(report)):
        console.print(table)


def _table(title: str, left: tuple[str, ...], right: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in left:
        table.add_column(heading, overflow="fold")
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _short(amount: str) -> str:
    """The amount without what follows its second decimal: for the eye, the exact one is in the JSON."""
    whole, _, fraction = amount.partition(".")
    return f"{whole}.{fraction[:2]}"
