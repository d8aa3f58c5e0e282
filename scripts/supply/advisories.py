"""Known vulnerabilities, from copies of advisory databases that somebody has: nothing is asked over the network.

Read are RustSec's own form (`RUSTSEC-….md`, TOML in front) and OSV, as JSON or YAML, which PyPA, GitHub and RustSec's
`osv` branch write. What nobody maintains any more is not looked at.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from packaging.version import InvalidVersion, Version

from . import Locked, Problem

ECOSYSTEMS = ("crates.io", "PyPI", "npm")
_FRONT = re.compile(r"```toml\n(.*?)\n```", re.DOTALL)
_COMPARATOR = re.compile(r"\s*(<=|>=|<|>|=|\^|~)?\s*([0-9A-Za-z.+-]+)\s*")


class Hit(NamedTuple):
    """A package that is locked, and an advisory that names its version."""

    package: Locked
    advisory: str
    summary: str


class Found(NamedTuple):
    """What the databases say."""

    problems: list[Problem]
    read: dict[str, int]
    """Advisories read of each ecosystem; of one that is missing here, nothing was checked."""


def check(folders: Collection[Path], locked: Collection[Locked], ignored: Collection[str]) -> Found:
    """Looks all of them up. Raises `ValueError` on an advisory that cannot be read: it may be the one."""
    by_name: dict[tuple[str, str], list[Locked]] = defaultdict(list)
    for one in locked:
        by_name[one.ecosystem, _canonical(one.ecosystem, one.name)].append(one)
    hits: set[Hit] = set()
    read: dict[str, int] = defaultdict(int)
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.suffix in (".md", ".json", ".yaml", ".yml")):
            try:
                for ecosystem, name, affects, about in _advisory(path):
                    read[ecosystem] += 1
                    for one in by_name[ecosystem, _canonical(ecosystem, name)]:
                        names = {about.id, *about.aliases}
                        if affects.touches(one.version) and not names & set(ignored):
                            hits.add(Hit(one, about.id, about.summary))
            except (ValueError, KeyError, TypeError, AttributeError) as failed:
                raise ValueError(f"{path} is no advisory that can be read: {failed!r}") from failed
    problems = [
        Problem(one.package.lock, f"{one.package.name} {one.package.version} has {one.advisory}: {one.summary}")
        for one in sorted(hits)
    ]
    return Found(problems, dict(read))


class _About(NamedTuple):
    id: str
    aliases: list[str]
    summary: str


class _Rust(NamedTuple):
    """Which versions: those that are neither patched nor from before the fault."""

    fine: list[str]

    def touches(self, version: str) -> bool:
        return not any(_meets(version, requirement) for requirement in self.fine)


class _Osv(NamedTuple):
    """Which versions: those that are listed, and those in one of the ranges."""

    ecosystem: str
    versions: list[str]
    ranges: list[list[dict[str, str]]]

    def touches(self, version: str) -> bool:
        return version in self.versions or any(self._in(events, version) for events in self.ranges)

    def _in(self, events: list[dict[str, str]], version: str) -> bool:
        """Whether the last event at or before the version begins the fault."""
        key: Callable[[str], Any] = _pep440 if self.ecosystem == "PyPI" else _semver
        at, inside = key(version), False
        for kind, when in sorted(
            ((kind, when) for event in events for kind, when in event.items()),
            key=lambda one: (one[1] != "0", key(one[1])),
        ):
            if kind == "introduced" and (when == "0" or key(when) <= at):
                inside = True
            elif (kind == "fixed" and key(when) <= at) or (kind == "last_affected" and key(when) < at):
                inside = False
        return inside


def _advisory(path: Path) -> Iterator[tuple[str, str, _Rust | _Osv, _About]]:
    """Ecosystem and name of each package that an advisory names, and which of its versions."""
    text = path.read_text()
    if path.suffix == ".md":
        front = _FRONT.search(text)
        if not front:
            return  # a README
        said = tomllib.loads(front[1])
        about = said["advisory"]
        if about.get("informational") == "unmaintained" or "withdrawn" in about:
            return
        versions = said["versions"]
        title = next((line[2:] for line in text[front.end() :].splitlines() if line.startswith("# ")), about["id"])
        fine = [*versions.get("patched", ()), *versions.get("unaffected", ())]
        yield "crates.io", about["package"], _Rust(fine), _About(about["id"], about.get("aliases", []), title)
        return
    said = json.loads(text) if path.suffix == ".json" else _yaml(text)
    if not isinstance(said, dict) or "affected" not in said or said.get("withdrawn"):
        return
    first = (said.get("summary") or said.get("details") or said["id"]).strip().split("\n")[0]
    for one in said["affected"]:
        ecosystem = one["package"]["ecosystem"].split(":")[0]
        if ecosystem in ECOSYSTEMS and (one.get("database_specific") or {}).get("informational") != "unmaintained":
            ranges = [found["events"] for found in one.get("ranges", ()) if found["type"] != "GIT"]
            about = _About(said["id"], said.get("aliases") or [], first)
            yield ecosystem, one["package"]["name"], _Osv(ecosystem, one.get("versions") or [], ranges), about


def _yaml(text: str) -> Any:
    import yaml  # type: ignore[import-untyped] # of the development environment, by way of Dask

    return yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 - texts alone: no version becomes a number


def _canonical(ecosystem: str, name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower() if ecosystem == "PyPI" else name


def _pep440(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:
        raise ValueError(f"{version!r} is no version of Python's") from None


def _semver(version: str) -> tuple[tuple[int, ...], bool, tuple[tuple[int, int, str], ...]]:
    """A key that sorts as SemVer 2 says: numbers, then a release after its pre-releases; build metadata is nothing."""
    numbers, _, before = version.partition("+")[0].partition("-")
    core = [int(part) for part in numbers.split(".")]
    parts = tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in before.split(".") if part)
    return (*core, 0, 0)[:3], not before, parts


def _meets(version: str, requirement: str) -> bool:
    """Whether a version meets a requirement of Cargo's: comparators joined by commas."""
    at = _semver(version)
    for part in requirement.split(","):
        found = _COMPARATOR.fullmatch(part)
        if not found:
            raise ValueError(f"{requirement!r} is no requirement of Cargo's")
        operator, wanted = found[1] or "^", _semver(found[2])
        given = found[2].partition("-")[0].count(".") + 1
        core = wanted[0]
        if operator == "^":
            kept = next((place for place, number in enumerate(core[:given]) if number), given - 1)
        else:
            kept = min(given, 2) - 1
        above = _semver(".".join(str(number) for number in (*core[:kept], core[kept] + 1)) + "-0")
        if not {
            "<": at < wanted,
            "<=": at <= wanted,
            ">": at > wanted,
            ">=": at >= wanted,
            "=": at == wanted if given == 3 else at[0][:given] == core[:given],
            "^": wanted <= at < above,
            "~": wanted <= at < above,
        }[operator]:
            return False
    return True
