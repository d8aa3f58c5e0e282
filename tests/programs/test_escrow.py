"""Jobs and their dollars: the terms, who opens a job, and what it costs."""

from dataclasses import replace
from itertools import count

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses, economics, state
from client.economics import USD
from client.instructions import escrow, oracle
from client.network import ESCROW
from tests.programs.chain import swapped
from tests.programs.escrow_steps import HOUR, PRICE, Actor, end_job, job_of, opened, running, worked
from tests.programs.escrow_steps import shared as shared  # a fixture
from tests.programs.world import U64_MAX, World

U32_MAX = 2**32 - 1

symbols = (f"TEST-{number}" for number in count(1))


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


def initialization(admin: Pubkey, usd_mint: Pubkey, **changed: object) -> Instruction:
    parameters = replace(ESCROW, router=admin, **changed)  # type: ignore[arg-type] # as above
    return escrow.initialize(admin=admin, usd_mint=usd_mint, parameters=parameters)


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
        shared.chain.airdrop(address, 1_000_000)
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
        "affiliate_usd": Pubkey.default(),
        "class": list(addresses.symbol_bytes("4090")),
        "id": 1,
        "price_nano_usd": PRICE,
        "rate_per_hour": rate,
        "deposit": 3 * rate,
        "granted": 0,
        "at": shared.chain.now(),
        "processors": 7,
        "hours": 3,
        "discount_bp": 0,
        "benefit": state.Job.DISCOUNT,
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
    end_job(world, job, user)
    world.finish_job(job, user)
    assert world.chain.balance(world.usd(user[0])) == 1_000_000 * USD - PRICE // 1_000
