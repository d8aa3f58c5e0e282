"""One job from the replayed history: every draw of a node repeated, every settlement's sums recomputed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import based58

from indexer.acting import router, routing
from indexer.acting.router import Wanted
from indexer.database.db import integer
from indexer.database.queries import sql
from indexer.decoding.base58 import encode as address_text
from indexer.errors import VerifyRefused
from indexer.verify.history import History
from indexer.verify.report import Checks, Difference, Row

if TYPE_CHECKING:
    from indexer.database.db import Connection, Pool

_ADDRESS_BYTES = 32


@dataclass(frozen=True, slots=True)
class Assignment:
    """One node that a job got, as the chain says and as it was drawn once more."""

    number: int
    """How many the job had before."""
    slot: int
    as_of_slot: int
    node: str
    """Base58, as the chain says."""
    drawn: str | None
    """Base58, as recomputed; None where nobody could have been drawn."""
    candidates: int
    """As recomputed, as all that follows."""
    total_weight: int
    ticket: int
    ok: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """One settlement, as the chain says. USD base units."""

    period: int
    node: str
    from_second: int
    to_second: int
    gross: int
    dollars: int
    burn: int
    fee: int
    """The affiliate's part, the burned one and that for incentives together."""
    coupons: int
    """Of node and user, base and bonus."""
    ok: bool


@dataclass(frozen=True, slots=True)
class JobReport:
    """The result of verifying one job."""

    job: str
    user: str
    assignments: tuple[Assignment, ...]
    settlements: tuple[Settlement, ...]
    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    """In the order in which the chain made them."""

    @property
    def ok(self) -> bool:
        """Whether everything was equal."""
        return not self.differences


@dataclass(slots=True)
class _OfJobs(Checks):
    """Keeps what is said of some jobs, each by itself."""

    of: dict[str, Checks] = field(default_factory=dict)
    """By address, base58."""

    def equal(self, name: str, what: str, recomputed: int | str, found: int | str) -> None:
        """As `Checks`, of these jobs alone."""
        job = self.of.get(what.partition(",")[0])
        if job is not None:
            job.equal(name, what, recomputed, found)


async def verify_job(pool: Pool, job: str) -> JobReport:
    """Verifies the draws and settlements of a job, by its address or by its number where only one user has it.

    From the database alone: what the chain has done since the last replay is not in it. Raises `VerifyRefused` where
    there is no such job, or something is in quarantine.
    """
    async with _one_moment(pool) as connection:
        reports = await _verify(connection, [await _find(connection, job)])
    return reports[0]


async def verify_jobs(pool: Pool) -> list[JobReport]:
    """As `verify_job`, of every job in the order of their opening: the history is heard once for all of them."""
    async with _one_moment(pool) as connection:
        rows = await connection.fetch('SELECT job, "user" FROM chain.job_opened ORDER BY slot, tx_index, path')
        return await _verify(connection, [(row["job"], row["user"]) for row in rows])


