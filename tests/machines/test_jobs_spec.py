"""Specs and results: read strictly, written canonically, and refused in words."""

from __future__ import annotations

import json
import random
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.errors import IonetError
from machines.jobs.paths import PathRefused, check_path, check_paths, printable
from machines.jobs.seccomp import program
from machines.jobs.spec import (
    File,
    Limits,
    NotAJob,
    Result,
    Service,
    Spec,
    canonical,
    digest,
    parse_result,
    parse_spec,
)

HASH = "ab" * 32
ADDRESS = "So11111111111111111111111111111111111111112"
RESULT: dict[str, Any] = {
    "job": ADDRESS,
    "node": ADDRESS,
    "spec_sha256": HASH,
    "state": "finished",
    "exit_code": 0,
    "reason": "",
    "started_at": 1,
    "ended_at": 2,
    "log_sha256": HASH,
    "log_bytes": 0,
    "outputs": [],
}


def spec(**fields: Any) -> bytes:
    """A spec as JSON."""
    return json.dumps({"command": ["true"]} | fields).encode()


def acts(character: str) -> bool:
    """Whether a character moves the cursor, begins a line, or is none."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in "\u202e\u2066\u200f"


def test_canonical() -> None:
    """The same spec has the same bytes, whatever the JSON looked like; the digest of one of them stays for ever."""
    given = b'{ "limits": {"cores": 2}, "environment": {"B": "2", "A": "\\u00e9"}, "command": ["sh", "-c", "echo"] }'
    one = parse_spec(given)
    assert canonical(one) == canonical(parse_spec(canonical(one)))
    assert canonical(one) == (
        b'{"command":["sh","-c","echo"],"environment":{"A":"\xc3\xa9","B":"2"},"image":null,"inputs":[],'
        b'"limits":{"cores":2,"file_count":10000,"files_mb":1024,"log_kb":10240,"memory_mb":1024,"network":false,'
        b'"processes":64,"seconds":3600},"service":null,"token_sha256":null}'
    )
    assert digest(one).hex() == "2795eccb343d0d06e48cdd11ddced43197ec7031439e218665b4a367bdf0b606"
    result = parse_result(json.dumps(RESULT).encode())
    assert digest(result) != digest(one)
    assert parse_result(canonical(result)) == result


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "truncated"),
        (b"\xff", "is not one"),
        (b"null", "Expected `object`"),
        (b'{"service":' * 100_000, "is not one"),
        (b"{}", "command"),
        (spec(command=[]), "words of the command: 0 is not from 1 to 1000"),
        (spec(command=[""]), "the program has no name"),
        (spec(command=["a\0b"]), "has a NUL"),
        (spec(command=["x"] * 1_001), "1001 is not from 1 to 1000"),
        (spec(command=["x" * 131_072]), "put long texts into an input"),
        (spec(command="true"), "Expected `array`"),
        (b'{"command": ["\\ud800"]}', "is not one"),
        (spec(comand=[]), "unknown field `comand`"),
        (spec(environment={"A-B": "1"}), "is no name of a variable"),
        (spec(environment={"A": "\0"}), "has a NUL"),
        (spec(limits={"cores": 0}), "cores: 0 is not from 1"),
        (spec(limits={"cores": 1.5}), "Expected `int`"),
        (spec(limits={"cores": True}), "Expected `int`"),
        (spec(limits={"memory_mb": 10**30}), "is not one"),
        (spec(limits={"seconds": -1}), "seconds: -1"),
        (spec(limits={"network": 1}), "Expected `bool`"),
        (spec(service={"port": 80}), "port of the service: 80 is not from 1024 to 65535"),
        (spec(service={"port": 8000, "health": "x"}), "is no path of a URL"),
        (spec(service={"port": 8000, "health": "/ HTTP/1.1\r\nx: y"}), "is no path of a URL"),
        (spec(token_sha256=HASH), "there is no service"),
        (spec(token_sha256="AB" * 32, service={"port": 8000}), "is no SHA-256"),
        (spec(inputs=[{"path": "a", "sha256": HASH, "size": -1}]), "size of a file: -1"),
        (spec(inputs=[{"path": "../a", "sha256": HASH, "size": 1}]), "path '../a'"),
        (spec(inputs=[{"path": "a", "sha256": "x", "size": 1}]), "is no SHA-256"),
        (spec(inputs=[{"path": "a", "sha256": HASH, "size": 1}] * 2), "it is there twice"),
        (spec(command=["["], image="docker.io/a:1"), "no program may be called"),
        (spec(command=["-x"], image="docker.io/a:1"), "no program may be called"),
    ],
)
def test_refused(data: bytes, said: str) -> None:
    """What is no spec is refused with what is wrong."""
    with pytest.raises(NotAJob) as refused:
        parse_spec(data)
    assert said in str(refused.value)
    assert isinstance(refused.value, IonetError)
    assert len(str(refused.value)) < 700


@pytest.mark.parametrize(
    "image",
    [
        "docker.io/library/python:3.11",
        "localhost/busybox:1",
        "localhost:5000/a/b-c_d/e@sha256:" + HASH,
        "ghcr.io/x/y",
        "registry:5000/y",
    ],
)
def test_images(image: str) -> None:
    """An image says its registry."""
    assert Spec(command=["true"], image=image).image == image


@pytest.mark.parametrize(
    "image",
    [
        "",
        "python",
        "python:3.11",
        "library/python",
        "-v",
        "--privileged",
        "dir:/etc",
        "oci:x",
        "docker-archive:/etc/x",
        "docker://docker.io/a",
        "docker.io/../a",
        "docker.io/a b",
        "docker.io/A",
        "docker.io/a\n",
        "docker.io//a",
        "containers-storage:docker.io/a",
        "docker.io/a@sha256:00",
        "docker.io/" + "a" * 600,
    ],
)
def test_images_refused(image: str) -> None:
    """What is no image of a registry is refused: options, paths, transports."""
    with pytest.raises(NotAJob, match="image"):
        Spec(command=["true"], image=image)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", "new"),
        ("job", "0" * 40),
        ("node", ADDRESS + "0" * 10),
        ("exit_code", 256),
        ("exit_code", "0"),
        ("reason", "x" * 1_001),
        ("started_at", -1),
        ("log_bytes", -1),
        ("outputs", [{"path": "/a", "sha256": HASH, "size": 1}]),
        ("outputs", [{"path": "a", "sha256": HASH, "size": 1}, {"path": "a/b", "sha256": HASH, "size": 1}]),
        ("outputs", [{"path": str(n), "sha256": HASH, "size": 1} for n in range(10_001)]),
    ],
)
def test_results_refused(field: str, value: object) -> None:
    """A node's result is believed in nothing that it cannot be."""
    with pytest.raises(NotAJob):
        parse_result(json.dumps(RESULT | {field: value}).encode())


