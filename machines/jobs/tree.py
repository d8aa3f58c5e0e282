"""Folders that a stranger fills: entered by descriptors, never through a symbolic link, never by recursion."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from client.errors import IonetError
from machines.jobs.paths import printable

NOFOLLOW: Final = os.O_NOFOLLOW | os.O_CLOEXEC
MAX_DEPTH: Final = 64
"""Folders in one another. Deeper ones could be too deep for a path."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | NOFOLLOW
_PASSING = os.O_PATH | os.O_DIRECTORY | NOFOLLOW if hasattr(os, "O_PATH") else _FOLDER


class TreeRefused(IonetError):
    """A folder is not one that can be kept, with the reason."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was found below a folder."""

    path: bytes
    """Relative to it."""
    status: os.stat_result


@dataclass(slots=True)
class Usage:
    """What a folder takes from the disk."""

    size: int = 0
    """Bytes on disk; holes do not count."""
    count: int = 0
    """Files and folders."""


def walk(top: int) -> Iterator[Entry]:
    """Everything below a folder (a descriptor), folders before what is in them; names that vanish are left out.

    Raises `TreeRefused` where folders are too deep, or one is hidden from who runs this.
    """
    pending = [b""]
    while pending:
        path = pending.pop()
        try:
            folder = open_beneath(top, path, _FOLDER)
        except PermissionError:
            raise TreeRefused(f"the folder {printable(path)} may not be read") from None
        except OSError:  # gone, or something else by now
            continue
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    name = os.fsencode(entry.name)
                    below = path + b"/" + name if path else name
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    yield Entry(below, status)
                    if stat.S_ISDIR(status.st_mode):
                        if below.count(b"/") >= MAX_DEPTH:
                            raise TreeRefused(f"folders are more than {MAX_DEPTH} deep: {printable(below)}")
                        pending.append(below)
        finally:
            os.close(folder)


def measure(top: int, most_size: int, most_count: int) -> Usage:
    """What is below a folder, counted until it is more than either of the two. Several names of a file are one."""
    usage, linked = Usage(), set[int]()
    for entry in walk(top):
        usage.count += 1
        status = entry.status
        if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
            if status.st_ino in linked:
                continue
            linked.add(status.st_ino)
        usage.size += status.st_blocks * 512
        if usage.size > most_size or usage.count > most_count:
            break
    return usage


def open_folder(path: str | os.PathLike[str]) -> int:
    """A folder's descriptor. The path is our own; its last part may not be a symbolic link."""
    return os.open(path, _FOLDER)


def open_beneath(top: int, path: str | bytes, flags: int) -> int:
    """A descriptor of what is there below the folder `top`, no part of it a symbolic link. Raises `OSError`."""
    parts = os.fsencode(path).split(b"/") if path else [b"."]
    if b".." in parts or b"" in parts:
        raise TreeRefused(f"{path!r:.100} does not stay below its folder")
    folder = os.dup(top)
    try:
        for part in parts[:-1]:
            deeper = os.open(part, _PASSING, dir_fd=folder)
            os.close(folder)
            folder = deeper
        return os.open(parts[-1], flags | NOFOLLOW, dir_fd=folder)
    finally:
        os.close(folder)


def make_folders(top: int, path: str, *, readable: bool = False) -> tuple[int, str]:
    """Makes the folders that a file at this path needs; a descriptor of the last one and the file's own name.

    `readable`: by everyone, whatever the umask is.
    Raises `TreeRefused` where a symbolic link or a file stands in the way.
    """
    *parts, name = path.split("/")
    folder = os.dup(top)
    try:
        for part in parts:
            is_new = True
            try:
                os.mkdir(part, dir_fd=folder)
            except FileExistsError:
                is_new = False
            try:
                deeper = os.open(part, _FOLDER, dir_fd=folder)
            except OSError as error:
                raise TreeRefused(f"{printable(path)}: {printable(part)} is no folder here: {error.strerror}") from None
            os.close(folder)
            folder = deeper
            if is_new and readable:
                os.fchmod(folder, 0o755)
    except BaseException:
        os.close(folder)
        raise
    return folder, name


def remove(path: str | os.PathLike[str]) -> None:
    """Removes a folder and all below it, however deep and whatever its modes; nothing where it is not there.

    Nobody may write to it any more.
    """
    try:
        folder = open_folder(path)
    except FileNotFoundError:
        return
    # The way down, by name and inode: `..` of a folder leads back, whatever the depth, with one descriptor.
    way: list[tuple[str, int]] = []
    try:
        pending = [_clear(folder)]
        while pending[-1] or way:
            if pending[-1]:
                inner = pending[-1][-1]
                way.append((inner, os.fstat(folder).st_ino))
                with suppress(PermissionError):
                    os.chmod(inner, 0o700, dir_fd=folder)
                folder = _exchange(folder, inner)
                pending.append(_clear(folder))
            else:
                name, above = way.pop()
                folder = _exchange(folder, "..")
                if os.fstat(folder).st_ino != above:
                    raise TreeRefused(f"{os.fspath(path)!r} was moved while it was removed")
                os.rmdir(name, dir_fd=folder)
                pending.pop()
                pending[-1].pop()
    finally:
        os.close(folder)
    os.rmdir(path)


def _clear(folder: int) -> list[str]:
    """Removes files and empty folders of a folder; the names of the others."""
    others = []
    with os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                try:
                    os.rmdir(entry.name, dir_fd=folder)
                except OSError:
                    others.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=folder)
    return others


def _exchange(folder: int, name: str) -> int:
    entered = os.open(name, _FOLDER, dir_fd=folder)
    os.close(folder)
    return entered
