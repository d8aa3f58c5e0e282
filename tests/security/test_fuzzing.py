"""Rows 28 to 31 and 38: whatever event bytes a block has, and whatever a node answers, nothing crashes or hangs.

`uv run python -m tests.security.fuzz --inputs 1000000` reads more of them.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from solders.rpc.responses import GetSlotResp, SendTransactionResp

from client import rpc
from client.answers import parse
from client.errors import Unreachable
from indexer.decoding import scan
from tests.security import answers, events, fuzz
from tests.security.answers import Recorded

EVENTS = 20_000
ANSWERS = 4_000
SEED = 7


@pytest.fixture(scope="module")
def recorded() -> Iterator[Recorded]:
    """A real node's answers to everything that is asked."""
    with answers.stage() as made, fuzz.quick():
        yield made


def test_no_event_bytes_crash() -> None:
    """Both readers say the same of each; what our programs said is an event or in quarantine, and nothing else is."""
    found = events.run(SEED, EVENTS)
    assert found["read"] + found["refused"] == EVENTS
    assert min(found["events"], found["quarantine"]) > 1_000
    assert found["refused"] > 50
    if scan.ionet_native is not None:
        assert found["scanned"] > 50


def test_the_event_fuzz_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that is left out, and a reader that crashes: each is an end with the transaction that did it."""

    class Deaf(events.Readers):
        def read(self, raw: bytes, inputs: int) -> Any:
            said = super().read(raw, inputs)
            if said is not None:
                said.quarantined.clear()
            return said

    with monkeypatch.context() as deaf:
        deaf.setattr(events, "Readers", Deaf)
        with pytest.raises(events.Wrong, match="in quarantine"):
            events.run(SEED, 500)
    monkeypatch.setattr(events.Readers, "_decoded", lambda self, raw: json.loads(raw)["none"])
    with pytest.raises(events.Wrong, match="KeyError"):
        events.run(SEED, 500)


@pytest.mark.parametrize("place", ["transaction", "signed", "message", "meta", "loaded", "group", "call", "inner call"])
def test_a_list_is_no_object(place: str) -> None:
    """A list where an object stands, with its members in their order: refused by both readers."""
    one = events.transaction(Random(SEED))  # noqa: S311 - repeated by its seed
    signed, meta = one["transaction"], one["meta"]
    group = meta["innerInstructions"][0]
    lists: dict[str, Any] = {
        "signed": (one, "transaction"),
        "message": (signed, "message"),
        "meta": (one, "meta"),
        "loaded": (meta, "loadedAddresses"),
        "group": (meta["innerInstructions"], 0),
        "call": (signed["message"]["instructions"], 0),
        "inner call": (group["instructions"], 0),
    }
    meta["err"] = None
    assert events.Readers().read(events.block([one]), 1) is not None
    if place == "transaction":
        raw = events.block([[signed, meta]])  # type: ignore[list-item] # that is what is tried
    else:
        where, name = lists[place]
        members = {"loaded": ("writable", "readonly"), "meta": ("err", "innerInstructions", "loadedAddresses")}
        where[name] = [where[name][member] for member in members.get(place, where[name])]
        raw = events.block([one])
    assert events.Readers().read(raw, 1) is None


def test_what_is_no_text_is_no_json() -> None:
    """Bytes that are not UTF-8 in a place where nobody looks: refused by both readers."""
    one = events.transaction(Random(SEED))  # noqa: S311 - repeated by its seed
    one["meta"]["err"] = {"Custom": 1}
    raw = events.block([one])
    assert events.Readers().read(raw, 1) is not None
    assert events.Readers().read(raw.replace(b"Custom", b"Cust\xff\xfeom"), 1) is None


async def test_no_answer_crashes(recorded: Recorded) -> None:
    """Everything that client and indexer ask, with answers that a hostile node changed: a value, or an error with a
    sentence, soon."""
    found = await answers.run(recorded, SEED, ANSWERS)
    assert found["refused"] > ANSWERS // 2
    assert found["taken"] > ANSWERS // 20


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(number=st.integers(0, 10**9), seed=st.integers(0, 2**64))
def test_no_answer_crashes_whatever_hypothesis_picks(recorded: Recorded, number: int, seed: int) -> None:
    """The same, where a failure shrinks to the smallest number."""
    asyncio.run(answers.one(recorded, number, seed))


def test_everything_is_recorded(recorded: Recorded) -> None:
    """All methods that the client's and the indexer's code asks a node for, but for what only test chains give."""
    methods = Counter(method for asked in recorded.answers.values() for method, _ in asked)
    assert methods.keys() >= {
        *("getAccountInfo", "getMultipleAccounts", "getProgramAccounts", "getLatestBlockhash", "simulateTransaction"),
        *("sendTransaction", "getSignatureStatuses", "getEpochInfo", "getSlot", "getGenesisHash", "getBlockTime"),
        *("getBlocks", "getFirstAvailableBlock", "getBlock", "getSignaturesForAddress", "getTransaction"),
    }
    assert len(recorded.datas) > 10


CODES = (-32_000, -32_001, -32_002, -32_003, -32_005, -32_007, -32_015, -32_016, -32_429, -32_602, 0, 429, 2**31)


@pytest.mark.parametrize("data", [{}, {"data": None}, {"data": {"err": None}}, {"data": "x"}], ids=str)
@pytest.mark.parametrize("code", CODES)
def test_a_refusal_of_any_code_has_its_sentence(code: int, data: dict[str, Any]) -> None:
    """Those that solders does not know, or whose details are missing, too; control characters are left out."""
    error = {"code": code, "message": "too much\0\x1b[2J at https://node.example/?api-key=c4n4ry"} | data
    raw = json.dumps({"jsonrpc": "2.0", "id": 0, "error": error}).encode()
    for parser in (GetSlotResp, SendTransactionResp):
        with pytest.raises(rpc.RPCException) as caught:
            parse(raw, parser, "https://node.example")
        assert rpc.reason(caught.value) == "too much\ufffd\ufffd[2J at https://node.example"


async def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is too long, and one that comes a byte at a time: in bounded memory and time, with the node's name."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + b" " * 2_000)
        try:
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.005)
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, rpc.connect(url) as client:
        monkeypatch.setattr(rpc, "ANSWER_BYTES", 1_000)
        with pytest.raises(Unreachable, match=f"{url} answers with more than 1,000 bytes"):
            await client.get_slot()
        monkeypatch.setattr(rpc, "ANSWER_BYTES", 10**9)
        monkeypatch.setattr(rpc, "CALL_SECONDS", 0.3)
        with pytest.raises(Unreachable, match=f"{url} did not answer in time"):
            await client.get_slot()


def test_inputs_repeat() -> None:
    """The same seed makes the same inputs, or nobody could look at what failed."""
    first, again, other = (list(events.inputs(seed, 300)) for seed in (3, 3, 4))
    assert first == again != other
    raw = b'{"jsonrpc":"2.0","id":0,"result":{"value":1}}'
    assert [answers.changed(raw, Random(n), []) for n in range(50)] == [  # noqa: S311 - repeated by its seed
        answers.changed(raw, Random(n), [])  # noqa: S311 - repeated by its seed
        for n in range(50)
    ]
