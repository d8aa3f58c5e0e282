"""Delegating, undelegating, rewards and tickets; an actor's elections and collateral on its way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from solana.rpc.async_api import AsyncClient
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, addresses, economics, reads, stakes
from client.actions.actors import MAX_COMMISSION_BP, MIN_COMMISSION_BP
from client.actions.due import token_accounts
from client.amounts import IO
from client.errors import IonetError
from client.instructions import pools, staking
from client.rpc import chain_time
from client.sending import DEFAULT, SendOptions, Sent, send
from client.stakes import Stake, Unbonding
from client.state import Actor, Delegation, Election

_AT_ONCE = 5
"""Claims or payments of tickets that fit into one transaction."""
_MAX_TICKET = (1 << 32) - 1


class NothingStaked(IonetError):
    """Nothing to claim, to pay or to undelegate."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Stake that was asked back."""

    ticket: Pubkey
    id: int
    amount: int
    """IO base units."""
    matures_at: int
    """Unix seconds, as foreseen."""
    sent: Sent


@dataclass(frozen=True, slots=True)
class Elected:
    """An election, and what counts until then."""

    until_then: Election
    election: Election
    starts_at: int
    """Unix seconds, as foreseen."""
    sent: Sent


async def open_pool(client: AsyncClient, payer: Keypair, actor: Pubkey, options: SendOptions = DEFAULT) -> Sent:
    """Opens an actor's pool. Anyone may; `payer` pays its rent."""
    if (await reads.actor(client, actor)).has_pool:
        raise IonetError(f"the pool of {actor} is open already")
    io_mint = (await stakes.registry(client)).io_mint
    opening = pools.open_pool(payer=payer.pubkey(), actor=actor, io_mint=io_mint)
    return await send(client, [opening], [payer], options)


async def delegate(
    client: AsyncClient, owner: Keypair, actor: Pubkey, amount: int, options: SendOptions = DEFAULT
) -> Sent:
    """Puts `amount` (IO base units) of the owner's behind an actor; opens the pool and the delegation if need be."""
    found, wallet = await reads.actor(client, actor), owner.pubkey()
    if found.pending_slashes:
        raise IonetError(
            f"a slash of {actor} waits, and would take its part of new stake, too: see `ionet slash show {actor}`"
        )
    if found.index < economics.MIN_INDEX:
        raise IonetError(f"{actor} was slashed too far: its pool takes in no more IO")
    io_mint = (await stakes.registry(client)).io_mint
    source = addresses.token_account(wallet, io_mint)
    held = await accounts.token_balance(client, source) or 0
    if held < amount:
        raise IonetError(f"{IO.show(amount)} is more than the {IO.show(held)} that {wallet} holds")
    instructions: list[Instruction] = []
    if not found.has_pool:
        instructions.append(pools.open_pool(payer=wallet, actor=actor, io_mint=io_mint))
    if await accounts.fetch(client, Delegation, addresses.delegation(actor, wallet)) is None:
        instructions.append(pools.open_delegation(payer=wallet, actor=actor, owner=wallet))
    instructions.append(pools.delegate(owner=wallet, actor=actor, source=source, amount=amount))
    return await send(client, instructions, [owner], options)


async def undelegate(
    client: AsyncClient, owner: Keypair, actor: Pubkey, amount: int | None = None, options: SendOptions = DEFAULT
) -> Asked:
    """Asks for `amount` (IO base units; None: all) back. It unbonds for the delegators' time."""
    wallet = owner.pubkey()
    found = await stakes.stake_of(client, wallet, actor)
    wanted = found.value if amount is None else amount
    if wanted > found.value:
        raise IonetError(f"{IO.show(wanted)} is more than the {IO.show(found.value)} delegated to {actor}")
    if not wanted:
        raise NothingStaked(f"nothing is delegated to {actor}")
    number = await _free_ticket(client, wallet, actor)
    matures_at = await chain_time(client) + (await stakes.parameters(client)).delegator_unbonding_seconds
    asking = pools.undelegate(owner=wallet, actor=actor, amount=wanted, id=number)
    sent = await send(client, [asking], [owner], options)
    return Asked(addresses.ticket(actor, wallet, number), number, wanted, matures_at, sent)


async def withdraw_collateral(
    client: AsyncClient, authority: Keypair, actor: Pubkey, amount: int | None = None, options: SendOptions = DEFAULT
) -> Asked:
    """Asks for `amount` (IO base units; None: all) of an actor's collateral. It unbonds for the owners' time."""
    found, wallet = await _own(client, authority, actor), authority.pubkey()
    wanted = found.collateral if amount is None else amount
    if wanted > found.collateral:
        raise IonetError(f"{IO.show(wanted)} is more than the collateral of {IO.show(found.collateral)}")
    if not wanted:
        raise NothingStaked(f"{actor} has no collateral")
    number = await _free_ticket(client, wallet, actor)
    matures_at = await chain_time(client) + (await stakes.parameters(client)).owner_unbonding_seconds
    asking = staking.withdraw_collateral(authority=wallet, actor=actor, amount=wanted, id=number)
    sent = await send(client, [asking], [authority], options)
    return Asked(addresses.ticket(actor, wallet, number), number, wanted, matures_at, sent)


