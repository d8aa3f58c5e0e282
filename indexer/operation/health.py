"""Whether the indexer is well: what it sees of database, node and itself, and what is wrong with that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from indexer.acting.guard import MAX_LAG_SLOTS
from indexer.operation.alarms import Kind
from indexer.operation.probes import Database, Node, Probe, Unanswered
from indexer.operation.status import Status, Stored, Tip

MAX_LAG_SECONDS: Final = 120
"""By the chain's clock."""
BEAT_SECONDS: Final = 30.0
"""A loop that was not seen for so long hangs,"""
REPLAY_SECONDS: Final = 300.0
"""and so does a replay that stored nothing and came to no end."""

OF_DATABASE: Final[frozenset[Kind]] = frozenset({"lag", "quarantine", "drift", "settlement"})
"""What nobody knows while the database does not answer."""


@dataclass(slots=True)
class Pulse:
    """Signs of life of the loop that works, for the thread that watches it. Seconds of the monotonic clock."""

    beat: float = field(default_factory=time.monotonic)
    """When the loop last ran."""
    replayed: float = field(default_factory=time.monotonic)
    """When the replay last stored something, or came to an end, good or bad."""
    gap: str | None = None
    """Why the replay cannot go on: a gap or a fork."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen in one moment."""

    stored: Stored | None
    tip: Tip | None
    problems: Mapping[Kind, str]
    """What is wrong, in words."""

    @property
    def status(self) -> Status | None:
        """Both sides together, where both answered."""
        return Status(self.stored, self.tip) if self.stored and self.tip else None


class Watched:
    """Database, node and loop, as a watcher sees them."""

    def __init__(self, database_url: str, rpc_url: str, pulse: Pulse) -> None:
        self.database = Database(database_url)
        self._node = Node(rpc_url)
        self._pulse = pulse
        self._stored = Probe(self.database.ask, self.database.give_up)
        self._tip = Probe(self._node.ask)

    async def look(self) -> Look:
        """What there is to see, within the time of one answer."""
        held, tip = await asyncio.gather(self._stored(), self._tip(), return_exceptions=True)
        problems: dict[Kind, str] = {}
        answers: tuple[tuple[Kind, object], ...] = (("database", held), ("node", tip))
        for kind, answer in answers:
            if isinstance(answer, Unanswered):
                problems[kind] = f"the {kind} does not answer: {answer}"
            elif isinstance(answer, BaseException):
                raise answer
        seen = Look(held if isinstance(held, Stored) else None, tip if isinstance(tip, Tip) else None, problems)
        problems |= _of_status(seen.status) | _of_stored(seen.stored) | self._of_pulse()
        return seen

    def is_alive(self) -> bool:
        """Whether the loop that works still runs."""
        return time.monotonic() - self._pulse.beat < BEAT_SECONDS

    async def close(self) -> None:
        """Ends all connections."""
        self.database.give_up()
        await self._node.close()

    def _of_pulse(self) -> dict[Kind, str]:
        found: dict[Kind, str] = {}
        now = time.monotonic()
        if self._pulse.gap is not None:
            found["gap"] = self._pulse.gap
        if not self.is_alive():
            found["schedule"] = f"the indexer hangs: nothing has run for {now - self._pulse.beat:.0f} s"
        elif now - self._pulse.replayed > REPLAY_SECONDS:
            found["schedule"] = f"the replay has done nothing for {now - self._pulse.replayed:.0f} s"
        return found


def _of_status(status: Status | None) -> dict[Kind, str]:
    if status is None or (status.lag_slots <= MAX_LAG_SLOTS and (status.lag_seconds or 0) <= MAX_LAG_SECONDS):
        return {}
    seconds = "" if status.lag_seconds is None else f" ({status.lag_seconds:,} s)"
    return {"lag": f"the replay is {status.lag_slots:,} slots behind{seconds}; nothing is published meanwhile"}


def _of_stored(stored: Stored | None) -> dict[Kind, str]:
    if stored is None:
        return {}
    found: dict[Kind, str] = {}
    if stored.quarantined:
        found["quarantine"] = f"{stored.quarantined} messages are not understood; the first: {stored.reasons[0]}"
    if stored.stuck_settlements:
        found["settlement"] = f"{stored.stuck_settlements} settlements are stuck; the first: {stored.stuck[0]}"
    # Opened at the end of longer work, by what found it.
    found.update({alarm.kind: alarm.detail for alarm in stored.alarms if alarm.kind == "drift"})
    return found
