"""A history of the network as raw blocks: what getBlock answers, in one file. `uv run python -m tests.bench.blocks`.

The first blocks are those in which a localnet initialised the programs. Then come hours, made of real transactions
(`templates`) with other people, amounts and times in them (`forms`): no two rows are alike, so primary keys, digests
and aggregates have all their work. In each hour

- half of the nodes work on jobs of four hours: each reports, and is settled (two events: the job's and its coupons');
  in a quarter of them a job ends and the next is opened and started, most of them by a few users;
- every node is measured once and has its score posted; each day it claims; some are delegated to;
- three members submit twelve prices each, every minute; IO is sold and burned; the epoch is finalized and closed;
- a quarter as many transactions as nodes are strangers' own, and one settlement in a hundred has failed.

Before the first hour all of them register and deposit their collateral. With 20,000 nodes, seven in ten events and
rows of the hour are of settlements, measurements and scores. Nothing is in the order of the people.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from client.network import CLASS_MULTIPLIERS_BP
from tests.bench.forms import Form, Numbers, address, texts
from tests.bench.templates import MEASURED, PRICED, SCORED, Templates, capture
from tests.programs.world import GENESIS

NODES: Final = 20_000
JOB_HOURS: Final = 4
FIRST_SLOT: Final = 1_000
SLOTS: Final = 9_000
"""In an hour."""
BLOCK_EVENTS: Final = 2_000
_INDEX: Final = "index.json"
_CLASSES: Final = {symbol: bp for symbol, bp in CLASS_MULTIPLIERS_BP.items() if symbol in ("H100", "4090", "3090")}


@dataclass(frozen=True)
class Entry:
    """One block in the file."""

    slot: int
    time: int
    offset: int
    length: int
    """Bytes, from the offset on."""


@dataclass(frozen=True)
class Totals:
    """What is in a history."""

    blocks: int = 0
    transactions: int = 0
    events: int = 0
    """`emit_cpi!` events."""
    records: int = 0
    """Rows of challenges and scores."""
    bytes: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(a + b for a, b in zip(asdict(self).values(), asdict(other).values(), strict=True)))


@dataclass(frozen=True)
class Some:
    """Transactions of one kind."""

    kind: str
    at: Numbers
    """Seconds from the hour's beginning; as a fraction of a second, which comes first."""
    people: dict[str, Numbers]
    """By whose: the number of each."""
    values: dict[str, Numbers]


@dataclass(frozen=True)
class Rendered:
    """Transactions in their order."""

    transactions: list[bytes]
    at: Numbers
    """Seconds from the hour's beginning."""
    forms: list[Form]


