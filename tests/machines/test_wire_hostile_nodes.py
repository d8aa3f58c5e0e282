"""Nodes that answer too much, too slowly, garbage, as somebody else, or not at all: a caller gets its own errors."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
from contextlib import aclosing, suppress
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client.errors import IonetError
from machines.wire.calls import Remote
from machines.wire.certificates import ensure
from machines.wire.connecting import Timeouts
from machines.wire.errors import NodeRefused, NodeUnreachable, NotAuthentic, TooMuch, TooSlow
from tests.machines.wire_servers import HASTY, Memory, Script, World, answer, asked, hostile

AGENT = Keypair()
OK = b"HTTP/1.1 200 OK\r\n"
MIB = 1 << 20


def says(*content: bytes) -> Script:
    """Answers with these bytes and then keeps still."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(b"".join(content))
        await asyncio.Event().wait()

    return script


def endless(start: bytes, piece: bytes) -> Script:
    """Answers with a start, and then the same again and again."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(start)
        pieces = piece * max(1, 65_536 // len(piece))
        while True:
            writer.write(pieces)
            await writer.drain()
            await asyncio.sleep(0)  # drain alone does not let go where the connection is lost

    return script


def dripping(content: bytes) -> Script:
    """Answers one byte a second."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        for byte in cycle(content):
            writer.write(bytes([byte]))
            await asyncio.sleep(1)

    return script


def hanging_up(content: bytes) -> Script:
    """Answers with these bytes, and is gone."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(content)
        await writer.drain()

    return script


def signing(**how: Any) -> Script:
    """Answers signed as it should be; `how`: with which body, status, headers, key or nonce."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request, nonce = await asked(reader)
            writer.write(answer(request, how.get("nonce", nonce), how.get("key", AGENT), **content))

    content = {name: value for name, value in how.items() if name not in ("key", "nonce")}
    return script


async def call(world: World) -> Any:
    async with asyncio.timeout(20), world.remote(HASTY) as remote:
        return await remote.json("POST", "/v1/x", {"a": 1}, limit=MIB)


