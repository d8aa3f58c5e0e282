"""The monitor's HTTP server: uvicorn, with bounds on what one caller, or all of them, can hold up.

Requests here have no body that is read; what takes long, or comes too often, is refused or cut.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from time import monotonic
from typing import Final

import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS: Final = 256
"""At once, of all callers; who comes then is answered with 503."""
PER_CALLER: Final = 16
"""Connections of one address; further ones are closed."""
A_SECOND: Final = 20
"""Requests of one address; further ones are answered with 429."""
SECONDS: Final = 10.0
"""For a request's head and its answer."""
KEEP_ALIVE_SECONDS: Final = 15
"""Between requests: Prometheus asks every fifteen seconds or so."""
HEAD_BYTES: Final = 16_384
_BODY: Final = {b"content-length", b"transfer-encoding"}


def server(application: ASGIApp) -> uvicorn.Server:
    """A server of the application, within these bounds."""
    return uvicorn.Server(
        uvicorn.Config(
            Limited(application),
            http=_Connection,
            ws="none",
            proxy_headers=False,
            server_header=False,
            log_config=None,
            access_log=False,
            lifespan="off",
            limit_concurrency=CONNECTIONS,
            h11_max_incomplete_event_size=HEAD_BYTES,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
        )
    )


class Limited:
    """Refuses what comes too often, or with a body."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application
        self._second, self._asked = 0, Counter[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        second, caller = int(monotonic()), (scope.get("client") or ("", 0))[0]
        if second != self._second:
            self._second, self._asked = second, Counter()
        self._asked[caller] += 1
        if self._asked[caller] > A_SECOND:
            await _refused(429, f"at most {A_SECOND} requests a second")(scope, receive, send)
        elif any(name in _BODY and value != b"0" for name, value in scope["headers"]):
            await _refused(413, "nothing here takes a body")(scope, receive, send)
        else:
            await self._application(scope, receive, send)


def _refused(status: int, sentence: str) -> JSONResponse:
    headers = {"connection": "close"} | ({"retry-after": "1"} if status == 429 else {})
    return JSONResponse({"error": sentence}, status, headers)


_held: Final = Counter[str]()
"""Connections by address."""


class _Connection(H11Protocol):
    """uvicorn's, which has no time limit for a request's head, nor a count of one caller's connections."""

    _timer: asyncio.TimerHandle | None = None
    _caller = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._caller = self.client[0] if self.client else ""
        _held[self._caller] += 1
        if _held[self._caller] > PER_CALLER:
            transport.abort()
        self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        _held[self._caller] -= 1
        if not _held[self._caller]:
            del _held[self._caller]
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._timer is None:
            self._start()
        super().data_received(data)

    def on_response_complete(self) -> None:
        self._stop()
        super().on_response_complete()

    def _start(self) -> None:
        self._timer = self.loop.call_later(SECONDS, self.transport.abort)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
