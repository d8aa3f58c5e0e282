"""Reads accounts of the five programs: decodes by AnchorPy, fetches one, many, or all that match."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from hashlib import sha256
from typing import Any, TypeVar, get_origin, get_type_hints

import base58
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment, Confirmed
from solana.rpc.types import MemcmpOpts
from solders.account import Account
from solders.pubkey import Pubkey

from client.addresses import symbol_text
from client.endpoints import Endpoint, endpoint_text
from client.errors import IonetError
from client.idl import TOKEN_PROGRAM, ProgramName, coder, program_id
from client.state import Actor, Class, Job

MANY = 100
"""Accounts that a node gives in one call."""


TOKEN_ACCOUNT_BYTES = 165
_TOKEN_AMOUNT = slice(64, 72)


class NotAnAccount(IonetError):
    """Data that is not the account that it should be."""


T = TypeVar("T")


def q64_int(value: Any) -> int:
    """The program's two words `{fraction, whole}` as one number with 64 fractional bits."""
    return int(value.whole) << 64 | int(value.fraction)


def discriminator(kind: type) -> bytes:
    """The first 8 bytes of an account of this kind."""
    return sha256(f"account:{kind.__name__}".encode()).digest()[:8]


def decode(kind: type[T], data: bytes) -> T:
    """The account in `data`; refused where it is of another kind or shorter."""
    _check(kind, data)
    decoded = coder(kind.PROGRAM).accounts.decode(data)  # type: ignore[attr-defined] # each kind has it
    return convert_part(kind, decoded)


def _check(kind: type, data: bytes) -> None:
    if data[:8] != discriminator(kind):
        begins = data[:8].hex() or "nothing"
        raise NotAnAccount(f"the account is not a {kind.__name__}: it begins with {begins}")
    size = size_of(kind)
    if len(data) < size:
        raise NotAnAccount(f"a {kind.__name__} has {size} bytes, not {len(data)}")


def offset_of(kind: type, field: str) -> int:
    """Where a field begins in the account's data, discriminator included."""
    program: ProgramName = kind.PROGRAM  # type: ignore[attr-defined] # each kind has it
    offset = 8
    for part in _layout(program, kind.__name__).subcon.subcon.subcons:
        if part.name == field.rstrip("_"):
            return offset
        offset += part.sizeof()
    raise LookupError(f"{kind.__name__} has no field {field}")


def size_of(kind: type) -> int:
    """Bytes of an account's data, discriminator included."""
    return int(_layout(kind.PROGRAM, kind.__name__).sizeof()) + 8  # type: ignore[attr-defined] # each kind has it


def owner_of(kind: type) -> Pubkey:
    """The program that owns accounts of this kind."""
    return program_id(kind.PROGRAM)  # type: ignore[attr-defined] # each kind has it


@cache
def _layout(program: ProgramName, name: str) -> Any:
    return coder(program).accounts._accounts_layout[name]  # AnchorPy has no public way to it


def _as_is(value: Any) -> Any:
    return value


@cache
def _conversions(kind: type) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    return tuple((name, _conversion(wanted)) for name, wanted in get_type_hints(kind).items() if name in _names(kind))


