"""The same accounts and transactions on any node: what the conformance tests then ask about."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.compute_budget import set_compute_unit_price
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import CreateAccountParams, TransferParams, create_account, transfer
from solders.transaction import VersionedTransaction

from tests.integration.conformance_servers import Node, localnet

SOL = 10**9
UPGRADEABLE_LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
SYSTEM = Pubkey.default()
TOKEN = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
ASSOCIATED = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
MEMO = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
LOOKUP = Pubkey.from_string("AddressLookupTab1e1111111111111111111111111")
CLOCK = "SysvarC1ock11111111111111111111111111111111"
MINT_SIZE = 82


def keypair(name: str) -> Keypair:
    """The same keypair for the same name, on every node and in every run."""
    return Keypair.from_seed(name.encode().ljust(32, b"."))


PAYER, MINT = keypair("payer"), keypair("mint")
SPENDER = keypair("spender")
"""Pays for what the tests send: the accounts that they compare stay as they are."""
BOB, CAROL = keypair("bob").pubkey(), keypair("carol").pubkey()
NOBODY = keypair("nobody").pubkey()
UNKNOWN_SIGNATURE = str(keypair("nobody").sign_message(b"never sent"))


PROGRAM, FROZEN = keypair("program").pubkey(), keypair("frozen").pubkey()
"""Programs deployed at genesis: one with an authority, one that can never be upgraded."""
AUTHORITY = keypair("authority").pubkey()


def program_data(program: Pubkey) -> Pubkey:
    """Where the upgradeable loader keeps the code of a program."""
    return Pubkey.find_program_address([bytes(program)], UPGRADEABLE_LOADER)[0]


def deployment(folder: Path) -> list[str]:
    """The options that deploy PROGRAM and FROZEN. Any code will do: it is LiteSVM's memo program."""
    with localnet(slot_ms=0) as source:
        found = source.get("getAccountInfo", str(MEMO), {"encoding": "base64"})["value"]["data"][0]
    path = folder / "program.so"
    path.write_bytes(base64.b64decode(found))
    options = ["--upgradeable-program", str(PROGRAM), str(path), str(AUTHORITY)]
    return [*options, "--bpf-program", str(FROZEN), str(path)]


def holding(owner: Pubkey) -> Pubkey:
    """The associated token account of an owner."""
    return Pubkey.find_program_address([bytes(owner), bytes(TOKEN), bytes(MINT.pubkey())], ASSOCIATED)[0]


def pay(lamports: int, to: Pubkey = BOB, source: Keypair = PAYER) -> Instruction:
    """A transfer of lamports."""
    return transfer(TransferParams(from_pubkey=source.pubkey(), to_pubkey=to, lamports=lamports))


def open_account(owner: Pubkey, payer: Keypair = PAYER) -> Instruction:
    """Create the associated token account of an owner, if there is none: a program that calls others."""
    named = [(payer.pubkey(), True, True), (holding(owner), False, True), (owner, False, False)]
    named += [(MINT.pubkey(), False, False), (SYSTEM, False, False), (TOKEN, False, False)]
    return Instruction(ASSOCIATED, b"\1", [AccountMeta(*each) for each in named])


def encode(transaction: VersionedTransaction) -> str:
    """A transaction in base64."""
    return base64.b64encode(bytes(transaction)).decode()


def sign(
    node: Node,
    *instructions: Instruction,
    signers: list[Keypair] | None = None,
    versioned: bool = False,
    tables: list[AddressLookupTableAccount] | None = None,
    blockhash: Hash | None = None,
) -> VersionedTransaction:
    """A signed transaction with the node's newest block hash."""
    keys = signers or [PAYER]
    if blockhash is None:
        found = node.get("getLatestBlockhash", {"commitment": "confirmed"})
        blockhash = Hash.from_string(found["value"]["blockhash"])
    payer = keys[0].pubkey()
    if versioned or tables:
        return VersionedTransaction(MessageV0.try_compile(payer, instructions, tables or [], blockhash), keys)
    return VersionedTransaction(Message.new_with_blockhash(list(instructions), payer, blockhash), keys)


def unsigned(transaction: VersionedTransaction) -> VersionedTransaction:
    """The same transaction with a signature that is none."""
    return VersionedTransaction.populate(transaction.message, [Signature.default()])


