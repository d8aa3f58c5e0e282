"""Rules for escrow: jobs from their opening to their refund."""

from __future__ import annotations

from hypothesis import strategies as st
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses
from client.instructions import escrow
from client.state import Actor, Agent, Earner, Job
from tests.proof.machine.acting import Amount, amounts, flags, ids, mostly, step, twists, whos
from tests.proof.machine.economy import CLASSES, amount_of
from tests.proof.machine.oracle import Oracle

hours = st.sampled_from((1, 2, 5, 24, 1, 2, 3, 0, 1_000, 1_193_046, 1_193_047, 2**32 - 1))
mosts = st.one_of(st.sampled_from((2**64 - 1, "all", "all", "all")), amounts)
"""1,193,046 hours are the most whose seconds fit into 32 bits."""
processors = st.sampled_from((1, 1, 2, 7, 0, 2**32 - 1))


class Escrow(Oracle):
    """Jobs and their dollars."""

    def job(self, which: int, *states: int) -> tuple[Pubkey, Job] | None:
        """A job, in one of these states where there is one."""
        return self.economy.pick(Job, which, lambda _, one: one.state in states)

    def node_of(self, job: Job) -> tuple[Pubkey, Actor]:
        """Who works on a job, or somebody else where nobody does."""
        found = self.economy.ledger.get(Actor, job.node)
        return (job.node, found) if found else next(iter(self.economy.ledger.all(Actor).items()))

    def settling(self, address: Pubkey, job: Job) -> Instruction:
        """The settlement of a job, with all that it needs."""
        node, one = self.node_of(job)
        return escrow.settle_job(
            job=address,
            node=node,
            node_usd=self.economy.usd(one.authority),
            coupon_epoch=self.economy.coupon_epoch(node),
            affiliate_usd=job.affiliate_usd if job.has_affiliate else None,
            user=job.user if job.benefit == Job.LOCKED_IO else None,
            user_coupon_epoch=self.economy.coupon_epoch(job.user),
        )

    def finishing(self, address: Pubkey, job: Job, caller: Pubkey) -> Instruction:
        """The end of a job, by anyone."""
        return escrow.finish_job(
            caller=caller,
            job=address,
            authority=job.authority,
            user_usd=self.economy.usd(job.authority),
            credit=addresses.credit(job.user) if job.unspent_credit else None,
        )

    def opening(
        self, user: Pubkey, id: int, symbol: str, processors: int, hours: int, most: int, benefit: int, credit: int
    ) -> Instruction:
        """Opens a job of a user."""
        authority = self.only_actor(user).authority
        return escrow.open_job(
            authority=authority,
            user=user,
            id=id,
            hardware_class=symbol,
            processors=processors,
            hours=hours,
            max_deposit=most,
            usd_mint=self.economy.world.usd_mint,
            source=self.economy.usd(authority),
            benefit=benefit,
            from_credit=credit,
        )

    @step(user=whos, payer=whos, twist=twists)
    def open_credit(self, user: int, payer: int, twist: int) -> None:
        if (found := self.actor(user, lambda _, one: not one.is_node)) is None:
            return
        opening = escrow.open_credit(payer=self.who(payer), user=found[0], usd_mint=self.economy.world.usd_mint)
        self.act(opening, twist=twist)

    @step(
        user=whos, id=ids, kind=st.integers(0, 3), processors=processors, hours=hours, most=mosts, fresh=mostly,
        benefit=st.sampled_from((0, 1, 0, 1, 2, 255)), credit=amounts, twist=twists,
    )  # fmt: skip
    def open_job(
        self, user: int, id: int, kind: int, processors: int, hours: int, most: Amount, fresh: bool, benefit: int,
        credit: Amount, twist: int,
    ) -> None:  # fmt: skip
        """What words mean: of the user's dollars, of its credit."""
        found = self.actor(user, lambda address, one: not one.is_node and self.earns(address))
        if found is None:
            return
        self.freshened(fresh)
        address, one = found
        own = self.economy.ledger.balance(self.economy.usd(one.authority))
        granted = self.economy.ledger.balance(addresses.credit(address))
        opening = self.opening(
            address, id, (*CLASSES, "IO")[kind], processors, hours, amount_of(most, own), benefit,
            amount_of(credit, granted) if granted or isinstance(credit, int) else 0,
        )  # fmt: skip
        self.act(opening, twist=twist)

    @step(job=whos, hours=hours, most=mosts, fresh=mostly, twist=twists)
    def extend_job(self, job: int, hours: int, most: Amount, fresh: bool, twist: int) -> None:
        found = self.economy.pick(Job, job, lambda _, one: one.state == Job.OPEN or self.is_early(one))
        if found is None:
            return
        self.freshened(fresh)
        address, one = found
        source = self.economy.usd(one.authority)
        self.act(
            escrow.extend_job(
                authority=one.authority,
                job=address,
                hardware_class=one.class_,
                hours=hours,
                max_deposit=amount_of(most, self.economy.ledger.balance(source)),
                source=source,
            ),
            twist=twist,
        )

    @step(job=whos, node=whos, twist=twists)
    def start_job(self, job: int, node: int, twist: int) -> None:
        """By the router, with a node that can have it."""
        if (found := self.job(job, Job.OPEN)) is None:
            return
        address, one = found
        able = self.actor(node, lambda _, node: can_work(node, one))
        if able is None:
            return
        router = self.economy.terms.parameters_at(self.now).router
        may = one.state == Job.OPEN and can_work(able[1], one) and not self.is_paused("escrow")
        starting = escrow.start_job(router=router, job=address, node=able[0])
        self.act(starting, twist=twist, expect=True if may else None)

    @step(job=whos, as_agent=flags, twist=twists)
    def report_job(self, job: int, as_agent: bool, twist: int) -> None:
        if (found := self.job(job, Job.RUNNING)) is None:
            return
        address, one = found
        node, owner = self.node_of(one)
        by = self.signer_for(node, owner, as_agent)
        self.act(
            escrow.report_job(by=by[0], node=node, job=address, digest=bytes(32), as_agent=by[1]),
            twist=twist,
            expect=True if one.state == Job.RUNNING else None,
        )

    @step(job=whos, by=whos, as_agent=flags, twist=twists)
    def release_job(self, job: int, by: int, as_agent: bool, twist: int) -> None:
        """By the node, or, from 8 on, by anyone."""
        found = self.economy.pick(Job, job, lambda _, one: self.is_early(one))
        if found is None:
            return
        address, one = found
        node, owner = self.node_of(one)
        signer, agent = self.signer_for(node, owner, as_agent) if by < 8 else (self.who(by), False)
        self.act(escrow.release_job(by=signer, job=address, node=node, as_agent=agent), twist=twist)

    @step(job=whos, twist=twists)
    def end_job(self, job: int, twist: int) -> None:
        if (found := self.job(job, Job.RUNNING)) is None:
            return
        address, one = found
        running = True if one.state == Job.RUNNING else None
        self.act(escrow.end_job(authority=one.authority, job=address), twist=twist, expect=running)

    @step(job=whos, twist=twists)
    def settle_job(self, job: int, twist: int) -> None:
        parameters = self.economy.terms.parameters_at(self.now)
        payable = (Job.RUNNING, Job.ENDED, Job.RESOLVED)
        found = self.economy.pick(
            Job,
            job,
            lambda _, one: one.state in payable and one.payable_seconds(self.now, parameters) > one.settled_seconds,
        )
        if found is None:
            return
        address, one = found
        due = one.state in payable and one.payable_seconds(self.now, parameters) > one.settled_seconds
        due = due and self.can_be_paid(one)
        self.act(self.settling(address, one), twist=twist, expect=True if due else None)

    @step(job=whos, twist=twists)
    def dispute_job(self, job: int, twist: int) -> None:
        found = self.economy.pick(
            Job, job, lambda _, one: one.state == Job.RUNNING and one.worked_seconds > one.settled_seconds
        )
        if found is None:
            return
        address, one = found
        disputing = escrow.dispute_job(
            authority=one.authority, job=address, source=self.economy.usd(one.authority), evidence=bytes(32)
        )
        self.act(disputing, twist=twist)

    @step(job=whos, accepted=amounts, signers=whos, twist=twists)
    def resolve_dispute(self, job: int, accepted: Amount, signers: int, twist: int) -> None:
        """What words mean: of the seconds that are disputed."""
        if (found := self.job(job, Job.DISPUTED)) is None:
            return
        address, one = found
        node, owner = self.node_of(one)
        seconds = one.settled_seconds + amount_of(accepted, max(one.worked_seconds - one.settled_seconds, 0))
        self.act(
            escrow.resolve_dispute(
                signers=self.signers(signers),
                job=address,
                node=node,
                node_usd=self.economy.usd(owner.authority),
                accepted_seconds=min(seconds, 2**32 - 1),
            ),
            twist=twist,
        )

    @step(job=whos, twist=twists)
    def lapse_dispute(self, job: int, twist: int) -> None:
        if (found := self.job(job, Job.DISPUTED)) is None:
            return
        address, one = found
        waits = self.economy.terms.parameters_at(self.now).decision_seconds
        over = one.state == Job.DISPUTED and self.now - one.disputed_at > waits
        self.act(escrow.lapse_dispute(job=address), twist=twist, expect=over)

    @step(job=whos, by=whos, twist=twists)
    def finish_job(self, job: int, by: int, twist: int) -> None:
        """By the user, or, from 8 on, by anyone."""
        found = self.economy.pick(Job, job, lambda _, one: self.may_finish(one))
        if found is None:
            return
        address, one = found
        caller = one.authority if by < 8 else self.who(by)
        settled = one.has_stopped and one.worked_seconds <= one.settled_seconds
        due = settled or (one.state == Job.OPEN and caller == one.authority)
        self.act(self.finishing(address, one, caller), twist=twist, expect=True if due else None)

    def is_early(self, job: Job) -> bool:
        """Whether a running job's hours are not over."""
        return job.state == Job.RUNNING and self.now < job.end

    def is_late(self, job: Job) -> bool:
        """Whether a running job's hours are over."""
        return job.state == Job.RUNNING and job.end <= self.now

    def may_finish(self, job: Job) -> bool:
        """Whether a job may be over."""
        return (
            job.state == Job.OPEN
            or (job.has_stopped and job.worked_seconds <= job.settled_seconds)
            or self.is_late(job)
        )

    def can_be_paid(self, job: Job) -> bool:
        """Whether the accounts are there that a settlement needs; anybody may open what is missing."""
        earning = [job.node, *([job.user] if job.benefit == Job.LOCKED_IO else [])]
        return all(self.earns(actor) and self.has_page(self.economy.coupon_epoch(actor)) for actor in earning)

    def earns(self, actor: Pubkey) -> bool:
        """Whether an actor has an earner."""
        return self.economy.ledger.get(Earner, addresses.earner(actor)) is not None

    def signer_for(self, node: Pubkey, owner: Actor, as_agent: bool) -> tuple[Pubkey, bool]:
        """Who signs for a node, and whether it is its agent."""
        agent = self.economy.ledger.get(Agent, addresses.agent(node))
        return (agent.key, True) if agent and as_agent else (owner.authority, False)


def can_work(node: Actor, job: Job) -> bool:
    """Whether a node may be given a job."""
    fits = node.is_node and node.class_ == job.class_ and node.processors >= job.processors
    return fits and node.collateral >= node.collateral_required
