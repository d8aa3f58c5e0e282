"""A job on the chain, as its renter follows it: which node has it, what that node reported, what was paid."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import actions, reads
from client.errors import IonetError, Unreachable
from client.rpc import chain_time, connect, explained
from client.state import Agent, Job
from machines.jobs.spec import Result, Spec, digest
from machines.renting.bounds import Bounds
from machines.renting.telling import Teller

T = TypeVar("T")

NO_DIGEST: Final = bytes(32)
_SETTLE_TRIES: Final = 3


class NoNode(IonetError):
    """No node was drawn for a job in the time that its renter waits."""


class Over(IonetError):
    """Nobody works on a job any more, so that nothing more comes of it."""


class Moved(IonetError):
    """A job is not any more where it was: the next node begins it anew."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job is worked on."""

    node: Pubkey
    assignment: int
    """How many nodes the job has had: the same node may be drawn again."""


@dataclass(frozen=True, slots=True)
class Paid:
    """What a job cost in the end. USD base units."""

    state: str
    paid: int
    refunded: int
    to_credit: int
    """Of what was refunded: to the user's credit, where it came from."""
    worked_seconds: int


Reported = Literal["confirmed", "differs", "missing"]
"""Whether the chain has the digest of the result that the node gave. `differs`: the node reported another one after
it gave the result. `missing`: it reported none since."""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AsyncClient]:
    """A connection for a command that says itself what it does."""
    async with connect(url) as client:
        with explained():
            yield client


@dataclass
class OnChain:
    """One job."""

    client: AsyncClient
    key: Keypair = field(repr=False)
    """Its authority's."""
    address: Pubkey
    bounds: Bounds
    tell: Teller

    async def read(self) -> Job:
        """The job as it is now. Raises `Unreachable` where the chain does not answer for long."""
        return await self._patiently(lambda: reads.job(self.client, self.address))

    async def require_own(self) -> None:
        """Refuses a job of somebody else, whose node would refuse it, too."""
        job = await self.read()
        if job.authority != self.key.pubkey():
            raise IonetError(f"job {self.address} belongs to {job.authority}, not to {self.key.pubkey()}")

    async def agent(self, node: Pubkey) -> Agent:
        """Who acts for a node, and where. Raises `NotFound` where nobody does."""
        return await self._patiently(lambda: reads.agent(self.client, node))

    async def now(self) -> int:
        """The chain's time, Unix seconds."""
        return await self._patiently(lambda: chain_time(self.client))

    async def place(self, *, may_be_over: bool = False) -> Place:
        """Waits until a node has the job. `may_be_over`: the last node of a job that has ended is one, too.

        Raises `NoNode` where none is drawn in time, `Over` where none will be.
        """
        until = time.monotonic() + self.bounds.node
        while True:
            job = await self.read()
            if job.state == Job.RUNNING or (may_be_over and job.state != Job.OPEN and job.has_node):
                return Place(job.node, job.assignments)
            if job.state != Job.OPEN:
                raise Over(f"job {self.address} is {job.state_name}: nothing more comes of it")
            if time.monotonic() >= until:
                raise NoNode(f"no node was drawn for job {self.address} within {self.bounds.node:.0f} s")
            self.tell.step("waiting for a node to be drawn")
            await asyncio.sleep(self.bounds.poll)

    async def require_at(self, place: Place) -> None:
        """Raises `Over` where the job has ended, or its hours are over for longer than a result may take."""
        job = await self.read()
        if job.state not in (Job.OPEN, Job.RUNNING):
            raise Over(f"job {self.address} is {job.state_name}, and its node has given no result")
        if not self.is_at(place, job):
            raise Moved(f"job {self.address} was taken from node {place.node}")
        late = await self.now() - job.end
        if late > self.bounds.result:
            raise Over(f"the hours of job {self.address} are over since {late} s, and its node has given no result")

    def is_at(self, place: Place, job: Job) -> bool:
        """Whether the job is still where it was."""
        return job.state == Job.RUNNING and (job.node, job.assignments) == (place.node, place.assignment)

    async def release_if_silent(self) -> bool:
        """Takes a node off the job that has failed to report, so that another is drawn; whether that was so."""
        job, now = await self.read(), await self.now()
        parameters = (await self._patiently(lambda: reads.terms(self.client))).parameters_at(now)
        if job.state != Job.RUNNING or job.is_alive(now, parameters) or now >= job.end:
            return False
        try:
            with explained():
                await actions.release_job(self.client, self.key, self.address)
        except IonetError:  # somebody else was faster, or it has just reported
            return not self.is_at(Place(job.node, job.assignments), await self.read())
        return True

    async def reported(self, result: Result, before: Job, spec: Spec) -> Reported:
        """Waits until the chain has the result's digest. `before`: the job when the result had just been given."""
        until = time.monotonic() + self.bounds.report
        unspoken = (NO_DIGEST, digest(spec))  # what a node reports before there is a result
        while True:
            job = await self.read()
            if job.digest == digest(result):
                return "confirmed"
            if time.monotonic() >= until or job.state != Job.RUNNING:
                is_news = job.reported_at > before.reported_at or job.digest != before.digest
                return "differs" if is_news and job.digest not in unspoken else "missing"
            self.tell.step("waiting for the node to report the result on the chain")
            await asyncio.sleep(self.bounds.poll)

    async def settle(self) -> Paid:
        """Ends the job: its node is paid to the second, the rest is refunded. What was done before counts, too."""
        for tries_left in reversed(range(_SETTLE_TRIES)):
            try:
                with explained():
                    await actions.cancel_job(self.client, self.key, self.address)
                break
            except IonetError:  # a node was drawn or released in this moment, or somebody else settled it
                if (await self.read()).is_finished:
                    break
                if not tries_left:
                    raise
                await asyncio.sleep(self.bounds.poll)
        return paid(await self.read())

    async def _patiently(self, read: Callable[[], Awaitable[T]]) -> T:
        until = time.monotonic() + self.bounds.chain
        while True:
            try:
                with explained():
                    return await read()
            except Unreachable as failed:
                if time.monotonic() >= until:
                    raise
                self.tell.step(str(failed))
                await asyncio.sleep(self.bounds.poll)


def paid(job: Job) -> Paid:
    """What a finished job cost."""
    refunded = job.deposit - job.settled_usd
    return Paid(job.state_name, job.settled_usd, refunded, min(job.unspent_credit, refunded), job.settled_seconds)
