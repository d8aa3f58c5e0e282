"""Seeds and payloads: who can know them, and that all sides know the same."""

from __future__ import annotations

import zlib
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from machines.proofs import payload, seeds
from machines.proofs.limits import MIB, AskedTooMuch, require_memory

SEED = bytes(range(32))
seeds_32 = st.binary(min_size=32, max_size=32)


def test_seeds_are_the_hashes_that_the_plan_says() -> None:
    """Written down once more, byte for byte: another implementation must come to the same."""
    node = bytes([7] * 32)
    assert seeds.challenge_seed(SEED, node) == sha256(SEED + node).digest()
    assert seeds.node_seed(SEED, node) == sha256(b"ionet node" + SEED + node).digest()
    assert seeds.stage_seed(SEED, "clock", 2, 258) == sha256(SEED + b"clock" + b"\x02\x00" + b"\x02\x01").digest()


def test_no_two_stages_trials_or_processors_share_a_seed() -> None:
    """What is asked of one processor is of no use to another."""
    made = [
        seeds.stage_seed(SEED, name, *at) for name in ("clock", "memory") for at in ((0, 0), (0, 1), (1, 0), (256, 0))
    ]
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("wrong", [b"", bytes(31), bytes(33)])
def test_a_seed_is_32_bytes(wrong: bytes) -> None:
    """Two seeds run together could be cut elsewhere, if their sizes were free."""
    with pytest.raises(AskedTooMuch, match="32 bytes"):
        seeds.node_seed(SEED, wrong)
    with pytest.raises(AskedTooMuch, match="32 bytes"):
        payload.content(wrong, 1)


@given(seeds_32, st.integers(1, 10**12), st.integers(0, 100))
def test_a_draw_is_below_its_bound(seed: bytes, bound: int, index: int) -> None:
    """And is the same for everyone."""
    assert 0 <= seeds.draw(seed, bound, index) < bound
    assert seeds.draw(seed, bound, index) == seeds.draw(seed, bound, index)


def test_draws_are_spread_evenly() -> None:
    """Of 6,000 throws of a die no face has more than 1,120 or fewer than 880: four standard deviations."""
    thrown = [seeds.draw(SEED, 6, index) for index in range(6_000)]
    assert all(880 < thrown.count(face) < 1_120 for face in range(6))


@given(seeds_32, st.integers(0, 200), st.integers(0, 220))
def test_a_sample_has_different_numbers(seed: bytes, count: int, size: int) -> None:
    """As many as wanted, or all there are."""
    found = seeds.sample(seed, count, size)
    assert len(set(found)) == len(found) == min(count, size)
    assert set(found) <= set(range(count))
    assert sorted(seeds.order(seed, count)) == list(range(count))


def test_every_number_is_sampled_equally_often() -> None:
    """3 of 12, 4,000 times: each about 1,000 times, within five standard deviations."""
    found = [
        number
        for index in range(4_000)
        for number in seeds.sample(sha256(bytes([index % 256, index >> 8])).digest(), 12, 3)
    ]
    assert all(abs(found.count(number) - 1_000) < 140 for number in range(12))


@settings(max_examples=20, deadline=None)
@given(seeds_32, st.integers(0, 3 * MIB))
def test_a_payload_is_the_key_stream_of_its_seed(seed: bytes, size: int) -> None:
    """In pieces and at once, and a shorter one begins a longer one."""
    expected = Cipher(algorithms.AES(seed), modes.CTR(bytes(16))).encryptor().update(bytes(size))
    assert payload.content(seed, size) == expected
    assert payload.content(seed, size + 5)[:size] == expected
    assert payload.digest(seed, size) == sha256(expected).digest()


def test_a_payload_cannot_be_compressed() -> None:
    """A link that compresses gains nothing by it."""
    content = payload.content(SEED, MIB)
    assert len(zlib.compress(content, 9)) > len(content)


@pytest.mark.parametrize("size", [-1, payload.MAX_SIZE + 1, True, 1.5, None])
def test_no_payload_is_out_of_all_reason(size: int) -> None:
    """It is refused at once, before the first piece is asked for."""
    with pytest.raises(AskedTooMuch, match="payload's size"):
        payload.stream(SEED, size)


def test_what_does_not_fit_into_memory_is_refused_with_what_there_is() -> None:
    """Nobody has an exbibyte."""
    with pytest.raises(
        AskedTooMuch, match=r"1,099,511,627,776 MiB of memory, and this machine has [\d,]+ MiB available"
    ):
        require_memory("it", 1 << 60)
