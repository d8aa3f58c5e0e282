"""Who fools a verifier gains nothing: each attack is tried on a real agent, and the score says what it was worth."""

from __future__ import annotations

import asyncio

import pytest

from indexer.scoring import Reference
from machines.verifier.results import Outcome
from tests.machines.attacks import LIMITS, Tried, agent, attempt, challenge, points, reference_of
from tests.machines.hostile import LATE_SECONDS

HONEST = 100
"""Points of this machine with one processor."""


@pytest.fixture(scope="module")
def honest() -> list[Outcome]:
    """What this machine measures."""
    with agent("honest", "honest") as target:
        return [one for number in range(2) for one in asyncio.run(challenge([target], number))]


@pytest.fixture(scope="module")
def reference(honest: list[Outcome]) -> Reference:
    """As the reference of its class."""
    return reference_of(honest)


async def test_an_honest_machine_passes_with_all_its_figures(honest: list[Outcome]) -> None:
    """Five quantities, each with the range of its trials."""
    for outcome in honest:
        assert outcome.failure is None
        assert {name: one.value > 0 for name, one in outcome.readings.items()} == dict.fromkeys(
            ("bandwidth", "memory", "clock", "compute", "latency"), True
        )
        assert all(one.low <= one.value <= one.high for one in outcome.readings.values())
        assert outcome.readings["memory"].value == LIMITS.memory_mb


@pytest.fixture(scope="module")
def late(reference: Reference) -> Tried:
    """Who proves everything, and answers pings after two seconds."""
    return asyncio.run(attempt("late", reference))


def test_late_answers_are_worth_nothing(late: Tried) -> None:
    """All is proved, and the latency says that it came too late: the challenge counts as failed."""
    assert late.failure is None
    assert late.outcomes[0].readings["latency"].low >= LATE_SECONDS * 1e6
    assert late.points == 0


def test_who_delays_its_pings_gains_nothing_by_it(late: Tried, reference: Reference) -> None:
    """What a ping takes is taken off nothing: else a second's delay would make any machine the fastest of all."""
    for name in ("bandwidth", "clock", "compute"):
        assert late.outcomes[0].readings[name].value < 10 * getattr(reference, name)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("replaying", "does not end with the checkpoint"),
        ("skipping", "does not end with the checkpoint"),
        ("forgetful", "it read its memory in"),
        ("sloppy", "of the product is off by"),
        ("impostor", "ask where the chain says it is"),
    ],
)
async def test_what_is_not_proved_is_worth_nothing(kind: str, why: str, reference: Reference) -> None:
    """The same answers again, skipped work, memory that was not kept, half precision, another's node."""
    tried = await attempt(kind, reference, challenges=2 if kind == "replaying" else 1)
    assert why in (tried.outcomes[-1].failure or "")
    assert points(tried.outcomes[-1:], reference) == {tried.outcomes[-1].node: 0}


async def test_a_proxy_is_as_slow_as_its_link(reference: Reference) -> None:
    """The matrix has to be shipped to the machine that multiplies: what it computes comes that much later."""
    proxy = await attempt("proxy", reference)
    assert proxy.failure is None
    assert proxy.points < HONEST // 4


async def test_processors_that_are_not_there_cost_more_than_they_bring(reference: Reference) -> None:
    """Eight are named on a machine of fewer cores: each is measured with all eight at work."""
    one = (await attempt("honest", reference)).outcomes[0]
    many = (await attempt("honest", reference, processors=8)).outcomes[0]
    assert many.failure is None
    assert many.readings["compute"].value < one.readings["compute"].value / 2


async def test_one_machine_under_several_names_earns_no_more_than_under_one(reference: Reference) -> None:
    """They are of one owner, so they are challenged at once, and share what there is."""
    alone = await attempt("honest", reference)
    shared = await attempt("honest", reference, nodes=5)
    assert shared.failure is None
    assert shared.points < alone.points


async def test_who_is_there_only_when_watched_is_worth_what_it_was_there_for(
    honest: list[Outcome], reference: Reference
) -> None:
    """Nobody knows when a challenge comes: of four, it is found at one."""
    away = Outcome(honest[0].node, {}, "no answer", 0.0)
    now_and_then = points([honest[0], away, away, away], reference)[honest[0].node]
    always = points([honest[0]] * 4, reference)[honest[0].node]
    assert now_and_then == always // 4


async def test_who_is_in_another_verifiers_challenge_is_waited_for(reference: Reference) -> None:
    """An honest node that is busy for some seconds loses nothing by it."""
    assert (await attempt("busy", reference)).failure is None
