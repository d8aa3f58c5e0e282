"""Of offices and of lamports: changes wait for their time, pauses stop what comes in alone, rent goes home."""

from __future__ import annotations

from collections import Counter
from typing import Any

from solders.pubkey import Pubkey

from client import addresses
from client.state import (
    PAUSE_BITS,
    Actor,
    Auction,
    Committee,
    Delegation,
    Emission,
    Job,
    Registry,
    Slash,
    Terms,
    Ticket,
    Vesting,
)  # fmt: skip
from tests.proof.ledger import OURS, Call
from tests.proof.machine.invariants_books import OF_REFUSALS, Seen, at_most, equal, holds, invariant

ENTRIES = {
    "oracle": {"create_feed", "submit_price", "commit_challenge", "record_challenges"},
    "staking": {
        "register_node", "register_user", "elect", "deposit_collateral", "open_pool", "open_delegation", "delegate",
        "propose_slash", "execute_slash",
    },
    "emission": {"post_scores", "finalize_scores", "close_epochs", "lock_io"},
    "burn": {"sell_io", "grant_user", "grant_owner"},
    "escrow": {"open_job", "extend_job", "start_job", "open_credit"},
}  # fmt: skip
"""What a paused program refuses: what lets money in, and what makes new facts."""
HOLDERS = {Committee: "oracle", Registry: "staking", Emission: "emission", Auction: "burn", Terms: "escrow"}
"""Which account holds which program's parameters."""
RENT_PER_BYTE, ACCOUNT_BYTES = 6_960, 128
"""Lamports that keep an account for ever: for each byte of its data, and of what every account has."""


def _signs(call: Call, name: str) -> Pubkey | None:
    """Who signs under a name."""
    key = call.accounts[name]
    return key if any(meta.pubkey == key and meta.is_signer for meta in call.instruction.accounts) else None


def _committee(seen: Seen) -> Committee | None:
    """The committee before the step."""
    address = addresses.committee()
    before = seen.step.before.get(address)
    return before if isinstance(before, Committee) else seen.books.get(Committee, address)


@invariant
def parameters_wait_for_their_time(seen: Seen) -> None:
    """What is in force does not change at once, and a change takes effect at an epoch's start after the delay."""
    committee, now = _committee(seen), seen.step.time
    for kind, program in HOLDERS.items():
        for _, before, after in seen.changed(kind):
            if before is None or after is None or committee is None:
                continue
            was: Any = before
            found: Any = after
            proposed = (was.next_parameters_at, was.next_parameters) != (
                found.next_parameters_at,
                found.next_parameters,
            )
            if proposed:
                setting = seen.calls(f"{program}.set_parameters")
                holds(any(_signs(call, "admin") == committee.admin for call in setting), f"{program}: no admin set it")
                _waits(committee, found.next_parameters_at, now, program)
            if not (proposed and found.next_parameters_at == now):
                equal(found.parameters_at(now), was.parameters_at(now), "in force of", program)


def _waits(committee: Committee, at: int, now: int, what: str) -> None:
    delay = committee.parameters_at(now).delay_seconds
    at_most(now + delay, at, f"the earliest time of a change of {what}")
    at_most(at, max(now + delay + 3599, committee.genesis), f"the time of a change of {what}")
    equal((at - committee.genesis) % 3600, 0, f"seconds into an epoch at which {what} changes")


@invariant
def members_wait_for_their_time(seen: Seen) -> None:
    """The committee's members do not change at once, but after the delay, and by the admin alone."""
    now = seen.step.time
    for _, before, after in seen.changed(Committee):
        if before and after:
            proposed = (before.next_members_at, before.next_members) != (after.next_members_at, after.next_members)
            if proposed:
                rotating = seen.calls("oracle.rotate_committee")
                holds(any(_signs(call, "admin") == before.admin for call in rotating), "no admin rotated the committee")
                _waits(before, after.next_members_at, now, "the committee")
            if not (proposed and after.next_members_at == now):
                equal(after.members_at(now), before.members_at(now), "the members in force")


@invariant
def elections_wait_for_the_next_epoch(seen: Seen) -> None:
    """What an actor chose counts from the next epoch on, and it alone chooses."""
    committee, now = _committee(seen), seen.step.time
    for address, before, after in seen.changed(Actor):
        if before and after and committee:
            equal(after.election_at(now), before.election_at(now), "the election in force of", address)
            chosen = (before.next_election_at, before.next_election) != (after.next_election_at, after.next_election)
            if chosen:
                ahead = after.next_election_at - now
                holds(1 <= ahead <= 3600 or now < committee.genesis, f"{address} chose for {ahead} s ahead")
                electing = [call for call in seen.calls("staking.elect") if call.accounts["actor"] == address]
                holds(
                    any(_signs(call, "authority") == after.authority for call in electing), f"{address} did not elect"
                )


