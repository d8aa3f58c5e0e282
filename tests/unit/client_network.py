"""A network whose slots pass by themselves and whose clock moves by hand, for tests of what people use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solders.keypair import Keypair
from typer.testing import CliRunner, Result

from client import keys
from client.cli import app
from client.network import Parameters
from tests.programs.world import World, new_world

SLOT_MS = 40


@dataclass
class Network:
    """A running network, and the `ionet` command pointed at it."""

    world: World
    url: str
    directory: Path
    """For key files."""

    def person(self, name: str, *, io: int = 0, usd: int = 0) -> Keypair:
        """Somebody with SOL, so much of both tokens (base units), and a key file of this name."""
        made = self.world.person(io=io, usd=usd)
        keys.save(self.directory / name, made)
        return made

    def run(self, name: str | None, *arguments: str) -> Result:
        """`ionet` with the key file of somebody, and without anything of this machine's environment."""
        key = [] if name is None else ["--keypair", str(self.directory / name)]
        return ionet("--url", self.url, *key, *arguments)

    def json(self, name: str | None, *arguments: str) -> Any:
        """What `ionet … --json` prints; it must succeed."""
        result = self.run(name, *arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def refusal(self, name: str | None, *arguments: str, code: int = 1) -> str:
        """What `ionet` says on stderr where it refuses; stdout must be empty."""
        result = self.run(name, *arguments)
        assert (result.exit_code, result.stdout) == (code, ""), result.output
        return result.stderr


def ionet(*arguments: str, env: dict[str, str | None] | None = None) -> Result:
    """The command in this process; an unexpected exception is one here, too."""
    nothing: dict[str, str | None] = {"IONET_URL": None, "IONET_KEYPAIR": None}
    result = CliRunner().invoke(app, list(arguments), env=nothing | (env or {}))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@contextmanager
def new_network(directory: Path, parameters: Parameters | None = None) -> Iterator[Network]:
    """A fresh network at the first second of epoch 1, with a committee of three."""
    with new_world(parameters, slot_ms=SLOT_MS) as world:
        yield Network(world, str(world.chain.http.base_url).rstrip("/"), directory)
