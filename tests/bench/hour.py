"""An hour of a million nodes, from raw blocks to signed transactions: `uv run python -m tests.bench.hour`.

A node serves two hours in which every one of them is measured; the network and its collateral are stored before as the
replay stores them. Then, for the second hour: its blocks are replayed, its facts loaded, scored, digested and kept, and
every transaction that posts its scores is built and signed by two members.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from multiprocessing import Process
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message
from solders.transaction import Transaction

from client.economics import SECONDS_PER_HOUR, collateral
from client.network import CLASS_MULTIPLIERS_BP
from client.sending import compose
from indexer import scoring
from indexer.acting import posting, scores
from indexer.database import columns, db
from indexer.database.queries import sql
from indexer.decoding import tables
from indexer.decoding.decode import BlockHead, Decoded
from indexer.node.rpc import open_rpc
from indexer.scoring import REFERENCES, Scores
from indexer.storing import store
from indexer.storing.replay import catch_up
from tests.bench.blocks import FIRST_SLOT, SLOTS, History, Some, Writer, Written, load, save
from tests.bench.forms import address
from tests.bench.node import serving
from tests.bench.templates import capture
from tests.programs.world import GENESIS

if TYPE_CHECKING:
    from indexer.database.db import Pool

HOURS: Final = 2
BATCH: Final = 50_000
"""Nodes whose rows are stored together, in a block of their own."""
REGISTERED: Final = FIRST_SLOT - 100
"""The slot of an empty block, before which everybody is registered."""
SIGNERS: Final = 2
COMPUTE_UNITS: Final = 200_000
"""Of a posting transaction; what it says does not change its size."""


@dataclass
class Watch:
    """What each stage took."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def over(self, stage: str) -> Iterator[None]:
        """Times what happens in it."""
        began, computed = time.perf_counter(), time.process_time()
        yield
        self.seconds[stage] = time.perf_counter() - began
        own = time.process_time() - computed
        print(f"{stage:24} {self.seconds[stage]:8.2f} s, of which {own:6.2f} s in this process", flush=True)


class Measured(History):
    """A network in which nothing happens but measurements."""

    def registrations(self) -> Iterator[Some]:
        """They are stored without blocks: see `registered`."""
        yield from ()

    def hour(self, hour: int) -> Iterator[Some]:
        """One measurement of every node."""
        yield from self.measurements(hour)


def make(folder: Path, nodes: int) -> None:
    """Writes the blocks: initialisation, an empty one that follows the registrations, each hour and one at its end."""
    writer = Writer(Measured(capture(), nodes))

    def texts() -> Iterator[bytes]:
        yield from writer.setup()
        yield writer.empty(REGISTERED, GENESIS - 1)
        for hour in range(1, HOURS + 1):
            yield from writer.hour(hour)
            yield writer.empty(FIRST_SLOT + hour * SLOTS, GENESIS + hour * SECONDS_PER_HOUR)

    save(folder, writer, texts(), {"nodes": nodes}, time.monotonic())


def registered(nodes: int) -> Iterator[Decoded]:
    """Every node with its collateral, as if from the blocks before `REGISTERED`."""
    names, random = sorted(REFERENCES), np.random.default_rng(nodes)
    parts = [np.arange(start, min(start + BATCH, nodes)) for start in range(0, nodes, BATCH)]
    for slot, part in enumerate(parts, REGISTERED - len(parts)):
        classes = [names[n] for n in random.integers(0, len(names), len(part))]
        actors, earners, owners = (
            address(f"{what} of a node", part).view("V32")[:, 0] for what in ("actor", "earner", "wallet")
        )
        required = np.array([collateral(CLASS_MULTIPLIERS_BP[name], 1) for name in classes])
        actor = rows("actor_registered", len(part), slot)
        actor["actor"], actor["authority"] = actors, owners
        actor["class"] = np.array([name.encode() for name in classes], "S16").view("V16")
        actor["multiplier_bp"] = [CLASS_MULTIPLIERS_BP[name] for name in classes]
        actor["collateral_required"], actor["processors"], actor["kind"] = required, 1, 1
        deposited = rows("collateral_deposited", len(part), slot)
        deposited["actor"], deposited["depositor"] = actors, owners
        deposited["amount"] = deposited["collateral"] = required
        created = rows("earner_created", len(part), slot)
        created["earner"], created["actor"] = earners, actors
        yield block(slot, {"actor_registered": actor, "collateral_deposited": deposited, "earner_created": created})


def rows(table: str, count: int, slot: int) -> tables.Columns:
    """Rows of a table in one slot, each in a transaction of its own, otherwise zeros."""
    found = np.zeros(count, tables.tables()[table].dtype)
    found["slot"], found["tx_index"] = slot, np.arange(count)
    return found


