"""A failing history made small: calls are left out, then their arguments made plain, as long as the same fails.

Hypothesis shrinks what it drew; a history is a list of calls with plain arguments, of which whole parts can go at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

Call = tuple[str, dict[str, Any]]
"""A rule, and its arguments."""

REPLAYS = 1_000
"""Histories tried at most."""
_NAMES = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,}|\d+")


def kind_of(failure: str) -> str:
    """The first line of a failure, without addresses and numbers."""
    return _NAMES.sub("…", failure.splitlines()[0])


def shrunk(calls: Sequence[Call], fails: Callable[[Sequence[Call]], str | None]) -> list[Call]:
    """The least that was found to fail as `calls` do; `fails` answers what fails, or None."""
    failure = fails(calls)
    if failure is None:
        return list(calls)
    wanted, left = kind_of(failure), REPLAYS

    def still(candidate: Sequence[Call]) -> bool:
        nonlocal left
        left -= 1
        answer = fails(candidate) if left >= 0 else None
        return answer is not None and kind_of(answer) == wanted

    return _plain(_short(list(calls), still), still)


def _short(calls: list[Call], still: Callable[[Sequence[Call]], bool]) -> list[Call]:
    """Without what can go: halves first, then less and less, from the end."""
    size = len(calls)
    while size:
        start, before = len(calls) - size, len(calls)
        while start > -size:
            candidate = [*calls[: max(start, 0)], *calls[start + size :]]
            if still(candidate):
                calls = candidate
            start -= size
        # One call alone may go only once a later one has gone.
        size = size if size == 1 and len(calls) < before else size // 2
    return calls


def _plain(calls: list[Call], still: Callable[[Sequence[Call]], bool]) -> list[Call]:
    """With the plainest arguments."""
    for place, (name, _) in enumerate(calls):
        for key, value in calls[place][1].items():
            for plain in _plainer(value):
                candidate = [*calls[:place], (name, calls[place][1] | {key: plain}), *calls[place + 1 :]]
                if still(candidate):
                    calls = candidate
                    break
    return calls


def _plainer(value: Any) -> tuple[Any, ...]:
    """Plainer values, the plainest first."""
    if isinstance(value, bool):
        return (False,) if value else ()
    if isinstance(value, int):
        return tuple(plain for plain in (0, 1) if plain < abs(value))
    return ()
