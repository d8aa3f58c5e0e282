"""The log of a job: what it says on stdout and stderr, up to a limit. A stranger's bytes: escape them for people."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

_CHUNK: Final = 65_536


class Log:
    """Takes from a pipe, and writes to a file, until it is cut; then it takes, and writes no more."""

    def __init__(self, path: Path, limit: int) -> None:
        """`limit`: bytes, without the line that says it was cut."""
        self._file = path.open("wb", buffering=0)
        self._limit = limit
        self._hash, self._size = hashlib.sha256(), 0
        self.is_cut = False
        self.source, self.pipe = os.pipe()
        """What this takes from, and what the job writes to."""
        os.set_blocking(self.source, False)
        self._nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)

    def begin(self) -> None:
        """The job has its end of the pipe: ours is closed, so that the log ends with the job."""
        os.close(self.pipe)
        self.pipe = -1

    def take(self) -> bool:
        """Takes some of what there is, without waiting; False where nobody can write any more."""
        try:
            if self.is_cut:  # the kernel throws it away without showing it to us
                return os.splice(self.source, self._nowhere, 1 << 20) > 0
            chunk = os.read(self.source, _CHUNK)
        except BlockingIOError:
            return True
        self.write(chunk)
        return bool(chunk)

    def write(self, chunk: bytes) -> None:
        """Adds bytes, as many as there is room for."""
        if self.is_cut:
            return
        room = self._limit - self._size
        self._add(chunk[:room])
        if len(chunk) > room:
            self.is_cut = True
            self._add(f"\n… log cut at {self._limit} bytes\n".encode())

    def close(self) -> tuple[str, int]:
        """Ends the log; its SHA-256, hexadecimal, and its bytes."""
        for descriptor in (self.source, self.pipe, self._nowhere):
            if descriptor >= 0:
                os.close(descriptor)
        os.fsync(self._file.fileno())
        self._file.close()
        return self._hash.hexdigest(), self._size

    def _add(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._hash.update(chunk)
        self._size += len(chunk)
