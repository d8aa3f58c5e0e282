"""The oracle's committee, feeds and prices: who may state them, what they amount to, when they count."""

from collections.abc import Sequence

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses, state
from client.idl import build, program_id
from client.instructions import oracle
from client.state import OracleParameters
from tests.programs.chain import swapped
from tests.programs.oracle_steps import commit, feed, feed_of, node_of, submit
from tests.programs.world import GENESIS, U64_MAX, World, new_world


def initialization(
    admin: Pubkey, members: Sequence[Pubkey], freshness_seconds: int = 600, max_change_bp: int = 2_000
) -> Instruction:
    parameters = OracleParameters(0, freshness_seconds, max_change_bp)
    return oracle.initialize(admin=admin, members=members, pauser=admin, genesis=GENESIS, parameters=parameters)


# --- initialisation ---


def test_a_stranger_does_not_initialise(bare: World) -> None:
    """Only the upgrade authority creates the committee."""
    stranger = bare.person()
    with bare.chain.refuses("NotUpgradeAuthority"):
        bare.chain.send([initialization(stranger.pubkey(), [stranger.pubkey()])], stranger)


def test_another_programs_authority_account_does_not_help(bare: World) -> None:
    """The account that names the upgrade authority is this program's own."""
    owner = bare.admin.pubkey()
    old, new = addresses.program_data("oracle"), addresses.program_data("burn")
    with bare.chain.refuses("InvalidSeeds"):
        bare.chain.send([swapped(initialization(owner, [owner]), old, new)], bare.admin)


@pytest.mark.parametrize(
    "members",
    [[], [1, 2, 1], list(range(1, 18))],
    ids=["nobody", "one twice", "seventeen"],
)
def test_a_committee_has_1_to_16_different_members(bare: World, members: list[int]) -> None:
    """No members, too many, or one that is listed twice are refused."""
    with bare.chain.refuses("MembersInvalid"):
        bare.chain.send([initialization(bare.admin.pubkey(), [node_of(n) for n in members])], bare.admin)


@pytest.mark.parametrize(("freshness_seconds", "max_change_bp"), [(0, 2_000), (600, 0), (600, 10_001)])
def test_parameters_have_ranges(bare: World, freshness_seconds: int, max_change_bp: int) -> None:
    """Freshness is at least a second, a change 1 to 10,000 basis points."""
    owner = bare.admin.pubkey()
    with bare.chain.refuses("ParameterOutOfRange"):
        bare.chain.send([initialization(owner, [owner], freshness_seconds, max_change_bp)], bare.admin)


def test_the_committee_is_created_once(shared: World) -> None:
    """A second initialisation is refused and the members stay."""
    before = shared.chain.account(state.Committee, addresses.committee())
    with shared.chain.refuses("AccountAlreadyInUse"):
        shared.chain.send([initialization(shared.admin.pubkey(), [shared.admin.pubkey()])], shared.admin)
    assert shared.chain.account(state.Committee, addresses.committee()) == before


def test_sixteen_members_fit() -> None:
    """A committee of 16 comes to its price with nine submissions, and with no fewer."""
    with new_world(members=16) as world:
        for number, member in enumerate(world.committee[:9], start=1):
            assert feed(world, "IO").price_nano_usd == 0
            submit(world, member, "IO", number)
        assert feed(world, "IO").price_nano_usd == 5


# --- feeds and prices ---


def test_a_stranger_opens_no_feed(shared: World) -> None:
    """Only the committee's admin opens feeds: a member does not."""
    member = shared.committee[0]
    with shared.chain.refuses("NotAdmin"):
        shared.chain.send([oracle.create_feed(admin=member.pubkey(), symbol="NEW")], member)


@pytest.mark.parametrize(
    "symbol",
    [bytes(16), b"A\0B".ljust(16, b"\0"), b"A B".ljust(16, b"\0"), b"A_B".ljust(16, b"\0"), b"\xff" * 16],
    ids=["empty", "zero inside", "space", "underscore", "not ASCII"],
)
def test_a_feeds_symbol_is_a_symbol(shared: World, symbol: bytes) -> None:
    """A feed's name has one spelling, of letters, digits, dash and dot."""
    owner = shared.admin.pubkey()
    address, _ = Pubkey.find_program_address([b"feed", symbol], program_id("oracle"))
    opening = build(
        "oracle",
        "create_feed",
        {"admin": owner, "committee": addresses.committee(), "feed": address},
        {"symbol": list(symbol)},
    )
    with shared.chain.refuses("SymbolInvalid"):
        shared.chain.send([opening], shared.admin)


