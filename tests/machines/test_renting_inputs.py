"""A job's inputs, as they are gathered from the renter's disk, and what is kept of a job."""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from pathlib import Path

import pytest
from solders.pubkey import Pubkey

from client.errors import IonetError
from machines.jobs.spec import File, Spec
from machines.renting import inputs, kept
from machines.renting.inputs import gather
from machines.renting.kept import Kept


def test_files_and_folders_keep_their_names(tmp_path: Path) -> None:
    """A file goes by its name, a folder's files below the folder's name, with hash, size and executable bit."""
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "empty").mkdir()
    (tmp_path / "data" / "deep" / "b").write_bytes(b"two")
    (tmp_path / "data" / "a").write_bytes(b"")
    script = tmp_path / "go.sh"
    script.write_bytes(b"#!/bin/sh\n")
    script.chmod(0o755)
    found = gather([tmp_path / "data", script])
    assert [one.file for one in found] == [
        File(path="data/a", sha256=sha256().hexdigest(), size=0),
        File(path="data/deep/b", sha256=sha256(b"two").hexdigest(), size=3),
        File(path="go.sh", sha256=sha256(b"#!/bin/sh\n").hexdigest(), size=10, executable=True),
    ]
    assert [one.source for one in found] == [tmp_path / "data" / "a", tmp_path / "data" / "deep" / "b", script]


def test_a_folder_may_be_named_relatively(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.` is the folder that one is in, by its name."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "x").write_bytes(b"x")
    monkeypatch.chdir(tmp_path / "here")
    (found,) = gather([Path(".")])
    assert (found.file.path, found.source) == ("here/x", tmp_path / "here" / "x")


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    """Symbolic links to files and folders, here or below, pipes, and what is not there; each is named."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to(folder / "real")
    with pytest.raises(inputs.InputRefused, match=r"link' is a symbolic link: give the file or folder itself"):
        gather([tmp_path / "link"])
    (folder / "up").symlink_to(tmp_path)
    with pytest.raises(inputs.InputRefused, match="up' is a symbolic link"):
        gather([folder])
    (folder / "up").unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(inputs.InputRefused, match="pipe' is neither a file nor a folder"):
        gather([folder])
    with pytest.raises(inputs.InputRefused, match="there is no input"):
        gather([tmp_path / "nothing"])
    with pytest.raises(inputs.InputRefused, match="has no name of its own"):
        gather([Path("/")])


def test_two_inputs_of_one_name_are_refused(tmp_path: Path) -> None:
    """One would hide the other."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data").write_bytes(name.encode())
    with pytest.raises(IonetError, match="there twice"):
        gather([tmp_path / "a" / "data", tmp_path / "b" / "data"])


def test_names_that_no_node_would_take_are_refused(tmp_path: Path) -> None:
    """Before anything is paid: control characters, and bytes that are no UTF-8."""
    (tmp_path / "a\x1b[31m").write_bytes(b"")
    with pytest.raises(IonetError, match="control characters") as refused:
        gather([tmp_path / "a\x1b[31m"])
    assert "\x1b" not in str(refused.value)
    strange = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    Path(strange).write_bytes(b"")
    with pytest.raises(IonetError, match="not valid Unicode"):
        gather([Path(strange)])


def test_too_many_files_are_refused_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once there is one too many, without reading the rest."""
    monkeypatch.setattr(inputs, "MAX_FILES", 3)
    for number in range(5):
        (tmp_path / str(number)).write_bytes(b"")
    with pytest.raises(inputs.InputRefused, match="more than 3 input files"):
        gather([tmp_path])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_what_is_kept_of_a_job_is_for_its_owner_alone(home: Path) -> None:
    """A file 0600 in a folder 0700, replaced at once, read back as it was."""
    job = Pubkey.new_unique()
    before = Kept(job=str(job), spec=Spec(command=["true"]), sources={}, output="out", token="secret")  # noqa: S106
    assert kept.recall(job) is None
    file = kept.keep(before)
    assert file == home / ".ionet" / "jobs" / f"{job}.json"
    assert [stat.S_IMODE(one.stat().st_mode) for one in (file, file.parent)] == [0o600, 0o700]
    assert kept.recall(job) == before
    after = Kept(job=str(job), spec=Spec(command=["false"]), sources={"a": "/a"}, output="out")
    kept.keep(after)
    assert kept.recall(job) == after
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_a_job_of_another_machine_and_a_damaged_file_are_told_apart(home: Path) -> None:
    """Of the one only its spec is unknown; the other is named, with what to do."""
    job = Pubkey.new_unique()
    guessed = kept.recall_or_guess(job)
    assert (guessed.is_known, guessed.output) == (False, f"ionet-{job}")
    kept.path_of(job).parent.mkdir(parents=True)
    kept.path_of(job).write_text('{"job": 1}')
    with pytest.raises(IonetError, match=r"is damaged .*move it away"):
        kept.recall(job)
