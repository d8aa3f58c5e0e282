"""A way out for a job that asks for the network: slirp4netns, a user's router between its namespace and the world.

The job keeps a network namespace of its own, so that this machine's 127.0.0.1, and what listens there, is not its. It
reaches whatever else the machine reaches, the local network included.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
from typing import Final

from client.errors import IonetError
from machines.jobs import kernel

RESOLVER: Final = "10.0.2.3"
"""Where slirp4netns answers for the machine's name servers."""
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
    try:
        router = subprocess.Popen(  # noqa: S603 - no argument is a stranger's
            [
                *(
                    path,
                    "--configure",
                    "--mtu=65520",
                    "--disable-host-loopback",
                    "--enable-sandbox",
                    "--enable-seccomp",
                ),
                *(f"--ready-fd={say}", f"--userns-path=/proc/{init}/ns/user", str(init), "tap0"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[say],
            user=uid,
            group=uid,
            extra_groups=None if uid is None else [],
            preexec_fn=kernel.dying_with_us(),
        )
        os.close(say)
        say = -1
        if select.select([ready], [], [], _READY_SECONDS)[0] and os.read(ready, 1) == b"1":
            return router
        router.kill()
        said = router.communicate()[1].decode(errors="replace").strip()
        raise NoNetwork(f"the job asks for the network, and slirp4netns does not connect it: {said[-300:]}")
    finally:
        os.close(ready)
        if say >= 0:
            os.close(say)
