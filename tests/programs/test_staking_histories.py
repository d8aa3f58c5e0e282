"""Whole histories of a pool on the chain, against what one would write down with exact fractions.

A history is a list of steps of four stakers: delegating, undelegating, claiming; and rewards, slashes and time that go
over them. It is played twice: as it is, and with everything between two rewards, slashes or payments in another order
and nobody claiming before the end. Both must end alike to the base unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, economics, state
from client.economics import IO
from client.economics.pool import MIN_INDEX
from client.instructions import pools, staking
from client.offences import OFFENCES
from tests.programs.chain import Refused
from tests.programs.staking_steps import (
    DAY,
    actor_of,
    claim,
    delegate,
    delegation_of,
    delegator,
    reward,
    slashed,
    undelegate,
    vault,
    withdraw,
)
from tests.programs.staking_steps import shared as shared  # a fixture
from tests.programs.world import World

STAKERS = 4
actors = count()
"""Numbers of the admin's."""
RICH = 30_000 * IO
REMAINDERS = Fraction(1, 1_000)
"""More than what divisions by all shares can leave, or give to others, in one history; base units."""


@dataclass(frozen=True)
class Delegate:
    who: int
    amount: int


@dataclass(frozen=True)
class Undelegate:
    who: int
    part: int
    """Of what is delegated: the amount is the remainder by one more than its value."""


@dataclass(frozen=True)
class Claim:
    who: int


@dataclass(frozen=True)
class Reward:
    amount: int


@dataclass(frozen=True)
class Slash:
    offence: int


@dataclass(frozen=True)
class Pay:
    """Three weeks go by, and all tickets are paid."""


Step = Delegate | Undelegate | Claim | Reward | Slash | Pay

WHO = st.integers(0, STAKERS - 1)
AMOUNTS = st.one_of(st.integers(1, 20), st.integers(1, 1_000 * IO))
DELEGATE = st.builds(Delegate, WHO, AMOUNTS)
UNDELEGATE = st.builds(Undelegate, WHO, st.integers(0, RICH))
# Most of them several times, so that there is something to slash and to divide.
STEP = st.one_of(
    *(DELEGATE, DELEGATE, DELEGATE, UNDELEGATE, UNDELEGATE),
    st.builds(Claim, WHO),
    st.builds(Reward, AMOUNTS),
    st.builds(Slash, st.sampled_from([1, 1, 2, 2, 3, 3, 4, 5])),
    st.just(Pay()),
)
HISTORIES = st.lists(STEP, min_size=20, max_size=30)


@dataclass
class Position:
    """What somebody has, as everyone would understand it: nothing is rounded."""

    value: Fraction = Fraction(0)
    roundings: int = 0
    """Times that the chain may have rounded it up by less than a base unit."""

    def add(self, amount: Fraction | int) -> None:
        self.value += amount
        self.roundings += 1


@dataclass
class Staker:
    keypair: Keypair
    delegated: Position = field(default_factory=Position)
    unbonding: Position = field(default_factory=Position)
    tickets: list[int] = field(default_factory=list)
    """Their numbers."""
    shares: int = 0
    earned: Fraction = Fraction(0)
    claimed: int = 0


@dataclass
class Outcome:
    """How a history ended for one staker."""

    wallet: int
    rewards: int
    value: int


