"""Networks for the tests of emission, and its steps: coupons, closes, claims and locks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, economics, state
from client.instructions import emission, pools
from tests.programs.world import World, keypair, new_world

Node = tuple[Keypair, Pubkey]

HOUR = 3_600
COUPON_AUTHORITY = keypair("coupon authority")
"""In the place of escrow's terms, so that coupons can be credited without jobs."""

_FIRST = economics.epoch_halves(economics.cumulative(1), 5_000)


@pytest.fixture
def world() -> Iterator[World]:
    """A network of the test's own, whose coupons are the test's to credit."""
    with new_world(coupon_authority=COUPON_AUTHORITY) as world:
        yield world


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    """A network whose epoch 1 is over, and neither final nor closed."""
    with new_world(coupon_authority=COUPON_AUTHORITY) as world:
        world.end_of(1)
        yield world


@dataclass(frozen=True)
class Paid:
    """A network whose epoch 1 is closed, whose epoch 2 is over and final, and nodes that earned alike in epoch 1.

    Each node has 1 of 16 points, 1 coupon and 3 bonus coupons of 64, all unclaimed. A test takes those it needs, and
    moves time as it likes; none closes epoch 2.
    """

    world: World
    nodes: Iterator[Node]
    affiliated: Iterator[tuple[Node, Keypair]]
    """Nodes that somebody brought in, and who did."""
    liquid: ClassVar[int] = (_FIRST.availability << 64) // 16 + (_FIRST.compute << 64) // 64
    """What each node can claim, IO base units with 64 fractional bits."""
    bonus: ClassVar[int] = 3 * (_FIRST.compute << 64) // 64
    """What each node can lock, in the same unit."""


@pytest.fixture(scope="module")
def paid() -> Iterator[Paid]:
    """Nodes with something to claim and to lock."""
    with new_world(coupon_authority=COUPON_AUTHORITY) as world:
        affiliates = [world.person() for _ in range(2)]
        affiliated = [(world.node(affiliate=person.pubkey()), person) for person in affiliates]
        plain = [world.node() for _ in range(14)]
        nodes = [*plain, *(node for node, _ in affiliated)]
        for node in nodes:
            credit(world, node, base=1, bonus=3)
        close(world, 1, *((actor, 1, 0) for _, actor in nodes))
        world.end_of(2)
        world.finalize(2)
        world.chain.send([emission.open_rates(payer=world.admin.pubkey(), epoch=512)], world.admin)
        yield Paid(world, iter(plain), iter(affiliated))


def schedule(world: World) -> state.Emission:
    return world.chain.account(state.Emission, addresses.emission())


def earner(world: World, node: Node) -> state.Earner:
    return world.chain.account(state.Earner, addresses.earner(node[1]))


def credit(world: World, node: Node, *, base: int, bonus: int = 0) -> str:
    """Coupons for the open epoch, USD base units."""
    crediting = emission.credit_coupons(
        coupon_authority=COUPON_AUTHORITY.pubkey(),
        actor=node[1],
        coupon_epoch=earner(world, node).coupon_epoch,
        base=base,
        bonus=bonus,
    )
    return world.chain.send([crediting], world.admin, COUPON_AUTHORITY)


def close(world: World, epoch: int, *scores: tuple[Pubkey, int, int]) -> str:
    """Ends an epoch, posts its scores, finalises and closes it."""
    world.end_of(epoch)
    if scores:
        world.post_scores(epoch, *scores)
    world.finalize(epoch)
    return world.close(epoch)


def claiming(
    world: World,
    node: Node,
    *,
    affiliate_io: Pubkey | None = None,
    rewards: Pubkey | None = None,
    epoch: int = 0,
) -> Instruction:
    owner, actor = node
    return emission.claim(
        actor=actor,
        coupon_epoch=epoch,
        io_mint=world.io_mint,
        owner_io=world.io(owner),
        affiliate_io=affiliate_io,
        rewards=rewards,
    )


def locking(
    world: World,
    node: Node,
    *,
    closed_epoch: int,
    epoch: int = 0,
    payer: Keypair | None = None,
    affiliate_io: Pubkey | None = None,
    rewards: Pubkey | None = None,
) -> Instruction:
    owner, actor = node
    return emission.lock_bonus(
        payer=(payer or owner).pubkey(),
        actor=actor,
        coupon_epoch=epoch,
        closed_epoch=closed_epoch,
        io_mint=world.io_mint,
        affiliate_io=affiliate_io,
        rewards=rewards,
    )


def lock(world: World, node: Node) -> Pubkey:
    """Locks what a node has of bonus; the vesting account's address."""
    last, held = schedule(world).closed_epoch, earner(world, node).coupon_epoch
    world.chain.send([locking(world, node, closed_epoch=last, epoch=held)], node[0])
    return addresses.vesting(addresses.earner(node[1]), last)


def delegate(world: World, actor: Pubkey, amount: int = 1_000 * economics.IO) -> Keypair:
    """Somebody new puts IO behind an actor."""
    staker = world.person(io=amount)
    wallet = staker.pubkey()
    pool = pools.open_pool(payer=wallet, actor=actor, io_mint=world.io_mint)
    instructions = [] if world.chain.exists(addresses.rewards(actor)) else [pool]
    instructions += [
        pools.open_delegation(payer=wallet, actor=actor, owner=wallet),
        pools.delegate(owner=wallet, actor=actor, source=world.io(staker), amount=amount),
    ]
    world.chain.send(instructions, staker)
    return staker


def withdrawing(world: World, beneficiary: Keypair, vesting: Pubkey) -> Instruction:
    return emission.withdraw_vested(
        beneficiary=beneficiary.pubkey(), vesting=vesting, io_mint=world.io_mint, destination=world.io(beneficiary)
    )


def claimed(world: World, node: Node) -> int:
    """Claims; the IO base units that the owner got."""
    before = world.chain.balance(world.io(node[0]))
    world.claim(node)
    return world.chain.balance(world.io(node[0])) - before