@asynccontextmanager
async def _one_moment(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        waiting = await connection.fetchval("SELECT count(*) FROM indexer.quarantine")
        if waiting:
            raise VerifyRefused(f"{waiting} messages are in quarantine: see `ionet indexer status`")
        yield connection


async def _verify(connection: Connection, jobs: Sequence[tuple[bytes, bytes]]) -> list[JobReport]:
    """Jobs, each with its user."""
    said = {address_text(job): Checks() for job, _ in jobs}
    history = History(checks=_OfJobs(of=said))
    await history.replay(connection)
    history.finish()
    return [await _report(connection, job, user, said[address_text(job)]) for job, user in jobs]


async def _report(connection: Connection, address: bytes, user: bytes, said: Checks) -> JobReport:
    text, draws = address_text(address), Checks()
    assignments = await _assignments(connection, address, text, draws)
    broken = {difference.what for difference in said.differences}
    settlements = [_settlement(row, text, broken) for row in await connection.fetch(sql("job_settlements"), address)]
    return JobReport(
        job=text,
        user=address_text(user),
        assignments=tuple(assignments),
        settlements=tuple(settlements),
        rows=(*draws.rows(), *said.rows()),
        differences=(*draws.differences, *said.differences),
    )


async def _find(connection: Connection, job: str) -> tuple[bytes, bytes]:
    if job.isdecimal():
        if int(job) >= 1 << 64:
            raise VerifyRefused(f"{job} is no number of a job: they are below 2^64")
        rows = await connection.fetch('SELECT job, "user" FROM chain.job_opened WHERE id = $1 ORDER BY job', int(job))
        if len(rows) > 1:
            several = ", ".join(address_text(row["job"]) for row in rows)
            raise VerifyRefused(f"{len(rows)} users have a job {job}: give the address of one: {several}")
    else:
        rows = await connection.fetch('SELECT job, "user" FROM chain.job_opened WHERE job = $1', _address(job))
    if not rows:
        raise VerifyRefused(f"there is no job {job}, as far as the chain was replayed: run `ionet indexer replay`")
    return rows[0]["job"], rows[0]["user"]


def _address(text: str) -> bytes:
    try:
        raw = bytes(based58.b58decode(text.encode()))
    except ValueError:
        raw = b""
    if len(raw) != _ADDRESS_BYTES:
        raise VerifyRefused(f"{text!r} is neither the number nor the address of a job")
    return raw


async def _assignments(connection: Connection, job: bytes, text: str, checks: Checks) -> list[Assignment]:
    found = []
    for number, row in enumerate(await connection.fetch(sql("job_starts"), job)):
        before = len(checks.differences)
        found.append(await _repeat(connection, row, text, number, checks))
        if len(checks.differences) > before:
            found[-1] = replace(found[-1], ok=False)
    return found


async def _repeat(connection: Connection, row: Any, text: str, number: int, checks: Checks) -> Assignment:
    """Draws once more from the state after the slot that the chain says the router drew from."""
    as_of = min(integer(row["draw_as_of_slot"]), row["slot"])
    wanted = Wanted(
        job=row["job"],
        hardware_class=row["hardware_class"],
        processors=row["processors"],
        assignment=number,
        blockhash=row["blockhash"],
        gave_back=await routing.gave_back(connection, row["job"], as_of),
    )
    drawn = router.draw(await routing.nodes_as_of(connection, as_of, row["hardware_class"]), wanted)
    booked = await connection.fetchval(sql("booked_before"), *(row["node"], row["slot"], row["tx_index"], row["path"]))
    whose, node = f"{text}, assignment {number}", address_text(row["node"])
    again = address_text(drawn.node) if drawn else None
    nobody = "nobody: no node was free"
    # The job must have been there to be drawn for, and no slot is known before it has passed.
    first, last = max(row["opened_slot"], row["slot"] - router.MAX_AGE_SLOTS), row["slot"] - 1
    said = integer(row["draw_as_of_slot"])
    for name, recomputed, said_ in (
        ("draw: number of the assignment", number, row["assignment"]),
        ("draw: slot that it was drawn from", min(max(said, first), last), said),
        ("draw: candidates", len(drawn.candidates) if drawn else 0, row["draw_candidates"]),
        (
            "draw: digest of the candidates",
            (drawn.candidates_digest if drawn else router.digest(())).hex(),
            row["draw_candidates_digest"].hex(),
        ),
        ("draw: sum of their weights", drawn.total_weight if drawn else 0, integer(row["draw_total_weight"])),
        ("draw: seed", router.seed(wanted).hex(), row["draw_seed"].hex()),
        ("draw: ticket", drawn.ticket if drawn else 0, integer(row["draw_ticket"])),
        ("draw: node", again or nobody, node),
        ("processors beyond the node's", 0, max(booked + row["processors"] - row["node_processors"], 0)),
    ):
        checks.equal(name, whose, recomputed, said_)
    return Assignment(
        number=number,
        slot=row["slot"],
        as_of_slot=said,
        node=node,
        drawn=again,
        candidates=len(drawn.candidates) if drawn else 0,
        total_weight=drawn.total_weight if drawn else 0,
        ticket=drawn.ticket if drawn else 0,
        ok=True,
    )


def _settlement(row: Any, text: str, broken: set[str]) -> Settlement:
    fee, coupons = ("fee_affiliate", "fee_burn", "fee_incentives"), ("coupons_base", "coupons_bonus", "coupons_user")
    return Settlement(
        period=row["period"],
        node=address_text(row["node"]),
        from_second=row["from_second"],
        to_second=row["to_second"],
        gross=integer(row["gross"]),
        dollars=integer(row["dollars"]),
        burn=integer(row["burn"]),
        fee=sum(integer(row[name]) for name in fee),
        coupons=sum(integer(row[name]) for name in coupons),
        ok=f"{text}, period {row['period']}" not in broken,
    )
