"""The hourly emission: who may say what an epoch's scores are, and that it pays exactly what the schedule gives."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import Transaction

from client import addresses, economics, state
from client.economics import IO
from client.idl import SYSTEM_PROGRAM, build
from client.instructions import emission, staking, tokens
from client.network import Parameters
from tests.programs.world import GENESIS, MINT_RENT, U64_MAX, World, keypair, new_world, swapped

Node = tuple[Keypair, Pubkey]

HOUR = 3_600
TRANSACTION_BYTES = 1_232
COUPON_AUTHORITY = keypair("coupon authority")
"""In the place of escrow's terms, so that coupons can be credited without jobs."""

_FIRST = economics.epoch_halves(economics.cumulative(1), 5_000)


@pytest.fixture
def world() -> Iterator[World]:
    """A network of the test's own, whose coupons are the test's to credit."""
    with new_world(coupon_authority=COUPON_AUTHORITY) as world:
        yield world


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    """A network whose epoch 1 is over, and neither final nor closed."""
    with new_world(coupon_authority=COUPON_AUTHORITY) as world:
        world.end_of(1)
        yield world


@dataclass(frozen=True)
class Paid:
    """A network whose epoch 1 is closed, whose epoch 2 is over and final, and nodes that earned alike in epoch 1.

    Each node has 1 of 16 points, 1 coupon and 3 bonus coupons of 64, all unclaimed. A test takes those it needs, and
    moves time as it likes; none closes epoch 2.
    """

    world: World
    nodes: Iterator[Node]
    affiliated: Iterator[tuple[Node, Keypair]]
    """Nodes that somebody brought in, and who did."""
    liquid: ClassVar[int] = (_FIRST.availability << 64) // 16 + (_FIRST.compute << 64) // 64
    """What each node can claim, IO base units with 64 fractional bits."""
    bonus: ClassVar[int] = 3 * (_FIRST.compute << 64) // 64
    """What each node can lock, in the same unit."""


@pytest.fixture(scope="module")
def paid() -> Iterator[Paid]:
    """Nodes with something to claim and to lock."""
    with new_world(coupon_authority=COUPON_AUTHORITY) as world:
        affiliates = [world.person() for _ in range(2)]
        affiliated = [(world.node(affiliate=person.pubkey()), person) for person in affiliates]
        plain = [world.node() for _ in range(14)]
        nodes = [*plain, *(node for node, _ in affiliated)]
        for node in nodes:
            credit(world, node, base=1, bonus=3)
        close(world, 1, *((actor, 1, 0) for _, actor in nodes))
        world.end_of(2)
        world.finalize(2)
        world.chain.send([emission.open_rates(payer=world.admin.pubkey(), epoch=512)], world.admin)
        yield Paid(world, iter(plain), iter(affiliated))


def schedule(world: World) -> state.Emission:
    return world.chain.account(state.Emission, addresses.emission())


def earner(world: World, node: Node) -> state.Earner:
    return world.chain.account(state.Earner, addresses.earner(node[1]))


def credit(world: World, node: Node, *, base: int, bonus: int = 0) -> str:
    """Coupons for the open epoch, USD base units."""
    crediting = emission.credit_coupons(
        coupon_authority=COUPON_AUTHORITY.pubkey(),
        actor=node[1],
        coupon_epoch=earner(world, node).coupon_epoch,
        base=base,
        bonus=bonus,
    )
    return world.chain.send([crediting], world.admin, COUPON_AUTHORITY)


def close(world: World, epoch: int, *scores: tuple[Pubkey, int, int]) -> str:
    """Ends an epoch, posts its scores, finalises and closes it."""
    world.end_of(epoch)
    if scores:
        world.post_scores(epoch, *scores)
    world.finalize(epoch)
    return world.close(epoch)


def claiming(world: World, node: Node, *, affiliate_io: Pubkey | None = None, epoch: int = 0) -> Instruction:
    owner, actor = node
    return emission.claim(
        authority=owner.pubkey(),
        actor=actor,
        coupon_epoch=epoch,
        io_mint=world.io_mint,
        owner_io=world.io(owner),
        affiliate_io=affiliate_io,
    )


def locking(node: Node, *, closed_epoch: int, epoch: int = 0) -> Instruction:
    owner, actor = node
    return emission.lock_bonus(authority=owner.pubkey(), actor=actor, coupon_epoch=epoch, closed_epoch=closed_epoch)


