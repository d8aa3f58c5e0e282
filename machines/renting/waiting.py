"""What may wait for a person for ever, beside everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


async def beside(work: Callable[[], T]) -> T:
    """What the work gives, which waits for a terminal or a pipe, on a thread that nothing waits for at the end.

    asyncio's own threads are waited for when the loop ends, however long a question stays unanswered.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, failed: BaseException | None) -> None:
        if done.done():
            return  # given up
        if failed is not None:
            done.set_exception(failed)
        else:
            done.set_result(value)  # type: ignore[arg-type] # it is what the work gave

    def run() -> None:
        value, failed = None, None
        try:
            value = work()
        except BaseException as raised:
            failed = raised
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, value, failed)

    Thread(target=run, daemon=True).start()
    return await done
