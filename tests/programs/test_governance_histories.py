"""Whole histories of changes, against a list that one would keep by hand: nothing counts before its delay.

A history is a list of changes of parameters and of members, and of time that goes by. The list has every change with
its time; a change strikes out those that still wait. After each step the chain and the list must agree on what counts
now, a second before and at every time in the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client import economics
from client.idl import PROGRAMS, ProgramName
from client.network import BURN, EMISSION, ESCROW, ORACLE, STAKING, Parameters
from tests.programs.governance_steps import HOUR, change, committee, config, rotate
from tests.programs.world import GENESIS, World, keypair, new_world

DELAYS = (0, 1, HOUR - 1, HOUR, HOUR + 1, 5 * HOUR)
MEMBERS = [keypair(f"named {place}") for place in range(4)]


@dataclass(frozen=True)
class Change:
    """Parameters of a program, told apart by a number."""

    program: ProgramName
    number: int


@dataclass(frozen=True)
class Delay:
    """The oracle's parameters, with another delay for all changes."""

    seconds: int


@dataclass(frozen=True)
class Rotate:
    members: tuple[int, ...]


@dataclass(frozen=True)
class Wait:
    seconds: int


@dataclass(frozen=True)
class WaitUntilDue:
    """Until so many seconds after the next change, or before it."""

    off: int


Step = Change | Delay | Rotate | Wait | WaitUntilDue

STEPS = st.one_of(
    st.builds(Change, st.sampled_from(["staking", "emission", "burn", "escrow"]), st.integers(1, 1_000)),
    st.builds(Delay, st.sampled_from(DELAYS)),
    st.builds(Rotate, st.permutations(range(4)).flatmap(lambda p: st.integers(1, 4).map(lambda n: tuple(p[:n])))),
    st.builds(Wait, st.integers(1, 3 * HOUR)),
    st.builds(WaitUntilDue, st.sampled_from([-1, 0, 1])),
)


@dataclass
class Line:
    """What counted and will count, by the second from which it does."""

    entries: list[tuple[int, Any]]

    def propose(self, value: Any, now: int, start: int) -> None:
        """Strikes out what still waits, and adds this."""
        self.entries = [*((since, old) for since, old in self.entries if since <= now), (start, value)]

    def at(self, time: int) -> Any:
        return [value for since, value in self.entries if since <= time][-1]


class History:
    """A network, and the lists."""

    def __init__(self, world: World) -> None:
        self.world = world
        change(world, "oracle", replace(ORACLE, delay_seconds=HOUR))
        world.chain.warp(seconds=max(DELAYS) + HOUR)  # so that nothing of another history waits
        now = world.chain.now()
        started: dict[str, Any] = {name: config(world, name).parameters_at(now) for name in PROGRAMS}
        self.lines = {name: Line([(0, value)]) for name, value in started.items()}
        self.lines["members"] = Line([(0, committee(world).members_at(now))])

    def play(self, step: Step) -> None:
        now = self.world.chain.now()
        if isinstance(step, Wait):
            self.world.chain.warp(seconds=step.seconds)
        elif isinstance(step, WaitUntilDue):
            due = [since for line in self.lines.values() for since, _ in line.entries if since > now + 1]
            if due:
                self.world.chain.warp(timestamp=max(min(due) + step.off, now))
        else:
            start = economics.epoch_start_from(GENESIS, now + self.lines["oracle"].at(now).delay_seconds)
            assert start is not None
            name, value = self.proposed(step)
            self.lines[name].propose(value, now, start)
        self.check()

    def proposed(self, step: Change | Delay | Rotate) -> tuple[str, Any]:
        """Sends a change; which list it belongs to, and what it says."""
        if isinstance(step, Rotate):
            named = [MEMBERS[place] for place in step.members]
            rotate(self.world, named)
            return "members", tuple(one.pubkey() for one in named)
        program: ProgramName = "oracle" if isinstance(step, Delay) else step.program
        value = self.values(step)
        change(self.world, program, value)
        return program, value

    def values(self, step: Change | Delay) -> Any:
        if isinstance(step, Delay):
            return replace(ORACLE, delay_seconds=step.seconds)
        router = self.world.router.pubkey()
        return {
            "staking": replace(STAKING, appeal_bond=step.number),
            "emission": replace(EMISSION, affiliate_bp=step.number),
            "burn": replace(BURN, user_grant=step.number),
            "escrow": replace(ESCROW, router=router, dispute_bond=step.number),
        }[step.program]

    def check(self) -> None:
        now = self.world.chain.now()
        for name, line in self.lines.items():
            times = {now - 1, now, now + 1, *(since + off for since, _ in line.entries for off in (-1, 0))}
            for time in sorted(time for time in times if time >= now):
                assert self.counts(name, time) == line.at(time), (name, time - now)

    def counts(self, name: str, time: int) -> Any:
        """What the chain's accounts say of a time that has not gone by."""
        if name == "members":
            return committee(self.world).members_at(time)
        return config(self.world, name).parameters_at(time)  # type: ignore[arg-type] # a program's name


@pytest.fixture(scope="module")
def started() -> Iterator[World]:
    """One network for all histories: each goes on where the one before it ended."""
    with new_world(Parameters(oracle=replace(ORACLE, delay_seconds=HOUR))) as world:
        yield world


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(STEPS, min_size=1, max_size=12))
def test_what_counts_is_what_the_list_says(started: World, steps: Sequence[Step]) -> None:
    """At every time that is still to come, for the parameters of all programs and for the members."""
    history = History(started)
    for step in steps:
        history.play(step)