def lock(world: World, node: Node) -> Pubkey:
    """Locks what a node has of bonus; the vesting account's address."""
    last, held = schedule(world).closed_epoch, earner(world, node).coupon_epoch
    world.chain.send([locking(node, closed_epoch=last, epoch=held)], node[0])
    return addresses.vesting(addresses.earner(node[1]), last)


def withdrawing(world: World, beneficiary: Keypair, vesting: Pubkey) -> Instruction:
    return emission.withdraw_vested(
        beneficiary=beneficiary.pubkey(), vesting=vesting, io_mint=world.io_mint, destination=world.io(beneficiary)
    )


def claimed(world: World, node: Node) -> int:
    """Claims; the IO base units that the owner got."""
    before = world.chain.balance(world.io(node[0]))
    world.claim(node)
    return world.chain.balance(world.io(node[0])) - before


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


def initialization(
    admin: Pubkey,
    io_mint: Pubkey,
    *,
    genesis: int = GENESIS,
    lock_seconds: int = 1,
    availability_bp: int = 5_000,
    affiliate_bp: int = 100,
) -> Instruction:
    return emission.initialize(
        admin=admin,
        io_mint=io_mint,
        genesis=genesis,
        coupon_authority=addresses.terms(),
        lock_seconds=lock_seconds,
        availability_bp=availability_bp,
        affiliate_bp=affiliate_bp,
    )


# --- initialisation ---


def test_a_stranger_does_not_initialise(bare: World) -> None:
    """Only the upgrade authority starts the schedule: a mint authority who is a stranger does not."""
    stranger, mint = bare.person(), bare.key()
    creating = tokens.create_mint(
        payer=stranger.pubkey(), mint=mint.pubkey(), decimals=8, authority=stranger.pubkey(), rent_lamports=MINT_RENT
    )
    bare.chain.send(creating, stranger, mint)
    with bare.chain.refuses("NotUpgradeAuthority"):
        bare.chain.send([initialization(stranger.pubkey(), mint.pubkey())], stranger)


def test_the_mint_is_io(bare: World) -> None:
    """A mint with 6 decimals, a freeze authority, more than the genesis, or another's authority is refused."""
    owner, stranger = bare.admin.pubkey(), bare.person()

    def mint(*, authority: Pubkey = owner, freezable: bool = False, supply: int = 0) -> Pubkey:
        key = bare.key()
        creating, initializing = tokens.create_mint(
            payer=owner, mint=key.pubkey(), decimals=8, authority=authority, rent_lamports=MINT_RENT
        )
        if freezable:
            data = initializing.data[:34] + b"\1" + bytes(owner)
            initializing = Instruction(initializing.program_id, data, initializing.accounts)
        instructions = [creating, initializing]
        if supply:
            account = addresses.token_account(owner, key.pubkey())
            instructions += [
                tokens.create_token_account(payer=owner, owner=owner, mint=key.pubkey()),
                tokens.mint_to(mint=key.pubkey(), authority=owner, destination=account, amount=supply),
            ]
        bare.chain.send(instructions, bare.admin, key)
        return key.pubkey()

    refused = [
        bare.usd_mint,
        mint(freezable=True),
        mint(supply=economics.GENESIS_SUPPLY + 1),
        mint(authority=stranger.pubkey()),
    ]
    for address in refused:
        with bare.chain.refuses("MintInvalid"):
            bare.chain.send([initialization(owner, address)], bare.admin)


def test_epoch_1_is_not_over_at_genesis(bare: World) -> None:
    """A genesis an hour ago is refused: nobody could have earned in epoch 1."""
    for genesis in (GENESIS - HOUR, 0, -(2**63)):
        with bare.chain.refuses("GenesisPast"):
            bare.chain.send([initialization(bare.admin.pubkey(), bare.io_mint, genesis=genesis)], bare.admin)


def test_genesis_may_be_less_than_an_hour_ago() -> None:
    """A genesis whose first hour still runs is accepted, and its epoch ends an hour after it."""
    with new_world(initialized=False) as world:
        start = initialization(world.admin.pubkey(), world.io_mint, genesis=GENESIS - HOUR + 1)
        world.chain.send([start], world.admin)
        assert schedule(world).genesis == GENESIS - HOUR + 1
        assert schedule(world).closed_epoch == 0


