"""`ionet demo` as a newcomer runs it."""

import json
import subprocess
from typing import Any

import pytest

Figures = dict[str, Any]


def demo(*options: str) -> Figures:
    """What `ionet demo --json` prints; it must have ended well."""
    command = ["ionet", "demo", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)  # noqa: S603 - our own command
    assert done.returncode == 0, done.stderr + done.stdout
    figures: Figures = json.loads(done.stdout)
    assert figures["ok"]
    assert all(check["left"] == check["right"] for check in figures["checks"])
    return figures


@pytest.fixture(scope="module")
def default() -> Figures:
    """The demo without options."""
    return demo()


def people(figures: Figures) -> Figures:
    """By name."""
    return {one["name"]: one for one in figures["people"]}


def test_the_same_seed_gives_the_same_figures(default: Figures) -> None:
    """Two runs agree in everything; another seed gives other hours, whose sums are equal, too."""
    assert demo() == default
    assert [epoch["epoch"] for epoch in default["epochs"]] == [1, 2, 3]
    assert len(default["nodes"]) == 8
    other = demo("--epochs", "2", "--nodes", "4", "--seed", "8")
    assert other["nodes"] != default["nodes"]
    assert [epoch["epoch"] for epoch in other["epochs"]] == [1, 2]
    assert len(other["nodes"]) == 4


@pytest.mark.parametrize("nodes", ["1", "2"])
def test_a_small_network_runs_as_well(nodes: str) -> None:
    """With so few nodes jobs wait, and some things cannot happen; the sums are equal all the same."""
    assert len(demo("--nodes", nodes, "--epochs", "2")["nodes"]) == int(nodes)


def test_jobs_are_drawn_paid_for_and_turn(default: Figures) -> None:
    """From several nodes; with dollars, a grant and IO; extended, cancelled, disputed, worked on by two."""
    jobs = default["jobs"]
    assert {job["paid_with"] for job in jobs} == {"USD", "grant", "IO"}
    assert {turn for job in jobs for turn in job["turns"]} == {"extended", "cancelled", "disputed", "replaced"}
    assert any(job["node"] and job["candidates"] > 1 for job in jobs)
    (extended,) = (job for job in jobs if "extended" in job["turns"])
    assert extended["hours"] > 1
    (cancelled,) = (job for job in jobs if "cancelled" in job["turns"])
    assert cancelled["settled_usd_units"] + cancelled["refund_usd_units"] == cancelled["deposit_usd_units"]
    assert min(cancelled["settled_usd_units"], cancelled["refund_usd_units"]) > 0
    (disputed,) = (job for job in jobs if "disputed" in job["turns"])
    assert 0 < disputed["bond_lost_usd_units"] < disputed["bond_usd_units"]
    assert disputed["accepted_seconds"] > 0
    (replaced,) = (job for job in jobs if "replaced" in job["turns"])
    assert (replaced["assignments"], replaced["candidates"]) == (2, 2), "the node that was silent is not drawn again"
    assert replaced["settled_usd_units"] > 0
    assert sum(job["sold_io_units"] for job in jobs if job["paid_with"] == "IO") > 0


def test_reputation_is_worth_a_discount_or_locked_io(default: Figures) -> None:
    """A user pays less; another pays the full price and earns IO that is locked."""
    found = people(default)
    assert found["user-2"]["saved_usd_units"] > 0
    assert found["user-3"]["saved_usd_units"] == 0
    assert found["user-3"]["locked_io_units"] > 0
    assert any(job["coupons_user_usd_units"] for job in default["jobs"] if job["user"] == "user-3")


def test_stakers_affiliates_and_holders_have_their_parts(default: Figures) -> None:
    """Rewards, a ticket that unbonds, an affiliate's IO and dollars, IO locked at genesis."""
    found = people(default)
    assert found["staker-1"]["earned_io_units"] > 0
    assert found["staker-1"]["staked_io_units"] == 1_200_00000000
    assert found["staker-2"]["unbonding_io_units"] == 250_00000000
    assert found["staker-2"]["staked_io_units"] == 350_00000000
    assert found["staker-2"]["earned_io_units"] > 0, "vested by the second"
    assert found["affiliate"]["earned_io_units"] > 0
    assert found["affiliate"]["received_usd_units"] > 0
    assert found["contributors"]["locked_io_units"] == 90_400_000_00000000
    assert found["trader"]["sold_io_units"] > 0
    assert default["nodes"][0]["stakers_io_units"] > 0
    assert default["nodes"][0]["stake_io_units"] == 1_600_00000000, "unbonding stake is stake until it is paid"


def test_elections_slashes_and_grants_reach_the_nodes(default: Figures) -> None:
    """One takes another share of its pay in dollars, one is slashed and made good, one owner was granted dollars."""
    nodes = default["nodes"]
    assert [n["node"] for n in nodes if n["elected_dollar_share_bp"] != n["dollar_share_bp"]] == ["node-2"]
    assert [n["node"] for n in nodes if n["slashed_io_units"]] == ["node-8"]
    assert sum(node["granted_usd_units"] > 0 for node in nodes) == 1


def test_a_change_of_parameters_takes_effect_with_the_next_epoch(default: Figures) -> None:
    """Availability has half of epoch 1's emission, and 60% of each after it."""
    parts = [e["availability_io_units"] * 10_000 / e["emission_io_units"] for e in default["epochs"]]
    assert [round(part) for part in parts] == [5_000, 6_000, 6_000]


def test_a_bad_option_is_refused_with_its_value() -> None:
    """A number of epochs below one is a usage error that says so."""
    done = subprocess.run(["ionet", "demo", "--epochs", "0"], capture_output=True, text=True, timeout=60)  # noqa: S607
    assert done.returncode == 2
    assert "epochs" in done.stderr
