"""The service as a whole: watched, following the chain, and ended by a signal within seconds."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

from client.logs import logger
from indexer.operation import schedule
from indexer.operation.health import Pulse
from indexer.operation.monitor import monitoring

WAKE_SECONDS: Final = 30
_BEAT_SECONDS: Final = 1
_END_SECONDS: Final = 5.0
"""For what is under way when the service ends; after it, the database's connections are cut."""

_log = logger("indexer")


async def follow(service: schedule.Service, database_url: str, listen: socket.socket | None) -> None:
    """Runs until SIGINT or SIGTERM.

    What is wrong with node or database from the start ends it: raises `NodeUnavailable`, `DatabaseUnavailable`,
    `ChainMismatch`, `IncompleteBlock`.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    beating = asyncio.create_task(_beat(service.pulse))
    try:
        with monitoring(database_url, service.rpc_url, service.pulse, service.metrics, listen):
            await _unless_stopped(stop, _run(service, database_url))
    finally:
        beating.cancel()
    _log.info("stopped")


async def _run(service: schedule.Service, database_url: str) -> None:
    await schedule.replay(service)
    async with schedule.running(service, database_url) as scheduler:
        _log.info("following", url=service.rpc_url)
        while True:
            await asyncio.sleep(WAKE_SECONDS)
            # A database that was away for a moment leaves APScheduler without an alarm clock.
            scheduler.wakeup()


async def _beat(pulse: Pulse) -> None:
    while True:
        pulse.beat = time.monotonic()
        await asyncio.sleep(_BEAT_SECONDS)


async def _unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Does `work` until it ends or is told to; in the latter case without waiting for what hangs."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
        await asyncio.wait({working}, timeout=_END_SECONDS)
    if working.done():
        with suppress(asyncio.CancelledError):
            working.result()
