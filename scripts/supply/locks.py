"""Lock files: each package by its hash, from its public registry; nothing from git, a URL or another's folder."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import Locked, Problem

UV = ("uv.lock", "localnet/uv.lock")
CARGO = ("programs/Cargo.lock", "native/Cargo.lock")
NPM = ("tests/bench/peer/package-lock.json",)

OWN = {
    "uv.lock": {"ionet": {"editable": "."}, "ionet-native": {"directory": "native"}},
    "localnet/uv.lock": {"ionet-localnet": {"editable": "."}},
    "programs/Cargo.lock": {"burn", "common", "economics", "emission", "escrow", "oracle", "staking"},
    "native/Cargo.lock": {"ionet-native"},
}
"""What is ours, and so has no hash."""

_PYPI = {"registry": "https://pypi.org/simple"}
_PYPI_FILE = re.compile(r"https://files\.pythonhosted\.org/packages/[0-9a-f/]+/[^/]+")
_CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_ANY_LOCK = re.compile(r".*\.lock|.*-lock\.json|.*-lock\.yaml|requirements.*\.txt")
_SHA512 = re.compile(r"sha512-[A-Za-z0-9+/]{86}==")


def problems(root: Path) -> Iterator[Problem]:
    """All that is wrong with the lock files, and lock files that nobody looks at."""
    for names, check in ((UV, _uv), (CARGO, _cargo), (NPM, _npm)):
        for name in names:
            yield from check(root, name)
    for folder, folders, files in os.walk(root):
        folders[:] = [one for one in folders if not one.startswith(".") and one not in ("target", "node_modules")]
        for file in files:
            name = str((Path(folder) / file).relative_to(root))
            if _ANY_LOCK.fullmatch(file) and name not in (*UV, *CARGO, *NPM):
                yield Problem(name, "it is not checked: name it in scripts/supply/locks.py, or remove it")


def locked(root: Path) -> Iterator[Locked]:
    """Every package of others that a lock file names."""
    for name in UV:
        for one in _toml(root, name)["package"]:
            if one["name"] not in OWN[name]:
                yield Locked("PyPI", one["name"], one["version"], name)
    for name in CARGO:
        for one in _toml(root, name)["package"]:
            if one["name"] not in OWN[name]:
                yield Locked("crates.io", one["name"], one["version"], name)
    for name in NPM:
        for path, one in _packages(root, name):
            yield Locked("npm", path.rpartition("node_modules/")[2], one["version"], name)


def _toml(root: Path, name: str) -> dict[str, Any]:
    return tomllib.loads((root / name).read_text())


def _uv(root: Path, name: str) -> Iterator[Problem]:
    for one in _toml(root, name)["package"]:
        package, source = one["name"], one["source"]
        if OWN[name].get(package) == source:  # type: ignore[attr-defined] # those of uv are by their source
            continue
        if source != _PYPI:
            yield Problem(name, f"{package} comes from {source}, not from {_PYPI['registry']}")
            continue
        files = [*one.get("wheels", ()), *filter(None, [one.get("sdist")])]
        if not files:
            yield Problem(name, f"{package} has no file, so no hash")
        for file in files:
            if not _PYPI_FILE.fullmatch(file.get("url", "")):
                yield Problem(name, f"{package} has a file that is not PyPI's: {file.get('url') or file.get('path')}")
            if not _SHA256.fullmatch(file.get("hash", "")):
                yield Problem(name, f"{package} has a file without a SHA-256: {file.get('url')}")


def _cargo(root: Path, name: str) -> Iterator[Problem]:
    for one in _toml(root, name)["package"]:
        package, source = f"{one['name']} {one['version']}", one.get("source")
        if source is None and one["name"] in OWN[name]:
            continue
        if source != _CRATES_IO:
            yield Problem(name, f"{package} comes from {source or 'a folder'}, not from crates.io")
        if not _CHECKSUM.fullmatch(one.get("checksum", "")):
            yield Problem(name, f"{package} has no SHA-256")


def _npm(root: Path, name: str) -> Iterator[Problem]:
    for path, one in _packages(root, name):
        # A link is a folder; `resolved` is left out (.npmrc), so that the registry that is configured serves the hash.
        if "resolved" in one or one.get("link"):
            yield Problem(
                name, f"{path} comes from {one.get('resolved', 'a folder')}, not from the registry by its hash"
            )
        if not _SHA512.fullmatch(one.get("integrity", "")):
            yield Problem(name, f"{path} has no SHA-512")


def _packages(root: Path, name: str) -> list[tuple[str, dict[str, Any]]]:
    return [(path, one) for path, one in json.loads((root / name).read_text())["packages"].items() if path]
