"""Sums that must be equal to the base unit: what the events say against what the chain holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from client.economics import GENESIS_SUPPLY, cumulative
from demo.balances import Ledger
from demo.network import INCENTIVES_DOLLARS, USER_DOLLARS
from indexer.verify import JobReport, VerifyReport


@dataclass(frozen=True, slots=True)
class Check:
    """Two sums that must be equal."""

    name: str
    left: int
    right: int

    @property
    def equal(self) -> bool:
        return self.left == self.right


def io_checks(totals: dict[str, int], held: Ledger) -> list[Check]:
    """Nothing is emitted, minted, staked, locked or burned that is not accounted for."""
    state, io = held.emission, held.io
    emitted = cumulative(state.closed_epoch)
    given = totals["claimed"] + totals["affiliates"] + totals["stakers"]
    carried = state.carry_availability + state.carry_compute
    placed = ((given + totals["locked"]) << 64) + held.unclaimed_q64 + carried
    burned = totals["burned_io"] + totals["slashed"]
    bonds = totals["appeal_bonds"] - totals["appeal_bonds_back"]
    staked_in = totals["collateral"] + totals["delegated"] + bonds
    actors, vestings = held.actors.values(), held.vestings
    return [
        Check("emission of the closed epochs = M(t)", totals["emitted"], emitted),
        Check("claimed + affiliates + stakers + locked + unclaimed + carried = emitted", placed >> 64, emitted),
        Check("… and the fractions that they leave", placed % (1 << 64), 0),
        Check("minted = claimed + affiliates + stakers + vested bonus", state.minted,
              given + totals["vested_minted"]),
        Check("locked bonus = withdrawn + still locked", totals["locked"],
              totals["vested_minted"] + sum(one.left for one in vestings if not one.funded)),
        Check("IO supply = genesis + minted - burned - slashed", held.supply.mint_supply,
              GENESIS_SUPPLY + state.minted - burned),
        Check("IO supply = all IO accounts", held.supply.mint_supply, sum(io.values())),
        Check("circulating = wallets + stakers' rewards", held.supply.circulating, io["wallets"] + io["rewards"]),
        Check("supply: what does not add up", len(held.supply.faults), 0),
        Check("stake vault = collateral + stake - slashed", io["stake vault"],
              staked_in - totals["unbonded"] - totals["slashed"]),
        Check("stake vault = all actors' accounts", io["stake vault"],
              sum(one.collateral + one.stake for one in actors)),
        Check("rewards = stakers' parts - claimed", io["rewards"],
              totals["stakers"] - totals["rewards_claimed"]),
        Check("locked vault = locked - withdrawn", io["locked vault"], totals["io_locked"] - totals["vested_paid"]),
        Check("locked vault = all vesting accounts", io["locked vault"],
              sum(one.left for one in vestings if one.funded)),
    ]  # fmt: skip


def dollar_checks(totals: dict[str, int], held: Ledger, users: int) -> list[Check]:
    """Every dollar is somewhere."""
    usd = held.usd
    fee = totals["fee_affiliate"] + totals["fee_burn"] + totals["fee_incentives"]
    out_of_jobs = totals["gross"] + totals["refunds"] + totals["to_credit"] + totals["bonds_back"]
    granted = totals["granted_users"] + totals["granted_owners"]
    return [
        Check("deposits + bonds = settled + back + held", totals["deposits"] + totals["bonds"],
              out_of_jobs + usd["jobs"]),
        Check("settled = dollars + burn + fee", totals["gross"], totals["dollars"] + totals["burn"] + fee),
        Check("seconds of work that are due and not paid", held.due_seconds, 0),
        Check("credits = granted - spent + given back", usd["credits"],
              totals["granted_users"] - totals["from_credit"] + totals["to_credit"]),
        Check("affiliate's dollars = its parts of the fee", usd["affiliate"], totals["fee_affiliate"]),
        Check("burn vault = received - paid", usd["burn vault"],
              totals["burn"] + totals["fee_burn"] - totals["burn_paid"]),
        Check("incentives = given + received - granted", usd["incentives"],
              INCENTIVES_DOLLARS + totals["fee_incentives"] - granted),
        Check("USD supply = all USD accounts", held.usd_supply,
              sum(amount for place, amount in usd.items() if place != "affiliate")),
        Check("USD supply = given to users and incentives", held.usd_supply,
              users * USER_DOLLARS + INCENTIVES_DOLLARS),
    ]  # fmt: skip


def replay_checks(epochs: Sequence[VerifyReport], jobs: Sequence[JobReport] | None, held: Ledger) -> list[Check]:
    """Each epoch, and each job, recomputed from the events alone."""
    checks = [Check(f"epoch {one.epoch}: figures that a replay contradicts", len(one.differences), 0) for one in epochs]
    if jobs is not None:
        wrong = sum(len(one.differences) for one in jobs)
        checks.append(Check("jobs: figures that a replay contradicts", wrong, 0))
        checks.append(Check("jobs verified = jobs on the chain", len(jobs), len(held.jobs)))
    return checks
