"""How the indexer does: lag, rate, quarantine, alarms, the last epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from client.errors import IonetError
from indexer.acting.guard import MAX_LAG_SLOTS
from indexer.acting.settlement import OpenSettlement, open_settlements
from indexer.database.db import integer
from indexer.database.queries import sql
from indexer.node.rpc import Rpc
from indexer.operation import alarms
from indexer.operation.alarms import Alarm
from indexer.storing.store import NO_DIGEST

if TYPE_CHECKING:
    from indexer.database.db import Pool

_SHOWN: Final = 5
"""Reasons of what is in quarantine, or is not settled."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database alone says."""

    slot: int
    """Up to which the chain was read; 0 before the first block, as `time`."""
    time: int
    """Of that block, Unix seconds."""
    chain_digest: str
    """Of everything of ours up to `slot`, hex."""
    quarantined: int
    reasons: tuple[str, ...]
    """Of what is in quarantine, the first few."""
    alarms: tuple[Alarm, ...]
    """That are open."""
    final_epoch: int
    """The last epoch whose scores are final, as far as replayed; 0 for none."""
    final_digest: str | None
    """Of its scores, hex."""
    closed_epoch: int
    events: int
    """In the last replay that found any."""
    events_per_second: int
    """Of that replay."""
    recent_events_per_second: int
    """Over the last minute."""
    oldest_slot: int
    """Of which everything is kept; 0: nothing was dropped."""
    database_bytes: int
    open_settlements: int
    """On their way."""
    stuck_settlements: int
    """That the chain refused, or that a node confirmed and no block holds."""
    stuck: tuple[str, ...]
    """Of them, the first few, with the reason."""
    compared_slot: int | None
    """As of which balances were last compared with the chain; None: never."""
    differing: int
    """Balances that differed then."""


@dataclass(frozen=True, slots=True)
class Tip:
    """What the node alone says."""

    slot: int
    """The newest final one."""
    time: int | None
    """Of its block, Unix seconds; None where the node has none."""


@dataclass(frozen=True, slots=True)
class Status:
    """What `ionet indexer status` shows."""

    stored: Stored
    tip: Tip

    @property
    def lag_slots(self) -> int:
        """Final slots that were not read yet."""
        return max(self.tip.slot - self.stored.slot, 0)

    @property
    def lag_seconds(self) -> int | None:
        """Their time, by the chain's clock; None before the first block, or where the node has no time."""
        if self.tip.time is None or not self.stored.time:
            return None
        return max(self.tip.time - self.stored.time, 0)

    @property
    def complaints(self) -> Sequence[str]:
        """What is wrong, in words; nothing while all is well."""
        found = [str(alarm) for alarm in self.stored.alarms]
        kinds = {alarm.kind for alarm in self.stored.alarms}
        if self.stored.quarantined and "quarantine" not in kinds:
            found.append(f"{self.stored.quarantined} messages are in quarantine")
        if self.stored.stuck_settlements and "settlement" not in kinds:
            found.append(f"{self.stored.stuck_settlements} settlements are stuck; the first: {self.stored.stuck[0]}")
        if self.lag_slots > MAX_LAG_SLOTS and "lag" not in kinds:
            found.append(f"the replay is {self.lag_slots:,} slots behind: run `ionet indexer replay`, or `run`")
        return found


async def stored(pool: Pool) -> Stored:
    """Asks the database. Raises what asyncpg raises where it is away."""
    row = await pool.fetchrow(sql("status_now"))
    assert row is not None, "one row, always"
    waiting = await pool.fetch(sql("status_quarantine"), _SHOWN) if row["quarantined"] else []
    settlements = await open_settlements(pool)
    stuck = [one for one in settlements if one.state in ("refused", "unseen")]
    return Stored(
        slot=row["slot"] or 0,
        time=row["time"] or 0,
        chain_digest=(row["digest"] or NO_DIGEST).hex(),
        quarantined=row["quarantined"],
        reasons=tuple(f"slot {one['slot']}, {one['program']}: {one['reason']}" for one in waiting),
        alarms=tuple(await alarms.open(pool)),
        final_epoch=row["final_epoch"] or 0,
        final_digest=row["final_digest"].hex() if row["final_digest"] else None,
        closed_epoch=row["closed_epoch"] or 0,
        events=row["events"] or 0,
        events_per_second=round((row["events"] or 0) / max(row["seconds"] or 0, 1e-9)),
        recent_events_per_second=round(integer(row["recent_events"]) / 60),
        oldest_slot=row["oldest_slot"],
        database_bytes=row["database_bytes"],
        open_settlements=len(settlements) - len(stuck),
        stuck_settlements=len(stuck),
        stuck=tuple(_why(one) for one in stuck[:_SHOWN]),
        compared_slot=row["compared_slot"],
        differing=row["differing"] or 0,
    )


async def status(pool: Pool, rpc: Rpc) -> Status:
    """Asks database and node. Raises `NodeUnavailable`, `DatabaseUnavailable`."""
    held = await stored(pool)
    slot = await rpc.slot()
    try:
        time = await rpc.block_time(slot)
    except IonetError:
        time = None
    return Status(held, Tip(slot, time))


def _why(one: OpenSettlement) -> str:
    what = f"job {one.job}, period {one.period}"
    if one.state == "refused":
        return f"{what}: refused {one.refusals} times, {one.reason}"
    return f"{what}: {one.signature} was confirmed, and no block holds it"
