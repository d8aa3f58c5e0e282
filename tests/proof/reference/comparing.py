"""What a step wrote, beside what the model has of it: every balance, and all that is owed."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from solders.pubkey import Pubkey

from client import state
from tests.proof.ledger import Step, Tokens
from tests.proof.reference.exact import near, same
from tests.proof.reference.loading import Model


def compare(model: Model, step: Step) -> None:
    """Every account that a step wrote is as the model has it; raises `Mismatch`."""
    for address, after in step.after.items():
        if check := CHECKS.get(type(after)):
            check(model, address, after, step.time)


def _tokens(model: Model, address: Pubkey, found: Tokens, now: int) -> None:
    same(found.amount, model.balances[address], "the token account", address)


def _earner(model: Model, address: Pubkey, found: state.Earner, now: int) -> None:
    earner, dust = model.emission.earners[found.actor], model.emission.dust
    near(Fraction(found.liquid, 2**64), earner.liquid, dust, "owed to", found.actor)
    near(Fraction(found.bonus, 2**64), earner.bonus, dust, "bonus owed to", found.actor)
    exact = (earner.points, earner.base, earner.bonus_coupons, earner.epoch, earner.reputation, earner.proven_since)
    on_chain = (found.points, found.coupons_base, found.coupons_bonus, found.coupon_epoch)
    same((*on_chain, found.reputation, found.proven_since), exact, "the earner of", found.actor)


def _emission(model: Model, address: Pubkey, found: state.Emission, now: int) -> None:
    emission = model.emission
    exact = (emission.minted, emission.emitted, emission.closed, emission.final)
    totals = (emission.total_points, emission.total_coupons)
    on_chain = (found.minted, found.emitted, found.closed_epoch, found.final_epoch)
    same((*on_chain, found.total_points, found.total_coupons), (*exact, *totals), "the emission")
    near(Fraction(found.carry_availability, 2**64), emission.carried[0], emission.dust, "the availability carried")
    near(Fraction(found.carry_compute, 2**64), emission.carried[1], emission.dust, "the compute carried")
    _in_force(model, "emission", found, now)


def _in_force(model: Model, program: str, found: Any, now: int) -> None:
    setting, times = model.settings[program], (now, found.next_parameters_at)
    for time in times:
        in_force, wanted = found.parameters_at(max(time, now)), setting.at(max(time, now))
        for name in in_force.__dataclass_fields__:
            value, other = getattr(in_force, name), getattr(wanted, name)
            same(_plain(value), _plain(other), "the", program, "parameter", name, "at", time)


def _committee(model: Model, address: Pubkey, found: state.Committee, now: int) -> None:
    _in_force(model, "oracle", found, now)


def _registry(model: Model, address: Pubkey, found: state.Registry, now: int) -> None:
    same(found.slashed_io, model.staking.slashed_io, "slashed IO")
    _in_force(model, "staking", found, now)


def _terms(model: Model, address: Pubkey, found: state.Terms, now: int) -> None:
    _in_force(model, "escrow", found, now)


def _actor(model: Model, address: Pubkey, found: state.Actor, now: int) -> None:
    staking = model.staking
    pool = staking.pools[address]
    near(found.collateral, pool.collateral, pool.touches, "the collateral of", address)
    on_chain = (found.stake, found.shares, found.counted_rewards, found.pending_slashes, found.collateral_required)
    exact = (pool.stake, staking.shares(address), pool.counted, pool.pending, pool.required)
    same(on_chain, exact, "stake, shares, rewards, slashes of", address)
    chosen, wanted = found.election_at(now), pool.election.at(now)
    exact_choice = (wanted.dollar_share_bp, wanted.commission_bp)
    same((chosen.dollar_share_bp, chosen.commission_bp), exact_choice, "the election of", address)
    staking.check(address, found.index)


def _delegation(model: Model, address: Pubkey, found: state.Delegation, now: int) -> None:
    position, pool = model.staking.positions[address], model.staking.pools[found.actor]
    same(found.shares, position.shares, "the shares of", address)
    near(Fraction(found.accrued, 2**64), position.owed, pool.dust, "rewards owed to", address)


def _ticket(model: Model, address: Pubkey, found: state.Ticket, now: int) -> None:
    position = model.staking.positions[address]
    same((found.shares, found.matures_at), (position.shares, position.matures), "the ticket", address)


def _slash(model: Model, address: Pubkey, found: state.Slash, now: int) -> None:
    same(found.bond, model.staking.slashes[address].bond, "the bond of", address)


def _vesting(model: Model, address: Pubkey, found: state.Vesting, now: int) -> None:
    locked = model.emission.vestings[address]
    on_chain = (found.total, found.withdrawn, found.start, found.end, bool(found.funded))
    same(on_chain, (locked.total, locked.withdrawn, locked.start, locked.end, locked.funded), "the vesting", address)


def _job(model: Model, address: Pubkey, found: state.Job, now: int) -> None:
    job = model.escrow.jobs[address]
    on_chain = (found.deposit, found.settled_usd, found.bond, found.state, found.hours)
    same(on_chain, (job.deposit, job.settled, job.bond, job.state, job.hours), "the job", address)
    seconds = (found.settled_seconds, found.base_seconds, found.worked_seconds)
    same(seconds, (job.paid_seconds, job.base, job.worked()), "seconds of the job", address)


def _auction(model: Model, address: Pubkey, found: state.Auction, now: int) -> None:
    burn = model.burn
    on_chain = (found.burned_io, found.paid_usd, found.granted_usd, found.waiting_since)
    same(on_chain, (burn.burned, burn.paid, burn.granted, burn.waiting_since), "the auction")
    _in_force(model, "burn", found, now)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else value


CHECKS: dict[type, Callable[[Model, Pubkey, Any, int], None]] = {
    Tokens: _tokens,
    state.Committee: _committee,
    state.Registry: _registry,
    state.Actor: _actor,
    state.Delegation: _delegation,
    state.Ticket: _ticket,
    state.Slash: _slash,
    state.Emission: _emission,
    state.Earner: _earner,
    state.Vesting: _vesting,
    state.Terms: _terms,
    state.Job: _job,
    state.Auction: _auction,
}