def test_a_feed_is_opened_once(shared: World) -> None:
    """A second feed of the same symbol is refused: nothing resets a price."""
    with shared.chain.refuses("AccountAlreadyInUse"):
        shared.chain.send([oracle.create_feed(admin=shared.admin.pubkey(), symbol="IO")], shared.admin)


def test_a_stranger_submits_no_price(shared: World) -> None:
    """Only members submit: the admin, who is none, does not."""
    with shared.chain.refuses("NotAMember"):
        submit(shared, shared.admin, "IO", 200_000_000)


def test_a_member_does_not_submit_for_another(shared: World) -> None:
    """A price needs its member's signature."""
    victim = shared.committee[1].pubkey()
    submission = oracle.submit_price(member=victim, symbol="IO", price_nano_usd=1)
    metas = [type(m)(m.pubkey, m.is_signer and m.pubkey != victim, m.is_writable) for m in submission.accounts]
    with shared.chain.refuses("MissingRequiredSignature"):
        shared.chain.send([Instruction(submission.program_id, submission.data, metas)], shared.committee[0])


def test_a_price_is_more_than_zero(shared: World) -> None:
    """Zero is no price."""
    with shared.chain.refuses("PriceZero"):
        submit(shared, shared.committee[0], "IO", 0)


def test_a_submission_needs_the_committee_and_a_feed(shared: World) -> None:
    """An account of another type, or of another program, in the place of the committee or the feed is refused."""
    member = shared.committee[0]
    submission = oracle.submit_price(member=member.pubkey(), symbol="IO", price_nano_usd=1)
    the_committee, a_feed, challenge = addresses.committee(), addresses.feed("IO"), commit(shared, member)
    for account, other, name in (
        (the_committee, addresses.feed("H100"), "AccountDataTooSmall"),
        (the_committee, addresses.rates(1), "IllegalOwner"),
        (a_feed, challenge, "AccountDataTooSmall"),
        (a_feed, addresses.rates(1), "IllegalOwner"),
    ):
        with shared.chain.refuses(name):
            shared.chain.send([swapped(submission, account, other)], member)


def test_one_submission_of_three_is_no_price(shared: World) -> None:
    """Without a strict majority a feed has no price and is valid at no time."""
    symbol = feed_of(shared)
    submit(shared, shared.committee[0], symbol, 700)
    found = feed(shared, symbol)
    assert (found.price_nano_usd, found.valid_until) == (0, 0)
    assert (found.submitted_nano_usd[0], found.submitted_at[0]) == (700, shared.chain.now())


def test_one_member_is_no_majority_however_often_it_submits(shared: World) -> None:
    """Submissions count by member, not by number."""
    symbol = feed_of(shared)
    for _ in range(3):
        submit(shared, shared.committee[0], symbol, 700)
    assert feed(shared, symbol).price_nano_usd == 0


def test_two_submissions_give_the_lower_and_three_the_middle(shared: World) -> None:
    """The price is the lower median of what is fresh, whoever submits first."""
    for prices in ((900, 700, 800), (800, 900, 700)):
        symbol = feed_of(shared)
        first, second, third = shared.committee
        submit(shared, first, symbol, prices[0])
        submit(shared, second, symbol, prices[1])
        assert feed(shared, symbol).price_nano_usd == min(prices[:2])
        submit(shared, third, symbol, prices[2])
        # Within the 20% by which one update may move the feed.
        assert feed(shared, symbol).price_nano_usd == 800


def test_a_submission_is_an_event(shared: World) -> None:
    """What was submitted and what the feed says since are in a call of the program to itself."""
    symbol = feed_of(shared)
    submit(shared, shared.committee[0], symbol, 900)
    signature = submit(shared, shared.committee[1], symbol, 800)
    (event,) = shared.chain.events(signature)
    assert (event.program, event.name) == ("oracle", "PriceSubmitted")
    assert event.fields == {
        "symbol": list(addresses.symbol_bytes(symbol)),
        "member": shared.committee[1].pubkey(),
        "submitted_nano_usd": 800,
        "price_nano_usd": 800,
        "valid_until": shared.chain.now() + 600,
        "at": shared.chain.now(),
    }


