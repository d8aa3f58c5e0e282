"""How long a renter waits for what: nothing is waited for without end."""

from __future__ import annotations

from dataclasses import dataclass

SLOWEST = 16 << 10
"""Bytes a second with which a file or a log comes at least; slower is not waited for."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """All in seconds."""

    node: float = 600
    """For a node to be drawn, from the moment in which the job has none."""
    away: float = 120
    """For which a node may be unreachable, refuse, or answer nonsense."""
    answer: float = 60
    """For one answer, but of files and logs."""
    poll: float = 1
    """Between two looks at the node."""
    chain_poll: float = 5
    """Between two looks at the chain while the node works."""
    chain: float = 120
    """For which the chain may be unreachable."""
    result: float = 120
    """For the result, past the time that the job had."""
    log: float = 30
    """For more of the log, once there is a result."""
    report: float = 90
    """For the node to say on the chain which result it gave."""

    def time_for(self, size: int) -> float:
        """Seconds in which so many bytes have to be here, or there."""
        return self.answer + size / SLOWEST
