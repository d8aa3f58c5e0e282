"""Scores from the database: the facts of an epoch, and one epoch after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from client import addresses, economics
from indexer import scoring, store
from indexer.db import integer
from indexer.errors import PublishRefused
from indexer.queries import sql
from indexer.scoring import Facts, Measurement, Node, Parameters, Reputation, Score, UnknownClass, Work

if TYPE_CHECKING:
    from indexer.db import Connection, Pool

_NODE: Final = 1
"""`kind` of a node; a user's is 2."""


@dataclass(frozen=True, slots=True)
class EpochScores:
    """The scores of one epoch."""

    epoch: int
    until_slot: int
    """Facts up to this slot count."""
    scores: dict[bytes, Score]
    """By actor."""
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
    waiting = await connection.fetchval("SELECT count(*) FROM indexer.quarantine")
    if waiting:
        raise PublishRefused(
            f"{waiting} of our programs' own messages are in quarantine, not understood: see `ionet indexer status`; "
            "an indexer that knows them has to replay into a new database"
        )


async def computed(pool: Pool, epoch: int, parameters: Parameters = scoring.DEFAULT) -> EpochScores:
    """The scores of `epoch`, computed and kept, with those of every epoch before it that are not yet.

    Once kept, an epoch's scores stay. Raises `PublishRefused`.
    """
    await require_replayed(pool, epoch)
    async with pool.acquire() as connection, connection.transaction():
        # Of two at once, the second waits and finds the work done.
        await connection.execute("LOCK TABLE indexer.scored_epoch IN SHARE ROW EXCLUSIVE MODE")
        last = await connection.fetchval("SELECT coalesce(max(epoch), 0) FROM indexer.scored_epoch")
        start = await _kept(connection, min(last, epoch))
        if last >= epoch:
            return start
        reached = start
        async for found in _from(connection, start, epoch, parameters):
            await _keep(connection, found, reached.scores)
            reached = found
        return reached


async def recomputed(connection: Connection, epoch: int, parameters: Parameters = scoring.DEFAULT) -> EpochScores:
    """The scores of `epoch` from nothing but the chain's facts. Raises `PublishRefused`."""
    last = nothing = EpochScores(0, 0, {}, scoring.digest({}))
    async for found in _from(connection, nothing, epoch, parameters):
        last = found
    return last


async def _from(
    connection: Connection, start: EpochScores, epoch: int, parameters: Parameters
) -> AsyncIterator[EpochScores]:
    """The scores of each epoch after `start` up to `epoch`."""
    scores, since = start.scores, start.until_slot
    for number in range(start.epoch + 1, epoch + 1):
        until = await connection.fetchval(sql("epoch_until_slot"), await end_of(connection, number))
        facts = await _facts(connection, number, since, until)
        try:
            scores = scoring.score(facts, scores, parameters)
        except UnknownClass as reason:
            raise PublishRefused(f"epoch {number}: {reason}") from reason
        since = until
        yield EpochScores(number, until, scores, scoring.digest(scores))


async def _facts(connection: Connection, epoch: int, since: int, until: int) -> Facts:
    actors: dict[bytes, Node | None] = {}
    for row in await connection.fetch(sql("epoch_actors"), until):
        actors[row["actor"]] = None if row["kind"] != _NODE else Node(
            hardware_class=addresses.symbol_text(row["class"]),
            processors=row["processors"],
            multiplier_bp=row["multiplier_bp"],
            collateral=integer(row["collateral"]),
            collateral_required=integer(row["collateral_required"]),
        )  # fmt: skip
    measurements: dict[bytes, list[Measurement]] = {}
    for node, bandwidth, memory, clock, compute, latency, outcome in await connection.fetch(
        sql("epoch_measurements"), epoch, until
    ):
        measured = Measurement(bandwidth, memory, clock, compute, latency, outcome == 1)
        measurements.setdefault(node, []).append(measured)
    work = {
        row["actor"]: Work(row["seconds"], integer(row["usd"]), row["jobs"], row["failed"], row["lost"])
        for row in await connection.fetch(sql("epoch_work"), since, until)
    }
    return Facts(actors, measurements, work)


async def _kept(connection: Connection, epoch: int) -> EpochScores:
    if epoch == 0:
        return EpochScores(0, 0, {}, scoring.digest({}))
    head = await connection.fetchrow("SELECT until_slot, digest FROM indexer.scored_epoch WHERE epoch = $1", epoch)
    assert head is not None, "epochs are scored one after the other"
    scores = {
        row["actor"]: Score(row["points"], Reputation(row["reputation"], row["idle_epochs"] + epoch - row["epoch"]))
        for row in await connection.fetch(sql("scores_as_of"), epoch)
    }
    return EpochScores(epoch, head["until_slot"], scores, head["digest"])


def _idle_after(score: Score) -> Score:
    """What follows from a score when nothing happens: it is not written down again."""
    held = score.reputation
    return Score(score.points, Reputation(held.value, held.idle_epochs + 1))


async def _keep(connection: Connection, found: EpochScores, before: dict[bytes, Score]) -> None:
    await connection.execute(
        "INSERT INTO indexer.scored_epoch (epoch, until_slot, rows, digest) VALUES ($1, $2, $3, $4)",
        *(found.epoch, found.until_slot, len(found.scores), found.digest),
    )
    changed = [
        (actor, found.epoch, score.points, score.reputation.value, score.reputation.idle_epochs)
        for actor, score in found.scores.items()
        if actor not in before or score != _idle_after(before[actor])
    ]
    await connection.copy_records_to_table(
        "score",
        schema_name="indexer",
        records=changed,
        columns=["actor", "epoch", "points", "reputation", "idle_epochs"],
    )
