"""Scores are integers in their bounds, reward what they should, and depend on no order."""

from __future__ import annotations

from dataclasses import astuple, replace
from hashlib import sha256
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.economics import IO, collateral
from client.network import CLASS_MULTIPLIERS_BP
from indexer import scoring
from indexer.scoring import REFERENCES, Parameters, Reputation, Score, Scores, UnknownClass, digest_of_rows
from indexer.scoring.availability import performance
from indexer.scoring.parameters import BPS, EXPONENTS, MAX_REPUTATION, U32_MAX
from tests.unit import scoring_model as model
from tests.unit.scoring_model import (
    IDLE,
    Activity,
    Facts,
    Measurement,
    Node,
    Work,
    after_in_columns,
    in_columns,
    scores_in_columns,
)

ANY_TIME = settings(deadline=None)
"""Cores are shared: how long one example takes says nothing."""

u32 = st.integers(0, U32_MAX)
measurements = st.builds(Measurement, u32, u32, u32, u32, u32, st.booleans())
classes = st.sampled_from(sorted(REFERENCES))
activities = st.builds(Activity, *[st.integers(0, 2**32)] * 7)
reputations = st.builds(Reputation, st.integers(0, MAX_REPUTATION), st.integers(0, 10_000))
DEFAULT = scoring.DEFAULT
LITERAL = Parameters(mode="literal")


def actor(number: int) -> bytes:
    """Some address."""
    return sha256(b"%d" % number).digest()


@st.composite
def nodes(draw: st.DrawFn) -> Node:
    """A node of a published class, with its collateral or one unit less; no more than there is IO for."""
    hardware_class = draw(classes)
    multiplier_bp = CLASS_MULTIPLIERS_BP[hardware_class]
    most = 800_000_000 * IO // collateral(multiplier_bp, 1)
    processors = draw(st.integers(1, most))
    required = collateral(multiplier_bp, processors)
    return Node(hardware_class, processors, multiplier_bp, required - draw(st.integers(0, 1)), required)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """A small network's epoch."""
    members = {actor(n): draw(st.none() | nodes()) for n in range(draw(st.integers(0, 6)))}
    measured = {actor(n): draw(st.lists(measurements, max_size=4)) for n in draw(st.sets(st.integers(0, 8)))}
    counts = st.integers(0, 50)
    worked = st.builds(Work, st.integers(0, 10**6), st.integers(0, 10**12), counts, counts, counts)
    work = {actor(n): draw(worked) for n in draw(st.sets(st.integers(0, 8)))}
    return Facts(members, measured, work)


def score(given_facts: Facts, before: dict[bytes, Score], parameters: Parameters = DEFAULT) -> dict[bytes, Score]:
    """What the columns make of facts."""
    return dict(scoring.score(in_columns(given_facts), scores_in_columns(before), parameters))


def after(before: Reputation, activity: Activity) -> Reputation:
    """What the columns make of one actor's reputation."""
    return after_in_columns(before, activity, DEFAULT)


def perfect(node: Node) -> Measurement:
    """Exactly the class's reference."""
    r = REFERENCES[node.hardware_class]
    return Measurement(r.bandwidth, r.memory, r.clock, r.compute, 10_000, True)


def points_of(node: Node, *measured: Measurement, reputation: int = 0, parameters: Parameters = DEFAULT) -> int:
    """The points of a node alone in the world."""
    before = {actor(1): Score(0, Reputation(reputation))}
    found = score(Facts({actor(1): node}, {actor(1): measured}, {}), before, parameters)
    return found[actor(1)].points


def node_of(hardware_class: str = "H100", processors: int = 1) -> Node:
    """A node with its collateral."""
    multiplier_bp = CLASS_MULTIPLIERS_BP[hardware_class]
    required = collateral(multiplier_bp, processors)
    return Node(hardware_class, processors, multiplier_bp, required, required)


