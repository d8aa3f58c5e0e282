"""Plants each bug in the programs and asks the detectors: `uv run python -m tests.proof.planted`.

    --only NN [NN …]   these bugs
    --draw N --seed S  N bugs that differ in program and kind, drawn by S: for CI, the commit's hash
    --jobs N           bugs at a time (2); builds go on one after the other
    --build-only       builds, and asks nobody
    --no-clean         does not ask the detectors about the programs without a bug

Needs `cargo-build-sbf` on the PATH. Exit code 1: a bug was not found, or something was found where there is none.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from random import Random

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.proof.planted.build import Builder, BuildFailed, sources
from tests.proof.planted.detect import DETECTORS, Case, Detector, DetectorFailed
from tests.proof.planted.patches import PatchInvalid, Planted, planted


@dataclass(frozen=True)
class Verdict:
    bug: Planted | None
    by: str
    """The detector that found something; empty where none did."""
    finding: str
    seconds: float
    """Of building and asking."""
    trouble: str = ""
    """Why nobody could say."""

    @property
    def fine(self) -> bool:
        """A bug was found, or none where there is none."""
        return not self.trouble and bool(self.by) == (self.bug is not None)


def judge(case: Case, asked: Sequence[Detector]) -> Verdict:
    """Asks the detectors, the expected one first, until one finds something; without any, builds."""
    start = time.monotonic()
    expect = case.bug.expect if case.bug else ""
    by = finding = trouble = ""
    try:
        if not asked:
            case.build()
        for detector in sorted(asked, key=lambda detector: detector.name != expect):
            if said := detector.finds(case):
                by, finding = detector.name, said
                break
    except (BuildFailed, DetectorFailed, PatchInvalid) as failure:
        trouble = str(failure)
    return Verdict(case.bug, by, finding, time.monotonic() - start, trouble)


def drawn(bugs: Sequence[Planted], count: int, seed: str) -> list[Planted]:
    """So many of the bugs: first those that bring a new program, then those that bring a new kind."""
    rest, chosen = list(bugs), list[Planted]()
    Random(seed).shuffle(rest)  # noqa: S311 - a draw that can be repeated
    while rest and len(chosen) < count:
        programs = {program for bug in chosen for program in bug.programs}
        kinds = {bug.kind for bug in chosen}
        rest.sort(key=lambda bug: (bool(programs & {*bug.programs}), bug.kind in kinds))
        chosen.append(rest.pop(0))
    return sorted(chosen, key=lambda bug: bug.number)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="tests.proof.planted", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=int, nargs="+", metavar="NN")
    parser.add_argument("--draw", type=int, metavar="N")
    parser.add_argument("--seed", default="")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--build-only", action="store_true")
    parser.add_argument("--no-clean", action="store_true")
    options = parser.parse_args(arguments)

    bugs = [bug for bug in planted() if not options.only or bug.number in options.only]
    if options.draw:
        bugs = drawn(bugs, options.draw, options.seed)
    builder, clean, console = Builder(), sources(), Console(width=160)
    asked = [] if options.build_only else DETECTORS
    cases = [Case(bug, clean, builder, tuple(bugs)) for bug in (*([] if options.no_clean else [None]), *bugs)]
    start = time.monotonic()
    verdicts = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for done in as_completed([pool.submit(judge, case, asked) for case in cases]):
            verdicts.append(done.result())
            verdict = verdicts[-1]
            said = "trouble" if verdict.trouble else "built" if not asked else verdict.by or "nothing found"
            console.print(f"{_name(verdict):40} {said:14} {verdict.seconds:5.0f} s", highlight=False)
    troubles = [f"{_name(verdict)}: {verdict.trouble}" for verdict in verdicts if verdict.trouble]
    for trouble in troubles:
        console.print(trouble, style="red", markup=False)
    if not asked:
        return 1 if troubles else 0

    verdicts.sort(key=_name)
    table = Table("bug", "kind", "expected", "found by", "s", "what it found", box=None)
    for verdict in verdicts:
        bug, by = verdict.bug, verdict.by or "-"
        kind, expect = (bug.kind, bug.expect) if bug else ("", "-")
        colour = "" if verdict.fine else "red"
        table.add_row(_name(verdict), kind, expect, by, f"{verdict.seconds:.0f}", escape(verdict.finding), style=colour)
    console.print(table)
    wrong = [verdict for verdict in verdicts if not verdict.fine and not verdict.trouble]
    found = sum(verdict.fine for verdict in verdicts if verdict.bug)
    console.print(f"{found} of {len(bugs)} bugs found in {time.monotonic() - start:.0f} s")
    for verdict in wrong:
        said = (
            f"is not found: {verdict.bug.gain}" if verdict.bug else f"is not clean: {verdict.by} says {verdict.finding}"
        )
        console.print(f"{_name(verdict)} {said}", style="red")
    return 1 if wrong or troubles else 0


def _name(verdict: Verdict) -> str:
    return verdict.bug.name if verdict.bug else "00-clean"


if __name__ == "__main__":
    sys.exit(main())
