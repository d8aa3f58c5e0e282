"""The users' jobs: opened and paid for, given to a node by the router, worked on, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256

from solders.pubkey import Pubkey

from client import accounts, actions, addresses, reads
from client.amounts import format_usd
from client.state import Job
from demo.network import SEND, Network, Participant
from demo.scenario import BONUS_USER, JobSpec, Turn, Way
from indexer.acting import routing, settlement

ACCEPTED_PERCENT = 60
"""Of the seconds in dispute, by the committee."""


@dataclass
class Jobs:
    """All jobs of one network."""

    network: Network
    step: Callable[[str], None]
    """Told what is going on."""
    index: Callable[[], Awaitable[None]]
    """Replays what has happened so far."""
    _turning: dict[Turn, tuple[Participant, Pubkey]] = field(default_factory=dict)
    """Jobs that something will become of, with their users."""

    async def open(self, epoch: int, spec: JobSpec) -> None:
        """A user opens a job and pays for it, and the router draws it a node."""
        net, user = self.network, self.network.users[spec.user]
        if await accounts.jobs(net.client, user=user.actor, state=Job.OPEN):
            self.step(f"epoch {epoch}: {user.name} waits for the node of its last job")
            await self.route(epoch)
            return
        opened = await actions.open_job(
            net.client,
            user.keypair,
            user=user.actor,
            hardware_class=spec.hardware_class,
            processors=spec.processors,
            hours=spec.hours,
            benefit=Job.LOCKED_IO if spec.user == BONUS_USER else Job.DISCOUNT,
            pay_in_io=spec.way is Way.IO and await self._can_be_paid_in_io(user, spec),
            options=SEND,
        )
        if spec.turn:
            self._turning[spec.turn] = user, opened.job
        paid = ", from its grant" if opened.granted else ", paid in IO" if opened.sold else ""
        self.step(
            f"epoch {epoch}: {user.name} rents {spec.processors} {spec.hardware_class} for {spec.hours} h "
            f"and {format_usd(opened.quote.deposit)} USD{paid}"
        )
        await self.route(epoch)

    async def route(self, epoch: int) -> None:
        """The router draws nodes, by weight of reputation, from what was replayed."""
        net = self.network
        names = {node.actor: node.name for node in net.nodes}
        await self.index()
        for routed in await routing.route(net.client, net.pool, net.router, options=SEND):
            if routed.node is None or routed.refused:
                self.step(f"epoch {epoch}: {routed.refused}")
            else:
                of = f"{routed.candidates} candidate{'s' if routed.candidates > 1 else ''}"
                self.step(f"epoch {epoch}: the router draws {names[routed.node]} of {of}")

    async def report(self) -> None:
        """Every working node says so, but for the one that goes silent."""
        client = self.network.client
        owners = {node.actor: node.keypair for node in self.network.nodes}
        running = await accounts.jobs(client, state=Job.RUNNING)
        if Turn.REPLACED in self._turning:
            running.pop(self._turning[Turn.REPLACED][1], None)
        await asyncio.gather(
            *(
                actions.report_job(client, owners[job.node], address, sha256(bytes(address)).digest(), SEND)
                for address, job in running.items()
            )
        )

    async def extend(self) -> None:
        """A user wants an hour more of the same."""
        if Turn.EXTENDED in self._turning:
            user, job = self._turning[Turn.EXTENDED]
            await actions.extend_job(self.network.client, user.keypair, job, 1, options=SEND)
            self.step(f"epoch 1: {user.name} extends its job by an hour")

    async def cancel(self) -> None:
        """A user has seen enough: it pays for what was worked, and has the rest back."""
        if Turn.CANCELLED in self._turning:
            user, job = self._turning[Turn.CANCELLED]
            await actions.cancel_job(self.network.client, user.keypair, job, SEND)
            self.step(f"epoch 1: {user.name} cancels its job")

    async def dispute(self) -> None:
        """A user does not believe what the node reported, and locks a bond."""
        if Turn.DISPUTED not in self._turning:
            return
        user, job = self._turning[Turn.DISPUTED]
        found = await reads.job(self.network.client, job)
        if found.state == Job.RUNNING and found.worked_seconds > found.settled_seconds:
            evidence = sha256(f"{self.network.scenario.seed} dispute".encode()).digest()
            await actions.dispute_job(self.network.client, user.keypair, job, evidence, SEND)
            self.step(f"epoch 1: {user.name} disputes its job")

    async def resolve(self) -> None:
        """The committee believes a part of it; the user is refunded the rest, and of its bond the same part."""
        if Turn.DISPUTED not in self._turning:
            return
        net, (user, job) = self.network, self._turning[Turn.DISPUTED]
        found = await reads.job(net.client, job)
        if found.state == Job.DISPUTED:
            in_dispute = found.worked_seconds - found.settled_seconds
            accepted = found.settled_seconds + in_dispute * ACCEPTED_PERCENT // 100
            majority = net.committee[: len(net.committee) // 2 + 1]
            await actions.resolve_dispute(net.client, net.admin, majority, job, accepted, SEND)
            await actions.finish_job(net.client, user.keypair, job, SEND)
            self.step(f"epoch 1: the committee accepts {accepted} of {found.worked_seconds} s of it")

    async def replace(self) -> None:
        """The node that was silent is taken off its job, and the router draws another."""
        if Turn.REPLACED not in self._turning:
            return
        net = self.network
        await self.index()
        for lost in await settlement.release_silent(net.client, net.pool, net.router, options=SEND):
            self.step(f"epoch 3: a node was silent, and is {lost.refused or 'taken off its job'}")
        del self._turning[Turn.REPLACED]
        await self.route(3)

    async def _can_be_paid_in_io(self, user: Participant, spec: JobSpec) -> bool:
        """Whether the burn auction holds the dollars that the job costs."""
        client = self.network.client
        quote = await reads.quote_job(client, spec.hardware_class, spec.processors, spec.hours, user.actor)
        return (await accounts.token_balance(client, addresses.burn_vault()) or 0) >= quote.deposit
