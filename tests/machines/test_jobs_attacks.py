"""Jobs that attack the machine they run on: each ends in time, says why, and harms nothing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from machines.jobs import running
from machines.jobs.holding import FIRST, LAST
from tests.machines.jobs_world import NOBODY, PYTHON, Host, host_of_user, needs_python, python, sandbox_missing

pytestmark = pytest.mark.skipif(bool(sandbox_missing()), reason=f"no sandbox here: {sandbox_missing()}")


@pytest.fixture(params=["root", "user"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A machine whose agent is root, and one whose agent is not."""
    yield from host_of_user(request.param, tmp_path)


def test_fork_bomb(host: Host) -> None:
    """A fork bomb gets its processes and no more, and is killed when its time is over."""
    bomb = "import os, time\nwhile True:\n try:\n  os.fork()\n except OSError:\n  time.sleep(0.01)\n"
    ran = host.run(python(bomb), processes=40, seconds=3)
    assert ran.status.state == "failed"
    assert ran.status.reason == "time over: it ran 3 s, all that it asked for; it had all of its 40 processes"
    assert 40 <= ran.status.peak.processes <= 42
    assert ran.seconds < 15


def test_threads_are_processes(host: Host) -> None:
    """Threads count as processes: a program that starts them without end is refused more."""
    program = """
import threading
gate, count = threading.Event(), 0
try:
    while count < 500:
        threading.Thread(target=gate.wait, daemon=True).start()
        count += 1
except RuntimeError:
    print("refused after", count)
"""
    ran = host.run(python(program), processes=20)
    assert ran.status.state == "finished"
    assert int(ran.log.split()[-1]) in range(15, 23)


def test_memory_of_one(host: Host) -> None:
    """A process that takes more and more memory is ended."""
    hog = "kept = []\nwhile True:\n kept.append(bytearray(b'x' * (8 << 20)))\n"
    ran = host.run(python(hog), memory_mb=200)
    assert ran.status.state == "failed"
    assert ran.status.reason.startswith("out of memory")
    assert ran.status.exit_code in (None, 137)
    assert ran.seconds < 15


def test_memory_of_many(host: Host) -> None:
    """Processes that each take little are ended when together they take too much."""
    hog = """
import os, time
for _ in range(10):
    if os.fork() == 0:
        kept = b"x" * (30 << 20)
        time.sleep(60)
time.sleep(60)
"""
    ran = host.run(python(hog), memory_mb=200)
    assert ran.status.state == "failed"
    assert ran.status.reason.startswith("out of memory")
    assert ran.seconds < 15


@pytest.mark.parametrize(
    "place",
    ["open('/dev/shm/%d' % n, 'wb')", "os.fdopen(os.memfd_create('x'), 'wb')", "open('/tmp/%d' % n, 'wb')"],
    ids=["shared", "unnamed", "tmp"],
)
def test_memory_as_files(host: Host, place: str) -> None:
    """Memory that belongs to no process, in file systems that are memory, counts as well."""
    hog = f"""
import os, time
kept, n = [], 0
while True:
    file = {place}
    try:
        for _ in range(16):
            file.write(b"x" * (1 << 20))
            file.flush()
    except OSError as error:
        print(error.strerror, flush=True)
        time.sleep(60)
    kept.append(file)
    n += 1
"""
    ran = host.run(python(hog), memory_mb=150, seconds=6)
    assert ran.status.state == "failed"
    if place.startswith("open('/tmp"):  # small enough never to be over
        assert "No space left" in ran.log
        assert ran.status.peak.memory_mb < 100
    elif ran.status.reason.startswith("time over"):  # half of the memory is all that there is of /dev/shm
        assert "shm" in place
        assert "No space left" in ran.log
    else:
        assert ran.status.reason.startswith("out of memory")
    assert ran.seconds < 15


