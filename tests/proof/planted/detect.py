"""Who may find a planted bug: each detector gets a case, and says in a sentence what it found, or None."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from client.idl import ROOT
from client.localnet import DEPLOY_VARIABLE
from tests.proof.planted.build import SHARED, Builder
from tests.proof.planted.patches import Planted, Sources

TESTS: Final = ROOT / "tests" / "programs"
SUSPECTED_SECONDS: Final = 900
"""For the tests of one bug; a program that hangs is found by then."""

STEPS: Final = 5_000
"""Of the state machine, for one bug."""


@dataclass(frozen=True)
class Case:
    """The programs with one bug, or without any."""

    bug: Planted | None
    clean: Sources
    builder: Builder
    bugs: tuple[Planted, ...]
    """All that are tried: without a bug, whatever would look at them must find nothing."""

    @cached_property
    def sources(self) -> Sources:
        return self.bug.plant(self.clean) if self.bug else self.clean

    def build(self) -> Path:
        """Builds what was not built, and says where."""
        return self.deploy

    @cached_property
    def deploy(self) -> Path:
        """A folder with the five programs, built when it is first asked for."""
        return self.builder.deploy(self.sources, self.bug)


class Detector(NamedTuple):
    name: str
    finds: Callable[[Case], str | None]


class DetectorFailed(Exception):
    """A detector could not say whether there is a bug."""


def economics(case: Case) -> str | None:
    """The own tests of what all programs share, where a bug is in it."""
    changed = [file for bug in ([case.bug] if case.bug else case.bugs) for file in bug.files]
    crates = [crate for crate in SHARED if any(file.startswith(f"programs/{crate}/") for file in changed)]
    return case.builder.test(case.sources, crates) if crates else None


def programs(case: Case) -> str | None:
    """Those files of `tests/programs` that the bug names, against the built programs."""
    named = case.bug.tests if case.bug else sorted({test for bug in case.bugs for test in bug.tests})
    if not named:
        return None
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--tb=line"]
        command += ["--basetemp", f"{folder}/base", *(str(TESTS / name) for name in named)]
        environment = os.environ | {DEPLOY_VARIABLE: str(case.deploy)}
        try:
            done = subprocess.run(  # noqa: S603 - our own command
                command, cwd=ROOT, env=environment, capture_output=True, text=True,
                timeout=SUSPECTED_SECONDS if case.bug else None,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"{' '.join(named)} did not end within {SUSPECTED_SECONDS} seconds"
    if done.returncode == 0:
        return None
    # An ERROR is no finding: a chain that does not start says nothing of the programs.
    failed = re.search(r"^FAILED (?:tests/programs/)?(\S+)", done.stdout, re.MULTILINE)
    if done.returncode != 1 or failed is None:
        raise DetectorFailed(f"pytest ended with {done.returncode}:\n{done.stdout[-2_000:]}{done.stderr[-2_000:]}")
    return failed[1]


def substitution(case: Case) -> str | None:
    """Every account of every instruction, replaced in every way."""
    from tests.proof.substitution.matrix import find

    return find(case.deploy)


def machine(case: Case) -> str | None:
    """Random histories; the invariants, and the reference, after each step."""
    from tests.proof.machine.machine import find

    return find(case.deploy, STEPS, first_seed=1)


DETECTORS: Final = [
    Detector("economics", economics),
    Detector("substitution", substitution),
    Detector("machine", machine),
    Detector("programs", programs),
]
"""In the order in which they are asked, after the one that is expected to find the bug."""
