"""The committee rotates at an epoch's start: who decides since, and what becomes of what was submitted before."""

from collections.abc import Callable

import pytest
from solders.keypair import Keypair

from client import state
from client.instructions import oracle
from client.network import ORACLE
from tests.programs.governance_steps import committee, rotate, takes_effect
from tests.programs.oracle_steps import SECRET, commit, feed, feed_of, node_of, submit
from tests.programs.world import World, keypair, new_world

FRESHNESS = ORACLE.freshness_seconds


def heirs(world: World, count: int = 3) -> list[Keypair]:
    """Keys with SOL that are no members."""
    return [world.person() for _ in range(count)]


def rotated(world: World, members: list[Keypair]) -> int:
    """Names the members, and moves time to the second before they are in office; that of their start."""
    start = takes_effect(world)
    rotate(world, members)
    world.chain.warp(timestamp=start - 1)
    return start


@pytest.mark.parametrize("members", [0, 17], ids=["nobody", "seventeen"])
def test_a_committee_keeps_its_size(shared: World, members: int) -> None:
    """One to sixteen, also when it is named anew."""
    with shared.chain.refuses("MembersInvalid"):
        rotate(shared, [keypair(f"one of many {number}") for number in range(members)])


def test_a_member_has_one_place(shared: World) -> None:
    """Nobody is named twice."""
    one, other = shared.committee[:2]
    with shared.chain.refuses("MembersInvalid"):
        rotate(shared, [one, other, one])


def test_the_majority_changes_at_the_epochs_start_and_not_a_second_before(world: World) -> None:
    """Old members decide until then, new ones since; a majority of both counts for neither."""
    old, new = world.committee, heirs(world)
    start = rotated(world, new)
    # Epochs 1 to 48 are over: each side makes its own final.
    with world.chain.refuses("NoQuorum"):
        final(world, 1, new[:2])
    final(world, 1, old[:2])
    world.close(1)
    assert world.chain.warp(timestamp=start) == start
    for signers in (old[:2], old, [old[0], new[0]]):
        with world.chain.refuses("NoQuorum"):
            final(world, 2, signers)
    final(world, 2, [*new[:2], old[0]])


def test_the_size_of_the_majority_changes_with_the_members(world: World) -> None:
    """One of one decides; then three of five."""
    (one, *others) = heirs(world, 5)
    world.chain.warp(timestamp=rotated(world, [one]))
    final(world, 1, [one])
    world.close(1)
    world.chain.warp(timestamp=rotated(world, [one, *others]))
    with world.chain.refuses("NoQuorum"):
        final(world, 2, [one, others[0]])
    final(world, 2, [one, *others[:2]])


def final(world: World, epoch: int, signers: list[Keypair]) -> None:
    """The committee's decision that is the cheapest to ask for."""
    world.committee = signers
    world.finalize(epoch, signers=len(signers))


def test_prices_of_former_members_count_no_more(world: World) -> None:
    """Neither those submitted before, nor new ones; what they made valid stays so to its end, and not longer."""
    old, new = world.committee, heirs(world)
    symbol = feed_of(world)
    start = rotated(world, new)
    for member in old:
        submit(world, member, symbol, 1_000)
    assert feed(world, symbol).valid_until == start - 1 + FRESHNESS
    world.chain.warp(timestamp=start)
    with world.chain.refuses("NotAMember"):
        submit(world, old[0], symbol, 1_000)
    submit(world, new[0], symbol, 1_100)
    found = feed(world, symbol)
    assert (found.price_nano_usd, found.valid_until) == (1_000, start - 1 + FRESHNESS)
    assert found.submitted_nano_usd == (1_100, *[0] * 15)
    world.chain.warp(timestamp=start + FRESHNESS - 1)
    assert feed(world, symbol).is_fresh(world.chain.now())
    assert not feed(world, symbol).is_fresh(start + FRESHNESS)
    submit(world, new[1], symbol, 1_150)
    found = feed(world, symbol)
    assert (found.price_nano_usd, found.valid_until) == (1_100, start + FRESHNESS)


def test_new_members_do_not_submit_before_their_time(world: World) -> None:
    """They are strangers until their epoch starts, to prices and challenges alike."""
    new = heirs(world)
    start = rotated(world, new)
    symbol = feed_of(world)
    attempts: list[Callable[[], object]] = [
        lambda: submit(world, new[0], symbol, 1),
        lambda: commit(world, new[0], round=1),
    ]
    for attempt in attempts:
        with world.chain.refuses("NotAMember"):
            attempt()
    world.chain.warp(timestamp=start)
    for attempt in attempts:
        attempt()