def test_shared_memory_of_system_v(host: Host) -> None:
    """System V's shared memory is counted by the kernel, or is not there."""
    hog = """
import ctypes, time
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
libc.shmdt.argtypes = [ctypes.c_void_p]
for _ in range(40):
    number = libc.shmget(0, 16 << 20, 0o1600)
    if number < 0:
        print("refused", ctypes.get_errno())
        break
    place = libc.shmat(number, None, 0)
    ctypes.memset(place, 1, 16 << 20)
    libc.shmdt(place)
else:
    print("TAKEN")
"""
    ran = host.run(python(hog), memory_mb=200)
    assert "TAKEN" not in ran.log
    assert "refused" in ran.log or ran.status.reason.startswith("out of memory")


def test_log_without_end(host: Host) -> None:
    """A log without a line's end is cut, the job goes on, and says no more until its time is over."""
    ran = host.run(["sh", "-c", "tr '\\0' x < /dev/zero"], log_kb=100, seconds=3)
    assert ran.status.reason.startswith("time over")
    assert ran.status.log_bytes == running.log(ran.folder).stat().st_size
    assert ran.log == "x" * 102_400 + "\n… log cut at 102400 bytes\n"
    assert ran.seconds < 15


def test_time_over(host: Host) -> None:
    """A job that does nothing is ended when its time is over, with what it left until then."""
    ran = host.run(["sh", "-c", "echo early > out/early; sleep 600"], seconds=1)
    assert (ran.status.state, ran.status.exit_code) == ("failed", None)
    assert ran.status.reason == "time over: it ran 1 s, all that it asked for"
    assert ran.output("early") == b"early\n"
    assert ran.seconds < 10


def test_term_is_ignored(host: Host) -> None:
    """A job that ignores SIGTERM is killed 5 s later, its children as well."""
    folder = host.prepare(["sh", "-c", "trap '' TERM; echo ready; (trap '' TERM; sleep 600) & sleep 600; sleep 600"])
    began = host.until_says(folder, "ready")
    running.stop(folder)
    running.stop(folder)
    ran = host.await_end(folder, began)
    assert ran.status.state == "stopped"
    assert ran.status.reason == "it was stopped; it did not end within 5 s, and was killed"
    assert ran.seconds < 15


def test_daemon(host: Host) -> None:
    """A grandchild that left session and parent ends with the command."""
    ran = host.run(["sh", "-c", "setsid sh -c 'sleep 600 & sleep 600' >/dev/null 2>&1 </dev/null & echo gone"])
    assert (ran.status.state, ran.status.exit_code, ran.log) == ("finished", 0, "gone\n")
    assert ran.seconds < 10


def test_writes_to_what_is_not_its_own(host: Host) -> None:
    """Inputs, /usr, and all but /work, /tmp and /dev/shm cannot be written to; links do not help."""
    program = """
import os
def tried(name, *arguments):
    try:
        getattr(os, name)(*arguments)
        print("DONE", name, arguments)
    except OSError as error:
        print(name, *arguments, error.strerror)
for path in ("/work/in/new", "/usr/new", "/usr/bin/sh", "/etc/passwd", "/etc/new", "/new", "/dev/new", "/proc/sys/new",
             "/run/new", "/var/new", "/bin/new", "/work/in/given"):
    tried("open", path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
tried("link", "/work/in/given", "/work/out/given")
tried("rename", "/work/in/given", "/work/out/given")
tried("rename", "/work/in", "/work/inputs")
tried("rmdir", "/work/in")
tried("chmod", "/work/in/given", 0o666)
tried("remove", "/work/in/given")
tried("mkdir", "/work/in/folder")
os.symlink("/work/in/given", "/work/link")
tried("open", "/work/link", os.O_WRONLY)
"""
    ran = host.run(python(program), {"given": b"kept"})
    assert ran.status.state == "finished"
    assert "DONE" not in ran.log
    assert ran.log.count("\n") == 20
    assert (ran.folder / "in" / "given").read_bytes() == b"kept"


SNOOP = """
import os, sys
names = sys.argv[1:]
def tried(what, function):
    try:
        print("LEAK", what, repr(function())[:200])
    except OSError as error:
        print("refused", what, error.strerror)
for name in names:
    tried(name, lambda: os.listdir(name) if os.path.isdir(name) else open(name, "rb").read())
    tried(name, lambda: open("/proc/1/root" + name, "rb").read())
for pid in os.listdir("/proc"):
    if pid.isdigit():
        for name in ("environ", "cmdline"):
            try:
                print(open("/proc/%s/%s" % (pid, name)).read())
            except OSError as error:
                print("refused", pid, name)
print(dict(os.environ), sorted(os.listdir("/")), os.listdir("/etc"), os.listdir("/proc/self/fd"))
tried("ptrace", lambda: open("/proc/1/mem", "rb").read(1))
"""


