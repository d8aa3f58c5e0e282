"""Content by its hash: a store that takes nothing else, and a renter's folder that no node writes beside."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path

import pytest

from client.errors import IonetError
from machines.jobs.content import ContentRefused, Store, receive
from machines.jobs.paths import PathRefused
from machines.jobs.spec import File
from machines.jobs.store import Writing

LIMIT = 1 << 20


def file(path: str, content: bytes = b"x", **changed: object) -> File:
    """A file of this content, or one that is said to have another."""
    made = {"path": path, "sha256": sha256(content).hexdigest(), "size": len(content)} | changed
    return File(**made)  # type: ignore[arg-type]


class Hostile(File):
    """A file that was never checked."""

    def __post_init__(self) -> None:
        pass


def hostile(path: str, content: bytes = b"x", size: int | None = None) -> File:
    """A file with whatever path."""
    return Hostile(path=path, sha256=sha256(content).hexdigest(), size=len(content) if size is None else size)


def sending(*contents: bytes) -> Callable[[File], AsyncIterator[bytes]]:
    """A node that sends this, whatever it is asked for."""

    async def fetch(_: File) -> AsyncIterator[bytes]:
        for content in contents:
            yield content

    return fetch


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    found = {}
    for above, _, names in os.walk(folder):
        for name in names:
            path = Path(above, name)
            found[str(path.relative_to(folder))] = b"->" if path.is_symlink() else path.read_bytes()
    return found


async def test_received(tmp_path: Path) -> None:
    """Outputs arrive with folders and modes; those that are there already stay, and are not fetched again."""
    target = tmp_path / "new" / "target"
    files = [file("a/b/c"), file("a/d", executable=True), file("é")]
    await receive(files, sending(b"x"), target, LIMIT)
    assert everything(target) == {"a/b/c": b"x", "a/d": b"x", "é": b"x"}
    assert stat.S_IMODE((target / "a/d").stat().st_mode) == 0o755
    assert stat.S_IMODE((target / "é").stat().st_mode) == 0o644
    before = (target / "é").stat().st_mtime_ns
    await receive(files, sending(b"other"), target, LIMIT)
    assert (target / "é").stat().st_mtime_ns == before
    await receive([file("empty", b"")], sending(), target, LIMIT)
    assert (target / "empty").read_bytes() == b""


@pytest.mark.parametrize(
    "paths",
    [
        ["../escaped"],
        ["/{0}/escaped"],
        ["a/../../escaped"],
        [".."],
        [""],
        ["."],
        ["a", "a"],
        ["a", "a/b"],
        ["a/b", "a"],
        ["A", "a"],
        ["A/x", "a/y"],
        ["é", "e\u0301"],
        ["ok", "a\x1b[2J"],
        ["ok", "a\udcff"],
        ["ok", "x" * 256],
        ["ok", "y/" * 600 + "z"],
        ["a\0b"],
    ],
)
async def test_hostile_paths(tmp_path: Path, paths: list[str]) -> None:
    """A path that leads elsewhere, or clashes with another, is refused before anything is written."""
    target = tmp_path / "inside" / "target"
    files = [hostile(path.replace("{0}", str(tmp_path))) for path in paths]
    with pytest.raises(PathRefused):
        await receive(files, sending(b"x"), target, LIMIT)
    assert everything(tmp_path) == {}


async def test_too_many_and_too_much(tmp_path: Path) -> None:
    """A million entries, and sizes beyond what was allowed, are refused at once."""
    began = time.monotonic()
    with pytest.raises(ContentRefused, match="names 1000000 outputs; 10000 are the most"):
        await receive([hostile("a")] * 1_000_000, sending(b"x"), tmp_path / "t", LIMIT)
    with pytest.raises(ContentRefused, match="1048577 bytes; 1048576 were allowed"):
        await receive([hostile("a", size=LIMIT), hostile("b")], sending(b"x"), tmp_path / "t", LIMIT)
    assert time.monotonic() - began < 5
    assert everything(tmp_path) == {}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ([b"xy"], "more bytes came than the 1 announced"),
        ([b"x", b"y" * 1000], "more bytes came than the 1 announced"),
        ([], "0 bytes came, 1 were announced"),
        ([b"y"], "other bytes came"),
    ],
)
async def test_lies(tmp_path: Path, sent: list[bytes], said: str) -> None:
    """Bytes that are not those announced are refused, and leave no file; what came before stays."""
    await receive([file("before")], sending(b"x"), tmp_path, LIMIT)
    with pytest.raises(ContentRefused, match=said):
        await receive([file("a/b")], sending(*sent), tmp_path, LIMIT)
    assert everything(tmp_path) == {"before": b"x"}


async def test_endless_bytes(tmp_path: Path) -> None:
    """A node that never stops sending is cut off after the size that it announced."""
    sent = 0

    async def endless(_: File) -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 65_536

    with pytest.raises(ContentRefused, match="more bytes came"):
        await receive([file("a", b"x" * 100_000)], endless, tmp_path, LIMIT)
    assert sent == 2
    assert everything(tmp_path) == {}


async def test_failure_of_the_node(tmp_path: Path) -> None:
    """What the node's side raises is raised, and half a file is not left."""

    async def breaking(_: File) -> AsyncIterator[bytes]:
        yield b"x"
        raise IonetError("the node is gone")

    with pytest.raises(IonetError, match="the node is gone"):
        await receive([file("a", b"xx")], breaking, tmp_path, LIMIT)
    assert everything(tmp_path) == {}


