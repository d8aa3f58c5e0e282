"""One rich history of a real network: every instruction of the five programs, hours of work, and what failed.

It is made once; nothing is added to it afterwards, so every replay of it must end with the same rows.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Final

from solders.compute_budget import set_compute_unit_price
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.transaction import Transaction

from client import addresses, state
from client.economics import IO
from client.instructions import burn, emission
from indexer.storing import store
from indexer.storing.replay import catch_up
from tests.databases import Databases
from tests.integration.indexer_network import Network
from tests.programs.chain import Chain
from tests.programs.walk import PARAMETERS, walk
from tests.programs.world import GENESIS, World, new_world

if TYPE_CHECKING:
    from indexer.database.db import Connection, Pool

RUNS: Final = frozenset({"indexer.alarm", "indexer.drift", "indexer.replay", "indexer.retention", "indexer.run"})
"""Tables that tell of runs and of this machine, which differ however equal their result is."""
PARTS: Final = frozenset({"indexer.work_part"})
"""Tables with a row for each batch, which a view adds up: how the chain was cut into batches may differ."""
OF_BATCHES: Final = frozenset({"indexer.balance.slot", "indexer.actor_balance.slot"})
"""Columns with the last slot of a batch: how the chain was cut into them may differ."""
HOURS: Final = 4
"""Of work, after the walk."""
SCORED: Final = 8
SENT_A_SLOT: Final = 2
"""Transactions before the next slot."""


@dataclass(frozen=True)
class History:
    """A chain that does not move any more."""

    url: str
    """Of the real node."""
    tip: int
    """Its last finalized slot."""
    epochs: int
    """Epochs that have ended."""
    scored: int
    """An epoch of which there are scores to compute, and of those before it."""
    failed: str
    """Signature of a transaction that emitted an event and then failed."""


class _Steady(Chain):
    """A chain whose slots move on by themselves, every few transactions."""

    def __init__(self, chain: Chain) -> None:
        super().__init__(chain.http)
        self._sent = count(1)

    def send(self, instructions: Sequence[Instruction], *signers: Keypair) -> str:
        signature = super().send(instructions, *signers)
        if next(self._sent) % SENT_A_SLOT == 0:
            self.warp(slots=1)
        return signature

    def send_unseen(self, instructions: Sequence[Instruction], signer: Keypair) -> str:
        """Sends without a simulation: it lands on the chain even where it fails."""
        blockhash = self.blockhash()
        message = Message.new_with_blockhash([*instructions, set_compute_unit_price(7)], signer.pubkey(), blockhash)
        raw = base64.b64encode(bytes(Transaction([signer], message, blockhash))).decode()
        return str(self.call("sendTransaction", raw, {"encoding": "base64", "skipPreflight": True}))


@contextmanager
def made() -> Iterator[History]:
    """The history, and the node that serves it."""
    with new_world(initialized=False) as world:
        chain = _Steady(world.chain)
        world.chain = chain
        walk(world)
        network = Network(world)
        first = _epoch(world) + 1
        for epoch in range(first, first + 2 * HOURS, 2):
            chain.warp(timestamp=GENESIS + (epoch - 1) * 3_600 + 1)
            _hour(network, epoch)
        failed = _failing(network, chain)
        world.end_of(first + 2 * HOURS)
        chain.warp(seconds=1)
        tip = int(chain.call("getSlot", {"commitment": "finalized"}))
        yield History(str(chain.http.base_url), tip, first + 2 * HOURS - 1, SCORED, failed)


def _epoch(world: World) -> int:
    return (world.chain.now() - GENESIS) // 3_600 + 1


def _hour(network: Network, epoch: int) -> None:
    """An hour of measurements, jobs, settlements, a sale, and the close of the oldest open epoch."""
    world, random = network.world, Random(epoch)  # noqa: S311 - a history of its own for each epoch
    world.prices(IO=200_000_000 + random.randrange(1_000_000))
    network.challenge(epoch, outcome=random.choice((1, 1, 0)))
    working = []
    for number, (node, hardware_class) in enumerate(network.nodes):
        job = world.open_job(network.user, id=10 * epoch + number, hardware_class=hardware_class, hours=1)
        world.start_job(job, node[1])
        working.append((job, node))
    world.chain.warp(seconds=3_600)
    for job, node in working:
        world.report_job(node, job)
    world.chain.warp(seconds=PARAMETERS.escrow.dispute_seconds)
    for job, node in working:
        world.settle_job(job, node)
    world.prices()
    world.sell_io(network.seller, random.randrange(1, 5) * IO)
    scores = [(node[1], random.randrange(1, 10_000), random.randrange(1, 100)) for node, _ in network.nodes]
    following = world.chain.account(state.Emission, addresses.emission()).closed_epoch + 1
    world.post_scores(following, *scores)
    world.finalize(following)
    world.close(following)


def _failing(network: Network, chain: _Steady) -> str:
    """A sale of IO that succeeds, in a transaction that then fails: its event was emitted, and never happened."""
    world, seller = network.world, network.seller
    world.prices()
    selling = burn.sell_io(
        seller=seller.pubkey(),
        io_mint=world.io_mint,
        seller_io=world.io(seller),
        seller_usd=world.usd(seller),
        io_max=IO,
        usd_min=0,
    )
    closed_before = emission.close_epochs(first=1, through=1)
    return chain.send_unseen([selling, closed_before], seller)


async def everything(connection: Connection | Pool) -> dict[str, str]:
    """A digest of every table and view of ours, and the cursor: equal in two databases that hold the same history.

    Left out are times of this machine's clock, and tables that tell of runs.
    """
    found = {**await store.digests(connection), "cursor": str(await store.cursor(connection))}
    tables = await connection.fetch(
        "SELECT format('%I.%I', n.nspname, c.relname) AS name, "
        "string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE n.nspname IN ('chain', 'indexer') AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition "
        "AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid <> 'timestamptz'::regtype "
        "AND n.nspname || '.' || c.relname || '.' || a.attname <> ALL($1) GROUP BY 1 ORDER BY 1",
        list(OF_BATCHES),
    )
    for table in tables:
        if table["name"] not in RUNS | PARTS:
            rows = f"SELECT {table['columns']} FROM {table['name']}"  # noqa: S608 - names of the catalogue, quoted
            digest = f"SELECT md5(string_agg(r::text, '\n' ORDER BY r::text)) FROM ({rows}) r"  # noqa: S608 - as above
            found[table["name"]] = str(await connection.fetchval(digest))
    return found


async def slots_read(connection: Connection | Pool) -> list[tuple[int, str, bytes]]:
    """Slot, hash and digest of each block that has something of ours, in order: the chain of digests."""
    rows = await connection.fetch("SELECT slot, blockhash, digest FROM chain.block ORDER BY slot")
    return [(row["slot"], row["blockhash"], row["digest"]) for row in rows]


@dataclass(frozen=True)
class Clean:
    """What a replay without any fault leaves."""

    everything: dict[str, str]
    slots: list[tuple[int, str, bytes]]

    async def check(self, pool: Pool) -> None:
        """The database holds exactly this."""
        assert await slots_read(pool) == self.slots
        assert await everything(pool) == self.everything

    async def check_beginning(self, pool: Pool, *, before: int) -> None:
        """The database holds a beginning of this, up to its cursor, which is before a slot."""
        cursor = await store.cursor(pool)
        reached = -1 if cursor is None else cursor.position.slot
        expected = [row for row in self.slots if row[0] <= reached]
        assert reached < before
        assert await slots_read(pool) == expected
        assert (cursor.digest if cursor else store.NO_DIGEST) == (expected[-1][2] if expected else store.NO_DIGEST)


async def replayed(real: History, databases: Databases) -> Clean:
    """What a replay of a history without any fault leaves."""
    async with databases.pool() as pool:
        await catch_up(pool, real.url)
        return Clean(await everything(pool), await slots_read(pool))
