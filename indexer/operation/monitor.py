"""A thread of its own that watches the indexer: alarms, figures, HTTP. Whatever hangs elsewhere, it answers."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from client.endpoints import parse_endpoint
from client.errors import IonetError
from client.logs import logger
from indexer.operation import DEFAULT_LISTEN, alarms, serving
from indexer.operation.alarms import Kind
from indexer.operation.health import Look, Pulse, Watched
from indexer.operation.http import application
from indexer.operation.metrics import Metrics

LOOK_SECONDS: Final = 5.0
HOLD_SECONDS: Final[dict[Kind, float]] = {"lag": 60.0, "node": LOOK_SECONDS, "database": LOOK_SECONDS}
"""How long something must be wrong before it is an alarm: a lag passes, and so does a lost packet."""
_END_SECONDS: Final = 5.0
WATCHED: Final[tuple[Kind, ...]] = ("node", "lag", "gap", "quarantine", "settlement", "schedule")
"""Alarms that a look opens and closes; the others are told where they are found."""

_log = logger("monitor")


class Monitor:
    """Looks again and again, and says what it saw: to the alarms, and as figures."""

    def __init__(self, watched: Watched, metrics: Metrics) -> None:
        self._watched = watched
        self._metrics = metrics
        self._since: dict[Kind, float] = {}
        self._of_database = alarms.OfDatabase()

    async def look(self, now: float) -> Look:
        """One look, at `now` (seconds of any clock that only goes on)."""
        look = await self._watched.look()
        self._since = {kind: self._since.get(kind, now) for kind in look.problems}
        held = {kind: now - since >= HOLD_SECONDS.get(kind, 0.0) for kind, since in self._since.items()}
        if look.stored is not None:
            await self._tell(look, held)
        elif held["database"]:
            self._of_database.opened(look.problems["database"])
        self._show(look, held)
        return look

    async def _tell(self, look: Look, held: dict[Kind, bool]) -> None:
        pool = await self._watched.database.pool()
        async with asyncio.timeout(LOOK_SECONDS):
            await self._of_database.closed(pool)
            for kind in WATCHED:
                if kind not in look.problems:
                    await alarms.tell(pool, kind, None)
                elif held[kind]:
                    await alarms.tell(pool, kind, look.problems[kind])

    def _show(self, look: Look, held: dict[Kind, bool]) -> None:
        shown, stored, tip, status = self._metrics, look.stored, look.tip, look.status
        for part, is_up in (("database", stored is not None), ("node", tip is not None)):
            shown.up.labels(part).set(is_up)
        for kind in alarms.KINDS:
            shown.alarm.labels(kind).set(held.get(kind, False))
        if stored is not None:
            shown.cursor_slot.set(stored.slot)
            shown.cursor_time.set(stored.time)
            shown.quarantined.set(stored.quarantined)
            shown.final_epoch.set(stored.final_epoch)
            shown.closed_epoch.set(stored.closed_epoch)
            shown.open_settlements.set(stored.open_settlements)
            shown.stuck_settlements.set(stored.stuck_settlements)
            shown.database_bytes.set(stored.database_bytes)
            shown.drift_balances.set(stored.differing)
            shown.compared_slot.set(stored.compared_slot or 0)
        if tip is not None:
            shown.finalized_slot.set(tip.slot)
        if status is not None:
            shown.lag_slots.set(status.lag_slots)
            shown.lag_seconds.set(status.lag_seconds or 0)


def opened(address: str | None) -> socket.socket | None:
    """The socket to listen on; None where `address` is empty, or is not given and the usual one is taken.

    Raises `IonetError` where a given one cannot be had.
    """
    if address is not None:
        return listening(address) if address else None
    try:
        return listening(DEFAULT_LISTEN)
    except IonetError as taken:
        _log.warning("not listening", reason=str(taken))
        return None


def listening(address: str) -> socket.socket:
    """A socket on `HOST:PORT`; port 0 is any that is free. Raises `IonetError`."""
    host, port = parse_endpoint(address, listens=True)
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise IonetError(f"cannot listen on {address}: {error.strerror or error}. Give another --listen") from error


@contextmanager
def monitoring(
    database_url: str, rpc_url: str, pulse: Pulse, metrics: Metrics, listen: socket.socket | None
) -> Iterator[None]:
    """Watches until the block ends; answers on the socket `listen` where one is given."""
    loop, ended = asyncio.new_event_loop(), asyncio.Event()

    async def watch() -> None:
        watched = Watched(database_url, rpc_url, pulse)
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(_look_again(Monitor(watched, metrics)))
            server = None if listen is None else serving.server(application(watched, metrics))
            if server is not None and listen is not None:
                tasks.create_task(server.serve(sockets=[listen]))
                host, port = listen.getsockname()[:2]
                _log.info("listening", address=f"{host}:{port}")
            await ended.wait()
            looking.cancel()
            if server is not None:
                server.should_exit = True
        await watched.close()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(watch())

    thread = threading.Thread(target=run, name="monitor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        with suppress(RuntimeError):  # it has ended already
            loop.call_soon_threadsafe(ended.set)
        thread.join(_END_SECONDS)


async def _look_again(monitor: Monitor) -> None:
    while True:
        try:
            await monitor.look(time.monotonic())
        except Exception as failed:
            # The next look is made whatever this one met: nobody else watches.
            _log.warning("look failed", reason=str(failed) or type(failed).__name__)
        await asyncio.sleep(LOOK_SECONDS)
