"""What fooling a verifier is worth: `uv run python -m tests.bench.attacks [--runs 20]`.

First so many challenges of an honest agent, at the verifier's own limits: b, m, c and t of this machine over TLS, with
their spread. Then every attack of `tests.machines.attacks`, with the points that the score gives it, where an honest
machine of one processor has 100.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from collections.abc import Sequence

from machines.verifier.plan import Limits
from machines.verifier.results import QUANTITIES, Outcome
from tests.machines.attacks import Tried, agent, attempt, challenge, points, reference_of, shown

LIMITS = Limits(payload_mb=16, clock_iterations=12_000_000, matrix=768, memory_mb=256)
"""Of the attacks: what is smaller says little of bandwidth, which counts to the fourth power."""


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="challenges of an honest agent")
    asyncio.run(_main(parser.parse_args().runs))


async def _main(runs: int) -> None:
    with agent("honest", "honest") as target:
        print(_spread([one for n in range(runs) for one in await challenge([target], n, Limits())]), flush=True)
        honest = [one for n in range(3) for one in await challenge([target], n, LIMITS)]
    reference = reference_of(honest)
    total = sum(points(honest, reference).values())
    tried = {"none: one honest processor": Tried("honest", total, None, tuple(honest))}
    tried["none: two honest processors"] = await attempt("honest", reference, processors=2, limits=LIMITS)
    for kind, name in (
        ("late", "pings are answered after 2.1 s"),
        ("impostor", "another's challenge is answered"),
        ("replaying", "the last challenge's answers are shown"),
        ("skipping", "half of the chain is guessed"),
        ("forgetful", "half of the memory is made again when read"),
        ("sloppy", "products in half precision"),
        ("proxy", "a faster machine behind a link of 5 Mbit/s"),
    ):
        tried[name] = await attempt(kind, reference, challenges=2 if kind == "replaying" else 1, limits=LIMITS)
        if kind == "replaying":
            again = tried[name].outcomes[1:]
            tried[name] = Tried(kind, sum(points(again, reference).values()), again[0].failure, again)
    tried["8 processors are named, 2 are there"] = await attempt("honest", reference, processors=8, limits=LIMITS)
    tried["6 nodes are one machine of 2 cores"] = await attempt("honest", reference, nodes=6, limits=LIMITS)
    away = Outcome(honest[0].node, {}, "no answer", 0.0)
    found = points([honest[0], away, away, away], reference)[honest[0].node]
    tried["only one of four challenges is answered"] = Tried("away", found, "no answer", (honest[0], away))
    print(shown(tried))


def _spread(outcomes: Sequence[Outcome]) -> str:
    """Minimum, median, maximum and (max - min) / median of each quantity over all challenges."""
    failed = [one.failure for one in outcomes if one.failure]
    lines = [f"{len(outcomes)} challenges of an honest agent, {len(failed)} failed: {failed[:1] or ''}"]
    lines.append(f"{'':22} {'min':>9} {'median':>9} {'max':>9} {'spread':>7}")
    for name, unit in QUANTITIES.items():
        values = [one.readings[name].value for one in outcomes if name in one.readings]
        middle = statistics.median(values)
        spread = (max(values) - min(values)) / middle
        label = f"{name}, {unit}"
        lines.append(f"{label:22} {min(values):9,.0f} {middle:9,.0f} {max(values):9,.0f} {spread:7.0%}")
    seconds = [one.seconds for one in outcomes]
    lines.append(f"{'node time, s':22} {min(seconds):9.1f} {statistics.median(seconds):9.1f} {max(seconds):9.1f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