def test_reads_what_is_not_its_own(host: Host) -> None:
    """Neither files nor environments of the agent, nor other jobs' folders, nor the machine's processes are there."""
    host.environment["IONET_TEST_VARIABLE"] = "4f9e-of-the-agent"
    other = host.run(["sh", "-c", "echo 77aa-of-another > out/secret; echo 77aa-of-another"])
    key = host.folder / "key.json"
    key.write_text("c0de-of-the-owner")
    key.chmod(0o644)
    folder = host.prepare(["true"])
    secrets = [key, folder / "spec.json", folder, host.folder, other.folder, other.folder / "log"]
    more = [
        "/root",
        "/home",
        "/var/lib",
        "/etc/shadow",
        "/etc/ssh",
        "/sys",
        "/boot",
        "/dev/mem",
        "/dev/vda",
        "/dev/kmsg",
    ]
    needs_python()
    ran = host.run([PYTHON, "/work/in/snoop.py", *map(str, secrets), *more], {"snoop.py": SNOOP.encode()})
    assert (ran.status.state, ran.status.exit_code) == ("finished", 0), ran.log
    assert "LEAK" not in ran.log
    assert ran.log.count("refused") >= 2 * len(secrets) + len(more)
    for secret in ("4f9e", "77aa", "c0de", "supervisor", "pytest"):
        assert secret not in ran.log.replace(str(host.folder), ""), secret


def test_kills_and_traces(host: Host) -> None:
    """The supervisor, and what else runs here, can be neither killed nor traced; nor is there a way to new rights."""
    program = """
import ctypes, os, signal, time
libc = ctypes.CDLL(None, use_errno=True)
print("ready", flush=True)
while not os.path.exists("targets"):
    time.sleep(0.02)
for pid in map(int, open("targets").read().split()):
    attacks = {"kill": lambda: os.kill(pid, signal.SIGKILL), "open": lambda: os.pidfd_open(pid),
               "move": lambda: os.sched_setaffinity(pid, {0}), "see": lambda: os.listdir("/proc/%d" % pid)}
    for name, attack in attacks.items():
        try:
            attack()
            print("DONE", name, pid)
        except OSError as error:
            print("refused", name, error.strerror)
    print("TRACED" if libc.ptrace(16, pid, 0, 0) == 0 else "refused trace", pid)
print(sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))
for name, number, arguments in (
    ("unshare", 272, (0x10000000,)), ("mount", 165, (b"none", b"/tmp", b"tmpfs", 0, None)), ("setns", 308, (0, 0)),
    ("keyctl", 250, (0, -3, 0)), ("bpf", 321, (0, 0, 0)), ("clone3", 435, (0, 0)), ("io_uring_setup", 425, (1, 0)),
    ("clone", 56, (0x10000000 | 17, 0, 0, 0, 0)),
):
    done = libc.syscall(number, *arguments)
    print(name, "DONE" if done >= 0 else os.strerror(ctypes.get_errno()))
try:
    os.setuid(0)
    print("DONE setuid")
except OSError:
    pass
print(open("/proc/self/status").read())
"""
    user = NOBODY if host.as_nobody else None
    sleeping = [shutil.which("sleep") or "sleep", "600"]
    with subprocess.Popen(sleeping, user=user) as bystander:  # noqa: S603 - of the user that the job is of, or could be
        try:
            folder = host.prepare(python(program))
            began = host.until_says(folder, "ready")
            supervisor = running.state(folder).pid
            (folder / "targets").write_text(f"{supervisor} {bystander.pid}")
            (folder / "targets").rename(folder / "work" / "targets")
            ran = host.await_end(folder, began)
            assert bystander.poll() is None
        finally:
            bystander.kill()
    assert (ran.status.state, ran.status.exit_code) == ("finished", 0), ran.log
    assert "DONE" not in ran.log
    assert "TRACED" not in ran.log
    assert ran.log.count("refused") == 10
    assert "[1, 2]" in ran.log
    for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
        assert line in ran.log


