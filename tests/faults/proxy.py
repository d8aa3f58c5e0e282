"""A node that misbehaves: a proxy before the real one.

The same seed makes the same faults, in whatever order it is asked. A fault is a function of what was asked and of the
real answer, which it changes in place. `sometimes` makes it rare, `Node` puts several one after the other. What is
wrong with the transport is here, what is wrong with what it carries in `lies.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
import msgspec


class _Question(msgspec.Struct):
    id: Any
    method: str
    params: list[Any] = []


class _Answer(msgspec.Struct):
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: msgspec.Raw | None = None

    @property
    def value(self) -> Any:
        """The result, decoded."""
        return msgspec.json.decode(self.result)


def _key(method: str, params: list[Any]) -> bytes:
    """A question without its number."""
    return msgspec.json.encode([method, params])


_QUESTION = msgspec.json.Decoder(_Question)
_ANSWER = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True)
class Asked:
    """A question to the node."""

    method: str
    params: list[Any]
    id: Any
    before: int
    """How often exactly this was asked before."""
    truth: Callable[..., Awaitable[Any]]
    """`await truth(method, *params)` is the real node's result, decoded."""

    @property
    def slot(self) -> int:
        """Of a getBlock."""
        return int(self.params[0])

    @property
    def is_of_blocks(self) -> bool:
        """Whether it is answered with blocks or slots."""
        return self.method in ("getBlock", "getBlocks")


