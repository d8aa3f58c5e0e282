"""What the indexer's monitor answers is bounded: heads, bodies, time, connections and requests of each caller."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from indexer.operation import serving
from indexer.operation.health import Pulse
from indexer.operation.metrics import Metrics
from indexer.operation.monitor import listening, monitoring

ONE, OTHER = "127.0.0.1", "127.0.0.2"
"""Two callers: addresses of this machine."""
GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


@asynccontextmanager
async def served(answer: Callable[[], str] = lambda: "well") -> AsyncIterator[int]:
    """The port of a server that answers so."""

    async def well(_: Request) -> PlainTextResponse:
        return PlainTextResponse(answer())

    taken = socket.create_server((ONE, 0))
    server = serving.server(Starlette(routes=[Route("/", well, methods=["GET", "POST"])]))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined] # of older versions
    running = asyncio.create_task(server.serve(sockets=[taken]))
    try:
        yield taken.getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def asked(port: int, raw: bytes, caller: str = ONE) -> bytes:
    """What comes back until the connection is closed, or nothing more comes."""
    reader, writer = await asyncio.open_connection(ONE, port, local_addr=(caller, 0))
    try:
        writer.write(raw)
        with suppress(ConnectionError):
            return await asyncio.wait_for(reader.read(1 << 20), 30)
        return b""
    finally:
        writer.close()


def caller(port: int, address: str) -> httpx.AsyncClient:
    """Who asks from an address."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    return httpx.AsyncClient(transport=transport, base_url=f"http://{ONE}:{port}", timeout=30)


async def test_a_flood_of_one_caller_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """More requests than a second has: 429 with a sentence and when to come again; the other is answered meanwhile."""
    monkeypatch.setattr(serving, "monotonic", lambda: 1_000.5)
    async with served() as port, caller(port, ONE) as one, caller(port, OTHER) as other:
        found = [await one.get("/") for _ in range(serving.A_SECOND + 5)]
        assert [answer.status_code for answer in found] == [200] * serving.A_SECOND + [429] * 5
        assert found[-1].json() == {"error": "at most 20 requests a second"}
        assert found[-1].headers["retry-after"] == "1"
        assert (await other.get("/")).status_code == 200
        monkeypatch.setattr(serving, "monotonic", lambda: 1_001.5)
        assert (await one.get("/")).status_code == 200


async def test_connections_of_one_caller_are_counted() -> None:
    """Further ones are closed, the other's is answered; once some are gone, the first is, too."""
    async with served() as port:
        held = [await asyncio.open_connection(ONE, port) for _ in range(serving.PER_CALLER)]
        assert await asked(port, GET) == b""
        assert b"200 OK" in await _answered(port, OTHER)
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(30):
            while b"200 OK" not in await _answered(port, ONE):  # noqa: ASYNC110 - the server has no event for it
                await asyncio.sleep(0.01)


async def _answered(port: int, address: str) -> bytes:
    return await asked(port, GET.replace(b"host: x", b"host: x\r\nconnection: close"), address)


async def test_connections_of_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes when it is full is told so with 503."""
    monkeypatch.setattr(serving, "CONNECTIONS", 4)
    async with served() as port:
        held = [await asyncio.open_connection(ONE, port) for _ in range(4)]
        assert b"503 Service Unavailable" in await _answered(port, OTHER)
        for _, writer in held:
            writer.close()


@pytest.mark.parametrize("head", [b"content-length: 5\r\n\r\nhello", b"transfer-encoding: chunked\r\n\r\n5\r\nhello"])
async def test_a_body_is_refused(head: bytes) -> None:
    """Whatever its length: 413, and the connection is closed."""
    async with served() as port:
        said = await asked(port, b"POST / HTTP/1.1\r\nhost: x\r\n" + head)
        assert b"413 " in said.splitlines()[0]
        assert b"nothing here takes a body" in said


@pytest.mark.parametrize("head", [b"x: " + b"a" * 100_000, b"x: y\r\n" * 20_000, b"GET /" + b"a" * 100_000])
async def test_a_head_without_end_is_refused(head: bytes) -> None:
    """Too many headers, one too long, a path too long: refused before they are all read."""
    async with served() as port:
        said = await asked(port, b"GET / HTTP/1.1\r\nhost: x\r\n" + head if not head.startswith(b"GET") else head)
        assert b"200 OK" not in said
        assert said == b"" or b"400 " in said.splitlines()[0]


@pytest.mark.parametrize("begins", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost: x\r\n"])
async def test_a_head_that_does_not_come_is_cut(begins: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that says nothing, and one that stops in the midst of its head."""
    monkeypatch.setattr(serving, "SECONDS", 0.2)
    async with served() as port:
        assert await asked(port, begins) == b""


async def test_who_asks_in_peace_keeps_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a request's head is not the time between requests."""
    monkeypatch.setattr(serving, "SECONDS", 0.2)
    async with served() as port:
        reader, writer = await asyncio.open_connection(ONE, port)
        for _ in range(2):
            writer.write(GET)
            assert b"well" in await asyncio.wait_for(_one_answer(reader), 30)
            await asyncio.sleep(0.4)
        writer.close()


async def _one_answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    return head + await reader.readexactly(4)


async def test_the_monitor_is_within_these_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """/livez of a real monitor, whose database and node are gone, asked too often for a bound of two."""
    monkeypatch.setattr(serving, "A_SECOND", 2)
    taken = listening(f"{ONE}:0")
    port = taken.getsockname()[1]
    with monitoring("postgresql://127.0.0.1:1/x", "http://127.0.0.1:1", Pulse(), Metrics(), taken):
        async with caller(port, ONE) as one:
            codes = {(await one.get("/livez")).status_code for _ in range(100)}
    assert codes == {200, 429}
