"""HTTP and WebSocket in front of the chain, and the slot producer behind it."""

import asyncio
import logging
import socket
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from .chain import Chain
from .jsonrpc import answer, unknown_method
from .methods import METHODS
from .subscriptions import Session, Subscriptions

_log = logging.getLogger(__name__)
_MAX_BODY = 50 * 1024
"""Bytes of the largest request, as in the validator."""
_PORT_ATTEMPTS = 100


class Server:
    """Serves one chain."""

    def __init__(self, chain: Chain, slot_ms: int) -> None:
        self.chain = chain
        self.slot_ms = slot_ms
        self.subscriptions = Subscriptions(chain)

    def call(self, method: str, arguments: Any) -> Any:
        """Answer one call of the HTTP interface."""
        entry = METHODS.get(method)
        if entry is None:
            raise unknown_method()
        return entry.call(self.chain, arguments)

    async def _post(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            text = "Supplied content type is not allowed. Content-Type: application/json is required\n"
            return web.Response(status=415, text=text)
        body = answer(await request.read(), self.call)
        return web.Response(body=body, content_type="application/json", charset="utf-8")

    async def _get(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("upgrade", "").lower() != "websocket":
            return web.Response(status=405, text="Used HTTP Method is not allowed. POST or OPTIONS is required\n")
        socket_ = web.WebSocketResponse(max_msg_size=_MAX_BODY)
        await socket_.prepare(request)
        session = Session(self.subscriptions, self.call)
        writer = asyncio.create_task(self._write(socket_, session))
        try:
            async for message in socket_:
                if message.type is WSMsgType.TEXT:
                    reply = answer(message.data, session.call)
                    if reply:
                        session.send(reply)
        finally:
            session.close()
            writer.cancel()
        return socket_

    @staticmethod
    async def _write(socket_: web.WebSocketResponse, session: Session) -> None:
        # One writer for each socket: answers and notifications keep their order, and a slow reader stops nobody else.
        with suppress(ConnectionError):
            while True:
                await socket_.send_str((await session.outbox.get()).decode())

    async def _health(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def produce(self) -> None:
        """Open a block every `slot_ms`. A late one is late: slots are never crowded to catch up."""
        interval = self.slot_ms / 1000
        loop = asyncio.get_running_loop()
        deadline = loop.time() + interval
        while True:
            await asyncio.sleep(max(0.0, deadline - loop.time()))
            deadline = max(deadline + interval, loop.time())
            self.chain.open_block()

    async def serve(self, host: str, port: int) -> tuple[web.AppRunner, int]:
        """Listen on `port` and, for WebSocket, on the port above. Port 0 finds a free pair."""
        app = web.Application(client_max_size=_MAX_BODY)
        app.router.add_post("/", self._post)
        app.router.add_get("/", self._get)
        app.router.add_get("/health", self._health)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        first, second = _listen(host, port)
        for listener in (first, second):
            await web.SockSite(runner, listener).start()
        return runner, int(first.getsockname()[1])


def _listen(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    for attempt in range(_PORT_ATTEMPTS):
        first = _bind(host, port)
        try:
            return first, _bind(host, first.getsockname()[1] + 1)
        except OSError:
            first.close()
            if port or attempt == _PORT_ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _bind(host: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener
