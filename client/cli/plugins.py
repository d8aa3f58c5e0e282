"""Commands that other packages join to a group of `ionet`, by entry point. A broken one does not break the rest."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar

import typer
import typer.core
import typer.main

from client.errors import IonetError


class Joined(typer.core.TyperGroup):
    """A group of commands of its own, and then those that other packages add under its entry points."""

    ENTRY_POINTS: ClassVar[str]

    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        return [*own, *sorted(found(self.ENTRY_POINTS).keys() - set(own))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands and cmd_name in found(self.ENTRY_POINTS):
            loaded = load(cmd_name, found(self.ENTRY_POINTS)[cmd_name])
            loaded.name = cmd_name
            self.commands[cmd_name] = loaded
        return self.commands.get(cmd_name)


def found(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group by the name of their command."""
    return {one.name: one for one in entry_points(group=group)}


def load(name: str, entry: EntryPoint) -> Any:
    """The command; a stand-in that says what is missing where it cannot be loaded."""
    try:
        return typer.main.get_command(entry.load())
    except Exception as broken:  # whatever is wrong with another package is its own
        return typer.main.get_command(unavailable(name, entry, broken))


def unavailable(name: str, entry: EntryPoint, broken: Exception) -> typer.Typer:
    """A command in the place of one that cannot be loaded."""
    stand_in = typer.Typer(add_completion=False)
    why = f"{type(broken).__name__}: {broken}"

    @stand_in.command(
        help=f"Not available here: {why}",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def _unavailable() -> None:
        raise IonetError(
            f"`ionet {name}` is not available: {entry.value} cannot be loaded ({why}); `uv sync` installs what it needs"
        )

    return stand_in
