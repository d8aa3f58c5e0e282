"""What commands ask the chain about stake: what a wallet has delegated and earned, its tickets, slashes that wait."""

from __future__ import annotations

from dataclasses import dataclass

from solana.rpc.async_api import AsyncClient
from solders.pubkey import Pubkey

from client import accounts, addresses, economics, reads
from client.errors import IonetError
from client.rpc import chain_time
from client.state import Actor, Delegation, Registry, Slash, StakingParameters, Ticket

_WRAP = 1 << 128


@dataclass(frozen=True, slots=True)
class Stake:
    """What a wallet has delegated to one actor."""

    address: Pubkey
    """Of the actor."""
    actor: Actor
    delegation: Delegation
    value: int
    """IO base units."""
    rewards: int
    """IO base units that could be claimed now."""


@dataclass(frozen=True, slots=True)
class Unbonding:
    """A ticket, and whether it can be paid."""

    address: Pubkey
    ticket: Ticket
    actor: Actor
    value: int
    """IO base units, unless the actor is slashed before it is paid."""
    now: int
    """The chain's time, Unix seconds."""

    @property
    def has_matured(self) -> bool:
        """Whether it has waited for long enough."""
        return self.now >= self.ticket.matures_at

    @property
    def is_payable(self) -> bool:
        """Whether anyone can have it paid."""
        return self.has_matured and not self.actor.pending_slashes


async def registry(client: AsyncClient) -> Registry:
    """Which mint is IO, and the parameters of staking."""
    return await reads.singleton(client, Registry, addresses.registry())


async def parameters(client: AsyncClient) -> StakingParameters:
    """The parameters of staking in force."""
    return (await registry(client)).parameters_at(await chain_time(client))


def earned(actor: Actor, delegation: Delegation, balance: int) -> int:
    """What a delegation could claim, IO base units, while its actor's rewards account holds `balance`."""
    per_share = actor.per_share
    if arrived := balance - actor.counted_rewards:
        given = economics.DistributeInput(arrived, actor.carry, actor.shares)
        per_share += economics.distribute(given).per_unit_q64
    delta = (per_share - delegation.snapshot) % _WRAP
    return economics.whole(economics.accrue(delegation.accrued, delegation.shares, delta))[0]


async def stakes_of(client: AsyncClient, owner: Pubkey, actor: Pubkey | None = None) -> list[Stake]:
    """What a wallet has delegated, to one actor or to all, by the actor's address."""
    if actor is None:
        found = sorted((await accounts.fetch_all(client, Delegation, {"owner": owner})).values(), key=_by_actor)
    else:
        one = await accounts.fetch(client, Delegation, addresses.delegation(actor, owner))
        found = [one] if one else []
    actors = await accounts.fetch_many(client, Actor, [one.actor for one in found])
    stakes = []
    for delegation, behind in zip(found, actors, strict=True):
        assert behind is not None  # actors are not closed
        balance = await accounts.token_balance(client, behind.rewards) or 0
        value = economics.value_of(delegation.shares, behind.index)
        stakes.append(Stake(delegation.actor, behind, delegation, value, earned(behind, delegation, balance)))
    return stakes


async def stake_of(client: AsyncClient, owner: Pubkey, actor: Pubkey) -> Stake:
    """What a wallet has delegated to an actor; refused where that is nothing, and never was."""
    found = await stakes_of(client, owner, actor)
    if not found:
        await reads.actor(client, actor)
        raise IonetError(f"{owner} has not delegated to {actor}: see `ionet stake show`")
    return found[0]


async def tickets_of(client: AsyncClient, owner: Pubkey, actor: Pubkey | None = None) -> list[Unbonding]:
    """A wallet's tickets, those that mature first first."""
    where = {"owner": owner} if actor is None else {"owner": owner, "actor": actor}
    found = sorted((await accounts.fetch_all(client, Ticket, where)).items(), key=_by_maturity)
    actors = await accounts.fetch_many(client, Actor, [ticket.actor for _, ticket in found])
    now = await chain_time(client)
    tickets = []
    for (address, ticket), behind in zip(found, actors, strict=True):
        assert behind is not None  # actors are not closed
        tickets.append(Unbonding(address, ticket, behind, economics.value_of(ticket.shares, behind.index), now))
    return tickets


async def slashes_of(client: AsyncClient, actor: Pubkey | None = None) -> dict[Pubkey, Slash]:
    """Slashes that wait, of one actor or of all, by what is due first."""
    where = {} if actor is None else {"actor": actor}
    found = await accounts.fetch_all(client, Slash, where)
    return dict(sorted(found.items(), key=lambda item: (item[1].deadline, bytes(item[0]))))


async def slash(client: AsyncClient, address: Pubkey) -> Slash:
    """A slash by its address."""
    return await reads.require(client, Slash, address, "slash that waits")


def _by_actor(delegation: Delegation) -> bytes:
    return bytes(delegation.actor)


def _by_maturity(item: tuple[Pubkey, Ticket]) -> tuple[int, bytes, int]:
    return item[1].matures_at, bytes(item[1].actor), item[1].id
