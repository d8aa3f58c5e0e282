"""The machine's first 10,000 steps; `test_machine_further.py` has as many others, side by side."""

from tests.proof.machine.checking import check_from


def test_no_history_breaks_an_invariant() -> None:
    """Whatever is sent, in any order: every invariant holds after each step, and no instruction is dead."""
    check_from(seed=1)
