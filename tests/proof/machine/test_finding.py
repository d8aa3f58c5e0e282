"""What the machine does with a failure."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.programs.world import World
from tests.proof.ledger import Step
from tests.proof.machine import machine
from tests.proof.machine.acting import Acting
from tests.proof.machine.economy import economy_on
from tests.proof.machine.shrinking import Call, shrunk


def no_dispute_lapses(world: World) -> Callable[[Step], None]:
    """An invariant that does not hold."""

    def observe(step: Step) -> None:
        lapsed = step.refusal is None and any(call.name == "escrow.lapse_dispute" for call in step.calls)
        assert not lapsed, f"a dispute lapsed at {step.time}"

    return observe


def test_a_failure_is_a_short_script_that_replays_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What fails deep in a history is found, made small, and fails again where its script is run."""
    monkeypatch.setattr(machine, "OBSERVERS", (no_dispute_lapses,))
    with economy_on() as economy, pytest.raises(machine.Found) as found:
        for _ in machine.search(economy, 5_000, first_seed=1):
            pass
    lines = [line for line in str(found.value).splitlines() if line.startswith("    machine.")]
    assert 2 <= len(lines) <= 3, found.value
    assert lines[0] == "    machine.begin(busy=True)"
    (tmp_path / "replay.py").write_text(str(found.value))
    with pytest.raises(AssertionError, match="a dispute lapsed at"):
        runpy.run_path(str(tmp_path / "replay.py"))
    assert Acting.failed


def test_an_untyped_error_is_a_failure() -> None:
    """A transaction that dies of something that no program wrote down fails the machine."""
    with machine.opened() as opened:
        too_many = [opened.finalizing([opened.who(place) for place in range(12)], 1) for _ in range(4)]
        with pytest.raises(AssertionError, match="fails untyped: TransactionTooLarge"):
            opened.send(too_many)


def test_what_is_left_is_needed() -> None:
    """Calls that do not matter go, also such as can go only after a later one; arguments become plain."""
    calls: list[Call] = [(name, {"which": 7, "twice": True}) for name in "abcdefgh"]

    def fails(some: list[Call]) -> str | None:  # needs c and f, f as it was, and e only with g
        names = "".join(name for name, _ in some)
        broken = "c" in names and ("f", 7) in [(name, given["which"]) for name, given in some]
        return "broken at 17" if broken and ("e" in names or "g" not in names) else None

    assert shrunk(calls, fails) == [("c", {"which": 0, "twice": False}), ("f", {"which": 7, "twice": False})]  # type: ignore[arg-type] # it gets lists
