"""Rules for whole stories in which things go as they should: without them, few walks would get far."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import initialize
from solders.pubkey import Pubkey

from client import addresses, economics
from client.instructions import emission, escrow, oracle, pools, slashes, staking
from client.state import Actor, Earner, Job, Slash, Ticket, Vesting
from tests.proof.machine.acting import flags, ids, mostly, recorded, step, whos
from tests.proof.machine.burn import Burn
from tests.proof.machine.economy import AFFILIATES, CLASSES, OWNERS, STAKERS, USERS
from tests.proof.machine.emission import Emission
from tests.proof.machine.escrow import Escrow, can_work
from tests.proof.machine.hours import Hours
from tests.proof.machine.staking import Staking, evidence


class Wholes(Hours):
    """How the network is used."""

    @initialize(busy=st.sampled_from((True, True, True, False)))
    @recorded
    def begin(self, busy: bool) -> None:
        """An empty network, or one with nodes, users, stakers, prices, and dollars to burn and to grant."""
        if not busy:
            return
        for place in OWNERS:
            self.joins(self.who(place), f"{CLASSES[place]}", self.who(AFFILIATES[0]) if place else None)
        for place in USERS:
            self.joins(self.who(place), "", self.who(AFFILIATES[1]) if place == USERS[0] else None)
        for actor in (addresses.actor(self.who(place), 0) for place in (OWNERS[0], USERS[0])):
            self.act(pools.open_pool(payer=self.who(0), actor=actor, io_mint=self.economy.world.io_mint), expect=True)
            for place in STAKERS[:2]:
                owner, source = self.who(place), self.economy.io(self.who(place))
                self.act(
                    pools.open_delegation(payer=owner, actor=actor, owner=owner),
                    pools.delegate(owner=owner, actor=actor, source=source, amount=10_000 * economics.IO + place),
                    expect=True,
                )
        for place in USERS:
            user, mint = addresses.actor(self.who(place), 0), self.economy.world.usd_mint
            self.act(escrow.open_credit(payer=self.who(place), user=user, usd_mint=mint), expect=True)
            self.give([addresses.burn_vault(), addresses.incentives_vault()], place, 1_000_000_000, place, io=False)
        self.fresh_prices()

    def joins(self, wallet: Pubkey, symbol: str, affiliate: Pubkey | None) -> None:
        """A node of a class with its collateral, or a user; both earn."""
        actor = addresses.actor(wallet, 0)
        if not symbol:
            registering = staking.register_user(authority=wallet, id=0, affiliate=affiliate)
        else:
            registering = staking.register_node(
                authority=wallet, id=0, hardware_class=symbol, processors=2, dollar_share_bp=6_000, commission_bp=200,
                affiliate=affiliate,
            )  # fmt: skip
        self.act(registering, emission.create_earner(payer=wallet, actor=actor), expect=True)
        required = self.only_actor(actor).collateral_required
        if required:
            source = self.economy.io(wallet)
            deposit = staking.deposit_collateral(depositor=wallet, actor=actor, source=source, amount=required)
            self.act(deposit, expect=True)

    @step(user=whos, node=whos, id=ids, locked=flags)
    def job_begins(self, user: int, node: int, id: int, locked: bool) -> None:
        """A job is opened at fresh prices, and somebody works on it."""
        self.flush()
        self.freshened(True)
        self.employ(user, node, id, locked)

    @step(user=whos, node=whos, id=ids, minutes=st.sampled_from((20, 5, 60)), locked=flags)
    def ordinary_hour(self, user: int, node: int, id: int, minutes: int, locked: bool) -> None:
        """A job is opened, worked on, settled; the hour ends, is scored and closed; everybody claims."""
        self.flush()
        committee = self.economy.committee
        if committee.paused:
            self.act(oracle.set_paused(by=committee.pauser, paused=0), expect=True)
        self.freshened(True)
        self.employ(user, node, id, locked)
        self.wait(minutes * 60)
        self.work_is_paid()
        self.end_of_the_hour(by=0)
        self.hour_is_closed()
        for actor, one in self.economy.ledger.all(Actor).items():
            if self.has_earned(actor):
                self.act(self.claiming(actor, one))

    def employ(self, user: int, node: int, id: int, locked: bool) -> None:
        """A job of a user for a node, if there are both."""
        renter = self.actor(user, lambda address, one: not one.is_node and self.earns(address))
        able = self.actor(node, lambda address, one: one.is_node and one.collateral >= one.collateral_required)
        if renter is None or able is None or not able[1].is_node:
            return
        if not self.is_free(job := addresses.job(renter[0], id)):
            job = addresses.job(renter[0], id := 4 + len(self.economy.ledger.all(Job)))
        credit = self.economy.ledger.balance(addresses.credit(renter[0]))
        self.act(self.opening(renter[0], id, able[1].class_, 1, 2, 2**64 - 1, int(locked), credit))
        opened = self.economy.ledger.get(Job, job)
        if opened and opened.state == Job.OPEN and can_work(able[1], opened):
            router = self.economy.terms.parameters_at(self.now).router
            self.act(escrow.start_job(router=router, job=job, node=able[0]), expect=True)

    def work_is_paid(self) -> None:
        """Every running job is reported and, where that is due, settled."""
        for job, one in self.economy.ledger.all(Job).items():
            if one.state == Job.RUNNING:
                node, owner = self.node_of(one)
                self.act(escrow.report_job(by=owner.authority, node=node, job=job, digest=bytes(32)), expect=True)
                self.wait(self.economy.terms.parameters_at(self.now).dispute_seconds % 1_000)
        for job, one in self.economy.ledger.all(Job).items():
            if one.payable_seconds(self.now, self.economy.terms.parameters_at(self.now)) > one.settled_seconds:
                self.act(self.settling(job, one))

    @step()
    def hour_is_closed(self) -> None:
        """Scores for some, the last word of the committee, the close; in the pages that are there."""
        self.flush()
        schedule, epoch = self.economy.emission, min(self.economy.ended_epoch, economics.LAST_EPOCH)
        if self.is_paused("emission") or epoch <= schedule.closed_epoch:
            return
        if not self.has_page(schedule.open_epoch):
            self.act(emission.open_rates(payer=self.paying(), epoch=schedule.open_epoch), expect=True)
        if schedule.final_epoch == schedule.closed_epoch:
            scores = [
                (earner, 1_000 + 7 * row, 2_500 * (row % 5))
                for row, earner in enumerate(self.economy.ledger.all(Earner))
            ][:8]
            if scores:
                self.act(self.posting(self.economy.quorum(), epoch, scores), expect=True)
            self.act(self.finalizing(self.economy.quorum(), epoch), expect=True)
        final = self.economy.emission.final_epoch
        self.act(emission.close_epochs(first=schedule.open_epoch, through=final), expect=True)

    @step()
    def everybody_leaves(self) -> None:
        """All that is due is had: work, refunds, stake, vested IO, slashes that are decided."""
        self.flush()
        ledger, now = self.economy.ledger, self.now
        for address, job in ledger.all(Job).items():
            if job.has_stopped and job.worked_seconds > job.settled_seconds and self.can_be_paid(job):
                self.act(self.settling(address, job), expect=True)
            settled = self.economy.only(Job, address)
            if settled.state == Job.OPEN or (settled.has_stopped and settled.worked_seconds <= settled.settled_seconds):
                self.act(self.finishing(address, settled, job.authority), expect=True)
        for _, slash in ledger.all(Slash).items():
            authority = self.only_actor(slash.actor).authority
            if slash.is_dismissible(now):
                self.act(
                    slashes.dismiss_slash(
                        actor=slash.actor, id=slash.id, proposer=slash.proposer,
                        destination=self.economy.io(authority),
                    ),
                    expect=True,
                )  # fmt: skip
        for _, ticket in ledger.all(Ticket).items():
            if ticket.matures_at <= now and not self.only_actor(ticket.actor).pending_slashes:
                self.act(
                    pools.withdraw_ticket(
                        actor=ticket.actor, owner=ticket.owner, id=ticket.id,
                        destination=self.economy.io(ticket.owner),
                    ),
                    expect=True,
                )  # fmt: skip
        for address, vesting in ledger.all(Vesting).items():
            if vesting.vested(now) > vesting.withdrawn:
                self.act(
                    emission.withdraw_vested(
                        beneficiary=vesting.beneficiary, vesting=address, io_mint=self.economy.world.io_mint,
                        destination=self.economy.io(vesting.beneficiary),
                    ),
                    expect=True,
                )  # fmt: skip

    @step(job=whos, minutes=st.sampled_from((10, 5, 20, 60, 121)), paid=flags)
    def job_goes_on(self, job: int, minutes: int, paid: bool) -> None:
        """A running job is worked on, reported, and perhaps paid."""
        self.flush()
        if (found := self.job(job, Job.RUNNING)) is None or found[1].state != Job.RUNNING:
            return
        address, one = found
        node, owner = self.node_of(one)
        self.wait(minutes * 60)
        self.act(escrow.report_job(by=owner.authority, node=node, job=address, digest=bytes(32)), expect=True)
        if paid:
            self.wait(min(self.economy.terms.parameters_at(self.now).dispute_seconds, 3_600))
            self.act(self.settling(address, self.economy.only(Job, address)))

    @step(job=whos, accepted=st.sampled_from((100, 0, 50, 33)), lapses=flags)
    def dispute_to_its_end(self, job: int, accepted: int, lapses: bool) -> None:
        """A job is worked on and disputed; so many of a hundred seconds are accepted, or nobody decides."""
        self.flush()
        if not any(self.is_early(one) for one in self.economy.ledger.all(Job).values()):
            self.job_begins(user=job, node=job, id=0, locked=lapses)
        found = self.economy.pick(Job, job, lambda _, one: self.is_early(one))
        if found is None or not self.is_early(found[1]):
            return
        address, one = found
        node, owner = self.node_of(one)
        self.wait(600)
        self.act(escrow.report_job(by=owner.authority, node=node, job=address, digest=bytes(32)), expect=True)
        one, terms = self.economy.only(Job, address), self.economy.terms.parameters_at(self.now)
        source = self.economy.usd(one.authority)
        self.act(escrow.dispute_job(authority=one.authority, job=address, source=source, evidence=bytes(32)))
        if self.economy.only(Job, address).state != Job.DISPUTED:
            return
        if lapses:
            self.wait(terms.decision_seconds + 1)
            self.act(escrow.lapse_dispute(job=address))
            return
        seconds = one.settled_seconds + (one.worked_seconds - one.settled_seconds) * accepted // 100
        resolving = escrow.resolve_dispute(
            signers=self.economy.quorum(), job=address, node=node, node_usd=self.economy.usd(owner.authority),
            accepted_seconds=seconds,
        )  # fmt: skip
        self.act(resolving, expect=True)

    @step(actor=whos, id=ids, offence=st.integers(1, 5), appealed=mostly, upheld=flags, ends=flags)
    def slash_to_its_end(self, actor: int, id: int, offence: int, appealed: bool, upheld: bool, ends: bool) -> None:
        """A slash is proposed, perhaps appealed and decided, and waits until it can be executed or dismissed."""
        self.flush()
        bond = self.economy.registry.parameters_at(self.now).appeal_bond
        able = self.actor(actor, lambda _, one: self.economy.ledger.balance(self.economy.io(one.authority)) >= bond)
        if self.is_paused("staking") or able is None:
            return
        address, one = able
        if one.pending_slashes or not self.is_free(addresses.slash(address, id)):
            return
        self.act(
            slashes.propose_slash(
                proposer=self.who(0), actor=address, id=id, offence=offence, evidence=evidence(id),
                signers=self.economy.quorum(),
            ),
            expect=True,
        )  # fmt: skip
        parameters = self.economy.registry.parameters_at(self.now)
        if appealed and parameters.appeal_seconds:
            source = self.economy.io(one.authority)
            self.act(slashes.appeal_slash(authority=one.authority, actor=address, id=id, source=source))
            if upheld or not ends:
                deciding = slashes.decide_appeal(actor=address, id=id, upheld=upheld, signers=self.economy.quorum())
                self.act(deciding)
        if not ends:
            return
        self.wait(max(parameters.appeal_seconds, parameters.decision_seconds))
        slash = self.economy.only(Slash, addresses.slash(address, id))
        if slash.is_executable(self.now):
            mint = self.economy.world.io_mint
            self.act(slashes.execute_slash(actor=address, id=id, proposer=self.who(0), io_mint=mint), expect=True)
        else:
            destination = self.economy.io(one.authority)
            self.act(
                slashes.dismiss_slash(actor=address, id=id, proposer=self.who(0), destination=destination), expect=True
            )

    # What makes that the others have something to do comes more often.
    ordinary_hour_2 = ordinary_hour_3 = ordinary_hour
    job_begins_2 = job_begins_3 = job_begins
    job_goes_on_2 = job_goes_on_3 = job_goes_on
    dispute_to_its_end_2 = dispute_to_its_end
    slash_to_its_end_2 = slash_to_its_end
    days_go_by_2 = Hours.days_go_by
    announce_agent_2 = Staking.announce_agent
    claim_rewards_2 = claim_rewards_3 = Staking.claim_rewards
    withdraw_ticket_2 = Staking.withdraw_ticket
    settle_job_2 = Escrow.settle_job
    finish_job_2 = finish_job_3 = Escrow.finish_job
    extend_job_2 = extend_job_3 = Escrow.extend_job
    release_job_2 = Escrow.release_job
    grant_owner_2 = grant_owner_3 = Burn.grant_owner
    withdraw_vested_2 = Emission.withdraw_vested
    lock_bonus_2 = Emission.lock_bonus
    set_parameters_2 = set_parameters_3 = Burn.set_parameters
