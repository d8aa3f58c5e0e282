"""What a job left, fetched from its node: checked, below one folder, over nothing, and within a bounded time."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

from client.errors import IonetError
from machines.jobs.content import receive
from machines.jobs.paths import PathRefused
from machines.jobs.spec import File, Result
from machines.renting.going import Going, NodeGone
from machines.renting.machine import Machine


class OutputsRefused(IonetError):
    """What a job left cannot be written here, or is not what its node says."""


class Fetching:
    """Fetches a job's outputs. What is here already is not fetched again: it may be tried as often as needed."""

    def __init__(self, going: Going, folder: Path) -> None:
        self._going, self._folder = going, folder
        self._until: float | None = None

    async def fetch(self, machine: Machine, result: Result) -> None:
        """Raises `OutputsRefused`, `ContentRefused`, `NodeGone` where it takes too long, and what `Machine` raises."""
        if not result.outputs:
            return
        limits, count = self._going.kept.spec.limits, len(result.outputs)
        if self._until is None:
            most = self._going.chain.bounds.time_for(sum(file.size for file in result.outputs)) + count
            self._until = time.monotonic() + most
        self._going.chain.tell.step(f"fetching {count} outputs from node {machine.node}")

        async def pieces(file: File) -> AsyncIterator[bytes]:
            self._require_time(machine)
            async for piece in machine.output(file):
                self._require_time(machine)
                yield piece
            self._going.heard()

        try:
            await receive(result.outputs, pieces, self._folder, limits.files_mb << 20, limits.file_count)
        except OSError as failed:
            raise OutputsRefused(f"cannot write to {self._folder}: {failed.strerror}") from None
        except PathRefused as refused:
            raise OutputsRefused(f"the node names an output that is not written here: {refused}") from None

    def _require_time(self, machine: Machine) -> None:
        if self._until is not None and time.monotonic() > self._until:
            raise NodeGone(f"node {machine.node} sends the outputs too slowly: what came of them is in {self._folder}")
