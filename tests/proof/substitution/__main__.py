"""The substitution matrix, by hand.

    uv run python -m tests.proof.substitution [--only escrow.settle_job] [--deploy FOLDER] [--json]

Exit code 1: something is accepted that `allowed.py` does not list, or was not tried.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from time import monotonic

from tests.proof.layout import declared
from tests.proof.substitution.matrix import Matrix, explore
from tests.proof.svm import DEPLOY, start_svm


def main() -> int:
    """Tries everything, and prints a table."""
    parser = argparse.ArgumentParser(prog="substitution", description=__doc__)
    parser.add_argument("--only", metavar="INSTRUCTION", help="as escrow.settle_job")
    parser.add_argument("--deploy", type=Path, default=DEPLOY, metavar="FOLDER", help="the programs to try")
    parser.add_argument("--json", action="store_true", help="one object in the place of the table")
    parser.add_argument("--untidy", action="store_true", help="say where Solana refuses in the place of a program")
    options = parser.parse_args()
    names = {one.name for one in declared().values()}
    if options.only not in {None, *names}:
        parser.error(f"{options.only} is no instruction: name one as escrow.settle_job")
    start = monotonic()
    total = 0

    def progress(name: str, tried: int) -> None:
        nonlocal total
        total += tried
        if sys.stderr.isatty() and not options.json:
            print(f"\r{monotonic() - start:5.0f} s  {total:7,}  {name:<30}", end="", file=sys.stderr)

    matrix = Matrix(options.only, progress=progress)
    with start_svm() as svm:
        explore(svm, matrix, options.deploy)
    problems = matrix.problems()
    figures = matrix.figures() | {"twins accepted": len(matrix.twins), "seconds": round(monotonic() - start, 1)}
    if options.json:
        print(json.dumps(figures | {"by kind": dict(matrix.kinds), "problems": problems}))
        return bool(problems)
    print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
    print(f"{'instruction':<30}{'accounts':>9}{'samples':>9}{'mutations':>11}{'refused':>9}{'allowed':>9}")
    for row in matrix.table():
        print(f"{row[0]:<30}{row[1]:>9,}{row[2]:>9,}{row[3]:>11,}{row[4]:>9,}{row[5]:>9,}")
    print("  ".join(f"{value:,} {name}" for name, value in figures.items()))
    print("  ".join(f"{kind} {count:,}" for kind, count in matrix.kinds.most_common()))
    if options.untidy:
        for where, count in matrix.untidy.most_common():
            print("untidy:", *where, count)
    for problem in problems:
        print(problem)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