def test_network_that_was_not_asked_for(host: Host) -> None:
    """Nothing outside is reached, not even this machine's own 127.0.0.1 and its abstract sockets."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as unix:
        unix.bind("\0ionet-test-abstract")
        unix.listen()
        port = server.getsockname()[1]
        program = f"""
import socket
for family, address in ((socket.AF_INET, ("127.0.0.1", {port})), (socket.AF_INET, ("1.1.1.1", 53)),
                        (socket.AF_INET, ("169.254.169.254", 80)), (socket.AF_INET6, ("::1", {port})),
                        (socket.AF_UNIX, "\\0ionet-test-abstract")):
    try:
        with socket.socket(family) as attempt:
            attempt.settimeout(2)
            attempt.connect(address)
            print("REACHED", address)
    except OSError as error:
        print(error)
print(open("/proc/net/dev").read())
"""
        ran = host.run(python(program))
        assert ran.status.state == "finished"
        assert "REACHED" not in ran.log
        interfaces = [line.split(":")[0].strip() for line in ran.log.splitlines() if ":" in line and "|" not in line]
        assert [name for name in interfaces if not name.startswith("[")] == ["lo"]


def test_command_that_is_not_there(host: Host) -> None:
    """A command that does not exist is a clear failure, and so is one that is no program."""
    ran = host.run(["/no/such/program", "x"])
    assert (ran.status.state, ran.status.exit_code) == ("failed", None)
    assert ran.status.reason == "the program '/no/such/program' could not be started; the log says why"
    assert "No such file or directory" in ran.log
    ran = host.run(["/work/in/text"], {"text": b"hello"})
    assert ran.status.reason == "the program '/work/in/text' could not be started; the log says why"
    assert "Permission denied" in ran.log
    assert ran.seconds < 10


def test_environment_is_not_believed_outside(host: Host) -> None:
    """What a renter sets for the dynamic linker takes effect inside, and not in what builds the sandbox."""
    ran = host.run(["env"], environment={"LD_PRELOAD": "/work/in/x.so", "PATH": "/usr/bin:/bin", "A": "b c\nd"})
    assert ran.status.exit_code == 0
    assert ran.log.count("object '/work/in/x.so' from LD_PRELOAD cannot be preloaded") == 1
    assert "A=b c\nd\n" in ran.log
    ran = host.run(["--bind", "/", "/x", "--", "ls"])
    assert ran.status.reason == "the program '--bind' could not be started; the log says why"


def test_user_of_its_own(host: Host) -> None:
    """Where the agent is root, each job is a user that nobody else is, and owns nothing but its folder."""
    one, two = (host.prepare(["sh", "-c", "touch mine; echo ready; sleep 600"]) for _ in range(2))
    for folder in (one, two):
        host.until_says(folder, "ready")
    owners = {(folder / "work" / "mine").stat().st_uid for folder in (one, two)}
    outside = {(folder / "log").stat().st_uid for folder in (one, two)}
    if host.as_nobody or os.geteuid() != 0:
        assert owners == outside
    else:
        assert len(owners) == 2
        assert all(FIRST <= uid <= LAST for uid in owners)
        assert outside == {0}
    for folder in (one, two):
        running.stop(folder)
        ran = host.await_end(folder, 0)
        assert (ran.status.state, ran.status.reason) == ("stopped", "it was stopped")
        assert ran.status.exit_code == 143
    assert not (one / "work").exists()


def test_host_is_as_before(host: Host) -> None:
    """What a job needs mounted is mounted for nobody else."""
    before = len(Path("/proc/self/mountinfo").read_text().splitlines())
    folder = host.prepare(["sh", "-c", "echo ready; sleep 600"])
    began = host.until_says(folder, "ready")
    mounts = Path("/proc/self/mountinfo").read_text()
    assert folder.name not in mounts
    assert len(mounts.splitlines()) < before + 5  # a container of another test may be there meanwhile
    running.stop(folder)
    host.await_end(folder, began)
