"""What is taken from others: each rule of `scripts.supply` refuses what it is for, and nothing of this project."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.supply import ROOT, Locked, advisories, crates, installs, locks
from scripts.supply.spdx import allows

HASH = "ab" * 32
FILE = "https://files.pythonhosted.org/packages/ab/cd/ef01/one-1.0.tar.gz"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """This project's lock files and commands, alone."""
    for name in (*locks.UV, *locks.CARGO, *locks.NPM, *installs.FILES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def broken(project: Path, name: str, pattern: str, by: str) -> list[str]:
    """What is said of the project once the first match in one of its files is replaced."""
    file = project / name
    text, count = re.subn(pattern, by, file.read_text(), count=1)
    assert count == 1, f"{name} has no {pattern}"
    file.write_text(text)
    return [str(one) for one in (*locks.problems(project), *installs.problems(project))]


def test_this_project_keeps_to_the_rules(project: Path) -> None:
    """Locks, commands, and what stands in the real folder besides them."""
    assert [str(one) for one in (*locks.problems(ROOT), *installs.problems(ROOT))] == []
    assert len(list(locks.locked(project))) > 300


@pytest.mark.parametrize(
    ("name", "pattern", "by", "said"),
    [
        ("uv.lock", r'hash = "sha256:[0-9a-f]+", ', "", "without a SHA-256"),
        ("localnet/uv.lock", r"sha256:[0-9a-f]{64}", "md5:0123", "without a SHA-256"),
        ("uv.lock", r"https://files\.pythonhosted\.org", "https://files.example.org", "not PyPI's"),
        ("uv.lock", r'registry = "https://pypi\.org/simple"', 'git = "https://example.org/x?rev=1#2"', "comes from"),
        (
            "uv.lock",
            r'source = \{ directory = "native"',
            'source = { directory = "../native"',
            "ionet-native comes from",
        ),
        ("programs/Cargo.lock", r'checksum = "[0-9a-f]+"\n', "", "has no SHA-256"),
        ("native/Cargo.lock", r'checksum = "[0-9a-f]{10}', 'checksum = "', "has no SHA-256"),
        (
            "programs/Cargo.lock",
            r"registry\+https://github\.com/rust-lang",
            "git+https://example.org",
            "not from crates.io",
        ),
        ("programs/Cargo.lock", r'source = "registry[^\n]+\n', "", "a folder, not from crates.io"),
        (locks.NPM[0], r'"integrity": "sha512-[^"]+"', '"integrity": "sha1-abc"', "has no SHA-512"),
        (locks.NPM[0], r'"integrity"', '"resolved": "git+ssh://example.org/x", "integrity"', "not from the registry"),
        (".ci/run", r"uv sync --locked", "uv sync", "add --locked"),
        (".ci/run", r"cargo test --quiet --locked", "cargo test --quiet", "may change Cargo.lock"),
        ("scripts/build", r"-- --locked", "", "may change Cargo.lock"),
        ("README.md", r"npm ci", "npm install", "changes package-lock.json"),
        ("README.md", r"pip install uv", "pip install ionet", "names no hash"),
        (".ci/run", r"\Z", "\ncurl -sSf https://example.org/x | sh\n", "no lock names"),
    ],
)
def test_what_is_not_locked_is_refused(project: Path, name: str, pattern: str, by: str, said: str) -> None:
    """One change at a time."""
    found = broken(project, name, pattern, by)
    assert len(found) == 1, found
    assert found[0].startswith(name)
    assert said in found[0]


def test_a_lock_that_nobody_checks_is_refused(project: Path) -> None:
    """Wherever it stands, but in folders of what was built or installed."""
    (project / "more").mkdir()
    for name in ("more/requirements.txt", "yarn.lock", "more/package-lock.json"):
        (project / name).write_text("{}")
    (project / "target").mkdir()
    (project / "target/Cargo.lock").write_text("")
    assert {one.where for one in locks.problems(project)} == {
        "more/requirements.txt",
        "yarn.lock",
        "more/package-lock.json",
    }


def test_a_crate_whose_hash_changed_is_not_taken(tmp_path: Path) -> None:
    """By cargo, before anything is built."""
    if shutil.which("cargo") is None:
        pytest.skip("cargo is not on the PATH")
    native = tmp_path / "native"
    shutil.copytree(ROOT / "native", native, ignore=shutil.ignore_patterns("target"))
    lock = native / "Cargo.lock"
    lock.write_text(re.sub(r'(name = "serde"\n[^\[]*checksum = ")[0-9a-f]{8}', r"\g<1>00000000", lock.read_text()))
    done = subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version", "1"],  # noqa: S607 - whichever is there
        cwd=native,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "checksum for `serde" in done.stderr


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only AND MIT", False),
        ("MIT AND (GPL-3.0-only OR Zlib)", True),
        ("(MIT OR Zlib) AND GPL-3.0-only", False),
        ("MIT OR Zlib AND GPL-3.0-only", True),
        ("GPL-3.0-only AND MIT OR Zlib", True),
        ("GPL-3.0-only/MIT", True),
        ("MIT WITH exception", False),
        ("Zlib WITH LLVM", True),
    ],
)
def test_a_licence_expression_is_read_as_spdx_says(expression: str, expected: bool) -> None:
    """AND binds before OR; an exception is a licence of its own."""
    assert allows(expression, {"MIT", "Zlib", "Zlib WITH LLVM"}) is expected


