"""Jobs that fill the disk, and outputs that are none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from machines.jobs import running
from machines.jobs.content import collect
from machines.jobs.spec import Limits
from machines.jobs.store import Store
from machines.jobs.tree import MAX_DEPTH, remove
from tests.machines.jobs_world import Host, host_of_user, python, sandbox_missing

pytestmark = pytest.mark.skipif(bool(sandbox_missing()), reason=f"no sandbox here: {sandbox_missing()}")


@pytest.fixture(params=["root", "user"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A machine whose agent is root, and one whose agent is not."""
    yield from host_of_user(request.param, tmp_path)


def test_one_large_file(host: Host) -> None:
    """No file grows beyond what all of them may take; the job is told by the kernel."""
    ran = host.run(["sh", "-c", "head -c 200M /dev/zero > out/big; echo code $?"], files_mb=20)
    assert ran.seconds < 15
    assert ran.status.peak.files_mb <= 20
    assert "code 0" not in ran.log
    assert sum(file.size for file in ran.status.outputs) <= 20 << 20


def test_several_large_files(host: Host) -> None:
    """Files that together take too much end the job, and nothing of them is left."""
    filler = "import os\nfor n in range(1000):\n open(f'/work/{n}', 'wb').write(b'x' * (4 << 20))\n"
    free = shutil.disk_usage(host.folder).free
    ran = host.run(python(filler), files_mb=20)
    assert ran.status.state == "failed"
    assert ran.status.reason.startswith("too much on disk")
    assert ran.seconds < 20
    assert not (ran.folder / "work").exists()
    assert shutil.disk_usage(host.folder).free > free - (1 << 30)


@pytest.mark.parametrize(
    "holding", ["kept.append(f)", "m = mmap.mmap(f.fileno(), 4 << 20); m[0] = 1; kept.append(m); f.close()"]
)
def test_files_without_a_name(host: Host, holding: str) -> None:
    """Files that were removed take room as long as they are open or mapped, and count."""
    filler = f"""
import mmap, os, time
kept = []
for n in range(100):
    f = open("/work/x", "w+b")
    f.write(b"x" * (4 << 20))
    f.flush()
    os.unlink("/work/x")
    {holding}
    time.sleep(0.01)
time.sleep(60)
"""
    ran = host.run(python(filler), files_mb=20)
    assert ran.status.state == "failed", ran.log
    assert ran.status.reason.startswith("too much on disk")
    assert ran.seconds < 20


def test_many_small_files(host: Host) -> None:
    """Too many files and folders end the job; the folder can be removed however they are nested."""
    filler = """
import os
for n in range(10**6):
    os.makedirs(f"/work/out/{n % 100}/{n}")
    open(f"/work/out/{n % 100}/{n}/f", "w").close()
"""
    ran = host.run(python(filler), file_count=2_000)
    assert ran.status.state == "failed"
    assert ran.status.reason == "too many files: it had more than the 2000 that were allowed"
    assert len(ran.status.outputs) <= 2_000
    assert ran.seconds < 30
    assert not (ran.folder / "work").exists()


def test_deep_folders(host: Host) -> None:
    """Folders too deep for any path end the job, and are removed."""
    program = "import os, time\nfor _ in range(3000):\n os.mkdir('d' * 50)\n os.chdir('d' * 50)\ntime.sleep(60)"
    ran = host.run(python(program))
    assert ran.status.state == "failed"
    assert ran.status.reason.startswith(f"its files cannot be counted: folders are more than {MAX_DEPTH} deep")
    assert ran.seconds < 20
    assert not (ran.folder / "work").exists()


def test_hidden_folder(host: Host) -> None:
    """A folder whose mode keeps others out hides nothing."""
    program = """
import os, time
os.mkdir("d")
for n in range(20):
    open(f"d/{n}", "wb").write(b"x" * (2 << 20))
os.chmod("d", 0)
time.sleep(60)
"""
    ran = host.run(python(program), files_mb=20)
    assert ran.status.state == "failed"
    assert ran.status.reason.startswith(
        ("too much on disk", "its files cannot be counted: the folder 'd' may not be read")
    )
    assert ran.seconds < 15
    assert not (ran.folder / "work").exists()


def test_sparse_files_do_not_count(host: Host) -> None:
    """Holes take no room on the node; on the way to the renter they would, and there they count."""
    ran = host.run(
        ["sh", "-c", "for n in 1 2 3 4; do truncate -s 19M out/$n; done; truncate -s 10K out/5; sleep 1"], files_mb=20
    )
    assert (ran.status.state, ran.status.exit_code) == ("finished", 0), ran.status
    assert ran.status.peak.files_mb == 0
    assert [file.path for file in ran.status.outputs] == ["1", "5"]
    assert ran.status.left_out[0] == "'2': its 19922944 bytes are more than what is left to files"


