"""What may be shown of a text that others had a hand in: no secret, nothing that steers a terminal. Pure functions."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

HIDDEN: Final = "…"
_URL: Final = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]*)://([^\s'\"<>|]*)")
_END: Final = re.compile(r"[),.;:\]}]*$")
"""What follows a URL in a sentence."""
_OF_NODES: Final = {"http", "https", "ws", "wss"}
_HOST: Final = re.compile(r"[?&](host=[^&#]*)")
_NAMED: Final = re.compile(
    r"(?i)\b((?:[a-z]+[-_])?(?:pass(?:word|wd)?|pwd|secret|token|api[-_]?key|access[-_]?key)=)('[^']*'|\"[^\"]*\"|[^\s&,;)'\"]+)"
)
_KEY: Final = re.compile(r"\[\s*(?:\d{1,3}\s*,\s*){31,}\d{1,3}\s*\]?")
"""A key as Solana's files hold it, also one that was cut off."""
_LINES: Final = {"\n", "\t"}


def discreet(text: str) -> str:
    """A text without the secrets that it may hold: of every URL scheme and host are left, of a database's its name too.

    A password precedes the host, and a node's path and query may hold an access key.
    """
    return _KEY.sub(f"[{HIDDEN}]", _NAMED.sub(rf"\1{HIDDEN}", _URL.sub(_shown, text)))


def discreet_value(value: Any) -> Any:
    """The same of every text inside of a value; of an exception, what it says."""
    if isinstance(value, str):
        return discreet(value)
    if isinstance(value, BaseException):
        return discreet(str(value))
    if isinstance(value, dict):
        return {discreet_value(name): discreet_value(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [discreet_value(inner) for inner in value]
    return value


def harmless(text: str) -> str:
    """A text without what a terminal obeys: control characters, marks that turn the direction of writing."""
    return "".join(one if one in _LINES or unicodedata.category(one)[0] != "C" else "\ufffd" for one in text)


def _shown(url: re.Match[str]) -> str:
    scheme, rest = url.group(1), url.group(2)
    end = _END.search(rest)
    rest, after = (rest, "") if end is None else (rest[: end.start()], end.group())
    authority = re.split(r"[/?#]", rest)[0]
    beyond = rest[len(authority) :]
    host = authority.rpartition("@")[2]
    if "@" in beyond and "@" not in authority:
        host, beyond = HIDDEN, ""  # a password with a slash in it
    if scheme.lower() in _OF_NODES:
        return f"{scheme}://{host}{after}"
    socket = _HOST.search(beyond)
    return f"{scheme}://{host}{re.split(r'[?#]', beyond)[0]}{'?' + socket[1] if socket else ''}{after}"
