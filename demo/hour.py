"""One hour of the demo: what happens in it, and the settlement, scores, close, claims and auction that follow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from client import accounts, actions, addresses
from client.economics import SECONDS_PER_HOUR
from client.instructions import oracle
from demo.jobs import Jobs
from demo.network import PARAMETERS, SEND, Network, Node
from demo.people import Act, People
from indexer.operation import schedule
from indexer.scoring import REFERENCES
from indexer.storing.replay import catch_up
from indexer.verify import VerifyReport, verify_epoch

PRICES_AT = (570, 1_140)
"""Seconds into the hour; a submission counts for 600."""
CHALLENGES_AT = (1_950, 3_150)
"""Of its two rounds of challenges."""
REPORTS_AT = (850, 1_700, 2_550, 3_050, SECONDS_PER_HOUR - 1)
"""Of the nodes that work: one that is silent for 900 seconds has failed."""
SETTLES_AT = SECONDS_PER_HOUR + PARAMETERS.escrow.dispute_seconds
"""When nothing of the hour can be disputed any more."""
SALES = 2


class Hours:
    """Runs the hours of one network, one after the other."""

    def __init__(self, network: Network, step: Callable[[str], None]) -> None:
        self.network = network
        self.step = step
        """Told what is going on."""
        self.indexed_events = 0
        self.indexing_seconds = 0.0
        self._jobs = Jobs(network, step, self.index)
        self._people = People(network, step)
        self._service = schedule.Service(
            pool=network.pool,
            rpc_url=network.localnet.rpc,
            client=network.client,
            committee_keys=network.committee,
            payer=network.admin,
            router=network.router,
            options=SEND,
        )
        """The indexer's own, whose timer is the demo."""

    async def run(self, epoch: int) -> VerifyReport:
        """One epoch from its first second to its verified end."""
        await self._during(epoch)
        await self._after(epoch)
        self.step(f"epoch {epoch}: verifying every payout from the events")
        await self.index()
        return await verify_epoch(self.network.pool, self.network.client, epoch)

    async def _during(self, epoch: int) -> None:
        """What happens in the hour, in the order of its seconds."""
        net, jobs = self.network, self._jobs
        agenda = [_Entry(second, act) for second, act in self._people.agenda(epoch)]
        agenda += [_Entry(second, net.submit_prices) for second in PRICES_AT]
        agenda += [_Entry(spec.opens_at, partial(jobs.open, epoch, spec)) for spec in net.scenario.jobs(epoch)]
        agenda += [_Entry(second, partial(self._challenge, epoch, n)) for n, second in enumerate(CHALLENGES_AT)]
        agenda += [_Entry(second, jobs.report) for second in REPORTS_AT]
        if epoch == 1:
            agenda += [_Entry(1_700, jobs.extend), _Entry(2_700, jobs.cancel)]
            agenda += [_Entry(3_060, jobs.dispute), _Entry(3_300, jobs.resolve)]
        elif epoch == 3:
            agenda.append(_Entry(2_600, jobs.replace))
        for entry in sorted(agenda, key=lambda entry: entry.second):
            await net.at(epoch, entry.second)
            await entry.act()

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
        for _ in range(2):
            await net.localnet.warp(slots=1)
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

    async def _after(self, epoch: int) -> None:
        """What follows the hour: settlement, scores, the close, slashes, claims, the auction."""
        net, service = self.network, self._service
        await net.at(epoch, SETTLES_AT)
        self.step(f"epoch {epoch}: settling jobs")
        await self.index()
        await schedule.settle(service)
        self.step(f"epoch {epoch}: replaying, scoring, publishing")
        await self.index()
        await schedule.publish(service)
        self.step(f"epoch {epoch}: closing")
        await schedule.close(service)
        await schedule.stake(service)
        self.step(f"epoch {epoch}: claiming")
        await self._people.claim()
        await self._people.after(epoch)
        self.step(f"epoch {epoch}: burning")
        await net.submit_prices()
        for part in range(SALES):
            await self._sell(net.scenario.sale_io(epoch, part))

    async def _sell(self, io_max: int) -> None:
        """The trader sells IO to the auction while it holds dollars."""
        client = self.network.client
        if await accounts.token_balance(client, addresses.burn_vault()):
            await actions.sell_io(client, self.network.trader, io_max, options=SEND)

    async def index(self) -> None:
        """Closes the block, which makes it final, and replays what has happened so far into the database."""
        await self.network.localnet.warp(seconds=0)
        stats = await catch_up(self.network.pool, self.network.localnet.rpc)
        self.indexed_events += stats.events
        self.indexing_seconds += stats.seconds


@dataclass(frozen=True, slots=True)
class _Entry:
    second: int
    """Of the hour."""
    act: Act
