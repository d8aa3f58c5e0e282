"""Curves over the years: a number, points joined by straight lines, or growth. Integers, one value a day.

A curve is read once, into whole numbers of its smallest unit; between two points the value is the exact line,
rounded down. Growth is computed at the twelfths of a year, in decimals, and joined by lines as well: the same file
gives the same integers on every machine.
"""

from bisect import bisect_right
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal

HOURS_PER_DAY = 24
HOURS_PER_YEAR = 8_766
"""365.25 days; 20 years are one hour longer than the emission's 175,319."""
_TWELFTHS = 12
_EXACT = Context(prec=40)


@dataclass(frozen=True, slots=True)
class Curve:
    """Whole numbers at hours since genesis; straight lines between them, flat after the last."""

    hours: tuple[int, ...]
    """The first is 0; they rise."""
    values: tuple[int, ...]
    """As many, in the curve's smallest unit."""

    def at(self, hour: int) -> int:
        """The value at an hour since genesis, rounded down."""
        right = bisect_right(self.hours, hour)
        if right == len(self.hours):
            return self.values[-1]
        (from_hour, to_hour), (low, high) = self.hours[right - 1 : right + 1], self.values[right - 1 : right + 1]
        return low + (high - low) * (hour - from_hour) // (to_hour - from_hour)


def constant(value: int) -> Curve:
    """The same for ever."""
    return Curve((0,), (value,))


def through(points: list[tuple[Decimal, int]]) -> Curve:
    """Straight lines through (year, value); the first year is 0, and each is at least an hour after the one before."""
    return Curve(tuple(hour_of(year) for year, _ in points), tuple(value for _, value in points))


def growing(start: int, yearly: Decimal, limit: int | None, years: int) -> Curve:
    """`start · yearly^year`, rounded down, never beyond `limit` where there is one."""
    values = []
    for twelfth in range(years * _TWELFTHS + 1):
        factor = _EXACT.power(yearly, _EXACT.divide(Decimal(twelfth), Decimal(_TWELFTHS)))
        value = int(_EXACT.multiply(Decimal(start), factor).to_integral_value(ROUND_FLOOR))
        if limit is not None:
            value = min(value, limit) if yearly >= 1 else max(value, limit)
        values.append(value)
    hours = (twelfth * HOURS_PER_YEAR // _TWELFTHS for twelfth in range(len(values)))
    return Curve(tuple(hours), tuple(values))


def hour_of(year: Decimal) -> int:
    """The hour since genesis of a (broken) year, rounded down."""
    return int((year * HOURS_PER_YEAR).to_integral_value(ROUND_FLOOR))
