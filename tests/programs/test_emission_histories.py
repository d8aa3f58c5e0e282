"""Whole histories of the emission on the chain: whatever is done in whatever order, every bit of it is accounted for.

What was emitted is what was minted, is locked to be minted, is carried over, or is some earner's and not claimed: an
equation of numbers with 64 fractional bits, without remainder, after every step.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, economics, state
from client.economics import GENESIS_SUPPLY, IO
from client.instructions import emission
from tests.programs.chain import Refused
from tests.programs.emission_steps import (
    COUPON_AUTHORITY,
    Node,
    claiming,
    credit,
    delegate,
    earner,
    locking,
    schedule,
    withdrawing,
)
from tests.programs.world import World, new_world

NODES = 3


@dataclass(frozen=True)
class Credit:
    who: int
    base: int
    bonus: int


@dataclass(frozen=True)
class Close:
    """Hours go by, and close as one range; scores are posted for the last of them."""

    hours: int
    points: tuple[int, ...]


@dataclass(frozen=True)
class Claim:
    who: int


@dataclass(frozen=True)
class Lock:
    """Of a bonus."""

    who: int


@dataclass(frozen=True)
class LockIo:
    who: int
    amount: int
    steps: int
    step_seconds: int


@dataclass(frozen=True)
class Withdraw:
    which: int


@dataclass(frozen=True)
class Delegate:
    who: int


@dataclass(frozen=True)
class Wait:
    seconds: int


Step = Credit | Close | Claim | Lock | LockIo | Withdraw | Delegate | Wait

WHO = st.integers(0, NODES - 1)
COUPONS = st.one_of(st.integers(0, 3), st.integers(0, 10**12))
POINTS = st.one_of(st.integers(0, 3), st.integers(0, 2**32 - 1))
STEPS = st.lists(
    st.one_of(
        st.builds(Credit, WHO, COUPONS, COUPONS),
        st.builds(Close, st.integers(1, 40), st.tuples(*[POINTS] * NODES)),
        st.builds(Close, st.just(1), st.tuples(*[POINTS] * NODES)),
        st.builds(Claim, WHO),
        st.builds(Lock, WHO),
        st.builds(LockIo, WHO, st.integers(1, 10 * IO), st.integers(1, 5), st.sampled_from([1, 7, 3_600, 2_628_000])),
        st.builds(Withdraw, st.integers(0, 50)),
        st.builds(Delegate, WHO),
        st.builds(Wait, st.sampled_from([1, 1_799, 86_400, 90 * 86_400])),
    ),
    min_size=8,
    max_size=30,
)


@dataclass
class Network:
    """A world that all histories go on in, and all that ever earned or was locked in it."""

    world: World
    nodes: list[Node] = field(default_factory=list)
    affiliate: Keypair = field(default_factory=Keypair)
    vestings: dict[Pubkey, Keypair] = field(default_factory=dict)
    """Whose they are, by their addresses; the paid out ones as well."""
    rates: dict[int, int] = field(default_factory=dict)
    """Of the epochs at which a range began that held coupons."""
    ids: Iterator[int] = field(default_factory=count)

    def begin(self) -> None:
        """New nodes, one of them brought in by somebody."""
        self.nodes += [self.world.node(affiliate=self.affiliate.pubkey()), *(self.world.node() for _ in range(2))]

    def play(self, step: Step) -> None:
        world = self.world
        match step:
            case Credit(who, base, bonus):
                credit(world, self.latest(who), base=base, bonus=bonus)
            case Close(hours, points):
                self.close(hours, points)
            case Claim(who):
                node = self.latest(who)
                self.send(claiming(world, node, epoch=earner(world, node).coupon_epoch, **self.others(node)), node[0])
            case Lock(who):
                node = self.latest(who)
                closed = schedule(world).closed_epoch
                held = earner(world, node).coupon_epoch
                lock = locking(world, node, closed_epoch=closed, epoch=held, **self.others(node))
                if self.send(lock, node[0]):
                    self.vestings[addresses.vesting(addresses.earner(node[1]), closed)] = node[0]
            case LockIo(who, amount, steps, step_seconds):
                self.lock_io(self.latest(who)[0], amount, steps, step_seconds)
            case Withdraw(which) if self.vestings:
                address, owner = list(self.vestings.items())[which % len(self.vestings)]
                self.send(withdrawing(world, owner, address), owner)
            case Delegate(who):
                delegate(world, self.latest(who)[1], amount=IO)
            case Wait(seconds):
                world.chain.warp(seconds=seconds)

    def latest(self, who: int) -> Node:
        return self.nodes[len(self.nodes) - NODES + who]

    def others(self, node: Node) -> dict[str, Pubkey | None]:
        """Those who are paid besides the owner."""
        actor = self.world.chain.account(state.Actor, node[1])
        return {
            "affiliate_io": self.world.io(self.affiliate) if actor.has_affiliate else None,
            "rewards": actor.rewards if actor.shares else None,
        }

    def send(self, instruction: Instruction, signer: Keypair) -> bool:
        """False where there was nothing to be paid, or a bonus was locked in this epoch already."""
        try:
            self.world.chain.send([instruction], signer)
        except Refused as refused:
            if refused.name not in ("NothingToClaim", "AccountAlreadyInUse", "AccountDataTooSmall"):
                raise
            return False
        return True

    def close(self, hours: int, points: tuple[int, ...]) -> None:
        world, before = self.world, schedule(self.world)
        first, last = before.closed_epoch + 1, before.closed_epoch + hours
        if world.chain.now() < (end := before.genesis + last * 3_600):
            world.chain.warp(timestamp=end)
        world.post_scores(last, *((self.latest(who)[1], weight, 0) for who, weight in enumerate(points)))
        world.finalize(last)
        page = addresses.rates(first)
        if not world.chain.exists(page):
            world.chain.send([emission.open_rates(payer=world.admin.pubkey(), epoch=first)], world.admin)
        (event,) = world.chain.events(world.close(last))
        self.rates[first] = event.fields["per_coupon_q64"]

    def lock_io(self, owner: Keypair, amount: int, steps: int, step_seconds: int) -> None:
        id, now = next(self.ids), self.world.chain.now()
        lock = emission.lock_io(
            depositor=owner.pubkey(),
            beneficiary=owner.pubkey(),
            id=id,
            source=self.world.io(owner),
            amount=amount,
            start=now,
            end=now + steps * step_seconds,
            step_seconds=step_seconds,
        )
        self.world.chain.send([lock], owner)
        self.vestings[addresses.locked(owner.pubkey(), owner.pubkey(), id)] = owner

    def check(self) -> None:
        """Every bit of what was emitted is somewhere, and every base unit that is locked is in the vault."""
        chain, now = self.world.chain, schedule(self.world)
        assert now.emitted == economics.cumulative(now.closed_epoch)
        assert now.minted <= now.emitted
        assert chain.supply(self.world.io_mint) == GENESIS_SUPPLY + now.minted
        found = [chain.account(state.Vesting, one) for one in self.vestings if chain.exists(one)]
        assert now.locked_io == sum(one.left for one in found if one.funded)
        assert now.locked_io == chain.balance(addresses.locked_vault())
        to_mint = sum(one.left for one in found if not one.funded)
        earned = sum(self.earned(node, now) for node in self.nodes)
        assert ((now.minted + to_mint) << 64) + earned + now.carry_availability + now.carry_compute == now.emitted << 64

    def earned(self, node: Node, now: state.Emission) -> int:
        """What a node has earned and not claimed, 64 fractional bits."""
        one = earner(self.world, node)
        liquid = economics.accrue(one.liquid, one.points, now.per_point - one.snapshot)
        rate = self.rates[one.coupon_epoch] if 0 < one.coupon_epoch <= now.closed_epoch else 0
        return liquid + one.bonus + (one.coupons_base + one.coupons_bonus) * rate


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """One network for all histories: each goes on where the one before ended."""
    with new_world(coupon_authority=COUPON_AUTHORITY) as world:
        yield Network(world, affiliate=world.person())


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_every_bit_of_the_emission_is_accounted_for(network: Network, steps: list[Step]) -> None:
    """Through coupons, closes, claims, bonuses, locks, withdrawals and delegations, in any order."""
    network.begin()
    for step in steps:
        network.play(step)
        network.check()


def test_however_often_one_withdraws(network: Network) -> None:
    """Who withdraws all the time and who does once, at the end, get the same to the base unit."""
    world = network.world
    owner, amount = world.person(io=2 * IO), IO // 3
    lock = partial(emission.lock_io, depositor=owner.pubkey(), source=world.io(owner), amount=amount)
    start = world.chain.now()
    takers = [world.person() for _ in range(2)]
    for id, taker in enumerate(takers):
        locked = lock(beneficiary=taker.pubkey(), id=id, start=start, end=start + 1_000, step_seconds=10)
        world.chain.send([locked], owner)
    often, once = (addresses.locked(owner.pubkey(), taker.pubkey(), id) for id, taker in enumerate(takers))
    for seconds in (9, 1, 13, 100, 377, 499):
        world.chain.warp(seconds=seconds)
        network.send(withdrawing(world, takers[0], often), owner)
    world.chain.warp(seconds=1)
    for taker, vesting in zip(takers, (often, once), strict=True):
        world.chain.send([withdrawing(world, taker, vesting)], owner)
        assert world.chain.balance(world.io(taker)) == amount
