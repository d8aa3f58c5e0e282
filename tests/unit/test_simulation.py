"""The simulated economy: conservation, the published emission, one hour by hand."""

from __future__ import annotations

from typing import Any

import pytest

from client.economics import EMISSION_CAP, IO, LAST_EPOCH, cumulative
from simulation import engine
from simulation.engine import Network
from simulation.loading import load, packaged, parse
from simulation.parts import GENESIS_STEP_SECONDS, free_of
from simulation.run import Frame, epochs_of, run
from simulation.scenario import Scenario

DAYS = 60

ONE_HOUR = """
name = "one hour"
io_price_usd = 0.5
[habits]
claim_every_hours = 1
sell_from_premium_bp = 0
utilisation_at_most_bp = 10000
staked_bp = 1000
[[elections]]
weight_bp = 10000
dollar_share_bp = 3000
commission_bp = 300
has_affiliate = true
users_have_affiliate = true
[[classes]]
name = "H100"
processors_per_node = 8
nodes = 2
processor_hours_asked = 8
price_usd = 2
"""


def row(frame: Frame, index: int) -> dict[str, int]:
    """One row, by column."""
    return {column.name: values[index] for column, values in zip(frame.columns, frame.values, strict=True)}


def test_three_scenarios_come_with_the_command() -> None:
    """Growth, boom, bust."""
    assert packaged() == ["base", "boom", "bust"]


@pytest.mark.parametrize("name", ["base", "boom", "bust"])
def test_everything_is_conserved(name: str) -> None:
    """Every sum is equal to the base unit, and each part that can move has moved."""
    result = run(load(name), DAYS * 24)
    assert result.differences == []
    assert len(result.checks[-1][1]) >= 15
    last = row(result.hours.every("year"), 0)
    for moved in ("burned", "owners", "stakers", "affiliates", "withdrawn", "locked", "collateral", "unclaimed"):
        assert last[f"{moved}_io_units"] > 0, moved
    for moved in ("dollars", "burn", "fee_burn", "fee_incentives", "auction", "incentives_vault"):
        assert last[f"{moved}_usd_units"] > 0, moved
    assert last["emission_io_units"] == last["minted_io_units"] + last["locked_io_units"] + last["unclaimed_io_units"]


def test_the_emission_is_the_published_one() -> None:
    """First six rows, and what may exist after each."""
    hours = run(load("base"), 6).hours
    emitted = hours["emission_io_units"]
    assert [f"{one / IO:.2f}" for one in emitted] == ["4566.21", "4566.15", "4566.08", "4566.02", "4565.96", "4565.89"]
    supply = [500_000_000 * IO + sum(emitted[:end]) for end in range(1, 7)]
    assert [f"{one / IO:.2f}" for one in supply] == [
        *("500004566.21", "500009132.36", "500013698.44", "500018264.46", "500022830.42", "500027396.31")
    ]


