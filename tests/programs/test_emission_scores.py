"""The hourly emission: who may say what an epoch's scores are, and that a close gives what the schedule does."""

from collections.abc import Sequence

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, economics, state
from client.economics import IO
from client.idl import SYSTEM_PROGRAM, build
from client.instructions import emission
from tests.programs.chain import swapped
from tests.programs.emission_steps import COUPON_AUTHORITY, HOUR, Paid, claimed, close, credit, earner, lock, schedule
from tests.programs.emission_steps import paid as paid  # a fixture
from tests.programs.emission_steps import shared as shared  # a fixture
from tests.programs.emission_steps import world as world  # a fixture
from tests.programs.world import GENESIS, World, keypair, new_world


def posting(
    metas: Sequence[AccountMeta], scores: Sequence[tuple[int, int]], *, epoch: int = 1, committee: Pubkey | None = None
) -> Instruction:
    """`post_scores` with any remaining accounts and rows."""
    accounts = {"committee": committee or addresses.committee(), "emission": addresses.emission()}
    rows = [{"points": points, "reputation": reputation} for points, reputation in scores]
    return build("emission", "post_scores", accounts, {"epoch": epoch, "scores": rows}, metas)


def signing(*signers: Keypair) -> list[AccountMeta]:
    return [AccountMeta(signer.pubkey(), is_signer=True, is_writable=False) for signer in signers]


def writable(*accounts: Pubkey) -> list[AccountMeta]:
    return [AccountMeta(account, is_signer=False, is_writable=True) for account in accounts]


# --- quorum ---


def test_one_of_three_is_no_quorum(shared: World) -> None:
    """Scores, and that they are final, need a strict majority's signatures."""
    _, actor = shared.node()
    with shared.chain.refuses("NoQuorum"):
        shared.post_scores(1, (actor, 1, 1), signers=1)
    with shared.chain.refuses("NoQuorum"):
        shared.finalize(1, signers=1)


def test_half_of_a_committee_is_no_quorum() -> None:
    """Two of four are no strict majority, three are."""
    with new_world(members=4) as world:
        world.end_of(1)
        with world.chain.refuses("NoQuorum"):
            world.finalize(1, signers=2)
        world.finalize(1, signers=3)


def test_a_member_counts_once(shared: World) -> None:
    """One member who is listed twice among the signers is one."""
    member = shared.committee[0]
    metas = [*signing(member, member), *writable(addresses.earner(shared.node()[1]))]
    with shared.chain.refuses("NoQuorum"):
        shared.chain.send([posting(metas, [(1, 1)])], member)


def test_a_strangers_signature_counts_for_nothing(shared: World) -> None:
    """One member and two strangers, the admin among them, are no quorum."""
    member, stranger = shared.committee[0], shared.person()
    metas = [*signing(member, stranger, shared.admin), *writable(addresses.earner(shared.node()[1]))]
    with shared.chain.refuses("NoQuorum"):
        shared.chain.send([posting(metas, [(1, 1)])], member, stranger, shared.admin)


def test_a_member_that_did_not_sign_counts_for_nothing(shared: World) -> None:
    """A member's address without its signature is no voice."""
    first, second, _ = shared.committee
    silent = AccountMeta(second.pubkey(), is_signer=False, is_writable=False)
    metas = [*signing(first), silent, *writable(addresses.earner(shared.node()[1]))]
    with shared.chain.refuses("NoQuorum"):
        shared.chain.send([posting(metas, [(1, 1)])], first)


def test_a_stranger_does_not_spoil_a_quorum(shared: World) -> None:
    """Where a majority signed, another signature before theirs does no harm."""
    first, second, _ = shared.committee
    metas = [*signing(shared.router, first, second), *writable(addresses.earner(shared.node()[1]))]
    shared.chain.send([posting(metas, [(0, 1)])], shared.router, first, second)


def test_the_committee_is_the_oracles(shared: World) -> None:
    """A byte-identical committee that another program owns is refused, as is another account of the oracle."""
    options = {"encoding": "base64", "commitment": "processed"}
    found = shared.chain.call("getAccountInfo", str(addresses.committee()), options)["value"]
    clone = keypair("a clone of the committee").pubkey()
    data = {"data": found["data"][0], "lamports": found["lamports"], "owner": str(SYSTEM_PROGRAM)}
    shared.chain.call("localnet_setAccount", str(clone), data)
    first, second, _ = shared.committee
    metas = [*signing(first, second), *writable(addresses.earner(shared.node()[1]))]
    for other, name in ((clone, "IllegalOwner"), (addresses.feed("IO"), "AccountDataTooSmall")):
        with shared.chain.refuses(name):
            shared.chain.send([posting(metas, [(1, 1)], committee=other)], first, second)


