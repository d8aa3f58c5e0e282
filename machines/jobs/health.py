"""Whether a job's service answers, asked over its Unix socket."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

import aiohttp

from client.errors import IonetError
from machines.jobs import running
from machines.jobs.spec import Service
from machines.jobs.status import short_path

_ANSWER_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.2
_HEADER_BYTES: Final = 8_190


class NotReady(IonetError):
    """A service does not answer as it should."""


async def wait_ready(folder: Path, service: Service) -> None:
    """Waits until the job's service answers its health path with 200 to 399; what it answers is not read.

    Raises `NotReady` when `ready_seconds` are over, counted from this call, or the job is.
    """
    until, reason = time.monotonic() + service.ready_seconds, "it was not asked yet"
    while True:
        now = await asyncio.to_thread(running.state, folder)
        if now.is_over:
            raise NotReady(f"the job ended before its service was ready: {now.reason or 'its command is done'}")
        left = until - time.monotonic()
        if left <= 0:
            raise NotReady(f"the service was not ready within {service.ready_seconds} s: {reason}")
        try:
            status = await ask(running.socket(folder), service.health, min(_ANSWER_SECONDS, left))
        except NotReady as error:
            reason = str(error)
        else:
            if 200 <= status < 400:
                return
            reason = f"{service.health} answers {status}"
        await asyncio.sleep(_PAUSE_SECONDS)


async def ask(socket: Path, path: str, seconds: float) -> int:
    """The status with which a service answers GET. Raises `NotReady`."""
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        with short_path(socket) as short:
            connector = aiohttp.UnixConnector(path=short, force_close=True)
            async with (
                aiohttp.ClientSession(
                    connector=connector,
                    timeout=timeout,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    max_line_size=_HEADER_BYTES,
                    max_field_size=_HEADER_BYTES,
                ) as session,
                session.get(f"http://service{path}", allow_redirects=False) as answer,
            ):
                return answer.status
    except TimeoutError:
        raise NotReady(f"it does not answer within {seconds:.0f} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise NotReady(f"it does not answer: {type(error).__name__}") from None
