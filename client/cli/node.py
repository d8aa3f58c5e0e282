"""`ionet node`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.amounts import IO, format_bp, format_io
from client.cli.elections import elect as change_election
from client.cli.elections import election_facts, election_json
from client.cli.options import AsJson, KeypairFile, Url, address, group, optional_address, settings
from client.cli.output import emit, facts, table, when
from client.errors import IonetError

if TYPE_CHECKING:
    from solana.rpc.async_api import AsyncClient
    from solders.pubkey import Pubkey

    from client.reads import Pending
    from client.state import Actor, Earner

app = group("Owners of GPUs: register nodes, show what they earn.")

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
def show(
    ctx: typer.Context,
    node: Annotated[str | None, typer.Argument(help="The node's address. Default: your only node.")] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Show a node: its hardware, collateral, points, reputation, and what it can claim."""
    chosen = settings(ctx, url, keypair, as_json)
    wallet = None if node else chosen.keypair().pubkey()
    target = optional_address(node)
    now, at, actor, earner, due = chosen.run("reading", lambda client: _read(client, target, wallet))
    if chosen.as_json:
        emit(_json(now, at, actor, earner, due))
        return
    pairs: list[tuple[str, object]] = [
        ("node", at),
        ("owner", actor.authority),
        ("number", actor.id),
        ("hardware", f"{actor.processors} x {actor.class_}"),
        ("collateral", f"{IO.show(actor.collateral)} of {IO.show(actor.collateral_required)} required"),
        *election_facts(actor, now),
        ("affiliate", actor.affiliate if actor.has_affiliate else "nobody"),
        ("registered", when(actor.registered_at)),
    ]
    if earner is not None and due is not None:
        pairs += [
            ("points", f"{earner.points:,}"),
            ("reputation", f"{earner.reputation:,} of 10,000"),
            ("can claim", IO.show(due.liquid)),
            ("can lock", f"{IO.show(due.bonus)} of bonus"),
        ]
    facts("Node", pairs)


@app.command("list")
def list_nodes(
    ctx: typer.Context,
    hardware_class: Annotated[str | None, typer.Option("--class", help="Only of this class.", metavar="NAME")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only those of --keypair.")] = False,
    owner: Annotated[str | None, typer.Option(help="Only those of this wallet.", metavar="ADDRESS")] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """List the network's nodes, with their collateral in IO, points and reputation."""
    chosen = settings(ctx, url, keypair, as_json)
    wallet = chosen.keypair().pubkey() if mine else optional_address(owner)
    now, found = chosen.run("reading the nodes", lambda client: _list(client, wallet, hardware_class))
    if chosen.as_json:
        emit([_json(now, at, actor, earner, None) for at, actor, earner in found])
        return
    table(
        f"{len(found)} nodes",
        ("node", "class", ">processors", ">collateral, IO", ">dollar share", ">points", ">reputation"),
        (
            (
                at,
                actor.class_,
                actor.processors,
                format_io(actor.collateral)
                + ("" if actor.collateral >= actor.collateral_required else " (too little)"),
                format_bp(actor.election_at(now).dollar_share_bp),
                earner.points if earner else "-",
                earner.reputation if earner else "-",
            )
            for at, actor, earner in found
        ),
    )


async def _list(
    client: AsyncClient, wallet: Pubkey | None, hardware_class: str | None
) -> tuple[int, list[tuple[Pubkey, Actor, Earner | None]]]:
    from client import accounts, addresses, reads, state
    from client.rpc import chain_time

    if hardware_class is not None:
        await reads.hardware_class(client, hardware_class)
    everyone = await accounts.nodes(client)
    chosen = [
        (at, node)
        for at, node in sorted(everyone.items(), key=lambda item: str(item[0]))
        if hardware_class in (None, node.class_) and wallet in (None, node.authority)
    ]
    earners = await accounts.fetch_many(client, state.Earner, [addresses.earner(at) for at, _ in chosen])
    listed = [(at, node, earner) for (at, node), earner in zip(chosen, earners, strict=True)]
    return await chain_time(client), listed


async def _read(
    client: AsyncClient, target: Pubkey | None, wallet: Pubkey | None
) -> tuple[int, Pubkey, Actor, Earner | None, Pending | None]:
    from client import accounts, addresses, reads, state
    from client.rpc import chain_time

    if target is None:
        assert wallet is not None
        own = {at: one for at, one in (await accounts.actors_by_authority(client, wallet)).items() if one.is_node}
        if len(own) != 1:
            hint = "register one with `ionet node register`" if not own else "name one of them"
            raise IonetError(f"{wallet} has {len(own)} nodes: {hint}")
        target = next(iter(own))
    actor = await reads.actor(client, target)
    earner = await accounts.fetch(client, state.Earner, addresses.earner(target))
    due = await reads.pending(client, await reads.emission(client), earner) if earner else None
    return await chain_time(client), target, actor, earner, due


def _json(now: int, at: Pubkey, actor: Actor, earner: Earner | None, due: Pending | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "node": str(at),
        "owner": str(actor.authority),
        "id": actor.id,
        "class": actor.class_,
        "processors": actor.processors,
        "collateral_io_units": actor.collateral,
        "collateral_required_io_units": actor.collateral_required,
        **election_json(actor, now),
        "affiliate": str(actor.affiliate) if actor.has_affiliate else None,
        "registered_at": actor.registered_at,
        "points": earner.points if earner else None,
        "reputation": earner.reputation if earner else None,
    }
    if due is not None:
        shown |= {"claimable_io_units": due.liquid, "lockable_bonus_io_units": due.bonus}
    return shown
