"""Row 41: a key file that others can use, or could have put there, is refused at start by every command that takes one.

The commands and their options are found by walking `ionet`: a new one is covered when it is written.
"""

from __future__ import annotations

import ast
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from solders.keypair import Keypair

from client import keys
from client.idl import ROOT
from client.keys import KeyRefused
from tests.security.commands import GOOD, Command, commands, joined
from tests.unit.client_network import ionet

NOWHERE: Final = "http://127.0.0.1:1"
"""Nobody answers there: a command that came so far has read its key."""
OTHER_FILES: Final = {"data_dir", "file", "folder", "inputs", "out", "output", "plot_file"}
"""Files and folders that commands take and that hold no key of the caller's."""
READ_ALONE: Final = {
    *("node list", "job show", "job list", "epoch show", "supply", "genesis plan", "burn show", "burn quote"),
    *("schedule", "stake pool show", "slash show", "params show", "committee show", "admin show", "pause status"),
    *("agent show", "program check"),
}
"""Commands that show and sign nothing: they take --keypair as all do, and never open it."""
MAKES: Final = "keygen"
"""Takes the name of a file that is not there."""
TAKES: Final = [(one, option.flag) for one in commands() for option in one.key_files if str(one) != MAKES]
"""Every command with each of its options that name key files."""
MADE_HERE: Final = {
    "client/keys.py": "reads key files",
    "demo/network.py": "keys of a play money network, from its seed",
}
"""Where a secret key may be made of bytes, and why."""

Spoil = Callable[[Path], Path]


def _readable(file: Path) -> Path:
    file.chmod(0o640)
    return file


def _linked(file: Path) -> Path:
    link = file.with_name("link.json")
    link.symlink_to(file)
    return link


def _another_users(file: Path) -> Path:
    os.chown(file, 65_534, 65_534)
    return file


def _pipe(file: Path) -> Path:
    file.unlink()
    os.mkfifo(file, 0o600)
    return file


def _too_large(file: Path) -> Path:
    file.write_text(" " * 5_000 + file.read_text())
    return file


def _no_pair(file: Path) -> Path:
    numbers = json.loads(file.read_text())
    file.write_text(json.dumps([*numbers[:40], numbers[40] ^ 1, *numbers[41:]]))
    return file


SPOILED: Final[dict[str, tuple[Spoil, str]]] = {
    "readable by its group": (_readable, "chmod 600"),
    "a link": (_linked, "symbolic link"),
    "another user's": (_another_users, "another user"),
    "a pipe": (_pipe, "no regular file"),
    "too large": (_too_large, "is no key file"),
    "no pair": (_no_pair, "do not belong together"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a good key file."""
    keys.create(tmp_path / GOOD)
    return tmp_path


class Watch:
    """Names of files that are opened, however they are opened. Python never lets go of an audit hook: one does."""

    def __init__(self) -> None:
        self.opened: set[str] | None = None
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.opened is not None and event == "open" and isinstance(arguments[0], str | os.PathLike):
            self.opened.add(os.fspath(arguments[0]))

    @contextmanager
    def watching(self) -> Iterator[set[str]]:
        """What is opened meanwhile."""
        self.opened = found = set[str]()
        try:
            yield found
        finally:
            self.opened = None


@pytest.fixture(scope="module")
def watch() -> Watch:
    """One for all tests."""
    return Watch()


def test_there_are_commands() -> None:
    """The walk sees what people see: our own and those that others join, and many that take keys."""
    assert {one.path[0] for one in commands()} | {"job"} >= {"keygen", "node", "stake", *_roots()}
    assert {one.path[1] for one in commands() if one.path[0] == "job"} >= joined() - _roots()
    assert len(TAKES) > 75
    assert {flag for _, flag in TAKES} >= {
        *("--keypair", "--member", "--owner-keypair", "--committee-key", "--router-key"),
    }


def _roots() -> set[str]:
    return {"agent", "demo", "indexer", "simulate", "verifier", "verify"}


def test_every_file_is_a_key_or_none() -> None:
    """A new option that names a file is either found to name a key, or is written down here as none."""
    files = {one.name for command in commands() for one in command.parameters if one.kind is Path}
    known = {one.name for command in commands() for one in command.key_files}
    assert files - known <= OTHER_FILES
    assert not known & OTHER_FILES


@pytest.mark.parametrize(("command", "flag"), TAKES, ids=str)
def test_no_command_takes_a_key_that_others_can_read(
    command: Command, flag: str, folder: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with 1 and says what to do, before it asks a node anything; or it never opens the file at all."""
    monkeypatch.setattr("client.rpc._TRIES", 1)
    monkeypatch.chdir(folder)
    file = folder / "readable.json"
    keys.create(file)
    _readable(file)
    with watch.watching() as opened:
        said = ionet("--url", NOWHERE, *command.line(folder, {flag: str(file)}), env={"HOME": str(folder)})
    if str(command) in READ_ALONE:
        assert str(file) not in opened
        return
    assert said.exit_code == 1, said.output
    assert str(file) in opened, "or the watch sleeps"
    assert f"run `chmod 600 {file}`" in said.stderr
    assert said.stdout == ""


@pytest.mark.parametrize("name", SPOILED)
@pytest.mark.parametrize("flag", sorted({flag for _, flag in TAKES}))
def test_what_is_wrong_with_a_file_is_said(folder: Path, name: str, flag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By each kind of option, in the place of a good file; nothing of its content is said."""
    spoil, sentence = SPOILED[name]
    if spoil is _another_users and os.geteuid() != 0:
        pytest.skip("only root can give files away")
    monkeypatch.chdir(folder)
    file = folder / "spoiled.json"
    secret = json.dumps(list(bytes(keys.create(file))))
    command = next(one for one, its in TAKES if its == flag and str(one) not in READ_ALONE)
    said = ionet("--url", NOWHERE, *command.line(folder, {flag: str(spoil(file))}), env={"HOME": str(folder)})
    assert said.exit_code == 1
    assert sentence in said.stderr
    assert not any(part in said.output for part in (secret[1:20], secret[-20:-1]))


def test_a_file_of_another_user_is_refused_by_those_who_are_not_root(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs this: the file's owner is compared with who reads."""
    if os.geteuid() == 0:
        os.chown(folder / GOOD, 65_534, 65_534)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(KeyRefused, match="belongs to another user"):
        keys.load(folder / GOOD)


def test_a_new_key_file_is_its_owners_and_replaces_nothing(folder: Path) -> None:
    """`ionet keygen`, with a umask that forbids nothing: 0600; a second time: refused, and the file is as it was."""
    file, before = folder / "new" / "id.json", os.umask(0)
    try:
        made = ionet("keygen", str(file), "--json")
    finally:
        os.umask(before)
    assert made.exit_code == 0, made.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    content = file.read_bytes()
    assert ionet("keygen", str(file)).exit_code == 1
    assert file.read_bytes() == content


def test_keys_are_made_of_bytes_in_one_place() -> None:
    """No other code turns bytes into a secret key, so no other code can take a key file that is not looked at."""
    found = set()
    for room in ("client", "indexer", "machines", "demo", "simulation", "scripts", "examples"):
        for file in (ROOT / room).rglob("*.py"):
            if any(_makes_a_key(node) for node in ast.walk(ast.parse(file.read_text()))):
                found.add(str(file.relative_to(ROOT)))
    assert found <= MADE_HERE.keys()
    assert "client/keys.py" in found


def _makes_a_key(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == Keypair.__name__
        and node.attr.startswith("from_")
    )
