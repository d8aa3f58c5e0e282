"""Files that are whole, or not there."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from client import files

Write = Callable[[Path, bytes, int], None]


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Files of this process may have so many bytes: the next fails in the middle, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("write", [files.replace, files.create])
@pytest.mark.parametrize("mask", [0, 0o777])
def test_a_file_has_its_mode_whatever_the_umask(tmp_path: Path, write: Write, mask: int) -> None:
    """Wider and narrower masks alike."""
    before = os.umask(mask)
    try:
        write(tmp_path / "file", b"content", 0o640)
    finally:
        os.umask(before)
    assert (tmp_path / "file").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


@pytest.mark.parametrize("write", [files.replace, files.create])
def test_what_fails_leaves_what_was_there(tmp_path: Path, write: Write) -> None:
    """The old file where one was, and nothing beside it."""
    old = tmp_path / "old"
    old.write_bytes(b"old")
    with full_disk(4), pytest.raises(OSError, match="File too large"):
        write(old if write is files.replace else tmp_path / "new", b"too much content", 0o600)
    assert [one.name for one in tmp_path.iterdir()] == ["old"]
    assert old.read_bytes() == b"old"


def test_a_link_is_replaced_and_what_it_names_is_left(tmp_path: Path) -> None:
    """Who can make a link in the folder has no file of somebody else written."""
    (tmp_path / "others").write_bytes(b"others")
    (tmp_path / "link").symlink_to(tmp_path / "others")
    files.replace(tmp_path / "link", b"mine")
    assert (tmp_path / "others").read_bytes() == b"others"
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_bytes() == b"mine"


def test_content_is_on_disk_before_its_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut between two steps leaves the old file, or the new one whole."""
    steps, fsync, rename = [], os.fsync, os.replace

    def noted(handle: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        steps.append("folder" if is_folder else f"content of {os.fstat(handle).st_size}")
        fsync(handle)

    def renamed(draft: str, path: Path) -> None:
        steps.append("name")
        rename(draft, path)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(os, "replace", renamed)
    files.replace(tmp_path / "file", b"content")
    assert steps == ["content of 7", "name", "folder"]
