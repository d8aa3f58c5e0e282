"""Of facts and signatures: a majority makes a fact, a stale price buys nothing, nobody pays without signing."""

from __future__ import annotations

from solders.pubkey import Pubkey

from client import addresses
from client.state import Committee, Feed, OracleParameters
from tests.proof.ledger import Call, Tokens
from tests.proof.machine.invariants_books import Seen, at_most, direct_moves, equal, holds, invariant

BY_MAJORITY = {
    *("emission.post_scores", "emission.finalize_scores"),
    *("staking.propose_slash", "staking.decide_appeal"),
    *("escrow.resolve_dispute", "burn.grant_user", "burn.grant_owner"),
}
"""Instructions that the committee's majority signs."""
AT_A_PRICE = {"escrow.open_job", "escrow.extend_job", "burn.sell_io"}
SUBMIT = "oracle.submit_price"
STEP_SECONDS = 60
"""Over which a price moves by the bounded change once."""


def _committee(seen: Seen) -> Committee:
    """As it was before the step, or is where the step did not write it."""
    address = addresses.committee()
    found = seen.step.before.get(address) or seen.books.ledger.accounts[address]
    assert isinstance(found, Committee)
    return found


def _signers(call: Call) -> list[Pubkey]:
    """The leading signers among the accounts after those declared."""
    found: list[Pubkey] = []
    for meta in call.instruction.accounts[len(call.declared.accounts) :]:
        if not meta.is_signer:
            break
        found.append(meta.pubkey)
    return found


@invariant
def facts_have_a_majority(seen: Seen) -> None:
    """Scores, slashes, decisions, resolutions and grants are signed by a strict majority of the members in force."""
    for call in seen.step.calls:
        if call.name in BY_MAJORITY:
            members = _committee(seen).members_at(seen.step.time)
            signed = set(_signers(call)) & set(members)
            holds(2 * len(signed) > len(members), f"{call.name} has {len(signed)} of {len(members)} signatures")


@invariant
def prices_are_what_a_majority_says(seen: Seen) -> None:
    """A price that changed is the lower median of fresh submissions by a strict majority, within the bounded change."""
    now, submitted_by = seen.step.time, seen.books.submitted
    submitted_by.update({(call.accounts["feed"], call.accounts["member"]): now for call in seen.calls(SUBMIT)})
    for address, before, after in seen.changed(Feed):
        if before is None or after is None or (before.price_nano_usd, before.valid_until) == _said(after):
            continue
        committee = _committee(seen)
        parameters, members = committee.parameters_at(now), len(committee.members_at(now))
        submitted = zip(after.submitted_nano_usd[:members], after.submitted_at, strict=False)
        freshness = parameters.freshness_seconds
        fresh = sorted((price, at) for price, at in submitted if price and 0 <= now - at <= freshness)
        holds(2 * len(fresh) > members, f"{address} has {len(fresh)} fresh submissions of {members} members")
        own = [by for by in committee.members_at(now) if now - submitted_by.get((address, by), 0) <= freshness]
        holds(2 * len(own) > members, f"at {address} only {own} of {members} members have submitted themselves")
        median = fresh[(len(fresh) - 1) // 2][0]
        newest = sorted((at for _, at in fresh), reverse=True)[members // 2]
        equal(after.valid_until, newest + freshness, "the price's last second at", address)
        # The first price of all bounds those that follow it in the same transaction.
        if before.price_nano_usd or len(seen.calls(SUBMIT)) == 1:
            equal(after.price_nano_usd, _bounded(median, before, after, parameters), "the price at", address)
        if now - before.step_at < STEP_SECONDS:
            equal(after.step_at, before.step_at, "where the minute of", address, "began")


def _said(feed: Feed) -> tuple[int, int]:
    return feed.price_nano_usd, feed.valid_until


def _bounded(median: int, before: Feed, after: Feed, parameters: OracleParameters) -> int:
    start = before.price_nano_usd if after.step_at != before.step_at else before.step_nano_usd
    if not start:
        return median
    most = max(start * parameters.max_change_bp // 10_000, 1)
    return min(max(median, start - most, 1), start + most)


@invariant
def stale_prices_buy_nothing(seen: Seen) -> None:
    """Jobs are opened and extended, and IO is sold, at a price that still counts."""
    for call in seen.step.calls:
        if call.name in AT_A_PRICE:
            feed = seen.books.get(Feed, call.accounts["feed"])
            assert feed is not None
            at_most(seen.step.time, feed.valid_until, f"the time of {call.name}, by a price that counts")
            holds(feed.price_nano_usd > 0, f"{call.name} at no price")


@invariant
def nobody_pays_without_signing(seen: Seen) -> None:
    """A wallet's tokens become fewer only where its owner signed."""
    step = seen.step
    signed = {meta.pubkey for call in step.calls for meta in call.instruction.accounts if meta.is_signer}
    if any(direct_moves(step)):
        signed |= {meta.pubkey for one in step.others for meta in one.accounts if meta.is_signer}
    for address, before, after in seen.changed(Tokens):
        if before and before.owner not in seen.books.ledger.accounts and before.owner not in signed:
            at_most(before.amount, after.amount if after else 0, f"in {address} of {before.owner}, who did not sign,")