@pytest.mark.parametrize(
    "parameters",
    [{"lock_seconds": 0}, {"availability_bp": 10_001}, {"affiliate_bp": 1_001}],
    ids=["no lock", "more than a whole", "an affiliate's tenth"],
)
def test_parameters_have_ranges(bare: World, parameters: dict[str, int]) -> None:
    """A bonus is locked for at least a second, a half is at most all, an affiliate gets a tenth at most."""
    with bare.chain.refuses("ParameterOutOfRange"):
        bare.chain.send([initialization(bare.admin.pubkey(), bare.io_mint, **parameters)], bare.admin)


def test_the_schedule_starts_once(shared: World) -> None:
    """A second initialisation, with whatever mint, is refused."""
    mint, owner = shared.key(), shared.admin.pubkey()
    creating = tokens.create_mint(payer=owner, mint=mint.pubkey(), decimals=8, authority=owner, rent_lamports=MINT_RENT)
    shared.chain.send(creating, shared.admin, mint)
    before = schedule(shared)
    for address in (mint.pubkey(), shared.io_mint):
        with shared.chain.refuses("AccountAlreadyInUse"):
            shared.chain.send([initialization(owner, address, genesis=GENESIS + 2 * HOUR)], shared.admin)
    assert schedule(shared) == before


def test_nobody_but_the_program_mints(shared: World) -> None:
    """Who initialised the program gave the mint authority away for good."""
    owner = shared.admin.pubkey()
    minting = tokens.mint_to(mint=shared.io_mint, authority=owner, destination=shared.io(shared.admin), amount=1)
    with shared.chain.refuses("OwnerMismatch"):
        shared.chain.send([minting], shared.admin)


# --- rates and earners ---


def test_the_last_page_of_rates_is_the_last_epochs(shared: World) -> None:
    """Pages go as far as the schedule, and no further; anyone opens one, once."""
    payer = shared.person()
    with shared.chain.refuses("EpochOutOfRange"):
        shared.chain.send([emission.open_rates(payer=payer.pubkey(), epoch=343 * 512)], payer)
    shared.chain.send([emission.open_rates(payer=payer.pubkey(), epoch=economics.LAST_EPOCH)], payer)
    with shared.chain.refuses("AccountAlreadyInUse"):
        shared.chain.send([emission.open_rates(payer=payer.pubkey(), epoch=economics.LAST_EPOCH)], payer)


def test_an_earner_is_created_once(shared: World) -> None:
    """A second creation is refused: nothing resets what was earned, and nothing can be earned twice."""
    _, actor = shared.node()
    payer = shared.person()
    with shared.chain.refuses("AccountAlreadyInUse"):
        shared.chain.send([emission.create_earner(payer=payer.pubkey(), actor=actor)], payer)


def test_only_actors_earn(shared: World) -> None:
    """An account that is no actor, of staking or of nobody, gets no earner."""
    payer = shared.person()
    for other, name in (
        (addresses.hardware_class("H100"), "AccountDataTooSmall"),
        (addresses.feed("H100"), "IllegalOwner"),
        (keypair("nobody").pubkey(), "UninitializedAccount"),
    ):
        with shared.chain.refuses(name):
            shared.chain.send([emission.create_earner(payer=payer.pubkey(), actor=other)], shared.admin, payer)


def test_an_earner_funded_beforehand_can_be_created(shared: World) -> None:
    """Lamports sent to an earner's address deny nobody the earning."""
    owner = shared.person()
    actor = addresses.actor(owner.pubkey(), 0)
    shared.chain.send([staking.register_user(authority=owner.pubkey(), id=0)], owner)
    shared.chain.call("requestAirdrop", str(addresses.earner(actor)), 1_000_000)
    signature = shared.chain.send([emission.create_earner(payer=owner.pubkey(), actor=actor)], owner)
    (event,) = shared.chain.events(signature)
    assert event.name == "EarnerCreated"
    assert event.fields == {"earner": addresses.earner(actor), "actor": actor}


# --- coupons ---


def test_a_stranger_credits_no_coupons(shared: World) -> None:
    """Only the coupon authority credits: neither the admin nor the node itself."""
    owner, actor = shared.node()
    for signer in (shared.admin, owner):
        crediting = emission.credit_coupons(
            coupon_authority=signer.pubkey(), actor=actor, coupon_epoch=0, base=1, bonus=0
        )
        with shared.chain.refuses("NotCouponAuthority"):
            shared.chain.send([crediting], signer)


