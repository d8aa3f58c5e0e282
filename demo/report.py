"""What the demo shows at its end: who earned what, what became of jobs, and sums that must be equal to the base unit.

Amounts come from the database that the indexer filled, balances from the chain: each check compares two sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from solders.pubkey import Pubkey

from client import addresses, state
from client.economics import GENESIS_SUPPLY, cumulative
from demo.balances import Ledger, ledger
from demo.checks import Check, dollar_checks, io_checks, replay_checks
from demo.network import Network
from demo.people_report import people
from indexer.verify import JobReport, VerifyReport

_SQL = Path(__file__).parent / "sql"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a run; amounts in base units, named by their unit."""

    epochs: list[Row]
    nodes: list[Row]
    jobs: list[Row]
    people: list[Row]
    totals: dict[str, int]
    checks: list[Check]
    measured: list[Row] = field(default_factory=list)
    """What a verifier measured of real machines, with the range of its trials."""

    @property
    def ok(self) -> bool:
        """Whether everything is where it belongs."""
        return all(check.equal for check in self.checks)

    def as_json(self) -> Row:
        """For machines: the same figures; a check has both of its sums."""
        checks = [{"name": c.name, "left": c.left, "right": c.right, "equal": c.equal} for c in self.checks]
        return {
            "epochs": self.epochs,
            "nodes": self.nodes,
            "jobs": self.jobs,
            "people": self.people,
            "totals": self.totals,
            "measured": self.measured,
            "checks": checks,
            "ok": self.ok,
        }


async def report(
    network: Network, verified: Sequence[VerifyReport], verified_jobs: Sequence[JobReport] | None = None
) -> Report:
    """Reads the figures of all that has happened. Everything must be replayed. None: jobs were not verified yet."""
    names = ("nodes", "jobs", "people", "totals", "epochs")
    rows = {name: await network.pool.fetch((_SQL / f"{name}.sql").read_text()) for name in names}
    totals = {name: int(value) for name, value in rows["totals"][0].items()}
    held = await ledger(network)
    jobs = [_job(network, number, row, held) for number, row in enumerate(rows["jobs"], 1)]
    return Report(
        epochs=[_epoch(row) for row in rows["epochs"]],
        nodes=_nodes(network, rows["nodes"], held),
        jobs=jobs,
        people=people(network, rows["people"], jobs, held),
        totals=_shown(totals, held),
        checks=[
            *io_checks(totals, held),
            *dollar_checks(totals, held, len(network.users)),
            *replay_checks(verified, verified_jobs, held),
        ],
    )


def _epoch(row: Any) -> Row:
    availability, compute = int(row["availability"]), int(row["compute"])
    return {
        "epoch": row["last"],
        "emission_io_units": availability + compute,
        "supply_cap_io_units": GENESIS_SUPPLY + cumulative(row["last"]),
        "availability_io_units": availability,
        "compute_io_units": compute,
        "points": int(row["total_points"]),
        "coupons_usd_units": int(row["total_coupons"]),
        "scores_sha256": row["digest"].hex(),
    }


def _nodes(network: Network, rows: Sequence[Any], held: Ledger) -> list[Row]:
    by_actor = {Pubkey.from_bytes(row["actor"]): row for row in rows}
    found = []
    for node in network.nodes:
        row, actor = by_actor[node.actor], held.actors[node.actor]
        amounts = {name: int(value) for name, value in row.items() if name != "actor"}
        found.append(
            {
                "node": node.name,
                "class": node.spec.hardware_class,
                "processors": node.spec.processors,
                "dollar_share_bp": node.spec.dollar_share_bp,
                "elected_dollar_share_bp": actor.election_at(held.now).dollar_share_bp,
                "affiliate": node.spec.has_affiliate,
                "stake_io_units": actor.stake,
                "dollars_usd_units": amounts["dollars"],
                "granted_usd_units": amounts["granted"],
                "coupons_base_usd_units": amounts["coupons_base"],
                "coupons_bonus_usd_units": amounts["coupons_bonus"],
                "points": held.earners[node.actor].points,
                "reputation": held.earners[node.actor].reputation,
                "claimed_io_units": amounts["claimed"],
                "affiliate_io_units": amounts["affiliate"],
                "stakers_io_units": amounts["stakers"],
                "locked_io_units": amounts["locked"],
                "slashed_io_units": amounts["slashed"],
            }
        )
    return found


