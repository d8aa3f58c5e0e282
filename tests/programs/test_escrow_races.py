"""Everybody who may do something to a job does it in any order: one outcome, and every base unit accounted for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, economics, state
from client.economics import USD
from client.instructions import escrow, tokens
from client.network import ESCROW, Parameters
from tests.programs.chain import Refused
from tests.programs.escrow_steps import (
    HOUR,
    Actor,
    dispute_job,
    end_job,
    extend_job,
    job_of,
    lapse_dispute,
    release_job,
    resolve_dispute,
    vaults,
)
from tests.programs.world import World, new_world

TERMS = replace(
    ESCROW, min_work_seconds=600, report_seconds=300, dispute_seconds=200, decision_seconds=1_000, dispute_bond=777_777
)
OPEN, RUNNING, ENDED, DISPUTED, RESOLVED = 1, 2, 3, 4, 5
CREDIT = 1_234_567
DOLLARS = 100 * USD


@pytest.fixture(scope="module")
def brisk() -> Iterator[World]:
    """A network in which everything about a job takes minutes."""
    with new_world(Parameters(escrow=TERMS)) as world:
        world.end_of(1)
        yield world


@dataclass
class Model:
    """What a job must be, by the words of the design: seconds and dollars, and who may do what."""

    rate: int
    hours: int
    state: int = OPEN
    node: int | None = None
    begun: int = 0
    reported: int = 0
    earlier: int = 0
    """Seconds paid to nodes before this one."""
    paid: int = 0
    """Seconds paid."""
    stopped_at: int | None = None
    """The job's seconds that stand, once it has stopped."""
    disputed_at: int = 0
    bond: int = 0
    bond_paid: int = 0
    over: bool = False

    def worked(self, until: int) -> int:
        if self.stopped_at is not None:
            return self.stopped_at
        if self.state == OPEN:
            return self.paid
        return min(self.hours * HOUR, self.earlier + max(min(until, self.reported) - self.begun, 0))

    def ends(self) -> int:
        return self.begun + self.hours * HOUR - self.earlier

    def is_alive(self, now: int) -> bool:
        return now - self.reported <= TERMS.report_seconds

    def owed(self) -> bool:
        worked = self.worked(self.reported)
        enough = self.stopped_at is not None or worked - self.earlier >= TERMS.min_work_seconds
        enough = enough or worked == self.hours * HOUR
        return worked > self.paid and enough

    # Each: the error's name, or None once it is done.

    def start(self, now: int, node: int) -> str | None:
        if self.state != OPEN:
            return "WrongState"
        self.state, self.node, self.begun, self.reported = RUNNING, node, now, now
        return None

    def report(self, now: int, node: int) -> str | None:
        if self.node != node:
            return "JobMismatch"
        if self.state != RUNNING:
            return "WrongState"
        self.reported = now
        return None

    def settle(self, now: int) -> str | None:
        if self.state not in (RUNNING, ENDED, RESOLVED):
            return "WrongState"
        if self.worked(self.reported) <= self.paid:
            return "NothingToSettle"
        if not self.owed():
            return "BelowMinimumWork"
        payable = self.worked(now - TERMS.dispute_seconds)
        if payable <= self.paid:
            return "StillDisputable"
        self.paid = payable
        return None

    def end(self, now: int) -> str | None:
        if self.state != RUNNING:
            return "WrongState"
        if self.is_alive(now):
            self.reported = now
        self.stopped_at, self.state = self.worked(self.reported), ENDED
        return None

    def release(self, now: int, by_node: bool) -> str | None:
        if self.state != RUNNING:
            return "WrongState"
        if now >= self.ends():
            return "JobOver"
        if not by_node and self.is_alive(now):
            return "NodeAlive"
        if self.owed():
            return "SettleFirst"
        self.state, self.node, self.earlier = OPEN, None, self.paid
        return None

    def extend(self, now: int, hours: int) -> str | None:
        if self.state not in (OPEN, RUNNING):
            return "WrongState"
        if self.state == RUNNING and now >= self.ends():
            return "JobOver"
        self.hours += hours
        return None

    def dispute(self, now: int) -> str | None:
        if self.state != RUNNING:
            return "WrongState"
        if self.worked(self.reported) <= self.paid:
            return "NothingToDispute"
        self.stopped_at = self.worked(self.reported)
        self.state, self.disputed_at, self.bond = DISPUTED, now, TERMS.dispute_bond
        return None

    def resolve(self, part: int) -> tuple[int, str | None]:
        """`part` of 100 of what is disputed; the seconds that are accepted, too."""
        worked = self.worked(self.reported)
        accepted = self.paid + (worked - self.paid) * part // 100
        if self.state != DISPUTED:
            return accepted, "WrongState"
        self.bond_paid = economics.dispute_bond(self.bond, worked - self.paid, accepted - self.paid)
        self.bond -= self.bond_paid
        self.stopped_at, self.state = accepted, RESOLVED
        return accepted, None

    def lapse(self, now: int) -> str | None:
        if self.state != DISPUTED:
            return "WrongState"
        if now - self.disputed_at <= TERMS.decision_seconds:
            return "DecisionOpen"
        self.state = RESOLVED
        return None

    def finish(self, now: int, by_user: bool) -> str | None:
        if self.state == DISPUTED:
            return "WrongState"
        if self.state == OPEN and not by_user:
            return "NotAuthority"
        if self.state == RUNNING and now < self.ends():
            return "NotOver"
        if self.owed():
            return "SettleFirst"
        if self.state == RUNNING and self.reported < self.ends() and self.is_alive(now):
            return "NodeAlive"
        self.over = True
        return None


