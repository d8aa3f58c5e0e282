"""Memory: what a table is, what keeping less of it costs, and which reads pass."""

from __future__ import annotations

import threading
import time
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import CipherContext
from hypothesis import given, settings
from hypothesis import strategies as st

from machines.proofs import lanes, memory, seeds
from machines.proofs.lanes import LANE_BYTES, ROUNDS, ROW, ROWS, VALUE, VALUES, Mixer, Words
from machines.proofs.limits import AskedTooMuch

SEED, NONCE, FRESH = bytes(range(32)), bytes([5] * 32), bytes([9] * 32)
MEGABYTES, STEPS = 48, 40


@pytest.fixture(scope="module")
def table() -> memory.Table:
    """Three lanes."""
    return memory.fill(SEED, MEGABYTES, threads=2)


@pytest.fixture(scope="module")
def honest(table: memory.Table) -> bytes:
    """A transcript of it."""
    return memory.read(table, NONCE, STEPS)


def check(transcript: Any, samples: int = STEPS, fresh: bytes = FRESH) -> Any:
    return memory.check(SEED, MEGABYTES, NONCE, STEPS, transcript, fresh, samples)


class Ways(Mixer):
    """Counts ways instead of mixing: one word of a lane's beginning is 1, and a round adds up each four words."""

    def __init__(self, slab: int, place: int) -> None:
        super().__init__(SEED)
        self.slab, self.place, self.at = slab, place, 0

    def _next(self, stream: CipherContext) -> None:
        self._words[:] = 0
        if self.at == self.slab:
            self._words[self.place] = 1
        self.at += 1

    def _round(self, words: Words, step: int) -> Words:
        mixed = self._mixed[: words.size]
        mixed.reshape(-1, 4)[:] = words.reshape(-1, 4).sum(axis=1, dtype=np.uint32)[:, None]
        return mixed


class Flipped(Mixer):
    """A lane of which one bit of the beginning is another."""

    at = 0

    def _next(self, stream: CipherContext) -> None:
        super()._next(stream)
        if self.at == 7:
            self._words[123_456] ^= 1
        self.at += 1


@settings(max_examples=8, deadline=None)
@given(st.integers(0, ROWS - 1), st.integers(0, ROW - 1))
def test_exactly_one_way_leads_from_each_first_word_to_each_last_one(slab: int, place: int) -> None:
    """The price of keeping less is reckoned from this (`memory`)."""
    out = np.empty(LANE_BYTES, np.uint8)
    Ways(slab, place).fill(0, out)
    assert (out.view(np.uint32) == 1).all()


def test_each_last_word_depends_on_a_first_one() -> None:
    """One bit of four million words changes all of them; some two of 2^22 may stay by chance."""
    usual, other = np.empty(LANE_BYTES, np.uint8), np.empty(LANE_BYTES, np.uint8)
    Mixer(SEED).fill(0, usual)
    Flipped(SEED).fill(0, other)
    assert np.count_nonzero(usual.view(np.uint32) == other.view(np.uint32)) < 3