@pytest.mark.parametrize(
    ("start", "goal", "first", "second"),
    [
        (1_000_003, 5_000_000, 1_200_003, 1_440_003),
        (1_000_003, 1, 800_003, 640_003),
        (3, 1_000, 4, 5),
        (2, 1, 1, 1),
        (U64_MAX, 1, U64_MAX - U64_MAX // 5, U64_MAX - U64_MAX // 5 - (U64_MAX - U64_MAX // 5) // 5),
    ],
    ids=["up", "down", "tiny, up", "tiny, down", "the largest"],
)
def test_one_update_moves_a_feed_by_a_bounded_change(
    shared: World, start: int, goal: int, first: int, second: int
) -> None:
    """In a minute a feed moves by 20% of its value at most, rounded down, at least by 1, and never to zero."""
    symbol = feed_of(shared)
    for member in shared.committee[:2]:
        submit(shared, member, symbol, start)
    assert feed(shared, symbol).price_nano_usd == start
    submit(shared, shared.committee[2], symbol, goal)  # alone: the median stays
    assert feed(shared, symbol).price_nano_usd == start
    submit(shared, shared.committee[0], symbol, goal)
    assert feed(shared, symbol).price_nano_usd == first
    submit(shared, shared.committee[1], symbol, goal)
    assert feed(shared, symbol).price_nano_usd == first
    shared.chain.warp(seconds=60)
    submit(shared, shared.committee[1], symbol, goal)
    assert feed(shared, symbol).price_nano_usd == second


def test_the_largest_price_can_be_submitted_and_left(shared: World) -> None:
    """A feed at the largest number that there is stays there, without overflow."""
    symbol = feed_of(shared)
    for member in shared.committee:
        submit(shared, member, symbol, U64_MAX)
    assert feed(shared, symbol).price_nano_usd == U64_MAX


def test_one_member_cannot_walk_a_feed_down_in_one_second(shared: World) -> None:
    """What one member submits at one time moves a feed by the bounded change once, however often it submits."""
    symbol = feed_of(shared)
    for member in shared.committee[:2]:
        submit(shared, member, symbol, 1_000_000)
    for _ in range(10):
        submit(shared, shared.committee[0], symbol, 1)
    assert feed(shared, symbol).price_nano_usd >= 800_000


def test_a_price_is_valid_until_its_majority_is_stale(world: World) -> None:
    """Valid is a price as long as a strict majority is fresh, to the second: the oldest that is needed decides."""
    chain = world.chain
    symbol = feed_of(world)
    first, second, third = world.committee
    submit(world, first, symbol, 1_000)
    chain.warp(timestamp=GENESIS + 100)
    submit(world, second, symbol, 1_000)
    assert feed(world, symbol).valid_until == GENESIS + 600
    chain.warp(timestamp=GENESIS + 300)
    submit(world, third, symbol, 1_000)
    assert feed(world, symbol).valid_until == GENESIS + 700

    # At its last second a submission counts (1,000, 1,100, 1,100), at the next one no more.
    chain.warp(timestamp=GENESIS + 600)
    submit(world, third, symbol, 1_100)
    submit(world, second, symbol, 1_100)
    assert feed(world, symbol).price_nano_usd == 1_100
    assert feed(world, symbol).valid_until == GENESIS + 1_200
    submit(world, second, symbol, 1_050)
    assert feed(world, symbol).price_nano_usd == 1_050
    chain.warp(timestamp=GENESIS + 601)
    submit(world, third, symbol, 1_100)
    assert feed(world, symbol).price_nano_usd == 1_050  # the lower of two


def test_a_stale_majority_leaves_a_feed_as_it_is(world: World) -> None:
    """A lone fresh submission changes neither the price nor until when it is valid."""
    symbol = feed_of(world)
    for member in world.committee:
        submit(world, member, symbol, 1_000)
    world.chain.warp(timestamp=GENESIS + 601)
    submit(world, world.committee[0], symbol, 1_100)
    found = feed(world, symbol)
    assert (found.price_nano_usd, found.valid_until) == (1_000, GENESIS + 600)
    submit(world, world.committee[1], symbol, 1_100)
    found = feed(world, symbol)
    assert (found.price_nano_usd, found.valid_until) == (1_100, GENESIS + 1_201)