@dataclass
class World:
    """What happened on one node, by name."""

    node: Node
    signatures: dict[str, str] = field(default_factory=dict)
    transactions: dict[str, VersionedTransaction] = field(default_factory=dict)
    slots: dict[str, int] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    """Values that differ from node to node, and the name by which answers are compared."""

    def send(self, name: str, transaction: VersionedTransaction, **options: Any) -> str:
        """Send a transaction, wait until it is confirmed, and remember it by name."""
        chosen = {"encoding": "base64", "preflightCommitment": "confirmed", **options}
        signature = str(self.node.get("sendTransaction", encode(transaction), chosen))
        self.transactions[name] = transaction
        for other in transaction.signatures[1:]:
            self.labels[str(other)] = f"<another signature of {name}>"
        self.remember(name, signature)
        return signature

    def remember(self, name: str, signature: str) -> None:
        """Wait for a transaction and give its signature a name."""
        self.signatures[name] = signature
        self.labels[signature] = f"<signature of {name}>"
        self.slots[name] = self.node.wait_for(signature)["slot"]


def build(node: Node) -> World:
    """Make the same history on a node."""
    world = World(node)
    world.remember("airdrop", node.get("requestAirdrop", str(PAYER.pubkey()), 100 * SOL))
    world.send("transfer", sign(node, pay(SOL)))
    world.send("spender", sign(node, pay(SOL, SPENDER.pubkey())))
    memo = Instruction(MEMO, b"hello", [AccountMeta(PAYER.pubkey(), True, False)])
    world.send("versioned", sign(node, pay(SOL, CAROL), memo, versioned=True))
    world.send("priority", sign(node, set_compute_unit_price(1_000_000), pay(1)))
    world.send("failed", sign(node, pay(10**6 * SOL)), skipPreflight=True)
    world.send("no program", sign(node, Instruction(NOBODY, b"", [])), skipPreflight=True)
    _tokens(world)
    _lookup_table(world)
    for name in world.signatures:
        node.wait_for(world.signatures[name], "finalized")
    return world


def _tokens(world: World) -> None:
    node, payer, mint = world.node, PAYER.pubkey(), MINT.pubkey()
    rent = node.get("getMinimumBalanceForRentExemption", MINT_SIZE)
    made = CreateAccountParams(from_pubkey=payer, to_pubkey=mint, lamports=rent, space=MINT_SIZE, owner=TOKEN)
    initialize = Instruction(
        TOKEN, bytes([20, 6]) + bytes(payer) + b"\0", [AccountMeta(mint, False, True)]
    )  # InitializeMint2, 6 decimals, no freeze authority
    world.send("mint", sign(node, create_account(made), initialize, signers=[PAYER, MINT]))
    world.send("open for payer", sign(node, open_account(payer)))
    world.send("open for bob", sign(node, open_account(BOB)))
    issued = [AccountMeta(mint, False, True), AccountMeta(holding(payer), False, True)]
    issue = Instruction(TOKEN, b"\7" + (10**6).to_bytes(8, "little"), [*issued, AccountMeta(payer, True, False)])
    moved = [AccountMeta(holding(payer), False, True), AccountMeta(holding(BOB), False, True)]
    move = Instruction(TOKEN, b"\3" + (250_000).to_bytes(8, "little"), [*moved, AccountMeta(payer, True, False)])
    world.send("tokens", sign(node, issue, move))
    # GetAccountDataSize answers with return data.
    world.send("returns", sign(node, Instruction(TOKEN, bytes([21]), [AccountMeta(mint, False, False)])))


def _lookup_table(world: World) -> None:
    node, payer = world.node, PAYER.pubkey()
    # A bank knows the hashes of the slots before its own.
    slot = node.get("getSlot", {"commitment": "confirmed"}) - 1
    table, bump = Pubkey.find_program_address([bytes(payer), slot.to_bytes(8, "little")], LOOKUP)
    accounts = [(table, False, True), (payer, True, False), (payer, True, True), (SYSTEM, False, False)]
    metas = [AccountMeta(*each) for each in accounts]
    create = Instruction(LOOKUP, bytes(4) + slot.to_bytes(8, "little") + bytes([bump]), metas)
    addresses = [BOB, CAROL]
    extend = Instruction(
        LOOKUP,
        (2).to_bytes(4, "little") + (2).to_bytes(8, "little") + b"".join(bytes(each) for each in addresses),
        metas,
    )
    world.labels[str(table)] = "<lookup table>"
    world.send("table", sign(node, create, extend))
    # New entries of a table can be used from the next slot on.
    while node.get("getSlot", {"commitment": "confirmed"}) <= world.slots["table"]:
        time.sleep(0.02)
    entries = AddressLookupTableAccount(table, addresses)
    world.send("looked up", sign(node, pay(SOL), pay(SOL, CAROL), tables=[entries]))
