"""Disputes of jobs: opened by the user, decided by the committee, or lapsed."""

from __future__ import annotations

from collections.abc import Sequence

from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, reads
from client.actions.due import token_accounts
from client.actions.paying import dollars_of
from client.errors import IonetError
from client.instructions import escrow
from client.rpc import chain_time
from client.sending import DEFAULT, SendOptions, Sent, send
from client.state import Job


async def dispute_job(
    client: AsyncClient, authority: Keypair, job: Pubkey, evidence: bytes, options: SendOptions = DEFAULT
) -> Sent:
    """Stops a running job of the authority's and disputes what its node reported and was not paid; locks the bond.

    `evidence`: SHA-256 of what the user has to show, 32 bytes.
    """
    found, wallet = await reads.job(client, job), authority.pubkey()
    if found.authority != wallet:
        raise IonetError(f"job {job} belongs to {found.authority}: {wallet} cannot dispute it")
    if found.state != Job.RUNNING:
        raise IonetError(f"job {job} is {found.state_name}: only a running job is disputed")
    if found.worked_seconds <= found.settled_seconds:
        raise IonetError(f"all that the node of job {job} reported is settled: there is nothing to dispute")
    terms = await reads.terms(client)
    bond = terms.parameters_at(await chain_time(client)).dispute_bond
    source = await dollars_of(client, wallet, bond, "a dispute locks")
    instructions = await token_accounts(client, wallet, [wallet], terms.usd_mint)
    instructions.append(escrow.dispute_job(authority=wallet, job=job, source=source, evidence=evidence))
    return await send(client, instructions, [authority], options)


async def resolve_dispute(
    client: AsyncClient,
    payer: Keypair,
    members: Sequence[Keypair],
    job: Pubkey,
    accepted_seconds: int,
    options: SendOptions = DEFAULT,
) -> Sent:
    """Members of the committee, a strict majority, decide up to which second of the job its node is paid."""
    found = _disputed(job, await reads.job(client, job))
    if not found.settled_seconds <= accepted_seconds <= found.worked_seconds:
        raise IonetError(
            f"{accepted_seconds} s cannot be accepted: {found.settled_seconds} s are settled, "
            f"and {found.worked_seconds} s were reported"
        )
    node = await reads.actor(client, found.node)
    usd_mint = (await reads.terms(client)).usd_mint
    instructions = await token_accounts(client, payer.pubkey(), [node.authority], usd_mint)
    instructions.append(
        escrow.resolve_dispute(
            signers=[member.pubkey() for member in members],
            job=job,
            node=found.node,
            node_usd=addresses.token_account(node.authority, usd_mint),
            accepted_seconds=accepted_seconds,
        )
    )
    return await send(client, instructions, [payer, *members], options)


async def lapse_dispute(client: AsyncClient, payer: Keypair, job: Pubkey, options: SendOptions = DEFAULT) -> Sent:
    """Ends a dispute that the committee did not decide in time. Anyone may; `payer` pays the fee."""
    found, now = _disputed(job, await reads.job(client, job)), await chain_time(client)
    until = found.disputed_at + (await reads.terms(client)).parameters_at(now).decision_seconds
    if now <= until:
        raise IonetError(f"the committee can still decide job {job}, for {until - now} s")
    return await send(client, [escrow.lapse_dispute(job=job)], [payer], options)


def _disputed(address: Pubkey, job: Job) -> Job:
    if job.state != Job.DISPUTED:
        raise IonetError(f"job {address} is {job.state_name}: there is no dispute to decide")
    return job
