"""Every command of `ionet` and every parameter that one takes, found by walking the application itself."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

import typer.main
from solders.keypair import Keypair

from client.cli import app

GOOD: Final = "good.json"
"""The name of a key file that nothing is wrong with."""
_SOMEBODY: Final = str(Keypair.from_seed(bytes(range(32))).pubkey())
_VALUES: Final[Mapping[str, str]] = {
    "amount": "1",
    "assignments": "dispute_seconds=60",
    "evidence": "00" * 32,
    "hardware_class": "4090",
    "io": "1",
    "max_usd": "1",
    "offence": "fraud",
    "path": "/",
    "port": "8000",
    "program": "escrow",
    "programs": "escrow",
    "usd": "1",
}
"""What required parameters are given, by name; an address to those that are not here, 1 to numbers."""
_MORE: Final[Mapping[str, list[str]]] = {
    "job dispute": ["--evidence", "00" * 32],
    "node elect": ["--dollar-share", "5000"],
    "params set": ["fee_bp=4.5%"],
    "user elect": ["--commission", "200"],
    "vesting lock": ["--months", "1"],
}
"""What commands want besides their required parameters."""


@dataclass(frozen=True)
class Parameter:
    """One option or argument of a command."""

    name: str
    flag: str
    """As it is typed; empty for an argument."""
    kind: type
    """Of its values; of each of them where it takes several."""
    required: bool
    metavar: str
    help: str

    @property
    def is_key_file(self) -> bool:
        """Whether it names a file with a key."""
        return self.kind is Path and self.metavar == "FILE" and "key" in f"{self.name} {self.help.lower()}"

    def given(self, folder: Path) -> list[str]:
        """It and a value, as on a command line; key files are the good one of a folder."""
        if self.kind is bool:
            return [self.flag]
        value = "1" if self.kind in (int, float) else _SOMEBODY
        value = _VALUES.get(self.name, value)
        if self.is_key_file:
            value = str(folder / GOOD)
        return [self.flag, value] if self.flag else [value]


@dataclass(frozen=True)
class Command:
    """One command."""

    path: tuple[str, ...]
    """Its words after `ionet`."""
    parameters: tuple[Parameter, ...]

    @property
    def key_files(self) -> list[Parameter]:
        """The options that name files with keys."""
        return [one for one in self.parameters if one.is_key_file]

    def line(self, folder: Path, given: Mapping[str, str]) -> list[str]:
        """The shortest command line that is understood, with these options and values."""
        wanted = [one for one in self.parameters if one.required and one.flag not in given]
        words = [*self.path, *(word for option in given.items() for word in option)]
        words += [word for one in sorted(wanted, key=lambda one: not one.flag) for word in one.given(folder)]
        return words + _MORE.get(str(self), [])

    def __str__(self) -> str:
        return " ".join(self.path)


@cache
def commands() -> tuple[Command, ...]:
    """All of them, those of other packages too."""
    return tuple(Command(path, tuple(_parameters(found))) for path, found in _leaves(typer.main.get_command(app), ()))


def groups() -> tuple[Command, ...]:
    """The groups, which take the common options too."""
    return tuple(
        Command(path, tuple(_parameters(found)))
        for path, found in _all(typer.main.get_command(app), ())
        if hasattr(found, "list_commands")
    )


def joined() -> set[str]:
    """The names that other packages add, by their entry points."""
    return {
        entry.name
        for name in ("ionet.commands", "ionet.job.commands")
        for entry in importlib.metadata.entry_points(group=name)
    }


def _leaves(found: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    return ((words, one) for words, one in _all(found, path) if not hasattr(one, "list_commands"))


def _all(found: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, found
    if hasattr(found, "list_commands"):
        context = found.make_context("ionet", [], resilient_parsing=True)
        for name in found.list_commands(context):
            command = found.get_command(context, name)
            assert command is not None, f"`ionet {name}` is listed, and cannot be loaded"
            yield from _all(command, (*path, name))


def _parameters(command: Any) -> Iterator[Parameter]:
    for one in command.params:
        annotation = one.type_descriptor.annotation
        inner = get_args(annotation)
        yield Parameter(
            name=one.name,
            flag=one.opts[0] if one.param_type_name == "option" else "",
            kind=inner[0] if inner and isinstance(inner[0], type) else annotation,
            required=one.required,
            metavar=one.metavar or "",
            help=one.help or "",
        )
