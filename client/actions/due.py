"""What is due for jobs, and what does it: for one as for thousands, with a few reads for each hundred of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from solana.rpc.async_api import AsyncClient
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import accounts, addresses, reads
from client.accounts import TOKEN_ACCOUNT_BYTES
from client.errors import IonetError
from client.idl import TOKEN_PROGRAM
from client.instructions import emission, escrow, tokens
from client.state import Actor, Earner, EscrowParameters, Job, Rates

JobAction = Literal["settled", "released", "lapsed", "finished"]


@dataclass(frozen=True, slots=True)
class Due:
    """What is due for one job."""

    address: Pubkey
    job: Job
    """As it was when this was found."""
    action: JobAction
    seconds: int
    """Of work, that are paid with it; 0 for none."""


@dataclass(slots=True)
class Steps:
    """The instructions for some jobs."""

    setup: list[Instruction] = field(default_factory=list)
    """Makes the accounts that are missing and that several of the jobs may need: each once, before all else."""
    of: dict[Pubkey, list[Instruction]] = field(default_factory=dict)
    """By job, each job's in one transaction."""


def due_for_job(job: Job, now: int, parameters: EscrowParameters) -> JobAction | None:
    """What anyone may do for a job at `now`, the chain's time; None for nothing.

    What is to be paid is paid in the same transaction as a release or an end.
    """
    if job.state == Job.DISPUTED:
        return "lapsed" if now - job.disputed_at > parameters.decision_seconds else None
    if job.state not in (Job.RUNNING, Job.ENDED, Job.RESOLVED):
        return None
    payable = job.payable_seconds(now, parameters)
    is_too_little = job.state == Job.RUNNING and not job.has_worked_enough(parameters)
    if is_too_little or payable >= job.worked_seconds:
        # Once this is paid, nothing is left to pay.
        is_silent = not job.is_alive(now, parameters)
        if job.has_stopped or (now >= job.end and (is_silent or job.reported_at >= job.end)):
            return "finished"
        if now < job.end and is_silent:
            return "released"
    return "settled" if payable > job.settled_seconds else None


def due_for_jobs(jobs: Mapping[Pubkey, Job], now: int, parameters: EscrowParameters) -> list[Due]:
    """What is due for each of the jobs for which anything is, in their order."""
    found = []
    for address, job in jobs.items():
        action = due_for_job(job, now, parameters)
        if action is not None:
            seconds = 0 if action == "lapsed" else job.payable_seconds(now, parameters) - job.settled_seconds
            found.append(Due(address, job, action, seconds))
    return found


async def steps_for(client: AsyncClient, payer: Pubkey, due: Sequence[Due]) -> Steps:
    """What does it all. `payer` signs: it pays fees, and rent where an account that somebody is paid to is missing."""
    steps = await settlements(client, payer, {one.address: one.job for one in due if one.seconds})
    ending = {one.address: one.job for one in due if one.action == "finished"}
    finishing = await finishes(client, payer, ending)
    steps.setup += [one for one in finishing.setup if one not in steps.setup]
    for one in due:
        doing = steps.of.setdefault(one.address, [])
        if one.action == "released":
            doing.append(escrow.release_job(by=payer, job=one.address, node=one.job.node))
        elif one.action == "lapsed":
            doing.append(escrow.lapse_dispute(job=one.address))
        elif one.action == "finished":
            doing += finishing.of[one.address]
    return steps


