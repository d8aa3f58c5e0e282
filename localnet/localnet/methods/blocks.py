"""Blocks and the slots that have one."""

from typing import Any

import orjson

from ..chain import Chain
from ..encoding import check_version, transaction_json
from ..errors import block_not_available, invalid_params, slot_skipped
from ..ledger import Commitment
from ..params import at_least_confirmed, config, unsigned
from .registry import method

_MAX_RANGE = 500_000
CONFIG_WRAPPER = "data did not match any variant of untagged enum RpcEncodingConfigWrapper"
TRANSACTION_ENCODINGS = {"binary", "base58", "base64", "json", "jsonParsed"}
_DETAILS = {"full", "signatures", "none", "accounts"}


def encoding_config(options: Any) -> dict[str, Any]:
    """The options of getBlock and getTransaction: an object, or the old form, an encoding alone."""
    if isinstance(options, str):
        options = {"encoding": options}
    if options is not None and not isinstance(options, dict):
        raise invalid_params(f"Invalid params: {CONFIG_WRAPPER}.")
    chosen: dict[str, Any] = options or {}
    version = chosen.get("maxSupportedTransactionVersion")
    valid_version = version is None or (isinstance(version, int) and 0 <= version < 256)
    if chosen.get("encoding") not in {None, *TRANSACTION_ENCODINGS} or not valid_version:
        raise invalid_params(f"Invalid params: {CONFIG_WRAPPER}.")
    return chosen


def block_height(chain: Chain, slot: int, level: Commitment) -> int:
    """The height of the block in a slot; an error when there is none, or not yet at this commitment."""
    ledger = chain.ledger
    if slot > ledger.slot_of(level):
        raise block_not_available(slot)
    height = ledger.height_at(slot)
    if height is None:
        raise slot_skipped(slot)
    return height


@method("getBlock", required=1, optional=1)
def get_block(chain: Chain, slot: Any, options: Any) -> dict[str, Any]:
    """One block, with its transactions in one of four depths."""
    wanted = unsigned(slot)
    chosen = encoding_config(options)
    details = chosen.get("transactionDetails") or "full"
    if details not in _DETAILS or not isinstance(chosen.get("rewards", True), bool | None):
        raise invalid_params(f"Invalid params: {CONFIG_WRAPPER}.")
    ledger = chain.ledger
    height = block_height(chain, wanted, at_least_confirmed(chosen))
    parent = ledger.slots[max(height - 1, 0)]
    body: dict[str, Any] = {
        "blockHeight": height,
        "blockTime": ledger.times[height],
        "blockhash": str(ledger.blockhash(wanted)),
        "parentSlot": parent,
        "previousBlockhash": str(ledger.blockhash(parent)),
    }
    if chosen.get("rewards") is not False:
        body["rewards"] = []
    records = ledger.transactions.get(height, [])
    if details == "signatures":
        body["signatures"] = [str(record.signature) for record in records]
    elif details in ("full", "accounts"):
        max_version = chosen.get("maxSupportedTransactionVersion")
        rendered: list[orjson.Fragment] = []
        for record in records:
            check_version(record, max_version)
            encoding = chosen.get("encoding") or "json"
            rendered.append(orjson.Fragment(transaction_json(record, encoding, details, max_version is not None)))
        body["transactions"] = rendered
    return body


@method("getBlocks", required=1, optional=2)
def get_blocks(chain: Chain, start: Any, end: Any, options: Any) -> list[int]:
    """The slots from `start` to `end` that have a block, both included."""
    if isinstance(end, dict):
        end, options = None, end
    first = unsigned(start)
    level = at_least_confirmed(config(options))
    ledger = chain.ledger
    last = ledger.slot_of(level)
    if end is not None:
        last = min(last, unsigned(end))
    if last < first:
        return []
    if last - first > _MAX_RANGE:
        raise invalid_params(f"Slot range too large; max {_MAX_RANGE}")
    return [ledger.slots[height] for height in ledger.heights_between(first, last)]


@method("getBlocksWithLimit", required=2, optional=1)
def get_blocks_with_limit(chain: Chain, start: Any, limit: Any, options: Any) -> list[int]:
    """The first `limit` slots from `start` on that have a block."""
    first, count = unsigned(start), unsigned(limit, "usize")
    level = at_least_confirmed(config(options))
    if count > _MAX_RANGE:
        raise invalid_params(f"Limit too large; max {_MAX_RANGE}")
    ledger = chain.ledger
    heights = ledger.heights_between(first, ledger.slot_of(level))
    return [ledger.slots[height] for height in heights[:count]]


@method("getBlockTime", required=1)
def get_block_time(chain: Chain, slot: Any) -> int:
    """The unix time of a block, in seconds."""
    return chain.ledger.times[block_height(chain, unsigned(slot), Commitment.CONFIRMED)]