@pytest.mark.parametrize("expression", ["", "MIT Zlib", "MIT OR", "(MIT", "MIT)", "AND MIT"])
def test_what_is_no_licence_expression_is_refused(expression: str) -> None:
    """Not taken for one that is allowed."""
    with pytest.raises(ValueError, match="expression"):
        allows(expression, {"MIT"})


def test_a_crate_that_was_yanked_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As cargo's copy of the index says; of what it has not got, nothing is said."""
    cache = tmp_path / "registry/index/index.crates.io-0123/.cache/3/o"
    cache.mkdir(parents=True)
    lines = [
        json.dumps({"name": "one", "vers": version, "yanked": version == "1.0.1"}) for version in ("1.0.0", "1.0.1")
    ]
    (cache / "one").write_bytes(b"\3\2\0\0\0etag\0" + b"".join(b"v\0" + line.encode() + b"\0" for line in lines))
    monkeypatch.setenv("CARGO_HOME", str(tmp_path))
    locked = [Locked("crates.io", "one", version, "x") for version in ("1.0.0", "1.0.1", "1.0.2")]
    locked.append(Locked("crates.io", "two-more", "1.0.0", "x"))
    problems, unknown = crates.yanked(tmp_path, locked)
    assert [one.text.split(" was")[0] for one in problems] == ["one 1.0.1"]
    assert unknown == 2


RUSTSEC = """```toml
[advisory]
id = "RUSTSEC-2099-0001"
package = "subtle"
date = "2099-01-01"
{more}
[versions]
patched = {patched}
unaffected = {unaffected}
```

# Compares in a time that tells
"""
SUBTLE = Locked("crates.io", "subtle", "2.6.1", "programs/Cargo.lock")


@pytest.mark.parametrize(
    ("patched", "unaffected", "hit"),
    [
        ([], [], True),
        ([">= 2.6.1"], [], False),
        ([">= 2.6.2"], [], True),
        ([">= 2.6.1-rc.1"], [], False),
        (["^2.5"], [], False),
        (["^2.7"], [], True),
        (["^1.0", ">= 3"], [], True),
        (["~2.6"], [], False),
        (["~2.5"], [], True),
        (["=2.6.1"], [], False),
        ([">= 2.5.0, < 2.6.0"], [], True),
        ([">= 2.5.0, < 2.7.0"], [], False),
        ([], ["< 2.6.1"], True),
        ([], ["<= 2.6.1"], False),
    ],
)
def test_rustsecs_own_advisories_are_read(tmp_path: Path, patched: list[str], unaffected: list[str], hit: bool) -> None:
    """A version is concerned unless it is patched or unaffected."""
    text = RUSTSEC.format(patched=json.dumps(patched), unaffected=json.dumps(unaffected), more="")
    (tmp_path / "RUSTSEC-2099-0001.md").write_text(text)
    (tmp_path / "README.md").write_text("# Of the database\n")
    found = advisories.check([tmp_path], [SUBTLE], [])
    assert found.read == {"crates.io": 1}
    assert [str(one) for one in found.problems] == [
        "programs/Cargo.lock: subtle 2.6.1 has RUSTSEC-2099-0001: Compares in a time that tells"
    ] * hit
    assert not advisories.check([tmp_path], [SUBTLE], ["RUSTSEC-2099-0001"]).problems
    for more in ('informational = "unmaintained"', 'withdrawn = "2099-02-01"'):
        (tmp_path / "RUSTSEC-2099-0001.md").write_text(RUSTSEC.format(patched=[], unaffected=[], more=more))
        assert not advisories.check([tmp_path], [SUBTLE], []).problems


