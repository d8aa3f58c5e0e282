"""Base58 of whole columns, the other way round than the indexer's: what a node writes, made many times over."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

_ALPHABET: Final = np.frombuffer(b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", np.uint8)
_PAIRS: Final = np.stack([_ALPHABET.repeat(58), np.tile(_ALPHABET, 58)], axis=1)
"""The two digits of each number below 58²."""
_LIMB: Final = 58**4
_CHUNK: Final = 4_096
"""Rows in one product of matrices."""
ADDRESS: Final = 44
"""Characters of 32 bytes of which the first is 64 or more; a signature has twice as many."""


def encode(rows: Bytes, width: int) -> Bytes:
    """Each row's text, all of `width` characters. Raises `ValueError` where one has another length."""
    if rows.shape[1] % 2:
        rows = np.pad(rows, ((0, 0), (1, 0)))
    words = rows.view(">u2")
    weights = _weights(words.shape[1])
    texts = np.empty((len(rows), 4 * len(weights)), np.uint8)
    for start in range(0, len(rows), _CHUNK):
        # Exact: a sum of 2¹⁶ · 58⁴ for each of up to 600 words is below the 2⁵³ that a float holds.
        limbs = (weights @ words[start : start + _CHUNK].T.astype(np.float64)).astype(np.int64)
        for place in range(len(limbs) - 1, 0, -1):
            carry = limbs[place] // _LIMB
            limbs[place] -= carry * _LIMB
            limbs[place - 1] += carry
        high, low = np.divmod(limbs.T.astype(np.uint32), np.uint32(58 * 58))
        texts[start : start + _CHUNK] = np.concatenate([_PAIRS[high], _PAIRS[low]], axis=2).reshape(len(high), -1)
    zero = _ALPHABET[0]
    if (texts[:, :-width] != zero).any() or (texts[:, -width] == zero).any():
        raise ValueError(f"not all of these rows have {width} characters")
    return texts[:, -width:]


def signatures(random: np.random.Generator, count: int) -> Bytes:
    """Texts of 64 bytes each, of nobody's."""
    digits = random.integers(0, 58, (count, 2 * ADDRESS), dtype=np.uint8)
    # 64 bytes have 88 characters where the first of them is one of 2 to 5.
    digits[:, 0] = digits[:, 0] % 4 + 1
    return _ALPHABET[digits]


@cache
def _weights(words: int) -> NDArray[np.float64]:
    """What each word of 16 bits weighs in limbs, the most significant first: limbs × words."""
    limbs = 1
    while _LIMB**limbs < 1 << 16 * words:
        limbs += 1
    weights = np.zeros((limbs, words))
    for word in range(words):
        weight = 1 << 16 * (words - 1 - word)
        for limb in reversed(range(limbs)):
            weight, weights[limb, word] = divmod(weight, _LIMB)
    return weights
