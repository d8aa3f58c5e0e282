"""Compute: which products pass, and how often one that was not computed as asked does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it ships none

from machines.proofs import compute, engines, matrices, payload
from machines.proofs.limits import AskedTooMuch
from machines.proofs.verdict import Verdict

SEED, OTHER, FRESH = bytes(range(32)), bytes([6] * 32), bytes([9] * 32)
N, STEPS = 160, 6
CONTENT = payload.content(OTHER, 4 * N * N)
HONEST = compute.prove(CONTENT, [SEED], N, STEPS)[0]

Floats = NDArray[np.float32]


def check(product: Any, n: int = N, steps: int = STEPS, fresh: bytes = FRESH, rounds: int = compute.ROUNDS) -> Verdict:
    content = payload.content(OTHER, 4 * n * n)
    return compute.check(product, sha256(product).digest(), content, SEED, n, steps, fresh, rounds)


def rounded(bits: int) -> Callable[[Floats], Floats]:
    """To so many bits of mantissa, half to even, as tensor cores take their inputs."""

    def to(values: Floats) -> Floats:
        words, shift = values.view(np.uint32), 23 - bits
        up = words + np.uint32((1 << shift - 1) - 1) + (words >> shift & 1)
        return (up >> shift << shift).astype(np.uint32).view(np.float32)

    return to


def float16(values: Floats) -> Floats:
    return values.astype(np.float16).astype(np.float32)


def product_of(n: int, steps: int, how: Callable[[Floats], Floats], only: int | None = None) -> bytes:
    """The chain with its inputs rounded, in all steps or in one of them."""
    a, g = matrices.start(payload.content(OTHER, 4 * n * n), n), matrices.base(SEED, n)
    for step, (order, signs) in enumerate(matrices.turns(SEED, n, steps)):
        b = g[order] * signs[:, None]
        a = how(a) @ how(b) if only in (None, step) else a @ b
    return a.tobytes()


def by_sums_of_16(n: int, steps: int) -> bytes:
    """The chain in another order of additions: as bad as any honest library's."""
    a, g = matrices.start(payload.content(OTHER, 4 * n * n), n), matrices.base(SEED, n)
    for order, signs in matrices.turns(SEED, n, steps):
        b, total = g[order] * signs[:, None], np.zeros((n, n), np.float32)
        for at in range(0, n, 16):
            total += a[:, at : at + 16] @ b[at : at + 16]
        a = total
    return a.tobytes()


def margin(verdict: Verdict) -> float:
    """How far below what is allowed a product that passed is off."""
    off, allowed = (float(word) for word in verdict.why.replace(",", "").split() if "e-" in word)
    return allowed / off


@pytest.mark.parametrize(("n", "steps"), [(16, 1), (64, 32), (257, 8), (512, 16), (1024, 4), (1024, 8)])
@pytest.mark.parametrize("threads", [1, 2])
def test_an_honest_product_passes_with_a_wide_margin(n: int, steps: int, threads: int) -> None:
    """Whatever the number of threads: the worst of all sums is off by less than a third of what is allowed."""
    with threadpool_limits(threads, "blas"):
        made = matrices.chain(
            matrices.start(payload.content(OTHER, 4 * n * n), n), matrices.base(SEED, n), matrices.turns(SEED, n, steps)
        )
    verdict = check(made.tobytes(), n, steps)
    assert verdict.passed, verdict.why
    assert margin(verdict) > 3


@pytest.mark.parametrize(("n", "steps"), [(256, 8), (768, 16)])
def test_another_order_of_additions_passes(n: int, steps: int) -> None:
    """Sums of sixteen terms, added one after the other."""
    verdict = check(by_sums_of_16(n, steps), n, steps)
    assert verdict.passed, verdict.why
    assert margin(verdict) > 3


@pytest.mark.parametrize("how", [rounded(10), float16, rounded(7)], ids=["TF32", "float16", "bfloat16"])
@pytest.mark.parametrize(("n", "steps"), [(64, 1), (256, 32), (768, 8), (1024, 4)])
def test_lower_precision_is_refused(n: int, steps: int, how: Callable[[Floats], Floats]) -> None:
    """In one round already."""
    verdict = check(product_of(n, steps, how), n, steps, rounds=1)
    assert not verdict.passed
    assert "is off by" in verdict.why


