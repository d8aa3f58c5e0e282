"""How a job's folder looks, and how its supervisor says how the job is: a small file, replaced as a whole."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import field

from client import files
from client.errors import IonetError
from machines.jobs.spec import File, Result, State, Strict

NOTHING_SHA256: Final = hashlib.sha256(b"").hexdigest()


class JobFolderBroken(IonetError):
    """A job's folder is not as this program leaves one."""


@contextmanager
def short_path(socket: Path) -> Iterator[str]:
    """A path of a Unix socket that works meanwhile, however long its own is: the kernel takes 107 bytes."""
    folder = os.open(socket.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{socket.name}"
    finally:
        os.close(folder)


class Folder:
    """Where a job lives, and what is where in it. The job has `work`, sees `in`, and nothing of the rest."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.spec = self.path / "spec.json"
        self.status = self.path / "status.json"
        self.inputs = self.path / "in"
        self.work = self.path / "work"
        self.log = self.path / "log"
        self.outputs = self.path / "outputs"
        """A `Store`."""
        self.socket = self.path / "service.sock"
        self.trouble = self.path / "supervisor.log"
        """What the supervisor says where it fails itself."""
        self.lock = self.path / "lock"
        """Held by the supervisor as long as it lives."""

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Holds the lock meanwhile; False where another has it."""
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)


class Peak(Strict, frozen=True):
    """The most that was seen of a job at any look, some four times a second."""

    memory_mb: int = 0
    files_mb: int = 0
    file_count: int = 0
    processes: int = 0


class Status(Strict, frozen=True):
    """How a job is."""

    state: Literal["new"] | State
    """`new`: it was not started yet. The others: see `Result`."""
    reason: str = ""
    """Why, for people."""
    doing: Literal["", "preparing", "running", "collecting"] = ""
    """While it is running: what of it. `preparing`: an image is fetched; `collecting`: it ended, outputs are hashed."""
    exit_code: int | None = None
    started_at: int | None = None
    """Unix seconds."""
    ended_at: int | None = None
    spec_sha256: str = NOTHING_SHA256
    log_sha256: str = NOTHING_SHA256
    """Of the whole log, once it has ended."""
    log_bytes: int = 0
    outputs: list[File] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """What was in /work/out and is no output, with the reason, for people."""
    peak: Peak = Peak()
    pid: int = 0
    """Of the supervisor,"""
    born: str = ""
    """and since when it is that process: a process id is used again some day."""

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state not in ("new", "running")

    def result(self, job: str, node: str) -> Result:
        """What the node says and reports, of a job that was started. `job`, `node`: addresses, base58."""
        if self.state == "new":
            raise JobFolderBroken(f"job {job}: it was not started, and has no result")
        return Result(
            job=job,
            node=node,
            spec_sha256=self.spec_sha256,
            state=self.state,
            exit_code=self.exit_code,
            reason=self.reason,
            started_at=self.started_at,
            ended_at=self.ended_at,
            log_sha256=self.log_sha256,
            log_bytes=self.log_bytes,
            outputs=self.outputs,
        )


def read(folder: Folder) -> Status:
    """What was last written, true or not; `new` where nothing was."""
    try:
        return msgspec.json.decode(folder.status.read_bytes(), type=Status)
    except FileNotFoundError:
        return Status(state="new")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise JobFolderBroken(f"{folder.status} cannot be read: {error}") from error


def write(folder: Folder, status: Status) -> None:
    """Replaces what was written before: who reads sees either, whole; so does who reads after a power cut."""
    # Root may be the one who finds a job dead; its folder's owner has to read that, too.
    files.replace(folder.status, msgspec.json.encode(status), mode=0o644)


def birth(pid: int) -> str | None:
    """Boot and clock tick in which a process began; None: there is none, or it is dead and was not waited for."""
    try:
        # The second field is a name in brackets, of which anything may be part.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else f"{boot} {fields[19]}"


def hash_log(folder: Folder) -> tuple[str, int]:
    """SHA-256 and bytes of the log as it is."""
    try:
        with folder.log.open("rb") as log:
            return hashlib.file_digest(log, "sha256").hexdigest(), log.tell()
    except FileNotFoundError:
        return NOTHING_SHA256, 0