async def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Files, folders, links, pipes and devices that are there stay as they are, and are not written through."""
    outside, target = tmp_path / "outside", tmp_path / "target"
    outside.mkdir()
    target.mkdir()
    (outside / "file").write_text("mine")
    (target / "file").write_text("mine")
    (target / "folder").mkdir()
    (target / "link").symlink_to(outside / "file")
    (target / "dangling").symlink_to(outside / "new")
    (target / "way").symlink_to(outside)
    os.mkfifo(target / "pipe")
    (target / "longer").write_text("xx")
    for path in ("file", "folder", "link", "dangling", "pipe", "way", "way/new", "way/file", "file/x", "longer"):
        with pytest.raises(IonetError, match=path.split("/")[0]):
            await receive([file(path)], sending(b"x"), target, LIMIT)
    assert everything(outside) == {"file": b"mine"}
    assert (target / "file").read_text() == "mine"
    assert (target / "longer").read_text() == "xx"
    assert sorted(os.listdir(target)) == sorted(["file", "folder", "link", "dangling", "way", "pipe", "longer"])


async def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A target that is a file is refused in words."""
    (tmp_path / "file").write_text("")
    for target in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ContentRefused, match="cannot write to"):
            await receive([file("a")], sending(b"x"), target, LIMIT)


def test_disk_that_is_full() -> None:
    """A disk without room is told of as such."""
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(ContentRefused, match="No space left on device"):
        Writing(full, "0" * 64, 10).write(b"x")


async def test_store(tmp_path: Path) -> None:
    """A store has what it was given, once, and only what was announced."""
    store = Store(tmp_path / "store")
    key = sha256(b"hello").hexdigest()
    assert not store.has(key)
    with pytest.raises(ContentRefused, match="it is not here"):
        store.open(key)

    async def chunks(*contents: bytes) -> AsyncIterator[bytes]:
        for content in contents:
            yield content

    for sent in ((b"hell",), (b"hello!",), (b"hallo",), ()):
        with pytest.raises(ContentRefused):
            await store.put(key, chunks(*sent), 5)
    assert os.listdir(store.folder) == []
    await store.put(key, chunks(b"he", b"llo"), 5)
    await store.put(key, chunks(b"hello"), 5)
    assert os.listdir(store.folder) == [key]
    with store.open(key) as content:
        assert content.read() == b"hello"
    for name in ("", "..", "../x", "a" * 63, "A" * 64, "a" * 64 + "\n"):
        with pytest.raises(ContentRefused, match="is no SHA-256"):
            store.path(name)


def test_place(tmp_path: Path) -> None:
    """Inputs are placed as a tree that everyone reads and nobody writes, as a whole or not at all."""
    store = Store(tmp_path / "store")
    store.put_now(sha256(b"x").hexdigest(), [b"x"], 1)
    store.put_now(sha256(b"#!").hexdigest(), [b"#!"], 2)
    tree = tmp_path / "tree"
    old = os.umask(0o077)
    try:
        store.place([file("a/b"), file("a/go", b"#!", executable=True), file("c")], tree)
    finally:
        os.umask(old)
    assert everything(tree) == {"a/b": b"x", "a/go": b"#!", "c": b"x"}
    assert stat.S_IMODE((tree / "a/go").stat().st_mode) == 0o555
    assert stat.S_IMODE((tree / "a/b").stat().st_mode) == 0o444
    assert stat.S_IMODE((tree / "a").stat().st_mode) == 0o755
    assert stat.S_IMODE(tree.stat().st_mode) == 0o755
    assert (tree / "c").stat().st_ino == (tmp_path / "store" / sha256(b"x").hexdigest()).stat().st_ino
    for files in (
        [file("a", b"missing")],
        [file("a"), file("b", size=7)],
        [hostile("../x")],
        [hostile("a"), hostile("a/b")],
    ):
        with pytest.raises(IonetError):
            store.place(files, tmp_path / "other")
    assert sorted(os.listdir(tmp_path)) == ["store", "tree"]
    with pytest.raises(ContentRefused, match="exists already"):
        store.place([], tree)
