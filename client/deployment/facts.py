"""Reads what stands on a cluster. Only facts: what is wrong with them is said in `rules`."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solders.pubkey import Pubkey

from client import accounts, addresses
from client.deployment.cluster import Cluster, cluster_of
from client.deployment.holders import Holder, Multisigs
from client.errors import IonetError
from client.idl import PROGRAMS, ROOT, TOKEN_PROGRAM, ProgramName, program_id
from client.rpc import chain_time
from client.state import Auction, Committee, Emission, Registry, Terms

HEADER_BYTES = 45
"""Of a ProgramData account, before the code: tag (u32), slot (u64), an option of the authority."""

_PROGRAM_TAG = (2).to_bytes(4, "little")
_DATA_TAG = (3).to_bytes(4, "little")
_SLOT = slice(4, 12)
_AUTHORITY_FLAG = 12
_AUTHORITY = slice(13, 45)

_MINT_AUTHORITY = slice(0, 36)
_FREEZE_AUTHORITY = slice(46, 82)
"""Each an option of 4 + 32 bytes."""

State = Literal["deployed", "missing", "not upgradeable"]


@dataclass(frozen=True, slots=True)
class Program:
    """One of the five programs on the cluster."""

    name: ProgramName
    state: State
    """`not upgradeable`: there is something that the upgradeable loader did not put there, or has closed."""
    committed_sha256: str
    """Of the committed program; as `code_sha256`, without the zeros at its end."""
    code_sha256: str | None = None
    authority: Holder | None = None
    """Who may replace it."""
    slot: int | None = None
    """In which it was last replaced."""

    @property
    def is_committed(self) -> bool:
        """Whether it is the committed program, bit for bit."""
        return self.code_sha256 == self.committed_sha256


@dataclass(frozen=True, slots=True)
class Offices:
    """Who may do what in a network that is initialised."""

    admin: Holder
    offered: Holder
    """To whom the admin's office is offered."""
    pauser: Holder
    members: tuple[Pubkey, ...]
    """Of the committee in force."""
    next_members: tuple[Pubkey, ...]
    """As `members` where no change waits."""
    routers: tuple[Pubkey, ...]
    """In force, and the one that waits."""
    delay_seconds: int
    """The shorter of that in force and the one that waits."""


@dataclass(frozen=True, slots=True)
class Mints:
    """What the programs hold money of, as each of them says."""

    io: frozenset[Pubkey]
    usd: frozenset[Pubkey]
    io_authority: Pubkey | None
    io_freezes: Pubkey | None
    coupon_authority: Pubkey


@dataclass(frozen=True, slots=True)
class Deployment:
    """What stands on a cluster."""

    cluster: Cluster
    programs: tuple[Program, ...]
    offices: Offices | None
    """None where the oracle is not initialised."""
    mints: Mints | None
    """None where one of the others is not."""


async def read(client: AsyncClient, multisigs: Multisigs | None = None, *, is_localnet: bool = False) -> Deployment:
    """Asks the node for all of it; a node that lies is believed."""
    known = multisigs or Multisigs()
    cluster = await cluster_of(client, is_localnet=is_localnet)
    programs = tuple([await _program(client, name, known) for name in PROGRAMS])
    if any(one.state != "deployed" for one in programs):
        return Deployment(cluster, programs, None, None)
    return Deployment(cluster, programs, await _offices(client, known), await _mints(client))


def code_hash(code: bytes) -> str:
    """SHA-256 of a program, without the zeros that fill up its account."""
    return sha256(code.rstrip(b"\0")).hexdigest()


def committed_hash(name: ProgramName) -> str:
    """Of the program that is committed here."""
    file = ROOT / "programs" / "deploy" / f"{name}.so"
    try:
        return code_hash(file.read_bytes())
    except OSError as failed:
        raise IonetError(f"cannot read the committed program {file}: {failed.strerror}") from None


async def _program(client: AsyncClient, name: ProgramName, multisigs: Multisigs) -> Program:
    committed = committed_hash(name)
    found = (await client.get_account_info(program_id(name), Confirmed)).value
    if found is None:
        return Program(name, "missing", committed)
    data_address = addresses.program_data(name)
    held = (await client.get_account_info(data_address, Confirmed)).value
    data = bytes(held.data) if held else b""
    if (
        found.owner != addresses.LOADER
        or not found.executable
        or bytes(found.data)[:36] != _PROGRAM_TAG + bytes(data_address)
        or held is None
        or held.owner != addresses.LOADER
        or data[:4] != _DATA_TAG
    ):
        return Program(name, "not upgradeable", committed)
    authority = Pubkey(data[_AUTHORITY]) if data[_AUTHORITY_FLAG] else None
    return Program(
        name,
        "deployed",
        committed,
        code_hash(data[HEADER_BYTES:]),
        await multisigs.holder(client, authority),
        int.from_bytes(data[_SLOT], "little"),
    )


async def _offices(client: AsyncClient, multisigs: Multisigs) -> Offices | None:
    committee = await accounts.fetch(client, Committee, addresses.committee())
    if committee is None:
        return None
    terms = await accounts.fetch(client, Terms, addresses.terms())
    now = await chain_time(client)
    routers = {terms.parameters_at(now).router, terms.next_parameters.router} if terms else set()
    waits = committee.next_parameters_at > now
    delays = [committee.parameters_at(now).delay_seconds]
    return Offices(
        admin=await multisigs.holder(client, committee.admin),
        offered=await multisigs.holder(client, committee.offered_admin),
        pauser=await multisigs.holder(client, committee.pauser),
        members=committee.members_at(now),
        next_members=committee.members_at(max(now, committee.next_members_at)),
        routers=tuple(sorted(routers - {Pubkey.default()}, key=bytes)),
        delay_seconds=min(delays + [committee.next_parameters.delay_seconds] * waits),
    )


async def _mints(client: AsyncClient) -> Mints | None:
    emission = await accounts.fetch(client, Emission, addresses.emission())
    registry = await accounts.fetch(client, Registry, addresses.registry())
    auction = await accounts.fetch(client, Auction, addresses.auction())
    terms = await accounts.fetch(client, Terms, addresses.terms())
    if emission is None or registry is None or auction is None or terms is None:
        return None
    io_authority, io_freezes = await _authorities(client, emission.io_mint)
    return Mints(
        io=frozenset({emission.io_mint, registry.io_mint, auction.io_mint}),
        usd=frozenset({terms.usd_mint, auction.usd_mint}),
        io_authority=io_authority,
        io_freezes=io_freezes,
        coupon_authority=emission.coupon_authority,
    )


async def _authorities(client: AsyncClient, mint: Pubkey) -> tuple[Pubkey | None, Pubkey | None]:
    """Who may mint, and who may freeze."""
    found = (await client.get_account_info(mint, Confirmed)).value
    if found is None or found.owner != TOKEN_PROGRAM:
        raise IonetError(f"{mint}, which the programs hold as a token, is no mint of the token program")
    data = bytes(found.data)
    return _option(data[_MINT_AUTHORITY]), _option(data[_FREEZE_AUTHORITY])


def _option(data: bytes) -> Pubkey | None:
    return Pubkey(data[4:]) if data[0] else None
