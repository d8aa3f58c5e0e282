"""`ionet params`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.cli.options import AsJson, KeypairFile, Url, group, settings
from client.cli.output import duration, emit, facts, note, table, when

if TYPE_CHECKING:
    from client.actions.governance import Governed

app = group("Parameters of the five programs: in force, waiting, and changed by the admin.")


@app.command()
def show(
    ctx: typer.Context,
    program: Annotated[
        str | None, typer.Argument(help="oracle, staking, emission, burn or escrow. Default: all five.")
    ] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Show every parameter: its value now, the one that waits and from when, and what it means."""
    from client import actions, parameters
    from client.idl import PROGRAMS

    chosen = settings(ctx, url, keypair, as_json)
    programs = PROGRAMS if program is None else (parameters.program_named(program),)

    async def read(client: Any) -> list[Governed]:
        return [await actions.governed(client, one) for one in programs]

    found = chosen.run("reading the parameters", read)
    if chosen.as_json:
        emit({one.program: _json(one) for one in found})
    else:
        for one in found:
            _table(one)


@app.command("set")
def set_(
    ctx: typer.Context,
    program: Annotated[str, typer.Argument(help="oracle, staking, emission, burn or escrow.")],
    assignments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VALUE…",
            help="Such as fee_bp=4.5%, lock_seconds=90d, user_grant=25. The other parameters stay.",
        ),
    ] = None,
    drop_waiting: Annotated[
        bool,
        typer.Option(
            "--drop-waiting", help="Drop a change that waits; without it, a change that waits is kept and added to."
        ),
    ] = False,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Change a program's parameters, as the admin. The change waits for the delay and then for an epoch's start.

    A further change before that replaces the first, and waits anew.
    """
    from client import actions, parameters

    if not assignments and not drop_waiting:
        raise typer.BadParameter("name at least one parameter, such as fee_bp=4.5%")
    chosen = settings(ctx, url, keypair, as_json)
    name = parameters.program_named(program)
    changes = parameters.parse(name, _pairs(assignments or []))
    key = chosen.keypair()
    done = chosen.run(
        "changing the parameters",
        lambda client: actions.set_parameters(client, key, name, changes, drop_waiting=drop_waiting),
    )
    if chosen.as_json:
        emit({"program": name, **_json(done.after), "signature": str(done.sent.signature)})
        return
    if done.before.following is not None:
        what = "dropped" if drop_waiting else "kept, and waits anew"
        note(f"A change waited until {when(done.before.following_at)}: it is {what}.")
    _table(done.after)
    facts(f"Parameters of {name} changed", [*_when(done.after), ("transaction", done.sent.signature)])


def _pairs(assignments: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for one in assignments:
        name, equals, value = one.partition("=")
        if not equals or not name.strip() or name.strip() in pairs:
            raise typer.BadParameter(f"{one!r}: give each parameter once, as NAME=VALUE")
        pairs[name.strip()] = value
    return pairs


def _json(found: Governed) -> dict[str, Any]:
    from client import parameters

    following = None if found.following is None else parameters.as_json(found.following)
    return {
        "current": parameters.as_json(found.current),
        "next": following,
        "next_from": found.following_at or None,
        "chain_time": found.now,
    }


def _table(found: Governed) -> None:
    from client import parameters

    now = parameters.as_dict(found.current)
    later = {} if found.following is None else parameters.as_dict(found.following)
    rows = []
    for name, parameter in parameters.PARAMETERS[found.program].items():
        following = parameter.unit.show(later[name]) if name in later and later[name] != now[name] else ""
        rows.append((name, parameter.unit.show(now[name]), following, parameter.meaning))
    waits = f"from {when(found.following_at)}" if found.following else "next"
    table(f"Parameters of {found.program}", ("parameter", ">now", f">{waits}", "meaning"), rows)


def _when(found: Governed) -> list[tuple[str, object]]:
    if not found.following_at:
        return [("in force", "now")]
    return [("in force from", f"{when(found.following_at)}, in {duration(found.following_at - found.now)}")]
