"""Jobs and their dollars: who ends a job, and where every base unit that is left goes."""

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from client import addresses, economics, state
from client.economics import USD
from client.instructions import escrow, tokens
from tests.programs.chain import swapped
from tests.programs.escrow_steps import HOUR, PRICE, Actor, end_job, job_of, opened, running, vaults, worked
from tests.programs.escrow_steps import shared as shared  # a fixture
from tests.programs.world import World


def finishing(world: World, job: Pubkey, user: Actor, caller: Keypair | None = None) -> Instruction:
    owner = user[0]
    return escrow.finish_job(
        caller=(caller or owner).pubkey(), job=job, authority=owner.pubkey(), user_usd=world.usd(owner)
    )


# --- finishing ---


def test_an_unstarted_job_is_refunded_in_full(shared: World) -> None:
    """A user takes a job that nobody began back: all dollars, and the vault's rent."""
    job, user = opened(shared, hours=5)
    rent, sol = shared.chain.lamports(addresses.job_vault(job)), shared.chain.lamports(user[0].pubkey())
    assert rent > 0
    signature = shared.chain.send([finishing(shared, job, user)], shared.admin, user[0])
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD
    assert not shared.chain.exists(addresses.job_vault(job))
    assert shared.chain.lamports(user[0].pubkey()) == sol + rent
    (event,) = shared.chain.events(signature)
    assert (event.program, event.name) == ("escrow", "JobFinished")
    deposit = 5 * PRICE // 1_000
    assert event.fields == {
        "job": job,
        "deposit": deposit,
        "settled": 0,
        "refund": deposit,
        "credit": 0,
        "bond": 0,
        "at": shared.chain.now(),
        "worked_seconds": 0,
        "state": state.Job.CANCELLED,
    }
    assert job_of(shared, job).state == state.Job.CANCELLED


def test_nobody_closes_a_job_before_its_time(shared: World) -> None:
    """Before its last second nobody closes a running job, its user included; from then on anyone does.

    A waiting job is never over: its user alone takes it back.
    """
    waiting, owner = opened(shared, hours=1)
    job, user, node = running(shared, hours=1)
    stranger = shared.person()
    shared.chain.warp(timestamp=job_of(shared, job).end - 1)
    for caller in (stranger, node[0], shared.admin, user[0]):
        with shared.chain.refuses("NotOver"):
            shared.finish_job(job, user, caller=caller)
    shared.chain.warp(seconds=1)
    shared.finish_job(job, user, caller=stranger)
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD
    assert job_of(shared, job).state == state.Job.CANCELLED  # nothing was worked, so nobody was paid
    with shared.chain.refuses("NotAuthority"):
        shared.finish_job(waiting, owner, caller=stranger)


def test_reported_work_is_settled_before_the_end(shared: World) -> None:
    """Nobody, the user included, closes a job over work that was reported and not paid."""
    job, user, node = running(shared, processors=7, hours=2)
    worked(shared, HOUR + 11, job, node)
    shared.settle_job(job, node)
    worked(shared, 1, job, node)
    shared.chain.warp(seconds=HOUR)
    for caller in (user[0], shared.admin):
        with shared.chain.refuses("SettleFirst"):
            shared.finish_job(job, user, caller=caller)
    shared.settle_job(job, node)
    with shared.chain.refuses("JobMismatch"):
        shared.report_job(shared.node(), job)
    shared.finish_job(job, user, caller=shared.admin)
    found = job_of(shared, job)
    assert (found.settled_seconds, found.state) == (HOUR + 12, state.Job.SETTLED)
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD - found.settled_usd


def test_the_last_seconds_of_a_node_that_reports_are_not_taken(shared: World) -> None:
    """A node that reported lately has its time for a last report, up to the end; one that is silent has not."""
    job, user, node = running(shared, hours=2)
    worked(shared, 2 * HOUR - 100, job, node)
    shared.settle_job(job, node)
    shared.chain.warp(seconds=800)  # 900 s after the report, 700 s after the end
    for caller in (user[0], shared.admin):
        with shared.chain.refuses("NodeAlive"):
            shared.finish_job(job, user, caller=caller)
    shared.report_job(node, job)
    with shared.chain.refuses("SettleFirst"):
        shared.finish_job(job, user)
    shared.settle_job(job, node)
    shared.finish_job(job, user, caller=shared.admin)
    assert job_of(shared, job).settled_usd == job_of(shared, job).deposit

    job, user, node = running(shared, hours=2)
    worked(shared, 2 * HOUR - 100, job, node)
    shared.settle_job(job, node)
    shared.chain.warp(seconds=901)
    shared.finish_job(job, user, caller=shared.admin)
    assert job_of(shared, job).settled_seconds == 2 * HOUR - 100


