"""The state of the chain as a whole: slots, block hashes, fees, the node."""

from typing import Any

from solders.message import from_bytes_versioned

from ..chain import SLOTS_PER_EPOCH, Chain
from ..errors import INVALID_REQUEST, RpcError, invalid_params
from ..params import bare_blockhash, config, pubkey, sequence, unsigned, wire
from .registry import API_VERSION, method, read_context, with_context

_MAX_FEE_ACCOUNTS = 128
_RECENT_FEE_BLOCKS = 150


@method("getHealth")
def get_health(_chain: Chain) -> str:
    """Always well."""
    return "ok"


@method("getVersion")
def get_version(_chain: Chain) -> dict[str, Any]:
    """The release whose API this is. LiteSVM's own set of features has no number: 0."""
    return {"feature-set": 0, "solana-core": API_VERSION}


@method("getIdentity")
def get_identity(chain: Chain) -> dict[str, str]:
    """The node's public key."""
    return {"identity": str(chain.config.identity())}


@method("getGenesisHash")
def get_genesis_hash(chain: Chain) -> str:
    """The block hash of slot 0, as for a chain whose genesis is its first block."""
    return str(chain.ledger.blockhash(0))


@method("getSlot", optional=1)
def get_slot(chain: Chain, options: Any) -> int:
    """The newest slot at a commitment."""
    return read_context(chain, config(options))[1]


@method("getBlockHeight", optional=1)
def get_block_height(chain: Chain, options: Any) -> int:
    """The height of the newest block at a commitment."""
    return chain.ledger.height_of(read_context(chain, config(options))[0])


@method("getEpochInfo", optional=1)
def get_epoch_info(chain: Chain, options: Any) -> dict[str, int]:
    """The epoch, and how far it has come."""
    level, slot = read_context(chain, config(options))
    return {
        "absoluteSlot": slot,
        "blockHeight": chain.ledger.height_of(level),
        "epoch": slot // SLOTS_PER_EPOCH,
        "slotIndex": slot % SLOTS_PER_EPOCH,
        "slotsInEpoch": SLOTS_PER_EPOCH,
        "transactionCount": chain.ledger.count_at(level),
    }


@method("getEpochSchedule")
def get_epoch_schedule(_chain: Chain) -> dict[str, Any]:
    """Epochs of one length from slot 0 on."""
    return {
        "firstNormalEpoch": 0,
        "firstNormalSlot": 0,
        "leaderScheduleSlotOffset": SLOTS_PER_EPOCH,
        "slotsPerEpoch": SLOTS_PER_EPOCH,
        "warmup": False,
    }


@method("getTransactionCount", optional=1)
def get_transaction_count(chain: Chain, options: Any) -> int:
    """Transactions since genesis."""
    return chain.ledger.count_at(read_context(chain, config(options))[0])


@method("getLatestBlockhash", optional=1)
def get_latest_blockhash(chain: Chain, options: Any) -> dict[str, Any]:
    """The newest hash that transactions can use."""
    level, slot = read_context(chain, config(options))
    found, last_height = chain.ledger.latest_blockhash(level)
    return with_context(slot, {"blockhash": str(found), "lastValidBlockHeight": last_height})


@method("isBlockhashValid", required=1, optional=1)
def is_blockhash_valid(chain: Chain, value: Any, options: Any) -> dict[str, Any]:
    """Whether transactions can still use a hash."""
    wanted = bare_blockhash(value)
    level, slot = read_context(chain, config(options))
    return with_context(slot, chain.ledger.knows_blockhash(wanted, level))


@method("getFeeForMessage", required=1, optional=1)
def get_fee_for_message(chain: Chain, value: Any, options: Any) -> dict[str, Any]:
    """The fee of a message in lamports; null when its block hash is unknown or too old."""
    raw = wire(value, "base64", "solana_message::versions::VersionedMessage")
    try:
        message = from_bytes_versioned(raw)
    except ValueError as error:
        raise invalid_params(f"failed to deserialize solana_message::versions::VersionedMessage: {error}") from None
    level, slot = read_context(chain, config(options))
    if not chain.ledger.knows_blockhash(message.recent_blockhash, level):
        return with_context(slot, None)
    return with_context(slot, chain.fee(message))


@method("getRecentPrioritizationFees", optional=1)
def get_recent_prioritization_fees(chain: Chain, addresses: Any) -> list[dict[str, int]]:
    """The lowest priority fee of recent blocks that have transactions: nobody competes here, so it is 0."""
    listed = [] if addresses is None else sequence(addresses)
    if len(listed) > _MAX_FEE_ACCOUNTS:
        raise invalid_params(f"Too many inputs provided; max {_MAX_FEE_ACCOUNTS}")
    for address in listed:
        pubkey(address)
    ledger = chain.ledger
    recent = range(max(0, ledger.height - _RECENT_FEE_BLOCKS), ledger.height + 1)
    return [
        {"prioritizationFee": 0, "slot": ledger.slots[height]} for height in recent if height in ledger.transactions
    ]


@method("getMinimumBalanceForRentExemption", required=1, optional=1)
def get_minimum_balance(chain: Chain, size: Any, _options: Any) -> int:
    """Lamports with which an account of this many bytes is exempt from rent."""
    length = unsigned(size, "usize")
    if length > 10 * 1024 * 1024:
        raise RpcError(INVALID_REQUEST, "Invalid request")
    return chain.svm.minimum_balance_for_rent_exemption(length)


@method("getFirstAvailableBlock")
def get_first_available_block(_chain: Chain) -> int:
    """The oldest block: all are kept."""
    return 0


@method("minimumLedgerSlot")
def minimum_ledger_slot(_chain: Chain) -> int:
    """The oldest slot: all are kept."""
    return 0
