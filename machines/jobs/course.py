"""The course of one job, from its first to its last word: what its supervisor does."""

from __future__ import annotations

import os
import select
import time
from contextlib import ExitStack
from typing import Final, TypeAlias

import msgspec

from client.errors import IonetError
from machines.jobs import cgroup, content, engine, holding, network, sandbox, status
from machines.jobs.cgroup import Group
from machines.jobs.container import Container
from machines.jobs.jail import Jail
from machines.jobs.logs import Log
from machines.jobs.paths import printable
from machines.jobs.spec import File, Spec, State
from machines.jobs.status import Folder, Peak
from machines.jobs.store import Store
from machines.jobs.tree import TreeRefused, open_folder, remove
from machines.jobs.watch import RESERVE_MB, Use, Watch, over_files

LOOK_SECONDS: Final = 0.25
"""Between two looks at what a job uses,"""
_LOOK_SHARE: Final = 4
"""and at least so many times as long as a look takes: counting very many files should not take a core."""
GRACE_SECONDS: Final = 5.0
"""From SIGTERM to SIGKILL."""
_LAST_WORDS_SECONDS: Final = 2.0
"""For what the job wrote before its end; nobody writes any more."""
_NOTE_SECONDS: Final = 10.0
"""Between two notes of what the job used at most."""
_STOPPED: Final = "it was stopped"

Verdict: TypeAlias = tuple[State, int | None, str]
"""State, exit code, and why."""


class JobFailed(IonetError):
    """The job cannot be run here."""


