"""What is on the chain, kept up to date by what each transaction wrote; each transaction as a step to be read.

Invariants, the reference and the substitution matrix all look at the chain through this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar, cast

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client.idl import PROGRAMS, TOKEN_PROGRAM, program_id
from client.state import Rates
from tests.proof.layout import KINDS, Declared, Event, declaration, decode, event
from tests.proof.svm import Account, Outcome, Svm

T = TypeVar("T")

OURS = {program_id(name) for name in PROGRAMS}
_MINT, _TOKENS = 82, 165


class Tokens(NamedTuple):
    """A token account."""

    mint: Pubkey
    owner: Pubkey
    """The token program's owner: who may spend."""
    amount: int
    """Base units."""


class Mint(NamedTuple):
    """A mint."""

    supply: int
    """Base units."""
    authority: Pubkey | None


Known = Any
"""A decoded account: one of `client.state`, `Tokens`, `Mint`; a `Rates` as bytes: large, seldom read."""


def known(account: Account) -> Known | None:
    """What an account holds; None for what is not there, and for lamports alone."""
    if not account.lamports:
        return None
    if account.owner == TOKEN_PROGRAM and len(account.data) == _TOKENS:
        data = account.data
        return Tokens(Pubkey(data[:32]), Pubkey(data[32:64]), int.from_bytes(data[64:72], "little"))
    if account.owner == TOKEN_PROGRAM and len(account.data) == _MINT:
        authority = Pubkey(account.data[4:36]) if account.data[0] else None
        return Mint(int.from_bytes(account.data[36:44], "little"), authority)
    kind = KINDS.get(account.data[:8]) if account.owner in OURS else None
    if kind is None:
        return None
    return account.data if kind is Rates else decode(kind, account.data)


@dataclass(frozen=True, slots=True)
class Call:
    """One instruction of a step."""

    declared: Declared
    accounts: Mapping[str, Pubkey]
    """By their names in the IDL; an optional one that is left out has the program's address."""
    remaining: Sequence[Pubkey]
    instruction: Instruction

    @property
    def name(self) -> str:
        """As `staking.delegate`."""
        return self.declared.name

    @property
    def arguments(self) -> dict[str, Any]:
        """By their names in the IDL."""
        return self.declared.arguments(bytes(self.instruction.data))


@dataclass(frozen=True, slots=True)
class Step:
    """A transaction, and what became of it."""

    calls: Sequence[Call]
    """Those of our programs."""
    refusal: str | None
    """The error's name in its program; None where it was accepted."""
    time: int
    """Unix seconds."""
    slot: int
    before: Mapping[Pubkey, Known | None]
    """Accounts that it wrote, as they were; empty where it was refused."""
    after: Mapping[Pubkey, Known | None]
    outcome: Outcome
    events: Sequence[Event] = ()
    """What the programs emitted, in their order."""
    others: Sequence[Instruction] = ()
    """Instructions of other programs than ours."""


def calls_of(instructions: Sequence[Instruction]) -> Iterator[Call]:
    """The instructions of our programs, with their accounts by name."""
    for instruction in instructions:
        found = declaration(instruction)
        if found is not None:
            keys = [meta.pubkey for meta in instruction.accounts]
            names = [account["name"] for account in found.accounts]
            yield Call(found, dict(zip(names, keys, strict=False)), keys[len(names) :], instruction)


@dataclass
class Ledger:
    """Every account that a transaction has written since `start`, decoded."""

    svm: Svm
    accounts: dict[Pubkey, Known] = field(default_factory=dict)
    lamports: dict[Pubkey, int] = field(default_factory=dict)
    observers: list[Callable[[Step], None]] = field(default_factory=list)
    """Called after each step, accepted or refused, in order."""
    _saved: tuple[dict[Pubkey, Known], dict[Pubkey, int]] = field(default_factory=lambda: ({}, {}))

    def run(self, instructions: Sequence[Instruction]) -> Step:
        """Executes one transaction, and tells the observers."""
        outcome = self.svm.run(instructions)
        after = {account.address: known(account) for account in outcome.written}
        before = {address: self.accounts.get(address) for address in after}
        for account in outcome.written:
            if after[account.address] is None:
                self.accounts.pop(account.address, None)
            else:
                self.accounts[account.address] = after[account.address]
            self.lamports[account.address] = account.lamports
        calls = list(calls_of(instructions))
        events = [event(Pubkey(program), data) for program, data in outcome.events]
        others = [one for one in instructions if one.program_id not in OURS]
        step = Step(calls, outcome.refusal, self.svm.time, self.svm.slot, before, after, outcome, events, others)
        for observer in self.observers:
            observer(step)
        return step

    def save(self) -> None:
        """What is now is what `restore` brings back; observers keep their own."""
        self.svm.save()
        self._saved = dict(self.accounts), dict(self.lamports)

    def restore(self) -> None:
        """Everything is as it was at `save`."""
        self.svm.restore()
        accounts, lamports = self._saved
        self.accounts, self.lamports = dict(accounts), dict(lamports)

    def get(self, kind: type[T], address: Pubkey) -> T | None:
        """The account at an address, where it is of this kind."""
        found = self.accounts.get(address)
        return found if isinstance(found, kind) else None

    def all(self, kind: type[T]) -> dict[Pubkey, T]:
        """All accounts of a kind."""
        return {address: cast(T, one) for address, one in self.accounts.items() if isinstance(one, kind)}

    def balance(self, token_account: Pubkey) -> int:
        """Base units in a token account; zero where there is none."""
        found = self.get(Tokens, token_account)
        return found.amount if found else 0
