"""Operation: alarms, health over HTTP, figures, logs, retention."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from io import StringIO

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from client import logs
from client.logs import LogFormat, LogLevel
from client.rpc import connect as connect_node
from indexer.database import db
from indexer.operation import alarms, retention, schedule, status
from indexer.operation.alarms import OfDatabase
from indexer.operation.drift import compare
from indexer.operation.health import BEAT_SECONDS, Pulse, Watched
from indexer.operation.http import report
from indexer.operation.metrics import Metrics
from indexer.operation.monitor import HOLD_SECONDS, Monitor, listening, monitoring
from indexer.storing import partitions
from indexer.storing.replay import catch_up
from tests.databases import Databases
from tests.integration.indexer_network import SEND, Network
from tests.programs.world import new_world

QUARANTINED = (
    "INSERT INTO indexer.quarantine (slot, tx_index, path, signature, program, reason, data) "
    "VALUES (1, 0, 0, 'signature', 'oracle', 'an event of version 9', '')"
)
REFUSED = (
    "INSERT INTO indexer.settlement (job, period, action, assignment, seconds, state, refusals, reason, ended_at) "
    "VALUES ($1, 0, 'settled', 1, 60, 'refused', 3, 'escrow refused: paused', now())"
)
NOBODY = "127.0.0.1:1"


@pytest.fixture
def written() -> Iterator[StringIO]:
    """What is logged, as lines of JSON."""
    stream = StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure(LogFormat.JSON, LogLevel.INFO, stream)
    try:
        yield stream
    finally:
        root.handlers[:], _ = handlers, root.setLevel(level)


def records(written: StringIO) -> list[dict[str, object]]:
    """Everything that was logged since the last call."""
    found = [json.loads(line) for line in written.getvalue().splitlines()]
    written.seek(0)
    written.truncate()
    return found


@asynccontextmanager
async def hanging() -> AsyncIterator[str]:
    """Somebody who takes every call and never says anything: `HOST:PORT`."""
    ended = asyncio.Event()

    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield "{}:{}".format(*server.sockets[0].getsockname()[:2])
    finally:
        ended.set()
        server.close()


async def test_an_alarm_is_open_once_and_told_twice(databases: Databases, written: StringIO) -> None:
    """One row and one record when it begins, whatever it says later, and one record when it ends; then a new one."""
    async with databases.pool() as pool:
        for detail in ("200 slots behind", "200 slots behind", "300 slots behind"):
            await asyncio.gather(*(alarms.tell(pool, "lag", detail) for _ in range(3)))
        await alarms.tell(pool, "gap", "slot 7 does not follow")
        assert [(one.kind, one.detail, one.stops) for one in await alarms.open(pool)] == [
            ("lag", "300 slots behind", False),
            ("gap", "slot 7 does not follow", True),
        ]
        for _ in range(2):
            await alarms.tell(pool, "lag", None)
        await alarms.tell(pool, "lag", "again")
        assert [one.kind for one in await alarms.open(pool)] == ["gap", "lag"]
        assert await pool.fetchval("SELECT count(*) FROM indexer.alarm") == 3
        assert [(one["event"], one["level"], one["kind"]) for one in records(written)] == [
            ("alarm opened", "error", "lag"),
            ("alarm opened", "error", "gap"),
            ("alarm closed", "info", "lag"),
            ("alarm opened", "error", "lag"),
        ]
        # The database cannot keep that it is away: it is told once it is back.
        away = OfDatabase()
        for _ in range(2):
            away.opened("no answer in 3 s")
        await away.closed(pool)
        await away.closed(pool)
        rows = await pool.fetch("SELECT detail, until > since AS over FROM indexer.alarm WHERE kind = 'database'")
        assert [tuple(row) for row in rows] == [("no answer in 3 s", True)]
        assert [one["event"] for one in records(written)] == ["alarm opened", "alarm closed"]


def test_records_hold_no_secrets(written: StringIO) -> None:
    """Of a URL nobody sees the password, nor a node's path and query; records of libraries are JSON too."""
    logs.logger("test").warning("failed", url="https://node.example/key-123?token=456", job="replay")
    logs.logger("test").warning("failed", reason="no database at postgresql://me:secret@host:5432/chain: down")
    logging.getLogger("somebody").warning("asked %s", "https://me:secret@node.example/key-123")
    logging.getLogger("httpx").info("HTTP Request: POST https://node.example/key-123")
    found = records(written)
    assert [one.get("url") or one.get("reason") or one["event"] for one in found] == [
        "https://node.example",
        "no database at postgresql://host:5432/chain: down",
        "asked https://node.example",
    ]
    assert all({"event", "level", "timestamp"} <= one.keys() for one in found)


