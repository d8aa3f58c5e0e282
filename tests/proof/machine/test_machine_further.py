"""Another 10,000 steps of the machine, side by side with `test_machine.py`."""

from tests.proof.machine.checking import check_from


def test_no_other_history_breaks_an_invariant() -> None:
    """As its twin, from another seed."""
    check_from(seed=1_000_001)
