"""What localnet adds to a validator, and what only a chain under control can show: time, finality, expiry."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from solders.hash import Hash
from solders.instruction import Instruction
from websockets.sync.client import connect

from tests.integration.conformance_servers import ROOT, Node, localnet
from tests.integration.conformance_world import (
    AUTHORITY,
    BOB,
    CLOCK,
    FROZEN,
    NOBODY,
    PAYER,
    PROGRAM,
    SOL,
    deployment,
    encode,
    keypair,
    pay,
    program_data,
    sign,
)

GENESIS = 1_700_000_000
SLOT_HASHES = "SysvarS1otHashes111111111111111111111111111"
INVALID_PARAMS = -32602


@pytest.fixture
def node() -> Iterator[Node]:
    """A chain on which neither slots nor time move by themselves."""
    with localnet("--clock", "manual", "--genesis-time", str(GENESIS), slot_ms=0) as started:
        started.get("requestAirdrop", str(PAYER.pubkey()), 100 * SOL)
        warp(started, slots=1)
        yield started


def warp(node: Node, **how: int) -> dict[str, int]:
    """Travel."""
    return dict(node.get("localnet_warp", how))


def send(node: Node, lamports: int, **options: Any) -> str:
    """Pay, with the newest block hash."""
    chosen = {"encoding": "base64", "preflightCommitment": "confirmed", **options}
    return str(node.get("sendTransaction", encode(sign(node, pay(lamports))), chosen))


def account_data(node: Node, address: str) -> bytes:
    """The bytes of an account."""
    value = node.get("getAccountInfo", address, {"encoding": "base64", "commitment": "processed"})["value"]
    return base64.b64decode(value["data"][0])


def clock(node: Node) -> tuple[int, int]:
    """Slot and unix time, as programs see them."""
    data = account_data(node, CLOCK)
    return int.from_bytes(data[:8], "little"), int.from_bytes(data[32:40], "little")


def test_manual_clock_stands_still(node: Node) -> None:
    """Without a warp the time stays, whatever happens; a warp in slots leaves it too."""
    before = clock(node)
    send(node, SOL)
    assert clock(node) == before
    warped = warp(node, slots=5)
    assert clock(node) == (before[0] + 5, GENESIS) == (warped["slot"], warped["unixTimestamp"])


@pytest.mark.parametrize(("how", "expected"), [({"seconds": 90}, 90), ({"timestamp": GENESIS + 7}, 7)])
def test_warp_moves_the_clock(node: Node, how: dict[str, int], expected: int) -> None:
    """A warp in time moves clock and block time, goes to a new slot, and makes all before it final."""
    signature, slot = send(node, SOL), node.get("getSlot", {"commitment": "processed"})
    assert node.get("getTransaction", signature) is None
    warped = warp(node, **how)
    assert warped == {"slot": slot + 1, "unixTimestamp": GENESIS + expected}
    assert clock(node) == (slot + 1, GENESIS + expected)
    assert node.get("getTransaction", signature)["slot"] == slot
    assert node.get("getTransaction", signature)["blockTime"] == GENESIS
    warp(node, slots=1)
    assert node.get("getBlockTime", slot + 1) == GENESIS + expected


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"timestamp": GENESIS - 1}, "cannot go back in time"),
        ({"seconds": -1}, "integer `-1`, expected u64"),
        ({"slots": 0}, "at least one slot"),
        ({}, "takes `slots`"),
        ({"hours": 1}, "takes `slots`"),
        ({"seconds": 1, "timestamp": GENESIS + 1}, "takes `slots`"),
    ],
)
def test_warp_refuses(node: Node, how: dict[str, int], message: str) -> None:
    """A warp back in time, by nothing or by something unknown is refused, and changes nothing."""
    before = clock(node)
    error = node.call("localnet_warp", how)["error"]
    assert error["code"] == INVALID_PARAMS
    assert message in error["message"]
    assert clock(node) == before


def test_warp_skips_slots(node: Node) -> None:
    """The slots that a warp leaps over have no block; the tip has one, and heights count blocks."""
    start = node.get("getSlot", {"commitment": "processed"})
    warp(node, slots=40)
    warp(node, slots=2)
    warp(node, slots=1)
    confirmed = {"commitment": "confirmed"}
    assert node.get("getBlocks", start, confirmed) == [start, start + 40, start + 42]
    block = node.get("getBlock", start + 42, confirmed)
    assert (block["parentSlot"], block["blockHeight"]) == (start + 40, start + 2)
    assert node.get("getBlock", start + 40, confirmed)["blockhash"] == block["previousBlockhash"]
    assert node.call("getBlock", start + 5, confirmed)["error"]["code"] == -32007


def test_commitments_advance(node: Node) -> None:
    """A transaction is processed in the open block, confirmed with the next one, final 31 slots later."""
    signature = send(node, SOL)

    def status() -> tuple[str, int | None]:
        found = node.get("getSignatureStatuses", [signature])["value"][0]
        return found["confirmationStatus"], found["confirmations"]

    def visible(commitment: str) -> bool:
        options = {"commitment": commitment}
        listed = node.get("getSignaturesForAddress", str(PAYER.pubkey()), options)
        shown = node.get("getTransaction", signature, options) is not None
        assert shown == (signature in [each["signature"] for each in listed])
        return shown

    assert status() == ("processed", 0)
    assert not visible("confirmed")
    warp(node, slots=1)
    assert status() == ("confirmed", 1)
    assert visible("confirmed")
    for _ in range(29):
        warp(node, slots=1)
    assert status() == ("confirmed", 30)
    assert not visible("finalized")
    warp(node, slots=1)
    assert status() == ("finalized", None)
    assert visible("finalized")


def test_long_warp_makes_final(node: Node) -> None:
    """A warp by 32 slots is as good as 32 slots."""
    signature = send(node, SOL)
    warp(node, slots=32)
    assert node.get("getTransaction", signature) is not None


def test_duplicate_is_refused(node: Node) -> None:
    """The same transaction is executed once, with and without preflight, as long as its block hash lives."""
    transaction = sign(node, pay(SOL))
    options = {"encoding": "base64", "preflightCommitment": "processed"}
    node.get("sendTransaction", encode(transaction), options)
    for _ in range(3):
        error = node.call("sendTransaction", encode(transaction), options)["error"]
        assert error["data"]["err"] == "AlreadyProcessed"
        node.get("sendTransaction", encode(transaction), {**options, "skipPreflight": True})
        assert node.get("getBalance", str(BOB))["value"] == SOL
        warp(node, slots=1)


def test_block_hash_expires(node: Node) -> None:
    """A block hash can be used in 151 blocks after its own, and then no more."""
    found = node.get("getLatestBlockhash", {"commitment": "processed"})["value"]
    blockhash, last = Hash.from_string(found["blockhash"]), found["lastValidBlockHeight"]
    options = {"encoding": "base64", "preflightCommitment": "processed"}
    while node.get("getBlockHeight", {"commitment": "processed"}) < last + 1:
        warp(node, slots=1)
    assert node.get("isBlockhashValid", str(blockhash), {"commitment": "processed"})["value"]
    node.get("sendTransaction", encode(sign(node, pay(SOL), blockhash=blockhash)), options)
    warp(node, slots=1)
    assert not node.get("isBlockhashValid", str(blockhash), {"commitment": "processed"})["value"]
    late = encode(sign(node, pay(2 * SOL), blockhash=blockhash))
    error = node.call("sendTransaction", late, options)["error"]
    assert (error["code"], error["data"]["err"]) == (-32002, "BlockhashNotFound")


def test_failed_transaction_is_on_chain(node: Node) -> None:
    """Sent without preflight, a failing transaction pays its fee and is shown with its error and logs."""
    before = node.get("getBalance", str(PAYER.pubkey()))["value"]
    signature = send(node, 1000 * SOL, skipPreflight=True)
    warp(node, slots=1)
    meta = node.get("getTransaction", signature, {"commitment": "confirmed"})["meta"]
    assert meta["err"] == {"InstructionError": [0, {"Custom": 1}]}
    assert any("insufficient lamports" in line for line in meta["logMessages"])
    assert node.get("getBalance", str(PAYER.pubkey()))["value"] == before - meta["fee"] == before - 5000


def test_wrong_signature_is_not_executed(node: Node) -> None:
    """Without preflight a wrong signature is answered like a good one, and nothing happens."""
    wrong = sign(node, pay(SOL))
    other = sign(node, pay(2 * SOL))
    swapped = type(wrong).populate(wrong.message, other.signatures)
    options = {"encoding": "base64", "skipPreflight": True}
    signature = node.get("sendTransaction", encode(swapped), options)
    assert node.get("getSignatureStatuses", [signature])["value"] == [None]


def test_history_in_pages(node: Node) -> None:
    """Pages by `before` and `until` give every transaction once, newest first, within and across blocks."""
    sent = []
    for index in range(25):
        sent.append(send(node, SOL + index))
        if index % 4 == 3:
            warp(node, slots=1)
    warp(node, slots=32)
    bob = str(BOB)
    pages, before = [], None
    while page := node.get("getSignaturesForAddress", bob, {"limit": 7, **({"before": before} if before else {})}):
        pages += [each["signature"] for each in page]
        before = pages[-1]
    assert pages == sent[::-1]
    newer = node.get("getSignaturesForAddress", bob, {"until": sent[20]})
    assert [each["signature"] for each in newer] == sent[:20:-1]
    between = node.get("getSignaturesForAddress", bob, {"before": sent[9], "until": sent[5], "limit": 2})
    assert [each["signature"] for each in between] == [sent[8], sent[7]]


def test_set_account(node: Node) -> None:
    """An account is written from outside, whole or in part; programs and reads see it at once."""
    address, owner = str(NOBODY), str(keypair("owner").pubkey())
    data = base64.b64encode(b"seven").decode()
    node.get("localnet_setAccount", address, {"lamports": 5 * SOL, "owner": owner, "data": data})
    node.get("localnet_setAccount", address, {"lamports": 6 * SOL})
    value = node.get("getAccountInfo", address, {"encoding": "base64"})["value"]
    assert (value["lamports"], value["owner"], value["data"][0]) == (6 * SOL, owner, data)
    poor = keypair("poor")
    node.get("localnet_setAccount", str(poor.pubkey()), {"lamports": 2 * SOL})
    transaction = sign(node, pay(SOL, source=poor), signers=[poor])
    node.get("sendTransaction", encode(transaction), {"encoding": "base64", "preflightCommitment": "confirmed"})
    assert node.get("getBalance", str(poor.pubkey()))["value"] == SOL - 5000
    error = node.call("localnet_setAccount", address, {"colour": "red"})["error"]
    assert (error["code"], error["message"]) == (
        INVALID_PARAMS,
        "localnet_setAccount: unknown field `colour`",
    )


def test_slot_hashes_follow(node: Node) -> None:
    """The SlotHashes sysvar has an entry for each block before this one, and none for this one."""

    def entries() -> list[tuple[int, bytes]]:
        data = account_data(node, SLOT_HASHES)
        count = int.from_bytes(data[:8], "little")
        at = [8 + 40 * index for index in range(count)]
        return [(int.from_bytes(data[i : i + 8], "little"), data[i + 8 : i + 40]) for i in at]

    slot = node.get("getSlot", {"commitment": "processed"})
    before = entries()
    assert slot not in dict(before)
    warp(node, slots=3)
    after = entries()
    assert [each[0] for each in after[:2]] == [slot, slot - 1]
    assert after[1:] == before
    assert len({each[1] for each in after}) == len(after)


def test_same_seed_same_chain() -> None:
    """Hashes follow from the seed and the slot, and from nothing else."""
    hashes = []
    for seed in (1, 1, 2):
        with localnet("--seed", str(seed), "--genesis-time", str(GENESIS), slot_ms=0) as node:
            warp(node, slots=1)
            found = node.get("getLatestBlockhash", {"commitment": "processed"})["value"]["blockhash"]
            hashes.append((node.get("getGenesisHash"), found))
    assert hashes[0] == hashes[1] != hashes[2]


def test_deployed_programs(tmp_path: Path) -> None:
    """Programs are deployed as the upgradeable loader does it, with an authority or nobody's, and run."""
    with localnet(*deployment(tmp_path), "--mint-to", str(PAYER.pubkey()), str(SOL)) as node:
        code = (tmp_path / "program.so").read_bytes()
        for program, authority in ((PROGRAM, b"\1" + bytes(AUTHORITY)), (FROZEN, b"\1" + bytes(32))):
            data = program_data(program)
            assert account_data(node, str(program)) == (2).to_bytes(4, "little") + bytes(data)
            assert account_data(node, str(data)) == (3).to_bytes(4, "little") + bytes(8) + authority + code
            transaction = sign(node, Instruction(program, b"hello", []))
            options = {"encoding": "base64", "commitment": "confirmed"}
            value = node.get("simulateTransaction", encode(transaction), options)["value"]
            assert value["err"] is None
            assert "Program log: hello" in value["logs"]


