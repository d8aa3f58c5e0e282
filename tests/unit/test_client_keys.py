"""Key files are their owner's alone, and what is in them is never said."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from solders.keypair import Keypair

from client import keys
from client.keys import KeyRefused
from tests.unit.client_network import ionet

FORMS: list[Callable[[Keypair], str]] = [
    lambda key: json.dumps(list(bytes(key))),
    lambda key: json.dumps(list(bytes(key)))[:150],
    str,
]
"""How somebody may give a key itself: as its numbers, cut off, as wallets export it."""


def test_a_key_comes_back(tmp_path: Path) -> None:
    """What `create` writes, `load` reads; Solana's tools read it too: 64 numbers."""
    file = tmp_path / "new" / "id.json"
    made = keys.create(file)
    assert keys.load(file) == made
    assert json.loads(file.read_text()) == list(bytes(made))


@pytest.mark.parametrize("mask", [0, 0o077, 0o777])
def test_the_file_is_its_owners_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    """Mode 0600, from the first moment on."""
    before = os.umask(mask)
    try:
        keys.create(tmp_path / "id.json")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "id.json").stat().st_mode) == 0o600


def test_nothing_is_replaced(tmp_path: Path) -> None:
    """Not a file, not a link, not a link that leads nowhere."""
    file = tmp_path / "id.json"
    made = keys.create(file)
    (tmp_path / "link").symlink_to(file)
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    for name in ("id.json", "link", "nowhere"):
        with pytest.raises(KeyRefused, match="exists already and is not replaced"):
            keys.create(tmp_path / name)
    assert keys.load(file) == made
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666, 0o644])
def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    """The mode is named, and what to do."""
    file = tmp_path / "id.json"
    keys.create(file)
    file.chmod(mode)
    with pytest.raises(KeyRefused, match=rf"mode {mode:04o}\): run `chmod 600 "):
        keys.load(file)
    file.chmod(0o400)
    keys.load(file)


def test_a_link_is_refused(tmp_path: Path) -> None:
    """Where it leads may change after it was looked at."""
    keys.create(tmp_path / "id.json")
    (tmp_path / "link").symlink_to(tmp_path / "id.json")
    with pytest.raises(KeyRefused, match="is a symbolic link"):
        keys.load(tmp_path / "link")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A missing one, a directory, a pipe: none of them hangs the command."""
    with pytest.raises(KeyRefused, match="make one with `ionet keygen`"):
        keys.load(tmp_path / "missing")
    with pytest.raises(KeyRefused, match="no regular file"):
        keys.load(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(KeyRefused, match="no regular file"):
        keys.load(tmp_path / "pipe")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "secret",
        "{}",
        "[]",
        json.dumps([1] * 63),
        json.dumps([256] * 64),
        json.dumps([-1] * 64),
        json.dumps([1.0] * 64),
        json.dumps([True] * 64),
        json.dumps(["1"] * 64),
        "[" * 4_000,
        "\xff",
        " " * 5_000,
    ],
)
def test_other_content_is_refused_without_saying_it(tmp_path: Path, content: str) -> None:
    """The message has the path, not the content."""
    file = tmp_path / "id.json"
    file.write_text(content, "latin-1")
    file.chmod(0o600)
    with pytest.raises(KeyRefused, match="is no key file") as caught:
        keys.load(file)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_damaged_key_is_refused_without_saying_it(tmp_path: Path) -> None:
    """A secret and an address that do not belong together."""
    damaged = bytearray(bytes(Keypair()))
    damaged[40] ^= 1
    file = tmp_path / "id.json"
    file.write_text(json.dumps(list(damaged)))
    file.chmod(0o600)
    with pytest.raises(KeyRefused, match="is damaged") as caught:
        keys.load(file)
    assert str(damaged[0]) + ", " + str(damaged[1]) not in str(caught.value)


@pytest.mark.parametrize("form", FORMS)
def test_a_key_in_the_place_of_a_name_is_not_repeated(tmp_path: Path, form: Callable[[Keypair], str]) -> None:
    """It is refused in words that hold nothing of it, by the command too."""
    key = Keypair()
    with pytest.raises(KeyRefused, match="that is a secret key") as caught:
        keys.load(Path(form(key)))
    said = [str(caught.value), ionet("--keypair", form(key), "crank").output]
    assert "secret key" in said[1]
    for text in said:
        assert str(key) not in text
        assert ", ".join(map(str, bytes(key)[:4])) not in text


def test_a_name_that_only_looks_like_one_is_looked_for(tmp_path: Path) -> None:
    """Names are up to their owners."""
    for name in ("[old]", "id", "5" * 44, "a" * 90):
        made = keys.create(tmp_path / name)
        assert keys.load(tmp_path / name) == made


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file where a directory should be."""
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyRefused, match="cannot make the key file"):
        keys.create(tmp_path / "file" / "id.json")
