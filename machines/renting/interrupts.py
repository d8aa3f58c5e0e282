"""Ctrl-C and SIGTERM while money is at work: the first ends what is done and is answered, the second ends at once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from client.errors import IonetError
from machines.renting.waiting import beside

T = TypeVar("T")

_SHOW_CURSOR: Final = "\x1b[?25h"
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_AT_ONCE: Final = 130
"""Exit code of what a second signal ended, as shells know it."""


class Interrupted(IonetError):
    """A signal arrived; what was done has been ended in order."""


class Interrupts:
    """Takes the signals of this process over, while entered. `last_words`: said where a second one ends it."""

    def __init__(self) -> None:
        self.last_words = ""
        self.by: signal.Signals | None = None
        """The first signal."""
        self._arrived = asyncio.Event()

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for one in _SIGNALS:
            # Only the main thread has signals; elsewhere whoever calls is asked to end what it began.
            with suppress(ValueError, RuntimeError, NotImplementedError):
                loop.add_signal_handler(one, self._take, one)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failed: BaseException | None, trace: TracebackType | None
    ) -> None:
        loop = asyncio.get_running_loop()
        for one in _SIGNALS:
            with suppress(ValueError, RuntimeError, NotImplementedError):
                loop.remove_signal_handler(one)

    @property
    def can_ask(self) -> bool:
        """Whether somebody at a terminal pressed Ctrl-C."""
        return self.by is signal.SIGINT and sys.stdin.isatty() and sys.stderr.isatty()

    def check(self) -> None:
        """Raises `Interrupted` if a signal has arrived."""
        if self._arrived.is_set():
            raise Interrupted("interrupted")

    async def unless(self, work: Coroutine[Any, Any, T]) -> T:
        """Does the work; a signal cancels it, which is waited for, and raises `Interrupted`."""
        doing, waiting = asyncio.ensure_future(work), asyncio.ensure_future(self._arrived.wait())
        try:
            await asyncio.wait((doing, waiting), return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                doing.cancel()
                await asyncio.gather(doing, return_exceptions=True)
                self.check()
            return doing.result()
        finally:
            waiting.cancel()
            doing.cancel()

    async def wait(self) -> None:
        """Waits for a signal."""
        await self._arrived.wait()

    async def confirm(self, question: str) -> bool:
        """Asks on the terminal; Enter is yes, and the end of the input is no."""
        sys.stderr.write(f"{question} [Y/n] ")
        sys.stderr.flush()
        while True:
            answer = await beside(sys.stdin.readline)
            if not answer:
                sys.stderr.write("\n")
                return False
            if answer.strip().lower() in ("", "y", "yes"):
                return True
            if answer.strip().lower() in ("n", "no"):
                return False
            sys.stderr.write("y or n? ")
            sys.stderr.flush()

    def _take(self, one: signal.Signals) -> None:
        if self.by is None:
            self.by = one
            self._arrived.set()
            return
        with suppress(OSError):
            cursor = _SHOW_CURSOR if sys.stderr.isatty() else ""
            os.write(2, f"\n{cursor}{self.last_words}\n".encode())
        os._exit(_AT_ONCE)  # also where a thread waits for a terminal that nobody reads
