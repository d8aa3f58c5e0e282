"""Settles what jobs have worked, and brings those to their end that are due. Anyone may run it; it only pays fees.

Each transaction is written down in `indexer.settlement` before it is sent, and what is open there is gone on with
before anything else is signed: the process can be killed anywhere, and run twice, and there is one transaction for each
(job, period). That matters although the program pays each second once: it does not ask which period the sender had in
mind, so that the second of two transactions for one period could pay another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import asyncpg
from solana.rpc.async_api import AsyncClient
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature

from client import accounts, reads
from client.actions.due import Due, JobAction, due_for_jobs, steps_for
from client.concurrency import at_once
from client.errors import IonetError, Unreachable
from client.rpc import chain_time
from client.sending import DEFAULT, NotConfirmed, SendOptions, Signed, look_up, resume, send
from client.state import Job
from indexer.acting.guard import require_current
from indexer.database.db import lost_database
from indexer.database.queries import sql
from indexer.storing import store

if TYPE_CHECKING:
    from indexer.database.db import Pool

CONCURRENT: Final = 8
"""Transactions on their way at once."""
_ACTIONS: Final[frozenset[JobAction]] = frozenset({"settled", "released", "lapsed", "finished"})
_OPEN: Final = ("signed", "sent")
_SETUP_AT_ONCE: Final = 5
"""Accounts that one transaction makes."""
_UNSEEN_SLOTS: Final = 216_000
"""For how long a confirmed settlement is compared with the replay: a day."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What was done for one job."""

    job: Pubkey
    action: JobAction
    period: int
    """Settlements of the job before this one: each (job, period) is paid once."""
    seconds: int
    """Of work, settled with it."""
    signature: str | None
    refused: str | None
    """Why the chain did not want it; None where it did. The next run tries again."""


@dataclass(frozen=True, slots=True)
class OpenSettlement:
    """A settlement that waits, or that the chain did not want."""

    job: Pubkey
    period: int
    action: JobAction
    seconds: int
    state: str
    """`signed`, `sent`, `refused`; `unseen` where it was confirmed, and the replay got past its slot without it."""
    signature: str | None
    refusals: int
    reason: str | None
    """Of the last refusal."""
    since: datetime
    """When it was signed, or refused."""


class _Taken(IonetError):
    """Another scheduler of this database sends it now."""


async def settle_due(
    client: AsyncClient, pool: Pool, payer: Keypair, *, options: SendOptions = DEFAULT
) -> list[Settled]:
    """Does for every job what is due: pays for work, releases a silent node, lapses a dispute, refunds what is over.

    Which jobs there are is the database's to say, what is due the chain's. A job that the chain refuses does not hold
    up the others. Raises `PublishRefused` where the replay is not to be relied on (`require_current`), and
    `NotConfirmed` or `Unreachable` where the chain or its node is in trouble: the next run goes on.
    """
    return await _do_due(client, pool, payer, _ACTIONS, options)


async def release_silent(
    client: AsyncClient, pool: Pool, payer: Keypair, *, options: SendOptions = DEFAULT
) -> list[Settled]:
    """Of `settle_due`, what cannot wait for the end of the hour: takes silent nodes off their jobs."""
    return await _do_due(client, pool, payer, frozenset({"released"}), options)


async def resume_open(client: AsyncClient, pool: Pool, *, options: SendOptions = DEFAULT) -> list[Settled]:
    """Goes on with every transaction that may still land, whoever signed it. Those that never will be are left out.

    Raises as `settle_due` does.
    """
    rows = await pool.fetch(sql("settlement_open"))
    if not rows:
        return []
    await require_current(client, pool)
    with lost_database():
        found = await at_once([partial(_resume, client, pool, row, options) for row in rows], CONCURRENT)
    return [one for one in found if one is not None]


async def open_settlements(pool: Pool) -> list[OpenSettlement]:
    """Those that wait or were refused, and those that were confirmed and that the replay did not find; oldest first."""
    cursor = await store.cursor(pool)
    slot = cursor.position.slot if cursor else 0
    return [
        OpenSettlement(**{**row, "job": Pubkey.from_bytes(row["job"])})
        for row in await pool.fetch(sql("settlement_listed"), slot, slot - _UNSEEN_SLOTS)
    ]


async def _do_due(
    client: AsyncClient, pool: Pool, payer: Keypair, actions: frozenset[JobAction], options: SendOptions
) -> list[Settled]:
    await require_current(client, pool)
    done = await resume_open(client, pool, options=options)
    with lost_database():
        tried = await _settle_all(client, pool, payer, await _due(client, pool, actions), options)
        refused = {one.job for one in tried if one.refused}
        if refused and len(tried) > 1:
            # What another settlement of this run has changed meanwhile (an account made, an epoch begun) is read again.
            again = [one for one in await _due(client, pool, actions) if one.address in refused]
            repeated = {one.job: one for one in await _settle_all(client, pool, payer, again, options)}
            tried = [repeated.get(one.job, one) for one in tried]
    return done + tried


async def _due(client: AsyncClient, pool: Pool, actions: frozenset[JobAction]) -> list[Due]:
    """What is due now, of these actions, in the order in which the jobs were opened."""
    addresses = [Pubkey.from_bytes(row["job"]) for row in await pool.fetch(sql("running_jobs"))]
    if not addresses:
        return []
    now = await chain_time(client)
    parameters = (await reads.terms(client)).parameters_at(now)
    found = zip(addresses, await accounts.fetch_many(client, Job, addresses), strict=True)
    due = due_for_jobs({address: job for address, job in found if job is not None}, now, parameters)
    await pool.execute(sql("settlement_overtaken"), *_keys(due))
    return [one for one in due if one.action in actions]


