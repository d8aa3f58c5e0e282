"""The container engine of this machine, podman or docker: whether there is one, and what it is asked."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from client.errors import IonetError
from machines.jobs import kernel

ENGINE: Final = "IONET_CONTAINER_ENGINE"
"""Environment variable: the engine's command with arguments that all its calls get, `podman --runtime runc` say."""
_ASK_SECONDS: Final = 60


class ContainerFailed(IonetError):
    """The container engine did not do what it was asked for."""


@cache
def find() -> tuple[str, ...] | None:
    """The command of an engine that answers; None: there is none."""
    named = os.environ.get(ENGINE, "").strip()
    for command in [shlex.split(named)] if named else [["podman"], ["docker"]]:
        # `docker version` asks the daemon, and fails without it; podman has none, and looks at all it needs for `info`.
        asking = "version" if Path(command[0]).name == "docker" else "info"
        if shutil.which(command[0]):
            with suppress(ContainerFailed):
                if ask([*command, asking]).returncode == 0:
                    return tuple(command)
    return None


def pull(image: str, seconds: float, stop: int) -> None:
    """Fetches an image, where it is not here. `stop`: a descriptor; it is given up once that can be read.

    Raises `ContainerFailed`.
    """
    command = find()
    if command is None:
        raise ContainerFailed("the container engine is gone")
    if ask([*command, "image", "inspect", "--format", "{{.Id}}", image]).returncode == 0:
        return
    with subprocess.Popen(  # noqa: S603 - the image was checked to be a name
        [*command, "pull", "--quiet", image],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=kernel.dying_with_us(),
    ) as pulling:
        ended = os.pidfd_open(pulling.pid)
        try:
            ready = select.select([ended, stop], [], [], seconds)[0]
            if ended not in ready:
                pulling.kill()
                reason = "it was stopped" if ready else f"it took longer than {seconds:.0f} s"
                raise ContainerFailed(f"the image {image} was not fetched: {reason}")
        finally:
            os.close(ended)
        said = pulling.communicate()[1].decode(errors="replace").strip()
    if pulling.returncode != 0:
        raise ContainerFailed(f"the image {image} cannot be fetched: {said[-300:]}")


def ask(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """What an engine answers to a short question. Raises `ContainerFailed` where it does not answer."""
    try:
        return subprocess.run(  # noqa: S603 - an engine, and names of our own
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_ASK_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ContainerFailed(f"the container engine does not answer: {error}") from error
