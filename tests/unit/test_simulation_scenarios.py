"""Scenario files: what curves mean, and what is refused, with file, key and value."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from simulation.curves import HOURS_PER_YEAR, constant, growing, through
from simulation.loading import FOLDER, ScenarioRefused, load, parse
from simulation.scenario import GENESIS, usual_rules

GOOD = """
name = "good"
io_price_usd = 0.5
[rules]
fee_bp = 500
[habits]
staked_bp = 1000
[shape]
day_of_week = [10000, 10000, 10000, 10000, 10000, 10000, 10000]
[[elections]]
weight_bp = 10000
dollar_share_bp = 6000
commission_bp = 100
has_affiliate = false
[[classes]]
name = "H100"
processors_per_node = 8
nodes = 2
processor_hours_asked = 8
price_usd = 2.49
"""

GENESIS_TABLE = """
[[genesis]]
name = "all"
io = 499_999_999
first_month = 13
tranches = 24
"""

REFUSED = {
    "unknown key": ("fee_bp = 500", "fee_pb = 500", "rules.fee_pb: unknown key; did you mean fee_bp?"),
    "unknown key far from any": ("fee_bp = 500", "x = 1", "rules.x: unknown key; there are availability_bp, "),
    "unknown table": ("[shape]", "[shapes]", "shapes: unknown key; did you mean shape?"),
    "missing key": ("nodes = 2\n", "", "classes[1].nodes: missing"),
    "missing name": ('name = "good"', "", "name: missing"),
    "missing elections": ("[[elections]]", "[[election]]", "elections: missing"),
    "text for a number": ("nodes = 2", 'nodes = "two"', "classes[1].nodes: 'two' is no number"),
    "bool for a number": ("nodes = 2", "nodes = true", "classes[1].nodes: true is no number"),
    "fraction for a whole number": ("fee_bp = 500", "fee_bp = 5.5", "rules.fee_bp: 5.5 is no whole number"),
    "number for a text": ('name = "good"', "name = 5", "name: 5 is no text"),
    "empty text": ('name = "good"', 'name = " "', "name: ' ' is no text"),
    "number for a flag": (
        "has_affiliate = false",
        "has_affiliate = 0",
        "elections[1].has_affiliate: 0 is neither true",
    ),
    "number for a table": ("[rules]\nfee_bp = 500", "rules = 3", "rules: 3 is no table"),
    "table for a list": ("[[elections]]", "[elections]", "is no list of tables: begin each with [[elections]]"),
    "negative": ("nodes = 2", "nodes = -2", "classes[1].nodes: -2 is out of range: 0 to 12500000"),
    "free IO": ("io_price_usd = 0.5", "io_price_usd = 0", "io_price_usd: 0 is out of range: 0.000000001 to 1000000"),
    "not finite": ("io_price_usd = 0.5", "io_price_usd = nan", "io_price_usd: NaN is no number"),
    "too fine": ("price_usd = 2.49", "price_usd = 2.4900000001", "price_usd: 2.4900000001 is finer than 0.000000001"),
    "part of a node": ("nodes = 2", "nodes = 2.5", "classes[1].nodes: 2.5 is finer than 1"),
    "absurd": ("nodes = 2", "nodes = 1e9999999", "classes[1].nodes: 1E+9999999 is no number"),
    "share too low": ("share_bp = 6000", "share_bp = 2999", "dollar_share_bp: 2999 is out of range: 3000 to 9000"),
    "share too high": ("share_bp = 6000", "share_bp = 9001", "dollar_share_bp: 9001 is out of range: 3000 to 9000"),
    "commission": (
        "commission_bp = 100",
        "commission_bp = 301",
        "elections[1].commission_bp: 301 is out of range: 100 to",
    ),
    "fee above a whole": ("fee_bp = 500", "fee_bp = 10001", "rules.fee_bp: 10001 is out of range: 0 to 10000"),
    "staked above a whole": (
        "staked_bp = 1000",
        "staked_bp = 10001",
        "habits.staked_bp: 10001 is out of range: 0 to 10000",
    ),
    "weights": (
        "weight_bp = 10000",
        "weight_bp = 9999",
        "elections: the weights (weight_bp) add up to 9999: they must be",
    ),
    "auction upside down": (
        "fee_bp = 500",
        "auction_end_bp = -300",
        "rules.auction_end_bp: -300 is below auction_start_bp",
    ),
    "unknown class": ('name = "H100"', 'name = "H1000"', "classes[1].name: 'H1000' is no published class (B200, "),
    "class that is no name": ('name = "H100"', 'name = "H 100"', "classes[1].name: 'H 100' is no class's name"),
    "short shape": (
        "day_of_week = [10000, ",
        "day_of_week = [",
        "shape.day_of_week: [10000, 10000, 10000, 10000, 10000, 10000",
    ),
    "shape below zero": (
        "day_of_week = [10000",
        "day_of_week = [-1",
        "shape.day_of_week[1]: -1 is no factor in basis points",
    ),
    "curve out of order": (
        "nodes = 2",
        "nodes = { points = [[0, 2], [3, 4], [2, 5]] }",
        "classes[1].nodes.points[3]: year 2 does not come after year 3",
    ),
    "curve twice in a year": (
        "nodes = 2",
        "nodes = { points = [[0, 2], [1.5, 4], [1.5, 5]] }",
        "classes[1].nodes.points[3]: year 1.5 does not come after year 1.5",
    ),
    "curve that begins late": (
        "nodes = 2",
        "nodes = { points = [[1, 2]] }",
        "classes[1].nodes.points[1]: begins in year 1: the first point is of year 0",
    ),
    "curve beyond the end": (
        "nodes = 2",
        "nodes = { points = [[0, 2], [21, 3]] }",
        "classes[1].nodes.points[2]: year 21 is out of range: 0 to 20",
    ),
    "curve below zero": (
        "nodes = 2",
        "nodes = { points = [[0, 2], [1, -3]] }",
        "classes[1].nodes.points[2]: -3 is out of range: 0 to 12500000",
    ),
    "no point": (
        "nodes = 2",
        "nodes = { points = [[0, 2], [1]] }",
        "classes[1].nodes.points[2]: [1] is no [year, value]",
    ),
    "no points": ("nodes = 2", "nodes = { points = [] }", "classes[1].nodes.points: [] is no list of [year, value]"),
    "no curve": ("nodes = 2", "nodes = { value = 3 }", "classes[1].nodes: no curve: give a number, { points = "),
    "two curves": (
        "nodes = 2",
        "nodes = { points = [[0, 2]], start = 1 }",
        "classes[1].nodes.start: unknown key; ",
    ),
    "growth below zero": (
        "nodes = 2",
        "nodes = { start = 2, yearly_growth = -1 }",
        "classes[1].nodes.yearly_growth: -1 is out of range: above 0",
    ),
    "growth without end": (
        "nodes = 2",
        "nodes = { start = 2, yearly_growth = 3 }",
        "classes[1].nodes.yearly_growth: 3 leads out of range within 20 years: give a limit",
    ),
    "limit on the wrong side": (
        "nodes = 2",
        "nodes = { start = 2, yearly_growth = 3, limit = 1 }",
        "classes[1].nodes.limit: 1 is on the wrong side of start",
    ),
    "genesis that is no whole": (
        "[rules]",
        f"{GENESIS_TABLE}[rules]",
        "genesis: the parts add up to 499,999,999.00 IO: they must be 500,000,000.00 IO",
    ),
    "genesis that vests from nowhere": (
        "[rules]",
        f"{GENESIS_TABLE.replace('first_month = 13', '')}[rules]",
        "genesis[1].tranches: 24 with first_month = 0: give both, or neither",
    ),
    "no TOML": ("nodes = 2", "nodes = = 2", "not TOML: Invalid value (at line "),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_scenarios_are_refused(name: str) -> None:
    """One change each: the message has the file, the key, the value, and what it should be."""
    found, replacement, message = REFUSED[name]
    assert found in GOOD
    with pytest.raises(ScenarioRefused) as refused:
        parse(GOOD.replace(found, replacement, 1), "my.toml")
    assert str(refused.value).startswith("my.toml: ")
    assert message in str(refused.value)


def test_a_class_is_there_once() -> None:
    """The second is refused, not added."""
    classes = GOOD[GOOD.index("[[classes]]") :]
    with pytest.raises(ScenarioRefused, match=r"my\.toml: classes: 'H100' is there 2 times"):
        parse(GOOD + classes, "my.toml")


def test_what_is_missing_is_as_the_chain_starts() -> None:
    """Rules, genesis and shape of the least scenario."""
    made = parse(GOOD, "my.toml")
    assert made.rules == usual_rules()
    assert made.genesis == GENESIS
    assert made.classes[0].multiplier_bp == 100_000
    assert made.classes[0].price == constant(2_490_000_000)
    assert made.shape.hour_of_day == (10_000,) * 24


def test_a_class_of_ones_own() -> None:
    """With its multiplier, any class will do."""
    made = parse(GOOD.replace('name = "H100"', 'name = "X1"\nmultiplier_bp = 25000'), "my.toml")
    assert (made.classes[0].name, made.classes[0].multiplier_bp) == ("X1", 25_000)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A name that is none, a folder, and bytes that are no text."""
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    for file, why in (("bose", "No such file"), (str(tmp_path), "directory"), (str(tmp_path / "bytes.toml"), "UTF-8")):
        with pytest.raises(ScenarioRefused, match=why) as refused:
            load(file)
        assert "base, boom, bust" in str(refused.value)
        assert str(refused.value).startswith(file)


