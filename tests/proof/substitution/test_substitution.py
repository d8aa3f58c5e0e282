"""Nothing in any call can be tampered with, but for what `allowed.py` lists."""

from __future__ import annotations

import pytest

from tests.proof.substitution.allowed import Row, judge
from tests.proof.substitution.matrix import Matrix, explore
from tests.proof.svm import start_svm


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    matrix = Matrix()
    with start_svm() as svm:
        explore(svm, matrix)
    return matrix


def test_no_call_can_be_tampered_with(matrix: Matrix) -> None:
    """Every account of every instruction, with every mutation: refused, or listed with the reason."""
    assert matrix.problems() == []


def test_what_is_tried_is_near_the_mark(matrix: Matrix) -> None:
    """A twin's whole call is accepted in the place of one, so its parts are refused for being parts.

    Not of what there is but once (a beginning, the parameters), nor of what depends on more than accounts.
    """
    assert len(matrix.twins) >= 40


def test_no_refusal_is_an_accident(matrix: Matrix) -> None:
    """No program aborts or runs out of compute units: each refusal says why."""
    assert matrix.untidy == {}


def test_what_no_row_lists_is_a_failure_and_so_is_a_row_that_nothing_needs() -> None:
    """An acceptance is allowed at its own account and variant alone."""
    rows = [Row("whoever calls", ["escrow.finish_job (job ended*: caller", "burn.sell_io: seller"], ["another signs"])]
    accepted = {
        ("escrow.finish_job (job ended, no credit)", "caller", "another signs"): ["a stranger"],
        ("escrow.finish_job (job open, no credit)", "caller", "another signs"): ["a stranger"],
        ("escrow.finish_job (job ended, no credit)", "user_usd", "another signs"): ["a stranger"],
    }
    verdict = judge(accepted, rows)
    assert verdict.allowed == 1
    assert [*verdict.unlisted] == [*accepted][1:]
    assert [sentence.split(", ")[0] for sentence in verdict.needless] == ["allowed.py lists burn.sell_io: seller"]


def test_an_instruction_that_no_walk_sends_is_covered_nevertheless() -> None:
    """A call of it is made up from the others', and tampered with as if the walk had sent it."""
    matrix = Matrix("escrow.end_job", hidden={"escrow.end_job"})
    with start_svm() as svm:
        explore(svm, matrix)
    assert matrix.made_up == {"escrow.end_job"}
    assert matrix.tried["escrow.end_job"] > 100
    assert matrix.problems() == []


def test_an_instruction_of_which_no_call_is_found_is_a_failure() -> None:
    """Nobody guesses the secret of a challenge: the sentence says what to do."""
    matrix = Matrix("oracle.record_challenges", hidden={"oracle.record_challenges"})
    with start_svm() as svm:
        explore(svm, matrix)
    assert matrix.problems() == [
        "oracle.record_challenges was never accepted in a walk, nor could a call of it be made up:"
        " send it in tests/programs/walk.py"
    ]
