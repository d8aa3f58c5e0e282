"""A node as a job's renter speaks with it. What it answers is read as a stranger's: bounded, and of the right kind."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec
from solders.pubkey import Pubkey

from client.errors import IonetError
from client.state import Agent
from machines.jobs import spec
from machines.jobs.spec import File, Result, Spec, State
from machines.renting import service
from machines.renting.bounds import Bounds
from machines.renting.chain import OnChain, Place
from machines.renting.inputs import InputRefused, open_regular
from machines.renting.service import Answer
from machines.renting.terminal import harmless
from machines.wire.calls import Remote
from machines.wire.connecting import Timeouts
from machines.wire.errors import NodeRefused, NodeUnreachable, TooSlow

_K = TypeVar("_K")

_LIMIT: Final = spec.MAX_BYTES + (1 << 20)
"""Bytes of what a node says of a job: the result, and what is around it."""
_LOG_IDLE: Final = 60.0
"""Seconds without a byte of a log; then it is asked for anew, from where it was."""
_MAX_LEFT_OUT: Final = 100
_HEALTH_SECONDS: Final = 10.0
_PIECE: Final = 256 << 10


class Nonsense(IonetError):
    """A node answered with what no agent says."""


class Missing(msgspec.Struct):
    """Inputs that a node has not."""

    missing: list[str] = []


class Seen(msgspec.Struct):
    """How a job is at its node."""

    state: Literal["unknown", "new"] | State
    """`unknown`: the node has no spec of it; `new`: it was not started."""
    doing: str = ""
    left_out: list[str] = []
    """What was in /work/out and is no output, with the reason."""
    result: Result | None = None

    @property
    def harmless_left_out(self) -> list[str]:
        """The same, to be shown: not more than people read."""
        more = len(self.left_out) - _MAX_LEFT_OUT
        return [harmless(one) for one in self.left_out[:_MAX_LEFT_OUT]] + ([f"and {more} more"] if more > 0 else [])

    @property
    def is_preparing(self) -> bool:
        """Whether the command was not begun: an image is fetched."""
        return self.doing == "preparing" and self.result is None


@asynccontextmanager
async def machine_at(chain: OnChain, place: Place) -> AsyncIterator[Machine]:
    """The node that has a job, where the chain says that it is now."""
    agent = await chain.agent(place.node)
    if not agent.is_announced:
        raise NodeUnreachable(f"node {place.node} has not said where it is")
    timeouts = Timeouts(connect=min(10, chain.bounds.answer), answer=chain.bounds.answer)
    async with Remote(agent.endpoint, agent.certificate, place.node, agent.key, chain.key, timeouts) as remote:
        yield Machine(remote, chain.address, place, agent, chain.bounds)


class Machine:
    """One node, asked about one job."""

    def __init__(self, remote: Remote, job: Pubkey, place: Place, agent: Agent, bounds: Bounds) -> None:
        self.remote, self.place, self._agent, self._bounds = remote, place, agent, bounds
        self.node, self.endpoint = place.node, remote.endpoint
        self.path = f"/v1/jobs/{job}"

    @property
    def certificate(self) -> bytes:
        """SHA-256 of the one that the node shows."""
        return self._agent.certificate

    def is_at(self, place: Place, agent: Agent) -> bool:
        """Whether this is the node, where it is now and with its agent of now."""
        ways = [(one.endpoint, one.certificate, one.key) for one in (agent, self._agent)]
        return place.node == self.node and ways[0] == ways[1]

    async def look(self) -> Seen | None:
        """How the job is; None where the node does not know it."""
        try:
            seen = self._read(await self.remote.json("GET", self.path, limit=_LIMIT), Seen)
        except NodeRefused as refused:
            if refused.status == 404:
                return None
            raise
        return None if seen.state == "unknown" else seen

    async def deliver(self, wanted: Spec) -> list[str]:
        """Sends the spec; SHA-256 of the inputs that the node lacks."""
        content = spec.canonical(wanted)
        answer = await self.remote.json(
            "PUT", self.path, msgspec.Raw(content), timeout=self._bounds.time_for(len(content))
        )
        return self._read(answer, Missing).missing

    async def upload(self, file: File, source: str | None) -> None:
        """Sends an input from its file here. Raises `InputRefused` where that is not what it was."""
        if source is None:
            raise InputRefused(f"where the input {file.path} is on this machine is not known any more")
        sha256 = bytes.fromhex(file.sha256)
        path = f"{self.path}/inputs/{file.sha256}"
        try:
            pieces, most = _pieces(Path(source), file), self._bounds.time_for(file.size)
            await self.remote.upload("PUT", path, pieces, file.size, sha256, timeout=most)
        except ValueError:  # of another size
            raise _changed(file) from None
        except NodeRefused as refused:
            # The node hashes what comes: it is right if the file is not what it was.
            if refused.status == 400 and not _is_still(Path(source), file):
                raise _changed(file) from None
            raise

    async def start(self) -> None:
        """Begins the job; once, however often it is asked for."""
        await self.remote.json("POST", f"{self.path}/start")

    async def stop(self) -> None:
        """Ends the job's command; what it left becomes its result."""
        await self.remote.json("POST", f"{self.path}/stop")

    def call(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> AbstractAsyncContextManager[Answer]:
        """Asks the job's service; `path` is the service's own, with its query, encoded."""
        return service.call(self.remote, method, f"{self.path}/http{path}", headers, body, seconds)

    async def is_healthy(self, path: str) -> bool:
        """Whether the service answers 200 to 399."""
        try:
            async with self.call("GET", path, {}, b"", _HEALTH_SECONDS) as answer:
                return 200 <= answer.status < 400
        except (NodeRefused, TooSlow):
            return False

    async def log(self, start: int, limit: int, *, follow: bool = True) -> AsyncIterator[bytes]:
        """The log from a byte on, at most so many bytes. `follow`: waits for more while the job runs."""
        path = f"{self.path}/log?from={start}&follow={int(follow)}"
        stream = self.remote.stream(path, limit=max(limit, 0), idle_timeout=_LOG_IDLE)
        async with aclosing(stream) as pieces:
            async for piece in pieces:
                yield piece

    async def output(self, file: File) -> AsyncIterator[bytes]:
        """The bytes of an output, as the node sends them: who takes them checks them."""
        path = f"{self.path}/outputs/{file.sha256}"
        stream = self.remote.stream(path, limit=file.size, timeout=self._bounds.time_for(file.size))
        async with aclosing(stream) as pieces:
            async for piece in pieces:
                yield piece

    def _read(self, answer: Any, kind: type[_K]) -> _K:
        try:
            return msgspec.convert(answer, kind)
        except (msgspec.MsgspecError, ValueError, RecursionError) as wrong:
            raise Nonsense(f"node {self.node} answers what no agent says: {harmless(str(wrong))[:200]}") from None


async def _pieces(source: Path, file: File) -> AsyncIterator[bytes]:
    with open_regular(source) as handle:
        left = file.size
        while left and (piece := handle.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece
    if left:
        raise _changed(file)


def _is_still(source: Path, file: File) -> bool:
    try:
        with open_regular(source) as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest() == file.sha256
    except InputRefused:
        return False


def _changed(file: File) -> InputRefused:
    return InputRefused(f"the input {file.path} was changed since the job was opened: it cannot be delivered")
