"""Jobs that ask for the network: they get a way out, and none to this machine's own 127.0.0.1 or private addresses."""

from __future__ import annotations

import os
import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from machines.jobs.network import PRIVATE
from tests.machines.jobs_world import Host, host_of_user, python, sandbox_missing

pytestmark = [
    pytest.mark.skipif(bool(sandbox_missing()), reason=f"no sandbox here: {sandbox_missing()}"),
    pytest.mark.skipif(shutil.which("slirp4netns") is None, reason="slirp4netns is not installed"),
    pytest.mark.skipif(
        not os.path.exists("/dev/net/tun") or not os.stat("/dev/net/tun").st_mode & stat.S_IWOTH,
        reason="/dev/net/tun is not for every user here",
    ),
]


@pytest.fixture(params=["root", "user"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A machine whose agent is root, and one whose agent is not."""
    yield from host_of_user(request.param, tmp_path)


def test_network(host: Host) -> None:
    """There is a way out, a resolver and certificates, and no way to what is private."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        addresses = [address.rpartition(".")[0] + ".77" for address, _ in PRIVATE] + ["169.254.169.254", "10.0.2.2"]
        program = f"""
import os, socket
for address in ["127.0.0.1", *{addresses!r}]:
    try:
        socket.create_connection((address, {port}), 2)
        print("REACHED", address)
    except OSError as error:
        print("failed", address, error.strerror)
print(open("/etc/resolv.conf").read(), open("/proc/net/route").read(), os.listdir("/etc"))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
    out.connect(("192.0.2.1", 9))
    print("from", out.getsockname()[0])
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as routing:
    import struct
    body = struct.pack("=BBBBBBBBI", 2, 16, 0, 0, 254, 4, 0, 7, 0) + struct.pack("=HH4s", 8, 1, bytes([169, 254, 0, 0]))
    routing.send(struct.pack("=IHHII", 16 + len(body), 25, 5, 1, 0) + body)
    print("route", struct.unpack_from("=i", routing.recv(4096), 16)[0])
"""
        host.environment["PATH"] = os.environ["PATH"]
        ran = host.run(python(program), network=True)
    assert (ran.status.state, ran.status.exit_code) == ("finished", 0), ran.status.reason + ran.log
    assert "REACHED" not in ran.log
    assert ran.log.count("failed") == len(addresses) + 1
    assert "No route to host" in ran.log
    assert "nameserver 10.0.2.3" in ran.log
    assert "from 10.0.2.100" in ran.log
    assert "route -1" in ran.log
    assert "ssl" in ran.log
