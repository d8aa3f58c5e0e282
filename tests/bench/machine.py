"""What this machine measures of itself: `uv run python -m tests.bench.machine [--runs 20]`.

The proofs that a verifier asks a node for, done here by the same functions, and checked: clock, memory and compute, run
after run, so that what varies with the machine's state varies between runs of each. `spread` is (max − min) / median.
`others` is the share of all cores that other processes took meanwhile: a figure is only as good as that is small.
"""

from __future__ import annotations

import argparse
import os
import secrets
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

import psutil

from machines.proofs import clock, compute, memory, payload
from machines.proofs.engines import engine
from machines.proofs.verdict import Verdict

T = TypeVar("T")


class Bench:
    """Figures, by what they measure."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self.found: dict[str, list[float]] = defaultdict(list)

    def run(self) -> None:
        """Every proof once."""
        began, own = psutil.cpu_times(), time.process_time()
        self.clock()
        self.memory()
        for processors in sorted({1, self.arguments.processors}):
            self.compute(processors)
        ended = psutil.cpu_times()
        idle = ended.idle - began.idle + getattr(ended, "iowait", 0.0) - getattr(began, "iowait", 0.0)
        whole = sum(ended[:8]) - sum(began[:8])
        self.found["others, % of all cores"].append(max(0.0, 100 * (1 - (idle + time.process_time() - own) / whole)))

    def clock(self) -> None:
        """A chain of hashes, and some of it again."""
        seed, iterations = secrets.token_bytes(32), self.arguments.iterations
        seconds, checkpoints = _timed(lambda: clock.prove(seed, iterations))
        self.found["clock, MHz"].append(clock.mhz(iterations, seconds))
        checked, verdict = _timed(lambda: clock.check(seed, iterations, clock.SEGMENTS, checkpoints, _fresh()))
        self._require("clock", verdict, checked / seconds)

    def memory(self) -> None:
        """A table filled by one thread, by all, then read; and some of its values made again."""
        seed, nonce, megabytes, steps = secrets.token_bytes(32), _fresh(), self.arguments.megabytes, 10_000
        for threads in sorted({1, self.cores}):
            seconds, table = _timed(lambda threads=threads: memory.fill(seed, megabytes, threads))  # type: ignore[misc]
            self.found[f"memory, fill with {threads} thread(s), MB/s"].append(table.cells.nbytes / 1e6 / seconds)
        reading, transcript = _timed(lambda: memory.read(table, nonce, steps))
        self.found["memory, a step of a read, µs"].append(reading / steps * 1e6)
        checked, verdict = _timed(lambda: memory.check(seed, megabytes, nonce, steps, transcript, _fresh()))
        self._require("memory", verdict, checked / seconds)
        self.found["memory, a sample of the check, ms"].append(checked / memory.SAMPLES * 1e3)

    def compute(self, processors: int) -> None:
        """A chain on each processor at the same time; and what one does to some vectors."""
        n, steps = self.arguments.rows, self.arguments.steps
        seeds = [secrets.token_bytes(32) for _ in range(processors)]
        content = payload.content(secrets.token_bytes(32), 4 * n * n)
        seconds, products = _timed(lambda: compute.prove(content, seeds, n, steps))
        self.found[f"compute, {processors} at once, GFLOP/s each"].append(compute.gflops(n, steps, seconds))
        committed = compute.commitment(products[-1])
        checked, verdict = _timed(
            lambda: compute.check(products[-1], committed, content, seeds[-1], n, steps, _fresh())
        )
        self._require(f"compute, {processors} at once", verdict, checked / seconds)

    def _require(self, name: str, verdict: Verdict, share: float) -> None:
        if not verdict.passed:
            raise RuntimeError(f"{name}: {verdict.why}")
        self.found[f"{name}, check in % of the proof"].append(100 * share)

    def show(self) -> None:
        """A line for each figure."""
        print(f"{'':<42}{'min':>10}{'median':>10}{'max':>10}{'spread':>9}")
        for name, values in self.found.items():
            low, middle, high = min(values), statistics.median(values), max(values)
            spread = f"{100 * (high - low) / middle:8.1f}%" if middle else ""
            print(f"{name:<42}{low:10,.1f}{middle:10,.1f}{high:10,.1f}{spread}")


def _timed(do: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    done = do()
    return time.perf_counter() - began, done


def _fresh() -> bytes:
    return secrets.token_bytes(32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=20, help="of everything (default 20)")
    parser.add_argument("--iterations", type=int, default=16_000_000, help="of the clock's chain (default 16,000,000)")
    parser.add_argument("--megabytes", type=int, default=1_024, help="of the table (default 1,024)")
    parser.add_argument("--rows", type=int, default=2_048, help="of the matrices (default 2,048)")
    parser.add_argument("--steps", type=int, default=4, help="products in a chain (default 4)")
    parser.add_argument("--processors", type=int, default=2, help="that compute at once (default 2)")
    bench = Bench(parser.parse_args())
    print(f"{bench.arguments.runs} runs; {bench.cores} cores; {engine().name} computes")
    for number in range(bench.arguments.runs):
        bench.run()
        print(f"run {number + 1}", end="\r", flush=True)
    bench.show()


if __name__ == "__main__":
    main()
