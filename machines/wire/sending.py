"""A body that is sent from a source, and whether the other side still takes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

_PIECE: Final = 256 << 10
"""Bytes of a piece where the source is one long body."""


class Sending(AsyncIterable[bytes]):
    """A source of `size` bytes: while a piece waits to be taken, a clock runs; while the source works, none does."""

    def __init__(self, source: AsyncIterable[bytes] | bytes, size: int, idle: float, answer: float) -> None:
        """`idle`: seconds for each piece to be taken; `answer`: seconds after the last."""
        self._source, self._size, self._idle, self._answer = source, size, idle, answer
        self._clock: asyncio.Timeout | None = None
        self.error: Exception | None = None
        """What the source raised, which is not the other side's doing."""

    @asynccontextmanager
    async def watched(self, first: float) -> AsyncIterator[None]:
        """Raises TimeoutError when the other side stops; `first`: seconds until it takes the first piece."""
        async with asyncio.timeout(first) as self._clock:
            yield

    async def __aiter__(self) -> AsyncIterator[bytes]:
        sent = 0
        try:
            self._wait(None)
            async for piece in _pieces(self._source):
                sent += len(piece)
                if sent > self._size:
                    raise ValueError(f"the source gives over the {self._size:,} bytes that were announced")
                self._wait(self._idle)
                yield piece
                await asyncio.sleep(0)  # who takes as fast as the source gives does not keep other tasks from running
                self._wait(None)
            if sent < self._size:
                raise ValueError(f"the source gives {sent:,} of the {self._size:,} bytes that were announced")
        except Exception as failed:
            self.error = failed
            raise
        self._wait(self._answer)

    def _wait(self, seconds: float | None) -> None:
        if self._clock is not None:
            now = asyncio.get_running_loop().time()
            with suppress(RuntimeError):  # it has struck already
                self._clock.reschedule(None if seconds is None else now + seconds)


async def _pieces(source: AsyncIterable[bytes] | bytes) -> AsyncIterator[bytes]:
    if isinstance(source, bytes):
        view = memoryview(source)
        for start in range(0, len(view), _PIECE):
            yield bytes(view[start : start + _PIECE])
        return
    async for piece in source:
        yield piece
