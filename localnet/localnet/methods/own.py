"""What a validator does not have: time travel, and accounts written from outside."""

import base64
import binascii
from typing import Any

from solders.account import Account

from ..chain import BackInTimeError, Chain
from ..errors import invalid_params
from ..params import boolean, config, pubkey, text, unsigned
from .registry import method

_MAX_WARP = 2**40
"""Slots or seconds of one warp: far beyond any use, and far from overflow."""


@method("localnet_warp", required=1)
def localnet_warp(chain: Chain, options: Any) -> dict[str, int]:
    """Jump ahead: {"slots": n}, {"seconds": n} or {"timestamp": unix}; slots go together with either of the others."""
    chosen = config(options, "struct WarpConfig")
    known = {"slots", "seconds", "timestamp"}
    if not chosen or not set(chosen) <= known or {"seconds", "timestamp"} <= set(chosen):
        raise invalid_params("localnet_warp takes `slots`, and `seconds` or `timestamp`")
    values = {name: unsigned(value) for name, value in chosen.items()}
    if any(value > _MAX_WARP for value in values.values()):
        raise invalid_params(f"localnet_warp goes at most {_MAX_WARP} slots or seconds")
    slots, timestamp = values.get("slots"), values.get("timestamp")
    if slots == 0:
        raise invalid_params("localnet_warp goes by at least one slot")
    if "seconds" in values:
        timestamp = max(chain.now(), chain.ledger.time) + values["seconds"]
    try:
        chain.warp(slots, timestamp)
    except BackInTimeError as error:
        raise invalid_params(f"localnet_warp: {error}") from None
    return {"slot": chain.ledger.tip, "unixTimestamp": chain.ledger.time}


@method("localnet_setAccount", required=2)
def localnet_set_account(chain: Chain, address: Any, options: Any) -> None:
    """Overwrite an account; what is not given stays as it is, or is empty when there was no account."""
    key = pubkey(text(address))
    chosen = config(options, "struct SetAccountConfig")
    unknown = set(chosen) - {"lamports", "owner", "data", "executable"}
    if unknown:
        raise invalid_params(f"localnet_setAccount: unknown field `{min(unknown)}`")
    before = chain.get_account(key) or Account.default()
    data = before.data
    if "data" in chosen:
        try:
            data = base64.b64decode(text(chosen["data"]), validate=True)
        except binascii.Error:
            raise invalid_params("localnet_setAccount: `data` is not base64") from None
    lamports = unsigned(chosen["lamports"]) if "lamports" in chosen else before.lamports
    owner = pubkey(text(chosen["owner"])) if "owner" in chosen else before.owner
    executable = boolean(chosen["executable"]) if "executable" in chosen else before.executable
    try:
        chain.set_account(key, Account(lamports, data, owner, executable, before.rent_epoch))
    except ValueError as error:
        raise invalid_params(f"localnet_setAccount: {error}") from None
