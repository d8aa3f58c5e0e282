"""What a transaction names: its accounts with those of lookup tables, and which of them it may write."""

from collections.abc import Callable
from dataclasses import dataclass
from sys import intern

from solders.account import Account
from solders.address_lookup_table_account import AddressLookupTable
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

SYSTEM_PROGRAM = Pubkey.default()
UPGRADEABLE_LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
SYSVAR_OWNER = Pubkey.from_string("Sysvar1111111111111111111111111111111111111")
MEMO_PROGRAMS = {
    Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"),
    Pubkey.from_string("Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo"),
}
_RESERVED = {
    Pubkey.from_string(address)
    for address in (
        "11111111111111111111111111111111",
        "AddressLookupTab1e1111111111111111111111111",
        "BPFLoader1111111111111111111111111111111111",
        "BPFLoader2111111111111111111111111111111111",
        "BPFLoaderUpgradeab1e11111111111111111111111",
        "ComputeBudget111111111111111111111111111111",
        "Config1111111111111111111111111111111111111",
        "Ed25519SigVerify111111111111111111111111111",
        "Feature111111111111111111111111111111111111",
        "KeccakSecp256k11111111111111111111111111111",
        "LoaderV411111111111111111111111111111111111",
        "NativeLoader1111111111111111111111111111111",
        "Secp256r1SigVerify1111111111111111111111111",
        "Stake11111111111111111111111111111111111111",
        "StakeConfig11111111111111111111111111111111",
        "Sysvar1111111111111111111111111111111111111",
        "Sysvar1nstructions1111111111111111111111111",
        "SysvarC1ock11111111111111111111111111111111",
        "SysvarEpochRewards1111111111111111111111111",
        "SysvarEpochSchedu1e111111111111111111111111",
        "SysvarFees111111111111111111111111111111111",
        "SysvarLastRestartS1ot1111111111111111111111",
        "SysvarRecentB1ockHashes11111111111111111111",
        "SysvarRent111111111111111111111111111111111",
        "SysvarRewards111111111111111111111111111111",
        "SysvarS1otHashes111111111111111111111111111",
        "SysvarS1otHistory11111111111111111111111111",
        "SysvarStakeHistory1111111111111111111111111",
        "Vote111111111111111111111111111111111111111",
        "ZkE1Gama1Proof11111111111111111111111111111",
        "ZkTokenProof1111111111111111111111111111111",
    )
}
"""Sysvars and built-in programs: the runtime takes the write lock from whoever asks for it."""


@dataclass(slots=True, eq=False)
class Named:
    """The accounts of a transaction in the order in which its instructions count them."""

    keys: list[Pubkey]
    texts: list[str]
    writable: list[bool]
    invoked: set[int]
    """Indexes of the programs called by top-level instructions."""
    loaded_writable: int
    loaded_readonly: int


def name_accounts(transaction: VersionedTransaction, get_account: Callable[[Pubkey], Account | None]) -> Named:
    """Resolve every account of a transaction. A lookup that fails names nothing; the SVM refuses it by itself."""
    message = transaction.message
    header = message.header
    keys = list(message.account_keys)
    signers, static = header.num_required_signatures, len(keys)
    writable = [
        index < signers - header.num_readonly_signed_accounts
        or signers <= index < static - header.num_readonly_unsigned_accounts
        for index in range(static)
    ]
    loaded_writable: list[Pubkey] = []
    loaded_readonly: list[Pubkey] = []
    if isinstance(message, MessageV0):
        for lookup in message.address_table_lookups:
            table = get_account(lookup.account_key)
            try:
                addresses = AddressLookupTable.deserialize(table.data if table else b"").addresses
                loaded_writable += [addresses[index] for index in lookup.writable_indexes]
                loaded_readonly += [addresses[index] for index in lookup.readonly_indexes]
            except (ValueError, IndexError):
                continue
    keys += loaded_writable + loaded_readonly
    writable += [True] * len(loaded_writable) + [False] * len(loaded_readonly)
    invoked = {instruction.program_id_index for instruction in message.instructions}
    # A program that is called cannot be written by the same transaction, unless its loader is there to upgrade it.
    upgrades = UPGRADEABLE_LOADER in keys
    for index, key in enumerate(keys):
        if writable[index] and (key in _RESERVED or (index in invoked and not upgrades)):
            writable[index] = False
    return Named(
        keys=keys,
        texts=[intern(str(key)) for key in keys],
        writable=writable,
        invoked=invoked,
        loaded_writable=len(loaded_writable),
        loaded_readonly=len(loaded_readonly),
    )


def memo_of(transaction: VersionedTransaction, keys: list[Pubkey]) -> str | None:
    """The memos of a transaction as getSignaturesForAddress shows them: `[length] text`, joined by `; `."""
    memos = []
    for instruction in transaction.message.instructions:
        if keys[instruction.program_id_index] in MEMO_PROGRAMS:
            data = bytes(instruction.data)
            try:
                memos.append(f"[{len(data)}] {data.decode()}")
            except UnicodeDecodeError:
                memos.append(f"[{len(data)}] (unparseable)")
    return "; ".join(memos) or None
