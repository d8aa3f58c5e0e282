"""What all rules share: they act, what they did is written down, and each refusal must be a typed error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses
from client.idl import PROGRAMS, SYSTEM_PROGRAM, TOKEN_PROGRAM, ProgramName, idl, program_id
from client.state import PAUSE_BITS, Actor, Committee
from tests.programs.test_governance_pause import REFUSED
from tests.proof.layout import declaration
from tests.proof.ledger import Step
from tests.proof.machine.economy import BOUNDARIES, WORDS, Amount, Economy, missing
from tests.proof.machine.shrinking import Call
from tests.proof.svm import MAX_TRANSACTION, encode

Rule = TypeVar("Rule", bound=Callable[..., None])

ANCHOR_CODES = range(100, 6_000)
TOKEN_CODES, SYSTEM_CODES = range(20), range(9)
TYPED = {
    *("MissingRequiredSignature", "IncorrectProgramId", "InvalidAccountOwner", "IllegalOwner", "InvalidSeeds"),
    *("InvalidAccountData", "UninitializedAccount", "AccountAlreadyInitialized", "AccountNotInitialized"),
    *("NotEnoughAccountKeys", "InvalidInstructionData", "InvalidArgument", "AccountDataTooSmall", "Immutable"),
    *("AccountBorrowFailed", "InsufficientFunds", "MissingAccount"),
}
"""Errors that the runtime names, and a program or Anchor answers."""

PAUSED = {f"{program}.{name}": PAUSE_BITS[program] for program, names in REFUSED.items() for name in names}
"""The bit that stops an instruction."""

_CODES = {program_id(program): {error.code for error in idl(program).errors or []} for program in PROGRAMS}

# What rules draw: small numbers, so that failures shrink to what can be read.
whos = st.integers(0, 15)
ids = st.integers(0, 3)
mostly = st.sampled_from((True, True, True, False))
flags = st.booleans()
amounts = st.one_of(
    st.sampled_from([*WORDS, *WORDS, *BOUNDARIES, 10**8, 10**6]),
    st.integers(0, 2**64 - 1),
)
twists = st.integers(0, 8_000).map(lambda drawn: drawn // 8 if drawn % 8 == 7 else 0)
"""Zero: as it should be. Else, an account is another of its kind."""


def recorded(function: Rule) -> Rule:
    """Writes each call down."""

    @wraps(function)
    def called(self: Acting, **arguments: Any) -> None:
        if self.inside:
            function(self, **arguments)
            return
        self.economy.statistics.rules += 1
        self.calls.append((function.__name__, arguments))
        self.inside = True
        with self.told():
            function(self, **arguments)
        self.inside = False

    return called  # type: ignore[return-value] # the same signature


def step(**drawn: st.SearchStrategy[Any]) -> Callable[[Rule], Rule]:
    """A rule of the machine."""

    def decorated(function: Rule) -> Rule:
        made: Rule = rule(**drawn)(recorded(function))
        return made

    return decorated


class Acting(RuleBasedStateMachine):
    """A machine on the class's network, which begins where it was saved."""

    network: ClassVar[Economy | None] = None
    starts: ClassVar[tuple[Callable[[Any], Callable[[Step], None]], ...]] = ()
    """Each makes an observer of the world, anew for each example."""
    failed: ClassVar[tuple[str, list[Call]] | None] = None
    """What failed last, and the calls that led there."""

    def __init__(self) -> None:
        super().__init__()
        self.economy = Acting.network or missing("the machine")
        self.calls: list[Call] = []
        self.waiting: list[Instruction] = []
        """Of a transaction that more instructions join."""
        self.joining = 0
        """How many actions more join it."""
        self.last: list[Instruction] = []
        self.inside = False
        """A rule that another calls is not written down."""
        self.broken = False
        self.economy.statistics.examples += 1
        ledger = self.economy.ledger
        ledger.restore()
        ledger.observers[:] = [self.observe, *(start(self.economy.world) for start in Acting.starts)]

    def teardown(self) -> None:
        """What can be counted anew at the end must be what it was counted as."""
        if self.broken:
            return
        for observer in self.economy.ledger.observers:
            if recount := getattr(observer, "recount", None):
                with self.told():
                    recount()

    @contextmanager
    def told(self) -> Iterator[None]:
        """Where something fails inside, what led there is kept."""
        try:
            yield
        except Exception as error:
            self.broken = True
            Acting.failed = (str(error) or repr(error), list(self.calls))
            raise

    @property
    def now(self) -> int:
        """Unix seconds."""
        return self.economy.now

    def who(self, which: int) -> Pubkey:
        """One of the cast."""
        return self.economy.people[which % len(self.economy.people)]

    def actor(
        self, which: int, fits: Callable[[Pubkey, Actor], bool] | None = None, *, nodes: bool = False
    ) -> tuple[Pubkey, Actor] | None:
        """An actor; `nodes`: a node where there is one."""
        return self.economy.pick(Actor, which, (lambda _, one: one.is_node) if nodes else fits)

    def only_actor(self, address: Pubkey) -> Actor:
        """The actor at an address."""
        return self.economy.only(Actor, address)

    def is_free(self, address: Pubkey) -> bool:
        """Whether nothing is at an address, but perhaps lamports."""
        return address not in self.economy.ledger.accounts

    def signers(self, which: int) -> list[Pubkey]:
        """A majority of the committee as a rule; else one too few, one twice, or strangers."""
        majority = self.economy.quorum()
        if which == 12:
            return majority[:-1]
        if which == 13:
            return [majority[0]] * len(majority)
        if which == 14:
            return [*majority[:-1], self.who(9)]
        if which == 15:
            return [*self.economy.people[: len(majority)]]
        return majority

    def act(self, *instructions: Instruction, twist: int = 0, expect: bool | None = None) -> Step | None:
        """One transaction; `expect`: whether it must be accepted. None where it waits for others to join it."""
        if twist:
            first, *others = instructions
            instructions, expect = (self.economy.twisted(first, twist), *others), None
        self.waiting += instructions
        if self.joining:
            self.joining -= 1
            if self.joining:
                return None
            expect = None
        joined, self.waiting = self.waiting, []
        while len(joined) > 1 and len(encode(joined)) > MAX_TRANSACTION:
            joined.pop()
        return self.send(joined, expect)

    def flush(self) -> None:
        """Sends what waits for more to join."""
        if self.joining:
            self.joining = 0
            if self.waiting:
                self.act()

    def wait(self, seconds: int) -> None:
        """Seconds go by, and a slot; what waited to be sent is sent before."""
        self.flush()
        svm = self.economy.ledger.svm
        svm.warp(slots=1, time=min(svm.time + seconds, 2**40))

    def is_paused(self, program: ProgramName) -> bool:
        """Whether a program is paused."""
        return self.economy.committee.is_paused(program)

    def has_page(self, epoch: int) -> bool:
        """Whether the page of an epoch is open."""
        return self.economy.ledger.get(bytes, addresses.rates(epoch)) is not None

    def send(self, instructions: list[Instruction], expect: bool | None = None) -> Step:
        """Executes it."""
        self.last = instructions
        step = self.economy.ledger.run(instructions)
        names = ", ".join(call.name for call in step.calls)
        if expect is True:
            assert step.refusal is None, f"{names} is refused: {step.refusal}"
        elif expect is False:
            assert step.refusal is not None, f"{names} is accepted"
        return step

    def observe(self, step: Step) -> None:
        """Counts, and holds each answer to what any program may answer."""
        error = step.outcome.error
        self.economy.statistics.count(step, self.refused(step))
        if error is not None:
            names = ", ".join(call.name for call in step.calls)
            assert is_typed(step), f"{names} fails untyped: {error}\n" + "\n".join(step.outcome.logs)
            assert not step.after, "a refused transaction wrote"
            return
        if len(step.calls) == 1 and not any(isinstance(one, Committee) for one in step.before.values()):
            name = step.calls[0].name
            paused = self.economy.committee.paused & PAUSED.get(name, 0)
            assert not paused, f"{name} is accepted while its program is paused"

    def refused(self, step: Step) -> str | None:
        """Which instruction a step was refused for; the budget comes first in each transaction."""
        error = step.outcome.error
        if not isinstance(error, dict) or "InstructionError" not in error:
            return None
        found = declaration(self.last[int(error["InstructionError"][0]) - 1])
        return found.name if found else None


def is_typed(step: Step) -> bool:
    """Whether the refusal is one that somebody wrote down: a program's, Anchor's, the token or system program's."""
    error = step.outcome.error
    if not isinstance(error, dict) or "InstructionError" not in error:
        return False
    kind = error["InstructionError"][1]
    if not (isinstance(kind, dict) and "Custom" in kind):
        return kind in TYPED
    failed = next((log.split()[1] for log in step.outcome.logs if " failed: " in log), "")
    code, program = kind["Custom"], Pubkey.from_string(failed) if failed else None
    if program == TOKEN_PROGRAM:
        return code in TOKEN_CODES
    if program == SYSTEM_PROGRAM:
        return code in SYSTEM_CODES
    return code in ANCHOR_CODES or code in _CODES.get(program, set())  # type: ignore[arg-type] # None is nobody's


__all__ = ["Acting", "Amount", "amounts", "flags", "ids", "step", "twists", "whos"]
