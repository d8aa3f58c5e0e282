"""What the offices do: parameters, the committee, the admin's office, the pause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import parameters, reads
from client.errors import IonetError, Refused
from client.idl import PROGRAMS, ProgramName
from client.instructions import oracle
from client.parameters import Values
from client.rpc import chain_time
from client.sending import DEFAULT, SendOptions, Sent, send
from client.state import PAUSE_BITS, Committee

MAX_MEMBERS = 16
NOBODY = Pubkey.default()


@dataclass(frozen=True, slots=True)
class Governed:
    """A program's parameters at `now`, the chain's time."""

    program: ProgramName
    current: Values
    following: Values | None
    """Those that wait; None where no change does."""
    following_at: int
    """Unix seconds at which they take effect; 0 where none wait."""
    now: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A change of a program's parameters that waits since."""

    before: Governed
    """With what waited until then."""
    after: Governed
    sent: Sent


async def governed(client: AsyncClient, program: ProgramName) -> Governed:
    """A program's parameters: in force, and waiting."""
    kind, address = parameters.CONFIGS[program]
    found = await reads.singleton(client, kind, address())
    now = await chain_time(client)
    waits = found.next_parameters_at > now
    return Governed(
        program=program,
        current=found.parameters_at(now),
        following=found.next_parameters if waits else None,
        following_at=found.next_parameters_at if waits else 0,
        now=now,
    )


async def set_parameters(
    client: AsyncClient,
    admin: Keypair,
    program: ProgramName,
    changes: Mapping[str, Any],
    *,
    drop_waiting: bool = False,
    options: SendOptions = DEFAULT,
) -> Changed:
    """Changes some of a program's parameters, as `parameters.parse` gives them; the others stay.

    A change that waits already is kept and added to, and waits anew; `drop_waiting` starts from what is in force.
    """
    await _require_admin(client, admin.pubkey(), f"change the parameters of {program}")
    before = await governed(client, program)
    base = before.current if drop_waiting or before.following is None else before.following
    wanted = parameters.changed(base, changes)
    if wanted == base and not (drop_waiting and before.following):
        raise IonetError(f"the parameters of {program} are so already: nothing to change")
    instruction = parameters.set_parameters(program, admin.pubkey(), wanted)
    try:
        sent = await send(client, [instruction], [admin], options)
    except Refused as refused:
        if refused.name not in ("ParameterOutOfRange", "DiscountsUnsorted"):
            raise
        raise IonetError(f"{refused}: {parameters.explained(program, changes)}") from refused
    return Changed(before, await governed(client, program), sent)


async def rotate_committee(
    client: AsyncClient, admin: Keypair, members: Sequence[Pubkey], options: SendOptions = DEFAULT
) -> tuple[Committee, Sent]:
    """Names the committee's members from an epoch's start after the delay on; the committee as it is then."""
    if not 1 <= len(members) <= MAX_MEMBERS or len(set(members)) < len(members):
        raise IonetError(f"a committee has 1 to {MAX_MEMBERS} different members, not these {len(members)}")
    await _require_admin(client, admin.pubkey(), "name the committee's members")
    sent = await send(client, [oracle.rotate_committee(admin=admin.pubkey(), members=members)], [admin], options)
    return await reads.committee(client), sent


async def offer_admin(
    client: AsyncClient, admin: Keypair, offered: Pubkey | None, options: SendOptions = DEFAULT
) -> Sent:
    """Offers the admin's office; None takes an offer back."""
    committee = await _require_admin(client, admin.pubkey(), "offer its office")
    if offered == committee.admin:
        raise IonetError(f"{offered} is the admin already")
    if offered is None and committee.offered_admin == NOBODY:
        raise IonetError("there is no offer to take back")
    return await send(client, [oracle.offer_admin(admin=admin.pubkey(), offered=offered or NOBODY)], [admin], options)


async def accept_admin(client: AsyncClient, offered: Keypair, options: SendOptions = DEFAULT) -> Sent:
    """Takes the admin's office, by the one to whom it was offered."""
    wallet, committee = offered.pubkey(), await reads.committee(client)
    if committee.offered_admin == NOBODY:
        raise IonetError(f"the admin's office is offered to nobody: its holder is {committee.admin}")
    if committee.offered_admin != wallet:
        raise IonetError(f"the admin's office is offered to {committee.offered_admin}: {wallet} cannot accept it")
    return await send(client, [oracle.accept_admin(offered=wallet)], [offered], options)


async def set_pauser(client: AsyncClient, admin: Keypair, pauser: Pubkey, options: SendOptions = DEFAULT) -> Sent:
    """Names who may pause programs, at once."""
    await _require_admin(client, admin.pubkey(), "name the pauser")
    return await send(client, [oracle.set_pauser(admin=admin.pubkey(), pauser=pauser)], [admin], options)


async def set_paused(
    client: AsyncClient, by: Keypair, programs: Sequence[ProgramName], *, pause: bool, options: SendOptions = DEFAULT
) -> tuple[tuple[ProgramName, ...], Sent]:
    """Pauses programs, or resumes them; all that are paused since."""
    wallet, committee = by.pubkey(), await reads.committee(client)
    if wallet not in (committee.pauser, committee.admin):
        raise IonetError(
            f"only the pauser {committee.pauser} and the admin {committee.admin} may pause and resume: {wallet} cannot"
        )
    bits = sum(PAUSE_BITS[name] for name in set(programs))
    wanted = committee.paused | bits if pause else committee.paused & ~bits
    if wanted == committee.paused:
        raise IonetError(f"nothing to do: {'paused' if pause else 'running'} already: {', '.join(programs)}")
    sent = await send(client, [oracle.set_paused(by=wallet, paused=wanted)], [by], options)
    return paused_programs(await reads.committee(client)), sent


def paused_programs(committee: Committee) -> tuple[ProgramName, ...]:
    """The programs that are paused."""
    return tuple(name for name in PROGRAMS if committee.is_paused(name))


async def _require_admin(client: AsyncClient, wallet: Pubkey, to_do: str) -> Committee:
    committee = await reads.committee(client)
    if committee.admin != wallet:
        raise IonetError(f"only the admin may {to_do}: that is {committee.admin}, and this key is {wallet}")
    return committee
