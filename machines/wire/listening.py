"""The listening side of TLS and HTTP: uvicorn, with bounds on what strangers can hold up.

    await serve(app, host, port, certificate, stop, on_listening=...)

Beyond uvicorn: connections are counted, all and of each address, before anything of them is read; the handshake, the
head of each request, the reading of answers and the rest of a body that was refused have their time. Bodies go past
the parser through one buffer of all connections, since copies and fresh memory cost more than decryption does.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Final

import h11
import uvicorn
from h11._readers import ContentLengthReader
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.h11_impl import H11Protocol

from client.errors import IonetError
from machines.wire.certificates import Certificate

_BUFFER: Final = memoryview(bytearray(256 << 10))
"""What was just decrypted, of any connection: it is copied before the next is read."""


class CannotListen(IonetError):
    """A port cannot be opened."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many may be connected, and how long they may take."""

    connections: int = 512
    """Of all addresses,"""
    per_address: int = 64
    """and of each: an IPv4 address, an IPv6 /64."""
    handshake_seconds: float = 10.0
    head_seconds: float = 10.0
    """From a connection, or the first byte of a further request, to the end of its headers."""
    stall_seconds: float = 30.0
    """Without anything being read of an answer that waits to be sent."""
    linger_seconds: float = 2.0
    """For the rest of a body after its refusal, so that the refusal is read before the connection closes."""
    keep_alive_seconds: int = 60
    """Between requests. Callers give up earlier (`calls`), so that no request meets a connection that just closes."""


async def serve(
    app: ASGIApp,
    host: str,
    port: int,
    certificate: Certificate,
    stop: asyncio.Event,
    *,
    on_listening: Callable[[int], None] | None = None,
    crowd: Crowd | None = None,
) -> None:
    """Serves until `stop` is set, then ends within some five seconds. Port 0: any that is free.

    `on_listening`: told the port as soon as connections are taken. Raises CannotListen.
    """
    crowd = crowd or Crowd()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate.cert_file, certificate.key_file)
    context.set_alpn_protocols(["http/1.1"])
    try:
        listener = _listen(host, port)
    except OSError as failed:
        raise CannotListen(f"cannot listen on {host}:{port}: {failed.strerror}: choose another") from None
    with listener:
        config = uvicorn.Config(
            _letting_go(app),
            http=H11Protocol,
            ws="none",
            loop="none",
            log_config=None,
            log_level="critical",  # strangers' garbage would fill the log; what goes wrong here is logged by `server`
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=crowd.keep_alive_seconds,
            timeout_graceful_shutdown=5,
        )
        server = _Server(config, listener, context, crowd)
        running = asyncio.create_task(server.serve())
        if on_listening is not None:
            on_listening(listener.getsockname()[1])
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            server.should_exit = True
            await running
    if not server.started:
        raise CannotListen("the service did not start: its log says why")


def _letting_go(app: ASGIApp) -> ASGIApp:
    """Has other tasks run after each piece that is sent: uvicorn waits only for a caller who is slower than the source,
    so that one who is fast, or who has gone, would leave a source of gigabytes alone with the loop."""

    async def fair(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_let_go(message: Message) -> None:
            await send(message)
            await asyncio.sleep(0)

        await app(scope, receive, send_and_let_go)

    return fair


def _listen(host: str, port: int) -> socket.socket:
    both = host == "::" and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=512, dualstack_ipv6=both)
    listener.setblocking(False)
    return listener


class _Server(uvicorn.Server):
    """Takes connections itself, so that each is counted from its first packet on."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, context: ssl.SSLContext, crowd: Crowd) -> None:
        super().__init__(config)
        self._listener, self._context, self._crowd = listener, context, crowd
        self._held: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the caller's."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self.lifespan.startup()
        self.servers = []
        self.started = not self.lifespan.should_exit
        self.should_exit = self.should_exit or self.lifespan.should_exit
        if self.started:
            self._go(self._accept())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._listener.close()
        await super().shutdown(sockets)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _go(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while self._listener.fileno() >= 0:
            try:
                connection, peer = await loop.sock_accept(self._listener)
            except OSError:  # gone before it was taken, or no file descriptor is left
                await asyncio.sleep(0.05)
                continue
            place = _place(peer[0])
            if self._held.total() >= self._crowd.connections or self._held[place] >= self._crowd.per_address:
                connection.close()
                continue
            self._held[place] += 1
            self._go(self._keep(connection, place))

    async def _keep(self, connection: socket.socket, place: str) -> None:
        """Holds a connection's place until it is gone."""
        protocol = _Connection(self.config, self.server_state, self.lifespan.state, self._crowd)
        try:
            with suppress(OSError, ssl.SSLError):  # a handshake that fails is the stranger's affair
                # asyncio sets it only on sockets of its own making; without it answers wait 40 ms to be acknowledged.
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await asyncio.get_running_loop().connect_accepted_socket(
                    lambda: protocol,
                    connection,
                    ssl=self._context,
                    ssl_handshake_timeout=self._crowd.handshake_seconds,
                    ssl_shutdown_timeout=self._crowd.linger_seconds,
                )
                if protocol.transport is not None:  # else it was cut during the handshake
                    await protocol.gone.wait()
        finally:
            if protocol.transport is not None:
                protocol.transport.abort()  # where the service ends before the connection
            self._held[place] -= 1
            if not self._held[place]:
                del self._held[place]


def _place(host: str) -> str:
    address = ip_address(host.partition("%")[0])
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ip_network((address, 64), strict=False))
    return host


class _Connection(H11Protocol, asyncio.BufferedProtocol):
    """One connection: uvicorn's, with time limits where it has none, fed from a shared buffer."""

    def __init__(self, config: uvicorn.Config, state: Any, app_state: dict[str, Any], crowd: Crowd) -> None:
        super().__init__(config, state, app_state)
        self.gone = asyncio.Event()
        self._crowd = crowd
        self._head: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._head, self._stall):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        self.gone.set()

    def get_buffer(self, sizehint: int) -> memoryview:
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        if self._takes_body(_BUFFER[:nbytes]):
            return
        self.data_received(bytes(_BUFFER[:nbytes]))
        if self.conn.their_state is h11.IDLE:
            self._await_head()
        elif self._head is not None:
            self._head.cancel()
            self._head = None

    def _takes_body(self, piece: memoryview) -> bool:
        """Gives the request a piece from the midst of its body, past h11, which would copy it four times."""
        reader = self.conn._reader
        if (
            self.conn.their_state is not h11.SEND_BODY
            or self.cycle.response_complete
            or not isinstance(reader, ContentLengthReader)
            or reader._remaining <= len(piece)  # the end is h11's to see
            or self.conn.trailing_data[0]
        ):
            return False
        reader._remaining -= len(piece)
        self.cycle.body += piece
        if len(self.cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        self.cycle.message_event.set()
        return True

    def _await_head(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(self._crowd.head_seconds, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall = self.loop.call_later(self._crowd.stall_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def on_response_complete(self) -> None:
        answered = self.cycle
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self.loop.call_later(self._crowd.linger_seconds, self._hang_up_unless_done, answered)

    def _hang_up_unless_done(self, answered: Any) -> None:
        """Ends a connection on which a body still comes that was answered long ago."""
        if self.cycle is answered and self.conn.their_state is h11.SEND_BODY:
            self.transport.abort()
