"""The calls that are compared: a name, a method, and its arguments for the history of `conformance_world`."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from solders.compute_budget import set_compute_unit_price
from solders.hash import Hash
from solders.instruction import Instruction

from tests.integration.conformance_world import (
    BOB,
    CAROL,
    CLOCK,
    FROZEN,
    MINT,
    NOBODY,
    PAYER,
    PROGRAM,
    SOL,
    SPENDER,
    TOKEN,
    UNKNOWN_SIGNATURE,
    World,
    encode,
    holding,
    keypair,
    open_account,
    pay,
    program_data,
    sign,
    unsigned,
)

Arguments = Callable[[World], list[Any]]
CONFIRMED = {"commitment": "confirmed"}
AHEAD = 10**9
"""A slot that no node of these tests reaches."""
A, B, H = str(PAYER.pubkey()), str(BOB), str(holding(PAYER.pubkey()))


@dataclass(frozen=True)
class Case:
    """One call."""

    name: str
    method: str
    arguments: Arguments


CASES: list[Case] = []


def case(method: str, name: str, *arguments: Any) -> None:
    """Add a call with arguments that are the same on every node."""
    CASES.append(Case(f"{method}-{name}", method, lambda _: list(arguments)))


def made(method: str, name: str, arguments: Arguments) -> None:
    """Add a call whose arguments depend on the node's history."""
    CASES.append(Case(f"{method}-{name}", method, arguments))


# --- the chain ---

for _method in (
    "getSlot",
    "getBlockHeight",
    "getEpochInfo",
    "getTransactionCount",
    "getLatestBlockhash",
):
    case(_method, "plain")
    case(_method, "null", None)
    case(_method, "confirmed", CONFIRMED)
    case(_method, "processed", {"commitment": "processed"})
    case(_method, "unknown commitment", {"commitment": "sure"})
    case(_method, "ahead", {"minContextSlot": AHEAD})
    case(_method, "negative context", {"minContextSlot": -1})
    case(_method, "text", "confirmed")
    case(_method, "list", [])
    case(_method, "too many", {}, {})
for _method in (
    "getHealth",
    "getVersion",
    "getIdentity",
    "getGenesisHash",
    "getEpochSchedule",
    "getFirstAvailableBlock",
    "minimumLedgerSlot",
):
    case(_method, "plain")
    case(_method, "argument", 1)
    case(_method, "object argument", {"a": [None, True, "x"]})
case("isBlockhashValid", "default", str(Hash.default()))
case("isBlockhashValid", "short", "x")
case("isBlockhashValid", "none")
made(
    "isBlockhashValid",
    "newest",
    lambda w: [w.node.get("getLatestBlockhash", CONFIRMED)["value"]["blockhash"], CONFIRMED],
)


def _fresh_message(world: World, *instructions: Instruction, versioned: bool = False) -> str:
    """A message whose block hash cannot have expired, however slow the machine is."""
    message = sign(world.node, *instructions, pay(1), versioned=versioned).message
    return base64.b64encode((b"\x80" if versioned else b"") + bytes(message)).decode()


made("getFeeForMessage", "fresh", lambda w: [_fresh_message(w), CONFIRMED])
made("getFeeForMessage", "priority", lambda w: [_fresh_message(w, set_compute_unit_price(1_000_000)), CONFIRMED])
made("getFeeForMessage", "versioned", lambda w: [_fresh_message(w, versioned=True), CONFIRMED])
case("getFeeForMessage", "short", "x")
case("getFeeForMessage", "not base64", "!!!!")
case("getFeeForMessage", "number", 1)
case("getMinimumBalanceForRentExemption", "empty", 0)
case("getMinimumBalanceForRentExemption", "token account", 165)
case("getMinimumBalanceForRentExemption", "huge", 10**9)
case("getMinimumBalanceForRentExemption", "text", "x")
case("getMinimumBalanceForRentExemption", "negative", -1)
case("getRecentPrioritizationFees", "bad address", ["x"])
case("getRecentPrioritizationFees", "too many", [A] * 129)