def test_a_value_takes_as_many_blocks_as_is_said() -> None:
    """2^20 of the key stream and of the first round each, and a third more: 9 of the 88 that filling takes."""
    counted: list[int] = []

    class Counting(Mixer):
        def _round(self, words: Words, step: int) -> Words:
            counted.append(words.size // 4)
            return super()._round(words, step)

    Counting(SEED).value(0, 0)
    alone, counted[:] = sum(counted), []
    Counting(SEED).fill(0, np.empty(LANE_BYTES, np.uint8))
    assert 2**20 < alone < 1.5 * 2**20
    assert sum(counted) == ROUNDS * 2**20


@settings(max_examples=25, deadline=None)
@given(number=st.integers(0, 3 * VALUES - 1))
def test_a_value_made_alone_is_the_one_in_the_table(table: memory.Table, number: int) -> None:
    """At any place."""
    lane, index = divmod(number, VALUES)
    assert Mixer(SEED).value(lane, index) == table.cells[lane, index * VALUE : (index + 1) * VALUE].tobytes()


def test_a_table_is_the_same_by_any_number_of_threads(table: memory.Table) -> None:
    """And another for another seed; lanes have nothing in common."""
    alone = memory.fill(SEED, MEGABYTES, threads=1)
    assert alone.cells.shape == (3, LANE_BYTES)
    assert np.array_equal(alone.cells, table.cells)
    assert not np.array_equal(memory.fill(FRESH, 16).cells[0], table.cells[0])
    assert len({sha256(lane.tobytes()).digest() for lane in table.cells}) == 3


def test_a_size_between_lanes_is_rounded_up() -> None:
    """17 MiB take two lanes, for the node and for the verifier."""
    small = memory.fill(SEED, 17)
    assert len(small.cells) == 2
    transcript = memory.read(small, NONCE, 20)
    assert memory.check(SEED, 17, NONCE, 20, transcript, FRESH, 5).passed


def test_an_honest_read_passes(honest: bytes) -> None:
    """Every step of it, computed again."""
    assert len(honest) == memory.transcript_bytes(STEPS) == 32 * (STEPS + 1)
    verdict = check(honest)
    assert verdict.passed, verdict.why


def test_places_go_all_over_the_table(table: memory.Table) -> None:
    """Of 3,000 steps each lane has a third, and nearly no value comes twice."""
    transcript = memory.read(table, NONCE, 3_000)
    values = [transcript[start : start + VALUE] for start in range(32, len(transcript), VALUE)]
    assert len(set(values)) > 2_980
    state = sha256(b"ionet read" + NONCE).digest()
    visited = []
    for value in values:
        visited.append(int.from_bytes(state[:8], "little") % (3 * VALUES) // VALUES)
        state = sha256(state + value).digest()
    assert all(900 < visited.count(lane) < 1_100 for lane in range(3))


@settings(max_examples=25, deadline=None)
@given(place=st.integers(0, 32 * (STEPS + 1) - 1), flip=st.integers(1, 255))
def test_any_wrong_byte_is_found(honest: bytes, place: int, flip: int) -> None:
    """With certainty: what follows a wrong value no longer fits, even if no value is made again."""
    wrong = honest[:place] + bytes([honest[place] ^ flip]) + honest[place + 1 :]
    assert not check(wrong, samples=0).passed


def forged(table: memory.Table, step: int) -> bytes:
    """A read that names a wrong value at one step and goes on from there, as who has not that place would."""
    cells, state, values = table.cells.reshape(-1), sha256(b"ionet read" + NONCE).digest(), []
    for number in range(STEPS):
        place = int.from_bytes(state[:8], "little") % (len(table.cells) * VALUES) * VALUE
        values.append(bytes(32) if number == step else cells[place : place + VALUE].tobytes())
        state = sha256(state + values[-1]).digest()
    return state + b"".join(values)


@settings(max_examples=20, deadline=None)
@given(step=st.integers(0, STEPS - 1), fresh=st.binary(min_size=32, max_size=32))
def test_a_value_that_was_made_up_is_found_exactly_where_its_step_is_drawn(
    table: memory.Table, step: int, fresh: bytes
) -> None:
    """So a share w of such steps passes with (1 − w)^samples."""
    verdict = check(forged(table, step), 20, fresh)
    assert verdict.passed == (step not in seeds.sample(fresh, STEPS, 20))
    assert verdict.passed or f"step {step} " in verdict.why


def test_a_read_for_another_nonce_or_of_another_table_does_not_pass(table: memory.Table) -> None:
    """Nothing can be read before the nonce is known, nor with somebody else's memory."""
    assert not check(memory.read(table, FRESH, STEPS), 1).passed
    assert not check(memory.read(memory.fill(FRESH, MEGABYTES, 2), NONCE, STEPS), 1).passed


@given(st.one_of(st.none(), st.binary(max_size=4_000), st.text(), st.lists(st.integers())))
def test_whatever_a_node_sends_is_answered_by_a_sentence(sent: Any) -> None:
    """A check never raises because of it."""
    verdict = check(sent)
    assert not verdict.passed
    assert verdict.why


def test_a_long_transcript_is_refused_for_its_size(honest: bytes) -> None:
    """Before anything of it is read."""
    assert "not 1,312 bytes" in check(honest + bytes(64 << 20)).why


def test_an_honest_read_is_well_within_its_time(table: memory.Table) -> None:
    """10,000 steps, the best of five, take less than half of what a node without any distance has."""
    best = min(_timed(table, 10_000) for _ in range(5))
    assert best < memory.read_seconds(10_000, 0.0) / 2


def _timed(table: memory.Table, steps: int) -> float:
    began = time.perf_counter()
    memory.read(table, NONCE, steps)
    return time.perf_counter() - began


def test_who_keeps_two_lanes_of_three_is_far_too_late() -> None:
    """Making each missing value takes many times as long as a read may, even from the other side of the Earth."""
    mixer, steps = Mixer(SEED), 30
    began = time.process_time()
    missing = 0
    for index in range(steps):
        lane, place = divmod(seeds.draw(SEED, 3 * VALUES, index), VALUES)
        if lane == 2:
            mixer.value(lane, place)
            missing += 1
    seconds = (time.process_time() - began) / steps * 10_000
    assert missing > 3
    assert seconds > 4 * memory.read_seconds(10_000, memory.MAX_RTT)


def test_the_time_of_a_read_cannot_be_stretched_by_late_pings() -> None:
    """Above 0.4 s a ping counts as 0.4 s."""
    assert memory.read_seconds(10_000, 100.0) == memory.read_seconds(10_000, 0.4) < 1.0
    assert memory.read_seconds(10_000, -1.0) == memory.read_seconds(10_000, 0.0)
    assert memory.read_seconds(20_000, 0.1) > memory.read_seconds(10_000, 0.1)


@pytest.mark.parametrize("megabytes", [0, -1, memory.MAX_MEGABYTES + 1, 2.5, True])
def test_sizes_out_of_reason_are_refused(megabytes: int) -> None:
    """By the node and by the verifier."""
    with pytest.raises(AskedTooMuch, match="size in MiB"):
        memory.fill(SEED, megabytes)
    with pytest.raises(AskedTooMuch, match="size in MiB"):
        memory.check(SEED, megabytes, NONCE, 1, b"", FRESH)


def test_more_memory_than_there_is_is_refused_with_what_there_is() -> None:
    """Nothing is filled first."""
    with pytest.raises(AskedTooMuch, match=r"table of 16,777,216 MiB takes [\d,]+ MiB .* has [\d,]+ MiB available"):
        memory.fill(SEED, memory.MAX_MEGABYTES, 4)


@pytest.mark.parametrize("steps", [0, memory.MAX_STEPS + 1])
def test_steps_out_of_reason_are_refused(table: memory.Table, steps: int) -> None:
    """A transcript of gigabytes, or none."""
    with pytest.raises(AskedTooMuch, match="number of steps"):
        memory.read(table, NONCE, steps)


def test_a_verifier_without_fresh_randomness_is_refused(honest: bytes) -> None:
    """What a node can foresee proves nothing."""
    with pytest.raises(AskedTooMuch, match="fresh randomness"):
        check(honest, fresh=b"")


def test_filling_can_be_stopped() -> None:
    """A challenge that is over takes no more of the machine."""
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(AskedTooMuch, match="was stopped"):
        memory.fill(SEED, 1_024, 2, stopped)


def test_a_lane_is_16_mib() -> None:
    """As documented; a value for each 32 bytes of it."""
    assert lanes.LANE_BYTES == 16 << 20
    assert VALUES * VALUE == LANE_BYTES
