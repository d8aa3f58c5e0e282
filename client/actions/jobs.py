"""Opening, extending, starting, reporting, settling, ending and finishing jobs."""

from __future__ import annotations

from dataclasses import dataclass

from solana.rpc.async_api import AsyncClient
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, addresses, reads
from client.actions.agents import is_agent
from client.actions.due import finishes, settlements, token_accounts
from client.actions.paying import IO_SLIPPAGE_BP, DollarQuote, dollars_of, from_credit, quote_dollars, sale_for
from client.amounts import USD
from client.errors import IonetError, Refused
from client.instructions import escrow
from client.instructions.escrow import BY_HAND, Draw
from client.reads import JobQuote, StalePrice
from client.rpc import chain_time
from client.sending import DEFAULT, SendOptions, Sent, send
from client.state import Feed, Job


@dataclass(frozen=True, slots=True)
class Opened:
    """A new job."""

    job: Pubkey
    id: int
    quote: JobQuote
    granted: int
    """USD base units of the deposit that came from the user's credit."""
    sold: DollarQuote | None
    """What was sold to pay for it, where it was paid in IO."""
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
    benefit: int = Job.DISCOUNT,
    credit: int | None = None,
    pay_in_io: bool = False,
    slippage_bp: int = IO_SLIPPAGE_BP,
    options: SendOptions = DEFAULT,
) -> Opened:
    """Opens a job of the actor `user` and pays for it from its credit, then from the authority's dollars.

    `max_deposit` (USD base units): the most it may cost; None takes the quote. `id`: None takes the next. `credit`
    (USD base units): what to take from the user's credit; None takes what there is. `pay_in_io`: sells the
    authority's IO to the burn auction for what the credit does not pay, in the same transaction; `slippage_bp`: how
    much more IO than quoted may be sold for it.
    """
    wallet = authority.pubkey()
    actor = await reads.actor(client, user)
    if actor.is_node:
        raise IonetError(f"{user} is a node: only a user opens jobs")
    if actor.authority != wallet:
        raise IonetError(f"the user {user} belongs to {actor.authority}, not to {wallet}")
    quote = await reads.quote_job(client, hardware_class, processors, hours, user, benefit)
    if not quote.is_fresh:
        raise StalePrice(
            f"the price of {hardware_class} is stale by {quote.now - quote.valid_until} seconds: "
            "the committee has to submit a new one, then try again"
        )
    most = quote.deposit if max_deposit is None else max_deposit
    if quote.deposit > most:
        raise IonetError(f"the job costs {USD.show(quote.deposit)}, more than the {USD.show(most)} allowed")
    granted = await from_credit(client, user, quote.deposit, credit)
    own = quote.deposit - granted
    usd_mint = (await reads.terms(client)).usd_mint
    instructions = await token_accounts(client, wallet, [wallet], usd_mint)
    sold = await quote_dollars(client, own, slippage_bp) if pay_in_io and own else None
    if sold:
        instructions.append(await sale_for(client, wallet, sold))
    else:
        rest = f" beyond {USD.show(granted)} of credit" if granted else ""
        await dollars_of(client, wallet, own, f"the job costs{rest}")
    number = await _free_id(client, user) if id is None else id
    instructions.append(
        escrow.open_job(
            authority=wallet,
            user=user,
            id=number,
            hardware_class=hardware_class,
            processors=processors,
            hours=hours,
            max_deposit=most,
            usd_mint=usd_mint,
            source=addresses.token_account(wallet, usd_mint),
            benefit=benefit,
            from_credit=granted,
        )
    )
    sent = await send(client, instructions, [authority], options)
    return Opened(addresses.job(user, number), number, quote, granted, sold, sent)


