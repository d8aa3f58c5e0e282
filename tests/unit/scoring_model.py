"""Scoring one actor at a time: the plain model that the columns of `indexer.scoring` are held against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from client.economics import SECONDS_PER_HOUR
from indexer import scoring
from indexer.scoring import ACTOR, MEASUREMENT, WORK, Parameters, Reference, Reputation, Score, UnknownClass
from indexer.scoring import reputation as in_epoch
from indexer.scoring.parameters import (
    BPS,
    DEGREE,
    EXPONENTS,
    MAX_REPUTATION,
    POINTS_PER_PROCESSOR,
    U32_MAX,
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a challenge measured of a node."""

    bandwidth: int
    """Mbit/s, as are all of these u32."""
    memory: int
    """MB."""
    clock: int
    """MHz."""
    compute: int
    """GFLOP/s."""
    latency: int
    """Microseconds."""
    passed: bool


@dataclass(frozen=True, slots=True)
class Node:
    """A node as it stands at the end of an epoch."""

    hardware_class: str
    processors: int
    multiplier_bp: int
    """10,000 = 1."""
    collateral: int
    """IO base units, as is what is required."""
    collateral_required: int

    @property
    def is_covered(self) -> bool:
        """Whether its collateral is in place: below it, it earns nothing."""
        return self.collateral >= self.collateral_required


@dataclass(frozen=True, slots=True)
class Weight:
    """Points before they are rounded: a fraction, so that nothing is lost on the way."""

    numerator: int
    denominator: int


NOTHING = Weight(0, 1)


def has_passed(measurement: Measurement, parameters: Parameters) -> bool:
    """Whether a challenge counts as passed: the verifier says so, and the answer did not come too late."""
    return measurement.passed and measurement.latency <= parameters.max_latency_us


