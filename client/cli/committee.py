"""`ionet committee`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.cli.options import AsJson, KeypairFile, Url, address, group, settings
from client.cli.output import duration, emit, facts, table, when

if TYPE_CHECKING:
    from client.state import Committee

app = group("The oracle's committee: a fact counts when a strict majority of its members stands behind it.")


@app.command()
def show(ctx: typer.Context, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False) -> None:
    """Show the members now, and those that wait for their epoch."""
    from client import reads
    from client.rpc import chain_time

    chosen = settings(ctx, url, keypair, as_json)

    async def read(client: Any) -> tuple[Committee, int]:
        return await reads.committee(client), await chain_time(client)

    found, now = chosen.run("reading the committee", read)
    if chosen.as_json:
        emit(_json(found, now))
    else:
        _tables(found, now)


@app.command()
def rotate(
    ctx: typer.Context,
    members: Annotated[list[str], typer.Argument(metavar="ADDRESS…", help="All members, 1 to 16, in their order.")],
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Name the members, as the admin. They are in office from an epoch's start after the delay on.

    From then on the former members' signatures and prices count no more; a price that they made valid stays so to
    its end.
    """
    from client import actions
    from client.rpc import chain_time

    chosen = settings(ctx, url, keypair, as_json)
    named = [address(one) for one in members]
    key = chosen.keypair()

    async def work(client: Any) -> Any:
        return *await actions.rotate_committee(client, key, named), await chain_time(client)

    found, sent, now = chosen.run("naming the members", work)
    if chosen.as_json:
        emit({**_json(found, now), "signature": str(sent.signature)})
        return
    _tables(found, now)
    waits = found.next_members_at - now
    facts(
        "Committee named",
        [
            ("in office from", f"{when(found.next_members_at)}, in {duration(waits)}" if waits > 0 else "now"),
            ("transaction", sent.signature),
        ],
    )


def _json(found: Committee, now: int) -> dict[str, Any]:
    members, waits = found.members_at(now), found.next_members_at > now
    return {
        "members": [str(one) for one in members],
        "majority": len(members) // 2 + 1,
        "next_members": [str(one) for one in found.next_members[: found.next_count]] if waits else None,
        "next_from": found.next_members_at if waits else None,
        "chain_time": now,
    }


def _tables(found: Committee, now: int) -> None:
    members = found.members_at(now)
    title = f"Committee, {len(members) // 2 + 1} of {len(members)} decide"
    table(title, (">place", "member"), enumerate(members, start=1))
    if found.next_members_at > now:
        following = found.next_members[: found.next_count]
        table(f"From {when(found.next_members_at)} on", (">place", "member"), enumerate(following, start=1))
