"""`ionet program`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.cli.options import AsJson, KeypairFile, Url, address, group, settings
from client.cli.output import emit, facts, note, table

if TYPE_CHECKING:
    from client.deployment import Deployment, Finding, Holder

app = group("The five programs on a cluster: whether they are those of this repository, and who may replace them.")

IsLocalnet = Annotated[
    bool,
    typer.Option(
        "--localnet",
        help="The node of another machine serves a localnet. One of this machine does, unless its chain is public.",
        show_default=False,
    ),
]
NamedMultisigs = Annotated[
    list[str] | None,
    typer.Option(
        "--multisig",
        metavar="ADDRESS",
        help="A multisig of Squads v4 (not its vault) that holds an office: its threshold is read.",
        show_default=False,
    ),
]


@app.command()
def check(
    ctx: typer.Context,
    multisigs: NamedMultisigs = None,
    is_localnet: IsLocalnet = False,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare the programs with programs/deploy, and refuse what one key could take. Exit code 1: refused.

    On a localnet one key may hold everything. Which chain a node serves is told by its genesis hash; all that is
    checked is what the node says, so ask one that you trust.
    """
    from client import deployment

    chosen = settings(ctx, url, keypair, as_json)
    named = [address(one) for one in multisigs or ()]

    async def work(client: Any) -> Deployment:
        known = await deployment.Multisigs.read(client, named)
        return await deployment.read(client, known, is_localnet=is_localnet)

    found = chosen.run("reading the programs", work)
    wrong = deployment.findings(found)
    if chosen.as_json:
        emit(_json(found, wrong))
    else:
        _tables(found, wrong)
    if any(one.refused for one in wrong):
        raise typer.Exit(1)


def _tables(found: Deployment, wrong: list[Finding]) -> None:
    table(
        f"Programs on {found.cluster.name} (genesis hash {found.cluster.genesis_hash})",
        ("program", "code", "may be replaced by"),
        (
            (
                one.name,
                one.state if one.state != "deployed" else "as committed" if one.is_committed else "another",
                one.authority or "-",
            )
            for one in found.programs
        ),
    )
    if found.offices:
        offices = found.offices
        rows: list[tuple[str, object]] = [("admin", offices.admin), ("pauser", offices.pauser)]
        rows.append(("committee", f"{len(offices.members) // 2 + 1} of {len(offices.members)} keys"))
        rows.append(("router", ", ".join(str(one) for one in offices.routers) or "nobody"))
        facts("Offices", rows)
    for one in wrong:
        note(f"{'refused' if one.refused else 'warning'}: {one.about}: {one.text}")
    if not wrong:
        note("Nothing is refused.")


def _json(found: Deployment, wrong: list[Finding]) -> dict[str, Any]:
    offices = found.offices
    return {
        "cluster": found.cluster.name,
        "genesis_hash": found.cluster.genesis_hash,
        "programs": {
            one.name: {
                "state": one.state,
                "code_sha256": one.code_sha256,
                "committed_sha256": one.committed_sha256,
                "slot": one.slot,
                "authority": _holder_json(one.authority),
            }
            for one in found.programs
        },
        "offices": offices
        and {
            "admin": _holder_json(offices.admin),
            "offered_to": _holder_json(offices.offered),
            "pauser": _holder_json(offices.pauser),
            "members": [str(one) for one in offices.members],
            "next_members": [str(one) for one in offices.next_members],
            "routers": [str(one) for one in offices.routers],
            "delay_seconds": offices.delay_seconds,
        },
        "refused": [{"about": one.about, "text": one.text} for one in wrong if one.refused],
        "warnings": [{"about": one.about, "text": one.text} for one in wrong if not one.refused],
    }


def _holder_json(holder: Holder | None) -> dict[str, Any] | None:
    if holder is None:
        return None
    multisig = holder.multisig
    return {
        "kind": holder.kind,
        "address": str(holder.address) if holder.address else None,
        "owner": str(holder.owner) if holder.owner else None,
        "multisig": multisig
        and {
            "address": str(multisig.address),
            "threshold": multisig.threshold,
            "voters": multisig.voters,
            "config_authority": str(multisig.config_authority) if multisig.config_authority else None,
        },
    }
