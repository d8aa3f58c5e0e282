"""The Python mirror against the rows that the Rust crate wrote."""

import json
import re
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from client import economics

HERE = Path(__file__).parent
INPUTS: dict[str, type] = {
    "claim": economics.ClaimInput,
    "distribute": economics.DistributeInput,
    "rate_per_hour": economics.QuoteInput,
    "sale": economics.SaleInput,
    "settle": economics.SettleInput,
    "slash": economics.SlashInput,
}
"""The functions that take one structure; the others take the arguments of a row by name."""
FUNCTIONS = {
    "accumulator": ["accrue", "distribute", "whole"],
    "auction": ["premium_bp", "sale", "waited_after"],
    "median": ["lower_median"],
    "pool": ["join_shares", "shares_for", "slash", "split_shares", "value_of"],
    "quote": ["collateral", "deposit", "rate_per_hour"],
    "schedule": ["cumulative", "emission", "epoch_at", "epoch_end", "epoch_start", "epoch_start_from"],
    "settlement": ["dispute_bond", "earned", "settle", "user_coupons"],
    "vesting": ["vested"],
    "splits": ["bps_ceil", "bps_floor", "claim", "epoch_halves", "halves_across"],
}
TABLES = [(file, function) for file, functions in FUNCTIONS.items() for function in functions]


def rows_of(file: str) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = json.loads((HERE / f"{file}.json").read_text())
    return tables


def plain(value: Any) -> Any:
    """A value of a row as Python has it: integers above 64 bits are decimal strings there."""
    if isinstance(value, str):
        return int(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value


def shown(value: Any) -> Any:
    """A result of the mirror in the form of a row."""
    if isinstance(value, tuple):
        return list(value)
    slots = getattr(value, "__slots__", None)
    return dict(zip(slots, astuple(value), strict=True)) if slots else value


def call(function: str, arguments: dict[str, Any]) -> Any:
    mirror: Callable[..., Any] = getattr(economics, function)
    if function in INPUTS:
        return mirror(INPUTS[function](**arguments))
    if function == "epoch_halves":
        return mirror(arguments["amount"], arguments["availability_bp"])
    return mirror(**arguments)


def test_every_table_is_checked() -> None:
    """No file or function of the vectors goes unread."""
    found = {path.stem: sorted(rows_of(path.stem)) for path in HERE.glob("*.json")}
    assert found == FUNCTIONS


@pytest.mark.parametrize(("file", "function"), TABLES)
def test_mirror_answers_every_row(file: str, function: str) -> None:
    """The mirror gives the result of each row, and refuses for the same reason."""
    rows = rows_of(file)[function]
    assert len(rows) > 20
    for row in rows:
        arguments = plain(row["in"])
        if "refused" in row:
            with pytest.raises(economics.ArithmeticRefused) as refusal:
                call(function, arguments)
            assert refusal.value.reason == row["refused"], row
        else:
            assert shown(call(function, arguments)) == plain(row["out"]), row


BEYOND: dict[str, list[dict[str, Any]]] = {
    "accrue": [
        dict(accrued_q64=1 << 128, units=0, delta_q64=0),
        dict(accrued_q64=0, units=1 << 64, delta_q64=0),
    ],
    "bps_floor": [dict(amount=1 << 64, bp=0), dict(amount=-1, bp=0), dict(amount=0, bp=1 << 16)],
    "bps_ceil": [dict(amount=1.5, bp=0), dict(amount=True, bp=0), dict(amount=0, bp=-1)],
    "claim": [dict(accrued=1 << 64, commission_bp=0, affiliate_bp=0)],
    "collateral": [dict(multiplier_bp=1 << 32, processors=1), dict(multiplier_bp=0, processors=-1)],
    "cumulative": [dict(t=-1), dict(t=1 << 32)],
    "deposit": [dict(rate_per_hour=-1, hours=1), dict(rate_per_hour=1, hours=1 << 32)],
    "dispute_bond": [dict(bond=1 << 64, claimed_seconds=1, accepted_seconds=1)],
    "distribute": [dict(amount=0, carry_q64=-1, total=1)],
    "earned": [dict(rate_per_hour=0, seconds=-1)],
    "epoch_at": [dict(genesis=1 << 63, now=0), dict(genesis=0, now=-(1 << 63) - 1)],
    "epoch_start_from": [dict(genesis=1 << 63, at=0), dict(genesis=0, at=1 << 63)],
    "halves_across": [
        dict(from_exclusive=0, to_inclusive=1, availability_bp=0, next_from_epoch=-1, next_availability_bp=0),
        dict(from_exclusive=0, to_inclusive=1, availability_bp=0, next_from_epoch=0, next_availability_bp=1 << 16),
    ],
    "join_shares": [dict(shares=1, index=1, amount=-1), dict(shares=1 << 64, index=1, amount=0)],
    "lower_median": [dict(values=[1, -1]), dict(values=[1 << 64])],
    "premium_bp": [dict(seconds_since_last_sale=0, start_bp=1 << 15, end_bp=0, ramp_seconds=1)],
    "rate_per_hour": [dict(price_nano_usd=1, processors=1 << 32, discount_bp=0)],
    "sale": [dict(io_max=1, vault_usd=1, price_nano_usd_per_io=1, premium_bp=1 << 31)],
    "settle": [dict(gross=-1, fee_bp=0, affiliate_bp=0, fee_burn_bp=0, dollar_share_bp=3_000, max_bonus_bp=0)],
    "shares_for": [dict(amount=1 << 64, index=1), dict(amount=0, index=-1)],
    "slash": [dict(index=0, stake=1 << 64, shares=0, collateral=0, fraction_bp=0)],
    "split_shares": [dict(shares=1, index=1, amount=-1)],
    "user_coupons": [dict(gross=-1, discount_bp=0), dict(gross=0, discount_bp=1 << 16)],
    "value_of": [dict(shares=-1, index=1), dict(shares=1, index=1 << 64)],
    "vested": [dict(total=1, start=0, end=1, step_seconds=1 << 32, now=0)],
    "whole": [dict(accrued_q64=1 << 128)],
}
"""Arguments that their Rust types cannot hold."""


@pytest.mark.parametrize(("function", "arguments"), [(name, case) for name, cases in BEYOND.items() for case in cases])
def test_mirror_refuses_what_a_type_cannot_hold(function: str, arguments: dict[str, Any]) -> None:
    """An argument outside the range of its Rust type is refused, and the message names it."""
    with pytest.raises(economics.ArithmeticRefused, match=r"^\w+ = .*: Overflow$") as refusal:
        call(function, arguments)
    name = re.match(r"\w+", str(refusal.value))
    assert name is not None
    assert name[0] in {*arguments, "value"}
