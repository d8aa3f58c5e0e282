"""Carries out a genesis: pays what is liquid and locks the rest, each once, however often it is begun.

What was done is read from the chain. A lock has its own account, until it is paid out years later. A liquid payment
leaves a mark in the same transaction: an account at an address that the payment and the payer alone give, which cannot
be made twice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import (
    ID,
    AllocateWithSeedParams,
    TransferParams,
    allocate_with_seed,
    transfer,
)

from client import accounts, addresses, reads
from client.actions.vesting import no_wallets
from client.amounts import IO
from client.economics import GENESIS_SUPPLY
from client.errors import IonetError
from client.genesis import MONTH_SECONDS, Payment, Plan
from client.instructions import emission, tokens
from client.sending import DEFAULT, SendOptions, Sent, send
from client.state import Emission, Vesting

MARK_BYTES = 1
"""Of data, so that lamports which anyone sent there are no mark."""


class GenesisRefused(IonetError):
    """A genesis that cannot be carried out, or was not carried out as the plan says."""


@dataclass(frozen=True, slots=True)
class Done:
    """One payment that is on the chain."""

    payment: Payment
    account: Pubkey | None
    """The lock, or the mark of what was liquid; None where the payer keeps its own."""
    sent: Sent | None
    """None where it was there before."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What the chain says after all of it, IO base units; they add up to the genesis."""

    paid: int
    locked: int
    """As it was locked, withdrawn by now or not."""
    kept: int
    """The payer's own part, liquid."""
    left: int
    """What the payer holds beyond its own part: 0, unless it was given IO besides."""


@dataclass(frozen=True, slots=True)
class _Chain:
    """What the payments depend on."""

    payer: Pubkey
    emission: Emission
    mark_rent: int
    """Lamports."""

    def mark(self, payment: Payment) -> Pubkey:
        return Pubkey.create_with_seed(self.payer, payment.mark(self.emission.io_mint), ID)

    def lock(self, payment: Payment, to: Pubkey) -> Pubkey:
        return addresses.locked(self.payer, to, payment.number)

    def is_own(self, payment: Payment) -> bool:
        return payment.tranches is None and payment.beneficiary == self.payer


async def run(client: AsyncClient, payer: Keypair, plan: Plan, options: SendOptions = DEFAULT) -> AsyncIterator[Done]:
    """Pays and locks what was not yet, one transaction each, in the plan's order; yields every payment.

    `payer` holds the genesis, is the one that began it if it was begun before, and pays fees and rent.
    """
    chain = await _chain(client, payer.pubkey(), plan)
    todo = await _outstanding(client, chain, plan)
    await _refuse_if_short(client, chain, plan, todo)
    await _refuse_no_wallets(client, todo)
    for payment in plan.payments:
        if payment not in todo:
            account = None if chain.is_own(payment) else _account(chain, payment)
            yield Done(payment, account, None)
            continue
        sent = await send(client, _instructions(chain, payment), [payer], options)
        yield Done(payment, _account(chain, payment), sent)


async def check(client: AsyncClient, payer: Pubkey, plan: Plan) -> Sums:
    """Refuses a chain that does not have exactly the plan; what it has, otherwise."""
    chain = await _chain(client, payer, plan)
    todo = await _outstanding(client, chain, plan)
    if todo:
        raise GenesisRefused(f"{_named(todo[0])} was not paid; nor were {len(todo) - 1} others")
    locks = {chain.lock(p, _to(p)): p for p in plan.payments if p.tranches}
    found = await accounts.fetch_many(client, Vesting, list(locks))
    left_in_them = sum(one.left for one in found if one)
    state = await reads.emission(client)
    vault = await accounts.token_balance(client, state.locked_vault) or 0
    if not left_in_them <= state.locked_io <= vault:
        raise GenesisRefused(
            f"the locks have {IO.show(left_in_them)} left, the schedule counts {IO.show(state.locked_io)} as locked, "
            f"and the vault holds {IO.show(vault)}: each should be at least the one before"
        )
    kept = sum(p.amount for p in plan.payments if chain.is_own(p))
    held = await accounts.token_balance(client, _source(chain)) or 0
    if held < kept:
        raise GenesisRefused(f"{payer} keeps {IO.show(kept)} by the plan, and holds {IO.show(held)}")
    sums = Sums(
        paid=sum(p.amount for p in plan.payments if not p.tranches and not chain.is_own(p)),
        locked=sum(one.total for one in found if one),
        kept=kept,
        left=held - kept,
    )
    if sums.paid + sums.locked + sums.kept != GENESIS_SUPPLY:
        raise GenesisRefused(
            f"{IO.show(sums.paid)} paid, {IO.show(sums.locked)} locked and {IO.show(sums.kept)} kept "
            f"are not the genesis of {IO.show(GENESIS_SUPPLY)}"
        )
    return sums


