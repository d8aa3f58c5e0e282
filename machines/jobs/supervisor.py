"""`python -m machines.jobs.supervisor FOLDER`: runs the job of a folder once, and says what came of it.

A process of its own for each job, which outlives the agent. It is all that holds the job: when it is killed, the job
is, too. SIGTERM: the job is asked to end, and killed 5 s later. What it says is `status.json`, read by `running`.
Where systemd runs the agent, the unit has to say `KillMode=process`, or supervisors end with it.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Final

from client.errors import IonetError
from machines.jobs import running, status
from machines.jobs.course import Course
from machines.jobs.spec import digest
from machines.jobs.status import Folder, Status

ALREADY: Final = 3
"""Exit code: the job was started before."""


def main() -> int:
    """Runs the job of the folder that is named. 0: it ran, whatever came of it; 3: it was started before."""
    parser = argparse.ArgumentParser(description="Runs the job of a folder once.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gpus", action="store_true", help="the job may use the machine's NVIDIA GPUs")
    parser.add_argument("--detach", action="store_true", help="return once it has begun; prints the process id")
    given = parser.parse_args()
    folder = Folder(given.folder)
    try:
        spec = running.read_spec(folder.path)
    except IonetError as error:
        print(error, file=sys.stderr)
        return 1
    report = _detach(folder) if given.detach else None
    with folder.locked() as locked:
        if not locked or status.read(folder).state != "new":
            return ALREADY
        stop = _listen()
        pid = os.getpid()
        born = status.birth(pid) or ""
        first = Status(state="running", doing="preparing", spec_sha256=digest(spec).hex(), pid=pid, born=born)
        folder.log.touch(mode=0o600)
        status.write(folder, first)
        if report is not None:
            os.write(report, str(pid).encode())
            os.close(report)
        Course(folder, spec, stop, gpus=given.gpus).run()
    return 0


def _detach(folder: Folder) -> int:
    """Goes on as a process that is nobody's child; a descriptor for its number, which the one before prints."""
    reader, writer = os.pipe()
    if os.fork() != 0:
        os.close(writer)
        pid = os.read(reader, 20)
        sys.stdout.write(pid.decode())
        sys.stdout.flush()
        os._exit(0 if pid else ALREADY)
    os.close(reader)
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    trouble = os.open(folder.trouble, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor, number in ((nowhere, 0), (nowhere, 1), (trouble, 2)):
        os.dup2(descriptor, number)
    os.close(nowhere)
    os.close(trouble)
    return writer


def _listen() -> int:
    """A descriptor that can be read once SIGTERM or SIGINT came."""
    asked = os.pipe()

    def ask(*_: object) -> None:
        os.write(asked[1], b"!")

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    signal.signal(signal.SIGHUP, lambda *_: None)  # not SIG_IGN, which the job would inherit
    return asked[0]


if __name__ == "__main__":
    sys.exit(main())
