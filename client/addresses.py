"""Every address that the programs derive, and symbols in their on-chain form. Pure functions.

Seeds are checked against the IDLs' in `tests/unit/test_client_addresses.py`.
"""

from __future__ import annotations

import re
from functools import cache

from solders.pubkey import Pubkey
from spl.token.instructions import get_associated_token_address

from client.errors import IonetError
from client.idl import ProgramName, program_id

LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
"""The upgradeable loader, which owns every program's data account."""

RATES_EPOCHS = 512
"""Epochs in one page of compute rates."""

SYMBOL_BYTES = 16
_SYMBOL = re.compile(r"[A-Za-z0-9.-]{1,16}")


class SymbolRefused(IonetError):
    """A name that cannot be a symbol."""


def symbol_bytes(symbol: str) -> bytes:
    """`A100-80GB` as the programs hold it: ASCII, padded with zeros to 16 bytes."""
    if not _SYMBOL.fullmatch(symbol):
        raise SymbolRefused(f"{symbol!r} is no symbol: give 1 to 16 of A-Z a-z 0-9 - . (such as H100 or A100-80GB)")
    return symbol.encode().ljust(SYMBOL_BYTES, b"\0")


def symbol_text(raw: bytes) -> str:
    """The inverse of `symbol_bytes`; the empty text for zeros (a user has no class)."""
    if len(raw) != SYMBOL_BYTES:
        raise SymbolRefused(f"a symbol has {SYMBOL_BYTES} bytes, not {len(raw)}: {raw.hex()}")
    text = raw.rstrip(b"\0").decode("ascii", "replace")
    if text and not _SYMBOL.fullmatch(text):
        raise SymbolRefused(f"not a symbol: {raw.hex()}")
    return text


def _u16(value: int) -> bytes:
    return value.to_bytes(2, "little")


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _u64(value: int) -> bytes:
    return value.to_bytes(8, "little")


@cache
def _derive(program: ProgramName, *seeds: bytes) -> Pubkey:
    return Pubkey.find_program_address(list(seeds), program_id(program))[0]


def committee() -> Pubkey:
    """The oracle's committee."""
    return _derive("oracle", b"committee")


def feed(symbol: str) -> Pubkey:
    """The price feed of `IO` or of a hardware class."""
    return _derive("oracle", b"feed", symbol_bytes(symbol))


def challenge(verifier: Pubkey, epoch: int, round: int) -> Pubkey:
    """A verifier's challenge, `round` of an epoch."""
    return _derive("oracle", b"challenge", bytes(verifier), _u32(epoch), _u16(round))


def registry() -> Pubkey:
    """The registry of staking; it owns the stake vault."""
    return _derive("staking", b"registry")


def hardware_class(symbol: str) -> Pubkey:
    """A hardware class."""
    return _derive("staking", b"class", symbol_bytes(symbol))


def stake_vault() -> Pubkey:
    """The token account that holds all stake, IO."""
    return _derive("staking", b"vault")


def actor(authority: Pubkey, id: int) -> Pubkey:
    """An authority's actor number `id`: a node or a user."""
    return _derive("staking", b"actor", bytes(authority), _u16(id))


def agent(actor: Pubkey) -> Pubkey:
    """What says who acts for a node day by day, and how to reach it."""
    return _derive("staking", b"agent", bytes(actor))


def rewards(actor: Pubkey) -> Pubkey:
    """The token account of what an actor's stakers earn, IO; the actor owns it."""
    return _derive("staking", b"rewards", bytes(actor))


def delegation(actor: Pubkey, owner: Pubkey) -> Pubkey:
    """What a wallet has delegated to an actor."""
    return _derive("staking", b"delegation", bytes(actor), bytes(owner))


def ticket(actor: Pubkey, owner: Pubkey, id: int) -> Pubkey:
    """A wallet's ticket number `id` for stake on its way out of an actor."""
    return _derive("staking", b"ticket", bytes(actor), bytes(owner), _u32(id))


def slash(actor: Pubkey, id: int) -> Pubkey:
    """The slash number `id` of an actor, until it is over."""
    return _derive("staking", b"slash", bytes(actor), _u32(id))


def emission() -> Pubkey:
    """The schedule's state; the mint authority of IO."""
    return _derive("emission", b"emission")


def earner(actor: Pubkey) -> Pubkey:
    """What an actor earns."""
    return _derive("emission", b"earner", bytes(actor))


def rates_page(epoch: int) -> int:
    """The page of compute rates on which an epoch's stands."""
    return epoch // RATES_EPOCHS


def rates(epoch: int) -> Pubkey:
    """The page of compute rates on which an epoch's stands."""
    return _derive("emission", b"rates", _u32(rates_page(epoch)))


def locked_vault() -> Pubkey:
    """The token account that holds locked IO which exists already."""
    return _derive("emission", b"locked")


def vesting(earner: Pubkey, closed_epoch: int) -> Pubkey:
    """An earner's locked bonus, of the lock made while `closed_epoch` was the last closed."""
    return _derive("emission", b"vesting", bytes(earner), _u32(closed_epoch))


def locked(depositor: Pubkey, beneficiary: Pubkey, id: int) -> Pubkey:
    """IO that a depositor locked for a beneficiary, its number `id`."""
    return _derive("emission", b"vesting", bytes(depositor), bytes(beneficiary), _u64(id))


def terms() -> Pubkey:
    """The terms of every job; it signs for coupons, so it is emission's coupon authority."""
    return _derive("escrow", b"terms")


def job(user_actor: Pubkey, id: int) -> Pubkey:
    """A user's job number `id`."""
    return _derive("escrow", b"job", bytes(user_actor), _u64(id))


def job_vault(job: Pubkey) -> Pubkey:
    """The token account that holds a job's dollars."""
    return _derive("escrow", b"vault", bytes(job))


def credit(user_actor: Pubkey) -> Pubkey:
    """The token account of what a user was granted, dollars: spent on its jobs alone."""
    return _derive("escrow", b"credit", bytes(user_actor))


def auction() -> Pubkey:
    """The buy-and-burn auction; it owns both vaults of `burn`."""
    return _derive("burn", b"auction")


def burn_vault() -> Pubkey:
    """The token account whose dollars buy IO."""
    return _derive("burn", b"vault")


def incentives_vault() -> Pubkey:
    """The token account that incentives are paid from, dollars."""
    return _derive("burn", b"incentives")


def grant(actor: Pubkey) -> Pubkey:
    """What says that an actor was granted dollars."""
    return _derive("burn", b"grant", bytes(actor))


def event_authority(program: ProgramName) -> Pubkey:
    """The signer of a program's events."""
    return _derive(program, b"__event_authority")


def program_data(program: ProgramName) -> Pubkey:
    """The loader's account of a program: its code and its upgrade authority."""
    return Pubkey.find_program_address([bytes(program_id(program))], LOADER)[0]


def token_account(owner: Pubkey, mint: Pubkey) -> Pubkey:
    """The associated token account."""
    return get_associated_token_address(owner, mint)
