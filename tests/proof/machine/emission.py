"""Rules for emission: scores, epochs, claims, locked IO."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import strategies as st
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from client import addresses
from client.instructions import emission
from client.state import Actor, Earner, Vesting
from tests.proof.machine.acting import Acting, Amount, amounts, flags, ids, step, twists, whos
from tests.proof.machine.economy import amount_of

points = st.sampled_from((1, 0, 1_000, 123_457, 2**32 - 1))
reputations = st.sampled_from((0, 10_000, 2_500, 7_499, 10_001, 65_535))
when = st.sampled_from((0, 0, 0, 0, 0, 0, -1, 1, -100, 2**31))
"""From the epoch that is due."""


class Emission(Acting):
    """What is earned, and how it is had."""

    def claiming(self, address: Pubkey, actor: Actor) -> Instruction:
        """The claim of an actor, with all that it needs."""
        return emission.claim(
            actor=address,
            coupon_epoch=self.economy.coupon_epoch(address),
            io_mint=self.economy.world.io_mint,
            owner_io=self.economy.io(actor.authority),
            affiliate_io=self.economy.io(actor.affiliate) if actor.has_affiliate else None,
            rewards=actor.rewards if actor.has_pool else None,
        )

    def locking(self, address: Pubkey, actor: Actor, payer: Pubkey, closed_epoch: int) -> Instruction:
        """The lock of an actor's bonus."""
        return emission.lock_bonus(
            payer=payer,
            actor=address,
            coupon_epoch=self.economy.coupon_epoch(address),
            closed_epoch=closed_epoch,
            io_mint=self.economy.world.io_mint,
            affiliate_io=self.economy.io(actor.affiliate) if actor.has_affiliate else None,
            rewards=actor.rewards if actor.has_pool else None,
        )

    def posting(self, signers: list[Pubkey], epoch: int, scores: list[tuple[Pubkey, int, int]]) -> Instruction:
        """Scores of an epoch."""
        return emission.post_scores(signers=signers, epoch=epoch, scores=scores)

    def finalizing(self, signers: list[Pubkey], epoch: int) -> Instruction:
        """An epoch's last score."""
        return emission.finalize_scores(signers=signers, epoch=epoch, digest=sha256(b"%d" % epoch).digest())

    def paying(self) -> Pubkey:
        """Who pays where it may be anyone."""
        return self.economy.world.admin.pubkey()

    @step(payer=whos, page=st.sampled_from((0, 0, 0, 1, 5, 342, 343, 2**23 - 1)))
    def open_rates(self, payer: int, page: int) -> None:
        """The page that is needed next, or one so far past it."""
        needed = addresses.rates_page(self.economy.emission.open_epoch)
        self.act(emission.open_rates(payer=self.paying(), epoch=(needed + page) * addresses.RATES_EPOCHS))

    @step(actor=whos, payer=whos, twist=twists)
    def create_earner(self, actor: int, payer: int, twist: int) -> None:
        without = self.actor(actor, lambda address, _: self.is_free(addresses.earner(address)))
        if without is None:
            return
        free = self.is_free(addresses.earner(without[0]))
        creating = emission.create_earner(payer=self.who(payer), actor=without[0])
        self.act(creating, twist=twist, expect=free)

    @step(as_stranger=flags, actor=whos, base=amounts, bonus=amounts)
    def credit_coupons(self, as_stranger: bool, actor: int, base: Amount, bonus: Amount) -> None:
        """By nobody who may: only escrow's terms sign for coupons, and they have no key."""
        if (found := self.economy.pick(Earner, actor)) is None:
            return
        _, one = found
        authority = self.who(9) if as_stranger else addresses.terms()
        crediting = emission.credit_coupons(
            coupon_authority=authority,
            actor=one.actor,
            coupon_epoch=one.coupon_epoch,
            base=amount_of(base, 10**9),
            bonus=amount_of(bonus, 10**9),
        )
        if not as_stranger:
            metas = [
                meta if meta.pubkey != authority else AccountMeta(meta.pubkey, is_signer=False, is_writable=False)
                for meta in crediting.accounts
            ]
            crediting = Instruction(crediting.program_id, bytes(crediting.data), metas)
        self.act(crediting, expect=False)

    @step(
        first=whos, many=st.integers(1, 6), points=points, reputation=reputations, when=when, signers=whos, twist=twists
    )
    def post_scores(
        self, first: int, many: int, points: int, reputation: int, when: int, signers: int, twist: int
    ) -> None:
        """Several rows; from 12 on, `first` is scored in every row."""
        earners = list(self.economy.ledger.all(Earner))
        if not earners:
            return
        places = [first if first >= 12 else first + row for row in range(many)]
        rows = [(earners[place % len(earners)], points // (row + 1), reputation) for row, place in enumerate(places)]
        self.act(self.posting(self.signers(signers), self.epoch(when), rows), twist=twist)

    @step(when=when, signers=whos)
    def finalize_scores(self, when: int, signers: int) -> None:
        self.act(self.finalizing(self.signers(signers), self.epoch(when)))

    def epoch(self, when: int) -> int:
        """Of the last that is over, so many on."""
        return min(max(self.economy.ended_epoch + when, 0), 2**32 - 1)

    @step(when=when, wrong_page=st.sampled_from((0, 0, 0, 512)), twist=twists)
    def close_epochs(self, when: int, wrong_page: int, twist: int) -> None:
        schedule = self.economy.emission
        through = min(max(schedule.final_epoch + when, 0), 2**32 - 1)
        first = schedule.open_epoch
        due = when == 0 and wrong_page == 0 and schedule.final_epoch > schedule.closed_epoch
        has_page = not self.is_free(addresses.rates(first))
        closing = emission.close_epochs(first=first + wrong_page, through=through)
        open = has_page and not self.economy.committee.is_paused("emission")
        self.act(closing, twist=twist, expect=True if due and open else None)

    @step(actor=whos, twist=twists)
    def claim(self, actor: int, twist: int) -> None:
        if (found := self.actor(actor, lambda address, _: self.has_earned(address))) is None:
            return
        address, one = found
        earner = self.economy.ledger.get(Earner, addresses.earner(address))
        due = earner and earner.liquid >> 64 and self.has_page(earner.coupon_epoch)
        self.act(self.claiming(address, one), twist=twist, expect=True if due else None)

    def has_earned(self, actor: Pubkey) -> bool:
        """Whether there may be something to claim."""
        earner = self.economy.ledger.get(Earner, addresses.earner(actor))
        return bool(earner and (earner.liquid >> 64 or earner.points or earner.coupon_epoch))

    @step(actor=whos, payer=whos, when=when, twist=twists)
    def lock_bonus(self, actor: int, payer: int, when: int, twist: int) -> None:
        def has_bonus(address: Pubkey, _: Actor) -> bool:
            earner = self.economy.ledger.get(Earner, addresses.earner(address))
            closed = self.economy.emission.closed_epoch
            return bool(earner and (earner.bonus >> 64 or (earner.coupons_bonus and earner.coupon_epoch <= closed)))

        if (found := self.actor(actor, has_bonus)) is None:
            return
        closed = max(self.economy.emission.closed_epoch + min(when, 9), 0)
        self.act(self.locking(*found, self.who(payer), closed), twist=twist)

    @step(
        depositor=whos, beneficiary=whos, id=ids, amount=amounts,
        start=st.sampled_from((0, 0, 0, -1_000, -1_000, 1_000, -(2**63), 2**63 - 1)),
        last=st.sampled_from((1_000, 7_000, 10**6, 10**9, 1, 0, -1, 2**63 - 1)),
        pace=st.sampled_from((1, 1, 1, 1_000, 7, 0, 2**32 - 1)), twist=twists,
    )  # fmt: skip
    def lock_io(
        self, depositor: int, beneficiary: int, id: int, amount: Amount, start: int, last: int, pace: int, twist: int
    ) -> None:
        """`start` from now on, for `last` seconds."""
        wallet = self.who(depositor)
        source = self.economy.io(wallet)
        begins = clamp(start if abs(start) > 2**60 else self.now + start)
        self.act(
            emission.lock_io(
                depositor=wallet,
                beneficiary=self.who(beneficiary),
                id=id,
                source=source,
                amount=amount_of(amount, self.economy.ledger.balance(source)),
                start=begins,
                end=clamp(begins + last),
                step_seconds=pace,
            ),
            twist=twist,
        )

    @step(depositor=whos, id=ids, seconds=st.sampled_from((1_000, 2_000, 1_999)))
    def lock_and_wait(self, depositor: int, id: int, seconds: int) -> None:
        """A wallet locks a little for itself, over 2,000 seconds, and some go by."""
        self.flush()
        wallet = self.who(depositor)
        source, address = self.economy.io(wallet), addresses.locked(wallet, wallet, id)
        if self.economy.ledger.balance(source) < 7 or self.is_paused("emission") or not self.is_free(address):
            return
        self.act(
            emission.lock_io(
                depositor=wallet, beneficiary=wallet, id=id, source=source, amount=7, start=self.now,
                end=self.now + 2_000, step_seconds=1,
            ),
            expect=True,
        )  # fmt: skip
        self.wait(seconds)

    @step(vesting=whos, twist=twists)
    def withdraw_vested(self, vesting: int, twist: int) -> None:
        found = self.economy.pick(Vesting, vesting, lambda _, one: one.vested(self.now) > one.withdrawn)
        if found is None:
            return
        address, one = found
        withdrawing = emission.withdraw_vested(
            beneficiary=one.beneficiary,
            vesting=address,
            io_mint=self.economy.world.io_mint,
            destination=self.economy.io(one.beneficiary),
        )
        self.act(withdrawing, twist=twist, expect=one.vested(self.now) > one.withdrawn)


def clamp(seconds: int) -> int:
    """A time that an i64 can hold."""
    return min(max(seconds, -(2**63)), 2**63 - 1)
