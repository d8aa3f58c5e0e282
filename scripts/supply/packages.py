"""Licences of Python and npm packages, by the rules of `allowed.toml`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from email.message import Message
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, cast

from . import ROOT, Problem
from .locks import NPM, OWN, UV
from .spdx import allows


def rules() -> dict[str, Any]:
    """What `allowed.toml` says."""
    return tomllib.loads((ROOT / "scripts/supply/allowed.toml").read_text())


def problems(root: Path) -> Iterator[Problem]:
    """Licences that are neither allowed nor excepted, of what is installed in both environments and locked for npm."""
    said = rules()
    allowed, excepted = set(said["licenses"]["allow"]), {one["name"]: one for one in said["exception"]}
    for name in UV:
        own = OWN[name]
        for package in installed((root / name).parent / ".venv"):
            if package.name in own or package.name in excepted:
                continue
            licence = licence_of(package, said["names"])
            if not _is_allowed(licence, allowed):
                yield Problem(name, f"{package.name} {package.version} is under {licence!r}: {_WHAT_TO_DO}")
    for name in NPM:
        for path, one in json.loads((root / name).read_text())["packages"].items():
            package_name = path.rpartition("node_modules/")[2]
            if path and package_name not in excepted and not _is_allowed(one.get("license", ""), allowed):
                yield Problem(name, f"{package_name} is under {one.get('license')!r}: {_WHAT_TO_DO}")


def installed(environment: Path) -> list[Distribution]:
    """The packages of an environment; empty where it was not made."""
    folders = [str(path) for path in environment.glob("lib/python3*/site-packages")]
    return sorted(distributions(path=folders), key=lambda one: one.name) if folders else []


def licence_of(package: Distribution, names: dict[str, str]) -> str:
    """As an SPDX expression where the package says it in any of the three ways there were; else what it says."""
    said = cast(Message, package.metadata)
    expression = said.get("License-Expression")
    if expression:
        return str(expression)
    text = str(said.get("License") or "").strip()
    named = [one.removeprefix("License :: ") for one in said.get_all("Classifier") or ()]
    spdx = [names[one] for one in named if one in names]
    first = text.split("\n")[0].strip()
    return " AND ".join(spdx) or names.get(first, first)


def _is_allowed(licence: str, allowed: set[str]) -> bool:
    try:
        return allows(licence, allowed)
    except ValueError:
        return False


_WHAT_TO_DO = "allow it in scripts/supply/allowed.toml, or except the package with a reason"
