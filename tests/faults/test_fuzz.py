"""Rows 28 to 30 and 35: real blocks, changed by somebody hostile. Understood, ignored, in quarantine, or refused."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

import based58
import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client import idl
from client.errors import IonetError
from indexer.decoding import layouts, scan
from indexer.decoding.blocks import AnyBlock, Block
from indexer.decoding.decode import Decoded, Decoder
from indexer.decoding.layouts import EVENT_TAG
from indexer.errors import IncompleteBlock
from indexer.node.rpc import open_rpc
from indexer.storing import backfill
from indexer.storing.replay import ReplayStats, catch_up
from tests.databases import Databases
from tests.faults import lies
from tests.faults.history import Clean, History
from tests.faults.proxy import Fault, Node

BLOCK = msgspec.json.Decoder(Block)
STRANGER = "Stake11111111111111111111111111111111111111"
"""A program that is not ours."""
EXAMPLES = settings(
    max_examples=500, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
RIGHT_TO_LEFT = "\u202e'); DROP TABLE chain.block; --"
HOSTILE: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 255, 2**31, 2**63, 2**64, 2**70, 0.5),
    *("", "1", "0OIl", "\0", "'; DROP TABLE chain.block; --", RIGHT_TO_LEFT, "A" * 1_000, "1" * 64),
    *([], {}, [None], [[]], {"": None}, [0] * 300),
)
"""What a field is replaced by."""

JsonBlock = dict[str, Any]


@pytest.fixture(scope="module")
def found(real: History) -> list[JsonBlock]:
    """Every block of the history, as the node writes it."""
    options = {"encoding": "json", "transactionDetails": "full", "rewards": False, "maxSupportedTransactionVersion": 0}
    with httpx.Client() as http:

        def block(slot: int) -> JsonBlock:
            question = {"jsonrpc": "2.0", "id": 1, "method": "getBlock", "params": [slot, options]}
            result: JsonBlock = http.post(real.url, json=question).json()["result"]
            return result

        return [block(slot) for slot in range(real.tip + 1)]


@pytest.fixture(scope="module")
def mint(real: History) -> str:
    """The mint of IO."""
    from tests.programs.world import keypair

    return str(keypair("io").pubkey())


def read(block: JsonBlock, mint: str | None) -> Decoded | None:
    """What a block says; None where it is refused in one of the two ways that a replay has a sentence for.

    Where there is a scanner, it says the same of the block, or leaves it.
    """
    raw = msgspec.json.encode(block)
    try:
        said = Decoder(mint).block(7, BLOCK.decode(raw))
    except (msgspec.DecodeError, IncompleteBlock):
        said = None
    try:
        scanned = scan_of(raw, mint)
    except IncompleteBlock:
        assert said is None
        return None
    if scanned is not None:
        assert said is not None
        assert (scanned.rows, scanned.blocks) == (said.rows, said.blocks)
        assert (scanned.quarantined, scanned.transactions) == (said.quarantined, said.transactions)
    return said


def scan_of(raw: bytes, mint: str | None) -> Decoded | None:
    """What the scanner says of a block; None where it leaves it, or there is none."""
    scanner = None if mint is None else scan.scanner(mint)
    found = None if scanner is None else scanner.read(b'{"jsonrpc":"2.0","result":%b,"id":3}' % raw)
    if found is None:
        return None
    number, block = found
    assert number == 3
    return Decoder(mint).block(7, block)


@pytest.mark.skipif(scan.ionet_native is None, reason="ionet-native is not installed: uv sync --group native")
def test_every_real_block_is_scanned(found: list[JsonBlock], mint: str) -> None:
    """What a real node writes is never left to the other reader, and both say the same of it."""
    assert all(read(block, mint) is not None for block in found)
    assert all(scan_of(msgspec.json.encode(block), mint) is not None for block in found)


@pytest.mark.skipif(scan.ionet_native is None, reason="ionet-native is not installed: uv sync --group native")
def test_blocks_scanned_and_not_are_decoded_together(found: list[JsonBlock], mint: str) -> None:
    """However the two readers share the blocks of a batch: its rows, and the digest of each block, are the same."""
    scanner = scan.scanner(mint)
    assert scanner is not None
    raw = [msgspec.json.encode(block) for block in found]
    whole: list[tuple[int, AnyBlock]] = [(slot, BLOCK.decode(text)) for slot, text in enumerate(raw)]
    mixed = list(whole)
    for slot in Random(7).sample(range(len(raw)), len(raw) // 2):  # noqa: S311 - it picks blocks
        scanned = scanner.read(b'{"jsonrpc":"2.0","result":%b,"id":3}' % raw[slot])
        assert scanned is not None
        mixed[slot] = slot, scanned[1]
    said, expected = Decoder(mint).blocks(mixed), Decoder(mint).blocks(whole)
    assert (said.rows, said.blocks, said.transactions) == (expected.rows, expected.blocks, expected.transactions)


@pytest.fixture(scope="module")
def of_ours(found: list[JsonBlock], mint: str) -> list[JsonBlock]:
    """Those that say something of ours."""
    return [block for block in found if (said := read(block, mint)) is not None and said.events]


def rows(said: Decoded, *, without: int) -> dict[str, list[Any]]:
    """Rows of all transactions of a block but one."""
    kept = {table: [row for row in found if row[1] != without] for table, found in said.rows.items()}
    return {table: found for table, found in kept.items() if found}


def mutate(node: Any, random: Random) -> None:
    """Changes one place somewhere in a JSON value."""
    while True:
        places = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not places:
            return
        place = random.choice(places)
        if isinstance(node[place], dict | list) and node[place] and random.random() < 0.8:
            node = node[place]
            continue
        break
    match random.randrange(5):
        case 0:
            del node[place]
        case 1 if isinstance(node, list):
            node.insert(place, copy.deepcopy(node[random.randrange(len(node))]))
        case 2 if isinstance(node, list):
            other = random.randrange(len(node))
            node[place], node[other] = node[other], node[place]
        case 3 if isinstance(node[place], str):
            cut = random.randrange(len(node[place]) + 1)
            node[place] = node[place][:cut] + random.choice(("", "1", "z", "é")) + node[place][cut + 1 :]
        case _:
            node[place] = copy.deepcopy(random.choice(HOSTILE))


@EXAMPLES
@given(random=st.randoms(use_true_random=False), times=st.integers(1, 4), data=st.data())
def test_no_block_crashes(found: list[JsonBlock], mint: str, random: Random, times: int, data: st.DataObject) -> None:
    """Anything may stand anywhere in a block: it is read, or refused as incomplete. Nothing else ever happens."""
    block = copy.deepcopy(data.draw(st.sampled_from(found)))
    for _ in range(times):
        mutate(block, random)
    said = read(block, mint)
    if said is not None:
        assert all(entry.data for entry in said.quarantined)
        assert len(said.blocks) == 1


@EXAMPLES
@given(random=st.randoms(use_true_random=False), data=st.data())
def test_what_is_wrong_with_one_transaction_is_no_other_ones(
    of_ours: list[JsonBlock], mint: str, random: Random, data: st.DataObject
) -> None:
    """A transaction is changed: if the block is taken at all, every other transaction says what it said."""
    block = copy.deepcopy(data.draw(st.sampled_from(of_ours)))
    before = read(block, mint)
    assert before is not None
    chosen = random.randrange(len(block["transactions"]))
    mutate(block["transactions"][chosen], random)
    said = read(block, mint)
    if said is not None and len(said.rows.get("emission_initialized", ())) == len(
        before.rows.get("emission_initialized", ())
    ):
        assert rows(said, without=chosen) == rows(before, without=chosen)


@EXAMPLES
@given(body=st.binary(max_size=200), data=st.data())
def test_our_own_program_is_understood_or_quarantined(
    of_ours: list[JsonBlock], mint: str, body: bytes, data: st.DataObject
) -> None:
    """An event with any other body: an event or quarantine, never nothing, and the rest of the block is read."""
    block = copy.deepcopy(data.draw(st.sampled_from(of_ours)))
    events = [call for call, _, _ in _events(block)]
    if not events:
        return
    before = read(block, mint)
    event = data.draw(st.sampled_from(events))
    event["data"] = based58.b58encode(EVENT_TAG + body).decode()
    said = read(block, mint)
    assert before is not None
    assert said is not None
    assert len(said.quarantined) + _count(said) >= _count(before)
    assert len(said.quarantined) <= 1


def _count(said: Decoded) -> int:
    return sum(len(found) for table, found in said.rows.items() if table not in ("transaction", "io_supply_changed"))


def _events(block: JsonBlock) -> list[tuple[dict[str, Any], JsonBlock, int]]:
    """The calls in a block by which programs emitted events, each with its transaction and the number of its group."""
    ours = {layouts.program(name).text for name in idl.PROGRAMS}
    listed = []
    for transaction in block["transactions"]:
        keys = transaction["transaction"]["message"]["accountKeys"]
        if transaction["meta"]["err"] is None:
            for number, group in enumerate(transaction["meta"]["innerInstructions"]):
                for call in group["instructions"]:
                    data = based58.b58decode(call["data"].encode())
                    if keys[call["programIdIndex"]] in ours and bytes(data[:8]) == EVENT_TAG:
                        listed.append((call, transaction, number))
    return listed


def _by_a_stranger(call: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    return call | {"programIdIndex": len(keys) - 1}


def _without_authority(call: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    return call | {"accounts": [0]}


def _called_by_a_stranger(call: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    return call | {"stackHeight": 2}


@pytest.mark.parametrize("forge", [_by_a_stranger, _without_authority, _called_by_a_stranger])
def test_forged_events_leave_nothing(
    found: list[JsonBlock], mint: str, forge: Callable[[dict[str, Any], list[str]], dict[str, Any]]
) -> None:
    """Real events repeated by a foreign program, without the authority's signature, or by our program when a stranger
    called it: each block says exactly what it said before."""
    forged = 0
    for block in found:
        changed = copy.deepcopy(block)
        for transaction in changed["transactions"]:
            keys, message = (transaction["transaction"]["message"][name] for name in ("accountKeys", "instructions"))
            events = [call for call, whose, _ in _events(changed) if whose is transaction]
            if events:
                keys.append(STRANGER)
                message.append({"programIdIndex": len(keys) - 1, "accounts": [], "data": "", "stackHeight": 1})
                lies_ = [forge(copy.deepcopy(call), keys) | {"stackHeight": 2} for call in events]
                groups = transaction["meta"]["innerInstructions"]
                groups.append({"index": len(message) - 1, "instructions": lies_})
                forged += len(lies_)
        before, said = read(block, mint), read(changed, mint)
        assert before is not None
        assert said is not None
        assert (said.rows, said.quarantined) == (before.rows, before.quarantined)
        assert [one.content for one in said.blocks] == [one.content for one in before.blocks]
    assert forged > 150


def test_a_failed_transaction_leaves_nothing(found: list[JsonBlock], real: History, mint: str) -> None:
    """One that emitted an event and then failed is on this chain: nothing of it is read, and it would be an event."""
    (block,) = [
        one for one in found for each in one["transactions"] if real.failed in each["transaction"]["signatures"]
    ]
    (failed,) = [each for each in block["transactions"] if real.failed in each["transaction"]["signatures"]]
    assert failed["meta"]["err"] is not None
    alone = block | {"transactions": [failed]}
    said = read(alone, mint)
    assert said is not None
    assert (said.rows, said.quarantined, said.events) == ({}, [], 0)
    succeeded = copy.deepcopy(alone)
    succeeded["transactions"][0]["meta"]["err"] = None
    said = read(succeeded, mint)
    assert said is not None
    assert "io_burned" in said.rows


LOGS: tuple[Any, ...] = (
    None,
    [],
    [""],
    ["Log truncated"],
    ["Program data: !!!", "Program data: ", "Program log: done"],
    ["Program data: 5EWlLlHLmh0="] * 3,
    "none",
)


@pytest.mark.parametrize("logs", LOGS, ids=range(len(LOGS)))
def test_logs_say_nothing(found: list[JsonBlock], mint: str, logs: Any) -> None:
    """Truncated, empty, lacking, forged, no base64: the log is not what is read."""
    for block in found:
        changed = copy.deepcopy(block)
        for transaction in changed["transactions"]:
            transaction["meta"]["logMessages"] = logs
            transaction["meta"]["returnData"] = {"programId": STRANGER, "data": ["!!!", "base64"]}
        before, said = read(block, mint), read(changed, mint)
        assert before is not None
        assert said is not None
        assert (said.rows, said.blocks) == (before.rows, before.blocks)


def _nested(depth: int) -> Any:
    return json.loads("[" * depth + "]" * depth)


def _deep(block: JsonBlock) -> JsonBlock:
    return block | {"unknown": _nested(900)}


def _huge(block: JsonBlock) -> JsonBlock:
    return block | {"rewards": "\u202eA" * 5_000_000, "unknown": ["'; DROP SCHEMA chain CASCADE; --\0"] * 1_000}


@pytest.mark.parametrize("change", [_deep, _huge])
async def test_what_nobody_asked_for_is_inert(
    real: History, databases: Databases, clean: Clean, change: Callable[[JsonBlock], JsonBlock]
) -> None:
    """Ten megabytes of text, SQL, zeros, right-to-left marks and deep lists in fields that are not read: no effect."""
    node = Node(real.url, [lies.block(40, change)])
    async with node.serving() as url, databases.pool() as pool:
        await catch_up(pool, url)
        await clean.check(pool)


def _raw(slot: int, old: bytes, new: bytes) -> Fault:
    """The block of a slot with other bytes in it."""

    async def edit(asked: Any, reply: Any, random: Random) -> None:
        if asked.method == "getBlock" and asked.slot == slot:
            assert old in reply.body
            reply.body = reply.body.replace(old, new, 1)

    return edit


HASH = b'"blockhash":"'
HOSTILE_BLOCKS: dict[str, Callable[[int], Fault]] = {
    "nesting": lambda at: _raw(at, b'"err":null', b'"err":' + b"[" * 100_000 + b"]" * 100_000),
    "nesting where nobody looks": lambda at: _raw(
        at, b'"err":null', b'"none":' + b"[" * 100_000 + b"]" * 100_000 + b',"err":null'
    ),
    "no UTF-8": lambda at: _raw(at, HASH, HASH + b"\xff\xfe"),
    "half a surrogate": lambda at: _raw(at, HASH, HASH + b"\\ud800"),
    "zero in a hash": lambda at: _raw(at, HASH, HASH + b"\\u0000"),
    "SQL in a hash": lambda at: _raw(at, HASH, HASH + b"'); DROP TABLE chain.block; --"),
    "a hash of ten megabytes": lambda at: _raw(at, HASH, HASH + b"A" * 10_000_000),
    "a time beyond all": lambda at: lies.block(at, lambda block: block | {"blockTime": 2**70}),
    "a time before all": lambda at: lies.block(at, lambda block: block | {"blockTime": -1}),
    "no signatures": lambda at: lies.block(at, lambda block: _signed(block, [])),
    "a signature with a zero": lambda at: lies.block(at, lambda block: _signed(block, ["\0"])),
    "places of its own": lambda at: lies.block(at, lambda block: block | {"places": [5]}),
    "more places of its own": lambda at: lies.block(
        at, lambda b: b | {"places": list(range(len(b["transactions"])))[::-1]}
    ),
}
FIRST = 20
"""A slot early in the history."""


def _signed(block: JsonBlock, signatures: list[str]) -> JsonBlock:
    changed = copy.deepcopy(block)
    for transaction in changed["transactions"]:
        transaction["transaction"]["signatures"] = signatures
    return changed


async def test_hostile_blocks_are_refused_in_a_sentence(
    real: History, databases: Databases, clean: Clean, mint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be stored, or must not be believed, is one short sentence, or inert; what stands in the database is
    a beginning of the real chain, and from an honest node it goes on."""
    monkeypatch.setattr("indexer.node.rpc.ATTEMPTS", 1)
    async with databases.pool() as pool:
        for number, (name, fault) in enumerate(HOSTILE_BLOCKS.items()):
            slot = FIRST + 4 * number
            await catch_up(pool, real.url, until_slot=slot - 1)
            async with Node(real.url, [fault(slot)]).serving() as url:
                ended, scanned = await asyncio.gather(
                    catch_up(pool, url, until_slot=slot),
                    asyncio.to_thread(backfill.read, url, slot, slot, mint),
                    return_exceptions=True,
                )
            assert isinstance(scanned, IonetError | backfill.Range), f"{name}: {scanned!r}"
            if isinstance(ended, BaseException):
                assert isinstance(ended, IonetError), f"{name}: {ended!r}"
                assert len(str(ended)) < 1_000, name
                assert "\n" not in str(ended), name
            await clean.check_beginning(pool, before=slot + isinstance(ended, ReplayStats))
        await catch_up(pool, real.url)
        await clean.check(pool)


async def test_a_transaction_of_a_later_version_is_refused(real: History, databases: Databases, clean: Clean) -> None:
    """The node says that it cannot write a block for this indexer: it stops there, and says to update."""

    async def later(asked: Any, reply: Any, random: Random) -> None:
        if asked.method == "getBlock" and asked.slot == 40:
            reply.refuse(asked.id, -32015, "Transaction version (1) is not supported by the requesting client")

    async with Node(real.url, [later]).serving() as url, databases.pool() as pool, open_rpc(url) as rpc:
        assert await rpc.slot() == real.tip
        with pytest.raises(IonetError, match="update it"):
            await catch_up(pool, url)
        await clean.check_beginning(pool, before=40)
