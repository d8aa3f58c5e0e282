"""Callers who hold things up, send too much, or garbage: others are answered meanwhile, and what they hold ends."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from client.errors import IonetError
from machines.wire.certificates import ensure
from machines.wire.listening import CannotListen, Crowd
from machines.wire.server import anyone, body, serve, signed
from tests.machines.wire_servers import Memory, World, serving

CROWD = Crowd(
    per_address=8,
    handshake_seconds=2.0,
    head_seconds=2.0,
    stall_seconds=1.0,
    linger_seconds=1.0,
    keep_alive_seconds=2,
)
MIB = 1 << 20
Open = tuple[asyncio.StreamReader, asyncio.StreamWriter]
STRANGER = "127.0.0.2"
"""Another address of this machine."""


class Streams:
    """What becomes of a stream that nobody reads."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()

    async def __call__(self, request: Request) -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield bytes(MIB)
            finally:
                self.ended.set()

        return StreamingResponse(pieces())


class Bodies:
    """What becomes of a body that does not come."""

    def __init__(self) -> None:
        self.begun, self.ended = asyncio.Event(), asyncio.Event()

    async def __call__(self, request: Request) -> int:
        self.begun.set()
        try:
            return len(await body(request))
        finally:
            self.ended.set()


@pytest.fixture
async def streams() -> Streams:
    return Streams()


@pytest.fixture
async def bodies() -> Bodies:
    return Bodies()


@pytest.fixture
async def world(tmp_path: Path, streams: Streams, bodies: Bodies) -> AsyncIterator[World]:
    routes = [
        Route("/body", signed(bodies, anyone, limit=MIB, seconds=2.0, idle=60.0), methods=["PUT"]),
        Route("/idle", signed(bodies, anyone, limit=MIB, seconds=60.0, idle=1.0), methods=["PUT"]),
        Route("/stream", signed(streams, anyone), methods=["GET"]),
    ]
    async with serving(tmp_path, routes, crowd=CROWD) as made:
        yield made


def head(world: World, method: str, path: str, length: int, digest: bytes = bytes(32), **more: str) -> bytes:
    """The head of a signed request with a body."""
    headers = world.headers(method, path, digest=digest) | {"content-length": str(length)} | more
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode()


async def is_answered(world: World) -> bool:
    """Whether somebody else is answered, and soon."""
    async with asyncio.timeout(20), world.remote() as remote:
        return bool(await remote.upload("PUT", "/body", b"ab", 2, sha256(b"ab").digest()) == 2)


async def ends(reader: asyncio.StreamReader, within: float) -> bytes:
    """What comes until the connection ends, which it must in so many seconds."""
    received = bytearray()
    async with asyncio.timeout(within):
        with suppress(ConnectionError):
            while piece := await reader.read(65_536):
                received += piece
    return bytes(received)


@pytest.mark.parametrize(("path", "pause"), [("/body", 0.3), ("/idle", 60.0)])
async def test_a_slow_body_is_refused(world: World, bodies: Bodies, path: str, pause: float) -> None:
    """One that drips and one that stops get 408, and others are answered meanwhile."""
    reader, writer = await world.open(STRANGER)
    writer.write(head(world, "PUT", path, 1000))

    async def drip() -> None:
        while True:
            writer.write(b"a")
            await asyncio.sleep(pause)

    dripping = asyncio.create_task(drip())
    await bodies.begun.wait()
    assert await is_answered(world)
    async with asyncio.timeout(20):
        answer = await reader.readuntil(b'"}')
    dripping.cancel()
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"the body is too slow" in answer
    writer.transport.abort()


async def test_a_body_over_the_limit_is_refused_while_it_comes(world: World) -> None:
    """Who goes on sending reads the refusal, and then is cut off; nothing of it is kept."""
    for announced in ("content-length: 1099511627776", "transfer-encoding: chunked"):
        reader, writer = await world.open(STRANGER)
        lines = head(world, "PUT", "/body", 0).replace(b"content-length: 0", announced.encode())
        writer.write(lines)
        memory = Memory()

        async def send(writer: asyncio.StreamWriter = writer) -> None:
            with suppress(ConnectionError):
                while True:
                    writer.write(b"%x\r\n" % MIB + bytes(MIB) + b"\r\n")
                    await writer.drain()
                    await asyncio.sleep(0)

        sending = asyncio.create_task(send())
        async with asyncio.timeout(20):
            answer = await reader.readuntil(b'"}')
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"may have 1,048,576 bytes" in answer
        async with asyncio.timeout(20):
            await sending
        assert memory.grown < 32 * MIB
        assert await is_answered(world)


