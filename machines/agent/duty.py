"""What the agent does about jobs: takes those that the chain gives its node, reports them, ends them, forgets them.

The chain says which jobs are the node's, folders say how far they are: a restart has nothing to remember.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, actions, reads
from client.logs import logger
from client.rpc import FAILURES, chain_time, reason
from client.sending import DEFAULT, SendOptions
from client.state import EscrowParameters, Job
from machines.agent.home import Home
from machines.agent.work import Work

REPORTS: Final = 3
"""In the time after which a silent node has failed: one may be lost, and another late."""

log = logger("agent")


@dataclass
class Duty:
    """The jobs of one node."""

    client: AsyncClient
    key: Keypair = field(repr=False)
    """The agent's."""
    node: Pubkey
    home: Home
    keep_seconds: float
    """For which what a job left is kept after its end."""
    options: SendOptions = DEFAULT
    _taken: set[Pubkey] = field(default_factory=set)
    """The node's jobs, as the chain had them at the last look."""
    _results: dict[Pubkey, bytes] = field(default_factory=dict)
    """The digest of each that is over, which does not change any more."""
    _reported: dict[Pubkey, bytes] = field(default_factory=dict)
    """What was reported last of each."""

    async def look(self) -> None:
        """One look at the chain, and what follows from it."""
        found = await accounts.jobs(self.client, node=self.node, state=Job.RUNNING)
        for address in found.keys() - self._taken:
            log.info("job taken", address=str(address), processors=found[address].processors)
        self._taken = set(found)
        now, parameters = await chain_time(self.client), None
        for address, job in found.items():
            parameters = parameters or (await reads.terms(self.client)).parameters_at(now)
            await self._report(address, job, now, parameters)
        await self._leave()

    def work(self, job: Pubkey) -> Work:
        """The folder of a job."""
        return Work(self.home.jobs / str(job), str(job), str(self.node))

    async def _report(self, address: Pubkey, job: Job, now: int, parameters: EscrowParameters) -> None:
        """Reports when it is time, and at once when the result is there."""
        if now >= job.end and job.reported_at >= job.end:
            return
        is_due = now - job.reported_at >= parameters.report_seconds // REPORTS
        digest = await self._digest(address, is_due=is_due)
        if digest is None or not (is_due or digest not in (job.digest, self._reported.get(address))):
            return
        try:
            await actions.report_job(self.client, self.key, address, digest, self.options)
        except FAILURES as failed:
            log.warning("not reported", address=str(address), reason=reason(failed))
            return
        self._reported[address] = digest
        log.info("reported", address=str(address), digest=digest.hex())

    async def _digest(self, address: Pubkey, *, is_due: bool) -> bytes | None:
        """Of the result, once the job is over; before, of what runs, where a report is due. It takes reading a spec."""
        if address not in self._results:
            work = self.work(address)
            if not (await asyncio.to_thread(work.status)).is_over:
                return await asyncio.to_thread(work.digest) if is_due else None
            self._results[address] = await asyncio.to_thread(work.digest)
        return self._results[address]

    async def _leave(self) -> None:
        """Stops what is the node's no more, and drops what was kept long enough."""
        for folder in self.home.jobs.iterdir():
            address = _address(folder.name)
            if address is None or address in self._taken:
                continue
            work = self.work(address)
            self._reported.pop(address, None)
            self._results.pop(address, None)
            now = await asyncio.to_thread(work.status)
            if not now.is_over:
                log.info("job is over", address=str(address))
                await asyncio.to_thread(work.stop)
            elif time.time() - work.touched(now) > self.keep_seconds:
                await asyncio.to_thread(work.remove)
                log.info("job forgotten", address=str(address))


def _address(name: str) -> Pubkey | None:
    try:
        return Pubkey.from_string(name)
    except ValueError:
        return None
