"""What the chain holds: every account that money or IO can be in, and the state that says whose it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from solders.pubkey import Pubkey

from client import accounts, addresses, reads, state
from client.rpc import chain_time
from client.supply import Supply, supply
from demo.network import Network

_WRAP = 1 << 128


@dataclass(frozen=True, slots=True)
class Ledger:
    """The chain's side of every sum."""

    now: int
    """The chain's time, Unix seconds."""
    emission: state.Emission
    actors: dict[Pubkey, state.Actor]
    earners: dict[Pubkey, state.Earner]
    """By actor."""
    unclaimed_q64: int
    """IO base units that all of them have earned and not claimed, 64 fractional bits."""
    jobs: dict[Pubkey, state.Job]
    due_seconds: int
    """Of their work, that could be paid now."""
    vestings: list[state.Vesting]
    delegations: list[state.Delegation]
    tickets: list[state.Ticket]
    io: dict[str, int]
    """Base units by place, as `usd`. Every token account that exists belongs to someone known."""
    usd: dict[str, int]
    supply: Supply
    """Of IO, as `ionet supply` adds it up."""
    usd_supply: int


async def ledger(network: Network) -> Ledger:
    """Reads it all."""
    client = network.client
    emission, now = await reads.emission(client), await chain_time(client)
    terms = (await reads.terms(client)).parameters_at(now)
    actors = await accounts.fetch_all(client, state.Actor)
    earners = {earner.actor: earner for earner in (await accounts.fetch_all(client, state.Earner)).values()}
    jobs = await accounts.jobs(client)
    wallets = [one.pubkey() for one in (network.admin, network.affiliate, network.trader, network.contributors)]
    wallets += [staker.pubkey() for staker in network.stakers]
    wallets += [participant.address for participant in (*network.nodes, *network.users)]
    return Ledger(
        now=now,
        emission=emission,
        actors=actors,
        earners=earners,
        unclaimed_q64=await _unclaimed(network, emission, earners.values()),
        jobs=jobs,
        due_seconds=sum(job.payable_seconds(now, terms) - job.settled_seconds for job in jobs.values()),
        vestings=list((await accounts.fetch_all(client, state.Vesting)).values()),
        delegations=list((await accounts.fetch_all(client, state.Delegation)).values()),
        tickets=list((await accounts.fetch_all(client, state.Ticket)).values()),
        io={
            "wallets": await _held(network, map(network.io, wallets)),
            "stake vault": await _held(network, [addresses.stake_vault()]),
            "rewards": await _held(network, map(addresses.rewards, actors)),
            "locked vault": await _held(network, [addresses.locked_vault()]),
        },
        usd={
            "wallets": await _held(network, map(network.usd, wallets)),
            "affiliate": await _held(network, [network.usd(network.affiliate.pubkey())]),
            "jobs": await _held(network, map(addresses.job_vault, jobs)),
            "credits": await _held(network, map(addresses.credit, actors)),
            "burn vault": await _held(network, [addresses.burn_vault()]),
            "incentives": await _held(network, [addresses.incentives_vault()]),
        },
        supply=await supply(client),
        usd_supply=int((await client.get_token_supply(network.usd_mint)).value.amount),
    )


async def _held(network: Network, token_accounts: Iterable[Pubkey]) -> int:
    return sum(amount or 0 for amount in await accounts.token_balances(network.client, list(token_accounts)))


async def _unclaimed(network: Network, emission: state.Emission, earners: Iterable[state.Earner]) -> int:
    """Accrued, due for points, and due for coupons of an epoch that is closed."""
    total = 0
    for earner in earners:
        total += earner.liquid + earner.bonus
        total += earner.points * ((emission.per_point - earner.snapshot) % _WRAP)
        coupons = earner.coupons_base + earner.coupons_bonus
        if coupons and 0 < earner.coupon_epoch <= emission.closed_epoch:
            total += coupons * await reads.rate_of(network.client, earner.coupon_epoch)
    return total
