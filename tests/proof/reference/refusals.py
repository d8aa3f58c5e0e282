"""Refusals that must not be: who is owed something and asks for it rightly gets it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses, state
from client.instructions import emission, escrow, pools
from tests.programs.world import World
from tests.proof.ledger import Call, Ledger, Step, Tokens
from tests.proof.reference.exact import Mismatch
from tests.proof.reference.loading import Model

_PAUSED_EMISSION = state.PAUSE_BITS["emission"]


def require_refusable(model: Model, world: World, ledger: Ledger, step: Step) -> None:
    """Refuses the refusal of a single call that the model says must succeed, sent with the accounts it must have."""
    if len(step.calls) != 1 or step.others or not isinstance(step.refusal, str):
        return
    (call,) = step.calls
    certain = CERTAIN.get(call.name)
    if certain is None:
        return
    if call.accounts.get("rates", call.instruction.program_id) not in {*ledger.accounts, call.instruction.program_id}:
        return  # its page of rates is not open: anybody may open it, and nothing is owed before
    for owed, wanted in certain(model, world, ledger, call, step.time):
        if owed and _alike(call.instruction, wanted):
            raise Mismatch(f"{call.name} was refused with {step.refusal}, and had to succeed")


def _alike(found: Instruction, wanted: Instruction) -> bool:
    return found.data == wanted.data and list(found.accounts) == list(wanted.accounts)


Certain = Callable[[Model, World, Ledger, Call, int], Iterator[tuple[bool, Instruction]]]
"""Whether it must succeed, and as what instruction."""


def _takes(ledger: Ledger, address: Pubkey, owner: Pubkey, mint: Pubkey) -> bool:
    found = ledger.accounts.get(address)
    return isinstance(found, Tokens) and found.owner == owner and found.mint == mint


def claim(model: Model, world: World, ledger: Ledger, call: Call, now: int) -> Iterator[tuple[bool, Instruction]]:
    """A claim of two base units or more."""
    actor, at, io = call.accounts["actor"], call.accounts, world.io_mint
    earner, pool = model.emission.earners.get(actor), model.staking.pools.get(actor)
    if earner is None or pool is None:
        return
    open_coupons = 0 < earner.epoch <= model.emission.closed
    owed = earner.liquid + earner.points * (model.emission.per_point - earner.since)
    owed += earner.base * model.emission.rates[earner.epoch] if open_coupons else 0
    commission, affiliate = model.parts_of(actor, now)
    program = call.instruction.program_id
    takes = _takes(ledger, at["owner_io"], pool.authority, io)
    if affiliate:
        takes = takes and _takes(ledger, at["affiliate_io"], pool.affiliate, io)
    if commission:
        takes = takes and at["rewards"] == pool.rewards
    wanted = emission.claim(
        actor=actor,
        coupon_epoch=earner.epoch,
        io_mint=io,
        owner_io=at["owner_io"],
        affiliate_io=at["affiliate_io"] if affiliate and at["affiliate_io"] != program else None,
        rewards=at["rewards"] if commission and at["rewards"] != program else None,
    )
    yield owed - model.emission.dust >= 2 and takes, wanted


def close(model: Model, world: World, ledger: Ledger, call: Call, now: int) -> Iterator[tuple[bool, Instruction]]:
    """A close of all epochs whose scores are final."""
    committee = ledger.get(state.Committee, addresses.committee())
    found, first = model.emission, model.emission.closed + 1
    paused = committee is None or committee.paused & _PAUSED_EMISSION
    has_page = addresses.rates(first) in ledger.accounts
    wanted = emission.close_epochs(first=first, through=found.final)
    yield found.final > found.closed and not paused and has_page, wanted


def withdraw_vested(
    model: Model, world: World, ledger: Ledger, call: Call, now: int
) -> Iterator[tuple[bool, Instruction]]:
    """Locked IO of which two base units or more are free."""
    at, locked = call.accounts, model.emission.vestings.get(call.accounts["vesting"])
    if locked:
        wanted = emission.withdraw_vested(
            beneficiary=locked.beneficiary, vesting=at["vesting"], io_mint=world.io_mint, destination=at["destination"]
        )
        takes = _takes(ledger, at["destination"], locked.beneficiary, world.io_mint)
        yield locked.free(now) - locked.withdrawn >= 2 and takes, wanted


def withdraw_ticket(
    model: Model, world: World, ledger: Ledger, call: Call, now: int
) -> Iterator[tuple[bool, Instruction]]:
    """A ticket whose time has come, while no slash waits."""
    at, position = call.accounts, model.staking.positions.get(call.accounts["ticket"])
    found = ledger.get(state.Ticket, at["ticket"])
    if position and found and position.matures is not None:
        wanted = pools.withdraw_ticket(
            actor=position.actor, owner=position.owner, id=found.id, destination=at["destination"]
        )
        ripe = now >= position.matures and not model.staking.pools[position.actor].pending
        yield ripe and _takes(ledger, at["destination"], position.owner, world.io_mint), wanted


def claim_rewards(
    model: Model, world: World, ledger: Ledger, call: Call, now: int
) -> Iterator[tuple[bool, Instruction]]:
    """Two base units of rewards or more."""
    at, position = call.accounts, model.staking.positions.get(call.accounts["delegation"])
    if position:
        pool = model.staking.pools[position.actor]
        per_share, shares = pool.per_share, model.staking.shares(position.actor)
        if shares:
            per_share += (pool.carried + model.balances[pool.rewards] - pool.counted) / shares
        owed = position.owed + position.shares * (per_share - position.since) - pool.dust
        takes = _takes(ledger, at["destination"], position.owner, world.io_mint)
        wanted = pools.claim_rewards(actor=position.actor, owner=position.owner, destination=at["destination"])
        yield owed >= 2 and takes, wanted


def finish_job(model: Model, world: World, ledger: Ledger, call: Call, now: int) -> Iterator[tuple[bool, Instruction]]:
    """The refund of a job that is over."""
    at, job = call.accounts, model.escrow.jobs.get(call.accounts["job"])
    if job:
        over = job.is_over(now, model.escrow.parameters.at(now), at["caller"] == job.authority)
        credit: Any = addresses.credit(job.user)
        wanted = escrow.finish_job(
            caller=at["caller"],
            job=at["job"],
            authority=job.authority,
            user_usd=at["user_usd"],
            credit=credit if job.granted > job.settled else None,
        )
        yield over and _takes(ledger, at["user_usd"], job.authority, world.usd_mint), wanted


CERTAIN: dict[str, Certain] = {
    "emission.claim": claim,
    "emission.close_epochs": close,
    "emission.withdraw_vested": withdraw_vested,
    "staking.withdraw_ticket": withdraw_ticket,
    "staking.claim_rewards": claim_rewards,
    "escrow.finish_job": finish_job,
}