# --- scores ---


def test_scores_and_earners_go_in_pairs(shared: World) -> None:
    """Fewer or more earners than scores, or none at all, are refused."""
    first, second, _ = shared.committee
    earners = [addresses.earner(shared.node()[1]) for _ in range(2)]
    for accounts, scores in (
        (earners, [(1, 1)]),
        (earners[:1], [(1, 1), (1, 1)]),
        ([], [(1, 1)]),
        ([], []),
        (earners, []),
    ):
        with shared.chain.refuses("ScoresMismatch"):
            shared.chain.send([posting([*signing(first, second), *writable(*accounts)], scores)], first, second)


def test_a_reputation_is_at_most_10000(shared: World) -> None:
    """A reputation above its range is refused, with all of its batch; the highest is not."""
    first, second = shared.node(), shared.node()
    for reputation in (10_001, 65_535):
        with shared.chain.refuses("ReputationOutOfRange"):
            shared.post_scores(1, (first[1], 5, 1), (second[1], 5, reputation))
    assert earner(shared, first).points == 0
    shared.post_scores(1, (first[1], 0, 10_000))
    assert earner(shared, first).reputation == 10_000


def test_only_earners_are_scored(shared: World) -> None:
    """An actor, another account of the program, or an earner that is not writable takes no score."""
    first, second, _ = shared.committee
    _, actor = shared.node()
    read_only = [AccountMeta(addresses.earner(actor), is_signer=False, is_writable=False)]
    for metas, name in (
        (writable(actor), "IllegalOwner"),
        (writable(addresses.rates(1)), "InvalidAccountData"),
        (writable(addresses.emission()), "ConstraintDuplicateMutableAccount"),
        (writable(keypair("nobody").pubkey()), "AccountDataTooSmall"),
        (read_only, "ConstraintMut"),
    ):
        with shared.chain.refuses(name):
            shared.chain.send([posting([*signing(first, second), *metas], [(1, 1)])], first, second)


def test_of_two_scores_in_a_batch_the_later_counts(shared: World) -> None:
    """An earner that stands twice in a batch has its last score, and counts once in the total."""
    node, before = shared.node(), schedule(shared).total_points
    shared.post_scores(1, (node[1], 7, 70), (node[1], 3, 30))
    found = earner(shared, node)
    assert (found.points, found.reputation, schedule(shared).total_points) == (3, 30, before + 3)


def test_points_go_to_the_limit_of_their_type(world: World) -> None:
    """Two earners with the most points there are share an epoch in halves."""
    nodes = [world.node(), world.node()]
    close(world, 1, *((actor, 2**32 - 1, 0) for _, actor in nodes))
    assert schedule(world).total_points == 2 * (2**32 - 1)
    half = economics.epoch_halves(economics.cumulative(1), 5_000).availability // 2
    for node in nodes:
        assert half - 1 <= claimed(world, node) <= half


def test_a_running_epoch_has_no_scores(shared: World) -> None:
    """Scores of an epoch that has not ended are refused, as is to call them final."""
    _, actor = shared.node()
    for epoch in (2, 3, economics.LAST_EPOCH):
        with shared.chain.refuses("EpochNotEnded"):
            shared.post_scores(epoch, (actor, 1, 1))
        with shared.chain.refuses("EpochNotEnded"):
            shared.finalize(epoch)


@pytest.mark.parametrize("epoch", [economics.LAST_EPOCH + 1, 2**32 - 1])
def test_there_is_no_epoch_after_the_last(shared: World, epoch: int) -> None:
    """Epochs past the schedule are refused by name."""
    with shared.chain.refuses("EpochOutOfRange"):
        shared.finalize(epoch)


def test_there_is_no_epoch_0(shared: World) -> None:
    """Epoch 0 is refused by name: epochs are 1 to 175,319."""
    with shared.chain.refuses("EpochOutOfRange"):
        shared.finalize(0)


