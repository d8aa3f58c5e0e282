"""Dollars granted from the incentives vault: to new users for their jobs, to owners of proven nodes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, state
from client.economics import USD
from client.instructions import burn, escrow, tokens
from client.network import BURN, Parameters
from tests.programs.chain import swapped
from tests.programs.governance_steps import change, pause, rotate, takes_effect
from tests.programs.world import U64_MAX, World, new_world

Actor = tuple[Keypair, Pubkey]

HOURS = 2
TO_USER, TO_OWNER = 20 * USD, 50 * USD
PARAMETERS = Parameters(
    burn=replace(BURN, user_grant=TO_USER, owner_grant=TO_OWNER, owner_grant_hours=HOURS),
)


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    """A network whose incentives vault is full; each test has its own people, none moves time."""
    with new_world(PARAMETERS) as world:
        fill(world, 1_000_000 * USD)
        yield world


@pytest.fixture
def world() -> Iterator[World]:
    """A network of the test's own, with an empty incentives vault."""
    with new_world(PARAMETERS) as world:
        yield world


def fill(world: World, amount: int) -> None:
    """Puts dollars into the incentives vault, as settlements do."""
    filling = tokens.mint_to(
        mint=world.usd_mint,
        authority=world.admin.pubkey(),
        destination=addresses.incentives_vault(),
        amount=amount,
    )
    world.chain.send([filling], world.admin)


def incentives(world: World) -> int:
    return world.chain.balance(addresses.incentives_vault())


def granted(world: World) -> int:
    """Dollars granted in all."""
    return world.chain.account(state.Auction, addresses.auction()).granted_usd


def newcomer(world: World, *, credit: bool = True) -> Actor:
    """A user, and its credit."""
    user = world.user(usd=0)
    if credit:
        opening = escrow.open_credit(payer=world.admin.pubkey(), user=user[1], usd_mint=world.usd_mint)
        world.chain.send([opening], world.admin)
    return user


def to_user(world: World, user: Actor, signers: Sequence[Keypair]) -> Instruction:
    members = [signer.pubkey() for signer in signers]
    return burn.grant_user(payer=world.admin.pubkey(), signers=members, user=user[1])


def to_owner(world: World, node: Actor, signers: Sequence[Keypair]) -> Instruction:
    members = [signer.pubkey() for signer in signers]
    owner_usd = world.usd(node[0])
    return burn.grant_owner(payer=world.admin.pubkey(), signers=members, node=node[1], owner_usd=owner_usd)


def send(world: World, grant: Instruction, signers: Sequence[Keypair] = ()) -> str:
    """With the payer's signature and those of the members."""
    return world.chain.send([grant], world.admin, *signers)


def grant_user(world: World, user: Actor, signers: Sequence[Keypair] | None = None) -> str:
    signers = world.committee[:2] if signers is None else signers
    return send(world, to_user(world, user, signers), signers)


def grant_owner(world: World, node: Actor, signers: Sequence[Keypair] | None = None) -> str:
    signers = world.committee[:2] if signers is None else signers
    return send(world, to_owner(world, node, signers), signers)


def hour(world: World, epoch: int, *scores: tuple[Pubkey, int, int]) -> None:
    """An epoch ends, is scored and closed."""
    world.end_of(epoch)
    if scores:
        world.post_scores(epoch, *scores)
    world.finalize(epoch)
    world.close(epoch)


# --- users ---


def test_a_user_is_granted_dollars_for_its_jobs(shared: World) -> None:
    """They move from the incentives vault to its credit, are counted, and told."""
    user = newcomer(shared)
    held, before = incentives(shared), granted(shared)
    (event,) = shared.chain.events(grant_user(shared, user))
    assert (event.program, event.name) == ("burn", "UserGranted")
    assert event.fields == {"actor": user[1], "amount": TO_USER, "at": shared.chain.now()}
    assert shared.chain.balance(addresses.credit(user[1])) == TO_USER
    assert (incentives(shared), granted(shared)) == (held - TO_USER, before + TO_USER)
    grant = shared.chain.account(state.Grant, addresses.grant(user[1]))
    assert (grant.actor, grant.amount) == (user[1], TO_USER)


