"""Two roads to the same history: what they read is equal to the byte, and a node that errs on either is found out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from solders.instruction import AccountMeta, Instruction

from client.economics import IO
from client.idl import TOKEN_PROGRAM
from indexer.decoding import layouts
from indexer.errors import ChainMismatch, NodeUnavailable
from indexer.node.roads import Road
from indexer.node.rpc import open_rpc
from indexer.node.signatures import Signatures
from indexer.storing import store
from indexer.storing.replay import catch_up
from tests.databases import Databases
from tests.faults import history, lies
from tests.faults.history import History
from tests.faults.proxy import Asked, Fault, Node, Reply
from tests.integration.indexer_network import Network

LIST = "getSignaturesForAddress"


@pytest.fixture(scope="module")
def real() -> Iterator[History]:
    """Every instruction of the programs, hours of work, a failed transaction: a chain that stands still."""
    with history.made() as made:
        yield made


@pytest.fixture(scope="module")
def expected(real: History, databases: Databases) -> dict[str, str]:
    """What the road slot by slot leaves."""
    return asyncio.run(everything(databases, real, Road.SLOTS))


async def everything(databases: Databases, real: History, road: Road, *faults: Fault) -> dict[str, str]:
    """What a replay on one road leaves, at a node with these faults."""
    node = Node(real.url, faults)
    async with node.serving() as url, databases.pool() as pool:
        await catch_up(pool, url, road=road)
        return await history.everything(pool)


async def test_both_roads_leave_the_same(real: History, databases: Databases, expected: dict[str, str]) -> None:
    """Rows, digests and cursor are equal, and one road can be left for the other anywhere."""
    async with databases.pool() as pool:
        await catch_up(pool, real.url)
        assert await history.everything(pool) == expected
        slots = [row[0] for row in await history.slots_read(pool)]
        assert await pool.fetchval("SELECT count(*) FROM chain.io_supply_changed") > 3
    assert await everything(databases, real, Road.SIGNATURES) == expected
    random = Random(5)  # noqa: S311 - for places, not secrets
    async with databases.pool() as pool:
        for number, slot in enumerate(sorted(random.sample(slots, 12))):
            await catch_up(pool, real.url, until_slot=slot, road=(Road.SIGNATURES, Road.SLOTS)[number % 2])
            cursor = await store.cursor(pool)
            assert cursor is not None
            assert cursor.position.slot == slot
        await catch_up(pool, real.url, road=Road.SIGNATURES)
        assert await history.everything(pool) == expected


async def test_windows_pages_and_whole_blocks_change_nothing(
    real: History, databases: Databases, expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few slots are scanned, entries held or listed at once, and however blocks are fetched."""
    for window, held, few, page in ((5, 10, 0, 1_000), (30, 3, 1_000, 2), (100_000, 200_000, 3, 7)):
        with monkeypatch.context() as smaller:
            smaller.setattr("indexer.node.signatures.FIRST_WINDOW", window)
            smaller.setattr("indexer.node.signatures.HELD", held)
            smaller.setattr("indexer.node.signatures.FEW", few)
            assert await everything(databases, real, Road.SIGNATURES, lies.pages_of(page)) == expected, window


async def test_io_is_followed_whoever_burns_it(network: Network, databases: Databases) -> None:
    """A burn that none of our programs is part of is found by the mint's own list, before and after a restart."""
    world, pools = network.world, [databases.pool() for _ in Road]
    async with pools[0] as one, pools[1] as other:
        for amount in (1, 2, 3):
            burning = Instruction(
                TOKEN_PROGRAM,
                bytes([8]) + amount.to_bytes(8, "little"),
                [
                    AccountMeta(world.io(network.seller), is_signer=False, is_writable=True),
                    AccountMeta(world.io_mint, is_signer=False, is_writable=True),
                    AccountMeta(network.seller.pubkey(), is_signer=True, is_writable=False),
                ],
            )
            world.chain.send([burning], network.seller)
            world.chain.warp(seconds=1)
            for pool, road in ((one, Road.SLOTS), (other, Road.SIGNATURES)):
                await catch_up(pool, network.url, road=road)
            found = await other.fetch("SELECT amount FROM chain.io_supply_changed WHERE direction < 0 ORDER BY slot")
            assert [int(row["amount"]) for row in found] == list(range(1, amount + 1))
            assert await history.everything(one) == await history.everything(other)
        # Nothing of ours happens, and the cursor moves all the same.
        world.chain.call("requestAirdrop", str(network.user[0].pubkey()), IO)
        tip = world.chain.warp(seconds=1) and world.chain.call("getSlot", {"commitment": "finalized"})
        await catch_up(other, network.url, road=Road.SIGNATURES)
        cursor = await store.cursor(other)
        assert cursor is not None
        assert cursor.position.slot == tip


def changed_list(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], *, program: str = "emission") -> Fault:
    """The list of one program's transactions, changed."""
    address = layouts.program(program).text

    def edit(asked: Asked, page: Any, random: Random) -> Any:
        return change(page) if asked.params[0] == address else page

    return lies.edited(LIST, edit)


def changed_transactions(change: Callable[[dict[str, Any]], Any]) -> Fault:
    """Every transaction that is looked up, changed."""
    return lies.edited("getTransaction", lambda asked, found, random: change(found))


def answering(method: str, result: Any, *, when: Callable[[Asked], bool] = lambda asked: True) -> Fault:
    """Always the same answer to a method."""

    async def answer(asked: Asked, reply: Reply, random: Random) -> None:
        if asked.method == method and when(asked):
            reply.say(asked.id, result)

    return answer


