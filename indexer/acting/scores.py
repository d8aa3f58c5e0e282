"""Scores from the database: the facts of an epoch, and one epoch after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from client import economics
from indexer import scoring
from indexer.acting.guard import require_understood
from indexer.database import columns
from indexer.database.queries import sql
from indexer.errors import PublishRefused
from indexer.scoring import Facts, Parameters, Scores, UnknownClass
from indexer.storing import partitions, store

if TYPE_CHECKING:
    from indexer.database.db import Connection, Pool

_STANDING: Final = np.dtype([("actor", "S32"), ("points", "i8"), ("reputation", "i4"), ("idle_epochs", "i8")])
"""A row of `indexer.standing`,"""
_CHANGED: Final = np.dtype([("epoch", "i8"), *_STANDING.descr])
"""and one of `indexer.score`."""


@dataclass(frozen=True, slots=True)
class EpochScores:
    """The scores of one epoch."""

    epoch: int
    until_slot: int
    """Facts up to this slot count."""
    scores: Scores
    digest: bytes


async def genesis(connection: Connection | Pool) -> int:
    """Unix seconds at which epoch 1 begins. Raises `PublishRefused` before the emission was initialised."""
    found = await connection.fetchval("SELECT genesis FROM chain.emission_initialized")
    if found is None:
        raise PublishRefused("the chain has no emission yet, as far as it was replayed: run `ionet indexer replay`")
    return int(found)


async def end_of(connection: Connection | Pool, epoch: int) -> int:
    """The first second after `epoch`, Unix seconds. Raises `PublishRefused` for what is no epoch."""
    end = economics.epoch_end(await genesis(connection), epoch) if 1 <= epoch <= economics.LAST_EPOCH else None
    if end is None:
        raise PublishRefused(f"{epoch} is no epoch: they are 1 to {economics.LAST_EPOCH}")
    return end


async def require_replayed(connection: Connection | Pool, epoch: int) -> None:
    """Raises `PublishRefused` unless every block of `epoch` was read and all of it was understood."""
    end = await end_of(connection, epoch)
    cursor = await store.cursor(connection)
    if cursor is None or cursor.time < end:
        behind = "nothing was" if cursor is None else f"the chain was read up to second {cursor.time}, slot "
        where = "" if cursor is None else str(cursor.position.slot)
        raise PublishRefused(
            f"epoch {epoch} ends at second {end}: {behind}{where} replayed. "
            "Replay until a finalized block has passed its end"
        )
    await require_understood(connection)


async def computed(pool: Pool, epoch: int, parameters: Parameters = scoring.DEFAULT) -> EpochScores:
    """The scores of `epoch`, computed and kept, with those of every epoch before it that are not yet.

    Once kept, an epoch's scores stay. Raises `PublishRefused`.
    """
    await require_replayed(pool, epoch)
    async with pool.acquire() as connection, connection.transaction():
        # Of two at once, the second waits and finds the work done.
        await connection.execute("LOCK TABLE indexer.scored_epoch IN SHARE ROW EXCLUSIVE MODE")
        start = await last_kept(connection)
        if epoch <= start.epoch:
            return start if epoch == start.epoch else await _kept(connection, epoch, sql("scores_as_of"), epoch)
        reached = start
        async for found in _from(connection, start, epoch, parameters, from_chain=False):
            await keep(connection, found, reached.scores)
            reached = found
        await stand(connection, reached.scores)
        return reached


async def recomputed(connection: Connection, epoch: int, parameters: Parameters = scoring.DEFAULT) -> EpochScores:
    """The scores of `epoch` from nothing but the chain's facts, or, where the old ones were dropped, from those kept.

    Raises `PublishRefused`.
    """
    last = await _start(connection, epoch)
    async for found in _from(connection, last, epoch, parameters, from_chain=True):
        last = found
    return last


async def _start(connection: Connection, epoch: int) -> EpochScores:
    """After what to recompute: an epoch that ended where observations, of which old ones are dropped, begin."""
    first_slot = await partitions.first_slot(connection)
    if first_slot == 0:
        return EpochScores(0, 0, Scores.none(), scoring.digest(Scores.none()))
    start = await connection.fetchval(
        "SELECT min(epoch) FROM indexer.scored_epoch WHERE until_slot >= $1", first_slot - 1
    )
    if start is None or start > epoch:
        raise PublishRefused(
            f"epoch {epoch} cannot be recomputed: what was measured before slot {first_slot} was dropped. "
            "Replay into a new database"
        )
    return await _kept(connection, start, sql("scores_as_of"), start)


async def _from(
    connection: Connection, start: EpochScores, epoch: int, parameters: Parameters, *, from_chain: bool
) -> AsyncIterator[EpochScores]:
    """The scores of each epoch after `start` up to `epoch`."""
    scores, since = start.scores, start.until_slot
    for number in range(start.epoch + 1, epoch + 1):
        until = await connection.fetchval(sql("epoch_until_slot"), await end_of(connection, number))
        read = facts_from_chain(connection, number, since, until) if from_chain else facts(connection, number, until)
        try:
            # In a thread: a million actors take seconds, and others have to be answered meanwhile.
            scores = await asyncio.to_thread(scoring.score, await read, scores, parameters)
        except UnknownClass as reason:
            raise PublishRefused(f"epoch {number}: {reason}") from reason
        since = until
        yield EpochScores(number, until, scores, scoring.digest(scores))


async def facts(connection: Connection, epoch: int, until: int) -> Facts:
    """The facts of an epoch from what `indexer.storing.aggregates` keeps."""
    return Facts(
        _sorted(await columns.fetch(connection, scoring.ACTOR, sql("epoch_actors"), until)),
        await _measurements(connection, epoch, until),
        await columns.fetch(connection, scoring.WORK, sql("epoch_work"), epoch),
    )


async def facts_from_chain(connection: Connection, epoch: int, since: int, until: int) -> Facts:
    """The same from the chain's own tables, which takes as long as there is history."""
    return Facts(
        _sorted(await columns.fetch(connection, scoring.ACTOR, sql("epoch_actors_from_chain"), until)),
        await _measurements(connection, epoch, until),
        await columns.fetch(connection, scoring.WORK, sql("epoch_work_from_chain"), since, until),
    )


