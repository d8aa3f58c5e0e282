"""What the agent proves when it is challenged: one challenge at a time, and no more of its time than it grants."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, ParamSpec, TypeVar

from solders.pubkey import Pubkey

from client.errors import IonetError
from machines.proofs import clock, compute, memory
from machines.proofs.memory import Table
from machines.wire.errors import Refusal

HOUR_SECONDS: Final = 3_600.0
MAX_PAYLOAD: Final = 4 << 30
"""Bytes."""
IDLE_SECONDS: Final = 180.0
"""After which a challenge that nobody goes on with is over."""

P = ParamSpec("P")
T = TypeVar("T")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Busy(Refusal):
    """Another challenge runs."""


class Spent(Refusal):
    """Verifiers have had all the time that the agent grants them in an hour."""


class NoSession(Refusal):
    """A challenge that is over, or somebody else's."""


@dataclass
class Session:
    """One challenge of one verifier."""

    id: str
    verifier: Pubkey
    began: float
    touched: float
    payload: bytearray = field(default_factory=bytearray)
    products: list[bytes] = field(default_factory=list)
    table: Table | None = None
    running: asyncio.Lock = field(default_factory=asyncio.Lock)


class Prover:
    """The sessions of one agent. `now` is monotonic, in seconds."""

    def __init__(self, granted_seconds: float = 900.0, now: Callable[[], float] = time.monotonic) -> None:
        self.granted_seconds = granted_seconds
        """Of each hour, for all verifiers together."""
        self._clock = now
        self._current: Session | None = None
        self._used: deque[tuple[float, float]] = deque()
        """When a challenge ended, and how long it was."""

    @property
    def used_seconds(self) -> float:
        """Of the hour that ends now."""
        now = self._clock()
        while self._used and self._used[0][0] < now - HOUR_SECONDS:
            self._used.popleft()
        running = now - self._current.began if self._current else 0.0
        return running + sum(seconds for _, seconds in self._used)

    def begin(self, verifier: Pubkey) -> Session:
        """A new challenge. Raises `Busy`, `Spent`."""
        now, current = self._clock(), self._current
        if current is not None and now - current.touched > IDLE_SECONDS and not current.running.locked():
            self.end(current)
        elif current is not None and current.verifier == verifier and not current.running.locked():
            self.end(current)  # it has begun anew: its last one is lost
        if self._current is not None:
            raise Busy(409, "another challenge runs: try again in a minute")
        if self.used_seconds >= self.granted_seconds:
            raise Spent(429, f"verifiers have had {self.used_seconds:.0f} s of this hour, and are granted no more")
        self._current = Session(secrets.token_hex(16), verifier, now, now)
        return self._current

    def session(self, id: str, verifier: Pubkey) -> Session:
        """The running challenge. Raises `NoSession`."""
        current = self._current
        if current is None or not secrets.compare_digest(current.id, id) or current.verifier != verifier:
            raise NoSession(404, "there is no such challenge: it is over, or another verifier's")
        current.touched = self._clock()
        return current

    def end(self, session: Session) -> None:
        """Gives back what the challenge holds."""
        if session is self._current:
            now = self._clock()
            self._used.append((now, now - session.began))
            self._current = None
        session.payload, session.products, session.table = bytearray(), [], None

    async def receive(self, session: Session, body: AsyncIterator[bytes], most: int = MAX_PAYLOAD) -> bytes:
        """Takes a payload in place of the one before; its SHA-256."""
        held, seen = bytearray(), sha256()
        async for chunk in body:
            held += chunk
            seen.update(chunk)
            if len(held) > most:
                raise IonetError(f"the payload has more than {most:,} bytes")
        session.payload = held
        return seen.digest()

    async def clock(self, session: Session, seed: bytes, iterations: int, segments: int) -> list[bytes]:
        """The checkpoints of a chain of hashes. Raises `AskedTooMuch`, as those below."""
        return await self._work(session, clock.prove, seed, iterations, segments)

    async def compute(self, session: Session, seeds: list[bytes], n: int, steps: int) -> list[bytes]:
        """SHA-256 of each product: one for each seed, all computed at the same time."""
        session.products = await self._work(session, compute.prove, session.payload, seeds, n, steps)
        return [compute.commitment(product) for product in session.products]

    async def fill(self, session: Session, seed: bytes, megabytes: int) -> None:
        """Fills memory with what the seed gives."""
        session.table = None
        session.table = await self._work(session, memory.fill, seed, megabytes, _cores())

    async def read(self, session: Session, nonce: bytes, steps: int) -> bytes:
        """Reads it at places that the nonce gives; the transcript."""
        if session.table is None:
            raise IonetError("there is nothing to be read: fill the memory first")
        return await self._work(session, memory.read, session.table, nonce, steps)

    async def _work(self, session: Session, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Does what takes a core, beside the service; one at a time."""
        async with session.running:
            done = await asyncio.to_thread(do, *args, **kwargs)
        session.touched = self._clock()
        return done
