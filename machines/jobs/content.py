"""A job's files as they come and go: outputs taken from a stranger's folder, and put into one of the renter's."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import AsyncIterable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from machines.jobs.paths import PathRefused, check_path, check_paths, printable
from machines.jobs.spec import MAX_FILES, File, Limits
from machines.jobs.store import CHUNK, ContentRefused, Store, Writing
from machines.jobs.tree import NOFOLLOW, Entry, TreeRefused, make_folders, open_beneath, open_folder, walk

__all__ = ["ContentRefused", "Store", "collect", "receive"]

MAX_NAMED = 100
"""Outputs that were left out and are named; of the others, how many there were."""

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def collect(folder: Path, limits: Limits, store: Store) -> tuple[list[File], list[str]]:
    """Moves a job's outputs into a store, once nobody writes to them; what they are, and what was left out and why.

    Only regular files with a path that others can write, as many and as much as the limits allow.
    """
    try:
        top = open_folder(folder)
    except OSError as error:  # the job removed it, or put something else there
        return [], [f"everything: /work/out is no folder ({error.strerror})"]
    files: list[File] = []
    left: list[str] = []
    room = limits.files_mb << 20
    try:
        for entry in sorted(walk(top), key=lambda entry: entry.path):
            if stat.S_ISDIR(entry.status.st_mode):
                continue
            reason = _refusal(entry, len(files) < min(limits.file_count, MAX_FILES), room)
            if reason is None:
                try:
                    sha256, size = store.adopt(entry.path, top)
                except OSError as error:
                    reason = f"it cannot be read: {error.strerror}"
                else:
                    room -= size
                    executable = bool(entry.status.st_mode & 0o100)
                    files.append(File(path=entry.path.decode(), sha256=sha256, size=size, executable=executable))
            if reason is not None:
                left.append(f"{printable(entry.path)}: {reason}")
    except TreeRefused as refused:
        return [], [f"everything: {refused}"]
    finally:
        os.close(top)
    return files, left[:MAX_NAMED] + [f"and {len(left) - MAX_NAMED} more"] * (len(left) > MAX_NAMED)


def _refusal(entry: Entry, is_place: bool, room: int) -> str | None:
    """Why an output is left out; None: it is not."""
    kind = stat.S_IFMT(entry.status.st_mode)
    if kind != stat.S_IFREG:
        return f"it is {_KINDS.get(kind, 'no file')}"
    try:
        check_path(entry.path.decode())
    except UnicodeDecodeError:
        return "its name is no UTF-8"
    except PathRefused:
        return "its name is too long, or has control characters"
    if not is_place:
        return "there are too many files"
    return (
        f"its {entry.status.st_size} bytes are more than what is left to files" if entry.status.st_size > room else None
    )


async def receive(
    files: Sequence[File],
    fetch: Callable[[File], AsyncIterable[bytes]],
    folder: Path,
    limit: int,
    most_files: int = MAX_FILES,
) -> None:
    """Writes outputs of a node that nobody trusts below a folder, which is made; never outside, and over nothing.

    `fetch` gives a file's bytes; `limit`: bytes in all. A file that is there already with the same content stays.
    Raises an `IonetError` for the first one that is not as announced; complete files before it are kept.
    """
    if len(files) > most_files:
        raise ContentRefused(f"the node names {len(files)} outputs; {most_files} are the most")
    if (size := sum(file.size for file in files)) > limit:
        raise ContentRefused(f"the outputs are {size} bytes; {limit} were allowed")
    check_paths((file.path for file in files), case_counts=False)
    try:
        os.makedirs(folder, exist_ok=True)
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ContentRefused(f"cannot write to {folder}: {error.strerror}") from error
    try:
        for file in files:
            try:
                parent, name = make_folders(top, file.path)
            except OSError as error:
                raise ContentRefused(f"cannot make {printable(file.path)}: {error.strerror}") from error
            try:
                if not _is_there(file, parent, name):
                    await _receive(file, fetch(file), parent, name)
            finally:
                os.close(parent)
    finally:
        os.close(top)


async def _receive(file: File, chunks: AsyncIterable[bytes], parent: int, name: str) -> None:
    try:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOFOLLOW, 0o600, dir_fd=parent)
    except OSError as error:
        raise ContentRefused(f"cannot make {printable(file.path)}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as target:
            writing = Writing(target, file.sha256, file.size)
            async for chunk in chunks:
                writing.write(chunk)
            writing.finish()
            os.fchmod(target.fileno(), 0o755 if file.executable else 0o644)
    except BaseException:
        with suppress(OSError):
            os.unlink(name, dir_fd=parent)
        raise


def _is_there(file: File, parent: int, name: str) -> bool:
    """Whether this very content has the name already. Raises `ContentRefused` where something else has it."""
    try:
        descriptor = open_beneath(parent, name, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    except OSError as error:  # a symbolic link, among others
        raise ContentRefused(f"{printable(file.path)} exists already and is kept: {error.strerror}") from error
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_size == file.size:
            hashing = hashlib.sha256()
            while chunk := os.read(descriptor, CHUNK):
                hashing.update(chunk)
            if hashing.hexdigest() == file.sha256:
                return True
    finally:
        os.close(descriptor)
    raise ContentRefused(f"{printable(file.path)} exists already, with other content, and is kept: move it away")
