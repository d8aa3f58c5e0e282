"""A lane: 16 MiB of a table, mixed so that each word depends on all words it is made from; and one value of it alone.

A lane begins as a key stream of the seed and goes through eleven rounds. A round encrypts each four words (16 bytes)
by AES under a key of its own, adds what went in (so that nobody comes back from what came out), and moves the words so
that each four of the next round come from four places. The indices of words are numbers of eleven digits to the base 4,
and a round mixes the four words that differ in one digit: two rounds those digits that number the 16 rows, then nine
rounds those within rows of 1 MiB, which a processor's cache holds.

So exactly one way leads from each word at the beginning to each word at the end, through one word of every round.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from numpy.typing import NDArray

Words = NDArray[np.uint32]

OUTER: Final = 2
"""Rounds across rows; they come first."""
INNER: Final = 9
"""Rounds within a row."""
ROUNDS: Final = OUTER + INNER
ROWS: Final = 4**OUTER
ROW: Final = 4**INNER
"""Words of a row. As many, 1/16 of each row, go through the outer rounds together: a slab."""
LANE_BYTES: Final = 4 * ROWS * ROW
VALUE: Final = 32
"""Bytes of a value: two neighbours of four words each."""
VALUES: Final = LANE_BYTES // VALUE
"""Values of a lane."""
_PART: Final = ROW // ROWS
_ZEROS: Final = bytes(4 * ROW)


class Mixer:
    """Makes lanes of one seed. One thread uses it at a time; it keeps 2 MiB, and 16 MiB more once it has filled."""

    def __init__(self, seed: bytes) -> None:
        self.seed = seed
        keys = [sha256(b"ionet round" + seed + bytes([index])).digest()[:16] for index in range(ROUNDS)]
        # Nothing is kept secret here: ECB is the block cipher itself, a fixed permutation of 16 bytes.
        ciphers = [Cipher(algorithms.AES(key), modes.ECB()) for key in keys]  # noqa: S305
        self._ciphers: list[CipherContext] = [cipher.encryptor() for cipher in ciphers]
        room = np.empty((2, ROW + 4), np.uint32)  # a cipher wants 15 bytes more than it writes
        self._words, self._mixed = room[0, :ROW], room[1, :ROW]
        self._words_room, self._mixed_room = room[0].data.cast("B"), room[1].data.cast("B")
        self._rows: Words | None = None

    def fill(self, lane: int, out: NDArray[np.uint8]) -> None:
        """Writes a whole lane to `out`, of `LANE_BYTES`. Nearly all of it is done without the GIL."""
        if self._rows is None:
            self._rows = np.empty((ROWS, ROW), np.uint32)
        by_digit = self._rows.reshape(4, ROWS // 4, ROWS, _PART)
        stream = self._stream(lane)
        for slab in range(ROWS):
            self._next(stream)
            last = self._rounds(self._words, range(OUTER))
            np.copyto(by_digit[:, :, slab], last.reshape(ROWS // 4, _PART, 4).transpose(2, 0, 1))
        for words, done in zip(self._rows, out.view(np.uint32).reshape(ROWS, ROW), strict=True):
            np.copyto(done, self._rounds(words, range(OUTER, ROUNDS)))

    def value(self, lane: int, index: int) -> bytes:
        """One value, as `fill` would write it, by an eighth of the work: of each round, only what leads there."""
        row, inside = divmod(index, VALUES // ROWS)
        words = np.empty((ROWS, _PART), np.uint32)
        stream = self._stream(lane)
        for slab in range(ROWS):
            self._next(stream)
            found = self._words
            for step in range(OUTER):
                found = self._follow(found, step, _digit(row, step))
            words[slab] = found
        pair, inside = 2 * (inside % 2), inside >> 1
        both = self._round(words.reshape(-1), OUTER).reshape(-1, 4)[:, pair : pair + 2].T.reshape(-1)
        for step in range(OUTER + 1, ROUNDS - 1):
            both = self._follow(both, step, _digit(inside, step - OUTER - 1))
        return self._round(both, ROUNDS - 1).tobytes()

    def _stream(self, lane: int) -> CipherContext:
        """The key stream that a lane is made from."""
        key = sha256(b"ionet lane" + self.seed + lane.to_bytes(8, "little")).digest()[:16]
        return Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()

    def _next(self, stream: CipherContext) -> None:
        """The next slab of a lane's beginning, in `_words`. The digits that number rows are its last."""
        stream.update_into(_ZEROS, self._words_room)

    def _rounds(self, words: Words, steps: range) -> Words:
        """Rounds of `words`, which are lost; the last digit goes to the front after each but the last."""
        gathered, spread = self._mixed.reshape(-1, 4).T, words.reshape(4, -1)
        for step in steps[:-1]:
            self._round(words, step)
            np.copyto(spread, gathered)
        return self._round(words, steps[-1])

    def _round(self, words: Words, step: int) -> Words:
        """One round, nothing moved. The answer is good until the next one."""
        mixed = self._mixed[: words.size]
        self._ciphers[step].update_into(words.data.cast("B"), self._mixed_room)
        return np.bitwise_xor(mixed, words, out=mixed)

    def _follow(self, words: Words, step: int, digit: int) -> Words:
        """One round, and of its answer the words whose last digit is this one."""
        return np.ascontiguousarray(self._round(words, step).reshape(-1, 4)[:, digit])


def _digit(number: int, place: int) -> int:
    """A digit to the base 4; the last one is at place 0."""
    return number >> 2 * place & 3
