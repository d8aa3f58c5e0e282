"""What the admin and the pauser may do to escrow: parameters from an epoch's start on, and a pause with exits."""

from dataclasses import replace

from solders.instruction import Instruction
from solders.keypair import Keypair

from client import addresses, economics, state
from client.economics import USD
from client.instructions import escrow, oracle
from client.network import ORACLE
from client.state import PAUSE_BITS, EscrowParameters
from tests.programs.escrow_steps import (
    HOUR,
    PRICE,
    dispute_job,
    end_job,
    extend_job,
    job_of,
    lapse_dispute,
    opened,
    release_job,
    resolve_dispute,
    running,
    worked,
)
from tests.programs.escrow_steps import shared as shared  # a fixture
from tests.programs.world import GENESIS, TERMS, World

DELAY_HOURS = ORACLE.delay_seconds // HOUR


def setting(world: World, parameters: EscrowParameters, admin: Keypair | None = None) -> Instruction:
    return escrow.set_parameters(admin=(admin or world.admin).pubkey(), parameters=parameters)


def pause(world: World, *programs: str) -> None:
    bits = sum(PAUSE_BITS[program] for program in programs)
    world.chain.send([oracle.set_paused(by=world.admin.pubkey(), paused=bits)], world.admin)


def test_parameters_wait_for_an_epochs_start(world: World) -> None:
    """What a job costs, who assigns it and what of it is the fee change at one second, and not before."""
    changed = replace(
        TERMS, router=world.admin.pubkey(), fee_bp=0, min_work_seconds=1, discount_bp=(5_000, 5_000, 5_000, 5_000)
    )
    (event,) = world.chain.events(world.chain.send([setting(world, changed)], world.admin))
    from_ = GENESIS + DELAY_HOURS * HOUR
    assert (event.name, event.fields["from"]) == ("EscrowParametersSet", from_)
    found = world.chain.account(state.Terms, addresses.terms())
    assert (found.next_parameters, found.next_parameters_at) == (changed, from_)

    node, user = world.node(), world.user()
    world.chain.warp(timestamp=from_ - 1)
    world.prices()
    before = world.open_job(user, id=1)
    world.start_job(before, node[1])
    world.chain.warp(timestamp=from_)
    after = world.open_job(user, id=2)
    assert [job_of(world, job).rate_per_hour for job in (before, after)] == [PRICE // 1_000, PRICE // 2_000]
    with world.chain.refuses("NotRouter"):
        world.start_job(after, node[1])
    world.chain.send([escrow.start_job(router=world.admin.pubkey(), job=after, node=node[1])], world.admin)
    # The job that was opened before is settled by the rules of now, at its own price.
    world.report_job(node, before)
    *_, settled = world.chain.events(world.settle_job(before, node))
    gross = economics.earned(PRICE // 1_000, 1)
    assert (settled.fields["gross"], settled.fields["dollars"] + settled.fields["burn"]) == (gross, gross)


def test_only_the_admin_sets_parameters(world: World) -> None:
    """A stranger and the router are refused, and the admin outside the ranges."""
    stranger = world.person()
    for signer in (stranger, world.router):
        with world.chain.refuses("NotAdmin"):
            world.chain.send([setting(world, TERMS, signer)], signer)
    most = 30 * 86_400
    for outside in (
        {"fee_bp": 2_001},
        {"affiliate_bp": 5_001},
        {"min_work_seconds": most + 1},
        {"report_seconds": most + 1},
        {"dispute_seconds": most + 1},
        {"decision_seconds": most + 1},
    ):
        with world.chain.refuses("ParameterOutOfRange"):
            world.chain.send([setting(world, replace(TERMS, **outside))], world.admin)  # type: ignore[arg-type] # ints
    with world.chain.refuses("DiscountsUnsorted"):
        world.chain.send([setting(world, replace(TERMS, discount_bp=(0, 0, 0, 5_001)))], world.admin)


def test_a_paused_escrow_takes_no_dollars(shared: World) -> None:
    """No job is opened, extended or started, and no credit account opened: by nobody, the admin included."""
    pause(shared)
    job, user = opened(shared)
    _, node = shared.node()
    other = shared.user()
    pause(shared, "escrow")
    opening = escrow.open_credit(payer=shared.admin.pubkey(), user=other[1], usd_mint=shared.usd_mint)
    for step in (
        lambda: shared.open_job(other),
        lambda: extend_job(shared, job, user),
        lambda: shared.start_job(job, node),
        lambda: shared.chain.send([opening], shared.admin),
    ):
        with shared.chain.refuses("Paused"):
            step()
    pause(shared, "oracle", "staking", "emission", "burn")
    for step in (
        lambda: shared.open_job(other),
        lambda: extend_job(shared, job, user),
        lambda: shared.start_job(job, node),
        lambda: shared.chain.send([opening], shared.admin),
    ):
        step()


def test_a_paused_escrow_lets_everybody_out(shared: World) -> None:
    """While all five are paused work is reported, paid, ended, disputed, decided and refunded: to the base unit."""
    pause(shared)
    waiting, owner = opened(shared)
    job, user, node = running(shared, hours=3)
    released, _, gone = running(shared, hours=3)
    disputes = [running(shared, hours=3) for _ in range(2)]
    pause(shared, *PAUSE_BITS)
    shared.finish_job(waiting, owner)
    assert shared.chain.balance(shared.usd(owner[0])) == 1_000_000 * USD
    worked(shared, HOUR, job, node)
    shared.settle_job(job, node)
    release_job(shared, released, gone, shared.admin)
    end_job(shared, job, user)
    shared.finish_job(job, user)
    assert shared.chain.balance(shared.usd(user[0])) == 1_000_000 * USD - job_of(shared, job).settled_usd
    for index, (disputed, renter, worker) in enumerate(disputes):
        shared.report_job(worker, disputed)
        dispute_job(shared, disputed, renter)
        if index:
            resolve_dispute(shared, disputed, worker, 100)
        else:
            shared.chain.warp(seconds=TERMS.decision_seconds + 1)
            lapse_dispute(shared, disputed)
        shared.settle_job(disputed, worker)
        shared.finish_job(disputed, renter)
        assert not shared.chain.exists(addresses.job_vault(disputed))
