"""What the walk does not send: the same instructions with other accounts present, in other states, of one owner."""

from __future__ import annotations

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, state
from client.economics import IO, USD
from client.instructions import burn, emission, escrow, oracle, pools, slashes, staking, tokens
from tests.programs.walk import PARAMETERS, Actor, agency
from tests.programs.world import GENESIS, World
from tests.proof.world import PipeChain

HOUR = 3_600


def other_shapes(world: World) -> None:
    """Goes on where the walk ended. Two nodes, jobs, delegations, tickets, slashes and vestings of one owner each."""
    world.prices()
    affiliate = world.person()
    node = world.node(affiliate=affiliate.pubkey())
    second = another_node(world, node[0])
    user, plain = world.user(affiliate=node[0].pubkey()), world.user()
    staker = world.person(io=10_000 * IO)
    agency(world, node)
    stakes(world, node, second, staker)
    epochs(world, node, second, user)
    jobs(world, node, second, user, plain)
    epochs(world, node, second, user)
    payments(world, node, staker)
    slashed(world, node, second)
    tickets(world, node, staker)
    by_admin(world)


def another_node(world: World, owner: Keypair) -> Actor:
    """An owner's second node, that of nobody's affiliate."""
    actor = addresses.actor(owner.pubkey(), 1)
    registering = staking.register_node(
        authority=owner.pubkey(),
        id=1,
        hardware_class="4090",
        processors=1,
        dollar_share_bp=6_000,
        commission_bp=200,
        affiliate=None,
    )
    world.chain.send([registering, emission.create_earner(payer=owner.pubkey(), actor=actor)], owner)
    required = world.chain.account(state.Actor, actor).collateral_required
    depositing = staking.deposit_collateral(
        depositor=owner.pubkey(), actor=actor, source=world.io(owner), amount=required
    )
    world.chain.send([depositing], owner)
    return owner, actor


def stakes(world: World, node: Actor, second: Actor, staker: Keypair) -> None:
    """One holder stakes on two nodes of one owner, and takes some back from each, twice."""
    wallet = staker.pubkey()
    for _, actor in (node, second):
        world.chain.send([pools.open_pool(payer=wallet, actor=actor, io_mint=world.io_mint)], staker)
        world.chain.send([pools.open_delegation(payer=wallet, actor=actor, owner=wallet)], staker)
        for _ in range(2):
            more = pools.delegate(owner=wallet, actor=actor, source=world.io(staker), amount=1_000 * IO)
            world.chain.send([more], staker)
    for id in (1, 2):
        for _, actor in (node, second):
            world.chain.send([pools.undelegate(owner=wallet, actor=actor, amount=100 * IO, id=id)], staker)