def test_work_below_the_minimum_is_refunded_when_the_hours_are_over(shared: World) -> None:
    """A node that worked a second less than the minimum and then fell silent was not paid: all dollars come back."""
    job, user, node = running(shared)
    before = vaults(shared)
    worked(shared, HOUR - 1, job, node)
    shared.chain.warp(seconds=HOUR + 1)
    shared.finish_job(job, user, caller=shared.admin)
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD
    assert shared.chain.balance(shared.usd(node[0])) == 0
    assert vaults(shared) == before


# --- ending ---


def test_a_user_ends_a_job_at_any_second_and_pays_for_it(shared: World) -> None:
    """Neither the minimum nor a missing report makes work free: a node that reported lately is paid until now."""
    for seconds in (1, 900, HOUR - 1, HOUR + 1):
        job, user, node = running(shared, processors=7)
        rate = job_of(shared, job).rate_per_hour
        if seconds > 900:
            worked(shared, seconds - 17, job, node)
            shared.chain.warp(seconds=17)
        else:
            shared.chain.warp(seconds=seconds)
        (event,) = shared.chain.events(end_job(shared, job, user))
        assert (event.program, event.name) == ("escrow", "JobEnded")
        assert event.fields == {"job": job, "node": node[1], "at": shared.chain.now(), "worked_seconds": seconds}
        assert job_of(shared, job).state == state.Job.ENDED
        shared.chain.warp(seconds=1_000)
        for caller in (user[0], shared.admin):
            with shared.chain.refuses("SettleFirst"):
                shared.finish_job(job, user, caller=caller)
        shared.settle_job(job, node)
        with shared.chain.refuses("NothingToSettle"):
            shared.settle_job(job, node)
        shared.finish_job(job, user, caller=shared.admin)
        found = job_of(shared, job)
        assert (found.settled_seconds, found.settled_usd) == (seconds, economics.earned(rate, seconds))
        assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD - found.settled_usd


def test_a_silent_node_is_paid_up_to_its_last_report(shared: World) -> None:
    """A second after its time to report, what a node did not report is not paid when the user ends the job."""
    job, user, node = running(shared)
    worked(shared, 100, job, node)
    shared.chain.warp(seconds=901)
    end_job(shared, job, user)
    assert job_of(shared, job).worked_seconds == 100


def test_an_ended_job_costs_its_hours_at_most(shared: World) -> None:
    """A job that its user ends after its hours was worked on until they were over."""
    job, user, node = running(shared, hours=1)
    worked(shared, HOUR - 1, job, node)
    shared.chain.warp(seconds=100)
    end_job(shared, job, user)
    assert job_of(shared, job).worked_seconds == HOUR
    shared.settle_job(job, node)
    shared.finish_job(job, user)
    assert job_of(shared, job).settled_usd == job_of(shared, job).deposit


def test_only_its_user_ends_a_running_job_and_once(shared: World) -> None:
    """Neither node nor router nor admin ends a job; a job that waits or has ended is not ended again."""
    waiting, owner = opened(shared)
    with shared.chain.refuses("WrongState"):
        end_job(shared, waiting, owner)
    job, user, node = running(shared)
    for signer in (node[0], shared.router, shared.admin, owner[0]):
        with shared.chain.refuses("NotAuthority"):
            end_job(shared, job, (signer, user[1]))
    end_job(shared, job, user)
    with shared.chain.refuses("WrongState"):
        end_job(shared, job, user)


def test_a_job_ends_once(shared: World) -> None:
    """A second refund is refused."""
    job, user = opened(shared)
    shared.finish_job(job, user)
    for caller in (user[0], shared.admin):
        with shared.chain.refuses("AccountDataTooSmall"):  # its vault is gone, which is seen before its state
            shared.finish_job(job, user, caller=caller)
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD


