"""The asking side: one node, called with signed requests over TLS pinned to the certificate that the chain names.

    async with Remote(endpoint, fingerprint, node, agent_key, key) as remote:
        value = await remote.json("POST", "/v1/challenge", {"plan": ...})
        value = await remote.upload("PUT", "/v1/jobs/J/inputs/H", source, size, sha256)
        async with aclosing(remote.stream("/v1/jobs/J/outputs/H", limit=size)) as pieces:
            async for piece in pieces: ...

The node is taken for hostile. Whatever it sends or does not send, a call ends within its time and with bounded memory,
in its value or in one of NodeUnreachable, NodeRefused, NotAuthentic, TooMuch and TooSlow. Nothing is sent before
the certificate is the right one, no redirect is followed, nothing is decompressed, nothing is asked twice.
"""

# ruff: noqa: ASYNC109 (a call's time is part of what is asked of a node that may be hostile)
from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from hashlib import sha256 as hash_of
from math import inf
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import msgspec
import yarl
from http_message_signatures import HTTPMessageSignaturesException
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client.endpoints import EndpointRefused, parse_endpoint
from client.errors import IonetError
from machines.wire.connecting import Timeouts, connector, failure
from machines.wire.errors import NodeRefused, NodeUnreachable, NotAuthentic, TooMuch, readable
from machines.wire.sending import Sending
from machines.wire.signing import NONCE, Message, new_nonce, sign_request, verify_answer

_MIB: Final = 1 << 20
_REFUSAL_LIMIT: Final = 64 << 10
"""Bytes of a refusal where something else was asked for."""
_ASKS_FIRST: Final = 64 << 10
"""A body longer than this waits until the node has looked at the headers (100 Continue)."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer, as they were signed: what can be shown to others (`signing.verify_answer`)."""

    request: Message
    nonce: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    value: Any
    """The body's JSON."""
    seconds: float
    """From before the request was sent to after the answer's last byte, without signing and verifying here; with
    connecting, where no connection was open."""


