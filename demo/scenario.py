"""What happens in the demo, drawn from a seed before anything runs: who takes part, what machines do, who rents.

Pure: the same seed gives the same scenario, so the same figures on the chain.
"""

from dataclasses import dataclass
from random import Random

from client.economics import IO

GENESIS_TIME = 1_767_225_600
"""Unix seconds of epoch 1's start in the demo: 2026-01-01 00:00 UTC. The chain's clock moves by hand."""

PRICES_NANO_USD = {"IO": 180_000_000, "H100": 2_490_000_000, "A100-80GB": 1_350_000_000, "4090": 390_000_000}
"""Nano-dollars for one IO, and for one processor-hour of each class in the demo."""

CLASSES = ("H100", "A100-80GB", "4090")


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


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One job that a user rents in one epoch."""

    user: int
    hardware_class: str
    processors: int
    hours: int
    opens_at: int
    """Seconds into the epoch."""


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
            node = draw.choice(self.nodes)
            jobs.append(
                JobSpec(
                    user=user,
                    hardware_class=node.hardware_class,
                    processors=draw.randint(1, node.processors),
                    hours=draw.randint(1, 2),
                    opens_at=60 + 60 * draw.randrange(25),
                )
            )
        return tuple(sorted(jobs, key=lambda job: (job.opens_at, job.user)))

    def sale_io(self, epoch: int, part: int) -> int:
        """IO base units that the demo's trader offers to the auction."""
        return self.random("sale", epoch, part).randint(20, 60) * IO


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
