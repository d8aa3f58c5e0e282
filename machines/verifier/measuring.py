"""Challenges nodes and measures them: by the verifier's own clock, never by what a node says.

Nodes of a group hold their memory, and compute, at the same time: what one machine shares among several nodes is asked of
all of them at once. Bandwidth is measured one after the other, for the verifier's own link is shared, too.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from solders.keypair import Keypair
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from client.errors import IonetError
from client.logs import logger
from machines.proofs import clock, compute, memory, payload, seeds
from machines.verifier.plan import MEGABYTE, Limits, Target
from machines.verifier.results import Outcome, Reading
from machines.wire.calls import NodeRefused, NodeUnreachable, Remote

PINGS: Final = 8
TRIES: Final = 3
"""To reach a node, a second apart."""
CLOCK_SEGMENTS: Final = 64
CLOCK_SAMPLES: Final = 4
MEMORY_SAMPLES: Final = 16
FREIVALDS_ROUNDS: Final = 16

log = logger("verifier")


class Unproved(IonetError):
    """A node's answer that proves nothing."""


@dataclass
class Subject:
    """A node while it is challenged."""

    target: Target
    seed: bytes
    """The node's own, 32 bytes."""
    remote: Remote
    session: str = ""
    rtt: float = 0.0
    """Seconds; the least of the pings."""
    failure: str | None = None
    seconds: float = 0.0
    """Of the node's time."""
    trials: dict[str, list[float]] = field(default_factory=dict)

    def stage(self, name: str, trial: int = 0, processor: int = 0) -> bytes:
        """A seed of one stage."""
        return seeds.stage_seed(self.seed, name, trial, processor)

    def note(self, quantity: str, value: float) -> None:
        """One more trial."""
        self.trials.setdefault(quantity, []).append(value)

    def outcome(self) -> Outcome:
        """What came of it."""
        readings = {name: Reading.of(values) for name, values in self.trials.items()}
        return Outcome(self.target.node, readings, self.failure, self.seconds)


