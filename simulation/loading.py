"""Scenario files: what is read from TOML, and what is refused, with the file, the key and the value."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from client import amounts
from client.economics import (
    BPS,
    GENESIS_SUPPLY,
    MAX_DOLLAR_SHARE_BP,
    MIN_DOLLAR_SHARE_BP,
)
from client.errors import IonetError
from simulation.curves import HOURS_PER_DAY, Curve, constant, growing, hour_of, through
from simulation.scenario import (
    DAYS_PER_WEEK,
    GENESIS,
    MAX_YEARS,
    MONTHS_PER_YEAR,
    SECONDS_PER_DAY,
    Allocation,
    Election,
    Habits,
    HardwareClass,
    Rules,
    Scenario,
    Shape,
    usual_rules,
)

FOLDER = Path(__file__).parent / "scenarios"
"""The scenarios that come with the command: `base` is `base.toml` in it."""

MIN_COMMISSION_BP = 100
MAX_COMMISSION_BP = 300
MAX_PROCESSORS = 100_000_000
"""Of one class; also the most processor-hours asked in an hour. Beyond it the chain's integers would end."""
MAX_PRICE_NANO_USD = 1_000_000 * 10**9
MAX_FACTOR_BP = 100_000
"""Of a shape: ten times the curve."""
MAX_GROWTH = 1_000
MAX_VESTING_MONTHS = 240


class ScenarioRefused(IonetError):
    """A scenario that cannot be run: the message names file, key and value."""


