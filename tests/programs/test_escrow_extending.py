"""Hours that a user adds to its job: at the job's own price, and never for less than the class costs."""

from solders.pubkey import Pubkey

from client import addresses, economics
from client.economics import USD
from client.instructions import escrow
from tests.programs.chain import swapped
from tests.programs.escrow_steps import (
    HOUR,
    PRICE,
    Actor,
    end_job,
    extend_job,
    job_of,
    opened,
    release_job,
    running,
    worked,
)
from tests.programs.escrow_steps import shared as shared  # a fixture
from tests.programs.world import U64_MAX, World

U32_MAX = 2**32 - 1


def test_hours_are_added_at_the_jobs_rate(shared: World) -> None:
    """An open and a running job get hours for exactly their rate, and the event says so."""
    for make in (opened, running):
        job, user, *_ = make(shared, processors=7, hours=2)  # type: ignore[operator] # both take these
        before = job_of(shared, job)
        (event,) = shared.chain.events(extend_job(shared, job, user, 3))
        after = job_of(shared, job)
        cost = 3 * before.rate_per_hour
        assert (after.hours, after.deposit) == (5, before.deposit + cost)
        assert after.end == before.end + 3 * HOUR
        assert shared.chain.balance(addresses.job_vault(job)) == after.deposit
        assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD - after.deposit
        assert (event.program, event.name) == ("escrow", "JobExtended")
        assert event.fields == {"job": job, "deposit": cost, "at": shared.chain.now(), "hours": 3}


def test_added_hours_are_worked_and_refunded_as_the_first(shared: World) -> None:
    """A job of one hour and one more pays two, and what of them was not worked comes back."""
    job, user, node = running(shared, hours=1)
    worked(shared, HOUR - 1, job, node)
    shared.prices()
    extend_job(shared, job, user)
    worked(shared, 1_001, job, node)
    shared.settle_job(job, node)
    found = job_of(shared, job)
    assert found.settled_usd == economics.earned(found.rate_per_hour, HOUR + 1_000)
    end_job(shared, job, user)
    shared.finish_job(job, user)
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD - found.settled_usd


def test_a_class_that_became_dearer_extends_no_job(shared: World) -> None:
    """A nano-dollar above the job's price is refused; the price itself, or less, is not: the rate stays."""
    job, user = opened(shared)
    rate = job_of(shared, job).rate_per_hour
    try:
        shared.prices(**{"4090": PRICE + 1})
        with shared.chain.refuses("PriceRisen"):
            extend_job(shared, job, user)
        for price in (PRICE, PRICE - 100):
            shared.prices(**{"4090": price})
            extend_job(shared, job, user)
    finally:
        shared.prices()
    assert job_of(shared, job).deposit == 4 * rate


def test_a_stale_price_extends_no_job(shared: World) -> None:
    """Without a fresh price nobody knows what the hours are worth."""
    job, user = opened(shared)
    shared.chain.warp(seconds=600)
    extend_job(shared, job, user)
    shared.chain.warp(seconds=1)
    with shared.chain.refuses("PriceStale"):
        extend_job(shared, job, user)


def test_the_price_is_that_of_the_class(shared: World) -> None:
    """Another class's feed, and IO's, are refused."""
    job, user = opened(shared)
    for symbol in ("H100", "IO"):
        extending = _extending(shared, job, user, symbol=symbol)
        with shared.chain.refuses("ClassMismatch"):
            shared.chain.send([extending], user[0])


def _extending(world: World, job: Pubkey, user: Actor, *, symbol: str = "4090", hours: int = 1):  # type: ignore[no-untyped-def]
    return escrow.extend_job(
        authority=user[0].pubkey(),
        job=job,
        hardware_class=symbol,
        hours=hours,
        max_deposit=U64_MAX,
        source=world.usd(user[0]),
    )


def test_only_its_user_extends_a_job(shared: World) -> None:
    """Neither another user nor the node adds hours, whoever would pay."""
    job, user, node = running(shared)
    other = shared.user()
    for signer in (other[0], node[0]):
        with shared.chain.refuses("NotAuthority"):
            extend_job(shared, job, (signer, user[1]))


def test_a_job_that_is_over_takes_no_hours(shared: World) -> None:
    """At its last second a job is extended; at its end, ended, or closed it is not."""
    job, user, node = running(shared, hours=1)
    shared.chain.warp(timestamp=job_of(shared, job).end - 1)
    shared.prices()
    extend_job(shared, job, user)
    shared.chain.warp(timestamp=job_of(shared, job).end)
    shared.prices()
    with shared.chain.refuses("JobOver"):
        extend_job(shared, job, user)
    shared.report_job(node, job)
    end_job(shared, job, user)
    with shared.chain.refuses("WrongState"):
        extend_job(shared, job, user)
    shared.settle_job(job, node)
    shared.finish_job(job, user)
    with shared.chain.refuses("AccountDataTooSmall"):  # its vault is gone, which is seen before its state
        extend_job(shared, job, user)


def test_hours_cost_the_maximum_at_most(shared: World) -> None:
    """A base unit above the caller's maximum is refused, as is no hour at all."""
    job, user = opened(shared)
    rate = job_of(shared, job).rate_per_hour
    with shared.chain.refuses("DepositAboveMaximum"):
        extend_job(shared, job, user, 2, max_deposit=2 * rate - 1)
    extend_job(shared, job, user, 2, max_deposit=2 * rate)
    with shared.chain.refuses("AmountZero"):
        extend_job(shared, job, user, 0)


def test_hours_that_cannot_be_counted_are_refused(shared: World) -> None:
    """Neither hours, nor their seconds, nor the deposit wrap."""
    job, user = opened(shared)
    for hours in (U32_MAX, U32_MAX // HOUR - 1):
        with shared.chain.refuses("Overflow"):
            extend_job(shared, job, user, hours)
    shared.chain.forge(type(job_of(shared, job)), job, "rate_per_hour", U64_MAX // 2)
    with shared.chain.refuses("Overflow"):
        extend_job(shared, job, user, 3)
    with shared.chain.refuses("Overflow"):  # the hours fit, and with the deposit before them they do not
        shared.chain.forge(type(job_of(shared, job)), job, "deposit", U64_MAX - 5)
        extend_job(shared, job, user, 1)


def test_hours_are_paid_for(shared: World) -> None:
    """A user without the dollars, or with another's, adds nothing."""
    user, rich = shared.user(usd=2 * PRICE // 1_000), shared.user()
    shared.prices()
    job = shared.open_job(user)
    with shared.chain.refuses("InsufficientFunds"):
        extend_job(shared, job, user)
    with shared.chain.refuses("OwnerMismatch"):
        stolen = swapped(_extending(shared, job, user), shared.usd(user[0]), shared.usd(rich[0]))
        shared.chain.send([stolen], user[0])
    with shared.chain.refuses("InvalidAccountData"):
        shared.chain.send([swapped(_extending(shared, job, user), shared.usd(user[0]), shared.io(user[0]))], user[0])
    assert job_of(shared, job).hours == 2


def test_a_job_that_waits_for_another_node_takes_hours(shared: World) -> None:
    """Hours can be added between two nodes, too."""
    job, user, node = running(shared, hours=2)
    worked(shared, HOUR, job, node)
    shared.settle_job(job, node)
    release_job(shared, job, node, node[0])
    shared.prices()
    extend_job(shared, job, user, 1)
    other = shared.node()
    shared.start_job(job, other[1])
    assert job_of(shared, job).end == shared.chain.now() + 2 * HOUR