def block(slot: int, found: dict[str, tables.Columns], blockhash: str = "") -> Decoded:
    """A block with these rows."""
    content = sha256(b"%d" % slot).digest() if found else b""
    return Decoded(columns=found, blocks=[BlockHead(slot, GENESIS - 1, blockhash, content)])


async def fill(pool: "Pool", node: str, nodes: int, history: Written) -> None:
    """Everything up to `REGISTERED`, read from the node or stored as the replay does: aggregates and cursor too."""
    await catch_up(pool, node, until_slot=REGISTERED - 1)
    async with pool.acquire() as connection:
        cursor = await store.cursor(connection)
        for decoded in registered(nodes):
            cursor = await store.save(connection, decoded, cursor, history.genesis_hash)
        async with open_rpc(node) as rpc:
            last = block(REGISTERED, {}, (await rpc.block(REGISTERED)).blockhash)
        await store.save(connection, last, cursor, history.genesis_hash)


async def score(pool: "Pool", epoch: int, watch: Watch) -> Scores:
    """Scores an epoch of which the one before is kept, as `scores.computed` does; its scores."""
    async with pool.acquire() as connection, connection.transaction():
        end = await scores.end_of(connection, epoch)
        with watch.over("load"):
            before = await scores.last_kept(connection)
            until = await connection.fetchval(sql("epoch_until_slot"), end)
            facts = await scores.facts(connection, epoch, until)
        with watch.over("score"):
            found = scoring.score(facts, before.scores)
        with watch.over("digest"):
            digest = scoring.digest(found)
        with watch.over("keep"):
            await scores.keep(connection, scores.EpochScores(epoch, until, found, digest), before.scores)
            await scores.stand(connection, found)
    return found


async def post(pool: "Pool", epoch: int, found: Scores, watch: Watch) -> list[bytes]:
    """Builds and signs what posts all of the scores; the transactions' bytes."""
    signers = [Keypair.from_seed(sha256(b"member %d" % number).digest()) for number in range(SIGNERS)]
    public = [key.pubkey() for key in signers]
    with watch.over("build"):
        async with pool.acquire() as connection:
            earners = await columns.fetch(connection, posting.EARNERS, sql("earners"))
        size = posting.batch_size(public)
        instructions = list(posting.postings(public, epoch, posting.wanted(found, earners), size))
    with watch.over("sign"):
        return [signed(compose([one], public[0], Hash.default(), COMPUTE_UNITS), signers) for one in instructions]


def signed(message: Message, signers: Sequence[Keypair]) -> bytes:
    """A transaction as it is sent; its first keys are the signers'. Twice as fast as the constructor with keys."""
    raw = bytes(message)
    return bytes(Transaction.populate(message, [key.sign_message(raw) for key in signers]))


async def run(url: str, node: str, nodes: int, history: Written) -> None:
    """Everything, with what it took."""
    pool = await db.connect(url)
    watch = Watch()
    try:
        with watch.over("network"):
            await fill(pool, node, nodes, history)
        with watch.over("the hour before"):
            await catch_up(pool, node, until_slot=FIRST_SLOT + (HOURS - 1) * SLOTS)
            await scores.computed(pool, HOURS - 1)
        with watch.over("replay"):
            stats = await catch_up(pool, node)
        found = await score(pool, HOURS, watch)
        transactions = await post(pool, HOURS, found, watch)
    finally:
        await pool.close()
    assert Transaction.from_bytes(transactions[-1]).verify_with_results() == [True] * SIGNERS
    hour = sum(watch.seconds[stage] for stage in ("replay", "load", "score", "digest", "keep", "build", "sign"))
    rewarded = int(np.count_nonzero(found.rows["points"]))
    print(f"{stats.events:,} events and records replayed; {len(found):,} scores, {rewarded:,} with points")
    print(f"in {len(transactions):,} signed transactions: {hour:.1f} s")
    own, readers = (
        resource.getrusage(who).ru_maxrss / 2**20 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(f"peak memory {own:.2f} GiB, and {readers:.2f} GiB of the largest process beside it")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1_000_000, help="how many (default 1,000,000)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        history = Path(folder) / "history"
        # In a process of its own, whose memory is not the indexer's.
        making = Process(target=make, args=(history, options.nodes))
        making.start()
        making.join()
        with serving(history) as node, db.embedded_postgres(Path(folder) / "pg") as url:
            asyncio.run(run(url, node, options.nodes, load(history)))


if __name__ == "__main__":
    main()
