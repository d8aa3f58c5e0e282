"""`ionet user`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from client.amounts import format_bp
from client.cli.elections import elect as change_election
from client.cli.elections import election_facts, election_json
from client.cli.options import AsJson, KeypairFile, Url, address, group, optional_address, settings
from client.cli.output import emit, facts, when

if TYPE_CHECKING:
    from solana.rpc.async_api import AsyncClient
    from solders.pubkey import Pubkey

    from client.state import Actor, Earner

app = group("People who rent: a user opens jobs and has a reputation.")


@app.command()
def register(
    ctx: typer.Context,
    commission: Annotated[
        int,
        typer.Option("--commission", help="The stakers' part of what it earns, 100 to 300 basis points.", metavar="BP"),
    ] = 100,
    affiliate: Annotated[
        str | None, typer.Option(help="Wallet of who brought the user in; for good.", metavar="ADDRESS")
    ] = None,
    id: Annotated[
        int | None, typer.Option(help="Number among your actors, 0 to 65535. Default: the next.", metavar="N")
    ] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Register a user, which opening jobs needs, and its token accounts."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    key, by = chosen.keypair(), optional_address(affiliate)
    made = chosen.run(
        "registering the user",
        lambda client: actions.register_user(client, key, commission_bp=commission, affiliate=by, id=id),
    )
    if chosen.as_json:
        emit({"user": str(made.actor), "id": made.id, "signature": str(made.sent.signature)})
    else:
        facts("User registered", [("user", made.actor), ("number", made.id), ("transaction", made.sent.signature)])


@app.command()
def elect(
    ctx: typer.Context,
    user: Annotated[str, typer.Argument(help="The user's address.")],
    commission: Annotated[
        int,
        typer.Option("--commission", help="The stakers' part of what it earns, 100 to 300 basis points.", metavar="BP"),
    ],
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Choose a user's commission anew, from the next epoch on."""
    change_election(settings(ctx, url, keypair, as_json), address(user), None, commission)


@app.command()
def show(
    ctx: typer.Context,
    user: Annotated[str | None, typer.Argument(help="The user's address. Default: your only user.")] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Show a user: its reputation, and the discount that it brings."""
    chosen = settings(ctx, url, keypair, as_json)
    wallet = None if user else chosen.keypair().pubkey()
    target = optional_address(user)
    now, at, actor, earner, discount = chosen.run("reading", lambda client: _read(client, target, wallet))
    reputation = earner.reputation if earner else 0
    if chosen.as_json:
        elected = election_json(actor, now)
        emit(
            {
                "user": str(at),
                "authority": str(actor.authority),
                "id": actor.id,
                "reputation": reputation,
                "discount_bp": discount,
                "commission_bp": elected["commission_bp"],
                "next_commission_bp": elected["next_commission_bp"],
                "next_election_at": elected["next_election_at"],
                "affiliate": str(actor.affiliate) if actor.has_affiliate else None,
                "registered_at": actor.registered_at,
            }
        )
        return
    facts(
        "User",
        [
            ("user", at),
            ("authority", actor.authority),
            ("number", actor.id),
            ("reputation", f"{reputation:,} of 10,000"),
            ("discount", format_bp(discount)),
            *election_facts(actor, now),
            ("affiliate", actor.affiliate if actor.has_affiliate else "nobody"),
            ("registered", when(actor.registered_at)),
        ],
    )


async def _read(
    client: AsyncClient, target: Pubkey | None, wallet: Pubkey | None
) -> tuple[int, Pubkey, Actor, Earner | None, int]:
    from client import accounts, addresses, reads, state
    from client.rpc import chain_time

    if target is None:
        assert wallet is not None
        target, _ = await reads.user_of(client, wallet)
    actor = await reads.actor(client, target)
    earner = await accounts.fetch(client, state.Earner, addresses.earner(target))
    now = await chain_time(client)
    parameters = (await reads.terms(client)).parameters_at(now)
    discount = parameters.discount_of(earner.reputation if earner else 0)
    return now, target, actor, earner, discount