ANSWERS: dict[str, tuple[Script, type[IonetError], str]] = {
    "endless, chunked": (
        endless(OK + b"transfer-encoding: chunked\r\n\r\n", b"400\r\n" + bytes(1024) + b"\r\n"),
        TooMuch,
        "over 1,048,576",
    ),
    "endless, until it closes": (endless(OK + b"\r\n", bytes(1024)), TooMuch, "over 1,048,576"),
    "announces too much": (says(OK + b"content-length: 1048577\r\n\r\n"), TooMuch, "announces 1,048,577"),
    "announces absurdly much": (
        says(OK + b"content-length: 99999999999999999999\r\n\r\n"),
        NodeUnreachable,
        "as an agent",
    ),
    "announces a negative length": (says(OK + b"content-length: -1\r\n\r\n"), NodeUnreachable, "as an agent"),
    "announces two lengths": (
        says(OK + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab"),
        NodeUnreachable,
        "as an agent",
    ),
    "announces more than it sends": (hanging_up(OK + b"content-length: 100\r\n\r\n{}"), NodeUnreachable, "as an agent"),
    "announces more, and keeps still": (says(OK + b"content-length: 100\r\n\r\n{}"), TooSlow, "in the time"),
    "announces less than it sends": (
        signing(body=b'{"a":1}', content_length="2"),
        NodeUnreachable,
        "as an agent",
    ),
    "drips its head": (dripping(OK), TooSlow, "in the time"),
    "drips its body": (dripping(OK + b"\r\n"), TooSlow, "in the time"),
    "never answers": (says(), TooSlow, "in the time"),
    "hangs up": (hanging_up(b""), NodeUnreachable, "as an agent"),
    "hangs up in its head": (hanging_up(OK + b"content-le"), NodeUnreachable, "as an agent"),
    "hangs up in a chunk": (
        hanging_up(OK + b"transfer-encoding: chunked\r\n\r\n400\r\nabc"),
        NodeUnreachable,
        "as an agent",
    ),
    "one long header": (endless(OK + b"x: ", b"a"), NodeUnreachable, "as an agent"),
    "one long header name": (endless(OK, b"a"), NodeUnreachable, "as an agent"),
    "headers without end": (endless(OK, b"x: y\r\n"), NodeUnreachable, "as an agent"),
    "a status line without end": (endless(b"HTTP/1.1 200 ", b"a"), NodeUnreachable, "as an agent"),
    "an extension without end": (endless(OK + b"transfer-encoding: chunked\r\n\r\n1;", b"a"), IonetError, ""),
    "trailers without end": (endless(OK + b"transfer-encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n"), IonetError, ""),
    "one long trailer": (endless(OK + b"transfer-encoding: chunked\r\n\r\n0\r\nx: ", b"y"), IonetError, ""),
    "chunks of one byte": (endless(OK + b"transfer-encoding: chunked\r\n\r\n", b"1\r\na\r\n"), IonetError, ""),
    "100 Continue without end": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), IonetError, ""),
    "103 and headers without end": (endless(b"", b"HTTP/1.1 103 Early\r\nx: y\r\n\r\n"), IonetError, ""),
    "no HTTP": (says(b"SSH-2.0-OpenSSH_9.6\r\n"), NodeUnreachable, "as an agent"),
    "zeros": (endless(b"", bytes(1024)), NodeUnreachable, "as an agent"),
    "another protocol": (
        says(b"HTTP/1.1 101 So\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n" + bytes(1024)),
        IonetError,
        "",
    ),
    "no content": (says(b"HTTP/1.1 204 So\r\n\r\n"), NotAuthentic, "answers 204"),
    "not modified": (says(b"HTTP/1.1 304 So\r\n\r\n"), NotAuthentic, "answers 304"),
    "unsigned": (says(OK + b"content-length: 2\r\n\r\n{}"), NotAuthentic, "Signature-Input"),
    "unsigned refusal": (says(b"HTTP/1.1 500 So\r\ncontent-length: 2\r\n\r\n{}"), NotAuthentic, "answers 500"),
    "signed by another": (signing(key=Keypair()), NotAuthentic, "and not by agent"),
    "to another request": (signing(nonce="00" * 16), NotAuthentic, "to another request"),
    "compressed": (
        signing(body=gzip.compress(bytes(100 * MIB)), content_encoding="gzip"),
        NodeUnreachable,
        "what is no JSON",
    ),
    "garbage": (signing(body=b"garbage"), NodeUnreachable, "what is no JSON: garbage"),
    "nothing": (signing(body=b""), NodeUnreachable, "what is no JSON"),
    "half of it": (signing(body=b'{"a":'), NodeUnreachable, "what is no JSON"),
    "more than it": (signing(body=b"{}{}"), NodeUnreachable, "what is no JSON"),
    "no UTF-8": (signing(body=b'"\xff\xfe"'), NodeUnreachable, "what is no JSON"),
    "not a number": (signing(body=b"[NaN]"), NodeUnreachable, "what is no JSON"),
    "too large a number": (signing(body=b"1" * 10_000), NodeUnreachable, "what is no JSON"),
    "lists in lists": (signing(body=b"[" * 500_000), NodeUnreachable, "what is no JSON"),
    "lists in lists, closed": (signing(body=b"[" * 500_000 + b"]" * 500_000), NodeUnreachable, "what is no JSON"),
    "objects in objects": (signing(body=b'{"a":' * 200_000), NodeUnreachable, "what is no JSON"),
    "a terminal's escapes": (
        signing(body=b'{"error":"\\u001b[2Jhello\\r\\n\\u202eworld"}', status=409),
        NodeRefused,
        "refuses: [2Jhello world (409)",
    ),
    "a long sentence": (signing(body=b'{"error":"' + b"a" * 100_000 + b'"}', status=400), NodeRefused, "a…"),
    "a refusal that is no sentence": (signing(body=b'{"error":[{}]}', status=400), NodeRefused, "[{}]"),
    "a refusal of another form": (signing(body=b"[1]", status=599), NodeRefused, "[1] (599)"),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_what_a_node_answers_ends_in_an_error_of_ours(tmp_path: Path, name: str) -> None:
    """Whatever comes, the call ends in its time, in memory that does not grow, with an error that names the node."""
    script, error, message = ANSWERS[name]
    async with hostile(tmp_path, script, AGENT) as world:
        memory = Memory()
        with pytest.raises(error) as raised:
            await call(world)
        assert message in str(raised.value)
        assert world.endpoint in str(raised.value)
        assert str(raised.value).isprintable()
        assert memory.grown < 64 * MIB