def test_granted_dollars_pay_for_a_job_and_come_back_to_the_credit(world: World) -> None:
    """What the job does not use is credit again: it never becomes the user's own."""
    fill(world, TO_USER)
    user = newcomer(world)
    grant_user(world, user)
    world.prices()
    job = world.open_job(user, hours=2, from_credit=800_000)
    assert world.chain.balance(addresses.credit(user[1])) == TO_USER - 800_000
    world.finish_job(job, user)
    assert world.chain.balance(addresses.credit(user[1])) == TO_USER
    assert world.chain.balance(world.usd(user[0])) == 0


def test_nobody_takes_the_credit_out(shared: World) -> None:
    """It is not the user's account: the token program refuses its owner, and everyone else."""
    user = newcomer(shared)
    grant_user(shared, user)
    for thief in (user[0], shared.admin):
        taking = tokens.transfer(
            source=addresses.credit(user[1]), destination=shared.usd(thief), owner=thief.pubkey(), amount=1
        )
        with shared.chain.refuses("OwnerMismatch"):
            shared.chain.send([taking], thief)


def test_a_user_is_granted_once(shared: World) -> None:
    """A second grant is refused, and so is one to the same user by other members."""
    user = newcomer(shared)
    grant_user(shared, user)
    for members in (shared.committee[:2], shared.committee[1:]):
        with shared.chain.refuses("AccountAlreadyInUse"):
            grant_user(shared, user, members)
    assert shared.chain.balance(addresses.credit(user[1])) == TO_USER


def test_a_grant_account_that_was_funded_beforehand_stops_no_grant(shared: World) -> None:
    """Lamports that somebody sent there are no grant."""
    user = newcomer(shared)
    shared.chain.airdrop(addresses.grant(user[1]), 1)
    grant_user(shared, user)
    assert shared.chain.balance(addresses.credit(user[1])) == TO_USER


def test_a_strict_majority_grants(shared: World) -> None:
    """One of three, one who signs twice, strangers and the payer are none."""
    user, (one, two, three) = newcomer(shared), shared.committee
    strangers = [shared.person(), shared.person()]
    for signers in ([], [one], [one, one], strangers, [one, *strangers], [shared.admin, one]):
        distinct = list({signer.pubkey(): signer for signer in signers if signer is not shared.admin}.values())
        with shared.chain.refuses("NoQuorum"):
            send(shared, to_user(shared, user, signers), distinct)
    assert not shared.chain.exists(addresses.grant(user[1]))
    grant_user(shared, user, [strangers[0], three, two])


def test_a_member_may_pay(shared: World) -> None:
    """Its one signature pays and counts."""
    user, (one, two, _) = newcomer(shared), shared.committee
    grant = burn.grant_user(payer=one.pubkey(), signers=[one.pubkey(), two.pubkey()], user=user[1])
    shared.chain.send([grant], one, two)
    assert shared.chain.balance(addresses.credit(user[1])) == TO_USER


def test_former_members_grant_nothing(world: World) -> None:
    """Since their successors are in office."""
    fill(world, TO_USER)
    user, old, new = newcomer(world), world.committee, [world.person()]
    start = takes_effect(world)
    rotate(world, new)
    world.chain.warp(timestamp=start)
    with world.chain.refuses("NoQuorum"):
        grant_user(world, user, old)
    grant_user(world, user, new)


def test_a_node_is_no_user_and_a_user_no_node(shared: World) -> None:
    """Each grant is for its own kind of actor."""
    node, user, members = shared.node(), newcomer(shared), shared.committee[:2]
    # A node has no credit: another's is given, so that there is one.
    to_node = swapped(to_user(shared, node, members), addresses.credit(node[1]), addresses.credit(user[1]))
    with shared.chain.refuses("NotAUser"):
        send(shared, to_node, members)
    with shared.chain.refuses("NotANode"):
        grant_owner(shared, user)


def test_a_credit_that_is_not_open_gets_nothing(shared: World) -> None:
    """The grant waits until escrow has made the account."""
    user = newcomer(shared, credit=False)
    with shared.chain.refuses("AccountDataTooSmall"):
        grant_user(shared, user)
    opening = escrow.open_credit(payer=shared.admin.pubkey(), user=user[1], usd_mint=shared.usd_mint)
    shared.chain.send([opening], shared.admin)
    grant_user(shared, user)