def test_slots_advance_by_themselves() -> None:
    """With a slot length a new block comes every so often, and wall time moves the clock."""
    with localnet("--genesis-time", str(GENESIS), slot_ms=5) as node:
        first, begun = clock(node), time.monotonic()
        time.sleep(1.2)
        last, passed = clock(node), time.monotonic() - begun
        # Never more slots than fit; on a busy machine a good deal fewer.
        assert 10 < last[0] - first[0] <= passed / 0.005 + 2
        assert GENESIS <= first[1] < last[1] <= GENESIS + 60
        slots = node.get("getBlocks", 0, {"commitment": "confirmed"})
        assert slots == list(range(slots[-1] + 1))


def test_subscriptions_wait_for_their_commitment(node: Node) -> None:
    """A notification comes when its block reaches the commitment, and shows the state as of that block."""
    with connect(node.ws) as socket:
        numbers = {}
        for commitment in ("processed", "confirmed", "finalized"):
            params = [str(PAYER.pubkey()), {"commitment": commitment, "encoding": "base64"}]
            socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "accountSubscribe", "params": params}))
            numbers[json.loads(socket.recv(5))["result"]] = commitment

        def told() -> tuple[str, int]:
            params = json.loads(socket.recv(5))["params"]
            return numbers[params["subscription"]], params["result"]["value"]["lamports"]

        send(node, SOL)
        first = told()
        assert first[0] == "processed"
        warp(node, slots=1)
        assert told() == ("confirmed", first[1])
        send(node, SOL)
        assert told() == ("processed", first[1] - SOL - 5000)
        warp(node, seconds=1)
        rest = sorted(told() for _ in range(3))
        assert rest == sorted(
            [
                ("confirmed", first[1] - SOL - 5000),
                ("finalized", first[1]),
                ("finalized", first[1] - SOL - 5000),
            ]
        )
        with pytest.raises(TimeoutError):
            socket.recv(0.2)


def test_websocket_on_both_ports(node: Node) -> None:
    """WebSocket is where a validator has it, and on the RPC port too."""
    for address in (node.ws, node.rpc.replace("http", "ws")):
        with connect(address) as socket:
            socket.send('{"jsonrpc":"2.0","id":1,"method":"slotSubscribe"}')
            assert "result" in json.loads(socket.recv(5))


def test_exits_with_parent() -> None:
    """With --exit-with-parent the server ends when stdin closes, with code 0 and nothing more on stdout."""
    command = ["uv", "run", "--quiet", "--project", str(ROOT / "localnet"), "localnet", "--rpc-port", "0"]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--exit-with-parent"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert set(json.loads(process.stdout.readline())) == {"rpc", "ws"}
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0
    assert process.stdout.read() == ""
