"""Networks whose hours pass by hand, and databases to replay them into."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Processed
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, state
from client.economics import IO
from client.instructions import emission, oracle, pools
from client.sending import SendOptions
from indexer.acting.oracle import publish
from indexer.acting.settlement import settle_due
from indexer.scoring import REFERENCES
from indexer.storing import store
from indexer.storing.replay import ReplayStats, catch_up
from tests.programs import escrow_steps
from tests.programs.world import GENESIS, World

if TYPE_CHECKING:
    from indexer.database.db import Pool

SEND = SendOptions(commitment=Processed)
"""The clock of these chains stands still: nothing is ever confirmed without a warp."""
Node = tuple[Keypair, Pubkey]


class Network:
    """A world with two nodes, a user, an affiliate of both kinds and a staker, whose hours pass one after the other."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.url = str(world.chain.http.base_url)
        self.affiliate = world.person()
        self.nodes: list[tuple[Node, str]] = [
            (world.node(hardware_class="H100", processors=8, dollar_share_bp=9_000), "H100"),
            (world.node(processors=2, dollar_share_bp=3_000, affiliate=self.affiliate.pubkey()), "4090"),
        ]
        self.user = world.user(affiliate=self.affiliate.pubkey())
        self.seller = world.person(io=1_000 * IO)
        self.staker = world.person(io=1_000 * IO)
        for _, actor in (self.nodes[1][0], self.user):
            self.delegate(actor, 100 * IO)

    def delegate(self, actor: Pubkey, amount: int) -> None:
        """The staker puts IO behind an actor whose pool is not open yet."""
        owner = self.staker.pubkey()
        steps = [
            pools.open_pool(payer=owner, actor=actor, io_mint=self.world.io_mint),
            pools.open_delegation(payer=owner, actor=actor, owner=owner),
            pools.delegate(owner=owner, actor=actor, source=self.world.io(owner), amount=amount),
        ]
        self.world.chain.send(steps, self.staker)

    def work(self, epoch: int) -> None:
        """Challenges and jobs, up to the epoch's end; every block of it final."""
        chain, world = self.world.chain, self.world
        world.prices()
        self.challenge(epoch)
        jobs = []
        for number, (node, hardware_class) in enumerate(self.nodes):
            processors = chain.account(state.Actor, node[1]).processors
            job = world.open_job(
                self.user, id=10 * epoch + number, hardware_class=hardware_class, processors=processors, hours=1
            )
            world.start_job(job, node[1])
            jobs.append((job, node))
        chain.warp(seconds=3_600)
        for job, node in jobs:
            world.report_job(node, job)
        chain.warp(timestamp=GENESIS + epoch * 3_700)
        chain.warp(seconds=1)

    def fail(self, node: Node) -> None:
        """A node loses a job by silence, and most of another in dispute."""
        world = self.world
        world.prices()
        silent, disputed = (world.open_job(self.user, id=40 + number, hours=1) for number in range(2))
        world.start_job(silent, node[1])
        world.start_job(disputed, node[1])
        world.chain.warp(seconds=800)
        world.report_job(node, disputed)
        escrow_steps.dispute_job(world, disputed, self.user)
        escrow_steps.resolve_dispute(world, disputed, node, 300)
        world.chain.warp(seconds=101)
        escrow_steps.release_job(world, silent, node, world.admin)

    def challenge(self, epoch: int, *, outcome: int = 1) -> None:
        """A verifier measures every node at its reference."""
        chain, member = self.world.chain, self.world.committee[0]
        verifier, secret = member.pubkey(), sha256(b"%d" % epoch).digest()
        committing = oracle.commit_challenge(
            verifier=verifier, epoch=epoch, round=1, commitment=sha256(secret).digest()
        )
        chain.send([committing], member)
        chain.warp(slots=1)
        chain.warp(slots=1)
        challenge = addresses.challenge(verifier, epoch, 1)
        chain.send([oracle.draw_challenge(challenge=challenge)], member)
        measured = [
            oracle.Measurement(node[1], r.bandwidth, r.memory, r.clock, r.compute, 20_000, outcome)
            for node, hardware_class in self.nodes
            for r in [REFERENCES[hardware_class]]
        ]
        recording = oracle.record_challenges(
            verifier=verifier, challenge=challenge, secret=secret, measurements=measured
        )
        chain.send([recording], member)

    def after(self, epoch: int) -> None:
        """Everything that follows scores: the close, claims, a lock, a sale; all of it final."""
        world, (rich, lean) = self.world, [node for node, _ in self.nodes]
        world.close(epoch)
        world.claim(rich)
        world.claim(lean, affiliate=self.affiliate.pubkey())
        owner, actor = lean
        lock = emission.lock_bonus(
            payer=owner.pubkey(),
            actor=actor,
            coupon_epoch=0,
            closed_epoch=epoch,
            io_mint=world.io_mint,
            affiliate_io=world.io(self.affiliate),
            rewards=addresses.rewards(actor),
        )
        world.chain.send([lock], owner)
        world.prices()
        world.sell_io(self.seller, 5 * IO)
        world.chain.warp(seconds=1)


async def digests(pool: Pool) -> dict[str, str]:
    """Of every table that the replay fills, and the cursor."""
    return {**await store.digests(pool), "cursor": str(await store.cursor(pool))}


async def one_epoch(network: Network, pool: Pool, client: AsyncClient, epoch: int) -> ReplayStats:
    """An hour, from its work to what follows its scores."""
    network.work(epoch)
    await catch_up(pool, network.url)
    await settle_due(client, pool, network.world.admin, options=SEND)
    await publish(pool, client, network.world.committee, epoch, options=SEND)
    network.after(epoch)
    return await catch_up(pool, network.url)


@asynccontextmanager
async def tampered(pool: Pool, table: str, change: str) -> AsyncIterator[None]:
    """A table of `chain` in which something else stands than the chain said, for a while: `amount = amount + 1`."""
    async with pool.acquire() as connection:
        await connection.execute(f"CREATE TEMPORARY TABLE kept AS SELECT * FROM chain.{table}")  # noqa: S608 - our own names
        await connection.execute(f"UPDATE chain.{table} SET {change}")  # noqa: S608 - as above
        try:
            yield
        finally:
            await connection.execute(f"TRUNCATE chain.{table}")
            await connection.execute(f"INSERT INTO chain.{table} SELECT * FROM kept")  # noqa: S608 - as above
            await connection.execute("DROP TABLE kept")
