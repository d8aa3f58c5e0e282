"""What counts as an event, what does not, and what goes to quarantine: on transactions as the RPC writes them."""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import Any

import based58
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.decoding import layouts
from indexer.decoding.blocks import Block
from indexer.decoding.decode import Decoded, Decoder
from indexer.decoding.layouts import EVENT_TAG
from indexer.errors import IncompleteBlock

ANY_TIME = settings(deadline=None)
"""Cores are shared: how long one example takes says nothing."""

BURN, EMISSION, ORACLE = (layouts.program(name) for name in ("burn", "emission", "oracle"))
TOKEN = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"  # noqa: S105 - an address
BLOCKS = msgspec.json.Decoder(Block)


def address(number: int) -> str:
    """Some address."""
    return based58.b58encode(sha256(b"%d" % number).digest()).decode()


SIGNED = bytes(range(64))
STRANGER, PAYER, MINT = address(1), address(2), address(3)
BURNED = struct.pack("<32sQQQiq", bytes(32), 5, 7, 11, -200, 13)
"""The body of an `IoBurned`."""


def event(program: layouts.ProgramLayout, name: str, body: bytes) -> bytes:
    """The data of an `emit_cpi!` instruction."""
    return EVENT_TAG + sha256(f"event:{name}".encode()).digest()[:8] + body


def call(keys: list[str], program: str, data: bytes, accounts: list[str], height: int | None = 1) -> dict[str, Any]:
    """An instruction; keys that are missing are added."""
    for key in (program, *accounts):
        if key not in keys:
            keys.append(key)
    return {
        "programIdIndex": keys.index(program),
        "accounts": [keys.index(account) for account in accounts],
        "data": based58.b58encode(data).decode(),
        "stackHeight": height,
    }


def transaction(keys: list[str], top: list[Any], inner: Any, err: Any = None, **meta: Any) -> dict[str, Any]:
    """A transaction of a block."""
    body = {"err": err, "innerInstructions": inner, "loadedAddresses": {"writable": [], "readonly": []}}
    return {
        "transaction": {"message": {"accountKeys": keys, "instructions": top}, "signatures": []},
        "meta": {**body, **meta, "logMessages": ["Log truncated", "Program data: !!!", ""]},
        "version": 0,
    }


def decode(*transactions: dict[str, Any], decoder: Decoder | None = None) -> Decoded:
    """A block of these, each signed by its place."""
    for place, one in enumerate(transactions):
        one["transaction"]["signatures"] = [based58.b58encode(SIGNED[:-1] + bytes([SIGNED[-1] + place])).decode()]
    raw = {
        "blockhash": "b",
        "previousBlockhash": "a",
        "parentSlot": 6,
        "blockTime": 1_000,
        "transactions": list(transactions),
    }
    return (decoder or Decoder()).block(7, BLOCKS.decode(msgspec.json.encode(raw)))


def burned(data: bytes = event(BURN, "IoBurned", BURNED), **change: Any) -> dict[str, Any]:
    """A transaction in which `burn` emits: the true one, or with something changed."""
    keys = [PAYER]
    outer = change.pop("outer", BURN.text)
    emitter = change.pop("emitter", BURN.text)
    accounts = change.pop("accounts", [BURN.event_authority])
    height = change.pop("height", 2)
    top = [call(keys, outer, b"\x01" * 8, [PAYER])]
    inner = [{"index": 0, "instructions": [call(keys, emitter, data, accounts, height)]}]
    return transaction(keys, top, change.pop("inner", inner), **change)


def test_an_event_is_read() -> None:
    """A program's call of itself with its event authority is an event, at its place on the chain."""
    decoded = decode(burned())
    assert decoded.rows["io_burned"] == [(7, 0, 1, bytes(32), 5, 7, 11, -200, 13)]
    assert decoded.rows["transaction"] == [(7, 0, SIGNED)]
    assert (decoded.events, decoded.quarantined, len(decoded.blocks[0].content)) == (1, [], 32)


