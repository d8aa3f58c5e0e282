"""What a job holds of the machine while it runs: cores, and where the agent is root a user that nobody else is.

Held by abstract Unix sockets, which only one process at a time can bind, and which the kernel gives back whatever
becomes of that process.
"""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from client.errors import IonetError

FIRST: Final = 60_706
LAST: Final = 61_183
"""User and group ids that systemd's list of ranges leaves unused; below those of its dynamic users, of containers and
of /etc/subuid. They need no entry in /etc/passwd."""


class NoUser(IonetError):
    """No user id is free."""


@dataclass(frozen=True, slots=True)
class Held:
    """One job's."""

    uid: int | None
    """Its user and group; None where we are not root: the job is then of our own user."""
    cores: frozenset[int]
    """Which ones it runs on: those that no other job has, as long as there are such."""


@contextmanager
def hold(cores: int) -> Iterator[Held]:
    """Holds a user and so many cores, or all there are, for one job. Raises `NoUser`."""
    with ExitStack() as stack:
        uid = _hold_user(stack) if os.geteuid() == 0 else None
        yield Held(uid, _hold_cores(stack, cores))


def _hold_user(stack: ExitStack) -> int:
    """One that no process has, and no account. It may have been that of an earlier job: what that left is in a folder
    that no later job sees.
    """
    for uid in range(FIRST, LAST + 1):
        if not _has_account(uid) and _hold(stack, f"user {uid}") and not _has_process(uid):
            return uid
    raise NoUser(f"all user ids for jobs, {FIRST} to {LAST}, are taken: too many jobs run here")


def _hold_cores(stack: ExitStack, count: int) -> frozenset[int]:
    there = sorted(os.sched_getaffinity(0))
    mine: list[int] = []
    for core in there:
        if len(mine) < count and _hold(stack, f"core {core}"):
            mine.append(core)
    others = [core for core in there if core not in mine]
    return frozenset(mine + others[: count - len(mine)])


def _hold(stack: ExitStack, name: str) -> bool:
    held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        held.bind(f"\0ionet job {name}")
    except OSError:
        held.close()
        return False
    stack.callback(held.close)
    return True


def _has_account(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _has_process(uid: int) -> bool:
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == uid:
                    return True
            except FileNotFoundError:
                continue
    return False
