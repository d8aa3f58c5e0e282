"""The kernel's own limits for a job: memory, processes and cores, where the agent may set them (as root, mostly).

Without them the supervisor looks some four times a second, and resource limits hold for each process.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from machines.jobs.spec import Limits

_ROOT: Final = Path("/sys/fs/cgroup")
_PERIOD: Final = 100_000
"""Microseconds."""
_SPARE: Final = 4
"""Processes of the sandbox itself."""


class Group:
    """One job's control groups: one, or with version 1 one a controller."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self._folders = folders

    @property
    def controllers(self) -> frozenset[str]:
        """What the kernel limits: some of `memory`, `pids`, `cpu`."""
        return frozenset(self._folders)

    def join(self) -> None:
        """Puts the calling process in; its children will be in, too."""
        for folder in set(self._folders.values()):
            (folder / "cgroup.procs").write_text("0")

    def killed_for_memory(self) -> bool:
        """Whether the kernel ended a process because the job had no memory left."""
        for name in ("memory.events", "memory.oom_control"):
            with suppress(OSError, KeyError):
                for line in (self._folders["memory"] / name).read_text().splitlines():
                    if line.startswith("oom_kill ") and line != "oom_kill 0":
                        return True
        return False

    def remove(self) -> None:
        """Removes the groups, once nothing is in them any more."""
        until = time.monotonic() + 2
        for folder in set(self._folders.values()):
            while time.monotonic() < until:
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:  # the last one is still ending
                    time.sleep(0.02)


def make(name: str, limits: Limits) -> Group:
    """Groups with the job's limits; with fewer controllers, or none, where they cannot be had."""
    if os.geteuid() != 0:
        return Group({})
    memory, quota = str(limits.memory_mb << 20), limits.cores * _PERIOD
    pids = str(limits.processes + _SPARE)
    if (_ROOT / "cgroup.controllers").exists():
        return _make_2(name, memory, pids, f"{quota} {_PERIOD}")
    wanted = {
        "memory": {"memory.limit_in_bytes": memory, "?memory.memsw.limit_in_bytes": memory},
        "pids": {"pids.max": pids},
        "cpu": {"cpu.cfs_period_us": str(_PERIOD), "cpu.cfs_quota_us": str(quota)},
    }
    lines = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    own = {controller: path for _, controllers, path in lines for controller in controllers.split(",")}
    folders = {}
    for controller, settings in wanted.items():
        folder = _ROOT / controller / own.get(controller, "/").lstrip("/") / f"ionet-{name}"
        _forget(folder)
        if _set(folder, settings):
            folders[controller] = folder
    return Group(folders)


def _make_2(name: str, memory: str, pids: str, cpu: str) -> Group:
    above = _ROOT / "ionet"
    try:
        above.mkdir(exist_ok=True)
        for folder in (_ROOT, above):
            for controller in ("memory", "pids", "cpu"):
                with suppress(OSError):
                    (folder / "cgroup.subtree_control").write_text(f"+{controller}")
        has = (above / "cgroup.subtree_control").read_text().split()
    except OSError:
        return Group({})
    settings = {
        "memory": {"memory.max": memory, "?memory.swap.max": "0", "?memory.oom.group": "1"},
        "pids": {"pids.max": pids},
        "cpu": {"cpu.max": cpu},
    }
    folder = above / name
    _forget(folder)
    return Group({limited: folder for limited, values in settings.items() if limited in has and _set(folder, values)})


def _forget(folder: Path) -> None:
    """Removes what a killed supervisor left, with its counts."""
    with suppress(OSError):
        folder.rmdir()


def _set(folder: Path, settings: dict[str, str]) -> bool:
    """Whether all could be set; what begins with `?` does not matter."""
    try:
        folder.mkdir(exist_ok=True)
        for name, value in settings.items():
            if name.startswith("?"):
                with suppress(OSError):
                    (folder / name[1:]).write_text(value)
            else:
                (folder / name).write_text(value)
    except OSError:
        return False
    return True
