"""Calls to Linux that Python 3.11 has no function for."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
from collections.abc import Callable
from functools import cache, partial
from typing import Final

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWNET: Final = 0x40000000
MS_NOSUID: Final = 0x2
MS_NODEV: Final = 0x4
MS_BIND: Final = 0x1000
MS_REC: Final = 0x4000
MS_PRIVATE: Final = 0x40000

_PR_SET_PDEATHSIG = 1
_NS_GET_USERNS = 0xB701


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def die_with_parent(parent: int) -> None:
    """SIGKILL for this process as soon as its parent is gone, whose number that is. Of a parent's threads, the one
    that started it counts.
    """
    _check(_libc().prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0), "prctl")
    if os.getppid() != parent:  # it was faster
        os.kill(os.getpid(), signal.SIGKILL)


def dying_with_us() -> Callable[[], None]:
    """For `Popen(preexec_fn=...)`: the process ends with this one."""
    return partial(die_with_parent, os.getpid())


def unshare(flags: int) -> None:
    """New namespaces for this process."""
    _check(_libc().unshare(flags), "unshare")


def enter(namespace: int, kind: int) -> None:
    """Takes this process into a namespace, given by a descriptor."""
    _check(_libc().setns(namespace, kind), "setns")


def enter_network(network: int, user: int) -> None:
    """Takes this process into a network namespace; `user`: the user namespace that it belongs to."""
    try:
        enter(network, CLONE_NEWNET)
    except PermissionError:  # not root: whoever owns the user namespace may do in it what root does outside
        enter(user, CLONE_NEWUSER)
        enter(network, CLONE_NEWNET)


def namespaces(pid: int) -> tuple[int, int]:
    """Descriptors of a process's network namespace, and of the user namespace that it belongs to.

    Not of the one that the process is in: that may be another by now, without rights in the network's.
    """
    network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return network, fcntl.ioctl(network, _NS_GET_USERNS)
    except BaseException:
        os.close(network)
        raise


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mounts, in this process's mount namespace."""
    given = (text.encode() for text in (source, target, kind))
    _check(_libc().mount(*given, ctypes.c_ulong(flags), options.encode() or None), f"mount {target}")
