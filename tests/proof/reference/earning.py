"""What is emitted, who earns it, what of it is locked: claims, coupons, points, vesting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from solders.pubkey import Pubkey

from tests.proof.reference.exact import HOUR, Q64, Mismatch, Setting, down, near, part, same, scheduled


@dataclass
class Earner:
    """What one actor earned and was not paid, exactly."""

    actor: Pubkey
    liquid: Fraction = Fraction(0)
    bonus: Fraction = Fraction(0)
    points: int = 0
    since: Fraction = Fraction(0)
    """What a point had earned when this was last brought up to date."""
    base: int = 0
    bonus_coupons: int = 0
    epoch: int = 0
    reputation: int = 0
    proven_since: int = 0


@dataclass
class Locked:
    """Locked IO."""

    beneficiary: Pubkey
    total: int
    start: int
    end: int
    step: int
    funded: bool
    withdrawn: int = 0

    def free(self, now: int) -> Fraction:
        """What of it is free: in proportion to the whole steps that have passed."""
        if now >= self.end:
            return Fraction(self.total)
        passed = max(now - self.start, 0)
        return Fraction(self.total * (passed - passed % self.step), self.end - self.start)


@dataclass
class Emission:
    """The hours and what they pay."""

    genesis: int
    parameters: Setting
    closed: int = 0
    final: int = 0
    minted: int = 0
    emitted: int = 0
    """By the closed epochs; the chain's own, checked against the schedule."""
    per_point: Fraction = Fraction(0)
    rates: dict[int, Fraction] = field(default_factory=dict)
    """IO for a coupon, by closed epoch."""
    carried: list[Fraction] = field(default_factory=lambda: [Fraction(0), Fraction(0)])
    """Of availability and of compute, what nobody could be paid."""
    earners: dict[Pubkey, Earner] = field(default_factory=dict)
    """By actor."""
    vestings: dict[Pubkey, Locked] = field(default_factory=dict)
    dust: Fraction = Fraction(0)
    """What an earner's share may differ by: each close divides in 2^-64ths, and carries less than one for each unit."""

    @property
    def total_points(self) -> int:
        return sum(earner.points for earner in self.earners.values())

    @property
    def total_coupons(self) -> int:
        held = [earner for earner in self.earners.values() if earner.epoch == self.closed + 1]
        return sum(earner.base + earner.bonus_coupons for earner in held)

    def settle(self, actor: Pubkey, *, points: bool = True, coupons: bool = True) -> Earner:
        """Brings an earner up to date."""
        earner = self.earners[actor]
        if points:
            earner.liquid += earner.points * (self.per_point - earner.since)
            earner.since = self.per_point
        if coupons and 0 < earner.epoch <= self.closed:
            rate = self.rates[earner.epoch]
            earner.liquid += earner.base * rate
            earner.bonus += earner.bonus_coupons * rate
            earner.base = earner.bonus_coupons = earner.epoch = 0
        return earner

    def credit(self, actor: Pubkey, base: int, bonus: int) -> None:
        """Coupons of the epoch that is open."""
        earner = self.settle(actor, points=False)
        earner.base, earner.bonus_coupons = earner.base + base, earner.bonus_coupons + bonus
        earner.epoch = self.closed + 1

    def score(self, actor: Pubkey, epoch: int, points: int, reputation: int) -> None:
        """The committee's word on an actor."""
        earner = self.settle(actor, coupons=False)
        if points == 0:
            earner.proven_since = 0
        elif earner.points == 0:
            earner.proven_since = epoch
        earner.points, earner.reputation = points, reputation

    def close(self, event: Any, through: int, now: int) -> None:
        """Epochs are paid out. Each half rounds down to the base unit, what rounding takes of one is in the other."""
        same((event.first, event.last), (self.closed + 1, through), "epochs closed")
        same(self.final, through, "the final epoch")
        if now < self.genesis + through * HOUR:
            raise Mismatch(f"epoch {through} was closed at {now}, before its end")
        emitted = self.emitted + event.availability + event.compute
        # Documented: never above the schedule, at most one base unit below its floor.
        near(emitted, Fraction(2 * scheduled(through) - 1, 2), Fraction(1, 2), "emitted through epoch", through)
        exact, spans = Fraction(0), 0
        for first, last, parameters in self._spans(through):
            exact += part(scheduled(last) - scheduled(first - 1), parameters.availability_bp)
            spans += 1
        # Down once where the parameter does not change; the schedule's own unit at each end.
        near(event.availability, exact, spans + 1, "the availability of epochs", event.first, "to", through)
        points, coupons = self.total_points, self.total_coupons
        same((event.total_points, event.total_coupons), (points, coupons), "points and coupons")
        first = self.closed + 1
        self.carried[0] += event.availability
        self.carried[1] += event.compute
        self.rates[first] = Fraction(0)
        if points:
            self.per_point, self.carried[0] = self.per_point + self.carried[0] / points, Fraction(0)
        if coupons:
            self.rates[first], self.carried[1] = self.carried[1] / coupons, Fraction(0)
        self.dust += Fraction(points + coupons, Q64)
        self.closed, self.emitted = through, emitted

    def _spans(self, through: int) -> Iterator[tuple[int, int, Any]]:
        """The epochs to be closed, first and last of each stretch, and the parameters at their starts."""
        setting = self.parameters
        starts = {-((self.genesis - since) // HOUR) + 1 for since, _ in setting.changes if since > 0}
        firsts = sorted({self.closed + 1, *(start for start in starts if self.closed + 1 < start <= through)})
        for first, following in zip(firsts, [*firsts[1:], through + 1], strict=True):
            yield first, following - 1, setting.at(self.genesis + (first - 1) * HOUR)

    def pay(self, event: Any, *, bonus: bool, commission_bp: int, affiliate_bp: int) -> None:
        """A claim, or a bonus locked: whole base units, rounded down; the rest stays owed. Shares round down too, the
        owner's is what is left."""
        earner = self.settle(event.actor, points=not bonus)
        owed = earner.bonus if bonus else earner.liquid
        paid = event.owner + event.affiliate + event.stakers
        down(paid, owed, "paid to", event.actor, dust=self.dust)
        down(event.stakers, part(paid, commission_bp), "the stakers' part of", event.actor)
        down(event.affiliate, part(paid, affiliate_bp), "the affiliate's part of", event.actor)
        if bonus:
            earner.bonus -= paid
        else:
            earner.liquid -= paid
        self.minted += paid - (event.owner if bonus else 0)

    def withdraw(self, vesting: Pubkey, event: Any, now: int) -> None:
        """What is free and not paid, rounded down."""
        locked = self.vestings[vesting]
        down(locked.withdrawn + event.amount, locked.free(now), "withdrawn of", vesting)
        same((event.funded, event.withdrawn), (locked.funded, locked.withdrawn + event.amount), "the vesting", vesting)
        locked.withdrawn += event.amount
        if not locked.funded:
            self.minted += event.amount
        if locked.withdrawn == locked.total:
            del self.vestings[vesting]

    def proven_hours(self, actor: Pubkey) -> int:
        """Closed epochs for which an actor has had points without a gap."""
        earner = self.earners[actor]
        return max(self.closed + 1 - earner.proven_since, 0) if earner.points and earner.proven_since else -1
