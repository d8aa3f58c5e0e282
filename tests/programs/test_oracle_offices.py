"""The offices above all programs: the admin's, which changes hands in two steps, and the pauser's."""

from collections.abc import Callable

import pytest
from solders.pubkey import Pubkey

from client import addresses
from client.idl import PROGRAMS
from client.instructions import oracle
from client.network import ORACLE, Parameters
from client.state import PAUSE_BITS
from tests.programs.chain import swapped
from tests.programs.governance_steps import accept, change, committee, name_pauser, offer, pause, rotate
from tests.programs.oracle_steps import COMMITMENT, SECRET, commit, feed_of, submit
from tests.programs.world import World

NOBODY = Pubkey.default()
ALL = sum(PAUSE_BITS.values())


# --- the admin's office ---


def test_the_office_changes_hands_when_it_is_accepted(world: World) -> None:
    """Until then the admin is the old one; since then the new one alone, over every program."""
    heir = world.person()
    offer(world, heir.pubkey())
    assert (committee(world).admin, committee(world).offered_admin) == (world.admin.pubkey(), heir.pubkey())
    with world.chain.refuses("NotAdmin"):
        offer(world, NOBODY, by=heir)
    accept(world, heir)
    assert (committee(world).admin, committee(world).offered_admin) == (heir.pubkey(), NOBODY)
    defaults = Parameters()
    for program in PROGRAMS:
        with world.chain.refuses("NotAdmin"):
            change(world, program, getattr(defaults, program))
        change(world, program, getattr(defaults, program), by=heir)
    with world.chain.refuses("NotAdmin"):
        offer(world, world.admin.pubkey())


def test_only_the_one_to_whom_it_was_offered_accepts(world: World) -> None:
    """Neither a stranger nor the admin itself; where nothing was offered, nobody."""
    heir, stranger = world.person(), world.person()
    with world.chain.refuses("NotOffered"):
        accept(world, stranger)
    offer(world, heir.pubkey())
    for other in (stranger, world.admin, world.pauser):
        with world.chain.refuses("NotOffered"):
            accept(world, other)
    assert committee(world).admin == world.admin.pubkey()


def test_an_offer_is_taken_back_and_replaced(world: World) -> None:
    """Zeros take it back; a new offer takes the old one's place; an accepted one is used up."""
    first, second = world.person(), world.person()
    offer(world, first.pubkey())
    offer(world, NOBODY)
    with world.chain.refuses("NotOffered"):
        accept(world, first)
    offer(world, first.pubkey())
    offer(world, second.pubkey())
    with world.chain.refuses("NotOffered"):
        accept(world, first)
    accept(world, second)
    with world.chain.refuses("NotOffered"):
        accept(world, second)


def test_the_handover_is_told(world: World) -> None:
    """Each step is an event."""
    heir = world.person()
    (offered,) = world.chain.events(offer(world, heir.pubkey()))
    assert (offered.name, offered.fields) == (
        "AdminOffered",
        {"admin": world.admin.pubkey(), "offered": heir.pubkey()},
    )
    (changed,) = world.chain.events(accept(world, heir))
    assert (changed.name, changed.fields) == ("AdminChanged", {"admin": heir.pubkey()})


@pytest.mark.parametrize("office", ["pauser", "member", "router", "stranger"])
def test_no_other_office_does_the_admins_work(shared: World, office: str) -> None:
    """Parameters, members, the offices and feeds are the admin's alone."""
    keys = {"pauser": shared.pauser, "member": shared.committee[0], "router": shared.router}
    other = keys.get(office) or shared.person()
    opening = oracle.create_feed(admin=other.pubkey(), symbol="NEW")
    attempts: list[Callable[[], object]] = [
        lambda: change(shared, "oracle", ORACLE, by=other),
        lambda: rotate(shared, [other], by=other),
        lambda: offer(shared, other.pubkey(), by=other),
        lambda: name_pauser(shared, other.pubkey(), by=other),
        lambda: shared.chain.send([opening], other),
    ]
    for attempt in attempts:
        with shared.chain.refuses("NotAdmin"):
            attempt()