async def settlements(client: AsyncClient, payer: Pubkey, jobs: Mapping[Pubkey, Job]) -> Steps:
    """What settles jobs, and makes what is missing of the accounts that they pay to. Signed by `payer`."""
    if not jobs:
        return Steps()
    usd_mint = (await reads.terms(client)).usd_mint
    nodes = list(dict.fromkeys(job.node for job in jobs.values()))
    owner_of = {
        node: _known(node, actor).authority
        for node, actor in zip(nodes, await accounts.fetch_many(client, Actor, nodes), strict=True)
    }
    setup = await token_accounts(client, payer, owner_of.values(), usd_mint)
    users = [job.user for job in jobs.values() if job.benefit == Job.LOCKED_IO]
    earner_of = {actor: addresses.earner(actor) for actor in dict.fromkeys([*nodes, *users])}
    held = await _owned(client, earner_of.values(), accounts.owner_of(Earner))
    setup += [emission.create_earner(payer=payer, actor=at) for at, earner in earner_of.items() if earner not in held]
    epoch_of = {
        actor: accounts.decode(Earner, held[earner]).coupon_epoch if earner in held else 0
        for actor, earner in earner_of.items()
    }
    setup += await rates_pages(client, payer, epoch_of.values())
    steps = Steps(setup)
    for address, job in jobs.items():
        takes_io = job.benefit == Job.LOCKED_IO
        settling = escrow.settle_job(
            job=address,
            node=job.node,
            node_usd=addresses.token_account(owner_of[job.node], usd_mint),
            coupon_epoch=epoch_of[job.node],
            affiliate_usd=job.affiliate_usd if job.has_affiliate else None,
            user=job.user if takes_io else None,
            user_coupon_epoch=epoch_of[job.user] if takes_io else 0,
        )
        steps.of[address] = [settling]
    return steps


async def finishes(client: AsyncClient, payer: Pubkey, jobs: Mapping[Pubkey, Job]) -> Steps:
    """What finishes jobs, and makes what is missing of the accounts that they refund to. Signed by `payer`."""
    if not jobs:
        return Steps()
    usd_mint = (await reads.terms(client)).usd_mint
    steps = Steps(await token_accounts(client, payer, (job.authority for job in jobs.values()), usd_mint))
    for address, job in jobs.items():
        finishing = escrow.finish_job(
            caller=payer,
            job=address,
            authority=job.authority,
            user_usd=addresses.token_account(job.authority, usd_mint),
            credit=addresses.credit(job.user) if job.granted else None,
        )
        steps.of[address] = [finishing]
    return steps


async def rates_pages(client: AsyncClient, payer: Pubkey, epochs: Iterable[int]) -> list[Instruction]:
    """What it takes that the pages of these epochs' rates exist: nothing, mostly."""
    pages = {addresses.rates(epoch): epoch for epoch in epochs}
    held = await _owned(client, pages, accounts.owner_of(Rates))
    return [emission.open_rates(payer=payer, epoch=epoch) for page, epoch in pages.items() if page not in held]


async def token_accounts(
    client: AsyncClient, payer: Pubkey, owners: Iterable[Pubkey], mint: Pubkey
) -> list[Instruction]:
    """What it takes that the owners' associated token accounts exist: nothing, mostly."""
    account_of = {owner: addresses.token_account(owner, mint) for owner in owners}
    held = await _owned(client, account_of.values(), TOKEN_PROGRAM)
    return [
        tokens.create_token_account(payer=payer, owner=owner, mint=mint)
        for owner, account in account_of.items()
        if len(held.get(account, b"")) != TOKEN_ACCOUNT_BYTES
    ]


async def _owned(client: AsyncClient, wanted: Iterable[Pubkey], program: Pubkey) -> dict[Pubkey, bytes]:
    """The data of those accounts that are there. One that a stranger only sent SOL to is not: it can still be made."""
    listed, found = list(dict.fromkeys(wanted)), {}
    for start in range(0, len(listed), accounts.MANY):
        batch = listed[start : start + accounts.MANY]
        values = (await client.get_multiple_accounts(batch)).value
        for address, value in zip(batch, values, strict=True):
            if value is not None and value.owner == program:
                found[address] = bytes(value.data)
    return found


def _known(address: Pubkey, actor: Actor | None) -> Actor:
    if actor is None:
        raise IonetError(f"there is no actor {address} on this chain, but a job that names it: check the URL")
    return actor