def _names(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


def _conversion(wanted: Any) -> Callable[[Any], Any]:
    if wanted is str:
        return lambda raw: symbol_text(bytes(raw))
    if wanted is Endpoint:
        return lambda raw: endpoint_text(bytes(raw))
    if wanted is bytes:
        return bytes
    if wanted == tuple[int, ...]:
        return lambda items: tuple(q64_int(i) if hasattr(i, "whole") else int(i) for i in items)
    if get_origin(wanted) is tuple:
        return tuple
    if wanted is int:
        return lambda value: q64_int(value) if hasattr(value, "whole") else int(value)
    if is_dataclass(wanted):
        return lambda part: convert_part(wanted, part)  # type: ignore[arg-type] # a class, not an instance
    return _as_is


def convert_part(kind: type[T], part: Any) -> T:
    """A part of an account or of an event as its dataclass."""
    return kind(**{name: convert(getattr(part, name)) for name, convert in _conversions(kind)})  # type: ignore[arg-type] # a type is hashable


async def fetch(client: AsyncClient, kind: type[T], address: Pubkey, commitment: Commitment = Confirmed) -> T | None:
    """The account at an address; None where there is none."""
    value = (await client.get_account_info(address, commitment)).value
    return None if value is None else decode(kind, _owned(kind, address, value))


async def fetch_many(
    client: AsyncClient, kind: type[T], wanted: Sequence[Pubkey], commitment: Commitment = Confirmed
) -> list[T | None]:
    """The accounts at these addresses, in their order."""
    return [None if data is None else decode(kind, data) for data in await fetch_data(client, kind, wanted, commitment)]


async def fetch_data(
    client: AsyncClient, kind: type, wanted: Sequence[Pubkey], commitment: Commitment = Confirmed
) -> list[bytes | None]:
    """The data of the accounts at these addresses, each surely of this kind, for who reads many in columns."""
    found: list[bytes | None] = []
    for start in range(0, len(wanted), MANY):
        batch = list(wanted[start : start + MANY])
        values = (await client.get_multiple_accounts(batch, commitment)).value
        for address, value in zip(batch, values, strict=True):
            found.append(None if value is None else _owned(kind, address, value))
    return found


async def fetch_all(
    client: AsyncClient,
    kind: type[T],
    where: Mapping[str, bytes | Pubkey | int] | None = None,
    commitment: Commitment = Confirmed,
) -> dict[Pubkey, T]:
    """All accounts of a kind, by address, whose fields equal `where`'s; an int stands for one byte."""
    filters = [MemcmpOpts(0, _base58(discriminator(kind)))]
    for field, value in (where or {}).items():
        raw = bytes([value]) if isinstance(value, int) else bytes(value)
        filters.append(MemcmpOpts(offset_of(kind, field), _base58(raw)))
    answer = await client.get_program_accounts(owner_of(kind), commitment, "base64", filters=filters)
    return {found.pubkey: decode(kind, bytes(found.account.data)) for found in answer.value}


async def actors_by_authority(client: AsyncClient, authority: Pubkey) -> dict[Pubkey, Actor]:
    """The nodes and users that an authority registered."""
    return await fetch_all(client, Actor, {"authority": authority})


async def nodes(client: AsyncClient) -> dict[Pubkey, Actor]:
    """All nodes."""
    return await fetch_all(client, Actor, {"kind": Actor.NODE})


async def jobs(
    client: AsyncClient,
    *,
    user: Pubkey | None = None,
    authority: Pubkey | None = None,
    node: Pubkey | None = None,
    state: int | None = None,
) -> dict[Pubkey, Job]:
    """Jobs of a user's actor, of its authority, of a node's actor, or in a state (`Job.RUNNING`)."""
    given = {"user": user, "authority": authority, "node": node, "state": state}
    return await fetch_all(client, Job, {name: value for name, value in given.items() if value is not None})


async def classes(client: AsyncClient) -> list[Class]:
    """All hardware classes, by name."""
    return sorted((await fetch_all(client, Class)).values(), key=lambda found: found.symbol)


async def token_balance(client: AsyncClient, address: Pubkey, commitment: Commitment = Confirmed) -> int | None:
    """Base units in a token account; None where there is none."""
    return _token_amount(address, (await client.get_account_info(address, commitment)).value)


async def token_balances(
    client: AsyncClient, wanted: Sequence[Pubkey], commitment: Commitment = Confirmed
) -> list[int | None]:
    """As `token_balance` of each, in their order."""
    found: list[int | None] = []
    for start in range(0, len(wanted), MANY):
        batch = list(wanted[start : start + MANY])
        values = (await client.get_multiple_accounts(batch, commitment)).value
        found += [_token_amount(address, value) for address, value in zip(batch, values, strict=True)]
    return found


def _token_amount(address: Pubkey, value: Account | None) -> int | None:
    if value is None:
        return None
    if value.owner != TOKEN_PROGRAM or len(value.data) != TOKEN_ACCOUNT_BYTES:
        raise NotAnAccount(f"{address} is no token account")
    return int.from_bytes(bytes(value.data)[_TOKEN_AMOUNT], "little")


def _owned(kind: type, address: Pubkey, account: Account) -> bytes:
    """Its data. Anyone can make an account that looks like ours; nobody else's program can own one."""
    if account.owner != owner_of(kind):
        raise NotAnAccount(f"{address} is not a {kind.__name__}: it belongs to the program {account.owner}")
    data = bytes(account.data)
    try:
        _check(kind, data)
    except NotAnAccount as refused:
        raise NotAnAccount(f"{address}: {refused}") from None
    return data


def _base58(raw: bytes) -> str:
    return base58.b58encode(raw).decode()