# --- the pauser's office ---


def test_the_pauser_pauses_and_resumes(world: World) -> None:
    """Every set of the five programs; what is said replaces what was said before, and is told with its time."""
    for paused in (1, 1 | 16, ALL, 2, 0):
        (event,) = world.chain.events(pause(world, paused))
        assert event.name == "PausedSet"
        assert event.fields == {"by": world.pauser.pubkey(), "at": world.chain.now(), "paused": paused}
        assert committee(world).paused == paused
        assert [name for name in PROGRAMS if committee(world).is_paused(name)] == [
            name for name in PROGRAMS if paused & PAUSE_BITS[name]
        ]


def test_the_admin_pauses_too_and_nobody_else(world: World) -> None:
    """Members, the router and strangers do not."""
    for other in (world.committee[0], world.router, world.person()):
        with world.chain.refuses("NotPauser"):
            pause(world, ALL, by=other)
    pause(world, ALL, by=world.admin)
    with world.chain.refuses("NotPauser"):
        pause(world, 0, by=world.person())
    pause(world, 0, by=world.pauser)


@pytest.mark.parametrize("paused", [32, 64, 128, 255, ALL + 1])
def test_there_are_five_programs_to_pause(shared: World, paused: int) -> None:
    """A bit that no program has is refused."""
    with shared.chain.refuses("PauseUnknown"):
        pause(shared, paused)


def test_the_admin_names_the_pauser_at_once(world: World) -> None:
    """The former pauser can do nothing since."""
    heir = world.person()
    (event,) = world.chain.events(name_pauser(world, heir.pubkey()))
    assert (event.name, event.fields) == ("PauserSet", {"pauser": heir.pubkey()})
    with world.chain.refuses("NotPauser"):
        pause(world, ALL)
    pause(world, ALL, by=heir)
    name_pauser(world, NOBODY)
    with world.chain.refuses("NotPauser"):
        pause(world, 0, by=heir)
    pause(world, 0, by=world.admin)


def test_a_pause_needs_the_committee(shared: World) -> None:
    """Another account of the oracle does not stand in for it."""
    pausing = oracle.set_paused(by=shared.pauser.pubkey(), paused=0)
    with shared.chain.refuses("AccountDataTooSmall"):
        shared.chain.send([swapped(pausing, addresses.committee(), addresses.feed("IO"))], shared.pauser)


def test_a_paused_oracle_makes_no_facts(world: World) -> None:
    """No price, no feed, no commitment and no record; a commitment of before can be drawn, and waits."""
    member = world.committee[0]
    symbol, challenge = feed_of(world), commit(world, member)
    measured = oracle.Measurement(world.key().pubkey(), *[1] * 6)
    record = oracle.record_challenges(
        verifier=member.pubkey(), challenge=challenge, secret=SECRET, measurements=[measured]
    )
    pause(world, PAUSE_BITS["oracle"])
    for _ in range(2):
        world.chain.warp(slots=1)
    world.chain.send([oracle.draw_challenge(challenge=challenge)], world.admin)
    committing = oracle.commit_challenge(verifier=member.pubkey(), epoch=1, round=999, commitment=COMMITMENT)
    attempts: list[Callable[[], object]] = [
        lambda: submit(world, member, symbol, 1),
        lambda: world.chain.send([oracle.create_feed(admin=world.admin.pubkey(), symbol="NEW")], world.admin),
        lambda: world.chain.send([committing], member),
        lambda: world.chain.send([record], member),
    ]
    for attempt in attempts:
        with world.chain.refuses("Paused"):
            attempt()
    pause(world, 0)
    submit(world, member, symbol, 1)
    world.chain.send([committing], member)
    world.chain.send([record], member)


def test_the_offices_work_while_all_is_paused(world: World) -> None:
    """A pause does not stop the changes that mend what it was for."""
    pause(world, ALL)
    defaults = Parameters()
    for program in PROGRAMS:
        change(world, program, getattr(defaults, program))
    rotate(world, world.committee)
    name_pauser(world, world.pauser.pubkey())
    heir = world.person()
    offer(world, heir.pubkey())
    accept(world, heir)
