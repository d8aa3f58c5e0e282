"""Which node gets a job: a draw with weight by reputation, which anyone can repeat. Pure integers, no I/O.

Candidates are the nodes of the job's class that have their collateral and enough processors free, but for those that
gave this job back before. In the order of their addresses, each takes as many of the numbers from 0 on as it weighs;
the node is the one that has the ticket. The ticket is not the router's to choose: it follows from the job, from the
hash of the block in which the job was opened, which nobody knew when the job was signed, and from the number of nodes
that it had before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import based58

BASE_WEIGHT: Final = 1_000
"""What a node without reputation weighs, so that the new are drawn too; a reputation of 10,000 is eleven times it."""
MAX_AGE_SLOTS: Final = 300
"""How old the state may be that a node is drawn from when it starts: two minutes, for a replay that lags, finality and
the way to the chain. A router that could choose among many states could choose among many nodes."""

_TICKET_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node at some moment."""

    node: bytes
    """Its actor's address, 32 bytes."""
    hardware_class: bytes
    """Symbol, 16 bytes."""
    processors: int
    booked: int
    """Processors of the jobs that run on it."""
    collateral: int
    """IO base units, as is what is required."""
    collateral_required: int
    reputation: int
    """0 to 10,000, as the committee posted it."""

    @property
    def free(self) -> int:
        """Processors that no job has; below zero where it was overbooked."""
        return self.processors - self.booked

    @property
    def is_covered(self) -> bool:
        """Whether its collateral is in place: below it, it would earn nothing for the work."""
        return self.collateral >= self.collateral_required


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job that needs a node."""

    job: bytes
    """Its address, 32 bytes."""
    hardware_class: bytes
    processors: int
    assignment: int
    """How many nodes it had before."""
    blockhash: str
    """Base58, of the block in which it was opened."""
    gave_back: frozenset[bytes] = frozenset()
    """Nodes that had this job and lost it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that may be drawn."""

    node: bytes
    weight: int
    """u64."""


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw, with all that it came from."""

    candidates: tuple[Candidate, ...]
    """By address."""
    candidates_digest: bytes
    seed: bytes
    ticket: int
    """0 to the sum of the weights, exclusive."""
    node: bytes

    @property
    def total_weight(self) -> int:
        """The sum of the candidates' weights."""
        return sum(candidate.weight for candidate in self.candidates)


def candidates(nodes: Iterable[NodeState], wanted: Wanted) -> tuple[Candidate, ...]:
    """The nodes that may get the job, by address, in whatever order they come."""
    able = (
        node
        for node in nodes
        if node.hardware_class == wanted.hardware_class
        and node.free >= wanted.processors
        and node.is_covered
        and node.node not in wanted.gave_back
    )
    weighed = (Candidate(node.node, BASE_WEIGHT + node.reputation) for node in able)
    return tuple(sorted(weighed, key=lambda candidate: candidate.node))


def digest(drawn_from: Sequence[Candidate]) -> bytes:
    """SHA-256 over the candidates by address: node, 32 bytes, and weight, u64 little-endian."""
    return sha256(b"".join(c.node + c.weight.to_bytes(8, "little") for c in drawn_from)).digest()


def seed(wanted: Wanted) -> bytes:
    """SHA-256 over the job, the hash of the block in which it was opened, and how many nodes it had, u16 LE."""
    blockhash = bytes(based58.b58decode(wanted.blockhash.encode()))
    return sha256(wanted.job + blockhash + wanted.assignment.to_bytes(2, "little")).digest()


def ticket(seed_: bytes, total_weight: int) -> int:
    """A number from 0 up to the sum of the weights: the seed's first 16 bytes, as a part of 2^128, of that sum.

    By multiplying, not by a remainder: no number is likelier than another by more than `total_weight / 2^128`.
    """
    return int.from_bytes(seed_[:_TICKET_BYTES], "little") * total_weight >> 8 * _TICKET_BYTES


def draw(nodes: Iterable[NodeState], wanted: Wanted) -> Draw | None:
    """The node for a job; None where no node can take it."""
    able = candidates(nodes, wanted)
    if not able:
        return None
    from_ = seed(wanted)
    number = ticket(from_, sum(candidate.weight for candidate in able))
    rest = number
    for candidate in able:
        if rest < candidate.weight:
            return Draw(able, digest(able), from_, number, candidate.node)
        rest -= candidate.weight
    raise AssertionError("a ticket is below the sum of the weights")
