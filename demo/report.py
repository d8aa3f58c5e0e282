"""What the demo shows at its end: who earned what, and sums that must be equal to the base unit.

Amounts come from the database that the indexer filled, balances from the chain: each check compares two sources.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solders.pubkey import Pubkey

from client import accounts, addresses, state
from client.economics import GENESIS_SUPPLY, cumulative
from demo.network import USER_DOLLARS, Network
from indexer.verify import VerifyReport

_SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True, slots=True)
class Check:
    """Two sums that must be equal."""

    name: str
    left: int
    right: int

    @property
    def equal(self) -> bool:
        return self.left == self.right


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a run; amounts in base units, named by their unit."""

    epochs: list[dict[str, Any]]
    nodes: list[dict[str, Any]]
    totals: dict[str, int]
    checks: list[Check]

    @property
    def ok(self) -> bool:
        """Whether everything is where it belongs."""
        return all(check.equal for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """For machines: the same figures; a check has both of its sums."""
        checks = [{"name": c.name, "left": c.left, "right": c.right, "equal": c.equal} for c in self.checks]
        return {"epochs": self.epochs, "nodes": self.nodes, "totals": self.totals, "checks": checks, "ok": self.ok}


async def report(network: Network, verified: list[VerifyReport]) -> Report:
    """Reads the figures of all that has happened. Everything must be replayed."""
    rows = {
        name: await network.pool.fetch((_SQL / f"{name}.sql").read_text()) for name in ("nodes", "totals", "epochs")
    }
    totals = {name: int(value) for name, value in rows["totals"][0].items()}
    by_actor = {Pubkey.from_bytes(row["actor"]): row for row in rows["nodes"]}
    actors = [participant.actor for participant in (*network.nodes, *network.users)]
    found = await accounts.fetch_many(network.client, state.Earner, [addresses.earner(actor) for actor in actors])
    earners = {actor: earner for actor, earner in zip(actors, found, strict=True) if earner is not None}
    schedule = await accounts.fetch(network.client, state.Emission, addresses.emission())
    assert schedule is not None

    epochs = [_epoch(dict(row)) for row in rows["epochs"]]
    nodes = [
        {
            "node": node.name,
            "class": node.spec.hardware_class,
            "processors": node.spec.processors,
            "dollar_share_bp": node.spec.dollar_share_bp,
            "affiliate": node.spec.has_affiliate,
            "dollars_usd_units": int(by_actor[node.actor]["dollars"]),
            "coupons_base_usd_units": int(by_actor[node.actor]["coupons_base"]),
            "coupons_bonus_usd_units": int(by_actor[node.actor]["coupons_bonus"]),
            "points": earners[node.actor].points,
            "reputation": earners[node.actor].reputation,
            "claimed_io_units": int(by_actor[node.actor]["claimed"]),
            "locked_io_units": int(by_actor[node.actor]["locked"]),
        }
        for node in network.nodes
    ]
    balances = await _balances(network)
    checks = [
        *_io_checks(schedule, list(earners.values()), totals, balances),
        *_dollar_checks(network, totals, balances),
        *(Check(f"epoch {epoch}: payouts that a replay contradicts", len(v.differences), 0) for epoch, v in
          enumerate(verified, 1)),
    ]  # fmt: skip
    shown = {
        "emitted_io_units": totals["emitted"],
        "minted_io_units": schedule.minted,
        "locked_io_units": totals["locked"],
        "affiliate_io_units": totals["claimed_affiliate"],
        "burned_io_units": totals["burned_io"],
        "supply_io_units": balances["io supply"],
        "settled_usd_units": totals["gross"],
        "fee_usd_units": totals["fee_burn"] + totals["fee_incentives"],
        "burn_paid_usd_units": totals["burn_paid"],
        "burn_vault_usd_units": balances["burn vault"],
    }
    return Report(epochs, nodes, shown, checks)


def _epoch(row: dict[str, Any]) -> dict[str, Any]:
    emitted = int(row["availability"] + row["compute"])
    return {
        "epoch": row["last"],
        "emission_io_units": emitted,
        "supply_cap_io_units": GENESIS_SUPPLY + cumulative(row["last"]),
        "availability_io_units": int(row["availability"]),
        "compute_io_units": int(row["compute"]),
        "points": int(row["total_points"]),
        "coupons_usd_units": int(row["total_coupons"]),
        "scores_sha256": row["digest"].hex(),
    }


def _io_checks(
    schedule: state.Emission, earners: list[state.Earner], totals: dict[str, int], balances: dict[str, int]
) -> list[Check]:
    """Nothing is emitted, minted or burned that is not accounted for."""
    unclaimed = sum(e.liquid + e.bonus + e.points * (schedule.per_point - e.snapshot) for e in earners)
    paid = totals["claimed_owner"] + totals["claimed_affiliate"]
    placed = ((paid + totals["locked"]) << 64) + unclaimed + schedule.carry_availability + schedule.carry_compute
    emitted = cumulative(schedule.closed_epoch)
    return [
        Check("emission of the closed epochs = M(t)", totals["emitted"], emitted),
        Check("claimed + locked + unclaimed + carried = emitted", placed >> 64, emitted),
        Check("… and the fractions that they leave", placed % (1 << 64), 0),
        Check("minted, by the chain = claimed, by the events", schedule.minted, paid),
        Check("IO supply = genesis + minted - burned", balances["io supply"],
              GENESIS_SUPPLY + schedule.minted - totals["burned_io"]),
        Check("IO supply = all IO accounts", balances["io supply"], balances["io accounts"]),
        Check("stake vault = collateral deposited", balances["stake vault"], totals["collateral"]),
    ]  # fmt: skip


def _dollar_checks(network: Network, totals: dict[str, int], balances: dict[str, int]) -> list[Check]:
    """Every dollar of the users is somewhere."""
    shares = totals["dollars"] + totals["burn"] + totals["fee_burn"] + totals["fee_incentives"]
    into_burn = totals["burn"] + totals["fee_burn"]
    return [
        Check("deposits = settled + refunds + held", totals["deposits"],
              totals["gross"] + totals["refunds"] + balances["job vaults"]),
        Check("settled = dollars + burn + fee", totals["gross"], shares),
        Check("burn vault = received - paid", balances["burn vault"], into_burn - totals["burn_paid"]),
        Check("incentives vault = received", balances["incentives"], totals["fee_incentives"]),
        Check("USD supply = all USD accounts", balances["usd supply"], balances["usd accounts"]),
        Check("USD supply = dollars given to users", balances["usd supply"], len(network.users) * USER_DOLLARS),
    ]  # fmt: skip


async def _balances(network: Network) -> dict[str, int]:
    """Base units by place, from the chain. Every token account that exists belongs to someone known."""
    client = network.client

    async def of(token_account: Pubkey) -> int:
        return await accounts.token_balance(client, token_account) or 0

    people = [network.admin, network.affiliate, network.trader]
    wallets = [person.pubkey() for person in people] + [p.address for p in (*network.nodes, *network.users)]
    job_vaults = [addresses.job_vault(job) for job in await accounts.jobs(client)]
    io = await asyncio.gather(*(of(network.io(wallet)) for wallet in wallets))
    usd = await asyncio.gather(*(of(network.usd(wallet)) for wallet in wallets))
    held = await asyncio.gather(*map(of, job_vaults))
    stake, burn, incentives = await asyncio.gather(
        of(addresses.stake_vault()), of(addresses.burn_vault()), of(addresses.incentives_vault())
    )
    supplies = await asyncio.gather(client.get_token_supply(network.io_mint), client.get_token_supply(network.usd_mint))
    return {
        "io supply": int(supplies[0].value.amount),
        "usd supply": int(supplies[1].value.amount),
        "io accounts": sum(io) + stake,
        "usd accounts": sum(usd) + sum(held) + burn + incentives,
        "job vaults": sum(held),
        "stake vault": stake,
        "burn vault": burn,
        "incentives": incentives,
    }