@pytest.mark.parametrize(
    ("ecosystem", "version", "events", "hit"),
    [
        ("PyPI", "2.0", [{"introduced": "0"}], True),
        ("PyPI", "2.0", [{"introduced": "0"}, {"fixed": "2.0"}], False),
        ("PyPI", "2.0rc1", [{"introduced": "0"}, {"fixed": "2.0"}], True),
        ("PyPI", "2.0.post1", [{"introduced": "0"}, {"last_affected": "2.0"}], False),
        ("PyPI", "10.0", [{"introduced": "9.0"}, {"fixed": "11.0"}], True),
        ("PyPI", "8.9", [{"introduced": "9.0"}, {"fixed": "11.0"}], False),
        ("PyPI", "12.0", [{"introduced": "9.0"}, {"fixed": "11.0"}], False),
        ("PyPI", "3.1", [{"introduced": "0"}, {"fixed": "2.0"}, {"introduced": "3.0"}, {"fixed": "3.2"}], True),
        ("PyPI", "2.5", [{"introduced": "0"}, {"fixed": "2.0"}, {"introduced": "3.0"}, {"fixed": "3.2"}], False),
        ("npm", "1.0.0-beta.2", [{"introduced": "1.0.0-beta.10"}], False),
        ("npm", "1.0.0", [{"introduced": "0"}, {"last_affected": "1.0.0"}], True),
    ],
)
def test_osvs_advisories_are_read(
    tmp_path: Path, ecosystem: str, version: str, events: list[dict[str, str]], hit: bool
) -> None:
    """By ranges, as JSON and as YAML, under whatever spelling of the name."""
    said = {
        "id": "GHSA-xxxx",
        "aliases": ["CVE-2099-1"],
        "details": "Somebody gets in.\nMore of it.",
        "affected": [
            {
                "package": {"ecosystem": ecosystem, "name": "Some_Thing"},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
        ],
    }
    name = "some-thing" if ecosystem == "PyPI" else "Some_Thing"
    locked = [Locked(ecosystem, name, version, "a lock"), Locked("crates.io", name, version, "a lock")]
    (tmp_path / "one.json").write_text(json.dumps(said))
    found = advisories.check([tmp_path], locked, [])
    assert [one.text for one in found.problems] == [f"{name} {version} has GHSA-xxxx: Somebody gets in."] * hit
    assert not advisories.check([tmp_path], locked, ["CVE-2099-1"]).problems
    (tmp_path / "one.json").unlink()
    lines = [f"- {kind}: {when}" for event in events for kind, when in event.items()]
    (tmp_path / "one.yaml").write_text(
        "id: PYSEC-1\ndetails: x\naffected:\n- package:\n    ecosystem: "
        + f"{ecosystem}\n    name: Some_Thing\n  ranges:\n  - type: ECOSYSTEM\n    events:\n    "
        + "\n    ".join(lines)
        + "\n"
    )
    assert len(advisories.check([tmp_path], locked, []).problems) == hit


def test_versions_that_are_listed_are_hit_and_a_broken_advisory_is_no_silence(tmp_path: Path) -> None:
    """It may be the one that matters."""
    affected = {"package": {"ecosystem": "PyPI", "name": "one"}, "versions": ["1.10"]}
    (tmp_path / "one.json").write_text(json.dumps({"id": "X", "summary": "s", "affected": [affected]}))
    locked = [Locked("PyPI", "one", version, "l") for version in ("1.1", "1.10")]
    assert [one.text for one in advisories.check([tmp_path], locked, []).problems] == ["one 1.10 has X: s"]
    (tmp_path / "two.json").write_text('{"id": "Y", "affected": [{}]}')
    with pytest.raises(ValueError, match=r"two\.json is no advisory"):
        advisories.check([tmp_path], locked, [])


def test_the_command_says_loudly_what_it_did_not_check(tmp_path: Path) -> None:
    """Without a database, of which the exit code says nothing; with one, what it found is refused."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "scripts.supply", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)  # noqa: S603 - our own command

    if shutil.which("cargo") is None:
        pytest.skip("cargo is not on the PATH")
    clean = run()
    assert clean.returncode == 0, clean.stderr
    for ecosystem in advisories.ECOSYSTEMS:
        assert f"NOT CHECKED: known vulnerabilities of {ecosystem}: no advisory data" in clean.stdout
    (tmp_path / "RUSTSEC-2099-0001.md").write_text(RUSTSEC.format(patched=[], unaffected=[], more=""))
    found = run("--advisories", str(tmp_path))
    assert found.returncode == 1
    assert "has RUSTSEC-2099-0001" in found.stderr
    assert "NOT CHECKED: known vulnerabilities of crates.io" not in found.stdout
    assert "NOT CHECKED: known vulnerabilities of PyPI" in found.stdout
    assert run("--advisories", str(tmp_path / "nowhere")).returncode == 2