@pytest.mark.parametrize(
    "change",
    [
        {"err": {"InstructionError": [0, {"Custom": 1}]}},
        {"emitter": STRANGER, "outer": STRANGER},
        {"outer": STRANGER},
        {"outer": EMISSION.text},
        {"accounts": [STRANGER]},
        {"accounts": [BURN.event_authority, STRANGER]},
        {"accounts": []},
        {"data": b"", "outer": BURN.text},
        {"data": EVENT_TAG[:7], "outer": BURN.text},
    ],
    ids=["failed", "foreign", "called-by-stranger", "called-by-ours", "wrong", "two-accounts", "none", "empty", "tag"],
)
def test_what_only_looks_like_an_event_is_nothing(change: dict[str, Any]) -> None:
    """Failed transactions, foreign programs and forged calls leave no row and stop nothing."""
    decoded = decode(burned(**change))
    assert (decoded.rows, decoded.quarantined, decoded.events) == ({}, [], 0)
    assert decoded.blocks[0].content == b""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"data": event(BURN, "IoBurned", BURNED[:-1])}, "IoBurned"),
        ({"data": event(BURN, "IoBurned", BURNED + b"\0")}, "IoBurned"),
        ({"data": event(BURN, "IoBurned", b"")}, "IoBurned"),
        ({"data": EVENT_TAG}, "no event"),
        ({"data": event(BURN, "JobSettled", BURNED)}, "no event"),
        ({"height": None}, "stack heights"),
    ],
    ids=["short", "long", "empty", "no-discriminator", "of-another-program", "no-heights"],
)
def test_what_our_own_program_said_and_nobody_understands_is_quarantined(change: dict[str, Any], reason: str) -> None:
    """It does not crash, it is kept as it was, and the rest of the block is read."""
    decoded = decode(burned(**change), burned())
    assert [reason in entry.reason for entry in decoded.quarantined] == [True]
    assert decoded.quarantined[0].data[:8] == EVENT_TAG
    assert len(decoded.rows["io_burned"]) == 1
    assert decoded.blocks[0].content


@ANY_TIME
@given(body=st.binary(max_size=300))
def test_no_body_crashes(body: bytes) -> None:
    """Whatever follows the tag: an event, or quarantine."""
    decoded = decode(burned(EVENT_TAG + body))
    assert decoded.events + len(decoded.quarantined) == 1


def test_deep_calls_know_their_caller() -> None:
    """An event of a program that was called by another belongs to the one that emitted it."""
    keys = [PAYER]
    credited = struct.pack("<32sQQQI", bytes(32), 1, 2, 3, 4)
    settle = [
        call(keys, TOKEN, b"\x03" + bytes(8), [PAYER], 2),
        call(keys, EMISSION.text, b"\x02" * 8, [PAYER], 2),
        call(keys, EMISSION.text, event(EMISSION, "CouponsCredited", credited), [EMISSION.event_authority], 3),
        call(keys, BURN.text, event(BURN, "IoBurned", BURNED), [BURN.event_authority], 2),
    ]
    top = [call(keys, STRANGER, b"", [PAYER]), call(keys, BURN.text, b"\x01" * 8, [PAYER])]
    decoded = decode(transaction(keys, top, [{"index": 1, "instructions": settle}]))
    assert decoded.rows["coupons_credited"] == [(7, 0, 1 << 16 | 3, bytes(32), 1, 2, 3, 4)]
    assert decoded.rows["io_burned"][0][:3] == (7, 0, 1 << 16 | 4)


def test_programs_from_lookup_tables_are_found() -> None:
    """Loaded addresses follow the static keys: writable first."""
    static, loaded = [PAYER, STRANGER], {"writable": [BURN.event_authority], "readonly": [BURN.text]}
    keys = [*static, *loaded["writable"], *loaded["readonly"]]
    top = [call(keys, STRANGER, b"", [PAYER])]
    calls = [
        call(keys, BURN.text, b"\x01" * 8, [], 2),
        call(keys, BURN.text, event(BURN, "IoBurned", BURNED), [BURN.event_authority], 3),
    ]
    decoded = decode(transaction(static, top, [{"index": 0, "instructions": calls}], loadedAddresses=loaded))
    assert decoded.events == 1


def test_measurements_and_scores_are_read_from_instructions() -> None:
    """Records without events: a row for each of their items, top-level or inner; what follows is not read."""
    node, challenge, earners = address(4), address(5), [address(6), address(7)]
    measured = struct.pack("<32s5IB", based58.b58decode(node.encode()), 1, 2, 3, 4, 5, 1)
    record = ORACLE.instructions["record_challenges"] + bytes(32) + struct.pack("<I", 2) + measured * 2 + b"more"
    commit = ORACLE.instructions["commit_challenge"] + struct.pack("<IH32s", 9, 3, bytes(32))
    scores = EMISSION.instructions["post_scores"] + struct.pack("<IIIHIH", 9, 2, 100, 5, 200, 6)
    keys = [PAYER]
    top = [
        call(keys, ORACLE.text, commit, [PAYER, address(9), challenge, address(8)]),
        call(keys, STRANGER, b"", [PAYER]),
    ]
    inner = [
        call(keys, ORACLE.text, record, [PAYER, address(9), challenge], 2),
        call(keys, EMISSION.text, scores, [address(8), address(9), PAYER, *earners], 2),
    ]
    decoded = decode(transaction(keys, top, [{"index": 1, "instructions": inner}]))
    raw = {name: based58.b58decode(name.encode()) for name in (PAYER, node, challenge, *earners)}
    assert decoded.rows["challenge_committed"] == [(7, 0, 0, raw[PAYER], raw[challenge], 9, 3, bytes(32))]
    assert decoded.rows["challenge_recorded"] == [
        (7, 0, 1 << 16 | 1, item, raw[PAYER], raw[challenge], raw[node], 1, 2, 3, 4, 5, 1) for item in (0, 1)
    ]
    assert decoded.rows["score_posted"] == [
        (7, 0, 1 << 16 | 2, 0, 9, raw[earners[0]], 100, 5),
        (7, 0, 1 << 16 | 2, 1, 9, raw[earners[1]], 200, 6),
    ]
    assert decoded.events == 5


