"""Locked IO: whose it is and when it becomes free, locking, withdrawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, addresses, reads
from client.actions.rewards import NothingToClaim
from client.amounts import IO
from client.errors import IonetError
from client.idl import TOKEN_PROGRAM
from client.instructions import emission, tokens
from client.rpc import chain_time
from client.sending import DEFAULT, SendOptions, Sent, send
from client.state import Vesting

_AT_ONCE = 7
"""Withdrawals that fit into one transaction."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was withdrawn for one beneficiary."""

    amount: int
    """IO base units, as foreseen from the chain's state just before it."""
    vestings: Sequence[Pubkey]
    sent: Sequence[Sent]


@dataclass(frozen=True, slots=True)
class Locked:
    """IO that was locked."""

    address: Pubkey
    vesting: Vesting
    sent: Sent


async def vestings(client: AsyncClient, beneficiary: Pubkey | None = None) -> dict[Pubkey, Vesting]:
    """The locked IO of a wallet, or of everybody."""
    where: Mapping[str, Pubkey] = {} if beneficiary is None else {"beneficiary": beneficiary}
    return await accounts.fetch_all(client, Vesting, where)


def due(vesting: Vesting, now: int) -> int:
    """What could be withdrawn of it at `now` (the chain's time), IO base units."""
    return max(vesting.vested(now) - vesting.withdrawn, 0)


async def withdraw_vested(
    client: AsyncClient,
    payer: Keypair,
    beneficiary: Pubkey | None = None,
    only: Pubkey | None = None,
    options: SendOptions = DEFAULT,
) -> Withdrawn:
    """Pays what has vested to the beneficiary (None: the payer); `only` one vesting account. Anyone may."""
    wallet, now = payer.pubkey(), await chain_time(client)
    if only is not None:
        found = {only: await reads.require(client, Vesting, only, "locked IO")}
        beneficiary = found[only].beneficiary
    else:
        beneficiary = wallet if beneficiary is None else beneficiary
        found = await vestings(client, beneficiary)
    amounts = {address: due(one, now) for address, one in found.items()}
    ready = sorted((address for address, amount in amounts.items() if amount), key=bytes)
    if not ready:
        raise NothingToClaim(f"{only or beneficiary} has no locked IO that has vested and was not withdrawn yet")
    io_mint = (await reads.emission(client)).io_mint
    destination = addresses.token_account(beneficiary, io_mint)
    sent = []
    for start in range(0, len(ready), _AT_ONCE):
        instructions = [tokens.create_token_account(payer=wallet, owner=beneficiary, mint=io_mint)]
        instructions += [
            emission.withdraw_vested(beneficiary=beneficiary, vesting=address, io_mint=io_mint, destination=destination)
            for address in ready[start : start + _AT_ONCE]
        ]
        sent.append(await send(client, instructions, [payer], options))
    return Withdrawn(sum(amounts.values()), ready, sent)


async def no_wallets(client: AsyncClient, wanted: Sequence[Pubkey]) -> dict[Pubkey, str]:
    """Those that are no wallet, and what they are: IO locked for a token account, say, would be lost."""
    found = {}
    for start in range(0, len(wanted), accounts.MANY):
        batch = list(wanted[start : start + accounts.MANY])
        values = (await client.get_multiple_accounts(batch, Confirmed)).value
        for address, value in zip(batch, values, strict=True):
            if value is not None and value.executable:
                found[address] = "a program"
            elif value is not None and value.owner == TOKEN_PROGRAM:
                found[address] = "a token account or a mint"
    return found


async def lock_io(
    client: AsyncClient,
    depositor: Keypair,
    beneficiary: Pubkey,
    amount: int,
    *,
    start: int,
    end: int,
    step_seconds: int = 1,
    id: int | None = None,
    options: SendOptions = DEFAULT,
) -> Locked:
    """Locks IO of the depositor's (base units) for a beneficiary, free from `start` to `end` (Unix seconds) in steps.

    `id` None takes the first number that is free. Nobody can take it back.
    """
    if step_seconds < 1 or end <= start or (end - start) % step_seconds:
        raise IonetError(
            f"IO is locked for whole steps: {end - start} seconds are not one or more steps of {step_seconds}"
        )
    wallet, io_mint = depositor.pubkey(), (await reads.emission(client)).io_mint
    for address, kind in (await no_wallets(client, [beneficiary])).items():
        raise IonetError(f"{address} is {kind}: give the address of a wallet")
    source = addresses.token_account(wallet, io_mint)
    held = await accounts.token_balance(client, source) or 0
    if held < amount:
        raise IonetError(f"{wallet} holds {IO.show(held)}, less than the {IO.show(amount)} to be locked")
    number = await _free_id(client, wallet, beneficiary) if id is None else id
    address = addresses.locked(wallet, beneficiary, number)
    if await accounts.fetch(client, Vesting, address) is not None:
        raise IonetError(f"{wallet} has locked IO for {beneficiary} with the number {number} already: take another")
    locking = emission.lock_io(
        depositor=wallet,
        beneficiary=beneficiary,
        id=number,
        source=source,
        amount=amount,
        start=start,
        end=end,
        step_seconds=step_seconds,
    )
    sent = await send(client, [locking], [depositor], options)
    return Locked(address, await reads.require(client, Vesting, address, "locked IO"), sent)


async def _free_id(client: AsyncClient, depositor: Pubkey, beneficiary: Pubkey) -> int:
    for first in range(0, 1 << 16, accounts.MANY):
        ids = range(first, first + accounts.MANY)
        found = await accounts.fetch_many(client, Vesting, [addresses.locked(depositor, beneficiary, id) for id in ids])
        for id, one in zip(ids, found, strict=True):
            if one is None:
                return id
    raise IonetError(f"{depositor} has locked IO for {beneficiary} very often: say with which number")
