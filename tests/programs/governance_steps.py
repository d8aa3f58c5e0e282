"""Steps of the tests of the offices: parameters that change, a committee that rotates, programs that pause."""

from __future__ import annotations

from collections.abc import Sequence

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, economics, parameters, state
from client.idl import ProgramName
from client.instructions import oracle
from client.network import ORACLE
from client.parameters import Config, Values
from tests.programs.world import GENESIS, World

DELAY = ORACLE.delay_seconds
HOUR = 3_600


def committee(world: World) -> state.Committee:
    return world.chain.account(state.Committee, addresses.committee())


def config(world: World, program: ProgramName) -> Config:
    """The account that holds a program's parameters."""
    kind, address = parameters.CONFIGS[program]
    return world.chain.account(kind, address())


def change(world: World, program: ProgramName, values: Values, by: Keypair | None = None) -> str:
    """Proposes parameters, by the admin or somebody else; the emission's where no epoch is left open."""
    by = by or world.admin
    if program == "emission":
        over = economics.epoch_at(GENESIS, world.chain.now()) - 1
        for field in ("closed_epoch", "final_epoch"):
            world.chain.forge(state.Emission, addresses.emission(), field, over, 4)
    return world.chain.send([parameters.set_parameters(program, by.pubkey(), values)], by)


def takes_effect(world: World, delay: int = DELAY) -> int:
    """When a change takes effect that is proposed now, Unix seconds."""
    start = economics.epoch_start_from(GENESIS, world.chain.now() + delay)
    assert start is not None
    return start


def rotate(world: World, members: Sequence[Keypair], by: Keypair | None = None) -> str:
    """Names members, by the admin or somebody else."""
    by = by or world.admin
    naming = oracle.rotate_committee(admin=by.pubkey(), members=[member.pubkey() for member in members])
    return world.chain.send([naming], by)


def offer(world: World, to: Pubkey, by: Keypair | None = None) -> str:
    """Offers the admin's office."""
    by = by or world.admin
    return world.chain.send([oracle.offer_admin(admin=by.pubkey(), offered=to)], by)


def accept(world: World, by: Keypair) -> str:
    """Accepts the admin's office."""
    return world.chain.send([oracle.accept_admin(offered=by.pubkey())], by)


def pause(world: World, paused: int, by: Keypair | None = None) -> str:
    """Says which programs are paused, by the pauser or somebody else."""
    by = by or world.pauser
    return world.chain.send([oracle.set_paused(by=by.pubkey(), paused=paused)], by)


def name_pauser(world: World, pauser: Pubkey, by: Keypair | None = None) -> str:
    by = by or world.admin
    return world.chain.send([oracle.set_pauser(admin=by.pubkey(), pauser=pauser)], by)
