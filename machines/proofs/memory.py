"""Memory: a node fills a table that a seed gives, then reads places of it, each named by what it read before.

The table is made of lanes of 16 MiB (`lanes`), each from the seed and its number alone, filled by all threads at once:
0.3 GB/s a core on an AMD EPYC 7003. A read goes from a nonce that the verifier names only then: a state, 32 bytes,
names a place; the value there, 32 bytes, and the state before are hashed to the next state. So a value is known only
after the one before it, and nothing can be asked for ahead. The transcript is the last state, then all values. The
verifier follows the states through the values, which takes a microsecond each, and makes the values of `samples` steps,
drawn after the answer, itself: 7 ms each, an eighth of what their lane takes.

**What it costs to keep less.** Count what a node keeps in words of four bytes, of any round of its lanes, and let f be
their share of the table's words. One way leads from each first word of a lane to each last one, and the ways meet every
round at each of its words equally often; so of the ways to a random place at most the share f is blocked by words that
were kept. Of the 4,194,304 first words of the lane, 1 − f are needed on average, for every step; each four are a block
of the key stream and one of the first round: (1 − f) · 2,097,152 blocks of AES, (1 − f) · 4 ms on one core that
encrypts 8 GB a second (`Mixer.value` takes 7 ms). Whoever keeps half spends 20 seconds on 10,000 steps, for which
`read_seconds` allows 0.2 and the way: 17 µs a step more than are used, enough to keep 0.4% less, or 28% less on 64
cores that share each lane's work without loss; half of that with 100,000 steps. (This counts words as hashes that can
neither be compressed nor combined, the usual model of pebbles.) A chain of blocks that are key streams, each keyed by
the hash of the one before, is filled four times as fast and proves nothing: who keeps the keys, 32 bytes a block, has
every place.

**Chance of cheating.** A node that names wrong values at a share w of the steps passes with the chance (1 − w)^samples.
Not knowing a value, it may name one that leads to places which it has: G tries find a walk of log(G) / log(1/f) steps
to the next place that it has not, so that w is about 1 / (1 + log(G) / log(1/f)). A try takes 0.1 µs and more, all
tries no more than the read may. Keeping half, with a million tries for each wrong value: w = 4.8%, which 100 samples
miss with 0.8%; keeping nine tenths: w = 0.8%, missed with 47%.

Whoever fills the table again when the read begins has it in time, if the table is that small: with c cores some 0.06 GB
times c within what 10,000 steps are allowed. Less than that proves nothing.

What it does not tell: whether the memory is the machine's own. A disk is too slow (80 µs a step), but the memory of a
GPU or of the machine beside it, 2 to 5 µs away, is not.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from machines.proofs import seeds
from machines.proofs.lanes import LANE_BYTES, VALUE, VALUES, Mixer
from machines.proofs.limits import MIB, AskedTooMuch, require_memory, require_range, require_seed
from machines.proofs.verdict import Verdict, failed, passed

LANE_MEGABYTES: Final = LANE_BYTES // MIB
MAX_MEGABYTES: Final = 16 << 20
"""16 TiB."""
MAX_STEPS: Final = 1_000_000
MAX_THREADS: Final = 1024
SAMPLES: Final = 100
STATE: Final = 32
STEP_SECONDS: Final = 10e-6
MAX_RTT: Final = 0.4
"""Seconds: once round the Earth by fibre, and some switches."""


@dataclass(frozen=True)
class Table:
    """A filled table. It takes its memory until nobody holds it any more."""

    seed: bytes
    cells: NDArray[np.uint8]
    """A row for each lane."""


def fill(seed: bytes, megabytes: int, threads: int = 1, stopped: threading.Event | None = None) -> Table:
    """A table of so many MiB, rounded up to whole lanes. Raises `AskedTooMuch`, also where `stopped` was set."""
    require_seed("a table's seed", seed)
    lanes = _lanes(megabytes)
    require_range("the number of threads", threads, 1, MAX_THREADS)
    threads = min(threads, lanes)
    require_memory(f"a table of {megabytes:,} MiB", lanes * LANE_BYTES + threads * (LANE_BYTES + 2 * MIB))
    cells = np.empty((lanes, LANE_BYTES), np.uint8)
    numbers = count()  # the next lane nobody has begun: taking it is one step of the interpreter

    def work() -> None:
        mixer = Mixer(seed)
        for lane in numbers:
            if lane >= lanes or (stopped is not None and stopped.is_set()):
                return
            mixer.fill(lane, cells[lane])

    with ThreadPoolExecutor(threads) as pool:
        for one in [pool.submit(work) for _ in range(threads)]:
            one.result()
    if stopped is not None and stopped.is_set():
        raise AskedTooMuch(f"filling a table of {megabytes:,} MiB was stopped")
    return Table(seed, cells)


def read(table: Table, nonce: bytes, steps: int) -> bytes:
    """The transcript of a read: the last state, then the value of each step, 32 bytes each. Raises `AskedTooMuch`."""
    state = _begin(nonce, steps)
    places = len(table.cells) * VALUES
    cells = table.cells.reshape(-1).data
    values = []
    for _ in range(steps):
        place = int.from_bytes(state[:8], "little") % places * VALUE
        value = cells[place : place + VALUE]
        state = sha256(state + value).digest()
        values.append(value)
    return b"".join((state, *values))


def check(
    seed: bytes, megabytes: int, nonce: bytes, steps: int, transcript: bytes, fresh: bytes, samples: int = SAMPLES
) -> Verdict:
    """Follows a transcript and makes the values of `samples` steps, drawn by `fresh`: 32 random bytes.

    Raises `AskedTooMuch` where the verifier's own numbers are wrong, and for nothing that a node sent.
    """
    require_seed("a table's seed", seed)
    require_seed("fresh randomness", fresh)
    places = _lanes(megabytes) * VALUES
    state = _begin(nonce, steps)
    if not isinstance(transcript, bytes) or len(transcript) != transcript_bytes(steps):
        return failed(f"the transcript of {steps:,} steps is not {transcript_bytes(steps):,} bytes")
    visited = []
    for start in range(STATE, len(transcript), VALUE):
        visited.append(int.from_bytes(state[:8], "little") % places)
        state = sha256(state + transcript[start : start + VALUE]).digest()
    if transcript[:STATE] != state:
        return failed("the transcript does not begin with the state that its values lead to")
    mixer = Mixer(seed)
    chosen = seeds.sample(fresh, steps, samples)
    for step in chosen:
        start = STATE + step * VALUE
        if transcript[start : start + VALUE] != mixer.value(*divmod(visited[step], VALUES)):
            return failed(f"step {step:,} of the read names a value that does not stand at its place")
    return passed(f"{len(chosen)} of {steps:,} values, made again, are right")


def transcript_bytes(steps: int) -> int:
    """Bytes of a transcript."""
    return STATE + steps * VALUE


def read_seconds(steps: int, rtt: float) -> float:
    """Seconds within which the first 32 bytes of an honest transcript are with who asked.

    They are the last state, which fixes all values: the rest may take what the link takes. A step is a hash and an
    access to memory, 2 µs in Python here; 10 µs leave room for slow and busy machines (a disk takes 80). `rtt` is the
    shortest of several pings, in seconds, and half of it more is allowed for jitter; beyond 0.4 s it counts as 0.4, for
    a node can delay its answers to pings. 0.1 s are for all else, such as a pause of the interpreter. What a step may
    take is sharp where the steps outweigh the rest: 10,000 with an `rtt` of 0.1 s may take 35 µs each, 100,000 take 12.
    """
    return 0.1 + STEP_SECONDS * steps + 1.5 * min(max(rtt, 0.0), MAX_RTT)


def _lanes(megabytes: int) -> int:
    require_range("a table's size in MiB", megabytes, 1, MAX_MEGABYTES)
    return -(-megabytes // LANE_MEGABYTES)


def _begin(nonce: bytes, steps: int) -> bytes:
    require_seed("a read's nonce", nonce)
    require_range("the number of steps", steps, 1, MAX_STEPS)
    return sha256(b"ionet read" + nonce).digest()