async def test_a_caller_that_goes_away_ends_its_handler(world: World, bodies: Bodies) -> None:
    """A body that breaks off is no body."""
    _, writer = await world.open(STRANGER)
    writer.write(head(world, "PUT", "/body", 1000) + b"abc")
    async with asyncio.timeout(20):
        await bodies.begun.wait()
        writer.transport.abort()
        await bodies.ended.wait()
    assert await is_answered(world)


HALF_OPEN: dict[str, tuple[bool, bytes]] = {
    "no handshake": (False, b""),
    "half a handshake": (False, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "no request": (True, b""),
    "half a head": (True, b"GET /stream HTTP/1.1\r\nhost: x\r\nx"),
}


@pytest.mark.parametrize("name", HALF_OPEN)
async def test_half_open_connections_stop_nobody(world: World, name: str) -> None:
    """As many as one address may have are let be for a while, and others are answered; then they are cut off."""
    is_tls, content = HALF_OPEN[name]
    opened: list[Open] = []
    async with AsyncExitStack() as stack:
        for _ in range(CROWD.per_address):
            connection = await (
                world.open(STRANGER)
                if is_tls
                else asyncio.open_connection("127.0.0.1", world.port, local_addr=(STRANGER, 0))
            )
            stack.callback(connection[1].transport.abort)
            connection[1].write(content)
            opened.append(connection)
        assert await is_answered(world)
        assert not any(reader.at_eof() for reader, _ in opened)
        await asyncio.gather(*(ends(reader, 10) for reader, _ in opened))
        assert await is_answered(world)


async def test_a_dripping_head_is_cut_off(world: World) -> None:
    """A head has its time from its first byte on, also on a connection that was answered before."""
    reader, writer = await world.open(STRANGER)
    first = head(world, "PUT", "/body", 2, sha256(b"ab").digest()) + b"ab"
    writer.write(first)
    async with asyncio.timeout(20):
        assert (await reader.readuntil(b"\r\n\r\n2")).startswith(b"HTTP/1.1 200")
    began = time.monotonic()

    async def drip() -> None:
        for byte in first:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.2)

    dripping = asyncio.create_task(drip())
    assert await ends(reader, 20) == b""
    dripping.cancel()
    assert CROWD.head_seconds - 0.2 < time.monotonic() - began < len(first) * 0.2 / 2


async def test_an_idle_connection_is_closed(world: World) -> None:
    """And its place is another's."""
    reader, writer = await world.open(STRANGER)
    writer.write(head(world, "PUT", "/body", 2, sha256(b"ab").digest()) + b"ab")
    assert (await ends(reader, 20)).startswith(b"HTTP/1.1 200")


async def test_only_so_many_are_connected(tmp_path: Path, bodies: Bodies) -> None:
    """One more of an address is closed at once, and one more of all; who goes makes room."""
    routes = [Route("/body", signed(bodies, anyone), methods=["PUT"])]
    async with serving(tmp_path, routes, crowd=Crowd(connections=5, per_address=3)) as world:
        held = [await world.open(STRANGER) for _ in range(3)]
        with pytest.raises(ConnectionError):
            await world.open(STRANGER)
        assert await is_answered(world)

        held += [await world.open("127.0.0.3") for _ in range(2)]
        for address in ("127.0.0.3", "127.0.0.4", STRANGER):
            with pytest.raises(ConnectionError):
                await world.open(address)

        held[0][1].transport.abort()
        async with asyncio.timeout(20):
            while True:
                with suppress(ConnectionError):
                    held.append(await world.open("127.0.0.4"))
                    break
        for _, writer in held:
            writer.transport.abort()


async def test_an_answer_that_nobody_reads_is_cut_off(world: World, streams: Streams) -> None:
    """And what makes it ends; memory holds a few pieces of it."""
    memory = Memory()
    _, writer = await world.open(STRANGER)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(head(world, "GET", "/stream", 0, sha256().digest()))
    assert await is_answered(world)
    assert not streams.ended.is_set()
    async with asyncio.timeout(20):
        await streams.ended.wait()
    assert memory.grown < 32 * MIB
    writer.transport.abort()