def _pay_to_hurry(world: World) -> list[Any]:
    """A payment for a place in a block, and the addresses to ask for."""
    hurry = [set_compute_unit_price(2_000_000), pay(1, source=SPENDER)]
    world.send("hurry", sign(world.node, *hurry, signers=[SPENDER]))
    return [[str(SPENDER.pubkey())]]


made("getRecentPrioritizationFees", "address", _pay_to_hurry)

# --- accounts ---

for _encoding in ("base58", "base64", "base64+zstd", "jsonParsed", "binary", "strange"):
    case("getAccountInfo", f"payer {_encoding}", A, {"encoding": _encoding})
    case("getAccountInfo", f"mint {_encoding}", str(MINT.pubkey()), {"encoding": _encoding})
case("getAccountInfo", "plain", A)
case("getAccountInfo", "token account, plain", H)
case("getAccountInfo", "clock", CLOCK, {"encoding": "base64"})
case("getAccountInfo", "nobody", str(NOBODY))
case("getAccountInfo", "short", "x")
case("getAccountInfo", "long", A + A)
case("getAccountInfo", "not base58", "0" * 44)
case("getAccountInfo", "number", 5)
case("getAccountInfo", "null", None)
case("getAccountInfo", "none")
case("getAccountInfo", "text options", A, "base64")
case("getAccountInfo", "ahead", A, {"minContextSlot": AHEAD})
case("getAccountInfo", "slice", H, {"encoding": "base64", "dataSlice": {"offset": 64, "length": 8}})
case("getAccountInfo", "slice beyond", H, {"encoding": "base64", "dataSlice": {"offset": 164, "length": 80}})
case("getAccountInfo", "slice base58", H, {"dataSlice": {"offset": 0, "length": 32}})
case("getAccountInfo", "half a slice", H, {"dataSlice": {"offset": 0}})
case("getAccountInfo", "negative slice", H, {"dataSlice": {"offset": -1, "length": 8}})
for _name, _program in {"upgradeable": PROGRAM, "frozen": FROZEN}.items():
    case("getAccountInfo", f"{_name} program", str(_program), {"encoding": "base64"})
    case("getAccountInfo", f"{_name} program's data", str(program_data(_program)), {"encoding": "base64"})
case("getMultipleAccounts", "some", [A, H, str(NOBODY)], {"encoding": "base64"})
case("getMultipleAccounts", "plain", [A])
case("getMultipleAccounts", "empty", [])
case("getMultipleAccounts", "too many", [A] * 101)
case("getMultipleAccounts", "short", ["x"])
case("getMultipleAccounts", "text", A)
case("getMultipleAccounts", "number inside", [1])
_mint_filter = {"memcmp": {"offset": 0, "bytes": str(MINT.pubkey())}}
_base64 = {"encoding": "base64"}
case("getProgramAccounts", "of mint", str(TOKEN), {**_base64, "filters": [{"dataSize": 165}, _mint_filter]})
case("getProgramAccounts", "context", str(TOKEN), {**_base64, "filters": [_mint_filter], "withContext": True})
case("getProgramAccounts", "mints", str(TOKEN), {**_base64, "filters": [{"dataSize": 82}]})
case("getProgramAccounts", "token state", str(TOKEN), {**_base64, "filters": ["tokenAccountState"]})
_memcmps: dict[str, dict[str, Any]] = {
    "base58": {"bytes": str(PAYER.pubkey()), "encoding": "base58"},
    "base64": {"bytes": base64.b64encode(bytes(PAYER.pubkey())).decode(), "encoding": "base64"},
    "bytes": {"bytes": list(bytes(PAYER.pubkey())), "encoding": "bytes"},
    "bytes unnamed": {"bytes": list(bytes(PAYER.pubkey()))},
    "strange encoding": {"bytes": "zz", "encoding": "rot13"},
    "not base58": {"bytes": "!!"},
    "too long": {"bytes": "1" * 200},
}
for _name, _bytes in _memcmps.items():
    _filter = {"memcmp": {"offset": 32, **_bytes}}
    case("getProgramAccounts", f"memcmp {_name}", str(TOKEN), {**_base64, "filters": [_filter]})
