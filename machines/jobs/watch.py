"""What a job uses right now, counted from outside, where it cannot lie."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from machines.jobs.spec import Limits
from machines.jobs.tree import TreeRefused, measure

RESERVE_MB: Final = 512
"""MiB of the disk that jobs leave free: the last net, where something fills it that was not seen."""
OWN_FOLDERS: Final = 2
"""/work/in and /work/out are there before the job."""

_INODE_BYTES = 1_024
"""Of the kernel's memory, about, for an empty file in a file system that is memory."""
_MEMORY = re.compile(rb"^(RssAnon|RssShmem|VmSwap|Threads):\s+(\d+)", re.MULTILINE)
_DELETED = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) .* \(deleted\)$", re.M)


@dataclass(slots=True)
class Use:
    """What was counted in one look."""

    memory: int = 0
    """Bytes."""
    files: int = 0
    """Bytes on disk."""
    file_count: int = 0
    processes: int = 0
    """And threads."""

    def or_more(self, other: Use) -> Use:
        """The larger of both, of each."""
        return Use(*(max(getattr(self, name), getattr(other, name)) for name in self.__slots__))


def over_files(work: int, limits: Limits, use: Use) -> str | None:
    """Adds what a job's folder (a descriptor) holds to what it uses; which limit it is over, for people.

    Raises `TreeRefused` where that cannot be counted.
    """
    tree = measure(work, limits.files_mb << 20, limits.file_count + OWN_FOLDERS)
    use.files += tree.size
    use.file_count = max(tree.count - OWN_FOLDERS, 0)
    if use.files > limits.files_mb << 20:
        return f"too much on disk: its files took {use.files >> 20} MiB, and {limits.files_mb} were allowed"
    if use.file_count > limits.file_count:
        return f"too many files: it had more than the {limits.file_count} that were allowed"
    return None


def below(ancestor: int) -> list[int]:
    """A process, and all that came of it: what loses its parent in a job falls to the job's first process."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError, IndexError, ValueError), open(f"/proc/{name}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(name))
    found = [ancestor]
    for pid in found:
        found += children.get(pid, ())
    return found


class Watch:
    """Looks at one job. `init`: its first process; `of_sandbox`: whether that is the sandbox's, and not the job's."""

    def __init__(self, work: int, limits: Limits, init: int, *, of_sandbox: bool) -> None:
        self._work, self._limits, self._init, self._of_sandbox = work, limits, init, of_sandbox
        self._device = os.fstat(work).st_dev
        self._memories: list[int] = []
        """Descriptors of the job's file systems that are memory."""

    def look(self) -> tuple[Use, str | None]:
        """What it uses, and which limit it is over, for people."""
        use = Use()
        self._count_processes(below(self._init), use)
        most = self._limits.memory_mb
        if use.memory > most << 20:
            return use, f"out of memory: it used {use.memory >> 20} MiB, and {most} were allowed"
        try:
            wrong = over_files(self._work, self._limits, use)
        except TreeRefused as refused:
            wrong = f"its files cannot be counted: {refused}"
        disk = os.fstatvfs(self._work)
        if wrong is None and disk.f_bavail * disk.f_frsize < RESERVE_MB << 20:
            wrong = f"the machine's disk is full: less than {RESERVE_MB} MiB are left"
        return use, wrong

    def close(self) -> None:
        """Lets go of the job's file systems."""
        while self._memories:
            os.close(self._memories.pop())

    def _count_processes(self, pids: Iterable[int], use: Use) -> None:
        private = mapped = 0
        unnamed: dict[tuple[int, int], int] = {}
        mappings: set[tuple[int, int, int]] = set()
        for pid in pids:
            with suppress(OSError):
                with open(f"/proc/{pid}/status", "rb") as file:
                    found = {name: int(value) for name, value in _MEMORY.findall(file.read())}
                private += (found.get(b"RssAnon", 0) + found.get(b"VmSwap", 0)) << 10
                mapped += found.get(b"RssShmem", 0) << 10
                if pid != self._init or not self._of_sandbox:
                    use.processes += found.get(b"Threads", 0)
                unnamed.update(_open_unnamed(pid))
                mappings.update(self._mapped_unnamed(pid))
        named, memories = self._memory_files()
        apart = sum(size for (device, _), size in unnamed.items() if device not in (*memories, self._device))
        # What is mapped is mostly of these files, too: the larger of both counts nothing twice.
        use.memory = private + max(mapped, named + apart)
        # Without a name, files fill the disk all the same, as long as somebody has them open or mapped.
        use.files = sum(size for (device, _), size in unnamed.items() if device == self._device)
        use.files += sum(size for inode, _, size in mappings if (self._device, inode) not in unnamed)

    def _memory_files(self) -> tuple[int, list[int]]:
        """Bytes in the job's file systems that are memory, and their devices."""
        if not self._memories and self._of_sandbox:
            with suppress(OSError):
                self._open_memories()
        size = 0
        for descriptor in self._memories:
            found = os.fstatvfs(descriptor)
            size += (found.f_blocks - found.f_bfree) * found.f_frsize + (found.f_files - found.f_ffree) * _INODE_BYTES
        return size, [os.fstat(descriptor).st_dev for descriptor in self._memories]

    def _open_memories(self) -> None:
        root = f"/proc/{self._init}/root"
        if os.stat(root).st_dev == os.stat("/").st_dev or not os.path.exists(f"{root}/work/in"):
            return  # the sandbox is not complete yet; nothing of the job runs
        for path in ("/tmp", "/dev/shm"):  # noqa: S108 - the job's own
            self._memories.append(os.open(root + path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))

    def _mapped_unnamed(self, pid: int) -> Iterator[tuple[int, int, int]]:
        """Inode, offset and bytes of what is mapped of files on the job's disk that have no name any more."""
        with open(f"/proc/{pid}/maps", "rb") as file:
            for first, last, offset, major, minor, inode in _DELETED.findall(file.read()):
                if os.makedev(int(major, 16), int(minor, 16)) == self._device:
                    yield int(inode), int(offset, 16), int(last, 16) - int(first, 16)


def _open_unnamed(pid: int) -> dict[tuple[int, int], int]:
    """Bytes that the open files of a process take which have no name any more, by device and inode."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        with suppress(OSError):
            status = os.stat(f"/proc/{pid}/fd/{name}")
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                found[status.st_dev, status.st_ino] = status.st_blocks * 512
    return found
