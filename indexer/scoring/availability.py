"""Points: how well nodes could be measured in an epoch.

Integers only. A measurement is rounded down to basis points of its reference, and the points once more at the end.
Products have up to 320 bits: they are Python's integers in arrays, exact whatever their size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import repeat
from operator import mul
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.scoring.facts import Integers, Objects, Rows
from indexer.scoring.parameters import BPS, DEGREE, EXPONENTS, POINTS_PER_PROCESSOR, U32_MAX, Parameters

_I64_MAX: Final = 2**63 - 1
_LIMB_BITS: Final = 62
"""Of a number in parts that fit into 64 bits, so that numpy can sort by them."""


class UnknownClass(ValueError):
    """A hardware class without a reference: nobody can say what its measurements are worth."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The measurements of nodes that are scored, with the place of each one's node among the actors."""

    rows: Rows
    """`MEASUREMENT`."""
    place: Integers
    passed: NDArray[np.bool_]
    """Which challenges count as passed: the verifier says so, and the answer did not come too late."""


def points(actors: Rows, measured: Measured, reputation: Integers, parameters: Parameters) -> NDArray[np.uint32]:
    """The points of `actors` (`ACTOR`) in one epoch, rounded down; `reputation` is theirs before the epoch.

    Lower median of `P` over the challenges passed, times their part of all, times multiplier and processors and
    the bonus of reputation. Nothing without collateral, without a challenge, or where all failed. The order of the
    measurements does not matter. Raises `UnknownClass`.

    Normalised points fit into 32 bits by the bound of `Parameters.points_bound`. Literal ones are divided by the
    same number, the least that makes the greatest fit.
    """
    found = np.zeros(len(actors), np.uint32)
    is_covered = actors["collateral"] >= actors["collateral_required"]
    counts = measured.passed & is_covered[measured.place]
    rows, place = measured.rows[counts], measured.place[counts]
    if not len(rows):
        return found
    passed = np.bincount(place, minlength=len(actors))
    who = np.flatnonzero(passed)
    if parameters.mode == "literal":
        values, unit = literal(rows), 1
    else:
        values, unit = performance(rows, _references(actors, place, parameters), parameters.cap_bp), BPS**DEGREE
    node = actors[who]
    scale = _product(
        (node["multiplier_bp"], node["processors"], BPS + _bonus_bp(reputation[who], parameters), passed[who])
    )
    numerators = POINTS_PER_PROCESSOR * _medians(values, place) * scale
    challenges = np.bincount(measured.place, minlength=len(actors))[who].astype(object)
    if parameters.mode == "literal":
        found[who] = _into_32_bits(numerators, challenges, unit * BPS * BPS)
    else:
        found[who] = np.minimum(numerators // (challenges * (unit * BPS * BPS)), U32_MAX)
    return found


def performance(rows: Rows, references: Integers, cap_bp: int) -> Objects:
    """`P = b⁴ · t³ · m² · c` of ratios to the reference in basis points, each capped; in units of 10,000⁻¹⁰.

    `rows` are of `MEASUREMENT`; `references` has a row for each, in the order of `EXPONENTS`.
    """
    ratios = (np.minimum(rows[name] * BPS // references[:, n], cap_bp) for n, name in enumerate(EXPONENTS))
    return _product(_powers(ratios))


def literal(rows: Rows) -> Objects:
    """`P = b⁴ · t³ · m² · c` of the measurements as they are."""
    return _product(_powers(rows[name] for name in EXPONENTS))


def _powers(columns: Iterable[Integers]) -> Iterator[Integers]:
    """Each column, in the order of `EXPONENTS`, as often as its exponent says."""
    for column, exponent in zip(columns, EXPONENTS.values(), strict=True):
        yield from repeat(column, exponent)


def _product(factors: Iterable[Integers]) -> Objects:
    """The exact product of columns of numbers from 0 on: in 64 bits as long as it fits, which is much faster."""
    parts: list[Integers] = []
    bound = 0
    for factor in factors:
        greatest = int(factor.max(initial=1))
        if parts and bound * greatest <= _I64_MAX:
            parts[-1] = parts[-1] * factor
            bound *= greatest
        else:
            parts.append(factor)
            bound = greatest
    product: Objects = reduce(mul, (part.astype(object) for part in parts))
    return product


def _references(actors: Rows, place: Integers, parameters: Parameters) -> Integers:
    """What is expected of the node of each measurement, in the order of `EXPONENTS`. Raises `UnknownClass`."""
    expected = np.zeros((len(actors), len(EXPONENTS)), np.int64)
    for name, reference in parameters.references.items():
        expected[actors["hardware_class"] == name.encode()] = [getattr(reference, key) for key in EXPONENTS]
    strangers = place[expected[place, 0] == 0]
    if len(strangers):
        name = bytes(actors["hardware_class"][strangers.min()]).decode(errors="replace")
        raise UnknownClass(f"no reference for the hardware class {name!r}: add one to indexer/scoring/parameters.py")
    return expected[place]


def _bonus_bp(reputation: Integers, parameters: Parameters) -> Integers:
    starts = np.array([start for start, _ in parameters.bonus_bands], np.int64)
    bonuses = np.array([0, *(bonus for _, bonus in parameters.bonus_bands)], np.int64)
    return bonuses[np.searchsorted(starts, reputation, side="right")]


def _medians(values: Objects, place: Integers) -> Objects:
    """The lower median of the values at each place, by rising places."""
    order = np.argsort(place, kind="stable")
    _, starts, counts = np.unique(place[order], return_index=True, return_counts=True)
    several = np.flatnonzero(np.repeat(counts > 1, counts))
    among = order[several]
    order[several] = among[np.lexsort((*_limbs(values[among]), place[among]))]
    medians: Objects = values[order[starts + (counts - 1) // 2]]
    return medians


def _limbs(values: Objects) -> list[Integers]:
    """The values in parts that numpy can sort by, the least significant first."""
    bits = int(max(values, default=0)).bit_length()
    mask = (1 << _LIMB_BITS) - 1
    return [(values >> shift & mask).astype(np.int64) for shift in range(0, max(bits, 1), _LIMB_BITS)]


def _into_32_bits(numerators: Objects, denominators: Objects, unit: int) -> Objects:
    """The fractions `numerator / (denominator · unit)`, all divided by what makes the greatest fit, rounded down."""
    common = int(np.lcm.reduce(denominators))
    over_common = numerators * (common // denominators)
    greatest = int(max(over_common))
    if greatest <= U32_MAX * common * unit:
        fitting: Objects = over_common // (common * unit)
        return fitting
    scaled: Objects = U32_MAX * over_common // greatest
    return scaled
