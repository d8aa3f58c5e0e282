"""Dollars that were granted to a user: they pay for its jobs, come back from them, and go nowhere else."""

import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, state
from client.economics import USD
from client.instructions import escrow, tokens
from tests.programs.chain import swapped
from tests.programs.escrow_steps import HOUR, PRICE, Actor, end_job, job_of, running, worked
from tests.programs.escrow_steps import shared as shared  # a fixture
from tests.programs.world import World

COST = 2 * PRICE // 1_000
"""Of two hours of a 4090, USD base units."""


def crediting(payer: Keypair, user: Pubkey, usd_mint: Pubkey) -> Instruction:
    return escrow.open_credit(payer=payer.pubkey(), user=user, usd_mint=usd_mint)


def granted(world: World, amount: int, *, usd: int = 1_000_000 * USD) -> Actor:
    """A user with so much credit, and so many dollars of its own (base units); fresh prices."""
    user = world.user(usd=usd)
    world.chain.send([crediting(world.admin, user[1], world.usd_mint)], world.admin)
    if amount:
        giver = world.person(usd=amount)
        giving = tokens.transfer(
            source=world.usd(giver), destination=addresses.credit(user[1]), owner=giver.pubkey(), amount=amount
        )
        world.chain.send([giving], giver)
    world.prices()
    return user


def credit_of(world: World, user: Actor) -> int:
    return world.chain.balance(addresses.credit(user[1]))


def test_anyone_opens_a_users_credit_once(shared: World) -> None:
    """A stranger may pay for the account; there is one for each user, and none for a node."""
    user, stranger = shared.user(), shared.person()
    shared.chain.send([crediting(stranger, user[1], shared.usd_mint)], stranger)
    assert shared.chain.exists(addresses.credit(user[1]))
    with shared.chain.refuses("AccountAlreadyInUse"):
        shared.chain.send([crediting(shared.admin, user[1], shared.usd_mint)], shared.admin)
    with shared.chain.refuses("NotAUser"):
        shared.chain.send([crediting(stranger, shared.node()[1], shared.usd_mint)], stranger)
    with shared.chain.refuses("ConstraintAddress"):
        shared.chain.send([crediting(stranger, shared.user()[1], shared.io_mint)], stranger)


def test_nobody_moves_credit(shared: World) -> None:
    """Neither the user nor anyone else signs for the account: its authority is the address of the terms."""
    user = granted(shared, 5 * USD)
    for owner in (user[0], shared.admin):
        cashing = tokens.transfer(
            source=addresses.credit(user[1]), destination=shared.usd(owner), owner=owner.pubkey(), amount=1
        )
        with shared.chain.refuses("OwnerMismatch"):
            shared.chain.send([cashing], owner)
    assert credit_of(shared, user) == 5 * USD


@pytest.mark.parametrize("credit", [1, COST - 1, COST])
def test_credit_pays_for_a_job(shared: World, credit: int) -> None:
    """What is asked for comes from the credit, the rest from the user; the event says so."""
    user = granted(shared, 10 * USD)
    job = shared.open_job(user, from_credit=credit)
    assert credit_of(shared, user) == 10 * USD - credit
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD - COST + credit
    assert shared.chain.balance(addresses.job_vault(job)) == COST
    assert (job_of(shared, job).deposit, job_of(shared, job).granted) == (COST, credit)


def test_a_user_without_a_dollar_rents_with_credit(shared: World) -> None:
    """Credit alone opens a job."""
    user = granted(shared, COST, usd=0)
    job = shared.open_job(user, from_credit=COST)
    assert job_of(shared, job).granted == COST


def test_no_more_credit_is_taken_than_the_job_costs(shared: World) -> None:
    """A price that fell since the user asked leaves the difference in the credit."""
    user = granted(shared, 10 * USD)
    job = shared.open_job(user, from_credit=10 * USD)
    assert job_of(shared, job).granted == COST
    assert credit_of(shared, user) == 10 * USD - COST


def test_credit_must_be_there(shared: World) -> None:
    """More than the account holds, no account, and another user's account are refused."""
    user, other = granted(shared, COST - 1), granted(shared, 10 * USD)
    with shared.chain.refuses("InsufficientFunds"):
        shared.open_job(user, from_credit=COST)
    opening = escrow.open_job(
        authority=user[0].pubkey(),
        user=user[1],
        id=1,
        hardware_class="4090",
        processors=1,
        hours=2,
        max_deposit=COST,
        usd_mint=shared.usd_mint,
        source=shared.usd(user[0]),
        from_credit=1,
    )
    with shared.chain.refuses("InvalidSeeds"):
        shared.chain.send([swapped(opening, addresses.credit(user[1]), addresses.credit(other[1]))], user[0])
    absent = swapped(opening, addresses.credit(user[1]), opening.program_id)
    with shared.chain.refuses("CreditMissing"):
        shared.chain.send([absent], user[0])