def test_a_member_who_stays_submits_anew(world: World) -> None:
    """Places begin empty with each committee, and so nobody's price is taken for another's."""
    one, two, three = world.committee
    symbol = feed_of(world)
    start = rotated(world, [two, one])
    for member, price in ((one, 1_000), (two, 1_010), (three, 1_020)):
        submit(world, member, symbol, price)
    world.chain.warp(timestamp=start)
    submit(world, one, symbol, 1_200)
    found = feed(world, symbol)
    assert found.submitted_nano_usd == (0, 1_200, *[0] * 14)
    assert found.price_nano_usd == 1_010
    submit(world, two, symbol, 1_210)
    assert feed(world, symbol).submitted_nano_usd == (1_210, 1_200, *[0] * 14)
    assert feed(world, symbol).price_nano_usd == 1_200


def test_a_rotation_replaces_the_one_that_waits(world: World) -> None:
    """Those who were named first are never in office; the members in office stay until the later time."""
    old, first, second = world.committee, heirs(world), heirs(world)
    earlier = takes_effect(world)
    rotate(world, first)
    world.chain.warp(timestamp=earlier - 1)
    later = takes_effect(world)
    rotate(world, second)
    assert later > earlier
    symbol = feed_of(world)
    world.chain.warp(timestamp=later - 1)
    with world.chain.refuses("NotAMember"):
        submit(world, first[0], symbol, 1)
    submit(world, old[0], symbol, 1)
    world.chain.warp(timestamp=later)
    for stranger in (old[0], first[0]):
        with world.chain.refuses("NotAMember"):
            submit(world, stranger, symbol, 1)
    submit(world, second[0], symbol, 1)


def test_a_rotation_after_another_keeps_the_one_in_office(world: World) -> None:
    """Members whose epoch has begun are the current ones; each rotation that took effect is counted once."""
    first, second = heirs(world), heirs(world)
    start = rotated(world, first)
    world.chain.warp(timestamp=start)
    assert committee(world).rotation == 0
    later = takes_effect(world)
    rotate(world, second)
    found = committee(world)
    assert found.rotation == 1
    assert found.members[: found.count] == tuple(one.pubkey() for one in first)
    assert found.members_at(start) == found.members_at(later - 1) == tuple(one.pubkey() for one in first)
    assert found.members_at(later) == tuple(one.pubkey() for one in second)
    rotate(world, first)
    assert committee(world).rotation == 1
    symbol = feed_of(world)
    submit(world, first[0], symbol, 7)
    assert feed(world, symbol).rotation == 1


def test_a_rotation_is_told(world: World) -> None:
    """With all members, and from when they are in office."""
    new = heirs(world, 2)
    start = takes_effect(world)
    (event,) = world.chain.events(rotate(world, new))
    assert event.name == "CommitteeRotated"
    assert event.fields == {"members": [one.pubkey() for one in new], "from": start}


def test_a_former_verifier_records_nothing(world: World) -> None:
    """A commitment of its time in office is void with it: what is recorded is a member's word."""
    member = world.committee[0]
    start = rotated(world, heirs(world))
    challenge = commit(world, member)
    for _ in range(2):
        world.chain.warp(slots=1)
    world.chain.send([oracle.draw_challenge(challenge=challenge)], world.admin)

    def record(node: int) -> None:
        measured = oracle.Measurement(node_of(node), *[1] * 6)
        recording = oracle.record_challenges(
            verifier=member.pubkey(), challenge=challenge, secret=SECRET, measurements=[measured]
        )
        world.chain.send([recording], member)

    record(1)
    world.chain.warp(timestamp=start)
    with world.chain.refuses("NotAMember"):
        record(2)
    assert world.chain.account(state.Challenge, challenge).last_node == node_of(1)


def test_sixteen_take_the_place_of_sixteen() -> None:
    """The largest committee rotates in one transaction, and its last member submits."""
    with new_world(members=16) as world:
        new = [world.person() for _ in range(16)]
        world.chain.warp(timestamp=rotated(world, new))
        symbol = feed_of(world)
        submit(world, new[15], symbol, 5)
        assert feed(world, symbol).submitted_nano_usd == (*[0] * 15, 5)
        assert committee(world).members_at(world.chain.now()) == tuple(one.pubkey() for one in new)
