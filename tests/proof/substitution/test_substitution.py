"""Nothing in any call can be tampered with, but for what `allowed.py` lists."""

from __future__ import annotations

import pytest

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


def test_no_refusal_is_an_accident(matrix: Matrix) -> None:
    """No program aborts or runs out of compute units: each refusal says why."""
    assert matrix.untidy == {}
