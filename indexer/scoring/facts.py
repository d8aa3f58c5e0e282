"""What goes into scores and what comes out, in columns: numpy's structured arrays, one row an actor or a measurement.

Addresses are 32 bytes as `S32`, which numpy sorts byte by byte as the digest wants it. numpy hides zero bytes at the
end of such a value when it becomes `bytes`: `address` puts them back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Rows: TypeAlias = NDArray[np.void]
"""Rows of one of the types below."""
Objects: TypeAlias = NDArray[np.object_]
"""Python's integers, for what does not fit into 64 bits."""
Integers: TypeAlias = NDArray[np.int64]

ADDRESS: Final = np.dtype("S32")

ACTOR: Final = np.dtype(
    [
        ("actor", ADDRESS),
        ("is_node", "?"),  # else a user
        ("hardware_class", "S16"),
        ("processors", "i8"),
        ("multiplier_bp", "i8"),  # 10,000 = 1
        ("collateral", "u8"),  # IO base units, as is what is required
        ("collateral_required", "u8"),
    ]
)
"""An actor as it stands at the end of an epoch."""

MEASUREMENT: Final = np.dtype(
    [
        ("node", ADDRESS),
        ("bandwidth", "i8"),  # Mbit/s; this and the next four are of the range of u32
        ("memory", "i8"),  # MB
        ("clock", "i8"),  # MHz
        ("compute", "i8"),  # GFLOP/s
        ("latency", "i8"),  # microseconds
        ("passed", "?"),
    ]
)
"""What a challenge measured of a node."""

WORK: Final = np.dtype(
    [
        ("actor", ADDRESS),
        ("settled_seconds", "i8"),  # that were paid for
        ("settled_usd", "u8"),  # USD base units, gross, that its jobs paid
        ("finished_jobs", "i8"),  # that were worked on
        ("failed_jobs", "i8"),  # lost because it went silent
        ("disputes_lost", "i8"),
    ]
)
"""What an actor's jobs came to in one epoch."""

SCORE: Final = np.dtype([("actor", ADDRESS), ("points", "u4"), ("reputation", "u2"), ("idle_epochs", "i8")])
"""An actor's score of one epoch, as `Score` describes it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the chain says of one epoch."""

    actors: Rows
    """`ACTOR`: everyone who can earn at the end of the epoch, each once, sorted by address."""
    measurements: Rows
    """`MEASUREMENT`: of nodes, in any order; of strangers too, whom nobody scores."""
    work: Rows
    """`WORK`: each actor at most once, in any order."""


@dataclass(frozen=True, slots=True)
class Reputation:
    """An actor's reputation after an epoch."""

    value: int = 0
    """0 to 10,000."""
    idle_epochs: int = 0
    """Epochs since it last did anything."""


@dataclass(frozen=True, slots=True)
class Score:
    """One actor's score of one epoch."""

    points: int
    """u32; its weight in the availability half."""
    reputation: Reputation


class Scores(Mapping[bytes, Score]):
    """The scores of one epoch: columns for many, a mapping from the actor's address for one."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        """`SCORE`, each actor once, sorted by address."""

    @classmethod
    def none(cls) -> Scores:
        """Of an epoch in which nobody could earn."""
        return cls(np.empty(0, SCORE))

    def __getitem__(self, actor: bytes) -> Score:
        place = int(places(self.rows["actor"], np.array([actor], ADDRESS))[0])
        if place < 0:
            raise KeyError(actor)
        return _score(self.rows[place])

    def __iter__(self) -> Iterator[bytes]:
        return (address(actor) for actor in self.rows["actor"])

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scores) and np.array_equal(self.rows, other.rows)

    __hash__ = None  # type: ignore[assignment] # as of any mapping


def address(value: bytes) -> bytes:
    """An address as it is, 32 bytes."""
    return value.ljust(ADDRESS.itemsize, b"\0")


def places(held: NDArray[np.bytes_], wanted: NDArray[np.bytes_]) -> Integers:
    """Where each of the addresses `wanted` stands in `held`, which is sorted and has each once; -1 where it does not.

    By their first 8 bytes, which are nearly always enough, and by all where they are not.
    """
    if not len(held):
        return np.full(len(wanted), -1)
    found = np.minimum(np.searchsorted(_first(held), _first(wanted)), len(held) - 1)
    others = np.flatnonzero(held[found] != wanted)
    exact = np.minimum(np.searchsorted(held, wanted[others]), len(held) - 1)
    found[others] = np.where(held[exact] == wanted[others], exact, -1)
    return found


def _first(addresses: NDArray[np.bytes_]) -> NDArray[np.uint64]:
    words = np.ascontiguousarray(addresses).view(">u8").reshape(-1, ADDRESS.itemsize // 8)
    return words[:, 0].astype(np.uint64)


def _score(row: Any) -> Score:
    return Score(int(row["points"]), Reputation(int(row["reputation"]), int(row["idle_epochs"])))
