"""`ionet node show`, `list`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.amounts import IO, format_bp, format_io
from client.cli.elections import election_facts, election_json
from client.cli.node.group import app
from client.cli.options import AsJson, KeypairFile, Url, optional_address, settings
from client.cli.output import emit, facts, table, when
from client.errors import IonetError

if TYPE_CHECKING:
    from solana.rpc.async_api import AsyncClient
    from solders.pubkey import Pubkey

    from client.reads import Pending
    from client.state import Actor, Agent, Earner


@app.command()
def show(
    ctx: typer.Context,
    node: Annotated[str | None, typer.Argument(help="The node's address. Default: your only node.")] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Show a node: its hardware, collateral, agent, points, reputation, and what it can claim."""
    chosen = settings(ctx, url, keypair, as_json)
    wallet = None if node else chosen.keypair().pubkey()
    target = optional_address(node)
    now, at, actor, agent, earner, due = chosen.run("reading", lambda client: _read(client, target, wallet))
    if chosen.as_json:
        emit(_json(now, at, actor, earner, due) | _agent_json(agent))
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
        *_agent_facts(agent),
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
) -> tuple[int, Pubkey, Actor, Agent | None, Earner | None, Pending | None]:
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
    agent = await accounts.fetch(client, state.Agent, addresses.agent(target))
    earner = await accounts.fetch(client, state.Earner, addresses.earner(target))
    due = await reads.pending(client, await reads.emission(client), earner) if earner else None
    return await chain_time(client), target, actor, agent, earner, due


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


def _agent_facts(agent: Agent | None) -> list[tuple[str, object]]:
    if agent is None:
        return [("agent", "nobody: its owner names one with `ionet node agent`")]
    reached = f"{agent.endpoint}, announced {when(agent.announced_at)}" if agent.is_announced else "not announced yet"
    return [("agent", agent.key), ("endpoint", reached)]


def _agent_json(agent: Agent | None) -> dict[str, Any]:
    announced = agent if agent is not None and agent.is_announced else None
    return {
        "agent": str(agent.key) if agent else None,
        "endpoint": announced.endpoint if announced else None,
        "certificate_sha256": announced.certificate.hex() if announced else None,
        "hardware_sha256": announced.hardware.hex() if announced else None,
        "announced_at": announced.announced_at if announced else None,
    }