case("getProgramAccounts", "too many filters", str(TOKEN), {"filters": [{"dataSize": 1}] * 5})
case("getProgramAccounts", "strange filter", str(TOKEN), {"filters": [{"size": 1}]})
case("getProgramAccounts", "half a memcmp", str(TOKEN), {"filters": [{"memcmp": {"offset": 1}}]})
case("getProgramAccounts", "nothing there", str(NOBODY))
case("getProgramAccounts", "short", "x")
case("getBalance", "payer", A)
case("getBalance", "nobody", str(NOBODY))
case("getBalance", "short", "x")
case("getBalance", "text options", A, "confirmed")
case("getTokenAccountBalance", "payer", H)
case("getTokenAccountBalance", "not a token account", A)
case("getTokenAccountBalance", "a mint", str(MINT.pubkey()))
case("getTokenAccountBalance", "nobody", str(NOBODY))
case("getTokenSupply", "mint", str(MINT.pubkey()))
case("getTokenSupply", "not a mint", A)
case("getTokenSupply", "nobody", str(NOBODY))
for _method in ("getTokenAccountsByOwner", "getTokenAccountsByDelegate"):
    case(_method, "by program", A, {"programId": str(TOKEN)}, _base64)
    case(_method, "by mint", B, {"mint": str(MINT.pubkey())}, _base64)
    case(_method, "strange program", A, {"programId": str(NOBODY)}, _base64)
    case(_method, "strange mint", A, {"mint": str(NOBODY)}, _base64)
    case(_method, "no mint", A, {"mint": A}, _base64)
    case(_method, "strange filter", A, {"owner": A}, _base64)
    case(_method, "no filter", A)

# --- transactions ---

NAMES = [
    "transfer",
    "versioned",
    "priority",
    "failed",
    "no program",
    "mint",
    "open for bob",
    "tokens",
    "returns",
    "table",
    "looked up",
]


def _transaction(name: str, **options: Any) -> Arguments:
    return lambda world: [world.signatures[name], options]


for _name in NAMES:
    made("getTransaction", _name, _transaction(_name, maxSupportedTransactionVersion=0))
for _encoding in ("base64", "base58", "jsonParsed", "base64+zstd", "strange"):
    made(
        "getTransaction",
        f"versioned {_encoding}",
        _transaction("looked up", encoding=_encoding, maxSupportedTransactionVersion=0),
    )
    made("getTransaction", f"legacy {_encoding}", _transaction("open for bob", encoding=_encoding))
made("getTransaction", "version not asked for", _transaction("versioned"))
made("getTransaction", "legacy without version", _transaction("transfer"))
made("getTransaction", "processed", _transaction("transfer", commitment="processed"))
made("getTransaction", "negative version", _transaction("transfer", maxSupportedTransactionVersion=-1))
made("getTransaction", "old form", lambda w: [w.signatures["transfer"], "base64"])
case("getTransaction", "unknown", UNKNOWN_SIGNATURE)
case("getTransaction", "short", "x")
case("getTransaction", "none")
made("getSignatureStatuses", "known", lambda w: [[w.signatures["transfer"], w.signatures["failed"]]])
made(
    "getSignatureStatuses",
    "searched",
    lambda w: [[w.signatures[name] for name in NAMES], {"searchTransactionHistory": True}],
)
case("getSignatureStatuses", "unknown", [UNKNOWN_SIGNATURE], {"searchTransactionHistory": True})
case("getSignatureStatuses", "empty", [])
case("getSignatureStatuses", "short", ["x"])
case("getSignatureStatuses", "too many", [UNKNOWN_SIGNATURE] * 257)
case("getSignatureStatuses", "text", UNKNOWN_SIGNATURE)
case("getSignatureStatuses", "strange flag", [UNKNOWN_SIGNATURE], {"searchTransactionHistory": 1})
case("getSignaturesForAddress", "payer", A)
case("getSignaturesForAddress", "confirmed", A, CONFIRMED)
case("getSignaturesForAddress", "looked up account", str(CAROL))
case("getSignaturesForAddress", "nobody", str(keypair("stranger").pubkey()))
case("getSignaturesForAddress", "page", A, {"limit": 2})


