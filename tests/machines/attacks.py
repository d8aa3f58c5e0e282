"""Every way of fooling a verifier that is known here, tried on real agents, and what the score makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import economics
from client.network import CLASS_MULTIPLIERS_BP
from indexer import scoring
from indexer.scoring import ACTOR, MEASUREMENT, WORK, Facts, Parameters, Reference, Scores
from machines.verifier import measuring
from machines.verifier.plan import Limits, Target
from machines.verifier.results import QUANTITIES, Outcome
from tests.machines.hostile import key_of, node_of

HARDWARE = "CPU"
LIMITS = Limits(
    payload_mb=2, trials=2, clock_iterations=3_000_000, matrix=384, products=16, memory_mb=128, read_steps=4_000
)
"""Small: a challenge takes some two seconds."""
VERIFIER = Keypair.from_seed(sha256(b"verifier of attacks").digest())


@contextmanager
def agent(kind: str, name: str, processors: int = 1) -> Iterator[Target]:
    """An agent of a kind of `hostile`, as the chain would name it."""
    command = [sys.executable, "-m", "tests.machines.hostile", kind, name, str(VERIFIER.pubkey())]
    process = subprocess.Popen(  # noqa: S603 - our own
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        yield Target(
            node=node_of(name),
            owner=VERIFIER.pubkey(),
            agent_key=key_of(name).pubkey(),
            endpoint=said["endpoint"],
            fingerprint=bytes.fromhex(said["fingerprint"]),
            processors=processors,
        )
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(20)
        finally:
            process.kill()
            assert process.stdout is not None
            process.stdout.close()


async def challenge(targets: Sequence[Target], number: int = 0, limits: Limits = LIMITS) -> list[Outcome]:
    """One challenge of all of them at the same time."""
    seed = sha256(f"challenge {number}".encode()).digest()
    return await measuring.measure(VERIFIER, seed, [list(targets)], limits)


def reference_of(honest: Sequence[Outcome]) -> Reference:
    """What this machine measures when it is honest, as its class's reference: 100 points before the multiplier."""
    return Reference(
        **{
            name: max(int(np.median([one.readings[name].value for one in honest])), 1)
            for name in ("bandwidth", "memory", "clock", "compute")
        }
    )


def points(outcomes: Sequence[Outcome], reference: Reference, processors: int = 1) -> dict[Pubkey, int]:
    """Points of each node for these challenges of one epoch; 100 a processor for a node that is as the reference."""
    nodes = sorted({bytes(one.node) for one in outcomes})
    actors = np.zeros(len(nodes), ACTOR)
    for row, node in zip(actors, nodes, strict=True):
        row["actor"], row["is_node"], row["hardware_class"] = node, True, HARDWARE.encode()
        row["processors"], row["multiplier_bp"] = processors, 10_000
        row["collateral"] = row["collateral_required"] = economics.collateral(
            CLASS_MULTIPLIERS_BP[HARDWARE], processors
        )
    measurements = np.zeros(len(outcomes), MEASUREMENT)
    for row, one in zip(measurements, outcomes, strict=True):
        found = one.measurement()
        row["node"], row["passed"] = bytes(found.node), found.outcome == 1
        for name in QUANTITIES:
            row[name] = getattr(found, name)
    facts = Facts(actors, measurements, np.zeros(0, WORK))
    scores = scoring.score(facts, Scores.none(), Parameters(references={HARDWARE: reference}))
    return {Pubkey.from_bytes(node): scores[node].points for node in nodes}


@dataclass(frozen=True, slots=True)
class Tried:
    """An attack, and what came of it."""

    name: str
    points: int
    """Of all its nodes together, where an honest machine of one processor has 100."""
    failure: str | None
    outcomes: tuple[Outcome, ...]


async def attempt(
    kind: str,
    reference: Reference,
    *,
    nodes: int = 1,
    processors: int = 1,
    challenges: int = 1,
    limits: Limits = LIMITS,
) -> Tried:
    """`nodes` agents of a kind, each with so many processors to its name, challenged so often."""
    outcomes: list[Outcome] = []
    with ExitStack() as stack:
        targets = [stack.enter_context(agent(kind, f"{kind} {n}", processors)) for n in range(nodes)]
        for number in range(challenges):
            outcomes += await challenge(targets, number, limits)
    total = sum(points(outcomes, reference, processors).values())
    failure = next((one.failure for one in outcomes if one.failure), None)
    return Tried(kind, total, failure, tuple(outcomes))


def shown(tried: Mapping[str, Tried]) -> str:
    """A table of it."""
    lines = [f"{'attack':44} {'points':>7}  why"]
    lines += [f"{name:44} {one.points:7}  {one.failure or _figures(one)}" for name, one in tried.items()]
    return "\n".join(lines)


def _figures(tried: Tried) -> str:
    one = tried.outcomes[0]
    return ", ".join(f"{name} {one.readings[name].value:,.0f} {unit}" for name, unit in QUANTITIES.items())
