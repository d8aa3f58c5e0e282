"""What is not final yet: it is always what the node shows now, and nothing of it ever gets into the history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import based58
import pytest

from indexer.decoding import tables
from indexer.errors import ChainMismatch
from indexer.node.rpc import Rpc, open_rpc
from indexer.storing import store, tail
from indexer.storing.replay import catch_up
from tests.databases import Databases
from tests.faults import history, lies
from tests.faults.history import History
from tests.faults.proxy import Asked, Fault, Node, Reply
from tests.integration.test_indexer_cli import Command
from tests.programs.world import new_world

if TYPE_CHECKING:
    from indexer.database.db import Pool

DEEPEST = 31
"""Blocks that Solana can revert."""


@pytest.fixture(scope="module")
def real() -> Iterator[History]:
    """A chain that stands still, of which a proxy shows some slots as not final."""
    with history.made() as made:
        yield made


async def slots_of(real: History) -> list[int]:
    """Every slot with a block."""
    async with open_rpc(real.url) as rpc:
        return await rpc.blocks(0, real.tip)


def view(final: int, tip: int, since: int | None = None, name: str = "") -> list[Fault]:
    """The chain up to the slot `tip`, final up to `final`; from the slot `since` on it is another one."""
    other = [] if since is None else [lies.fork(since, name)]
    return [*other, lies.confirmed_until(tip), lies.final_until(final)]


async def tail_of(pool: Pool) -> list[tuple[Any, ...]]:
    """All that the tail holds."""
    blocks = await pool.fetch("SELECT * FROM tail.block ORDER BY slot")
    events = await pool.fetch("SELECT * FROM tail.event ORDER BY slot, tx_index, path, item, name")
    return [tuple(row) for row in (*blocks, *events)]


async def read_anew(pool: Pool, rpc: Rpc) -> list[tuple[Any, ...]]:
    """What a look gives that remembers none before."""
    await pool.execute("TRUNCATE tail.block, tail.event")
    await tail.follow(pool, rpc)
    return await tail_of(pool)


async def test_forks_of_every_depth_are_followed(real: History, databases: Databases) -> None:
    """One to thirty-one blocks deep, to another fork and back: the tail is what the node shows, the history unmoved."""
    slots = await slots_of(real)
    base, tip = slots[-DEEPEST - 5], slots[-1]
    node = Node(real.url, view(base, tip))
    async with databases.pool() as pool, databases.pool() as other, node.serving() as url, open_rpc(url) as rpc:
        for each in (pool, other):
            await catch_up(each, url)
        before = await history.everything(pool)
        straight = await read_anew(other, rpc)
        assert sum(len(row) == 5 for row in straight) == DEEPEST + 4
        assert len(straight) > 2 * DEEPEST
        for depth in range(1, DEEPEST + 1):
            node.faults = view(base, tip, slots[-depth], f"fork {depth}")
            followed = await tail.follow(pool, rpc)
            assert followed is not None
            assert followed.reverted == (0 if depth == 1 else depth)
            found = await tail_of(pool)
            assert found == await read_anew(other, rpc)
            assert found != straight
            if depth % 3 == 0:
                node.faults = view(base, tip)
                await tail.follow(pool, rpc)
                assert await tail_of(pool) == straight
            if depth % 10 == 0:
                await catch_up(pool, url)
        assert await history.everything(pool) == before


async def test_any_walk_of_the_node_is_followed(real: History, databases: Databases) -> None:
    """Forks, shorter chains and finality in any order: the tail as if read anew, the history that of the real chain."""
    slots = await slots_of(real)
    random = Random(31)  # noqa: S311 - for places, not secrets
    final, node = len(slots) // 2, Node(real.url)
    async with databases.pool() as pool, databases.pool() as other, node.serving() as url, open_rpc(url) as rpc:
        for step in range(40):
            final = min(final + random.choice((0, 0, 1, 4)), len(slots) - 2)
            tip = random.randrange(final, min(final + DEEPEST + 5, len(slots)))
            forked = random.randrange(final + 1, tip + 1) if random.random() < 0.6 and tip > final else None
            since = None if forked is None else slots[forked]
            node.faults = view(slots[final], slots[tip], since, f"fork {since} {random.randrange(2)}")
            if step == 0 or random.random() < 0.5:
                await catch_up(pool, url)
            await tail.follow(pool, rpc)
            reached = await store.cursor(pool)
            assert reached is not None
            await catch_up(other, real.url, until_slot=reached.position.slot)
            assert await tail_of(pool) == await read_anew(other, rpc), step
        assert await history.everything(pool) == await history.everything(other)


async def test_a_node_that_changes_its_mind_while_it_is_asked(real: History, databases: Databases) -> None:
    """Answers of two forks mixed never make one tail: it is of one of them, or as it was."""
    slots = await slots_of(real)
    base, tip = slots[-12], slots[-1]
    forks = [view(base, tip, slots[-place], f"fork {place}") for place in (4, 9)]
    node = Node(real.url)
    async with databases.pool() as pool, databases.pool() as other, node.serving() as url, open_rpc(url) as rpc:
        shown = []
        for faults in forks:
            node.faults = faults
            await catch_up(other, url)
            shown.append(await read_anew(other, rpc))
        await catch_up(pool, url)
        settled = 0
        for seed in range(12):
            random = Random(seed)  # noqa: S311 - repeated by its seed

            async def mixed(asked: Asked, reply: Reply, _: Random, random: Random = random) -> None:
                for fault in forks[random.random() < 0.1]:
                    await fault(asked, reply, _)

            node.faults = [mixed]
            with suppress(ChainMismatch):
                await tail.follow(pool, rpc)
                settled += 1
            assert await tail_of(pool) in ([], *shown)
        assert settled


async def test_it_says_what_the_history_will_say(real: History, databases: Databases) -> None:
    """Every row to come is shown before, exact, and nothing of it as text that a stranger wrote."""
    slots = await slots_of(real)
    async with databases.pool() as pool:
        node = Node(real.url)
        async with node.serving() as url, open_rpc(url) as rpc:
            assert await tail.follow(pool, rpc) is None
            node.faults = view(slots[1], slots[len(slots) // 2])
            await catch_up(pool, url)
            assert await store.io_mint(pool) is None
            await tail.follow(pool, rpc)
            # The mint of IO is known by the tail alone now.
            node.faults = view(slots[1], slots[-1])
            await tail.follow(pool, rpc)
            events = await pool.fetch("SELECT * FROM tail.event")
            newest = await tail.events(pool, 10)
            assert [one.slot for one in newest] == sorted(one.slot for one in newest)
            assert newest[-1].slot == max(row["slot"] for row in events)
        shown = {
            (row["name"], row["slot"], row["tx_index"], row["path"], row["item"]): one.fields
            for row, one in zip(
                await pool.fetch("SELECT * FROM tail.event ORDER BY slot, tx_index, path, item, name"),
                await tail.events(pool, len(events)),
                strict=True,
            )
        }
        async with open_rpc(real.url) as rpc:
            await catch_up(pool, real.url)
            await tail.follow(pool, rpc)
        assert await tail_of(pool) == []
        counted: Counter[str] = Counter()
        for table in tables.tables().values():
            if table.name == "transaction":
                continue
            for row in await pool.fetch(f"SELECT * FROM chain.{table.name} WHERE slot > $1", slots[1]):  # noqa: S608 - our own names
                values = dict(row)
                place = [values.pop(name) for name in ("slot", "tx_index", "path")]
                fields = shown.pop((table.name, *place, values.pop("item", 0)))
                assert set(fields) == set(values)
                for name, value in values.items():
                    assert says(fields[name], value), (table.name, name, fields[name], value)
                counted[table.name] += 1
        assert shown == {}
        assert counted["io_supply_changed"] > 3
        assert len(counted) > 40


def says(shown: Any, value: Any) -> bool:
    """Whether a value of JSON is this one of the database."""
    if isinstance(value, list):
        return len(shown) == len(value) and all(map(says, shown, value))
    if isinstance(value, bytes):
        text = str(shown)
        return text == value.hex() or bytes(based58.b58decode(text.encode())) == value
    return type(shown) in (int, str, bool) and int(shown) == int(value)


async def test_what_is_far_or_of_another_chain_is_not_listed(
    real: History, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replay far behind has no tail; a node whose chain does not follow from the cursor is refused by name."""
    slots = await slots_of(real)
    base, tip = slots[-12], slots[-1]
    node = Node(real.url, view(base, tip))
    async with databases.pool() as pool, node.serving() as url, open_rpc(url) as rpc:
        await catch_up(pool, url)
        await tail.follow(pool, rpc)
        before = await tail_of(pool)
        node.faults = view(base, tip, slots[-14])
        with pytest.raises(ChainMismatch, match="fork"):
            await tail.follow(pool, rpc)
        assert await tail_of(pool) == before
        monkeypatch.setattr(tail, "FAR_SLOTS", 3)
        followed = await tail.follow(pool, rpc)
        assert followed is not None
        assert followed.is_far
        assert await tail_of(pool) == []


def test_the_tail_is_shown(tmp_path: Path) -> None:
    """`ionet indexer tail` has what is confirmed alone; it asks for a replay where there was none."""
    with new_world() as world:
        ionet = Command(tmp_path, str(world.chain.http.base_url))
        assert "run `ionet indexer replay` first" in ionet.run("indexer", "tail").stderr
        world.chain.warp(seconds=1)
        ionet.json("indexer", "replay")
        world.prices()
        world.chain.warp(slots=1)
        found = ionet.json("indexer", "tail", "--limit", "5")
        assert [event["name"] for event in found["events"]] == ["price_submitted"] * 5
        assert found["followed"]["added"] > 0
