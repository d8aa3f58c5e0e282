"""How a stranger's bytes are written to a terminal, and elsewhere."""

from __future__ import annotations

import asyncio
import errno
import os
import pty
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machines.jobs.paths import is_unprintable
from machines.renting.terminal import Harmless, Sink, harmless
from machines.renting.waiting import beside


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain \xc3\xa9\t|\n", "plain é\t|\n"),
        (b"\x1b[2J\x1b]0;title\x07", "␛[2J␛]0;title␇"),
        (b"\xc2\x9b31m", "\ufffd31m"),  # an escape sequence of eight bits
        (b"\xff\xfe ok", "\ufffd\ufffd ok"),
        ("\u202egnp.exe\u2066".encode(), "\ufffdgnp.exe\ufffd"),
        (b"10%\r20%\r\nend\x7f\x00", "10%\n20%\nend␡␀"),
    ],
)
def test_what_a_terminal_would_obey_is_shown(raw: bytes, shown: str) -> None:
    """Escape sequences lose their escape; text, tabs and lines stay."""
    assert Harmless().text(raw, last=True) == shown


@given(st.binary(), st.lists(st.integers(0, 40)))
def test_pieces_give_the_same_text(raw: bytes, cuts: list[int]) -> None:
    """However the bytes are cut, also inside a character or between \\r and \\n; nothing unprintable is left."""
    whole = Harmless().text(raw, last=True)
    reader, shown = Harmless(), ""
    for cut in cuts:
        shown += reader.text(raw[:cut])
        raw = raw[cut:]
    shown += reader.text(raw, last=True)
    assert shown == whole
    assert not any(is_unprintable(character) for character in shown if character not in "\t\n")


def test_a_sentence_stays_on_its_line() -> None:
    """Without new lines and escapes, and not longer than people read."""
    assert harmless("no\nsuch\r\n thing\x1b[A") == "no such thing␛[A"
    assert len(harmless("x" * 10**6)) == 1_000


def test_a_terminal_gets_text_and_a_file_gets_bytes(tmp_path: Path) -> None:
    """The same bytes, written to both."""
    raw = b"\x1b[31mred\xff\n"
    ours, theirs = pty.openpty()
    with open(theirs, "w", encoding="utf-8") as terminal:
        sink = Sink(terminal)
        sink.write(raw[:1])
        sink.write(raw[1:])
        sink.end()
        assert os.read(ours, 100).decode() == "␛[31mred\ufffd\r\n"  # the terminal adds the carriage return
    os.close(ours)
    with open(tmp_path / "log", "w") as file:
        sink = Sink(file)
        sink.write(raw)
        sink.end()
    assert (tmp_path / "log").read_bytes() == raw


def test_a_reader_that_goes_away_is_no_error() -> None:
    """As `| head` does: the rest goes nowhere."""
    theirs, ours = os.pipe()
    with open(ours, "w") as stream:
        sink = Sink(stream)
        os.close(theirs)
        sink.write(b"first")
        assert sink.is_closed
        sink.write(b"second")
        sink.end()


def test_a_disk_that_is_full_is_said_and_ends_nothing() -> None:
    """The log of a job is no reason to lose the job."""
    with open("/dev/full", "w") as stream:
        sink = Sink(stream)
        sink.write(b"first")
        assert (sink.is_closed, sink.trouble) == (True, os.strerror(errno.ENOSPC))
        sink.write(b"second")


async def test_a_pipe_that_nobody_reads_keeps_nobody_else() -> None:
    """Writing waits on a thread of its own, which ends with the process."""
    theirs, ours = os.pipe()
    with os.fdopen(ours, "w") as stream, os.fdopen(theirs, "rb") as reader:
        sink = Sink(stream)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(beside(lambda: sink.write(bytes(1 << 20))), 0.2)
        # What was written in part goes on once somebody reads.
        assert len(await beside(lambda: reader.read(1 << 20))) == 1 << 20


async def test_work_beside_gives_its_value_or_its_error() -> None:
    """As if it were done here."""
    assert await beside(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await beside(lambda: 1 // 0)