def test_a_grant_goes_to_the_users_own_credit(shared: World) -> None:
    """Neither to its wallet, nor to another's credit, nor back into a vault."""
    user, other = newcomer(shared), newcomer(shared)
    grant = to_user(shared, user, shared.committee[:2])
    for account in (shared.usd(user[0]), addresses.credit(other[1]), addresses.burn_vault()):
        with shared.chain.refuses("InvalidSeeds"):
            send(shared, swapped(grant, addresses.credit(user[1]), account), shared.committee[:2])


def test_the_auctions_dollars_are_not_granted(shared: World) -> None:
    """The vault that buys IO does not stand in for the incentives."""
    user = newcomer(shared)
    grant = to_user(shared, user, shared.committee[:2])
    with shared.chain.refuses("InvalidSeeds"):
        send(shared, swapped(grant, addresses.incentives_vault(), addresses.burn_vault()), shared.committee[:2])


# --- owners ---


def test_an_owner_is_granted_after_its_proven_hours(world: World) -> None:
    """Not while an hour is open, not after the first of two; after the second it is paid to the base unit."""
    fill(world, TO_OWNER)
    node = world.node()
    with world.chain.refuses("NotProven"):
        grant_owner(world, node)
    world.end_of(1)
    world.post_scores(1, (node[1], 1, 0))
    with world.chain.refuses("NotProven"):
        grant_owner(world, node)
    world.finalize(1)
    world.close(1)
    with world.chain.refuses("NotProven"):
        grant_owner(world, node)
    hour(world, 2)
    (event,) = world.chain.events(grant_owner(world, node))
    assert (event.program, event.name) == ("burn", "OwnerGranted")
    assert event.fields == {
        "actor": node[1],
        "owner": node[0].pubkey(),
        "amount": TO_OWNER,
        "at": world.chain.now(),
    }
    assert world.chain.balance(world.usd(node[0])) == TO_OWNER == granted(world)
    assert incentives(world) == 0
    fill(world, TO_OWNER)
    with world.chain.refuses("AccountAlreadyInUse"):
        grant_owner(world, node)


def test_a_break_begins_the_hours_anew(world: World) -> None:
    """A node that lost its points has proven nothing, whatever it had before; without points it is paid nothing."""
    fill(world, TO_OWNER)
    node = world.node()
    hour(world, 1, (node[1], 5, 0))
    hour(world, 2, (node[1], 0, 0))
    hour(world, 3)
    with world.chain.refuses("NotProven"):
        grant_owner(world, node)
    hour(world, 4, (node[1], 1, 0))
    with world.chain.refuses("NotProven"):
        grant_owner(world, node)
    hour(world, 5, (node[1], 9, 0))
    grant_owner(world, node)


def test_hours_that_a_late_committee_scores_are_proven_when_closed(world: World) -> None:
    """A score of an hour past the next one proves nothing before its hour is closed."""
    fill(world, TO_OWNER)
    node = world.node()
    world.end_of(5)
    world.post_scores(5, (node[1], 1, 0))
    with world.chain.refuses("NotProven"):
        grant_owner(world, node)
    world.finalize(5)
    world.close(5)
    with world.chain.refuses("NotProven"):
        grant_owner(world, node)
    hour(world, 6)
    grant_owner(world, node)


def test_no_hours_to_prove_still_take_points() -> None:
    """Where the parameter asks for no hours, a node without points is granted nothing all the same."""
    with new_world(replace(PARAMETERS, burn=replace(PARAMETERS.burn, owner_grant_hours=0))) as world:
        fill(world, TO_OWNER)
        node = world.node()
        with world.chain.refuses("NotProven"):
            grant_owner(world, node)
        world.end_of(1)
        world.post_scores(1, (node[1], 1, 0))
        grant_owner(world, node)


