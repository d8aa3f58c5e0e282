"""Row 42: who asks `ionet indexer run` how it is learns within seconds that its database or its node is gone."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx

from tests.faults import postgres
from tests.faults.history import History
from tests.faults.proxy import Node

TOLD_SECONDS = 10
"""Within which what is gone must be told."""
RECOVERED_SECONDS = 60


async def test_what_is_gone_is_told_within_ten_seconds(real: History, tmp_path: Path) -> None:
    """The database killed, then the node gone: 503 with the part's name; back: 200, in the same process."""
    node, port = Node(real.url), _free_port()
    with postgres.own_server(tmp_path / "pg") as server:
        url = await server.databases.url()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(node.serving(port))
            health = await stack.enter_async_context(_running(url, f"http://127.0.0.1:{port}"))
            await _told(health, 200, [], RECOVERED_SECONDS)
            await asyncio.to_thread(server.kill)
            await _told(health, 503, ["database"], TOLD_SECONDS)
            await asyncio.to_thread(server.start)
            await _told(health, 200, [], RECOVERED_SECONDS)
        async with AsyncExitStack() as stack:
            async with node.serving(port):
                health = await stack.enter_async_context(_running(url, f"http://127.0.0.1:{port}"))
                await _told(health, 200, [], RECOVERED_SECONDS)
            await _told(health, 503, ["node"], TOLD_SECONDS)
            async with node.serving(port):
                await _told(health, 200, [], RECOVERED_SECONDS)


@asynccontextmanager
async def _running(database: str, url: str) -> AsyncIterator[str]:
    """`ionet indexer run`: where it says how it is."""
    listens = f"127.0.0.1:{_free_port()}"
    process = await asyncio.create_subprocess_exec(
        *(Path(sys.executable).with_name("ionet"), "indexer", "run", "--url", url, "--database", database),
        *("--listen", listens),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    while b"following" not in (line := await process.stderr.readline()):
        assert line, "it ended before it had read the chain"
    silencing = asyncio.create_task(process.stderr.read())
    try:
        yield f"http://{listens}/healthz"
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()
        await silencing
    assert process.returncode == 0, "it lived through all of it, and stopped when it was told to"


async def _told(health: str, status: int, wrong: list[str], seconds: float) -> None:
    """Asks until the answer is this. Raises `TimeoutError` if it is not within so many seconds."""
    found = ""
    try:
        async with asyncio.timeout(seconds), httpx.AsyncClient(timeout=seconds) as http:
            while True:
                try:
                    answer = await http.get(health)
                except httpx.ConnectError:
                    found = "nobody answers"
                else:
                    found = answer.text
                    named = [name for name, check in answer.json()["checks"].items() if check["ok"] is False]
                    if answer.status_code == status and set(wrong) <= set(named):
                        return
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"{status} {wrong} was not told within {seconds} s: {found}") from None


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