async def extend_job(
    client: AsyncClient,
    authority: Keypair,
    job: Pubkey,
    hours: int,
    max_deposit: int | None = None,
    options: SendOptions = DEFAULT,
) -> Sent:
    """Adds hours to a job at its own rate, from the authority's dollars.

    `max_deposit` (USD base units): the most they may cost; None takes what they cost.
    """
    found, wallet, now = await _own_job(client, authority, job), authority.pubkey(), await chain_time(client)
    if found.state not in (Job.OPEN, Job.RUNNING) or (found.state == Job.RUNNING and now >= found.end):
        state = "over" if found.state == Job.RUNNING else found.state_name
        raise IonetError(f"job {job} is {state}: open a new one")
    feed = await accounts.fetch(client, Feed, addresses.feed(found.class_))
    if feed is None or not feed.is_fresh(now):
        raise StalePrice(f"the price of {found.class_} is stale: the committee has to submit a new one, then try again")
    if feed.price_nano_usd > found.price_nano_usd:
        raise IonetError(
            f"{found.class_} costs more now than when job {job} was opened: it goes on to its end at its own price, "
            "and for more hours open a new job"
        )
    cost = found.rate_per_hour * hours
    most = cost if max_deposit is None else max_deposit
    if cost > most:
        raise IonetError(f"the hours cost {USD.show(cost)}, more than the {USD.show(most)} allowed")
    source = await dollars_of(client, wallet, cost, "the hours cost")
    instruction = escrow.extend_job(
        authority=wallet, job=job, hardware_class=found.class_, hours=hours, max_deposit=most, source=source
    )
    return await send(client, [instruction], [authority], options)


async def start_job(
    client: AsyncClient,
    router: Keypair,
    job: Pubkey,
    node: Pubkey,
    draw: Draw = BY_HAND,
    options: SendOptions = DEFAULT,
) -> Sent:
    """Assigns a node's actor to an open job; signed by the router."""
    instruction = escrow.start_job(router=router.pubkey(), job=job, node=node, draw=draw)
    return await send(client, [instruction], [router], options)


async def report_job(
    client: AsyncClient, by: Keypair, job: Pubkey, digest: bytes, options: SendOptions = DEFAULT
) -> Sent:
    """The node's authority or its agent says that the node has worked until now.

    `digest`: 32 bytes over what it did.
    """
    found, wallet = _running(job, await reads.job(client, job)), by.pubkey()
    node = await reads.actor(client, found.node)
    as_agent = node.authority != wallet and await is_agent(client, wallet, found.node)
    if node.authority != wallet and not as_agent:
        raise IonetError(
            f"job {job} is worked by a node of {node.authority}: {wallet} cannot report it, which is neither that "
            "owner nor the node's agent"
        )
    instruction = escrow.report_job(by=wallet, node=found.node, job=job, digest=digest, as_agent=as_agent)
    return await send(client, [instruction], [by], options)


async def release_job(client: AsyncClient, by: Keypair, job: Pubkey, options: SendOptions = DEFAULT) -> Sent:
    """Takes the node off a running job, which then waits for another; what is due to the node is settled first.

    Anyone may once the node has failed to report, the node's authority or its agent at any time.
    """
    found, wallet, now = _running(job, await reads.job(client, job)), by.pubkey(), await chain_time(client)
    parameters = (await reads.terms(client)).parameters_at(now)
    node = await reads.actor(client, found.node)
    if now >= found.end:
        raise IonetError(f"the hours of job {job} are over: finish it")
    as_agent = node.authority != wallet and await is_agent(client, wallet, found.node)
    if found.is_alive(now, parameters) and node.authority != wallet and not as_agent:
        left = found.reported_at + parameters.report_seconds - now
        raise IonetError(
            f"the node of job {job} reported {now - found.reported_at} s ago: it can be taken off in {left + 1} s, "
            "if it stays silent"
        )
    instructions = []
    if found.payable_seconds(now, parameters) > found.settled_seconds:
        instructions = await settlement(client, wallet, job, found)
    instructions.append(escrow.release_job(by=wallet, job=job, node=found.node, as_agent=as_agent))
    return await send(client, instructions, [by], options)


async def settle_job(client: AsyncClient, payer: Keypair, job: Pubkey, options: SendOptions = DEFAULT) -> Sent:
    """Pays for the seconds reported since the last settlement. Anyone may; `payer` pays the fee."""
    found, now = await reads.job(client, job), await chain_time(client)
    if not found.has_stopped:
        _running(job, found)
    if found.worked_seconds <= found.settled_seconds:
        raise IonetError(f"job {job} has nothing to settle: its node has to report first")
    parameters = (await reads.terms(client)).parameters_at(now)
    if found.payable_seconds(now, parameters) <= found.settled_seconds:
        if not found.has_worked_enough(parameters):
            raise IonetError(
                f"job {job} has worked {found.assignment_seconds} s: "
                f"nothing is paid below {parameters.min_work_seconds} s in all"
            )
        raise IonetError(f"what job {job} reported can still be disputed, for {parameters.dispute_seconds} s")
    return await send(client, await settlement(client, payer.pubkey(), job, found), [payer], options)


