"""Dollars that the committee grants newcomers from the incentives vault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, addresses, reads
from client.amounts import USD
from client.errors import IonetError
from client.instructions import burn, escrow, tokens
from client.rpc import chain_time
from client.sending import DEFAULT, SendOptions, Sent, send
from client.state import Actor, Auction, BurnParameters, Committee, Earner, Grant


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant."""

    actor: Pubkey
    amount: int
    """USD base units."""
    account: Pubkey
    """The token account that they went to."""
    sent: Sent


async def grant_user(
    client: AsyncClient, payer: Keypair, members: Sequence[Keypair], user: Pubkey, options: SendOptions = DEFAULT
) -> Granted:
    """Grants a user dollars for its jobs; its credit is opened before, where it is not."""
    found = await reads.actor(client, user)
    if found.is_node:
        raise IonetError(f"{user} is a node: its owner is granted dollars by `ionet grant owner`")
    signers, auction, parameters = await _prepared(client, members, user)
    amount = await _affordable(client, parameters.user_grant)
    credit = addresses.credit(user)
    if await accounts.token_balance(client, credit) is None:
        # On its own: with the signatures of a large committee, one transaction would not hold both.
        opening = escrow.open_credit(payer=payer.pubkey(), user=user, usd_mint=auction.usd_mint)
        await send(client, [opening], [payer], options)
    grant = burn.grant_user(payer=payer.pubkey(), signers=[one.pubkey() for one in signers], user=user)
    return Granted(user, amount, credit, await send(client, [grant], [payer, *signers], options))


async def grant_owner(
    client: AsyncClient, payer: Keypair, members: Sequence[Keypair], node: Pubkey, options: SendOptions = DEFAULT
) -> Granted:
    """Grants the owner of a proven node dollars, to its associated token account."""
    found = await reads.actor(client, node)
    if not found.is_node:
        raise IonetError(f"{node} is a user: it is granted dollars by `ionet grant user`")
    signers, auction, parameters = await _prepared(client, members, node)
    await _require_proven(client, node, found, parameters)
    amount = await _affordable(client, parameters.owner_grant)
    owner_usd = addresses.token_account(found.authority, auction.usd_mint)
    if await accounts.token_balance(client, owner_usd) is None:
        opening = tokens.create_token_account(payer=payer.pubkey(), owner=found.authority, mint=auction.usd_mint)
        await send(client, [opening], [payer], options)
    grant = burn.grant_owner(
        payer=payer.pubkey(), signers=[one.pubkey() for one in signers], node=node, owner_usd=owner_usd
    )
    return Granted(node, amount, owner_usd, await send(client, [grant], [payer, *signers], options))


async def _prepared(
    client: AsyncClient, members: Sequence[Keypair], actor: Pubkey
) -> tuple[list[Keypair], Auction, BurnParameters]:
    """As many of the members as must sign; the auction, and its parameters now."""
    auction, committee, now = await reads.auction(client), await reads.committee(client), await chain_time(client)
    if committee.is_paused("burn"):
        raise IonetError("burn is paused: nothing is granted until it resumes")
    done = await accounts.fetch(client, Grant, addresses.grant(actor))
    if done is not None:
        raise IonetError(f"{actor} was granted {USD.show(done.amount)} before: a grant is made once")
    return _majority(committee, members, now), auction, auction.parameters_at(now)


def _majority(committee: Committee, keys: Sequence[Keypair], now: int) -> list[Keypair]:
    members = committee.members_at(now)
    needed = len(members) // 2 + 1
    strangers = [str(key.pubkey()) for key in keys if key.pubkey() not in members]
    if strangers:
        raise IonetError(f"not a member of the committee: {', '.join(strangers)} (`ionet committee show` lists them)")
    signers = list({key.pubkey(): key for key in keys}.values())
    if len(signers) < needed:
        raise IonetError(
            f"{needed} of the {len(members)} members must sign, not {len(signers)}: name their keys with --member"
        )
    return signers[:needed]


async def _affordable(client: AsyncClient, amount: int) -> int:
    held = await accounts.token_balance(client, addresses.incentives_vault()) or 0
    if not amount:
        raise IonetError("the parameters grant nothing: `ionet params show burn`")
    if held < amount:
        raise IonetError(f"the incentives vault holds {USD.show(held)}, less than the grant of {USD.show(amount)}")
    return amount


async def _require_proven(client: AsyncClient, address: Pubkey, node: Actor, parameters: BurnParameters) -> None:
    if node.collateral < node.collateral_required:
        raise IonetError(f"{address} has less collateral than it must have: its owner has to deposit it first")
    earner = await accounts.fetch(client, Earner, addresses.earner(address))
    closed = (await reads.emission(client)).closed_epoch
    since = earner.proven_since if earner and earner.points else 0
    hours = max(closed + 1 - since, 0) if since else 0
    if not since or hours < parameters.owner_grant_hours:
        raise IonetError(
            f"{address} has earned points for {hours} hours without a break: "
            f"its owner's grant asks for {parameters.owner_grant_hours}"
        )