async def measure(
    key: Keypair,
    seed: bytes,
    groups: Sequence[Sequence[Target]],
    limits: Limits,
    told: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Challenges the groups one after the other. `told` gets each outcome as soon as it is known."""
    outcomes: list[Outcome] = []
    for group in groups:
        async with AsyncExitStack() as stack:
            subjects = [await stack.enter_async_context(_subject(key, seed, target, limits)) for target in group]
            await _challenge(subjects, limits)
        for subject in subjects:
            outcomes.append(subject.outcome())
            told(outcomes[-1])
    return outcomes


@asynccontextmanager
async def _subject(key: Keypair, seed: bytes, target: Target, limits: Limits) -> AsyncIterator[Subject]:
    remote = Remote(target.endpoint, target.fingerprint, target.node, target.agent_key, key)
    async with remote:
        yield Subject(target, seeds.node_seed(seed, bytes(target.node)), remote)


async def _challenge(subjects: Sequence[Subject], limits: Limits) -> None:
    stages = Stages(limits)

    async def together(do: Callable[[Subject], Awaitable[None]]) -> None:
        await asyncio.gather(*(_step(one, do, limits) for one in subjects))

    async def in_turn(do: Callable[[Subject], Awaitable[None]]) -> None:
        for one in subjects:
            await _step(one, do, limits)

    try:
        await in_turn(stages.begin)
        await in_turn(stages.bandwidth)
        await together(stages.fill)
        await in_turn(stages.read)
        for trial in range(limits.trials):
            await together(lambda one, n=trial: stages.compute(one, n))  # type: ignore[misc] # the default is the trial
            await in_turn(stages.products)
        for trial in range(limits.trials):
            await together(lambda one, n=trial: stages.clock(one, n))  # type: ignore[misc] # as above
    finally:
        await asyncio.gather(*(stages.end(one) for one in subjects), return_exceptions=True)


async def _step(one: Subject, do: Callable[[Subject], Awaitable[None]], limits: Limits) -> None:
    """One stage, unless an earlier one failed. Whatever a node does ends as a sentence."""
    if one.failure is not None:
        return
    began = time.perf_counter()
    try:
        async with asyncio.timeout(limits.stage_seconds):
            await do(one)
    except TimeoutError:
        one.failure = f"no answer within {limits.stage_seconds:.0f} s"
    except IonetError as failed:
        one.failure = str(failed)
    finally:
        one.seconds += time.perf_counter() - began
    if one.failure is None and one.seconds > limits.hour_seconds:
        one.failure = f"its challenge took more than the {limits.hour_seconds:.0f} s that an hour has for it"


class Stages:
    """What is asked of one node, stage by stage."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._commitments: dict[int, list[str]] = {}
        self._matrices: dict[int, tuple[bytes, list[bytes]]] = {}

    async def begin(self, one: Subject) -> None:
        """Reaches the node, and measures how far it is."""
        tries = AsyncRetrying(
            retry=retry_if_exception_type((NodeUnreachable, NodeRefused)),
            stop=stop_after_attempt(TRIES),
            wait=wait_fixed(1),
            reraise=True,
        )
        async for attempt in tries:
            with attempt:
                answer = await one.remote.json("POST", "/v1/challenge", {})
        one.session = _text(answer, "session")
        for _ in range(PINGS):
            nonce = secrets.token_hex(16)
            began = time.perf_counter()
            answer = await self._post(one, "ping", {"nonce": nonce})
            seconds = time.perf_counter() - began
            if _text(answer, "nonce") != nonce:
                raise Unproved("it answered a ping with another nonce")
            one.note("latency", seconds * 1e6)
        one.rtt = min(one.trials["latency"]) / 1e6

    async def bandwidth(self, one: Subject) -> None:
        """Random bytes there and back; the slower way counts."""
        size = self.limits.payload_mb * MEGABYTE
        for trial in range(self.limits.trials):
            content = await asyncio.to_thread(payload.content, one.stage("payload", trial), size)
            up = await self._upload(one, content)
            began, seen, received = time.perf_counter(), sha256(), 0
            async for chunk in one.remote.stream(f"{self._path(one)}/payload", limit=size):
                seen.update(chunk)
                received += len(chunk)
            down = time.perf_counter() - began
            if received != size or seen.digest() != sha256(content).digest():
                raise Unproved("it gave back other bytes than it was sent")
            one.note("bandwidth", 8 * size / 1e6 / max(max(up, down) - one.rtt, 1e-6))

    async def fill(self, one: Subject) -> None:
        """Its memory, filled with what nobody can foresee or compute again in time."""
        megabytes = self.limits.memory_mb * one.target.processors
        seed = one.stage("memory")
        answer = await self._post(one, "memory", {"seed": seed.hex(), "megabytes": megabytes})
        if not isinstance(answer, dict) or answer.get("filled") is not True:
            raise Unproved("it did not fill its memory")

    async def read(self, one: Subject) -> None:
        """Places of it, each known only from the one before."""
        limits, nonce = self.limits, secrets.token_bytes(32)
        body = {"nonce": nonce.hex(), "steps": limits.read_steps}
        began = time.perf_counter()
        transcript = bytearray()
        async for chunk in one.remote.stream(
            f"{self._path(one)}/memory/read", limit=memory.transcript_bytes(limits.read_steps), method="POST", body=body
        ):
            transcript += chunk
        seconds = time.perf_counter() - began
        allowed = memory.read_seconds(limits.read_steps, one.rtt)
        if seconds > allowed:
            raise Unproved(f"it read its memory in {seconds:.2f} s, where {allowed:.2f} s are enough for who has it")
        verdict = await asyncio.to_thread(
            memory.check,
            one.stage("memory"),
            limits.memory_mb * one.target.processors,
            nonce,
            limits.read_steps,
            bytes(transcript),
            secrets.token_bytes(32),
            MEMORY_SAMPLES,
        )
        if verdict is not None:
            raise Unproved(verdict)
        one.note("memory", float(limits.memory_mb))
