"""Challenges nodes and measures them: by the verifier's own clock, never by what a node says.

Nodes of a group hold their memory, and compute, at the same time: what one machine shares among several nodes is asked
of all of them at once. Bandwidth is measured one after the other, for the verifier's own link is shared, too.

Every time includes the way there and back, so a far node measures a little less; the longer a trial, the less that is.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Final

from solders.keypair import Keypair
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_fixed

from client.errors import IonetError
from machines.proofs import clock, compute, memory, payload, seeds
from machines.proofs.verdict import Verdict
from machines.verifier.plan import MEGABYTE, Limits, Target
from machines.verifier.results import Outcome, Reading
from machines.wire.calls import Exchange, Remote
from machines.wire.errors import NodeRefused, NodeUnreachable

PINGS: Final = 5
TRIES: Final = 3
"""To reach a node, a second apart."""
BUSY_SECONDS: Final = 60.0
"""For which a node may be in another verifier's challenge, or its chain away, before that counts against it."""
_PASSES: Final = {409, 503}
"""HTTP's numbers for it."""


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
    """Seconds; the least of the pings. Taken off no time that is measured: who delays its pings would gain by it."""
    failure: str | None = None
    seconds: float = 0.0
    """Of the node's time."""
    trials: dict[str, list[float]] = field(default_factory=dict)
    commitments: list[bytes] = field(default_factory=list)
    """SHA-256 of each product of the last trial,"""
    checkpoints: list[bytes] = field(default_factory=list)
    """and of its chain."""

    @property
    def path(self) -> str:
        """Of its challenge."""
        return f"/v1/challenge/{self.session}"

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
        for trial in range(limits.trials):
            await together(partial(stages.fill, trial=trial))
            await in_turn(partial(stages.read, trial=trial))
        for trial in range(limits.trials):
            await together(partial(stages.compute, trial=trial))
            await in_turn(partial(stages.products, trial=trial))
        for trial in range(limits.trials):
            await together(partial(stages.clock, trial=trial))
            await in_turn(partial(stages.checkpoints, trial=trial))
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

    async def begin(self, one: Subject) -> None:
        """Reaches the node, and measures how far it is."""
        tries = AsyncRetrying(
            retry=retry_if_exception(_may_pass), stop=_has_tried_enough, wait=wait_fixed(1), reraise=True
        )
        async for attempt in tries:
            with attempt:
                one.session = _text(await one.remote.json("POST", "/v1/challenge"), "session")
        for _ in range(PINGS):
            nonce = secrets.token_hex(16)
            answer = await self._ask(one, "ping", {"nonce": nonce})
            one.note("latency", answer.seconds * 1e6)
            if _text(answer.value, "nonce") != nonce:
                raise Unproved("it answered a ping with another nonce")
        one.rtt = min(one.trials["latency"]) / 1e6

    async def bandwidth(self, one: Subject) -> None:
        """Random bytes there and back; the slower way counts."""
        size = self.limits.payload_mb * MEGABYTE
        for trial in range(self.limits.trials):
            content = await asyncio.to_thread(payload.content, one.stage("payload", trial), size)
            up = await self._upload(one, content)
            began, seen, received = time.perf_counter(), sha256(), 0
            async for piece in one.remote.stream(f"{one.path}/payload", limit=size):
                seen.update(piece)
                received += len(piece)
            down = time.perf_counter() - began
            if received != size or seen.digest() != sha256(content).digest():
                raise Unproved("it gave back other bytes than it was sent")
            one.note("bandwidth", 8 * size / 1e6 / max(up, down))

    async def fill(self, one: Subject, trial: int) -> None:
        """Its memory, filled with what nobody can foresee, or make again in time."""
        if "memory" in one.trials:
            return
        megabytes = self.limits.memory_mb * one.target.processors
        answer = await self._ask(one, "memory", {"seed": one.stage("memory", trial).hex(), "megabytes": megabytes})
        if not isinstance(answer.value, dict) or answer.value.get("filled") is not True:
            raise Unproved("it did not fill its memory")

    async def read(self, one: Subject, trial: int) -> None:
        """Places of it, each known only from the one before.

        Too slow counts at the last trial alone, for a busy machine may be: each has a table of its own, since who kept
        nothing of the last one may have made it again by now.
        """
        if "memory" in one.trials:
            return
        steps, nonce = self.limits.read_steps, secrets.token_bytes(32)
        body = {"nonce": nonce.hex(), "steps": steps}
        size, transcript, first = memory.transcript_bytes(steps), bytearray(), 0.0
        began = time.perf_counter()
        async for piece in one.remote.stream(f"{one.path}/memory/read", limit=size, method="POST", body=body):
            transcript += piece
            if not first and len(transcript) >= memory.STATE:
                first = time.perf_counter() - began
        allowed = memory.read_seconds(steps, one.rtt)
        if first > allowed:
            if trial + 1 < self.limits.trials:
                return
            raise Unproved(f"it read its memory in {first:.2f} s: {allowed:.2f} s are enough for who has kept it")
        megabytes = self.limits.memory_mb * one.target.processors
        seed, fresh = one.stage("memory", trial), secrets.token_bytes(32)
        _require(await asyncio.to_thread(memory.check, seed, megabytes, nonce, steps, bytes(transcript), fresh))
        one.note("memory", float(self.limits.memory_mb))

    async def compute(self, one: Subject, trial: int) -> None:
        """A chain of products on each processor at the same time, of a matrix that was just sent."""
        n, steps = self.limits.matrix, self.limits.products
        content = await asyncio.to_thread(payload.content, one.stage("matrix", trial), 4 * n * n)
        await self._upload(one, content)
        seeds = [one.stage("compute", trial, processor) for processor in range(one.target.processors)]
        body = {"seeds": [seed.hex() for seed in seeds], "n": n, "steps": steps}
        answer = await self._ask(one, "compute", body)
        one.commitments = _hashes(answer.value, "commitments", len(seeds))
        one.note("compute", compute.gflops(n, steps, answer.seconds))

    async def products(self, one: Subject, trial: int) -> None:
        """What it committed to: fetched, and checked with randomness that it could not know."""
        n, steps = self.limits.matrix, self.limits.products
        content = await asyncio.to_thread(payload.content, one.stage("matrix", trial), 4 * n * n)
        for processor, commitment in enumerate(one.commitments):
            product = bytearray()
            async for piece in one.remote.stream(f"{one.path}/product/{processor}", limit=4 * n * n):
                product += piece
            seed, fresh = one.stage("compute", trial, processor), secrets.token_bytes(32)
            _require(await asyncio.to_thread(compute.check, bytes(product), commitment, content, seed, n, steps, fresh))

    async def clock(self, one: Subject, trial: int) -> None:
        """A chain of hashes, of which no step can begin before the one before it ended."""
        seed, iterations = one.stage("clock", trial), self.limits.clock_iterations
        body = {"seed": seed.hex(), "iterations": iterations, "segments": clock.SEGMENTS}
        answer = await self._ask(one, "clock", body)
        one.checkpoints = _hashes(answer.value, "checkpoints", clock.SEGMENTS)
        one.note("clock", clock.mhz(iterations, answer.seconds))

    async def checkpoints(self, one: Subject, trial: int) -> None:
        """Some segments of the chain, computed again."""
        seed, iterations = one.stage("clock", trial), self.limits.clock_iterations
        fresh = secrets.token_bytes(32)
        _require(await asyncio.to_thread(clock.check, seed, iterations, clock.SEGMENTS, one.checkpoints, fresh))

    async def end(self, one: Subject) -> None:
        """Gives the node its memory back; it would take it itself, too."""
        if one.session:
            with suppress(IonetError):
                await one.remote.json("DELETE", one.path)

    async def _ask(self, one: Subject, what: str, body: object) -> Exchange:
        return await one.remote.exchange("POST", f"{one.path}/{what}", body, timeout=self.limits.stage_seconds)

    async def _upload(self, one: Subject, content: bytes) -> float:
        """Sends a payload in place of the one before; how long it took, seconds."""
        digest = await asyncio.to_thread(lambda: sha256(content).digest())
        began = time.perf_counter()
        answer = await one.remote.upload("PUT", f"{one.path}/payload", content, len(content), digest)
        seconds = time.perf_counter() - began
        if _text(answer, "sha256") != digest.hex():
            raise Unproved("it received other bytes than it was sent")
        return seconds


def _may_pass(failed: BaseException) -> bool:
    return isinstance(failed, NodeUnreachable) or (isinstance(failed, NodeRefused) and failed.status in _PASSES)


def _has_tried_enough(state: RetryCallState) -> bool:
    failed = state.outcome.exception() if state.outcome else None
    if isinstance(failed, NodeRefused):
        return (state.seconds_since_start or 0.0) >= BUSY_SECONDS
    return state.attempt_number >= TRIES


def _require(verdict: Verdict) -> None:
    if not verdict.passed:
        raise Unproved(verdict.why)


def _text(answer: object, name: str) -> str:
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, str) or not re.fullmatch(r"[0-9a-f]{32,64}", found):
        raise Unproved(f"its answer has no {name}")
    return found


def _hashes(answer: object, name: str, count: int) -> list[bytes]:
    """So many values of 32 bytes."""
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, list) or len(found) != count:
        raise Unproved(f"its answer has not {count} {name}")
    return [bytes.fromhex(_text({name: one}, name).ljust(64, "0")) for one in found]
