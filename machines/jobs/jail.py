"""A job in bubblewrap: started with its limits, asked to end, killed."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from machines.jobs import forward, kernel, network, sandbox, seccomp
from machines.jobs.cgroup import Group
from machines.jobs.holding import Held
from machines.jobs.spec import Limits, Spec, State
from machines.jobs.status import Folder
from machines.jobs.watch import Watch, below

_SETUP_SECONDS: Final = 20.0
_END_SECONDS: Final = 10.0
"""The kernel ends all of a namespace in a moment, unless a process waits for a disk that does not answer."""
_REAP_SECONDS: Final = 1.0
_FILES_OPEN: Final = 1_024
"""Of each process."""
_OWN_PROCESSES: Final = 2
"""Bubblewrap's, beside the job's."""
_WORST_OOM_SCORE: Final = "1000"
"""Where the machine has no memory left, the kernel ends jobs first."""
_STAGE: Final = "/tmp"  # noqa: S108 - covered, in a mount namespace of its own


class Jail:
    """One job in its sandbox. Everything here is called by the thread that began it: the job dies with that."""

    def __init__(self, folder: Folder, spec: Spec, held: Held, group: Group, log: int, *, gpus: bool) -> None:
        """Starts the job. `log`: a descriptor that its output goes to.

        Raises `NoSandbox` or `NoNetwork`. What is wrong with the command itself, `outcome` tells.
        """
        path = sandbox.bwrap()
        self._folder, self._spec, self._group = folder, spec, group
        self._uid, self._cores = held.uid, held.cores
        self._init = self._handle = -1
        self._said = b""
        self._others: list[subprocess.Popen[bytes]] = []
        self._says, say = os.pipe()
        wait, go = os.pipe()
        given = [say, wait]
        try:
            arguments = self._arguments(given, gpus)
            self.process = subprocess.Popen(  # noqa: S603 - a stranger's words, all of them behind `--`
                [path, "--args", str(arguments), "--", *spec.command],
                cwd="/",
                env={"PATH": os.defpath},  # the job's own is among the arguments: bubblewrap must not believe it
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=given,
                preexec_fn=self._setting(),
            )
        except BaseException:
            os.close(go)
            os.close(self._says)
            raise
        finally:
            for descriptor in given:
                os.close(descriptor)
        try:
            self._complete()
            os.write(go, b"!")
        except BrokenPipeError:  # it ended already: `outcome` tells why
            pass
        except BaseException:
            self.close()
            raise
        finally:
            os.close(go)

    def watch(self, work: int) -> Watch | None:
        """A watch of the job; None where it has not begun. `work`: a descriptor of its folder."""
        return None if self._init < 0 else Watch(work, self._spec.limits, self._init, of_sandbox=True)

    def trouble(self) -> str | None:
        """What keeps the job from being of use, although it runs."""
        return forward.trouble(self._others)

    def terminate(self) -> None:
        """SIGTERM for everything in the job."""
        space = _process_namespace(self._init)
        for pid in below(self._init)[1:] if space else ():
            with suppress(OSError):
                handle = os.pidfd_open(pid)
                try:
                    if _process_namespace(pid) == space:  # not another that got its number
                        signal.pidfd_send_signal(handle, signal.SIGTERM)
                finally:
                    os.close(handle)

    def close(self) -> None:
        """Kills what there is, and waits for that: with its first process, the kernel ends all of a namespace."""
        if self._handle >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            select.select([self._handle], [], [], _END_SECONDS)
            os.close(self._handle)
            self._handle = -1
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_REAP_SECONDS)  # it takes note of its child's end, and ends
        for process in (self.process, *self._others):
            process.kill()
            process.wait()
        if self._says >= 0:
            while self._hear(0.0):
                pass
            os.close(self._says)
            self._says = -1

    def outcome(self) -> tuple[State, int | None, str]:
        """What came of it, after `close`, where it ended by itself."""
        for line in self._said.splitlines():
            with suppress(ValueError):
                code = json.loads(line).get("exit-code")
                if isinstance(code, int):
                    return "finished", code, ""
        if self._init < 0:
            return "failed", None, "the sandbox could not be made; the log says why"
        program = self._spec.command[0]
        return "failed", None, f"the program {program!r:.100} could not be started; the log says why"

    def _arguments(self, given: list[int], gpus: bool) -> int:
        """A descriptor with all that bubblewrap is told, and `given` all descriptors that it needs."""
        say, wait = given

        def data(content: str | bytes) -> int:
            descriptor = os.memfd_create("ionet job")
            given.append(descriptor)
            with open(descriptor, "wb", closefd=False) as file:
                file.write(content if isinstance(content, bytes) else content.encode())
            os.lseek(descriptor, 0, os.SEEK_SET)
            return descriptor

        work, inputs = str(self._folder.work), str(self._folder.inputs)
        if self._uid is not None:
            work, inputs = f"{_STAGE}/work", f"{_STAGE}/in"
        words = sandbox.arguments(self._spec, work, inputs, data, gpus=gpus)
        words += ["--json-status-fd", str(say), "--block-fd", str(wait)]
        limited = self._group.controllers
        calls = seccomp.program(shared_memory="memory" in limited, moving="cpu" in limited)
        if calls is not None:
            words += ["--seccomp", str(data(calls))]
        return data("".join(f"{word}\0" for word in words))

    def _setting(self) -> Callable[[], None]:
        """What the process does before it becomes bubblewrap: it enters its limits, and its user."""
        folder, group, uid, limits = self._folder, self._group, self._uid, self._spec.limits
        cores = self._cores

        def enter() -> None:
            try:
                group.join()
                with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
                    file.write(_WORST_OOM_SCORE)
                if uid is not None:
                    _stage({"work": folder.work, "in": folder.inputs})
                _limit(limits, of_user=uid is not None)
                os.sched_setaffinity(0, cores)
                if uid is not None:
                    os.setgroups([])
                    os.setresgid(uid, uid, uid)
                    os.setresuid(uid, uid, uid)
            except BaseException as error:  # nobody above would say it
                os.write(2, f"the sandbox cannot be entered: {error}\n".encode())
                os._exit(126)

        return enter

    def _complete(self) -> None:
        """Waits for the job's first process, which waits in turn, and does what needs it."""
        while b"\n" not in self._said:
            if not self._hear(_SETUP_SECONDS):
                return
        self._init = int(json.loads(self._said.splitlines()[0])["child-pid"])
        self._handle = os.pidfd_open(self._init)
        limits = self._spec.limits
        if self._uid is None:
            # Counted in the job's own user namespace, from here on: before, all processes of our user would count.
            most = limits.processes + _OWN_PROCESSES
            resource.prlimit(self._init, resource.RLIMIT_NPROC, (most, most))
        if limits.network:
            self._others.append(network.attach(self._init, self._uid))
        if self._spec.service is not None:
            self._others.append(forward.spawn(self._folder, self._init, self._uid, self._spec.service.port))

    def _hear(self, seconds: float) -> bool:
        """Reads some of what bubblewrap says; False where nothing comes within the time, or ever."""
        if not select.select([self._says], [], [], seconds)[0]:
            return False
        said = os.read(self._says, 65_536)
        self._said += said
        return bool(said)


