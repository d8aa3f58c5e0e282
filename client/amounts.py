"""Amounts: decimals in, decimals out, base units in between. Never a float."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from client.errors import IonetError

U64_MAX = (1 << 64) - 1
_DECIMAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?", re.ASCII)


class AmountRefused(IonetError):
    """A value that is no amount."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A token's unit: what people say, and how many decimals the base unit has."""

    name: str
    decimals: int

    @property
    def base(self) -> int:
        """Base units of one."""
        return int(10**self.decimals)

    def parse(self, value: str | Decimal | int, *, zero_ok: bool = False) -> int:
        """Base units of a decimal, exactly; zero is refused unless it is allowed."""
        text = self._text(value)
        found = _DECIMAL.fullmatch(text)
        if not found:
            raise AmountRefused(f"{text!r} is no amount of {self.name}: give a decimal such as 12.5")
        sign, whole, fraction = found[1], found[2], (found[3] or "").rstrip("0")
        if len(fraction) > self.decimals:
            raise AmountRefused(
                f"{text} {self.name} has {len(fraction)} decimals: {self.name} has at most {self.decimals}"
            )
        # Bounded before it is converted: int() of a long text is slow, and refused past 4,300 digits.
        if len(whole.lstrip("0")) > 20:
            raise AmountRefused(f"{_short(text)} {self.name} is more than there can be")
        amount = int(whole) * self.base + int(fraction.ljust(self.decimals, "0") or "0")
        if sign and amount:
            raise AmountRefused(f"{text} {self.name} is negative: give more than zero")
        if amount > U64_MAX:
            raise AmountRefused(f"{text} {self.name} is more than there can be: at most {self.format(U64_MAX)}")
        if amount == 0 and not zero_ok:
            raise AmountRefused(f"{text} {self.name} is zero: give more than zero")
        return amount

    def format(self, amount: int) -> str:
        """Base units as a decimal with thousands separated, exactly: `4,566.21004566`."""
        if type(amount) is not int:
            raise TypeError(f"base units are whole numbers, not {amount!r}")
        whole, fraction = divmod(abs(amount), self.base)
        digits = f"{fraction:0{self.decimals}d}".rstrip("0").ljust(2, "0")
        return f"{'-' if amount < 0 else ''}{whole:,}.{digits}"

    def show(self, amount: int) -> str:
        """With the unit: `4,566.21004566 IO`."""
        return f"{self.format(amount)} {self.name}"

    def _text(self, value: object) -> str:
        # bool is an int, and a float has lost the decimal that was written.
        if isinstance(value, bool) or not isinstance(value, (str, Decimal, int)):
            raise AmountRefused(f"{value!r} is no exact amount of {self.name}: give text, Decimal or int")
        if isinstance(value, Decimal):
            if not value.is_finite() or abs(value.adjusted()) > 40:
                raise AmountRefused(f"{value} is no amount of {self.name}")
            return format(value, "f")
        return str(value).strip()


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}…"


IO = Unit("IO", 8)
USD = Unit("USD", 6)

NANO_USD = Unit("USD", 9)
"""Prices: nano-dollars for one IO or one processor-hour."""


def format_io(amount: int) -> str:
    """IO base units as a decimal."""
    return IO.format(amount)


def format_usd(amount: int) -> str:
    """USD base units as a decimal."""
    return USD.format(amount)


def format_bp(basis_points: int) -> str:
    """Basis points as percent: `60.00%`."""
    sign = "-" if basis_points < 0 else ""
    whole, fraction = divmod(abs(basis_points), 100)
    return f"{sign}{whole}.{fraction:02d}%"