@pytest.mark.parametrize("only", [0, 7, 15])
def test_lower_precision_in_one_of_sixteen_steps_is_refused(only: int) -> None:
    """At the beginning, in the middle, at the end."""
    assert not check(product_of(512, 16, rounded(10), only), 512, 16).passed


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, N - 1),
    st.integers(0, N - 1),
    st.floats(1e-3, 1e30),
    st.booleans(),
    st.binary(min_size=32, max_size=32),
)
def test_any_wrong_entry_is_found(row: int, column: int, size: float, up: bool, fresh: bytes) -> None:
    """With certainty, in one round, from a thousandth of the entries' root mean square."""
    c = np.frombuffer(HONEST, np.float32).reshape(N, N).copy()
    c[row, column] += (size if up else -size) * np.sqrt(np.mean(c.astype(np.float64) ** 2))
    verdict = check(c.tobytes(), fresh=fresh, rounds=1)
    assert not verdict.passed
    assert f"row {row} " in verdict.why


@pytest.mark.parametrize(("n", "steps"), [(512, 32), (1024, 8)])
def test_a_wrong_entry_is_found_in_larger_products(n: int, steps: int) -> None:
    """Where columns are divided into groups."""
    made = compute.prove(payload.content(OTHER, 4 * n * n), [SEED], n, steps)[0]
    c = np.frombuffer(made, np.float32).reshape(n, n)
    for row, column in ((0, 0), (n - 1, n - 1), (n // 3, n // 2)):
        wrong = c.copy()
        wrong[row, column] += 1e-3 * np.sqrt(np.mean(c.astype(np.float64) ** 2))
        assert f"row {row:,} " in check(wrong.tobytes(), n, steps).why
    assert compute.tolerance(n, steps) <= compute.WANTED_TOLERANCE


def test_errors_made_to_cancel_pass_as_often_as_is_said() -> None:
    """Two of the same size in one row: a round misses them with 1/2, two rounds with 1/4."""
    c = np.frombuffer(HONEST, np.float32).reshape(N, N).copy()
    c[5, 10] += 0.5
    c[5, 20] += 0.5
    wrong = c.tobytes()
    found = sum(
        check(wrong, fresh=sha256(bytes([a, b])).digest(), rounds=2).passed for a in range(20) for b in range(20)
    )
    assert 0.18 < found / 400 < 0.32


@pytest.mark.parametrize("share", [0.02, 0.1, 1.0])
def test_columns_that_were_left_out_are_found(share: float) -> None:
    """Zeros, and the right size: who computes less does not pass."""
    c = np.frombuffer(HONEST, np.float32).reshape(N, N).copy()
    count = max(1, int(N * share))
    for fill in (0.0, float(c.std())):
        wrong = c.copy()
        wrong[:, :count] = fill
        assert not check(wrong.tobytes()).passed


def test_a_shorter_chain_and_another_payload_do_not_pass() -> None:
    """Nor another processor's product."""
    assert not check(compute.prove(CONTENT, [SEED], N, STEPS - 1)[0]).passed
    assert not check(compute.prove(CONTENT, [OTHER], N, STEPS)[0]).passed
    assert not check(compute.prove(payload.content(SEED, 4 * N * N), [SEED], N, STEPS)[0]).passed


def test_a_product_is_bound_to_its_commitment() -> None:
    """What is sent later may not be better than what was there in time."""
    verdict = compute.check(HONEST, compute.commitment(bytes(4)), CONTENT, SEED, N, STEPS, FRESH)
    assert not verdict.passed
    assert "committed" in verdict.why


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    """Even one, which would make all comparisons false."""
    c = np.frombuffer(HONEST, np.float32).copy()
    c[77] = value
    assert "no numbers" in check(c.tobytes()).why


@given(st.binary(max_size=4_000))
def test_a_product_of_another_size_is_refused(sent: bytes) -> None:
    """Before anything is computed."""
    assert "is not 102,400 bytes" in check(sent).why


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=16 * 16 * 4, max_size=16 * 16 * 4))
def test_whatever_a_node_sends_is_answered_by_a_sentence(sent: bytes) -> None:
    """Any bytes are some floats: huge, denormal or none."""
    verdict = check(sent, 16, 1)
    assert not verdict.passed
    assert verdict.why


@pytest.mark.parametrize("sent", [None, [], "x", 5, [0.0] * N * N, np.zeros(3)])
def test_things_that_are_no_bytes_are_refused(sent: Any) -> None:
    """A check never raises because of what a node sent."""
    assert not compute.check(sent, bytes(32), CONTENT, SEED, N, STEPS, FRESH).passed
    assert not compute.check(HONEST, sent, CONTENT, SEED, N, STEPS, FRESH).passed


