"""Base58 of whole columns: what a node calls `data` of inner instructions comes in no other encoding.

The libraries decode digit by digit, quadratically: ten microseconds for an event. As a product of matrices of floats,
many texts of one length take half a microsecond each; one text alone, of any length, is a number that GMP reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

import based58
import gmpy2  # type: ignore[import-untyped] # it has no types
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it has no types

Bytes = NDArray[np.uint8]

_ALPHABET: Final = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_GMP_ALPHABET: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
_NO_DIGIT: Final = 255
_TO_DIGITS: Final = bytes(_ALPHABET.index(c) if c in _ALPHABET else _NO_DIGIT for c in range(256))
_TO_GMP: Final = bytes(_GMP_ALPHABET[_ALPHABET.index(c)] if c in _ALPHABET else 0 for c in range(256))

_LIMB_BITS: Final = 32
_MATRIX_DIGITS: Final = 1_024
"""The longest text for matrices. Exact: 58² · 2³² · 512 pairs of digits is below the 2⁵³ that a float holds."""
_MATRIX_TEXTS: Final = 8
"""Fewer are not worth a matrix."""
_CHUNK: Final = 2_048
"""Texts in one product: what fits into the processor's cache."""


def encode(raw: bytes) -> str:
    """`raw` in base58."""
    return based58.b58encode(raw).decode()


def decode(text: str) -> bytes:
    """The bytes of a text. Raises `ValueError` where it is no base58."""
    digits = _ascii(text)
    significant = digits.lstrip(b"1")
    zeros = bytes(len(digits) - len(significant))
    if not significant:
        return zeros
    translated = significant.translate(_TO_GMP)
    if 0 in translated:
        raise ValueError(f"no base58: {text[:60]!r}")
    number = gmpy2.mpz(translated, 58)
    return zeros + bytes(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def decode_column(texts: Sequence[str]) -> tuple[Bytes, NDArray[np.int64]]:
    """The bytes of texts of one length: a row each, aligned to the right, and how many of a row's bytes count.

    Raises `ValueError` where one is no base58.
    """
    size = len(texts[0])
    if len(texts) < _MATRIX_TEXTS or not 0 < size <= _MATRIX_DIGITS:
        return _aligned([decode(text) for text in texts])
    digits = np.frombuffer(_ascii("".join(texts)).translate(_TO_DIGITS), np.uint8).reshape(len(texts), size)
    if digits.max(initial=0) == _NO_DIGIT:
        raise ValueError(f"no base58: {next(text for text in texts if 0 in _ascii(text).translate(_TO_GMP))[:60]!r}")
    _one_thread()
    powers = _powers(size)
    limbs = len(powers)
    numbers = np.empty((len(texts), limbs), ">u4")
    for start in range(0, len(texts), _CHUNK):
        numbers[start : start + _CHUNK] = _numbers(digits[start : start + _CHUNK], powers)[::-1].T
    rows = numbers.view(np.uint8)
    zeros = _leading(digits)
    if zeros.any():
        rows = np.pad(rows, ((0, 0), (size, 0)))
    return rows, zeros + rows.shape[1] - _leading(rows)


def decode_columns(texts: Sequence[str]) -> Iterator[tuple[NDArray[np.int64], Bytes]]:
    """The bytes of texts, for each length of text and of bytes: their places, and a row for each.

    Raises `ValueError` where one is no base58.
    """
    digits = np.fromiter(map(len, texts), np.int64, len(texts))
    for size in np.unique(digits).tolist():
        places = np.flatnonzero(digits == size)
        same = texts if len(places) == len(texts) else [texts[place] for place in places.tolist()]
        rows, lengths = decode_column(same)
        for length in np.unique(lengths).tolist():
            chosen = slice(None) if (lengths == length).all() else lengths == length
            yield places[chosen], rows[chosen, rows.shape[1] - length :]


def _ascii(text: str) -> bytes:
    """One byte for each character; those of no alphabet become `?`."""
    return text.encode("ascii", "replace")


@cache
def _one_thread() -> None:
    """Keeps products on this core: they are too small for several, whose start would take longer than the work."""
    threadpool_limits(1, "blas")


def _numbers(digits: Bytes, powers: NDArray[np.float64]) -> NDArray[np.int64]:
    """The limbs of each number, the least significant first: limbs × texts."""
    if digits.shape[1] % 2:
        digits = np.pad(digits, ((0, 0), (1, 0)))
    pairs = digits[:, 0::2] * np.uint16(58) + digits[:, 1::2]
    limbs = (powers @ pairs.astype(np.float64).T).astype(np.int64)
    for place in range(len(limbs) - 1):
        limbs[place + 1] += limbs[place] >> _LIMB_BITS
    limbs &= (1 << _LIMB_BITS) - 1
    return limbs


@cache
def _powers(size: int) -> NDArray[np.float64]:
    """What each pair of `size` digits weighs, in limbs: limbs × pairs."""
    pairs = (size + 1) // 2
    limbs = (58 ** (2 * pairs)).bit_length() // _LIMB_BITS + 1
    weights = np.zeros((limbs, pairs))
    for pair in range(pairs):
        weight = 58 ** (2 * (pairs - 1 - pair))
        for limb in range(limbs):
            weights[limb, pair] = weight >> _LIMB_BITS * limb & (1 << _LIMB_BITS) - 1
    return weights


def _leading(rows: Bytes) -> NDArray[np.int64]:
    """How many zeros each row begins with."""
    if rows[:, 0].all():
        return np.zeros(len(rows), np.int64)
    filled = rows != 0
    first: NDArray[np.int64] = np.where(filled.any(axis=1), filled.argmax(axis=1), rows.shape[1])
    return first


def _aligned(values: Sequence[bytes]) -> tuple[Bytes, NDArray[np.int64]]:
    width = max(map(len, values))
    rows = np.frombuffer(b"".join(value.rjust(width, b"\0") for value in values), np.uint8)
    return rows.reshape(len(values), width), np.array([len(value) for value in values])
