"""Row 31, and what of 24 and 25 is delivery: a node that answers badly, late, twice or not at all."""

from __future__ import annotations

import asyncio

import pytest

from indexer.errors import NodeUnavailable
from indexer.storing.replay import catch_up
from tests.databases import Databases
from tests.faults import proxy
from tests.faults.history import Clean, History
from tests.faults.proxy import Fault, Node, sometimes

UNWELL: dict[str, Fault] = {
    "429": proxy.http(429),
    "429, retry after nothing": proxy.http(429, Retry_After="0"),
    "429 as an error": proxy.refusal(429, "Too many requests"),
    "500": proxy.http(500, b"oops"),
    "502": proxy.http(502, b"<html>Bad Gateway</html>"),
    "503": proxy.http(503, Retry_After="0"),
    "garbage": proxy.garbage,
    "html": proxy.page,
    "truncated": proxy.truncated,
    "empty": proxy.empty,
    "cut": proxy.cut,
    "behind": proxy.refusal(-32005, "Node is behind by 42 slots"),
    "not yet": proxy.refusal(-32004, "Block not available for slot"),
}
HANGING = 0.3
"""Seconds until a call is given up, in these tests."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts and waits are few and short, or each test takes the half minute that it takes in earnest."""
    monkeypatch.setattr("indexer.node.rpc.READ_SECONDS", HANGING)
    monkeypatch.setattr("indexer.node.rpc.ATTEMPTS", 3)
    monkeypatch.setattr("indexer.node.rpc.BUSY_ATTEMPTS", 3)
    monkeypatch.setattr("indexer.node.rpc.backoff", lambda attempt: 0.01)


@pytest.mark.parametrize("seed", range(2))
async def test_a_node_that_is_unwell_changes_nothing(
    real: History, databases: Databases, clean: Clean, seed: int
) -> None:
    """Every fault of transport at once, each question's first answer lost by one of them in three: one attempt more,
    and the same rows."""
    unwell = sometimes(proxy.one_of(*UNWELL.values()), 1 / 3, times=1)
    node = Node(real.url, [unwell, proxy.late(0.03)], seed=seed)
    async with node.serving() as url, databases.pool() as pool:
        await catch_up(pool, url, batch_blocks=10)
        await clean.check(pool)
    assert node.asked["getBlock"] > real.tip


@pytest.mark.usefixtures("impatient")
async def test_a_node_that_stays_unwell_ends_in_a_clear_error(
    real: History, databases: Databases, clean: Clean
) -> None:
    """Each fault of transport, for good from a slot on: a bounded number of attempts, then one sentence with the
    node's name. What was read before stands, and once the node is well it goes on from there."""
    async with databases.pool() as pool:
        for number, (name, unwell) in enumerate({**UNWELL, "hang": proxy.hang}.items()):
            slot = 30 + 5 * number
            node = Node(real.url, [_from_slot(slot, unwell)])
            async with node.serving() as url:
                with pytest.raises(NodeUnavailable, match=url) as caught:
                    await catch_up(pool, url, batch_blocks=10)
            assert "\n" not in str(caught.value), name
            assert all(count <= 3 for count in node.asked_of_slots(slot).values()), "it does not ask on and on"
            await clean.check_beginning(pool, before=slot)
        await catch_up(pool, real.url)
        await clean.check(pool)


@pytest.mark.usefixtures("impatient")
async def test_a_node_that_is_gone_ends_in_a_clear_error(real: History, databases: Databases, clean: Clean) -> None:
    """Nobody listens any more in the middle of a replay: an error, and the rows before it."""
    node = Node(real.url, [proxy.late(0.02)])
    async with databases.pool() as pool:
        async with node.serving() as url:
            reading = asyncio.create_task(catch_up(pool, url, batch_blocks=5))
            await node.has_been_asked(blocks=40)
        with pytest.raises(NodeUnavailable, match="Nothing is lost"):
            await reading
        await clean.check_beginning(pool, before=real.tip)
        await catch_up(pool, real.url)
        await clean.check(pool)


async def test_an_answer_to_another_question_is_no_answer(real: History, databases: Databases, clean: Clean) -> None:
    """Answers exchanged on the way, each with the id of the other's question: asked again, never taken."""
    node = Node(real.url, [sometimes(proxy.Exchanged(), 0.2, times=1)], seed=7)
    async with node.serving() as url, databases.pool() as pool:
        await catch_up(pool, url)
        await clean.check(pool)


async def test_answers_in_any_order_are_read_in_the_order_of_the_chain(
    real: History, databases: Databases, clean: Clean
) -> None:
    """Blocks that arrive out of order, each as late as it likes, leave the same rows."""
    node = Node(real.url, [sometimes(proxy.late(0.15), 0.5, methods=["getBlock"])], seed=3)
    async with node.serving() as url, databases.pool() as pool:
        await catch_up(pool, url, batch_blocks=7)
        await clean.check(pool)


@pytest.mark.usefixtures("impatient")
async def test_a_storm_is_weathered_by_starting_again(real: History, databases: Databases, clean: Clean) -> None:
    """Half of all answers are lost, so that replays fail: started again and again it ends with the same rows."""
    node = Node(real.url, [sometimes(proxy.one_of(*UNWELL.values()), 0.5)], seed=11)
    failures = 0
    async with node.serving() as url, databases.pool() as pool:
        while True:
            try:
                await catch_up(pool, url, batch_blocks=3)
                break
            except NodeUnavailable:
                failures += 1
        assert failures > 2
        await clean.check(pool)


def _from_slot(slot: int, fault: Fault) -> Fault:
    """The fault in the answers for this slot and those after it."""

    async def after(asked: proxy.Asked, reply: proxy.Reply, random: proxy.Random) -> None:
        if asked.method == "getBlock" and asked.slot >= slot:
            await fault(asked, reply, random)

    return after