class Course:
    """Runs one job, in the thread that made this. `stop`: a descriptor that can be read once the job shall end."""

    def __init__(self, folder: Folder, spec: Spec, stop: int, *, gpus: bool) -> None:
        self._folder, self._spec, self._stop, self._gpus = folder, spec, stop, gpus
        self._status = status.read(folder)
        self._most = Use()
        self._log: Log | None = None

    def run(self) -> None:
        """From the first to the last word. Whatever goes wrong is the job's status afterwards."""
        try:
            verdict = self._run()
        except IonetError as error:
            verdict = ("stopped", None, _STOPPED) if self._is_asked() else ("failed", None, str(error))
        except Exception as error:
            verdict = "failed", None, f"the supervisor failed: {type(error).__name__}: {error}"
            self._end(verdict)
            raise
        self._end(verdict)

    def _run(self) -> Verdict:
        folder, spec = self._folder, self._spec
        with ExitStack() as stack:
            held = stack.enter_context(holding.hold(spec.limits.cores))
            self._log = Log(folder.log, spec.limits.log_kb << 10)
            sandbox.check(spec.image)
            if spec.limits.network and spec.image is None:
                network.require()
            work = _make_work(folder, spec, held.uid)
            stack.callback(os.close, work)
            jail: Jail | Container
            if spec.image is not None:
                engine.pull(spec.image, spec.limits.seconds, self._stop)
                group = Group({})
                jail = Container(folder, spec, held, self._log.pipe, gpus=self._gpus)
            else:
                group = cgroup.make(str(held.uid), spec.limits)
                stack.callback(group.remove)
                jail = Jail(folder, spec, held, group, self._log.pipe, gpus=self._gpus)
            watch = jail.watch(work)
            try:
                self._log.begin()
                self._note(doing="running", started_at=int(time.time()))
                verdict = self._follow(jail, watch, group)
            finally:
                jail.close()
                if watch is not None:
                    watch.close()
            self._hear_last_words()
            if verdict is None or verdict[0] == "stopped":
                ended = jail.outcome()
                verdict = ended if verdict is None else ("stopped", ended[1], verdict[2])
            if group.killed_for_memory():
                verdict = "failed", verdict[1], f"out of memory: it asked for more than {spec.limits.memory_mb} MiB"
            if verdict[0] == "finished":
                verdict = self._judge(verdict[1], work)
            return verdict

    def _follow(self, jail: Jail | Container, watch: Watch | None, group: Group) -> Verdict | None:
        """Until the job has ended by itself (None), or has to be ended."""
        assert self._log is not None
        if jail.process.returncode is not None:  # before anyone looked
            return None
        limits, now = self._spec.limits, time.monotonic()
        until, look, note, kill = now + limits.seconds, now, now + _NOTE_SECONDS, float("inf")
        ended = os.pidfd_open(jail.process.pid)
        waiting = {ended, self._stop, self._log.source}
        try:
            while True:
                ready = select.select(waiting, [], [], max(min(until, look, kill) - time.monotonic(), 0))[0]
                now = time.monotonic()
                if self._log.source in ready and not self._log.take():
                    waiting.discard(self._log.source)
                if self._stop in ready:
                    waiting.discard(self._stop)
                    jail.terminate()
                    kill = now + GRACE_SECONDS
                if ended in ready:
                    jail.process.wait()
                    return None if kill == float("inf") else ("stopped", None, _STOPPED)
                if now >= kill:
                    return "stopped", None, f"{_STOPPED}; it did not end within {GRACE_SECONDS:.0f} s, and was killed"
                if now >= until:
                    return "failed", None, f"time over: it ran {limits.seconds} s, all that it asked for{self._hint()}"
                if now >= look:
                    wrong = self._look(jail, watch, group)
                    if wrong is not None:
                        return "failed", None, wrong
                    took = time.monotonic() - now
                    look = now + took + max(LOOK_SECONDS, _LOOK_SHARE * took)
                    if now >= note:
                        note = now + _NOTE_SECONDS
                        self._note()
        finally:
            os.close(ended)

    def _look(self, jail: Jail | Container, watch: Watch | None, group: Group) -> str | None:
        if watch is None:
            return None
        use, wrong = watch.look()
        self._most = self._most.or_more(use)
        if wrong is None and group.killed_for_memory():
            wrong = f"out of memory: it asked for more than {self._spec.limits.memory_mb} MiB"
        return wrong or jail.trouble()

    def _judge(self, code: int | None, work: int) -> Verdict:
        """Of a job that ended by itself: whether it kept to its limits between the last look and the end."""
        try:
            use = Use()
            wrong = over_files(work, self._spec.limits, use)
        except TreeRefused as refused:
            wrong = str(refused)
        self._most = self._most.or_more(use)
        if wrong is not None:
            return "failed", code, wrong
        if not code:
            return "finished", code, ""
        by = f"signal {code - 128}" if code > 128 else f"exit code {code}"
        return "finished", code, f"it ended with {by}{self._hint()}"

    def _hint(self) -> str:
        most = self._spec.limits.processes
        return f"; it had all of its {most} processes" if self._most.processes >= most else ""

    def _hear_last_words(self) -> None:
        assert self._log is not None
        until = time.monotonic() + _LAST_WORDS_SECONDS
        while select.select([self._log.source], [], [], max(until - time.monotonic(), 0))[0] and self._log.take():
            pass

    def _is_asked(self) -> bool:
        return bool(select.select([self._stop], [], [], 0)[0])

    def _end(self, verdict: Verdict) -> None:
        """Says what came of it, with the outputs."""
        (state, code, reason), ended = verdict, int(time.time())
        self._note(doing="collecting")
        sha256, size = self._log.close() if self._log is not None else status.hash_log(self._folder)
        outputs, left_out = self._collect()
        self._folder.socket.unlink(missing_ok=True)
        self._note(
            state=state,
            exit_code=code,
            reason=reason[:1_000],
            doing="",
            ended_at=ended,
            log_sha256=sha256,
            log_bytes=size,
            outputs=outputs,
            left_out=left_out,
        )

    def _collect(self) -> tuple[list[File], list[str]]:
        if not self._folder.work.exists():
            return [], []
        try:
            store = Store(self._folder.outputs)
            outputs, left_out = content.collect(self._folder.work / "out", self._spec.limits, store)
        except (OSError, IonetError) as error:
            outputs, left_out = [], [f"everything: {error}"]
        try:
            remove(self._folder.work)
        except (OSError, IonetError) as error:
            left_out.append(f"what the job left cannot be removed: {error}")
        return outputs, left_out

    def _note(self, **changed: object) -> None:
        most = self._most
        peak = Peak(
            memory_mb=most.memory >> 20, files_mb=most.files >> 20, file_count=most.file_count, processes=most.processes
        )
        self._status = msgspec.structs.replace(self._status, peak=peak, **changed)
        status.write(self._folder, self._status)


def _make_work(folder: Folder, spec: Spec, uid: int | None) -> int:
    """Makes what will be /work; a descriptor of it. Raises `JobFailed` where inputs or room are missing."""
    folder.inputs.mkdir(exist_ok=True)
    folder.inputs.chmod(0o755)
    for file in spec.inputs:
        try:
            size = (folder.inputs / file.path).lstat().st_size
        except OSError:
            size = -1
        if size != file.size:
            raise JobFailed(f"the input {printable(file.path)} is not there")
    disk = os.statvfs(folder.path)
    free, needed = disk.f_bavail * disk.f_frsize >> 20, spec.limits.files_mb + RESERVE_MB
    if free < needed:
        raise JobFailed(f"the machine has {free} MiB of disk left; the job may take {needed - RESERVE_MB}")
    folder.work.mkdir(mode=0o700)
    places = [folder.work, folder.work / "in", folder.work / "out"]
    for place in places:
        place.mkdir(mode=0o755, exist_ok=True)
        if uid is not None:
            os.chown(place, uid, uid)
    return open_folder(folder.work)