def test_a_refund_is_the_users(shared: World) -> None:
    """Whoever ends a job, dollars and rent go to its user: other accounts, and other jobs' vaults, are refused."""
    job, user, _ = running(shared, hours=1)
    other_job, other = opened(shared)
    shared.chain.warp(seconds=HOUR)
    thief = shared.person()
    finish = finishing(shared, job, user, caller=thief)
    cases = (
        (shared.usd(user[0]), shared.usd(thief), "InvalidAccountData"),
        (shared.usd(user[0]), shared.io(user[0]), "InvalidAccountData"),
        (user[0].pubkey(), other[0].pubkey(), "JobMismatch"),
        (addresses.job_vault(job), addresses.job_vault(other_job), "InvalidSeeds"),
        (job, other_job, "InvalidSeeds"),
    )
    for old, new, name in cases:
        with shared.chain.refuses(name):
            shared.chain.send([swapped(finish, old, new)], thief)
    shared.chain.send([finish], thief)
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD
    assert shared.chain.balance(shared.usd(thief)) == 0


def test_every_dollar_of_a_job_is_accounted_for(shared: World) -> None:
    """Deposit = dollars + fee + burn + refund, to the base unit, for jobs that end at any second."""
    for seconds in (1, HOUR, HOUR + 1, 5_003, 2 * HOUR - 1, 2 * HOUR):
        job, user, node = running(shared, processors=7, hours=2, dollar_share_bp=3_333)
        before = vaults(shared)
        worked(shared, seconds, job, node)
        end_job(shared, job, user)
        shared.settle_job(job, node)
        shared.finish_job(job, user)
        after = vaults(shared)
        refund = shared.chain.balance(shared.usd(user[0])) - 1_000_000 * USD + job_of(shared, job).deposit
        dollars = shared.chain.balance(shared.usd(node[0]))
        assert job_of(shared, job).deposit == dollars + refund + sum(after) - sum(before)


def _finished_with_a_gift(world: World) -> tuple[str, Actor]:
    """A job that ends with 5 base units more in its vault than were paid in; the ending's signature, and the user."""
    job, user = opened(world)
    giver = world.person(usd=5)
    giving = tokens.transfer(
        source=world.usd(giver), destination=addresses.job_vault(job), owner=giver.pubkey(), amount=5
    )
    world.chain.send([giving], giver)
    return world.finish_job(job, user), user


def test_a_gift_to_a_jobs_vault_keeps_nothing_from_ending(shared: World) -> None:
    """Dollars that a stranger puts into a job's vault go to its user, and the vault closes."""
    _, user = _finished_with_a_gift(shared)
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD + 5
    assert not shared.chain.exists(addresses.job_vault(addresses.job(user[1], 1)))


def test_a_gift_does_not_unbalance_the_event(shared: World) -> None:
    """A job's deposit is what was settled and what is refunded, whatever strangers put into its vault."""
    signature, _ = _finished_with_a_gift(shared)
    (event,) = shared.chain.events(signature)
    assert event.fields["deposit"] == event.fields["settled"] + event.fields["refund"]


def test_lamports_given_to_a_vault_come_back_with_its_rent(shared: World) -> None:
    """SOL sent to a job's vault is the user's when the vault closes."""
    job, user = opened(shared)
    vault, owner = addresses.job_vault(job), user[0].pubkey()
    giving = transfer(TransferParams(from_pubkey=shared.admin.pubkey(), to_pubkey=vault, lamports=12_345))
    shared.chain.send([giving], shared.admin)
    held, sol = shared.chain.lamports(vault), shared.chain.lamports(owner)
    shared.chain.send([finishing(shared, job, user)], shared.admin, user[0])
    assert shared.chain.lamports(owner) == sol + held


def test_jobs_of_one_user_are_apart(shared: World) -> None:
    """Two jobs of one user on one node are paid and refunded each from its own vault."""
    user, node = shared.user(), shared.node(processors=2)
    shared.prices()
    first, second = (shared.open_job(user, id=id, processors=id, hours=2) for id in (1, 2))
    for job in (first, second):
        shared.start_job(job, node[1])
    worked(shared, HOUR, first, node)
    end_job(shared, first, user)
    shared.settle_job(first, node)
    shared.finish_job(first, user)
    assert shared.chain.balance(addresses.job_vault(second)) == job_of(shared, second).deposit
    assert job_of(shared, second).settled_usd == 0
    shared.chain.warp(seconds=HOUR)
    shared.finish_job(second, user)
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD - job_of(shared, first).settled_usd
