"""How a stranger's bytes are written: to a terminal harmlessly, elsewhere as they are."""

from __future__ import annotations

import codecs
import os
import re
import select
from contextlib import suppress
from typing import Any, Final, TextIO

_ESCAPED: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_LONGEST: Final = 1_000
"""Characters of a sentence."""


class Harmless:
    """Text of bytes that come in pieces, without what moves a cursor, changes a terminal or turns the reading around.

    What is no UTF-8 becomes `U+FFFD`, a control character its picture (`␛`), and a carriage return a new line.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._returned = False

    def text(self, chunk: bytes, last: bool = False) -> str:
        """What this piece adds. `last`: no other follows."""
        decoded = self._decoder.decode(chunk, last)
        if not decoded:
            return ""
        if self._returned and decoded.startswith("\n"):  # of a `\r\n` that came in two pieces
            decoded = decoded[1:]
            self._returned = False
            if not decoded:
                return ""
        self._returned = decoded.endswith("\r")
        return _ESCAPED.sub(_picture, decoded.replace("\r\n", "\n").replace("\r", "\n"))


def harmless(sentence: str) -> str:
    """A stranger's sentence on one line, cut to a bounded length."""
    flat = " ".join(sentence[: _LONGEST + 1].split())
    shown = _ESCAPED.sub(_picture, flat)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"


class Sink:
    """Where a log or a body goes. Nobody reading it any more is no error: nothing is written from then on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: Any = stream
        self._handle = _handle_of(stream)
        self.is_terminal = stream.isatty()
        self._harmless = Harmless() if self.is_terminal else None
        self.is_closed = False
        self.trouble = ""
        """Why no more was written, where that is not its reader's wish."""

    def write(self, chunk: bytes) -> None:
        """May wait for as long as the reader wants: not to be called where others wait, too."""
        if self._harmless is not None:
            chunk = self._encoded(self._harmless.text(chunk))
        self._put(chunk)

    def end(self) -> None:
        """Nothing follows."""
        if self._harmless is not None:
            self._put(self._encoded(self._harmless.text(b"", last=True)))

    def _encoded(self, text: str) -> bytes:
        return text.encode(self._stream.encoding or "utf-8", "replace")

    def _put(self, chunk: bytes) -> None:
        if self.is_closed or not chunk:
            return
        try:
            self._stream.flush()
            if self._handle is None:
                self._stream.buffer.write(chunk)
                self._stream.buffer.flush()
                return
            # Past Python's buffer, whose lock would be held by a thread that waits, also when everything ends.
            while chunk:
                try:
                    chunk = chunk[os.write(self._handle, chunk) :]
                except BlockingIOError:  # who started this made it so
                    select.select([], [self._handle], [])
        except (OSError, ValueError) as failed:  # the latter: closed here
            self.is_closed = True
            if isinstance(failed, OSError) and not isinstance(failed, BrokenPipeError):
                self.trouble = failed.strerror or str(failed)
            # What Python still holds is flushed at its end, where it would complain.
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


def _handle_of(stream: TextIO) -> int | None:
    """None: the stream is no file."""
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None