def refusing(method: str, code: int, message: str, *, when: Callable[[Asked], bool] = lambda asked: True) -> Fault:
    """A refusal of a method."""

    async def refuse(asked: Asked, reply: Reply, random: Random) -> None:
        if asked.method == method and when(asked):
            reply.refuse(asked.id, code, message)

    return refuse


def goes_on(asked: Asked) -> bool:
    """Whether a page is asked for that goes on from another."""
    return "before" in asked.params[1]


def _failed(found: dict[str, Any]) -> dict[str, Any]:
    found["meta"]["err"] = {"InstructionError": [0, "Custom"]}
    return found


def _of_others(found: dict[str, Any]) -> dict[str, Any]:
    found["transaction"]["signatures"][0] = "1" * 64
    return found


def _elsewhere(slot: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda found: found | {"slot": found["slot"] + slot}


async def gaps(asked: Asked, reply: Reply, random: Random) -> None:
    """The list of the emission has nothing that the list of staking has too."""
    emission, staking = (layouts.program(name).text for name in ("emission", "staking"))
    if asked.method == LIST and asked.params[0] == emission:
        others = await asked.truth(LIST, staking, {"commitment": "finalized"})
        known = {entry["signature"] for entry in others}
        reply.say(asked.id, [entry for entry in reply.result if entry["signature"] not in known])


CONTRADICTIONS = {
    "one list lacks what another has": (gaps, "contradicts itself"),
    "a transaction is listed in another slot": (
        changed_list(lambda page: [entry | {"slot": entry["slot"] - 1} for entry in page], program="oracle"),
        "contradicts itself|no longer has",
    ),
    "it is in another slot than it was listed in": (changed_transactions(_elsewhere(1)), "contradicts itself"),
    "it failed": (changed_transactions(_failed), "contradicts itself"),
    "it is another one": (changed_transactions(_of_others), "contradicts itself"),
    "it is not in its block": (
        lies.edited(
            "getBlock",
            lambda asked, found, random: (
                found | {"signatures": found["signatures"][1:]} if "signatures" in found else found
            ),
        ),
        "contradicts itself",
    ),
    "a page is upside down": (changed_list(lambda page: page[::-1]), "out of order"),
    "a page has an entry twice": (changed_list(lambda page: page[:1] + page), "out of order"),
    "an unknown signature gives the newest page": (
        lies.newest_page(lambda signature: len(signature) > 60),
        "out of order",
    ),
    "an unknown signature gives nothing": (answering(LIST, [], when=goes_on), "has not indexed it yet"),
    "an unknown signature is refused": (
        refusing(LIST, -32020, "Transaction not found", when=goes_on),
        "does not know a transaction that it listed before",
    ),
    "a transaction is forgotten": (
        answering("getTransaction", None, when=lambda asked: asked.before > 0 or bool(asked.params)),
        "has not indexed|does not have it",
    ),
    "the block is pruned": (
        refusing(
            "getBlock", -32001, "Block cleaned up", when=lambda asked: asked.params[1]["transactionDetails"] != "none"
        ),
        "no longer has",
    ),
    "there is no history of transactions": (
        refusing(LIST, -32011, "Transaction history is not available"),
        "no longer has",
    ),
    "the node has forgotten the beginning": (answering("getFirstAvailableBlock", 3), "has blocks from slot 3 on"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
async def test_a_node_that_contradicts_itself_is_found_out(
    name: str, real: History, databases: Databases, expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong with lists, transactions and blocks ends in a clear error, and what was stored is right."""
    fault, message = CONTRADICTIONS[name]
    monkeypatch.setattr("indexer.node.signatures.FIRST_WINDOW", 20)
    monkeypatch.setattr("indexer.node.listing._FIRST_PAGE", 4)
    monkeypatch.setattr("indexer.node.listing._GROWTH", 1)
    async with Node(real.url, [fault]).serving() as url, databases.pool() as pool:
        with pytest.raises((ChainMismatch, NodeUnavailable), match=message):
            await catch_up(pool, url, road=Road.SIGNATURES)
        await catch_up(pool, real.url)
        assert await history.everything(pool) == expected


async def test_a_cursor_on_another_chain_is_refused(real: History, databases: Databases) -> None:
    """On both roads, where the block of the cursor is not the node's; the cursor stays."""
    async with databases.pool() as pool:
        await catch_up(pool, real.url, until_slot=real.tip // 2)
        cursor = await store.cursor(pool)
        assert cursor is not None
        for road in Road:
            async with Node(real.url, [lies.fork(cursor.position.slot - 3)]).serving() as url:
                with pytest.raises(ChainMismatch, match="fork"):
                    await catch_up(pool, url, road=road)
            assert await store.cursor(pool) == cursor


async def test_only_final_slots_are_scanned(real: History, databases: Databases) -> None:
    """The tip is the one of the beginning: what is listed beyond it waits, and is not lost."""
    slots: list[int] = []
    async with open_rpc(real.url) as rpc:
        listed = await rpc.blocks(0, real.tip)
    tip = listed[len(listed) // 2]
    async with Node(real.url, [lies.final_until(tip)]).serving() as url, open_rpc(url) as rpc:
        async for slot, _ in Signatures(rpc).blocks(None, real.tip):
            slots.append(slot)
    assert slots == sorted(set(slots))
    assert slots[-1] == tip