async def finish_job(client: AsyncClient, caller: Keypair, job: Pubkey, options: SendOptions = DEFAULT) -> Sent:
    """Closes a job and refunds what was not worked; what is due to the node is settled in the same transaction.

    Anyone may once its hours are over, it was ended, or a dispute was resolved; its user while nobody works on it.
    """
    found, wallet, now = await reads.job(client, job), caller.pubkey(), await chain_time(client)
    _unfinished(job, found)
    if found.state == Job.RUNNING and now < found.end:
        hint = ": its user ends it before with `ionet job cancel`"
        raise IonetError(f"job {job} runs for {found.end - now} s more{hint}")
    if found.state == Job.OPEN and found.authority != wallet:
        raise IonetError(f"job {job} is open: only {found.authority} takes it back")
    parameters = (await reads.terms(client)).parameters_at(now)
    instructions = []
    if found.payable_seconds(now, parameters) > found.settled_seconds:
        instructions = await settlement(client, wallet, job, found)
    instructions += await _finishing(client, wallet, job, found)
    return await send(client, instructions, [caller], options)


async def cancel_job(client: AsyncClient, authority: Keypair, job: Pubkey, options: SendOptions = DEFAULT) -> Sent:
    """Ends a job of the authority's now: pays what was worked and refunds the rest, in one transaction."""
    found, wallet, now = await _own_job(client, authority, job), authority.pubkey(), await chain_time(client)
    parameters = (await reads.terms(client)).parameters_at(now)
    ending = [escrow.end_job(authority=wallet, job=job)] if found.state == Job.RUNNING else []
    finishing = await _finishing(client, wallet, job, found)
    # A node that still reports has worked until the second in which this executes.
    owed = found.worked_seconds > found.settled_seconds or (bool(ending) and found.is_alive(now, parameters))
    settling = await settlement(client, wallet, job, found) if owed else []
    try:
        return await send(client, [*ending, *settling, *finishing], [authority], options)
    except Refused as refused:
        if refused.name != "NothingToSettle" or not ending:
            raise
        return await send(client, [*ending, *finishing], [authority], options)


async def open_credit(client: AsyncClient, payer: Keypair, user: Pubkey, options: SendOptions = DEFAULT) -> Sent:
    """Opens the account of what the actor `user` is granted; `payer` may be anyone."""
    usd_mint = (await reads.terms(client)).usd_mint
    return await send(
        client, [escrow.open_credit(payer=payer.pubkey(), user=user, usd_mint=usd_mint)], [payer], options
    )


async def settlement(client: AsyncClient, payer: Pubkey, job: Pubkey, found: Job) -> list[Instruction]:
    """What settles a job: its instruction, and what is missing of its accounts."""
    steps = await settlements(client, payer, {job: found})
    return [*steps.setup, *steps.of[job]]


async def _finishing(client: AsyncClient, payer: Pubkey, job: Pubkey, found: Job) -> list[Instruction]:
    steps = await finishes(client, payer, {job: found})
    return [*steps.setup, *steps.of[job]]


async def _own_job(client: AsyncClient, authority: Keypair, job: Pubkey) -> Job:
    found = await reads.job(client, job)
    if found.authority != authority.pubkey():
        raise IonetError(f"job {job} belongs to {found.authority}, not to {authority.pubkey()}")
    return _unfinished(job, found)


def _unfinished(address: Pubkey, job: Job) -> Job:
    if job.is_finished:
        raise IonetError(f"job {address} is {job.state_name} already")
    if job.state == Job.DISPUTED:
        raise IonetError(f"job {address} is disputed: the committee decides it, or nobody does and the dispute lapses")
    return job


def _running(address: Pubkey, job: Job) -> Job:
    _unfinished(address, job)
    if job.state == Job.OPEN:
        raise IonetError(f"job {address} is open: the router has to start it first")
    if job.state != Job.RUNNING:
        raise IonetError(f"job {address} is {job.state_name}: it only waits to be settled and finished")
    return job


async def _free_id(client: AsyncClient, user: Pubkey) -> int:
    return max((one.id for one in (await accounts.jobs(client, user=user)).values()), default=-1) + 1
