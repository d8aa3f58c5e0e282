"""`ionet admin`"""

from __future__ import annotations

from typing import Annotated

import typer

from client.cli.options import AsJson, KeypairFile, Url, address, group, settings
from client.cli.output import emit, facts

app = group("The admin's office, above all five programs. It changes hands in two steps: offered, then accepted.")


@app.command()
def show(ctx: typer.Context, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False) -> None:
    """Show who holds the offices: admin, whom it is offered to, pauser."""
    from client import reads
    from client.actions.governance import NOBODY

    chosen = settings(ctx, url, keypair, as_json)
    found = chosen.run("reading the offices", reads.committee)
    offered = None if found.offered_admin == NOBODY else str(found.offered_admin)
    if chosen.as_json:
        emit({"admin": str(found.admin), "offered_to": offered, "pauser": str(found.pauser)})
    else:
        rows = [("admin", found.admin), ("offered to", offered or "nobody"), ("pauser", found.pauser)]
        facts("Offices", rows)


@app.command()
def offer(
    ctx: typer.Context,
    to: Annotated[str, typer.Argument(metavar="ADDRESS", help="Who may accept the office.")],
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Offer the office, as the admin. Nothing changes until it is accepted; a new offer replaces an old one."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    offered, key = address(to), chosen.keypair()
    sent = chosen.run("offering the office", lambda client: actions.offer_admin(client, key, offered))
    if chosen.as_json:
        emit({"admin": str(key.pubkey()), "offered_to": str(offered), "signature": str(sent.signature)})
    else:
        facts("Office offered", [("to", offered), ("still admin", key.pubkey()), ("transaction", sent.signature)])


@app.command()
def withdraw(ctx: typer.Context, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False) -> None:
    """Take an offer back that nobody has accepted, as the admin."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    key = chosen.keypair()
    sent = chosen.run("taking the offer back", lambda client: actions.offer_admin(client, key, None))
    if chosen.as_json:
        emit({"admin": str(key.pubkey()), "offered_to": None, "signature": str(sent.signature)})
    else:
        facts("Offer taken back", [("admin", key.pubkey()), ("transaction", sent.signature)])


@app.command()
def accept(ctx: typer.Context, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False) -> None:
    """Take the office that was offered to this key. The former admin can do nothing since."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    key = chosen.keypair()
    sent = chosen.run("accepting the office", lambda client: actions.accept_admin(client, key))
    if chosen.as_json:
        emit({"admin": str(key.pubkey()), "signature": str(sent.signature)})
    else:
        facts("Office accepted", [("admin", key.pubkey()), ("transaction", sent.signature)])
