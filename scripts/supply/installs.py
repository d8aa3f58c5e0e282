"""Commands that install: each keeps to a lock file. Read from what CI and people run, so a check of text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from . import Problem

FILES = (
    ".ci/run",
    "scripts/build",
    "scripts/reproduce",
    "README.md",
    "localnet/README.md",
    "examples/language/README.md",
)

_CARGO = r"\bcargo (?:build|build-sbf|run|test|check|clippy|metadata|install)\b"
RULES = (
    (re.compile(r"\buv sync\b"), re.compile(r"--(?:locked|frozen)\b"), "takes whatever is newest: add --locked"),
    (re.compile(r"\buv (?:add|pip|tool install)\b|\buvx\b"), None, "installs past uv.lock: name it in pyproject.toml"),
    (re.compile(_CARGO), re.compile(r"--locked\b"), "may change Cargo.lock: add --locked"),
    (
        re.compile(r"\banchor (?:build|idl build)\b"),
        re.compile(r"--locked\b"),
        "may change Cargo.lock: add -- --locked",
    ),
    (re.compile(r"\bnpm (?:install|i|add|update)\b|\bnpx\b"), None, "changes package-lock.json: npm ci"),
    (re.compile(r"\bcurl -[a-zA-Z]*[fLOoSs]|\bwget\b"), None, "downloads what no lock names"),
    (
        re.compile(r"\bpip install\b"),
        re.compile(r"\bpip install (?:--quiet )?uv\b|--target packages\b"),
        "names no hash",
    ),
)
"""A command, what it must carry (None: nothing makes it good), and what is wrong without."""

# uv itself comes by pip: something must come first. `--target packages` fills a job's folder, not this project.


def problems(root: Path) -> Iterator[Problem]:
    """Commands that break a rule."""
    for name in FILES:
        for number, line in enumerate(commands((root / name).read_text()), start=1):
            for command, needed, wrong in RULES:
                if command.search(line) and not (needed and needed.search(line)):
                    yield Problem(f"{name}:{number}", f"`{line.strip()}` {wrong}")


def commands(text: str) -> list[str]:
    """The lines without comments of a shell; prose counts, for people run what it quotes."""
    return [re.sub(r"(^|\s)#(?!#).*$", r"\1", line) for line in text.splitlines()]
