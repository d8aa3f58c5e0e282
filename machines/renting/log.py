"""A job's log as it comes: copied to where it is read, counted, hashed, and cut where the node sends too much of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from typing import Final

from machines.jobs.spec import Result
from machines.renting.bounds import SLOWEST, Bounds
from machines.renting.telling import Teller
from machines.renting.terminal import Sink
from machines.renting.waiting import beside
from machines.wire.errors import NodeRefused, NodeUnreachable, NotAuthentic, TooMuch, TooSlow

SLACK: Final = 64 << 10
"""Bytes over the log's limit for the line that says it was cut."""

Opening = Callable[[int, int], AsyncIterator[bytes]]
"""Gives a log from a byte on, at most so many bytes, and waits for more while the job runs."""


class Log:
    """The log of a job at one node."""

    def __init__(self, sink: Sink, limit: int, bounds: Bounds, tell: Teller, start: int = 0) -> None:
        self._sink, self._limit, self._bounds, self._tell = sink, limit + SLACK, bounds, tell
        self._start = start
        self._hash = sha256()
        self.at = start
        """Bytes of the log before the next one that comes."""
        self.is_cut = False
        """Whether the node sent more than it may, so that no more is read."""

    async def copy(self, opening: Opening) -> None:
        """Copies until it is cancelled, or the node sends too much. Where the stream breaks it goes on."""
        while not self.is_cut:
            try:
                async for chunk in opening(self.at, self._limit - self.at):
                    await self._take(chunk)
            except TooMuch:
                self.is_cut = True
                self._tell.note(f"the node sends more log than the {self._limit:,} bytes allowed: no more is read")
            except (NodeUnreachable, NodeRefused, NotAuthentic, TooSlow):
                pass  # whether the node is gone is seen by who asks it for the result
            await asyncio.sleep(self._bounds.poll)

    async def show(self, opening: Opening) -> None:
        """Copies what there is, once."""
        async for chunk in opening(self.at, self._limit - self.at):
            await self._take(chunk)

    async def _take(self, chunk: bytes) -> None:
        self.at += len(chunk)
        self._hash.update(chunk)
        # A terminal that is stopped waits for its user, and nothing else does.
        await beside(lambda: self._sink.write(chunk))

    async def finish(self, copying: asyncio.Task[None], result: Result) -> None:
        """Waits for the rest of a log that has ended, as long as it comes."""
        seen, now = self.at, time.monotonic()
        rest = max(min(result.log_bytes, self._limit) - self.at, 0)
        last, until = now, now + self._bounds.log + rest / SLOWEST
        while self.at < result.log_bytes and not copying.done():
            await asyncio.sleep(min(self._bounds.poll, 0.1))
            now = time.monotonic()
            if self.at > seen:
                seen, last = self.at, now
            if now > min(until, last + self._bounds.log):
                break

    def end(self, result: Result) -> bool | None:
        """Says where the log is not the one of the result. None: it was not read from its first byte."""
        self._sink.end()
        if self._sink.trouble:
            self._tell.note(f"the log could not be written: {self._sink.trouble}")
        if self.at < result.log_bytes and not self.is_cut:
            self._tell.note(f"of the log, {self.at:,} of {result.log_bytes:,} bytes arrived")
        if self._start:
            return None
        is_same = (self.at, self._hash.hexdigest()) == (result.log_bytes, result.log_sha256)
        if not is_same and self.at >= result.log_bytes:
            self._tell.note("the log that the node sent is not the one of its result")
        return is_same
