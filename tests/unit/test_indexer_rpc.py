"""Calls to a node: how fast, how often, and what is said when there is no answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from random import Random

import msgspec
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import RawTestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from client.errors import IonetError
from client.rpc import shown
from indexer.errors import ChainMismatch, NodeUnavailable
from indexer.node import rpc
from indexer.node.pace import LONGEST_PAUSE, Pace, asked_pause, backoff
from indexer.node.rpc import Rpc

KEY = "s3cret"
URL = f"https://someone:{KEY}@node.example:8899/{KEY}?api-key={KEY}"
Answer = Callable[[web.BaseRequest, int], Awaitable[web.StreamResponse]]
"""What a node says to a request with this id."""


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def pace(self, most: int = 16) -> Pace:
        return Pace(most, self.sleep, self.clock)


@dataclass
class Calls:
    """A node that answers as it is told, and when it was called."""

    rpc: Rpc
    moments: list[float] = field(default_factory=list)


@asynccontextmanager
async def node(answer: Answer, *, times: int = 1_000) -> AsyncIterator[Calls]:
    """A node that says `answer` so many times, and then the slot 7."""
    time, moments = Time(), list[float]()

    async def respond(request: web.BaseRequest) -> web.StreamResponse:
        asked = msgspec.json.decode(await request.read())["id"]
        moments.append(time.now)
        return await (answer if len(moments) <= times else says(result=7))(request, asked)

    async with RawTestServer(respond) as server, ClientSession() as http:
        url = f"http://someone:{KEY}@127.0.0.1:{server.port}/{KEY}?api-key={KEY}"
        yield Calls(Rpc(url, http, time.pace()), moments)


def http(status: int, text: str = "", **headers: str) -> Answer:
    """An answer of HTTP alone; `retry_after="1"` is a header."""

    async def answer(request: web.BaseRequest, asked: int) -> web.StreamResponse:
        return web.Response(status=status, text=text, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return answer


def says(**said: object) -> Answer:
    """An answer of JSON-RPC to the question."""

    async def answer(request: web.BaseRequest, asked: int) -> web.StreamResponse:
        return web.json_response({"id": asked} | said)

    return answer


def body(content: bytes) -> Answer:
    """These bytes."""

    async def answer(request: web.BaseRequest, asked: int) -> web.StreamResponse:
        return web.Response(body=content)

    return answer


async def hangs_up(request: web.BaseRequest, asked: int) -> web.StreamResponse:
    """The connection ends without an answer."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def stops(request: web.BaseRequest, asked: int) -> web.StreamResponse:
    """The connection ends within an answer."""
    response = web.StreamResponse(headers={"content-length": "100"})
    await response.prepare(request)
    await response.write(b'{"jsonrpc":')
    return await hangs_up(request, asked)