def _stage(places: dict[str, os.PathLike[str]]) -> None:
    """Shows folders to a user who may not pass through those above them, and to nobody else."""
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    # Before the stage covers them, and after the namespace is another: only its own mounts can be bound.
    held = {name: os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW) for name, path in places.items()}
    kernel.mount("tmpfs", _STAGE, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755,size=64k")
    for name, descriptor in held.items():
        os.mkdir(f"{_STAGE}/{name}")
        kernel.mount(f"/proc/self/fd/{descriptor}", f"{_STAGE}/{name}", flags=kernel.MS_BIND)
        os.close(descriptor)


def _limit(limits: Limits, *, of_user: bool) -> None:
    memory, files = limits.memory_mb << 20, limits.files_mb << 20
    # Of each process, and so only a second line: it stops one that takes all in the moment between two looks. Twice,
    # because what a program reserves and never touches counts here and nowhere else.
    settings = [
        (resource.RLIMIT_DATA, 2 * memory + (512 << 20)),
        (resource.RLIMIT_FSIZE, files),
        (resource.RLIMIT_NOFILE, _FILES_OPEN),
        (resource.RLIMIT_CORE, 0),
    ]
    if of_user:
        settings.append((resource.RLIMIT_NPROC, limits.processes + _OWN_PROCESSES))
    for kind, most in settings:
        hard = resource.getrlimit(kind)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (allowed, allowed))


def _process_namespace(pid: int) -> str | None:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return None