GARBAGE: dict[str, tuple[bytes, bytes]] = {
    "no HTTP": (b"\x00\x01\x02\r\n\r\n", b"HTTP/1.1 400"),
    "a long line": (b"GET /" + b"a" * MIB, b"HTTP/1.1 400"),
    "a long header": (b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"a" * MIB, b"HTTP/1.1 400"),
    "many headers": (b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x: y\r\n" * 100_000, b"HTTP/1.1 400"),
    "two lengths": (
        b"PUT /body HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 400",
    ),
    "a length that is none": (b"PUT /body HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", b"HTTP/1.1 400"),
    "two hosts": (b"GET /stream HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n", b"HTTP/1.1 400"),
    "no host": (b"GET /stream HTTP/1.0\r\n\r\n", b"HTTP/1.1 401"),
    "a host that is none": (b"GET /stream HTTP/1.1\r\nhost: a b/c\r\n\r\n", b"HTTP/1.1 401"),
    "another server's path": (b"GET https://x/stream HTTP/1.1\r\nhost: x\r\n\r\n", b"HTTP/1.1 404"),
    "a tunnel": (b"CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n", b"HTTP/1.1 404"),
    "a star": (b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n", b"HTTP/1.1 404"),
    "a path of dots": (b"GET /../../etc/passwd HTTP/1.1\r\nhost: x\r\n\r\n", b"HTTP/1.1 404"),
    "a websocket": (
        b"GET /stream HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
        b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        b"HTTP/1.1 401",
    ),
    "garbage in chunks": (b"PUT /body HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 40"),
    "no UTF-8": (
        b"GET /stream HTTP/1.1\r\nhost: x\r\nsignature: \xff\xfe\r\nsignature-input: \xff\r\n\r\n",
        b"HTTP/1.1 401",
    ),
}


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_is_refused(world: World, name: str) -> None:
    """Whatever comes is answered with a refusal, and others are answered after it."""
    content, status = GARBAGE[name]
    reader, writer = await world.open(STRANGER)
    writer.write(content)
    async with asyncio.timeout(20):
        assert (await reader.read(len(status)))[: len(status)] == status
    writer.transport.abort()
    assert await is_answered(world)


async def test_requests_in_a_row_are_answered_in_a_row(world: World) -> None:
    """Requests sent before the answers are read do not mix."""
    reader, writer = await world.open(STRANGER)
    contents = [b"a" * number for number in range(1, 20)]
    for content in contents:
        writer.write(head(world, "PUT", "/body", len(content), sha256(content).digest()) + content)
    async with asyncio.timeout(20):
        for content in contents:
            answer = await reader.readuntil(b"\r\n\r\n%d" % len(content))
            assert answer.startswith(b"HTTP/1.1 200")
    writer.transport.abort()


async def test_a_service_ends_whoever_is_connected(tmp_path: Path, streams: Streams, bodies: Bodies) -> None:
    """Half-open connections, bodies on their way and streams do not keep it."""
    routes = [Route("/body", signed(bodies, anyone), methods=["PUT"]), Route("/stream", signed(streams, anyone))]
    async with serving(tmp_path, routes) as world:
        plain = await asyncio.open_connection("127.0.0.1", world.port)
        silent, sending, reading = [await world.open() for _ in range(3)]
        sending[1].write(head(world, "PUT", "/body", 1000))
        reading[1].write(head(world, "GET", "/stream", 0, sha256().digest()))
        await reading[0].readuntil(b"\r\n\r\n")
        await bodies.begun.wait()
        began = time.monotonic()
    assert time.monotonic() - began < 10
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", world.port), timeout=1)
    for _, writer in (plain, silent, sending, reading):
        writer.transport.abort()


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """And what can be done about it."""
    certificate = ensure(tmp_path, "127.0.0.1")

    async def app(*_: Any) -> None:
        """Answers nothing."""

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"cannot listen on 127.0.0.1:{port}: .*: choose another") as raised:
            await serve(app, "127.0.0.1", port, certificate, asyncio.Event())
    assert isinstance(raised.value, IonetError)
