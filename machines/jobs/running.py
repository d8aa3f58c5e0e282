"""What an agent does with jobs. Each job has a process of its own, its supervisor, that outlives the agent.

A job runs once. All of this may be called again and again, by several processes, also after the agent began anew.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

import machines
from client import files
from client.errors import IonetError
from machines.jobs import container, status
from machines.jobs.spec import MAX_BYTES, Spec, canonical, digest, parse_spec
from machines.jobs.status import Folder, Status
from machines.jobs.store import Store
from machines.jobs.tree import remove as remove_tree

_START_SECONDS: Final = 60
"""A supervisor that has not begun after so long never will."""
_STOP_SECONDS: Final = 30
"""A supervisor that was asked to end gives the job 5 s, then kills it and hashes what there is."""
_KILLED = "its supervisor ended without a word: it was killed, or the machine was started again"


class CannotStart(IonetError):
    """A job's supervisor did not begin."""


def prepare(folder: Path, spec: Spec, store: Store) -> None:
    """Makes a job's folder: the spec, and its inputs from the store. Nothing runs yet.

    Raises `ContentRefused` where content is missing.
    """
    place = Folder(folder)
    place.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.replace(place.spec, canonical(spec))
    if not place.inputs.exists():
        store.place(spec.inputs, place.inputs)


def read_spec(folder: Path) -> Spec:
    """The job's spec. Raises `JobFolderBroken` where there is none."""
    place = Folder(folder)
    try:
        with place.spec.open("rb") as file:
            return parse_spec(file.read(MAX_BYTES + 1))
    except FileNotFoundError:
        raise status.JobFolderBroken(f"{place.spec} is not there: prepare the job first") from None


def start(folder: Path, *, gpus: bool = False) -> int:
    """Starts the job, unless it was started before; its supervisor's process id. Takes a second.

    `gpus`: whether the job may use the machine's NVIDIA GPUs. Raises `CannotStart`; what goes wrong with the job
    itself, such as a sandbox that is missing, is in its status.
    """
    place = Folder(folder)
    now = state(folder)
    if now.state != "new":
        return now.pid
    read_spec(folder)
    command = [sys.executable, "-P", "-m", "machines.jobs.supervisor", "--detach", *(["--gpus"] * gpus)]
    source = os.pathsep.join(os.path.dirname(path) for path in machines.__path__)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([source, os.environ.get("PYTHONPATH", "")]).rstrip(":")}
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            [*command, str(place.path)],
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise CannotStart(f"{place.path}: the supervisor did not begin within {_START_SECONDS} s") from None
    if done.returncode != 0:
        now = state(folder)
        if now.state != "new":  # another started it in the same moment
            return now.pid
        raise CannotStart(f"{place.path}: the supervisor did not begin: {done.stderr.strip()[-500:]}")
    return int(done.stdout)


def state(folder: Path) -> Status:
    """How the job is. Where its supervisor was killed, this notes that, and ends what it left."""
    place = Folder(folder)
    now = status.read(place)
    if now.state != "running" or _is_alive(now):
        return now
    with place.locked() as locked:
        now = status.read(place)  # it may have ended well between the two looks
        if now.state != "running" or not locked:
            return now
        container.remove(place)
        sha256, size = status.hash_log(place)
        ended = msgspec.structs.replace(
            now, state="failed", doing="", reason=_KILLED, ended_at=int(time.time()), log_sha256=sha256, log_bytes=size
        )
        status.write(place, ended)
        return ended


def is_running(folder: Path) -> bool:
    """Whether the job has a supervisor, which is this very process and not another with its number."""
    now = status.read(Folder(folder))
    return now.state == "running" and _is_alive(now)


def stop(folder: Path) -> None:
    """Asks for the job's end, and returns at once: SIGTERM for it, and SIGKILL 5 s later. `wait` waits for that.

    A job that was not started yet will not be.
    """
    place, until = Folder(folder), time.monotonic() + _START_SECONDS
    while status.read(place).state == "new":
        with place.locked() as locked:
            if locked and status.read(place).state == "new":
                stopped = Status(
                    state="stopped", reason="it was stopped before it was started", ended_at=int(time.time())
                )
                with suppress(status.JobFolderBroken):  # it was not even prepared
                    stopped = msgspec.structs.replace(stopped, spec_sha256=digest(read_spec(folder)).hex())
                status.write(place, stopped)
                return
        if time.monotonic() > until:
            raise CannotStart(f"{place.path}: another process holds the job, and does not start it")
        time.sleep(0.02)  # a supervisor has it, and is about to say so
    now = state(folder)
    if now.state == "running":
        _ask(now)


def wait(folder: Path, seconds: float = _STOP_SECONDS) -> Status:
    """Waits until the job is over, or the seconds are; how it is then."""
    until = time.monotonic() + seconds
    while not (now := state(folder)).is_over and time.monotonic() < until:
        time.sleep(0.05)
    return now


def outputs(folder: Path) -> Store:
    """The content of the job's outputs, once it is over."""
    return Store(Folder(folder).outputs)


def log(folder: Path) -> Path:
    """The file that stdout and stderr of the job go to. It is there once the job was started, and only grows."""
    return Folder(folder).log


def socket(folder: Path) -> Path:
    """The Unix socket at which the job's service is reached from outside, while it runs."""
    return Folder(folder).socket


def remove(folder: Path) -> None:
    """Ends the job if it runs, and removes all of it. Raises `CannotStart` where it does not end."""
    if Folder(folder).path.exists():
        stop(folder)
        if not wait(folder).is_over:
            raise CannotStart(f"{folder}: the job does not end; its folder is kept")
        remove_tree(folder)


def _is_alive(now: Status) -> bool:
    return status.birth(now.pid) == now.born


def _ask(now: Status) -> None:
    """SIGTERM for the supervisor, and for no other process that has its number by now."""
    try:
        supervisor = os.pidfd_open(now.pid)
    except ProcessLookupError:
        return
    try:
        if _is_alive(now):
            signal.pidfd_send_signal(supervisor, signal.SIGTERM)
    except ProcessLookupError:
        pass
    finally:
        os.close(supervisor)
