"""Runs the machine: `uv run python -m tests.proof.machine --steps 1000000 --jobs 2`."""

from __future__ import annotations

import argparse
import runpy
import secrets
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from tests.proof.layout import declared
from tests.proof.machine import machine
from tests.proof.machine.economy import Statistics, economy_on
from tests.proof.svm import DEPLOY

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
            for _ in machine.search(economy, steps, seed):
                pass
        except machine.Found as found:
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


def table(statistics: Statistics) -> Table:
    """What became of each instruction."""
    shown = Table("instruction", "accepted", "refused", "errors", title="What the machine did", expand=True)
    for name in sorted(one.name for one in declared().values()):
        errors = {error: count for (refused, error), count in statistics.refused.items() if refused == name}
        worst = sorted(errors.items(), key=lambda one: -one[1])
        listed = ", ".join(f"{error} {count:,}" for error, count in worst)
        shown.add_row(name, f"{statistics.accepted[name]:,}", f"{sum(errors.values()):,}", listed)
    return shown


def main() -> int:
    """1 where something was found, with the script that replays it."""
    parser = argparse.ArgumentParser(prog="tests.proof.machine", description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000, help="transactions, each followed by every invariant")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--seed", type=int, help="of the first history; drawn and said where none is given")
    parser.add_argument("--deploy", type=Path, default=DEPLOY, help="folder of the programs")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="runs a script that a failure printed")
    given = parser.parse_args()
    if given.replay:
        machine.REPLAYED_ON[0] = given.deploy
        runpy.run_path(str(given.replay))
        print("replayed: nothing failed")
        return 0
    seed = secrets.randbelow(2**32) if given.seed is None else given.seed
    console, total, script = Console(stderr=True), Statistics(), None
    console.print(f"{given.steps:,} steps from seed {seed} on")
    columns = (TextColumn("steps"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("steps", total=given.steps)
        for one in portions(given.deploy, given.steps, seed, given.jobs):
            total.add(one.statistics)
            progress.update(task, completed=total.steps)
            script = script or one.script
    console.print(table(total))
    console.print(f"{total.steps:,} steps, {total.rules:,} rules, {total.examples:,} histories")
    if script:
        print(script)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
