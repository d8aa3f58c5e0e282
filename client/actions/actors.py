"""Registering nodes and users, and their collateral."""

from __future__ import annotations

from dataclasses import dataclass

from solana.rpc.async_api import AsyncClient
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, addresses, economics, reads
from client.amounts import IO
from client.errors import IonetError
from client.instructions import emission, staking, tokens
from client.sending import DEFAULT, SendOptions, Sent, send

MIN_COMMISSION_BP = 100
MAX_COMMISSION_BP = 300
_MAX_ID = (1 << 16) - 1


@dataclass(frozen=True, slots=True)
class Registered:
    """A new actor."""

    actor: Pubkey
    id: int
    collateral: int
    """IO base units deposited with it."""
    collateral_required: int
    """IO base units; zero for a user."""
    sent: Sent


async def register_node(
    client: AsyncClient,
    authority: Keypair,
    *,
    hardware_class: str,
    processors: int,
    dollar_share_bp: int,
    commission_bp: int = MIN_COMMISSION_BP,
    affiliate: Pubkey | None = None,
    id: int | None = None,
    collateral: int | None = None,
    options: SendOptions = DEFAULT,
) -> Registered:
    """Registers a node in one transaction with its earner, its token accounts and its collateral.

    `collateral` (IO base units): None deposits what the class requires, 0 nothing. `id`: None takes the next.
    """
    _within("dollar share", dollar_share_bp, economics.MIN_DOLLAR_SHARE_BP, economics.MAX_DOLLAR_SHARE_BP)
    _within("commission", commission_bp, MIN_COMMISSION_BP, MAX_COMMISSION_BP)
    if not 0 < processors < 1 << 32:
        raise IonetError(f"processors {processors} is out of range: a node has 1 to {(1 << 32) - 1}")
    wallet = authority.pubkey()
    _not_itself(wallet, affiliate)
    found = await reads.hardware_class(client, hardware_class)
    try:
        required = economics.collateral(found.multiplier_bp, processors)
    except economics.ArithmeticRefused as refused:
        raise IonetError(f"{processors} processors need more collateral than there can be: {refused}") from refused
    number = await _free_id(client, wallet, id)
    actor = addresses.actor(wallet, number)
    deposit = required if collateral is None else collateral
    io_mint, usd_mint = (await reads.emission(client)).io_mint, (await reads.terms(client)).usd_mint
    register = staking.register_node(
        authority=wallet,
        id=number,
        hardware_class=hardware_class,
        processors=processors,
        dollar_share_bp=dollar_share_bp,
        commission_bp=commission_bp,
        affiliate=affiliate,
    )
    instructions = [register, *_earning(wallet, actor, io_mint, usd_mint)]
    if deposit:
        instructions.append(await _deposit(client, wallet, actor, io_mint, deposit))
    sent = await send(client, instructions, [authority], options)
    return Registered(actor, number, deposit, required, sent)


async def register_user(
    client: AsyncClient,
    authority: Keypair,
    *,
    commission_bp: int = MIN_COMMISSION_BP,
    affiliate: Pubkey | None = None,
    id: int | None = None,
    options: SendOptions = DEFAULT,
) -> Registered:
    """Registers a user in one transaction with its earner (which carries its reputation) and token accounts."""
    _within("commission", commission_bp, MIN_COMMISSION_BP, MAX_COMMISSION_BP)
    wallet = authority.pubkey()
    _not_itself(wallet, affiliate)
    number = await _free_id(client, wallet, id)
    actor = addresses.actor(wallet, number)
    io_mint, usd_mint = (await reads.emission(client)).io_mint, (await reads.terms(client)).usd_mint
    register = staking.register_user(authority=wallet, id=number, commission_bp=commission_bp, affiliate=affiliate)
    instructions = [register, *_earning(wallet, actor, io_mint, usd_mint)]
    return Registered(actor, number, 0, 0, await send(client, instructions, [authority], options))


async def deposit_collateral(
    client: AsyncClient,
    depositor: Keypair,
    actor: Pubkey,
    amount: int,
    options: SendOptions = DEFAULT,
) -> Sent:
    """Adds `amount` (IO base units) of the depositor's IO to a node's collateral."""
    node = await reads.actor(client, actor)
    if not node.is_node:
        raise IonetError(f"{actor} is a user: only a node has collateral")
    io_mint = (await reads.emission(client)).io_mint
    instruction = await _deposit(client, depositor.pubkey(), actor, io_mint, amount)
    return await send(client, [instruction], [depositor], options)


async def _deposit(client: AsyncClient, wallet: Pubkey, actor: Pubkey, io_mint: Pubkey, amount: int) -> Instruction:
    source = addresses.token_account(wallet, io_mint)
    held = await accounts.token_balance(client, source) or 0
    if held < amount:
        raise IonetError(
            f"the collateral of {IO.show(amount)} is more than the {IO.show(held)} that {wallet} holds: "
            "get more IO, or name a smaller amount"
        )
    return staking.deposit_collateral(depositor=wallet, actor=actor, source=source, amount=amount)


def _earning(wallet: Pubkey, actor: Pubkey, io_mint: Pubkey, usd_mint: Pubkey) -> list[Instruction]:
    return [
        emission.create_earner(payer=wallet, actor=actor),
        tokens.create_token_account(payer=wallet, owner=wallet, mint=io_mint),
        tokens.create_token_account(payer=wallet, owner=wallet, mint=usd_mint),
    ]


async def _free_id(client: AsyncClient, wallet: Pubkey, wanted: int | None) -> int:
    taken = {one.id for one in (await accounts.actors_by_authority(client, wallet)).values()}
    if wanted is None:
        return next(number for number in range(_MAX_ID + 1) if number not in taken)
    _within("id", wanted, 0, _MAX_ID, unit="")
    if wanted in taken:
        raise IonetError(f"{wallet} has an actor with the number {wanted} already: choose another --id")
    return wanted


def _within(name: str, value: int, low: int, high: int, unit: str = " basis points") -> None:
    if not low <= value <= high:
        raise IonetError(f"{name} {value} is out of range: give {low} to {high}{unit}")


def _not_itself(wallet: Pubkey, affiliate: Pubkey | None) -> None:
    if affiliate == wallet:
        raise IonetError(f"{wallet} cannot be its own affiliate")
