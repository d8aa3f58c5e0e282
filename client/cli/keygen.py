"""`ionet keygen`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from client.cli.options import AsJson, KeypairFile, Url, settings, single
from client.cli.output import emit, facts

app = single()


@app.command()
def keygen(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(help="Where to write the key; what --keypair says where this is left out.", show_default=False),
    ] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a new key in a file that only you can read. A file that exists is never replaced."""
    from client import keys

    chosen = settings(ctx, url, file or keypair, as_json)
    made = keys.create(chosen.keypair_file)
    if chosen.as_json:
        emit({"address": str(made.pubkey()), "file": str(chosen.keypair_file)})
    else:
        facts("New key", [("address", made.pubkey()), ("file", chosen.keypair_file)])