def test_coupons_beyond_u64_are_refused(world: World) -> None:
    """The sum of an epoch's coupons does not wrap, whatever is credited to whom."""
    first, second = world.node(), world.node()
    for base, bonus in ((U64_MAX, 1), (1, U64_MAX), (U64_MAX, U64_MAX)):
        with world.chain.refuses("Overflow"):
            credit(world, first, base=base, bonus=bonus)
    credit(world, first, base=U64_MAX - 1, bonus=1)
    for node in (first, second):
        with world.chain.refuses("Overflow"):
            credit(world, node, base=0, bonus=1)
    assert schedule(world).total_coupons == U64_MAX

    # And an epoch of as many coupons as there can be pays.
    close(world, 1)
    credit(world, first, base=1)
    halves = economics.epoch_halves(economics.cumulative(1), 5_000)
    paid = earner(world, first)
    assert halves.compute - 1 <= (paid.liquid + paid.bonus) >> 64 <= halves.compute


def test_coupons_of_a_closed_epoch_need_their_page(paid: Paid) -> None:
    """With another page of rates than that of the coupons' epoch, nothing is credited, claimed or locked."""
    world, node = paid.world, next(paid.nodes)
    crediting = emission.credit_coupons(
        coupon_authority=COUPON_AUTHORITY.pubkey(), actor=node[1], coupon_epoch=1, base=1, bonus=1
    )
    for instruction, signers in (
        (crediting, (world.admin, COUPON_AUTHORITY)),
        (claiming(world, node, epoch=1), (node[0],)),
        (locking(node, closed_epoch=1, epoch=1), (node[0],)),
    ):
        with world.chain.refuses("RatesPageMismatch"):
            world.chain.send([swapped(instruction, addresses.rates(1), addresses.rates(512))], *signers)


def test_coupons_of_the_open_epoch_need_no_page(paid: Paid) -> None:
    """Coupons that have no rate yet can be added to, whatever page is given."""
    world, node = paid.world, paid.world.node()
    for page in (1, 512):
        crediting = emission.credit_coupons(
            coupon_authority=COUPON_AUTHORITY.pubkey(), actor=node[1], coupon_epoch=page, base=1, bonus=1
        )
        world.chain.send([crediting], world.admin, COUPON_AUTHORITY)
    found = earner(world, node)
    assert (found.coupons_base, found.coupons_bonus, found.coupon_epoch) == (2, 2, 2)


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


# --- what is earned, and when ---


def test_points_count_from_the_next_close_on(world: World) -> None:
    """New points share in the epoch they were posted for, not in those before, claimed or not."""
    first, second = world.node(), world.node()
    close(world, 1, (first[1], 1, 0))
    close(world, 2, (first[1], 1, 0), (second[1], 3, 0))
    shares = [economics.epoch_halves(economics.emission(e - 1, e), 5_000).availability for e in (1, 2)]
    accrued = [(claimed(world, node) << 64) + earner(world, node).liquid for node in (first, second)]
    per_point = (shares[1] << 64) // 4
    assert accrued == [(shares[0] << 64) + per_point, 3 * per_point]


def test_points_taken_away_take_nothing_earned(world: World) -> None:
    """Who has no points any more keeps what it earned with them."""
    first, second = world.node(), world.node()
    close(world, 1, (first[1], 1, 0))
    close(world, 2, (first[1], 0, 0), (second[1], 1, 0))
    shares = [economics.epoch_halves(economics.emission(e - 1, e), 5_000).availability for e in (1, 2)]
    assert [claimed(world, first), claimed(world, second)] == shares


def test_a_late_earner_gets_nothing_of_the_past(world: World) -> None:
    """An earner created after a close shares in what follows alone."""
    first = world.node()
    close(world, 1, (first[1], 1, 0))
    late = world.node()
    assert earner(world, late).snapshot == schedule(world).per_point
    with world.chain.refuses("NothingToClaim"):
        world.claim(late)
    close(world, 2, (late[1], 1, 0))
    share = economics.epoch_halves(economics.emission(1, 2), 5_000).availability
    assert claimed(world, late) == share // 2