async def test_large_answers_of_small_parts_are_bounded(tmp_path: Path) -> None:
    """JSON that is large in memory stays within some twenty times its bytes."""
    async with hostile(tmp_path, signing(body=b"[" + b"{}," * 349_000 + b"{}]"), AGENT) as world:
        memory = Memory()
        assert len(await call(world)) == 349_001
        assert memory.grown < 64 * MIB


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("is_signed", [True, False])
async def test_redirects_are_not_followed(tmp_path: Path, status: int, is_signed: bool) -> None:
    """Not even to itself: one request is made, and the redirect is refused."""
    requests = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        while True:
            request, nonce = await asked(reader)
            requests += 1
            place = f"https://{request.headers.get('host')}/elsewhere"
            if is_signed:
                writer.write(answer(request, nonce, AGENT, status=status, location=place))
            else:
                writer.write(f"HTTP/1.1 {status} So\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n".encode())

    async with hostile(tmp_path, script, AGENT) as world:
        with pytest.raises(NodeRefused if is_signed else NotAuthentic, match=str(status)):
            await call(world)
    assert requests == 1


async def test_nothing_is_sent_to_another_certificate(tmp_path: Path) -> None:
    """The handshake is all that somebody with another certificate sees of a caller."""
    received: asyncio.Queue[bytes] = asyncio.Queue()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.put_nowait(await reader.read())

    async with hostile(tmp_path, script) as world:
        other = ensure(tmp_path / "other", "127.0.0.1").fingerprint
        async with world.remote(HASTY, fingerprint=other) as remote:
            with pytest.raises(NotAuthentic, match="another certificate"):
                await remote.json("GET", "/v1/node")
            with pytest.raises(NotAuthentic, match="another certificate"):
                async with aclosing(remote.stream("/v1/node", limit=1)) as stream:
                    await anext(stream)
        async with asyncio.timeout(20):
            assert [await received.get() for _ in range(2)] == [b"", b""]


async def test_a_name_and_an_authority_are_not_asked_for(tmp_path: Path) -> None:
    """A certificate for any host is the right one, if it is the one that the chain names."""
    async with hostile(tmp_path, signing(), AGENT) as world:
        remote = world.remote(HASTY, endpoint=f"localhost:{world.port}")
        async with remote:
            assert await remote.json("GET", "/v1/node") == {}


@pytest.mark.parametrize("speaks", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"\x16\x03\x03\xff\xff" + bytes(100)])
async def test_who_does_not_speak_tls_is_unreachable(speaks: bytes) -> None:
    """Silence, plain HTTP and half a handshake end within the time to connect."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(speaks)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        endpoint = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with asyncio.timeout(20), remote_at(endpoint) as remote:
            with pytest.raises(NodeUnreachable, match="cannot be reached"):
                await remote.json("GET", "/v1/node")


async def test_a_port_that_is_closed_is_unreachable() -> None:
    """And the error says why, without the innards of a library."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with remote_at(f"127.0.0.1:{port}") as remote:
        with pytest.raises(NodeUnreachable, match="cannot be reached: Connection refused") as raised:
            await remote.json("GET", "/v1/node")
    assert "<" not in str(raised.value)


@pytest.mark.parametrize(
    "endpoint",
    ["", "127.0.0.1", "host:0", "host:65536", "host:1/x", "user@host:1", "a b:1", "[::1:1", "ho\x1bst:1", "-:1", ":1"],
)
def test_an_endpoint_that_is_none_is_named(endpoint: str) -> None:
    """What a node announces is a stranger's text."""
    with pytest.raises(NodeUnreachable, match="must announce host:port") as raised:
        remote_at(endpoint)
    assert str(raised.value).isprintable()


async def test_a_name_that_never_resolves_stops_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty names whose servers keep still end in time, and the process's own threads are free meanwhile."""
    release, looked_up = threading.Event(), 0

    def never(*_: object, **__: object) -> list[Any]:
        nonlocal looked_up
        looked_up += 1
        release.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", never)

    async def ask() -> None:
        async with remote_at("never.example:1", connect=0.5) as remote:
            with pytest.raises(NodeUnreachable, match="no connection in the time"):
                await remote.json("GET", "/v1/node")

    try:
        async with asyncio.timeout(20):
            asking = [asyncio.create_task(ask()) for _ in range(50)]
            while looked_up < 6:  # noqa: ASYNC110 (threads count)
                await asyncio.sleep(0.01)
            assert await asyncio.to_thread(sum, [1, 2]) == 3
            await asyncio.gather(*asking)
    finally:
        release.set()


