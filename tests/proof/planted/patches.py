"""The planted bugs: patches that apply to today's sources, and what each says of itself."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from client.idl import PROGRAMS, ProgramName

PATCHES: Final = Path(__file__).with_name("patches")
DETECTORS: Final = ("substitution", "machine", "economics", "programs")
FAULTS: Final = range(1, 21)
"""Rows of the table of faults that concern the programs."""
FIELDS: Final = ("Title", "Kind", "Gain", "Fault", "Programs", "Expect")
MAX_LINES: Final = 14
"""Added and removed: a slip, not a rewrite."""

Sources = Mapping[str, bytes]
"""Files by their path from the project's root."""


class PatchInvalid(Exception):
    """A patch does not say what it must, or no longer applies."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One bug. Its header's fields, then the diff."""

    number: int
    name: str
    """`NN-name`, as the file is called."""
    title: str
    """What the program does wrong."""
    kind: str
    gain: str
    """What a thief has of it."""
    fault: int
    programs: tuple[ProgramName, ...]
    """Those that are built with it."""
    expect: str
    """The detector that should find it."""
    tests: tuple[str, ...]
    """Files of `tests/programs` that may notice it, too."""
    diff: str

    @classmethod
    def of(cls, path: Path) -> Planted:
        header, _, diff = path.read_text().partition("\n\n")
        fields = dict(line.split(": ", 1) for line in header.splitlines() if ": " in line)
        missing = [field for field in FIELDS if not fields.get(field)]
        name = re.fullmatch(r"(\d\d)-[a-z-]+", path.stem)
        if missing or name is None:
            raise PatchInvalid(
                f"{path.name}: {'no ' + ', '.join(missing) if missing else 'is not called NN-name.patch'}"
            )
        if fields["Expect"] not in DETECTORS or int(fields["Fault"]) not in FAULTS:
            raise PatchInvalid(f"{path.name}: Expect is one of {', '.join(DETECTORS)}, Fault a row of the faults")
        programs = tuple(program for program in PROGRAMS if program in fields["Programs"].split())
        if len(programs) != len(fields["Programs"].split()):
            raise PatchInvalid(f"{path.name}: Programs are of {', '.join(PROGRAMS)}, not {fields['Programs']!r}")
        return cls(
            number=int(name[1]),
            name=path.stem,
            title=fields["Title"],
            kind=fields["Kind"],
            gain=fields["Gain"],
            fault=int(fields["Fault"]),
            programs=programs,
            expect=fields["Expect"],
            tests=tuple(fields.get("Tests", "").split()),
            diff=diff,
        )

    @property
    def files(self) -> list[str]:
        """What it changes, by path from the project's root."""
        return re.findall(r"^\+\+\+ b/(.+)$", self.diff, re.MULTILINE)

    @property
    def lines(self) -> int:
        """Lines that it adds and removes."""
        return len(re.findall(r"^[+-](?![+-]{2} [ab]/)", self.diff, re.MULTILINE))

    def plant(self, sources: Sources) -> Sources:
        """The sources with the bug. Raises `PatchInvalid` where it does not apply."""
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for file in self.files:
                (root / file).parent.mkdir(parents=True, exist_ok=True)
                (root / file).write_bytes(sources.get(file, b""))
            # git would take the folder for a part of whichever repository is around it.
            environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(root.parent)}
            applied = subprocess.run(
                ["git", "apply", "-"],  # noqa: S607 - git is where the PATH says
                cwd=root,
                input=self.diff,
                text=True,
                capture_output=True,
                env=environment,
            )
            if applied.returncode:
                raise PatchInvalid(f"{self.name} no longer applies: {applied.stderr.strip()}")
            return {**sources, **{file: (root / file).read_bytes() for file in self.files}}


def planted() -> list[Planted]:
    """All bugs, by number."""
    return [Planted.of(path) for path in sorted(PATCHES.glob("*.patch"))]
