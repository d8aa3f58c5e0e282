"""A process that settles, routes or publishes, and is killed: by itself at a named moment, or from outside at any."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from solana.rpc.commitment import Finalized
from solders.keypair import Keypair

from client.rpc import connect as connect_node
from client.sending import SendOptions
from indexer.acting import oracle, routing, settlement
from indexer.acting.guard import MAX_LAG_SLOTS
from indexer.database import db
from indexer.errors import DatabaseUnavailable
from indexer.storing import store
from indexer.storing.replay import catch_up

if TYPE_CHECKING:
    from indexer.database.db import Pool

MOMENTS: Final = {
    "before it is written down": ("signed", "before"),
    "after it was written down": ("signed", "after"),
    "after it was sent": ("sent", "before"),
    "after it was noted as sent": ("sent", "after"),
    "after it was confirmed": ("confirmed", "before"),
    "after it was noted as confirmed": ("confirmed", "after"),
}
"""Between which two steps of a transaction: a method of its journal, and on which side of it."""
OPTIONS: Final = SendOptions(timeout_seconds=30)


@dataclass(frozen=True)
class Task:
    """What a process does, and when it is killed."""

    work: Literal["settle", "route", "publish"]
    database: str
    url: str
    keys: list[bytes] = field(repr=False)
    """Secret keys: who pays or signs."""
    moment: str | None = None
    """Of `MOMENTS`; None for none of them."""
    count: int = 1
    """Of so many transactions that come to this moment, the last."""
    seconds: float = 0.0
    """After which it is killed, wherever it is; 0 for never."""


def begin(task: Task) -> None:
    """The process."""
    if task.moment is not None:
        journal = {"settle": settlement._Journal, "route": routing._Journal}[task.work]
        _kill_at(journal, *MOMENTS[task.moment], task.count)
    asyncio.run(_work(task))


async def _work(task: Task) -> None:
    keys = [Keypair.from_bytes(key) for key in task.keys]
    pool = await db.connect(task.database)
    async with connect_node(task.url) as client:
        await read(pool, task.url)
        if task.seconds:
            signal.signal(signal.SIGALRM, lambda *_: _die())
            signal.setitimer(signal.ITIMER_REAL, task.seconds)
        if task.work == "settle":
            await settlement.settle_due(client, pool, keys[0], options=OPTIONS)
        elif task.work == "route":
            await routing.route(client, pool, keys[0], options=OPTIONS)
        else:
            await oracle.publish(pool, client, keys, 1, options=OPTIONS)
    pool.terminate()


async def read(pool: Pool, url: str) -> None:
    """Replays what is final, also where another process is still, or until it was killed, about to; on a busy machine
    more than once, until the tip is near."""
    deadline = time.monotonic() + 120
    async with connect_node(url) as client:
        while True:
            with suppress(DatabaseUnavailable):
                await catch_up(pool, url)
                cursor = await store.cursor(pool)
                tip = (await client.get_slot(Finalized)).value
                if cursor is not None and tip - cursor.position.slot < MAX_LAG_SLOTS // 3:
                    return
            assert time.monotonic() < deadline, "the replay never catches up"
            await asyncio.sleep(0.05)


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


async def killed(task: Task) -> bool:
    """Starts a process and waits until it is dead or done; whether it was killed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.integration.settlement_victim"])
    process = context.Process(target=begin, args=(task,), daemon=True)
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode == -signal.SIGKILL
