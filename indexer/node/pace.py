"""How fast a node may be asked: as many calls at once as it bears, and none while it asks for a pause."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from random import uniform
from typing import Final

LONGEST_PAUSE: Final = 60.0
"""Seconds: what a node asks for beyond it is not waited for."""
_FIRST_PAUSE: Final = 0.2
_LONGEST_BACKOFF: Final = 15.0
"""Seconds between attempts where the node asks for nothing."""


@dataclass
class Pace:
    """Additive increase, multiplicative decrease: half as many calls at once after a refusal, one more for each
    round of answers. Shared by everything that asks one node.
    """

    most: int = 16
    """Calls at once, at the most."""
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    limit: float = field(init=False)
    """Calls at once, now; never under 1."""
    _running: int = field(init=False, default=0)
    _resume: float = field(init=False, default=0.0)
    _slowed: float = field(init=False, default=float("-inf"))
    _freed: asyncio.Condition = field(init=False, default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.limit = float(self.most)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[float]:
        """Waits until one more call may be made; holds its place meanwhile. Gives the moment of its start."""
        async with self._freed:
            await self._freed.wait_for(lambda: self._running < int(self.limit))
            self._running += 1
        try:
            while (left := self._resume - self.clock()) > 0:
                await self.sleep(left)
            yield self.clock()
        finally:
            self._running -= 1
            async with self._freed:
                self._freed.notify(max(int(self.limit) - self._running, 0))

    def answered(self) -> None:
        """A call went well."""
        self.limit = min(self.limit + 1 / self.limit, float(self.most))

    def refused(self, began: float, pause: float) -> None:
        """A call that began then was one too many: nobody asks for `pause` seconds, and fewer ask after it.

        Calls that were under way together are one refusal.
        """
        now = self.clock()
        if began >= self._slowed:
            self._slowed = now
            self.limit = max(self.limit / 2, 1.0)
        self._resume = max(self._resume, now + pause)


def backoff(attempt: int) -> float:
    """Seconds to wait after attempt number `attempt`, from 1: twice as long each time, with jitter."""
    longest = min(_FIRST_PAUSE * 2**attempt, _LONGEST_BACKOFF)
    return uniform(longest / 2, longest)  # noqa: S311 - spreads calls, keeps no secret


def asked_pause(retry_after: str | None, now: float) -> float | None:
    """Seconds that a `Retry-After` header asks for: a number or an HTTP date, at most `LONGEST_PAUSE`.

    `now`: Unix seconds. None where there is no header, or none that can be read.
    """
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - now
        except ValueError:
            return None
    return min(max(seconds, 0.0), LONGEST_PAUSE) if seconds == seconds else None  # NaN is no number of seconds
