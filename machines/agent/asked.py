"""Who may ask the agent what: the committee and the owner measure it, a renter has to do with its own job."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

from solana.rpc.async_api import AsyncClient
from solders.pubkey import Pubkey
from starlette.requests import Request

from client import reads
from client.errors import IonetError, Unreachable
from client.reads import NotFound
from client.rpc import FAILURES, chain_time, explained, reason
from client.state import Job
from machines.wire.errors import Refusal

_MEMBERS_SECONDS: Final = 60.0
_JOB_SECONDS: Final = 2.0
_JOBS: Final = 10_000
"""That are remembered."""


@dataclass
class Asked:
    """What the chain says of those who ask, kept for a while."""

    client: AsyncClient
    node: Pubkey
    owner: Pubkey
    _members: tuple[Pubkey, ...] = ()
    _members_until: float = 0.0
    _jobs: dict[Pubkey, tuple[float, Job]] = field(default_factory=dict)

    async def verifier(self, request: Request) -> None:
        """Lets members of the committee pass, and the node's owner, who wants to know what it would score."""
        caller: Pubkey = request.state.caller
        if caller != self.owner and caller not in await self._committee():
            raise Refusal(403, f"{caller} is no member of the committee: this node proves nothing to it")

    async def renter(self, request: Request) -> None:
        """Lets the authority of a job pass that this node runs, or ran."""
        job = await self.job(job_of(request))
        if job.authority != request.state.caller:
            raise Refusal(
                403, f"the job {job_of(request)} was rented by {job.authority}, not by {request.state.caller}"
            )

    async def job(self, address: Pubkey) -> Job:
        """A job, as the chain had it a moment ago."""
        now = time.monotonic()
        until, found = self._jobs.get(address, (0.0, None))
        if found is None or until < now:
            try:
                with explained():
                    found = await reads.job(self.client, address)
            except NotFound as missing:
                raise Refusal(404, str(missing)) from None
            except Unreachable as failed:
                raise Refusal(503, f"this node cannot ask the chain about the job now: {failed}") from None
            except IonetError as wrong:
                raise Refusal(404, str(wrong)) from None
            while len(self._jobs) >= _JOBS:
                self._jobs.pop(next(iter(self._jobs)))
            self._jobs[address] = (now + _JOB_SECONDS, found)
        return found

    async def mine(self, address: Pubkey) -> Job:
        """A job that this node runs now. Raises `Refusal` where it does not."""
        job = await self.job(address)
        if job.state != Job.RUNNING or job.node != self.node:
            raise Refusal(409, f"the job {address} is {job.state_name}, and not this node's to run")
        return job

    async def _committee(self) -> tuple[Pubkey, ...]:
        if self._members_until < time.monotonic():
            try:
                committee = await reads.committee(self.client)
                self._members = committee.members_at(await chain_time(self.client))
            except FAILURES as failed:
                raise Refusal(503, f"this node cannot ask the chain for the committee now: {reason(failed)}") from None
            self._members_until = time.monotonic() + _MEMBERS_SECONDS
        return self._members


def job_of(request: Request) -> Pubkey:
    """The job that a path names."""
    try:
        return Pubkey.from_string(request.path_params["job"])
    except ValueError:
        raise Refusal(400, "the path names no job: give its address in base58") from None