def test_one_hour_by_hand() -> None:
    """16 H100, half of them rented for an hour at 2 dollars, IO at half a dollar: each amount, worked out here."""
    result = run(parse(ONE_HOUR, "one"), 1)
    hour = row(result.hours, 0)
    assert result.differences == []
    dollars = {
        "gross": 16_000_000,
        "fee": 800_000,  # 5%
        "fee_affiliate": 80_000,  # a tenth of it
        "fee_burn": 360_000,  # half of the rest
        "fee_incentives": 360_000,
        "dollars": 4_560_000,  # 30% of 15.20
        "burn": 10_640_000,
        "auction": 11_000_000,  # all that came in
        "burn_vault": 0,
    }
    assert {name: hour[f"{name}_usd_units"] for name in dollars} == dollars
    assert (hour["premium_bp"], hour["burned_io_units"]) == (0, 22 * IO)

    emission = 456_621_004_566
    availability = emission // 2
    compute = emission - availability
    base, bonus = 10_640_000, 5_320_000  # coupons: at a 30% share the bonus is a half
    points = 16 * 100_000
    rate = (compute << 64) // (base + bonus)
    accrued = (points * ((availability << 64) // points) + base * rate) >> 64
    stakers, affiliate = accrued * 300 // 10_000, accrued // 100
    locked = bonus * rate >> 64
    collateral = 16 * 2_000 * IO
    free = 228_000_000 * IO - collateral
    expected = {
        "emission": emission,
        "stakers": stakers,
        "affiliates": affiliate,
        "owners": accrued - stakers - affiliate,
        "withdrawn": 0,
        "minted": accrued,
        "locked": locked,
        "unclaimed": emission - accrued - locked,
        "collateral": collateral,
        "staked": free // 10,
        "circulating": free - free // 10 + accrued - 22 * IO,
        "unbonding": 0,
        "genesis_locked": 272_000_000 * IO,
        "supply": 500_000_000 * IO + accrued - 22 * IO,
    }
    assert {name: hour[f"{name}_io_units"] for name in expected} == expected
    assert (hour["processors"], hour["H100_worked_processor_hours"], hour["H100_gross_usd_units"]) == (
        16,
        8,
        16_000_000,
    )
    assert hour["unclaimed_io_units"] <= 3  # what was rounded down, and carries over


def test_bonuses_vest_over_their_time() -> None:
    """Locked for two hours, half of an hour's bonus is withdrawn after one and the rest after two."""
    text = ONE_HOUR + "[rules]\nlock_seconds = 7200\n"
    hours = run(parse(text, "vest"), 4).hours
    locked, withdrawn = hours["locked_io_units"], hours["withdrawn_io_units"]
    first = locked[0]
    assert withdrawn[0] == 0
    assert withdrawn[1] == first // 2
    second = locked[1] - (first - first // 2)
    assert withdrawn[2] == (first - first // 2) + second // 2


def test_genesis_vests_in_tranches() -> None:
    """Nothing of the investors' and contributors' for 13 months, then a 24th and a 36th each month, then all."""
    month, millions = GENESIS_STEP_SECONDS, 1_000_000 * IO

    def free(seconds: int) -> int:
        return sum(free_of(one, seconds) for one in load("base").genesis)

    assert free(0) == free(13 * month - 1) == 228 * millions
    investors, contributors = 1_816 * millions // 10, 904 * millions // 10
    parts = (100 * millions, 816 * millions // 10, contributors)
    assert free(13 * month) == 228 * millions + sum(
        part // count for part, count in zip(parts, (24, 24, 36), strict=True)
    )
    assert free(36 * month) == 228 * millions + investors + contributors * 24 // 36
    assert free(48 * month - 1) < free(48 * month) == 500 * millions


def test_the_last_epoch_emits_the_rest() -> None:
    """After 175,319 epochs 300,000,000 IO are emitted, to the base unit, and there is no epoch after it."""
    network = Network(load("bust"))
    network.epoch = LAST_EPOCH - 3
    network.emitted = cumulative(network.epoch)
    network.carry_availability_q64 = network.emitted << 64
    for _ in range(3):
        network.hour()
    checks = {check.name: check for check in network.checks()}
    assert all(check.equal for check in checks.values())
    assert checks["all is emitted"].left == network.emitted == EMISSION_CAP == 300_000_000 * IO
    with pytest.raises(ValueError, match="175320"):
        network.hour()


def test_twenty_years_are_the_emission() -> None:
    """A year has 8,766 hours; the twentieth ends with the last epoch."""
    assert [epochs_of(years) for years in (1, 2, 19, 20)] == [8_766, 17_532, 166_554, 175_319]


def test_the_same_scenario_gives_the_same_figures() -> None:
    """Two runs, every column of every hour."""
    first, second = (run(load("boom"), 500).hours.values for _ in range(2))
    assert first == second


def test_the_first_hours_do_not_depend_on_how_long_it_runs() -> None:
    """A shorter run is the beginning of a longer one."""
    short, long = run(load("bust"), 100).hours, run(load("bust"), 900).hours
    assert all(few == many[:100] for few, many in zip(short.values, long.values, strict=True))


@pytest.mark.parametrize("period", ["day", "month", "year"])
def test_periods_add_up(period: Any) -> None:
    """Flows of the rows are those of their hours; stocks are the last hour's; every hour is in one row."""
    hours = run(load("base"), 1_500).hours
    rows = hours.every(period)
    assert len(rows) == {"day": 63, "month": 3, "year": 1}[period]
    for column, few, many in zip(rows.columns, rows.values, hours.values, strict=True):
        if column.kind == "flow":
            assert sum(few) == sum(many), column.name
        else:
            assert list(few) == [many[epoch - 1] for epoch in rows["epoch"]], column.name


def changed(**values: str) -> Scenario:
    """The scenario of one hour with other values of some keys."""
    lines = ONE_HOUR.splitlines()
    for key, value in values.items():
        lines = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in lines]
    return parse("\n".join(lines), "changed")


def test_who_leaves_gets_the_collateral_back_later() -> None:
    """Half of the nodes leave on the second day: 14 days later their collateral circulates again."""
    hours = run(changed(nodes="{ points = [[0, 2], [0.002, 1]] }"), 17 * 24).hours
    unbonding, half = hours["unbonding_io_units"], 16_000 * IO
    assert hours["collateral_io_units"][0] == 2 * half
    assert hours["collateral_io_units"][-1] == half
    assert unbonding[23] == 0
    assert unbonding[24] == unbonding[15 * 24 - 1] == half
    assert unbonding[15 * 24] == 0


def test_without_collateral_owners_wait() -> None:
    """228,000,000 IO circulate at first: collateral for 114,000 H100 and no more."""
    result = run(changed(nodes="20000"), 2)
    assert row(result.hours, 0)["processors"] == 114_000
    assert row(result.hours, 0)["waiting_processors"] == 46_000
    assert result.differences == []


def test_nobody_there() -> None:
    """No nodes, no work: everything carries over, nothing is minted, nothing burned, all sums hold."""
    result = run(changed(nodes="0"), 50)
    total = row(result.hours.every("year"), 0)
    assert result.differences == []
    assert total["minted_io_units"] == total["burned_io_units"] == total["gross_usd_units"] == 0
    assert total["unclaimed_io_units"] == cumulative(50)


def test_users_who_take_io_pay_in_full() -> None:
    """A discount lowers what is paid; IO in its place does not, and takes a part of the locked IO."""
    plain, discount = (changed(has_affiliate=value) for value in ("true", "true\nuser_discount_bp = 200"))
    instead = changed(has_affiliate="true\nuser_discount_bp = 200\nusers_take_io = true")
    of_plain, of_discount, of_instead = (row(run(one, 1).hours, 0) for one in (plain, discount, instead))
    assert of_discount["gross_usd_units"] == 15_680_000
    assert of_instead["gross_usd_units"] == of_plain["gross_usd_units"] == 16_000_000
    assert of_instead["locked_io_units"] > of_plain["locked_io_units"]


def test_sellers_who_want_too_much_never_sell() -> None:
    """Above the auction's last premium nothing is sold: the dollars wait in the vault."""
    total = row(run(changed(sell_from_premium_bp="201"), 5).hours.every("year"), 0)
    assert total["burned_io_units"] == 0
    assert total["burn_vault_usd_units"] == 5 * 11_000_000


def test_sellers_who_wait_get_their_premium() -> None:
    """At +100 basis points less IO is burned for the same dollars: rounded up, against the seller."""
    hour = row(run(changed(sell_from_premium_bp="100"), 1).hours, 0)
    assert hour["premium_bp"] == 100
    assert hour["burned_io_units"] == -(-22 * IO * 10_000 // 10_100)


def test_a_lost_base_unit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a dollar amount were rounded wrongly once, the checks would name it with the difference."""
    monkeypatch.setattr(engine, "bps_floor", lambda amount, bp: amount * bp // 10_000 + 1)
    network = Network(parse(ONE_HOUR, "lost"))
    network.hour()
    network.circulating -= 1
    wrong = [check for check in network.checks() if not check.equal]
    assert [check.name for check in wrong] == [
        "supply = circulating + staked + collateral + unbonding + genesis locked"
    ]
    assert wrong[0].left - wrong[0].right == 1