def performance(measurement: Measurement, reference: Reference, cap_bp: int) -> int:
    """`P = b⁴ · t³ · m² · c` of ratios to the reference in basis points, each capped; in units of 10,000⁻¹⁰."""
    product = 1
    for name, exponent in EXPONENTS.items():
        ratio_bp = min(getattr(measurement, name) * BPS // getattr(reference, name), cap_bp)
        product *= ratio_bp**exponent
    return product


def literal(measurement: Measurement) -> int:
    """`P = b⁴ · t³ · m² · c` of the measurements as they are."""
    product = 1
    for name, exponent in EXPONENTS.items():
        product *= getattr(measurement, name) ** exponent
    return product


def weigh(node: Node, measurements: Sequence[Measurement], reputation: int, parameters: Parameters) -> Weight:
    """A node's points of one epoch, unrounded; `reputation` is that before the epoch.

    Lower median of `P` over the challenges passed, times their part of all, times multiplier and processors and
    the bonus of reputation. Nothing without collateral, without a challenge, or where all failed. The order of
    `measurements` does not matter. Raises `UnknownClass`.
    """
    passed = [measurement for measurement in measurements if has_passed(measurement, parameters)]
    if not node.is_covered or not passed:
        return NOTHING
    if parameters.mode == "literal":
        values, unit = [literal(measurement) for measurement in passed], 1
    else:
        reference = parameters.references.get(node.hardware_class)
        if reference is None:
            raise UnknownClass(
                f"no reference for the hardware class {node.hardware_class!r}: add one to indexer/scoring/parameters.py"
            )
        values = [performance(measurement, reference, parameters.cap_bp) for measurement in passed]
        unit = BPS**DEGREE
    median = sorted(values)[(len(values) - 1) // 2]
    scale = node.multiplier_bp * node.processors * (BPS + parameters.bonus_bp(reputation))
    return Weight(
        numerator=POINTS_PER_PROCESSOR * median * len(passed) * scale,
        denominator=unit * len(measurements) * BPS * BPS,
    )


def points(weights: Mapping[bytes, Weight], parameters: Parameters) -> dict[bytes, int]:
    """An epoch's weights as points, rounded down, 0 to 2³² − 1.

    Normalised weights fit by the bound of `Parameters.points_bound`. Literal ones are divided by the same number,
    the least that makes the greatest fit.
    """
    if parameters.mode == "normalised":
        return {actor: min(weight.numerator // weight.denominator, U32_MAX) for actor, weight in weights.items()}
    greatest = _greatest(weights.values())
    if greatest.numerator <= U32_MAX * greatest.denominator:
        return {actor: weight.numerator // weight.denominator for actor, weight in weights.items()}
    return {
        actor: U32_MAX * weight.numerator * greatest.denominator // (weight.denominator * greatest.numerator)
        for actor, weight in weights.items()
    }


def _greatest(weights: Iterable[Weight]) -> Weight:
    greatest = NOTHING
    for weight in weights:
        if weight.numerator * greatest.denominator > greatest.numerator * weight.denominator:
            greatest = weight
    return greatest


@dataclass(frozen=True, slots=True)
class Activity:
    """What an actor did in one epoch, and what was found against it."""

    passed: int = 0
    """Challenges."""
    failed: int = 0
    settled_seconds: int = 0
    """Of work that was paid for."""
    settled_usd: int = 0
    """USD base units, gross, that its jobs paid."""
    finished_jobs: int = 0
    """That were worked on."""
    failed_jobs: int = 0
    """That it lost because it went silent."""
    disputes_lost: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether it did nothing that counts."""
        return self == IDLE


IDLE = Activity()


def after(before: Reputation, activity: Activity, parameters: Parameters) -> Reputation:
    """Reputation after an epoch with this activity.

    Gains are capped by the epoch, so it takes time, not volume, to be trusted; losses are not. Decay takes a part
    of what is there, rounded up, so that it ends at zero.
    """
    p = parameters
    if activity.is_idle:
        idle_epochs = before.idle_epochs + 1
        decays = idle_epochs % p.decay_epochs == 0
        loss = -(-before.value * p.decay_bp // BPS) if decays else 0
        return Reputation(before.value - loss, idle_epochs)
    gain = (
        min(activity.passed * p.passed_gain, p.passed_gain_cap)
        + min(activity.settled_seconds * p.work_gain_per_hour // SECONDS_PER_HOUR, p.work_gain_cap)
        + min(activity.settled_usd // p.usd_per_gain, p.usd_gain_cap)
        + min(activity.finished_jobs * p.finished_gain, p.finished_gain_cap)
    )
    loss = (
        activity.failed * p.failed_loss
        + activity.failed_jobs * p.failed_job_loss
        + activity.disputes_lost * p.dispute_loss
    )
    value = before.value + gain - loss
    return Reputation(min(max(value, 0), MAX_REPUTATION), 0)


@dataclass(frozen=True, slots=True)
class Work:
    """What an actor's jobs came to in one epoch; units as in `Activity`."""

    settled_seconds: int = 0
    settled_usd: int = 0
    finished_jobs: int = 0
    failed_jobs: int = 0
    disputes_lost: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What the chain says of one epoch. Keys are actors' addresses, 32 bytes."""

    actors: Mapping[bytes, Node | None]
    """Everyone who can earn at the end of the epoch; None for a user."""
    measurements: Mapping[bytes, Sequence[Measurement]]
    """Of nodes, in any order; of strangers too, whom nobody scores."""
    work: Mapping[bytes, Work]


def score(facts: Facts, before: Mapping[bytes, Score], parameters: Parameters) -> dict[bytes, Score]:
    """The scores of an epoch from its facts and the scores of the epoch before it. Raises `UnknownClass`."""
    weights, reputations = {}, {}
    for actor, node in facts.actors.items():
        held = before[actor].reputation if actor in before else Reputation()
        measured = facts.measurements.get(actor, ()) if node is not None else ()
        weights[actor] = NOTHING if node is None else weigh(node, measured, held.value, parameters)
        reputations[actor] = after(held, _activity(measured, facts.work.get(actor), parameters), parameters)
    return {actor: Score(value, reputations[actor]) for actor, value in points(weights, parameters).items()}


def _activity(measured: Sequence[Measurement], work: Work | None, parameters: Parameters) -> Activity:
    if not measured and work is None:
        return IDLE
    passed = sum(has_passed(measurement, parameters) for measurement in measured)
    return Activity(passed, len(measured) - passed, **({} if work is None else asdict(work)))


def in_columns(facts: Facts) -> scoring.Facts:
    """The same facts as the indexer reads them: sorted actors, one row a measurement."""
    actors = [
        (who, False, b"", 0, 0, 0, 0)
        if node is None
        else (
            who,
            True,
            node.hardware_class.encode(),
            node.processors,
            node.multiplier_bp,
            node.collateral,
            node.collateral_required,
        )
        for who, node in sorted(facts.actors.items())
    ]
    measurements = [(who, *asdict(m).values()) for who, measured in facts.measurements.items() for m in measured]
    work = [(who, *asdict(done).values()) for who, done in facts.work.items()]
    return scoring.Facts(np.array(actors, ACTOR), np.array(measurements, MEASUREMENT), np.array(work, WORK))


def scores_in_columns(scores: Mapping[bytes, Score]) -> scoring.Scores:
    """The same scores as the indexer keeps them."""
    rows = [(who, s.points, s.reputation.value, s.reputation.idle_epochs) for who, s in sorted(scores.items())]
    return scoring.Scores(np.array(rows, scoring.SCORE))


def after_in_columns(before: Reputation, activity: Activity, parameters: Parameters) -> Reputation:
    """What the columns make of one actor's reputation."""
    passed, failed, *work = asdict(activity).values()
    columns = in_epoch.Activity(np.array([passed]), np.array([failed]), np.array([(b"", *work)], WORK))
    value, idle = in_epoch.after(np.array([before.value]), np.array([before.idle_epochs]), columns, parameters)
    return Reputation(int(value[0]), int(idle[0]))
