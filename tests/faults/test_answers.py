"""Rows 24 to 27: a node that says what is not so. What does not follow is refused, and never stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from indexer.errors import ChainMismatch, IncompleteBlock, NodeUnavailable
from indexer.node.rpc import open_rpc
from indexer.storing import store
from indexer.storing.replay import catch_up
from tests.databases import Databases
from tests.faults import history, lies
from tests.faults.history import Clean, History
from tests.faults.proxy import Fault, Node

MIDDLE = 60
"""A slot in the middle of the history."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """One attempt for each question: what a node says here does not get better."""
    monkeypatch.setattr("indexer.node.rpc.ATTEMPTS", 1)


FIRST = 20
"""A slot early in the history."""
LIES: dict[str, tuple[Callable[[int], Fault], str]] = {
    "a slot is left out": (lies.unlisted, "gap"),
    "slots are left out": (lambda at: lies.listing(lambda slots: [s for s in slots if not at < s < at + 3]), "gap"),
    "slots are repeated": (lambda at: lies.listing(lambda slots: sorted([*slots, at])), "lists slots"),
    "slots are out of order": (lambda at: lies.listing(lambda slots: slots[::-1]), "lists slots"),
    "slots of elsewhere": (lambda at: lies.listing(lambda slots: [*slots, 10**6]), "lists slots"),
    "a block is null": (lambda at: lies.block(at, lambda block: None), "did not answer getBlock"),
    "two blocks are exchanged": (lambda at: lies.swapped(at, at + 3), "gap|fork"),
    "neighbours are exchanged": (lambda at: lies.swapped(at, at + 1), "gap|fork"),
    "a block is given twice": (lambda at: lies.repeated(at + 1, of=at), "gap|fork"),
    "another fork": (lambda at: lies.block(at, lambda b: b | {"previousBlockhash": b["blockhash"]}), "fork"),
    "no time": (lambda at: lies.block(at, lambda block: block | {"blockTime": None}), "no time"),
    "no transactions": (
        lambda at: lies.block(at, lambda b: {k: v for k, v in b.items() if k != "transactions"}),
        "did not answer getBlock",
    ),
}


@pytest.mark.usefixtures("impatient")
async def test_what_does_not_follow_is_never_stored(real: History, databases: Databases, clean: Clean) -> None:
    """A node that leaves blocks out, repeats, exchanges or invents them: one sentence, and the cursor stands before
    them. From an honest node it then goes on to the same rows."""
    async with databases.pool() as pool:
        for number, (name, (lie, said)) in enumerate(LIES.items()):
            slot = FIRST + 5 * number
            await catch_up(pool, real.url, until_slot=slot - 3)
            async with Node(real.url, [lie(slot)]).serving() as url:
                with pytest.raises((ChainMismatch, IncompleteBlock, NodeUnavailable), match=said) as caught:
                    await catch_up(pool, url, until_slot=slot + 12)
            assert "\n" not in str(caught.value), name
            await clean.check_beginning(pool, before=slot + 4)
        await catch_up(pool, real.url)
        await clean.check(pool)


async def test_a_second_delivery_changes_nothing(real: History, databases: Databases, clean: Clean) -> None:
    """What was read is offered again, from its first block and in overlaps: no row is written twice."""
    async with databases.pool() as pool:
        for until in (20, 10, 50, 50, 0, real.tip, 30):
            await catch_up(pool, real.url, until_slot=until)
        await clean.check(pool)
        stats = await catch_up(pool, real.url)
        assert (stats.slots, stats.events) == (0, 0)
        await clean.check(pool)


def _reversed(block: dict[str, Any]) -> dict[str, Any]:
    return block | {"transactions": block["transactions"][::-1]}


def _doubled(block: dict[str, Any]) -> dict[str, Any]:
    return block | {"transactions": block["transactions"] * 2}


async def test_another_order_inside_a_block_is_another_history(
    real: History, databases: Databases, clean: Clean
) -> None:
    """The order of a block's transactions is the chain's. A node that gives another cannot be caught by one block, but
    every digest from there on says so."""
    slot = await _busy_slot(real)
    async with databases.pool() as pool, Node(real.url, [lies.block(slot, _reversed)]).serving() as url:
        await catch_up(pool, url)
        found = await history.slots_read(pool)
        honest = [row for row in clean.slots if row[0] < slot]
        assert found[: len(honest)] == honest
        other, expected = found[len(honest) :], clean.slots[len(honest) :]
        assert [row[0] for row in other] == [row[0] for row in expected]
        assert not {row[2] for row in other} & {row[2] for row in expected}


@pytest.mark.usefixtures("impatient")
async def test_a_transaction_that_stands_twice_in_a_block_is_refused(
    real: History, databases: Databases, clean: Clean
) -> None:
    """A block cannot have the same transaction twice: nothing of it is taken."""
    slot = await _busy_slot(real)
    async with databases.pool() as pool, Node(real.url, [lies.block(slot, _doubled)]).serving() as url:
        with pytest.raises(IncompleteBlock, match="twice"):
            await catch_up(pool, url)
        await clean.check_beginning(pool, before=slot)


@pytest.mark.parametrize("depth", [1, 2, 7, 30, 31])
async def test_a_fork_of_what_is_not_final_is_never_read(
    real: History, databases: Databases, clean: Clean, depth: int
) -> None:
    """A node shows one chain, then another one for its last blocks: what is not final was not read, so the rows are
    those of the chain that became final."""
    tip = real.tip - 20
    node = Node(real.url, [lies.final_until(tip - depth), lies.confirmed_until(tip), lies.fork(tip - depth + 1)])
    async with node.serving() as url, databases.pool() as pool:
        await catch_up(pool, url)
        await clean.check_beginning(pool, before=tip - depth + 1)
        node.faults.clear()
        await catch_up(pool, url)
        await clean.check(pool)


@pytest.mark.parametrize("depth", [1, 31])
async def test_a_fork_of_what_was_final_is_refused(
    real: History, databases: Databases, clean: Clean, depth: int
) -> None:
    """A node that shows another chain than the one that was read, even by one block, is not believed."""
    tip = real.tip - 20
    async with databases.pool() as pool, Node(real.url, [lies.fork(tip - depth + 1)]).serving() as url:
        await catch_up(pool, real.url, until_slot=tip)
        with pytest.raises(ChainMismatch, match="fork"):
            await catch_up(pool, url)
        await clean.check_beginning(pool, before=tip + 1)
        await catch_up(pool, real.url)
        await clean.check(pool)


async def test_another_chain_and_a_pruned_one_are_refused(real: History, databases: Databases, clean: Clean) -> None:
    """Another genesis, or a node that begins later than asked: nothing is stored."""
    other = lies.edited("getGenesisHash", lambda asked, real_one, random: real_one[::-1])
    pruned = lies.edited("getFirstAvailableBlock", lambda asked, first, random: 7)
    async with databases.pool() as pool:
        async with Node(real.url, [pruned]).serving() as url:
            with pytest.raises(ChainMismatch, match="from slot 7 on"):
                await catch_up(pool, url)
        assert await store.cursor(pool) is None
        await catch_up(pool, real.url, until_slot=MIDDLE)
        async with Node(real.url, [other]).serving() as url:
            with pytest.raises(ChainMismatch, match="holds the chain"):
                await catch_up(pool, url)
        await clean.check_beginning(pool, before=MIDDLE + 1)


@pytest.mark.parametrize("length", [1, 7, 1_000])
async def test_pages_are_put_together(real: History, length: int) -> None:
    """More signatures than one page has, in pages of any length: each once, newest first."""
    address, newest, slot = await _newest(real)
    async with open_rpc(real.url) as rpc:
        expected = await rpc.signatures_before(address, newest, slot)
    async with Node(real.url, [lies.pages_of(length)]).serving() as url, open_rpc(url) as rpc:
        assert await rpc.signatures_before(address, newest, slot) == expected
    assert len(expected) > 7


async def test_a_node_that_does_not_know_where_to_go_on_is_caught(real: History) -> None:
    """For an unknown `before` a node answers with its newest page: detected, whether at the first page or later."""
    address, newest, slot = await _newest(real)
    unknown: list[Callable[[str], bool]] = [lambda given: given == newest, lambda given: given not in ("", newest)]
    for is_unknown in unknown:
        node = Node(real.url, [lies.pages_of(5), lies.newest_page(is_unknown)])
        async with node.serving() as url, open_rpc(url) as rpc:
            with pytest.raises(ChainMismatch, match="does not know"):
                await rpc.signatures_before(address, newest, slot)


async def _busy_slot(real: History) -> int:
    """A slot late in the history, with several transactions of ours in its block."""
    async with open_rpc(real.url) as rpc:
        for slot in range(MIDDLE, real.tip):
            block = await rpc.block(slot)
            if len(block.transactions) > 1 and all(t.meta and t.meta.err is None for t in block.transactions):
                return slot
    raise AssertionError("no block has two transactions")


async def _newest(real: History) -> tuple[str, str, int]:
    """The oracle's address, and signature and slot of the newest transaction that names it."""
    from client import idl

    address = str(idl.program_id("oracle"))
    async with open_rpc(real.url) as rpc:
        page = await rpc.signatures(address)
    return address, page[0].signature, page[0].slot
