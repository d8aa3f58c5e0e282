"""`ionet stake`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.amounts import IO, format_bp, format_io
from client.cli.options import AsJson, KeypairFile, Url, address, group, optional_address, settings
from client.cli.output import emit, facts, table, when

if TYPE_CHECKING:
    from solana.rpc.async_api import AsyncClient
    from solders.pubkey import Pubkey

    from client.stakes import Stake, Unbonding
    from client.state import Actor, Election

app = group(
    "Stake: delegate IO to a node or a user, share in what it earns, and in what it is slashed. What you ask back "
    "is paid when its ticket has matured."
)
pool = group("The pool of an actor: what is delegated to it, and its account for rewards.")
app.add_typer(pool, name="pool")

ActorAddress = Annotated[str, typer.Argument(help="The node or user.", metavar="ACTOR")]
OptionalActor = Annotated[
    str | None, typer.Argument(help="The node or user. Default: all that you delegated to.", metavar="[ACTOR]")
]
Owner = Annotated[str | None, typer.Option("--owner", help="Of this wallet. Default: of --keypair.", metavar="ADDRESS")]


@app.command()
def delegate(
    ctx: typer.Context,
    actor: ActorAddress,
    amount: Annotated[str, typer.Option("--io", help="IO to delegate, a decimal.", metavar="IO")],
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Put IO behind a node or user. A pool that is not open yet is opened with it; you pay its rent."""
    from client import actions, stakes

    chosen = settings(ctx, url, keypair, as_json)
    units, target, key = IO.parse(amount), address(actor), chosen.keypair()

    async def work(client: AsyncClient) -> tuple[Any, Stake]:
        sent = await actions.delegate(client, key, target, units)
        return sent, await stakes.stake_of(client, key.pubkey(), target)

    sent, found = chosen.run("delegating", work)
    if chosen.as_json:
        emit({**_stake_json(found), "delegated_io_units": units, "signature": str(sent.signature)})
    else:
        facts("Delegated", [("delegated", IO.show(units)), *_stake_facts(found), ("transaction", sent.signature)])


