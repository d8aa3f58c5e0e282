"""A process that settles and is killed: by itself at a named moment, or from outside at any."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from solders.keypair import Keypair

from client.rpc import connect as connect_node
from client.sending import SendOptions
from indexer import db, routing, settlement

MOMENTS: Final = {
    "before it is written down": ("signed", "before"),
    "after it was written down": ("signed", "after"),
    "after it was sent": ("sent", "before"),
    "after it was noted as sent": ("sent", "after"),
    "after it was confirmed": ("confirmed", "before"),
    "after it was noted as confirmed": ("confirmed", "after"),
}
"""Between which two steps of a settlement: a method of its journal, and on which side of it."""
OPTIONS: Final = SendOptions(timeout_seconds=30)


def begin(work: str, moment: str | None, count: int, seconds: float, database: str, url: str, key: bytes) -> None:
    """The process: settles or routes (`work`) until `count` settlements came to the moment, or `seconds` passed."""
    if moment is not None:
        method, side = MOMENTS[moment]
        _kill_at(settlement._Journal, method, side, count)
    asyncio.run(_work(work, seconds, database, url, Keypair.from_bytes(key)))


async def _work(work: str, seconds: float, database: str, url: str, payer: Keypair) -> None:
    pool = await db.connect(database)
    async with connect_node(url) as client:
        acting = {"settle": settlement.settle_due, "route": routing.route}[work]
        if seconds:
            # From another thread's point of view: whatever the loop is doing.
            signal.signal(signal.SIGALRM, lambda *_: _die())
            signal.setitimer(signal.ITIMER_REAL, seconds)
        await acting(client, pool, payer, options=OPTIONS)
    pool.terminate()


def _kill_at(journal: type, method: str, side: str, count: int) -> None:
    real: Callable[..., Awaitable[Any]] = getattr(journal, method)
    left = count

    async def killing(self: Any, *arguments: Any) -> Any:
        nonlocal left
        left -= 1
        mine = left
        if side == "before" and mine == 0:
            _die()
        found = await real(self, *arguments)
        if mine == 0:
            _die()
        return found

    setattr(journal, method, killing)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


async def killed(work: str, database: str, url: str, key: Keypair, *, moment: str | None = None, count: int = 1,
                 seconds: float = 0.0) -> bool:  # fmt: skip
    """Starts one and waits until it is dead or done; whether it was killed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.integration.settlement_victim"])
    arguments = (work, moment, count, seconds, database, url, bytes(key))
    process = context.Process(target=begin, args=arguments, daemon=True)
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode == -signal.SIGKILL