def _bounded(bound: str) -> Arguments:
    return lambda world: [A, {bound: world.signatures["failed"]}]


for _bound in ("before", "until"):
    made("getSignaturesForAddress", _bound, _bounded(_bound))
    case("getSignaturesForAddress", f"unknown {_bound}", A, {_bound: UNKNOWN_SIGNATURE})
    case("getSignaturesForAddress", f"short {_bound}", A, {_bound: "x"})
made(
    "getSignaturesForAddress",
    "between",
    lambda w: [A, {"before": w.signatures["tokens"], "until": w.signatures["versioned"], "limit": 3}],
)
case("getSignaturesForAddress", "no limit", A, {"limit": 0})
case("getSignaturesForAddress", "high limit", A, {"limit": 1001})
case("getSignaturesForAddress", "processed", A, {"commitment": "processed"})
case("getSignaturesForAddress", "ahead", A, {"minContextSlot": AHEAD})
case("getSignaturesForAddress", "short", "x")

# --- blocks ---


def _block(name: str, details: str) -> Arguments:
    options = {"transactionDetails": details, "maxSupportedTransactionVersion": 0}
    return lambda world: [world.slots[name], options]


for _details in ("full", "accounts", "signatures", "none", "strange"):
    for _name in ("looked up", "failed"):
        made(
            "getBlock",
            f"{_details} of {_name}",
            _block(_name, _details),
        )
made(
    "getBlock",
    "without rewards",
    lambda w: [w.slots["failed"], {"rewards": False, "transactionDetails": "none"}],
)
made("getBlock", "version not asked for", lambda w: [w.slots["versioned"]])
made("getBlock", "base64", lambda w: [w.slots["failed"], {"encoding": "base64"}])
made("getBlock", "jsonParsed", lambda w: [w.slots["failed"], {"encoding": "jsonParsed"}])
made("getBlock", "processed", lambda w: [w.slots["failed"], {"commitment": "processed"}])
case("getBlock", "genesis", 0)
case("getBlock", "ahead", AHEAD)
case("getBlock", "text", "x")
case("getBlock", "negative", -1)
case("getBlock", "none")
made("getBlocks", "range", lambda w: [w.slots["transfer"], w.slots["transfer"] + 3])
made("getBlocks", "backwards", lambda w: [w.slots["transfer"], w.slots["transfer"] - 1])
made("getBlocks", "options second", lambda w: [w.slots["transfer"], None, {"commitment": "processed"}])
case("getBlocks", "ahead", AHEAD)
case("getBlocks", "processed", 0, 5, {"commitment": "processed"})
case("getBlocks", "first", 0, 3)
case("getBlocks", "text", "x")
case("getBlocksWithLimit", "first", 0, 3)
case("getBlocksWithLimit", "none", 0, 0)
case("getBlocksWithLimit", "too many", 0, 10**7)
case("getBlocksWithLimit", "ahead", AHEAD, 3)
made("getBlockTime", "known", lambda w: [w.slots["transfer"]])
case("getBlockTime", "ahead", AHEAD)
case("getBlockTime", "text", "x")

# --- simulation and preflight ---


def _simulated(name: str, make: Callable[[World], Any], **options: Any) -> None:
    chosen = {**_base64, **CONFIRMED, **options}
    made("simulateTransaction", name, lambda w: [encode(make(w)), chosen])


def _sent(name: str, make: Callable[[World], Any], **options: Any) -> None:
    chosen = {**_base64, "preflightCommitment": "confirmed", **options}

    def arguments(world: World) -> list[Any]:
        transaction = make(world)
        world.labels[str(transaction.signatures[0])] = "<signature>"
        return [encode(transaction), chosen]

    made("sendTransaction", name, arguments)


def _old(world: World) -> Any:
    return sign(world.node, pay(1), blockhash=Hash.from_bytes(bytes([3] * 32)))