def test_the_rhythm_of_claims_changes_nothing(world: World) -> None:
    """Of two equal earners, one claims every epoch and one at the end: they get the same, to the last bit."""
    often, once, third = (world.node() for _ in range(3))
    for epoch in range(1, 8):
        for node in (often, once):
            credit(world, node, base=1_001)
        credit(world, third, base=77)
        close(world, epoch, *((actor, points, 0) for (_, actor), points in ((often, 7), (once, 7), (third, 5))))
        world.claim(often)
    world.claim(once)
    balances = [world.chain.balance(world.io(node[0])) for node in (often, once)]
    accrued = [(b << 64) + earner(world, n).liquid for b, n in zip(balances, (often, once), strict=True)]
    assert accrued[0] == accrued[1]
    assert balances[0] == balances[1]


def test_the_order_of_claims_changes_nothing(world: World) -> None:
    """Whoever claims first gets no more for it."""
    nodes = [world.node() for _ in range(3)]
    for epoch in (1, 2):
        close(world, epoch, *((actor, 5, 0) for _, actor in nodes))
        got = [claimed(world, node) for node in (nodes if epoch == 1 else reversed(nodes))]
        assert max(got) - min(got) <= 0


def test_coupons_belong_to_the_open_epoch(world: World) -> None:
    """Coupons credited after an epoch's end and before its close share in that epoch; after it, in the next."""
    before, after = world.node(), world.node()
    world.end_of(1)
    (event,) = world.chain.events(credit(world, before, base=5, bonus=2))
    assert event.name == "CouponsCredited"
    assert event.fields == {"actor": before[1], "base": 5, "bonus": 2, "total_coupons": 7, "epoch": 1}
    world.finalize(1)
    credit(world, before, base=1)  # final are the scores: coupons may still come
    world.close(1)
    (event,) = world.chain.events(credit(world, after, base=4))
    assert (event.fields["epoch"], event.fields["total_coupons"]) == (2, 4)
    assert earner(world, before).coupon_epoch == 1
    share = economics.epoch_halves(economics.cumulative(1), 5_000).compute
    assert claimed(world, before) == (6 * ((share << 64) // 8)) >> 64


def test_coupons_of_an_epoch_add_up(world: World) -> None:
    """Settlements of one epoch add to one another; those of the next begin anew."""
    node = world.node()
    credit(world, node, base=5, bonus=1)
    credit(world, node, base=6, bonus=2)
    found = earner(world, node)
    assert (found.coupons_base, found.coupons_bonus, found.coupon_epoch) == (11, 3, 1)
    close(world, 1)
    credit(world, node, base=1)
    found = earner(world, node)
    assert (found.coupons_base, found.coupons_bonus, found.coupon_epoch) == (1, 0, 2)
    assert (found.liquid + found.bonus) >> 64 == economics.epoch_halves(economics.cumulative(1), 5_000).compute - 1


# --- claims ---


def test_a_stranger_claims_nothing(paid: Paid) -> None:
    """Only the actor's authority claims and locks."""
    world, (_, actor) = paid.world, next(paid.nodes)
    stranger = world.person()
    for instruction in (claiming(world, (stranger, actor)), locking((stranger, actor), closed_epoch=1)):
        with world.chain.refuses("NotAuthority"):
            world.chain.send([instruction], stranger)


def test_without_earnings_there_is_nothing_to_claim(paid: Paid) -> None:
    """Who earned nothing yet is refused, and so is who holds coupons of the open epoch alone."""
    world = paid.world
    idle, busy = world.node(), world.node()
    credit(world, busy, base=1, bonus=1)
    for node in (idle, busy):
        for instruction in (claiming(world, node), locking(node, closed_epoch=1)):
            with world.chain.refuses("NothingToClaim"):
                world.chain.send([instruction], node[0])


def test_a_claim_is_paid_once(paid: Paid) -> None:
    """A claim pays all that was earned; a second one finds nothing."""
    node = next(paid.nodes)
    assert claimed(paid.world, node) == paid.liquid >> 64
    assert earner(paid.world, node).liquid == paid.liquid % (1 << 64)
    with paid.world.chain.refuses("NothingToClaim"):
        paid.world.claim(node)


def test_another_actors_earner_is_refused(paid: Paid) -> None:
    """An owner does not claim or lock from another's earner."""
    world, rich = paid.world, next(paid.nodes)
    poor = world.node()
    for instruction in (claiming(world, poor, epoch=1), locking(poor, closed_epoch=1, epoch=1)):
        with world.chain.refuses("InvalidSeeds"):
            theirs = swapped(instruction, addresses.earner(poor[1]), addresses.earner(rich[1]))
            world.chain.send([theirs], poor[0])


def test_a_claim_is_minted_in_io(paid: Paid) -> None:
    """Another mint, or an account of another mint, is refused."""
    world, node = paid.world, next(paid.nodes)
    claim = claiming(world, node, epoch=1)
    with world.chain.refuses("ConstraintAddress"):
        world.chain.send([swapped(claim, world.io_mint, world.usd_mint)], node[0])
    with world.chain.refuses("InvalidAccountData"):
        world.chain.send([swapped(claim, world.io(node[0]), world.usd(node[0]))], node[0])


def test_an_affiliate_is_paid_with_the_claim(paid: Paid) -> None:
    """The affiliate gets 1%, rounded down, the owner the rest."""
    world, (node, affiliate) = paid.world, next(paid.affiliated)
    before = world.chain.balance(world.io(node[0]))
    (event,) = world.chain.events(world.claim(node, affiliate=affiliate.pubkey()))
    accrued = paid.liquid >> 64
    share = economics.bps_floor(accrued, 100)
    assert world.chain.balance(world.io(affiliate)) == share
    assert world.chain.balance(world.io(node[0])) - before == accrued - share
    assert event.name == "Claimed"
    assert event.fields == {
        "actor": node[1],
        "owner": accrued - share,
        "affiliate": share,
        "closed_epoch": 1,
        "at": world.chain.now(),
    }


def test_an_affiliates_account_is_its_own(paid: Paid) -> None:
    """Without the affiliate's account, or with a stranger's, or one of dollars, a claim is refused."""
    world, (node, affiliate) = paid.world, next(paid.affiliated)
    with world.chain.refuses("AffiliateMissing"):
        world.claim(node)
    for account in (world.io(world.person()), world.usd(affiliate)):
        with world.chain.refuses("InvalidAccountData"):
            world.chain.send([claiming(world, node, affiliate_io=account, epoch=1)], node[0])


def test_without_an_affiliate_nobody_else_is_paid(paid: Paid) -> None:
    """An affiliate's account that an owner without affiliate gives is refused."""
    world, node = paid.world, next(paid.nodes)
    with world.chain.refuses("InvalidAccountData"):
        other = world.io(world.person())
        world.chain.send([claiming(world, node, affiliate_io=other, epoch=1)], node[0])


def test_no_more_is_minted_than_the_schedule_gave(world: World) -> None:
    """Were more accrued than was ever emitted, the claim and the withdrawal would be refused."""
    node = world.node()
    credit(world, node, base=1, bonus=1)
    close(world, 1, (node[1], 1, 0))
    vesting = lock(world, node)
    # No transaction leads here: one unit more is written as minted than leaves room for the claim.
    liquid = economics.epoch_halves(economics.cumulative(1), 5_000)
    room = economics.cumulative(1) - (liquid.availability + liquid.compute // 2)
    world.chain.forge(state.Emission, addresses.emission(), "minted", room + 1)
    with world.chain.refuses("CapExceeded"):
        world.claim(node)
    world.chain.forge(state.Emission, addresses.emission(), "minted", economics.cumulative(1))
    world.chain.warp(seconds=100)
    with world.chain.refuses("CapExceeded"):
        world.chain.send([withdrawing(world, node[0], vesting)], node[0])
    world.chain.forge(state.Emission, addresses.emission(), "minted", room)
    world.claim(node)
    assert schedule(world).minted == economics.cumulative(1)


# --- locked IO ---


def test_a_bonus_is_locked_and_vests_by_the_second(paid: Paid) -> None:
    """Locked IO is free in equal parts every second; at its end the account is closed and its rent comes back."""
    world, node = paid.world, next(paid.nodes)
    chain, (owner, actor) = world.chain, node
    supply, minted, start = chain.supply(world.io_mint), schedule(world).minted, chain.now()
    vesting = addresses.vesting(addresses.earner(actor), 1)
    (event,) = chain.events(chain.send([locking(node, closed_epoch=1, epoch=1)], owner))
    total, duration = paid.bonus >> 64, Parameters().lock_seconds
    assert event.name == "BonusLocked"
    assert event.fields == {
        "actor": actor,
        "vesting": vesting,
        "amount": total,
        "start": start,
        "end": start + duration,
    }
    assert chain.supply(world.io_mint) == supply
    with chain.refuses("NothingToClaim"):
        chain.send([withdrawing(world, owner, vesting)], owner)

    got = 0
    for elapsed in (1, 2, 1_000, duration // 3, duration - 1):
        chain.warp(timestamp=start + elapsed)
        before = chain.balance(world.io(owner))
        (event,) = chain.events(chain.send([withdrawing(world, owner, vesting)], owner))
        amount = chain.balance(world.io(owner)) - before
        got += amount
        assert got == economics.vested(total, start, start + duration, start + elapsed) == total * elapsed // duration
        assert event.name == "VestedWithdrawn"
        assert event.fields == {
            "vesting": vesting,
            "beneficiary": owner.pubkey(),
            "amount": amount,
            "withdrawn": got,
            "at": start + elapsed,
        }
        with chain.refuses("NothingToClaim"):
            chain.send([withdrawing(world, owner, vesting)], owner)

    chain.warp(timestamp=start + duration)
    rent, sol = chain.lamports(vesting), chain.lamports(owner.pubkey())
    assert rent > 0
    chain.send([withdrawing(world, owner, vesting)], world.admin, owner)
    assert not chain.exists(vesting)
    assert chain.lamports(owner.pubkey()) == sol + rent
    assert chain.supply(world.io_mint) == supply + total
    assert schedule(world).minted == minted + total
    with chain.refuses("AccountDataTooSmall"):
        chain.send([withdrawing(world, owner, vesting)], owner)


def test_a_vesting_is_its_beneficiarys(paid: Paid) -> None:
    """Nobody else withdraws, the admin included."""
    world = paid.world
    vesting = lock(world, next(paid.nodes))
    world.chain.warp(seconds=1_000)
    for thief in (world.person(), world.admin):
        with world.chain.refuses("NotAuthority"):
            world.chain.send([withdrawing(world, thief, vesting)], thief)


def test_a_bonus_is_locked_once_an_epoch(paid: Paid) -> None:
    """A second lock of the same closed epoch is refused, and the first stays as it is."""
    world, node = paid.world, next(paid.nodes)
    vesting = lock(world, node)
    before = world.chain.account(state.Vesting, vesting)
    with world.chain.refuses("AccountAlreadyInUse"):
        lock(world, node)
    assert world.chain.account(state.Vesting, vesting) == before


def test_each_epochs_bonus_is_locked_by_itself(world: World) -> None:
    """The bonus of a later epoch has an account of its own, and a time of its own."""
    node = world.node()
    vestings = []
    for epoch in (1, 2):
        credit(world, node, base=1, bonus=1)
        close(world, epoch)
        vestings.append(world.chain.account(state.Vesting, lock(world, node)))
    assert [vesting.start for vesting in vestings] == [GENESIS + HOUR, GENESIS + 2 * HOUR]
    halves = [economics.epoch_halves(economics.emission(epoch - 1, epoch), 5_000).compute for epoch in (1, 2)]
    assert [vesting.total for vesting in vestings] == [half // 2 for half in halves]


def test_a_closed_vesting_stays_closed(paid: Paid) -> None:
    """Lamports sent to a closed vesting account in the same transaction revive nothing."""
    world, node = paid.world, next(paid.nodes)
    owner, _ = node
    vesting = lock(world, node)
    world.chain.warp(seconds=Parameters().lock_seconds)
    giving = transfer(TransferParams(from_pubkey=owner.pubkey(), to_pubkey=vesting, lamports=10_000_000))
    world.chain.send([withdrawing(world, owner, vesting), giving], owner)
    balance = world.chain.balance(world.io(owner))
    with world.chain.refuses("AccountDataTooSmall"):
        world.chain.send([withdrawing(world, owner, vesting)], owner)
    assert world.chain.balance(world.io(owner)) == balance


def test_a_vesting_funded_beforehand_can_be_opened(paid: Paid) -> None:
    """Lamports sent to where a bonus will be locked deny nobody the lock."""
    world, node = paid.world, next(paid.nodes)
    vesting = addresses.vesting(addresses.earner(node[1]), 1)
    world.chain.call("requestAirdrop", str(vesting), 1_000_000)
    assert lock(world, node) == vesting
    assert world.chain.account(state.Vesting, vesting).beneficiary == node[0].pubkey()


def test_everything_minted_is_within_the_schedule(world: World) -> None:
    """Whoever claims, locks and withdraws, never is more minted than the closed epochs emitted; the rest is known."""
    nodes = [world.node(dollar_share_bp=share) for share in (3_000, 6_000, 9_000)]
    vestings: list[tuple[Keypair, Pubkey]] = []
    for epoch in range(1, 5):
        for number, node in enumerate(nodes):
            credit(world, node, base=10**6 * (number + epoch), bonus=10**5 * number)
        close(world, epoch, *((actor, 100 + number * epoch, 0) for number, (_, actor) in enumerate(nodes)))
        for node in nodes[: epoch % 3 + 1]:
            world.claim(node)
            assert schedule(world).minted <= economics.cumulative(epoch)
        if epoch % 2:
            vestings += [(node[0], lock(world, node)) for node in nodes[1:]]
    world.chain.warp(seconds=Parameters().lock_seconds)
    for owner, vesting in vestings:
        world.chain.send([withdrawing(world, owner, vesting)], owner)
    found = schedule(world)
    assert found.minted <= economics.cumulative(4)
    assert world.chain.supply(world.io_mint) == economics.GENESIS_SUPPLY + found.minted


# --- events and sizes ---


def test_every_change_of_an_epoch_is_an_event(world: World) -> None:
    """Finality and close emit what a replay needs; scores emit nothing, as their data is the record."""
    node = world.node()
    credit(world, node, base=3)
    world.end_of(1)
    assert world.chain.events(world.post_scores(1, (node[1], 7, 70))) == []
    (final,) = world.chain.events(world.finalize(1))
    assert final.name == "ScoresFinalized"
    assert final.fields == {"digest": list(sha256(b"1").digest()), "total_points": 7, "epoch": 1}
    (done,) = world.chain.events(world.close(1))
    halves = economics.epoch_halves(economics.cumulative(1), 5_000)
    available = economics.distribute(economics.DistributeInput(halves.availability, 0, 7))
    compute = economics.distribute(economics.DistributeInput(halves.compute, 0, 3))
    assert (done.program, done.name) == ("emission", "EpochsClosed")
    assert done.fields == {
        "first": 1,
        "last": 1,
        "availability": halves.availability,
        "compute": halves.compute,
        "total_points": 7,
        "total_coupons": 3,
        "per_point_q64": available.per_unit_q64,
        "per_coupon_q64": compute.per_unit_q64,
        "carry_availability_q64": available.carry_q64,
        "carry_compute_q64": compute.carry_q64,
        "at": GENESIS + HOUR,
    }


def test_a_transaction_takes_twenty_scores_and_more(world: World) -> None:
    """The largest batch that two members' signatures leave room for is at least 20 nodes, and works."""
    members = world.committee[:2]
    nodes = [world.node()[1] for _ in range(25)]
    world.end_of(1)

    def transaction(size: int, epoch: int = 1) -> Transaction:
        batch = emission.post_scores(
            signers=[m.pubkey() for m in members],
            epoch=epoch,
            scores=[(addresses.earner(node), 1_000 + number, number) for number, node in enumerate(nodes[:size])],
        )
        blockhash = world.chain.blockhash()
        return Transaction(
            list(members), Message.new_with_blockhash([batch], members[0].pubkey(), blockhash), blockhash
        )

    size = max(n for n in range(1, len(nodes) + 1) if len(bytes(transaction(n))) <= TRANSACTION_BYTES)
    assert 20 <= size < len(nodes)
    encoded = base64.b64encode(bytes(transaction(size))).decode()
    options = {"encoding": "base64", "preflightCommitment": "processed"}
    signature = world.chain.call("sendTransaction", encoded, options)
    for number, node in enumerate(nodes[:size]):
        found = earner(world, (world.admin, node))
        assert (found.points, found.reputation) == (1_000 + number, number)
    assert schedule(world).total_points == sum(range(1_000, 1_000 + size))

    units = world.chain.units(signature)
    assert units < 200_000  # what a transaction has that asks for nothing
    print(f"post_scores: {size} nodes, {len(bytes(transaction(size)))} bytes, {units} units, {units / size:.0f} a node")
