"""The allocation file of the genesis: the design's adds up; whatever does not is refused, and the entry named."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from client.economics import EMISSION_CAP, GENESIS_SUPPLY, IO, vested
from client.genesis import CAP, DESIGN, MONTH_SECONDS, AllocationRefused, Tranches, read
from client.genesis.allocation import plan_of
from tests.unit.client_network import ionet

WALLETS = [str(Pubkey(bytes([number] * 32))) for number in range(1, 6)]


def file_of(*allocations: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"allocation": list(allocations), **others}


def whole(**others: Any) -> dict[str, Any]:
    """One entry with all of the genesis, and what the test is about."""
    return {"name": "all", "amount": 500_000_000} | others


def shared(*parts: tuple[str, Any]) -> dict[str, Any]:
    return whole(beneficiary=[{"address": who, "percent": percent} for who, percent in parts])


def test_the_designs_allocation() -> None:
    """Who gets how much of 800,000,000 IO, in how many tranches."""
    plan = read(DESIGN)
    assert {one.name: (one.amount // IO, one.tranches) for one in plan.allocations} == {
        "community": (100_000_000, None),
        "R&D and ecosystem": (128_000_000, None),
        "seed investors": (100_000_000, Tranches(13, 24)),
        "core contributors": (90_400_000, Tranches(13, 36)),
        "series A": (81_600_000, Tranches(13, 24)),
    }
    assert sum(one.amount for one in plan.allocations) == GENESIS_SUPPLY
    assert sum(one.emitted for one in plan.allocations) == EMISSION_CAP == CAP - GENESIS_SUPPLY
    assert {payment.beneficiary for payment in plan.payments} == {None}


def test_tranches_are_free_at_the_end_of_their_months() -> None:
    """The first 13 months of 730 hours after the start, the last when their number has passed."""
    genesis, tranches = 1_000_000, Tranches(first_month=13, count=24)
    start, end = tranches.start(genesis), tranches.end(genesis)
    assert tranches.first_free(genesis) == genesis + 13 * MONTH_SECONDS
    assert end == genesis + 36 * MONTH_SECONDS
    free = [vested(2_400, start, end, MONTH_SECONDS, genesis + month * MONTH_SECONDS) for month in (12, 13, 14, 36)]
    assert free == [0, 100, 200, 2_400]


@given(st.integers(0, 10**14), st.integers(10**6, 10**12 - 10**6))
def test_shares_add_up(split: int, percent: int) -> None:
    """However an allocation is shared, its parts are its amount, and each is within a base unit of its percentage."""
    first = Decimal(percent).scaleb(-10)
    rest = [whole(name="rest", amount=str(Decimal(GENESIS_SUPPLY - split - 2 * IO).scaleb(-8)))]
    entry = {"name": "shared", "amount": str(Decimal(split + 2 * IO).scaleb(-8))}
    beneficiaries = [{"address": WALLETS[0], "percent": first}, {"address": WALLETS[1], "percent": 100 - first}]
    plan = plan_of(file_of(*rest, entry | {"beneficiary": beneficiaries}))
    parts = [one.amount for one in plan.payments if one.allocation == "shared"]
    assert sum(parts) == split + 2 * IO
    assert parts[0] == (split + 2 * IO) * percent // 10**12
    assert [one.number for one in plan.payments] == [1, 2, 3]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, "no [[allocation]]"),
        (file_of(), "no [[allocation]]"),
        ({"allocation": [1]}, "allocation 1 is not a table"),
        (file_of(whole(), cap=1), "the file: 'cap' is unknown: known are allocation, genesis"),
        (file_of({"amount": 1}), "allocation 1 has no name"),
        (file_of(whole(name=" ")), "allocation 1 has no name"),
        (file_of(whole(cliff=1)), "'all': 'cliff' is unknown"),
        (file_of(whole(), whole()), "'all' is there twice"),
        (file_of({"name": "all"}), "'all': give either `percent_of_cap` or `amount`"),
        (file_of(whole(percent_of_cap=1)), "'all': give either `percent_of_cap` or `amount`"),
        (file_of(whole(amount=499_999_999)), "add up to 499,999,999.00 IO, 1.00 IO less than the genesis"),
        (file_of(whole(amount="500000000.00000001")), "0.00000001 IO more than the genesis"),
        (file_of(whole(amount=0)), "'all', amount: 0 IO is zero"),
        (file_of(whole(amount=-1)), "'all', amount: -1 IO is negative"),
        (file_of(whole(amount=True)), "'all', amount: True is no exact amount"),
        (file_of(whole(amount="0.000000001")), "at most 8"),
        (file_of({"name": "all", "percent_of_cap": "half"}), "'all': percent_of_cap is 'half'"),
        (file_of({"name": "all", "percent_of_cap": 101}), "'all': percent_of_cap is 101"),
        (file_of({"name": "all", "percent_of_cap": Decimal("nan")}), "'all': percent_of_cap is NaN"),
        (file_of({"name": "all", "percent_of_cap": Decimal("1e-13")}), "at most 12 decimals"),
        (file_of({"name": "all", "percent_of_cap": Decimal("62.5000000000001")}), "at most 12 decimals"),
        (file_of({"name": "all", "percent_of_cap": 63}), "4,000,000.00 IO more than the genesis"),
        (file_of(whole(emitted=500_000_000)), "'all': 500,000,000.00 IO are emitted, which leaves nothing"),
        (file_of(whole(amount=600_000_000, emitted=100_000_000)), "the schedule emits 300,000,000.00 IO"),
        (file_of(whole(vesting=12)), "'all': vesting is {"),
        (file_of(whole(vesting={"first_month": 1})), "'all': tranches is missing"),
        (file_of(whole(vesting={"first_month": 0, "tranches": 1})), "'all': first_month is 0"),
        (file_of(whole(vesting={"first_month": 1, "tranches": 1_201})), "'all': tranches is 1201"),
        (file_of(whole(vesting={"first_month": 1, "tranches": 1, "cliff": 1})), "'all', vesting: 'cliff' is unknown"),
        (file_of(whole(beneficiary=WALLETS[0])), "'all': write [[allocation.beneficiary]]"),
        (file_of(whole(beneficiary=[])), "'all': write [[allocation.beneficiary]]"),
        (file_of(whole(beneficiary=[{"percent": 100}])), "'all': a beneficiary has no address"),
        (file_of(whole(beneficiary=[{"address": WALLETS[0]}])), f"'all': {WALLETS[0]} has no percent"),
        (file_of(whole(beneficiary=[{"address": WALLETS[0], "share": 1}])), "'share' is unknown"),
        (file_of(shared(("abc", 100))), "'all': 'abc' is no wallet's address"),
        (file_of(shared((str(Pubkey.default()), 100))), "is no wallet's address"),
        (file_of(shared((WALLETS[0], 50), (WALLETS[0], 50))), f"'all': {WALLETS[0]} is there twice"),
        (file_of(shared((WALLETS[0], 50), (WALLETS[1], 49))), "'all': its beneficiaries have 99 percent together"),
        (file_of(shared((WALLETS[0], 60), (WALLETS[1], 60))), "'all': its beneficiaries have 120 percent together"),
        (file_of(whole(), genesis="soon"), "genesis 'soon' is no time"),
        (file_of(whole(), genesis=0), "genesis 0 is no time"),
    ],
)
def test_what_does_not_add_up_is_refused_by_name(found: dict[str, Any], said: str) -> None:
    """Each message names the entry and the value."""
    with pytest.raises(AllocationRefused) as caught:
        plan_of(found)
    assert said in str(caught.value)


def test_a_part_that_rounds_to_nothing_is_refused() -> None:
    """A percentage so small that its beneficiary would get nothing."""
    beneficiaries = [{"address": WALLETS[0], "percent": Decimal("1e-12")}, {"address": WALLETS[1], "percent": 99}]
    beneficiaries.append({"address": WALLETS[2], "percent": 1 - Decimal("1e-12")})
    entry = {"name": "dust", "amount": "0.5", "beneficiary": beneficiaries}
    with pytest.raises(AllocationRefused, match=f"'dust': {WALLETS[0]} would get nothing"):
        plan_of(file_of(whole(amount="499999999.5"), entry))


@pytest.mark.parametrize("text", ["[[allocation]\n", "amount = 1\namount = 2\n", b"\xff\xfe"])
def test_files_that_are_no_toml(tmp_path: Path, text: str | bytes) -> None:
    """Said with the file's name."""
    file = tmp_path / "broken.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(AllocationRefused, match=r"broken\.toml is no TOML"):
        read(file)
    with pytest.raises(AllocationRefused, match=r"cannot read .*missing\.toml"):
        read(tmp_path / "missing.toml")


