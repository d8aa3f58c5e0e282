"""What goes wrong between machines, in people's words. Whatever the other side does, one of these is raised."""

from __future__ import annotations

from typing import Final

from client.errors import IonetError

_MAX_SENTENCE: Final = 300
"""Characters of what a node says that are shown to a person."""


class NodeUnreachable(IonetError):
    """A node does not answer, or not as an agent does: not with TLS, HTTP and JSON as they are agreed."""


class NodeRefused(IonetError):
    """A node answered, signed, that it does not do what it was asked."""

    def __init__(self, message: str, *, status: int, sentence: str) -> None:
        super().__init__(message)
        self.status = status
        """HTTP's number for it, such as 409."""
        self.sentence = sentence
        """The node's own words, without control characters."""


class NotAuthentic(IonetError):
    """A request or an answer is not from whom it should be, not about what was asked, or not of now."""


class ForAnotherNode(NotAuthentic):
    """A request is signed, but asks another node."""


class TooMuch(IonetError):
    """A node sends more bytes than were agreed."""


class TooSlow(IonetError):
    """A node does not answer, or does not go on, within the time it has."""


class Refusal(IonetError):
    """What a server's handler raises to answer with a status and a sentence; the asker gets both to see."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        """HTTP's number for it: 400 to 599."""


def readable(text: object) -> str:
    """What a stranger says, fit for a terminal: printable, on one line, and not long."""
    said = "".join(letter if letter.isprintable() else " " for letter in str(text)[: 2 * _MAX_SENTENCE])
    said = " ".join(said.split())
    return said if len(said) <= _MAX_SENTENCE else f"{said[: _MAX_SENTENCE - 1]}…"
