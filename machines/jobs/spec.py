"""What a job is, and what came of it: structs that both sides read, write and hash alike."""

from __future__ import annotations

import hashlib
import re
from typing import Final, Literal, TypeVar

import msgspec
from msgspec import field

from client.errors import IonetError
from machines.jobs.paths import check_paths

MAX_BYTES: Final = 16 << 20
"""Of a spec, or of a result, as JSON."""
MAX_FILES: Final = 10_000
"""Inputs of a job, and outputs of one."""
MAX_WORDS: Final = 1_000
"""Of a command, and variables of an environment."""
MAX_TEXT_BYTES: Final = 131_072
"""Of a command in all, and of an environment in all: what Linux passes to a program without trouble."""

_HEX = re.compile(r"[0-9a-f]{64}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
# Where an image is from has to be said, so that no short name is looked up elsewhere and no `dir:/etc` is a transport.
_IMAGE = re.compile(
    r"(localhost|[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+|[a-z0-9][a-z0-9.-]*:[0-9]{1,5})"
    r"(/[a-z0-9]+((\.|_{1,2}|-+)[a-z0-9]+)*)+(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
_ADDRESS = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}")

State = Literal["running", "finished", "failed", "stopped"]
"""`finished`: the command ended by itself, with whatever exit code. `failed`: it was not started, or was ended because
it went over a limit, or because the machine failed. `stopped`: somebody asked for its end."""


_Kind = TypeVar("_Kind", bound="Strict")


class NotAJob(IonetError, ValueError):
    """A spec or a result is not one."""


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is read from JSON without guessing: no unknown field, no other type."""


class File(Strict, frozen=True):
    """A regular file, by its content."""

    path: str
    """Below the job's folder of inputs, or of outputs; with slashes."""
    sha256: str
    """Hexadecimal."""
    size: int
    """Bytes."""
    executable: bool = False

    def __post_init__(self) -> None:
        check_paths([self.path])
        _hash("sha256 of a file", self.sha256)
        _between("size of a file", self.size, 0, 1 << 50)


class Limits(Strict, frozen=True):
    """What a job may use. Over memory, files or time it is ended; more processes it does not get; more log is cut."""

    cores: int = 1
    memory_mb: int = 1024
    """MiB, of all its processes, with /tmp and shared memory."""
    seconds: int = 3600
    """From its start to its end, by the clock on the wall."""
    files_mb: int = 1024
    """MiB on disk below /work, without the inputs. Holes of sparse files do not count."""
    file_count: int = 10_000
    """Files and folders below /work, without the inputs."""
    processes: int = 64
    """Threads count as processes."""
    log_kb: int = 10_240
    """KiB of stdout and stderr together."""
    network: bool = False
    """Whether it may reach others. A service is reached without."""

    def __post_init__(self) -> None:
        _between("cores", self.cores, 1, 4_096)
        _between("memory_mb", self.memory_mb, 16, 1 << 26)
        _between("seconds", self.seconds, 1, 10 * 366 * 86_400)
        _between("files_mb", self.files_mb, 1, 1 << 30)
        _between("file_count", self.file_count, 1, 10_000_000)
        _between("processes", self.processes, 1, 1_000_000)
        _between("log_kb", self.log_kb, 1, 1 << 20)


class Service(Strict, frozen=True):
    """A port of 127.0.0.1, inside the job, where it speaks HTTP."""

    port: int
    health: str = "/"
    """Path that answers with 200 to 399 once the service is ready."""
    ready_seconds: int = 60

    def __post_init__(self) -> None:
        _between("port of the service", self.port, 1_024, 65_535)  # lower ones are for who has privileges
        _between("ready_seconds", self.ready_seconds, 1, 86_400)
        if not re.fullmatch(r"/[!-~]{0,1023}", self.health):
            raise NotAJob(f"health: {self.health!r:.100} is no path of a URL; say one such as /health")


class Spec(Strict, frozen=True):
    """What a renter wants done."""

    command: list[str]
    """Program and arguments. No shell reads them."""
    image: str | None = None
    """Container image with the name of its registry, such as `docker.io/library/python:3.11`; None: the node's own
    /usr, read-only."""
    environment: dict[str, str] = field(default_factory=dict)
    inputs: list[File] = field(default_factory=list)
    """Found in /work/in."""
    limits: Limits = field(default_factory=Limits)
    service: Service | None = None
    token_sha256: str | None = None
    """SHA-256, hexadecimal, of the token with which anyone may call the service; None: only the renter may."""

    def __post_init__(self) -> None:
        _between("words of the command", len(self.command), 1, MAX_WORDS)
        _between("variables of the environment", len(self.environment), 0, MAX_WORDS)
        _between("inputs", len(self.inputs), 0, MAX_FILES)
        _text("command", self.command)
        _text("environment", [*self.environment, *self.environment.values()])
        if not self.command[0]:
            raise NotAJob("command: the program has no name")
        for name in self.environment:
            if not _VARIABLE.fullmatch(name):
                raise NotAJob(f"environment: {name!r:.100} is no name of a variable: use letters, digits and _")
        if self.image is not None:
            if not (len(self.image) <= 512 and _IMAGE.fullmatch(self.image)):
                raise NotAJob(
                    f"image: {self.image!r:.100} does not say where it is from; write registry/name:tag, such as "
                    "docker.io/library/python:3.11"
                )
            if self.command[0].startswith(("[", "-")):
                raise NotAJob(f"command: in an image no program may be called {self.command[0]!r:.100}")
        if self.token_sha256 is not None:
            _hash("token_sha256", self.token_sha256)
            if self.service is None:
                raise NotAJob("token_sha256: there is no service that the token would open")
        check_paths([file.path for file in self.inputs])


class Result(Strict, frozen=True):
    """What came of a job, as the node says it. Its digest is what the node reports on the chain."""

    job: str
    """The job's address, base58."""
    node: str
    """The node's, base58."""
    spec_sha256: str
    state: State
    exit_code: int | None
    """128 + N where signal N ended the command. None: it did not end by itself."""
    reason: str
    """Why it is so, for people."""
    started_at: int | None
    """Unix seconds; None: it was not started."""
    ended_at: int | None
    log_sha256: str
    log_bytes: int
    outputs: list[File]
    """What was in /work/out when it ended."""

    def __post_init__(self) -> None:
        for name, address in (("job", self.job), ("node", self.node)):
            if not _ADDRESS.fullmatch(address):
                raise NotAJob(f"{name}: {address!r:.100} is no address")
        _hash("spec_sha256", self.spec_sha256)
        _hash("log_sha256", self.log_sha256)
        _between("log_bytes", self.log_bytes, 0, 1 << 40)
        for name, moment in (("started_at", self.started_at), ("ended_at", self.ended_at)):
            if moment is not None:
                _between(name, moment, 0, 1 << 40)
        if self.exit_code is not None:
            _between("exit_code", self.exit_code, 0, 255)
        _between("characters of the reason", len(self.reason), 0, 1_000)
        _between("outputs", len(self.outputs), 0, MAX_FILES)
        check_paths([file.path for file in self.outputs])


def parse_spec(data: bytes) -> Spec:
    """A spec from JSON. Raises `NotAJob`."""
    return _parse(data, Spec, "the job's spec")


def parse_result(data: bytes) -> Result:
    """A result from JSON, from a node that nobody trusts. Raises `NotAJob`."""
    return _parse(data, Result, "the job's result")


def canonical(value: Strict) -> bytes:
    """JSON with every field, sorted by name, without blanks: the same bytes for the same value."""
    try:
        return msgspec.json.encode(value, order="sorted")
    except UnicodeEncodeError as error:
        raise NotAJob(f"a text is not valid Unicode: {error.object!r:.100}") from error


def digest(value: Strict) -> bytes:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(value)).digest()


def _parse(data: bytes, kind: type[_Kind], what: str) -> _Kind:
    if len(data) > MAX_BYTES:
        raise NotAJob(f"{what} has {len(data)} bytes; {MAX_BYTES} are the most")
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NotAJob(f"{what} is not one: {str(error)[:500]}") from error


def _hash(name: str, value: str) -> None:
    if not _HEX.fullmatch(value):
        raise NotAJob(f"{name}: {value!r:.100} is no SHA-256: 64 digits 0-9a-f are")


def _between(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise NotAJob(f"{name}: {value} is not from {least} to {most}")


def _text(name: str, words: list[str]) -> None:
    size = 0
    for word in words:
        try:
            encoded = word.encode()
        except UnicodeEncodeError:
            raise NotAJob(f"{name}: {word!r:.100} is not valid Unicode") from None
        if b"\0" in encoded:
            raise NotAJob(f"{name}: {word!r:.100} has a NUL in it")
        size += len(encoded) + 1
    if size > MAX_TEXT_BYTES:
        raise NotAJob(f"{name}: {size} bytes are over {MAX_TEXT_BYTES}; put long texts into an input")
