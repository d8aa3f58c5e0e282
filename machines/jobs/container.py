"""A job in a container, by podman or docker: for jobs that name an image."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from machines.jobs import forward, kernel
from machines.jobs.engine import ContainerFailed, ask, find
from machines.jobs.holding import Held
from machines.jobs.spec import Spec, State
from machines.jobs.status import Folder
from machines.jobs.watch import Watch

_BEGIN_SECONDS: Final = 30.0
_TMP_MB: Final = 64
_FILES_OPEN: Final = 1_024
_NOT_STARTED = (125, 126, 127)
"""What both engines end with where they did not start the program."""


def name_of(folder: Path) -> str:
    """What a job's container is called, so that it is found again whoever started it."""
    return f"ionet-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:24]}"


def arguments(folder: Folder, spec: Spec, user: str | None, cores: Collection[int], *, gpus: bool) -> list[str]:
    """Of `run`, from its first option to the command's last word. `user`: `uid:gid` inside, None: root without rights.

    Raises `ContainerFailed` where the folder's path cannot be said to an engine.
    """
    limits, (program, *words) = spec.limits, spec.command
    if set(",\n") & set(str(folder.path)):
        raise ContainerFailed(f"{str(folder.path)!r}: a folder with a comma in its path cannot be mounted: use another")
    memory = f"{limits.memory_mb}m"
    made = ["--rm", "--name", name_of(folder.path), "--pull", "never", "--log-driver", "none", "--hostname", "job"]
    made += ["--memory", memory, "--memory-swap", memory, "--cpus", str(limits.cores)]
    if os.geteuid() == 0:  # others are rarely let choose
        made += ["--cpuset-cpus", ",".join(map(str, sorted(cores)))]
    made += ["--pids-limit", str(limits.processes), "--oom-score-adj", "1000"]
    made += ["--read-only", "--tmpfs", f"/tmp:rw,nosuid,nodev,size={min(_TMP_MB, limits.memory_mb // 2)}m"]  # noqa: S108
    made += ["--shm-size", f"{max(limits.memory_mb // 2, 1)}m"]
    made += ["--cap-drop", "all", "--security-opt", "no-new-privileges"]
    made += ["--ulimit", f"nofile={_FILES_OPEN}:{_FILES_OPEN}", "--ulimit", "core=0:0"]
    made += ["--ulimit", f"nproc={limits.processes}:{limits.processes}"]
    made += ["--ulimit", f"fsize={limits.files_mb << 20}:{limits.files_mb << 20}"]
    made += ["--mount", f"type=bind,source={folder.work},target=/work"]
    made += ["--mount", f"type=bind,source={folder.inputs},target=/work/in,readonly", "--workdir", "/work"]
    made += ["--user", user] if user else []
    made += [] if limits.network else ["--network", "none"]
    made += ["--gpus", "all"] if gpus else []
    for name, value in ({"HOME": "/work"} | spec.environment).items():
        made += ["--env", f"{name}={value}"]
    return [*made, "--entrypoint", program, spec.image or "", *words]