@dataclass
class Reply:
    """What goes back over the wire."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    """By which it is late; infinity for never."""
    sent: int | None = None
    """Bytes of the body after which the connection is closed; None for all of them, and it stays open."""

    @property
    def result(self) -> Any:
        """What it says, decoded."""
        return _ANSWER.decode(self.body).value

    def say(self, id: Any, result: Any) -> None:
        """Says something else."""
        self.body = msgspec.json.encode({"jsonrpc": "2.0", "result": result, "id": id})

    def refuse(self, id: Any, code: int, message: str) -> None:
        """Says that it cannot."""
        self.body = msgspec.json.encode({"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": id})


Fault = Callable[[Asked, Reply, Random], Awaitable[None]]


def sometimes(fault: Fault, share: float = 1.0, *, times: int | None = None, methods: Sequence[str] = ()) -> Fault:
    """The fault for this share of questions, of these methods (default: all), at most the first `times` of each."""

    async def rarely(asked: Asked, reply: Reply, random: Random) -> None:
        is_due = (not methods or asked.method in methods) and (times is None or asked.before < times)
        if random.random() < share and is_due:
            await fault(asked, reply, random)

    return rarely


def one_of(*faults: Fault) -> Fault:
    """One of them each time."""

    async def chosen(asked: Asked, reply: Reply, random: Random) -> None:
        await random.choice(faults)(asked, reply, random)

    return chosen


def http(status: int, body: bytes = b"", **headers: str) -> Fault:
    """An answer of HTTP alone; `Retry_After="1"` is a header."""

    async def answer(asked: Asked, reply: Reply, random: Random) -> None:
        reply.status, reply.body = status, body
        reply.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    return answer


async def garbage(asked: Asked, reply: Reply, random: Random) -> None:
    """Bytes that are no JSON."""
    reply.body = random.randbytes(random.randrange(1, 200))


async def page(asked: Asked, reply: Reply, random: Random) -> None:
    """HTML of something that stands before the node, with a status of success."""
    reply.body = b"<!DOCTYPE html><html><body><h1>Checking your browser</h1></body></html>"


async def truncated(asked: Asked, reply: Reply, random: Random) -> None:
    """Only the beginning of the body, and HTTP says that it is all."""
    reply.body = reply.body[: random.randrange(1, len(reply.body))]


async def empty(asked: Asked, reply: Reply, random: Random) -> None:
    """No body."""
    reply.body = b""


async def cut(asked: Asked, reply: Reply, random: Random) -> None:
    """The connection is closed in the middle of the body."""
    reply.sent = random.randrange(len(reply.body))


async def hang(asked: Asked, reply: Reply, random: Random) -> None:
    """No answer, ever, on a connection that stays open."""
    reply.seconds = float("inf")


def late(seconds: float) -> Fault:
    """So late at most, each by another time: answers arrive in another order than the questions."""

    async def wait(asked: Asked, reply: Reply, random: Random) -> None:
        reply.seconds = random.uniform(0, seconds)

    return wait


def refusal(code: int, message: str) -> Fault:
    """An error of JSON-RPC."""

    async def refuse(asked: Asked, reply: Reply, random: Random) -> None:
        reply.refuse(asked.id, code, message)

    return refuse


class Exchanged:
    """Answers of another question: the one before, as it was, with its id."""

    def __init__(self) -> None:
        self._last = b'{"jsonrpc":"2.0","result":0,"id":-1}'

    async def __call__(self, asked: Asked, reply: Reply, random: Random) -> None:
        reply.body, self._last = self._last, reply.body


class Node:
    """The real node at `url`, as it looks through these faults. Each answer of the real node is asked for once."""

    def __init__(self, url: str, faults: Sequence[Fault] = (), *, seed: int = 0) -> None:
        self.faults = list(faults)
        self.asked: Counter[str] = Counter()
        """Questions by method."""
        self._awaited: list[tuple[int, asyncio.Event]] = []
        self._url, self._seed = url, seed
        self._truths: dict[bytes, bytes] = {}
        self._times: Counter[bytes] = Counter()

    async def has_been_asked(self, blocks: int) -> None:
        """Waits until so many blocks were asked for."""
        self._awaited.append((blocks, asyncio.Event()))
        await self._awaited[-1][1].wait()

    def asked_of_slots(self, first: int) -> dict[int, int]:
        """How often the block of each slot from `first` on was asked for."""
        asked = ((msgspec.json.decode(key), times) for key, times in self._times.items())
        return {params[0]: times for (method, params), times in asked if method == "getBlock" and params[0] >= first}

    async def truth(self, method: str, *params: Any) -> Any:
        """The real node's result, decoded."""
        return _ANSWER.decode(b"{%s}" % await self._real(_key(method, list(params)))).value

    async def _real(self, key: bytes) -> bytes:
        """The real node's result or error, as it wrote it: a member of an object."""
        if key not in self._truths:
            method, params = msgspec.json.decode(key)
            question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            said = _ANSWER.decode((await self._http.post(self._url, json=question)).content)
            self._truths[key] = b'"error":' + bytes(said.error) if said.error else b'"result":' + bytes(said.result)
        return self._truths[key]

    async def reply(self, question: _Question) -> Reply:
        """The answer to a question."""
        key = _key(question.method, question.params)
        before = self._times[key]
        self._times[key] += 1
        self.asked[question.method] += 1
        for count, event in self._awaited:
            if self.asked["getBlock"] >= count:
                event.set()
        said = await self._real(key)
        reply = Reply(b'{"jsonrpc":"2.0",%s,"id":%s}' % (said, msgspec.json.encode(question.id)))
        if self.faults:
            asked = Asked(question.method, question.params, question.id, before, self.truth)
            random = Random(b"%d %d %s" % (self._seed, before, key))  # noqa: S311 - repeated by its seed
            for fault in self.faults:
                await fault(asked, reply, random)
        return reply

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One question and its answer; whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        question = _QUESTION.decode(await reader.readexactly(length))
        reply = await self.reply(question)
        if reply.seconds == float("inf"):
            await reader.read()  # until the other side gives up
            return False
        await asyncio.sleep(reply.seconds)
        lines = [f"HTTP/1.1 {reply.status} -", f"content-length: {len(reply.body)}", "content-type: application/json"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + reply.body[: reply.sent])
        await writer.drain()
        return reply.sent is None

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[str]:
        """Its URL, while it serves."""
        async with httpx.AsyncClient(timeout=30) as self._http:
            connections: set[asyncio.Task[None]] = set()

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.current_task()
                assert task is not None
                connections.add(task)
                try:
                    await self._serve(reader, writer)
                except asyncio.CancelledError:
                    writer.close()
                finally:
                    connections.discard(task)

            server = await asyncio.start_server(serve, "127.0.0.1", port)
            try:
                yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            finally:
                server.close()
                for task in connections:
                    task.cancel()
                await asyncio.gather(*connections, return_exceptions=True)