def _worked_on_credit(world: World, credit: int, seconds: int) -> tuple[Pubkey, Actor, Actor]:
    """A job of two hours that was ended after so many seconds, and settled."""
    user, node = granted(world, credit), world.node()
    job = world.open_job(user, from_credit=credit)
    world.start_job(job, node[1])
    worked(world, seconds, job, node)
    end_job(world, job, user)
    world.settle_job(job, node)
    return job, user, node


@pytest.mark.parametrize(
    ("credit", "seconds", "back_to_credit", "back_to_user"),
    [
        (COST, HOUR, COST // 2, 0),
        (COST // 4, HOUR, 0, COST // 2),
        (COST // 2, HOUR, 0, COST // 2),
        (COST // 2 + 1, HOUR, 1, COST // 2 - 1),
        (COST, 2 * HOUR, 0, 0),
        (COST - 1, 9, COST - 1_000 - 1, 1),
    ],
)
def test_work_spends_credit_first(
    shared: World, credit: int, seconds: int, back_to_credit: int, back_to_user: int
) -> None:
    """What work did not spend of the credit goes back to it, and the rest to the user: to the base unit."""
    job, user, _ = _worked_on_credit(shared, credit, seconds)
    (event,) = shared.chain.events(shared.finish_job(job, user, caller=shared.admin))
    assert (event.fields["credit"], event.fields["refund"]) == (back_to_credit, back_to_user)
    assert credit_of(shared, user) == back_to_credit
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD - (COST - credit) + back_to_user
    assert event.fields["deposit"] == event.fields["settled"] + back_to_credit + back_to_user
    assert not shared.chain.exists(addresses.job_vault(job))


def test_a_cancelled_job_gives_its_credit_back(shared: World) -> None:
    """Opening and taking back a job cashes nothing: what was granted is credit again."""
    user = granted(shared, 10 * USD)
    job = shared.open_job(user, from_credit=COST - 7)
    shared.finish_job(job, user)
    assert job_of(shared, job).state == state.Job.CANCELLED
    assert credit_of(shared, user) == 10 * USD
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD


def test_credit_goes_back_to_its_own_user(shared: World) -> None:
    """Where granted dollars are left, a job is not finished without its user's account, nor into another's."""
    job, user, _ = _worked_on_credit(shared, COST, HOUR)
    other = granted(shared, 0)
    finishing = escrow.finish_job(
        caller=user[0].pubkey(),
        job=job,
        authority=user[0].pubkey(),
        user_usd=shared.usd(user[0]),
        credit=addresses.credit(user[1]),
    )
    for wrong in (addresses.credit(other[1]), shared.usd(user[0])):
        with shared.chain.refuses(
            "InvalidSeeds" if wrong != shared.usd(user[0]) else "ConstraintDuplicateMutableAccount"
        ):
            shared.chain.send([swapped(finishing, addresses.credit(user[1]), wrong)], user[0])
    with shared.chain.refuses("CreditMissing"):
        shared.chain.send([swapped(finishing, addresses.credit(user[1]), finishing.program_id)], user[0])
    shared.chain.send([finishing], user[0])


def test_a_gift_to_the_vault_is_no_credit(shared: World) -> None:
    """What a stranger puts into a job's vault is the user's own; what was granted stays granted."""
    job, user, _ = _worked_on_credit(shared, COST, HOUR)
    giver = shared.person(usd=5)
    giving = tokens.transfer(
        source=shared.usd(giver), destination=addresses.job_vault(job), owner=giver.pubkey(), amount=5
    )
    shared.chain.send([giving], giver)
    shared.finish_job(job, user)
    assert credit_of(shared, user) == COST // 2
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD + 5


def test_a_job_without_credit_needs_no_account(shared: World) -> None:
    """A user that was never granted anything rents and is refunded as ever."""
    job, user, node = running(shared)
    worked(shared, HOUR, job, node)
    end_job(shared, job, user)
    shared.settle_job(job, node)
    shared.finish_job(job, user)
    assert not shared.chain.exists(addresses.credit(user[1]))