@st.composite
def busy_facts(draw: st.DrawFn) -> Facts:
    """Nodes of a few figures with many measurements: equal ones, equal products, late and failed ones, strangers'."""
    figures = st.sampled_from([0, 1, 1_000, 2_000, 10_000, 30_000, 60_000, 82_600, U32_MAX])
    latencies = st.sampled_from([0, DEFAULT.max_latency_us, DEFAULT.max_latency_us + 1])
    measured = st.builds(Measurement, figures, figures, figures, figures, latencies, st.integers(0, 3).map(bool))
    members = {actor(n): draw(st.none() | nodes()) for n in range(draw(st.integers(1, 5)))}
    counts = st.integers(0, 9)
    worked = st.builds(Work, st.integers(0, 30_000), st.integers(0, 2**64 - 1), counts, counts, counts)
    return Facts(
        members,
        {actor(n): draw(st.lists(measured, max_size=12)) for n in range(-1, 5)},
        {actor(n): draw(worked) for n in draw(st.sets(st.integers(-1, 5)))},
    )


earlier = st.dictionaries(
    st.integers(0, 5).map(actor),
    st.builds(Score, u32, st.builds(Reputation, st.integers(0, 10_000), st.integers(0, 50))),
)
OTHERS = Parameters(cap_bp=BPS, bonus_bands=(), passed_gain=0, decay_epochs=1, decay_bp=3_333)


@ANY_TIME
@given(facts() | busy_facts(), earlier, st.sampled_from([DEFAULT, LITERAL, OTHERS]))
def test_columns_and_the_plain_model_agree(
    given_facts: Facts, before: dict[bytes, Score], parameters: Parameters
) -> None:
    """Scoring everybody at once gives to the last unit what scoring one after the other gives."""
    assert score(given_facts, before, parameters) == model.score(given_facts, before, parameters)


@ANY_TIME
@given(reputations, activities, st.sampled_from([DEFAULT, OTHERS]))
def test_reputations_in_columns_and_in_the_plain_model_agree(
    before: Reputation, activity: Activity, parameters: Parameters
) -> None:
    """Also for more activity than an epoch can hold."""
    assert after_in_columns(before, activity, parameters) == model.after(before, activity, parameters)


@given(st.lists(st.binary(min_size=32, max_size=32), unique=True), st.data())
def test_addresses_are_found_by_all_of_their_bytes(addresses: list[bytes], data: st.DataObject) -> None:
    """Those that begin alike, those that end in zeros, and those that are not there."""
    alike = [bytes(8) + tail for tail in (bytes(24), bytes(23) + b"\1", b"\1" + bytes(23))]
    held = sorted({*addresses, *alike, b"\xff" * 31 + b"\0"})
    known = held[:: data.draw(st.integers(1, 3))]
    found = scoring.places(np.array(known, "S32"), np.array(held, "S32"))
    assert found.tolist() == [known.index(one) if one in known else -1 for one in held]
    scores = Scores(np.array([(one, n, 0, 0) for n, one in enumerate(known)], scoring.SCORE))
    assert list(scores) == known
    assert [score.points for score in scores.values()] == list(range(len(known)))
    assert known[0] in scores
    assert b"\2" * 32 not in Scores.none()


@ANY_TIME
@given(facts(), st.sampled_from([DEFAULT, LITERAL]))
def test_scores_are_in_their_bounds(given_facts: Facts, parameters: Parameters) -> None:
    """Points fit in 32 bits, reputation in 0 to 10,000; users and the uncovered have no points."""
    scores = score(given_facts, {}, parameters)
    assert scores.keys() == given_facts.actors.keys()
    for who, found in scores.items():
        node = given_facts.actors[who]
        assert 0 <= found.points <= U32_MAX
        assert 0 <= found.reputation.value <= MAX_REPUTATION
        if node is None or not node.is_covered:
            assert found.points == 0


