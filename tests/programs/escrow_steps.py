"""A network for the tests of escrow, and its steps: jobs that are opened, running and worked on."""

from collections.abc import Iterator

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, state
from client.instructions import escrow
from tests.programs.world import PRICES_NANO_USD, U64_MAX, World, new_world

Actor = tuple[Keypair, Pubkey]

HOUR = 3_600
PRICE = PRICES_NANO_USD["4090"]


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    """A network whose epoch 1 is over and stays open.

    Time goes on from test to test; each has its own people and jobs, and fresh prices when it opens one.
    """
    with new_world() as world:
        world.end_of(1)
        yield world


def job_of(world: World, job: Pubkey) -> state.Job:
    return world.chain.account(state.Job, job)


def opened(world: World, *, processors: int = 1, hours: int = 2) -> tuple[Pubkey, Actor]:
    """A job that no node has, and its user."""
    user = world.user()
    world.prices()
    return world.open_job(user, processors=processors, hours=hours), user


def running(
    world: World, *, processors: int = 1, hours: int = 2, dollar_share_bp: int = 6_000
) -> tuple[Pubkey, Actor, Actor]:
    """A job that a node has just begun, its user and the node."""
    job, user = opened(world, processors=processors, hours=hours)
    node = world.node(processors=processors, dollar_share_bp=dollar_share_bp)
    world.start_job(job, node[1])
    return job, user, node


def worked(world: World, seconds: int, job: Pubkey, node: Actor) -> None:
    """So many seconds go by, and the node reports them."""
    world.chain.warp(seconds=seconds)
    world.report_job(node, job)


def end_job(world: World, job: Pubkey, user: Actor) -> str:
    """The user ends its job."""
    owner = user[0]
    return world.chain.send([escrow.end_job(authority=owner.pubkey(), job=job)], owner)


def release_job(world: World, job: Pubkey, node: Actor, by: Keypair) -> str:
    """Somebody takes a node off a job."""
    return world.chain.send([escrow.release_job(by=by.pubkey(), job=job, node=node[1])], by)


def dispute_job(world: World, job: Pubkey, user: Actor, evidence: bytes = bytes(32)) -> str:
    """The user disputes its job."""
    owner = user[0]
    disputing = escrow.dispute_job(authority=owner.pubkey(), job=job, source=world.usd(owner), evidence=evidence)
    return world.chain.send([disputing], owner)


def resolve_dispute(world: World, job: Pubkey, node: Actor, accepted_seconds: int, *, signers: int = 2) -> str:
    """So many members of the committee decide a dispute."""
    members = world.committee[:signers]
    resolving = escrow.resolve_dispute(
        signers=[member.pubkey() for member in members],
        job=job,
        node=node[1],
        node_usd=world.usd(node[0]),
        accepted_seconds=accepted_seconds,
    )
    return world.chain.send([resolving], world.admin, *members)


def lapse_dispute(world: World, job: Pubkey) -> str:
    """Anyone ends a dispute that was not decided."""
    return world.chain.send([escrow.lapse_dispute(job=job)], world.admin)


def extend_job(world: World, job: Pubkey, user: Actor, hours: int = 1, *, max_deposit: int = U64_MAX) -> str:
    """The user adds hours."""
    owner, hardware_class = user[0], job_of(world, job).class_
    extending = escrow.extend_job(
        authority=owner.pubkey(),
        job=job,
        hardware_class=hardware_class,
        hours=hours,
        max_deposit=max_deposit,
        source=world.usd(owner),
    )
    return world.chain.send([extending], owner)


def vaults(world: World) -> tuple[int, int]:
    """Dollars in the burn vault and in the incentives vault."""
    return world.chain.balance(addresses.burn_vault()), world.chain.balance(addresses.incentives_vault())
