"""Many at once, but not too many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def at_once(calls: Iterable[Callable[[], Coroutine[Any, Any, T]]], limit: int) -> list[T]:
    """The results of all calls in their order, `limit` of them running at a time. Each is taken when it begins.

    Where one fails, those that run are cancelled, the others never begin, and its exception is raised.
    """
    waiting = enumerate(calls)
    results: dict[int, T] = {}

    async def work() -> None:
        for number, call in waiting:
            results[number] = await call()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(limit):
                group.create_task(work())
    except ExceptionGroup as several:
        # They mostly say the same.
        raise several.exceptions[0] from several
    return [results[number] for number in range(len(results))]
