"""Bubblewrap: a job in namespaces of its own, with the machine's /usr to read and one folder to write.

It sees no process, user, network, device, home or file of the machine but these: /usr with what belongs to it (/bin,
/lib and the like), from /etc only what is made up for it, names of libraries and alternatives, and its own folder as
/work. Where the agent is root it runs as a user that nobody else is, by `users`; otherwise as the agent's user.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from client.errors import IonetError
from machines.jobs import engine, network
from machines.jobs.spec import Limits, Spec

USER: Final = 1_000
"""What the job takes itself for, whoever it is outside."""
NOBODY: Final = 65_534
TMP_MB: Final = 64
"""Of /tmp at the most. It is memory, and counts as such."""

_ENVIRONMENT = {
    "HOME": "/work",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
    "TMPDIR": "/tmp",  # noqa: S108 - the job's own
    "USER": "job",
}
_BESIDE_USR = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_FROM_ETC = ("/etc/ld.so.cache", "/etc/alternatives")
"""Without them programs below /usr are not found, or not their libraries. They hold names of files."""
_CERTIFICATES = ("/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted", "/etc/ca-certificates")
_GPUS = ("/dev/nvidia[0-9]*", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset")
_PROBE_SECONDS = 20


class NoSandbox(IonetError):
    """The machine has nothing to run a job in safely."""


@dataclass(frozen=True, slots=True)
class Means:
    """What there is on this machine to run jobs in."""

    bwrap: str | None
    """Path of bubblewrap, if it can make a sandbox."""
    engine: tuple[str, ...] | None
    """Command of a container engine that answers."""


_INSTALL_ENGINE = (
    "install podman, or docker with its daemon running, or name one with its arguments in IONET_CONTAINER_ENGINE"
)


def require() -> Means:
    """What jobs can run in. Raises `NoSandbox`, naming what to install, where nothing works: there is no third way."""
    (path, reason), command = _bwrap(), engine.find()
    if path is None and command is None:
        raise NoSandbox(f"jobs are run in nothing less than a sandbox. {reason}. Or {_INSTALL_ENGINE}")
    return Means(path, command)


def check(image: str | None) -> None:
    """Raises `NoSandbox` where a job with this image, or without one, cannot run."""
    if image is not None and engine.find() is None:
        raise NoSandbox(f"the job names the image {image}, and no container engine works here: {_INSTALL_ENGINE}")
    if image is None:
        bwrap()


def bwrap() -> str:
    """Path of bubblewrap. Raises `NoSandbox` where it does not work, with the reason."""
    path, reason = _bwrap()
    if path is None:
        raise NoSandbox(f"the job names no image, and has no sandbox here. {reason}")
    return path


@cache
def _bwrap() -> tuple[str | None, str]:
    """Its path if it works, tried as a job is run; else the reason."""
    found = shutil.which("bwrap")
    if found is None:
        return None, "Install bubblewrap (the package of that name, 0.5 or newer)"
    path = os.path.realpath(found)  # a user of the job's own may not pass where a link to it is
    try:
        done = subprocess.run(  # noqa: S603 - bubblewrap, with nobody else's arguments
            [path, *_isolation(), *_system(), "--", "true"],
            env={"PATH": _ENVIRONMENT["PATH"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_SECONDS,
            user=NOBODY if os.geteuid() == 0 else None,
            group=NOBODY if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return None, f"bubblewrap ({path}) cannot be tried: {error}"
    if done.returncode == 0:
        return path, ""
    return None, (
        f"bubblewrap ({path}) cannot make a sandbox: {done.stderr.decode(errors='replace').strip()[-300:]}. Allow user "
        "namespaces: user.max_user_namespaces above 0, and kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu"
    )


def arguments(spec: Spec, work: str, inputs: str, data: Callable[[str], int], *, gpus: bool) -> list[str]:
    """What bubblewrap is told, up to the command. `work`, `inputs`: paths as bubblewrap sees them.

    `data`: gives a descriptor, which bubblewrap gets, from which it reads the text.
    """
    limits = spec.limits
    made = [*_isolation(), "--hostname", "job", "--uid", str(USER), "--gid", str(USER), *_system(), "--clearenv"]
    for name, value in (_ENVIRONMENT | spec.environment).items():
        made += ["--setenv", name, value]
    for path, text in _etc(limits).items():
        made += ["--ro-bind-data", str(data(text)), path]
    for path in (*_FROM_ETC, *(_CERTIFICATES if limits.network else ())):
        made += ["--ro-bind-try", path, path]
    if gpus:
        for device in sorted(found for pattern in _GPUS for found in glob.glob(pattern)):
            made += ["--dev-bind", device, device]
    shared = str(limits.memory_mb << 19)  # half of its memory, as Linux gives a machine
    made += ["--size", shared, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]  # noqa: S108 - the job's own
    made += ["--size", str(min(TMP_MB << 20, limits.memory_mb << 19)), "--tmpfs", "/tmp"]  # noqa: S108 - as above
    made += ["--bind", work, "/work", "--ro-bind", inputs, "/work/in", "--chdir", "/work", "--remount-ro", "/"]
    return made


def _isolation() -> list[str]:
    made = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"]
    return made + ["--disable-userns"] * (_version() >= (0, 8))  # before it, seccomp alone forbids them


def _system() -> list[str]:
    made = ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"]
    for path in _BESIDE_USR:
        if os.path.islink(path):
            made += ["--symlink", os.readlink(path), path]
        else:
            made += ["--ro-bind-try", path, path]
    return [*made, "--dir", "/run", "--dir", "/var", "--symlink", "../tmp", "/var/tmp"]  # noqa: S108 - the job's own


def _etc(limits: Limits) -> dict[str, str]:
    files = {
        "/etc/passwd": f"root:x:0:0:root:/:/bin/false\njob:x:{USER}:{USER}:job:/work:/bin/sh\n",
        "/etc/group": f"root:x:0:\njob:x:{USER}:\n",
        "/etc/hosts": "127.0.0.1 localhost job\n::1 localhost\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    }
    if limits.network:
        files["/etc/resolv.conf"] = f"nameserver {network.RESOLVER}\n"
    return files


@cache
def _version() -> tuple[int, ...]:
    done = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, timeout=_PROBE_SECONDS)  # noqa: S607 - by the PATH
    return tuple(int(number) for number in re.findall(r"\d+", done.stdout)[:2])
