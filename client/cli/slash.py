"""`ionet slash`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.amounts import IO, format_bp, format_io
from client.cli.job.group import hash_of, hash_of_file
from client.cli.options import AsJson, KeypairFile, Settings, Url, address, group, optional_address, settings
from client.cli.output import emit, facts, table, when
from client.offences import OFFENCES

if TYPE_CHECKING:
    from solders.keypair import Keypair
    from solders.pubkey import Pubkey

    from client.sending import Sent
    from client.state import Slash

_PRICES = ", ".join(f"{name} ({format_bp(bp)})" for name, bp in OFFENCES.values())

app = group(
    f"Slashes: a strict majority of the committee proposes, the actor may appeal with a bond, and then anyone has it "
    f"executed. It burns the same part of the collateral and of all stake, active and unbonding: {_PRICES}."
)

SlashAddress = Annotated[
    str, typer.Argument(help="The slash's address, as `ionet slash show` says it.", metavar="SLASH")
]
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
def propose(
    ctx: typer.Context,
    actor: Annotated[str, typer.Argument(help="The node or user.", metavar="ACTOR")],
    offence: Annotated[str, typer.Option(help=f"One of: {_PRICES}.", metavar="NAME")],
    evidence: Annotated[
        str,
        typer.Option(help="A file, of which the SHA-256 is sent, or the hash itself in hex.", metavar="FILE|HASH"),
    ],
    member: Members = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Propose a slash, as the committee. Until it is over, nothing leaves the actor's pool.

    Keep the evidence: its hash is all that is on the chain.
    """
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    code, target = _offence(offence), address(actor)
    file = Path(evidence)
    raw = hash_of_file(file) if file.is_file() else hash_of(evidence, "file and no hash")
    payer, members = _signing(chosen, member)
    at, found, sent = chosen.run(
        "proposing", lambda client: actions.propose_slash(client, payer, members, target, code, raw)
    )
    _say(chosen, "Slash proposed", at, found, sent)


@app.command()
def appeal(
    ctx: typer.Context, slash: SlashAddress, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False
) -> None:
    """Appeal against a slash of an actor of yours: a bond is locked, and burned if the slash is upheld."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    at, key = address(slash), chosen.keypair()
    found, sent = chosen.run("appealing", lambda client: actions.appeal_slash(client, key, at))
    _say(chosen, "Slash appealed", at, found, sent)


@app.command()
def decide(
    ctx: typer.Context,
    slash: SlashAddress,
    upheld: Annotated[bool, typer.Option("--uphold/--dismiss", help="Burn the bond with the stake, or give it back.")],
    member: Members = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Decide an appeal, as the committee. What is upheld, anyone executes; what is dismissed is over at once."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    at = address(slash)
    payer, members = _signing(chosen, member)
    found, sent = chosen.run(
        "deciding", lambda client: actions.decide_appeal(client, payer, members, at, upheld=upheld)
    )
    _say(chosen, "Slash upheld" if upheld else "Slash dismissed", at, found, sent)


@app.command()
def execute(
    ctx: typer.Context, slash: SlashAddress, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False
) -> None:
    """Burn what a slash costs, when it was upheld or nobody appealed in time. Anyone may."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    at, key = address(slash), chosen.keypair()
    found, sent = chosen.run("executing", lambda client: actions.execute_slash(client, key, at))
    _say(chosen, "Slash executed", at, found, sent)


@app.command()
def dismiss(
    ctx: typer.Context, slash: SlashAddress, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False
) -> None:
    """End a slash whose appeal was not decided in time: the bond goes back. Anyone may."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    at, key = address(slash), chosen.keypair()
    found, sent = chosen.run("dismissing", lambda client: actions.dismiss_slash(client, key, at))
    _say(chosen, "Slash dismissed", at, found, sent)


@app.command()
def show(
    ctx: typer.Context,
    actor: Annotated[
        str | None, typer.Argument(help="The node or user. Default: all that wait.", metavar="[ACTOR]")
    ] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """List slashes that wait, those that are due first first."""
    from client import stakes

    chosen = settings(ctx, url, keypair, as_json)
    target = optional_address(actor)
    found = chosen.run("reading the slashes", lambda client: stakes.slashes_of(client, target))
    if chosen.as_json:
        emit([_json(at, one) for at, one in found.items()])
        return
    table(
        f"{len(found)} slashes",
        ("slash", "actor", "offence", ">part", "state", "until", ">bond, IO"),
        (
            (
                at,
                one.actor,
                one.offence_name,
                format_bp(one.fraction_bp),
                one.state_name,
                when(one.deadline),
                format_io(one.bond),
            )
            for at, one in found.items()
        ),
    )


def _offence(text: str) -> int:
    for code, (name, _) in OFFENCES.items():
        if text in (name, str(code)):
            return code
    raise typer.BadParameter(f"{text!r} is no offence: give one of {', '.join(name for name, _ in OFFENCES.values())}")


def _signing(chosen: Settings, files: list[Path] | None) -> tuple[Keypair, list[Keypair]]:
    """Who pays, and the members who sign: whoever pays need not be one."""
    from client import keys

    members = [keys.load(file.expanduser()) for file in files or []]
    payer = chosen.keypair() if chosen.keypair_given or not members else members[0]
    return payer, members or [payer]


def _say(chosen: Settings, title: str, at: Pubkey, found: Slash, sent: Sent) -> None:
    if chosen.as_json:
        emit({**_json(at, found), "signature": str(sent.signature)})
        return
    facts(
        title,
        [
            ("slash", at),
            ("actor", found.actor),
            ("offence", found.offence_name),
            ("part", format_bp(found.fraction_bp)),
            ("bond", IO.show(found.bond)),
            ("until", when(found.deadline)),
            ("transaction", sent.signature),
        ],
    )


def _json(at: Pubkey, found: Slash) -> dict[str, Any]:
    return {
        "slash": str(at),
        "actor": str(found.actor),
        "id": found.id,
        "offence": found.offence_name,
        "fraction_bp": found.fraction_bp,
        "state": found.state_name,
        "evidence": found.evidence.hex(),
        "proposer": str(found.proposer),
        "bond_io_units": found.bond,
        "deadline": found.deadline,
    }
