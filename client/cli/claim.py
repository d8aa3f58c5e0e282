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
    actor: Annotated[str | None, typer.Argument(help="A node or user of yours. Default: all of them.")] = None,
    vested: Annotated[
        bool, typer.Option("--vested", help="Withdraw what has vested of your locked bonus instead.")
    ] = False,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Claim what your nodes have earned, in IO; bonus IO is locked and vests over time.

    The affiliate's part is minted to the affiliate in the same transaction.
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
        ("actor", ">yours", ">affiliate's", ">bonus locked", "transaction"),
        (
            (
                one.actor,
                format_io(one.pending.liquid - one.affiliate_part),
                format_io(one.affiliate_part),
                format_io(one.pending.bonus),
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

    amount, sent = chosen.run("withdrawing", lambda client: actions.withdraw_vested(client, key))
    if chosen.as_json:
        emit({"withdrawn_io_units": amount, "signatures": [str(one.signature) for one in sent]})
    else:
        facts("Withdrawn", [("vested IO", IO.show(amount)), *(("transaction", one.signature) for one in sent)])


def _json(one: Claimed) -> dict[str, Any]:
    return {
        "actor": str(one.actor),
        "owner_io_units": one.pending.liquid - one.affiliate_part,
        "affiliate_io_units": one.affiliate_part,
        "locked_bonus_io_units": one.pending.bonus,
        "vesting": str(one.vesting) if one.vesting else None,
        "signature": str(one.sent.signature),
    }