async def never_ends(request: web.BaseRequest, asked: int) -> web.StreamResponse:
    """A byte, and another, and another."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.001)


TRANSIENT: dict[str, Answer] = {
    "500": http(500),
    "502": http(502, "<html>Bad Gateway</html>"),
    "no answer": hangs_up,
    "half an answer": stops,
    "a page": http(200, "<!DOCTYPE html><html></html>"),
    "nothing": http(200),
    "garbage": body(b"\xff\xfe\x00"),
    "the beginning": body(b'{"jsonrpc":"2.0","result":'),
    "another type": says(result="seven"),
    "no result": says(),
    "null": says(result=None),
    "an answer to another question": says(id=-1, result=6),
    "that it is behind": says(error={"code": -32005, "message": f"behind {URL}"}),
}
BUSY: dict[str, Answer] = {
    "429": http(429),
    "503": http(503, "<html></html>"),
    "429 as an error": says(error={"code": 429, "message": "Too many requests"}),
}


@pytest.mark.parametrize("name", [*TRANSIENT, *BUSY])
async def test_a_failure_that_passes_is_not_seen(name: str) -> None:
    """The call is made again, after a pause, and gives the right answer."""
    async with node((TRANSIENT | BUSY)[name], times=3) as calls:
        assert await calls.rpc.slot() == 7
    assert len(calls.moments) == 4
    assert calls.moments == sorted(set(calls.moments)), "there is a pause before each"
    assert sum(calls.rpc.outcomes.values()) == 4


@pytest.mark.parametrize("name", [*TRANSIENT, *BUSY])
async def test_a_failure_that_stays_ends_in_an_error(name: str) -> None:
    """After so many attempts it says node, method, attempts and what to do; the access key is not in it."""
    async with node((TRANSIENT | BUSY)[name]) as calls:
        with pytest.raises(NodeUnavailable) as caught:
            await calls.rpc.slot()
    attempts = rpc.BUSY_ATTEMPTS if name in BUSY else rpc.ATTEMPTS
    assert len(calls.moments) == attempts
    for said in ("http://127.0.0.1:", "getSlot", f"{attempts} attempts", "--url"):
        assert said in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (http(403, "denied"), NodeUnavailable, "refuses with HTTP 403"),
        (http(401), NodeUnavailable, "refuses with HTTP 401"),
        (http(302, location="/"), NodeUnavailable, "refuses with HTTP 302"),
        (says(error={"code": -32601, "message": f"no method at {URL}"}), NodeUnavailable, "refuses getBlock 5"),
        (says(error={"code": -32602, "message": "x" * 10_000_000}), NodeUnavailable, "refuses getBlock 5"),
        (says(error={"code": -32001, "message": "Block cleaned up"}), ChainMismatch, "no longer has what getBlock 5"),
        (says(error={"code": -32015, "message": "version 1"}), ChainMismatch, "update it"),
    ],
)
async def test_what_will_not_pass_is_said_at_once(answer: Answer, error: type[IonetError], words: str) -> None:
    """No second attempt where it cannot help; what a node says is passed on in part, without the access key."""
    async with node(answer) as calls:
        with pytest.raises(error, match=words) as caught:
            await calls.rpc.block(5)
    assert len(calls.moments) == 1
    assert len(str(caught.value)) < 1_000
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("url", [f"http://127.0.0.1:1/{KEY}", f"http://nowhere.invalid/?k={KEY}"])
async def test_a_node_that_is_not_there_is_named(url: str) -> None:
    """Where nobody listens, and where no host has the name."""
    async with ClientSession() as http_:
        with pytest.raises(NodeUnavailable, match="did not answer getSlot in 6 attempts") as caught:
            await Rpc(url, http_, Time().pace()).slot()
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("url", ["nonsense", "", f"ftp://127.0.0.1/{KEY}", "http://", f"http://127.0.0.1:port/{KEY}"])
async def test_what_is_no_url_is_said_so(url: str) -> None:
    """At once, and without what may be secret in it."""
    async with ClientSession() as http_:
        with pytest.raises(NodeUnavailable, match="is no URL of a node") as caught:
            await Rpc(url, http_, Time().pace()).slot()
    assert KEY not in str(caught.value)


async def test_a_node_that_asks_for_a_pause_gets_it() -> None:
    """Nobody calls before the seconds of `Retry-After` have passed, not those who were not refused either."""
    async with node(http(429, retry_after="17"), times=1) as calls:
        found = await asyncio.gather(*(calls.rpc.slot() for _ in range(40)))
    assert found == [7] * 40
    first, *rest = calls.moments
    waited = [moment for moment in rest if moment > first]
    assert len(waited) >= 20, "all but those that were under way already"
    assert all(moment >= first + 17 for moment in waited)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("12", 12),
        ("1.5", 1.5),
        ("-3", 0),
        ("1e9", LONGEST_PAUSE),
        ("inf", LONGEST_PAUSE),
        ("nan", None),
        ("soon", None),
        ("", None),
        (formatdate(1_000_020, usegmt=True), 20),
        (formatdate(999_000, usegmt=True), 0),
        (formatdate(9_000_000, usegmt=True), LONGEST_PAUSE),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    """Never less than nothing, never more than a minute, and nothing where it cannot be read."""
    assert asked_pause(header, 1_000_000.0) == seconds


@given(attempt=st.integers(1, 1_000))
@settings(deadline=None)
def test_pauses_grow_and_end(attempt: int) -> None:
    """Twice as long each time, with jitter, up to a quarter of a minute."""
    assert 0.2 <= backoff(attempt) <= min(0.2 * 2**attempt, 15)


def test_calls_at_once_are_halved_and_grow_again() -> None:
    """Half after a refusal, once for all that were under way; one more for each round of answers; never none."""
    time = Time()
    pace = time.pace(16)
    began = time.now
    time.now += 1
    for _ in range(16):
        pace.refused(began, 0)
    assert pace.limit == 8
    answers = 0
    while pace.limit < 16:
        pace.answered()
        answers += 1
    assert 8 * 8 < answers < 8 * 17
    for _ in range(20):
        time.now += 1
        pace.refused(time.now, 0)
    assert pace.limit == 1


async def test_no_more_calls_at_once_than_the_limit() -> None:
    """Whatever is refused and cancelled meanwhile; and all have their turn."""
    time, random = Time(), Random(7)  # noqa: S311 - repeated by its seed
    pace = time.pace(5)
    running = done = 0

    async def call(is_cancelled: bool) -> None:
        nonlocal running, done
        async with pace.turn() as began:
            running += 1
            assert running <= 5
            try:
                for _ in range(random.randrange(4)):
                    await asyncio.sleep(0)
                if is_cancelled:
                    raise asyncio.CancelledError
                if random.random() < 0.3:
                    pace.refused(began, random.random())
                else:
                    pace.answered()
            finally:
                running -= 1
        done += 1

    results = await asyncio.gather(*(call(random.random() < 0.2) for _ in range(200)), return_exceptions=True)
    assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
    assert done > 100
    assert running == 0


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (URL, "https://node.example:8899"),
        ("http://127.0.0.1:8899", "http://127.0.0.1:8899"),
        (f"https://node.example?u=http://{KEY}", "https://node.example"),
        (f"node.example/{KEY}", "node.example"),
        ("nonsense", "nonsense"),
        ("", ""),
    ],
)
def test_urls_are_shown_without_secrets(url: str, expected: str) -> None:
    """Scheme, host and port, whatever the URL looks like."""
    assert shown(url) == expected


async def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is larger than any block, and one that comes a byte at a time."""
    monkeypatch.setattr(rpc, "ATTEMPTS", 2)
    async with node(never_ends) as calls:
        with monkeypatch.context() as smaller:
            smaller.setattr(rpc, "ANSWER_BYTES", 100)
            with pytest.raises(NodeUnavailable, match="more than 100 bytes"):
                await calls.rpc.slot()
        monkeypatch.setattr(rpc, "CALL_SECONDS", 0.05)
        with pytest.raises(NodeUnavailable, match="no whole answer"):
            await calls.rpc.slot()
