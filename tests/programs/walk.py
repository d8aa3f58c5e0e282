"""A walk through every instruction of the five programs, in an order in which each succeeds.

The substitution matrix tampers with what it sends, the table of compute units measures it. A new instruction joins
the walk, or both tests say so.
"""

from collections.abc import Callable
from hashlib import sha256

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, bootstrap, state
from client.economics import IO, USD
from client.instructions import burn, emission, escrow, oracle, pools, slashes, staking, tokens
from client.network import CLASS_MULTIPLIERS_BP, Parameters
from tests.programs.world import GENESIS, PRICES_NANO_USD, World

Actor = tuple[Keypair, Pubkey]

DAY = 86_400
PARAMETERS = Parameters()
SECRET = sha256(b"secret").digest()


def walk(world: World, probe: Callable[..., object] = lambda instruction: None) -> None:
    """Sends every instruction, each in a transaction of its own kind, through `world.chain.send`.

    `world`: not initialised. `probe`: gets the one instruction that no key can sign, `credit_coupons`.
    """
    begin(world)
    world.prices()
    affiliate = world.person()
    node = world.node(dollar_share_bp=3_000, affiliate=affiliate.pubkey())
    user = world.user(affiliate=affiliate.pubkey())
    staker = world.person(io=10_000 * IO)
    agent = agency(world, node)
    challenge(world, node[1])
    delegation(world, node[1], staker)
    first_hour(world, node, agent, user, probe)
    claims(world, node, affiliate.pubkey())
    grants(world, node, user)
    disputes(world, node, user)
    leaving(world, node, staker)
    slashing(world, node)
    offices(world)


def begin(world: World) -> None:
    """The five programs are initialised."""
    for step in bootstrap.initialize_programs(
        world.admin,
        io_mint=world.io_mint,
        usd_mint=world.usd_mint,
        members=[member.pubkey() for member in world.committee],
        router=world.router.pubkey(),
        pauser=world.pauser.pubkey(),
        genesis=GENESIS,
        classes={name: CLASS_MULTIPLIERS_BP[name] for name in PRICES_NANO_USD if name != "IO"},
        parameters=PARAMETERS,
    ):
        world.chain.send(step.instructions, *step.signers)


def agency(world: World, node: Actor) -> Keypair:
    """An owner names who acts for its node, and that one says how to reach it: the agent's key."""
    (owner, actor), agent = node, world.person()
    naming = staking.name_agent(authority=owner.pubkey(), actor=actor, key=agent.pubkey())
    world.chain.send([naming], owner)
    announcing = staking.announce_agent(
        key=agent.pubkey(), actor=actor, endpoint="node.example.com:9400", certificate=bytes(32), hardware=bytes(32)
    )
    world.chain.send([announcing], agent)
    return agent


def challenge(world: World, node: Pubkey) -> None:
    """A member commits to a challenge, and records what it measured."""
    verifier = world.committee[0]
    address = addresses.challenge(verifier.pubkey(), 1, 1)
    commitment = oracle.commit_challenge(
        verifier=verifier.pubkey(), epoch=1, round=1, commitment=sha256(SECRET).digest()
    )
    world.chain.send([commitment], verifier)
    for _ in range(2):
        world.chain.warp(slots=1)
    world.chain.send([oracle.draw_challenge(challenge=address)], world.admin)
    measured = oracle.Measurement(node, bandwidth=1, memory=1, clock=1, compute=1, latency=1, outcome=1)
    record = oracle.record_challenges(
        verifier=verifier.pubkey(), challenge=address, secret=SECRET, measurements=[measured]
    )
    world.chain.send([record], verifier)


def delegation(world: World, node: Pubkey, staker: Keypair) -> None:
    """A pool opens, and somebody stakes on the node."""
    wallet = staker.pubkey()
    world.chain.send([pools.open_pool(payer=wallet, actor=node, io_mint=world.io_mint)], staker)
    world.chain.send([pools.open_delegation(payer=wallet, actor=node, owner=wallet)], staker)
    staking_more = pools.delegate(owner=wallet, actor=node, source=world.io(staker), amount=1_000 * IO)
    world.chain.send([staking_more], staker)


