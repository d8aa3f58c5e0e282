"""One hour of the demo: challenges, jobs, settlement, scores, the close, claims, the auction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

from solders.pubkey import Pubkey

from client import accounts, actions, addresses, state
from client.actions.rewards import NothingToClaim
from client.economics import SECONDS_PER_HOUR
from client.instructions import oracle
from demo.network import Network, Node
from demo.scenario import JobSpec
from indexer import oracle as publisher
from indexer import settlement
from indexer.replay import catch_up
from indexer.scoring import REFERENCES
from indexer.verify import VerifyReport, verify_epoch

PRICES_EVERY = 300
"""Seconds; a submission counts for 600."""
CHALLENGES_AT = (450, 1_950)
"""Seconds into the hour of its two rounds of challenges."""
REPORTS_AT = (1_750, 3_599)
SALES = 2
FINAL_SLOTS = 32
"""After so many slots everything before is final."""


@dataclass
class RunningJob:
    """A job that has a node."""

    address: Pubkey
    node: Node
    processors: int


@dataclass
class Hours:
    """Runs the hours of one network, one after the other."""

    network: Network
    step: Callable[[str], None]
    """Told what is going on."""
    running: list[RunningJob] = field(default_factory=list)
    indexed_events: int = 0
    indexing_seconds: float = 0.0

    async def run(self, epoch: int) -> VerifyReport:
        """One epoch from its first second to its verified end."""
        await self._during(epoch)
        await self._after(epoch)
        self.step(f"epoch {epoch}: verifying every payout from the events")
        await self.index()
        return await verify_epoch(self.network.pool, self.network.client, epoch)

    async def _during(self, epoch: int) -> None:
        """What happens in the hour, in the order of its seconds."""
        jobs = self.network.scenario.jobs(epoch)
        agenda: list[tuple[int, int, Callable[[], Awaitable[None]]]] = []
        for second in range(30, 1_600, PRICES_EVERY):
            agenda.append((second, 0, self.network.submit_prices))
        for index, job in enumerate(jobs):
            agenda.append((job.opens_at, 1, partial(self._open, epoch, index, job)))
        for number, second in enumerate(CHALLENGES_AT):
            agenda.append((second, 2, partial(self._challenge, epoch, number)))
        for second in REPORTS_AT:
            agenda.append((second, 3, self._report))
        for second, _, act in sorted(agenda, key=lambda entry: entry[:2]):
            await self.network.at(epoch, second)
            await act()

    async def _open(self, epoch: int, index: int, spec: JobSpec) -> None:
        """A user opens a job; the router gives it to a free node, by weight of reputation."""
        net = self.network
        node = await self._draw_node(epoch, index, spec)
        if node is None:
            self.step(f"epoch {epoch}: no {spec.hardware_class} is free for a job of {spec.processors}")
            return
        user = net.users[spec.user]
        self.step(f"epoch {epoch}: {user.name} rents {spec.processors} {spec.hardware_class} of {node.name}")
        opened = await actions.open_job(
            net.client,
            user.keypair,
            user=user.actor,
            hardware_class=spec.hardware_class,
            processors=spec.processors,
            hours=spec.hours,
        )
        await actions.start_job(net.client, net.router, opened.job, node.actor)
        self.running.append(RunningJob(opened.job, node, spec.processors))

    async def _draw_node(self, epoch: int, index: int, spec: JobSpec) -> Node | None:
        net = self.network
        busy = dict.fromkeys((node.actor for node in net.nodes), 0)
        for job in self.running:
            busy[job.node.actor] += job.processors
        free = [
            node
            for node in net.nodes
            if node.spec.hardware_class == spec.hardware_class
            and node.spec.processors - busy[node.actor] >= spec.processors
        ]
        if not free:
            return None
        earners = await accounts.fetch_many(net.client, state.Earner, [addresses.earner(node.actor) for node in free])
        weights = [1 + (earner.reputation if earner else 0) for earner in earners]
        return net.scenario.random("route", epoch, index).choices(free, weights)[0]

    async def _challenge(self, epoch: int, number: int) -> None:
        """A verifier commits to a secret, draws the slot hash, measures every node and records what it saw."""
        net = self.network
        self.step(f"epoch {epoch}: challenge {number + 1} of {len(CHALLENGES_AT)}")
        verifier = net.committee[number % len(net.committee)]
        address = verifier.pubkey()
        secret = sha256(f"{net.scenario.seed} secret {epoch} {number}".encode()).digest()
        commitment = sha256(secret).digest()
        committing = oracle.commit_challenge(verifier=address, epoch=epoch, round=number, commitment=commitment)
        await net.send([committing], verifier)
        challenge = addresses.challenge(address, epoch, number)
        await net.localnet.warp(slots=2)
        await net.send([oracle.draw_challenge(challenge=challenge)], verifier)
        measured = sorted((self._measure(node, epoch, number) for node in net.nodes), key=lambda m: bytes(m.node))
        for start in range(0, len(measured), oracle.MAX_MEASUREMENTS):
            batch = measured[start : start + oracle.MAX_MEASUREMENTS]
            recording = oracle.record_challenges(
                verifier=address, challenge=challenge, secret=secret, measurements=batch
            )
            await net.send([recording], verifier)

    def _measure(self, node: Node, epoch: int, number: int) -> oracle.Measurement:
        """What the scripted machine of a node delivers: its quality of the class's reference, give or take 3%."""
        draw = self.network.scenario.random("measure", epoch, number, node.name)
        reference = REFERENCES[node.spec.hardware_class]

        def of(value: int) -> int:
            return value * node.spec.quality_bp * draw.randint(9_700, 10_300) // 100_000_000

        return oracle.Measurement(
            node=node.actor,
            bandwidth=of(reference.bandwidth),
            memory=of(reference.memory),
            clock=of(reference.clock),
            compute=of(reference.compute),
            latency=draw.randint(5_000, 60_000),
            outcome=int(draw.randrange(10_000) < node.spec.reliability_bp),
        )

    async def _report(self) -> None:
        """Every working node says so."""
        client = self.network.client
        await asyncio.gather(
            *(
                actions.report_job(client, job.node.keypair, job.address, sha256(bytes(job.address)).digest())
                for job in self.running
            )
        )

    async def _after(self, epoch: int) -> None:
        """What follows the hour: settlement, scores, the close, claims, the auction."""
        net = self.network
        await net.at(epoch, SECONDS_PER_HOUR)
        self.step(f"epoch {epoch}: settling jobs")
        await self.index()
        await settlement.settle_due(net.client, net.pool, net.admin)
        self.step(f"epoch {epoch}: replaying, scoring, publishing")
        await self.index()
        still = await accounts.fetch_many(net.client, state.Job, [job.address for job in self.running])
        self.running = [
            job for job, now in zip(self.running, still, strict=True) if now and now.state == state.Job.RUNNING
        ]
        await publisher.publish(net.pool, net.client, net.committee, epoch)
        self.step(f"epoch {epoch}: closing")
        await actions.close_epochs(net.client, net.admin, epoch)
        self.step(f"epoch {epoch}: claiming")
        await asyncio.gather(*map(self._claim, net.nodes))
        self.step(f"epoch {epoch}: burning")
        await net.submit_prices()
        for part in range(SALES):
            await self._sell(net.scenario.sale_io(epoch, part))

    async def _claim(self, node: Node) -> None:
        """Mints what the node has earned, and locks its bonus."""
        # A node that failed every challenge and had no job has earned nothing.
        with suppress(NothingToClaim):
            await actions.claim(self.network.client, node.keypair, node.actor)

    async def _sell(self, io_max: int) -> None:
        """The trader sells IO to the auction while it holds dollars."""
        client = self.network.client
        if await accounts.token_balance(client, addresses.burn_vault()):
            await actions.sell_io(client, self.network.trader, io_max)

    async def index(self) -> None:
        """Replays what has happened so far into the database, until next to nothing is new."""
        await self.network.localnet.warp(slots=FINAL_SLOTS)
        new_slots = FINAL_SLOTS
        while new_slots >= FINAL_SLOTS:
            stats = await catch_up(self.network.pool, self.network.localnet.rpc)
            self.indexed_events += stats.events
            self.indexing_seconds += stats.seconds
            new_slots = stats.slots
