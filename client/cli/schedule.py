"""`ionet schedule`"""

from __future__ import annotations

import re
from typing import Annotated

import typer

from client import economics
from client.amounts import format_io
from client.cli.options import AsJson, KeypairFile, Url, settings, single
from client.cli.output import emit, table

app = single()


def _range(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,9})(?::([0-9]{1,9}))?", text)
    if not found:
        raise typer.BadParameter(f"{text!r} is no range of epochs: give FIRST:LAST, such as 1:24")
    first = int(found[1])
    last = int(found[2]) if found[2] else first
    if not 1 <= first <= last <= economics.LAST_EPOCH:
        raise typer.BadParameter(
            f"{text!r} is out of range: epochs go from 1 to {economics.LAST_EPOCH}, the first before the last"
        )
    return first, last


@app.command()
def schedule(
    ctx: typer.Context,
    epochs: Annotated[
        str,
        typer.Option(help="Epochs FIRST:LAST, both included. An epoch is an hour; 1 to 175319.", metavar="A:B"),
    ],
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what each epoch emits, and how much IO there may be minted by its end. Needs no network.

    The same arithmetic as the chain's. JSON: emission and minted_cap are in base units (1 IO = 100,000,000).
    """
    first, last = _range(epochs)
    rows, before = [], economics.cumulative(first - 1)
    for epoch in range(first, last + 1):
        cap = economics.cumulative(epoch)
        rows.append({"epoch": epoch, "emission": cap - before, "minted_cap": cap})
        before = cap
    if settings(ctx, url, keypair, as_json).as_json:
        emit(rows)
    else:
        shown = ((row["epoch"], format_io(row["emission"]), format_io(row["minted_cap"])) for row in rows)
        table("Emission, IO", (">epoch", ">emission", ">minted at most, in all"), shown)