def first_hour(world: World, node: Actor, agent: Keypair, user: Actor, probe: Callable[..., object]) -> None:
    """A job from its opening to its refund, and the scores of epoch 1."""
    owner, actor = node
    renter, _ = user
    job = world.open_job(user, hours=1)
    more = escrow.extend_job(
        authority=renter.pubkey(),
        job=job,
        hardware_class="4090",
        hours=1,
        max_deposit=1_000 * USD,
        source=world.usd(renter),
    )
    world.chain.send([more], renter)
    world.start_job(job, actor)
    world.end_of(1)
    report = escrow.report_job(by=agent.pubkey(), node=actor, job=job, digest=bytes(32), as_agent=True)
    world.chain.send([report], agent)
    settle_when_due(world, job, node)
    probe(emission.credit_coupons(coupon_authority=addresses.terms(), actor=actor, coupon_epoch=1, base=1, bonus=1))
    world.chain.send([escrow.end_job(authority=renter.pubkey(), job=job)], renter)
    world.finish_job(job, user)
    world.prices()
    released = world.open_job(user, id=2)
    world.start_job(released, actor)
    release = escrow.release_job(by=agent.pubkey(), job=released, node=actor, as_agent=True)
    world.chain.send([release], agent)
    world.finish_job(released, user)
    world.post_scores(1, (actor, 1, 1))
    world.finalize(1)
    world.close(1)
    choice = staking.elect(authority=owner.pubkey(), actor=actor, election=state.Election(4_000, 300))
    world.chain.send([choice], owner)


def settle_when_due(world: World, job: Pubkey, node: Actor) -> None:
    """Work is paid once it can be disputed no more."""
    world.chain.warp(seconds=PARAMETERS.escrow.dispute_seconds)
    world.settle_job(job, node)


def claims(world: World, node: Actor, affiliate: Pubkey) -> None:
    """Liquid IO is claimed, bonus IO locked and withdrawn as it vests, the stakers' part claimed."""
    owner, actor = node
    world.claim(node, affiliate=affiliate)
    rewards = world.chain.account(state.Actor, actor).rewards
    locking = emission.lock_bonus(
        payer=world.admin.pubkey(),
        actor=actor,
        coupon_epoch=0,
        closed_epoch=1,
        io_mint=world.io_mint,
        affiliate_io=world.io(affiliate),
        rewards=rewards,
    )
    world.chain.send([locking], world.admin)
    world.chain.warp(seconds=1_000)
    withdrawing = emission.withdraw_vested(
        beneficiary=owner.pubkey(),
        vesting=addresses.vesting(addresses.earner(actor), 1),
        io_mint=world.io_mint,
        destination=world.io(owner),
    )
    world.chain.send([withdrawing], world.admin)
    lock = emission.lock_io(
        depositor=owner.pubkey(),
        beneficiary=owner.pubkey(),
        id=1,
        source=world.io(owner),
        amount=10 * IO,
        start=world.chain.now(),
        end=world.chain.now() + 10,
        step_seconds=1,
    )
    world.chain.send([lock], owner)


def grants(world: World, node: Actor, user: Actor) -> None:
    """A new user gets dollars for a job, a proven owner dollars."""
    owner, actor = node
    payer, members = world.admin, world.committee[:2]
    signers = [member.pubkey() for member in members]
    opening = escrow.open_credit(payer=payer.pubkey(), user=user[1], usd_mint=world.usd_mint)
    world.chain.send([opening], payer)
    granted = tokens.mint_to(
        mint=world.usd_mint,
        authority=payer.pubkey(),
        destination=addresses.incentives_vault(),
        amount=PARAMETERS.burn.user_grant + PARAMETERS.burn.owner_grant,
    )
    world.chain.send([granted], payer)
    to_user = burn.grant_user(payer=payer.pubkey(), signers=signers, user=user[1])
    world.chain.send([to_user], payer, *members)
    hours = PARAMETERS.burn.owner_grant_hours + 1
    world.end_of(hours)
    world.finalize(hours)
    world.close(hours)
    to_owner = burn.grant_owner(payer=payer.pubkey(), signers=signers, node=actor, owner_usd=world.usd(owner))
    world.chain.send([to_owner], payer, *members)
    world.prices()
    world.sell_io(owner, IO)