def test_processors_have_each_their_own_chain() -> None:
    """Several at once give what each gives alone, and only the beginning of a payload is used."""
    both = compute.prove(CONTENT + b"more", [SEED, OTHER, FRESH], N, STEPS)
    assert both[0] == HONEST
    assert both[1] == compute.prove(CONTENT, [OTHER], N, STEPS)[0]
    assert len({compute.commitment(one) for one in both}) == 3


@settings(max_examples=30)
@given(st.binary(min_size=64, max_size=64))
def test_any_payload_becomes_entries_of_full_precision(content: bytes) -> None:
    """Finite, in [−1, 1), the upper 24 bits of each word and no others."""
    made = matrices.start(content, 4)
    assert np.isfinite(made).all()
    assert ((made >= -1) & (made < 1)).all()
    words = np.frombuffer(content, "<u4")
    assert (((made.astype(np.float64) + 1) * 2**23).astype(np.uint32).reshape(-1) == words >> 8).all()


def test_a_chain_keeps_its_size() -> None:
    """The entries of a product of 32 matrices are as large as those of the first, within a tenth or two."""
    n = 256
    made = np.frombuffer(compute.prove(payload.content(OTHER, 4 * n * n), [SEED], n, 32)[0], np.float32)
    assert 0.4 < made.std() < 0.8


def test_turns_are_orders_of_all_rows() -> None:
    """No row is used twice, and no two steps have the same matrix."""
    made = matrices.turns(SEED, N, 8)
    assert all(sorted(order) == list(range(N)) and set(signs) == {-1.0, 1.0} for order, signs in made)
    assert len({order.tobytes() for order, _ in made}) == 8


@pytest.mark.parametrize(
    ("n", "steps"), [(0, 1), (15, 1), (compute.MAX_N + 1, 1), (64, 0), (64, compute.MAX_STEPS + 1), (64.0, 1)]
)
def test_sizes_out_of_reason_are_refused(n: int, steps: int) -> None:
    """By the node and by the verifier."""
    with pytest.raises(AskedTooMuch):
        compute.prove(CONTENT, [SEED], n, steps)
    with pytest.raises(AskedTooMuch):
        compute.check(HONEST, bytes(32), CONTENT, SEED, n, steps, FRESH)


def test_what_a_machine_cannot_do_is_refused_with_a_reason() -> None:
    """A payload too short, no processors, more memory than there is."""
    with pytest.raises(AskedTooMuch, match="102,400 bytes of payload, and there are 3"):
        compute.prove(b"abc", [SEED], N, STEPS)
    with pytest.raises(AskedTooMuch, match="number of processors is 0"):
        compute.prove(CONTENT, [], N, STEPS)
    with pytest.raises(AskedTooMuch, match=r"of memory, and this machine has [\d,]+ MiB available"):
        compute.prove(bytes(4 << 24), [SEED] * 1_000, 1 << 12, 1)


def test_a_verifier_without_fresh_randomness_is_refused() -> None:
    """What a node can foresee proves nothing."""
    with pytest.raises(AskedTooMuch, match="fresh randomness"):
        check(HONEST, fresh=b"")


def test_operations_are_counted() -> None:
    """Two for each of n³, in each product."""
    assert compute.gflops(1_000, 5, 2.0) == pytest.approx(5.0)
    assert compute.gflops(1_000, 5, 0.0) == 0.0


def test_checking_takes_a_small_part_of_proving() -> None:
    """Operations, counted: columns of vectors, each twice as dear in float64, where the node multiplies 2,048."""
    assert 2 * compute._groups(2_048, 8) * compute.ROUNDS * 50 < 2_048


class _Cards:
    """Stands in for a library of GPUs, which this machine has not: its arrays are numpy's."""

    cuda = SimpleNamespace(
        runtime=SimpleNamespace(getDeviceCount=lambda: 2),
        Device=lambda number: nullcontext(),
        is_available=lambda: False,
    )
    asarray = staticmethod(np.asarray)
    asnumpy = staticmethod(np.asarray)


def test_without_gpus_numpy_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where their libraries are installed and find none, or are broken."""
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: False)))
    assert engines.engine().name == "numpy"
    assert engines.engine().processors >= 1


def test_gpus_are_used_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their product of the same chain passes; more GPUs than there are, are refused."""
    monkeypatch.setitem(sys.modules, "cupy", _Cards)
    using = engines.engine()
    assert (using.name, using.processors) == ("cupy", 2)
    assert check(compute.prove(CONTENT, [SEED], N, STEPS, using)[0]).passed
    with pytest.raises(AskedTooMuch, match="3 processors are asked for, and cupy finds 2"):
        compute.prove(CONTENT, [SEED] * 3, N, STEPS, using)
