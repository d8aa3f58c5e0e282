"""Slashing: a majority proposes, and what nobody appeals against, anyone has executed."""

import pytest
from solders.keypair import Keypair

from client import addresses, economics, state
from client.economics import IO
from client.instructions import slashes
from client.offences import OFFENCES
from client.state import Actor, Slash
from tests.programs.chain import swapped
from tests.programs.staking_steps import (
    DAY,
    EVIDENCE,
    FRAUD,
    HALF,
    accused,
    actor_of,
    claim,
    delegate,
    delegator,
    execute,
    pooled,
    propose,
    reward,
    slash_of,
    slashed,
    ticket_of,
    undelegate,
    value_of,
    vault,
    withdraw,
    withdraw_collateral,
)
from tests.programs.staking_steps import shared as shared  # a fixture
from tests.programs.world import U64_MAX, World

# --- proposals ---


def test_a_proposal_is_what_the_majority_signed(shared: World) -> None:
    """A slash waits for an appeal; it says what was seen and what it costs."""
    _, node = pooled(shared)
    (event,) = shared.chain.events(propose(shared, node, 3, id=9))
    at, address = shared.chain.now(), addresses.slash(node, 9)
    assert slash_of(shared, node, 9) == Slash(
        actor=node,
        proposer=shared.admin.pubkey(),
        evidence=EVIDENCE,
        bond=0,
        deadline=at + 3 * DAY,
        id=9,
        fraction_bp=2_000,
        offence=3,
        state=Slash.PROPOSED,
    )
    assert actor_of(shared, node).pending_slashes == 1
    assert event.name == "SlashProposed"
    assert event.fields == {
        "actor": node,
        "slash": address,
        "proposer": shared.admin.pubkey(),
        "evidence": list(EVIDENCE),
        "deadline": at + 3 * DAY,
        "at": at,
        "fraction_bp": 2_000,
        "offence": 3,
    }


@pytest.mark.parametrize("offence", OFFENCES)
def test_each_offence_has_its_price(shared: World, offence: int) -> None:
    """What an offence costs is written in the program, and nothing else can be taken."""
    _, node = pooled(shared)
    staker = delegator(shared, node, 1_000_000)
    collateral, fraction_bp = actor_of(shared, node).collateral, OFFENCES[offence][1]
    slashed(shared, node, offence)
    kept = 10_000 - fraction_bp
    assert actor_of(shared, node).collateral == collateral * kept // 10_000
    assert 0 <= 100 * kept - value_of(shared, node, staker) <= 1


@pytest.mark.parametrize("offence", [0, 6, 255])
def test_an_offence_is_one_of_the_five(shared: World, offence: int) -> None:
    """Nobody is slashed for what is not in the list."""
    _, node = pooled(shared)
    with shared.chain.refuses("OffenceUnknown"):
        propose(shared, node, offence)


def test_a_minority_slashes_nobody(shared: World) -> None:
    """One member of three is no majority; a stranger's signature, and the same member's twice, count for nothing."""
    _, node = pooled(shared)
    member, stranger = shared.committee[0], shared.person()
    with shared.chain.refuses("NoQuorum"):
        propose(shared, node, signers=1)
    with shared.chain.refuses("NoQuorum"):
        propose(shared, node, signers=0)
    for signers in ([member.pubkey(), stranger.pubkey()], [member.pubkey(), member.pubkey()]):
        proposing = slashes.propose_slash(
            proposer=stranger.pubkey(), actor=node, id=1, offence=1, evidence=EVIDENCE, signers=signers
        )
        with shared.chain.refuses("NoQuorum"):
            shared.chain.send([proposing], stranger, member)


def test_a_member_may_pay_for_a_proposal(shared: World) -> None:
    """Who pays the rent may be one of those who sign, and counts as such."""
    _, node = pooled(shared)
    members = shared.committee[:2]
    proposing = slashes.propose_slash(
        proposer=members[0].pubkey(),
        actor=node,
        id=1,
        offence=1,
        evidence=EVIDENCE,
        signers=[member.pubkey() for member in members],
    )
    shared.chain.send([proposing], *members)
    assert slash_of(shared, node).proposer == members[0].pubkey()


