"""A job's inputs on the renter's disk: regular files alone, each with its hash."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from client.errors import IonetError
from machines.jobs.paths import check_paths, printable
from machines.jobs.spec import MAX_FILES, File


class InputRefused(IonetError):
    """A file or folder that cannot go with a job."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file as the job finds it in /work/in, and where it is here."""

    file: File
    source: Path
    """Absolute."""


def gather(paths: Sequence[Path]) -> list[Input]:
    """All files of these files and folders: a file by its name, what is in a folder below the folder's name.

    Folders in which there is no file are left out. Raises `InputRefused`, `PathRefused`.
    """
    found: list[Input] = []
    for path in paths:
        for name, source in _files(path):
            if len(found) == MAX_FILES:
                raise InputRefused(f"there are more than {MAX_FILES:,} input files: pack them into an archive")
            found.append(Input(_hashed(name, source), source))
    check_paths([one.file.path for one in found])
    return found


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """Name in /work/in and absolute path of each file; symbolic links are refused, whatever they name."""
    top = Path(os.path.abspath(path.expanduser()))
    if not top.name:
        raise InputRefused(f"the input {path} has no name of its own: give a folder in it")
    pending = [(top.name, top)]
    while pending:
        name, source = pending.pop()
        try:
            mode = source.lstat().st_mode
            if stat.S_ISDIR(mode):
                within = sorted(os.listdir(source), reverse=True)
                pending += [(f"{name}/{one}", source / one) for one in within]
                continue
        except FileNotFoundError:
            raise InputRefused(f"there is no input {printable(str(source), 500)}") from None
        except OSError as failed:
            raise InputRefused(f"the input {printable(str(source), 500)} cannot be read: {failed.strerror}") from None
        _require_regular(source, mode)
        yield name, source


def _require_regular(source: Path, mode: int) -> None:
    if stat.S_ISLNK(mode):
        raise InputRefused(
            f"the input {printable(str(source), 500)} is a symbolic link: give the file or folder itself"
        )
    if not stat.S_ISREG(mode):
        raise InputRefused(f"the input {printable(str(source), 500)} is neither a file nor a folder")


@contextmanager
def open_regular(source: Path) -> Iterator[BufferedReader]:
    """A regular file's bytes: whatever took its place is neither followed nor waited for. Raises `InputRefused`."""
    try:
        with open(os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as handle:
            _require_regular(source, os.fstat(handle.fileno()).st_mode)
            yield handle
    except OSError as failed:
        raise InputRefused(f"the input {printable(str(source), 500)} cannot be read: {failed.strerror}") from None


def _hashed(name: str, source: Path) -> File:
    with open_regular(source) as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
        is_executable = bool(os.fstat(handle.fileno()).st_mode & stat.S_IXUSR)
        return File(path=name, sha256=sha256, size=handle.tell(), executable=is_executable)