class Remote:
    """One node, as seen by a verifier or a renter."""

    def __init__(
        self,
        endpoint: str,
        fingerprint: bytes,
        node: Pubkey,
        agent_key: Pubkey,
        key: Keypair,
        timeouts: Timeouts | None = None,
    ) -> None:
        """A node by what the chain says of it.

        `endpoint`: host:port. `fingerprint`: SHA-256 of its certificate. `node`: its actor. `agent_key`: who signs its
        answers. `key`: who asks. Raises NodeUnreachable where the endpoint is none.
        """
        try:
            parse_endpoint(endpoint)
        except EndpointRefused:
            raise NodeUnreachable(
                f"node {node} cannot be reached at {readable(endpoint)!r}: it must announce host:port"
            ) from None
        if len(fingerprint) != 32:
            raise NodeUnreachable(f"node {node} cannot be reached: its certificate's SHA-256 has not 32 bytes")
        self.endpoint, self.node, self.agent_key = endpoint, node, agent_key
        self._fingerprint, self._key, self._timeouts = fingerprint, key, timeouts or Timeouts()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=connector(self._fingerprint),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._timeouts.connect),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
        # A connection that breaks may have brought the request: what its nonce signs is not sent a second time.
        self._session._retry_connection = False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def json(
        self, method: str, path: str, body: Any = None, *, limit: int = _MIB, timeout: float | None = None
    ) -> Any:
        """What the node answers; `path` with its query, encoded; `body` as msgspec encodes it, None: none.

        `limit`: bytes of the answer. `timeout`: seconds for all of it.
        """
        return (await self.exchange(method, path, body, limit=limit, timeout=timeout)).value

    async def exchange(
        self, method: str, path: str, body: Any = None, *, limit: int = _MIB, timeout: float | None = None
    ) -> Exchange:
        """As `json`, with everything that shows to others what was asked and answered."""
        content = None if body is None else msgspec.json.encode(body)
        request, nonce = self._sign(method, path, content)
        since = time.monotonic()
        async with self.within(timeout or self._timeouts.answer):
            answer = await self._ask(request, content)
            with closing(answer):
                return await self._read(request, nonce, answer, limit, since)

    async def upload(
        self,
        method: str,
        path: str,
        source: AsyncIterable[bytes] | bytes,
        size: int,
        sha256: bytes,
        *,
        limit: int = _MIB,
        timeout: float | None = None,
        idle_timeout: float | None = None,
    ) -> Any:
        """Sends a body of `size` bytes with this SHA-256 from a source; what the node answers.

        `timeout`: seconds for all of it (None: as long as it goes on); `idle_timeout`: for the node to take the next
        piece. Pieces of 256 KiB are best. An error of the source is raised as it is; ValueError if it has another size.
        """
        request, nonce = self._sign(method, path, None, sha256)
        sending = Sending(source, size, idle_timeout or self._timeouts.idle, self._timeouts.answer)
        try:
            async with self.within(timeout), sending.watched(self._timeouts.connect + self._timeouts.answer):
                answer = await self._ask(request, sending, size)
                with closing(answer):
                    return (await self._read(request, nonce, answer, limit)).value
        except IonetError:
            if sending.error is not None:
                raise sending.error from None
            raise

    async def stream(
        self,
        path: str,
        *,
        limit: int,
        timeout: float | None = None,
        idle_timeout: float | None = None,
        method: str = "GET",
        body: Any = None,
    ) -> AsyncGenerator[bytes, None]:
        """The bytes of an answer as they come, `limit` at most; close it (`aclosing`) where it is left early.

        They are as TLS protects them: their hash must come from JSON that is signed. `timeout`: seconds for all of it,
        the caller's work between pieces too (None: as long as it goes on); `idle_timeout`: for the next piece.
        """
        content = None if body is None else msgspec.json.encode(body)
        request, nonce = self._sign(method, path, content)
        now = asyncio.get_running_loop().time
        end = inf if timeout is None else now() + timeout
        # Each step has its own time, for between two of them it is the caller who works.
        async with self.within(min(self._timeouts.answer, end - now())):
            answer = await self._ask(request, content)
        with closing(answer):
            if answer.status != 200:
                async with self.within(min(self._timeouts.answer, end - now())):
                    await self._read(request, nonce, answer, _REFUSAL_LIMIT)
                raise NodeUnreachable(f"{self._name} answers {answer.status} where a stream was asked for")
            self._bound(answer, limit)
            received = 0
            while True:
                async with self.within(min(idle_timeout or self._timeouts.idle, end - now())):
                    piece = await answer.content.readany()
                if not piece:
                    return
                received += len(piece)
                if received > limit:
                    raise TooMuch(f"{self._name} sends over {limit:,} bytes")
                yield piece

    @asynccontextmanager
    async def passed(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """What somebody behind the node answers, unsigned, while it comes; `headers` are for them.

        `timeout`: seconds until it begins; read it `within` others. NodeRefused where the node itself refuses, signed.
        """
        digest = hash_of(body).digest() if body else None
        request, nonce = self._sign(method, path, None, digest)
        asked = Message(method, request.url, {**headers, **dict(request.headers.items())})
        async with self.within(timeout):
            answer = await self._ask(asked, body or None)
        with closing(answer):
            if answer.headers.get(NONCE) is not None:  # the node's own words
                async with self.within(timeout):
                    await self._read(request, nonce, answer, _REFUSAL_LIMIT)
                raise NodeUnreachable(f"{self._name} answers {answer.status} in the place of what is behind it")
            yield answer

    @property
    def _name(self) -> str:
        return f"node {self.node} at {self.endpoint}"

    def _sign(self, method: str, path: str, content: bytes | None, digest: bytes | None = None) -> tuple[Message, str]:
        """The request as it is sent, and its nonce. Raises ValueError where the path is not one, encoded."""
        if self._session is None:
            raise RuntimeError("a Remote is used within `async with`")
        if not path.startswith("/") or "#" in path:
            raise ValueError(f"{path!r} is no path with its query, encoded, that begins with /")
        url, nonce = f"https://{self.endpoint}{path}", new_nonce()
        headers = {"host": self.endpoint}
        if content is not None:
            headers["content-type"] = "application/json"
        try:
            signed = sign_request(method, url, headers, content, self._key, self.node, digest=digest, nonce=nonce)
        except HTTPMessageSignaturesException as refused:
            raise ValueError(f"{method} {path!r} cannot be asked: {refused}") from None
        return Message(method, url, signed), nonce

    async def _ask(
        self, request: Message, content: bytes | Sending | None, size: int | None = None
    ) -> aiohttp.ClientResponse:
        assert self._session is not None
        headers = dict(request.headers.items())
        if size is not None:
            headers["content-length"] = str(size)
        return await self._session.request(
            request.method,
            yarl.URL(request.url, encoded=True),
            data=content,
            headers=headers,
            allow_redirects=False,
            expect100=size is not None and size > _ASKS_FIRST,
        )

    def _bound(self, answer: aiohttp.ClientResponse, limit: int) -> None:
        if answer.content_length is not None and answer.content_length > limit:
            raise TooMuch(f"{self._name} announces {answer.content_length:,} bytes, and may send {limit:,}")

    async def _read(
        self, request: Message, nonce: str, answer: aiohttp.ClientResponse, limit: int, since: float = 0.0
    ) -> Exchange:
        """A signed answer in JSON."""
        self._bound(answer, limit)
        body = bytearray()
        while piece := await answer.content.readany():
            body += piece
            if len(body) > limit:
                raise TooMuch(f"{self._name} sends over {limit:,} bytes")
        seconds = time.monotonic() - since
        headers, content = tuple(answer.headers.items()), bytes(body)
        try:
            verify_answer(answer.status, headers, content, request, nonce, self.agent_key)
        except NotAuthentic as refused:
            raise NotAuthentic(f"{self._name} answers {answer.status}, and {readable(refused)}") from None
        try:
            value = msgspec.json.decode(content)
        except (ValueError, RecursionError):  # the latter: brackets without end
            raise NodeUnreachable(f"{self._name} answers what is no JSON: {_text(content[:60])}") from None
        if not 200 <= answer.status < 300:
            said = readable(value["error"] if isinstance(value, dict) and "error" in value else _text(content[:200]))
            message = f"{self._name} refuses: {said} ({answer.status})"
            raise NodeRefused(message, status=answer.status, sentence=said)
        return Exchange(request, nonce, answer.status, headers, content, value, seconds)

    @asynccontextmanager
    async def within(self, seconds: float | None) -> AsyncIterator[None]:
        """Makes what a node can cause in so many seconds one of our own errors; None: however long it takes."""
        try:
            async with asyncio.timeout(None if seconds == inf else seconds):
                yield
        except IonetError:
            raise
        except Exception as failed:
            raise failure(self._name, failed) from None


def _text(content: bytes) -> str:
    return readable(content.decode(errors="replace"))
