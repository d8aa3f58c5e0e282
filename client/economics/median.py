"""What a committee's submissions amount to."""

from collections.abc import Iterable

from client.economics.ranges import unsigned


def lower_median(values: Iterable[int]) -> int | None:
    """The lower median of `values` (u64 each); None if there are none."""
    ordered = sorted(values)
    for value in ordered:
        unsigned(64, value=value)
    return ordered[(len(ordered) - 1) // 2] if ordered else None