async def _measurements(connection: Connection, epoch: int, until: int) -> scoring.Rows:
    async with connection.transaction():
        # An epoch that the planner's statistics do not know yet looks like one row to it, and is many.
        await connection.execute("SET LOCAL enable_nestloop = off")
        found = await columns.fetch(connection, scoring.MEASUREMENT, sql("epoch_measurements"), epoch, until)
        await connection.execute("SET LOCAL enable_nestloop = DEFAULT")
    return found


def _sorted(actors: scoring.Rows) -> scoring.Rows:
    return actors[np.argsort(actors["actor"])]


async def last_kept(connection: Connection) -> EpochScores:
    """The scores of the last epoch that was scored; of epoch 0 where none was."""
    last = await connection.fetchval("SELECT coalesce(max(epoch), 0) FROM indexer.scored_epoch")
    return await _kept(connection, last, sql("standing"))


async def _kept(connection: Connection, epoch: int, query: str, *arguments: int) -> EpochScores:
    """The scores of an epoch that was scored, which the query gives; epoch 0 is before the first."""
    scores = Scores(_sorted(await columns.fetch(connection, _STANDING, query, *arguments)).astype(scoring.SCORE))
    if epoch == 0:
        return EpochScores(0, 0, scores, scoring.digest(scores))
    head = await connection.fetchrow("SELECT until_slot, digest FROM indexer.scored_epoch WHERE epoch = $1", epoch)
    assert head is not None, "epochs are scored one after the other"
    return EpochScores(epoch, head["until_slot"], scores, head["digest"])


async def keep(connection: Connection, found: EpochScores, before: Scores) -> None:
    """Writes down an epoch and the scores that do not follow from those before it by being idle."""
    rows = found.scores.rows
    place = scoring.places(before.rows["actor"], rows["actor"])
    is_known = place >= 0
    changed = ~is_known
    held, now = before.rows[place[is_known]], rows[is_known]
    changed[is_known] = (
        (now["points"] != held["points"])
        | (now["reputation"] != held["reputation"])
        | (now["idle_epochs"] != held["idle_epochs"] + 1)
    )
    written = np.empty(np.count_nonzero(changed), _CHANGED)
    written["epoch"] = found.epoch
    for name in scoring.SCORE.names or ():
        written[name] = rows[name][changed]
    await connection.execute(
        "INSERT INTO indexer.scored_epoch (epoch, until_slot, rows, digest) VALUES ($1, $2, $3, $4)",
        *(found.epoch, found.until_slot, len(rows), found.digest),
    )
    await columns.append(connection, "indexer", "score", written)


async def stand(connection: Connection, scores: Scores) -> None:
    """Writes down how everybody stands after the last epoch that was kept, in place of how they stood."""
    await connection.execute("TRUNCATE indexer.standing")
    await columns.append(connection, "indexer", "standing", scores.rows.astype(_STANDING))
