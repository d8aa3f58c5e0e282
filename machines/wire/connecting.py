"""Connections to a node that is taken for hostile: pinned to a certificate, and bounded while nobody reads them."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Any, Final, cast

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from client.errors import IonetError
from machines.wire.errors import NodeUnreachable, NotAuthentic, TooSlow, readable

_MAX_UNREAD: Final = 16
"""Answers that lie there unread before a node is hung up on. One is expected, and a few times 100 Continue."""
_KEEP_ALIVE_SECONDS: Final = 30.0
"""Less than servers keep a connection (`listening.Crowd`)."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds a node has, where a call does not say otherwise."""

    connect: float = 10.0
    """To the end of the TLS handshake."""
    answer: float = 30.0
    """For a call with its answer, and after an upload for the answer."""
    idle: float = 10.0
    """Without a byte taken or given in the middle of a stream."""


def connector(fingerprint: bytes) -> aiohttp.TCPConnector:
    """Connects only to who has the certificate with this SHA-256; no authority, host name or date matters.

    aiohttp compares after the handshake, before the connection is given to a request.
    """
    made = aiohttp.TCPConnector(
        ssl=aiohttp.Fingerprint(fingerprint),
        resolver=Resolver(),
        limit=16,
        keepalive_timeout=_KEEP_ALIVE_SECONDS,
    )
    made._factory = cast("partial[ResponseHandler]", partial(_Connection, asyncio.get_running_loop()))
    return made


def failure(name: str, failed: Exception) -> IonetError:
    """Which of our errors it is that a call to a node failed so; `name`: of the node, for people."""
    match failed:
        case aiohttp.ServerFingerprintMismatch():
            return NotAuthentic(
                f"{name} has another certificate than the chain says: it is another node, or has not announced it yet"
            )
        case aiohttp.ConnectionTimeoutError():
            return NodeUnreachable(f"{name} cannot be reached: no connection in the time it has")
        case aiohttp.ClientConnectorError():
            return NodeUnreachable(f"{name} cannot be reached: {_why(failed.os_error)}")
        case TimeoutError():
            return TooSlow(f"{name} does not answer, or does not go on, in the time it has")
        case _:  # a stranger's bytes were parsed: whatever they break, it is not as agreed
            return NodeUnreachable(f"{name} does not answer as an agent does: {_why(failed)}")


def _why(failed: Exception) -> str:
    if isinstance(failed, ConnectionError) and failed.errno:
        return os.strerror(failed.errno)
    if isinstance(failed, aiohttp.ClientResponseError):
        return readable(failed.message)
    if isinstance(failed, OSError) and failed.strerror:
        return readable(failed.strerror)
    return readable(failed) or type(failed).__name__


class _Connection(ResponseHandler):
    """aiohttp's, which would keep in memory all that a node says without being asked."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if len(self) > _MAX_UNREAD:
            self.abort()


class Resolver(AbstractResolver):
    """The system's resolver, each look-up on a thread of its own.

    asyncio's way is a few threads for the whole process, which a few names whose servers never answer would fill. The
    threads are daemons: a look-up that was given up ends with the system's own time-out, or with the process.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host; raises OSError."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any]] = loop.create_future()

        def settle(found: list[Any] | OSError) -> None:
            if answer.done():
                return  # given up
            if isinstance(found, OSError):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def look_up() -> None:
            found: list[Any] | OSError
            try:
                found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
            except OSError as failed:
                found = failed
            except UnicodeError:
                found = OSError("it is no name")
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, found)

        Thread(target=look_up, name="resolver", daemon=True).start()
        return [
            ResolveResult(
                hostname=host, host=place[0], port=place[1], family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, place in await answer
        ]

    async def close(self) -> None:
        """Nothing is held."""
