"""`ionet supply`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from client.amounts import IO
from client.cli.options import AsJson, KeypairFile, Url, settings, single
from client.cli.output import emit, facts, note, when

if TYPE_CHECKING:
    from client.supply import Supply

app = single()


@app.command()
def supply(ctx: typer.Context, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False) -> None:
    """Show where all IO is: genesis, emitted, minted, locked, staked, burned, circulating; and that it adds up.

    Ends with 1 where it does not, and says by how much.
    """
    from client.supply import supply as read

    chosen = settings(ctx, url, keypair, as_json)
    found = chosen.run("adding up", read)
    if chosen.as_json:
        emit(_json(found))
    else:
        facts(f"IO after epoch {found.closed_epoch}, {when(found.now)}", _rows(found))
    for fault in found.faults:
        note(f"It does not add up: {fault}.")
    if found.faults:
        raise typer.Exit(1)


def _rows(found: Supply) -> list[tuple[str, object]]:
    rows = [
        ("genesis", found.genesis),
        ("emitted by the closed epochs", found.emitted),
        ("  not claimed yet", found.unclaimed),
        ("  locked bonus, to be minted", found.bonus_locked),
        ("  minted", found.minted),
        ("burned", found.burned),
        ("  by the auction", found.burned_auction),
        ("  by slashes", found.burned_slashed),
        ("  by holders", found.burned_holders),
        ("supply = genesis + minted - burned", found.mint_supply),
        ("  locked, to become free", found.locked_unvested),
        ("  locked, free and not withdrawn", found.locked_vested),
        ("  given to the vault of locked IO", found.locked_given),
        ("  staked", found.staked),
        ("  circulating", found.circulating),
    ]
    return [(name, IO.show(amount)) for name, amount in rows]


def _json(found: Supply) -> dict[str, Any]:
    amounts = {
        "genesis": found.genesis,
        "emitted": found.emitted,
        "unclaimed": found.unclaimed,
        "bonus_locked": found.bonus_locked,
        "minted": found.minted,
        "burned": found.burned,
        "burned_auction": found.burned_auction,
        "burned_slashed": found.burned_slashed,
        "burned_holders": found.burned_holders,
        "supply": found.mint_supply,
        "locked_unvested": found.locked_unvested,
        "locked_vested": found.locked_vested,
        "locked_given": found.locked_given,
        "staked": found.staked,
        "circulating": found.circulating,
    }
    return {
        "chain_time": found.now,
        "closed_epoch": found.closed_epoch,
        **{f"{name}_io_units": amount for name, amount in amounts.items()},
        "adds_up": not found.faults,
        "faults": list(found.faults),
    }
