"""Runs the machine: `uv run python -m tests.proof.machine --steps 1000000 --jobs 2`."""

from __future__ import annotations

import argparse
import runpy
import secrets
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from tests.proof.layout import declared
from tests.proof.machine import machine
from tests.proof.machine.economy import Statistics
from tests.proof.machine.portions import portions
from tests.proof.svm import DEPLOY


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