def test_a_record_of_nothing_is_nothing() -> None:
    """No scores in a call: no row, and no reason to stop."""
    keys = [PAYER]
    data = EMISSION.instructions["post_scores"] + struct.pack("<II", 9, 0)
    decoded = decode(transaction(keys, [call(keys, EMISSION.text, data, [PAYER])], []))
    assert (decoded.rows, decoded.quarantined) == ({}, [])


def test_a_record_that_is_cut_off_is_quarantined() -> None:
    """A count that the data does not have is no reason to crash, nor to allocate."""
    keys = [PAYER]
    data = EMISSION.instructions["post_scores"] + struct.pack("<II", 9, 2**32 - 1)
    decoded = decode(transaction(keys, [call(keys, EMISSION.text, data, [PAYER])], []))
    assert [entry.program for entry in decoded.quarantined] == ["emission"]


def test_the_supply_of_io_is_followed_once_its_mint_is_known() -> None:
    """Mints and burns of IO count from whomever they come; those of other mints do not."""
    account, amount = address(4), struct.pack("<Q", 12)
    keys = [PAYER]
    top = [
        call(keys, TOKEN, b"\x07" + amount, [MINT, account, PAYER]),
        call(keys, TOKEN, b"\x0f" + amount + b"\x08", [account, MINT, PAYER]),
        call(keys, TOKEN, b"\x07" + amount, [STRANGER, account, PAYER]),
        call(keys, TOKEN, b"\x03" + amount, [account, MINT, PAYER]),
    ]
    raw = based58.b58decode(account.encode())
    moved = transaction(keys, top, [])
    assert decode(moved).rows == {}
    assert decode(moved, decoder=Decoder(MINT)).rows["io_supply_changed"] == [
        (7, 0, 0, 0, 1, 12, raw),
        (7, 0, 1 << 16, 0, -1, 12, raw),
    ]
    batch = b"\xff" + b"\x03\x09\x03" + amount + b"\x03\x09\x08" + amount + b"\x02\xff\x08"
    keys = [PAYER]
    both = [call(keys, TOKEN, batch, [account, STRANGER, PAYER, account, MINT, PAYER])]
    batched = decode(transaction(keys, both, []), decoder=Decoder(MINT))
    assert batched.rows["io_supply_changed"] == [(7, 0, 0, 1, -1, 12, raw)]
    body = struct.pack("<32s32sqIHH", based58.b58decode(MINT.encode()), bytes(32), 0, 1, 2, 3)
    keys = [PAYER]
    begin = [call(keys, EMISSION.text, b"\x01" * 8, [PAYER])]
    said = call(keys, EMISSION.text, event(EMISSION, "EmissionInitialized", body), [EMISSION.event_authority], 2)
    learned = decode(transaction(keys, begin, [{"index": 0, "instructions": [said]}]), moved)
    assert len(learned.rows["io_supply_changed"]) == 2


@pytest.mark.parametrize(
    "change",
    [{"inner": None}, {"meta": None}, {"data": "0OIl"}, {"stackHeight": 3}, {"stackHeight": 1}, {"accounts": [99]}],
    ids=["inner", "meta", "base58", "height-too-high", "height-of-the-top", "keys"],
)
def test_a_node_that_leaves_something_out_is_not_believed(change: dict[str, Any]) -> None:
    """Without inner instructions, outcomes, base58, callers or keys, nothing of the block is taken."""
    made = burned(**({"inner": None} if "inner" in change else {}))
    if "meta" in change:
        made["meta"] = None
    elif "inner" not in change:
        made["meta"]["innerInstructions"][0]["instructions"][0] |= change
    with pytest.raises(IncompleteBlock):
        decode(made)


def test_the_content_tells_histories_apart() -> None:
    """The digest of a block depends on what was said, in which order, and on nothing of strangers."""
    other = event(BURN, "IoBurned", BURNED[:-1] + b"\x01")
    contents = [
        decode(*transactions).blocks[0].content
        for transactions in (
            [burned()],
            [burned(other)],
            [burned(), burned(other)],
            [burned(other), burned()],
        )
    ]
    assert len(set(contents)) == len(contents)
    keys = [PAYER]
    noise = transaction(keys, [call(keys, STRANGER, b"x", [PAYER])], [])
    assert decode(burned(), noise).blocks[0].content == contents[0]
