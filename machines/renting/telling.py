"""How a long command says on stderr what it does: one line that changes on a terminal, else a line for each step."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

_PIPE_WIDTH = 200


class Teller:
    """Says what goes on. On a terminal a step vanishes with the next one; what is noted stays."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else _PIPE_WIDTH)
        self._status: Status | None = None
        self._said = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failed: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.quiet()

    def step(self, doing: str) -> None:
        """What is done now; said once, however often it is repeated."""
        if doing == self._said:
            return
        self._said = doing
        if not self._console.is_terminal:
            self.note(doing)
        elif self._status is None:
            self._status = self._console.status(escape(doing))
            self._status.start()
        else:
            self._status.update(escape(doing))

    def note(self, text: str) -> None:
        """Something that stays to be read."""
        self._console.print(escape(text), soft_wrap=True)

    def quiet(self) -> None:
        """Takes the changing line away: something else writes to the terminal, or asks."""
        self._said = ""
        if self._status is not None:
            self._status.stop()
            self._status = None
