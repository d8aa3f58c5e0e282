"""From a Unix socket outside to 127.0.0.1:PORT inside: a service is reached although its job has no network.

A process of its own, started by the supervisor, enters the network namespace of the job and nothing else of it. The
socket is the agent's and not below /work: the job can neither replace it nor listen at it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from client.errors import IonetError
from machines.jobs import kernel
from machines.jobs.status import Folder, short_path

MOST_CONNECTIONS: Final = 256
"""At once. Beyond, a connection is closed as soon as it was made."""
_BACKLOG: Final = 1_024
"""Where it is full, asyncio takes a Unix socket for connected that is not."""
_CONNECT_SECONDS: Final = 10.0
_CHUNK: Final = 65_536


class CannotForward(IonetError):
    """The job's service cannot be reached from outside."""


def spawn(folder: Folder, init: int, uid: int | None, port: int) -> subprocess.Popen[bytes]:
    """Starts the process that forwards, for a job whose first process is `init`. It ends with the caller.

    `init` must be alive as long as this runs. `uid`: the job's user, where we are root. Raises `CannotForward`.
    """
    folder.socket.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        with short_path(folder.socket) as path:
            listening.bind(path)
        folder.socket.chmod(0o600)
        listening.listen(_BACKLOG)
        passed = [listening.fileno()]
        try:
            passed += kernel.namespaces(init)
            if os.path.samestat(os.fstat(passed[1]), os.stat("/proc/self/ns/net")):
                raise CannotForward("the job has this machine's own network: its service is not forwarded")
            command = [sys.executable, "-P", "-m", "machines.jobs.forward", *map(str, (*passed, port, uid or 0))]
            process = subprocess.Popen(  # noqa: S603 - our own module
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=passed,
                preexec_fn=kernel.dying_with_us(),
            )
        except OSError as error:
            raise CannotForward(f"the job's network cannot be entered: {error}") from error
        finally:
            for descriptor in passed[1:]:
                os.close(descriptor)
    return process


def trouble(processes: Sequence[subprocess.Popen[bytes]]) -> str | None:
    """What is wrong with processes that a job needs beside it; None: they run."""
    for process in processes:
        if process.poll() is not None:
            return f"{process.args!r:.100} ended by itself ({process.returncode})"
    return None


def main() -> None:
    """Forwards until it is killed. Arguments: descriptors of socket and of two namespaces, port, user."""
    parser = argparse.ArgumentParser()
    for name in ("socket", "network_namespace", "user_namespace", "port", "user"):
        parser.add_argument(name, type=int)
    given, parent = parser.parse_args(), os.getppid()
    listening = socket.socket(fileno=given.socket)
    kernel.enter_network(given.network_namespace, given.user_namespace)
    for descriptor in (given.user_namespace, given.network_namespace):
        os.close(descriptor)
    if given.user:
        os.setgroups([])
        os.setresgid(given.user, given.user, given.user)
        os.setresuid(given.user, given.user, given.user)
        kernel.die_with_parent(parent)  # forgotten with the change of user
    asyncio.run(_serve(listening, given.port))


async def _serve(listening: socket.socket, port: int) -> None:
    open_now = 0

    async def bridge(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now
        if open_now >= MOST_CONNECTIONS:
            writer.close()
            return
        open_now += 1
        try:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CONNECT_SECONDS):
                    inner, outer = await asyncio.open_connection("127.0.0.1", port, limit=_CHUNK)
                try:
                    await asyncio.gather(_copy(reader, outer), _copy(inner, writer))
                finally:
                    outer.close()
        finally:
            open_now -= 1
            writer.close()

    server = await asyncio.start_unix_server(bridge, sock=listening, limit=_CHUNK, backlog=_BACKLOG)
    async with server:
        await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copies until the one side says no more, and says that to the other."""
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


if __name__ == "__main__":
    main()