def test_final_scores_stay(world: World) -> None:
    """After an epoch is final, no score and no other finality comes before its close."""
    _, actor = world.node()
    world.end_of(3)
    world.post_scores(2, (actor, 1, 1))
    world.finalize(2)
    for epoch in (2, 3):
        with world.chain.refuses("AlreadyFinal"):
            world.post_scores(epoch, (actor, 2, 2))
        with world.chain.refuses("AlreadyFinal"):
            world.finalize(epoch)
    world.close(2)
    for epoch in (1, 2):
        with world.chain.refuses("AlreadyClosed"):
            world.post_scores(epoch, (actor, 2, 2))
        with world.chain.refuses("AlreadyClosed"):
            world.finalize(epoch)
    world.post_scores(3, (actor, 2, 2))
    assert earner(world, (world.admin, actor)).points == 2


# --- closing ---


def test_an_epoch_closes_once(paid: Paid) -> None:
    """A second close is refused and distributes nothing."""
    before = schedule(paid.world)
    for through in (1, 0):
        with paid.world.chain.refuses("AlreadyClosed"):
            paid.world.close(through)
    assert schedule(paid.world) == before


def test_an_epoch_ends_with_its_last_second(world: World) -> None:
    """One second before its end an epoch still runs; at its end it can be called final and closed."""
    world.chain.warp(timestamp=GENESIS + HOUR - 1)
    with world.chain.refuses("EpochNotEnded"):
        world.finalize(1)
    world.chain.warp(timestamp=GENESIS + HOUR)
    world.finalize(1)
    world.close(1)


def test_an_epoch_without_final_scores_does_not_close(world: World) -> None:
    """A close goes exactly as far as the scores are final: neither before they are, nor short of it, nor past it."""
    with world.chain.refuses("ScoresNotFinal"):
        world.close(1)
    world.end_of(3)
    with world.chain.refuses("ScoresNotFinal"):
        world.close(1)
    world.finalize(2)
    for through in (1, 3):
        with world.chain.refuses("ScoresNotFinal"):
            world.close(through)
    world.close(2)
    assert schedule(world).closed_epoch == 2


def test_a_close_needs_the_page_of_its_first_epoch(paid: Paid) -> None:
    """Another page of rates than the first epoch's is refused."""
    closing = emission.close_epochs(first=2, through=2)
    with paid.world.chain.refuses("RatesPageMismatch"):
        paid.world.chain.send([swapped(closing, addresses.rates(2), addresses.rates(512))], paid.world.admin)


def test_what_nobody_earned_is_paid_in_the_next_epoch(world: World) -> None:
    """An epoch without points and coupons carries both halves over; the next one pays them, to the base unit."""
    node = world.node()
    close(world, 1)
    halves = economics.epoch_halves(economics.cumulative(1), 5_000)
    found = schedule(world)
    assert (found.carry_availability, found.carry_compute) == (halves.availability << 64, halves.compute << 64)
    credit(world, node, base=1)
    close(world, 2, (node[1], 1, 0))
    found = schedule(world)
    assert (found.carry_availability, found.carry_compute) == (0, 0)
    assert claimed(world, node) == economics.cumulative(2)


def test_each_half_carries_over_by_itself(world: World) -> None:
    """Points without coupons pay one half and keep the other for who earns coupons, and the other way round."""
    worker, idler = world.node(), world.node()
    close(world, 1, (idler[1], 1, 0))
    credit(world, worker, base=1)
    close(world, 2, (idler[1], 0, 0))
    emitted = [economics.emission(epoch - 1, epoch) for epoch in (1, 2)]
    first, second = (economics.epoch_halves(amount, 5_000) for amount in emitted)
    assert claimed(world, idler) == first.availability
    assert claimed(world, worker) == first.compute + second.compute
    assert schedule(world).carry_availability == second.availability << 64


def test_a_remainder_is_carried_over(world: World) -> None:
    """What does not divide stays for the next epoch: nothing is lost over many, to the last bit."""
    nodes = [world.node() for _ in range(3)]
    for epoch in range(1, 6):
        for number, node in enumerate(nodes):
            credit(world, node, base=7 + epoch * number, bonus=number)
        close(world, epoch, *((actor, 3 + number, 0) for number, (_, actor) in enumerate(nodes)))
        if epoch % 2:
            world.claim(nodes[0])
    for node in nodes[1:]:
        world.claim(node)
    vested = 0
    for node in nodes[1:]:
        vested += world.chain.account(state.Vesting, lock(world, node)).total
    found = schedule(world)
    held = found.carry_availability + found.carry_compute
    held += sum(e.liquid + e.bonus for e in (earner(world, node) for node in nodes))
    assert ((found.minted + vested) << 64) + held == economics.cumulative(5) << 64