def test_the_command_shows_the_plan(tmp_path: Path) -> None:
    """Without a network: the design's as a table, a file's as JSON, dates where it is known when epoch 1 begins."""
    shown = ionet("genesis", "plan").stdout
    for words in ("community", "100,000,000.00", "to be named", "24, monthly", "end of month 13", "500,000,000.00 IO"):
        assert words in shown
    assert "2027-01-31 10:00:00 UTC" in ionet("genesis", "plan", "--begins", "2026-01-01").stdout
    file = tmp_path / "genesis.toml"
    file.write_text(
        f"""
        genesis = 2026-01-01T00:00:00Z
        [[allocation]]
        name = "all"
        amount = 500_000_000
        vesting = {{ first_month = 1, tranches = 2 }}
        beneficiary = [{{ address = "{WALLETS[0]}", percent = 12.5 }}, {{ address = "{WALLETS[1]}", percent = 87.5 }}]
        """
    )
    found = json.loads(ionet("genesis", "plan", "--file", str(file), "--json").stdout)
    assert found["genesis"] == 1_767_225_600
    assert [one["amount_io_units"] for one in found["payments"]] == [GENESIS_SUPPLY // 8, GENESIS_SUPPLY // 8 * 7]
    assert {one["first_free"] for one in found["payments"]} == {1_767_225_600 + MONTH_SECONDS}
    file.write_text('[[allocation]]\nname = "all"\namount = 1\n')
    refused = ionet("genesis", "plan", "--file", str(file))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "less than the genesis of 500,000,000.00 IO: all 1.00" in refused.stderr
    assert ionet("genesis", "plan", "--begins", "soon").exit_code == 2
