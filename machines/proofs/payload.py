"""Bytes for measuring a link: not compressible, and known without being sent to whoever knows their seed."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from machines.proofs.limits import MIB, require_range, require_seed

MAX_SIZE: Final = 64 << 30
"""Bytes of a payload."""
_ZEROS: Final = bytes(MIB)


def stream(seed: bytes, size: int) -> Iterator[bytes]:
    """`size` bytes, in pieces of 1 MiB: the key stream of AES-256 in counter mode under the seed, counted from 0."""
    require_seed("a payload's seed", seed)
    require_range("a payload's size in bytes", size, 0, MAX_SIZE)
    return _stream(seed, size)


def _stream(seed: bytes, size: int) -> Iterator[bytes]:
    cipher = Cipher(algorithms.AES(seed), modes.CTR(bytes(16))).encryptor()
    for start in range(0, size, MIB):
        yield cipher.update(_ZEROS[: size - start])


def content(seed: bytes, size: int) -> bytes:
    """A payload, at once. A longer one of the same seed begins with it."""
    return b"".join(stream(seed, size))


def digest(seed: bytes, size: int) -> bytes:
    """SHA-256 of a payload, without having it in memory."""
    found = sha256()
    for piece in stream(seed, size):
        found.update(piece)
    return found.digest()
