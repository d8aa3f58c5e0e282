"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Whether a proof holds, and a sentence that says why. A check always returns one, whatever a node sent."""

    passed: bool
    why: str


def failed(why: str) -> Verdict:
    """A proof that does not hold."""
    return Verdict(False, why)


def passed(why: str) -> Verdict:
    """A proof that holds, as far as the check looked."""
    return Verdict(True, why)
