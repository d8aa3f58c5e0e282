"""The whole machine, how it is run, and how what it found is replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.proof import reference
from tests.proof.ledger import Step
from tests.proof.machine import invariants
from tests.proof.machine.acting import Acting
from tests.proof.machine.economy import Economy, Statistics, economy_on
from tests.proof.machine.shrinking import Call, shrunk
from tests.proof.machine.wholes import Wholes
from tests.proof.svm import DEPLOY

Observe = Callable[[Any], Callable[[Step], None]]
LENGTH = 80
"""Rules of one example."""
EXAMPLES = 10
"""Of one seed. Past its first ten, Hypothesis copies parts of them; fresh ones try more."""
SCRIPT = '''"""{failure}

uv run python -m tests.proof.machine --replay THIS_FILE
"""

from tests.proof.machine.machine import opened

with opened() as machine:
    {lines}
'''


class Machine(Wholes):
    """Every instruction of every program, by anybody, at any time."""


class Found(AssertionError):
    """What the machine found; its text is a script that replays it."""

    def __init__(self, failure: str, calls: Sequence[Call]) -> None:
        lines = (
            f"machine.{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})" for name, given in calls
        )
        shown = failure.replace("\\", "\\\\").replace('"""', "'''")
        super().__init__(SCRIPT.format(failure=shown, lines="\n    ".join(lines)))
        self.failure = failure

    @property
    def heading(self) -> str:
        """What failed, in one line."""
        return self.failure.splitlines()[0]


OBSERVERS: tuple[Observe, ...] = (invariants.start, reference.start)
"""What looks at each step, made anew for each example."""


def search(economy: Economy, steps: int, first_seed: int, *, shrink: bool = True) -> Iterator[Statistics]:
    """Runs so many steps (transactions); the statistics after each seed. Raises `Found`."""
    Acting.network, Acting.starts, Acting.failed = economy, OBSERVERS, None
    budget = settings(
        max_examples=EXAMPLES,
        stateful_step_count=LENGTH,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate],  # `shrunk` makes it small
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    number = first_seed
    while economy.statistics.steps < steps:
        try:
            run_state_machine_as_test(seed(number)(type("Machine", (Machine,), {})), settings=budget)
        except AssertionError as error:
            if Acting.failed is None:
                raise
            failure, calls = Acting.failed
            if shrink:
                calls = shrunk(calls, replayed)
                failure = replayed(calls) or failure
            raise Found(failure, calls) from error
        number += 1
        yield economy.statistics


def replayed(calls: Sequence[Call]) -> str | None:
    """What fails when these are called on the network as it began; None where nothing does."""
    Acting.failed = None
    machine = Machine()
    try:
        for name, arguments in calls:
            getattr(machine, name)(**arguments)
        machine.teardown()
    except AssertionError:
        if Acting.failed is None:
            raise
        return Acting.failed[0]
    return None


@contextmanager
def opened(deploy: Path | None = None) -> Iterator[Machine]:
    """A machine to be driven by hand, on a network of its own."""
    with economy_on(deploy or REPLAYED_ON[0]) as economy:
        Acting.network, Acting.starts = economy, OBSERVERS
        machine = Machine()
        yield machine
        machine.teardown()


REPLAYED_ON = [DEPLOY]
"""The programs' folder that scripts run on."""


def find(deploy: Path, steps: int, first_seed: int) -> str | None:
    """The first line of the failure that so many steps find in the programs of a folder; None where none."""
    with economy_on(deploy) as economy:
        try:
            for _ in search(economy, steps, first_seed, shrink=False):
                pass
        except Found as found:
            return found.heading
    return None
