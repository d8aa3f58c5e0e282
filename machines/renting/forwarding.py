"""A job's service on this machine: requests of any tool are signed and passed on, answers come back as they come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client.endpoints import join_endpoint
from client.errors import IonetError
from machines.renting.bounds import Bounds
from machines.renting.chain import OnChain, connected
from machines.renting.interrupts import Interrupts
from machines.renting.machine import Machine, machine_at
from machines.renting.service import ANSWER_SECONDS, MAX_BODY, passes
from machines.renting.telling import Teller
from machines.wire.errors import NodeRefused, TooMuch

_LOOK_SECONDS: Final = 5.0
"""At least, between two looks at the chain for where the job is now."""
_CLOSE_SECONDS: Final = 2.0


@dataclass
class Way:
    """The way to the node that has the job now."""

    chain: OnChain
    _machine: Machine | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _looked_at: float = 0.0
    _is_doubted: bool = False
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def machine(self) -> Machine:
        """Where to ask. Raises an `IonetError` where nobody has the job."""
        async with self._one:
            if self._machine is None or self._is_doubted:
                await self._look()
            assert self._machine is not None
            return self._machine

    async def _look(self) -> None:
        """A connection to where the job is now, unless this is the one."""
        place = await self.chain.place()
        self._looked_at, self._is_doubted = time.monotonic(), False
        if self._machine is None or not self._machine.is_at(place, await self.chain.agent(place.node)):
            self._machine = await self._stack.enter_async_context(machine_at(self.chain, place))

    def doubt(self, failed: Machine) -> None:
        """Something was wrong there: the next request looks at the chain for where the job is, if that is not new."""
        if failed is self._machine and time.monotonic() - self._looked_at > _LOOK_SECONDS:
            self._is_doubted = True

    async def close(self) -> None:
        """Ends what is connected."""
        await self._stack.aclose()


async def serve(
    url: str, key: Keypair, job: Pubkey, host: str, port: int, told: Callable[[str], None], bounds: Bounds | None = None
) -> None:
    """Serves until a signal arrives. `told`: gets the URL once it can be asked."""
    with Interrupts() as interrupts, Teller() as tell:
        async with connected(url) as client:
            chain = OnChain(client, key, job, bounds or Bounds(node=0, chain=10), tell)
            way = Way(chain)
            await chain.require_own()
            await way.machine()
            application = web.Application(client_max_size=MAX_BODY)
            application.router.add_route("*", "/{path:.*}", lambda request: _forward(request, way))
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=_CLOSE_SECONDS)
            await runner.setup()
            try:
                site = web.TCPSite(runner, host, port)
                try:
                    await site.start()
                except OSError as failed:
                    raise IonetError(
                        f"cannot listen on {host}:{port}: {failed.strerror or failed}: say another with --listen"
                    ) from None
                bound = runner.addresses[0][1]
                told(f"http://{join_endpoint(host, bound)}")
                await interrupts.wait()
            finally:
                await runner.cleanup()
                await way.close()


async def _forward(request: web.Request, way: Way) -> web.StreamResponse:
    if not _is_from_here(request):
        return _refused(403, "this page of a browser belongs to another site, and may not use the service")
    if request.headers.get("upgrade"):
        return _refused(501, "WebSockets and other protocols are not passed on")
    body = await request.read()  # answers 413 past the bound
    headers = {name: value for name, value in request.headers.items() if passes(name)}
    answered: web.StreamResponse | None = None
    machine: Machine | None = None
    try:
        machine = await way.machine()
        async with machine.call(request.method, request.raw_path, headers, body, ANSWER_SECONDS) as answer:
            answered = web.StreamResponse(status=answer.status)
            for name, value in answer.headers:
                answered.headers.add(name, value)
            if answer.length is not None and request.method != "HEAD":
                answered.content_length = answer.length
            await answered.prepare(request)
            async for piece in answer.pieces():
                await answered.write(piece)
            await answered.write_eof()
            return answered
    except (IonetError, ValueError) as failed:
        if machine is not None and not isinstance(failed, TooMuch):
            way.doubt(machine)
        if answered is not None and answered.prepared:
            # The answer is cut: only a connection that breaks says so.
            if request.transport is not None:
                request.transport.abort()
            return answered
        return _refused(failed.status if isinstance(failed, NodeRefused) else 502, str(failed))


def _is_from_here(request: web.Request) -> bool:
    """Refuses pages of other sites, which a browser lets ask this machine, also under a name that leads here."""
    host = urlsplit(f"//{request.host}").hostname or ""
    is_named = host in ("localhost", "") or host.replace(".", "").isdecimal() or ":" in host
    origin = request.headers.get("origin")
    return is_named and origin in (None, f"http://{request.host}")


def _refused(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status)
