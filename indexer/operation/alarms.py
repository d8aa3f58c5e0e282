"""Alarms: what is wrong now and since when, kept in the database; logged once when it begins and once when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, get_args

from client.discreet import harmless
from client.logs import logger
from indexer.database.queries import sql

if TYPE_CHECKING:
    from indexer.database.db import Connection, Pool

Kind = Literal["database", "node", "lag", "gap", "quarantine", "drift", "settlement", "schedule"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

STOPPING: Final[frozenset[str]] = frozenset({"gap", "quarantine", "drift"})
"""While one of these is open, nothing is published: what the database says of the chain may be wrong."""

_log = logger("alarm")


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that is wrong."""

    kind: Kind
    since: datetime
    detail: str

    @property
    def stops(self) -> bool:
        """Whether nothing may be published while it is open."""
        return self.kind in STOPPING

    def __str__(self) -> str:
        return f"{self.kind} since {self.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC: {self.detail}"


async def open(connection: Connection | Pool) -> list[Alarm]:
    """Those that are open, the oldest first."""
    rows = await connection.fetch(sql("alarm_listed"))
    return [Alarm(row["kind"], row["since"], row["detail"]) for row in rows]


async def tell(connection: Connection | Pool, kind: Kind, detail: str | None) -> None:
    """Opens the alarm of a kind, or changes what it says; closes it where `detail` is None."""
    if detail is not None:
        detail = harmless(detail)  # a node may have worded it, and a zero cannot be stored
    if detail is None:
        closed = await connection.fetchrow(sql("alarm_close"), kind)
        if closed is not None:
            seconds = round((datetime.now(UTC) - closed["since"]).total_seconds())
            _log.info("alarm closed", kind=kind, detail=closed["detail"], open_seconds=seconds)
    elif await connection.fetchval(sql("alarm_open"), kind, detail):
        _log.error("alarm opened", kind=kind, detail=detail)


class OfDatabase:
    """The alarm that the database itself is away, which it cannot keep before it is back."""

    def __init__(self) -> None:
        self._open: Alarm | None = None

    def opened(self, detail: str) -> None:
        """The database is away."""
        if self._open is None:
            self._open = Alarm("database", datetime.now(UTC), detail)
            _log.error("alarm opened", kind="database", detail=detail)

    async def closed(self, connection: Connection | Pool) -> None:
        """The database is there: what it missed is written into it."""
        if self._open is not None:
            past = self._open
            await connection.execute(sql("alarm_past"), past.kind, past.since, past.detail)
            self._open = None
            seconds = round((datetime.now(UTC) - past.since).total_seconds())
            _log.info("alarm closed", kind=past.kind, detail=past.detail, open_seconds=seconds)
