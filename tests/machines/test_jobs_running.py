"""A job's life: started once, followed, stopped, and told of even where its supervisor was killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from machines.jobs import running, sandbox, status
from machines.jobs.running import CannotStart
from machines.jobs.spec import Limits, Spec, digest
from machines.jobs.status import Folder, JobFolderBroken
from machines.jobs.store import ContentRefused, Store
from tests.machines.jobs_world import MARK, PYTHON, Host, host_of_user, processes_of, python, sandbox_missing

pytestmark = pytest.mark.skipif(bool(sandbox_missing()), reason=f"no sandbox here: {sandbox_missing()}")

JOB = "So11111111111111111111111111111111111111112"
WAITING = ["sh", "-c", "echo ready; sleep 600"]


@pytest.fixture(params=["root", "user"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A machine whose agent is root, and one whose agent is not."""
    yield from host_of_user(request.param, tmp_path)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Host]:
    """A machine whose agent is ourselves."""
    yield from host_of_user("root" if os.geteuid() == 0 else "user", tmp_path)


def test_a_job(host: Host) -> None:
    """A job reads its inputs, writes outputs and a log, and its result says all of it."""
    script = b"wc -c < in/data/two; cat in/data/one > out/copy; chmod +x out/copy; echo bad >&2; exit 3"
    ran = host.run(["sh", "/work/in/go.sh"], {"go.sh": script, "data/one": b"one", "data/two": b"22"}, cores=1)
    now = ran.status
    assert (now.state, now.exit_code, now.reason) == ("finished", 3, "it ended with exit code 3")
    assert ran.log == "2\nbad\n"
    assert now.log_sha256 == sha256(b"2\nbad\n").hexdigest()
    assert now.log_bytes == 6
    assert [(file.path, file.size, file.executable) for file in now.outputs] == [("copy", 3, True)]
    assert ran.output("copy") == b"one"
    assert now.started_at is not None
    assert now.ended_at is not None
    assert 0 <= now.ended_at - now.started_at < 20
    result = now.result(JOB, JOB)
    assert result.spec_sha256 == digest(running.read_spec(ran.folder)).hex()
    assert len(digest(result)) == 32
    assert digest(result) == digest(running.state(ran.folder).result(JOB, JOB))


def test_ended_by_a_signal(here: Host) -> None:
    """A command that is ended by a signal of its own says which."""
    ran = here.run(["sh", "-c", "kill -SEGV $$"])
    assert (ran.status.state, ran.status.exit_code) == ("finished", 139)
    assert ran.status.reason == "it ended with signal 11"


def test_cores(host: Host) -> None:
    """Programs see as many cores as the job has, and get no more, whatever they ask for."""
    there = len(os.sched_getaffinity(0))
    assert host.run(["nproc"], cores=4_000).log == f"{there}\n"
    program = f"""
import os, subprocess, threading, time
print(len(os.sched_getaffinity(0)))
try:
    os.sched_setaffinity(0, range({there}))
except OSError as error:
    print(error.strerror)
spin = "import time; end = time.monotonic() + 1.5\\nwhile time.monotonic() < end: pass"
began = time.monotonic()
for process in [subprocess.Popen(["{PYTHON}", "-c", spin]) for _ in range({there})]:
    process.wait()
times = os.times()
print("used", (times.children_user + times.children_system) / (time.monotonic() - began))
"""
    ran = host.run(python(program), cores=1)
    assert ran.log.startswith("1\n")
    assert float(ran.log.split()[-1]) < 1.3


def test_require(tmp_path: Path) -> None:
    """What jobs can run in is found, or named to be installed."""
    assert sandbox.require().bwrap == os.path.realpath(shutil.which("bwrap") or "")
    program = "from machines.jobs import sandbox; sandbox.require()"
    environment = {"PATH": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program]
    failed = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)  # noqa: S603 - our own
    assert failed.returncode == 1
    assert "NoSandbox: jobs are run in nothing less than a sandbox. Install bubblewrap" in failed.stderr
    assert "Or install podman, or docker with its daemon running" in failed.stderr


