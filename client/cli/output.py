"""How commands speak: JSON or tables on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from client.discreet import discreet, harmless

_PIPE_WIDTH = 200
"""Columns where stdout is no terminal: addresses stay in one piece."""


def _console(stderr: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else _PIPE_WIDTH, highlight=False)


def _safe(value: object) -> str:
    """As text that neither rich nor the terminal obeys: strangers name endpoints, nodes word their errors."""
    return escape(harmless(str(value)))


def emit(value: Any) -> None:
    """Prints a value as JSON."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints rows; a column whose name begins with `>` is set to the right."""
    made = Table(title=_safe(title), title_justify="left")
    for column in columns:
        right = column.startswith(">")
        made.add_column(column.lstrip(">"), justify="right" if right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(_safe(cell) for cell in row))
    _console().print(made)


def facts(title: str, pairs: Iterable[tuple[str, object]]) -> None:
    """Prints names and values, one a line."""
    made = Table(title=_safe(title), title_justify="left", show_header=False)
    made.add_column(style="bold")
    made.add_column(overflow="fold")
    for name, value in pairs:
        made.add_row(_safe(name), _safe(value))
    _console().print(made)


def note(text: str) -> None:
    """Says something on stderr."""
    _console(stderr=True).print(_safe(discreet(text)), soft_wrap=True)


def complain(refused: Exception) -> None:
    """Says on stderr what was refused, and what was added to it."""
    console = _console(stderr=True)
    console.print(f"[red]error:[/red] {_safe(discreet(str(refused)))}", soft_wrap=True)
    for line in getattr(refused, "__notes__", ()):
        console.print(f"  {_safe(discreet(line))}", soft_wrap=True)


@contextmanager
def progress(doing: str) -> Iterator[None]:
    """Shows on stderr that something is going on, where somebody looks at it."""
    console = _console(stderr=True)
    if console.is_terminal:
        with console.status(_safe(doing)):
            yield
    else:
        yield


def when(unix_seconds: int) -> str:
    """A time of the chain, in UTC; a dash for none."""
    if not 0 < unix_seconds < 1 << 36:
        return "-"
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: int) -> str:
    """Seconds as `1 h 05 min 09 s`."""
    minutes, rest = divmod(max(seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min {rest:02d} s"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
