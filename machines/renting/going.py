"""A job from its delivery to its result, at whichever node has it: told again to the next where one goes away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Final, TypeVar

from client.concurrency import at_once
from client.endpoints import EndpointRefused
from client.errors import IonetError
from client.reads import NotFound
from machines.jobs.spec import Result, digest
from machines.renting.chain import Moved, OnChain, Place
from machines.renting.kept import Kept
from machines.renting.log import Log
from machines.renting.machine import Machine, Nonsense, Seen, machine_at
from machines.renting.terminal import Sink, harmless
from machines.wire.errors import NodeRefused, NodeUnreachable, NotAuthentic, TooMuch, TooSlow

T = TypeVar("T")

UNUSABLE: Final = (NodeUnreachable, NodeRefused, NotAuthentic, TooMuch, TooSlow, Nonsense, EndpointRefused, NotFound)
"""What a node may be or do after which it is asked again, and left after a while."""
FINAL: Final = (400, 413, 415, 422)
"""HTTP answers to a delivery that no later try changes."""
TOLD: Final = 10
"""Inputs of a job, some, of which each is told: more would be a wall of text."""
UPLOADS: Final = 8
"""At the same time: of many small inputs each waits for the disk over there."""


class NodeGone(IonetError):
    """A node that has a job cannot be used for longer than its renter waits."""


class NotTaken(IonetError):
    """A node refuses a job as it is."""


class NotReady(IonetError):
    """A service that is not healthy in time."""


@dataclass
class Going:
    """One job that goes on."""

    chain: OnChain
    kept: Kept
    sink: Sink
    """Where its log goes."""
    log_start: int = 0
    """First byte of the log that is wanted."""
    may_deliver: bool = True
    place: Place | None = None
    """Where it is; None before a node was drawn."""
    endpoint: str = ""
    is_started: bool = False
    """Whether its command was seen to run there."""
    seen: Seen | None = None
    """How it was there at the last look."""
    log: Log = field(init=False)
    _failing_since: float | None = None
    _running_since: float | None = None

    def __post_init__(self) -> None:
        self.log = self._new_log(self.log_start)

    async def attend(self, work: Callable[[Machine], Awaitable[T]], *, may_be_over: bool = False) -> T:
        """Does the work with the node that has the job, and again where that one fails or another is drawn.

        Raises `NoNode`, `Over`, `NodeGone`, `NotTaken`.
        """
        while True:
            place = await self.chain.place(may_be_over=may_be_over)
            if self.place not in (None, place):
                self._begin_anew(place)
            self.place = place
            try:
                async with machine_at(self.chain, place) as machine:
                    self.endpoint = machine.endpoint
                    return await work(machine)
            except Moved as moved:
                self.chain.tell.note(f"{moved}: the next node begins it anew")
            except UNUSABLE as failed:
                await self._suffer(place, failed)

    async def result(self, machine: Machine) -> Result:
        """Delivers the job unless that was done, copies its log, and waits for its result."""

        async def ended(seen: Seen) -> Result | None:
            return seen.result

        return await self._until(machine, ended, f"running on node {machine.node}")

    async def ready(self, machine: Machine) -> Result | None:
        """Delivers the job unless that was done, and waits until its service is healthy; a result: it ended instead."""
        service = self.kept.spec.service
        assert service is not None

        async def healthy(seen: Seen) -> bool | None:
            if seen.result is not None:
                return True
            if self._running_for() > service.ready_seconds:
                raise NotReady(
                    f"the service of job {self.chain.address} is not healthy after {service.ready_seconds} s: "
                    f"{service.health} on port {service.port} does not answer with 200 to 399"
                )
            return (not seen.is_preparing and await machine.is_healthy(service.health)) or None

        await self._until(machine, healthy, "waiting for the service to be healthy")
        return self.seen.result if self.seen else None

    async def _until(self, machine: Machine, done: Callable[[Seen], Awaitable[T | None]], doing: str) -> T:
        """Looks at the job, with its log beside, until that says that it is done."""
        await self._deliver(machine)
        copying = asyncio.create_task(self.log.copy(machine.log))
        try:
            until_chain = time.monotonic()
            while True:
                self.seen = seen = await self._look(machine)
                if seen.result is not None:
                    await self.log.finish(copying, seen.result)
                else:  # before anything else is asked that may fail again and again
                    self._require_in_time(machine)
                    if time.monotonic() >= until_chain:
                        await self.chain.require_at(machine.place)
                        until_chain = time.monotonic() + self.chain.bounds.chain_poll
                found = await done(seen)
                if found is not None:
                    return found
                if not self.sink.is_terminal:
                    self.chain.tell.step(doing)
                await asyncio.sleep(self.chain.bounds.poll)
        finally:
            copying.cancel()
            with suppress(asyncio.CancelledError):
                await copying

    def heard(self) -> None:
        """The node was of use just now."""
        self._failing_since = None

    def _require_in_time(self, machine: Machine) -> None:
        most = self.kept.spec.limits.seconds + self.chain.bounds.result
        if self._running_for() > most:
            raise NodeGone(f"node {machine.node} has given no result {most:.0f} s after it began the job")

    def _running_for(self) -> float:
        return 0 if self._running_since is None else time.monotonic() - self._running_since

    async def _deliver(self, machine: Machine) -> None:
        """What the node has already is not sent again, however often this is done."""
        seen = await machine.look()
        if seen is not None and seen.state != "new":
            return
        if not (self.may_deliver and self.kept.is_known):
            raise NodeUnreachable(f"node {machine.node} has nothing of job {self.chain.address}")
        tell, spec = self.chain.tell, self.kept.spec
        files = {file.sha256: file for file in spec.inputs}
        tell.step(f"delivering the job to node {machine.node}")
        try:
            missing = set(await machine.deliver(spec))
            if not missing <= files.keys():
                raise Nonsense(f"node {machine.node} asks for a file that is no input of the job")
            numbers = count(1)

            async def send(sha256: str) -> None:
                number = next(numbers)
                if number % (len(missing) // TOLD + 1) == 0 or number == 1:
                    tell.step(f"delivering input {number} of {len(missing)} to node {machine.node}")
                await machine.upload(files[sha256], self.kept.sources.get(sha256))

            await at_once((partial(send, sha256) for sha256 in missing), UPLOADS)
            await machine.start()
        except NodeRefused as refused:
            if refused.status in FINAL:
                raise NotTaken(f"node {machine.node} does not take the job: {harmless(refused.sentence)}") from None
            raise

    async def _look(self, machine: Machine) -> Seen:
        seen = await machine.look()
        if seen is None or seen.state == "new":
            raise Nonsense(f"node {machine.node} took the job and knows nothing of it now")
        if seen.result is not None:
            self.require_ours(seen.result, machine)
        if not self.is_started:
            self.is_started, self._running_since = True, time.monotonic()
            self.chain.tell.note(f"node {machine.node} at {machine.endpoint} works on the job")
            if self.sink.is_terminal:
                self.chain.tell.quiet()
        if seen.is_preparing:  # the job's own time has not begun
            self._running_since = time.monotonic()
            self.chain.tell.step(f"node {machine.node} prepares the job")
        if seen.result is None:
            self.heard()
        return seen

    def require_ours(self, result: Result, machine: Machine) -> None:
        """Raises `Nonsense` for a result of another job, another node or another spec."""
        ours = (str(self.chain.address), str(machine.node))
        is_same = not self.kept.is_known or result.spec_sha256 == digest(self.kept.spec).hex()
        if (result.job, result.node) != ours or not is_same or result.state == "running":
            raise Nonsense(f"node {machine.node} gave a result that is not of this job")

    async def _suffer(self, place: Place, failed: IonetError) -> None:
        """Waits a moment; raises `NodeGone` where the node failed for too long."""
        now, bounds = time.monotonic(), self.chain.bounds
        self._failing_since = self._failing_since or now
        if self.may_deliver and await self.chain.release_if_silent():
            self.chain.tell.note(f"node {place.node} was silent and is taken off the job")
            return
        if now - self._failing_since > bounds.away:
            raise NodeGone(f"node {place.node} cannot be used since {bounds.away:.0f} s: {harmless(str(failed))}")
        self.chain.tell.step(f"node {place.node} cannot be used now: {harmless(str(failed))}")
        await asyncio.sleep(bounds.poll)

    def _begin_anew(self, place: Place) -> None:
        self.is_started, self.seen, self._failing_since, self._running_since = False, None, None, None
        self.sink.end()
        if self.log.at:
            self.chain.tell.note(f"node {place.node} begins the job anew, and its log")
        self.log = self._new_log(0)

    def _new_log(self, start: int) -> Log:
        limit = self.kept.spec.limits.log_kb << 10
        return Log(self.sink, limit, self.chain.bounds, self.chain.tell, start)