async def test_a_node_that_speaks_unasked_is_hung_up_on(tmp_path: Path) -> None:
    """Between two calls, answers to nothing do not fill the memory, and the next call is one of ours."""
    is_idle, gone = asyncio.Event(), asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request, nonce = await asked(reader)
        writer.write(answer(request, nonce, AGENT))
        await is_idle.wait()
        try:
            while True:
                writer.write((OK + b"content-length: 0\r\n\r\n") * 1000)
                await writer.drain()
                await asyncio.sleep(0)
        finally:
            gone.set()

    async with hostile(tmp_path, script, AGENT) as world, world.remote(HASTY) as remote:
        memory = Memory()
        assert await remote.json("GET", "/v1/node") == {}
        is_idle.set()
        async with asyncio.timeout(20):
            await gone.wait()
        assert memory.grown < 64 * MIB
        assert await remote.json("GET", "/v1/node") == {}


async def test_an_answer_that_comes_before_its_request_is_not_taken(tmp_path: Path) -> None:
    """A second answer, sent with the first, does not answer the second call."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request, nonce = await asked(reader)
        writer.write(answer(request, nonce, AGENT, b"1") + answer(request, nonce, AGENT, b'"early"'))
        request, nonce = await asked(reader)
        writer.write(answer(request, nonce, AGENT, b"2"))
        await asyncio.Event().wait()

    async with hostile(tmp_path, script, AGENT) as world, world.remote(HASTY) as remote:
        got = []
        for _ in range(2):
            with suppress(NotAuthentic):  # where the early answer is read: it repeats another nonce
                got.append(await remote.json("GET", "/v1/node"))
    assert got in ([1], [1, 1], [1, 2])


async def test_a_request_is_sent_once(tmp_path: Path) -> None:
    """On a connection that breaks, nothing is tried again: the caller decides, with another nonce."""
    requests = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        request, nonce = await asked(reader)
        requests += 1
        writer.write(answer(request, nonce, AGENT))
        await asked(reader)
        requests += 1

    async with hostile(tmp_path, script, AGENT) as world, world.remote(HASTY) as remote:
        assert await remote.json("GET", "/v1/node") == {}
        with pytest.raises(NodeUnreachable):
            await remote.json("GET", "/v1/node")
    assert requests == 2


async def test_altered_answers_are_refused(tmp_path: Path) -> None:
    """Of a signed answer no byte can be changed so that another value is taken; nothing but our errors is raised."""
    random = Random(9421)  # noqa: S311 (the same bytes each time)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request, nonce = await asked(reader)
        sent = bytearray(answer(request, nonce, AGENT, b'{"answer":[1,2,3]}'))
        for _ in range(random.choice((1, 1, 1, 3, 20))):
            place = random.randrange(len(sent))
            sent[place : place + random.choice((0, 1, 1, 1, 9))] = random.randbytes(random.choice((0, 1, 1, 1, 9)))
        writer.write(bytes(sent))
        await writer.drain()

    outcomes: dict[str, int] = {}
    async with hostile(tmp_path, script, AGENT) as world:
        for _ in range(300):
            async with asyncio.timeout(20), world.remote(HASTY) as remote:
                try:
                    assert await remote.json("GET", "/v1/node", timeout=1.0) == {"answer": [1, 2, 3]}
                    outcome = "as it was"  # the name of a status, the case of a header
                except (NodeUnreachable, NotAuthentic, NodeRefused, TooMuch, TooSlow) as raised:
                    outcome = type(raised).__name__
                outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert outcomes["NotAuthentic"] > 50, outcomes
    assert outcomes["NodeUnreachable"] > 50, outcomes


def remote_at(endpoint: str, connect: float = 1.0) -> Remote:
    return Remote(endpoint, bytes(32), Pubkey.new_unique(), Keypair().pubkey(), Keypair(), Timeouts(connect=connect))
