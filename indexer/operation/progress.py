"""How far a replay is: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from client.cli.output import note

if TYPE_CHECKING:
    from indexer.storing import replay

_LINE_SECONDS: Final = 2.0
"""Between two lines where nobody watches."""


@contextmanager
def progress() -> Iterator[replay.Progress]:
    """What to call after each batch; on stderr."""
    if sys.stderr.isatty():
        with _bar() as shown:
            yield shown
    else:
        yield _lines()


@contextmanager
def _bar() -> Iterator[replay.Progress]:
    began = time.monotonic()
    columns = (
        TextColumn("slot {task.fields[slot]:,} of {task.fields[until]:,}"),
        *(BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rate]}")),
        *(TimeElapsedColumn(), TimeRemainingColumn()),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("replay", total=None, slot=0, until=0, rate="", visible=False)
        first: int | None = None

        def shown(slot: int, until: int, events: int) -> None:
            nonlocal first
            first = slot if first is None else first
            rate = f"{events:,} events, {events / max(time.monotonic() - began, 1e-9):,.0f} a second"
            # From the first batch on: where it began says nothing of how fast it goes.
            done, of = slot - first, until - first
            bar.update(task, total=of, completed=done, slot=slot, until=until, rate=rate, visible=True)

        yield shown


def _lines() -> replay.Progress:
    last = float("-inf")

    def shown(slot: int, until: int, events: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _LINE_SECONDS or slot == until:
            last = now
            note(f"slot {slot:,} of {until:,}, {events:,} events")

    return shown