@ANY_TIME
@given(facts(), st.sampled_from([DEFAULT, LITERAL]), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(given_facts: Facts, parameters: Parameters, random: Random) -> None:
    """Shuffled facts give the same scores and the same digest."""

    def shuffled(mapping: dict[bytes, object]) -> dict[bytes, object]:
        entries = list(mapping.items())
        random.shuffle(entries)
        return dict(entries)

    other = Facts(
        actors=shuffled(dict(given_facts.actors)),  # type: ignore[arg-type]
        measurements={
            who: random.sample(list(m), len(m))
            for who, m in shuffled(dict(given_facts.measurements)).items()  # type: ignore[arg-type, call-overload]
        },
        work=shuffled(dict(given_facts.work)),  # type: ignore[arg-type]
    )
    one, two = score(given_facts, {}, parameters), score(other, {}, parameters)
    assert one == two
    assert scoring.digest(scores_in_columns(one)) == scoring.digest(scores_in_columns(two))


@ANY_TIME
@given(measurements, classes)
def test_a_spoofed_number_wins_no_more_than_the_cap(measurement: Measurement, hardware_class: str) -> None:
    """Whatever is claimed, performance is at most the cap to the tenth power."""
    rows = np.array([(b"", *astuple(measurement))], scoring.MEASUREMENT)
    reference = np.array([[getattr(REFERENCES[hardware_class], name) for name in EXPONENTS]])
    assert 0 <= performance(rows, reference, DEFAULT.cap_bp)[0] <= DEFAULT.cap_bp ** sum(EXPONENTS.values())


@ANY_TIME
@given(nodes(), measurements, st.sampled_from(["bandwidth", "memory", "clock", "compute"]), u32)
def test_more_is_never_less(node: Node, measurement: Measurement, name: str, more: int) -> None:
    """Points do not fall when a measurement rises."""
    measurement = replace(measurement, passed=True, latency=0)
    better = replace(measurement, **{name: min(getattr(measurement, name) + more, U32_MAX)})
    assert points_of(node, better) >= points_of(node, measurement)


@ANY_TIME
@given(nodes())
def test_no_node_exceeds_the_bound(node: Node) -> None:
    """At full reputation and with every number spoofed, points stay below the documented bound."""
    spoofed = Measurement(U32_MAX, U32_MAX, U32_MAX, U32_MAX, 0, True)
    assert points_of(node, spoofed, reputation=MAX_REPUTATION) <= DEFAULT.points_bound <= U32_MAX


def test_a_reference_processor_has_a_hundred_points() -> None:
    """Times multiplier, times processors, times the part of challenges that it passed."""
    node = node_of("H100", 8)
    good = perfect(node)
    failed = replace(good, passed=False)
    late = replace(good, latency=DEFAULT.max_latency_us + 1)
    assert points_of(node_of("4090"), perfect(node_of("4090"))) == 125
    assert points_of(node, good) == 100 * 10 * 8
    assert points_of(node, good, failed, good, late) == 100 * 10 * 8 // 2
    assert points_of(node, failed) == points_of(node) == 0
    assert points_of(replace(node, collateral=node.collateral - 1), good) == 0


def test_exponents_are_the_designs() -> None:
    """`b⁴ · t³ · m² · c`: half of one measurement costs its power of two."""
    node = node_of("H100", 8)
    for name, exponent in {"bandwidth": 4, "compute": 3, "memory": 2, "clock": 1}.items():
        halved = replace(perfect(node), **{name: getattr(perfect(node), name) // 2})
        assert points_of(node, halved) == 8_000 >> exponent


def test_one_verifier_that_lies_does_not_decide() -> None:
    """The lower median of three challenges is the middle one."""
    node = node_of()
    spoofed = Measurement(U32_MAX, U32_MAX, U32_MAX, U32_MAX, 0, True)
    assert points_of(node, perfect(node), spoofed, perfect(node)) == 1_000


def test_high_reputation_is_a_bonus_on_points() -> None:
    """By bands: 5, 10 and 15 percent from 5,000, 7,500 and 9,000 on."""
    bounds = (0, 4_999, 5_000, 7_499, 7_500, 8_999, 9_000, 10_000)
    assert [DEFAULT.bonus_bp(r) for r in bounds] == [0, 0, 500, 500, 1_000, 1_000, 1_500, 1_500]
    assert Parameters(bonus_bands=()).bonus_bp(10_000) == 0
    assert points_of(node_of(), perfect(node_of()), reputation=10_000) == 1_150


def test_a_class_without_a_reference_is_named() -> None:
    """Nobody can say what it is worth: better late than wrong."""
    stranger = replace(node_of(), hardware_class="X9")
    with pytest.raises(UnknownClass, match="'X9'"):
        points_of(stranger, perfect(node_of()))
    assert points_of(stranger) == 0


def test_literal_points_keep_their_proportions() -> None:
    """The literal product is scaled into 32 bits by one number for all."""
    one, two = node_of("H100"), node_of("H100", 2)
    measured = {actor(1): [perfect(one)], actor(2): [perfect(two)]}
    scores = score(Facts({actor(1): one, actor(2): two}, measured, {}), {}, LITERAL)
    assert scores[actor(2)].points == U32_MAX
    assert scores[actor(1)].points == U32_MAX // 2


@ANY_TIME
@given(reputations, activities)
def test_reputation_stays_in_its_range(before: Reputation, activity: Activity) -> None:
    """And only idleness counts up."""
    result = after(before, activity)
    assert 0 <= result.value <= MAX_REPUTATION
    assert (result.idle_epochs == 0) == (not activity.is_idle)


@ANY_TIME
@given(reputations, activities)
def test_failures_never_help(before: Reputation, activity: Activity) -> None:
    """One challenge failed instead of passed costs reputation, or leaves it at zero."""
    better = replace(activity, passed=activity.passed + 1)
    worse = replace(activity, failed=activity.failed + 1)
    assert after(before, worse).value <= after(before, better).value
    if not activity.is_idle:
        for loss in ("failed_jobs", "disputes_lost"):
            with_it = replace(activity, **{loss: getattr(activity, loss) + 1})
            assert after(before, with_it).value <= after(before, activity).value


def test_reputation_is_earned_slowly_and_fades_slowly() -> None:
    """An hour of work and four challenges bring 50; a day of idleness takes a hundredth."""
    hour = Activity(passed=4, settled_seconds=3_600)
    assert after(Reputation(), hour) == Reputation(50)
    huge = Activity(passed=1_000, settled_seconds=10**6, settled_usd=10**15, finished_jobs=1_000)
    assert after(Reputation(), huge) == Reputation(40 + 60 + 60 + 20)
    assert after(Reputation(150), Activity(failed=1)) == Reputation(50)
    assert after(Reputation(600), Activity(failed_jobs=1)) == Reputation(400)
    assert after(Reputation(600), Activity(disputes_lost=2)) == Reputation(0)
    held = Reputation(5_050)
    for _ in range(23):
        held = after(held, IDLE)
    assert held == Reputation(5_050, 23)
    assert after(held, IDLE) == Reputation(4_999, 24)
    assert after(Reputation(1, 23), IDLE).value == 0


def test_users_earn_reputation_by_dollars_and_jobs() -> None:
    """Ten dollars are one, a finished job is five; a lost dispute costs 300; a user has no points."""
    work = Work(settled_usd=55_000_000, finished_jobs=2)
    scores = score(Facts({actor(1): None}, {}, {actor(1): work}), {})
    assert scores[actor(1)] == Score(0, Reputation(15))
    before = {actor(1): Score(0, Reputation(1_000))}
    lost = score(Facts({actor(1): None}, {}, {actor(1): replace(work, disputes_lost=1)}), before)
    assert lost[actor(1)] == Score(0, Reputation(715))


def test_the_digest_is_of_sorted_rows() -> None:
    """SHA-256 over actor, points and reputation, 38 bytes each, whatever the order they come in."""
    rows = [(bytes([2] * 32), 7, 8), (bytes([1] * 32), 5, 6)]
    written = bytes([1] * 32) + b"\x05\0\0\0\x06\0" + bytes([2] * 32) + b"\x07\0\0\0\x08\0"
    assert digest_of_rows(rows) == digest_of_rows(reversed(rows)) == sha256(written).digest()
    assert scoring.digest(Scores.none()) == sha256(b"").digest()


def test_parameters_that_would_not_fit_are_refused() -> None:
    """A cap under which points pass 32 bits is no cap."""
    with pytest.raises(ValueError, match="32 bits"):
        Parameters(cap_bp=13_000)
    with pytest.raises(ValueError, match="out of range"):
        Parameters(cap_bp=BPS - 1)
    for bands in (((5_000, 500), (4_000, 600)), ((5_000, 500), (6_000, 500)), ((0, 1),), ((10_001, 1),)):
        with pytest.raises(ValueError, match="bands of the bonus rise"):
            Parameters(bonus_bands=bands)


def test_every_published_class_has_a_reference() -> None:
    """None is left without points."""
    assert REFERENCES.keys() == CLASS_MULTIPLIERS_BP.keys()
