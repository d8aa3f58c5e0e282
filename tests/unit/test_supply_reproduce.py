"""`scripts/reproduce` with a builder that takes no minutes: who builds where, and what is said where builds differ."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.supply import ROOT

BUILDER = """#!/bin/bash
# build-sbf --manifest-path PROGRAM/Cargo.toml --sbf-out-dir deploy -- --locked
set -e
[ "$1" != --version ] || exit 0
program=$(dirname "$3")
[ -f "$3" ] && [ -f Cargo.lock ] && [ ! -e "$5/$program.so" ]
[ "$6 $7" = "-- --locked" ]
mkdir -p "$5"
cp "{root}/programs/deploy/$program.so" "$5/$program.so"
chmod u+w "$5/$program.so"
printf '%s|%s|%s|%s|%s\\n' "$program" "$(id -u)" "$HOME" "$PWD" "${{CARGO_HOME:-}}" >>"{log}"
{more}
"""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for the PATH, in which `cargo build-sbf` copies what is committed."""
    if shutil.which("git") is None:
        pytest.skip("git is not on the PATH")
    (tmp_path / "log").touch(mode=0o666)
    (tmp_path / "log").chmod(0o666)
    (tmp_path / "cargo-build-sbf").write_text("#!/bin/bash\n")
    (tmp_path / "cargo-build-sbf").chmod(0o755)
    builder(tmp_path, "")
    return tmp_path


def builder(tools: Path, more: str) -> None:
    """`more`: what it does besides, in a shell."""
    (tools / "cargo").write_text(BUILDER.format(root=ROOT, log=tools / "log", more=more))
    (tools / "cargo").chmod(0o755)


def reproduce(tools: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{tools}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    script = [str(ROOT / "scripts/reproduce"), *arguments]
    return subprocess.run(script, capture_output=True, text=True, env=environment)  # noqa: S603 - our own script


def test_builds_are_two_users_in_two_folders(tools: Path) -> None:
    """The second has neither the first's home nor its crates; without root, that is said."""
    done = reproduce(tools, "oracle", "burn")
    assert done.returncode == 0, done.stderr
    assert [line.split(", ")[:2] for line in done.stdout.splitlines()] == [
        ["same: oracle", "first folder"],
        ["same: burn", "first folder"],
        ["same: oracle", "second folder"],
        ["same: burn", "second folder"],
    ]
    lines = [line.split("|") for line in (tools / "log").read_text().splitlines()]
    (_, user, home, folder, _), (_, other, other_home, other_folder, other_crates) = lines[0], lines[2]
    assert len(Path(other_folder).parts) > len(Path(folder).parts) + 2
    assert not Path(folder).exists()
    if os.geteuid() == 0:
        assert (user, other) == ("0", "65534")
        assert other_home != home
        assert other_crates.startswith(other_home)
    else:
        assert "not tried: a second user" in done.stderr


def test_a_build_that_differs_fails(tools: Path) -> None:
    """Though it differs in one folder alone."""
    builder(tools, 'case "$PWD" in *deeper*) printf x >>"$5/$program.so" ;; esac')
    done = reproduce(tools, "oracle")
    assert done.returncode == 1
    assert "same: oracle, first folder" in done.stdout
    assert "DIFFERS: oracle, second folder" in done.stderr
    assert reproduce(tools, "--second", "oracle").returncode == 1
    builder(tools, "exit 7")
    assert reproduce(tools, "oracle").returncode == 7


def test_what_cannot_be_built_is_said(tools: Path) -> None:
    """A program that is not there; no builder."""
    assert "no program 'orakel'" in reproduce(tools, "orakel").stderr
    (tools / "cargo-build-sbf").unlink()
    done = reproduce(tools)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cargo-build-sbf is not on the PATH" in done.stderr