class Container:
    """One job in its container."""

    def __init__(self, folder: Folder, spec: Spec, held: Held, log: int, *, gpus: bool) -> None:
        """Starts the job, whose image is here. `log`: a descriptor that its output goes to.

        Raises `ContainerFailed` or `CannotForward`. What is wrong with the command itself, `outcome` tells.
        """
        command = find()
        if command is None:
            raise ContainerFailed("the container engine is gone")
        self._folder, self._spec, self._command = folder, spec, command
        self._init = 0
        self._others: list[subprocess.Popen[bytes]] = []
        words = arguments(folder, spec, _user(command, held.uid), held.cores, gpus=gpus)
        _marker(folder).write_text(json.dumps(command))
        # It outlives us by the moment in which it removes the container: an engine lets go what it has started.
        self._guard = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", "machines.jobs.container", str(folder.path)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self.process = subprocess.Popen(  # noqa: S603 - a stranger's words, all of them behind the image
            [*command, "run", *words],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=kernel.dying_with_us(),
        )
        try:
            self._await_begin()
        except BaseException:
            self.close()
            raise

    def watch(self, work: int) -> Watch | None:
        """A watch of the job; None where it has not begun, or ended at once. `work`: a descriptor of its folder."""
        return Watch(work, self._spec.limits, self._init, of_sandbox=False) if self._init else None

    def trouble(self) -> str | None:
        """What keeps the job from being of use, although it runs."""
        return forward.trouble(self._others)

    def terminate(self) -> None:
        """SIGTERM for the job's first process."""
        with suppress(ContainerFailed):
            ask([*self._command, "kill", "--signal", "TERM", name_of(self._folder.path)])

    def close(self) -> None:
        """Kills what there is, and waits for that."""
        for other in self._others:
            other.kill()
            other.wait()
        # First, since an engine that waits for us to take the job's output does not see the job's end.
        self.process.kill()
        self.process.wait()
        try:
            remove(self._folder)
        finally:
            if self._guard.stdin is not None:
                self._guard.stdin.close()
            self._guard.wait()

    def outcome(self) -> tuple[State, int | None, str]:
        """What came of it, after `close`, where it ended by itself."""
        code = self.process.returncode
        if code in _NOT_STARTED and not self._init:
            return "failed", None, f"the container was not started ({code}); the log says why"
        if code == 137:
            return (
                "failed",
                None,
                (f"it was killed: most likely it asked for more than its {self._spec.limits.memory_mb} MiB of memory"),
            )
        return "finished", code if code >= 0 else 128 - code, ""

    def _await_begin(self) -> None:
        """Waits until the job's first process has a number here, or has ended."""
        until = time.monotonic() + _BEGIN_SECONDS
        asking = [*self._command, "inspect", "--format", "{{.State.Pid}}", name_of(self._folder.path)]
        while self.process.poll() is None and not self._init:
            found = ask(asking)
            if found.returncode == 0 and found.stdout.strip().isdigit():
                self._init = int(found.stdout)
            if time.monotonic() > until:
                raise ContainerFailed(f"the container did not begin within {_BEGIN_SECONDS:.0f} s")
        if self._init and self._spec.service is not None:
            self._others.append(forward.spawn(self._folder, self._init, None, self._spec.service.port))


def remove(folder: Folder) -> None:
    """Ends and removes the job's container, if there may be one. Raises `ContainerFailed`."""
    marker, name = _marker(folder), name_of(folder.path)
    try:
        command = json.loads(marker.read_text())
    except FileNotFoundError:
        return
    _kill(command, name)
    done = ask([*command, "rm", "--force", name])
    if done.returncode != 0 and ask([*command, "inspect", name]).returncode == 0:
        raise ContainerFailed(f"the container {name} cannot be removed: {done.stderr.strip()[-300:]}")
    marker.unlink(missing_ok=True)


def guard(folder: Folder) -> None:
    """Waits until the supervisor is gone; removes the job's container where it did not do that itself."""
    sys.stdin.read()  # the supervisor holds the other end as long as it lives
    if _marker(folder).exists():
        command = json.loads(_marker(folder).read_text())
        for _ in range(3):  # an engine that was about to make it may do so yet
            _kill(command, name_of(folder.path))
            time.sleep(1)
        remove(folder)


def _kill(command: Sequence[str], name: str) -> None:
    """At once: to remove what runs, engines ask it to end, and wait for 10 s."""
    ask([*command, "kill", "--signal", "KILL", name])


def _marker(folder: Folder) -> Path:
    return folder.path / "container.json"


def _user(command: Sequence[str], uid: int | None) -> str | None:
    """The user inside. With podman that is not root's, root inside is our own user outside."""
    if uid is not None:
        return f"{uid}:{uid}"
    return None if Path(command[0]).name != "docker" else f"{os.getuid()}:{os.getgid()}"


if __name__ == "__main__":
    guard(Folder(Path(sys.argv[1])))
