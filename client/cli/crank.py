"""`ionet crank`"""

from __future__ import annotations

import typer

from client.cli.options import AsJson, KeypairFile, Url, settings, single
from client.cli.output import emit, note, table

app = single()


@app.command()
def crank(ctx: typer.Context, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False) -> None:
    """Do what is due and anyone may do, once: settle, release and refund jobs, lapse disputes, execute and dismiss
    slashes, pay matured tickets, close epochs, claim for those who owe their stakers.

    It moves nobody's money but to whom it is owed. --keypair pays the fees, and the rent of token accounts that those
    who are paid do not have. Exit code 1 where the chain refused something.
    """
    from client.actions.cranks import crank as act

    chosen = settings(ctx, url, keypair, as_json)
    key = chosen.keypair()
    done = chosen.run("cranking", lambda client: act(client, key))
    if chosen.as_json:
        emit(
            [
                {"action": one.action, "what": str(one.what), "signature": one.signature, "refused": one.refused}
                for one in done
            ]
        )
    elif done:
        table(
            "Cranked",
            ("what", "", "transaction"),
            ((one.what, one.action, one.signature or f"refused: {one.refused}") for one in done),
        )
    else:
        note("nothing is due")
    raise typer.Exit(1 if any(one.refused for one in done) else 0)
