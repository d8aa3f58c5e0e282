"""A network whose slots pass by themselves and whose clock moves by hand, for tests of what people use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from solders.keypair import Keypair
from typer.testing import CliRunner, Result

from client import bootstrap, keys
from client.cli import app
from client.localnet import SOL, start_localnet
from client.network import CLASS_MULTIPLIERS_BP, Parameters
from tests.programs.world import GENESIS, MINT_RENT, PRICES_NANO_USD, Chain, World, keypair

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
    admin, router, io_mint, usd_mint = (keypair(name) for name in ("admin", "router", "io", "usd"))
    committee = [keypair(f"member {index}") for index in range(3)]
    balances = {k.pubkey(): 1_000 * SOL for k in (admin, router, *committee)}
    started = start_localnet(
        admin.pubkey(), balances=balances, slot_ms=SLOT_MS, clock="manual", genesis_time=GENESIS - 60
    )
    with started as localnet, httpx.Client(base_url=localnet.rpc, timeout=30) as http:
        chain = Chain(http)
        chain.warp(timestamp=GENESIS)
        steps: Sequence[bootstrap.Step] = [
            *bootstrap.create_mints(admin, io_mint, usd_mint, MINT_RENT),
            *bootstrap.initialize_programs(
                admin,
                io_mint=io_mint.pubkey(),
                usd_mint=usd_mint.pubkey(),
                members=[m.pubkey() for m in committee],
                router=router.pubkey(),
                genesis=GENESIS,
                classes={name: CLASS_MULTIPLIERS_BP[name] for name in PRICES_NANO_USD if name != "IO"},
                parameters=parameters or Parameters(),
            ),
        ]
        setup = {chain.send(step.instructions, *step.signers): step.name for step in steps}
        world = World(chain, admin, io_mint.pubkey(), usd_mint.pubkey(), committee, router, setup)
        yield Network(world, localnet.rpc, directory)
