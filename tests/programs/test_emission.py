"""The hourly emission: how it begins, its rates, who earns and is credited coupons, its events and sizes."""

import base64
from collections.abc import Iterator
from hashlib import sha256

import pytest
from solders.instruction import Instruction
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import Transaction

from client import addresses, economics, state
from client.idl import program_id
from client.instructions import emission, oracle, staking, tokens
from client.network import ORACLE
from client.state import EmissionParameters
from tests.programs.chain import swapped
from tests.programs.emission_steps import (
    COUPON_AUTHORITY,
    HOUR,
    Paid,
    claiming,
    close,
    credit,
    earner,
    locking,
    schedule,
)
from tests.programs.emission_steps import paid as paid  # a fixture
from tests.programs.emission_steps import shared as shared  # a fixture
from tests.programs.emission_steps import world as world  # a fixture
from tests.programs.world import GENESIS, MINT_RENT, U64_MAX, World, keypair, new_world

TRANSACTION_BYTES = 1_232


def initialization(
    admin: Pubkey,
    io_mint: Pubkey,
    *,
    lock_seconds: int = 1,
    availability_bp: int = 5_000,
    affiliate_bp: int = 100,
) -> Instruction:
    return emission.initialize(
        admin=admin,
        io_mint=io_mint,
        coupon_authority=addresses.terms(),
        parameters=EmissionParameters(lock_seconds, availability_bp, affiliate_bp),
    )


def seat_committee(world: World, genesis: int = GENESIS) -> None:
    """What comes first: the committee says when epoch 1 begins."""
    owner = world.admin.pubkey()
    seating = oracle.initialize(admin=owner, members=[owner], pauser=owner, genesis=genesis, parameters=ORACLE)
    world.chain.send([seating], world.admin)


# --- initialisation ---


@pytest.fixture(scope="module")
def seated() -> Iterator[World]:
    """A chain on which only the committee is there. For refusals: nobody changes it."""
    with new_world(initialized=False) as world:
        seat_committee(world)
        yield world


def test_a_stranger_does_not_initialise(seated: World) -> None:
    """Only the upgrade authority starts the schedule: a mint authority who is a stranger does not."""
    stranger, mint = seated.person(), seated.key()
    creating = tokens.create_mint(
        payer=stranger.pubkey(), mint=mint.pubkey(), decimals=8, authority=stranger.pubkey(), rent_lamports=MINT_RENT
    )
    seated.chain.send(creating, stranger, mint)
    with seated.chain.refuses("NotUpgradeAuthority"):
        seated.chain.send([initialization(stranger.pubkey(), mint.pubkey())], stranger)


def test_the_mint_is_io(seated: World) -> None:
    """6 decimals, a freeze authority, more or less than the genesis, or another's authority: each is refused."""
    owner, stranger = seated.admin.pubkey(), seated.person()

    def mint(*, authority: Pubkey = owner, freezable: bool = False, supply: int = economics.GENESIS_SUPPLY) -> Pubkey:
        key = seated.key()
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
        seated.chain.send(instructions, seated.admin, key)
        return key.pubkey()

    refused = [
        seated.usd_mint,
        mint(freezable=True),
        mint(supply=economics.GENESIS_SUPPLY + 1),
        mint(supply=economics.GENESIS_SUPPLY - 1),
        mint(authority=stranger.pubkey(), supply=0),
    ]
    for address in refused:
        with seated.chain.refuses("MintInvalid"):
            seated.chain.send([initialization(owner, address)], seated.admin)


@pytest.mark.parametrize("genesis", [GENESIS - HOUR, 0, -(2**63)])
def test_epoch_1_is_not_over_at_genesis(genesis: int) -> None:
    """A genesis an hour ago is refused: nobody could have earned in epoch 1."""
    with new_world(initialized=False) as world:
        seat_committee(world, genesis)
        with world.chain.refuses("GenesisPast"):
            world.chain.send([initialization(world.admin.pubkey(), world.io_mint)], world.admin)


def test_genesis_may_be_less_than_an_hour_ago() -> None:
    """A genesis whose first hour still runs is accepted, and its epoch ends an hour after it."""
    with new_world(initialized=False) as world:
        seat_committee(world, GENESIS - HOUR + 1)
        world.chain.send([initialization(world.admin.pubkey(), world.io_mint)], world.admin)
        assert schedule(world).genesis == GENESIS - HOUR + 1
        assert schedule(world).closed_epoch == 0


@pytest.mark.parametrize(
    "parameters",
    [{"lock_seconds": 0}, {"availability_bp": 10_001}, {"affiliate_bp": 1_001}],
    ids=["no lock", "more than a whole", "an affiliate's tenth"],
)
def test_parameters_have_ranges(seated: World, parameters: dict[str, int]) -> None:
    """A bonus is locked for at least a second, a half is at most all, an affiliate gets a tenth at most."""
    with seated.chain.refuses("ParameterOutOfRange"):
        seated.chain.send([initialization(seated.admin.pubkey(), seated.io_mint, **parameters)], seated.admin)


def test_the_schedule_starts_once(shared: World) -> None:
    """A second initialisation, with whatever mint, is refused."""
    mint, owner = shared.key(), shared.admin.pubkey()
    creating = tokens.create_mint(payer=owner, mint=mint.pubkey(), decimals=8, authority=owner, rent_lamports=MINT_RENT)
    shared.chain.send(creating, shared.admin, mint)
    before = schedule(shared)
    for address in (mint.pubkey(), shared.io_mint):
        with shared.chain.refuses("AccountAlreadyInUse"):
            shared.chain.send([initialization(owner, address)], shared.admin)
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
    shared.chain.airdrop(addresses.earner(actor), 1_000_000)
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
        (locking(world, node, closed_epoch=1, epoch=1), (node[0],)),
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


def test_a_node_and_a_user_are_credited_at_once(world: World) -> None:
    """Each with an event of its own, and with none where it is credited nothing."""
    node, (_, user) = world.node(), world.user()

    def crediting(base: int, bonus: int, user_bonus: int) -> Instruction:
        return emission.credit_coupons(
            coupon_authority=COUPON_AUTHORITY.pubkey(),
            actor=node[1],
            coupon_epoch=0,
            base=base,
            bonus=bonus,
            user=user,
            user_bonus=user_bonus,
        )

    def credited(base: int, bonus: int, user_bonus: int) -> list[tuple[Pubkey, int, int, int]]:
        sent = world.chain.send([crediting(base, bonus, user_bonus)], world.admin, COUPON_AUTHORITY)
        fields = [event.fields for event in world.chain.events(sent)]
        return [(one["actor"], one["base"], one["bonus"], one["total_coupons"]) for one in fields]

    assert credited(5, 3, 2) == [(node[1], 5, 3, 8), (user, 0, 2, 10)]
    assert credited(0, 0, 4) == [(user, 0, 4, 14)]
    assert credited(1, 0, 0) == [(node[1], 1, 0, 15)]
    found = world.chain.account(state.Earner, addresses.earner(user))
    assert (found.coupons_base, found.coupons_bonus, found.coupon_epoch) == (0, 6, 1)
    assert schedule(world).total_coupons == 15
    for wrong, error in (
        (program_id("emission"), "UserEarnerMissing"),
        (addresses.earner(node[1]), "ConstraintDuplicateMutableAccount"),
    ):
        with world.chain.refuses(error):
            swapping = swapped(crediting(0, 0, 1), addresses.earner(user), wrong)
            world.chain.send([swapping], world.admin, COUPON_AUTHORITY)


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
