"""Agents that answer challenges, honestly or not: processes of their own, for a verifier to measure, without a chain.

    python -m tests.machines.hostile KIND SEED OWNER

prints its endpoint and certificate, and serves until stdin closes.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from machines.agent import challenges
from machines.agent.asked import Asked
from machines.agent.prover import Busy, Prover, Session
from machines.proofs import clock, compute, memory
from machines.proofs.lanes import Mixer
from machines.verifier import measuring
from machines.wire import certificates
from machines.wire.server import Identity, application, serve

LATE_SECONDS = 2.1
"""Later than what still counts as passed."""
LINK_MBITS = 5
"""Of the link to the machine that a proxy has the work done on."""


class Late(Prover):
    """Proves everything, and is slow to answer a ping."""

    _pings = 0

    def session(self, id: str, verifier: Pubkey) -> Session:
        self._pings += 1
        if self._pings <= measuring.PINGS:
            time.sleep(LATE_SECONDS)
        return super().session(id, verifier)


class InUse(Prover):
    """Honest, and in somebody else's challenge the first few times."""

    _asked = 0

    def begin(self, verifier: Pubkey) -> Session:
        self._asked += 1
        if self._asked <= measuring.TRIES + 1:
            raise Busy(409, "another challenge runs")
        return super().begin(verifier)


class Proxy(Prover):
    """Has the work done by a faster machine, behind a slow link: its own answers are a front's."""

    async def compute(self, session: Session, seeds: list[bytes], n: int, steps: int) -> list[bytes]:
        await asyncio.to_thread(_ship, bytes(session.payload)[: 4 * n * n], LINK_MBITS)
        return await super().compute(session, seeds, n, steps)


class Replaying(Prover):
    """Proves once, and shows the same ever after."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._clock_said: list[bytes] | None = None

    async def clock(self, session: Session, seed: bytes, iterations: int, segments: int) -> list[bytes]:
        if self._clock_said is None:
            self._clock_said = await super().clock(session, seed, iterations, segments)
        return self._clock_said


class Skipping(Prover):
    """Guesses every second checkpoint, and so has two cores work on one chain."""

    async def clock(self, session: Session, seed: bytes, iterations: int, segments: int) -> list[bytes]:
        found = clock.prove(seed, max(iterations // 2, segments), segments)
        return [sha256(one).digest() if place % 2 else one for place, one in enumerate(found)]


class Forgetful(Prover):
    """Keeps half of its memory, and makes the rest again when it is asked for."""

    async def fill(self, session: Session, seed: bytes, megabytes: int) -> None:
        await super().fill(session, seed, max(megabytes // 2, memory.LANE_MEGABYTES))
        assert session.table is not None
        kept = session.table.cells
        session.table = memory.Table(seed, np.concatenate([kept, np.zeros_like(kept)]))

    async def read(self, session: Session, nonce: bytes, steps: int) -> bytes:
        assert session.table is not None
        half, mixer = len(session.table.cells) // 2, Mixer(session.table.seed)
        for lane in range(half, 2 * half):
            await asyncio.to_thread(mixer.fill, lane, session.table.cells[lane])
        return await super().read(session, nonce, steps)


class Sloppy(Prover):
    """Multiplies in half precision, which takes a GPU a fraction of the time."""

    async def compute(self, session: Session, seeds: list[bytes], n: int, steps: int) -> list[bytes]:
        exact = compute.prove(session.payload, seeds, n, steps)
        session.products = [np.frombuffer(one, "<f4").astype("<f2").astype("<f4").tobytes() for one in exact]
        return [compute.commitment(one) for one in session.products]


KINDS: dict[str, type[Prover]] = {
    "honest": Prover,
    "late": Late,
    "busy": InUse,
    "proxy": Proxy,
    "replaying": Replaying,
    "skipping": Skipping,
    "forgetful": Forgetful,
    "sloppy": Sloppy,
    "impostor": Prover,
}


def node_of(seed: str) -> Pubkey:
    """The node of a name."""
    return Keypair.from_seed(sha256(f"node {seed}".encode()).digest()).pubkey()


def key_of(seed: str) -> Keypair:
    """Its agent's key."""
    return Keypair.from_seed(sha256(f"agent {seed}".encode()).digest())


def _ship(content: bytes, mbits: float) -> None:
    """Through a real socket, as fast as a link of so many Mbit/s takes it."""
    near, far = socket.socketpair()

    def take() -> None:
        left = len(content)
        while left > 0:
            piece = far.recv(min(left, 64 << 10))
            left -= len(piece)
            time.sleep(8 * len(piece) / (mbits * 1e6))

    taking = threading.Thread(target=take)
    taking.start()
    near.sendall(content)
    taking.join()
    near.close()
    far.close()


async def _main(kind: str, seed: str, owner: Pubkey) -> None:
    node = node_of("somebody else" if kind == "impostor" else seed)
    prover = KINDS[kind](3_600.0)
    asked = Asked(None, node, owner)  # type: ignore[arg-type] # its owner asks, and no chain is asked for
    app = application(challenges.routes(prover, asked), Identity(key_of(seed), node))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        certificate = certificates.ensure(Path(folder), "127.0.0.1")

        def listening(port: int) -> None:
            print(
                json.dumps({"endpoint": f"127.0.0.1:{port}", "fingerprint": certificate.fingerprint.hex()}), flush=True
            )

        await serve(app, "127.0.0.1", 0, certificate, stop, on_listening=listening)


def main(arguments: Sequence[str]) -> None:
    kind, seed, owner = arguments
    asyncio.run(_main(kind, seed, Pubkey.from_string(owner)))


if __name__ == "__main__":
    main(sys.argv[1:])
