"""Jobs and their dollars: who opens, works and ends them, and where every base unit goes."""

from collections.abc import Iterator
from itertools import count

import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from client import addresses, economics, state
from client.economics import USD
from client.idl import program_id
from client.instructions import escrow, oracle, staking, tokens
from client.network import Parameters
from tests.programs.world import PRICES_NANO_USD, U64_MAX, World, new_world, swapped

Actor = tuple[Keypair, Pubkey]

HOUR = 3_600
PRICE = PRICES_NANO_USD["4090"]
U32_MAX = 2**32 - 1

symbols = (f"TEST-{number}" for number in count(1))


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    """A network whose epoch 1 is over and stays open.

    Time goes on from test to test; each has its own people and jobs, and fresh prices when it opens one.
    """
    with new_world() as world:
        world.end_of(1)
        yield world


def job_of(world: World, job: Pubkey) -> state.Job:
    return world.chain.account(state.Job, job)


def opening(
    world: World,
    user: Actor,
    *,
    id: int = 1,
    hardware_class: str = "4090",
    processors: int = 1,
    hours: int = 2,
    max_deposit: int = U64_MAX,
) -> Instruction:
    owner, actor = user
    return escrow.open_job(
        authority=owner.pubkey(),
        user=actor,
        id=id,
        hardware_class=hardware_class,
        processors=processors,
        hours=hours,
        max_deposit=max_deposit,
        usd_mint=world.usd_mint,
        source=world.usd(owner),
    )


def opened(world: World, *, processors: int = 1, hours: int = 2) -> tuple[Pubkey, Actor]:
    """A job that no node has, and its user."""
    user = world.user()
    world.prices()
    return world.open_job(user, processors=processors, hours=hours), user


def running(
    world: World, *, processors: int = 1, hours: int = 2, dollar_share_bp: int = 6_000
) -> tuple[Pubkey, Actor, Actor]:
    """A job that a node has just begun, its user and the node."""
    job, user = opened(world, processors=processors, hours=hours)
    node = world.node(processors=processors, dollar_share_bp=dollar_share_bp)
    world.start_job(job, node[1])
    return job, user, node


def worked(world: World, seconds: int, job: Pubkey, node: Actor) -> None:
    """So many seconds go by, and the node reports them."""
    world.chain.warp(seconds=seconds)
    world.report_job(node, job)


def starting(world: World, job: Pubkey, node: Pubkey) -> Instruction:
    return escrow.start_job(router=world.router.pubkey(), job=job, node=node)


def reporting(job: Pubkey, node: Actor) -> Instruction:
    return escrow.report_job(authority=node[0].pubkey(), node=node[1], job=job, digest=bytes(32))


def settling(world: World, job: Pubkey, node: Actor) -> Instruction:
    return escrow.settle_job(job=job, node=node[1], node_usd=world.usd(node[0]), coupon_epoch=0)


def finishing(world: World, job: Pubkey, user: Actor, caller: Keypair | None = None) -> Instruction:
    owner = user[0]
    return escrow.finish_job(
        caller=(caller or owner).pubkey(), job=job, authority=owner.pubkey(), user_usd=world.usd(owner)
    )


def vaults(world: World) -> tuple[int, int]:
    """Dollars in the burn vault and in the incentives vault."""
    return world.chain.balance(addresses.burn_vault()), world.chain.balance(addresses.incentives_vault())


def initialization(admin: Pubkey, usd_mint: Pubkey, **changed: object) -> Instruction:
    p = Parameters()
    terms = {
        "router": admin,
        "min_work_seconds": p.min_work_seconds,
        "fee_bp": p.fee_bp,
        "fee_burn_bp": p.fee_burn_bp,
        "max_bonus_bp": p.max_bonus_bp,
        "discount_reputation": p.discount_reputation,
        "discount_bp": p.discount_bp,
    }
    return escrow.initialize(admin=admin, usd_mint=usd_mint, **(terms | changed))  # type: ignore[arg-type] # as above


# --- initialisation ---