def jobs(world: World, node: Actor, second: Actor, user: Actor, plain: Actor) -> None:
    """Jobs for locked IO, from granted dollars, cancelled, left by a silent node, and over without their user."""
    payer, members = world.admin, world.committee[:2]
    world.prices()
    world.chain.send([escrow.open_credit(payer=payer.pubkey(), user=user[1], usd_mint=world.usd_mint)], payer)
    vault = addresses.incentives_vault()
    giving = tokens.mint_to(mint=world.usd_mint, authority=payer.pubkey(), destination=vault, amount=100 * USD)
    world.chain.send([giving], payer)
    granting = burn.grant_user(payer=payer.pubkey(), signers=[m.pubkey() for m in members], user=user[1])
    world.chain.send([granting], payer, *members)
    cancelled = world.open_job(user, id=1, from_credit=USD // 10, hours=1)
    paid = world.open_job(user, id=2, benefit=state.Job.LOCKED_IO, hours=1)
    over = world.open_job(user, id=3, hours=1, from_credit=USD // 10)
    silent = world.open_job(plain, id=1, hours=4)
    left, ended = world.open_job(plain, id=4), world.open_job(plain, id=5)
    worked = world.open_job(plain, id=2, hours=2)
    disputed = world.open_job(plain, id=3, hours=2)
    world.finish_job(cancelled, user)
    world.start_job(left, node[1])
    world.chain.send([escrow.release_job(by=node[0].pubkey(), job=left, node=node[1])], node[0])
    world.finish_job(left, plain)
    for job, (_, actor) in ((paid, node), (over, second), (silent, node), (worked, second), (disputed, node)):
        world.start_job(job, actor)
    world.chain.warp(seconds=HOUR)
    for job, by in ((paid, node), (over, second), (silent, node), (worked, second), (disputed, node)):
        world.report_job(by, job)
    world.start_job(ended, second[1])
    world.chain.send([escrow.end_job(authority=plain[0].pubkey(), job=ended)], plain[0])
    world.finish_job(ended, plain)
    disputing = escrow.dispute_job(
        authority=plain[0].pubkey(), job=disputed, source=world.usd(plain[0]), evidence=bytes(32)
    )
    world.chain.send([disputing], plain[0])
    world.chain.warp(seconds=PARAMETERS.escrow.dispute_seconds)
    world.chain.send([emission.open_rates(payer=payer.pubkey(), epoch=_epoch(world))], payer)
    for job, by in ((paid, node), (over, second), (silent, node), (worked, second)):
        world.settle_job(job, by)
    world.finish_job(over, user, payer)
    world.finish_job(paid, user, payer)
    world.chain.warp(seconds=HOUR)
    releasing = escrow.release_job(by=payer.pubkey(), job=silent, node=node[1])
    world.chain.send([releasing], payer)
    world.finish_job(silent, plain)
    world.finish_job(worked, plain, payer)
    resolving = escrow.resolve_dispute(
        signers=[m.pubkey() for m in members], job=disputed, node=node[1], node_usd=world.usd(node[0]),
        accepted_seconds=HOUR,
    )  # fmt: skip
    world.chain.send([resolving], *members)
    world.settle_job(disputed, node)
    world.finish_job(disputed, plain)


def _epoch(world: World) -> int:
    return (world.chain.now() - GENESIS) // HOUR + 1


def epochs(world: World, node: Actor, second: Actor, user: Actor) -> None:
    """Scores of several actors at once: the user is in good standing."""
    last = _epoch(world)
    world.end_of(last)
    world.post_scores(last, (node[1], 5, 100), (second[1], 7, 200), (user[1], 0, 5_000))
    world.finalize(last)
    world.close(last)


def payments(world: World, node: Actor, staker: Keypair) -> None:
    """Claims with an affiliate and stakers, two vestings of one beneficiary, withdrawn in part and to the end."""
    owner, actor = node
    found = world.chain.account(state.Actor, actor)
    world.claim(node, affiliate=found.affiliate)
    closed = world.chain.account(state.Emission, addresses.emission()).closed_epoch
    held = world.chain.account(state.Earner, addresses.earner(actor)).coupon_epoch
    locking = emission.lock_bonus(
        payer=owner.pubkey(),
        actor=actor,
        coupon_epoch=held,
        closed_epoch=closed,
        io_mint=world.io_mint,
        affiliate_io=world.io(found.affiliate),
        rewards=found.rewards,
    )
    world.chain.send([locking], owner)
    for _, paid in ((owner, actor),):
        claiming = pools.claim_rewards(actor=paid, owner=staker.pubkey(), destination=world.io(staker))
        world.chain.send([claiming], staker)
    now = world.chain.now()
    for id, end in ((1, now + 100), (2, now + 1_000_000)):
        lock = emission.lock_io(
            depositor=staker.pubkey(), beneficiary=owner.pubkey(), id=id, source=world.io(staker),
            amount=10 * IO, start=now, end=end, step_seconds=1,
        )  # fmt: skip
        world.chain.send([lock], staker)
    world.chain.warp(seconds=200)
    for id in (1, 2):
        _withdraw(world, owner, addresses.locked(staker.pubkey(), owner.pubkey(), id))
    world.chain.warp(seconds=PARAMETERS.emission.lock_seconds)
    _withdraw(world, owner, addresses.vesting(addresses.earner(actor), closed))


def _withdraw(world: World, owner: Keypair, vesting: Pubkey) -> None:
    withdrawing = emission.withdraw_vested(
        beneficiary=owner.pubkey(), vesting=vesting, io_mint=world.io_mint, destination=world.io(owner)
    )
    world.chain.send([withdrawing], world.admin)


def slashed(world: World, node: Actor, second: Actor) -> None:
    """Four slashes of two nodes of one owner: two are executed without appeal, two dismissed by the committee."""
    owner, members = node[0], world.committee[:2]
    signers, proposer = [member.pubkey() for member in members], world.admin.pubkey()
    for id in (1, 2):
        for _, actor in (node, second):
            proposing = slashes.propose_slash(
                proposer=proposer, actor=actor, id=id, offence=1, evidence=bytes(32), signers=signers
            )
            world.chain.send([proposing], world.admin, *members)
    for _, actor in (node, second):
        appealing = slashes.appeal_slash(authority=owner.pubkey(), actor=actor, id=2, source=world.io(owner))
        world.chain.send([appealing], owner)
    for _, actor in (node, second):
        world.chain.send([slashes.decide_appeal(actor=actor, id=2, upheld=False, signers=signers)], *members)
    for _, actor in (node, second):
        dismissing = slashes.dismiss_slash(actor=actor, id=2, proposer=proposer, destination=world.io(owner))
        world.chain.send([dismissing], world.admin)
    world.chain.warp(seconds=PARAMETERS.staking.appeal_seconds)
    for _, actor in (node, second):
        executing = slashes.execute_slash(actor=actor, id=1, proposer=proposer, io_mint=world.io_mint)
        world.chain.send([executing], world.admin)


def tickets(world: World, node: Actor, staker: Keypair) -> None:
    """An owner's ticket beside a holder's two."""
    owner, actor = node
    leaving = staking.withdraw_collateral(authority=owner.pubkey(), actor=actor, amount=IO, id=1)
    world.chain.send([leaving], owner)
    world.chain.warp(seconds=PARAMETERS.staking.delegator_unbonding_seconds)
    for id, wallet in ((1, staker), (2, staker), (1, owner)):
        paying = pools.withdraw_ticket(actor=actor, owner=wallet.pubkey(), id=id, destination=world.io(wallet))
        world.chain.send([paying], wallet)


def by_admin(world: World) -> None:
    """What the pauser did, the admin can."""
    assert isinstance(world.chain, PipeChain)
    admin = world.chain.account(state.Committee, addresses.committee()).admin
    for paused in (1, 0):
        world.chain.send([oracle.set_paused(by=admin, paused=paused)])
