"""Crates: licences, duplicates and yanked versions, by the rules of `deny.toml`."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import Locked, Problem
from .spdx import allows

WORKSPACES = ("programs", "native")


def rules(root: Path) -> dict[str, Any]:
    """What `deny.toml` says."""
    return tomllib.loads((root / "deny.toml").read_text())


def problems(root: Path, locked: list[Locked]) -> Iterator[Problem]:
    """Licences that are not allowed, and versions of one crate side by side that nobody gave a reason for."""
    said = rules(root)
    allowed = set(said["licenses"]["allow"])
    skipped = {one["crate"] for one in said["bans"]["skip"]}
    for workspace in WORKSPACES:
        for package in _metadata(root / workspace):
            if package["source"] is None:
                continue
            name, licence = f"{package['name']} {package['version']}", package["license"]
            if licence is None or not allows(licence, allowed):
                yield Problem(f"{workspace}/Cargo.lock", f"{name} is under {licence}: deny.toml does not allow it")
        lock = f"{workspace}/Cargo.lock"
        versions = defaultdict(list)
        for one in locked:
            if one.lock == lock:
                versions[one.name].append(one.version)
        for name, found in versions.items():
            extra = [one for one in found if f"{name}@{one}" not in skipped]
            if len(extra) > 1:
                yield Problem(lock, f"{name} is there as {' and '.join(extra)}: skip one in deny.toml, with a reason")


def yanked(root: Path, locked: list[Locked]) -> tuple[list[Problem], int]:
    """Crates that were taken back, as cargo's copy of the index says; and how many crates it says nothing of."""
    home = Path(os.environ.get("CARGO_HOME", "~/.cargo")).expanduser()
    caches = sorted((home / "registry" / "index").glob("index.crates.io-*/.cache"))
    found, unknown = [], 0
    for one in locked:
        if one.ecosystem != "crates.io":
            continue
        said = next((entry for cache in caches for entry in _index(cache, one) if entry["vers"] == one.version), None)
        if said is None:
            unknown += 1
        elif said["yanked"]:
            found.append(Problem(one.lock, f"{one.name} {one.version} was yanked: `cargo update -p {one.name}`"))
    return found, unknown


def _metadata(workspace: Path) -> list[dict[str, Any]]:
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    done = subprocess.run(command, cwd=workspace, stdout=subprocess.PIPE, check=True)  # noqa: S603 - our own command
    return list(json.loads(done.stdout)["packages"])


def _index(cache: Path, crate: Locked) -> Iterator[dict[str, Any]]:
    """Entries of the sparse index's cache: JSON among other things, each ended by a zero byte."""
    name = crate.name.lower()
    folder = (
        f"{len(name)}/{name[0]}" if len(name) == 3 else f"{name[:2]}/{name[2:4]}" if len(name) > 3 else str(len(name))
    )
    try:
        parts = (cache / folder / name).read_bytes().split(b"\0")
    except OSError:
        return
    for part in parts:
        if part.startswith(b"{"):
            yield json.loads(part)