def test_a_stranger_does_not_initialise(bare: World) -> None:
    """Only the upgrade authority sets the terms."""
    stranger = bare.person()
    with bare.chain.refuses("NotUpgradeAuthority"):
        bare.chain.send([initialization(stranger.pubkey(), bare.usd_mint)], stranger)


def test_the_mint_has_6_decimals(bare: World) -> None:
    """Another mint than the dollar's, here IO, is refused."""
    with bare.chain.refuses("MintInvalid"):
        bare.chain.send([initialization(bare.admin.pubkey(), bare.io_mint)], bare.admin)


@pytest.mark.parametrize("changed", [{"fee_bp": 2_001}, {"fee_burn_bp": 10_001}, {"max_bonus_bp": 10_001}])
def test_parameters_have_ranges(bare: World, changed: dict[str, int]) -> None:
    """A fee is 20% at most, its burned part and the bonus are a whole at most."""
    with bare.chain.refuses("ParameterOutOfRange"):
        bare.chain.send([initialization(bare.admin.pubkey(), bare.usd_mint, **changed)], bare.admin)


@pytest.mark.parametrize(
    "changed",
    [
        {"discount_reputation": (0, 5_000, 2_500, 7_500)},
        {"discount_bp": (0, 200, 100, 300)},
        {"discount_bp": (0, 100, 200, 5_001)},
    ],
    ids=["reputation falls", "discount falls", "more than half"],
)
def test_discounts_rise_with_reputation(bare: World, changed: dict[str, tuple[int, ...]]) -> None:
    """Bands out of order, or a discount of more than half, are refused."""
    with bare.chain.refuses("DiscountsUnsorted"):
        bare.chain.send([initialization(bare.admin.pubkey(), bare.usd_mint, **changed)], bare.admin)


def test_the_terms_are_set_once(shared: World) -> None:
    """A second initialisation is refused: fee and router stay."""
    before = shared.chain.account(state.Terms, addresses.terms())
    with shared.chain.refuses("AccountAlreadyInUse"):
        shared.chain.send([initialization(shared.admin.pubkey(), shared.usd_mint, fee_bp=0)], shared.admin)
    assert shared.chain.account(state.Terms, addresses.terms()) == before


def test_only_escrow_credits_coupons(shared: World) -> None:
    """The coupon authority is the address of the terms: no key signs for it, only this program."""
    emission = shared.chain.account(state.Emission, addresses.emission())
    assert emission.coupon_authority == addresses.terms()
    assert not addresses.terms().is_on_curve()


# --- opening ---


def test_a_stranger_opens_no_job_of_a_user(shared: World) -> None:
    """Only the user's authority opens its jobs, whoever would pay."""
    _, actor = shared.user()
    stranger, _ = shared.user()
    shared.prices()
    with shared.chain.refuses("NotAuthority"):
        shared.open_job((stranger, actor))


def test_a_node_opens_no_job(shared: World) -> None:
    """Demand is a user's: a node's actor is refused."""
    node = shared.node()
    shared.prices()
    with shared.chain.refuses("NotAUser"):
        shared.open_job(node)


def test_another_users_reputation_is_not_borrowed(shared: World) -> None:
    """The earner with the reputation must be the user's own, not a sibling's."""
    user, better = shared.user(), shared.user()
    shared.prices()
    borrowing = swapped(opening(shared, user), addresses.earner(user[1]), addresses.earner(better[1]))
    with shared.chain.refuses("JobMismatch"):
        shared.chain.send([borrowing], user[0])


def test_the_price_of_io_rents_nothing(shared: World) -> None:
    """The feed must be a class's."""
    user = shared.user()
    shared.prices()
    with shared.chain.refuses("ClassMismatch"):
        shared.open_job(user, hardware_class="IO")


def test_a_stale_price_opens_no_job(shared: World) -> None:
    """At the last second of a price's time a job opens, at the next none does."""
    user = shared.user()
    shared.prices()
    shared.chain.warp(seconds=600)
    shared.open_job(user, id=1)
    shared.chain.warp(seconds=1)
    with shared.chain.refuses("PriceStale"):
        shared.open_job(user, id=2)


