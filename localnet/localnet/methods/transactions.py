"""Transactions: sent, simulated, looked up."""

from typing import Any

import orjson
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from ..chain import Chain, Simulation
from ..encoding import account_json, check_version, simulation_json, status_json, transaction_json
from ..errors import (
    FILTER_TRANSACTION_NOT_FOUND,
    SEND_TRANSACTION_PREFLIGHT_FAILURE,
    RpcError,
    invalid_params,
    min_context_slot,
)
from ..ledger import Commitment, TransactionRecord
from ..params import (
    at_least_confirmed,
    blockhash,
    boolean,
    commitment,
    config,
    pubkey,
    sequence,
    signature,
    text,
    unsigned,
    wire,
    wrong_type,
)
from ..sentences import sentence
from .accounts import account_encoding
from .blocks import encoding_config
from .registry import method, read_context, with_context

_TYPE = "solana_transaction::versioned::VersionedTransaction"
_TRANSACTION_ENCODINGS = ("binary", "base64", "base58", "json", "jsonParsed")
_MAX_STATUSES = 256
_MAX_SIGNATURES = 1000


def _flag(options: dict[str, Any], name: str) -> bool:
    value = options.get(name)
    return value is not None and boolean(value)


def _decode(value: Any, options: dict[str, Any]) -> VersionedTransaction:
    encoding = options.get("encoding")
    encoded = text(value)
    if encoding is not None and text(encoding) not in _TRANSACTION_ENCODINGS:
        names = ", ".join(f"`{name}`" for name in _TRANSACTION_ENCODINGS)
        raise invalid_params(f"Invalid params: unknown variant `{encoding}`, expected one of {names}.")
    if encoding not in (None, "binary", "base58", "base64"):
        raise invalid_params(f"unsupported encoding: {encoding}. Supported encodings: base58, base64")
    raw = wire(encoded, "base64" if encoding == "base64" else "base58", _TYPE)
    try:
        transaction = VersionedTransaction.from_bytes(raw)
    except ValueError as error:
        raise invalid_params(f"failed to deserialize {_TYPE}: {error}") from None
    try:
        transaction.sanitize()
    except ValueError:
        reason = "Transaction failed to sanitize accounts offsets correctly"
        raise invalid_params(f"invalid transaction: {reason}") from None
    return transaction


@method("sendTransaction", required=1, optional=1)
def send_transaction(chain: Chain, value: Any, options: Any) -> str:
    """Execute a transaction in the open block, after a simulation unless `skipPreflight`."""
    chosen = config(options, "struct RpcSendTransactionConfig")
    skip = _flag(chosen, "skipPreflight")
    if chosen.get("maxRetries") is not None:
        unsigned(chosen["maxRetries"], "usize")
    transaction = _decode(value, chosen)
    level = Commitment.PROCESSED if skip else commitment(chosen, "preflightCommitment")
    minimum, slot = chosen.get("minContextSlot"), chain.ledger.slot_of(level)
    if minimum is not None and slot < unsigned(minimum):
        raise min_context_slot(slot)
    if not skip:
        simulation = chain.simulate(transaction, level, sig_verify=True, balances=False)
        if simulation.error is not None:
            raise RpcError(
                SEND_TRANSACTION_PREFLIGHT_FAILURE,
                f"Transaction simulation failed: {sentence(simulation.error)}",
                simulation_json(simulation, None, inner=False, preflight=True),
            )
    # As with a validator, the answer is the signature even when the block then refuses the transaction.
    chain.execute(transaction, verified=not skip)
    return str(transaction.signatures[0])


@method("simulateTransaction", required=1, optional=1)
def simulate_transaction(chain: Chain, value: Any, options: Any) -> dict[str, Any]:
    """What a transaction would do."""
    chosen = config(options, "struct RpcSimulateTransactionConfig")
    verify, replace = _flag(chosen, "sigVerify"), _flag(chosen, "replaceRecentBlockhash")
    inner = _flag(chosen, "innerInstructions")
    transaction = _decode(value, chosen)
    level, slot = read_context(chain, chosen)
    if verify and replace:
        raise invalid_params("sigVerify may not be used with replaceRecentBlockhash")
    wanted = chosen.get("accounts")
    keys: list[Pubkey] | None = None
    encoding = "base64"
    if wanted is not None:
        if not isinstance(wanted, dict):
            raise wrong_type(wanted, "struct RpcSimulateTransactionAccountsConfig")
        encoding = account_encoding(wanted, "base64")
        if encoding in ("binary", "base58"):
            raise invalid_params("base58 encoding not supported")
        listed = sequence(wanted.get("addresses", []))
        named = len(transaction.message.account_keys)
        if len(listed) > named:
            raise invalid_params(f"Too many accounts provided; max {named}")
        keys = [pubkey(text(address)) for address in listed]
    simulation = chain.simulate(transaction, level, sig_verify=verify, replace_blockhash=replace)
    accounts = None if keys is None else _accounts_after(chain, simulation, keys, encoding)
    return with_context(slot, simulation_json(simulation, accounts, inner=inner, preflight=False))


