"""The `ionet` command. Groups are loaded when they are asked for, those of other packages by entry point."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
import typer.core
import typer.main

from client.cli.options import AsJson, KeypairFile, Url
from client.cli.output import complain
from client.errors import IonetError

ENTRY_POINTS = "ionet.commands"

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
)
"""Each is the module `client.cli.<name>` with an `app`."""


class Root(typer.core.TyperGroup):
    """All commands: our own, then those that other packages add. One that is broken does not break the rest."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*_OWN, *sorted(_plugins().keys() - set(_OWN))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            loaded = _load(cmd_name)
            if loaded is None:
                return None
            self.commands[cmd_name] = loaded
        return self.commands[cmd_name]

    def invoke(self, ctx: Any) -> Any:
        """What is refused ends as one sentence on stderr, not as a traceback."""
        try:
            return super().invoke(ctx)
        except IonetError as refused:
            complain(refused)
            raise typer.Exit(refused.exit_code) from None


def _plugins() -> dict[str, EntryPoint]:
    return {found.name: found for found in entry_points(group=ENTRY_POINTS)}


def _load(name: str) -> Any:
    if name in _OWN:
        loaded = typer.main.get_command(import_module(f"client.cli.{name}").app)
    elif name in _plugins():
        loaded = _load_plugin(name, _plugins()[name])
    else:
        return None
    loaded.name = name
    return loaded


def _load_plugin(name: str, found: EntryPoint) -> Any:
    try:
        return typer.main.get_command(found.load())
    except Exception as broken:  # whatever is wrong with another package is its own
        return typer.main.get_command(_unavailable(name, found, broken))


def _unavailable(name: str, found: EntryPoint, broken: Exception) -> typer.Typer:
    """A command in the place of one that cannot be loaded."""
    stand_in = typer.Typer(add_completion=False)
    why = f"{type(broken).__name__}: {broken}"

    @stand_in.command(
        help=f"Not available here: {why}",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def unavailable() -> None:
        raise IonetError(
            f"`ionet {name}` is not available: {found.value} cannot be loaded ({why}); `uv sync` installs what it needs"
        )

    return stand_in


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
