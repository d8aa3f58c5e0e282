"""Of the emission: what was emitted is minted, owed or carried, to the 2^-64th of a base unit; locked IO vests."""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache

from client import addresses
from client.state import Earner, Emission, Vesting
from tests.proof.ledger import Tokens
from tests.proof.machine.invariants_books import Q64, Seen, at_most, equal, holds, invariant

LAST_EPOCH = 175_319
CAP = 300_000_000 * 10**8
_EPOCHS = addresses.RATES_EPOCHS


@cache
def scheduled(epoch: int) -> Decimal:
    """What the schedule gives by the end of an epoch, IO base units, exactly enough to tell one from the next."""
    with localcontext() as context:
        context.prec = 60
        first = Decimal(500_000_000) * 8 / 100 / 8760 * 10**8
        fall = Decimal("0.0000138869523959793")
        return first * (1 - (1 - fall) ** epoch) / fall


@invariant
def minted_is_within_what_was_emitted(seen: Seen) -> None:
    """What was minted is at most what the closed epochs emitted."""
    for _, _, after in seen.changed(Emission):
        if after:
            at_most(after.minted, after.emitted, "minted IO")


@invariant
def emitted_is_the_schedule(seen: Seen) -> None:
    """The closed epochs emitted M(t): never more, at most two base units less, and the cap in the end."""
    for _, _, after in seen.changed(Emission):
        if after:
            if after.closed_epoch >= LAST_EPOCH:
                equal(after.emitted, CAP, "emitted by the last epoch")
            else:
                exact = scheduled(after.closed_epoch)
                holds(exact - 2 < after.emitted <= exact, f"emitted {after.emitted}, by the schedule {exact:f}")


@invariant
def epochs_close_once_and_in_order(seen: Seen) -> None:
    """Epochs close after their end, one after the other, none twice, and only those whose scores are final."""
    for _, before, after in seen.changed(Emission):
        if not after:
            continue
        now, first = seen.step.time, before.open_epoch if before else 1
        for call, event in seen.told:
            if call.name == "emission.close_epochs":
                equal(event.first, first, "the first epoch of a close")
                holds(event.last >= event.first, f"epochs {event.first} to {event.last}")
                first = event.last + 1
        equal(after.closed_epoch, first - 1, "the closed epoch")
        holds(after.final_epoch >= after.closed_epoch, f"{after.final_epoch} final, {after.closed_epoch} closed")
        at_most(after.genesis + after.final_epoch * 3600 if after.final_epoch else 0, now, "the final epoch's end")
        if before:
            holds(after.final_epoch >= before.final_epoch, f"the final epoch fell to {after.final_epoch}")


@invariant
def points_add_up(seen: Seen) -> None:
    """The points of all earners are the epoch's total."""
    if emission := _touched(seen):
        equal(seen.books.sums["points",], emission.total_points, "points of all earners")


@invariant
def coupons_add_up(seen: Seen) -> None:
    """The coupons that earners hold of the open epoch are its total."""
    if emission := _touched(seen):
        equal(seen.books.sums["coupons", emission.open_epoch], emission.total_coupons, "coupons of all earners")


@invariant
def emission_is_conserved(seen: Seen) -> None:
    """What was emitted was minted, waits locked to be minted, is owed to earners or is carried on, exactly."""
    emission, sums = _touched(seen), seen.books.sums
    if emission is None:
        return
    points = sums["points",] * emission.per_point - sums["entered points",]
    epochs = [key[1] for key, held in sums.items() if key[0] == "coupons" and held and key[1] < emission.open_epoch]
    coupons = sum(sums["coupons", epoch] * seen.books.rate(epoch) for epoch in epochs)
    owed = sums["earned",] + points + coupons
    carried = emission.carry_availability + emission.carry_compute
    given = (emission.minted + sums["unminted",]) * Q64
    equal(given + owed + carried, emission.emitted * Q64, "2^-64ths of IO base units: minted, owed and carried")


@invariant
def rates_never_fall(seen: Seen) -> None:
    """What a point has earned never falls, and what a coupon of a closed epoch pays never changes."""
    for _, before, after in seen.changed(Emission):
        if before and after:
            at_most(before.per_point, after.per_point, "IO per point before")
    closing = [event.first for call, event in seen.told if call.name == "emission.close_epochs"]
    for address, page, later in seen.changed(bytes):
        if page and later and page != later:
            places = [place for place in range(_EPOCHS) if _rate(page, place) != _rate(later, place)]
            allowed = {epoch % _EPOCHS for epoch in closing}
            holds(set(places) <= allowed, f"rates changed at {places} of {address}, closed were {closing}")
            for place in places:
                equal(_rate(page, place), 0, "a rate that was set before, at", place)


def _rate(page: bytes, place: int) -> int:
    return int.from_bytes(page[16 + 16 * place : 32 + 16 * place], "little")


@invariant
def locked_vault_holds_what_is_locked(seen: Seen) -> None:
    """The vault of locked IO holds what its vesting accounts have not paid, and what strangers put in."""
    books, vault = seen.books, addresses.locked_vault()
    if vault in seen.step.after or any(seen.changed(Vesting)):
        emission, tokens = books.emission, books.get(Tokens, vault)
        if emission and tokens:
            equal(books.sums["locked",], emission.locked_io, "left of all vesting accounts")
            equal(tokens.amount, emission.locked_io + books.flows["outside", vault], "the vault of locked IO")


@invariant
def vesting_pays_what_is_free(seen: Seen) -> None:
    """Locked IO is paid up to what is free, never more, never less when asked, and its terms never change."""
    now = seen.step.time
    for address, before, after in seen.changed(Vesting):
        if after is None:
            assert before is not None
            holds(now >= before.end, f"{address} was closed at {now}, before its end {before.end}")
            continue
        free = _free(after, now)
        at_most(after.withdrawn, free, "withdrawn of", address)
        at_most(free, after.total, "free of", address)
        if before:
            terms = [(v.beneficiary, v.total, v.start, v.end, v.step_seconds, v.funded) for v in (before, after)]
            equal(terms[1], terms[0], "the terms of", address)
            at_most(before.withdrawn, after.withdrawn, "withdrawn of", address, "before")


def _free(vesting: Vesting, now: int) -> int:
    whole = vesting.end - vesting.start
    elapsed = min(max(now - vesting.start, 0), whole)
    if elapsed < whole:
        elapsed -= elapsed % vesting.step_seconds
    return vesting.total * elapsed // whole


@invariant
def each_hour_pays_an_earner_once(seen: Seen) -> None:
    """An earner's coupons of an epoch turn into IO once, and its bonus is locked once for each closed epoch."""
    for address, before, after in seen.changed(Earner):
        if before and after and before.coupon_epoch and before.coupon_epoch != after.coupon_epoch:
            _once(seen, "coupons", address, before.coupon_epoch)
    for call, event in seen.told:
        if call.name == "emission.lock_bonus":
            _once(seen, "bonus", event.actor, event.closed_epoch)


def _once(seen: Seen, *what: object) -> None:
    holds(what not in seen.books.once, "a second time:", *what)
    seen.books.once.add(what)


def _touched(seen: Seen) -> Emission | None:
    """The schedule's state, where a step could have changed what it owes."""
    if any(any(seen.changed(kind)) for kind in (Emission, Earner, Vesting)):
        return seen.books.emission
    return None
