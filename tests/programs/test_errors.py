"""Holds the tests of this folder to the programs' errors: each is provoked, or there is a reason why it cannot be."""

import re
from pathlib import Path

import pytest

from client.idl import PROGRAMS, ProgramName, idl

UNREACHABLE: dict[tuple[ProgramName, str], str] = {
    ("oracle", "Overflow"): (
        "a median of at least one price exists, and a step of at most the price itself fits where the price did"
    ),
}
BY_FORGERY_ONLY: dict[tuple[ProgramName, str], str] = {
    ("emission", "CapExceeded"): (
        "what earners accrue is at most what was distributed: provoked by writing another sum into the account"
    ),
}
"""Provoked all the same: they guard against faults of the arithmetic, not against callers."""


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_error_is_provoked(program: ProgramName) -> None:
    """Each name in a program's errors stands in its tests as one that a transaction was refused with."""
    files = sorted(Path(__file__).parent.glob(f"test_{program}*.py"))
    source = "\n".join(file.read_text() for file in files)
    provoked = set(re.findall(r'"([A-Z]\w+)"', source))
    errors = {error.name for error in idl(program).errors or []}
    unreachable = {name for owner, name in UNREACHABLE if owner == program}
    by_forgery = {name for owner, name in BY_FORGERY_ONLY if owner == program}
    assert errors - provoked == unreachable
    assert by_forgery <= provoked