def test_missed_epochs_close_as_one_range(world: World) -> None:
    """Several epochs closed at once, by anyone, pay what the schedule gives for them, at the rate of the first."""
    node = world.node()
    close(world, 1)
    credit(world, node, base=1)
    world.end_of(5)
    world.post_scores(5, (node[1], 1, 0))
    world.finalize(5)
    stranger = world.person()
    closing = emission.close_epochs(first=2, through=5)
    (event,) = world.chain.events(world.chain.send([closing], stranger))
    assert (event.fields["first"], event.fields["last"]) == (2, 5)
    emitted = sum(economics.emission(epoch - 1, epoch) for epoch in range(2, 6))
    assert event.fields["availability"] + event.fields["compute"] == emitted
    assert earner(world, node).coupon_epoch == 2
    assert claimed(world, node) == economics.cumulative(5)
    rates = world.chain.account(state.Rates, addresses.rates(2)).per_coupon
    assert [epoch for epoch, rate in enumerate(rates) if rate] == [2]


@pytest.mark.parametrize("closes", [(1, 2, 3, 4, 5, 6), (4, 6)], ids=["hourly", "late"])
def test_when_the_committee_closes_changes_no_sum(closes: Sequence[int]) -> None:
    """Closed hour by hour or as one range, a sole earner gets the same to the base unit."""
    with new_world(coupon_authority=COUPON_AUTHORITY) as world:
        node, total = world.node(), 0
        for epoch in closes:
            credit(world, node, base=1)
            close(world, epoch, (node[1], 1, 0))
            total += claimed(world, node)
        assert total == economics.cumulative(6)


def test_the_schedule_ends_at_its_cap(world: World) -> None:
    """Twenty years closed as one range pay 300,000,000 IO exactly, and nothing follows."""
    node = world.node()
    credit(world, node, base=1)
    close(world, economics.LAST_EPOCH, (node[1], 1, 0))
    assert claimed(world, node) == economics.EMISSION_CAP
    assert world.chain.supply(world.io_mint) == 800_000_000 * IO
    world.end_of(economics.LAST_EPOCH + 1)
    with world.chain.refuses("EpochOutOfRange"):
        world.finalize(economics.LAST_EPOCH + 1)
    world.chain.send([emission.open_rates(payer=world.admin.pubkey(), epoch=economics.LAST_EPOCH)], world.admin)
    with world.chain.refuses("AlreadyClosed"):
        world.close(economics.LAST_EPOCH)


def test_rates_go_on_on_the_next_page(world: World) -> None:
    """Epoch 512 stands on page 1: coupons of either page are paid at their own epoch's rate."""
    early, late = world.node(), world.node()
    credit(world, early, base=1)
    world.end_of(511)
    world.finalize(511)
    world.close(511)
    with world.chain.refuses("AccountDataTooSmall"):  # the page is not there yet
        close(world, 512)
    with world.chain.refuses("RatesPageMismatch"):
        closing = emission.close_epochs(first=512, through=512)
        world.chain.send([swapped(closing, addresses.rates(512), addresses.rates(1))], world.admin)
    world.chain.send([emission.open_rates(payer=world.admin.pubkey(), epoch=512)], world.admin)

    credit(world, late, base=1)
    world.close(512)
    page_0, page_1 = (world.chain.account(state.Rates, addresses.rates(epoch)) for epoch in (511, 512))
    assert (page_0.page, page_1.page) == (0, 1)
    first, last = (economics.epoch_halves(economics.emission(*r), 5_000).compute for r in ((0, 511), (511, 512)))
    assert (page_0.per_coupon[1], page_1.per_coupon[0]) == (first << 64, last << 64)

    # Coupons of page 0 become IO when new ones are credited in the time of page 1.
    credit(world, early, base=1)
    found = earner(world, early)
    assert (found.liquid, found.coupons_base, found.coupon_epoch) == (first << 64, 1, 513)
    assert claimed(world, late) == last
    assert claimed(world, early) == first


def test_a_range_may_pass_the_end_of_a_page(world: World) -> None:
    """A range that begins on page 0 and ends on page 1 has its rate on page 0, where its coupons are."""
    node = world.node()
    credit(world, node, base=1)
    close(world, 600, (node[1], 1, 0))
    assert claimed(world, node) == economics.cumulative(600)
    world.chain.send([emission.open_rates(payer=world.admin.pubkey(), epoch=601)], world.admin)
    credit(world, node, base=1)
    close(world, 601)
    assert claimed(world, node) == economics.emission(600, 601)