def test_a_class_without_a_price_opens_no_job(shared: World) -> None:
    """A feed that had no majority yet is stale."""
    user, symbol = shared.user(), next(symbols)
    shared.chain.send([oracle.create_feed(admin=shared.admin.pubkey(), symbol=symbol)], shared.admin)
    with shared.chain.refuses("PriceStale"):
        shared.open_job(user, hardware_class=symbol)


@pytest.mark.parametrize(("processors", "hours"), [(0, 1), (1, 0), (0, 0)])
def test_a_job_has_hours_and_processors(shared: World, processors: int, hours: int) -> None:
    """No hours or no processors are refused."""
    user = shared.user()
    shared.prices()
    with shared.chain.refuses("AmountZero"):
        shared.open_job(user, processors=processors, hours=hours)


def test_a_job_costs_the_maximum_at_most(shared: World) -> None:
    """A base unit above the caller's maximum is refused; the maximum itself is not."""
    user = shared.user()
    shared.prices()
    with shared.chain.refuses("DepositAboveMaximum"):
        shared.open_job(user, max_deposit=2 * PRICE // 1_000 - 1)
    job = shared.open_job(user, max_deposit=2 * PRICE // 1_000)
    assert job_of(shared, job).deposit == 2 * PRICE // 1_000


def test_a_price_beyond_u64_is_refused(shared: World) -> None:
    """Neither an hour's rate nor a deposit wraps."""
    user, symbol = shared.user(), next(symbols)
    shared.chain.send([oracle.create_feed(admin=shared.admin.pubkey(), symbol=symbol)], shared.admin)
    shared.prices(**{symbol: U64_MAX})
    for hardware_class, processors, hours in (
        (symbol, 1_001, 1),
        (symbol, U32_MAX, U32_MAX),
        (symbol, 1_000, 2),
        ("4090", U32_MAX, U32_MAX),
    ):
        with shared.chain.refuses("Overflow"):
            shared.open_job(user, hardware_class=hardware_class, processors=processors, hours=hours)
    # The largest rate that fits is a price like another: too dear for the caller's maximum.
    with shared.chain.refuses("DepositAboveMaximum"):
        shared.open_job(user, hardware_class=symbol, processors=1_000, hours=1, max_deposit=U64_MAX - 1)


def test_a_jobs_seconds_fit(shared: World) -> None:
    """More hours than their seconds can be counted for are refused when the job opens."""
    user = shared.user()
    shared.prices()
    with shared.chain.refuses("Overflow"):
        shared.open_job(user, hours=U32_MAX // HOUR + 1)


def test_a_deposit_is_covered(shared: World) -> None:
    """A user without the dollars, or with another's, opens nothing."""
    user, rich = shared.user(usd=2 * PRICE // 1_000 - 1), shared.user()
    shared.prices()
    with shared.chain.refuses("InsufficientFunds"):
        shared.open_job(user)
    with shared.chain.refuses("OwnerMismatch"):
        shared.chain.send([swapped(opening(shared, user), shared.usd(user[0]), shared.usd(rich[0]))], user[0])
    assert not shared.chain.exists(addresses.job(user[1], 1))


def test_a_deposit_is_in_dollars(shared: World) -> None:
    """Another mint, or an account of it, is refused."""
    user = shared.user()
    shared.prices()
    with shared.chain.refuses("ConstraintAddress"):
        shared.chain.send([swapped(opening(shared, user), shared.usd_mint, shared.io_mint)], user[0])
    with shared.chain.refuses("InvalidAccountData"):
        shared.chain.send([swapped(opening(shared, user), shared.usd(user[0]), shared.io(user[0]))], user[0])


def test_a_jobs_number_is_used_once(shared: World) -> None:
    """Neither while a job lives nor after its end does another take its number."""
    job, user = opened(shared)
    with shared.chain.refuses("AccountAlreadyInUse"):
        shared.open_job(user)
    shared.finish_job(job, user)
    with shared.chain.refuses("AccountAlreadyInUse"):
        shared.open_job(user)


def test_a_job_is_at_its_users_address(shared: World) -> None:
    """A job, and its vault, are created at the addresses of its user and number, and nowhere else."""
    user, other = shared.user(), shared.user()
    shared.prices()
    own, others = (addresses.job(actor, 1) for _, actor in (user, other))
    for old, new in ((own, others), (addresses.job_vault(own), addresses.job_vault(others))):
        with shared.chain.refuses("InvalidSeeds"):
            shared.chain.send([swapped(opening(shared, user), old, new)], user[0])


def test_a_job_funded_beforehand_can_be_opened(shared: World) -> None:
    """Lamports sent to where a job and its vault will be deny nobody the job; the number may be the largest."""
    user = shared.user()
    job = addresses.job(user[1], U64_MAX)
    for address in (job, addresses.job_vault(job)):
        shared.chain.call("requestAirdrop", str(address), 1_000_000)
    shared.prices()
    assert shared.open_job(user, id=U64_MAX) == job
    assert job_of(shared, job).id == U64_MAX


def test_an_opened_job_holds_its_deposit(shared: World) -> None:
    """Opening moves exactly the deposit to the job's vault, and is an event."""
    user = shared.user()
    shared.prices()
    before = shared.chain.balance(shared.usd(user[0]))
    signature = shared.chain.send([opening(shared, user, processors=7, hours=3)], user[0])
    job = addresses.job(user[1], 1)
    rate = economics.rate_per_hour(economics.QuoteInput(PRICE, 7, 0))
    assert shared.chain.balance(shared.usd(user[0])) == before - 3 * rate
    assert shared.chain.balance(addresses.job_vault(job)) == 3 * rate
    (event,) = shared.chain.events(signature)
    assert (event.program, event.name) == ("escrow", "JobOpened")
    assert event.fields == {
        "job": job,
        "user": user[1],
        "authority": user[0].pubkey(),
        "class": list(addresses.symbol_bytes("4090")),
        "id": 1,
        "price_nano_usd": PRICE,
        "rate_per_hour": rate,
        "deposit": 3 * rate,
        "at": shared.chain.now(),
        "processors": 7,
        "hours": 3,
        "discount_bp": 0,
    }


@pytest.mark.parametrize(
    ("reputation", "discount_bp"),
    [(0, 0), (2_499, 0), (2_500, 100), (4_999, 100), (5_000, 200), (7_499, 200), (7_500, 300), (10_000, 300)],
)
def test_reputation_gives_a_discount(shared: World, reputation: int, discount_bp: int) -> None:
    """From each band's reputation on a user pays less; the rate is rounded up once."""
    user = shared.user()
    shared.post_scores(1, (user[1], 0, reputation))
    shared.prices()
    found = job_of(shared, shared.open_job(user, processors=3, hours=2))
    assert found.discount_bp == discount_bp
    assert found.rate_per_hour == -(-PRICE * 3 * (10_000 - discount_bp) // (1_000 * 10_000))
    assert found.deposit == 2 * found.rate_per_hour


def test_a_jobs_price_is_fixed_when_it_opens(world: World) -> None:
    """What the committee and the reputation say later changes neither the rate nor the refund."""
    job, user, node = running(world)
    world.prices(**{"4090": PRICE * 6 // 5})
    worked(world, HOUR, job, node)
    world.post_scores(1, (user[1], 0, 10_000))
    world.settle_job(job, node)
    assert job_of(world, job).settled_usd == PRICE // 1_000
    world.finish_job(job, user)
    assert world.chain.balance(world.usd(user[0])) == 1_000_000 * USD - PRICE // 1_000


# --- starting ---


def test_only_the_router_assigns(shared: World) -> None:
    """Neither the node, the user, nor the admin starts a job."""
    job, user = opened(shared)
    owner, node = shared.node()
    for signer in (owner, user[0], shared.admin):
        with shared.chain.refuses("NotRouter"):
            shared.chain.send([escrow.start_job(router=signer.pubkey(), job=job, node=node)], signer)


def test_a_job_starts_once(shared: World) -> None:
    """Neither a running nor a finished job is assigned again."""
    job, user, _ = running(shared)
    _, other = shared.node()
    with shared.chain.refuses("WrongState"):
        shared.start_job(job, other)
    shared.finish_job(job, user)
    with shared.chain.refuses("WrongState"):
        shared.start_job(job, other)


def test_a_user_works_on_no_job(shared: World) -> None:
    """Only nodes are assigned."""
    job, _ = opened(shared)
    with shared.chain.refuses("NotANode"):
        shared.start_job(job, shared.user()[1])


def test_a_node_of_another_class_is_refused(shared: World) -> None:
    """A better class is another class too."""
    job, _ = opened(shared)
    with shared.chain.refuses("ClassMismatch"):
        shared.start_job(job, shared.node(hardware_class="H100")[1])


def test_a_smaller_node_is_refused(shared: World) -> None:
    """A node with a processor less than the job's is refused; one with as many is not."""
    job, _ = opened(shared, processors=3)
    with shared.chain.refuses("TooFewProcessors"):
        shared.start_job(job, shared.node(processors=2)[1])
    shared.start_job(job, shared.node(processors=3)[1])


def test_a_node_without_its_collateral_is_refused(shared: World) -> None:
    """One base unit below the collateral a node gets no work; with it, it does."""
    job, _ = opened(shared)
    owner, node = shared.node(collateral=False)
    required = shared.chain.account(state.Actor, node).collateral_required
    for amount in (required - 1, 1):
        with shared.chain.refuses("CollateralMissing"):
            shared.start_job(job, node)
        deposit = staking.deposit_collateral(
            depositor=owner.pubkey(), actor=node, source=shared.io(owner), amount=amount
        )
        shared.chain.send([deposit], owner)
    shared.start_job(job, node)


def test_a_start_is_an_event(shared: World) -> None:
    """Which node began which job, and when."""
    job, _ = opened(shared)
    _, node = shared.node()
    (event,) = shared.chain.events(shared.chain.send([starting(shared, job, node)], shared.router))
    assert event.name == "JobStarted"
    assert event.fields == {"job": job, "node": node, "at": shared.chain.now()}
    assert job_of(shared, job).state == state.Job.RUNNING


# --- reporting ---


def test_a_stranger_reports_no_work(shared: World) -> None:
    """Only the node's authority says that it worked: neither its user nor the router does."""
    job, user, (_, node) = running(shared)
    for signer in (user[0], shared.router):
        with shared.chain.refuses("NotAuthority"):
            shared.chain.send([reporting(job, (signer, node))], signer)


def test_another_node_reports_no_work(shared: World) -> None:
    """A node reports on its own jobs alone, and on none that is not started."""
    job, _, _ = running(shared)
    waiting, _ = opened(shared)
    other = shared.node()
    for not_its_own in (job, waiting):
        with shared.chain.refuses("JobMismatch"):
            shared.report_job(other, not_its_own)


def test_a_finished_job_takes_no_report(shared: World) -> None:
    """After a job's end nothing is worked on it."""
    job, user, node = running(shared)
    shared.finish_job(job, user)
    with shared.chain.refuses("WrongState"):
        shared.report_job(node, job)


# --- settling ---


def test_only_a_running_job_is_settled(shared: World) -> None:
    """A job that waits, and a job that is over, are not settled."""
    waiting, _ = opened(shared)
    with shared.chain.refuses("WrongState"):
        shared.settle_job(waiting, shared.node())
    job, user, node = running(shared)
    worked(shared, HOUR, job, node)
    shared.settle_job(job, node)
    shared.finish_job(job, user)
    with shared.chain.refuses("AccountDataTooSmall"):  # its vault is gone, which is seen before its state
        shared.settle_job(job, node)


def test_work_is_settled_once(shared: World) -> None:
    """Without a new report nothing more is paid, however much time goes by."""
    job, _, node = running(shared)
    with shared.chain.refuses("NothingToSettle"):
        shared.settle_job(job, node)
    worked(shared, HOUR, job, node)
    shared.settle_job(job, node)
    before = job_of(shared, job), shared.chain.balance(shared.usd(node[0]))
    with shared.chain.refuses("NothingToSettle"):
        shared.settle_job(job, node)
    shared.chain.warp(seconds=10)
    with shared.chain.refuses("NothingToSettle"):
        shared.settle_job(job, node)
    assert (job_of(shared, job), shared.chain.balance(shared.usd(node[0]))) == before


def test_less_than_the_minimum_work_is_not_paid(shared: World) -> None:
    """A second below the minimum nothing is paid; at the minimum all of it is, and after it every second."""
    job, _, node = running(shared)
    worked(shared, HOUR - 1, job, node)
    with shared.chain.refuses("BelowMinimumWork"):
        shared.settle_job(job, node)
    worked(shared, 1, job, node)
    shared.settle_job(job, node)
    assert job_of(shared, job).settled_seconds == HOUR
    worked(shared, 1, job, node)
    shared.settle_job(job, node)
    assert job_of(shared, job).settled_seconds == HOUR + 1


def test_a_settlement_is_the_jobs_own(shared: World) -> None:
    """Another node, another's earner, another job's vault, and another's dollar account are refused."""
    job, _, node = running(shared)
    other_job, _, other = running(shared)
    worked(shared, HOUR, job, node)
    settlement = settling(shared, job, node)
    cases = (
        (node[1], other[1], "JobMismatch"),
        (addresses.earner(node[1]), addresses.earner(other[1]), "JobMismatch"),
        (addresses.job_vault(job), addresses.job_vault(other_job), "InvalidSeeds"),
        (shared.usd(node[0]), shared.usd(other[0]), "InvalidAccountData"),
        (shared.usd(node[0]), shared.io(node[0]), "InvalidAccountData"),
        (shared.usd(node[0]), addresses.job_vault(other_job), "InvalidAccountData"),
        (addresses.burn_vault(), shared.usd(other[0]), "ConstraintAddress"),
        (addresses.incentives_vault(), shared.usd(other[0]), "ConstraintAddress"),
        (addresses.terms(), addresses.registry(), "IllegalOwner"),
        (addresses.emission(), addresses.earner(other[1]), "AccountDataTooSmall"),
        (program_id("emission"), program_id("burn"), "IncorrectProgramId"),
        (addresses.event_authority("emission"), shared.admin.pubkey(), "InvalidSeeds"),
    )
    for old, new, name in cases:
        with shared.chain.refuses(name):
            shared.chain.send([swapped(settlement, old, new)], shared.admin)
    shared.chain.send([settlement], shared.admin)


@pytest.mark.parametrize("dollar_share_bp", [3_000, 6_000, 9_000])
def test_a_settlement_divides_what_was_worked(shared: World, dollar_share_bp: int) -> None:
    """Dollars, burn, fee and coupons are those of the arithmetic, to the base unit, and the events say so."""
    job, _, node = running(shared, processors=7, hours=3, dollar_share_bp=dollar_share_bp)
    worked(shared, HOUR + 1_001, job, node)
    before, vault = vaults(shared), shared.chain.balance(addresses.job_vault(job))
    coupons, settled = shared.chain.events(shared.settle_job(job, node))
    gross = economics.earned(job_of(shared, job).rate_per_hour, HOUR + 1_001)
    paid = economics.settle(economics.SettleInput(gross, 500, 5_000, dollar_share_bp, 5_000))
    assert paid.dollars + paid.burn + paid.fee_burn + paid.fee_incentives == gross
    assert shared.chain.balance(shared.usd(node[0])) == paid.dollars
    assert vaults(shared) == (before[0] + paid.burn + paid.fee_burn, before[1] + paid.fee_incentives)
    assert shared.chain.balance(addresses.job_vault(job)) == vault - gross
    earner = shared.chain.account(state.Earner, addresses.earner(node[1]))
    assert (earner.coupons_base, earner.coupons_bonus) == (paid.coupons_base, paid.coupons_bonus)

    assert (coupons.program, coupons.name) == ("emission", "CouponsCredited")
    assert (coupons.fields["base"], coupons.fields["bonus"]) == (paid.coupons_base, paid.coupons_bonus)
    assert (settled.program, settled.name) == ("escrow", "JobSettled")
    assert settled.fields == {
        "job": job,
        "node": node[1],
        "gross": gross,
        "dollars": paid.dollars,
        "burn": paid.burn,
        "fee_burn": paid.fee_burn,
        "fee_incentives": paid.fee_incentives,
        "coupons_base": paid.coupons_base,
        "coupons_bonus": paid.coupons_bonus,
        "at": shared.chain.now(),
        "from_second": 0,
        "to_second": HOUR + 1_001,
        "period": 0,
    }


def test_the_rhythm_of_settlements_changes_no_gross(shared: World) -> None:
    """Settled at every report or once at the end, a job's work is paid alike; periods count up and meet."""
    often, _, busy = running(shared, processors=7, hours=3)
    once, _, idle = running(shared, processors=7, hours=3)
    gross, reached, period = 0, 0, 0
    for seconds in (HOUR, 1, 1, 7, 601, 1_999, 3_333):
        worked(shared, seconds, often, busy)
        _, event = shared.chain.events(shared.settle_job(often, busy))
        assert (event.fields["from_second"], event.fields["period"]) == (reached, period)
        gross, reached, period = gross + event.fields["gross"], event.fields["to_second"], period + 1
    shared.report_job(idle, once)
    shared.settle_job(once, idle)
    found = [job_of(shared, job) for job in (often, once)]
    assert found[0].settled_usd == found[1].settled_usd == gross
    assert [f.settled_seconds for f in found] == [reached] * 2
    assert [f.period for f in found] == [7, 1]


def test_hours_cap_the_work(shared: World) -> None:
    """What is reported after the hours paid for is not paid: the deposit is all that a job can cost."""
    job, user, node = running(shared, processors=7, hours=1)
    worked(shared, 100 * HOUR, job, node)
    before = shared.chain.balance(shared.usd(user[0]))
    shared.settle_job(job, node)
    found = job_of(shared, job)
    assert (found.settled_seconds, found.settled_usd) == (HOUR, found.deposit)
    worked(shared, HOUR, job, node)
    with shared.chain.refuses("NothingToSettle"):
        shared.settle_job(job, node)
    shared.finish_job(job, user)
    assert shared.chain.balance(shared.usd(user[0])) == before


def test_anyone_settles(shared: World) -> None:
    """A stranger's settlement pays the node, not the stranger."""
    job, _, node = running(shared)
    worked(shared, HOUR, job, node)
    stranger = shared.person()
    shared.chain.send([settling(shared, job, node)], stranger)
    assert shared.chain.balance(shared.usd(node[0])) > 0
    assert shared.chain.balance(shared.usd(stranger)) == 0


def test_coupons_follow_the_open_epoch(world: World) -> None:
    """Work settled before a close and work settled after it share in two epochs, and both are paid."""
    job, _, node = running(world)
    worked(world, HOUR, job, node)
    first, _ = world.chain.events(world.settle_job(job, node))
    world.finalize(1)
    world.close(1)
    worked(world, HOUR, job, node)
    second, _ = world.chain.events(world.settle_job(job, node))
    assert [event.fields["epoch"] for event in (first, second)] == [1, 2]
    world.finalize(2)
    world.close(2)
    world.claim(node)
    # The node was alone: base and bonus are the whole compute half, less fractions of a base unit.
    earner = world.chain.account(state.Earner, addresses.earner(node[1]))
    emission = world.chain.account(state.Emission, addresses.emission())
    halves = [economics.epoch_halves(economics.emission(epoch - 1, epoch), 5_000) for epoch in (1, 2)]
    paid = (emission.minted << 64) + earner.liquid + earner.bonus + emission.carry_compute
    assert paid == sum(half.compute for half in halves) << 64


def _undercollateralized(world: World) -> tuple[Pubkey, Actor]:
    """A job that is worked on by a node whose collateral fell below what it must be.

    No transaction leads here yet: nothing takes collateral away before unbonding and slashing exist.
    """
    job, _, node = running(world)
    worked(world, HOUR, job, node)
    required = world.chain.account(state.Actor, node[1]).collateral_required
    world.chain.forge(state.Actor, node[1], "collateral", required - 1)
    return job, node


def test_a_node_under_its_collateral_gets_dollars_and_no_coupons(shared: World) -> None:
    """Dollars for work done are the node's own; IO is earned with collateral alone."""
    job, node = _undercollateralized(shared)
    events = shared.chain.events(shared.settle_job(job, node))
    assert [event.name for event in events] == ["JobSettled"]
    assert shared.chain.balance(shared.usd(node[0])) == events[0].fields["dollars"] > 0
    earner = shared.chain.account(state.Earner, addresses.earner(node[1]))
    assert (earner.coupons_base, earner.coupons_bonus, earner.coupon_epoch) == (0, 0, 0)


def test_coupons_that_were_not_credited_are_in_no_event(shared: World) -> None:
    """The event of a settlement says which coupons were credited: none for a node under its collateral."""
    job, node = _undercollateralized(shared)
    *_, event = shared.chain.events(shared.settle_job(job, node))
    assert (event.fields["coupons_base"], event.fields["coupons_bonus"]) == (0, 0)


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
        "worked_seconds": 0,
        "at": shared.chain.now(),
    }


def test_a_stranger_ends_no_job_before_its_time(shared: World) -> None:
    """Before its last second only the user ends a job; from then on anyone does. A waiting job is never over."""
    waiting, owner = opened(shared, hours=1)
    job, user, node = running(shared, hours=1)
    stranger = shared.person()
    shared.chain.warp(timestamp=job_of(shared, job).end - 1)
    for caller in (stranger, node[0], shared.admin):
        with shared.chain.refuses("NotAuthority"):
            shared.finish_job(job, user, caller=caller)
    shared.chain.warp(seconds=1)
    shared.finish_job(job, user, caller=stranger)
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD
    with shared.chain.refuses("NotAuthority"):
        shared.finish_job(waiting, owner, caller=stranger)


def test_reported_work_is_settled_before_the_end(shared: World) -> None:
    """Nobody, the user included, ends a job over work that was reported and not paid."""
    job, user, node = running(shared, processors=7, hours=2)
    worked(shared, HOUR + 11, job, node)
    with shared.chain.refuses("SettleFirst"):
        shared.finish_job(job, user)
    shared.settle_job(job, node)
    worked(shared, 1, job, node)
    with shared.chain.refuses("SettleFirst"):
        shared.finish_job(job, user)
    shared.settle_job(job, node)
    shared.chain.warp(seconds=HOUR)
    with shared.chain.refuses("JobMismatch"):
        shared.report_job(shared.node(), job)
    shared.finish_job(job, user, caller=shared.admin)
    found = job_of(shared, job)
    assert found.settled_seconds == HOUR + 12
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD - found.settled_usd


def test_work_below_the_minimum_is_refunded(shared: World) -> None:
    """A second below the minimum, the user ends the job and has all dollars back; nobody was paid."""
    job, user, node = running(shared)
    before = vaults(shared)
    worked(shared, HOUR - 1, job, node)
    shared.finish_job(job, user)
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD
    assert shared.chain.balance(shared.usd(node[0])) == 0
    assert vaults(shared) == before


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
    for seconds in (HOUR, HOUR + 1, 5_003, 2 * HOUR - 1, 2 * HOUR):
        job, user, node = running(shared, processors=7, hours=2, dollar_share_bp=3_333)
        before = vaults(shared)
        worked(shared, seconds, job, node)
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
    shared.settle_job(first, node)
    shared.finish_job(first, user)
    assert shared.chain.balance(addresses.job_vault(second)) == job_of(shared, second).deposit
    assert job_of(shared, second).settled_usd == 0
    shared.finish_job(second, user)
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD - job_of(shared, first).settled_usd
