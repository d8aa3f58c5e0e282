"""Very many steps, in several processes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.proof.machine.economy import Statistics, economy_on
from tests.proof.machine.machine import Found, search

PORTION = 5_000
"""Steps for which a process keeps its chain."""


@dataclass(frozen=True)
class Portion:
    """What one process did."""

    statistics: Statistics
    script: str | None
    """Replays the failure, where there was one."""


def portion(deploy: Path, steps: int, seed: int) -> Portion:
    """Runs so many steps, from a seed on."""
    with economy_on(deploy) as economy:
        try:
            for _ in search(economy, steps, seed):
                pass
        except Found as found:
            return Portion(economy.statistics, f"# Found from seed {seed} on.\n{found}")
        return Portion(economy.statistics, None)


def portions(deploy: Path, steps: int, seed: int, jobs: int) -> Iterator[Portion]:
    """All of the steps, in so many processes; no more after a failure."""
    seeds = [seed + 1_000 * number for number in range(-(-steps // PORTION))]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(portion, deploy, min(PORTION, steps), one) for one in seeds[:jobs]}
        later = iter(seeds[jobs:])
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for one in done:
                yield one.result()
                if one.result().script:
                    later = iter(())
                elif (following := next(later, None)) is not None:
                    running.add(pool.submit(portion, deploy, PORTION, following))
