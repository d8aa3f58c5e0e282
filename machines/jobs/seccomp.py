"""Which system calls a job does not get: those by which sandboxes were broken, and which programs hardly use.

A list of what is forbidden, after those of Flatpak and Docker, as a BPF program for `bwrap --seccomp`.
"""

from __future__ import annotations

import errno
import platform
import struct
from typing import Final

from machines.jobs.kernel import CLONE_NEWUSER

# Numbers on x86-64 and on AArch64; from 424 on they are the same everywhere.
_NAMESPACES = {"unshare": (272, 97), "setns": (308, 268), "pivot_root": (155, 41), "mount": (165, 40)}
_MOUNTS = {"umount2": (166, 39), "quotactl": (179, 60), "swapon": (167, 224), "swapoff": (168, 225)}
_KEYS = {"add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219)}
_KERNEL = {
    "syslog": (103, 116),
    "acct": (163, 89),
    "reboot": (169, 142),
    "init_module": (175, 105),
    "delete_module": (176, 106),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
}
_TRACING = {
    "perf_event_open": (298, 241),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
}
_NEW = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
}
_CLONE: Final = (56, 220)
_CLONE3: Final = 435
_SHMGET: Final = (29, 194)
_SCHED_SETAFFINITY: Final = (203, 122)

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32 = 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _HAS_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_ALLOW = 0x7FFF0000
_ERROR = 0x00050000


def program(*, shared_memory: bool, moving: bool, machine: str = platform.machine()) -> bytes | None:
    """The BPF program; None for a machine whose numbers are not known here.

    `shared_memory`: whether System V's may be made. It belongs to no process, so that only a cgroup can count it.
    `moving`: whether a process may choose its cores. Without a cgroup nothing else keeps it on those it was given.
    """
    if machine not in _ARCHITECTURES:
        return None
    column, architecture = _ARCHITECTURES[machine]
    forbidden = [pair[column] for group in (_NAMESPACES, _MOUNTS, _KEYS, _KERNEL, _TRACING) for pair in group.values()]
    forbidden += _NEW.values()
    refused, missing = _ERROR | errno.EPERM, _ERROR | errno.ENOSYS
    if not shared_memory:
        forbidden.append(_SHMGET[column])
    if not moving:
        forbidden.append(_SCHED_SETAFFINITY[column])

    lines = [_line(_LOAD, _ARCHITECTURE_AT), *_unless(_EQUAL, architecture, missing), _line(_LOAD, _NUMBER_AT)]
    lines += _where(_AT_LEAST, _X32, missing)
    for number in sorted(forbidden):
        lines += _where(_EQUAL, number, refused)
    lines += _where(
        _EQUAL, _CLONE3, missing
    )  # its flags are in memory, where no filter sees them: C libraries use clone
    lines += [_line(_EQUAL, _CLONE[column], 0, 3), _line(_LOAD, _FIRST_ARGUMENT_AT)]
    lines += _where(_HAS_BITS, CLONE_NEWUSER, refused)
    return b"".join([*lines, _line(_RETURN, _ALLOW)])


def _where(test: int, value: int, answer: int) -> list[bytes]:
    return [_line(test, value, 0, 1), _line(_RETURN, answer)]


def _unless(test: int, value: int, answer: int) -> list[bytes]:
    return [_line(test, value, 1, 0), _line(_RETURN, answer)]


def _line(code: int, value: int, where: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("<HBBI", code, where, otherwise, value)
