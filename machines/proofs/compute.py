"""Compute: a chain of matrix products in float32, C = A · B1 · B2 … Bk, on each processor at the same time.

A is made from the first 4·n² bytes of the payload, which nobody knows before it was sent: who has the work done
elsewhere has to ship it there. A processor's matrices B come from its own seed, each the same n² numbers with the rows
in another order and with other signs, so that a GPU makes them as fast as it multiplies. The node commits itself to
each C by SHA-256, then sends it; only then the verifier draws vectors r of signs, and compares C·r with A(B1(… (Bk
r))), in float64, where r is zero outside one group of columns. It takes O(k n²) for each vector.

**How exact.** Errors are counted in the root mean square of C's entries. Float32 leaves entries off by some 3e-7·√k
(measured with OpenBLAS, n from 64 to 4,096, on one thread and on two, and by sums of 16 terms), TF32 and float16 by
3e-4·√k, bfloat16 by 2e-3·√k. The sum of a group of w columns is off by √w times as much, and may be off by the
`tolerance`, 3·2^-24·√(k(n + 1024)w), where w is chosen so that this is at most 7e-4 (n/32 for larger sizes). The worst
of all honest sums stays 4 times below it; those of TF32 are 9 to 50 times above it on average, and still above it where
one product of the chain is TF32 and all others float32.

**Chance of cheating.** An entry of C that alone is wrong in its row and group is found with certainty where it is off
by 1.25 times the tolerance: by 1e-3 at least, as long as k·n·(n + 1024) <= 5e8. Where any entry is off by more than the
tolerance, each round finds it with 1/2 or more, whatever the others are: of two vectors that differ in one sign no more
than one fits. So errors that are made to cancel pass with 2^-rounds, 1/16 by default; and they gain nothing. Who leaves
out a share s of the columns to save work has s·w wrong ones in a group, which cancel with √(2 / (π s w)) at the most,
to the power of groups times rounds: below 1e-7 for 1% of the columns of n = 2,048, k = 8.

What it does not tell: by which way the product was found. Faster algorithms (Strassen's), and products put together
from several of lower precision, pass where they are as exact as float32. The product of many random matrices comes
close to one of lower rank: 57% of n after 16 steps, 37% after 32, at the exactness asked for; at most a tenth of the
work of 32 steps could be saved by that, hence `MAX_STEPS`. And of processors with the same seed's worth of work, only
time tells whether there are as many as were asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Final

import numpy as np

from machines.proofs import engines, matrices, payload
from machines.proofs.engines import Engine
from machines.proofs.limits import AskedTooMuch, require_memory, require_range, require_seed
from machines.proofs.matrices import Doubles
from machines.proofs.verdict import Verdict, failed, passed

MIN_N: Final = 16
MAX_N: Final = 32_768
MAX_STEPS: Final = 32
MAX_PROCESSORS: Final = 1_024
ROUNDS: Final = 4
WANTED_TOLERANCE: Final = 7e-4
MAX_GROUPS: Final = 32
_EPSILON: Final = 2.0**-24


def prove(
    content: bytes | bytearray | memoryview, seeds: Sequence[bytes], n: int, steps: int, engine: Engine | None = None
) -> list[bytes]:
    """C of each seed's chain, 4·n² bytes by rows, little-endian; all chains at the same time, each on a processor.

    `content`: the payload. Raises `AskedTooMuch`.
    """
    _require(n, steps)
    require_range("the number of processors", len(seeds), 1, MAX_PROCESSORS)
    for seed in seeds:
        require_seed("a chain's seed", seed)
    _require_content(content, n)
    using = engine or engines.engine()
    if using.name != "numpy" and len(seeds) > using.processors:
        raise AskedTooMuch(f"{len(seeds)} processors are asked for, and {using.name} finds {using.processors}")
    require_memory(f"{len(seeds)} products of {n:,} rows", 4 * n * n * (1 + 6 * len(seeds)))
    start = matrices.start(content, n)

    def work(processor: int, seed: bytes) -> bytes:
        with using.on(processor):
            g = using.put(matrices.base(seed, n), processor)
            turns = [
                (using.put(order, processor), using.put(signs, processor))
                for order, signs in matrices.turns(seed, n, steps)
            ]
            return using.get(matrices.chain(using.put(start, processor), g, turns)).astype("<f4", copy=False).tobytes()

    try:
        with using.together(), ThreadPoolExecutor(len(seeds)) as pool:
            return list(pool.map(work, range(len(seeds)), seeds))
    except (MemoryError, RuntimeError) as error:  # a GPU that has not the memory, by CuPy and by PyTorch
        raise AskedTooMuch(f"{using.name} cannot multiply matrices of {n:,} rows here: {error}") from error


def commitment(product: bytes | bytearray | memoryview) -> bytes:
    """What the node answers at first: SHA-256 of C."""
    return sha256(product).digest()


def check(
    product: bytes | bytearray | memoryview,
    committed: bytes,
    content: bytes | bytearray | memoryview,
    seed: bytes,
    n: int,
    steps: int,
    fresh: bytes,
    rounds: int = ROUNDS,
) -> Verdict:
    """Compares what C does to random vectors, drawn by `fresh`: 32 bytes that the node could not know.

    Raises `AskedTooMuch` where the verifier's own numbers are wrong, and for nothing that a node sent.
    """
    _require(n, steps)
    require_seed("a chain's seed", seed)
    require_seed("fresh randomness", fresh)
    require_range("the number of rounds", rounds, 1, 256)
    _require_content(content, n)
    if not isinstance(product, bytes | bytearray | memoryview) or memoryview(product).nbytes != 4 * n * n:
        return failed(f"the product is not {4 * n * n:,} bytes")
    if not isinstance(committed, bytes) or commitment(product) != committed:
        return failed("the product is another than the one that the node committed itself to")
    c = np.frombuffer(product, "<f4").reshape(n, n)
    if not np.isfinite(c).all():
        return failed("the product has entries that are no numbers")
    groups = _groups(n, steps)
    vectors = _vectors(fresh, n, groups, rounds)
    expected = matrices.applied(
        matrices.start(content, n), matrices.base(seed, n), matrices.turns(seed, n, steps), vectors
    )
    size = float(np.sqrt(np.mean(expected**2) * groups / n))
    off = np.abs(matrices.times(c, vectors) - expected).max(axis=1) / size
    row, allowed = int(off.argmax()), tolerance(n, steps)
    if not off[row] <= allowed:
        return failed(
            f"row {row:,} of the product is off by {off[row]:.1e}, where float32 is by less than {allowed:.1e}"
        )
    return passed(f"the product is that of the chain: off by {off[row]:.1e}, where {allowed:.1e} are allowed")


def gflops(n: int, steps: int, seconds: float) -> float:
    """GFLOP/s of one processor, which took `seconds` for a chain: 2·n³ operations a product; 0 where it took none."""
    return 2e-9 * n * n * n * steps / seconds if seconds > 0 else 0.0


def tolerance(n: int, steps: int) -> float:
    """How much a sum of a group of columns may be off, in the root mean square of the product's entries."""
    return 3 * _EPSILON * math.sqrt(steps * (n + 1024) * -(-n // _groups(n, steps)))


def _groups(n: int, steps: int) -> int:
    """Into how many groups columns are divided, for sums to be exact enough to show one wrong entry."""
    width = (WANTED_TOLERANCE / (3 * _EPSILON)) ** 2 / (steps * (n + 1024))
    return min(MAX_GROUPS, math.ceil(n / width))


def _vectors(fresh: bytes, n: int, groups: int, rounds: int) -> Doubles:
    """A column for each round and group: signs in the rows of the group, else zeros."""
    drawn = payload.content(sha256(b"ionet signs" + fresh).digest(), -(-n * rounds // 8))
    bits = np.unpackbits(np.frombuffer(drawn, np.uint8), count=n * rounds).reshape(rounds, n)
    rows = np.arange(n)
    width = -(-n // groups)
    found = np.zeros((n, rounds, groups))
    for number, signs in enumerate(bits):
        found[rows, number, rows // width] = np.where(signs, 1.0, -1.0)
    return found.reshape(n, rounds * groups)


def _require(n: int, steps: int) -> None:
    require_range("the number of rows", n, MIN_N, MAX_N)
    require_range("the number of steps", steps, 1, MAX_STEPS)


def _require_content(content: bytes | bytearray | memoryview, n: int) -> None:
    size = memoryview(content).nbytes
    if size < 4 * n * n:
        raise AskedTooMuch(f"matrices of {n:,} rows take {4 * n * n:,} bytes of payload, and there are {size:,}")
