"""Rules for staking: actors, collateral, pools, tickets, slashes."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import strategies as st

from client import addresses, economics
from client.instructions import pools, slashes, staking
from client.state import Agent, Delegation, Election, Slash, Ticket
from tests.proof.machine.acting import Acting, Amount, amounts, flags, ids, step, twists, whos
from tests.proof.machine.economy import CLASSES, amount_of

shares = st.sampled_from((6_000, 3_000, 9_000, 4_567, 5_000, 8_999, 7_777, 2_999, 9_001, 0, 65_535))
commissions = st.sampled_from((100, 300, 200, 150, 101, 250, 299, 99, 301, 65_535))
processors = st.sampled_from((1, 2, 7, 0, 100, 10_000, 2**32 - 1))


def evidence(number: int) -> bytes:
    """32 bytes."""
    return sha256(b"evidence %d" % number).digest()


class Staking(Acting):
    """Who stakes, and what becomes of it."""

    @step(
        who=whos, id=ids, kind=st.integers(0, 3), processors=processors, share=shares, commission=commissions,
        affiliate=st.integers(-3, 11), twist=twists,
    )  # fmt: skip
    def register_node(
        self, who: int, id: int, kind: int, processors: int, share: int, commission: int, affiliate: int, twist: int
    ) -> None:
        self.act(
            staking.register_node(
                authority=self.who(who),
                id=id,
                hardware_class=(*CLASSES, "NONE")[kind],
                processors=processors,
                dollar_share_bp=share,
                commission_bp=commission,
                affiliate=self.who(affiliate) if affiliate >= 0 else None,
            ),
            twist=twist,
        )

    @step(who=whos, id=ids, commission=commissions, affiliate=st.integers(-3, 11), twist=twists)
    def register_user(self, who: int, id: int, commission: int, affiliate: int, twist: int) -> None:
        self.act(
            staking.register_user(
                authority=self.who(who),
                id=id,
                commission_bp=commission,
                affiliate=self.who(affiliate) if affiliate >= 0 else None,
            ),
            twist=twist,
        )

    @step(actor=whos, depositor=whos, amount=amounts, twist=twists)
    def deposit_collateral(self, actor: int, depositor: int, amount: Amount, twist: int) -> None:
        """By the owner where `depositor` is 0; what words mean is what is required."""
        if (found := self.actor(actor, nodes=True)) is None:
            return
        address, one = found
        wallet = one.authority if depositor == 0 else self.who(depositor)
        more = amount_of(amount, one.collateral_required)
        deposit = staking.deposit_collateral(
            depositor=wallet, actor=address, source=self.economy.io(wallet), amount=more
        )
        self.act(deposit, twist=twist)

    @step(actor=whos, amount=amounts, id=ids, twist=twists)
    def withdraw_collateral(self, actor: int, amount: Amount, id: int, twist: int) -> None:
        if (found := self.actor(actor, lambda _, one: one.collateral > 0)) is None:
            return
        address, one = found
        asked = amount_of(amount, one.collateral)
        ticket = addresses.ticket(address, one.authority, id)
        self.act(
            staking.withdraw_collateral(authority=one.authority, actor=address, amount=asked, id=id),
            twist=twist,
            expect=True if 0 < asked <= one.collateral and self.is_free(ticket) else None,
        )

    @step(actor=whos, share=shares, commission=commissions, twist=twists)
    def elect(self, actor: int, share: int, commission: int, twist: int) -> None:
        if (found := self.actor(actor)) is None:
            return
        address, one = found
        choice = Election(share if one.is_node or share > 9_000 else 0, commission)
        self.act(staking.elect(authority=one.authority, actor=address, election=choice), twist=twist)

    @step(actor=whos, key=whos, twist=twists)
    def name_agent(self, actor: int, key: int, twist: int) -> None:
        if (found := self.actor(actor, nodes=True)) is None:
            return
        address, one = found
        self.act(staking.name_agent(authority=one.authority, actor=address, key=self.who(key)), twist=twist)

    @step(agent=whos, endpoint=st.sampled_from(("a.example:1", "10.0.0.1:65535", "[::1]:9400")), twist=twists)
    def announce_agent(self, agent: int, endpoint: str, twist: int) -> None:
        if (found := self.economy.pick(Agent, agent)) is None:
            return
        _, one = found
        self.act(
            staking.announce_agent(
                key=one.key, actor=one.actor, endpoint=endpoint, certificate=bytes(32), hardware=evidence(agent)
            ),
            twist=twist,
        )

    @step(actor=whos, payer=whos, twist=twists)
    def open_pool(self, actor: int, payer: int, twist: int) -> None:
        if (found := self.actor(actor, lambda _, one: not one.has_pool)) is None:
            return
        opening = pools.open_pool(payer=self.who(payer), actor=found[0], io_mint=self.economy.world.io_mint)
        self.act(opening, twist=twist)

    @step(actor=whos, owner=whos, payer=whos, twist=twists)
    def open_delegation(self, actor: int, owner: int, payer: int, twist: int) -> None:
        if (found := self.actor(actor, lambda _, one: one.has_pool)) is None:
            return
        opening = pools.open_delegation(payer=self.who(payer), actor=found[0], owner=self.who(owner))
        self.act(opening, twist=twist)

    @step(delegation=whos, amount=amounts, twist=twists)
    def delegate(self, delegation: int, amount: Amount, twist: int) -> None:
        if (found := self.economy.pick(Delegation, delegation)) is None:
            return
        _, one = found
        source = self.economy.io(one.owner)
        more = amount_of(amount, self.economy.ledger.balance(source))
        self.act(pools.delegate(owner=one.owner, actor=one.actor, source=source, amount=more), twist=twist)

    @step(delegation=whos, amount=amounts, id=ids, twist=twists)
    def undelegate(self, delegation: int, amount: Amount, id: int, twist: int) -> None:
        if (found := self.economy.pick(Delegation, delegation, lambda _, one: one.shares > 0)) is None:
            return
        _, one = found
        worth = economics.value_of(one.shares, self.only_actor(one.actor).index)
        asked = amount_of(amount, worth)
        self.act(
            pools.undelegate(owner=one.owner, actor=one.actor, amount=asked, id=id),
            twist=twist,
            expect=True if 0 < asked <= worth and self.is_free(addresses.ticket(one.actor, one.owner, id)) else None,
        )

    @step(delegation=whos, twist=twists)
    def claim_rewards(self, delegation: int, twist: int) -> None:
        if (found := self.economy.pick(Delegation, delegation, lambda _, one: one.shares > 0)) is None:
            return
        _, one = found
        claiming = pools.claim_rewards(actor=one.actor, owner=one.owner, destination=self.economy.io(one.owner))
        self.act(claiming, twist=twist, expect=True if one.accrued >> 64 else None)

    @step(delegation=whos, twist=twists)
    def close_delegation(self, delegation: int, twist: int) -> None:
        if (found := self.economy.pick(Delegation, delegation, lambda _, one: one.shares == 0)) is None:
            return
        _, one = found
        self.act(pools.close_delegation(owner=one.owner, actor=one.actor), twist=twist)

    @step(ticket=whos, twist=twists)
    def withdraw_ticket(self, ticket: int, twist: int) -> None:
        if (found := self.economy.pick(Ticket, ticket, lambda _, one: one.matures_at <= self.now)) is None:
            return
        _, one = found
        due = one.matures_at <= self.now and not self.only_actor(one.actor).pending_slashes
        self.act(
            pools.withdraw_ticket(actor=one.actor, owner=one.owner, id=one.id, destination=self.economy.io(one.owner)),
            twist=twist,
            expect=due,
        )

    @step(actor=whos, id=ids, offence=st.sampled_from((1, 2, 3, 4, 5, 0, 6, 255)), signers=whos, twist=twists)
    def propose_slash(self, actor: int, id: int, offence: int, signers: int, twist: int) -> None:
        if (found := self.actor(actor, lambda _, one: one.collateral > 0 or one.shares > 0)) is None:
            return
        self.act(
            slashes.propose_slash(
                proposer=self.who(0),
                actor=found[0],
                id=id,
                offence=offence,
                evidence=evidence(id),
                signers=self.signers(signers),
            ),
            twist=twist,
        )

    @step(slash=whos, twist=twists)
    def appeal_slash(self, slash: int, twist: int) -> None:
        if (found := self.economy.pick(Slash, slash, lambda _, one: one.state == Slash.PROPOSED)) is None:
            return
        _, one = found
        authority = self.only_actor(one.actor).authority
        appealing = slashes.appeal_slash(
            authority=authority, actor=one.actor, id=one.id, source=self.economy.io(authority)
        )
        self.act(appealing, twist=twist)

    @step(slash=whos, upheld=flags, signers=whos, twist=twists)
    def decide_appeal(self, slash: int, upheld: bool, signers: int, twist: int) -> None:
        if (found := self.economy.pick(Slash, slash, lambda _, one: one.state == Slash.APPEALED)) is None:
            return
        _, one = found
        deciding = slashes.decide_appeal(actor=one.actor, id=one.id, upheld=upheld, signers=self.signers(signers))
        self.act(deciding, twist=twist)

    @step(slash=whos, twist=twists)
    def execute_slash(self, slash: int, twist: int) -> None:
        if (found := self.economy.pick(Slash, slash, lambda _, one: one.is_executable(self.now))) is None:
            return
        _, one = found
        executing = slashes.execute_slash(
            actor=one.actor, id=one.id, proposer=one.proposer, io_mint=self.economy.world.io_mint
        )
        paused = self.economy.committee.is_paused("staking")
        self.act(executing, twist=twist, expect=one.is_executable(self.now) and not paused)

    @step(slash=whos, twist=twists)
    def dismiss_slash(self, slash: int, twist: int) -> None:
        if (found := self.economy.pick(Slash, slash, lambda _, one: one.is_dismissible(self.now))) is None:
            return
        _, one = found
        destination = self.economy.io(self.only_actor(one.actor).authority)
        dismissing = slashes.dismiss_slash(actor=one.actor, id=one.id, proposer=one.proposer, destination=destination)
        self.act(dismissing, twist=twist, expect=one.is_dismissible(self.now))

    @step(
        symbol=st.sampled_from(("A", "CPU", "IO", "T4.", "sixteen-letters.")),
        multiplier=st.sampled_from((1, 10_000, 0, 2**32 - 1)),
    )
    def add_class(self, symbol: str, multiplier: int) -> None:
        admin = self.economy.committee.admin
        self.act(staking.add_class(admin=admin, symbol=symbol, multiplier_bp=multiplier))
