"""Nodes that send streams as they should not, or do not take what is uploaded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from hashlib import sha256
from pathlib import Path

import pytest
from solders.keypair import Keypair

from client.errors import IonetError
from machines.wire.errors import NodeRefused, NodeUnreachable, NotAuthentic, TooMuch, TooSlow
from tests.machines.wire_servers import HASTY, Memory, Script, World, answer, asked, hostile

AGENT = Keypair()
OK = b"HTTP/1.1 200 OK\r\n"
MIB = 1 << 20
PIECE = bytes(256 << 10)


def streaming(head: bytes, *pieces: bytes, endless: bytes = b"", pause: float = 0.0, hangs_up: bool = False) -> Script:
    """A head, pieces, and then the same piece again and again, with pauses."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(head + b"".join(pieces))
        while endless:
            writer.write(endless)
            await writer.drain()
            await asyncio.sleep(pause)
        await writer.drain()
        if not hangs_up:
            await asyncio.Event().wait()

    return script


async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request, nonce = await asked(reader)
    writer.write(answer(request, nonce, AGENT, b'{"error":"there is no such output"}', 404))
    await writer.drain()


async def signing_another_status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request, nonce = await asked(reader)
    writer.write(answer(request, nonce, AGENT, b"{}", 201))
    await writer.drain()


async def receive(world: World, timeout: float | None = None) -> int:  # noqa: ASYNC109 (that of the call)
    received = 0
    remote = world.remote(HASTY)
    stream = remote.stream("/v1/x", limit=MIB, timeout=timeout)
    async with asyncio.timeout(20), remote, aclosing(stream):
        async for piece in stream:
            received += len(piece)
    return received


STREAMS: dict[str, tuple[Script, type[IonetError], str]] = {
    "endless": (streaming(OK + b"\r\n", endless=PIECE), TooMuch, "over 1,048,576"),
    "announces too much": (streaming(OK + b"content-length: 1048577\r\n\r\n"), TooMuch, "announces 1,048,577"),
    "one byte too many": (streaming(OK + b"\r\n", bytes(MIB + 1)), TooMuch, "over 1,048,576"),
    "stops": (streaming(OK + b"content-length: 1000\r\n\r\n", b"abc"), TooSlow, "in the time"),
    "never begins": (streaming(OK + b"content-length: 1000\r\n\r\n"), TooSlow, "in the time"),
    "never answers": (streaming(b""), TooSlow, "in the time"),
    "hangs up": (streaming(OK + b"content-length: 9\r\n\r\n", b"abc", hangs_up=True), NodeUnreachable, "as an agent"),
    "refuses": (refusing, NodeRefused, "there is no such output (404)"),
    "refuses, unsigned": (streaming(b"HTTP/1.1 404 So\r\ncontent-length: 2\r\n\r\n{}"), NotAuthentic, "answers 404"),
    "refuses without end": (streaming(b"HTTP/1.1 404 So\r\n\r\n", endless=PIECE), TooMuch, "over 65,536"),
    "another status": (signing_another_status, NodeUnreachable, "answers 201 where a stream"),
    "a part": (streaming(b"HTTP/1.1 206 So\r\ncontent-length: 2\r\n\r\nab"), NotAuthentic, "answers 206"),
    "garbage in chunks": (streaming(OK + b"transfer-encoding: chunked\r\n\r\nzz\r\n"), NodeUnreachable, "as an agent"),
}


@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_ends_in_an_error_of_ours(tmp_path: Path, name: str) -> None:
    """Too much, too slow, cut, refused: the reader is told, in time, and memory does not grow."""
    script, error, message = STREAMS[name]
    async with hostile(tmp_path, script, AGENT) as world:
        memory = Memory()
        with pytest.raises(error) as raised:
            await receive(world)
        assert message in str(raised.value)
        assert memory.grown < 32 * MIB


async def test_a_slow_drip_is_bounded_by_the_time_of_the_whole(tmp_path: Path) -> None:
    """A byte that always comes before the reader gives up does not hold it for ever."""
    async with hostile(tmp_path, streaming(OK + b"\r\n", endless=b"a", pause=0.2), AGENT) as world:
        with pytest.raises(TooSlow):
            await receive(world, timeout=1.0)


async def test_a_reader_may_be_slow(tmp_path: Path) -> None:
    """The caller's own time between two pieces is not the node's; what is not read yet waits at the node."""
    number = 64
    sent = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await asked(reader)
        writer.write(OK + b"content-length: %d\r\n\r\n" % (number * len(PIECE)))
        for _ in range(number):
            writer.write(PIECE)
            await writer.drain()
            sent += 1

    async with hostile(tmp_path, script, AGENT) as world, world.remote(HASTY) as remote:
        async with aclosing(remote.stream("/v1/x", limit=number * len(PIECE))) as stream:
            received = len(await anext(stream))
            await asyncio.sleep(HASTY.idle * 2)
            assert sent < number
            async for piece in stream:
                received += len(piece)
        assert received == number * len(PIECE)


