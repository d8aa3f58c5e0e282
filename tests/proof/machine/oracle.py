"""Rules for the oracle and the offices: prices, challenges, parameters, committees, pauses."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

from hypothesis import strategies as st
from solders.pubkey import Pubkey

from client import addresses, parameters
from client.idl import PROGRAMS, ProgramName
from client.instructions import burn, emission, escrow, oracle, staking
from client.network import DAY
from client.state import Challenge, Feed
from tests.programs.world import PRICES_NANO_USD
from tests.proof.machine.acting import Acting, ids, step, twists, whos
from tests.proof.machine.economy import MEMBERS, PARAMETERS, SYMBOLS

NOBODY = Pubkey.default()
prices = st.sampled_from((10_000, 10_100, 9_000, 12_000, 8_000, 100_000, 1, 0))
"""Of the price as it is, basis points; 0 is 0, 1 one nano-dollar."""

VALUES: dict[ProgramName, dict[str, tuple[Any, ...]]] = {
    "oracle": {
        "delay_seconds": (0, 1, 3_600, 2 * DAY, 30 * DAY, 30 * DAY + 1, 2**32 - 1),
        "freshness_seconds": (600, 1, 86_400, 0, 2**32 - 1),
        "max_change_bp": (2_000, 1, 10_000, 10_001, 0),
    },
    "staking": {
        "appeal_bond": (0, 1, 1_000 * 10**8, 2**64 - 1),
        **dict.fromkeys(
            ("owner_unbonding_seconds", "delegator_unbonding_seconds", "appeal_seconds", "decision_seconds"),
            (3 * DAY, 0, 1, 90 * DAY, 90 * DAY + 1, 2**32 - 1),
        ),
    },
    "emission": {
        "lock_seconds": (180 * DAY, 1, 2**32 - 1, 0),
        "availability_bp": (5_000, 0, 10_000, 10_001, 65_535),
        "affiliate_bp": (100, 0, 1_000, 1_001),
    },
    "burn": {
        "user_grant": (20_000_000, 1, 0, 2**64 - 1),
        "owner_grant": (50_000_000, 1, 0, 2**64 - 1),
        "owner_grant_hours": (2, 0, 1, 72, 2**32 - 1),
        "ramp_seconds": (3_600, 1, 0, 2**32 - 1),
        "start_bp": (-200, -5_000, 5_000, -5_001, 0),
        "end_bp": (200, -5_000, 5_000, 5_001, 0),
    },
    "escrow": {
        "dispute_bond": (10_000_000, 0, 1, 2**64 - 1),
        "min_work_seconds": (600, 0, 1, 30 * DAY, 30 * DAY + 1),
        "report_seconds": (900, 0, 1, 30 * DAY, 30 * DAY + 1),
        "dispute_seconds": (300, 0, 1, 30 * DAY, 30 * DAY + 1),
        "decision_seconds": (7 * DAY, 0, 1, 30 * DAY, 2**32 - 1),
        "discount_reputation": ((0, 2_500, 5_000, 7_500), (0, 0, 0, 0), (4, 3, 2, 1)),
        "discount_bp": ((0, 100, 200, 300), (5_000,) * 4, (0, 0, 0, 5_001), (4, 3, 2, 1)),
        "fee_bp": (500, 0, 2_000, 2_001),
        "affiliate_bp": (1_000, 0, 5_000, 5_001),
        "fee_burn_bp": (5_000, 0, 10_000, 10_001),
        "max_bonus_bp": (5_000, 0, 10_000, 10_001),
    },
}
"""Within, at, and past their bounds. `router` has a rule of its own."""


def secret(number: int) -> bytes:
    """Of a challenge."""
    return sha256(b"secret %d" % number).digest()


class Oracle(Acting):
    """Facts, and the offices above all programs."""

    @step(who=whos, program=st.sampled_from(PROGRAMS))
    def initialize_again(self, who: int, program: ProgramName) -> None:
        """By the upgrade authority, or, from 8 on, by anyone: nothing is reset."""
        world = self.economy.world
        admin = world.admin.pubkey() if who < 8 else self.who(who)
        if program == "oracle":
            again = oracle.initialize(
                admin=admin, members=[admin], pauser=admin, genesis=self.now, parameters=PARAMETERS.oracle
            )
        elif program == "staking":
            again = staking.initialize(admin=admin, io_mint=world.io_mint, parameters=PARAMETERS.staking)
        elif program == "emission":
            again = emission.initialize(
                admin=admin, io_mint=world.io_mint, coupon_authority=admin, parameters=PARAMETERS.emission
            )
        elif program == "burn":
            again = burn.initialize(
                admin=admin, io_mint=world.io_mint, usd_mint=world.usd_mint, parameters=PARAMETERS.burn
            )
        else:
            terms = replace(PARAMETERS.escrow, router=admin)
            again = escrow.initialize(admin=admin, usd_mint=world.usd_mint, parameters=terms)
        self.act(again, expect=False)

    @step(program=st.sampled_from(PROGRAMS), which=whos, value=st.integers(0, 7), by=whos)
    def set_parameters(self, program: ProgramName, which: int, value: int, by: int) -> None:
        """One parameter changes, proposed by the admin, or, from 14 on, by somebody else."""
        kind, address = parameters.CONFIGS[program]
        names = list(VALUES[program])
        name = names[which % len(names)]
        changed = VALUES[program][name][value % len(VALUES[program][name])]
        values = replace(self.economy.only(kind, address()).parameters_at(self.now), **{name: changed})
        admin = self.economy.committee.admin if by < 14 else self.who(by)
        self.act(parameters.set_parameters(program, admin, values))

    @step(router=whos, by=whos)
    def name_router(self, router: int, by: int) -> None:
        values = replace(self.economy.terms.parameters_at(self.now), router=self.who(router))
        admin = self.economy.committee.admin if by < 14 else self.who(by)
        self.act(escrow.set_parameters(admin=admin, parameters=values))

    @step(first=st.integers(0, 4), many=st.sampled_from((5, 3, 1, 4, 0)), twice=st.booleans(), by=whos)
    def rotate_committee(self, first: int, many: int, twice: bool, by: int) -> None:
        """Some of those who may ever be in it; `twice`: one of them two times."""
        members = [self.economy.members[(first + place) % MEMBERS] for place in range(many)]
        members += members[:1] if twice and by >= 8 else []
        admin = self.economy.committee.admin if by < 14 else self.who(by)
        self.act(oracle.rotate_committee(admin=admin, members=members))

    @step(to=st.integers(-1, 15), by=whos)
    def offer_admin(self, to: int, by: int) -> None:
        """To nobody where `to` is −1."""
        admin = self.economy.committee.admin if by < 14 else self.who(by)
        offered = NOBODY if to < 0 else (self.who(to) if to < 8 else self.economy.world.admin.pubkey())
        self.act(oracle.offer_admin(admin=admin, offered=offered))

    @step(to=whos)
    def admin_changes_hands(self, to: int) -> None:
        """The office is offered and taken, by anybody; or given back to the first admin, from 8 on."""
        self.flush()
        new = self.who(to) if to < 8 else self.economy.world.admin.pubkey()
        self.act(oracle.offer_admin(admin=self.economy.committee.admin, offered=new), expect=True)
        self.act(oracle.accept_admin(offered=new), expect=True)

    @step(by=whos)
    def accept_admin(self, by: int) -> None:
        """By whom it was offered, or, from 12 on, by somebody else."""
        offered = self.economy.committee.offered_admin
        by_whom = offered if by < 12 and offered != NOBODY else self.who(by)
        self.act(oracle.accept_admin(offered=by_whom), expect=by_whom == offered)

    @step(pauser=whos, by=whos)
    def set_pauser(self, pauser: int, by: int) -> None:
        admin = self.economy.committee.admin if by < 14 else self.who(by)
        self.act(oracle.set_pauser(admin=admin, pauser=self.who(pauser)))

    @step(paused=st.sampled_from((0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 31, 30, 32, 255)), by=whos)
    def set_paused(self, paused: int, by: int) -> None:
        """By the pauser, the admin, or, from 14 on, by somebody else."""
        committee = self.economy.committee
        by_whom = committee.pauser if by < 7 else committee.admin if by < 14 else self.who(by)
        self.act(oracle.set_paused(by=by_whom, paused=paused))

    @step(symbol=st.sampled_from((*SYMBOLS, "A", "sixteen-letters.")), by=whos)
    def create_feed(self, symbol: str, by: int) -> None:
        admin = self.economy.committee.admin if by < 14 else self.who(by)
        self.act(oracle.create_feed(admin=admin, symbol=symbol))

    @step(member=whos, symbol=st.integers(0, 3), price=prices, twist=twists)
    def submit_price(self, member: int, symbol: int, price: int, twist: int) -> None:
        """By a member, or, from 14 on, by somebody else."""
        members = self.economy.committee.members_at(self.now)
        by = members[member % len(members)] if member < 14 else self.who(member)
        submitted = price if price < 2 else self.economy.price(SYMBOLS[symbol]) * price // 10_000
        submission = oracle.submit_price(
            member=by, symbol=SYMBOLS[symbol], price_nano_usd=min(max(submitted, min(price, 1)), 2**64 - 1)
        )
        self.act(submission, twist=twist)

    @step()
    def fresh_prices(self) -> None:
        """A majority says, in one transaction, what everything costs: as before."""
        self.flush()
        submissions = [
            oracle.submit_price(member=member, symbol=symbol, price_nano_usd=PRICES_NANO_USD[symbol])
            for member in self.economy.quorum()
            for symbol in SYMBOLS
        ]
        self.act(*submissions, expect=not self.economy.committee.is_paused("oracle"))

    def freshened(self, fresh: bool) -> None:
        """Before what needs prices: they are fresh, where that is asked for and they are stale."""
        feed = self.economy.ledger.get(Feed, addresses.feed(SYMBOLS[0]))
        stale = feed is None or not feed.is_fresh(self.now)
        if fresh and stale and not self.joining and not self.economy.committee.is_paused("oracle"):
            self.fresh_prices()

    @step(symbol=st.integers(0, 3), price=st.sampled_from((0, 1, 2**32, 2**53, 2**63, 2**64 - 1)))
    def submit_boundary_prices(self, symbol: int, price: int) -> None:
        """A majority says something absurd."""
        for member in self.economy.quorum():
            self.act(oracle.submit_price(member=member, symbol=SYMBOLS[symbol], price_nano_usd=price))

    @step(member=whos, epoch=ids, round=ids, twist=twists)
    def commit_challenge(self, member: int, epoch: int, round: int, twist: int) -> None:
        members = self.economy.committee.members_at(self.now)
        verifier = members[member % len(members)] if member < 14 else self.who(member)
        commitment = sha256(secret(round)).digest()
        committing = oracle.commit_challenge(verifier=verifier, epoch=epoch, round=round, commitment=commitment)
        self.act(committing, twist=twist)

    @step(round=ids, recorded=st.booleans())
    def challenge_is_drawn(self, round: int, recorded: bool) -> None:
        """A member commits to a challenge, a slot goes by, it is drawn, and perhaps recorded."""
        self.flush()
        verifier = self.economy.committee.members_at(self.now)[0]
        address = addresses.challenge(verifier, self.economy.ended_epoch, round)
        if not self.is_free(address) or self.economy.committee.is_paused("oracle"):
            return
        commitment = sha256(secret(round)).digest()
        committing = oracle.commit_challenge(
            verifier=verifier, epoch=self.economy.ended_epoch, round=round, commitment=commitment
        )
        self.act(committing, expect=True)
        for _ in range(2):
            self.economy.ledger.svm.warp(slots=1)
        self.act(oracle.draw_challenge(challenge=address), expect=True)
        if recorded:
            measured = [oracle.Measurement(self.who(round), 1, 1, 1, 1, 1, 1)]
            recording = oracle.record_challenges(
                verifier=verifier, challenge=address, secret=secret(round), measurements=measured
            )
            self.act(recording, expect=True)

    @step(challenge=whos)
    def draw_challenge(self, challenge: int) -> None:
        if (found := self.economy.pick(Challenge, challenge, lambda _, one: one.slot_hash == bytes(32))) is None:
            return
        self.act(oracle.draw_challenge(challenge=found[0]))

    @step(challenge=whos, node=whos, other=st.booleans(), outcome=st.sampled_from((1, 0, 2)), twist=twists)
    def record_challenges(self, challenge: int, node: int, other: bool, outcome: int, twist: int) -> None:
        """`other`: with another challenge's secret."""
        if (found := self.economy.pick(Challenge, challenge, lambda _, one: one.slot_hash != bytes(32))) is None:
            return
        address, one = found
        measured = [
            oracle.Measurement(self.who(node + place), 1, 2**32 - 1, 1, 1, 1, outcome) for place in range(1 + node % 3)
        ]
        recording = oracle.record_challenges(
            verifier=one.verifier,
            challenge=address,
            secret=secret(one.round + (other and node >= 8)),
            measurements=measured,
        )
        self.act(recording, twist=twist)