def test_started_once(host: Host) -> None:
    """Starting again gives the same process, also at the same moment, and a job that is over does not run again."""
    folder = host.prepare(["sh", "-c", "echo ready >> out/count; echo ready; sleep 600"])
    with pytest.raises(JobFolderBroken, match="was not started"):
        running.state(folder).result(JOB, JOB)
    assert not running.is_running(folder)
    pids: list[int] = []
    threads = [threading.Thread(target=lambda: pids.append(host.start(folder))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    host.until_says(folder, "ready")
    assert len(pids) == 4
    assert len(set(pids)) == 1
    assert running.is_running(folder)
    assert running.state(folder).doing == "running"
    for _ in range(3):
        running.stop(folder)
    ran = host.await_end(folder, 0)
    assert (ran.status.state, ran.status.reason, ran.status.exit_code) == ("stopped", "it was stopped", 143)
    assert ran.output("count") == b"ready\n"
    running.stop(folder)
    assert host.start(folder) == pids[0]
    assert running.state(folder) == ran.status


def test_stopped_before_it_was_started(here: Host) -> None:
    """Such a job never runs."""
    folder = here.prepare(["sh", "-c", "echo ran"])
    running.stop(folder)
    assert here.start(folder) == 0
    now = running.state(folder)
    assert (now.state, now.reason) == ("stopped", "it was stopped before it was started")
    assert now.result(JOB, JOB).spec_sha256 == digest(running.read_spec(folder)).hex()
    assert not running.log(folder).exists()


def test_stopped_in_the_moment_of_its_start(here: Host) -> None:
    """A stop is not lost, whenever it comes."""
    for delay in (0.0, 0.1, 0.2, 0.3):
        folder = here.prepare(WAITING)
        starting = threading.Thread(target=here.start, args=[folder])
        starting.start()
        time.sleep(delay)  # the moment is what is tried
        running.stop(folder)
        starting.join()
        assert running.wait(folder, 20).state == "stopped"
        assert not processes_of(running.read_spec(folder).environment[MARK])


def test_reacts_to_sigterm(here: Host) -> None:
    """A job that is asked to end may do what it has to, and its outputs and exit code are taken."""
    folder = here.prepare(
        ["sh", "-c", "trap 'echo saved > out/state; exit 7' TERM; echo ready; while :; do sleep 0.1; done"]
    )
    began = here.until_says(folder, "ready")
    running.stop(folder)
    ran = here.await_end(folder, began)
    assert (ran.status.state, ran.status.exit_code, ran.status.reason) == ("stopped", 7, "it was stopped")
    assert ran.output("state") == b"saved\n"


def test_supervisor_is_killed(host: Host) -> None:
    """With its supervisor the job is gone; its state says so, and its log is kept."""
    folder = host.prepare(["sh", "-c", "echo ready; sleep 600 & setsid sleep 600 & sleep 600"])
    host.until_says(folder, "ready")
    mark = running.read_spec(folder).environment[MARK]
    assert processes_of(mark)
    os.kill(running.state(folder).pid, signal.SIGKILL)
    assert not processes_of(mark)
    now = running.state(folder)
    assert now.state == "failed"
    assert now.reason == "its supervisor ended without a word: it was killed, or the machine was started again"
    assert (now.log_bytes, now.log_sha256) == (6, sha256(b"ready\n").hexdigest())
    assert now.ended_at is not None
    assert running.state(folder) == now
    assert not running.is_running(folder)
    running.stop(folder)
    assert host.start(folder) == now.pid
    assert running.state(folder) == now
    running.remove(folder)
    assert not folder.exists()


def test_agent_is_killed(here: Host, tmp_path: Path) -> None:
    """A job goes on when the process that started it is killed, with all of its group."""
    folder = here.prepare(["sh", "-c", "echo ready; while ! test -e /work/go; do sleep 0.05; done; echo done > out/x"])
    program = "import sys, time; from pathlib import Path; from machines.jobs import running; "
    program += "running.start(Path(sys.argv[1])); print('started', flush=True); time.sleep(600)"
    here.started.append(folder)
    agent = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, start_new_session=True
    )
    assert agent.stdout is not None
    assert agent.stdout.readline() == b"started\n"
    os.killpg(agent.pid, signal.SIGKILL)
    agent.wait()
    agent.stdout.close()
    here.until_says(folder, "ready")
    (folder / "work" / "go").touch()
    ran = here.await_end(folder, 0)
    assert (ran.status.state, ran.status.exit_code) == ("finished", 0)
    assert ran.output("x") == b"done\n"


def test_another_process_with_its_number(here: Host) -> None:
    """A process that has the number of a supervisor by now is neither taken for it nor ended."""
    folder = here.prepare(["true"])
    with subprocess.Popen(["sleep", "600"]) as stranger:  # noqa: S607
        try:
            place = Folder(folder)
            status.write(place, status.Status(state="running", pid=stranger.pid, born="another boot 17"))
            assert not running.is_running(folder)
            running.stop(folder)
            assert running.state(folder).state == "failed"
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_supervisor_by_hand(here: Host) -> None:
    """A supervisor can be run in the foreground, for one job once."""
    folder = here.prepare(["sh", "-c", "echo hello"])
    command = [sys.executable, "-m", "machines.jobs.supervisor", str(folder)]
    assert subprocess.run(command, timeout=60).returncode == 0  # noqa: S603 - our own module
    assert running.state(folder).state == "finished"
    assert subprocess.run(command, timeout=60).returncode == 3  # noqa: S603 - as above
    empty = here.folder / "empty"
    empty.mkdir()
    failed = subprocess.run([*command[:-1], str(empty)], capture_output=True, text=True, timeout=60)  # noqa: S603 - as above
    assert failed.returncode == 1
    assert "prepare the job first" in failed.stderr


def test_folder_that_is_broken(here: Host) -> None:
    """A folder without a spec, or with a status that nobody wrote, is refused in words."""
    with pytest.raises(JobFolderBroken, match="prepare the job first"):
        running.start(here.folder / "nothing")
    folder = here.prepare(["true"])
    (folder / "status.json").write_text("{")
    with pytest.raises(JobFolderBroken, match=r"status\.json cannot be read"):
        running.state(folder)


def test_folder_that_cannot_be_written(here: Host) -> None:
    """A supervisor that cannot begin is told of, with the reason."""
    folder = here.prepare(["true"])
    (folder / "lock").mkdir()
    with pytest.raises(CannotStart, match="did not begin"):
        running.start(folder)


def test_inputs_that_are_missing(tmp_path: Path) -> None:
    """A job whose inputs are not in the store is not prepared."""
    from machines.jobs.spec import File

    spec = Spec(command=["true"], inputs=[File(path="a", sha256="0" * 64, size=1)], limits=Limits())
    with pytest.raises(ContentRefused, match="it is not here"):
        running.prepare(tmp_path / "job", spec, Store(tmp_path / "store"))


def test_no_sandbox(here: Host) -> None:
    """Where nothing can hold a job, it does not run, and its status says what to install."""
    folder = here.prepare(["sh", "-c", "echo ran"])
    here.environment["PATH"] = str(here.folder)
    here.start(folder)
    now = running.wait(folder)
    assert now.state == "failed"
    assert "Install bubblewrap" in now.reason
    assert running.log(folder).read_text() == ""


def test_no_container_engine(here: Host) -> None:
    """A job with an image does not run without an engine; a docker command without a daemon is none."""
    folder = here.prepare(["true"], image="docker.io/library/busybox:1")
    (here.folder / "docker").write_text("#!/bin/sh\nexit 1\n")
    (here.folder / "docker").chmod(0o755)
    here.environment |= {"IONET_CONTAINER_ENGINE": str(here.folder / "docker")}
    here.start(folder)
    now = running.wait(folder)
    assert now.state == "failed"
    assert "install podman, or docker with its daemon running" in now.reason


def test_network_without_a_router(here: Host) -> None:
    """A job in the sandbox does not get this machine's own network, whatever is installed."""
    folder = here.prepare(["true"], network=True)
    programs = here.folder / "bin"
    programs.mkdir()
    (programs / "bwrap").symlink_to(sandbox.bwrap())
    here.environment["PATH"] = str(programs)
    here.start(folder)
    now = running.wait(folder)
    assert now.state == "failed"
    assert now.reason == (
        "the job asks for the network: install slirp4netns, so that it need not share this machine's own"
    )
