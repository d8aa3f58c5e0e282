"""Rules for time, and for what joins in one transaction."""

from __future__ import annotations

from hypothesis import strategies as st

from client import addresses, economics
from client.instructions import escrow, pools, staking
from client.network import DAY
from client.state import Delegation, Job, Ticket
from tests.proof.machine.acting import ids, step, whos
from tests.proof.machine.burn import Burn
from tests.proof.machine.emission import Emission
from tests.proof.machine.escrow import Escrow
from tests.proof.machine.staking import Staking

HOUR = economics.SECONDS_PER_HOUR


class Hours(Staking, Escrow, Emission, Burn):
    """Time goes by, and several act at once."""

    @step(seconds=st.sampled_from((1, 59, 60, 300, 301, 600, 601, 899, 900, 901, 1_800)))
    def seconds_go_by(self, seconds: int) -> None:
        self.wait(seconds)

    @step(by=st.sampled_from((0, -1, 1)))
    def end_of_the_hour(self, by: int) -> None:
        """Its first second after, the last before, the next."""
        left = HOUR - (self.now - self.economy.committee.genesis) % HOUR
        self.wait(left + by)

    @step(hours=st.sampled_from((1, 2, 5, 24, 49, 513)))
    def hours_go_by(self, hours: int) -> None:
        self.wait(hours * HOUR)

    @step(days=st.sampled_from((2, 3, 7, 8, 14, 21, 90, 180, 365)))
    def days_go_by(self, days: int) -> None:
        self.wait(days * DAY)

    @step(years=st.sampled_from((1, 5, 20)), rarely=st.integers(0, 15))
    def years_go_by(self, years: int, rarely: int) -> None:
        if rarely == 15:
            self.wait(years * 365 * DAY)

    @step(slots=st.sampled_from((1, 2, 512, 513)))
    def slots_go_by(self, slots: int) -> None:
        """The clock stands still."""
        self.flush()
        self.economy.ledger.svm.warp(slots=slots)

    @step(many=st.integers(2, 4))
    def together(self, many: int) -> None:
        """The next so many actions are one transaction."""
        self.flush()
        self.joining = many

    @step(times=st.sampled_from((1, 1, 2)))
    def again(self, times: int) -> None:
        """What was sent last, once more; or twice in one transaction."""
        self.flush()
        if self.last:
            self.act(*self.last * times)

    @step(job=whos, which=st.integers(0, 5))
    def race(self, job: int, which: int) -> None:
        """Two who want a job's dollars, in one transaction."""
        self.flush()
        if (found := self.job(job, Job.RUNNING, Job.ENDED, Job.RESOLVED)) is None:
            return
        address, one = found
        settling = self.settling(address, one)
        finishing = self.finishing(address, one, one.authority)
        ending = escrow.end_job(authority=one.authority, job=address)
        disputing = escrow.dispute_job(
            authority=one.authority, job=address, source=self.economy.usd(one.authority), evidence=bytes(32)
        )
        reopening = self.opening(one.user, one.id, one.class_, 1, 1, 2**64 - 1, 0, 0)
        pairs = (
            (settling, settling), (settling, finishing), (ending, settling, finishing), (disputing, settling),
            (finishing, reopening), (ending, finishing, finishing),
        )  # fmt: skip
        self.act(*pairs[which])

    @step(delegation=whos, id=ids)
    def leave_and_come_back(self, delegation: int, id: int) -> None:
        """All of a delegation is asked back, it is closed, and opened again, in one transaction."""
        self.flush()
        found = self.economy.pick(Delegation, delegation, lambda _, one: one.shares > 0)
        if found is None:
            return
        _, one = found
        worth = economics.value_of(one.shares, self.only_actor(one.actor).index)
        io = self.economy.io(one.owner)
        self.act(
            pools.undelegate(owner=one.owner, actor=one.actor, amount=worth, id=id),
            *([pools.claim_rewards(actor=one.actor, owner=one.owner, destination=io)] if one.accrued >> 64 else []),
            pools.close_delegation(owner=one.owner, actor=one.actor),
            pools.open_delegation(payer=one.owner, actor=one.actor, owner=one.owner),
        )

    @step(ticket=whos)
    def withdraw_and_ask_again(self, ticket: int) -> None:
        """A ticket is paid, and one of the same number taken, in one transaction."""
        self.flush()
        found = self.economy.pick(Ticket, ticket, lambda _, one: one.matures_at <= self.now)
        if found is None:
            return
        _, one = found
        paying = pools.withdraw_ticket(
            actor=one.actor, owner=one.owner, id=one.id, destination=self.economy.io(one.owner)
        )
        delegation = addresses.delegation(one.actor, one.owner)
        if self.is_free(delegation):
            more = staking.withdraw_collateral(authority=one.owner, actor=one.actor, amount=1, id=one.id)
        else:
            more = pools.undelegate(owner=one.owner, actor=one.actor, amount=1, id=one.id)
        self.act(paying, more)
