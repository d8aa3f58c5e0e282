"""The demo on a terminal: a live table while it runs, and the summary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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


def epochs_table(report: Report) -> Table:
    """Each epoch: what it emitted, and to whom."""
    table = _table(
        "Epochs, in IO and USD",
        (),
        ("epoch", "emission", "availability", "compute", "supply at most", "points", "coupons"),
    )
    for epoch in report.epochs:
        table.add_row(
            str(epoch["epoch"]),
            _io(epoch["emission_io_units"]),
            _io(epoch["availability_io_units"]),
            _io(epoch["compute_io_units"]),
            _io(epoch["supply_cap_io_units"]),
            f"{epoch['points']:,}",
            _usd(epoch["coupons_usd_units"]),
        )
    return table


def nodes_table(report: Report) -> Table:
    """Each node: what it is, and what it got."""
    table = _table(
        "Nodes, in USD and IO",
        ("node", "class", "share"),
        ("USD", "coupons", "points", "rep.", "claimed", "stakers", "locked"),
    )
    for node in report.nodes:
        share, elected = (node[name] // 100 for name in ("dollar_share_bp", "elected_dollar_share_bp"))
        marks = {"*": node["affiliate"], "!": node["slashed_io_units"], "+": node["granted_usd_units"]}
        table.add_row(
            node["node"] + "".join(mark for mark, has in marks.items() if has),
            f"{node['processors']} {node['class']}",
            f"{share}%" if share == elected else f"{share}→{elected}%",
            _usd(node["dollars_usd_units"]),
            _usd(node["coupons_base_usd_units"] + node["coupons_bonus_usd_units"]),
            f"{node['points']:,}",
            f"{node['reputation']:,}",
            _io(node["claimed_io_units"]),
            _io(node["stakers_io_units"]),
            _io(node["locked_io_units"]),
        )
    table.caption = (
        "share: of its pay, in dollars. * brought in by an affiliate.\n"
        "! slashed, and its collateral made good. + its owner was granted dollars."
    )
    return table


def jobs_table(report: Report) -> Table:
    """Each job: who rented what, how it was paid for, who was drawn, what became of it."""
    table = _table("Jobs, in USD", ("user", "rents", "with", "less", "node"), ("of", "deposit", "paid", "back"))
    table.add_column("")
    for job in report.jobs:
        less = f"{job['discount_bp'] / 100:g}%" + (" IO" if job["benefit"] == "locked-io" else "")
        table.add_row(
            job["user"],
            f"{job['processors']} {job['class']} {job['hours']} h",
            job["paid_with"],
            less if job["discount_bp"] else "",
            job["node"] or "",
            str(job["candidates"]),
            _usd(job["deposit_usd_units"]),
            _usd(job["settled_usd_units"]),
            _usd(job["refund_usd_units"] + job["credit_back_usd_units"]),
            ", ".join(job["turns"]) or job["state"],
        )
    table.caption = (
        "less: by the user's reputation, as a discount or as locked IO.\n"
        "of: so many nodes could have been drawn by the router."
    )
    return table


def measured_table(report: Report) -> Table:
    """Each challenge of each machine: what was measured, and how sure it is."""
    table = _table("Measured", ("node", "", "quantity"), ("value", "from", "to"))
    for one in report.measured:
        passed = "passed" if one["passed"] else one["failure"]
        for name, found in one.items():
            if isinstance(found, dict):
                figures = (f"{found[key]:,.0f}" for key in ("value", "low", "high"))
                table.add_row(one["node"], passed, f"{name}, {found['unit']}", *figures)
    return table


def holders_table(report: Report) -> Table:
    """Those who hold IO."""
    shown = ("staked_io", "unbonding_io", "earned_io", "locked_io", "sold_io", "received_usd")
    table = _table("Holders, in IO and USD", ("",), ("staked", "unbonding", "earned", "locked", "sold", "USD"))
    for one in report.people:
        if one["role"] != "user":
            table.add_row(one["name"], *_amounts(one, shown))
    table.caption = "earned: rewards, an affiliate's parts, locked IO that vested."
    return table


def users_table(report: Report) -> Table:
    """Those who rent."""
    shown = ("paid_usd", "received_usd", "granted_usd", "saved_usd", "sold_io", "locked_io")
    table = _table(
        "Users, in USD and IO", ("",), ("rep.", "paid", "received", "from grant", "saved", "IO sold", "IO locked")
    )
    for one in report.people:
        if one["role"] == "user":
            table.add_row(one["name"], str(one["reputation"]), *_amounts(one, shown))
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
    table = _table("Checks", ("must be equal",), ("base units", "differs"))
    for check in report.checks:
        verdict = "[green]0[/]" if check.equal else f"[bold red]{check.right - check.left:,}[/]"
        table.add_row(check.name, f"{check.left:,}", verdict)
    return table


def summary(console: Console, report: Report) -> None:
    """Prints everything."""
    tables = (epochs_table, nodes_table, jobs_table, holders_table, users_table, totals_table, checks_table)
    for table in (measured_table, *tables) if report.measured else tables:
        console.print(table(report))


def _table(title: str, left: tuple[str, ...], right: tuple[str, ...]) -> Table:
    """Tight: on a terminal of 80 columns no amount is cut."""
    table = Table(title=title, title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD, padding=(0, 0, 0, 0))
    for heading in left:
        table.add_column(heading, overflow="fold")
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _amounts(row: dict[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    """Each of these amounts, named with their unit; nothing for zero."""
    for name in names:
        units = row[f"{name}_units"]
        shown = _io(units) if name.endswith("_io") else _usd(units)
        yield shown if units else ""


def _io(units: int) -> str:
    return _short(format_io(units))


def _usd(units: int) -> str:
    return _short(format_usd(units))


def _short(amount: str) -> str:
    """The amount without what follows its second decimal: for the eye, the exact one is in the JSON."""
    whole, _, fraction = amount.partition(".")
    return f"{whole}.{fraction[:2]}"