def test_large_results() -> None:
    """A result too large is refused before it is read, and the largest one is read in a moment."""
    with pytest.raises(NotAJob, match="are the most"):
        parse_result(b" " * (17 << 20))
    paths = ["/".join(["d"] * 400 + [f"{n:05}"]) for n in range(10_000)]
    began = time.monotonic()
    outputs = [{"path": path, "sha256": HASH, "size": 1} for path in paths]
    assert len(parse_result(json.dumps(RESULT | {"outputs": outputs}).encode()).outputs) == 10_000
    assert time.monotonic() - began < 10


def test_errors_of_parts() -> None:
    """Parts that are made in Python are checked like those that are read."""
    for make in (
        lambda: Limits(cores=0),
        lambda: Service(port=1),
        lambda: File(path="a", sha256="", size=0),
        lambda: Result(**RESULT | {"state": "finished", "exit_code": -1}),
    ):
        with pytest.raises(NotAJob):
            make()
    with pytest.raises(NotAJob, match="not valid Unicode"):
        Spec(command=["\ud800"])


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "./a",
        "a/./b",
        "a/../b",
        "a/..",
        "a\0b",
        "a\nb",
        "a\x1bb",
        "a\x7fb",
        "a\x9bb",
        "a\u2028b",
        "a\u202eb",
        "a\ud800",
        "x" * 256,
        "é" * 128,
        "a/" * 512 + "b",
    ],
)
def test_paths_refused(path: str) -> None:
    """Paths that leave the folder, hide what they are, or are too long are refused, in a line that can be shown."""
    with pytest.raises(PathRefused) as refused:
        check_path(path)
    assert not any(map(acts, str(refused.value)))


@pytest.mark.parametrize(
    "path", ["a", "a/b", "...", "a b", "~", "-rf", "é" * 127, "日本/語", "a\\b", "x" * 255, "C:", "$(x)"]
)
def test_paths(path: str) -> None:
    """All else is a name."""
    check_path(path)


@given(st.text() | st.binary())
def test_printable(name: str | bytes) -> None:
    """Whatever a stranger calls a file is shown in one line, without a character that does anything."""
    shown = printable(name)
    assert not any(map(acts, shown))
    assert shown.startswith("'")
    assert shown.endswith("'")
    assert len(shown) <= 12 * 100


def test_clashes() -> None:
    """A file is not a folder; of names that some file systems take for one another, only one is written."""
    check_paths(["a/b", "a.b", "a-b", "a/c", "b/a"])
    check_paths(["A/b", "a/b", "é", "e\u0301"])
    for paths in (["a", "a/b"], ["a/b/c", "x", "a/b"], ["a", "b", "a"]):
        with pytest.raises(PathRefused):
            check_paths(paths)
    for paths in (["A/b", "a/b"], ["A/b", "a/c"], ["é", "e\u0301"], ["ß", "ss"], ["A", "a/b"], ["x/A/b", "x/a/c"]):
        with pytest.raises(PathRefused):
            check_paths(paths, case_counts=False)


def test_clashes_are_found_wherever_they_stand() -> None:
    """Sorted or not, among many others, a clash is found; without one there is none."""
    shuffled = random.Random(5)  # noqa: S311 - an order, no secret
    paths = [f"{a}/{b}/{c}" for a in "abc" for b in "ab.-" for c in range(20) if b != "."]
    for extra in (None, "a/b", "c/-/7/x", "b"):
        mixed = paths + ([extra] if extra else [])
        shuffled.shuffle(mixed)
        if extra is None:
            check_paths(mixed)
        else:
            with pytest.raises(PathRefused, match="a file as well as a folder"):
                check_paths(mixed)


def test_system_calls_of_both_machines() -> None:
    """The filter has a form for each processor, and none for one whose numbers are not known."""
    for machine in ("x86_64", "aarch64"):
        strict, loose = (program(shared_memory=may, moving=may, machine=machine) for may in (False, True))
        assert strict is not None
        assert loose is not None
        assert len(strict) == len(loose) + 32
        assert len(strict) % 8 == 0
    assert program(shared_memory=True, moving=True, machine="riscv64") is None
