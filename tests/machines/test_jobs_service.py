"""Services: reached over a Unix socket from outside, although their job has no network."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from machines.jobs import forward, running
from machines.jobs.forward import CannotForward
from machines.jobs.health import NotReady, wait_ready
from machines.jobs.spec import Service
from machines.jobs.status import Folder
from tests.machines.jobs_world import PYTHON, Host, host_of_user, needs_python, python, sandbox_missing

pytestmark = pytest.mark.skipif(bool(sandbox_missing()), reason=f"no sandbox here: {sandbox_missing()}")

PORT = 8_000


@pytest.fixture(params=["root", "user"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A machine whose agent is root, and one whose agent is not."""
    yield from host_of_user(request.param, tmp_path)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Host]:
    """A machine whose agent is ourselves."""
    yield from host_of_user("root" if os.geteuid() == 0 else "user", tmp_path)


def serving(host: Host, command: list[str], service: Service, **fields: object) -> Path:
    """A job with a service, started."""
    needs_python()
    folder = host.prepare(command, service=service, seconds=60, **fields)
    host.start(folder)
    return folder


def reached(folder: Path) -> str:
    """The socket of the job's service, by a path that is never too long; until this process ends."""
    return f"/proc/self/fd/{os.open(folder, os.O_PATH | os.O_DIRECTORY)}/{running.socket(folder).name}"


def calling(folder: Path) -> httpx.AsyncClient:
    """A client of the job's service."""
    return httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=reached(folder)), base_url="http://s")


async def test_http_server_without_a_network(host: Host) -> None:
    """A server on 127.0.0.1 inside is reached from outside, by several at once; it reaches nobody."""
    command = [PYTHON, "-m", "http.server", "--bind", "127.0.0.1", str(PORT), "--directory", "/work/in"]
    service = Service(port=PORT, health="/page", ready_seconds=30)
    needs_python()
    folder = host.prepare(command, {"page": b"hello", "big": b"x" * 3_000_000}, service=service, seconds=60)
    host.start(folder)
    await wait_ready(folder, service)
    assert stat.S_IMODE(running.socket(folder).stat().st_mode) == 0o600
    async with calling(folder) as client:
        answers = await asyncio.gather(*(client.get("/page") for _ in range(20)))
        assert [answer.text for answer in answers] == ["hello"] * 20
        assert len((await client.get("/big")).content) == 3_000_000
        assert (await client.get("/nothing")).status_code == 404
    with socket.socket() as outside, pytest.raises(ConnectionRefusedError):
        outside.connect(("127.0.0.1", PORT))
    running.stop(folder)
    ran = await asyncio.to_thread(host.await_end, folder, 0.0)
    assert ran.status.state == "stopped"
    assert "GET /page" in ran.log
    assert not running.socket(folder).exists()


async def test_service_dies_with_its_supervisor(here: Host) -> None:
    """What forwards ends with the supervisor, too."""
    service = Service(port=PORT)
    folder = serving(here, [PYTHON, "-m", "http.server", str(PORT)], service)
    await wait_ready(folder, service)
    os.kill(running.state(folder).pid, 9)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with socket.socket(socket.AF_UNIX) as attempt:
            try:
                attempt.connect(reached(folder))
            except ConnectionRefusedError:
                break
        await asyncio.sleep(0.05)
    else:
        pytest.fail("the service is still forwarded")
    assert running.state(folder).state == "failed"


async def test_never_ready(here: Host) -> None:
    """A job that does not listen is told of when the time is over, and one that ended, at once."""
    service = Service(port=PORT, ready_seconds=1)
    folder = serving(here, ["sleep", "600"], service)
    with pytest.raises(NotReady, match="was not ready within 1 s: it does not answer: "):
        await wait_ready(folder, service)
    folder = serving(here, ["sh", "-c", "exit 4"], service)
    running.wait(folder)
    with pytest.raises(NotReady, match="the job ended before its service was ready: it ended with exit code 4"):
        await wait_ready(folder, Service(port=PORT))


async def test_not_healthy(here: Host) -> None:
    """An answer other than 200 to 399 is not ready."""
    service = Service(port=PORT, health="/none", ready_seconds=2)
    folder = serving(here, [PYTHON, "-m", "http.server", str(PORT)], service)
    with pytest.raises(NotReady, match="/none answers 404"):
        await wait_ready(folder, service)


@pytest.mark.parametrize(
    "answer",
    [
        "b''",
        "b'x' * (64 << 20)",
        "b'HTTP/1.1 200 OK\\r\\n' + b'a: b\\r\\n' * 10**6",
        "b'HTTP/1.1 999999 OK\\r\\n\\r\\n'",
        "None",
    ],
    ids=["nothing", "noise", "headers", "status", "silence"],
)
async def test_hostile_service(here: Host, answer: str) -> None:
    """Nonsense, endless headers and silence are not ready, in time and in words."""
    program = f"""
import socket, time
with socket.create_server(("127.0.0.1", {PORT})) as server:
    while True:
        one = server.accept()[0]
        answer = {answer}
        try:
            if answer is None:
                time.sleep(60)
            one.sendall(answer)
            one.close()
        except OSError:
            pass
"""
    service = Service(port=PORT, ready_seconds=2)
    folder, began = serving(here, python(program), service), time.monotonic()
    with pytest.raises(NotReady, match="was not ready within 2 s"):
        await wait_ready(folder, service)
    assert time.monotonic() - began < 10


async def test_many_connections(here: Host) -> None:
    """Connections beyond the most are closed, and do not stop the others."""
    program = f"""
import socket, threading
def serve(one):
    one.recv(1)
    one.sendall(b"!")
with socket.create_server(("127.0.0.1", {PORT}), backlog=1000) as server:
    while True:
        threading.Thread(target=serve, args=[server.accept()[0]], daemon=True).start()
"""
    folder = serving(here, python(program), Service(port=PORT), processes=400)
    path = reached(folder)
    until = time.monotonic() + 20
    while True:
        try:
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b"x")
            if await reader.read(1) == b"!":
                break
        except OSError:
            pass
        assert time.monotonic() < until
        await asyncio.sleep(0.05)
    writer.close()
    held = [await asyncio.open_unix_connection(path) for _ in range(forward.MOST_CONNECTIONS + 20)]
    for _, writer in held:
        writer.write(b"x")
    answers = await asyncio.gather(*(_first(reader) for reader, _ in held))
    assert answers.count(b"!") in (forward.MOST_CONNECTIONS - 1, forward.MOST_CONNECTIONS)  # the first may still end
    for _, writer in held:
        writer.close()


async def _first(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(1)
    except OSError:
        return b""


async def test_a_socket_whose_path_is_longer_than_a_sockets_may_be(here: Host) -> None:
    """A service in a folder however deep is reached."""
    here.folder = here.folder / ("d" * 100)
    here.folder.mkdir()
    service = Service(port=PORT, ready_seconds=30)
    folder = serving(here, [PYTHON, "-m", "http.server", "--bind", "127.0.0.1", str(PORT)], service)
    await wait_ready(folder, service)
    assert len(str(running.socket(folder))) > 107


def test_own_network_is_not_forwarded(here: Host) -> None:
    """A process that has this machine's own network is never connected to: that would open 127.0.0.1 to strangers."""
    folder = Folder(here.folder)
    with pytest.raises(CannotForward, match="this machine's own network"):
        forward.spawn(folder, os.getpid(), None, PORT)
