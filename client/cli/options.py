"""Options that every command takes, before or after its name, and how values are read."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from typer.core import TyperGroup

from client.cli.output import note, progress

if TYPE_CHECKING:
    from solana.rpc.async_api import AsyncClient
    from solders.keypair import Keypair
    from solders.pubkey import Pubkey

DEFAULT_URL = "http://127.0.0.1:8899"
DEFAULT_KEYPAIR = Path("~/.config/solana/id.json")

T = TypeVar("T")

_TYPER: dict[str, Any] = {
    "add_completion": False,
    "pretty_exceptions_show_locals": False,  # a local may be a key
    "rich_markup_mode": "markdown",
}

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help=f"JSON-RPC of a Solana node (environment: IONET_URL; default: {DEFAULT_URL}).",
        show_default=False,
        rich_help_panel="Common options",
    ),
]
KeypairFile = Annotated[
    Path | None,
    typer.Option(
        "--keypair",
        metavar="FILE",
        help=f"Key that signs and pays (environment: IONET_KEYPAIR; default: {DEFAULT_KEYPAIR}).",
        show_default=False,
        rich_help_panel="Common options",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print JSON alone; amounts in base units.",
        show_default=False,
        rich_help_panel="Common options",
    ),
]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the common options and the environment say."""

    url: str
    keypair_file: Path
    as_json: bool
    keypair_given: bool
    """Whether somebody named the key file."""

    def keypair(self) -> Keypair:
        """The key that signs and pays."""
        from client import keys

        return keys.load(self.keypair_file)

    def run(self, doing: str, work: Callable[[AsyncClient], Awaitable[T]]) -> T:
        """Does `work` with a connection; `doing` is shown on stderr meanwhile."""
        return asyncio.run(self._run(doing, work))

    async def _run(self, doing: str, work: Callable[[AsyncClient], Awaitable[T]]) -> T:
        from client.rpc import connect, explained

        async with connect(self.url) as client:
            with explained(), progress(doing):
                return await work(client)


def settings(
    ctx: typer.Context, url: str | None = None, keypair: Path | None = None, as_json: bool = False
) -> Settings:
    """The nearest wins: after the command's name, before it, the environment, the default."""
    parent = ctx.parent
    while parent is not None:
        url = parent.params.get("url") if url is None else url
        keypair = parent.params.get("keypair") if keypair is None else keypair
        as_json = as_json or bool(parent.params.get("as_json"))
        parent = parent.parent
    chosen = url or os.environ.get("IONET_URL") or DEFAULT_URL
    if chosen != DEFAULT_URL:
        from client.cli.cautions import cautions

        for sentence in cautions(chosen, is_argument=bool(url)):
            note(sentence)
    environment = os.environ.get("IONET_KEYPAIR")
    file = keypair or (Path(environment) if environment else None)
    return Settings(
        url=chosen,
        keypair_file=(file or DEFAULT_KEYPAIR).expanduser(),
        as_json=as_json,
        keypair_given=file is not None,
    )


def group(about: str, cls: type[TyperGroup] = TyperGroup) -> typer.Typer:
    """A group of commands that takes the common options itself, too."""
    made = typer.Typer(cls=cls, no_args_is_help=True, **_TYPER)

    @made.callback(help=about)
    def common(url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False) -> None: ...

    return made


def single() -> typer.Typer:
    """One command that is no group."""
    return typer.Typer(**_TYPER)


def unix_seconds(text: str) -> int:
    """A time, for the command line."""
    try:
        if text.isdecimal():
            return int(text)
        time = datetime.fromisoformat(text)
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is no time: give 2026-01-01T00:00:00Z (UTC without a zone), or Unix seconds"
        ) from None


def address(text: str) -> Pubkey:
    """A base58 address, for the command line."""
    from solders.pubkey import Pubkey

    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no address: give 32 to 44 characters of base58") from None


def optional_address(text: str | None) -> Pubkey | None:
    """As `address`; None stays None."""
    return None if text is None else address(text)
