"""Slashes: proposed and decided by the committee, appealed against by the actor, executed or dismissed by anyone."""

from __future__ import annotations

from collections.abc import Sequence

from solana.rpc.async_api import AsyncClient
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, addresses, reads, stakes
from client.actions.due import token_accounts
from client.amounts import IO
from client.errors import IonetError
from client.instructions import slashes
from client.rpc import chain_time
from client.sending import DEFAULT, SendOptions, Sent, send
from client.state import Slash


async def propose_slash(
    client: AsyncClient,
    payer: Keypair,
    members: Sequence[Keypair],
    actor: Pubkey,
    offence: int,
    evidence: bytes,
    options: SendOptions = DEFAULT,
) -> tuple[Pubkey, Slash, Sent]:
    """Members of the committee, a strict majority, say that an actor did wrong. `evidence`: SHA-256, 32 bytes.

    `payer` pays the rent, which comes back. The slash as it is on the chain.
    """
    await reads.actor(client, actor)
    taken = {one.id for one in (await stakes.slashes_of(client, actor)).values()}
    number = next(free for free in range(len(taken) + 1) if free not in taken)
    proposing = slashes.propose_slash(
        proposer=payer.pubkey(),
        actor=actor,
        id=number,
        offence=offence,
        evidence=evidence,
        signers=[member.pubkey() for member in members],
    )
    sent = await send(client, [proposing], [payer, *members], options)
    address = addresses.slash(actor, number)
    return address, await stakes.slash(client, address), sent


async def appeal_slash(
    client: AsyncClient, authority: Keypair, address: Pubkey, options: SendOptions = DEFAULT
) -> tuple[Slash, Sent]:
    """Appeals against a slash of an actor of the authority's, and locks the bond. The slash as it is since."""
    found, wallet, now = await stakes.slash(client, address), authority.pubkey(), await chain_time(client)
    owner = (await reads.actor(client, found.actor)).authority
    if owner != wallet:
        raise IonetError(f"the slash is of an actor of {owner}: {wallet} cannot appeal against it")
    if found.state != Slash.PROPOSED:
        raise IonetError(f"the slash is {found.state_name} already")
    if now >= found.deadline:
        raise IonetError(f"it is {now - found.deadline} seconds too late to appeal against the slash")
    registry = await stakes.registry(client)
    bond, source = registry.parameters_at(now).appeal_bond, addresses.token_account(wallet, registry.io_mint)
    held = await accounts.token_balance(client, source) or 0
    if held < bond:
        raise IonetError(f"an appeal locks {IO.show(bond)}, and {wallet} holds {IO.show(held)}")
    instructions = await token_accounts(client, wallet, [wallet], registry.io_mint)
    instructions.append(slashes.appeal_slash(authority=wallet, actor=found.actor, id=found.id, source=source))
    sent = await send(client, instructions, [authority], options)
    return await stakes.slash(client, address), sent


async def decide_appeal(
    client: AsyncClient,
    payer: Keypair,
    members: Sequence[Keypair],
    address: Pubkey,
    *,
    upheld: bool,
    options: SendOptions = DEFAULT,
) -> tuple[Slash, Sent]:
    """Members of the committee, a strict majority, uphold a slash or drop it. The slash as it is since.

    What is dropped is dismissed in the same transaction: the slash as it was before.
    """
    found, now = await stakes.slash(client, address), await chain_time(client)
    if found.state != Slash.APPEALED:
        raise IonetError(f"the slash is {found.state_name}: only an appeal is decided")
    if now >= found.deadline:
        raise IonetError("the appeal was not decided in time: anyone has it dismissed with `ionet slash dismiss`")
    signers = [member.pubkey() for member in members]
    instructions = [slashes.decide_appeal(actor=found.actor, id=found.id, upheld=upheld, signers=signers)]
    if not upheld:
        instructions += await dismissal(client, payer.pubkey(), found)
    sent = await send(client, instructions, [payer, *members], options)
    return await stakes.slash(client, address) if upheld else found, sent


async def execute_slash(
    client: AsyncClient, payer: Keypair, address: Pubkey, options: SendOptions = DEFAULT
) -> tuple[Slash, Sent]:
    """Burns what a slash costs, once that is due. Anyone may. The slash as it was."""
    found, now = await stakes.slash(client, address), await chain_time(client)
    if not found.is_executable(now):
        raise IonetError(_not_due(found, now, "executed"))
    io_mint = (await stakes.registry(client)).io_mint
    executing = slashes.execute_slash(actor=found.actor, id=found.id, proposer=found.proposer, io_mint=io_mint)
    return found, await send(client, [executing], [payer], options)


async def dismiss_slash(
    client: AsyncClient, payer: Keypair, address: Pubkey, options: SendOptions = DEFAULT
) -> tuple[Slash, Sent]:
    """Ends a slash that was dropped or not decided in time; the bond goes back. Anyone may. The slash as it was."""
    found, now = await stakes.slash(client, address), await chain_time(client)
    if not found.is_dismissible(now):
        raise IonetError(_not_due(found, now, "dismissed"))
    return found, await send(client, await dismissal(client, payer.pubkey(), found), [payer], options)


async def dismissal(client: AsyncClient, payer: Pubkey, found: Slash) -> list[Instruction]:
    """What dismisses a slash: its instruction, and what is missing of its accounts."""
    owner = (await reads.actor(client, found.actor)).authority
    io_mint = (await stakes.registry(client)).io_mint
    destination = addresses.token_account(owner, io_mint)
    dismissing = slashes.dismiss_slash(actor=found.actor, id=found.id, proposer=found.proposer, destination=destination)
    return [*await token_accounts(client, payer, [owner], io_mint), dismissing]


def _not_due(found: Slash, now: int, wanted: str) -> str:
    why = f"the slash cannot be {wanted}: it is {found.state_name}"
    if found.state in (Slash.PROPOSED, Slash.APPEALED) and now < found.deadline:
        waits = "an appeal" if found.state == Slash.PROPOSED else "the committee's decision"
        why += f", and waits for {waits} for {found.deadline - now} more seconds"
    return why
