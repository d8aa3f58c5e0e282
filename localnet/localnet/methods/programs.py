"""Accounts by the program that owns them, and token accounts by their holder."""

import base64
from typing import Any

from solders.account import Account
from solders.pubkey import Pubkey

from ..base58 import b58decode
from ..chain import Chain
from ..encoding import keyed_account_json
from ..errors import invalid_params
from ..params import boolean, config, pubkey, sequence, text, unsigned, wrong_type
from ..tokens import TOKEN_PROGRAMS, mint, token_account
from .accounts import account_encoding, data_slice
from .registry import method, read_context, with_context

_MAX_FILTERS = 4
_MAX_MEMCMP_BYTES = 128
_STRUCT = "struct RpcProgramAccountsConfig"


class Filter:
    """Which accounts of a program are wanted: a size, or bytes at an offset."""

    def __init__(self, value: Any) -> None:
        self.size: int | None = None
        self.offset, self.bytes = 0, b""
        self.token_state = False
        if value == "tokenAccountState":
            self.token_state = True
            return
        if not isinstance(value, dict):
            if isinstance(value, str):
                raise self._unknown(value)
            raise wrong_type(value, "enum RpcFilterType")
        ((name, detail),) = value.items() if len(value) == 1 else [("", None)]
        if name == "dataSize":
            self.size = unsigned(detail)
        elif name == "memcmp":
            self._memcmp(detail)
        else:
            raise self._unknown(name)

    @staticmethod
    def _unknown(name: str) -> Exception:
        return invalid_params(
            f"Invalid params: unknown variant `{name}`, expected one of `dataSize`, `memcmp`, `tokenAccountState`."
        )

    def _memcmp(self, detail: Any) -> None:
        if not isinstance(detail, dict):
            raise wrong_type(detail, "struct Memcmp")
        for name in ("offset", "bytes"):
            if name not in detail:
                raise invalid_params(f"Invalid params: missing field `{name}`.")
        self.offset = unsigned(detail["offset"], "usize")
        wanted, encoding = detail["bytes"], detail.get("encoding")
        if encoding not in (None, "base58", "base64", "bytes"):
            raise invalid_params(
                f"Invalid params: unknown variant `{encoding}`, expected one of `base58`, `base64`, `bytes`."
            )
        if isinstance(wanted, list):
            self.bytes = bytes(wanted)
        elif encoding == "base64":
            try:
                self.bytes = base64.b64decode(text(wanted), validate=True)
            except ValueError:
                raise invalid_params("Invalid param: Base64DecodeError(InvalidPadding)") from None
        else:
            # 128 bytes have at most 175 base58 digits: longer texts are refused unread.
            if len(text(wanted)) > 175:
                raise invalid_params("Invalid param: DataTooLarge")
            try:
                self.bytes = b58decode(wanted)
            except ValueError as error:
                raise invalid_params(f"Invalid param: Base58DecodeError({error})") from None
        if len(self.bytes) > _MAX_MEMCMP_BYTES:
            raise invalid_params("Invalid param: DataTooLarge")

    def admits(self, account: Account) -> bool:
        """Whether an account is wanted."""
        data = account.data
        if self.token_state:
            return token_account(account) is not None
        if self.size is not None:
            return len(data) == self.size
        return data[self.offset : self.offset + len(self.bytes)] == self.bytes


def filters(options: dict[str, Any]) -> list[Filter]:
    """The filters asked for: all must admit an account."""
    listed = options.get("filters")
    chosen = [Filter(value) for value in sequence(listed)] if listed is not None else []
    if len(chosen) > _MAX_FILTERS:
        raise invalid_params(f"Too many filters provided; max {_MAX_FILTERS}")
    return chosen


@method("getProgramAccounts", required=1, optional=1)
def get_program_accounts(chain: Chain, program: Any, options: Any) -> Any:
    """Every account that a program owns, in the order of their addresses."""
    key = pubkey(text(program))
    chosen = config(options, _STRUCT)
    encoding, part, wanted = account_encoding(chosen, "binary"), data_slice(chosen), filters(chosen)
    with_slot = chosen.get("withContext") is not None and boolean(chosen["withContext"])
    _, slot = read_context(chain, chosen)
    # Sorted, so that the same chain always gives the same answer.
    found = sorted(chain.get_program_accounts(key), key=lambda item: bytes(item[0]))
    listed = [
        keyed_account_json(address, account, encoding, part)
        for address, account in found
        if all(rule.admits(account) for rule in wanted)
    ]
    return with_context(slot, listed) if with_slot else listed


def _token_programs(chain: Chain, chosen: Any) -> tuple[set[Pubkey], Pubkey | None]:
    """The token programs to look in, and the mint to look for: the caller names either."""
    if not isinstance(chosen, dict):
        raise wrong_type(chosen, "enum RpcTokenAccountsFilter")
    ((name, value),) = chosen.items() if len(chosen) == 1 else [("", None)]
    if name not in ("mint", "programId"):
        raise invalid_params(f"Invalid params: unknown variant `{name}`, expected `mint` or `programId`.")
    key = pubkey(text(value))
    if name == "programId":
        if key not in TOKEN_PROGRAMS:
            raise invalid_params("Invalid param: unrecognized Token program id")
        return {key}, None
    account = chain.get_account(key)
    if account is None:
        raise invalid_params("Invalid param: could not find mint")
    if mint(account) is None:
        raise invalid_params("Invalid param: Token mint could not be unpacked")
    return {account.owner}, key


@method("getTokenAccountsByOwner", required=2, optional=1)
def get_token_accounts_by_owner(chain: Chain, owner: Any, which: Any, options: Any) -> dict[str, Any]:
    """The token accounts of a holder, of one mint or of one token program."""
    return _token_accounts(chain, owner, which, options, by_delegate=False)


@method("getTokenAccountsByDelegate", required=2, optional=1)
def get_token_accounts_by_delegate(chain: Chain, delegate: Any, which: Any, options: Any) -> dict[str, Any]:
    """The token accounts from which a delegate may spend."""
    return _token_accounts(chain, delegate, which, options, by_delegate=True)


def _token_accounts(chain: Chain, holder: Any, which: Any, options: Any, *, by_delegate: bool) -> dict[str, Any]:
    key = pubkey(text(holder))
    chosen = config(options, "struct RpcAccountInfoConfig")
    encoding, part = account_encoding(chosen, "binary"), data_slice(chosen)
    programs, wanted = _token_programs(chain, which)
    _, slot = read_context(chain, chosen)
    found = []
    for program in programs:
        for address, account in chain.get_program_accounts(program):
            held = token_account(account)
            if held is None or (held.delegate if by_delegate else held.owner) != key:
                continue
            if wanted is None or held.mint == wanted:
                found.append((address, account))
    found.sort(key=lambda item: bytes(item[0]))
    return with_context(slot, [keyed_account_json(*item, encoding, part) for item in found])
