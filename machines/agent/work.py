"""One job on this machine: what its renter sent, how it runs, what came of it. All of it is in the job's folder."""

from __future__ import annotations

from collections.abc import AsyncIterable
from pathlib import Path
from typing import Any

import msgspec

from client import files
from client.errors import IonetError
from machines.jobs import running
from machines.jobs.spec import Result, Spec, canonical, digest, parse_spec
from machines.jobs.status import Status
from machines.jobs.store import Store

_SPEC = "wanted.json"
"""The spec as it was sent; the one that runs is the supervisor's."""


class WorkRefused(IonetError):
    """Something that cannot be done with a job as it is."""


class Work:
    """A job of this node. `job`, `node`: addresses, base58."""

    def __init__(self, folder: Path, job: str, node: str) -> None:
        self.folder = folder
        self.job = job
        self.node = node
        self._inputs = Store(folder / "content")

    def spec(self) -> Spec | None:
        """What its renter wants done; None before it was sent."""
        try:
            return parse_spec((self.folder / _SPEC).read_bytes())
        except FileNotFoundError:
            return None

    def take(self, spec: Spec) -> list[str]:
        """Keeps a spec; the SHA-256 of the inputs that are not here. Raises `WorkRefused` for another once it runs."""
        known = self.spec()
        if known is not None and known != spec and self.status().state != "new":
            raise WorkRefused(f"job {self.job} was started with another spec: it cannot be changed any more")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.replace(self.folder / _SPEC, canonical(spec))
        return self.missing(spec)

    def missing(self, spec: Spec) -> list[str]:
        """The inputs, by SHA-256, that are not here."""
        return sorted({file.sha256 for file in spec.inputs if not self._inputs.has(file.sha256)})

    async def put(self, sha256: str, chunks: AsyncIterable[bytes]) -> None:
        """Takes an input that the spec names. Raises `WorkRefused`, `ContentRefused`."""
        spec = self._wanted()
        sizes = {file.sha256: file.size for file in spec.inputs}
        if sha256 not in sizes:
            raise WorkRefused(f"no input of job {self.job} has the SHA-256 {sha256[:64]!r}")
        if not self._inputs.has(sha256):
            await self._inputs.put(sha256, chunks, sizes[sha256])

    def start(self, *, gpus: bool = False) -> None:
        """Starts it; once, however often it is asked for. Raises `WorkRefused` where inputs are missing."""
        spec = self._wanted()
        if self.status().state != "new":
            return
        missing = self.missing(spec)
        if missing:
            raise WorkRefused(
                f"job {self.job} lacks {len(missing)} of its inputs, such as {missing[0]}: send them first"
            )
        running.prepare(self.folder, spec, self._inputs)
        running.start(self.folder, gpus=gpus)

    def stop(self) -> None:
        """Ends it; once it is over, nothing happens."""
        if self.folder.exists():
            running.stop(self.folder)

    def remove(self) -> None:
        """Ends it and drops all of it."""
        running.remove(self.folder)

    def status(self) -> Status:
        """How it is."""
        return running.state(self.folder) if self.folder.exists() else Status(state="new")

    def result(self) -> Result | None:
        """What came of it; None before it is over, or where it was never sent."""
        now = self.status()
        return now.result(self.job, self.node) if now.is_over else None

    def digest(self) -> bytes:
        """What the node reports: of the result, or of the spec that runs, or zeros while nothing was sent."""
        result = self.result()
        if result is not None:
            return digest(result)
        spec = self.spec()
        return bytes(32) if spec is None else digest(spec)

    def shown(self) -> dict[str, Any]:
        """For its renter."""
        now, spec = self.status(), self.spec()
        result = now.result(self.job, self.node) if now.is_over else None
        return {
            "state": now.state if spec is not None else "unknown",
            "doing": now.doing,
            "started_at": now.started_at,
            "missing": [] if spec is None else self.missing(spec),
            "left_out": now.left_out,
            "peak": msgspec.to_builtins(now.peak),
            "result": None if result is None else msgspec.to_builtins(result),
        }

    @property
    def outputs(self) -> Store:
        """Their content."""
        return running.outputs(self.folder)

    @property
    def log(self) -> Path:
        """Its stdout and stderr."""
        return running.log(self.folder)

    @property
    def socket(self) -> Path:
        """Where its service is reached."""
        return running.socket(self.folder)

    def touched(self, now: Status) -> float:
        """When something last happened to it, Unix seconds, as it is now."""
        return float(now.ended_at or self.folder.stat().st_mtime)

    def _wanted(self) -> Spec:
        spec = self.spec()
        if spec is None:
            raise WorkRefused(f"job {self.job} has no spec yet: send it first")
        return spec
