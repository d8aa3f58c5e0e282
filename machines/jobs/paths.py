"""Paths of a job's files, as strangers may name them: relative, of plain parts, each of them once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from client.errors import IonetError

MAX_PART_BYTES: Final = 255
MAX_PATH_BYTES: Final = 1_024

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What moves the cursor, begins a line, turns the direction of reading, or is no character."""
_NO_NAME = re.compile(r"(?:^|/)\.{0,2}(?:/|$)")


class PathRefused(IonetError, ValueError):
    """A file's path is not one that is written below a folder."""


def check_path(path: str) -> None:
    """Raises `PathRefused` unless it is relative, without `..`, `.` and empty parts, and shows as what it is."""
    if not path:
        raise PathRefused("a file has an empty path")
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        raise PathRefused(f"path {printable(path)}: it is not valid Unicode") from None
    if size > MAX_PATH_BYTES:
        raise PathRefused(f"path {printable(path)}: {size} bytes are over {MAX_PATH_BYTES}")
    if _UNPRINTABLE.search(path):
        raise PathRefused(f"path {printable(path)}: it has control characters")
    if _NO_NAME.search(path):
        raise PathRefused(f"path {printable(path)}: it is not relative, or has empty parts, `.` or `..`")
    if max(map(len, path.encode().split(b"/"))) > MAX_PART_BYTES:
        raise PathRefused(f"path {printable(path)}: one of its parts is over {MAX_PART_BYTES} bytes")


def check_paths(paths: Iterable[str], *, case_counts: bool = True) -> None:
    """Raises `PathRefused` where a path is wrong, there twice, or a file as well as a folder.

    `case_counts`: False where some file systems take two of them for one (`A` and `a`, or two ways to write `é`).
    """
    keys: list[tuple[str, str]] = []
    for path in paths:
        check_path(path)
        # NUL sorts before all else that a path has, so what is below a folder follows right after its name.
        keys.append(((path if case_counts else _alike(path)).replace("/", "\0"), path))
    keys.sort()
    for (before, first), (key, path) in pairwise(keys):
        if key == before:
            same = "it is there twice" if first == path else f"it differs only in case from {printable(first)}"
            raise PathRefused(f"path {printable(path)}: {same}")
        if key.startswith(before + "\0"):
            raise PathRefused(f"path {printable(first)}: it is a file as well as a folder")
        if not case_counts:
            _check_folders(first, path)


def _check_folders(first: str, path: str) -> None:
    for one, other in zip(first.split("/")[:-1], path.split("/")[:-1], strict=False):
        if one != other:
            if _alike(one) == _alike(other):
                raise PathRefused(f"path {printable(path)}: a folder of it differs only in case from another's")
            return


def is_unprintable(character: str) -> bool:
    """Whether a character moves the cursor, begins a line, turns the direction of reading, or is none."""
    return _UNPRINTABLE.match(character) is not None


def printable(name: str | bytes, longest: int = 100) -> str:
    """A stranger's name for a message or a terminal: quoted, escaped, cut."""
    text = name.decode(errors="surrogateescape") if isinstance(name, bytes) else name
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "'" + "".join(_escaped(c) if c in "'\\" or is_unprintable(c) else c for c in cut) + "'"


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode() if character != "'" else "\\'"


def _alike(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
