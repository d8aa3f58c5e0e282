"""How the indexer does: lag, quarantine, the last epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from client.errors import IonetError
from indexer import store
from indexer.rpc import Rpc

if TYPE_CHECKING:
    from indexer.db import Pool


@dataclass(frozen=True, slots=True)
class Status:
    """What `ionet indexer status` shows."""

    slot: int
    """Up to which the chain was read; 0 before the first block, as `time`."""
    time: int
    """Of that block, Unix seconds."""
    finalized_slot: int
    """Of the node."""
    lag_slots: int
    lag_seconds: int | None
    """By the chain's clock; None where the node has no time for its tip."""
    chain_digest: str
    """Of everything of ours up to `slot`, hex."""
    quarantined: int
    final_epoch: int
    """The last epoch whose scores are final, as far as replayed; 0 for none."""
    final_digest: str | None
    """Of its scores, hex."""
    closed_epoch: int
    events: int
    """In the last replay that found any."""
    events_per_second: int
    reasons: tuple[str, ...]
    """Of what is in quarantine, the first few."""

    @property
    def is_healthy(self) -> bool:
        """Whether scores may be published, as far as this shows."""
        return self.quarantined == 0


async def status(pool: Pool, rpc: Rpc) -> Status:
    """Asks database and node. Raises `NodeUnavailable`, `DatabaseUnavailable`."""
    cursor = await store.cursor(pool)
    tip = await rpc.slot()
    final = await pool.fetchrow("SELECT epoch, digest FROM chain.scores_finalized ORDER BY epoch DESC LIMIT 1")
    closed = await pool.fetchval("SELECT coalesce(max(last), 0) FROM chain.epochs_closed")
    last = await pool.fetchrow("SELECT events, seconds FROM indexer.replay ORDER BY id DESC LIMIT 1")
    waiting = await pool.fetch("SELECT slot, program, reason FROM indexer.quarantine ORDER BY slot, tx_index, path")
    slot, time = (cursor.position.slot, cursor.time) if cursor else (0, 0)
    return Status(
        slot=slot,
        time=time,
        finalized_slot=tip,
        lag_slots=max(tip - slot, 0),
        lag_seconds=await _lag_seconds(rpc, tip, time) if cursor else None,
        chain_digest=(cursor.digest if cursor else store.NO_DIGEST).hex(),
        quarantined=len(waiting),
        final_epoch=final["epoch"] if final else 0,
        final_digest=final["digest"].hex() if final else None,
        closed_epoch=closed,
        events=last["events"] if last else 0,
        events_per_second=round(last["events"] / max(last["seconds"], 1e-9)) if last else 0,
        reasons=tuple(f"slot {row['slot']}, {row['program']}: {row['reason']}" for row in waiting[:5]),
    )


async def _lag_seconds(rpc: Rpc, tip: int, time: int) -> int | None:
    try:
        return max(await rpc.block_time(tip) - time, 0)
    except IonetError:
        return None
