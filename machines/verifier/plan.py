"""Who is challenged, when, in which order, and how much of it. Drawn from the challenge's seed, so nobody chooses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Final

from solders.pubkey import Pubkey

from client.errors import IonetError
from machines.proofs import seeds

MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is asked of a node in one challenge. The defaults take some fifteen seconds of a core."""

    payload_mb: int = 32
    """Of random bytes, there and back; at least what the matrix takes."""
    trials: int = 3
    """Of bandwidth, clock and compute each: the median counts, their range is the uncertainty."""
    clock_iterations: int = 24_000_000
    """A second at 3 GHz."""
    matrix: int = 1_024
    """Rows and columns,"""
    products: int = 24
    """and how many products of such matrices make one trial: half a second of a core."""
    memory_mb: int = 1_024
    """For each processor: nothing above it is ever measured, so no less than the reference of the class."""
    read_steps: int = 10_000
    stage_seconds: float = 120.0
    """For each answer, at most."""
    hour_seconds: float = 900.0
    """Of a node's time in an hour, at most."""

    def __post_init__(self) -> None:
        wrong = [field.name for field in fields(self) if getattr(self, field.name) <= 0]
        if wrong:
            raise IonetError(f"the challenge's limits are more than zero, which {', '.join(wrong)} is not")
        if 4 * self.matrix**2 > self.payload_mb * MEGABYTE:
            raise IonetError(
                f"a matrix of {self.matrix} rows takes {4 * self.matrix**2:,} bytes of payload, "
                f"more than {self.payload_mb} MB: raise the payload or lower the matrix"
            )


@dataclass(frozen=True, slots=True)
class Target:
    """A node that can be challenged."""

    node: Pubkey
    owner: Pubkey
    agent_key: Pubkey
    endpoint: str
    fingerprint: bytes
    """SHA-256 of its certificate."""
    processors: int
    """Those that nobody has rented."""


def wait_seconds(seed: bytes, window_seconds: int) -> int:
    """When in its window a challenge begins, 0 to `window_seconds` - 1: known to nobody before the draw."""
    return seeds.draw(sha256(b"ionet when" + seed).digest(), window_seconds)


def groups(seed: bytes, targets: Iterable[Target], size: int) -> list[list[Target]]:
    """The order in which nodes are challenged, and with whom at the same time.

    Those that might be one machine, of one owner or at one host, are always challenged together, so that what they
    share is asked of all of them at once. The others fill groups of `size` up, in an order that the seed draws.
    """
    clusters = _clusters(list(targets))
    ordered = sorted(clusters, key=lambda cluster: sha256(seed + bytes(cluster[0].node)).digest())
    made: list[list[Target]] = []
    for cluster in ordered:
        if made and len(made[-1]) + len(cluster) <= size:
            made[-1].extend(cluster)
        else:
            made.append(list(cluster))
    return made


def _clusters(targets: Sequence[Target]) -> list[list[Target]]:
    """Connected by an owner or a host, each sorted by address."""
    by_key: dict[object, list[int]] = defaultdict(list)
    for place, one in enumerate(targets):
        for key in (one.owner, one.endpoint.rpartition(":")[0], one.fingerprint):
            by_key[key].append(place)
    root = list(range(len(targets)))

    def find(place: int) -> int:
        while root[place] != place:
            root[place] = root[root[place]]
            place = root[place]
        return place

    for places in by_key.values():
        for other in places[1:]:
            root[find(other)] = find(places[0])
    found: dict[int, list[Target]] = defaultdict(list)
    for place, one in enumerate(targets):
        found[find(place)].append(one)
    return [sorted(cluster, key=lambda one: bytes(one.node)) for cluster in found.values()]
