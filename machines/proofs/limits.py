"""What a challenge may ask of a machine. Sizes are MiB and GiB of 1,024."""

from __future__ import annotations

from typing import Final

import psutil

from client.errors import IonetError

MIB: Final = 1 << 20
SPARE: Final = 256 * MIB
"""Bytes that a proof leaves to everything else on the machine."""


class AskedTooMuch(IonetError):
    """A challenge asks for something out of all reason, or for more than this machine has."""


def require_range(what: str, value: int, lowest: int, highest: int) -> None:
    """Raises `AskedTooMuch` where a size is not a whole number between two others, both included."""
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise AskedTooMuch(f"{what} is {value!r}, and must be a whole number from {lowest:,} to {highest:,}")


def require_seed(what: str, seed: bytes) -> None:
    """Raises `AskedTooMuch` where a seed is not 32 bytes."""
    if not isinstance(seed, bytes) or len(seed) != 32:
        found = f"{len(seed)}" if isinstance(seed, bytes) else type(seed).__name__
        raise AskedTooMuch(f"{what} is to be 32 bytes, not {found}")


def require_memory(what: str, size: int) -> None:
    """Raises `AskedTooMuch` where the machine has not `size` bytes of memory available, and `SPARE` beside them."""
    available = psutil.virtual_memory().available
    if size + SPARE > available:
        raise AskedTooMuch(
            f"{what} takes {-(-size // MIB):,} MiB of memory, and this machine has {available // MIB:,} MiB available, "
            f"of which {SPARE // MIB} MiB stay free: end what uses its memory, or ask for less"
        )
