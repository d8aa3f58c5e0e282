"""What renters ask over HTTP: to take a job's spec and inputs, to run it, to show its log and outputs, to serve it."""

from __future__ import annotations

import asyncio
import hmac
import re
import shutil
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import aiohttp
import psutil
import yarl
from solders.pubkey import Pubkey
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from client.state import Job
from machines.agent.asked import Asked, job_of
from machines.agent.work import Work
from machines.jobs.spec import MAX_BYTES, Spec, parse_spec
from machines.jobs.status import short_path
from machines.wire.errors import Refusal
from machines.wire.server import Handler, authenticate, body, chunks, signed, unsigned

PIECE: Final = 256 << 10
"""Bytes of a stream that go at once."""
LOOK_SECONDS: Final = 0.2
"""Between two looks at a log that is followed."""
INPUT_SECONDS: Final = 6 * 3_600.0
SPARE_DISK: Final = 1 << 30
"""Bytes that jobs leave free."""
MAX_CALL: Final = 64 << 20
"""Bytes of a request to a service."""
CALL_SECONDS: Final = 600.0
_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
_OWN_HEADERS: Final = re.compile(
    r"(host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|proxy-.*|content-length|signature|"
    r"signature-input|content-digest|ionet-.*|authorization)"
)
"""Of a request, what is between the caller and the agent."""
_HOPS: Final = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "server", "date"}
"""Of an answer, what is between the service and the agent."""

OfJob = Callable[[Pubkey], Work]


def routes(work_of: OfJob, asked: Asked, *, gpus: bool) -> list[Route]:
    """All of `/v1/jobs`. `gpus`: whether the machine has some, which jobs may use."""

    def work(request: Request) -> Work:
        return work_of(job_of(request))

    async def take(request: Request) -> Any:
        job = await asked.mine(job_of(request))
        spec = parse_spec(await body(request))
        _require_fits(spec, job, work(request).folder.parent, has_gpus=gpus)
        return {"missing": await asyncio.to_thread(work(request).take, spec)}

    async def put(request: Request) -> Any:
        await asked.mine(job_of(request))
        await work(request).put(request.path_params["sha256"], chunks(request))
        return {}

    async def start(request: Request) -> Any:
        await asked.mine(job_of(request))
        await asyncio.to_thread(lambda: work(request).start(gpus=gpus))
        return await asyncio.to_thread(work(request).shown)

    async def show(request: Request) -> Any:
        return await asyncio.to_thread(work(request).shown)

    async def stop(request: Request) -> Any:
        await asyncio.to_thread(work(request).stop)
        return await asyncio.to_thread(work(request).shown)

    async def log(request: Request) -> Response:
        start = _number(request.query_params.get("from", "0"))
        follows = request.query_params.get("follow") == "1"
        return StreamingResponse(_log(work(request), start, follows), media_type="application/octet-stream")

    async def output(request: Request) -> Response:
        file = work(request).outputs.path(request.path_params["sha256"])
        if not await asyncio.to_thread(file.is_file):
            raise Refusal(404, "there is no such output")
        headers = {"content-length": str(file.stat().st_size)}
        return StreamingResponse(_file(file), headers=headers, media_type="application/octet-stream")

    async def call(request: Request) -> Response:
        address = job_of(request)
        await _may_call(request, await asyncio.to_thread(work(request).spec), asked)
        await asked.mine(address)
        return await _call(request, work(request).socket)

    one = "/v1/jobs/{job}"

    def route(path: str, handler: Handler, method: str = "POST", **bounds: Any) -> Route:
        return Route(path, signed(handler, asked.renter, **bounds), methods=[method])

    return [
        route(one, take, "PUT", limit=MAX_BYTES),
        route(one, show, "GET"),
        route(f"{one}/inputs/{{sha256}}", put, "PUT", limit=1 << 50, seconds=INPUT_SECONDS, idle=60.0),
        route(f"{one}/start", start),
        route(f"{one}/stop", stop),
        route(f"{one}/log", log, "GET"),
        route(f"{one}/outputs/{{sha256}}", output, "GET"),
        Route(
            f"{one}/http/{{path:path}}",
            unsigned(call, limit=MAX_CALL, seconds=CALL_SECONDS, idle=60.0),
            methods=_METHODS,
        ),
    ]


