"""Parameters that change at an epoch's start: what counts when, by the programs' own rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from client.state.change import in_force

Event = Mapping[str, Any]
Values = dict[str, Any]


def nested(event: Event, name: str) -> Values:
    """The fields of the struct `name` within an event: `parameters_fee_bp` as `fee_bp`."""
    prefix = f"{name}_"
    return {key.removeprefix(prefix): value for key, value in event.items() if key.startswith(prefix)}


@dataclass(slots=True)
class Changing:
    """One set of values in force, and the one that follows it, as the programs keep them."""

    current: Values
    next: Values
    next_at: int = 0
    """Unix seconds; 0 before any change."""

    @classmethod
    def begin(cls, values: Values) -> Changing:
        """What counts from the beginning."""
        return cls(values, values)

    def change(self, values: Values, starts_at: int, now: int) -> None:
        """`values` follow from `starts_at` on; a change that was still waiting at `now` never comes."""
        self.current, self.next, self.next_at = self.at(now), values, starts_at

    def at(self, now: int) -> Values:
        """What counts at `now`, Unix seconds."""
        return in_force(self.current, self.next, self.next_at, now)