async def test_what_is_wrong_becomes_an_alarm(network: Network, databases: Databases) -> None:
    """Lag once it lasts, quarantine and gap at once, each until it is over; figures say the same."""
    url, pulse, metrics = await databases.url(), Pulse(), Metrics()
    pool = await db.connect(url)
    watched = Watched(url, network.url, pulse)
    monitor = Monitor(watched, metrics)

    async def look(now: float) -> list[str]:
        await monitor.look(now)
        return [alarm.kind for alarm in await alarms.open(pool)]

    def figure(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"ionet_indexer_{name}", labels)

    try:
        for _ in range(2):
            network.world.chain.warp(slots=200, seconds=1)
        assert await look(0) == []
        assert await look(HOLD_SECONDS["lag"] - 1) == []
        assert await look(HOLD_SECONDS["lag"]) == ["lag"]
        assert figure("alarm", kind="lag") == 1
        await catch_up(pool, network.url)
        assert await look(100) == []
        assert (figure("lag_slots"), figure("alarm", kind="lag")) == (0, 0)
        assert figure("cursor_slot") == figure("finalized_slot")

        await pool.execute(QUARANTINED)
        pulse.gap = "gap: slot 9 follows slot 7"
        assert set(await look(101)) == {"quarantine", "gap"}
        look_ = await watched.look()
        assert look_.status is not None
        assert any("oracle: an event of version 9" in one for one in look_.status.complaints)
        assert not report(look_)["checks"]["gap"]["ok"]
        pulse.gap = None
        await pool.execute("TRUNCATE indexer.quarantine")
        assert await look(102) == []

        await pool.execute(REFUSED, bytes(32))
        assert await look(103) == ["settlement"]
        assert figure("stuck_settlements") == 1
        await pool.execute("UPDATE indexer.settlement SET state = 'overtaken'")
        assert await look(104) == []

        pulse.beat -= BEAT_SECONDS
        assert await look(105) == ["schedule"]
    finally:
        await watched.close()
        pool.terminate()


async def test_health_is_answered_whatever_hangs(network: Network, databases: Databases) -> None:
    """200 while all is well; 503 with the part's name where database or node are away or take calls in silence."""
    url = await databases.url()
    pool = await db.connect(url)
    network.world.chain.warp(seconds=1)
    await catch_up(pool, network.url)
    pool.terminate()
    async with hanging() as silent:
        for database, node, wrong in (
            (url, network.url, []),
            (f"postgresql://{NOBODY}/x", network.url, ["database"]),
            (f"postgresql://{silent}/x", network.url, ["database"]),
            (url, f"http://{NOBODY}", ["node"]),
            (url, f"http://{silent}", ["node"]),
            (f"postgresql://{silent}/x", f"http://{silent}", ["database", "node"]),
        ):
            listens = listening("127.0.0.1:0")
            address = "http://{}:{}".format(*listens.getsockname())
            with monitoring(database, node, Pulse(), Metrics(), listens):
                async with httpx.AsyncClient(base_url=address, timeout=10) as http:
                    answer = await http.get("/healthz")
                    found = answer.json()
                    assert answer.status_code == (503 if wrong else 200), found
                    assert found["healthy"] is not bool(wrong)
                    assert [name for name, check in found["checks"].items() if check["ok"] is False] == wrong
                    assert (await http.get("/livez")).json() == {"alive": True}
                    names = {
                        family.name for family in text_string_to_metric_families((await http.get("/metrics")).text)
                    }
                    assert {"ionet_indexer_lag_slots", "ionet_indexer_rpc_calls"} <= names


async def test_health_is_answered_while_the_indexer_hangs(network: Network, databases: Databases) -> None:
    """What keeps the indexer's own loop busy does not keep the answer back; it is what the answer says."""
    url, pulse = await databases.url(), Pulse()
    (await db.connect(url)).terminate()
    pulse.beat -= BEAT_SECONDS
    listens = listening("127.0.0.1:0")
    host, port = listens.getsockname()
    with monitoring(url, network.url, pulse, Metrics(), listens):
        # Blocks this loop, as a long computation does.
        answer = httpx.get(f"http://{host}:{port}/healthz", timeout=10)  # noqa: ASYNC210 - that is what is tried
        assert (answer.status_code, answer.json()["checks"]["schedule"]["ok"]) == (503, False)
        assert httpx.get(f"http://{host}:{port}/livez", timeout=10).status_code == 503  # noqa: ASYNC210 - as above


