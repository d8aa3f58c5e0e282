"""`ionet grant`"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.amounts import USD
from client.cli.options import AsJson, KeypairFile, Url, address, group, settings
from client.cli.output import emit, facts

if TYPE_CHECKING:
    from client.actions.grants import Granted

app = group(
    "Dollars for newcomers, from the incentives vault, once each. A strict majority of the committee signs; "
    "`ionet params show burn` says how much."
)

Members = Annotated[
    list[Path] | None,
    typer.Option(
        "--member",
        metavar="FILE",
        help="Key file of a member of the committee; several times. Default: the --keypair alone.",
        show_default=False,
    ),
]


@app.command()
def user(
    ctx: typer.Context,
    actor: Annotated[str, typer.Argument(help="The user.")],
    member: Members = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Grant a new user dollars, which can only be spent on jobs: they wait in its credit."""
    from client import actions

    _grant(ctx, actor, member, url, keypair, as_json, actions.grant_user, "the user's credit")


@app.command()
def owner(
    ctx: typer.Context,
    actor: Annotated[str, typer.Argument(help="The node.")],
    member: Members = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Grant the owner of a node dollars, once it has earned points for long enough without a break."""
    from client import actions

    _grant(ctx, actor, member, url, keypair, as_json, actions.grant_owner, "the owner's account")


def _grant(
    ctx: typer.Context,
    actor: str,
    member: list[Path] | None,
    url: str | None,
    keypair: Path | None,
    as_json: bool,
    action: Callable[..., Awaitable[Granted]],
    where: str,
) -> None:
    from client import keys

    chosen = settings(ctx, url, keypair, as_json)
    target = address(actor)
    signers = [keys.load(file.expanduser()) for file in member or []]
    # Whoever pays need not be a member: the first of them does, where no key is named.
    payer = chosen.keypair() if chosen.keypair_given or not signers else signers[0]
    done: Granted = chosen.run("granting", lambda client: action(client, payer, signers or [payer], target))
    said: dict[str, Any] = {
        "actor": str(done.actor),
        "granted_usd_units": done.amount,
        "account": str(done.account),
        "signature": str(done.sent.signature),
    }
    if chosen.as_json:
        emit(said)
    else:
        rows = [("actor", done.actor), ("granted", USD.show(done.amount)), (where, done.account)]
        facts("Granted", [*rows, ("transaction", done.sent.signature)])
