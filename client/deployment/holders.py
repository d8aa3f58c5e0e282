"""Who stands behind an address that has power: nobody, one key, several members, or a program that cannot be told.

An address on the curve has a key, whoever holds it. One off the curve signs through a program alone, and is a hash:
which program it is of shows only when somebody names the multisig that it should be a vault of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solders.pubkey import Pubkey

from client.errors import IonetError
from client.idl import SYSTEM_PROGRAM
from client.rpc import url_of

SQUADS = Pubkey.from_string("SQDS4ep65T869zMMBKyuUq6aD6EgTu8psMjkvj52pCf")
"""Squads v4, the multisig whose accounts are read here."""

VAULTS = 16
"""Vaults of a multisig that are looked at; its index is a byte, and people use the first."""

_DISCRIMINATOR = sha256(b"account:Multisig").digest()[:8]
_CONFIG_AUTHORITY = slice(40, 72)
_THRESHOLD = slice(72, 74)
_RENT_COLLECTOR = 94
"""Where the option begins that makes what follows move: its flag, its 32 bytes if set, the bump, the members."""
_MEMBER_BYTES = 33
_MAY_VOTE = 2

Kind = Literal["none", "key", "multisig", "program"]


class NoMultisig(IonetError):
    """An address that was named as a multisig and is none."""


@dataclass(frozen=True, slots=True)
class Multisig:
    """A multisig of Squads v4."""

    address: Pubkey
    threshold: int
    """Votes that a transaction needs."""
    voters: int
    config_authority: Pubkey | None
    """Who changes members and threshold alone; None where the members themselves do."""

    def vault(self, index: int) -> Pubkey:
        """The address by which it signs."""
        seeds = [b"multisig", bytes(self.address), b"vault", bytes([index])]
        return Pubkey.find_program_address(seeds, SQUADS)[0]

    @property
    def is_one_key(self) -> bool:
        """Whether a single key is enough to act, or to make itself enough."""
        return self.threshold < 2 or (self.config_authority is not None and self.config_authority.is_on_curve())


@dataclass(frozen=True, slots=True)
class Holder:
    """Who stands behind an address."""

    address: Pubkey | None
    kind: Kind
    multisig: Multisig | None = None
    owner: Pubkey | None = None
    """The program that owns the account at an address off the curve; None where there is none but the system's."""

    @property
    def is_one_key(self) -> bool:
        """Whether a single key is enough."""
        return self.kind == "key" or (self.multisig is not None and self.multisig.is_one_key)

    def __str__(self) -> str:
        if self.kind == "none":
            return "nobody, for good"
        if self.kind == "key":
            return f"the key {self.address}"
        if self.multisig:
            found = self.multisig
            over = f", and {found.config_authority} alone changes its members" if found.config_authority else ""
            return f"{self.address}, {found.threshold} of {found.voters} of the multisig {found.address}{over}"
        if self.owner:
            return f"{self.address}, an address of a program: {self.owner} owns its account"
        return f"{self.address}, an address of a program: of which one cannot be told"


@dataclass(frozen=True, slots=True)
class Multisigs:
    """The multisigs that somebody named."""

    known: tuple[Multisig, ...] = ()

    @classmethod
    async def read(cls, client: AsyncClient, addresses: Sequence[Pubkey]) -> Multisigs:
        """Those at `addresses`. Raises `NoMultisig`."""
        return cls(tuple([await _read(client, address) for address in addresses]))

    async def holder(self, client: AsyncClient, address: Pubkey | None) -> Holder:
        """Who stands behind `address`; None and zeros are nobody."""
        if address is None or address == Pubkey.default():
            return Holder(None, "none")
        if address.is_on_curve():
            return Holder(address, "key")
        for one in self.known:
            if address in (one.vault(index) for index in range(VAULTS)):
                return Holder(address, "multisig", one)
        found = (await client.get_account_info(address, Confirmed)).value
        return Holder(address, "program", owner=found.owner if found and found.owner != SYSTEM_PROGRAM else None)


async def _read(client: AsyncClient, address: Pubkey) -> Multisig:
    found = (await client.get_account_info(address, Confirmed)).value
    if found is None:
        raise NoMultisig(f"there is no multisig {address} on {url_of(client)}")
    if found.owner != SQUADS or bytes(found.data)[:8] != _DISCRIMINATOR:
        hint = "name the multisig itself, not its vault" if found.owner == SYSTEM_PROGRAM else "only Squads v4 is read"
        raise NoMultisig(f"{address} is no multisig of Squads v4, but an account of {found.owner}: {hint}")
    return decode(address, bytes(found.data))


def decode(address: Pubkey, data: bytes) -> Multisig:
    """The multisig in an account's data. Raises `NoMultisig` where it is cut short."""
    try:
        at = _RENT_COLLECTOR + 1 + (32 if data[_RENT_COLLECTOR] else 0) + 1
        count = int.from_bytes(data[at : at + 4], "little")
        masks = [data[at + 4 + place * _MEMBER_BYTES + 32] for place in range(count)]
    except IndexError:
        raise NoMultisig(f"the multisig {address} is cut short: it has {len(data)} bytes") from None
    authority = Pubkey(data[_CONFIG_AUTHORITY])
    return Multisig(
        address,
        threshold=int.from_bytes(data[_THRESHOLD], "little"),
        voters=sum(1 for mask in masks if mask & _MAY_VOTE),
        config_authority=None if authority == Pubkey.default() else authority,
    )