def disputes(world: World, node: Actor, user: Actor) -> None:
    """One dispute is resolved, one lapses."""
    (owner, actor), (renter, _) = node, user
    members = world.committee[:2]
    for id in (3, 4):
        world.prices()
        job = world.open_job(user, id=id)
        world.start_job(job, actor)
        world.chain.warp(seconds=600)
        world.report_job(node, job)
        disputing = escrow.dispute_job(authority=renter.pubkey(), job=job, source=world.usd(renter), evidence=bytes(32))
        world.chain.send([disputing], renter)
        if id == 3:
            resolving = escrow.resolve_dispute(
                signers=[member.pubkey() for member in members],
                job=job,
                node=actor,
                node_usd=world.usd(owner),
                accepted_seconds=300,
            )
            world.chain.send([resolving], *members)
        else:
            world.chain.warp(seconds=PARAMETERS.escrow.decision_seconds + 1)
            world.chain.send([escrow.lapse_dispute(job=job)], world.admin)


def leaving(world: World, node: Actor, staker: Keypair) -> None:
    """Stake and collateral unbond, rewards are claimed, a delegation is closed."""
    (owner, actor), wallet = node, staker.pubkey()
    world.chain.send([pools.undelegate(owner=wallet, actor=actor, amount=1_000 * IO, id=1)], staker)
    rewards = pools.claim_rewards(actor=actor, owner=wallet, destination=world.io(staker))
    world.chain.send([rewards], world.admin)
    world.chain.send([pools.close_delegation(owner=wallet, actor=actor)], staker)
    asking = staking.withdraw_collateral(authority=owner.pubkey(), actor=actor, amount=IO, id=1)
    world.chain.send([asking], owner)
    world.chain.warp(seconds=PARAMETERS.staking.delegator_unbonding_seconds)
    paying = pools.withdraw_ticket(actor=actor, owner=wallet, id=1, destination=world.io(staker))
    world.chain.send([paying], world.admin)


def slashing(world: World, node: Actor) -> None:
    """One slash is upheld and executed, the appeal against another is never decided."""
    owner, actor = node
    members = world.committee[:2]
    signers = [member.pubkey() for member in members]
    for id in (1, 2):
        proposing = slashes.propose_slash(
            proposer=world.admin.pubkey(), actor=actor, id=id, offence=1, evidence=bytes(32), signers=signers
        )
        world.chain.send([proposing], world.admin, *members)
        appealing = slashes.appeal_slash(authority=owner.pubkey(), actor=actor, id=id, source=world.io(owner))
        world.chain.send([appealing], owner)
        if id == 1:
            deciding = slashes.decide_appeal(actor=actor, id=id, upheld=True, signers=signers)
            world.chain.send([deciding], *members)
            executing = slashes.execute_slash(actor=actor, id=id, proposer=world.admin.pubkey(), io_mint=world.io_mint)
            world.chain.send([executing], world.admin)
        else:
            world.chain.warp(seconds=PARAMETERS.staking.decision_seconds + 1)
            dismissing = slashes.dismiss_slash(
                actor=actor, id=id, proposer=world.admin.pubkey(), destination=world.io(owner)
            )
            world.chain.send([dismissing], world.admin)


def offices(world: World) -> None:
    """Parameters change, the committee rotates, the admin's office changes hands and comes back, programs pause."""
    admin, chain = world.admin, world.chain
    for program, parameters in (
        (oracle, PARAMETERS.oracle),
        (staking, PARAMETERS.staking),
        (emission, PARAMETERS.emission),
        (burn, PARAMETERS.burn),
        (escrow, PARAMETERS.escrow),
    ):
        chain.send([program.set_parameters(admin=admin.pubkey(), parameters=parameters)], admin)
    members = [member.pubkey() for member in world.committee]
    chain.send([oracle.rotate_committee(admin=admin.pubkey(), members=members)], admin)
    chain.send([oracle.set_pauser(admin=admin.pubkey(), pauser=world.pauser.pubkey())], admin)
    chain.send([oracle.offer_admin(admin=admin.pubkey(), offered=world.router.pubkey())], admin)
    chain.send([oracle.accept_admin(offered=world.router.pubkey())], world.router)
    for paused in (1, 0):
        chain.send([oracle.set_paused(by=world.pauser.pubkey(), paused=paused)], world.pauser)
