"""Files by their content: a store that takes nothing that is not what it was said to be."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import AsyncIterable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO, Final

from client.errors import IonetError
from machines.jobs.paths import check_paths, printable
from machines.jobs.spec import File
from machines.jobs.tree import NOFOLLOW, make_folders, open_beneath

CHUNK: Final = 1 << 20
"""Bytes read at once."""

_NAME = re.compile(r"[0-9a-f]{64}")


class ContentRefused(IonetError):
    """Bytes are not those that were announced, or are not there."""


class Writing:
    """A file that grows, its hash, and the size it may have."""

    def __init__(self, file: IO[bytes], sha256: str, size: int) -> None:
        self._file, self._sha256, self._size = file, sha256, size
        self._hash, self._written = hashlib.sha256(), 0

    def write(self, chunk: bytes) -> None:
        """Raises `ContentRefused` as soon as it is more than was announced, or the disk is full."""
        self._written += len(chunk)
        if self._written > self._size:
            raise ContentRefused(f"content {self._sha256}: more bytes came than the {self._size} announced")
        self._hash.update(chunk)
        with self._said():
            self._file.write(chunk)

    def finish(self) -> None:
        """Raises `ContentRefused` unless these are the bytes that were announced. They are on disk afterwards."""
        if self._written != self._size:
            raise ContentRefused(f"content {self._sha256}: {self._written} bytes came, {self._size} were announced")
        if self._hash.hexdigest() != self._sha256:
            raise ContentRefused(f"content {self._sha256}: other bytes came, with SHA-256 {self._hash.hexdigest()}")
        with self._said():
            self._file.flush()
            os.fsync(self._file.fileno())

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ContentRefused(f"content {self._sha256}: it cannot be written: {error.strerror}") from error


class Store:
    """A folder in which a file is called by the SHA-256 of its content. Several processes may use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, sha256: str) -> bool:
        """Whether the content is there."""
        return self.path(sha256).is_file()

    def path(self, sha256: str) -> Path:
        """Where the content is, if it is there. Raises `ContentRefused` for what is no SHA-256."""
        if not _NAME.fullmatch(sha256):
            raise ContentRefused(f"{printable(sha256)} is no SHA-256: 64 digits 0-9a-f are")
        return self.folder / sha256

    def open(self, sha256: str) -> BinaryIO:
        """The content, to be read. Raises `ContentRefused` where it is not there."""
        try:
            return self.path(sha256).open("rb")
        except FileNotFoundError:
            raise ContentRefused(f"content {sha256}: it is not here") from None

    async def put(self, sha256: str, chunks: AsyncIterable[bytes], size: int) -> None:
        """Takes `size` bytes. Raises `ContentRefused`, and leaves nothing, where they are others."""
        with self._receiving(sha256, size) as writing:
            async for chunk in chunks:
                writing.write(chunk)

    def put_now(self, sha256: str, chunks: Iterable[bytes], size: int) -> None:
        """`put` for what is here already."""
        with self._receiving(sha256, size) as writing:
            for chunk in chunks:
                writing.write(chunk)

    def adopt(self, path: bytes, folder: int) -> tuple[str, int]:
        """Moves a file, that nobody writes to any more, out of the folder (a descriptor); its SHA-256 and size.

        It has to be on the same file system, a regular file. Its owner is whoever runs this.
        """
        descriptor = open_beneath(folder, path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ContentRefused(f"{printable(path)} is no regular file")
            os.fchown(descriptor, os.geteuid(), os.getegid())
            os.fchmod(descriptor, 0o400)
            sha256, size = _hash_of(descriptor)
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # By the descriptor: what was hashed is what is kept, whatever the path names meanwhile.
            kept = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                with suppress(FileExistsError):
                    os.link(f"/proc/self/fd/{descriptor}", sha256, dst_dir_fd=kept, follow_symlinks=True)
            finally:
                os.close(kept)
            return sha256, size
        finally:
            os.close(descriptor)

    def place(self, files: Sequence[File], folder: Path) -> None:
        """Makes the tree of inputs, readable by everyone and written by nobody, as a whole or not at all.

        Raises `ContentRefused` where content is missing or of another size, `PathRefused` for a path that is wrong.
        """
        check_paths(file.path for file in files)
        if folder.exists():
            raise ContentRefused(f"{folder} exists already")
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            made.chmod(0o755)
            top = os.open(made, os.O_RDONLY | os.O_DIRECTORY)
            try:
                for file in files:
                    self._place(file, top)
            finally:
                os.close(top)
            made.rename(folder)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise

    def _place(self, file: File, top: int) -> None:
        with self.open(file.sha256) as source:
            if os.fstat(source.fileno()).st_size != file.size:
                raise ContentRefused(f"input {printable(file.path)}: its content has not {file.size} bytes")
            parent, name = make_folders(top, file.path, readable=True)
            try:
                if not file.executable:
                    with suppress(OSError):  # another file system, or too many links: a copy does as well
                        os.link(self.path(file.sha256), name, dst_dir_fd=parent)
                        return
                mode = 0o555 if file.executable else 0o444
                descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOFOLLOW, mode, dir_fd=parent)
                with open(descriptor, "wb") as target:
                    shutil.copyfileobj(source, target, CHUNK)
                    os.fchmod(target.fileno(), mode)  # whatever the umask is
            finally:
                os.close(parent)

    @contextmanager
    def _receiving(self, sha256: str, size: int) -> Iterator[Writing]:
        path = self.path(sha256)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=".part-", dir=self.folder) as part:
            writing = Writing(part, sha256, size)
            yield writing
            writing.finish()
            os.fchmod(part.fileno(), 0o444)
            with suppress(FileExistsError):  # somebody else was faster with the same
                os.link(part.name, path)


def _hash_of(descriptor: int) -> tuple[str, int]:
    hashing, size = hashlib.sha256(), 0
    while chunk := os.read(descriptor, CHUNK):
        hashing.update(chunk)
        size += len(chunk)
    return hashing.hexdigest(), size
