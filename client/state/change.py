"""Changes that wait: the next value stands beside the one in force until its time."""

from typing import TypeVar

T = TypeVar("T")


def in_force(current: T, following: T, following_at: int, now: int) -> T:
    """What counts at `now`: `following` from `following_at` on (zero: no change was ever proposed). Unix seconds."""
    return following if following_at and now >= following_at else current
