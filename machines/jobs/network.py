"""A way out for a job that asks for the network: slirp4netns, a user's router between its namespace and the world.

The job keeps a network namespace of its own, so that this machine's 127.0.0.1, and what listens there, is not its. It
has no way to private addresses either: the owner's other machines, and what a cloud tells its machines. It reaches
whatever else this machine reaches, this machine's own public address included.
"""

from __future__ import annotations

import os
import select
import shutil
import socket
import struct
import subprocess
from typing import Final

from client.errors import IonetError
from machines.jobs import kernel

RESOLVER: Final = "10.0.2.3"
"""Where slirp4netns answers for the machine's name servers."""
PRIVATE: Final = (
    ("10.0.0.0", 8),
    ("100.64.0.0", 10),
    ("169.254.0.0", 16),
    ("172.16.0.0", 12),
    ("192.0.0.0", 24),
    ("192.168.0.0", 16),
    ("198.18.0.0", 15),
)
"""Addresses of no one in public. The router's own few in 10.0.2.0/24 are nearer, and stay."""
_READY_SECONDS: Final = 10.0


class NoNetwork(IonetError):
    """The job asks for the network, and cannot have it without this machine's own."""


def require() -> str:
    """Path of slirp4netns. Raises `NoNetwork`."""
    path = shutil.which("slirp4netns")
    if path is None:
        raise NoNetwork(
            "the job asks for the network: install slirp4netns, so that it need not share this machine's own"
        )
    return path


def attach(init: int, uid: int | None) -> subprocess.Popen[bytes]:
    """Connects the network namespace of a process that is not let go yet. It ends with the caller.

    `uid`: the job's user, where we are root. Raises `NoNetwork`.
    """
    path = require()
    ready, say = os.pipe()
    passed = [say]
    try:
        passed += kernel.namespaces(init)
        router = subprocess.Popen(  # noqa: S603 - no argument is a stranger's
            [
                *(path, "--configure", "--mtu=65520", "--disable-host-loopback"),
                "--enable-seccomp",  # and not its sandbox, which asks for a root in the job's own namespace
                *(f"--ready-fd={say}", f"--userns-path=/proc/self/fd/{passed[2]}"),
                *("--netns-type=path", f"/proc/self/fd/{passed[1]}", "tap0"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=passed,
            user=uid,
            group=uid,
            extra_groups=None if uid is None else [],
            preexec_fn=kernel.dying_with_us(),
        )
        os.close(passed.pop(0))
        if select.select([ready], [], [], _READY_SECONDS)[0] and os.read(ready, 1) == b"1":
            try:
                _close_private(*passed)
            except BaseException:
                router.kill()
                router.wait()
                raise
            return router
        router.kill()
        said = router.communicate()[1].decode(errors="replace").strip()
        raise NoNetwork(f"the job asks for the network, and slirp4netns does not connect it: {said[-300:]}")
    finally:
        for descriptor in (ready, *passed):
            os.close(descriptor)


def _close_private(network: int, user: int) -> None:
    """Adds routes that lead nowhere to a network namespace. The job has no right to remove them."""
    child = os.fork()
    if child == 0:
        try:
            kernel.enter_network(network, user)
            with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as routing:
                for address, bits in PRIVATE:
                    routing.send(_route(address, bits))
                    error = struct.unpack_from("=i", routing.recv(4_096), 16)[0]
                    if error != 0:
                        os._exit(-error)
            os._exit(0)
        except BaseException:
            os._exit(255)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 0:
        raise NoNetwork(f"the job asks for the network, and the way to private addresses cannot be closed ({code})")


def _route(address: str, bits: int) -> bytes:
    """A netlink message: a new route of the main table, to addresses that are unreachable, to be acknowledged."""
    flags = 0x1 | 0x4 | 0x200 | 0x400  # a request, with an answer, for one that is new
    body = struct.pack("=BBBBBBBBI", socket.AF_INET, bits, 0, 0, 254, 4, 0, 7, 0)
    body += struct.pack("=HH4s", 8, 1, socket.inet_aton(address))
    return struct.pack("=IHHII", 16 + len(body), 24, flags, 1, 0) + body