async def _chain(client: AsyncClient, payer: Pubkey, plan: Plan) -> _Chain:
    state = await reads.emission(client)
    if plan.genesis not in (None, state.genesis):
        raise GenesisRefused(
            f"the file says that epoch 1 begins at {plan.genesis}, and the chain that it begins at {state.genesis}"
        )
    nameless = next((p for p in plan.payments if p.beneficiary is None), None)
    if nameless:
        raise GenesisRefused(f"{nameless.allocation!r} has no beneficiary yet: name who gets it in the file")
    rent = (await client.get_minimum_balance_for_rent_exemption(MARK_BYTES, Confirmed)).value
    return _Chain(payer, state, rent)


async def _outstanding(client: AsyncClient, chain: _Chain, plan: Plan) -> list[Payment]:
    """What is not on the chain yet; a lock that is there and another than the plan's is refused."""
    to_lock = [p for p in plan.payments if p.tranches]
    to_pay = [p for p in plan.payments if not p.tranches and not chain.is_own(p)]
    todo = []
    locks = await accounts.fetch_many(client, Vesting, [chain.lock(p, _to(p)) for p in to_lock])
    for payment, lock in zip(to_lock, locks, strict=True):
        if lock is None:
            todo.append(payment)
        elif (lock.beneficiary, lock.total, lock.start, lock.end, lock.step_seconds) != _terms(chain, payment):
            raise GenesisRefused(
                f"{_named(payment)} is locked already, on other terms: {IO.show(lock.total)} from {lock.start} to "
                f"{lock.end} (Unix seconds). The file was changed since: take the one that the genesis began with"
            )
    marks = [chain.mark(p) for p in to_pay]
    for start in range(0, len(marks), accounts.MANY):
        values = (await client.get_multiple_accounts(marks[start : start + accounts.MANY], Confirmed)).value
        todo += [p for p, mark in zip(to_pay[start:], values, strict=False) if mark is None or not mark.data]
    return sorted(todo, key=lambda payment: payment.number)


def _terms(chain: _Chain, payment: Payment) -> tuple[Pubkey, int, int, int, int]:
    tranches, genesis = payment.tranches, chain.emission.genesis
    assert tranches is not None
    return _to(payment), payment.amount, tranches.start(genesis), tranches.end(genesis), MONTH_SECONDS


async def _refuse_if_short(client: AsyncClient, chain: _Chain, plan: Plan, todo: Sequence[Payment]) -> None:
    kept = sum(p.amount for p in plan.payments if chain.is_own(p))
    needed = sum(p.amount for p in todo) + kept
    held = await accounts.token_balance(client, _source(chain)) or 0
    if todo and held < needed:
        done = GENESIS_SUPPLY - needed
        raise GenesisRefused(
            f"{chain.payer} holds {IO.show(held)}, {IO.show(needed - held)} less than what the plan still needs: "
            f"{IO.show(done)} of it are paid, {IO.show(needed)} are not"
        )


async def _refuse_no_wallets(client: AsyncClient, todo: Sequence[Payment]) -> None:
    wrong = await no_wallets(client, sorted({_to(payment) for payment in todo}, key=bytes))
    for payment in todo:
        if _to(payment) in wrong:
            raise GenesisRefused(
                f"{_named(payment)}: that is {wrong[_to(payment)]}: name the address of a wallet in the file"
            )


def _instructions(chain: _Chain, payment: Payment) -> list[Instruction]:
    payer, to, io_mint = chain.payer, _to(payment), chain.emission.io_mint
    if payment.tranches:
        _, amount, start, end, step_seconds = _terms(chain, payment)
        return [
            emission.lock_io(
                depositor=payer,
                beneficiary=to,
                id=payment.number,
                source=_source(chain),
                amount=amount,
                start=start,
                end=end,
                step_seconds=step_seconds,
            )
        ]
    mark = chain.mark(payment)
    return [
        transfer(TransferParams(from_pubkey=payer, to_pubkey=mark, lamports=chain.mark_rent)),
        allocate_with_seed(
            AllocateWithSeedParams(address=mark, base=payer, seed=payment.mark(io_mint), space=MARK_BYTES, owner=ID)
        ),
        *tokens.transfer_to_owner(payer=payer, mint=io_mint, to=to, amount=payment.amount),
    ]


def _account(chain: _Chain, payment: Payment) -> Pubkey:
    return chain.lock(payment, _to(payment)) if payment.tranches else chain.mark(payment)


def _source(chain: _Chain) -> Pubkey:
    return addresses.token_account(chain.payer, chain.emission.io_mint)


def _to(payment: Payment) -> Pubkey:
    assert payment.beneficiary is not None, "refused before"
    return payment.beneficiary


def _named(payment: Payment) -> str:
    return f"{payment.allocation!r}, {IO.show(payment.amount)} for {payment.beneficiary}"
