"""Accounts and transactions as the RPC writes them."""

import base64
from typing import Any

import orjson
from solders.account import Account
from solders.message import MessageV0
from solders.pubkey import Pubkey

from .base58 import b58encode
from .chain import Simulation, is_fee_only
from .errors import INVALID_REQUEST, UNSUPPORTED_TRANSACTION_VERSION, RpcError
from .ledger import TokenBalance, TransactionRecord
from .message import SYSVAR_OWNER, UPGRADEABLE_LOADER

_MAX_BASE58_BYTES = 128
_RENT_EXEMPT_EPOCH = 2**64 - 1
_FROM_GENESIS = {SYSVAR_OWNER, UPGRADEABLE_LOADER}
"""Owners of accounts that no transaction has written."""
_ZSTD_BLOCK = 128 * 1024


def zstd_stored(data: bytes) -> bytes:
    """A zstd frame that stores the data as it is: valid for every reader, without a compression library."""
    frame = bytearray(b"\x28\xb5\x2f\xfd\xa0" + len(data).to_bytes(4, "little"))
    for start in range(0, max(len(data), 1), _ZSTD_BLOCK):
        chunk = data[start : start + _ZSTD_BLOCK]
        last = start + _ZSTD_BLOCK >= len(data)
        frame += (len(chunk) << 3 | last).to_bytes(3, "little") + chunk
    return bytes(frame)


def account_json(account: Account, encoding: str, data_slice: tuple[int, int] | None) -> dict[str, Any]:
    """An account. `binary` is the old form that getAccountInfo still uses when nothing is asked for."""
    data = account.data
    shown = data if data_slice is None else data[data_slice[0] : data_slice[0] + data_slice[1]]
    if encoding in ("binary", "base58"):
        if len(shown) > _MAX_BASE58_BYTES:
            raise RpcError(
                INVALID_REQUEST,
                "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding.",
            )
        text = b58encode(shown)
        written: Any = text if encoding == "binary" else [text, "base58"]
    elif encoding == "base64+zstd":
        written = [base64.b64encode(zstd_stored(shown)).decode(), "base64+zstd"]
    else:
        written = [base64.b64encode(shown).decode(), "base64"]
    return {
        "data": written,
        "executable": account.executable,
        "lamports": account.lamports,
        "owner": str(account.owner),
        # LiteSVM leaves 0 where a transaction marks what it writes as exempt from rent for ever.
        "rentEpoch": 0 if account.owner in _FROM_GENESIS else _RENT_EXEMPT_EPOCH,
        "space": len(data),
    }


def status_json(error: Any) -> dict[str, Any]:
    """The old form of a transaction's outcome, which the RPC still carries beside `err`."""
    return {"Ok": None} if error is None else {"Err": error}


def return_data_json(return_data: tuple[str, bytes] | None) -> dict[str, Any] | None:
    """What the last program returned."""
    if return_data is None:
        return None
    return {"programId": return_data[0], "data": [base64.b64encode(return_data[1]).decode(), "base64"]}


def amount_json(amount: int, decimals: int) -> dict[str, Any]:
    """A token amount in base units, and as a decimal number for people."""
    text = str(amount).rjust(decimals + 1, "0")
    whole, fraction = (text[:-decimals], text[-decimals:]) if decimals else (text, "")
    readable = f"{whole}.{fraction}".rstrip("0").rstrip(".") if decimals else whole
    return {
        "amount": str(amount),
        "decimals": decimals,
        "uiAmount": amount / 10**decimals,
        "uiAmountString": readable,
    }


def token_balances_json(balances: list[TokenBalance], *, stored: bool) -> list[dict[str, Any]]:
    """Token balances before or after a transaction. The validator's store gives an amount of 0 back as null."""
    empty = {"uiAmount": None} if stored else {}
    return [
        {
            "accountIndex": balance.index,
            "mint": balance.mint,
            "owner": balance.owner,
            "programId": balance.program,
            "uiTokenAmount": amount_json(balance.amount, balance.decimals) | (empty if not balance.amount else {}),
        }
        for balance in balances
    ]


def _instruction_json(instruction: Any, stack_height: int | None) -> dict[str, Any]:
    return {
        "accounts": list(instruction.accounts),
        "data": b58encode(bytes(instruction.data)),
        "programIdIndex": instruction.program_id_index,
        "stackHeight": stack_height,
    }


def inner_json(inner: list[list[Any]], keys: list[str] | None = None) -> list[dict[str, Any]]:
    """The calls that each top-level instruction made; with `keys`, in the parsed form."""
    listed = []
    for index, calls in enumerate(inner):
        if calls:
            pairs = [(call.instruction(), call.stack_height()) for call in calls]
            instructions = [
                _instruction_json(*pair) if keys is None else _partly_decoded(*pair, keys) for pair in pairs
            ]
            listed.append({"index": index, "instructions": instructions})
    return listed


def _key_objects(record: TransactionRecord) -> list[dict[str, Any]]:
    signers = record.transaction.message.header.num_required_signatures
    static = len(record.keys) - record.loaded_writable - record.loaded_readonly
    return [
        {
            "pubkey": key,
            "signer": index < signers,
            "source": "transaction" if index < static else "lookupTable",
            "writable": record.writable[index],
        }
        for index, key in enumerate(record.keys)
    ]


