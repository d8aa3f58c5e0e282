"""What the project takes from others: locked by hashes, from the public registries, under licences it may use.

    uv run python -m scripts.supply [--advisories FOLDER …]

`locks` looks at the lock files, `installs` at the commands that install, `crates` and `packages` at licences,
duplicates and yanked crates, `advisories` at known vulnerabilities, for which a copy of an advisory database must be
named. What is allowed stands in `deny.toml` (which cargo-deny reads, too) and in `scripts/supply/allowed.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is refused."""

    where: str
    """A file of the project."""
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


@dataclass(frozen=True, slots=True, order=True)
class Locked:
    """A package that a lock file names."""

    ecosystem: str
    """`PyPI`, `crates.io` or `npm`, as OSV calls them."""
    name: str
    version: str
    lock: str
