"""`ionet node register`, `deposit`, `withdraw-collateral`, `elect`, `agent`"""

from __future__ import annotations

from typing import Annotated

import typer

from client.amounts import IO
from client.cli.elections import elect as change_election
from client.cli.node.group import app
from client.cli.options import AsJson, KeypairFile, Url, address, optional_address, settings
from client.cli.output import emit, facts, when

_REQUIRED = "required"


@app.command()
def register(
    ctx: typer.Context,
    hardware_class: Annotated[str, typer.Option("--class", help="Hardware class, such as H100.", metavar="NAME")],
    processors: Annotated[int, typer.Option(help="Processors of the machine group.", metavar="N")],
    dollar_share: Annotated[
        int,
        typer.Option(
            "--dollar-share",
            help="The part of its pay taken in dollars, 3000 to 9000 basis points; the rest is paid in IO.",
            metavar="BP",
        ),
    ],
    commission: Annotated[
        int,
        typer.Option("--commission", help="The stakers' part of what it earns, 100 to 300 basis points.", metavar="BP"),
    ] = 100,
    affiliate: Annotated[
        str | None, typer.Option(help="Wallet of who brought the owner in; for good.", metavar="ADDRESS")
    ] = None,
    id: Annotated[
        int | None, typer.Option(help="Number among your actors, 0 to 65535. Default: the next.", metavar="N")
    ] = None,
    collateral: Annotated[
        str,
        typer.Option(
            help="IO to deposit with it: a decimal, 0, or `required`, under which a node earns nothing.",
            metavar="IO",
        ),
    ] = _REQUIRED,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Register a node of yours, its token accounts and its collateral, in one transaction."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    deposit = None if collateral == _REQUIRED else IO.parse(collateral, zero_ok=True)
    key, by = chosen.keypair(), optional_address(affiliate)
    made = chosen.run(
        "registering the node",
        lambda client: actions.register_node(
            client,
            key,
            hardware_class=hardware_class,
            processors=processors,
            dollar_share_bp=dollar_share,
            commission_bp=commission,
            affiliate=by,
            id=id,
            collateral=deposit,
        ),
    )
    if chosen.as_json:
        emit(
            {
                "node": str(made.actor),
                "id": made.id,
                "collateral_io_units": made.collateral,
                "collateral_required_io_units": made.collateral_required,
                "signature": str(made.sent.signature),
            }
        )
        return
    missing = max(made.collateral_required - made.collateral, 0)
    facts(
        "Node registered",
        [
            ("node", made.actor),
            ("number", made.id),
            ("collateral", IO.show(made.collateral)),
            ("still missing", f"{IO.show(missing)}: it earns nothing before" if missing else "nothing"),
            ("transaction", made.sent.signature),
        ],
    )


@app.command()
def deposit(
    ctx: typer.Context,
    node: Annotated[str, typer.Argument(help="The node's address.")],
    amount: Annotated[str, typer.Option("--io", help="IO to deposit, a decimal.", metavar="IO")],
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Add IO to a node's collateral."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    units, target, key = IO.parse(amount), address(node), chosen.keypair()
    sent = chosen.run("depositing collateral", lambda client: actions.deposit_collateral(client, key, target, units))
    if chosen.as_json:
        emit({"node": node, "deposited_io_units": units, "signature": str(sent.signature)})
    else:
        facts("Collateral deposited", [("node", node), ("deposited", IO.show(units)), ("transaction", sent.signature)])


@app.command("withdraw-collateral")
def withdraw_collateral(
    ctx: typer.Context,
    node: Annotated[str, typer.Argument(help="The node's address.")],
    amount: Annotated[
        str | None, typer.Option("--io", help="IO to withdraw, a decimal. Default: all of it.", metavar="IO")
    ] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Ask for collateral back: its ticket matures in 14 days, unless parameters say otherwise.

    It counts as collateral no more, and a node with too little earns nothing; until it is paid it can be slashed.
    `ionet stake tickets` lists it, `ionet stake withdraw` has it paid.
    """
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    units, target, key = None if amount is None else IO.parse(amount), address(node), chosen.keypair()
    asked = chosen.run("asking", lambda client: actions.withdraw_collateral(client, key, target, units))
    if chosen.as_json:
        emit(
            {
                "node": node,
                "ticket": str(asked.ticket),
                "id": asked.id,
                "unbonding_io_units": asked.amount,
                "matures_at": asked.matures_at,
                "signature": str(asked.sent.signature),
            }
        )
        return
    facts(
        "Collateral unbonding",
        [
            ("node", node),
            ("ticket", asked.ticket),
            ("unbonding", IO.show(asked.amount)),
            ("matures", when(asked.matures_at)),
            ("transaction", asked.sent.signature),
        ],
    )


@app.command()
def elect(
    ctx: typer.Context,
    node: Annotated[str, typer.Argument(help="The node's address.")],
    dollar_share: Annotated[
        int | None,
        typer.Option(
            "--dollar-share",
            help="The part of its pay taken in dollars, 3000 to 9000 basis points. Default: as it was chosen last.",
            metavar="BP",
        ),
    ] = None,
    commission: Annotated[
        int | None,
        typer.Option(
            "--commission",
            help="The stakers' part of what it earns, 100 to 300 basis points. Default: as it was chosen last.",
            metavar="BP",
        ),
    ] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Choose a node's dollar share and commission anew, from the next epoch on."""
    if dollar_share is None and commission is None:
        raise typer.BadParameter("give --dollar-share, --commission or both")
    change_election(settings(ctx, url, keypair, as_json), address(node), dollar_share, commission)


@app.command()
def agent(
    ctx: typer.Context,
    node: Annotated[str, typer.Argument(help="The node's address.")],
    key: Annotated[str, typer.Option("--key", help="Address of the agent's key.", metavar="ADDRESS")],
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Name the key that acts for a node of yours day by day: it announces the node, reports work, gives jobs up.

    It replaces the one before, whose announcement is cleared. Your own key, which holds stake and money, need not be
    on the machine. To have no agent, name your own.
    """
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    target, named, own = address(node), address(key), chosen.keypair()
    sent = chosen.run("naming the agent", lambda client: actions.name_agent(client, own, target, named))
    if chosen.as_json:
        emit({"node": node, "agent": key, "signature": str(sent.signature)})
    else:
        facts("Agent named", [("node", node), ("agent", key), ("transaction", sent.signature)])
