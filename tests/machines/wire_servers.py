"""An agent's server and a caller on 127.0.0.1, over real TLS; and nodes that do what they should not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from starlette.routing import Route

from machines.wire.calls import Remote
from machines.wire.certificates import Certificate, ensure
from machines.wire.connecting import Timeouts
from machines.wire.listening import Crowd
from machines.wire.server import Identity, application, serve
from machines.wire.signing import Fields, Message, claimed_nonce, sign_answer, sign_request

HASTY = Timeouts(connect=2.0, answer=2.0, idle=0.5)
"""A caller who does not wait long."""


@dataclass(frozen=True)
class World:
    """A node's agent that answers, and somebody who asks it."""

    certificate: Certificate
    port: int
    agent: Keypair
    node: Pubkey
    caller: Keypair

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"https://{self.endpoint}{path}"

    def remote(self, timeouts: Timeouts | None = None, **changed: Any) -> Remote:
        """The node as the caller sees it; `changed`: what the chain says otherwise."""
        known: dict[str, Any] = {
            "endpoint": self.endpoint,
            "fingerprint": self.certificate.fingerprint,
            "node": self.node,
            "agent_key": self.agent.pubkey(),
            "key": self.caller,
        }
        return Remote(**(known | changed), timeouts=timeouts)

    def headers(self, method: str, path: str, body: bytes | None = None, **changed: Any) -> dict[str, str]:
        """The headers of a request that is signed as it should be; `changed`: what of it is not."""
        known: dict[str, Any] = {
            "headers": {"host": self.endpoint},
            "body": body,
            "key": self.caller,
            "node": self.node,
        }
        return sign_request(method, self.url(path), **(known | changed))

    async def send(
        self, method: str, path: str, headers: Mapping[str, str], body: Any = None
    ) -> tuple[int, dict[str, Any], Mapping[str, str]]:
        """Sends a request as it is given; status, JSON and headers of the answer."""
        pinned = aiohttp.TCPConnector(ssl=aiohttp.Fingerprint(self.certificate.fingerprint))
        async with (
            aiohttp.ClientSession(connector=pinned) as session,
            session.request(method, self.url(path), headers=headers, data=body) as answer,
        ):
            return answer.status, await answer.json(content_type=None), dict(answer.headers)

    async def open(self, address: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection after its handshake, from an address of this machine."""
        return await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=unverified(), server_hostname="", local_addr=(address, 0)
        )


def unverified() -> ssl.SSLContext:
    """Takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@asynccontextmanager
async def serving(
    folder: Path, routes: list[Route], *, crowd: Crowd | None = None, identity: Identity | None = None
) -> AsyncIterator[World]:
    """An agent with these routes, until the end of the block."""
    identity = identity or Identity(Keypair(), Pubkey.new_unique())
    certificate, stop = ensure(folder, "127.0.0.1"), asyncio.Event()
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(
        serve(
            application(routes, identity),
            "127.0.0.1",
            0,
            certificate,
            stop,
            on_listening=listening.set_result,
            crowd=crowd,
        )
    )
    try:
        async with asyncio.timeout(10):
            port = await listening
        yield World(certificate, port, identity.key, identity.node, Keypair())
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await running


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]
"""What a hostile node does with a connection. It is cancelled at the end of the test."""


@asynccontextmanager
async def hostile(folder: Path, script: Script, agent: Keypair | None = None) -> AsyncIterator[World]:
    """A node that has the right certificate, and does what a script says; `agent`: the key that it should sign with."""
    certificate = ensure(folder, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert_file, certificate.key_file)
    tasks: set[asyncio.Task[None]] = set()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError):
                await script(reader, writer)
            writer.close()
        except asyncio.CancelledError:
            writer.transport.abort()
        tasks.discard(task)

    server = await asyncio.start_server(play, "127.0.0.1", 0, ssl=context)
    try:
        port = server.sockets[0].getsockname()[1]
        yield World(certificate, port, agent or Keypair(), Pubkey.new_unique(), Keypair())
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Memory:
    """How much memory this process took at most since it was made."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # forgets the highest
        self._before = self._read("VmRSS")

    @property
    def grown(self) -> int:
        """Bytes."""
        return self._read("VmHWM") - self._before

    @staticmethod
    def _read(name: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024


async def asked(reader: asyncio.StreamReader) -> tuple[Message, str]:
    """The head of a request that a hostile node is sent, and its nonce."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _ = head[0].split(" ")
    fields = Fields((name, value) for name, _, value in (line.partition(": ") for line in head[1:] if line))
    nonce = claimed_nonce(fields)
    assert nonce is not None
    return Message(method, f"https://{fields.get('host')}{target}", fields), nonce


def answer(request: Message, nonce: str, key: Keypair, body: bytes = b"{}", status: int = 200, **headers: str) -> bytes:
    """An answer that is signed as it should be; `headers`: more of them."""
    made = sign_answer(status, body, request, nonce, key) | {"content-length": str(len(body))}
    made |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in made.items()]
    return "\r\n".join([f"HTTP/1.1 {status} So", *lines, "", ""]).encode() + body
