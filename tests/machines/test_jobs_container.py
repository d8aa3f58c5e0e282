"""Jobs in containers: run, limited, ended, by whatever engine works here, in an image made of this machine's files."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from machines.jobs import container, running
from machines.jobs.engine import ENGINE, ContainerFailed
from machines.jobs.health import wait_ready
from machines.jobs.spec import Limits, Service, Spec
from machines.jobs.status import Folder
from tests.machines.jobs_world import MARK, PYTHON, Host, Ran, host_of_user, needs_python, processes_of

IMAGE = "localhost/ionet-test-jobs:1"
PROGRAMS = ("sh", "cat", "env", "head", "id", "ls", "sleep", "touch", "tr", "truncate")
CANDIDATES = ("podman", "podman --runtime runc", "docker")
"""Crun asks for cgroups of version 2."""


def test_arguments(tmp_path: Path) -> None:
    """An engine is told to hold the job as the sandbox does; no word of the job is an option."""
    limits = Limits(cores=2, memory_mb=64, processes=16, files_mb=3)
    spec = Spec(
        command=["run", "--privileged", "-v", "/:/x"],
        image="docker.io/library/busybox:1",
        environment={"A": "-v /:/x"},
        limits=limits,
    )
    words = container.arguments(Folder(tmp_path), spec, "60706:60706", [0, 1], gpus=False)
    assert words[-6:] == ["--entrypoint", "run", "docker.io/library/busybox:1", "--privileged", "-v", "/:/x"]
    said = " ".join(words)
    for option in (
        "--rm",
        "--network none",
        "--memory 64m",
        "--memory-swap 64m",
        "--cpus 2",
        "--pids-limit 16",
        "--read-only",
        "--cap-drop all",
        "--security-opt no-new-privileges",
        "--ulimit nofile=1024:1024",
        "--ulimit nproc=16:16",
        "--ulimit fsize=3145728:3145728",
        "--user 60706:60706",
        "--pull never",
        "--log-driver none",
        f"--mount type=bind,source={tmp_path}/work,target=/work",
        f"--mount type=bind,source={tmp_path}/in,target=/work/in,readonly",
        "--env A=-v /:/x",
    ):
        assert f"{option} " in said
    assert "--gpus all" in " ".join(container.arguments(Folder(tmp_path), spec, None, [0], gpus=True))
    network = Spec(command=["x"], image=spec.image, limits=Limits(network=True))
    assert "--network" not in container.arguments(Folder(tmp_path), network, None, [0], gpus=False)
    with pytest.raises(ContainerFailed, match="a comma in its path"):
        container.arguments(Folder(tmp_path / "a,b"), spec, None, [0], gpus=False)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An engine's command that runs our image."""
    needs_python()
    archive = tmp_path_factory.mktemp("image") / "root.tar"
    _make_image(archive)
    named = os.environ.get(ENGINE)
    reasons = []
    for command in [named] if named else CANDIDATES:
        words = shlex.split(command)
        if not shutil.which(words[0]):
            reasons.append(f"{words[0]} is not installed")
            continue
        try:
            _call([*words, "import", str(archive), IMAGE])
            run = ["run", "--rm", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=64:64"]
            _call([*words, *run, "--memory", "64m", "--pids-limit", "16", "--log-driver", "none", IMAGE, "/bin/true"])
        except (subprocess.SubprocessError, OSError) as error:
            reasons.append(f"{command}: {getattr(error, 'stderr', None) or error}".strip()[-200:])
            continue
        yield command
        subprocess.run([*words, "rmi", "--force", IMAGE], capture_output=True, timeout=60)  # noqa: S603 - our own image
        return
    pytest.skip(f"no container engine works here: {'; '.join(reasons)}")


@pytest.fixture
def host(engine: str, tmp_path: Path) -> Iterator[Host]:
    """A machine whose agent is ourselves."""
    for one in host_of_user("root" if os.geteuid() == 0 else "user", tmp_path):
        one.environment[ENGINE] = engine
        yield one


def run(host: Host, command: list[str], inputs: dict[str, bytes] | None = None, **fields: object) -> Ran:
    """Runs a job in our image; makes sure that its container is gone."""
    ran = host.run(command, inputs or {}, image=IMAGE, **fields)
    assert_gone(host, ran.folder)
    return ran


def assert_gone(host: Host, folder: Path) -> None:
    """Fails where a job's container is left."""
    asking = [*shlex.split(host.environment[ENGINE]), "ps", "--all", "--format", "{{.Names}}"]
    until = time.monotonic() + 10
    while container.name_of(folder) in _call(asking):
        assert time.monotonic() < until, "the container is left"
        time.sleep(0.1)
    assert not (folder / "container.json").exists()


def test_a_job(host: Host) -> None:
    """A job in an image reads inputs, writes outputs and a log, and ends with its exit code."""
    ran = run(host, ["sh", "-c", "id; env; cat in/a > out/copy; echo bad >&2; exit 3"], {"a": b"one"})
    assert (ran.status.state, ran.status.exit_code) == ("finished", 3), ran.log
    assert ran.output("copy") == b"one"
    assert "HOME=/work" in ran.log
    assert "bad\n" in ran.log
    if os.geteuid() == 0:
        assert re.search(r"uid=(60[78]|61[01])\d\d", ran.log)


def test_rights(host: Host) -> None:
    """A job has no capability, no network, nothing of the machine, and cannot write but to its folder."""
    program = """
import os, socket
for path in ("/work/in/new", "/usr/new", "/new", "/etc/new", "/proc/sys/new", "/work/in/a"):
    try:
        os.open(path, os.O_WRONLY | os.O_CREAT)
        print("DONE", path)
    except OSError as error:
        print("refused", error.strerror)
try:
    socket.create_connection(("1.1.1.1", 53), 2)
    print("DONE network")
except OSError as error:
    print("refused", error)
print(sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))
print(open("/proc/self/status").read())
"""
    ran = run(host, [PYTHON, "-c", program], {"a": b"x"})
    assert (ran.status.state, ran.status.exit_code) == ("finished", 0), ran.log
    assert "DONE" not in ran.log
    assert ran.log.count("refused") == 7
    assert "[1]" in ran.log
    for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"):
        assert line in ran.log


def test_fork_bomb(host: Host) -> None:
    """A fork bomb gets its processes and no more, and is killed when its time is over."""
    bomb = "import os, time\nwhile True:\n try:\n  os.fork()\n except OSError:\n  time.sleep(0.01)\n"
    ran = run(host, [PYTHON, "-c", bomb], processes=20, seconds=3)
    assert ran.status.state == "failed"
    assert ran.status.reason.startswith("time over")
    assert ran.status.peak.processes <= 20
    assert ran.seconds < 30


def test_memory(host: Host) -> None:
    """A job that takes too much memory is killed by the kernel, and that is said."""
    hog = "kept = []\nwhile True:\n kept.append(bytearray(b'x' * (8 << 20)))\n"
    ran = run(host, [PYTHON, "-c", hog], memory_mb=100)
    assert ran.status.state == "failed"
    assert "100 MiB" in ran.status.reason or "100 were allowed" in ran.status.reason
    assert ran.seconds < 30


def test_disk(host: Host) -> None:
    """A job that writes too much is ended."""
    filler = "import os\nfor n in range(1000):\n open(f'/work/{n}', 'wb').write(b'x' * (4 << 20))\n"
    ran = run(host, [PYTHON, "-c", filler], files_mb=20)
    assert ran.status.state == "failed"
    assert ran.status.reason.startswith("too much on disk")
    assert not (ran.folder / "work").exists()


def test_log_without_end(host: Host) -> None:
    """A log without a line's end is cut, here and at the engine."""
    ran = run(host, ["sh", "-c", "tr '\\0' x < /dev/zero"], log_kb=100, seconds=3)
    assert ran.status.reason.startswith("time over")
    assert ran.log == "x" * 102_400 + "\n… log cut at 102400 bytes\n"


def test_term_is_ignored(host: Host) -> None:
    """A container that ignores SIGTERM is killed 5 s later."""
    folder = host.prepare(["sh", "-c", "trap '' TERM; echo ready; sleep 600 & sleep 600; sleep 600"], image=IMAGE)
    began = host.until_says(folder, "ready")
    running.stop(folder)
    ran = host.await_end(folder, began)
    assert ran.status.state == "stopped"
    assert ran.status.reason == "it was stopped; it did not end within 5 s, and was killed"
    assert_gone(host, folder)


def test_supervisor_is_killed(host: Host) -> None:
    """With its supervisor the container is gone, although it was the engine that started it."""
    folder = host.prepare(["sh", "-c", "echo ready; sleep 600 & sleep 600"], image=IMAGE)
    host.until_says(folder, "ready")
    mark = running.read_spec(folder).environment[MARK]
    assert processes_of(mark)
    os.kill(running.state(folder).pid, signal.SIGKILL)
    until = time.monotonic() + 20
    while processes_of(mark):
        assert time.monotonic() < until, "the container goes on"
    assert running.state(folder).state == "failed"
    assert_gone(host, folder)


def test_command_that_is_not_there(host: Host) -> None:
    """A command that the image does not have is a clear failure."""
    ran = run(host, ["/no/such/program"])
    assert (ran.status.state, ran.status.exit_code) == ("failed", None)
    assert ran.status.reason == "the container was not started (127); the log says why"
    assert "/no/such/program" in ran.log


def test_image_that_is_not_there(host: Host) -> None:
    """An image that cannot be fetched is a clear failure."""
    folder = host.prepare(["true"], image="localhost:1/ionet/nothing:1")
    host.start(folder)
    now = running.wait(folder, 60)
    assert now.state == "failed"
    assert now.reason.startswith("the image localhost:1/ionet/nothing:1 cannot be fetched: ")


async def test_service(host: Host) -> None:
    """A service in a container without a network is reached from outside."""
    service = Service(port=8_000, health="/page", ready_seconds=30)
    command = [PYTHON, "-m", "http.server", "8000", "--directory", "/work/in"]
    folder = host.prepare(command, {"page": b"hello"}, image=IMAGE, service=service)
    host.start(folder)
    await wait_ready(folder, service)
    transport = httpx.AsyncHTTPTransport(uds=str(running.socket(folder)))
    async with httpx.AsyncClient(transport=transport, base_url="http://s") as client:
        assert (await client.get("/page")).text == "hello"
    running.stop(folder)
    assert host.await_end(folder, 0.0).status.state == "stopped"


def _make_image(archive: Path) -> None:
    """A root file system of some programs of this machine, with Python and the libraries they need."""
    python = Path(PYTHON).resolve()
    programs = {Path(path) for name in (*PROGRAMS, "true") if (path := shutil.which(name))} | {python}
    wanted = {f"/bin/{path.name}": path for path in programs} | {PYTHON: python}
    for path in programs:
        said = subprocess.run(["ldd", path], capture_output=True, text=True).stdout  # noqa: S603, S607 - our own programs
        wanted |= {library: Path(library) for library in re.findall(r"(/\S+) \(0x", said)}
    for path in Path(f"/usr/lib/{python.name}").rglob("*"):
        if path.is_file() and not {"__pycache__", "test", "dist-packages", "idlelib"} & set(path.parts):
            wanted[str(path)] = path
    with tarfile.open(archive, "w", dereference=True) as tar:
        for name in ("work", "tmp", "proc", "dev", "sys", "etc"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        for name, path in sorted(wanted.items()):
            tar.add(path, arcname=name)


def _call(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)  # noqa: S603 - an engine's
    return done.stdout
