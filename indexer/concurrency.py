"""Many at once, but not too many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def at_once(calls: Iterable[Callable[[], Coroutine[Any, Any, T]]], limit: int) -> list[T]:
    """The results of all calls in their order, `limit` of them running at a time.

    Where one fails, those that run are cancelled, the others never begin, and its exception is raised.
    """
    gate = asyncio.Semaphore(limit)

    async def gated(call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        async with gate:
            return await call()

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(gated(call)) for call in calls]
    except ExceptionGroup as several:
        # They mostly say the same.
        raise several.exceptions[0] from several
    return [task.result() for task in tasks]