class History:
    """A job with a user that has credit and an affiliate, two nodes, and the model beside it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.affiliate = world.person()
        self.user = world.user(usd=DOLLARS, affiliate=self.affiliate.pubkey())
        world.post_scores(1, (self.user[1], 0, 7_500))
        credit = escrow.open_credit(payer=world.admin.pubkey(), user=self.user[1], usd_mint=world.usd_mint)
        account = addresses.credit(self.user[1])
        funding = tokens.mint_to(
            mint=world.usd_mint, authority=world.admin.pubkey(), destination=account, amount=CREDIT
        )
        world.chain.send([credit, funding], world.admin)
        self.nodes: list[Actor] = [world.node(processors=7, dollar_share_bp=share) for share in (3_333, 6_000)]
        world.prices()
        self.before = vaults(world)
        self.job: Pubkey = world.open_job(
            self.user, processors=7, hours=1, benefit=state.Job.LOCKED_IO, from_credit=CREDIT
        )
        self.model = Model(rate=job_of(world, self.job).rate_per_hour, hours=1)

    def now(self) -> int:
        return self.world.chain.now()

    def do(self, name: str, value: int) -> None:
        """One step, on the chain and in the model: both refuse it with the same error, or neither does."""
        world, model, now = self.world, self.model, self.now()
        node = self.nodes[model.node or 0]
        expected: str | None
        if name == "wait":
            world.chain.warp(seconds=value)
            return
        if name == "start":
            expected = model.start(now, value % 2)
            done = self._try(lambda: world.start_job(self.job, self.nodes[value % 2][1]))
        elif name == "report":
            expected = model.report(now, value % 2)
            done = self._try(lambda: world.report_job(self.nodes[value % 2], self.job))
        elif name == "settle":
            expected = model.settle(now)
            done = self._try(lambda: world.settle_job(self.job, node))
        elif name == "end":
            expected = model.end(now)
            done = self._try(lambda: end_job(world, self.job, self.user))
        elif name == "release":
            by: Keypair = node[0] if value % 2 else world.admin
            expected = model.release(now, by_node=bool(value % 2))
            done = self._try(lambda: release_job(world, self.job, node, by))
        elif name == "extend":
            world.prices()
            expected = model.extend(now, 1)
            done = self._try(lambda: extend_job(world, self.job, self.user))
        elif name == "dispute":
            expected = model.dispute(now)
            done = self._try(lambda: dispute_job(world, self.job, self.user))
        elif name == "resolve":
            accepted, expected = model.resolve(value % 101)
            done = self._try(lambda: resolve_dispute(world, self.job, node, accepted))
        elif name == "lapse":
            expected = model.lapse(now)
            done = self._try(lambda: lapse_dispute(world, self.job))
        else:
            expected = model.finish(now, by_user=bool(value % 2))
            caller = self.user[0] if value % 2 else world.admin
            done = self._try(lambda: world.finish_job(self.job, self.user, caller=caller))
        assert done == expected, (name, value, done, expected)
        self.check()

    @staticmethod
    def _try(step) -> str | None:  # type: ignore[no-untyped-def]
        try:
            step()
        except Refused as refused:
            return refused.name
        return None

    def check(self) -> None:
        """Every base unit is where the model says."""
        world, model, found = self.world, self.model, job_of(self.world, self.job)
        balance = world.chain.balance
        settled = economics.earned(model.rate, model.paid)
        deposit = model.rate * model.hours
        assert (found.settled_seconds, found.settled_usd) == (model.paid, settled)
        assert (found.deposit, found.granted) == (deposit, CREDIT)
        dollars = sum(balance(world.usd(owner)) for owner, _ in self.nodes) - model.bond_paid
        fees = balance(world.usd(self.affiliate)) + sum(vaults(world)) - sum(self.before)
        assert dollars + fees == settled
        held, own = balance(addresses.job_vault(self.job)), balance(world.usd(self.user[0]))
        credit = balance(addresses.credit(self.user[1]))
        if not model.over:
            assert found.state == model.state
            assert held == deposit - settled + model.bond
            assert own == DOLLARS - (deposit - CREDIT) - model.bond - model.bond_paid
            assert credit == 0
            return
        assert found.state == (state.Job.SETTLED if settled else state.Job.CANCELLED)
        assert (held, found.bond) == (0, 0)
        assert credit == max(CREDIT - settled, 0)
        assert own + credit == DOLLARS + CREDIT - settled - model.bond_paid


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from((1, 200, 201, 300, 301, 600, 1_001, 2_000, HOUR))),
    st.tuples(
        st.sampled_from(("start", "report", "settle", "end", "release", "dispute", "resolve", "lapse", "finish")),
        st.integers(0, 100),
    ),
    st.tuples(st.sampled_from(("report", "settle", "extend", "start")), st.integers(0, 1)),
)
WAYS_OUT = (
    *(("wait", 2_000), ("lapse", 0), ("end", 0), ("wait", 2_000), ("settle", 0), ("finish", 1)),
    *(("settle", 0), ("finish", 1)),
)
"""Whatever happened: a job comes to an end, without anyone's leave."""


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=5, max_size=25))
def test_any_order_has_one_outcome(brisk: World, steps: list[tuple[str, int]]) -> None:
    """Steps of user, nodes, router, committee and strangers in any order: the model's outcome, to the base unit."""
    history = History(brisk)
    history.do("start", 0)
    for name, value in (*steps, *WAYS_OUT):
        if history.model.over:
            break
        history.do(name, value)
    assert history.model.over


RACES = {
    "work that can be disputed no more": (
        [("wait", 700), ("report", 0), ("wait", 250)],
        ("settle", "end", "release", "dispute", "finish"),
    ),
    "a node that fell silent": (
        [("wait", 500), ("report", 0), ("wait", 301)],
        ("settle", "end", "release", "dispute", "report"),
    ),
    "hours that are over": (
        [("wait", HOUR), ("report", 0), ("wait", 200)],
        ("settle", "end", "release", "dispute", "finish"),
    ),
}


@pytest.mark.parametrize(
    ("before", "first", "second"),
    [(before, *pair) for before, able in RACES.values() for pair in product(able, repeat=2)],
    ids=[f"{race}: {' then '.join(pair)}" for race, (_, able) in RACES.items() for pair in product(able, repeat=2)],
)
def test_two_at_once(brisk: World, before: list[tuple[str, int]], first: str, second: str) -> None:
    """Two who act in the same second: the first has its way, the second what is left, and all adds up."""
    history = History(brisk)
    for name, value in (("start", 0), *before, (first, 0), (second, 0), *WAYS_OUT):
        if history.model.over:
            break
        history.do(name, value)
    assert history.model.over