async def claim_rewards(
    client: AsyncClient,
    payer: Keypair,
    owner: Pubkey,
    actor: Pubkey | None = None,
    options: SendOptions = DEFAULT,
) -> tuple[list[Stake], Sequence[Sent]]:
    """Pays what the delegations of `owner` have earned, at one actor or at all. Anyone may; `payer` pays fees.

    Those that were paid, as they were just before, and the transactions.
    """
    found = [one for one in await stakes.stakes_of(client, owner, actor) if one.rewards]
    if not found:
        where = "" if actor is None else f" at {actor}"
        raise NothingStaked(f"{owner} has no rewards to claim{where} yet")
    io_mint = (await stakes.registry(client)).io_mint
    destination = addresses.token_account(owner, io_mint)
    claims = [pools.claim_rewards(actor=one.address, owner=owner, destination=destination) for one in found]
    opening = await token_accounts(client, payer.pubkey(), [owner], io_mint)
    return found, await _in_parts(client, payer, opening, claims, options)


async def withdraw_tickets(
    client: AsyncClient,
    payer: Keypair,
    owner: Pubkey,
    actor: Pubkey | None = None,
    options: SendOptions = DEFAULT,
) -> tuple[list[Unbonding], Sequence[Sent]]:
    """Pays the matured tickets of `owner`, at one actor or at all. Anyone may; `payer` pays fees.

    Those that were paid, and the transactions.
    """
    tickets = await stakes.tickets_of(client, owner, actor)
    found = [one for one in tickets if one.is_payable]
    if not found:
        raise NothingStaked(_why_none_is_payable(owner, tickets))
    io_mint = (await stakes.registry(client)).io_mint
    destination = addresses.token_account(owner, io_mint)
    payments = [
        pools.withdraw_ticket(actor=one.ticket.actor, owner=owner, id=one.ticket.id, destination=destination)
        for one in found
    ]
    opening = await token_accounts(client, payer.pubkey(), [owner], io_mint)
    return found, await _in_parts(client, payer, opening, payments, options)


async def close_delegation(client: AsyncClient, owner: Keypair, actor: Pubkey, options: SendOptions = DEFAULT) -> Sent:
    """Closes a delegation that is worth nothing and has nothing to claim, for its rent."""
    found = await stakes.stake_of(client, owner.pubkey(), actor)
    if found.value or found.rewards:
        raise IonetError(
            f"{IO.show(found.value)} are delegated to {actor} and {IO.show(found.rewards)} can be claimed: "
            "undelegate and claim first"
        )
    closing = pools.close_delegation(owner=owner.pubkey(), actor=actor)
    return await send(client, [closing], [owner], options)


async def elect(
    client: AsyncClient,
    authority: Keypair,
    actor: Pubkey,
    *,
    dollar_share_bp: int | None = None,
    commission_bp: int | None = None,
    options: SendOptions = DEFAULT,
) -> Elected:
    """Chooses anew, from the next epoch on. None leaves a part as it was chosen last."""
    found, now = await _own(client, authority, actor), await chain_time(client)
    last = found.next_election if found.next_election_at else found.election
    election = Election(
        last.dollar_share_bp if dollar_share_bp is None else dollar_share_bp,
        last.commission_bp if commission_bp is None else commission_bp,
    )
    low, high = economics.MIN_DOLLAR_SHARE_BP, economics.MAX_DOLLAR_SHARE_BP
    if found.is_node and not low <= election.dollar_share_bp <= high:
        raise IonetError(f"dollar share {election.dollar_share_bp} is out of range: give {low} to {high} basis points")
    if not found.is_node and election.dollar_share_bp:
        raise IonetError(f"{actor} is a user: only a node is paid in dollars")
    if not MIN_COMMISSION_BP <= election.commission_bp <= MAX_COMMISSION_BP:
        raise IonetError(
            f"commission {election.commission_bp} is out of range: "
            f"give {MIN_COMMISSION_BP} to {MAX_COMMISSION_BP} basis points"
        )
    genesis = (await reads.committee(client)).genesis
    starts_at = economics.epoch_start_from(genesis, now + 1)
    assert starts_at is not None  # the chain's time is far from the end of its range
    electing = staking.elect(authority=authority.pubkey(), actor=actor, election=election)
    sent = await send(client, [electing], [authority], options)
    return Elected(found.election_at(now), election, starts_at, sent)


async def _own(client: AsyncClient, authority: Keypair, actor: Pubkey) -> Actor:
    found = await reads.actor(client, actor)
    if found.authority != authority.pubkey():
        raise IonetError(f"{actor} belongs to {found.authority}: {authority.pubkey()} cannot do this for it")
    return found


async def _free_ticket(client: AsyncClient, owner: Pubkey, actor: Pubkey) -> int:
    taken = {one.ticket.id for one in await stakes.tickets_of(client, owner, actor)}
    return next(number for number in range(_MAX_TICKET + 1) if number not in taken)


async def _in_parts(
    client: AsyncClient,
    payer: Keypair,
    opening: Sequence[Instruction],
    instructions: Sequence[Instruction],
    options: SendOptions,
) -> list[Sent]:
    sent = []
    for start in range(0, len(instructions), _AT_ONCE):
        part = [*(opening if start == 0 else ()), *instructions[start : start + _AT_ONCE]]
        sent.append(await send(client, part, [payer], options))
    return sent


def _why_none_is_payable(owner: Pubkey, tickets: Sequence[Unbonding]) -> str:
    if not tickets:
        return f"{owner} has no tickets: ask for stake with `ionet stake undelegate`"
    if any(one.has_matured for one in tickets):
        return f"a slash waits where tickets of {owner} have matured: they are paid when it is over"
    first = tickets[0]
    return f"no ticket of {owner} has matured: the first does in {first.ticket.matures_at - first.now} seconds"
