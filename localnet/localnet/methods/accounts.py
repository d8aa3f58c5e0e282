"""Single accounts. At every commitment the newest state is served; only the context's slot differs."""

from typing import Any

from solders.account import Account
from solders.pubkey import Pubkey

from ..chain import Chain
from ..encoding import account_json, amount_json
from ..errors import invalid_params
from ..params import config, pubkey, sequence, text, unsigned, wrong_type
from ..tokens import mint, token_account
from .registry import method, read_context, with_context

ACCOUNT_ENCODINGS = ("binary", "base58", "base64", "jsonParsed", "base64+zstd")
_MAX_ACCOUNTS = 100
_STRUCT = "struct RpcAccountInfoConfig"


def account_encoding(options: dict[str, Any], default: str) -> str:
    """The encoding asked for."""
    value = options.get("encoding")
    if value is None:
        return default
    if text(value) not in ACCOUNT_ENCODINGS:
        names = ", ".join(f"`{name}`" for name in ACCOUNT_ENCODINGS)
        raise invalid_params(f"Invalid params: unknown variant `{value}`, expected one of {names}.")
    return str(value)


def data_slice(options: dict[str, Any]) -> tuple[int, int] | None:
    """The part of the data asked for: offset and length in bytes."""
    value = options.get("dataSlice")
    if value is None:
        return None
    if not isinstance(value, dict):
        raise wrong_type(value, "struct UiDataSliceConfig")
    for name in ("offset", "length"):
        if name not in value:
            raise invalid_params(f"Invalid params: missing field `{name}`.")
    return unsigned(value["offset"], "usize"), unsigned(value["length"], "usize")


@method("getAccountInfo", required=1, optional=1)
def get_account_info(chain: Chain, address: Any, options: Any) -> dict[str, Any]:
    """One account."""
    key = pubkey(text(address))
    chosen = config(options, _STRUCT)
    encoding, part = account_encoding(chosen, "binary"), data_slice(chosen)
    _, slot = read_context(chain, chosen)
    account = chain.get_account(key)
    return with_context(slot, account and account_json(account, encoding, part))


@method("getMultipleAccounts", required=1, optional=1)
def get_multiple_accounts(chain: Chain, addresses: Any, options: Any) -> dict[str, Any]:
    """Up to 100 accounts, in the order asked for."""
    listed = sequence(addresses)
    chosen = config(options, _STRUCT)
    if len(listed) > _MAX_ACCOUNTS:
        raise invalid_params(f"Too many inputs provided; max {_MAX_ACCOUNTS}")
    keys = [pubkey(text(address)) for address in listed]
    encoding, part = account_encoding(chosen, "base64"), data_slice(chosen)
    _, slot = read_context(chain, chosen)
    found = [chain.get_account(key) for key in keys]
    return with_context(slot, [account and account_json(account, encoding, part) for account in found])


@method("getBalance", required=1, optional=1)
def get_balance(chain: Chain, address: Any, options: Any) -> dict[str, Any]:
    """Lamports of an account; 0 when there is none."""
    key = pubkey(text(address))
    _, slot = read_context(chain, config(options))
    account = chain.get_account(key)
    return with_context(slot, account.lamports if account else 0)


def _mint_of(chain: Chain, key: Pubkey) -> tuple[int, int] | None:
    account = chain.get_account(key)
    found = mint(account) if account else None
    return (found.supply, found.decimals) if found else None


def _required(account: Account | None) -> Account:
    if account is None:
        raise invalid_params("Invalid param: could not find account")
    return account


@method("getTokenAccountBalance", required=1, optional=1)
def get_token_account_balance(chain: Chain, address: Any, options: Any) -> dict[str, Any]:
    """What a token account holds."""
    key = pubkey(text(address))
    _, slot = read_context(chain, config(options, "struct CommitmentConfig"))
    held = token_account(_required(chain.get_account(key)))
    kind = _mint_of(chain, held.mint) if held else None
    if held is None or kind is None:
        raise invalid_params("Invalid param: not a Token account")
    return with_context(slot, amount_json(held.amount, kind[1]))


@method("getTokenSupply", required=1, optional=1)
def get_token_supply(chain: Chain, address: Any, options: Any) -> dict[str, Any]:
    """How much of a token there is."""
    key = pubkey(text(address))
    _, slot = read_context(chain, config(options, "struct CommitmentConfig"))
    _required(chain.get_account(key))
    kind = _mint_of(chain, key)
    if kind is None:
        raise invalid_params("Invalid param: not a Token mint")
    return with_context(slot, amount_json(*kind))
