"""What must hold after each step of any history, to the base unit: one small function for each sentence.

They stand by what they are about in the `invariants_…` files beside this one. `start` makes an observer of a
`tests.proof.ledger.Ledger`: it looks at what a step wrote, keeps sums over everything, and counts anew now and then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from client import addresses
from client.state import Auction, Job
from tests.programs.world import World
from tests.proof.ledger import Mint, Step, Tokens
from tests.proof.machine import (  # noqa: F401 - they make the invariants known
    invariants_emission,
    invariants_facts,
    invariants_jobs,
    invariants_offices,
    invariants_rights,
    invariants_stake,
    invariants_tokens,
)
from tests.proof.machine.invariants_books import INVARIANTS, OF_REFUSALS, RECOUNTS, Books, Broken, Seen, equal
from tests.proof.machine.invariants_jobs import count_jobs
from tests.proof.machine.invariants_tokens import count_flows, fortunes, supply_told

RECOUNT_STEPS = 50


class Watch:
    """Checks every step of a ledger; raises `Broken`, which names what does not hold."""

    def __init__(self, world: World) -> None:
        self.books = Books.of(world)
        self.steps = 0
        """Seen so far."""
        _open(self.books)

    def __call__(self, step: Step) -> None:
        self.steps += 1
        seen, broken = Seen(self.books, step), dict[str, str]()
        if step.refusal is not None:
            _check(OF_REFUSALS, seen, broken)
        else:
            self.books.write(step)
            _check({"every_call_tells": _count}, seen, broken)
            if not broken:
                _check(INVARIANTS, seen, broken)
            self.books.lamports.update((account.address, account.lamports) for account in step.outcome.written)
            for account in step.outcome.written:
                if not account.lamports:
                    del self.books.lamports[account.address]
        if broken:
            raise Broken(broken, step)
        if self.steps % RECOUNT_STEPS == 0:
            self.recount()

    def recount(self) -> None:
        """Counts everything anew, which the sums must agree with; for the end of a history."""
        broken = dict[str, str]()
        _check(RECOUNTS | {"sums_are_what_is_there": _sums_are_what_is_there}, self.books, broken)
        if broken:
            raise Broken(broken, None)


def start(world: World) -> Watch:
    """An observer of the world's ledger, for `ledger.observers`; start another after a `restore`."""
    return Watch(world)


def _check(checks: dict[str, Callable[[Any], None]], of: Any, broken: dict[str, str]) -> None:
    for name, check in checks.items():
        try:
            check(of)
        except AssertionError as error:
            broken[name] = str(error)


def _count(seen: Seen) -> None:
    """Each call that moves something emits its event."""
    count_flows(seen)
    count_jobs(seen)


def _sums_are_what_is_there(books: Books) -> None:
    """The sums that were kept are those of all accounts."""
    kept = {key: amount for key, amount in books.sums.items() if amount}
    equal(kept, {key: amount for key, amount in books.recounted().items() if amount}, "sums")


def _open(books: Books) -> None:
    """What is there at the start counts as come in: later flows are added to it."""
    flows, ledger = books.flows, books.ledger
    for address, job in ledger.all(Job).items():
        flows["deposited", address] = job.deposit
        flows["paid", address] = job.settled_usd
        flows["bond", address] = job.bond
        flows["refunded", address] = job.deposit - job.settled_usd if job.is_finished else 0
        if not job.is_finished:
            vault = addresses.job_vault(address)
            flows["outside", vault] = ledger.balance(vault) - job.deposit + job.settled_usd - job.bond
    for address, tokens in ledger.all(Tokens).items():
        if tokens.owner == addresses.terms():
            flows["credit", address] = tokens.amount
    stake, locked = addresses.stake_vault(), addresses.locked_vault()
    flows["outside", stake] = ledger.balance(stake) - books.sums["stake",] - books.sums["bonds",]
    if books.emission:
        flows["outside", locked] = ledger.balance(locked) - books.emission.locked_io
        mint = books.get(Mint, books.io_mint)
        flows["burned by holders",] = supply_told(books) - (mint.supply if mint else 0)
    if books.get(Auction, addresses.auction()):
        flows["burn",] = ledger.balance(addresses.burn_vault())
        flows["incentives",] = ledger.balance(addresses.incentives_vault())
    for (mint_address, owner), amount in fortunes(books).items():
        flows["allowed", mint_address, owner] = amount
