"""Points: how well a node could be measured in an epoch.

Integers only. A measurement is rounded down to basis points of its reference, and the points once more at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from indexer.scoring.parameters import (
    BPS,
    DEGREE,
    EXPONENTS,
    POINTS_PER_PROCESSOR,
    U32_MAX,
    Parameters,
    Reference,
)


class UnknownClass(ValueError):
    """A hardware class without a reference: nobody can say what its measurements are worth."""


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