def test_a_slash_has_its_number(shared: World) -> None:
    """Several slashes wait side by side, each with a number of its own."""
    _, node = accused(shared)
    with shared.chain.refuses("AccountAlreadyInUse"):
        propose(shared, node, 1, id=1)
    propose(shared, node, 1, id=2)
    assert actor_of(shared, node).pending_slashes == 2


def test_no_more_slashes_wait_than_can_be_counted(shared: World) -> None:
    """One that could not be counted is refused."""
    _, node = pooled(shared)
    shared.chain.forge(Actor, node, "pending_slashes", 255, 1)
    with shared.chain.refuses("Overflow"):
        propose(shared, node)


# --- while a slash waits ---


def test_nothing_leaves_a_pool_that_waits_for_a_slash(shared: World) -> None:
    """Tickets are not paid, and nobody delegates into the trap; asking for stake and claiming rewards go on."""
    owner, node = pooled(shared)
    staker = delegator(shared, node, 10 * IO)
    undelegate(shared, node, staker, IO)
    withdraw_collateral(shared, (owner, node), IO)
    shared.chain.warp(seconds=21 * DAY)
    propose(shared, node)
    for waiting in (owner, staker):
        with shared.chain.refuses("SlashPending"):
            withdraw(shared, node, waiting)
    with shared.chain.refuses("SlashPending"):
        delegate(shared, node, staker, 1)
    undelegate(shared, node, staker, IO, id=2)
    withdraw_collateral(shared, (owner, node), IO, id=2)
    reward(shared, node, IO)
    claim(shared, node, staker)
    shared.chain.warp(seconds=3 * DAY)
    execute(shared, node)
    for waiting in (owner, staker):
        withdraw(shared, node, waiting)
    assert shared.chain.balance(shared.io(staker)) == 990 * IO + IO * 8 // 10 + (IO - 1)


def test_a_pool_waits_for_the_last_of_its_slashes(shared: World) -> None:
    """Two slashes keep it until both are over."""
    _, node = pooled(shared)
    staker = delegator(shared, node, IO)
    propose(shared, node, 1, id=1)
    propose(shared, node, 1, id=2)
    shared.chain.warp(seconds=3 * DAY)
    execute(shared, node, id=2)
    with shared.chain.refuses("SlashPending"):
        delegate(shared, node, staker, 1)
    execute(shared, node, id=1)
    delegate(shared, node, staker, 1)


# --- execution ---