def _require_fits(spec: Spec, job: Job, folder: Path, *, has_gpus: bool) -> None:
    """Refuses what was not rented, or what this machine has not."""
    limits = spec.limits
    if not has_gpus and limits.cores > job.processors:
        raise Refusal(400, f"the job rents {job.processors} processors, and asks for {limits.cores} cores")
    total = psutil.virtual_memory().total >> 20
    if limits.memory_mb > total:
        raise Refusal(400, f"the job asks for {limits.memory_mb:,} MiB of memory: this machine has {total:,}")
    wanted = sum({file.sha256: file.size for file in spec.inputs}.values()) + (limits.files_mb << 20)
    free = shutil.disk_usage(folder).free - SPARE_DISK
    if wanted > free:
        raise Refusal(400, f"inputs and files take up to {wanted >> 20:,} MiB: {max(free, 0) >> 20:,} are free here")


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 15:
        raise Refusal(400, f"{text[:20]!r} is no number of bytes")
    return int(text)


async def _log(work: Work, start: int, follows: bool) -> AsyncIterator[bytes]:
    """A log from a byte on; to the job's end where it is followed."""
    at = start
    while True:
        is_over = await asyncio.to_thread(
            lambda: work.status().is_over
        )  # before the last look, so that nothing is missed
        while piece := await asyncio.to_thread(_read, work.log, at):
            at += len(piece)
            yield piece
        if is_over or not follows:
            return
        await asyncio.sleep(LOOK_SECONDS)


def _read(file: Path, at: int) -> bytes:
    try:
        with file.open("rb") as opened:
            opened.seek(at)
            return opened.read(PIECE)
    except FileNotFoundError:
        return b""


async def _file(path: Path) -> AsyncIterator[bytes]:
    opened = await asyncio.to_thread(path.open, "rb")
    try:
        while piece := await asyncio.to_thread(opened.read, PIECE):
            yield piece
    finally:
        opened.close()


async def _may_call(request: Request, spec: Spec | None, asked: Asked) -> None:
    """Who has the service's token, or is the job's renter."""
    if spec is None or spec.service is None:
        raise Refusal(404, "the job is no service")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        given = sha256(token.strip().encode()).hexdigest()
        if spec.token_sha256 is None or not hmac.compare_digest(given, spec.token_sha256):
            raise Refusal(401, "that is not the service's token")
        return
    await authenticate(request)
    await asked.renter(request)


async def _call(request: Request, socket: Path) -> Response:
    """Passes a request on to the job's service, and its answer back, as they come."""
    path = request.scope["raw_path"].split(b"/http/", 1)[1].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    headers = [(name, value) for name, value in request.headers.items() if not _OWN_HEADERS.fullmatch(name)]
    content = b"".join([piece async for piece in chunks(request)])
    with short_path(socket) as short:
        session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(path=short),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=CALL_SECONDS, sock_connect=5),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        try:
            answer = await session.request(
                request.method,
                yarl.URL(f"http://service/{path}{'?' if query else ''}{query}", encoded=True),
                headers=headers,
                data=content or None,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, OSError, TimeoutError) as failed:
            await session.close()
            raise Refusal(502, f"the service does not answer ({type(failed).__name__}): its log may say why") from None

    async def pieces() -> AsyncIterator[bytes]:
        try:
            async for piece in answer.content.iter_any():
                yield piece
        except (aiohttp.ClientError, OSError, TimeoutError):
            return  # it broke off, and so does this
        finally:
            answer.close()
            await session.close()

    made = StreamingResponse(pieces(), status_code=answer.status)
    made.raw_headers = [
        (name.lower(), value) for name, value in answer.raw_headers if name.lower().decode("latin-1") not in _HOPS
    ]
    return made
