"""Checks all of it; exit code 1 where something is refused."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from . import ROOT, Locked, Problem, __doc__, advisories, crates, installs, locks, packages

_DATABASES = "rustsec/advisory-db, pypa/advisory-database or github/advisory-database"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts.supply", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--advisories", metavar="FOLDER", type=Path, action="append", default=[], help=f"a copy of {_DATABASES}"
    )
    folders = parser.parse_args().advisories
    for folder in folders:
        if not folder.is_dir():
            parser.error(f"{folder} is no folder: give a copy of {_DATABASES}")

    locked = list(locks.locked(ROOT))
    found = [*locks.problems(ROOT), *installs.problems(ROOT)]
    if not found:  # what follows reads what the locks name
        found += [*crates.problems(ROOT, locked), *packages.problems(ROOT)]
    yanked, unknown = crates.yanked(ROOT, locked)
    found += yanked
    unchecked = [f"whether {unknown} crates were yanked: cargo's copy of the index has not got them"] if unknown else []
    unchecked.append("whether Python or npm packages were yanked: their locks do not say")
    unchecked += [f"licences of {name}: its environment was not made" for name in _not_installed()]
    try:
        found += _vulnerable(folders, locked, unchecked)
    except ValueError as failed:
        found.append(Problem("--advisories", str(failed)))

    print(f"{len(locked)} packages in {len({one.lock for one in locked})} lock files")
    for text in unchecked:
        print(f"NOT CHECKED: {text}")
    for one in found:
        print(f"refused: {one}", file=sys.stderr)
    return 1 if found else 0


def _not_installed() -> list[str]:
    return [name for name in locks.UV if not packages.installed((ROOT / name).parent / ".venv")]


def _vulnerable(folders: list[Path], locked: list[Locked], unchecked: list[str]) -> list[Problem]:
    """Advisories that concern us; to `unchecked` goes what no database was given for."""
    ignored = [one["id"] for said in (crates.rules(ROOT), packages.rules()) for one in said["advisories"]["ignore"]]
    found = advisories.check(folders, locked, ignored)
    for ecosystem in advisories.ECOSYSTEMS:
        read = found.read.get(ecosystem)
        if read:
            print(f"{ecosystem}: {read} advisories read")
        else:
            unchecked.append(
                f"known vulnerabilities of {ecosystem}: no advisory data. Name a copy of {_DATABASES} with --advisories"
            )
    return found.problems


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as failed:
        sys.exit(f"{' '.join(failed.cmd)} failed with {failed.returncode}")
