"""Whether a request is of now, and was not seen before."""

from __future__ import annotations

import time
from typing import Final

from solders.pubkey import Pubkey

from machines.wire.errors import NotAuthentic

LIFE_SECONDS: Final = 30
"""So long may a request take from its signing to its arrival; so far may clocks be apart."""
_PER_SECOND: Final = 5_000
"""Nonces kept of each second: with 61 seconds, 305,000 of 48 bytes, some 40 MB at the very most."""


class Seen:
    """The nonces that were used. In memory: what was signed before this began is refused instead.

    Invariant: of two requests with the same signer, nonce and second, at most one is taken. What is forgotten is
    older than LIFE_SECONDS, and stays refused when the clock is set back. A caller whose clock is s seconds ahead
    (30 at most) can have a request repeated in the first s seconds after a restart, by who can read what pinned TLS
    protects: the node's own owner.
    """

    def __init__(self, now: float | None = None) -> None:
        self._since = int(time.time() if now is None else now)
        """Requests signed before this second are refused."""
        self._seconds: dict[int, set[bytes]] = {}

    def take(self, address: Pubkey, nonce: str, created: int, now: float | None = None) -> None:
        """Notes that a request was made; raises NotAuthentic if it was before, or is not of now."""
        now = time.time() if now is None else now
        oldest = int(now) - LIFE_SECONDS
        for second in [second for second in self._seconds if second < oldest]:
            del self._seconds[second]
            self._since = max(self._since, second + 1)
        if created > now + LIFE_SECONDS:
            raise NotAuthentic(f"the request was signed {created - now:.0f} s in the future: check the clocks")
        if created < oldest:
            raise NotAuthentic(f"the request was signed {now - created:.0f} s ago, over {LIFE_SECONDS}: sign it anew")
        if created < self._since:
            raise NotAuthentic("the request was signed before this service began: sign it anew")
        used = self._seconds.setdefault(created, set())
        key = bytes(address) + bytes.fromhex(nonce)
        if key in used:
            raise NotAuthentic("the request was made before: each needs a nonce of its own")
        if len(used) >= _PER_SECOND:
            raise NotAuthentic(f"over {_PER_SECOND} requests were signed in the same second: ask again in the next")
        used.add(key)