def test_an_owner_is_granted_as_the_committee_and_the_accounts_say(world: World) -> None:
    """A majority, the node's own collateral, its own earner, an account of its authority."""
    fill(world, 10 * TO_OWNER)
    node, other, bare = world.node(), world.node(), world.node(collateral=False)
    hour(world, 1, *((actor, 1, 0) for _, actor in (node, other, bare)))
    hour(world, 2)
    with world.chain.refuses("NoQuorum"):
        grant_owner(world, node, world.committee[:1])
    with world.chain.refuses("CollateralMissing"):
        grant_owner(world, bare)
    grant, members = to_owner(world, node, world.committee[:2]), world.committee[:2]
    with world.chain.refuses("EarnerMismatch"):
        send(world, swapped(grant, addresses.earner(node[1]), addresses.earner(other[1])), members)
    for account in (world.usd(other[0]), addresses.burn_vault(), world.io(node[0])):
        with world.chain.refuses("InvalidAccountData"):
            send(world, swapped(grant, world.usd(node[0]), account), members)
    with world.chain.refuses("ConstraintDuplicateMutableAccount"):
        send(world, swapped(grant, world.usd(node[0]), addresses.incentives_vault()), members)
    assert granted(world) == 0
    grant_owner(world, node)
    grant_owner(world, other)
    assert granted(world) == 2 * TO_OWNER


# --- both ---


def test_a_vault_that_holds_less_pays_nothing(world: World) -> None:
    """A base unit too few, and the grant is refused whole; it can be made once the vault has filled."""
    user, node = newcomer(world), world.node()
    hour(world, 1, (node[1], 1, 0))
    hour(world, 2)
    fill(world, TO_USER - 1)
    with world.chain.refuses("IncentivesShort"):
        grant_user(world, user)
    fill(world, 1)
    with world.chain.refuses("IncentivesShort"):
        grant_owner(world, node)
    assert (incentives(world), granted(world)) == (TO_USER, 0)
    assert not world.chain.exists(addresses.grant(user[1]))
    grant_user(world, user)
    assert (incentives(world), granted(world)) == (0, TO_USER)


def test_grants_are_what_the_parameters_say_now(world: World) -> None:
    """The admin changes them from an epoch's start on; none is made where they are zero."""
    fill(world, 1_000 * USD)
    users, node = [newcomer(world) for _ in range(3)], world.node()
    nothing = replace(PARAMETERS.burn, user_grant=0, owner_grant=0)
    with world.chain.refuses("NotAdmin"):
        change(world, "burn", nothing, by=world.committee[0])
    start = takes_effect(world)
    change(world, "burn", nothing)
    world.chain.warp(timestamp=start - 1)
    grant_user(world, users[0])
    world.chain.warp(timestamp=start)
    with world.chain.refuses("GrantZero"):
        grant_user(world, users[1])
    world.post_scores(1, (node[1], 1, 0))
    world.finalize(1)
    world.close(1)
    world.finalize(2)
    world.close(2)
    with world.chain.refuses("GrantZero"):
        grant_owner(world, node)
    start = takes_effect(world)
    change(world, "burn", replace(PARAMETERS.burn, user_grant=7))
    world.chain.warp(timestamp=start)
    grant_user(world, users[1])
    assert world.chain.balance(addresses.credit(users[1][1])) == 7
    assert granted(world) == TO_USER + 7


def test_a_paused_auction_grants_and_sells_nothing(world: World) -> None:
    """Until it resumes."""
    fill(world, 1_000 * USD)
    world.prices()
    user, node, seller = newcomer(world), world.node(), world.person(io=1)
    pause(world, state.PAUSE_BITS["burn"])
    for attempt in (grant_user, grant_owner):
        with world.chain.refuses("Paused"):
            attempt(world, user if attempt is grant_user else node)
    with world.chain.refuses("Paused"):
        world.sell_io(seller, 1)
    pause(world, 0)
    grant_user(world, user)


def test_the_sum_of_grants_does_not_wrap(world: World) -> None:
    """A grant past what u64 can count is refused."""
    fill(world, TO_USER)
    user = newcomer(world)
    world.chain.forge(state.Auction, addresses.auction(), "granted_usd", U64_MAX - TO_USER + 1)
    with world.chain.refuses("Overflow"):
        grant_user(world, user)
    world.chain.forge(state.Auction, addresses.auction(), "granted_usd", U64_MAX - TO_USER)
    grant_user(world, user)