def _accounts_after(chain: Chain, simulation: Simulation, keys: list[Pubkey], encoding: str) -> list[Any]:
    if simulation.error is not None:
        return [None] * len(keys)
    found = [simulation.post_accounts.get(key) or chain.get_account(key) for key in keys]
    return [account and account_json(account, encoding, None) for account in found]


@method("getSignatureStatuses", required=1, optional=1)
def get_signature_statuses(chain: Chain, signatures: Any, options: Any) -> dict[str, Any]:
    """How far up to 256 transactions have come. The whole history is kept, so it is always searched."""
    listed = sequence(signatures)
    chosen = config(options, "struct RpcSignatureStatusConfig")
    if chosen.get("searchTransactionHistory") is not None:
        boolean(chosen["searchTransactionHistory"])
    if len(listed) > _MAX_STATUSES:
        raise invalid_params(f"Too many inputs provided; max {_MAX_STATUSES}")
    wanted = [signature(text(value)) for value in listed]
    ledger = chain.ledger
    found = (ledger.by_signature.get(each) for each in wanted)
    return with_context(ledger.tip, [record and _status(chain, record) for record in found])


def _status(chain: Chain, record: TransactionRecord) -> dict[str, Any]:
    ledger = chain.ledger
    level = ledger.status_of(record.slot)
    height = ledger.height_at(record.slot)
    blocks = None if level is Commitment.FINALIZED or height is None else ledger.height - height
    return {
        "confirmationStatus": level.value,
        "confirmations": blocks,
        "err": record.error,
        "slot": record.slot,
        "status": status_json(record.error),
    }


@method("getTransaction", required=1, optional=1)
def get_transaction(chain: Chain, value: Any, options: Any) -> orjson.Fragment | None:
    """One transaction; null until it has reached the commitment."""
    wanted = signature(text(value))
    chosen = encoding_config(options)
    level = at_least_confirmed(chosen)
    ledger = chain.ledger
    record = ledger.by_signature.get(wanted)
    if record is None or record.slot > ledger.slot_of(level):
        return None
    max_version = chosen.get("maxSupportedTransactionVersion")
    check_version(record, max_version)
    rendered = transaction_json(record, chosen.get("encoding") or "json", "full", max_version is not None)
    # The members of the block stand beside those of the transaction: spliced, for the transaction is kept rendered.
    head = orjson.dumps({"blockTime": block_time(chain, record), "slot": record.slot, "transactionIndex": record.index})
    return orjson.Fragment(head[:-1] + b"," + rendered[1:])


def block_time(chain: Chain, record: TransactionRecord) -> int | None:
    """The unix time of a transaction's block, in seconds."""
    height = chain.ledger.height_at(record.slot)
    return None if height is None else chain.ledger.times[height]


@method("getSignaturesForAddress", required=1, optional=1)
def get_signatures_for_address(chain: Chain, address: Any, options: Any) -> list[dict[str, Any]]:
    """The transactions that name an address, newest first."""
    key = pubkey(text(address))
    chosen = config(options, "struct RpcSignaturesForAddressConfig")
    before, until = (
        None if chosen.get(name) is None else signature(text(chosen[name])) for name in ("before", "until")
    )
    limit = _MAX_SIGNATURES if chosen.get("limit") is None else unsigned(chosen["limit"], "usize")
    if not 0 < limit <= _MAX_SIGNATURES:
        raise invalid_params(f"Invalid limit; max {_MAX_SIGNATURES}")
    level = at_least_confirmed(chosen)
    read_context(chain, chosen)
    ledger = chain.ledger
    bounds: list[TransactionRecord | None] = []
    for bound in (before, until):
        record = None if bound is None else ledger.by_signature.get(bound)
        if bound is not None and record is None:
            raise RpcError(FILTER_TRANSACTION_NOT_FOUND, f"Transaction {bound} not found")
        bounds.append(record)
    return [
        {
            "blockTime": block_time(chain, record),
            "confirmationStatus": ledger.status_of(record.slot).value,
            "err": record.error,
            "memo": record.memo,
            "signature": str(record.signature),
            "slot": record.slot,
            "transactionIndex": record.index,
        }
        for record in ledger.signatures_for(str(key), level, bounds[0], bounds[1], limit)
    ]


@method("requestAirdrop", required=2, optional=1)
def request_airdrop(chain: Chain, address: Any, lamports: Any, options: Any) -> str:
    """Lamports from the faucet."""
    key, amount = pubkey(text(address)), unsigned(lamports)
    chosen = config(options, "struct RpcRequestAirdropConfig")
    given = chosen.get("recentBlockhash")
    recent = chain.ledger.latest_blockhash(Commitment.PROCESSED)[0] if given is None else blockhash(given)
    return str(chain.airdrop(key, amount, recent))
