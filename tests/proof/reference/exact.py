"""Numbers without rounding; when changes count; what the schedule gives. Shares no code with client or programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from typing import Any

HOUR = 3_600
WHOLE = 10_000
"""Basis points."""
Q64 = 2**64


FIRST_YEAR = 500_000_000 * 10**8 * 8 // 100
"""IO base units that a year of the first hour's emission would be: 8% of the genesis."""
FALL = Decimal("0.0000138869523959793")
"""By which each hour emits less than the one before it."""


class Mismatch(AssertionError):
    """Chain and reference do not agree."""


def same(found: Any, wanted: Any, *what: Any) -> None:
    """Refuses what is not equal to the base unit."""
    if found != wanted:
        raise Mismatch(f"{_text(what)}: the chain has {found}, the reference {wanted}")


def down(found: int, exact: Fraction | int, *what: Any, dust: Fraction | int = 0) -> None:
    """Refuses what is not the exact value rounded down; `dust`: by how much the chain may know it otherwise."""
    if not exact - 1 - dust < found <= exact + dust:
        raise Mismatch(f"{_text(what)}: the chain has {found}, rounded down it is {float(exact)}, dust {float(dust)}")


def up(found: int, exact: Fraction | int, *what: Any) -> None:
    """Refuses what is not the exact value rounded up."""
    if not exact <= found < exact + 1:
        raise Mismatch(f"{_text(what)}: the chain has {found}, rounded up it is {float(exact)}")


def near(found: Fraction | int, exact: Fraction | int, slack: Fraction | int, *what: Any) -> None:
    """Refuses what is further from the exact value than `slack`."""
    if abs(Fraction(found) - exact) > slack:
        raise Mismatch(f"{_text(what)}: the chain has {float(found)}, the reference {float(exact)} ± {float(slack)}")


def _text(what: tuple[Any, ...]) -> str:
    return " ".join(map(str, what))


@dataclass
class Setting:
    """Something that changes at announced times: all its values, so that any time can be asked for."""

    changes: list[tuple[int, Any]] = field(default_factory=list)
    """From when (Unix seconds), and what."""

    @classmethod
    def of(cls, current: Any, following: Any, following_at: int) -> Setting:
        """As an account says it."""
        return cls([(-(2**62), current), *([(following_at, following)] if following_at else [])])

    def at(self, now: int) -> Any:
        """What counts at a time."""
        return [value for since, value in self.changes if since <= now][-1]

    def propose(self, value: Any, now: int, since: int) -> None:
        """Announces a change, in the place of one that waits."""
        self.changes = [*[change for change in self.changes if change[0] <= now], (since, value)]


def epoch_start_from(genesis: int, time: int) -> int:
    """The first start of an epoch at or after a time."""
    return max(genesis, genesis + -((genesis - time) // HOUR) * HOUR)


@cache
def scheduled(epoch: int) -> int:
    """`M(t)`, IO base units, rounded down from 60 exact digits; the cap from the last epoch on."""
    if epoch >= 175_319:
        return 300_000_000 * 10**8
    with localcontext() as context:
        context.prec = 60
        return int(Decimal(FIRST_YEAR) / 8760 * (1 - (1 - FALL) ** epoch) / FALL)


def part(amount: Fraction | int, bp: int) -> Fraction:
    """So many basis points of an amount."""
    return Fraction(amount) * bp / WHOLE
