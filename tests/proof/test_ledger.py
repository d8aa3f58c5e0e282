"""What the proofs stand on: the pipe, the fast decoding, the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from client import accounts
from client.idl import PROGRAMS
from client.instructions import emission
from tests.programs.walk import walk
from tests.programs.world import World
from tests.proof.layout import KINDS, declared, decode, idl
from tests.proof.ledger import Mint, Rates, Step, Tokens
from tests.proof.svm import Account, Svm, Trial, start_svm
from tests.proof.world import world_on


@pytest.fixture(scope="module")
def svm() -> Iterator[Svm]:
    with start_svm() as svm:
        yield svm


def test_a_walk_is_seen_as_it_is_on_the_chain(svm: Svm) -> None:
    """The ledger knows each account as AnchorPy decodes it, and each call and each event by its names."""
    world = world_on(svm, initialized=False)
    ledger, steps = world.chain.ledger, list[Step]()
    ledger.observers.append(steps.append)
    walk(world)
    seen = {type(known) for step in steps for known in step.after.values()}
    assert {*KINDS.values(), Mint, Tokens} - seen == {Rates}
    for address, known in ledger.accounts.items():
        found = svm.get(address)[0]
        if isinstance(known, Mint | Tokens | bytes):
            continue
        assert known == accounts.decode(type(known), found.data)
        assert known == decode(type(known), found.data)
    # No key signs for the terms: only escrow itself calls it.
    names = {call.name for step in steps for call in step.calls if step.refusal is None}
    assert names == {one.name for one in declared().values()} - {"emission.credit_coupons"}
    emitted = {event.name for step in steps for event in step.events}
    declared_events = {f"{program}.{one['name']}" for program in PROGRAMS for one in idl(program)["events"]}
    assert emitted == declared_events
    claimed = next(event for step in steps for event in step.events if event.name == "emission.Claimed")
    assert claimed.owner > 0
    assert claimed.closed_epoch == 1
    posted = next(call for step in steps for call in step.calls if call.name == "emission.post_scores")
    assert posted.arguments["epoch"] == 1
    assert [score.points for score in posted.arguments["scores"]] == [1]


def test_what_was_saved_comes_back(svm: Svm) -> None:
    """After `restore`, every account, the slot and the clock are as they were, however much has happened."""
    world = world_on(svm)
    ledger = world.chain.ledger
    ledger.save()
    before = dict(ledger.accounts), svm.time, svm.slot
    _play(world)
    everywhere = list(ledger.accounts)
    after = svm.get(*everywhere)
    ledger.restore()
    assert (ledger.accounts, svm.time, svm.slot) == before
    assert [account.lamports > 0 for account in svm.get(*everywhere)] == [a in before[0] for a in everywhere]
    _play(world)
    assert svm.get(*everywhere) == after


def _play(world: World) -> None:
    """A node and a user, and half an hour, the same people each time."""
    world._people = count(100)
    world.node(), world.user()
    world.chain.warp(seconds=1_800)
    world.prices()


def test_a_trial_leaves_nothing(svm: Svm) -> None:
    """What is put in place for a trial is seen by it, and by nothing after it."""
    world = world_on(svm)
    node = world.node()[1]
    stranger = world.key().pubkey()
    again = emission.create_earner(payer=world.admin.pubkey(), actor=stranger)
    alike = svm.get(node)[0]._replace(address=stranger)
    tried = svm.tries([Trial([again]), Trial([again], [alike]), Trial([again])])
    assert [outcome.refusal is None for outcome in tried] == [False, True, False]
    assert svm.get(stranger) == [Account.of((bytes(stranger), 0, bytes(32), b"", False))]