@invariant
def actors_stay_who_they_are(seen: Seen) -> None:
    """An actor's owner, affiliate, class, size and required collateral never change."""
    for address, before, after in seen.changed(Actor):
        if before and after:
            same = [
                (one.authority, one.affiliate, one.class_, one.processors, one.collateral_required, one.kind, one.id)
                for one in (before, after)
            ]
            equal(same[1], same[0], "the actor", address)


@invariant
def admins_change_by_offer_and_acceptance(seen: Seen) -> None:
    """The admin's office changes hands only to whom the admin offered it, and by that one's signature."""
    for _, before, after in seen.changed(Committee):
        if before and after:
            accepting = [_signs(call, "offered") for call in seen.calls("oracle.accept_admin")]
            offering = [_signs(call, "admin") for call in seen.calls("oracle.offer_admin")]
            if before.admin != after.admin:
                holds(after.admin in accepting, f"{after.admin} is admin and did not accept")
                holds(
                    after.admin == before.offered_admin or bool(offering), f"{after.admin} was not offered the office"
                )
            elif before.offered_admin != after.offered_admin:
                holds(before.admin in offering or before.admin in accepting, "no admin offered its office")


@invariant
def pausers_are_the_admins_choice(seen: Seen) -> None:
    """The admin alone names the pauser; it and the pauser alone pause."""
    for _, before, after in seen.changed(Committee):
        if before and after:
            admins = {before.admin, after.admin}
            if before.pauser != after.pauser:
                naming = {_signs(call, "admin") for call in seen.calls("oracle.set_pauser")}
                holds(bool(naming & admins), "no admin named the pauser")
            if before.paused != after.paused:
                pausing = {_signs(call, "by") for call in seen.calls("oracle.set_paused")}
                holds(bool(pausing & {*admins, before.pauser, after.pauser}), "neither pauser nor admin paused")


@invariant
def nothing_comes_in_while_paused(seen: Seen) -> None:
    """A paused program accepts nothing that lets money in or makes new facts."""
    committee = _committee(seen)
    if committee and not seen.calls("oracle.set_paused"):
        for call in seen.step.calls:
            paused = committee.paused & PAUSE_BITS[call.declared.program]
            entry = call.name.split(".")[1] in ENTRIES[call.declared.program]
            holds(not (paused and entry), f"{call.name} was accepted while its program is paused")


def no_exit_is_refused_by_a_pause(seen: Seen) -> None:
    """A pause stops no refund, no unbonding, no claim: only where an entry was asked for is `Paused` the answer."""
    if seen.step.refusal == "Paused":
        asked = {call.name for call in seen.step.calls}
        entries = {f"{program}.{name}" for program, names in ENTRIES.items() for name in names}
        holds(bool(asked & entries), f"{sorted(asked)} refused by a pause")


OF_REFUSALS[no_exit_is_refused_by_a_pause.__name__] = no_exit_is_refused_by_a_pause


@invariant
def accounts_keep_their_rent(seen: Seen) -> None:
    """No account of the programs has fewer lamports than keep it for ever."""
    for account in seen.step.outcome.written:
        if account.owner in OURS and account.data:
            rent = (ACCOUNT_BYTES + len(account.data)) * RENT_PER_BYTE
            at_most(rent, account.lamports, "the rent of", account.address)


@invariant
def rent_goes_home(seen: Seen) -> None:
    """The rent of what was closed goes to its owner: of a ticket, a delegation, a slash, locked IO, a job's vault."""
    home, made = Counter[Pubkey](), 0
    lamports = {account.address: account.lamports for account in seen.step.outcome.written}
    for kind in (Ticket, Delegation, Slash, Vesting):
        for address, before, after in seen.changed(kind):
            if before and after is None:
                whose: Any = before
                owner = whose.proposer if kind is Slash else whose.beneficiary if kind is Vesting else whose.owner
                home[owner] += seen.books.lamports.get(address, 0)
    for address, before, after in seen.changed(Job):
        if before and after and after.is_finished and not before.is_finished:
            home[after.authority] += seen.books.lamports.get(addresses.job_vault(address), 0)
    if home:
        made = sum(n for address, n in lamports.items() if address not in seen.books.lamports)
    for owner, rent in home.items():
        if owner in seen.books.lamports and not made:
            equal(lamports.get(owner, 0) - seen.books.lamports[owner], rent, "lamports that came to", owner)
