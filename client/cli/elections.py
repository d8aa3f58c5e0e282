"""What `ionet node` and `ionet user` share: elections, as they are shown and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from client.amounts import format_bp
from client.cli.output import emit, facts, when

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

    from client.actions.staking import Elected
    from client.cli.options import Settings
    from client.state import Actor


def election_facts(actor: Actor, now: int) -> list[tuple[str, object]]:
    """What counts at `now`, and what waits for the next epoch."""
    chosen = actor.election_at(now)
    pairs: list[tuple[str, object]] = [("commission", format_bp(chosen.commission_bp))]
    if actor.is_node:
        pairs.insert(0, ("dollar share", format_bp(chosen.dollar_share_bp)))
    if actor.next_election_at > now:
        waits = actor.next_election
        share = f"dollar share {format_bp(waits.dollar_share_bp)}, " if actor.is_node else ""
        then = f"{share}commission {format_bp(waits.commission_bp)}"
        pairs.append((f"from {when(actor.next_election_at)}", then))
    return pairs


def election_json(actor: Actor, now: int) -> dict[str, Any]:
    """As `election_facts`, for machines."""
    chosen, waits = actor.election_at(now), actor.next_election if actor.next_election_at > now else None
    return {
        "dollar_share_bp": chosen.dollar_share_bp,
        "commission_bp": chosen.commission_bp,
        "next_dollar_share_bp": waits.dollar_share_bp if waits else None,
        "next_commission_bp": waits.commission_bp if waits else None,
        "next_election_at": actor.next_election_at if waits else None,
    }


def elect(settings: Settings, target: Pubkey, dollar_share: int | None, commission: int | None) -> None:
    """Changes what is given, from the next epoch on, and says so."""
    from client import actions

    key = settings.keypair()
    done: Elected = settings.run(
        "electing",
        lambda client: actions.elect(client, key, target, dollar_share_bp=dollar_share, commission_bp=commission),
    )
    before, after = done.until_then, done.election
    if settings.as_json:
        emit(
            {
                "actor": str(target),
                "dollar_share_bp": before.dollar_share_bp,
                "commission_bp": before.commission_bp,
                "next_dollar_share_bp": after.dollar_share_bp,
                "next_commission_bp": after.commission_bp,
                "next_election_at": done.starts_at,
                "signature": str(done.sent.signature),
            }
        )
        return
    rows: list[tuple[str, object]] = [("actor", target), ("from", when(done.starts_at))]
    if after.dollar_share_bp:
        rows.append(("dollar share", f"{format_bp(after.dollar_share_bp)}, {format_bp(before.dollar_share_bp)} now"))
    rows.append(("commission", f"{format_bp(after.commission_bp)}, {format_bp(before.commission_bp)} now"))
    facts("Elected", [*rows, ("transaction", done.sent.signature)])
