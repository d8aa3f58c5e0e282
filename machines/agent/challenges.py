"""What verifiers ask over HTTP. What is proved is the prover's; here requests are read and answers written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from machines.agent.asked import Asked
from machines.agent.prover import MAX_PAYLOAD, Prover, Session
from machines.wire.errors import Refusal
from machines.wire.server import Handler, chunks, read_json, signed

PIECE: Final = 256 << 10
"""Bytes of a stream that go at once."""
PAYLOAD_SECONDS: Final = 600.0


class Ping(msgspec.Struct, frozen=True):
    """A number to be given back."""

    nonce: str


class Clock(msgspec.Struct, frozen=True):
    """A chain of hashes."""

    seed: str
    iterations: int
    segments: int


class Compute(msgspec.Struct, frozen=True):
    """Products of matrices: a seed for each processor."""

    seeds: list[str]
    n: int
    steps: int


class Fill(msgspec.Struct, frozen=True):
    """Memory to be filled, MiB."""

    seed: str
    megabytes: int


class Read(msgspec.Struct, frozen=True):
    """Places of it to be read."""

    nonce: str
    steps: int


def routes(prover: Prover, asked: Asked) -> list[Route]:
    """All of `/v1/challenge`."""

    def session(request: Request) -> Session:
        return prover.session(request.path_params["session"], request.state.caller)

    async def begin(request: Request) -> Any:
        return {"session": prover.begin(request.state.caller).id}

    async def ping(request: Request) -> Any:
        session(request)
        return {"nonce": (await read_json(request, Ping)).nonce}

    async def receive(request: Request) -> Any:
        return {"sha256": (await prover.receive(session(request), chunks(request))).hex()}

    async def give_back(request: Request) -> Response:
        return _stream(bytes(session(request).payload))

    async def clock(request: Request) -> Any:
        asked_for = await read_json(request, Clock)
        found = await prover.clock(session(request), _seed(asked_for.seed), asked_for.iterations, asked_for.segments)
        return {"checkpoints": [one.hex() for one in found]}

    async def compute(request: Request) -> Any:
        wanted = await read_json(request, Compute)
        seeds = [_seed(one) for one in wanted.seeds]
        found = await prover.compute(session(request), seeds, wanted.n, wanted.steps)
        return {"commitments": [one.hex() for one in found]}

    async def product(request: Request) -> Response:
        place, products = int(request.path_params["processor"]), session(request).products
        if not 0 <= place < len(products):
            raise Refusal(404, f"there is no product {place}: there are {len(products)}")
        return _stream(products[place])

    async def fill(request: Request) -> Any:
        wanted = await read_json(request, Fill)
        await prover.fill(session(request), _seed(wanted.seed), wanted.megabytes)
        return {"filled": True}

    async def read(request: Request) -> Response:
        wanted = await read_json(request, Read)
        return _stream(await prover.read(session(request), _seed(wanted.nonce), wanted.steps))

    async def end(request: Request) -> Any:
        prover.end(session(request))
        return {}

    one = "/v1/challenge/{session}"

    def route(path: str, handler: Handler, method: str = "POST", **bounds: Any) -> Route:
        return Route(path, signed(handler, asked.verifier, **bounds), methods=[method])

    return [
        route("/v1/challenge", begin),
        route(f"{one}/ping", ping),
        route(f"{one}/payload", receive, "PUT", limit=MAX_PAYLOAD, seconds=PAYLOAD_SECONDS),
        route(f"{one}/payload", give_back, "GET"),
        route(f"{one}/clock", clock),
        route(f"{one}/compute", compute),
        route(f"{one}/product/{{processor:int}}", product, "GET"),
        route(f"{one}/memory", fill),
        route(f"{one}/memory/read", read),
        route(one, end, "DELETE"),
    ]


def _seed(text: str) -> bytes:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise Refusal(400, "a seed is 32 bytes in hex")
    return raw


def _stream(content: bytes | memoryview) -> Response:
    async def pieces() -> AsyncIterator[memoryview]:
        view = memoryview(content)
        for start in range(0, len(view), PIECE):
            yield view[start : start + PIECE]

    headers = {"content-length": str(len(content))}
    return StreamingResponse(pieces(), headers=headers, media_type="application/octet-stream")