def packaged() -> list[str]:
    """The names of the scenarios that come with the command."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def load(name: str) -> Scenario:
    """A scenario by the name of one that comes with the command, or by its file. Raises `ScenarioRefused`."""
    file = FOLDER / f"{name}.toml" if name in packaged() else Path(name)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as failed:
        why = getattr(failed, "strerror", None) or "it is no text in UTF-8"
        raise ScenarioRefused(
            f"{name}: no scenario can be read there ({why}); give a file, or one of {', '.join(packaged())}"
        ) from failed
    return parse(text, str(file))


def parse(text: str, file: str) -> Scenario:
    """The scenario of a TOML text; `file` names it in errors. Raises `ScenarioRefused`."""
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, InvalidOperation) as failed:
        raise ScenarioRefused(f"{file}: not TOML: {failed}") from failed
    top = _Table(file, "", document)
    made = Scenario(
        name=top.text("name"),
        about=top.text("about", ""),
        io_price=top.curve("io_price_usd", amounts.NANO_USD.base, 1, MAX_PRICE_NANO_USD),
        rules=_rules(top.table("rules")),
        habits=_habits(top.table("habits")),
        shape=_shape(top.table("shape")),
        elections=tuple(_election(table) for table in top.tables("elections")),
        classes=tuple(_hardware_class(table) for table in top.tables("classes")),
        genesis=tuple(_genesis(table) for table in top.tables("genesis", needed=False)) or GENESIS,
    )
    top.close()
    _whole(top, made)
    return made


def _whole(top: _Table, made: Scenario) -> None:
    """What no key can be blamed for alone."""
    weight = sum(election.weight_bp for election in made.elections)
    if weight != BPS:
        top.refuse("elections", f"the weights (weight_bp) add up to {weight}: they must be {BPS}, a whole")
    names = [one.name for one in made.classes]
    for name in names:
        if names.count(name) > 1:
            top.refuse("classes", f"{name!r} is there {names.count(name)} times")
    genesis = sum(allocation.io for allocation in made.genesis)
    if genesis != GENESIS_SUPPLY:
        io = amounts.format_io
        top.refuse("genesis", f"the parts add up to {io(genesis)} IO: they must be {io(GENESIS_SUPPLY)} IO")


def _rules(table: _Table) -> Rules:
    usual = usual_rules()
    made = Rules(
        **{
            name: table.whole(name, getattr(usual, name), 0, BPS)
            for name in (field.name for field in fields(Rules))
            if name.endswith("_bp") and not name.startswith("auction_")
        },
        **{
            name: table.whole(name, getattr(usual, name), 0, most_days * SECONDS_PER_DAY)
            for name, most_days in (
                ("lock_seconds", 3_660),
                ("owner_unbonding_seconds", 366),
                ("staker_unbonding_seconds", 366),
                ("auction_ramp_seconds", 7),
            )
        },
        auction_start_bp=table.whole("auction_start_bp", usual.auction_start_bp, -5_000, 5_000),
        auction_end_bp=table.whole("auction_end_bp", usual.auction_end_bp, -5_000, 5_000),
    )
    if made.auction_end_bp < made.auction_start_bp:
        table.refuse("auction_end_bp", f"{made.auction_end_bp} is below auction_start_bp, {made.auction_start_bp}")
    if made.affiliate_bp + MAX_COMMISSION_BP > BPS:
        table.refuse(
            "affiliate_bp", f"{made.affiliate_bp} leaves no room for stakers: at most {BPS - MAX_COMMISSION_BP}"
        )
    table.close()
    return made


def _habits(table: _Table) -> Habits:
    usual = Habits(constant(0))
    made = Habits(
        staked_bp=table.curve("staked_bp", 1, 0, BPS, default=usual.staked_bp),
        claim_every_hours=table.whole("claim_every_hours", usual.claim_every_hours, 1, 8_766),
        sell_from_premium_bp=table.whole("sell_from_premium_bp", usual.sell_from_premium_bp, -5_000, 5_000),
        sell_at_most_bp=table.whole("sell_at_most_bp", usual.sell_at_most_bp, 0, BPS),
        utilisation_at_most_bp=table.whole("utilisation_at_most_bp", usual.utilisation_at_most_bp, 0, BPS),
    )
    table.close()
    return made


def _shape(table: _Table) -> Shape:
    made = Shape(
        hour_of_day=table.factors("hour_of_day", HOURS_PER_DAY),
        day_of_week=table.factors("day_of_week", DAYS_PER_WEEK),
        month_of_year=table.factors("month_of_year", MONTHS_PER_YEAR),
    )
    table.close()
    return made


def _election(table: _Table) -> Election:
    made = Election(
        weight_bp=table.whole("weight_bp", None, 1, BPS),
        dollar_share_bp=table.whole("dollar_share_bp", None, MIN_DOLLAR_SHARE_BP, MAX_DOLLAR_SHARE_BP),
        commission_bp=table.whole("commission_bp", MIN_COMMISSION_BP, MIN_COMMISSION_BP, MAX_COMMISSION_BP),
        has_affiliate=table.flag("has_affiliate"),
        user_discount_bp=table.whole("user_discount_bp", 0, 0, BPS),
        users_take_io=table.flag("users_take_io"),
        users_have_affiliate=table.flag("users_have_affiliate"),
    )
    table.close()
    return made


def _hardware_class(table: _Table) -> HardwareClass:
    from client.network import CLASS_MULTIPLIERS_BP

    name = table.text("name")
    known = CLASS_MULTIPLIERS_BP.get(name)
    if not re.fullmatch(r"[A-Za-z0-9-]{1,16}", name):
        table.refuse("name", f"{name!r} is no class's name: letters, digits and dashes, at most 16")
    if known is None and not table.has("multiplier_bp"):
        table.refuse(
            "name",
            f"{name!r} is no published class ({', '.join(CLASS_MULTIPLIERS_BP)}): give its multiplier_bp as well",
        )
    processors = table.whole("processors_per_node", None, 1, 10_000)
    made = HardwareClass(
        name=name,
        multiplier_bp=table.whole("multiplier_bp", known, 1, 10_000_000),
        processors_per_node=processors,
        quality_bp=table.whole("quality_bp", BPS, 1, BPS),
        nodes=table.curve("nodes", 1, 0, MAX_PROCESSORS // processors),
        asked=table.curve("processor_hours_asked", 1, 0, MAX_PROCESSORS),
        price=table.curve("price_usd", amounts.NANO_USD.base, 1, MAX_PRICE_NANO_USD),
    )
    table.close()
    return made


def _genesis(table: _Table) -> Allocation:
    made = Allocation(
        name=table.text("name"),
        io=table.whole("io", None, 0, GENESIS_SUPPLY // amounts.IO.base) * amounts.IO.base,
        first_month=table.whole("first_month", 0, 0, MAX_VESTING_MONTHS),
        tranches=table.whole("tranches", 0, 0, MAX_VESTING_MONTHS),
    )
    if (made.first_month == 0) != (made.tranches == 0):
        table.refuse("tranches", f"{made.tranches} with first_month = {made.first_month}: give both, or neither")
    table.close()
    return made


class _Table:
    """One table of a file, read key by key. What nobody asked for is refused at the end."""

    def __init__(self, file: str, path: str, values: dict[str, Any]) -> None:
        self._file, self._path, self._values = file, path, values
        self._asked: list[str] = []

    def refuse(self, key: str, why: str) -> NoReturn:
        """Says what is wrong with a key's value."""
        raise ScenarioRefused(f"{self._file}: {self._path}{key}: {why}")

    def close(self) -> None:
        """Refuses keys that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                near = get_close_matches(key, self._asked, 1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(self._asked)}"
                self.refuse(key, f"unknown key; {hint}")

    def has(self, key: str) -> bool:
        """Whether the file has this key."""
        return key in self._values

    def text(self, key: str, default: str | None = None) -> str:
        """A text."""
        value = self._value(key, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            self.refuse(key, f"{_shown(value)} is no text")
        return value

    def flag(self, key: str) -> bool:
        """True or false; false where it is missing."""
        value = self._value(key, False)
        if not isinstance(value, bool):
            self.refuse(key, f"{_shown(value)} is neither true nor false")
        return value

    def whole(self, key: str, default: int | None, low: int, high: int) -> int:
        """A whole number between two bounds."""
        value = self._value(key, default)
        if type(value) is not int:
            self.refuse(key, f"{_shown(value)} is no whole number")
        if not low <= value <= high:
            self.refuse(key, f"{value} is out of range: {low} to {high}")
        return int(value)

    def factors(self, key: str, length: int) -> tuple[int, ...]:
        """So many factors in basis points; all 10,000 where they are missing."""
        value = self._value(key, [BPS] * length)
        if not isinstance(value, list) or len(value) != length:
            self.refuse(key, f"{_shown(value)} is no list of {length} factors in basis points")
        for index, factor in enumerate(value):
            if type(factor) is not int or not 0 <= factor <= MAX_FACTOR_BP:
                self.refuse(
                    f"{key}[{index + 1}]", f"{_shown(factor)} is no factor in basis points: 0 to {MAX_FACTOR_BP}"
                )
        return tuple(value)

    def table(self, key: str) -> _Table:
        """A table; an empty one where it is missing."""
        return self._table(key, self._value(key, {}))

    def tables(self, key: str, needed: bool = True) -> Iterator[_Table]:
        """The tables of a list."""
        values = self._value(key, None if needed else [])
        if not isinstance(values, list) or (needed and not values):
            self.refuse(key, f"{_shown(values)} is no list of tables: begin each with [[{key}]]")
        for index, value in enumerate(values):
            yield self._table(f"{key}[{index + 1}]", value)

    def curve(self, key: str, scale: int, low: int, high: int, default: Curve | None = None) -> Curve:
        """A curve over the years; `scale` smallest units are 1, `low` and `high` bound its values in them."""
        if default is not None and not self.has(key):
            self._asked.append(key)
            return default
        value = self._value(key, None)
        if not isinstance(value, dict):
            return constant(self._amount(key, value, scale, low, high))
        shape = self._table(key, value)
        if shape.has("points"):
            made = through(shape._points(scale, low, high))
        elif shape.has("start"):
            made = shape._growth(scale, low, high)
        else:
            self.refuse(key, "no curve: give a number, { points = [[year, value], …] } or { start, yearly_growth }")
        shape.close()
        return made

    def _points(self, scale: int, low: int, high: int) -> list[tuple[Decimal, int]]:
        values = self._value("points", None)
        points: list[tuple[Decimal, int]] = []
        if not isinstance(values, list) or not values:
            self.refuse("points", f"{_shown(values)} is no list of [year, value]")
        for index, value in enumerate(values):
            key = f"points[{index + 1}]"
            if not isinstance(value, list) or len(value) != 2:
                self.refuse(key, f"{_shown(value)} is no [year, value]")
            year = self._number(key, value[0])
            if not 0 <= year <= MAX_YEARS:
                self.refuse(key, f"year {_shown(year)} is out of range: 0 to {MAX_YEARS}")
            if index == 0 and year != 0:
                self.refuse(key, f"begins in year {_shown(year)}: the first point is of year 0")
            if points and hour_of(year) <= hour_of(points[-1][0]):
                self.refuse(key, f"year {_shown(year)} does not come after year {_shown(points[-1][0])}")
            points.append((year, self._amount(key, value[1], scale, low, high)))
        return points

    def _growth(self, scale: int, low: int, high: int) -> Curve:
        start = self._amount("start", self._value("start", None), scale, low, high)
        yearly = self._number("yearly_growth", self._value("yearly_growth", None))
        if not 0 < yearly <= MAX_GROWTH:
            self.refuse(
                "yearly_growth", f"{_shown(yearly)} is out of range: above 0 (1.2 is +20% a year), to {MAX_GROWTH}"
            )
        limit = self._amount("limit", self._value("limit", None), scale, low, high) if self.has("limit") else None
        if limit is not None and (limit < start if yearly >= 1 else limit > start):
            self.refuse("limit", f"{_shown(self._values['limit'])} is on the wrong side of start")
        self._asked.append("limit")
        made = growing(start, yearly, limit, MAX_YEARS)
        for value in (min(made.values), max(made.values)):
            if not low <= value <= high:
                self.refuse(
                    "yearly_growth", f"{_shown(yearly)} leads out of range within {MAX_YEARS} years: give a limit"
                )
        return made

    def _amount(self, key: str, value: object, scale: int, low: int, high: int) -> int:
        number = self._number(key, value)
        amount = number * scale
        if not low <= amount <= high:
            self.refuse(key, f"{_shown(value)} is out of range: {_shown(Decimal(low) / scale)} to {high // scale}")
        if amount != int(amount):
            self.refuse(key, f"{_shown(value)} is finer than {_shown(1 / Decimal(scale))}")
        return int(amount)

    def _number(self, key: str, value: object) -> Decimal:
        if type(value) is int and abs(value) < 1 << 63:
            return Decimal(value)
        # A value of this kind beyond any use would be slow, or exceed the precision of decimals.
        if (
            isinstance(value, Decimal)
            and value.is_finite()
            and abs(value.adjusted()) < 18
            and len(value.as_tuple()[1]) < 25
        ):
            return value
        self.refuse(key, f"{_shown(value)} is no number")

    def _table(self, key: str, value: object) -> _Table:
        if not isinstance(value, dict):
            self.refuse(key, f"{_shown(value)} is no table")
        return _Table(self._file, f"{self._path}{key}.", value)

    def _value(self, key: str, default: Any) -> Any:
        self._asked.append(key)
        if key in self._values:
            return self._values[key]
        if default is None:
            self.refuse(key, "missing")
        return default


def _shown(value: object) -> str:
    """A value as somebody would have written it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    text = f"{value:f}" if isinstance(value, Decimal) and abs(value.adjusted()) < 30 else repr(_plain(value))
    return text if len(text) <= 60 else f"{text[:57]}…"


def _plain(value: object) -> object:
    """Without the decimals of the reader."""
    if isinstance(value, list):
        return [_plain(one) for one in value[:20]]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return _Written(value) if isinstance(value, Decimal) else value


class _Written(Decimal):
    """A number that shows itself as it was written."""

    def __repr__(self) -> str:
        return str(self)
