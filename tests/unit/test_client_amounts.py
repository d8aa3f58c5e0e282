"""Decimals become base units and come back, exactly; everything else is refused by name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.amounts import IO, U64_MAX, USD, AmountRefused, Unit, format_bp, format_io

amounts = st.integers(0, U64_MAX)
units = st.sampled_from([IO, USD])


@given(units, amounts)
def test_what_is_shown_can_be_given(unit: Unit, amount: int) -> None:
    """The shown decimal, without its commas, is the same amount."""
    assert unit.parse(unit.format(amount).replace(",", ""), zero_ok=True) == amount


@given(units, amounts)
def test_decimal_and_text_are_the_same(unit: Unit, amount: int) -> None:
    """`Decimal` is exact at every size."""
    exact = Decimal(amount).scaleb(-unit.decimals)
    assert unit.parse(exact, zero_ok=True) == unit.parse(format(exact, "f"), zero_ok=True) == amount


@given(units, st.text())
def test_other_text_is_refused_and_never_crashes(unit: Unit, text: str) -> None:
    """Either an exact amount in range, or `AmountRefused`."""
    try:
        amount = unit.parse(text)
    except AmountRefused:
        return
    assert 0 < amount <= U64_MAX
    assert Decimal(text.strip()) * unit.base == amount


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", 10**8), ("0.00000001", 1), ("12.5", 1_250_000_000), (" 7 ", 7 * 10**8), ("0.10", 10**7), (3, 3 * 10**8)],
)
def test_amounts_of_io(text: str | int, expected: int) -> None:
    """Eight decimals."""
    assert IO.parse(text) == expected


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("0.000000001", "has 9 decimals: IO has at most 8"),
        ("-1", "-1 IO is negative"),
        ("0", "0 IO is zero"),
        ("0.0", "is zero"),
        ("184467440737.09551616", "184467440737.09551616 IO is more than there can be"),
        ("9" * 5_000, "is more than there can be"),
        ("abc", "'abc' is no amount of IO"),
        ("", "'' is no amount"),
        ("1,000", "'1,000' is no amount"),
        ("1e3", "'1e3' is no amount"),
        ("nan", "'nan' is no amount"),
        ("٣", "is no amount"),
        (".5", "'.5' is no amount"),
        (1.5, "1.5 is no exact amount"),
        (True, "True is no exact amount"),
        (Decimal("NaN"), "NaN is no amount"),
        (Decimal("1E+1000"), "is no amount"),
    ],
)
def test_bad_amounts_are_named(value: Any, said: str) -> None:
    """The message has the value and the reason."""
    with pytest.raises(AmountRefused) as caught:
        IO.parse(value)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 200


def test_the_largest_amounts() -> None:
    """2^64 − 1 base units, and one more."""
    assert USD.parse("18446744073709.551615") == U64_MAX
    with pytest.raises(AmountRefused, match="more than there can be"):
        USD.parse("18446744073709.551616")


def test_how_amounts_look() -> None:
    """Thousands separated, at least two decimals, no rounding."""
    assert format_io(456_621_004_566) == "4,566.21004566"
    assert USD.show(-1_500_000) == "-1.50 USD"
    assert USD.show(0) == "0.00 USD"
    assert [format_bp(bp) for bp in (-200, 5, 6_000)] == ["-2.00%", "0.05%", "60.00%"]
    with pytest.raises(TypeError, match="whole numbers"):
        IO.format(1.5)  # type: ignore[arg-type] # on purpose
