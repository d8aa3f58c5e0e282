"""A processor's clock, by a chain of hashes: no step can begin before the one before it ended.

A chain is cut into segments; the node names the value after each (a checkpoint), and the verifier computes some
segments again, drawn after the node answered. A segment is one SHA-256 over the checkpoint before it and a pattern of
256 KiB that the seed gives, again and again; an iteration is one compression, 64 bytes.

Why not PBKDF2: what an iteration of it costs is decided by the library. OpenSSL 3.0 takes 327 ns here and OpenSSL 4.0
159 ns for two compressions that take 82 ns, so that better code would show a clock four times as high. A long SHA-256
waits for nothing but the processor: there is nothing to gain by better code.

**What the clock means.** `CYCLES_PER_ITERATION` is 129: on an AMD EPYC 7003 a compression takes 41.2 ns (the best of
many runs), while a loop of dependent additions in C, one cycle each, ran at 3,130 MHz on the same core. It is 32
`sha256rnds2` instructions, each waiting 4 cycles for the one before. `mhz` therefore is an equivalent clock: that of
such a processor which hashes as fast. One whose SHA instructions take more cycles shows less than its own clock, one
without them a third or less. It counts work in a chain, whatever hertz stand behind it.

**Chance of cheating.** Of n segments w are wrong, and s are computed again: this passes with the chance
C(n−w, s) / C(n, s), at most (1 − s/n)^w. A checkpoint that was altered afterwards makes two segments wrong (the last
one makes one). A node may guess a checkpoint in order to go on from there on another core: q cores finish up to q times
sooner, with q − 1 wrong segments. With n = 32 and s = 8, a doubled clock passes once with 3/4, five times with 1/4; ten
cores pass once with 5%. Who checks a share s/n of the work finds a doubled clock with that chance, no more: a clock is
to be believed after several trials, not after one.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from machines.proofs import payload, seeds
from machines.proofs.limits import require_range, require_seed
from machines.proofs.verdict import Verdict, failed, passed

CYCLES_PER_ITERATION: Final = 129
MAX_ITERATIONS: Final = 1 << 33
"""Six minutes at 3,000 MHz."""
MAX_SEGMENTS: Final = 4096
SEGMENTS: Final = 32
SAMPLES: Final = 8
_BLOCK: Final = 64
_PATTERN: Final = 256 * 1024


def prove(seed: bytes, iterations: int, segments: int = SEGMENTS) -> list[bytes]:
    """The checkpoints of a chain, 32 bytes each, on one core. Raises `AskedTooMuch`."""
    _require(seed, iterations, segments)
    pattern = payload.content(seed, _PATTERN)
    checkpoints: list[bytes] = []
    before = seed
    for segment in range(segments):
        before = _segment(pattern, before, segment, _length(iterations, segments, segment))
        checkpoints.append(before)
    return checkpoints


def check(
    seed: bytes, iterations: int, segments: int, checkpoints: Sequence[bytes], fresh: bytes, samples: int = SAMPLES
) -> Verdict:
    """Computes `samples` segments again, drawn by `fresh`: 32 random bytes that the node could not know.

    Raises `AskedTooMuch` where the verifier's own numbers are wrong, and for nothing that a node sent.
    """
    _require(seed, iterations, segments)
    require_seed("fresh randomness", fresh)
    if not isinstance(checkpoints, list | tuple) or len(checkpoints) != segments:
        return failed(f"the node did not name {segments} checkpoints")
    if not all(isinstance(one, bytes) and len(one) == 32 for one in checkpoints):
        return failed("a checkpoint is not 32 bytes")
    pattern = payload.content(seed, _PATTERN)
    chosen = seeds.sample(fresh, segments, samples)
    for segment in chosen:
        before = checkpoints[segment - 1] if segment else seed
        length = _length(iterations, segments, segment)
        if _segment(pattern, before, segment, length) != checkpoints[segment]:
            return failed(f"segment {segment} of the chain does not end with the checkpoint that the node named")
    return passed(f"{len(chosen)} of {segments} segments, computed again, are right")


def mhz(iterations: int, seconds: float) -> float:
    """The equivalent clock, in MHz, of a processor that took `seconds` for a chain; 0 where it took none."""
    return iterations * CYCLES_PER_ITERATION / seconds / 1e6 if seconds > 0 else 0.0


def _require(seed: bytes, iterations: int, segments: int) -> None:
    require_seed("a clock's seed", seed)
    require_range("the number of segments", segments, 1, MAX_SEGMENTS)
    require_range("the number of iterations", iterations, segments, MAX_ITERATIONS)


def _length(iterations: int, segments: int, segment: int) -> int:
    """Iterations of one segment; the first ones take what is left over."""
    return iterations // segments + (segment < iterations % segments)


def _segment(pattern: bytes, before: bytes, segment: int, iterations: int) -> bytes:
    """The next checkpoint: whole blocks only, so that hashing copies nothing; the GIL is released in each update."""
    found = sha256(before + segment.to_bytes(_BLOCK - len(before), "little"))
    whole, rest = divmod(iterations * _BLOCK, _PATTERN)
    for _ in range(whole):
        found.update(pattern)
    found.update(pattern[:rest])
    return found.digest()
