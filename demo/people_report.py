"""The people of the demo who run no node: what they staked, earned, sold, paid and got."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from solders.pubkey import Pubkey

from client import economics
from client.economics import QuoteInput
from demo.balances import Ledger
from demo.network import Network

Row = dict[str, Any]


def people(network: Network, rows: Sequence[Any], jobs: Sequence[Row], held: Ledger) -> list[Row]:
    """One row each; IO and USD in base units."""
    moved = {Pubkey.from_bytes(row["wallet"]): row for row in rows}
    found = []
    for number, staker in enumerate(network.stakers, 1):
        row = _person(f"staker-{number}", "staker", moved.get(staker.pubkey()))
        row["staked_io_units"], row["unbonding_io_units"] = _stake(staker.pubkey(), held)
        found.append(row)
    for name, key in (
        ("affiliate", network.affiliate),
        ("trader", network.trader),
        ("contributors", network.contributors),
    ):
        found.append(_person(name, name, moved.get(key.pubkey())))
    for user in network.users:
        row, own = _person(user.name, "user", moved.get(user.address)), [j for j in jobs if j["user"] == user.name]
        row["reputation"] = held.earners[user.actor].reputation
        row["granted_usd_units"] = sum(job["granted_usd_units"] for job in own)
        row["saved_usd_units"] = sum(map(_saved, own))
        row["paid_usd_units"] = sum(
            job["deposit_usd_units"] - job["granted_usd_units"] + job["bond_usd_units"] for job in own
        )
        row["received_usd_units"] += sum(
            job["refund_usd_units"] + job["bond_usd_units"] - job["bond_lost_usd_units"]
            for job in own
            if job["state"] in ("settled", "cancelled")
        )
        found.append(row)
    return found


def _person(name: str, role: str, moved: Any) -> Row:
    """Of what the events say: `earned` as rewards, an affiliate's parts, claims and vested IO; `locked` is still."""
    amounts = {column: int(moved[column]) if moved else 0 for column in ("earned", "locked", "sold", "received")}
    return {
        "name": name,
        "role": role,
        "reputation": None,
        "staked_io_units": 0,
        "unbonding_io_units": 0,
        "earned_io_units": amounts["earned"],
        "locked_io_units": amounts["locked"],
        "sold_io_units": amounts["sold"],
        "granted_usd_units": 0,
        "saved_usd_units": 0,
        "paid_usd_units": 0,
        "received_usd_units": amounts["received"],
    }


def _stake(owner: Pubkey, held: Ledger) -> tuple[int, int]:
    """What a wallet has delegated, and what of it unbonds."""
    return (
        sum(economics.value_of(one.shares, held.actors[one.actor].index) for one in held.delegations
            if one.owner == owner),
        sum(economics.value_of(one.shares, held.actors[one.actor].index) for one in held.tickets
            if one.owner == owner),
    )  # fmt: skip


def _saved(job: Row) -> int:
    """What the user's reputation made the job cheaper."""
    if job["benefit"] != "discount" or not job["discount_bp"]:
        return 0
    full = economics.rate_per_hour(QuoteInput(job["price_nano_usd"], job["processors"], 0))
    return economics.deposit(full, job["hours"]) - int(job["deposit_usd_units"])
