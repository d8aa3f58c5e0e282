"""The matrices of a compute proof, float32, from bytes and seeds; and the chain of their products."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from machines.proofs import payload

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Turn = tuple[NDArray[np.int64], Floats]
"""An order of rows, and a sign for each."""

_ROWS: Final = 256
"""That many rows are doubles at the same time."""


def entries(content: bytes | bytearray | memoryview, count: int) -> Floats:
    """Entries in [−1, 1), each the upper 24 bits of four little-endian bytes.

    They take the whole of a float's mantissa, so that nothing shorter holds them; and whatever the bytes, they are
    finite.
    """
    found = (np.frombuffer(content, "<u4", count) >> 8).astype(np.float32)
    found *= np.float32(2.0**-23)
    found -= np.float32(1.0)
    return found


def start(content: bytes | bytearray | memoryview, n: int) -> Floats:
    """A: from the first 4·n² bytes of a payload. What follows them is not used."""
    return entries(content, n * n).reshape(n, n)


def base(seed: bytes, n: int) -> Floats:
    """G, from which a chain's matrices are made: entries of variance 1/n, so that products keep their size."""
    found = np.empty(n * n, np.float32)
    at = 0
    for piece in payload.stream(sha256(b"ionet base" + seed).digest(), 4 * n * n):
        count = len(piece) // 4
        found[at : at + count] = entries(piece, count)
        at += count
    found *= np.float32((3.0 / n) ** 0.5)
    return found.reshape(n, n)


def turns(seed: bytes, n: int, steps: int) -> list[Turn]:
    """How each of a chain's matrices is made from G: B of a step has its rows in another order, each with a sign."""
    found = []
    for step in range(steps):
        drawn = payload.content(sha256(b"ionet turn" + seed + step.to_bytes(4, "little")).digest(), 8 * n)
        keys = np.frombuffer(drawn, "<u8")
        signs = np.where(keys & 1, np.float32(1), np.float32(-1)).astype(np.float32)
        found.append((np.argsort(keys, kind="stable").astype(np.int64), signs))
    return found


def chain(a: Any, g: Any, turns: Iterable[tuple[Any, Any]]) -> Any:
    """A · B1 · B2 … Bk, by whatever library the arrays are of."""
    for order, signs in turns:
        a = a @ (g[order] * signs[:, None])
    return a


def applied(a: Floats, g: Floats, turns: list[Turn], vectors: Doubles) -> Doubles:
    """A · (B1 · (B2 … (Bk · vectors))) in float64: what a chain's product does to columns, in O(k n²)."""
    for order, signs in reversed(turns):
        vectors = times(g, vectors)[order] * signs[:, None]
    return times(a, vectors)


def times(matrix: Floats, vectors: Doubles) -> Doubles:
    """A product in float64, of some rows at a time."""
    found = np.empty((len(matrix), vectors.shape[1]))
    for row in range(0, len(matrix), _ROWS):
        np.matmul(matrix[row : row + _ROWS].astype(np.float64), vectors, out=found[row : row + _ROWS])
    return found