def _keys(due: Sequence[Due]) -> tuple[list[bytes], list[int]]:
    return [bytes(one.address) for one in due], [one.job.period for one in due]


async def _settle_all(
    client: AsyncClient, pool: Pool, payer: Keypair, due: Sequence[Due], options: SendOptions
) -> list[Settled]:
    before = {row["job"]: row for row in await pool.fetch(sql("settlement_before"), *_keys(due))}
    free = [one for one in due if await _may_sign(client, one, before.get(bytes(one.address)))]
    steps = await steps_for(client, payer.pubkey(), free)
    for start in range(0, len(steps.setup), _SETUP_AT_ONCE):
        await _set_up(client, payer, steps.setup[start : start + _SETUP_AT_ONCE], options)
    calls = []
    for one in free:
        row = before.get(bytes(one.address))
        journal = _Journal(pool, one, row["signature"] if row else None)
        calls.append(partial(_settle, client, payer, journal, steps.of[one.address], options))
    return await at_once(calls, CONCURRENT)


async def _may_sign(client: AsyncClient, due: Due, row: asyncpg.Record | None) -> bool:
    """Whether no transaction that was signed before for this job and period can still do the same."""
    if row is None:
        return True
    if row["state"] in _OPEN:
        return False
    is_same = (row["action"], row["assignment"]) == (due.action, due.job.assignments)
    if row["state"] != "confirmed" or not (is_same or row["seconds"]):
        return True
    # A node that is behind shows the job as it was; only where a fork has taken it back it is signed again.
    signature = Signature.from_string(row["signature"])
    return (await look_up(client, signature, row["last_valid_block_height"])).is_lost


async def _set_up(client: AsyncClient, payer: Keypair, setup: Sequence[Instruction], options: SendOptions) -> None:
    try:
        await send(client, setup, [payer], options)
    except (Unreachable, NotConfirmed):
        raise
    except IonetError:
        # Somebody else made one of them, and the second try goes without it; or one cannot be made, and each
        # settlement that needs it is refused by name.
        return


class _Journal:
    """Writes down the transactions of one settlement, each in the place of the one before."""

    def __init__(self, pool: Pool, due: Due, signature: str | None) -> None:
        self.pool = pool
        self.due = due
        self.before = signature
        """Of what stands in the table, and can no longer land."""
        self.open: Signed | None = None
        """What was signed, and may land."""
        self.key = (bytes(due.address), due.job.period)

    async def signed(self, transaction: Signed) -> None:
        """Raises `_Taken` where something else was written down meanwhile."""
        due, signature = self.due, str(transaction.signature)
        step = (due.action, due.job.assignments, due.seconds)
        values = (transaction.raw, signature, transaction.last_valid_block_height, self.before)
        try:
            noted = await self.pool.fetchval(sql("settlement_signed"), *self.key, *step, *values)
        except asyncpg.UniqueViolationError:
            noted = None  # of this job, in another period
        if noted is None:
            raise _Taken("another scheduler of this database settles it now")
        self.open, self.before = transaction, signature

    async def sent(self, transaction: Signed) -> None:
        await self.pool.execute(sql("settlement_sent"), *self.key, str(transaction.signature))

    async def confirmed(self, slot: int) -> None:
        await self.pool.execute(sql("settlement_confirmed"), *self.key, self.before, slot)

    async def refused(self, client: AsyncClient, reason: str) -> None:
        """Where something was signed, only a failure on the chain ends it: a node that refused it may be behind."""
        due = self.due
        if self.open is None:
            step = (due.action, due.job.assignments, due.seconds)
            await self.pool.execute(sql("settlement_refused"), *self.key, *step, reason, self.before)
            return
        fate = await look_up(client, self.open.signature, self.open.last_valid_block_height)
        has_failed = fate.status is not None and fate.status.err is not None
        await self.pool.execute(
            sql("settlement_failed" if has_failed else "settlement_doubted"), *self.key, self.before, reason
        )


async def _settle(
    client: AsyncClient, payer: Keypair, journal: _Journal, instructions: Sequence[Instruction], options: SendOptions
) -> Settled:
    due, signature, refused = journal.due, None, None
    try:
        sent = await send(client, instructions, [payer], options, journal)
    except (Unreachable, NotConfirmed):
        raise
    except _Taken as taken:
        refused = str(taken)
    except IonetError as reason:
        refused = str(reason)
        await journal.refused(client, refused)
    else:
        signature = str(sent.signature)
        await journal.confirmed(sent.slot)
    return Settled(due.address, due.action, due.job.period, due.seconds, signature, refused)


async def _resume(client: AsyncClient, pool: Pool, row: asyncpg.Record, options: SendOptions) -> Settled | None:
    """None where it expired: what is due for its job then is due again."""
    key = (row["job"], row["period"], row["signature"])
    refused = None
    try:
        sent = await resume(client, Signed(row["transaction"], row["last_valid_block_height"]), options)
    except (Unreachable, NotConfirmed):
        raise
    except IonetError as reason:
        refused = str(reason)
        await pool.execute(sql("settlement_failed"), *key, refused)
    else:
        if sent is None:
            await pool.execute(sql("settlement_expired"), *key)
            return None
        await pool.execute(sql("settlement_confirmed"), *key, sent.slot)
    step = (row["action"], row["period"], row["seconds"])
    return Settled(Pubkey.from_bytes(row["job"]), *step, None if refused else row["signature"], refused)
