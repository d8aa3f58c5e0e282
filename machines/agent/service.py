"""The agent while it runs: it serves, says where, and looks after its jobs."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from typing import Any, Final

from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from starlette.requests import Request
from starlette.routing import Route

from client import reads
from client.endpoints import join_endpoint, parse_endpoint
from client.errors import IonetError
from client.logs import logger
from client.rpc import FAILURES, reason
from client.sending import DEFAULT, SendOptions
from machines.agent import challenges, enrol, rented
from machines.agent.asked import Asked
from machines.agent.duty import Duty
from machines.agent.enrol import Registration
from machines.agent.hardware import Hardware, detect
from machines.agent.home import Home
from machines.agent.prover import Prover
from machines.jobs import sandbox
from machines.wire import certificates
from machines.wire.certificates import Certificate
from machines.wire.server import Identity, anyone, application, serve, signed

LOOK_SECONDS: Final = 1.0
"""Between two looks at the chain for jobs."""
RENEW_SECONDS: Final = 6 * 3_600.0
"""Between two looks whether certificate and announcement are to be renewed."""
_EVERYWHERE: Final = ("0.0.0.0", "::", "")  # noqa: S104 - to recognise it

log = logger("agent")


@dataclass
class Service:
    """One agent."""

    client: AsyncClient
    home: Home
    listen: str
    """host:port"""
    public: str | None
    """As others reach it, host:port; port 0 stands for the one that is served."""
    granted_seconds: float
    keep_seconds: float
    options: SendOptions = DEFAULT

    async def run(self, node: Pubkey | None, registration: Registration | None) -> None:
        """Serves until SIGTERM or SIGINT."""
        stop, host, port = asyncio.Event(), *parse_endpoint(self.listen, listens=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        public = parse_endpoint(self.public or self.listen, listens=True)
        if public[0] in _EVERYWHERE:
            raise IonetError("say with --public HOST:PORT where others reach this machine, or listen on one address")
        sandbox.require()
        key, hardware = self.home.key(), await asyncio.to_thread(detect)
        target = await enrol.node_of(self.client, self.home, hardware, node, registration, self.options)
        owner = registration.owner if registration else None
        await enrol.require_named(self.client, target, key, owner, self.options)
        actor = await reads.actor(self.client, target)
        prover = Prover(self.granted_seconds)
        duty = Duty(self.client, key, target, self.home, self.keep_seconds, self.options)
        asked = Asked(self.client, target, actor.authority)
        routes = [
            Route("/v1/node", signed(_describe(target, key, hardware), anyone), methods=["GET"]),
            *challenges.routes(prover, asked),
            *rented.routes(duty.work, asked, gpus=bool(hardware.gpus)),
        ]
        app = application(routes, Identity(key, target))
        looking = asyncio.create_task(self._look(duty))
        try:
            while not stop.is_set():
                certificate = certificates.ensure(self.home.tls, public[0])
                port = await self._serve(app, (host, port), public, certificate, stop, target, key, hardware)
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        log.info("stopped", node=str(target))

    async def _serve(
        self,
        app: Any,
        address: tuple[str, int],
        public: tuple[str, int],
        certificate: Certificate,
        stop: asyncio.Event,
        node: Pubkey,
        key: Keypair,
        hardware: Hardware,
    ) -> int:
        """Serves with one certificate, until it has to be renewed or everything ends; the port."""
        turn, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(
            serve(app, *address, certificate, turn, on_listening=lambda port: listening.set_result(port))
        )
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({serving, listening}, return_when=asyncio.FIRST_COMPLETED)
            if not listening.done():
                await serving  # which says why
            port: int = listening.result()
            public_host, public_port = public
            endpoint = join_endpoint(public_host, public_port or port)
            fingerprint = certificate.fingerprint
            await self._announce(node, key, endpoint, fingerprint, hardware)
            log.info("serving", node=str(node), endpoint=endpoint, certificate=fingerprint.hex())
            while not stop.is_set():
                await asyncio.wait({serving, stopping}, timeout=RENEW_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if serving.done() or stop.is_set():
                    break
                if certificates.ensure(self.home.tls, public_host).fingerprint != fingerprint:
                    log.info("certificate renewed")
                    break
                await self._announce(node, key, endpoint, fingerprint, hardware, is_first=False)
            return port
        finally:
            stopping.cancel()
            turn.set()
            await serving

    async def _announce(
        self, node: Pubkey, key: Keypair, endpoint: str, fingerprint: bytes, hardware: Hardware, is_first: bool = True
    ) -> None:
        try:
            was_said = await enrol.announce(
                self.client,
                node,
                key,
                endpoint=endpoint,
                fingerprint=fingerprint,
                hardware=hardware,
                options=self.options,
            )
        except FAILURES as failed:
            if is_first:
                raise
            log.warning("not announced", reason=reason(failed))
        else:
            if was_said:
                log.info("announced", endpoint=endpoint)

    async def _look(self, duty: Duty) -> None:
        while True:
            try:
                await duty.look()
            except (*FAILURES, OSError) as failed:
                log.warning("look failed", reason=reason(failed))
            except Exception:
                log.exception("look failed")
            await asyncio.sleep(LOOK_SECONDS)


def _describe(node: Pubkey, key: Keypair, hardware: Hardware) -> Any:
    async def describe(request: Request) -> Any:
        return {"node": str(node), "agent": str(key.pubkey()), "hardware": hardware}

    return describe