def test_stake_and_unbonding_lose_the_same_part(shared: World) -> None:
    """Delegated, unbonding, collateral and collateral on its way out: a half of each is burned, and no more."""
    owner, node = pooled(shared)
    stays, leaves = delegator(shared, node, 10 * IO), delegator(shared, node, 10 * IO)
    other = delegator(shared, pooled(shared)[1], 10 * IO)
    undelegate(shared, node, leaves, 10 * IO)
    collateral = actor_of(shared, node).collateral
    withdraw_collateral(shared, (owner, node), 100 * IO)
    propose(shared, node, HALF)
    shared.chain.warp(seconds=3 * DAY)
    held, supply = vault(shared), shared.chain.supply(shared.io_mint)
    burned_before = shared.chain.account(state.Registry, addresses.registry()).slashed_io
    rent = shared.chain.lamports(addresses.slash(node, 1))
    lamports = shared.chain.lamports(shared.admin.pubkey())
    (event,) = shared.chain.events(execute(shared, node))

    burned = (20 * IO + collateral) // 2
    assert vault(shared) == held - burned
    assert shared.chain.supply(shared.io_mint) == supply - burned
    assert shared.chain.account(state.Registry, addresses.registry()).slashed_io == burned_before + burned
    assert not shared.chain.exists(addresses.slash(node, 1))
    assert shared.chain.lamports(shared.admin.pubkey()) == lamports + rent
    pool = actor_of(shared, node)
    assert value_of(shared, node, stays) == 5 * IO
    assert economics.value_of(ticket_of(shared, node, leaves, 1).shares, pool.index) == 5 * IO
    assert economics.value_of(ticket_of(shared, node, owner, 1).shares, pool.index) == 50 * IO
    assert (pool.collateral, pool.stake) == ((collateral - 100 * IO) // 2, 60 * IO)
    assert pool.pending_slashes == 0
    assert delegation_is_whole(shared, other)
    assert event.name == "SlashExecuted"
    assert event.fields == {
        "actor": node,
        "slash": addresses.slash(node, 1),
        "burned": burned,
        "bond": 0,
        "index": economics.pool.ONE // 2,
        "stake": 60 * IO,
        "collateral": (collateral - 100 * IO) // 2,
        "at": shared.chain.now(),
    }
    shared.chain.warp(seconds=21 * DAY)
    withdraw(shared, node, leaves)
    withdraw(shared, node, owner)
    assert shared.chain.balance(shared.io(leaves)) == 995 * IO


def delegation_is_whole(world: World, owner: Keypair) -> bool:
    """Whether somebody who delegated 10 IO of 1,000 has the rest in the wallet, as before."""
    return world.chain.balance(world.io(owner)) == 990 * IO


def test_a_pool_can_lose_everything(shared: World) -> None:
    """Fraud burns all; tickets of nothing are paid nothing, and give their rent back."""
    owner, node = pooled(shared)
    staker = delegator(shared, node, 10 * IO)
    undelegate(shared, node, staker, 4 * IO)
    withdraw_collateral(shared, (owner, node), IO)
    slashed(shared, node, FRAUD)
    pool = actor_of(shared, node)
    assert (pool.index, pool.stake, pool.collateral) == (0, 0, 0)
    shared.chain.warp(seconds=21 * DAY)
    lamports = shared.chain.lamports(staker.pubkey())
    withdraw(shared, node, staker)
    withdraw(shared, node, owner)
    assert shared.chain.balance(shared.io(staker)) == 990 * IO
    assert shared.chain.lamports(staker.pubkey()) > lamports
    assert actor_of(shared, node).unbonding_shares == 0
    slashed(shared, node, FRAUD, id=2)


def test_a_proposal_is_executed_when_nobody_appealed(shared: World) -> None:
    """Not a second before the deadline; anyone may then, once."""
    _, node = accused(shared)
    shared.chain.warp(seconds=3 * DAY - 1)
    with shared.chain.refuses("DeadlineAhead"):
        execute(shared, node)
    shared.chain.warp(seconds=1)
    execute(shared, node)
    with shared.chain.refuses("AccountDataTooSmall"):
        execute(shared, node)


def test_a_slash_is_of_its_actor(shared: World) -> None:
    """Nobody has another actor slashed in its place, or the rent paid to another wallet."""
    _, node = accused(shared)
    _, other = pooled(shared)
    shared.chain.warp(seconds=3 * DAY)
    proposer = shared.admin.pubkey()
    executing = slashes.execute_slash(actor=node, id=1, proposer=proposer, io_mint=shared.io_mint)
    thief = shared.person()
    for error, old, new in (("ActorMismatch", node, other), ("NotOwner", proposer, thief.pubkey())):
        with shared.chain.refuses(error):
            shared.chain.send([swapped(executing, old, new)], thief)


def test_what_could_not_be_burned_is_refused(shared: World) -> None:
    """Sums that do not fit are refused before anything burns."""
    _, node = accused(shared)
    shared.chain.warp(seconds=3 * DAY)
    delegator(shared, pooled(shared)[1], 1)
    shared.chain.forge(Actor, node, "shares", U64_MAX)
    shared.chain.forge(Actor, node, "unbonding_shares", 1)
    with shared.chain.refuses("Overflow"):
        execute(shared, node)
