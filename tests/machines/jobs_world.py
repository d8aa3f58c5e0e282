"""Jobs for tests: run through their supervisors, as root and as a user who is nothing, and what they leave behind."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import client
import machines
from machines.jobs import running, sandbox
from machines.jobs.sandbox import NoSandbox
from machines.jobs.spec import File, Limits, Spec
from machines.jobs.status import Status
from machines.jobs.store import Store

PYTHON = "/usr/bin/python3"
"""As a job finds it, in the machine's /usr."""
NOBODY = 65_534
MARK = "IONET_TEST_JOB"
"""A variable in the environment of all processes of a job."""
_SECONDS = 60.0

_START = (
    "import sys; from pathlib import Path; from machines.jobs import running; print(running.start(Path(sys.argv[1])))"
)


def sandbox_missing() -> str | None:
    """Why jobs cannot run in a sandbox on this machine; None: they can."""
    try:
        sandbox.bwrap()
    except NoSandbox as error:
        return str(error)
    return None


def needs_python() -> None:
    """Skips a test whose job is a Python program, where a job finds no Python."""
    if not os.access(PYTHON, os.X_OK):
        pytest.skip(f"jobs find no {PYTHON} on this machine")


@dataclass
class Ran:
    """A job that was run."""

    folder: Path
    status: Status
    seconds: float
    """From before its start until it was over."""
    mark: str

    @property
    def log(self) -> str:
        """What it said."""
        return running.log(self.folder).read_text(errors="replace")

    def output(self, path: str) -> bytes:
        """Content of an output."""
        file = next(file for file in self.status.outputs if file.path == path)
        with running.outputs(self.folder).open(file.sha256) as content:
            return content.read()


@dataclass
class Host:
    """A machine's agent, as far as it runs jobs: as ourselves, or as a user without rights."""

    folder: Path
    as_nobody: bool
    environment: dict[str, str] = field(default_factory=dict)
    """Of the agent, beside what it has."""
    started: list[Path] = field(default_factory=list)

    def prepare(self, command: Sequence[str], inputs: Mapping[str, bytes] = {}, **fields: Any) -> Path:
        """A job's folder. `fields`: of its spec; those of its limits, too."""
        named = {name: fields.pop(name) for name in Limits.__struct_fields__ if name in fields}
        limits = Limits(**({"seconds": 20, "files_mb": 64} | named))
        mark = uuid4().hex
        folder = self.folder / mark[:8]
        store = Store(self.folder / "store")
        store.folder.mkdir(exist_ok=True)
        files = []
        for path, content in inputs.items():
            key = sha256(content).hexdigest()
            store.put_now(key, [content], len(content))
            files.append(File(path=path, sha256=key, size=len(content)))
        environment = fields.pop("environment", {}) | {MARK: mark}
        spec = Spec(command=list(command), inputs=files, limits=limits, environment=environment, **fields)
        running.prepare(folder, spec, store)
        if self.as_nobody:
            for path in (store.folder, folder, *folder.rglob("*"), *store.folder.iterdir()):
                os.chown(path, NOBODY, NOBODY)
        return folder

    def start(self, folder: Path) -> int:
        """Starts a job; its supervisor's number."""
        self.started.append(folder)
        if not self.as_nobody:
            with _environment(self.environment):
                return running.start(folder)
        done = subprocess.run(  # noqa: S603 - our own program
            [PYTHON, "-c", _START, str(folder)],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            cwd="/",
            env={"PATH": os.defpath, "PYTHONPATH": str(self.folder / "packages")} | self.environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    def until_says(self, folder: Path, word: str) -> float:
        """Starts a job, and waits until it says a word; when it was started."""
        began = time.monotonic()
        self.start(folder)
        while word not in running.log(folder).read_text():
            assert running.is_running(folder), running.state(folder)
            time.sleep(0.02)
        return began

    def run(self, command: Sequence[str], inputs: Mapping[str, bytes] = {}, **fields: Any) -> Ran:
        """Runs a job to its end, and makes sure that nothing of it is left."""
        folder, began = self.prepare(command, inputs, **fields), time.monotonic()
        self.start(folder)
        return self.await_end(folder, began)

    def await_end(self, folder: Path, began: float) -> Ran:
        """Waits for the end of a job, and makes sure that nothing of it is left."""
        status = running.wait(folder, _SECONDS)
        mark = running.read_spec(folder).environment[MARK]
        ran = Ran(folder, status, time.monotonic() - began, mark)
        assert status.is_over, f"the job goes on: {status}"
        assert not processes_of(mark), "processes are left"
        assert not running.is_running(folder)
        trouble = folder / "supervisor.log"
        assert trouble.read_text() == "", "the supervisor failed itself"
        return ran

    def close(self) -> None:
        """Ends what a failing test left."""
        left = [folder for folder in self.started if folder.exists()]
        for folder in left:
            with suppress(Exception):
                running.stop(folder)
        for folder in left:
            with suppress(Exception):
                running.wait(folder)


def python(text: str) -> list[str]:
    """A job's command: a Python program. Skips the test where a job finds no Python."""
    needs_python()
    return [PYTHON, "-c", text]


def processes_of(mark: str) -> list[int]:
    """Processes of a job, wherever they are by now. It looks twice where some end in this moment."""
    for _ in range(50):
        found = _processes_of(mark.encode())
        if not found:
            return []
        time.sleep(0.02)
    return found


def _processes_of(mark: bytes) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (path / "environ").read_bytes() or mark in (path / "cmdline").read_bytes():
                found.append(int(path.name))
    return found


def host_of_user(kind: str, own: Path) -> Iterator[Host]:
    """A host; `kind`: `root`, or `user`, who is nobody where we are root. `own`: a folder that nobody else enters."""
    is_root = os.geteuid() == 0
    if kind == "root" and not is_root:
        pytest.skip("only root runs jobs as users of their own")
    if kind == "user" and is_root:
        with tempfile.TemporaryDirectory(prefix="ionet-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            _copy_packages(folder / "packages")
            for path in (folder, folder / "packages"):
                os.chown(path, NOBODY, NOBODY)
            yield from _closing(Host(folder, as_nobody=True))
    else:
        yield from _closing(Host(own, as_nobody=False))


def _closing(host: Host) -> Iterator[Host]:
    try:
        yield host
    finally:
        host.close()


def _copy_packages(folder: Path) -> None:
    """What a supervisor imports, where nobody may read it."""
    needs_python()
    asking = [PYTHON, "-c", "import sys; print(*sys.version_info[:2])"]
    version = subprocess.run(asking, capture_output=True, text=True, check=True).stdout.split()  # noqa: S603
    if version != [str(part) for part in sys.version_info[:2]]:
        pytest.skip(f"{PYTHON} is of another version than this Python, which a user without rights may not start")
    folder.mkdir()
    for package in (machines, client):
        shutil.copytree(package.__path__[0], folder / package.__name__, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("msgspec", "solders", "jsonalias", "typing_extensions"):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        if spec.submodule_search_locations is None:
            shutil.copy(spec.origin, folder)
        else:
            shutil.copytree(Path(spec.origin).parent, folder / name, ignore=shutil.ignore_patterns("__pycache__"))


@contextmanager
def _environment(changed: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(changed)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
