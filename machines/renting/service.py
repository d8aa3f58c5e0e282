"""A job's service, called through its node: any method, path and body; the answer as it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import inf
from typing import Final

import aiohttp

from machines.wire.calls import Remote
from machines.wire.errors import TooMuch

MAX_BODY: Final = 64 << 20
"""Bytes of a request, which is hashed before it is sent: what an agent takes at most."""
ANSWER_SECONDS: Final = 600.0
"""To the beginning of an answer: a service may compute for long."""
IDLE_SECONDS: Final = 600.0
"""Between two pieces of an answer."""
BETWEEN: Final = frozenset(
    {
        *("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect", "host"),
        *("content-length", "proxy-authorization", "proxy-authenticate", "proxy-connection"),
        *("signature", "signature-input", "content-digest", "authorization"),
    }
)
"""Headers that are between two machines, and go no further."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answers, while it comes."""

    status: int
    headers: list[tuple[str, str]]
    _response: aiohttp.ClientResponse
    _remote: Remote

    @property
    def length(self) -> int | None:
        """Bytes of the body, where it says so."""
        return self._response.content_length

    async def pieces(self, limit: float = inf, idle: float = IDLE_SECONDS) -> AsyncIterator[bytes]:
        """The body. Raises `TooMuch` past `limit` bytes, `TooSlow`, `NodeUnreachable` where it breaks off."""
        received = 0
        while True:
            async with self._remote.within(idle):
                piece = await self._response.content.readany()
            if not piece:
                return
            received += len(piece)
            if received > limit:
                raise TooMuch(f"the service answers with over {limit:,} bytes")
            yield piece


@asynccontextmanager
async def call(
    remote: Remote, method: str, path: str, headers: Mapping[str, str], body: bytes, seconds: float = ANSWER_SECONDS
) -> AsyncIterator[Answer]:
    """A service's answer; `path` is the node's, with its query, encoded. `seconds`: until it begins.

    Raises `NodeRefused` where the node itself refuses, signed, and ValueError where it cannot be asked.
    """
    passed = {name: value for name, value in headers.items() if passes(name)}
    async with remote.passed(method, path, passed, body, seconds) as response:
        told = [(name, value) for name, value in response.headers.items() if passes(name)]
        yield Answer(response.status, told, response, remote)


def passes(name: str) -> bool:
    """Whether a header goes from one side of the node to the other."""
    return name.lower() not in BETWEEN and not name.lower().startswith("ionet-")
