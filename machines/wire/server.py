"""What answers signed requests: handlers behind a signature, bounded bodies, signed answers in JSON.

    app = application([Route("/v1/node", signed(describe, anyone))], Identity(agent_key, node))
    await serve(app, "0.0.0.0", 7711, certificate, stop)

    signed(handler, who)        the caller is checked, then `who`, before a byte of the body is read
    unsigned(handler)           for requests that show in another way who asks; may call `authenticate`
    body, read_json, chunks     the request's body, bounded (413), in time (408) and as it was signed (400)

A handler takes a Starlette request, of which `request.state.caller` is the signer's address (Pubkey), and returns
what is to be sent as JSON (what msgspec encodes), or a Response, such as a StreamingResponse, that goes as it is,
unsigned. It refuses by raising Refusal(status, sentence), or any other IonetError, which is 400: the asker gets
{"error": sentence}, signed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, TypeVar

import msgspec
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute
from starlette.types import Lifespan, Receive, Scope, Send

from client.errors import IonetError
from client.logs import logger
from machines.wire.errors import ForAnotherNode, NotAuthentic, Refusal, readable
from machines.wire.listening import serve
from machines.wire.seen import Seen
from machines.wire.signing import Caller, Fields, Message, claimed_nonce, sign_answer, verify_request

__all__ = [
    "Identity",
    "Refusal",
    "anyone",
    "application",
    "authenticate",
    "body",
    "chunks",
    "read_json",
    "serve",
    "signed",
    "unsigned",
]

Handler = Callable[[Request], Awaitable[Any]]
Who = Callable[[Request], Awaitable[None]]
"""Raises Refusal (403) unless `request.state.caller` may ask this."""

_T = TypeVar("_T")
_MIB: Final = 1 << 20
_log = logger("wire")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answers."""

    key: Keypair = field(repr=False)
    """The agent's, which the chain names."""
    node: Pubkey
    """The node's actor: requests to another are refused (421)."""
    seen: Seen = field(default_factory=Seen)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a body may be."""

    limit: int
    """Bytes."""
    seconds: float
    """For all of it,"""
    idle: float
    """and to the next piece of it."""


def application(
    routes: Sequence[BaseRoute], identity: Identity, lifespan: Lifespan[Starlette] | None = None
) -> Starlette:
    """Routes of `signed` and `unsigned` handlers; whatever else is asked is refused in JSON, too."""
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refused_by_router}, lifespan=lifespan)
    app.router.redirect_slashes = False  # a redirect is not what was signed
    app.state.identity = identity
    return app


async def anyone(request: Request) -> None:
    """For handlers that answer whoever signs."""


def signed(
    handler: Handler, who: Who, *, limit: int = _MIB, seconds: float = 30.0, idle: float = 10.0
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that answers signed requests of those whom `who` lets pass.

    The request's body may have `limit` bytes, take `seconds` in all and `idle` from one piece of it to the next.
    """

    async def checked(request: Request) -> Any:
        await authenticate(request)
        await who(request)
        return await handler(request)

    return unsigned(checked, limit=limit, seconds=seconds, idle=idle)


