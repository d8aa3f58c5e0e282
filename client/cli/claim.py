"""`ionet claim`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.amounts import IO, format_io
from client.cli.options import AsJson, KeypairFile, Settings, Url, optional_address, settings, single
from client.cli.output import emit, facts, table
from client.errors import IonetError

if TYPE_CHECKING:
    from solana.rpc.async_api import AsyncClient
    from solders.keypair import Keypair
    from solders.pubkey import Pubkey

    from client.actions.rewards import Claimed

app = single()


@app.command()
def claim(
    ctx: typer.Context,
    actor: Annotated[str | None, typer.Argument(help="A node or user, whoever's. Default: all of yours.")] = None,
    vested: Annotated[
        bool, typer.Option("--vested", help="Withdraw what has vested of your locked IO instead.")
    ] = False,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Claim what nodes and users have earned, in IO; bonus IO is locked and vests over time.

    Anyone may claim for an actor: its owner, its affiliate and its stakers are each paid their part, whoever pays the
    fee.
    """
    chosen = settings(ctx, url, keypair, as_json)
    if vested and actor is not None:
        raise typer.BadParameter("--vested is of your wallet, not of one actor")
    key = chosen.keypair()
    if vested:
        _withdraw(chosen, key)
        return
    target = optional_address(actor)
    done = chosen.run("claiming", lambda client: _claim(client, key, target))
    if chosen.as_json:
        emit([_json(one) for one in done])
        return
    table(
        "Claimed, IO",
        ("actor", ">owner's", ">affiliate's", ">stakers'", ">bonus locked", "transaction"),
        (
            (
                one.actor,
                format_io(one.liquid.owner),
                format_io(one.liquid.affiliate + one.bonus.affiliate),
                format_io(one.liquid.stakers + one.bonus.stakers),
                format_io(one.bonus.owner),
                one.sent.signature,
            )
            for one in done
        ),
    )


async def _claim(client: AsyncClient, key: Keypair, target: Pubkey | None) -> list[Claimed]:
    from client import accounts, actions
    from client.actions.rewards import NothingToClaim

    if target is not None:
        return [await actions.claim(client, key, target)]
    own = sorted(await accounts.actors_by_authority(client, key.pubkey()), key=str)
    if not own:
        raise IonetError(f"{key.pubkey()} has no nodes: register one with `ionet node register`")
    if len(own) == 1:
        return [await actions.claim(client, key, own[0])]
    done = []
    for actor in own:
        try:
            done.append(await actions.claim(client, key, actor))
        except NothingToClaim:
            continue
    if not done:
        raise NothingToClaim(f"none of the {len(own)} actors of {key.pubkey()} has anything to claim yet")
    return done


def _withdraw(chosen: Settings, key: Keypair) -> None:
    from client import actions

    done = chosen.run("withdrawing", lambda client: actions.withdraw_vested(client, key))
    if chosen.as_json:
        emit({"withdrawn_io_units": done.amount, "signatures": [str(one.signature) for one in done.sent]})
    else:
        facts("Withdrawn", [("vested IO", IO.show(done.amount)), *(("transaction", s.signature) for s in done.sent)])


def _json(one: Claimed) -> dict[str, Any]:
    return {
        "actor": str(one.actor),
        "owner_io_units": one.liquid.owner,
        "affiliate_io_units": one.liquid.affiliate + one.bonus.affiliate,
        "stakers_io_units": one.liquid.stakers + one.bonus.stakers,
        "locked_bonus_io_units": one.bonus.owner,
        "vesting": str(one.vesting) if one.vesting else None,
        "signature": str(one.sent.signature),
    }