async def test_a_stream_that_is_left_is_closed(tmp_path: Path) -> None:
    """Leaving early ends the connection, and so what the node does for it."""
    gone = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asked(reader)
            writer.write(OK + b"\r\n")
            while True:
                writer.write(PIECE)
                await writer.drain()
        finally:
            gone.set()

    async with hostile(tmp_path, script, AGENT) as world, world.remote(HASTY) as remote:
        async with aclosing(remote.stream("/v1/x", limit=1 << 40)) as stream:
            await anext(stream)
        async with asyncio.timeout(20):
            await gone.wait()


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def taking(first: bytes, *, reads: int = 0, then: bytes = b"", hangs_up: bool = False) -> Script:
    """Says something to the head, reads so many bytes, says something more."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(first)
        left = reads
        while left:
            left -= len(await reader.read(min(left, 65_536)))
        writer.write(then)
        await writer.drain()
        if not hangs_up:
            await asyncio.Event().wait()

    return script


async def answering_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request, nonce = await asked(reader)
    writer.write(CONTINUE)
    await reader.readexactly(MIB)
    writer.write(answer(request, nonce, AGENT, b'{"error":"the disk is full"}', 507))
    await asyncio.Event().wait()


async def flooding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asked(reader)
    while True:
        writer.write(CONTINUE * 1000)
        await writer.drain()


UPLOADS: dict[str, tuple[Script, type[IonetError], str]] = {
    "never says go on": (taking(b""), TooSlow, "in the time"),
    "hangs up at once": (taking(b"", hangs_up=True), NodeUnreachable, "as an agent"),
    "takes nothing": (taking(CONTINUE), TooSlow, "in the time"),
    "stops taking": (taking(CONTINUE, reads=4 * MIB), TooSlow, "in the time"),
    "hangs up in the middle": (taking(CONTINUE, reads=4 * MIB, hangs_up=True), NodeUnreachable, "as an agent"),
    "answers garbage in the middle": (
        taking(CONTINUE, reads=MIB, then=b"garbage\r\n\r\n"),
        NodeUnreachable,
        "as an agent",
    ),
    "answers unsigned in the middle": (
        taking(CONTINUE, reads=MIB, then=OK + b"content-length: 2\r\n\r\n{}"),
        NotAuthentic,
        "",
    ),
    "refuses in the middle": (answering_early, NodeRefused, "the disk is full (507)"),
    "says go on for ever": (flooding, NodeUnreachable, "as an agent"),
    "takes all, and keeps still": (taking(CONTINUE, reads=32 * MIB), TooSlow, "in the time"),
}


@pytest.mark.parametrize("name", UPLOADS)
async def test_an_upload_ends_in_an_error_of_ours(tmp_path: Path, name: str) -> None:
    """Whatever a node does instead of taking what is sent; what it does not take is not held in memory."""
    script, error, message = UPLOADS[name]

    async def source() -> AsyncIterator[bytes]:
        for _ in range(128):
            yield PIECE

    async with hostile(tmp_path, script, AGENT) as world, world.remote(HASTY) as remote:
        memory = Memory()
        async with asyncio.timeout(20):
            with pytest.raises(error) as raised:
                await remote.upload("PUT", "/v1/x", source(), 128 * len(PIECE), bytes(32))
        assert message in str(raised.value)
        assert memory.grown < 32 * MIB


async def drinking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request, nonce = await asked(reader)
    if request.headers.get("expect"):
        writer.write(CONTINUE)
    await reader.readexactly(int(request.headers.get("content-length") or 0))
    writer.write(answer(request, nonce, AGENT))
    await asyncio.Event().wait()


async def test_a_source_may_be_slow(tmp_path: Path) -> None:
    """The time that the caller's own source takes is not the node's."""

    async def source() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.sleep(HASTY.idle * 2)
        yield b"b"

    async with hostile(tmp_path, drinking, AGENT) as world, world.remote(HASTY) as remote:
        assert await remote.upload("PUT", "/v1/x", source(), 2, sha256(b"ab").digest()) == {}


async def test_an_error_of_the_source_is_the_callers(tmp_path: Path) -> None:
    """A file that cannot be read, or that has another size, is not the node's fault."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"a"
        raise FileNotFoundError("the input is gone")

    async def short() -> AsyncIterator[bytes]:
        yield b"a"

    async def long() -> AsyncIterator[bytes]:
        yield b"abc"

    async with hostile(tmp_path, drinking, AGENT) as world, world.remote(HASTY) as remote, asyncio.timeout(10):
        with pytest.raises(FileNotFoundError, match="the input is gone"):
            await remote.upload("PUT", "/v1/x", broken(), 2, bytes(32))
        with pytest.raises(ValueError, match="gives 1 of the 2 bytes"):
            await remote.upload("PUT", "/v1/x", short(), 2, bytes(32))
        with pytest.raises(ValueError, match="over the 2 bytes"):
            await remote.upload("PUT", "/v1/x", long(), 2, bytes(32))


@pytest.mark.parametrize("path", ["v1/x", "/a b", "/a#b", "/ä", "/%zz", "/a\r\nx: y", ""])
async def test_a_path_that_is_not_encoded_is_the_callers_error(tmp_path: Path, path: str) -> None:
    """Nothing is sent of a path that could be read in two ways."""
    async with hostile(tmp_path, drinking, AGENT) as world, world.remote(HASTY) as remote:
        with pytest.raises(ValueError, match=r"is no path|cannot be asked"):
            await remote.json("GET", path)


@pytest.mark.parametrize(
    "path", ["/a/../b", "//a", "/a//b/./c", "/%2e%2e/%7Ea", "/a?", "/a?b=%20+c&&d==e", "/~a;b=c:@!$'()*,"]
)
async def test_a_path_arrives_as_it_was_signed(tmp_path: Path, path: str) -> None:
    """Neither normalized nor decoded on its way."""
    arrived: list[str] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request, nonce = await asked(reader)
        arrived.append(request.url)
        writer.write(answer(request, nonce, AGENT))
        await asyncio.Event().wait()

    async with hostile(tmp_path, script, AGENT) as world, world.remote(HASTY) as remote:
        assert await remote.json("GET", path) == {}
        assert arrived == [f"https://{world.endpoint}{path.removesuffix('?')}"]
