"""What anyone may do for the network, once it is due: pay for work, take silent nodes off jobs, refund what is over,
lapse disputes, execute and dismiss slashes, pay matured tickets, close epochs, pay stakers their part."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from solana.rpc.async_api import AsyncClient
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, addresses, reads, stakes
from client.actions.due import due_for_jobs, steps_for, token_accounts
from client.actions.rewards import claim, close_epochs
from client.actions.slashing import dismissal
from client.economics import IO, bps_floor
from client.errors import IonetError, Unreachable
from client.instructions import pools, slashes
from client.rpc import chain_time
from client.sending import DEFAULT, NotConfirmed, SendOptions, Sent, send
from client.state import Actor, Delegation, Earner, Job, Slash, Ticket

Action = Literal["settled", "released", "lapsed", "finished", "executed", "dismissed", "withdrawn", "closed", "claimed"]

STAKERS_AT_LEAST: Final = IO
"""IO base units of stakers for which it is worth a transaction to claim."""
_UNFINISHED: Final = (Job.RUNNING, Job.ENDED, Job.DISPUTED, Job.RESOLVED)


@dataclass(frozen=True, slots=True)
class Cranked:
    """One thing that was due."""

    action: Action
    what: Pubkey
    """The job, slash or ticket; the emission where epochs were closed."""
    signature: str | None
    refused: str | None
    """Why the chain did not want it; None where it did."""


async def crank(client: AsyncClient, payer: Keypair, options: SendOptions = DEFAULT) -> list[Cranked]:
    """Does all that is due, once, and says what it did. Anyone may; `payer` pays fees, and rent where an account that
    somebody is paid to is missing. What the chain refuses does not hold up the rest.
    """
    done = await crank_jobs(client, payer, options)
    done += await crank_stake(client, payer, options)
    done += await crank_epochs(client, payer, options)
    return done + await crank_stakers(client, payer, options)


async def crank_jobs(client: AsyncClient, payer: Keypair, options: SendOptions = DEFAULT) -> list[Cranked]:
    """Settles, releases, lapses and finishes jobs."""
    now = await chain_time(client)
    parameters = (await reads.terms(client)).parameters_at(now)
    done = []
    for state in _UNFINISHED:
        found = await accounts.jobs(client, state=state)
        in_order = dict(sorted(found.items(), key=lambda item: bytes(item[0])))
        for due in due_for_jobs(in_order, now, parameters):
            steps = await steps_for(client, payer.pubkey(), [due])
            sending = send(client, [*steps.setup, *steps.of[due.address]], [payer], options)
            done.append(await _tried(due.action, due.address, sending))
    return done


async def crank_stake(client: AsyncClient, payer: Keypair, options: SendOptions = DEFAULT) -> list[Cranked]:
    """Executes and dismisses slashes, then pays tickets that have matured and that no slash holds back."""
    now = await chain_time(client)
    io_mint = (await stakes.registry(client)).io_mint
    done = []
    for address, slash in sorted((await accounts.fetch_all(client, Slash)).items(), key=lambda item: bytes(item[0])):
        if slash.is_executable(now):
            execution = slashes.execute_slash(actor=slash.actor, id=slash.id, proposer=slash.proposer, io_mint=io_mint)
            done.append(await _tried("executed", address, send(client, [execution], [payer], options)))
        elif slash.is_dismissible(now):
            done.append(await _tried("dismissed", address, _dismiss(client, payer, slash, options)))
    tickets = {at: one for at, one in (await accounts.fetch_all(client, Ticket)).items() if now >= one.matures_at}
    held = await _with_pending_slashes(client, tickets)
    for address, ticket in sorted(tickets.items(), key=lambda item: bytes(item[0])):
        if ticket.actor not in held:
            done.append(await _tried("withdrawn", address, _withdraw(client, payer, ticket, io_mint, options)))
    return done


async def crank_epochs(client: AsyncClient, payer: Keypair, options: SendOptions = DEFAULT) -> list[Cranked]:
    """Closes the epochs whose scores are final."""
    state = await reads.emission(client)
    if state.final_epoch <= state.closed_epoch:
        return []

    async def close() -> Sent:
        return (await close_epochs(client, payer, options=options)).sent

    return [await _tried("closed", addresses.emission(), close())]


async def crank_stakers(client: AsyncClient, payer: Keypair, options: SendOptions = DEFAULT) -> list[Cranked]:
    """Claims for actors that owe their stakers `STAKERS_AT_LEAST` or more.

    Stakers share in a claim by what they have staked when it is made: claims that come often leave nothing to those
    who would stake just before one.
    """
    state, now = await reads.emission(client), await chain_time(client)
    staked = sorted(
        {one.actor for one in (await accounts.fetch_all(client, Delegation)).values() if one.shares}, key=bytes
    )
    actors = await accounts.fetch_many(client, Actor, staked)
    earners = await accounts.fetch_many(client, Earner, [addresses.earner(actor) for actor in staked])
    done = []
    for address, actor, earner in zip(staked, actors, earners, strict=True):
        if actor is None or earner is None:
            continue
        liquid = (await reads.pending(client, state, earner)).liquid
        if bps_floor(liquid, actor.election_at(now).commission_bp) >= STAKERS_AT_LEAST:
            done.append(await _tried("claimed", address, _claim(client, payer, address, options)))
    return done


async def _claim(client: AsyncClient, payer: Keypair, actor: Pubkey, options: SendOptions) -> Sent:
    return (await claim(client, payer, actor, options, lock_bonus=False)).sent


async def _with_pending_slashes(client: AsyncClient, tickets: Mapping[Pubkey, Ticket]) -> set[Pubkey]:
    actors = sorted({ticket.actor for ticket in tickets.values()}, key=bytes)
    found = await accounts.fetch_many(client, Actor, actors)
    return {at for at, actor in zip(actors, found, strict=True) if actor is None or actor.pending_slashes}


async def _dismiss(client: AsyncClient, payer: Keypair, slash: Slash, options: SendOptions) -> Sent:
    return await send(client, await dismissal(client, payer.pubkey(), slash), [payer], options)


async def _withdraw(client: AsyncClient, payer: Keypair, ticket: Ticket, io_mint: Pubkey, options: SendOptions) -> Sent:
    instructions: list[Instruction] = await token_accounts(client, payer.pubkey(), [ticket.owner], io_mint)
    instructions.append(
        pools.withdraw_ticket(
            actor=ticket.actor,
            owner=ticket.owner,
            id=ticket.id,
            destination=addresses.token_account(ticket.owner, io_mint),
        )
    )
    return await send(client, instructions, [payer], options)


async def _tried(action: Action, what: Pubkey, acting: Awaitable[Sent]) -> Cranked:
    try:
        sent = await acting
    except (Unreachable, NotConfirmed):
        raise
    except IonetError as reason:
        return Cranked(action, what, None, str(reason))
    return Cranked(action, what, str(sent.signature), None)
