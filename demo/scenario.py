"""What happens in the demo, drawn from a seed before anything runs: who takes part, what machines do, who rents.

Pure: the same seed gives the same scenario, so the same figures on the chain.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from client.economics import IO, MAX_DOLLAR_SHARE_BP, MIN_DOLLAR_SHARE_BP

GENESIS_TIME = 1_767_225_600
"""Unix seconds of epoch 1's start in the demo: 2026-01-01 00:00 UTC. The chain's clock moves by hand."""

PRICES_NANO_USD = {"IO": 180_000_000, "H100": 2_490_000_000, "A100-80GB": 1_350_000_000, "4090": 390_000_000}
"""Nano-dollars for one IO, and for one processor-hour of each class in the demo."""

CLASSES = ("H100", "A100-80GB", "4090")

OPENS_FROM = 600
"""Seconds into an epoch from which jobs are opened: before, what the last hour left is settled."""

GRANTED_USER = 0
"""The user that the committee grants dollars,"""
BROUGHT_IN_USER = 1
"""the one that an affiliate brought in, and that pays in IO once it can,"""
BONUS_USER = 2
"""and the one that takes locked IO in place of its discount."""


class Way(StrEnum):
    """What a job is paid with."""

    DOLLARS = "USD"
    CREDIT = "grant"
    """What the user was granted, first."""
    IO = "IO"
    """Sold to the burn auction in the same transaction."""


class Turn(StrEnum):
    """What becomes of a job before its hours are over."""

    NONE = ""
    EXTENDED = "extended"
    CANCELLED = "cancelled"
    DISPUTED = "disputed"
    REPLACED = "replaced"
    """Its node goes silent, and another takes its place."""


_TURNS = {
    (1, GRANTED_USER): Turn.EXTENDED,
    (1, BROUGHT_IN_USER): Turn.CANCELLED,
    (1, BONUS_USER): Turn.DISPUTED,
    (3, GRANTED_USER): Turn.REPLACED,
}
"""By epoch and user."""


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One owner's node."""

    name: str
    hardware_class: str
    processors: int
    dollar_share_bp: int
    commission_bp: int
    has_affiliate: bool
    quality_bp: int
    """What its machine delivers, basis points of the class's reference."""
    reliability_bp: int
    """How likely it passes a challenge, basis points."""

    @property
    def other_share_bp(self) -> int:
        """What it elects where it elects anew: the far end."""
        middle = (MIN_DOLLAR_SHARE_BP + MAX_DOLLAR_SHARE_BP) // 2
        return MIN_DOLLAR_SHARE_BP if self.dollar_share_bp >= middle else MAX_DOLLAR_SHARE_BP


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One job that a user rents in one epoch."""

    user: int
    hardware_class: str
    processors: int
    hours: int
    opens_at: int
    """Seconds into the epoch."""
    way: Way
    turn: Turn


@dataclass(frozen=True, slots=True)
class Scenario:
    """All that is decided before the run."""

    seed: int
    nodes: tuple[NodeSpec, ...]
    users: int
    epochs: int

    def random(self, *purpose: object) -> Random:
        """A generator of its own for each purpose: what one part draws moves no other part."""
        # Not for secrets: a demo repeats itself.
        return Random(":".join(map(str, (self.seed, *purpose))))  # noqa: S311

    def jobs(self, epoch: int) -> tuple[JobSpec, ...]:
        """The jobs of an epoch: one for each user, of one or two hours, opened in its first half."""
        jobs = []
        for user in range(self.users):
            draw = self.random("job", epoch, user)
            node, way = draw.choice(self.nodes), _way(epoch, user)
            processors, hours = draw.randint(1, max(3 * node.processors // 4, 1)), draw.randint(1, 2)
            if way is Way.IO:
                # What the burn auction can pay for: little, and of the cheapest.
                node = min(self.nodes, key=lambda one: PRICES_NANO_USD[one.hardware_class])
                processors = hours = 1
            jobs.append(
                JobSpec(
                    user=user,
                    hardware_class=node.hardware_class,
                    processors=processors,
                    hours=hours,
                    opens_at=OPENS_FROM + 60 * draw.randrange(18),
                    way=way,
                    turn=_TURNS.get((epoch, user), Turn.NONE),
                )
            )
        return tuple(sorted(jobs, key=lambda job: (job.opens_at, job.user)))

    def sale_io(self, epoch: int, part: int) -> int:
        """IO base units that the demo's trader offers to the auction."""
        return self.random("sale", epoch, part).randint(1, 4) * IO


def _way(epoch: int, user: int) -> Way:
    if epoch == 1 and user == GRANTED_USER:
        return Way.CREDIT
    return Way.IO if epoch > 1 and user == BROUGHT_IN_USER else Way.DOLLARS


def draw(seed: int, nodes: int, users: int, epochs: int) -> Scenario:
    """The scenario of a seed: `nodes` nodes over three classes, two of them brought in by an affiliate."""
    specs = []
    for index in range(nodes):
        random = Random(f"{seed}:node:{index}")  # noqa: S311 - as above
        specs.append(
            NodeSpec(
                name=f"node-{index + 1}",
                hardware_class=CLASSES[index % len(CLASSES)],
                processors=random.choice((1, 2, 4, 8)),
                dollar_share_bp=random.randrange(3_000, 9_001, 500),
                commission_bp=random.randrange(100, 301, 50),
                has_affiliate=index in (1, 4),
                quality_bp=random.randint(8_000, 11_000),
                reliability_bp=random.randint(8_500, 10_000),
            )
        )
    return Scenario(seed=seed, nodes=tuple(specs), users=users, epochs=epochs)