async def test_a_gap_stays_an_alarm_until_the_replay_gets_past_it(
    network: Network, databases: Databases, written: StringIO
) -> None:
    """A node whose chain does not follow: the look is logged as failed; with the right one all is well."""
    url = await databases.url()
    pool = await db.connect(url)
    with new_world(initialized=False) as other:
        # Their blocks are the same as long as their slots are.
        for chain, slots in ((other.chain, 50), (network.world.chain, 10)):
            for _ in range(2):
                chain.warp(slots=slots, seconds=1)
        other_url = str(other.chain.http.base_url)
        async with connect_node(network.url) as client:
            right = schedule.Service(pool, network.url, client, options=SEND)
            wrong = schedule.Service(pool, other_url, client, options=SEND, pulse=right.pulse)
            await schedule.replay(right)
            records(written)
            async with schedule.running(wrong, url):
                await asyncio.create_task(schedule.tick("replay"))
            (failed,) = records(written)
            assert (failed["event"], failed["job"], failed["level"]) == ("failed", "replay", "warning")
            assert str(failed["reason"]).startswith("fork: the block of slot")
            assert wrong.metrics.registry.get_sample_value("ionet_indexer_job_failures_total", {"job": "replay"}) == 1
            called = {"method": "getSlot", "outcome": "ok"}
            assert wrong.metrics.registry.get_sample_value("ionet_indexer_rpc_calls_total", called) == 1
            assert right.pulse.gap == failed["reason"]
            await schedule.replay(right)
            assert right.pulse.gap is None
    pool.terminate()


async def test_balances_are_compared_each_epoch(network: Network, databases: Databases) -> None:
    """Once for an epoch that has ended; what differs is an alarm, and is looked at again until it is right."""
    async with databases.pool() as pool, connect_node(network.url) as client:
        service = schedule.Service(pool, network.url, client, options=SEND)

        async def compared() -> int:
            await schedule.compare(service)
            count = await pool.fetchval("SELECT count(*) FROM indexer.drift")
            assert isinstance(count, int)
            return count

        network.world.chain.warp(seconds=1)
        await schedule.replay(service)
        assert await compared() == 0
        network.work(1)
        await schedule.replay(service)
        assert [await compared() for _ in range(2)] == [1, 1]
        network.work(2)
        await schedule.replay(service)
        await pool.execute("UPDATE indexer.actor_balance SET stake = stake + 1")
        found = await compare(pool, client, network.url, looks=1)
        await alarms.tell(pool, "drift", schedule.summary(found))
        (alarm,) = await alarms.open(pool)
        assert alarm.stops
        assert "actor: stake" in alarm.detail
        await pool.execute("UPDATE indexer.actor_balance SET stake = stake - 1")
        assert [await compared() for _ in range(2)] == [3, 3]
        assert await alarms.open(pool) == []


async def test_old_observations_go_and_nothing_else(network: Network, databases: Databases) -> None:
    """Whole partitions before the last epochs that are kept; without a closed epoch, or with all kept, none."""
    world = network.world
    async with databases.pool() as pool:
        network.challenge(1)
        world.chain.warp(slots=partitions.SLOTS, seconds=1)
        for epoch in (1, 2, 3):
            world.end_of(epoch)
            world.prices()
            world.finalize(epoch)
            world.close(epoch)
            world.chain.warp(seconds=1)
        await catch_up(pool, network.url)
        measured = "SELECT count(*) FROM chain.challenge_recorded"
        assert await pool.fetchval(measured) == 2
        for keeps_all in (3, 10):
            assert await retention.prune(pool, keeps_all) == []
        dropped = await retention.prune(pool, 1)
        assert {name.removesuffix("_00000") for name in dropped} == set(partitions.PRUNED)
        assert await pool.fetchval(measured) == 0
        assert await pool.fetchval("SELECT count(*) FROM chain.price_submitted") > 0
        assert (await status.stored(pool)).oldest_slot == partitions.SLOTS
        assert await retention.prune(pool, 1) == []


def test_what_is_no_address_is_refused() -> None:
    """A port that is taken, or no port at all: one sentence with the value."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Exception, match=f"cannot listen on {address}"):
            listening(address)
    for wrong in ("9500", "localhost:", "localhost:99999", ""):
        with pytest.raises(Exception, match="is no HOST:PORT"):
            listening(wrong)