def _meta(record: TransactionRecord, details: str, parsed: bool) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "err": record.error,
        "fee": record.fee,
        "postBalances": record.post_balances,
        "postTokenBalances": token_balances_json(record.post_tokens, stored=True),
        "preBalances": record.pre_balances,
        "preTokenBalances": token_balances_json(record.pre_tokens, stored=True),
        "rewards": [],
        "status": status_json(record.error),
    }
    if details == "accounts":
        return meta
    static = len(record.keys) - record.loaded_writable - record.loaded_readonly
    meta["computeUnitsConsumed"] = record.units
    meta["costUnits"] = record.cost_units
    # Of a transaction that was not executed there is nothing to tell, which is null and not an empty list.
    ran = not is_fee_only(record.error)
    meta["innerInstructions"] = inner_json(record.inner, record.keys if parsed else None) if ran else None
    meta["logMessages"] = record.logs if ran else None
    if not parsed:
        meta["loadedAddresses"] = {
            "readonly": record.keys[static + record.loaded_writable :],
            "writable": record.keys[static : static + record.loaded_writable],
        }
    if record.return_data is not None:
        meta["returnData"] = return_data_json(record.return_data)
    return meta


def _transaction(record: TransactionRecord, encoding: str) -> Any:
    if encoding in ("base58", "binary", "base64"):
        raw = bytes(record.transaction)
        if encoding == "base64":
            return [base64.b64encode(raw).decode(), "base64"]
        return b58encode(raw) if encoding == "binary" else [b58encode(raw), "base58"]
    message = record.transaction.message
    header = message.header
    static = len(record.keys) - record.loaded_writable - record.loaded_readonly
    signatures = [str(signature) for signature in record.transaction.signatures]
    parsed = encoding == "jsonParsed"
    body: dict[str, Any] = {
        "accountKeys": record.keys[:static],
        "header": {
            "numReadonlySignedAccounts": header.num_readonly_signed_accounts,
            "numReadonlyUnsignedAccounts": header.num_readonly_unsigned_accounts,
            "numRequiredSignatures": header.num_required_signatures,
        },
        "instructions": [_instruction_json(instruction, 1) for instruction in message.instructions],
        "recentBlockhash": str(message.recent_blockhash),
    }
    if isinstance(message, MessageV0):
        body["addressTableLookups"] = [
            {
                "accountKey": str(lookup.account_key),
                "readonlyIndexes": list(lookup.readonly_indexes),
                "writableIndexes": list(lookup.writable_indexes),
            }
            for lookup in message.address_table_lookups
        ]
    if parsed:
        # The parsed form of instructions of a program that the node has no parser for: here, of every program.
        del body["header"]
        body["accountKeys"] = _key_objects(record)
        body["instructions"] = [_partly_decoded(call, 1, record.keys) for call in message.instructions]
    return {"message": body, "signatures": signatures}


def check_version(record: TransactionRecord, max_version: int | None) -> None:
    """Refuse a transaction newer than what the caller said it can read."""
    if record.version is not None and (max_version is None or record.version > max_version):
        raise RpcError(
            UNSUPPORTED_TRANSACTION_VERSION,
            f"Transaction version ({record.version}) is not supported by the requesting client. Please try the "
            "request again with the following configuration parameter: "
            f'"maxSupportedTransactionVersion": {record.version}',
        )


def transaction_json(record: TransactionRecord, encoding: str, details: str, versioned: bool) -> bytes:
    """A transaction with its meta: rendered once for each form, then kept."""
    form = f"{encoding} {details} {versioned}"
    rendered = record.rendered.get(form)
    if rendered is None:
        body: dict[str, Any] = {"meta": _meta(record, details, encoding == "jsonParsed")}
        if details == "accounts":
            signatures = [str(signature) for signature in record.transaction.signatures]
            body["transaction"] = {"accountKeys": _key_objects(record), "signatures": signatures}
        else:
            body["transaction"] = _transaction(record, encoding)
        if versioned:
            body["version"] = "legacy" if record.version is None else record.version
        rendered = record.rendered[form] = orjson.dumps(body)
    return rendered


def _partly_decoded(call: Any, stack_height: int | None, keys: list[str]) -> dict[str, Any]:
    return {
        "accounts": [keys[account] for account in call.accounts],
        "data": b58encode(bytes(call.data)),
        "programId": keys[call.program_id_index],
        "stackHeight": stack_height,
    }


def simulation_json(
    simulation: Simulation, accounts: list[Any] | None, *, inner: bool, preflight: bool
) -> dict[str, Any]:
    """The outcome of a simulation. A preflight failure has the same members, most of them null."""
    named = simulation.named
    loaded: dict[str, Any] | None = None
    if not preflight:
        loaded = {"readonly": [], "writable": []}
        if named is not None:
            static = len(named.keys) - named.loaded_writable - named.loaded_readonly
            loaded["writable"] = named.texts[static : static + named.loaded_writable]
            loaded["readonly"] = named.texts[static + named.loaded_writable :]
    replacement = simulation.replacement
    pre, post = simulation.pre_tokens, simulation.post_tokens
    return {
        "accounts": accounts,
        "err": simulation.error,
        "fee": simulation.fee,
        "innerInstructions": inner_json(simulation.inner, named.texts) if inner and named else None,
        "loadedAccountsDataSize": simulation.loaded_size,
        "loadedAddresses": loaded,
        "logs": simulation.logs,
        "postBalances": simulation.post_balances,
        "postTokenBalances": None if post is None else token_balances_json(post, stored=False),
        "preBalances": simulation.pre_balances,
        "preTokenBalances": None if pre is None else token_balances_json(pre, stored=False),
        "replacementBlockhash": replacement
        and {"blockhash": str(replacement[0]), "lastValidBlockHeight": replacement[1]},
        "returnData": return_data_json(simulation.return_data),
        "unitsConsumed": simulation.units,
    }


def keyed_account_json(
    key: Pubkey, account: Account, encoding: str, data_slice: tuple[int, int] | None
) -> dict[str, Any]:
    """An account with its address, as lists and program subscriptions show it."""
    return {"account": account_json(account, encoding, data_slice), "pubkey": str(key)}
