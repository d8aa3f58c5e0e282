"""Builds programs with a planted bug, each once: what was built of the same sources is taken from `.ionet/planted`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Final

from client.idl import PROGRAMS, ROOT, ProgramName
from tests.proof.planted.patches import Planted, Sources

DEPLOY: Final = ROOT / "programs" / "deploy"
CACHE: Final = ROOT / ".ionet" / "planted"
SHARED: Final = ("common", "economics")
"""Crates that every program is made of."""
PROFILE: Final = {"CARGO_PROFILE_RELEASE_LTO": "off", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16"}
"""Only behaviour counts: what the committed build spends on size would be spent again for each bug."""


class BuildFailed(Exception):
    """Programs with a planted bug cannot be built."""


def sources() -> Sources:
    """All that programs are built of, by path from the project's root."""
    root = ROOT / "programs"
    crates = [path.parent for path in root.glob("*/Cargo.toml")]
    files = [root / "Cargo.toml", root / "Cargo.lock", *root.glob("idls/*.json")]
    files += [path for crate in crates for path in crate.rglob("*") if path.is_file()]
    return {str(path.relative_to(ROOT)): path.read_bytes() for path in sorted(files)}


class Builder:
    """One copy of the sources, in which one build goes on at a time: cargo builds again only what has changed."""

    def __init__(self, cache: Path = CACHE) -> None:
        self.cache = cache
        self.tree = cache / "tree"
        self._lock = Lock()

    def deploy(self, files: Sources, bug: Planted | None) -> Path:
        """A folder with the five programs: those with the bug are built, the others are the committed ones.

        `files`: with the bug in them. Without a bug all five are built, by the same profile.
        """
        built = {program: self.program(files, program) for program in (bug.programs if bug else PROGRAMS)}
        folder = self.cache / "deploy" / (bug.name if bug else "clean")
        folder.mkdir(parents=True, exist_ok=True)
        for program in PROGRAMS:
            shutil.copyfile(built.get(program, DEPLOY / f"{program}.so"), folder / f"{program}.so")
        return folder

    def program(self, files: Sources, program: ProgramName) -> Path:
        """One program, built or remembered."""
        tool = shutil.which("cargo-build-sbf")
        if tool is None:
            raise BuildFailed("cargo-build-sbf is not on the PATH: programs cannot be built")
        binary = self.cache / "built" / f"{program}-{_digest(files, program, tool)}.so"
        with self._lock:
            if not binary.exists():
                self._lay(files)
                manifest = self.tree / "programs" / program / "Cargo.toml"
                out = self.tree / "out"
                self._run([tool, "--manifest-path", str(manifest), "--sbf-out-dir", str(out)])
                binary.parent.mkdir(parents=True, exist_ok=True)
                os.replace(out / f"{program}.so", binary)
        return binary

    def test(self, files: Sources, crates: Iterable[str]) -> str | None:
        """Runs `cargo test` of crates on this machine: the first test that fails, or None."""
        packages = [word for crate in crates for word in ("-p", crate)]
        with self._lock:
            self._lay(files)
            self._run(["cargo", "test", "--quiet", "--locked", "--no-run", *packages])
            done = self._cargo(["cargo", "test", "--quiet", "--locked", "--no-fail-fast", *packages])
        if done.returncode == 0:
            return None
        failed = [line.strip() for line in done.stdout.splitlines() if line.startswith("    ") and "::" in line]
        return failed[0] if failed else f"cargo test ended with {done.returncode}"

    def _lay(self, files: Sources) -> None:
        """The tree holds these files; those that are already so keep their time, so that cargo leaves them."""
        for path in (self.tree / "programs").rglob("*"):
            if path.is_file() and str(path.relative_to(self.tree)) not in files:
                path.unlink()
        for name, content in files.items():
            path = self.tree / name
            if not path.exists() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)

    def _run(self, command: list[str]) -> None:
        done = self._cargo(command)
        if done.returncode:
            raise BuildFailed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-3_000:]}")

    def _cargo(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        environment = os.environ | PROFILE | {"CARGO_TARGET_DIR": str(self.cache / "target")}
        folder = self.tree / "programs"
        return subprocess.run(  # noqa: S603 - our own command
            command, cwd=folder, env=environment, capture_output=True, text=True
        )


def _digest(files: Sources, program: ProgramName, tool: str) -> str:
    """Names what a program is built of and by: 16 hexadecimal digits."""
    parts = [f"programs/{crate}/" for crate in (program, *SHARED)] + ["programs/idls/", "programs/Cargo."]
    digest = sha256(repr((str(Path(tool).resolve()), sorted(PROFILE.items()))).encode())
    for name, content in sorted(files.items()):
        if name.startswith(tuple(parts)):
            digest.update(sha256(name.encode()).digest() + sha256(content).digest())
    return digest.hexdigest()[:16]
