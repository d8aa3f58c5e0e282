"""Where each balance stands on the chain: the account, and what of its data is the number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from solders.pubkey import Pubkey

from client import accounts, addresses
from client.state import Actor, Auction, Emission, Registry

_MINT_SUPPLY: Final = slice(36, 44)
_TOKEN_AMOUNT: Final = slice(64, 72)
_U64_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where a kind of balance is held."""

    address: Callable[[bytes], Pubkey]
    """Of the account, by the actor's or job's address."""
    read: Callable[[bytes], int]
    """The number in the account's data. Raises `NotAnAccount`."""
    is_exact: bool = False
    """Nobody can give to it: it is the sum, neither less nor more."""


def _amount(data: bytes) -> int:
    if len(data) != accounts.TOKEN_ACCOUNT_BYTES:
        raise accounts.NotAnAccount(f"a token account has {accounts.TOKEN_ACCOUNT_BYTES} bytes, not {len(data)}")
    return int.from_bytes(data[_TOKEN_AMOUNT], "little")


def _of(kind: type, name: str) -> Callable[[bytes], int]:
    def read(data: bytes) -> int:
        account: Any = accounts.decode(kind, data)
        return int(getattr(account, name))

    return read


def _of_actor(name: str) -> Callable[[bytes], int]:
    """There may be a million of them: their two numbers are read where they stand, and nothing else."""

    def read(data: bytes) -> int:
        if data[:_U64_BYTES] != accounts.discriminator(Actor):
            raise accounts.NotAnAccount(f"the account is no Actor: it begins with {data[:8].hex() or 'nothing'}")
        begin = _offset(name)
        return int.from_bytes(data[begin : begin + _U64_BYTES], "little")

    return read


@cache
def _offset(name: str) -> int:
    return accounts.offset_of(Actor, name)


def _fixed(address: Callable[[], Pubkey]) -> Callable[[bytes], Pubkey]:
    return lambda _: address()


def _by_key(address: Callable[[Pubkey], Pubkey]) -> Callable[[bytes], Pubkey]:
    return lambda whose: address(Pubkey.from_bytes(whose))


COLLATERAL: Final = "actor: collateral"
STAKE: Final = "actor: stake"
SUPPLY: Final = "IO supply"


def places(io_mint: str) -> Mapping[str, Place]:
    """Every kind of balance that the database keeps; `io_mint`: base58."""
    mint = Pubkey.from_string(io_mint)
    singles = {
        f"{label}: {name}": Place(_fixed(address), _of(kind, name), is_exact=True)
        for label, kind, address, names in (
            (
                "emission",
                Emission,
                addresses.emission,
                ("minted", "locked_io", "total_coupons", "closed_epoch", "final_epoch"),
            ),
            ("auction", Auction, addresses.auction, ("burned_io", "paid_usd", "granted_usd")),
            ("registry", Registry, addresses.registry, ("slashed_io",)),
        )
        for name in names
    }
    return {
        **singles,
        SUPPLY: Place(lambda _: mint, lambda data: int.from_bytes(data[_MINT_SUPPLY], "little"), is_exact=True),
        "burn vault": Place(_fixed(addresses.burn_vault), _amount),
        "incentives vault": Place(_fixed(addresses.incentives_vault), _amount),
        "stake vault": Place(_fixed(addresses.stake_vault), _amount),
        "vault of locked IO": Place(_fixed(addresses.locked_vault), _amount),
        "vault of a job": Place(_by_key(addresses.job_vault), _amount),
        "credit of a user": Place(_by_key(addresses.credit), _amount),
        "rewards of stakers": Place(_by_key(addresses.rewards), _amount),
        COLLATERAL: Place(Pubkey.from_bytes, _of_actor("collateral"), is_exact=True),
        STAKE: Place(Pubkey.from_bytes, _of_actor("stake"), is_exact=True),
    }
