"""The programs and the reference agree on every amount and balance; a reference that is wrong is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from solders.pubkey import Pubkey

from client.instructions import emission
from client.state import EmissionParameters
from tests.programs.walk import walk
from tests.programs.world import World
from tests.proof.ledger import Ledger, Step
from tests.proof.machine import invariants, machine
from tests.proof.machine.economy import economy_on
from tests.proof.reference import differential, earning, exact, jobs, loading, staking
from tests.proof.reference.differential import HANDLERS
from tests.proof.reference.exact import Mismatch, Setting
from tests.proof.reference.refusals import CERTAIN
from tests.proof.svm import Svm, start_svm
from tests.proof.world import PipeChain, world_on

HISTORY_STEPS = 1_500
"""Within which a wrong reference is found out, too."""


@pytest.fixture(scope="module")
def svm() -> Iterator[Svm]:
    with start_svm() as svm:
        yield svm


@dataclass
class History:
    """What was there, and the steps from there on: to be looked at again without a chain."""

    world: World
    accounts: dict[Pubkey, Any]
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def of(cls, world: World) -> History:
        """One that begins now."""
        return cls(world, dict(ledger_of(world).accounts))

    def show(self) -> int:
        """Shows it to a new reference; how many calls agreed."""
        ledger = Ledger(ledger_of(self.world).svm, dict(self.accounts))
        observer = differential.start(replace(self.world, chain=PipeChain(ledger)))  # type: ignore[arg-type] # as a chain
        for step in self.steps:
            for address, known in step.after.items():
                if known is None:
                    ledger.accounts.pop(address, None)
                else:
                    ledger.accounts[address] = known
            observer(step)
        return sum(observer.applied.values())


def show(histories: list[History]) -> int:
    """Shows all of them, each to a new reference; how many calls agreed."""
    return sum(history.show() for history in histories)


def ledger_of(world: World) -> Ledger:
    return world.chain.ledger  # type: ignore[attr-defined,no-any-return] # of a `PipeChain`


@pytest.fixture(scope="module")
def histories(svm: Svm) -> list[History]:
    """The walk, an odd price, random histories of the machine: the reference and all invariants were seen to agree."""
    world = world_on(svm, initialized=False)
    found, observer = [History.of(world)], differential.start(world)
    ledger_of(world).observers.extend([found[0].steps.append, observer])
    walk(world)
    setting = {f"{program}.set_parameters" for program in ("staking", "emission", "burn", "escrow")}
    assert set(observer.applied) == {*HANDLERS, *setting}

    # A price that is no multiple of what can be paid: the machine's are.
    found.append(History.of(world := world_on(svm)))
    ledger_of(world).observers.extend([found[1].steps.append, differential.start(world)])
    world.prices(**{"4090": 399_999_999})
    world.open_job(world.user())

    def record(world: World) -> Callable[[Step], None]:
        found.append(History.of(world))
        return found[-1].steps.append

    with economy_on() as economy, pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "OBSERVERS", (record, invariants.start, differential.start))
        for statistics in machine.search(economy, HISTORY_STEPS, 77):
            assert statistics.steps
    return found


def test_histories_are_as_the_reference_says(histories: list[History]) -> None:
    """The walk and whatever the machine sends: the reference agrees after each step."""
    assert show(histories) > HISTORY_STEPS // 2


Wrong = Callable[[pytest.MonkeyPatch], None]


def constant(module: Any, name: str, value: Any) -> Wrong:
    """The reference with one other number."""
    return lambda patch: patch.setattr(module, name, value)


def method(kind: type, name: str, wrong: Callable[..., Any]) -> Wrong:
    """The reference with one thing done otherwise."""
    return lambda patch: patch.setattr(kind, name, wrong)


def entry(table: dict[Any, Any], key: Any, value: Any) -> Wrong:
    return lambda patch: patch.setitem(table, key, value)


def part_of_a_thousandth_more(amount: Fraction | int, bp: int) -> Fraction:
    return Fraction(amount) * bp * 1_001 / 1_000 / 10_000


WRONG: dict[str, Wrong] = {
    "the first year's emission": constant(exact, "FIRST_YEAR", exact.FIRST_YEAR + 10**6),
    "the fall of the emission": constant(exact, "FALL", Decimal("0.0000138869524")),
    "an hour": constant(exact, "HOUR", 3_601),
    "an hour of work": constant(jobs, "HOUR", 3_601),
    "nano-dollars in a base unit": constant(jobs, "NANO_PER_UNIT", 999),
    "the whole of a price": constant(jobs, "WHOLE", 9_999),
    "the shares of a settlement": constant(jobs, "part", part_of_a_thousandth_more),
    "the shares of a claim": constant(earning, "part", part_of_a_thousandth_more),
    "the dollar share without bonus": constant(jobs, "MAX_SHARE_BP", 8_999),
    "the range of dollar shares": constant(jobs, "SHARE_RANGE_BP", 6_001),
    "dollars that round up": constant(jobs, "down", lambda found, value, *what, **_: exact.up(found, value, *what)),
    "rates that round down": constant(jobs, "up", exact.down),
    "claims that round up": constant(earning, "down", lambda found, value, *what, **_: exact.up(found, value, *what)),
    "rewards that round up": constant(staking, "down", lambda found, value, *what, **_: exact.up(found, value, *what)),
    "the collateral": constant(loading, "COLLATERAL", loading.COLLATERAL + 1),
    "an offence": entry(staking.OFFENCES_BP, 1, 101),
    "what a share is worth": constant(staking, "INDEX", 2**62),
    "changes at once": method(Setting, "propose", lambda self, value, now, since: self.changes.append((now, value))),
    "locked IO that is free": method(earning.Locked, "free", lambda self, now: Fraction(self.total)),
    "coupons that pay nothing": method(earning.Emission, "credit", lambda self, actor, base, bonus: None),
    "points that pay nothing": method(earning.Emission, "score", lambda self, actor, epoch, points, reputation: None),
    "rewards that go nowhere": method(staking.Staking, "accrue", lambda self, position: None),
    "work that ends late": method(jobs.Job, "stop", lambda self, state, seconds: setattr(self, "state", state)),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_reference_is_found_out(
    histories: list[History], monkeypatch: pytest.MonkeyPatch, wrong: Wrong
) -> None:
    """One number or one rule of the reference changed, and the same histories show a mismatch."""
    exact.scheduled.cache_clear()
    wrong(monkeypatch)
    try:
        with pytest.raises(Mismatch):
            show(histories)
    finally:
        exact.scheduled.cache_clear()


def test_each_epoch_is_split_by_the_parameter_of_its_time(svm: Svm) -> None:
    """Epochs of before and after a change, closed at once, long after it: each half is as the reference says."""
    world = world_on(svm)
    observer = differential.start(world)
    ledger_of(world).observers.append(observer)
    parameters = EmissionParameters(lock_seconds=1, availability_bp=0, affiliate_bp=0)
    setting = emission.set_parameters(admin=world.admin.pubkey(), parameters=parameters)
    world.chain.send([setting], world.admin)
    world.end_of(72)
    world.finalize(72)
    world.close(72)
    assert observer.model is not None
    # The change comes after two days: of 72 epochs 48 are halved, and the rest is all compute.
    assert observer.model.emission.carried[0] == exact.scheduled(48) // 2


def test_a_refusal_of_what_is_owed_is_found_out(svm: Svm) -> None:
    """Each payment of the walk, had it been refused, is one that had to succeed."""
    world = world_on(svm, initialized=False)
    ledger, observer, complained = ledger_of(world), differential.start(world), set[str]()

    def refuse(step: Step) -> None:
        if step.refusal is None and len(step.calls) == 1 and step.calls[0].name in CERTAIN:
            now = dict(ledger.accounts)
            ledger.accounts.update({at: known for at, known in step.before.items() if known is not None})
            with pytest.raises(Mismatch, match="had to succeed"):
                observer(replace(step, refusal="Overflow", before={}, after={}))
            complained.add(step.calls[0].name)
            ledger.accounts.clear()
            ledger.accounts.update(now)
        observer(step)

    ledger.observers.append(refuse)
    walk(world)
    assert complained == set(CERTAIN)


def test_what_is_not_owed_may_be_refused(svm: Svm) -> None:
    """Each payment of the walk, sent once more right after, may be refused, and nobody complains."""
    world = world_on(svm, initialized=False)
    observer, tried = differential.start(world), set[str]()

    def again(step: Step) -> None:
        observer(step)
        if step.refusal is None and len(step.calls) == 1 and step.calls[0].name in CERTAIN:
            observer(replace(step, refusal="NothingToClaim", before={}, after={}))
            tried.add(step.calls[0].name)

    ledger_of(world).observers.append(again)
    walk(world)
    assert tried == set(CERTAIN)
