"""An hour of a million nodes, from the database to signed transactions: `uv run python -m tests.bench.hour`.

Nodes, their collateral and their measurements are stored as the replay stores them, two hours of them, in an embedded
PostgreSQL. Then, for the second hour: its facts are loaded, scored, digested and kept, and every transaction that posts
its scores is built and signed by two members. Peak memory is of this process, with the filling.
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
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message
from solders.transaction import Transaction

from client.economics import SECONDS_PER_HOUR, collateral
from client.network import CLASS_MULTIPLIERS_BP
from client.sending import compose
from indexer import columns, db, posting, scores, scoring, store, tables
from indexer.decode import BlockHead, Decoded
from indexer.queries import sql
from indexer.scoring import REFERENCES, Scores

if TYPE_CHECKING:
    from indexer.db import Pool

GENESIS: Final = 1_800_000_000
"""Unix seconds."""
HOURS: Final = 2
BATCH: Final = 50_000
"""Nodes whose rows are stored together, in a block of their own."""
CHALLENGED: Final = 1_000
"""Nodes of one challenge."""
SIGNERS: Final = 2
COMPUTE_UNITS: Final = 200_000
"""Of a posting transaction; what it says does not change its size."""

_NODES: Final = "node", "owner", "earner"


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


class Network:
    """So many nodes, and the blocks in which they appear and are measured."""

    def __init__(self, nodes: int) -> None:
        self._random = np.random.default_rng(nodes)
        self.addresses = {what: self._addresses(nodes) for what in _NODES}
        names = sorted(REFERENCES)
        self._classes = [names[n] for n in self._random.integers(0, len(names), nodes)]

    def _addresses(self, count: int) -> np.ndarray[Any, np.dtype[Any]]:
        return np.frombuffer(self._random.bytes(32 * count), "V32")

    def blocks(self) -> Iterator[Decoded]:
        """Registration, and two hours of measurements, in order."""
        slot = 1
        genesis = rows("emission_initialized", 1, slot)
        genesis["genesis"] = GENESIS
        yield block(slot, GENESIS - SECONDS_PER_HOUR, {"emission_initialized": genesis})
        parts = [slice(start, start + BATCH) for start in range(0, len(self._classes), BATCH)]
        for part in parts:
            slot += 1
            yield block(slot, GENESIS - 1, self._registered(part, slot))
        for hour in range(HOURS):
            for part in parts:
                slot += 1
                yield block(slot, GENESIS + hour * SECONDS_PER_HOUR, self._measured(part, slot, hour + 1))
        slot += 1
        yield block(slot, GENESIS + HOURS * SECONDS_PER_HOUR, {})

    def _registered(self, part: slice, slot: int) -> dict[str, tables.Columns]:
        classes = self._classes[part]
        multipliers = np.array([CLASS_MULTIPLIERS_BP[name] for name in classes])
        required = np.array([collateral(CLASS_MULTIPLIERS_BP[name], 1) for name in classes])
        registered = rows("actor_registered", len(classes), slot)
        registered["actor"], registered["authority"] = self.addresses["node"][part], self.addresses["owner"][part]
        registered["class"] = np.array([name.encode() for name in classes], "S16").view("V16")
        registered["collateral_required"], registered["multiplier_bp"] = required, multipliers
        registered["processors"] = registered["kind"] = 1
        deposited = rows("collateral_deposited", len(classes), slot)
        deposited["actor"], deposited["depositor"] = self.addresses["node"][part], self.addresses["owner"][part]
        deposited["amount"] = deposited["collateral"] = required
        created = rows("earner_created", len(classes), slot)
        created["earner"], created["actor"] = self.addresses["earner"][part], self.addresses["node"][part]
        return {"actor_registered": registered, "collateral_deposited": deposited, "earner_created": created}

    def _measured(self, part: slice, slot: int, epoch: int) -> dict[str, tables.Columns]:
        nodes = self.addresses["node"][part]
        challenges = self._addresses(-(-len(nodes) // CHALLENGED))
        committed = rows("challenge_committed", len(challenges), slot)
        committed["challenge"], committed["epoch"] = challenges, epoch
        committed["verifier"] = self.addresses["owner"][0]
        recorded = rows("challenge_recorded", len(nodes), slot)
        recorded["challenge"] = np.repeat(challenges, CHALLENGED)[: len(nodes)]
        recorded["verifier"], recorded["node"] = self.addresses["owner"][0], nodes
        for name in ("bandwidth", "memory", "clock", "compute"):
            expected = np.array([getattr(REFERENCES[of], name) for of in self._classes[part]])
            recorded[name] = expected * self._random.integers(80, 120, len(nodes)) // 100
        recorded["latency"], recorded["outcome"] = 20_000, self._random.integers(0, 50, len(nodes)) > 0
        return {"challenge_committed": committed, "challenge_recorded": recorded}


def rows(table: str, count: int, slot: int) -> tables.Columns:
    """Rows of a table in one slot, each in a transaction of its own, otherwise zeros."""
    found = np.zeros(count, tables.tables()[table].dtype)
    found["slot"], found["tx_index"] = slot, np.arange(count)
    return found


def block(slot: int, at: int, found: dict[str, tables.Columns]) -> Decoded:
    """A block with these rows."""
    content = sha256(b"%d" % slot).digest() if found else b""
    return Decoded(columns=found, blocks=[BlockHead(slot, at, f"block {slot}", content)])


async def fill(pool: "Pool", network: Network) -> None:
    """Stores all of it as the replay does, aggregates and cursor included."""
    async with pool.acquire() as connection:
        cursor = None
        for decoded in network.blocks():
            cursor = await store.save(connection, decoded, cursor, "bench")


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


async def run(url: str, nodes: int) -> None:
    """Everything, with what it took."""
    pool = await db.connect(url)
    watch = Watch()
    try:
        with watch.over("fill"):
            await fill(pool, Network(nodes))
        with watch.over("the hour before"):
            await scores.computed(pool, HOURS - 1)
        found = await score(pool, HOURS, watch)
        transactions = await post(pool, HOURS, found, watch)
    finally:
        await pool.close()
    assert Transaction.from_bytes(transactions[-1]).verify_with_results() == [True] * SIGNERS
    hour = sum(watch.seconds[stage] for stage in ("load", "score", "digest", "keep", "build", "sign"))
    rewarded = int(np.count_nonzero(found.rows["points"]))
    print(
        f"{len(found):,} scores, {rewarded:,} with points, in {len(transactions):,} signed transactions: {hour:.1f} s"
    )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1_000_000, help="how many (default 1,000,000)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, db.embedded_postgres(Path(folder) / "pg") as url:
        asyncio.run(run(url, options.nodes))


if __name__ == "__main__":
    main()