@app.command()
def undelegate(
    ctx: typer.Context,
    actor: ActorAddress,
    amount: Annotated[
        str | None, typer.Option("--io", help="IO to ask back, a decimal. Default: all of it.", metavar="IO")
    ] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Ask for IO back: it earns no more, and is paid when its ticket has matured. Until then it can be slashed."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    units, target, key = None if amount is None else IO.parse(amount), address(actor), chosen.keypair()
    asked = chosen.run("undelegating", lambda client: actions.undelegate(client, key, target, units))
    if chosen.as_json:
        emit(
            {
                "actor": actor,
                "ticket": str(asked.ticket),
                "id": asked.id,
                "unbonding_io_units": asked.amount,
                "matures_at": asked.matures_at,
                "signature": str(asked.sent.signature),
            }
        )
        return
    facts(
        "Unbonding",
        [
            ("actor", actor),
            ("ticket", asked.ticket),
            ("unbonding", IO.show(asked.amount)),
            ("matures", when(asked.matures_at)),
            ("transaction", asked.sent.signature),
        ],
    )


@app.command()
def claim(
    ctx: typer.Context,
    actor: OptionalActor = None,
    owner: Owner = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Claim the rewards of what you delegated. Anyone may claim for any --owner: they are paid to the owner."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    key, target = chosen.keypair(), optional_address(actor)
    wallet = optional_address(owner) or key.pubkey()
    paid, sent = chosen.run("claiming", lambda client: actions.claim_rewards(client, key, wallet, target))
    if chosen.as_json:
        emit(
            {
                "owner": str(wallet),
                "claimed": [{"actor": str(one.address), "rewards_io_units": one.rewards} for one in paid],
                "signatures": [str(one.signature) for one in sent],
            }
        )
        return
    table("Claimed", ("actor", ">rewards, IO"), ((one.address, format_io(one.rewards)) for one in paid))


@app.command()
def tickets(
    ctx: typer.Context,
    actor: OptionalActor = None,
    owner: Owner = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """List stake on its way out: delegated, or an owner's collateral."""
    from client import stakes

    chosen = settings(ctx, url, keypair, as_json)
    wallet, target = optional_address(owner) or chosen.keypair().pubkey(), optional_address(actor)
    found = chosen.run("reading the tickets", lambda client: stakes.tickets_of(client, wallet, target))
    if chosen.as_json:
        emit([_ticket_json(one) for one in found])
        return
    table(
        f"{len(found)} tickets",
        ("ticket", "actor", ">number", ">IO", "matures", ""),
        (
            (
                one.address,
                one.ticket.actor,
                one.ticket.id,
                format_io(one.value),
                when(one.ticket.matures_at),
                _ticket_state(one),
            )
            for one in found
        ),
    )


@app.command()
def withdraw(
    ctx: typer.Context,
    actor: OptionalActor = None,
    owner: Owner = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Have your matured tickets paid. Anyone may for any --owner: they are paid to the owner."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    key, target = chosen.keypair(), optional_address(actor)
    wallet = optional_address(owner) or key.pubkey()
    paid, sent = chosen.run("withdrawing", lambda client: actions.withdraw_tickets(client, key, wallet, target))
    if chosen.as_json:
        emit(
            {
                "owner": str(wallet),
                "withdrawn": [_ticket_json(one) for one in paid],
                "signatures": [str(one.signature) for one in sent],
            }
        )
        return
    table(
        f"Withdrawn: {IO.show(sum(one.value for one in paid))}",
        ("actor", ">number", ">IO"),
        ((one.ticket.actor, one.ticket.id, format_io(one.value)) for one in paid),
    )


@app.command()
def show(
    ctx: typer.Context,
    actor: OptionalActor = None,
    owner: Owner = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what you delegated, what it is worth, and what you can claim."""
    from client import stakes

    chosen = settings(ctx, url, keypair, as_json)
    wallet, target = optional_address(owner) or chosen.keypair().pubkey(), optional_address(actor)
    found = chosen.run("reading", lambda client: stakes.stakes_of(client, wallet, target))
    if chosen.as_json:
        emit([_stake_json(one) for one in found])
        return
    table(
        f"{len(found)} delegations",
        ("actor", "", ">worth, IO", ">of the pool", ">can claim, IO"),
        (
            (
                one.address,
                _kind(one.actor),
                format_io(one.value),
                format_bp(one.delegation.shares * 10_000 // max(one.actor.shares, 1)),
                format_io(one.rewards),
            )
            for one in found
        ),
    )


@app.command()
def close(
    ctx: typer.Context,
    actor: ActorAddress,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Close a delegation that is worth nothing and has nothing to claim: its rent is yours."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    target, key = address(actor), chosen.keypair()
    sent = chosen.run("closing", lambda client: actions.close_delegation(client, key, target))
    if chosen.as_json:
        emit({"actor": actor, "signature": str(sent.signature)})
    else:
        facts("Delegation closed", [("actor", actor), ("transaction", sent.signature)])


@pool.command("open")
def open_pool(
    ctx: typer.Context,
    actor: ActorAddress,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Open the pool of a node or user, so that others can delegate to it. Anyone may; you pay its rent."""
    from client import actions, addresses

    chosen = settings(ctx, url, keypair, as_json)
    target, key = address(actor), chosen.keypair()
    sent = chosen.run("opening the pool", lambda client: actions.open_pool(client, key, target))
    rewards = addresses.rewards(target)
    if chosen.as_json:
        emit({"actor": actor, "rewards": str(rewards), "signature": str(sent.signature)})
    else:
        facts("Pool opened", [("actor", actor), ("rewards arrive at", rewards), ("transaction", sent.signature)])


@pool.command("show")
def show_pool(
    ctx: typer.Context,
    actor: ActorAddress,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the pool of a node or user: its stake, what a share is worth, rewards, commission."""
    chosen = settings(ctx, url, keypair, as_json)
    target = address(actor)
    found, now, waiting = chosen.run("reading the pool", lambda client: _read_pool(client, target))
    elected = found.election_at(now)
    following = found.next_election if found.next_election_at > now else None
    if chosen.as_json:
        emit(_pool_json(target, found, elected, following, waiting))
        return
    active = _worth(found, found.shares)
    facts(
        f"Pool of a {_kind(found)}",
        [
            ("actor", target),
            ("pool", "open" if found.has_pool else "not open: `ionet stake pool open`"),
            ("delegated", IO.show(active)),
            ("unbonding", IO.show(_worth(found, found.unbonding_shares))),
            ("collateral", IO.show(found.collateral)),
            ("lost to slashes", format_bp(10_000 - found.index * 10_000 // _one())),
            ("rewards not claimed", IO.show(waiting)),
            ("commission", format_bp(elected.commission_bp)),
            *(
                [("from the next epoch", f"{format_bp(following.commission_bp)} ({when(found.next_election_at)})")]
                if following
                else []
            ),
            ("slashes that wait", found.pending_slashes),
        ],
    )


async def _read_pool(client: AsyncClient, target: Pubkey) -> tuple[Actor, int, int]:
    from client import accounts, reads
    from client.rpc import chain_time

    found = await reads.actor(client, target)
    waiting = await accounts.token_balance(client, found.rewards) if found.has_pool else 0
    return found, await chain_time(client), waiting or 0


def _one() -> int:
    from client.economics.pool import ONE

    return ONE


def _worth(actor: Actor, shares: int) -> int:
    from client import economics

    return economics.value_of(shares, actor.index)


def _kind(actor: Actor) -> str:
    return "node" if actor.is_node else "user"


def _stake_facts(one: Stake) -> list[tuple[str, object]]:
    return [
        ("actor", one.address),
        ("worth", IO.show(one.value)),
        ("can claim", IO.show(one.rewards)),
    ]


def _stake_json(one: Stake) -> dict[str, Any]:
    return {
        "actor": str(one.address),
        "kind": _kind(one.actor),
        "owner": str(one.delegation.owner),
        "shares": one.delegation.shares,
        "worth_io_units": one.value,
        "claimable_io_units": one.rewards,
    }


def _ticket_state(one: Unbonding) -> str:
    if not one.has_matured:
        return ""
    return "waits for a slash" if one.actor.pending_slashes else "can be paid"


def _ticket_json(one: Unbonding) -> dict[str, Any]:
    return {
        "ticket": str(one.address),
        "actor": str(one.ticket.actor),
        "owner": str(one.ticket.owner),
        "id": one.ticket.id,
        "worth_io_units": one.value,
        "matures_at": one.ticket.matures_at,
        "payable": one.is_payable,
    }


def _pool_json(
    address: Pubkey, found: Actor, elected: Election, following: Election | None, waiting: int
) -> dict[str, Any]:
    return {
        "actor": str(address),
        "kind": _kind(found),
        "open": found.has_pool,
        "rewards": str(found.rewards) if found.has_pool else None,
        "shares": found.shares,
        "unbonding_shares": found.unbonding_shares,
        "index_q63": found.index,
        "stake_io_units": found.stake,
        "delegated_io_units": _worth(found, found.shares),
        "unbonding_io_units": _worth(found, found.unbonding_shares),
        "collateral_io_units": found.collateral,
        "unclaimed_rewards_io_units": waiting,
        "commission_bp": elected.commission_bp,
        "next_commission_bp": following.commission_bp if following else None,
        "next_election_at": found.next_election_at if following else None,
        "pending_slashes": found.pending_slashes,
    }
