"""Opening, starting, reporting, settling and finishing jobs."""

from __future__ import annotations

from dataclasses import dataclass

from solana.rpc.async_api import AsyncClient
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, addresses, reads
from client.amounts import USD
from client.errors import IonetError
from client.instructions import emission, escrow, tokens
from client.reads import JobQuote, StalePrice
from client.rpc import chain_time
from client.sending import DEFAULT, SendOptions, Sent, send
from client.state import Earner, Job, Rates


@dataclass(frozen=True, slots=True)
class Opened:
    """A new job."""

    job: Pubkey
    id: int
    quote: JobQuote
    sent: Sent


async def open_job(
    client: AsyncClient,
    authority: Keypair,
    *,
    user: Pubkey,
    hardware_class: str,
    processors: int,
    hours: int,
    max_deposit: int | None = None,
    id: int | None = None,
    options: SendOptions = DEFAULT,
) -> Opened:
    """Opens a job of the actor `user` and pays for it from the authority's dollars.

    `max_deposit` (USD base units): the most it may cost; None takes the quote. `id`: None takes the next.
    """
    wallet = authority.pubkey()
    actor = await reads.actor(client, user)
    if actor.is_node:
        raise IonetError(f"{user} is a node: only a user opens jobs")
    if actor.authority != wallet:
        raise IonetError(f"the user {user} belongs to {actor.authority}, not to {wallet}")
    quote = await reads.quote_job(client, hardware_class, processors, hours, user)
    if not quote.is_fresh:
        raise StalePrice(
            f"the price of {hardware_class} is stale by {quote.now - quote.valid_until} seconds: "
            "the committee has to submit a new one, then try again"
        )
    most = quote.deposit if max_deposit is None else max_deposit
    if quote.deposit > most:
        raise IonetError(f"the job costs {USD.show(quote.deposit)}, more than the {USD.show(most)} allowed")
    usd_mint = (await reads.terms(client)).usd_mint
    source = addresses.token_account(wallet, usd_mint)
    held = await accounts.token_balance(client, source) or 0
    if held < quote.deposit:
        raise IonetError(f"the job costs {USD.show(quote.deposit)}, and {wallet} holds {USD.show(held)}")
    number = await _free_id(client, user) if id is None else id
    instruction = escrow.open_job(
        authority=wallet,
        user=user,
        id=number,
        hardware_class=hardware_class,
        processors=processors,
        hours=hours,
        max_deposit=most,
        usd_mint=usd_mint,
        source=source,
    )
    sent = await send(client, [instruction], [authority], options)
    return Opened(addresses.job(user, number), number, quote, sent)


async def start_job(
    client: AsyncClient, router: Keypair, job: Pubkey, node: Pubkey, options: SendOptions = DEFAULT
) -> Sent:
    """Assigns a node's actor to an open job; signed by the router."""
    instruction = escrow.start_job(router=router.pubkey(), job=job, node=node)
    return await send(client, [instruction], [router], options)


async def report_job(
    client: AsyncClient, authority: Keypair, job: Pubkey, digest: bytes, options: SendOptions = DEFAULT
) -> Sent:
    """The node's authority says that the node has worked until now; `digest`: 32 bytes over what it did."""
    found = _running(job, await reads.job(client, job))
    node = await reads.actor(client, found.node)
    if node.authority != authority.pubkey():
        raise IonetError(f"job {job} is worked by a node of {node.authority}: {authority.pubkey()} cannot report it")
    instruction = escrow.report_job(authority=authority.pubkey(), node=found.node, job=job, digest=digest)
    return await send(client, [instruction], [authority], options)


async def settle_job(client: AsyncClient, payer: Keypair, job: Pubkey, options: SendOptions = DEFAULT) -> Sent:
    """Pays for the seconds reported since the last settlement. Anyone may; `payer` pays the fee."""
    found = _running(job, await reads.job(client, job))
    if found.worked_seconds <= found.settled_seconds:
        raise IonetError(f"job {job} has nothing to settle: its node has to report first")
    minimum = (await reads.terms(client)).parameters_at(await chain_time(client)).min_work_seconds
    if found.worked_seconds < minimum:
        raise IonetError(f"job {job} has worked {found.worked_seconds} s: nothing is paid below {minimum} s in all")
    return await send(client, await _settlement(client, payer.pubkey(), job, found), [payer], options)


async def finish_job(client: AsyncClient, caller: Keypair, job: Pubkey, options: SendOptions = DEFAULT) -> Sent:
    """Ends a job and refunds what was not worked; what is due to the node is settled in the same transaction.

    Its user may at any time, anyone once its hours are over.
    """
    found, wallet = await reads.job(client, job), caller.pubkey()
    if found.state not in (Job.OPEN, Job.RUNNING):
        raise IonetError(f"job {job} is {Job.STATES.get(found.state, found.state)} already")
    terms, now = await reads.terms(client), await chain_time(client)
    minimum = terms.parameters_at(now).min_work_seconds
    instructions = [tokens.create_token_account(payer=wallet, owner=found.authority, mint=terms.usd_mint)]
    if found.worked_seconds > found.settled_seconds and found.worked_seconds >= minimum:
        instructions += await _settlement(client, wallet, job, found)
    instructions.append(
        escrow.finish_job(
            caller=wallet,
            job=job,
            authority=found.authority,
            user_usd=addresses.token_account(found.authority, terms.usd_mint),
        )
    )
    return await send(client, instructions, [caller], options)


async def rates_page(client: AsyncClient, payer: Pubkey, epoch: int) -> list[Instruction]:
    """What it takes that the page of an epoch's rate exists: nothing, mostly."""
    page = (await client.get_account_info(addresses.rates(epoch))).value
    if page is not None and page.owner == accounts.owner_of(Rates):
        return []
    return [emission.open_rates(payer=payer, epoch=epoch)]


async def _settlement(client: AsyncClient, payer: Pubkey, job: Pubkey, found: Job) -> list[Instruction]:
    node = await reads.actor(client, found.node)
    usd_mint = (await reads.terms(client)).usd_mint
    earner = await accounts.fetch(client, Earner, addresses.earner(found.node))
    coupon_epoch = earner.coupon_epoch if earner else 0
    instructions = [tokens.create_token_account(payer=payer, owner=node.authority, mint=usd_mint)]
    if earner is None:
        instructions.append(emission.create_earner(payer=payer, actor=found.node))
    instructions += await rates_page(client, payer, coupon_epoch)
    instructions.append(
        escrow.settle_job(
            job=job,
            node=found.node,
            node_usd=addresses.token_account(node.authority, usd_mint),
            coupon_epoch=coupon_epoch,
        )
    )
    return instructions


def _running(address: Pubkey, job: Job) -> Job:
    if job.state == Job.OPEN:
        raise IonetError(f"job {address} is open: the router has to start it first")
    if job.state != Job.RUNNING:
        raise IonetError(f"job {address} is {Job.STATES.get(job.state, job.state)} already")
    return job


async def _free_id(client: AsyncClient, user: Pubkey) -> int:
    return max((one.id for one in (await accounts.jobs(client, user=user)).values()), default=-1) + 1
