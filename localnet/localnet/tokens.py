"""The few fields of SPL token accounts and mints that the RPC shows."""

from collections.abc import Callable
from dataclasses import dataclass

from solders.account import Account
from solders.pubkey import Pubkey

from .ledger import TokenBalance
from .message import Named

TOKEN_PROGRAM = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
TOKEN_2022_PROGRAM = Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
TOKEN_PROGRAMS = {TOKEN_PROGRAM, TOKEN_2022_PROGRAM}
_ACCOUNT_SIZE = 165
_MINT_SIZE = 82
_KIND_MINT, _KIND_ACCOUNT = 1, 2
"""Token-2022 writes the kind behind the base account once an account has extensions."""


@dataclass(slots=True, frozen=True)
class TokenAccount:
    """A token account: whose, of which mint, how much."""

    mint: Pubkey
    owner: Pubkey
    amount: int
    delegate: Pubkey | None


@dataclass(slots=True, frozen=True)
class Mint:
    """A mint: supply and decimals."""

    supply: int
    decimals: int


def token_account(account: Account) -> TokenAccount | None:
    """Read a token account; None for anything else, an uninitialised one included."""
    data = account.data
    if account.owner not in TOKEN_PROGRAMS or not _is_kind(data, _ACCOUNT_SIZE, _KIND_ACCOUNT) or not data[108]:
        return None
    delegate = Pubkey.from_bytes(data[76:108]) if data[72] else None
    amount = int.from_bytes(data[64:72], "little")
    return TokenAccount(Pubkey.from_bytes(data[:32]), Pubkey.from_bytes(data[32:64]), amount, delegate)


def mint(account: Account) -> Mint | None:
    """Read a mint; None for anything else, an uninitialised one included."""
    data = account.data
    if account.owner not in TOKEN_PROGRAMS or not _is_kind(data, _MINT_SIZE, _KIND_MINT) or not data[45]:
        return None
    return Mint(int.from_bytes(data[36:44], "little"), data[44])


def _is_kind(data: bytes, size: int, kind: int) -> bool:
    return len(data) == size or (len(data) > _ACCOUNT_SIZE and data[_ACCOUNT_SIZE] == kind)


def balances(named: Named, get_account: Callable[[Pubkey], Account | None]) -> list[TokenBalance]:
    """What the token accounts of a transaction hold now."""
    # As in the validator: without a token program among its accounts a transaction cannot move tokens.
    if not any(key in TOKEN_PROGRAMS for key in named.keys):
        return []
    found = []
    for index, key in enumerate(named.keys):
        if index in named.invoked or key in TOKEN_PROGRAMS:
            continue
        account = get_account(key)
        held = token_account(account) if account else None
        minted = get_account(held.mint) if held else None
        kind = mint(minted) if minted else None
        if account and held and kind:
            found.append(
                TokenBalance(
                    index=index,
                    mint=str(held.mint),
                    owner=str(held.owner),
                    program=str(account.owner),
                    amount=held.amount,
                    decimals=kind.decimals,
                )
            )
    return found