def _sent_before(world: World) -> Any:
    """A transaction that is on chain already, with a block hash that is still good."""
    transaction = sign(world.node, pay(9, source=SPENDER), signers=[SPENDER])
    signature = world.node.get("sendTransaction", encode(transaction), {**_base64, "skipPreflight": True})
    world.labels[signature] = "<signature of a duplicate>"
    world.node.wait_for(signature)
    return transaction


def _poor(world: World) -> Any:
    return sign(world.node, pay(1, source=keypair("poor")), signers=[keypair("poor")])


_simulated("transfer", lambda w: sign(w.node, pay(7)))
_simulated("checked", lambda w: sign(w.node, pay(7)), sigVerify=True)
_simulated("too much", lambda w: sign(w.node, pay(10**6 * SOL)))
_simulated("unsigned", lambda w: unsigned(sign(w.node, pay(7))))
_simulated("unsigned, checked", lambda w: unsigned(sign(w.node, pay(7))), sigVerify=True)
_simulated("old block hash", _old)
_simulated("old block hash, replaced", _old, replaceRecentBlockhash=True)
_simulated("checked and replaced", _old, replaceRecentBlockhash=True, sigVerify=True)
_simulated("duplicate", _sent_before)
_simulated("poor payer", _poor)
_simulated("leaves too little", lambda w: sign(w.node, pay(1, keypair("stranger").pubkey())))
_simulated("returns", lambda w: w.transactions["returns"], replaceRecentBlockhash=True)
_simulated("upgradeable program", lambda w: sign(w.node, Instruction(PROGRAM, b"hello", [])))
_simulated("frozen program", lambda w: sign(w.node, Instruction(FROZEN, b"hello", [])))
_simulated("inner", lambda w: sign(w.node, open_account(CAROL)), innerInstructions=True)
_simulated("tokens", lambda w: w.transactions["tokens"], replaceRecentBlockhash=True, accounts={"addresses": [H, A]})
_simulated("accounts in base58", lambda w: sign(w.node, pay(7)), accounts={"addresses": [A], "encoding": "base58"})
_simulated("too many accounts", lambda w: sign(w.node, pay(7)), accounts={"addresses": [A] * 4})
_simulated("bad account", lambda w: sign(w.node, pay(7)), accounts={"addresses": ["x"]})
_simulated("ahead", lambda w: sign(w.node, pay(7)), minContextSlot=AHEAD)
_sent("too much", lambda w: sign(w.node, pay(10**6 * SOL)))
_sent("unsigned", lambda w: unsigned(sign(w.node, pay(7))))
_sent("old block hash", _old)
_sent("old block hash, no preflight", _old, skipPreflight=True)
_sent("duplicate", _sent_before)
_sent("duplicate, no preflight", _sent_before, skipPreflight=True)
_sent("poor payer", _poor)
_sent("poor payer, no preflight", _poor, skipPreflight=True)
_sent("ahead", lambda w: sign(w.node, pay(7)), minContextSlot=AHEAD)
_sent("negative retries", lambda w: sign(w.node, pay(7)), maxRetries=-1)
_sent("leaves too little", lambda w: sign(w.node, pay(1, keypair("stranger").pubkey())))
_sent("no program", lambda w: sign(w.node, Instruction(NOBODY, b"", [])))
for _method in ("sendTransaction", "simulateTransaction"):
    case(_method, "not base64", "!!!", _base64)
    case(_method, "not base58", "!!!")
    case(_method, "short", "AAAA", _base64)
    case(_method, "long base64", "A" * 5000, _base64)
    case(_method, "long base58", "A" * 5000)
    case(_method, "json", "AAAA", {"encoding": "jsonParsed"})
    case(_method, "strange encoding", "AAAA", {"encoding": "strange"})
    case(_method, "number", 5)
    case(_method, "none")
case("requestAirdrop", "short", "x", 1)
case("requestAirdrop", "no amount", A)
case("requestAirdrop", "negative", A, -1)
case("requestAirdrop", "float", A, 1e20)
case("requestAirdrop", "bad block hash", A, 1, {"recentBlockhash": "x"})
case("noSuchMethod", "plain")
