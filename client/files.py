"""Files that are whole, or not there: also for who reads after a kill or a power cut."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Puts a file in the place of another: who reads sees the old content or the new, which is on disk afterwards.

    A symbolic link in its place is replaced itself; what it names is left. Raises OSError, and leaves the old file.
    """
    handle, draft = tempfile.mkstemp(prefix=".draft-", dir=path.parent)
    try:
        _write(handle, content, mode)
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)
        raise
    _keep_name(path.parent)


def create(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Makes a file where there is nothing, not even a link that leads nowhere: FileExistsError.

    Raises OSError where it cannot be made or written, and leaves nothing.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode & 0o600)
    try:
        _write(handle, content, mode)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    _keep_name(path.parent)


def _write(handle: int, content: bytes, mode: int) -> None:
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask says
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _keep_name(folder: Path) -> None:
    """A file is on disk when its content is, and the folder that has its name."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as failed:
        if failed.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that has no such thing
            raise
    finally:
        os.close(handle)