class History:
    """Makes the transactions of each hour."""

    def __init__(self, templates: Templates, nodes: int = NODES, seed: int = 5) -> None:
        self.templates = templates
        self.nodes = nodes
        self._random = np.random.default_rng(seed)
        self.forms = {kind: Form(kind, found, templates.people) for kind, found in templates.kinds.items()}
        self._rate = self._random.integers(400_000, 20_000_000, nodes)
        """Of each node's jobs, USD base units an hour."""
        self._class = self._random.integers(0, len(_CLASSES), nodes)
        self._processors = 2 ** self._random.integers(0, 4, nodes)

    def registrations(self) -> Iterator[Some]:
        """Everybody's, in the first minutes of the first hour."""
        everyone = np.arange(self.nodes)
        multiplier = np.array(list(_CLASSES.values()))[self._class]
        collateral = multiplier * 5_000_000 * self._processors
        symbols = np.array([symbol.encode() for symbol in _CLASSES], "S16")[self._class]
        values = {
            "ActorRegistered.class": symbols,
            "ActorRegistered.multiplier_bp": multiplier,
            "ActorRegistered.processors": self._processors,
            "ActorRegistered.collateral_required": collateral,
            "CollateralDeposited.amount": collateral,
            "CollateralDeposited.collateral": collateral,
        }
        yield self._some("register_node", (0, 60), {"node": everyone}, values)
        yield self._some("register_user", (0, 60), {"user": np.arange(self._users)}, {})
        yield self._some("deposit_collateral", (60, 120), {"node": everyone}, values)

    def hour(self, hour: int) -> Iterator[Some]:
        """Everything that happens in the hour of an epoch, the first is 1; by kind."""
        yield from self._jobs(hour)
        yield from self._stake(hour)
        yield from self._offices(hour)
        yield self._some("transfer", (120, 3_600), {"user": self._any_user(self.nodes // 4)}, {})

    @property
    def _users(self) -> int:
        return max(1, self.nodes // 4)

    def _any_user(self, count: int) -> Numbers:
        # A tenth of the users has half of the jobs.
        return (self._users * self._random.random(count) ** 3).astype(np.int64)

    def _user_of(self, job: Numbers) -> Numbers:
        fraction = address("user of a job", job).view("<u4")[:, 0] / 2**32
        return (self._users * fraction**3).astype(np.int64)

    def _jobs(self, hour: int) -> Iterator[Some]:
        node = np.arange(0, self.nodes, 2)
        turn = hour + node // 2 % JOB_HOURS
        job = turn // JOB_HOURS * self.nodes + node
        first = np.maximum(1, turn // JOB_HOURS * JOB_HOURS - node // 2 % JOB_HOURS)
        user, rate, worked = self._user_of(job), self._rate[node], hour - first
        people = {"node": node, "job": job, "user": user}
        begins, ends = first == hour, (turn + 1) % JOB_HOURS == 0
        gross = rate + self._random.integers(0, 1_000, len(node))
        fee, dollars = gross // 20, gross * 6 // 10
        coupons = gross - dollars
        bonus = coupons // 4
        values = {
            "JobOpened.id": job,
            "JobOpened.deposit": rate * (JOB_HOURS + 1),
            "JobOpened.rate_per_hour": rate,
            "JobOpened.hours": np.full_like(job, JOB_HOURS),
            "JobSettled.gross": gross,
            "JobSettled.dollars": dollars,
            "JobSettled.burn": gross - dollars - fee,
            "JobSettled.fee_burn": fee // 2,
            "JobSettled.fee_incentives": fee - fee // 2,
            "JobSettled.coupons_base": coupons,
            "JobSettled.coupons_bonus": bonus,
            "JobSettled.from_second": worked * 3_600,
            "JobSettled.to_second": (worked + 1) * 3_600,
            "JobSettled.period": worked,
            "CouponsCredited.base": coupons,
            "CouponsCredited.bonus": bonus,
            "CouponsCredited.total_coupons": np.cumsum(coupons + bonus),
            "CouponsCredited.epoch": np.full_like(job, hour),
            "JobFinished.deposit": rate * (JOB_HOURS + 1),
            "JobFinished.settled": rate * (worked + 1),
            "JobFinished.refund": rate * (JOB_HOURS - worked),
            "JobFinished.worked_seconds": (worked + 1) * 3_600,
        }
        yield self._some("open_job", (120, 240), people, values, begins)
        yield self._some("start_job", (240, 360), people, values, begins)
        yield self._some("report_job", (360, 3_400), people, values)
        yield self._some("settle_job", (600, 3_400), people, values)
        yield self._some("failed", (600, 3_400), people, values, self._random.random(len(node)) < 0.01)
        yield self._some("finish_job", (3_400, 3_600), people, values, ends)

    def _stake(self, hour: int) -> Iterator[Some]:
        claiming = np.flatnonzero((np.arange(self.nodes) + hour) % 24 == 0)
        closed = {"Claimed.closed_epoch": np.full(len(claiming), hour - 1)}
        yield self._some("claim", (300, 3_600), {"node": claiming}, closed)
        node = self._random.integers(0, self.nodes, self.nodes // 100)
        amount = self._random.integers(10**8, 10**12, len(node))
        staked = {"Delegated.amount": amount, "Delegated.stake": 3 * amount}
        yield self._some("delegate", (120, 3_600), {"node": node, "staker": node + hour * self.nodes}, staked)
        seller = self._random.integers(0, self.nodes, self.nodes // 200)
        yield self._some("sell_io", (120, 3_600), {"seller": seller}, {})

    def _offices(self, hour: int) -> Iterator[Some]:
        """What the committee does."""
        for member in range(3):
            price = self._random.integers(10**8, 10**10, (60, len(PRICED)))
            prices = {
                "PriceSubmitted.symbol": np.tile(np.array([s.encode() for s in PRICED], "S16"), (60, 1)),
                "PriceSubmitted.submitted_nano_usd": price,
                "PriceSubmitted.price_nano_usd": price,
            }
            yield self._some(f"submit_price {member}", (0, 3_600), {}, prices)
        yield from self.measurements(hour)
        if hour > 1:
            nodes = _groups(self._random.permutation(self.nodes), SCORED)
            scored = {
                "Score.points": self._random.integers(0, 10_000, (len(nodes), SCORED)),
                "Score.reputation": self._random.integers(0, 1_000, (len(nodes), SCORED)),
                "post_scores.epoch": np.full(len(nodes), hour - 1),
            }
            yield self._some("post_scores", (10, 200), _of_each(nodes), scored)
            before = np.array([hour - 1])
            yield self._some("finalize_scores", (201, 202), {}, {"ScoresFinalized.epoch": before})
            yield self._some(
                "close_epochs", (203, 204), {}, {"EpochsClosed.first": before, "EpochsClosed.last": before}
            )

    def measurements(self, hour: int) -> Iterator[Some]:
        """One of every node."""
        challenge = {"challenge": np.array([hour])}
        said = {"commit_challenge.epoch": np.array([hour]), "commit_challenge.round": np.array([1])}
        yield self._some("commit_challenge", (120, 130), challenge, said)
        nodes = _groups(self._random.permutation(self.nodes), MEASURED)
        shape = (len(nodes), MEASURED)
        measured = {
            f"Measurement.{what}": self._random.integers(1_000, 100_000, shape)
            for what in ("bandwidth", "memory", "clock", "compute", "latency")
        }
        people = {**_of_each(nodes), "challenge": np.full(len(nodes), hour)}
        yield self._some("record_challenges", (200, 3_400), people, measured)

    def _some(
        self,
        kind: str,
        when: tuple[int, int],
        people: dict[str, Numbers],
        values: dict[str, Numbers],
        chosen: Numbers | None = None,
    ) -> Some:
        """Transactions at any seconds of the hour within `when`; of those people who are `chosen`."""
        if chosen is not None:
            people = {whose: numbers[chosen] for whose, numbers in people.items()}
            values = {name: numbers[chosen] for name, numbers in values.items()}
        sizes = {len(numbers) for numbers in (*people.values(), *values.values())}
        (size,) = sizes
        return Some(kind, self._random.uniform(*when, size), people, values)

    def rendered(self, hour: int) -> Rendered:
        """The transactions of an hour in their order, as JSON."""
        begin = GENESIS + (hour - 1) * 3_600
        transactions: list[bytes] = []
        at: list[Numbers] = []
        forms: list[Form] = []
        for some in (*(self.registrations() if hour == 1 else ()), *self.hour(hour)):
            form, size = self.forms[some.kind], len(some.at)
            people = some.people | {whose: np.zeros(size, np.int64) for whose in form.whose - some.people.keys()}
            table = form.copies(self._random, size, people, {**some.values, "at": begin + some.at.astype(np.int64)})
            transactions += [row.tobytes() for row in table]
            at.append(some.at)
            forms += [form] * size
        order = np.argsort(np.concatenate(at), kind="stable")
        return Rendered([transactions[place] for place in order], np.concatenate(at)[order], [forms[p] for p in order])


def _groups(numbers: Numbers, size: int) -> Numbers:
    """In rows of `size`; the last is filled up with the first ones."""
    rows = -(-len(numbers) // size)
    return np.resize(numbers, (rows, size))


def _of_each(nodes: Numbers) -> dict[str, Numbers]:
    """The nodes of each transaction, a row each, as those who take part in it."""
    return {f"node {place}" if place else "node": nodes[:, place] for place in range(nodes.shape[1])}


@dataclass(frozen=True)
class Written:
    """A history in a folder."""

    folder: Path
    genesis_hash: str
    seconds: float
    """That it took to make."""
    totals: Totals
    kinds: dict[str, int]
    """Transactions by kind."""
    entries: list[Entry]

    @property
    def path(self) -> Path:
        """The blocks: each the `result` of a getBlock, one to a line."""
        return self.folder / "blocks.json"

    def blocks(self, most: int | None = None) -> Iterator[tuple[int, bytes]]:
        """The first blocks with their slots; all without `most`."""
        with self.path.open("rb") as file:
            for entry in self.entries[:most]:
                file.seek(entry.offset)
                yield entry.slot, file.read(entry.length)


def load(folder: Path) -> Written:
    """What was written into a folder."""
    found = json.loads((folder / _INDEX).read_text())
    del found["asked"]
    entries = [Entry(*entry) for entry in found.pop("entries")]
    return Written(folder, entries=entries, totals=Totals(*found.pop("totals")), **found)


def write(folder: Path, events: int, *, nodes: int = NODES, seed: int = 5) -> Written:
    """Makes whole hours until there are so many events and records; the same in the folder already is used again."""
    index = folder / _INDEX
    asked = {"events": events, "nodes": nodes, "seed": seed}
    if index.exists() and json.loads(index.read_text())["asked"] == asked:
        return load(folder)
    folder.mkdir(parents=True, exist_ok=True)
    index.unlink(missing_ok=True)
    began = time.monotonic()
    history = History(capture(), nodes, seed)
    writer = Writer(history)
    return save(folder, writer, writer.blocks(events), asked, began)


def save(folder: Path, writer: Writer, blocks: Iterator[bytes], asked: dict[str, int], began: float) -> Written:
    """Puts blocks into a folder, and beside them what `load` needs."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "blocks.json").open("wb") as file:
        for text in blocks:
            file.write(text)
    written = Written(
        folder,
        writer.genesis_hash,
        time.monotonic() - began,
        writer.totals,
        writer.kinds,
        writer.entries,
    )
    said = {
        "asked": asked,
        "genesis_hash": written.genesis_hash,
        "seconds": written.seconds,
        "totals": list(asdict(written.totals).values()),
        "kinds": written.kinds,
        "entries": [[e.slot, e.time, e.offset, e.length] for e in written.entries],
    }
    (folder / _INDEX).write_text(json.dumps(said))
    return written


class Writer:
    """Puts transactions into blocks, each after the one before."""

    def __init__(self, history: History) -> None:
        self.entries: list[Entry] = []
        self.totals = Totals()
        self.kinds: dict[str, int] = {}
        self.genesis_hash = history.templates.genesis_hash
        self._history = history
        self._last = ("1" * 32, 0)

    def blocks(self, events: int) -> Iterator[bytes]:
        """The text of each block: those of the initialisation, and whole hours until there is enough."""
        yield from self.setup()
        hour = 0
        while self.totals.events + self.totals.records < events:
            hour += 1
            yield from self.hour(hour)

    def setup(self) -> Iterator[bytes]:
        """The blocks in which the programs were initialised."""
        for block in self._history.templates.setup:
            transactions = [json.dumps(found, separators=(",", ":")).encode() for found in block["transactions"]]
            self._count([Form("setup", found, {}) for found in block["transactions"]])
            yield self._block(block["slot"], block["blockTime"], transactions, block["blockhash"])

    def empty(self, slot: int, block_time: int) -> bytes:
        """A block of nothing."""
        return self._block(slot, block_time, [], _blockhash(slot))

    def hour(self, hour: int) -> Iterator[bytes]:
        """The blocks of an hour."""
        made = self._history.rendered(hour)
        transactions, at = made.transactions, made.at
        events = np.array([form.events + form.records for form in made.forms])
        number = (np.cumsum(events) - events) // BLOCK_EVENTS
        starts = np.flatnonzero(np.diff(number, prepend=-1))
        slot = FIRST_SLOT + (hour - 1) * SLOTS
        for start, end in zip(starts, [*starts[1:], len(transactions)], strict=True):
            slot = max(slot + 1, FIRST_SLOT + (hour - 1) * SLOTS + int(at[start] * SLOTS / 3_600))
            begin = GENESIS + (hour - 1) * 3_600
            self._count(made.forms[start:end])
            yield self._block(slot, begin + int(at[start]), transactions[start:end], _blockhash(slot))

    def _count(self, forms: list[Form]) -> None:
        self.totals += Totals(events=sum(form.events for form in forms), records=sum(form.records for form in forms))
        self.kinds.update(Counter(self.kinds) + Counter(form.name for form in forms))

    def _block(self, slot: int, block_time: int, transactions: list[bytes], blockhash: str) -> bytes:
        parent_hash, parent = self._last
        self._last = (blockhash, slot)
        head = (
            f'{{"blockHeight":{len(self.entries)},"blockTime":{block_time},"blockhash":"{blockhash}",'
            f'"parentSlot":{parent},"previousBlockhash":"{parent_hash}","transactions":['
        )
        text = head.encode() + b",".join(transactions) + b"]}"
        self.entries.append(Entry(slot, block_time, self.totals.bytes, len(text)))
        self.totals += Totals(blocks=1, transactions=len(transactions), bytes=len(text) + 1)
        return text + b"\n"


def _blockhash(slot: int) -> str:
    return texts(address("block", np.array([slot]))).tobytes().decode()


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes a history of the network as raw blocks.")
    parser.add_argument("folder", type=Path, help="where to put it")
    parser.add_argument("--events", type=int, default=1_000_000, help="how many, at least (default 1,000,000)")
    parser.add_argument("--nodes", type=int, default=NODES, help=f"of the network (default {NODES:,})")
    options = parser.parse_args()
    made = write(options.folder, options.events, nodes=options.nodes)
    totals = made.totals
    print(
        f"{totals.events:,} events and {totals.records:,} rows of records in {totals.transactions:,} transactions of "
        f"{totals.blocks:,} blocks, {totals.bytes / 1e6:,.0f} MB; made in {made.seconds:.1f} s"
    )
    for kind, number in sorted(made.kinds.items(), key=lambda item: -item[1]):
        print(f"{number:12,} {kind}")


if __name__ == "__main__":
    main()