class Pool:
    """One actor on the chain, beside the reference."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.actor = self.register()
        self.collateral = Fraction(self.read().collateral)
        self.stakers = [Staker(delegator(world, self.actor, io=RICH)) for _ in range(STAKERS)]
        self.others = vault(world) - self.read().collateral
        """What the vault holds for other actors."""
        self.rewarded = 0
        self.waiting = Fraction(0)
        """Rewards that came while there were no shares."""
        self.slashes = 0
        self.numbers = count(1)

    def register(self) -> Pubkey:
        """A node of the admin's, which has enough IO for all examples, with its collateral and an open pool."""
        admin, chain = self.world.admin.pubkey(), self.world.chain
        number = next(actors)
        actor = addresses.actor(admin, number)
        registering = staking.register_node(
            authority=admin,
            id=number,
            hardware_class="4090",
            processors=1,
            dollar_share_bp=6_000,
            commission_bp=100,
        )
        depositing = staking.deposit_collateral(
            depositor=admin, actor=actor, source=self.world.io(admin), amount=250 * IO
        )
        opening = pools.open_pool(payer=admin, actor=actor, io_mint=self.world.io_mint)
        chain.send([registering, depositing, opening], self.world.admin)
        return actor

    def read(self) -> state.Actor:
        return actor_of(self.world, self.actor)

    def delegation(self, staker: Staker) -> state.Delegation:
        return delegation_of(self.world, self.actor, staker.keypair)

    def worth(self, staker: Staker) -> int:
        return economics.value_of(staker.shares, self.read().index)

    def play(self, step: Step) -> None:
        match step:
            case Delegate(who, amount) if self.read().index >= MIN_INDEX:
                staker = self.stakers[who]
                delegate(self.world, self.actor, staker.keypair, amount)
                staker.delegated.add(amount)
                staker.shares = self.delegation(staker).shares
            case Undelegate(who, part):
                staker = self.stakers[who]
                amount = part % (self.worth(staker) + 1)
                if amount:
                    number = next(self.numbers)
                    undelegate(self.world, self.actor, staker.keypair, amount, number)
                    staker.delegated.add(-amount)
                    staker.unbonding.add(amount)
                    staker.tickets.append(number)
                    staker.shares = self.delegation(staker).shares
            case Claim(who):
                self.claim(self.stakers[who])
            case Reward(amount):
                reward(self.world, self.actor, amount)
                self.rewarded += amount
                self.divide(amount)
            case Slash(offence):
                slashed(self.world, self.actor, offence, id=next(self.numbers))
                self.slashes += 1
                kept = 1 - Fraction(OFFENCES[offence][1], 10_000)
                for staker in self.stakers:
                    staker.delegated.value *= kept
                    staker.unbonding.value *= kept
                self.collateral *= kept
            case Pay():
                self.world.chain.warp(seconds=21 * DAY)
                for staker in self.stakers:
                    self.pay(staker)

    def divide(self, amount: int) -> None:
        """Everyone is credited at once, by shares."""
        total = sum(staker.shares for staker in self.stakers)
        self.waiting += amount
        if total:
            for staker in self.stakers:
                staker.earned += self.waiting * staker.shares / total
            self.waiting = Fraction(0)

    def claim(self, staker: Staker) -> None:
        """Claims, where there is something; what is paid differs from what was earned by less than a base unit."""
        before = self.world.chain.balance(self.world.io(staker.keypair))
        try:
            claim(self.world, self.actor, staker.keypair)
        except Refused as refused:
            if refused.name != "NothingToClaim":
                raise
        staker.claimed += self.world.chain.balance(self.world.io(staker.keypair)) - before
        assert -REMAINDERS < staker.earned - staker.claimed < 1 + REMAINDERS

    def pay(self, staker: Staker) -> None:
        """Pays all tickets: together what the reference says, less what slashes rounded down."""
        before = self.world.chain.balance(self.world.io(staker.keypair))
        for number in staker.tickets:
            withdraw(self.world, self.actor, staker.keypair, number)
        paid = self.world.chain.balance(self.world.io(staker.keypair)) - before
        self.compare(paid, staker.unbonding, len(staker.tickets))
        staker.tickets, staker.unbonding = [], Position()

    def compare(self, amount: int, position: Position, parts: int) -> None:
        above = amount - position.value
        assert -(position.roundings + parts * (self.slashes + 1)) <= above <= position.roundings

    def check(self) -> None:
        """Nothing is lost or invented, and everybody has what the reference says."""
        pool = self.read()
        assert vault(self.world) == self.others + pool.stake + pool.collateral
        assert 0 <= self.collateral - pool.collateral <= self.slashes
        tickets = [
            economics.value_of(self.ticket(staker, number).shares, pool.index)
            for staker in self.stakers
            for number in staker.tickets
        ]
        values = [economics.value_of(staker.shares, pool.index) for staker in self.stakers]
        # What belongs to nobody are fractions, less than a base unit for each position there ever was.
        assert 0 <= pool.stake - sum(values) - sum(tickets) <= STAKERS + next(self.numbers)
        for staker, value in zip(self.stakers, values, strict=True):
            self.compare(value, staker.delegated, 1)
        assert pool.shares == sum(staker.shares for staker in self.stakers)

    def ticket(self, staker: Staker, number: int) -> state.Ticket:
        address = addresses.ticket(self.actor, staker.keypair.pubkey(), number)
        return self.world.chain.account(state.Ticket, address)

    def end(self) -> list[Outcome]:
        """Everybody leaves with everything; how it ended for each."""
        values = [self.worth(staker) for staker in self.stakers]
        for who, value in enumerate(values):
            self.play(Undelegate(who, value))
        self.play(Pay())
        for staker in self.stakers:
            self.claim(staker)
        pool = self.read()
        assert (pool.unbonding_shares, vault(self.world)) == (0, self.others + pool.stake + pool.collateral)
        # Shares that slashes made worthless cannot leave, and earn on.
        delegations = [self.delegation(staker) for staker in self.stakers]
        accrued = sum(one.accrued + one.shares * (pool.per_share - one.snapshot) for one in delegations)
        claimed = sum(staker.claimed for staker in self.stakers)
        left = self.world.chain.balance(addresses.rewards(self.actor))
        assert left + claimed == self.rewarded
        assert accrued + pool.carry + (left - pool.counted_rewards << 64) == left << 64
        return [
            Outcome(self.world.chain.balance(self.world.io(staker.keypair)), staker.claimed, value)
            for staker, value in zip(self.stakers, values, strict=True)
        ]


def reordered(steps: Sequence[Step]) -> list[Step]:
    """The same without claims; what stands between two rewards, slashes or payments goes by staker, the last first."""
    done: list[Step] = []
    waiting: list[Delegate | Undelegate] = []
    for step in [*steps, None]:
        if isinstance(step, Delegate | Undelegate):
            waiting.append(step)
        elif not isinstance(step, Claim):
            done += sorted(waiting, key=lambda one: -one.who)
            waiting = []
            if step is not None:
                done.append(step)
    return done


@settings(max_examples=20, deadline=None)
@given(HISTORIES)
def test_no_order_or_timing_gains_or_loses(shared: World, steps: list[Step]) -> None:
    """Everyone ends with what exact fractions say, and alike to the base unit whatever the order and whoever claims."""
    both = Pool(shared), Pool(shared)
    # Each counts the other's collateral among what is not its own.
    both[0].others += both[1].read().collateral
    outcomes = []
    for pool, history in zip(both, (steps, reordered(steps)), strict=True):
        for step in history:
            pool.play(step)
        pool.check()
        outcomes.append(pool.end())
        both[1].others = vault(shared) - both[1].read().collateral
    assert outcomes[0] == outcomes[1]
