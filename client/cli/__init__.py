"""The `ionet` command. Groups are loaded when they are asked for, those of other packages by entry point."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
import typer.main

from client.cli.options import AsJson, KeypairFile, Url
from client.cli.output import complain
from client.cli.plugins import Joined
from client.errors import IonetError

_OWN = (
    "keygen",
    "node",
    "user",
    "job",
    "epoch",
    "claim",
    "vesting",
    "supply",
    "genesis",
    "burn",
    "schedule",
    "stake",
    "slash",
    "crank",
    "grant",
    "params",
    "committee",
    "admin",
    "pause",
    "program",
)
"""Each is the module `client.cli.<name>` with an `app`."""


class Root(Joined):
    """All commands: our own, each loaded when it is asked for, then those that other packages add."""

    ENTRY_POINTS = "ionet.commands"

    def list_commands(self, ctx: Any) -> list[str]:
        return [*_OWN, *(name for name in super().list_commands(ctx) if name not in _OWN)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in _OWN and cmd_name not in self.commands:
            loaded = typer.main.get_command(import_module(f"client.cli.{cmd_name}").app)
            loaded.name = cmd_name
            self.commands[cmd_name] = loaded
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: Any) -> Any:
        """What is refused ends as one sentence on stderr, not as a traceback."""
        try:
            return super().invoke(ctx)
        except IonetError as refused:
            complain(refused)
            raise typer.Exit(refused.exit_code) from None


app = typer.Typer(
    cls=Root,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_show_locals=False,  # a local may be a key
    context_settings={"help_option_names": ["--help", "-h"]},
)


@app.callback()
def common(url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False) -> None:
    """The economy of a decentralised GPU network: nodes, jobs, hourly emission, buy-and-burn.

    Amounts are given and shown as decimals of IO and USD. With --json, stdout is JSON alone, and amounts are whole
    base units (1 IO = 100,000,000; 1 USD = 1,000,000). Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
    """


def main() -> None:
    """Runs the command line of this process."""
    typer.main.get_command(app)(prog_name="ionet")