def test_a_packaged_scenario_can_be_named_by_its_file_too() -> None:
    """The same either way."""
    assert load("base") == load(str(FOLDER / "base.toml"))


def test_lines_between_points_are_exact() -> None:
    """Rounded down, flat after the last."""
    curve = through([(Decimal(0), 0), (Decimal(1), 8_766_000), (Decimal("1.5"), 1)])
    assert [curve.at(hour) for hour in (0, 1, 4_383, 8_765, 8_766)] == [0, 1_000, 4_383_000, 8_765_000, 8_766_000]
    assert curve.at(13_149) == curve.at(175_319) == 1
    assert 8_766_000 > curve.at(8_767) > curve.at(13_148) > 1


def test_growth_by_the_year() -> None:
    """Exact at whole years; a limit ends it, from above or from below."""
    curve = growing(1_000, Decimal("1.5"), None, 3)
    assert [curve.at(year * HOURS_PER_YEAR) for year in range(4)] == [1_000, 1_500, 2_250, 3_375]
    assert curve.at(HOURS_PER_YEAR // 2) == 1_224  # 1000 · √1.5 = 1224.7
    assert growing(1_000, Decimal("1.5"), 2_000, 3).at(3 * HOURS_PER_YEAR) == 2_000
    assert growing(1_000, Decimal("0.5"), 300, 3).at(3 * HOURS_PER_YEAR) == 300