def test_outputs_that_lead_elsewhere(host: Host) -> None:
    """Only regular files with decent names are outputs: what else there is, is named and left out."""
    program = r"""
import os, socket
os.chdir("/work/out")
os.symlink("/etc/passwd", "x")
os.symlink("/", "d")
os.symlink("../in/given", "given")
os.symlink("good", "alias")
os.mkfifo("pipe")
socket.socket(socket.AF_UNIX).bind("socket")
try:
    os.mknod("device", 0o20666, os.makedev(1, 1))
except OSError as error:
    print(error.strerror)
names = (b"\x1b[2J", b"new\nline", b"no\xffutf", b"n" * 255, "\u202egpj.exe".encode(), b"back\\slash", b" ")
for number, name in enumerate(names):
    open(name, "w").write(str(number))
os.makedirs("/".join(["p" * 200] * 6))
open("/".join(["p" * 200] * 6) + "/f", "w").write("too long")
os.makedirs("a/b/c")
open("a/b/c/file", "w").write("deep")
open("good", "w").write("good")
os.link("good", "again")
os.chmod("good", 0o4755)
open("/work/beside", "w").write("beside")
try:
    os.link("/work/in/given", "linked")
except OSError as error:
    print(error.strerror)
try:
    os.link("/usr/bin/env", "env")
except OSError as error:
    print(error.strerror)
"""
    ran = host.run(python(program), {"given": b"input"})
    assert ran.status.exit_code == 0, ran.log
    outputs = {file.path: ran.output(file.path) for file in ran.status.outputs}
    assert outputs == {
        " ": b"6",
        "a/b/c/file": b"deep",
        "again": b"good",
        "back\\slash": b"5",
        "good": b"good",
        "n" * 255: b"3",
    }
    assert {file.path for file in ran.status.outputs if file.executable} == {"good", "again"}
    left = "\n".join(ran.status.left_out)
    for name, reason in {
        "'x'": "a symbolic link",
        "'d'": "a symbolic link",
        "'given'": "a symbolic link",
        "'alias'": "a symbolic link",
        "'pipe'": "a pipe",
        "'socket'": "a socket",
        r"'\x1b[2J'": "its name is too long, or has control characters",
        r"'new\nline'": "its name is too long, or has control characters",
        r"'no\xffutf'": "its name is no UTF-8",
        r"'\u202egpj.exe'": "its name is too long, or has control characters",
    }.items():
        assert f"{name}: " in left
        assert reason in left.split(f"{name}: ")[1].splitlines()[0]
    assert len(ran.status.left_out) == 11
    assert left.isprintable() or all(line.isprintable() for line in ran.status.left_out)
    assert ran.log == "Operation not permitted\nInvalid cross-device link\nInvalid cross-device link\n"
    kept = ran.folder / "outputs" / ran.status.outputs[1].sha256
    assert kept.stat().st_mode & 0o7777 == 0o400


@pytest.mark.parametrize(
    "what", ["rmdir out && ln -s / out", "rm -r out && echo x > out", "rmdir out", "mkfifo p && mv p out/"]
)
def test_output_folder_is_replaced(host: Host, what: str) -> None:
    """A job that puts something else in place of /work/out has no outputs."""
    ran = host.run(["sh", "-c", what])
    assert (ran.status.state, ran.status.exit_code) == ("finished", 0)
    assert ran.status.outputs == []
    assert len(ran.status.left_out) == 1


def test_no_room(tmp_path: Path) -> None:
    """A job that may take more than the disk has left is not started."""
    for host in host_of_user("root" if os.geteuid() == 0 else "user", tmp_path):
        ran = host.run(["true"], files_mb=1 << 30)
        assert ran.status.state == "failed"
        assert "MiB of disk left; the job may take 1073741824" in ran.status.reason


def test_input_that_is_gone(tmp_path: Path) -> None:
    """A job is not started without its inputs."""
    for host in host_of_user("root" if os.geteuid() == 0 else "user", tmp_path):
        folder = host.prepare(["cat", "in/a"], {"a": b"x"})
        (folder / "in" / "a").unlink()
        host.start(folder)
        ran = host.await_end(folder, 0)
        assert (ran.status.state, ran.status.reason) == ("failed", "the input 'a' is not there")
        assert ran.status.started_at is None


def test_removed_folder(host: Host) -> None:
    """A job's folder goes with all that is in it, running or not; once more does nothing."""
    folder = host.prepare(["sh", "-c", "echo ready; sleep 600"])
    host.until_says(folder, "ready")
    running.remove(folder)
    assert not folder.exists()
    running.remove(folder)


def test_remove_follows_nothing(tmp_path: Path) -> None:
    """A folder is removed without what its links lead to, whatever its modes are."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("kept")
    folder = tmp_path / "folder"
    (folder / "locked" / "deeper").mkdir(parents=True)
    (folder / "locked" / "deeper" / "file").write_text("x")
    (folder / "link").symlink_to(kept)
    (folder / "locked" / "deeper").chmod(0)
    (folder / "locked").chmod(0)
    remove(folder)
    assert not folder.exists()
    assert (kept / "file").read_text() == "kept"
    remove(folder)


def test_as_many_outputs_as_allowed(tmp_path: Path) -> None:
    """Of too many outputs the first are taken, by name, and the others counted."""
    out = tmp_path / "out"
    out.mkdir()
    for number in range(150):
        (out / f"{number:03}").write_text("same")
    files, left_out = collect(out, Limits(file_count=40), Store(tmp_path / "store"))
    assert [file.path for file in files] == [f"{number:03}" for number in range(40)]
    assert left_out[0] == "'040': there are too many files"
    assert len(left_out) == 101
    assert left_out[-1] == "and 10 more"
    assert len(list((tmp_path / "store").iterdir())) == 1