def _shown(totals: dict[str, int], held: Ledger) -> dict[str, int]:
    """The sums that people want to see."""
    return {
        "genesis_io_units": held.supply.genesis,
        "emitted_io_units": held.supply.emitted,
        "claimed_io_units": totals["claimed"],
        "affiliates_io_units": totals["affiliates"],
        "stakers_io_units": totals["stakers"],
        "bonus_locked_io_units": totals["locked"],
        "unclaimed_io_units": held.unclaimed_q64 >> 64,
        "minted_io_units": held.supply.minted,
        "burned_io_units": totals["burned_io"],
        "slashed_io_units": totals["slashed"],
        "supply_io_units": held.supply.mint_supply,
        "vesting_io_units": held.supply.locked_unvested,
        "vested_io_units": held.supply.locked_vested,
        "collateral_io_units": sum(actor.collateral for actor in held.actors.values()),
        "staked_io_units": sum(actor.stake for actor in held.actors.values()),
        "circulating_io_units": held.supply.circulating,
        "deposits_usd_units": totals["deposits"],
        "settled_usd_units": totals["gross"],
        "to_nodes_usd_units": totals["dollars"],
        "affiliates_usd_units": totals["fee_affiliate"],
        "to_burn_usd_units": totals["burn"] + totals["fee_burn"],
        "to_incentives_usd_units": totals["fee_incentives"],
        "granted_usd_units": totals["granted_users"] + totals["granted_owners"],
        "refunds_usd_units": totals["refunds"] + totals["to_credit"],
        "in_jobs_usd_units": held.usd["jobs"],
        "paid_for_burned_usd_units": totals["burn_paid"],
    }


def _job(network: Network, number: int, row: Any, held: Ledger) -> Row:
    users = {user.actor: user.name for user in network.users}
    nodes = {node.actor: node.name for node in network.nodes}
    turns = {
        "extended": row["is_extended"],
        "cancelled": row["is_ended"],
        "disputed": row["accepted_seconds"] is not None,
        "replaced": row["assignments"] > 1,
    }
    paid = {"grant": row["granted"], "IO": row["sold"]}
    return {
        "job": number,
        "user": users[Pubkey.from_bytes(row["user"])],
        "class": addresses.symbol_text(row["class"]),
        "processors": row["processors"],
        "hours": int(row["hours"]),
        "paid_with": next((way for way, amount in paid.items() if amount), "USD"),
        "benefit": state.Job.BENEFITS[row["benefit"]],
        "discount_bp": row["discount_bp"],
        "node": nodes[Pubkey.from_bytes(row["node"])] if row["node"] else None,
        "assignments": row["assignments"],
        "candidates": row["candidates"],
        "turns": [turn for turn, happened in turns.items() if happened],
        "accepted_seconds": row["accepted_seconds"],
        "state": held.jobs[Pubkey.from_bytes(row["job"])].state_name,
        "price_nano_usd": int(row["price_nano_usd"]),
        "deposit_usd_units": int(row["deposit"]),
        "granted_usd_units": int(row["granted"]),
        "settled_usd_units": int(row["gross"]),
        "refund_usd_units": int(row["refund"]),
        "credit_back_usd_units": int(row["credit"]),
        "bond_lost_usd_units": int(row["bond_lost"]),
        "bond_usd_units": int(row["bond"]),
        "sold_io_units": int(row["sold"]),
        "coupons_user_usd_units": int(row["coupons_user"]),
    }