def unsigned(
    handler: Handler, *, limit: int = _MIB, seconds: float = 30.0, idle: float = 10.0
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that answers any request; bounds as those of `signed`."""
    reading = _Reading(limit, seconds, idle)

    async def endpoint(request: Request) -> Response:
        request.state.reading = reading
        try:
            value = await handler(request)
            if isinstance(value, StreamingResponse):
                return _Stream(value)
            return value if isinstance(value, Response) else _answer(request, 200, value)
        except Refusal as refused:
            return _refusal(request, refused.status, str(refused))
        except ForAnotherNode as refused:
            return _refusal(request, 421, str(refused))
        except NotAuthentic as refused:
            return _refusal(request, 401, str(refused))
        except IonetError as refused:
            return _refusal(request, 400, str(refused))
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except Exception:
            _log.exception("request.failed", method=request.method, path=readable(request.url.path))
            return _refusal(request, 500, "the node failed to do this: its log says why")

    return endpoint


class _Stream(Response):
    """A stream whose source ends with its answer, also where its caller is gone: else the collector would end it."""

    def __init__(self, made: StreamingResponse) -> None:
        self._made = made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._made(scope, receive, send)
        except Exception:
            _log.exception("stream.failed", path=readable(scope["path"]))
            raise  # the connection is cut: its caller sees that something is missing
        finally:
            close = getattr(self._made.body_iterator, "aclose", None)
            if close is not None:
                await close()


async def authenticate(request: Request) -> Caller:
    """Who signed a request; sets `request.state.caller`. Raises NotAuthentic, which is answered with 401 or 421."""
    identity: Identity = request.app.state.identity
    caller = verify_request(_message(request), identity.node, identity.seen)
    request.state.caller = caller.address
    request.state.signed_by = caller
    return caller


async def chunks(request: Request) -> AsyncGenerator[bytes, None]:
    """The body as it comes, in pieces of up to some 300 KiB. What was read counts only once this has ended.

    Raises Refusal: 413 past the limit, 408 when it is slow, and at the end 400 when it is not the body that was signed.
    """
    reading: _Reading = request.state.reading
    caller: Caller | None = getattr(request.state, "signed_by", None)
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > reading.limit:
        raise _too_long(reading)
    loop = asyncio.get_running_loop()
    deadline, length, hashed = loop.time() + reading.seconds, 0, sha256()
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout_at(min(deadline, loop.time() + reading.idle)):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise Refusal(408, f"the body is too slow: after {length:,} bytes the rest did not come in time") from None
        if chunk is None:
            break
        length += len(chunk)
        if length > reading.limit:
            raise _too_long(reading)
        if chunk:
            hashed.update(chunk)
            yield chunk
    # A request without content-digest is signed as one without a body.
    if caller is not None and hashed.digest() != (caller.digest or sha256().digest()):
        raise Refusal(400, "the body is not the one that was signed: its SHA-256 is another")


async def body(request: Request) -> bytes:
    """The whole body; raises as `chunks` does."""
    return b"".join([chunk async for chunk in chunks(request)])


async def read_json(request: Request, kind: type[_T]) -> _T:
    """The body as JSON of a kind: a msgspec.Struct, a dict. Raises Refusal (400) where it is not."""
    raw = await body(request)
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, RecursionError, ValueError) as refused:
        raise Refusal(400, f"the body is not the JSON that is asked for: {readable(refused)}") from None


def _too_long(reading: _Reading) -> Refusal:
    return Refusal(413, f"the body is too long: it may have {reading.limit:,} bytes")


def _message(request: Request) -> Message:
    """A request as its caller signed it: path and query as they came, undecoded."""
    fields = Fields((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"])
    target = request.scope["raw_path"].decode("latin-1")
    if query := request.scope["query_string"].decode("latin-1"):
        target = f"{target}?{query}"
    return Message(request.method, f"https://{fields.get('host') or ''}{target}", fields)


def _answer(request: Request, status: int, value: Any) -> Response:
    """A value as JSON, signed where the request gives a nonce and a signature to answer to."""
    identity: Identity = request.app.state.identity
    content, headers, message = msgspec.json.encode(value), {}, _message(request)
    assert isinstance(message.headers, Fields)
    nonce = claimed_nonce(message.headers)
    if nonce is not None:
        with suppress(Exception):  # a request that cannot be signed about was refused, and reads the refusal unsigned
            headers = sign_answer(status, content, message, nonce, identity.key)
    return Response(content, status, headers, "application/json")


def _refusal(request: Request, status: int, sentence: str) -> Response:
    return _answer(request, status, {"error": sentence})


async def _refused_by_router(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, HTTPException)
    path = readable(request.url.path)
    sentences = {404: f"there is nothing at {path}", 405: f"{path} cannot be asked with {readable(request.method)}"}
    return _refusal(request, refused.status_code, sentences.get(refused.status_code, str(refused.detail)))
