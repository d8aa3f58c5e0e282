"""What came of a job, for people and for machines."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from client.amounts import USD
from client.cli.output import duration
from machines.jobs.spec import Result, digest
from machines.renting.chain import Paid, Reported
from machines.renting.terminal import harmless

if TYPE_CHECKING:
    from solders.pubkey import Pubkey


@dataclass
class Outcome:
    """As far as it came."""

    job: Pubkey
    node: Pubkey | None = None
    endpoint: str = ""
    result: Result | None = None
    left_out: list[str] = field(default_factory=list)
    """What the job left and is no output, with the reason."""
    log_is_whole: bool | None = None
    """Whether the log that came is the one of the result; None: it did not come from its first byte."""
    folder: Path | None = None
    """Where the outputs are; None: there are none here."""
    reported: Reported | None = None
    """None: it was not looked at."""
    paid: Paid | None = None
    """None: the job goes on."""
    error: str | None = None
    """Why it did not come to its end."""

    @property
    def exit_code(self) -> int:
        """0 where the command ended with 0, and everything that it left is here and as its node reported."""
        succeeded = self.result is not None and (self.result.state, self.result.exit_code) == ("finished", 0)
        return 0 if succeeded and self.error is None else 1

    def json(self) -> dict[str, Any]:
        """All of it; amounts in base units."""
        result, paid = self.result, self.paid
        return {
            "job": str(self.job),
            "node": str(self.node) if self.node else None,
            "endpoint": self.endpoint or None,
            "state": result.state if result else None,
            "exit_code": result.exit_code if result else None,
            "reason": result.reason if result else None,
            "started_at": result.started_at if result else None,
            "ended_at": result.ended_at if result else None,
            "log_bytes": result.log_bytes if result else None,
            "log_sha256": result.log_sha256 if result else None,
            "log_is_whole": self.log_is_whole,
            "outputs": [{"path": one.path, "size": one.size, "sha256": one.sha256} for one in result.outputs]
            if result
            else [],
            "left_out": self.left_out,
            "output_folder": str(self.folder) if self.folder else None,
            "digest": digest(result).hex() if result else None,
            "reported": self.reported,
            "job_state": paid.state if paid else None,
            "worked_seconds": paid.worked_seconds if paid else None,
            "paid_usd_units": paid.paid if paid else None,
            "refunded_usd_units": paid.refunded if paid else None,
            "refunded_to_credit_usd_units": paid.to_credit if paid else None,
            "error": self.error,
        }

    def lines(self) -> list[str]:
        """What a person has to know of the result, and of the money."""
        said = []
        if self.result is not None:
            said.append(_ended(self.result))
            if self.folder is not None:
                said.append(f"{len(self.result.outputs)} outputs are in {self.folder}")
            said += [f"left behind: {one}" for one in self.left_out[:10]]
            if len(self.left_out) > 10:
                said.append(f"left behind: {len(self.left_out) - 10} more")
        if self.reported == "confirmed":
            said.append("the chain has the digest of this very result")
        elif self.reported == "missing":
            said.append("the node has not reported this result on the chain: nothing there shows later what it was")
        if self.paid is not None:
            said.append(sentence(self.job, self.paid))
        return said


def sentence(job: Pubkey, paid: Paid) -> str:
    """What a job cost."""
    credit = f", {USD.show(paid.to_credit)} of it to your credit" if paid.to_credit else ""
    return (
        f"job {job} is {paid.state}: {USD.show(paid.paid)} paid for {duration(paid.worked_seconds)}, "
        f"{USD.show(paid.refunded)} refunded{credit}"
    )


def _ended(result: Result) -> str:
    took = ""
    if result.started_at is not None and result.ended_at is not None:
        took = f" after {duration(result.ended_at - result.started_at)}"
    if result.state == "finished":
        return f"the command ended with exit code {result.exit_code}{took}"
    code = "" if result.exit_code is None else f", with exit code {result.exit_code}"
    return f"the job {'was stopped' if result.state == 'stopped' else 'failed'}{took}{code}: {harmless(result.reason)}"
