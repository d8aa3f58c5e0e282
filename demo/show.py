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
        "Nodes, in USD and IO",
        ("node", "class", "share"),
        ("USD", "coupons", "points", "rep.", "claimed", "stakers", "locked"),
    )
    for node in report.nodes:
        share, elected = (node[name] // 100 for name in ("dollar_share_bp", "elected_dollar_share_bp"))
        marks = {"*": node["affiliate"], "!": node["slashed_io_units"], "+": node["granted_usd_units"]}
        table.add_row(
            " ".join((node["node"], "".join(mark for mark, has in marks.items() if has))),
            f"{node['processors']} {node['class']}",
            f"{share}%" if share == elected else f"{share} → {elected}%",
            _usd(node["dollars_usd_units"]),
            _usd(node["coupons_base_usd_units"] + node["coupons_bonus_usd_units"]),
            f"{node['points']:,}",
            f"{node['reputation']:,}",
            _io(node["claimed_io_units"]),
            _io(node["stakers_io_units"]),
            _io(node["locked_io_units"]),
        )
    table.caption = (
        "share: of its pay, in dollars. * brought in by an affiliate, ! slashed and made good, + its owner had a grant"
    )
    return table


def jobs_table(report: Report) -> Table:
    """Each job: who rented what, how it was paid for, who was drawn, what became of it."""
    table = _table("Jobs, in USD", ("job", "what", "paid with", "node"), ("of", "deposit", "paid", "back"))
    table.add_column("")
    for job in report.jobs:
        benefit = f"{job['discount_bp'] / 100:g}% {'off' if job['benefit'] == 'discount' else 'as locked IO'}"
        table.add_row(
            f"{job['job']} {job['user']}",
            f"{job['processors']} {job['class']}, {job['hours']} h",
            job["paid_with"] + (f", {benefit}" if job["discount_bp"] else ""),
            job["node"] or "none is free",
            str(job["candidates"]),
            _usd(job["deposit_usd_units"]),
            _usd(job["settled_usd_units"]),
            _usd(job["refund_usd_units"] + job["credit_back_usd_units"]),
            ", ".join([*job["turns"], job["state"]]),
        )
    table.caption = "of: candidates, from whom the router drew by reputation"
    return table


def people_table(report: Report) -> Table:
    """Everybody else."""
    table = _table(
        "People, in IO and USD",
        ("",),
        ("staked", "unbonding", "earned", "locked", "sold", "USD paid", "received", "granted", "saved", "rep."),
    )
    for one in report.people:
        io = ("staked", "unbonding", "earned", "locked", "sold")
        usd = ("paid", "received", "granted", "saved")
        table.add_row(
            one["name"],
            *(_io(one[f"{name}_io_units"]) if one[f"{name}_io_units"] else "" for name in io),
            *(_usd(one[f"{name}_usd_units"]) if one[f"{name}_usd_units"] else "" for name in usd),
            "" if one["reputation"] is None else str(one["reputation"]),
        )
    table.caption = "earned: rewards, parts of an affiliate, claims, and locked IO that vested"
    return table


def epochs_table(report: Report) -> Table:
    """Each epoch: what it emitted, and to whom."""
    table = _table(
        "Epochs, in IO and USD",
        (),
        ("epoch", "emission", "to availability", "to compute", "supply at most", "points", "coupons"),
    )
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
    for make in (epochs_table, nodes_table, jobs_table, people_table, totals_table, checks_table):
        console.print(make(report))


def _table(title: str, left: tuple[str, ...], right: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in left:
        table.add_column(heading, overflow="fold")
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _io(units: int) -> str:
    return _short(format_io(units))


def _usd(units: int) -> str:
    return _short(format_usd(units))


def _short(amount: str) -> str:
    """The amount without what follows its second decimal: for the eye, the exact one is in the JSON."""
    whole, _, fraction = amount.partition(".")
    return f"{whole}.{fraction[:2]}"
