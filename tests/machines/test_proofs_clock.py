"""The clock's chain: what it is, what passes, and how often a cheat passes."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise
from math import comb
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from machines.proofs import clock, payload
from machines.proofs.limits import AskedTooMuch

SEED = bytes(range(32))
FRESH = bytes([9] * 32)
ITERATIONS, SEGMENTS = 1_003, 8
HONEST = clock.prove(SEED, ITERATIONS, SEGMENTS)


def fresh(number: int) -> bytes:
    return sha256(number.to_bytes(4, "little")).digest()


def passes(checkpoints: list[bytes], samples: int, times: int) -> int:
    """How many of so many verifiers believe it."""
    verdicts = [clock.check(SEED, ITERATIONS, SEGMENTS, checkpoints, fresh(one), samples) for one in range(times)]
    return sum(one.passed for one in verdicts)


def test_a_chain_is_plain_sha256() -> None:
    """Written down once more: each checkpoint, its number, then 64 bytes of pattern for each iteration."""
    iterations, before = 9_001, SEED
    pattern = payload.content(SEED, 256 * 1024)
    lengths = [3_001, 3_000, 3_000]
    expected = []
    for segment, length in enumerate(lengths):
        text = (pattern * (length * 64 // len(pattern) + 1))[: length * 64]
        before = sha256(before + segment.to_bytes(32, "little") + text).digest()
        expected.append(before)
    assert clock.prove(SEED, iterations, 3) == expected


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.integers(1, 20), st.integers(0, 9_000), st.integers(1, 30))
def test_an_honest_chain_passes(seed: bytes, segments: int, more: int, samples: int) -> None:
    """Whatever its size is, and whatever is drawn."""
    iterations = segments + more
    checkpoints = clock.prove(seed, iterations, segments)
    verdict = clock.check(seed, iterations, segments, checkpoints, FRESH, samples)
    assert verdict.passed, verdict.why


@settings(max_examples=50, deadline=None)
@given(st.integers(0, SEGMENTS - 1), st.integers(0, 31), st.integers(1, 255))
def test_any_wrong_bit_is_found_where_all_segments_are_computed_again(place: int, byte: int, flip: int) -> None:
    """With certainty, whatever is drawn."""
    wrong = list(HONEST)
    wrong[place] = bytes(one ^ flip if index == byte else one for index, one in enumerate(wrong[place]))
    verdict = clock.check(SEED, ITERATIONS, SEGMENTS, wrong, FRESH, SEGMENTS)
    assert not verdict.passed
    assert "segment" in verdict.why


def test_an_altered_checkpoint_passes_as_often_as_is_said() -> None:
    """Two segments of eight are wrong: three samples miss both with C(6, 3) / C(8, 3) = 36%."""
    wrong = [bytes(32) if index == 4 else one for index, one in enumerate(HONEST)]
    expected = comb(6, 3) / comb(8, 3)
    assert abs(passes(wrong, 3, 1_500) / 1_500 - expected) < 0.05


def test_a_chain_cut_for_two_cores_passes_as_often_as_is_said() -> None:
    """The second half begins at a guess, at the same time as the first: one wrong segment, seen with s/n = 3/8."""
    guess = bytes(32)
    pattern = payload.content(SEED, 256 * 1024)
    second = [guess]
    for segment in range(4, SEGMENTS):
        second.append(clock._segment(pattern, second[-1], segment, clock._length(ITERATIONS, SEGMENTS, segment)))
    cut = [*HONEST[:3], *second]
    assert len(cut) == SEGMENTS
    assert abs(passes(cut, 3, 1_500) / 1_500 - 5 / 8) < 0.05


def test_checkpoints_of_other_seeds_and_sizes_do_not_pass() -> None:
    """A chain that was computed before is of no use."""
    for other in (clock.prove(FRESH, ITERATIONS, SEGMENTS), clock.prove(SEED, ITERATIONS - 8, SEGMENTS)):
        assert not clock.check(SEED, ITERATIONS, SEGMENTS, other, FRESH, 1).passed


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        b"",
        "x" * SEGMENTS,
        HONEST[:-1],
        [*HONEST, HONEST[0]],
        [*HONEST[:-1], HONEST[-1][:-1]],
        [*HONEST[:-1], None],
        [*HONEST[:-1], HONEST[-1].hex()],
        [bytes(32)] * 1_000_000,
        {0: HONEST[0]},
        float("nan"),
    ],
)
def test_whatever_a_node_sends_is_answered_by_a_sentence(sent: Any) -> None:
    """A check never raises because of it."""
    verdict = clock.check(SEED, ITERATIONS, SEGMENTS, sent, FRESH)
    assert not verdict.passed
    assert verdict.why


@pytest.mark.parametrize(
    ("iterations", "segments"), [(0, 1), (7, 8), (clock.MAX_ITERATIONS + 1, 8), (100, 0), (10_000, 4097), (-5, -5)]
)
def test_sizes_out_of_reason_are_refused(iterations: int, segments: int) -> None:
    """By the node and by the verifier, before anything is computed."""
    with pytest.raises(AskedTooMuch):
        clock.prove(SEED, iterations, segments)
    with pytest.raises(AskedTooMuch):
        clock.check(SEED, iterations, segments, HONEST, FRESH)


def test_a_verifier_without_fresh_randomness_is_refused() -> None:
    """What a node can foresee proves nothing."""
    with pytest.raises(AskedTooMuch, match="fresh randomness"):
        clock.check(SEED, ITERATIONS, SEGMENTS, HONEST, b"")


def test_the_clock_counts_cycles() -> None:
    """Twice as fast is twice the clock; no time is no clock."""
    assert clock.mhz(1_000_000, 0.129) == pytest.approx(1_000)
    assert clock.mhz(1_000_000, 0.0645) == pytest.approx(2_000)
    assert clock.mhz(1_000_000, 0.0) == 0.0


def test_checkpoints_differ() -> None:
    """No segment is the one before it."""
    assert all(one != other for one, other in pairwise(HONEST))
