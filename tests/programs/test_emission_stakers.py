"""What an actor earns, of claims and bonuses alike, is shared by its stakers, its affiliate and its owner."""

from solders.keypair import Keypair

from client import addresses, economics, state
from client.economics import IO, ClaimInput
from client.instructions import pools, staking
from client.state import Election
from tests.programs.emission_steps import (
    Node,
    Paid,
    claiming,
    close,
    credit,
    delegate,
    earner,
    locking,
    schedule,
)
from tests.programs.emission_steps import paid as paid  # a fixture
from tests.programs.emission_steps import world as world  # a fixture
from tests.programs.world import GENESIS, World

COMMISSION_BP = 200
"""Of the nodes of `World.node`."""


def test_a_claims_commission_arrives_at_the_rewards_account(paid: Paid) -> None:
    """Stakers and affiliate get their parts of a claim, the owner the rest; staking pays them out in full."""
    world, (node, affiliate) = paid.world, next(paid.affiliated)
    owner, actor = node
    staker = delegate(world, actor)
    minted, before = schedule(world).minted, world.chain.balance(world.io(owner))
    (event,) = world.chain.events(world.claim(node, affiliate=affiliate.pubkey()))
    shares = economics.claim(ClaimInput(paid.liquid >> 64, COMMISSION_BP, 100))
    assert event.fields == {
        "actor": actor,
        "owner": shares.owner,
        "affiliate": shares.affiliate,
        "stakers": shares.stakers,
        "closed_epoch": 1,
        "at": world.chain.now(),
    }
    assert world.chain.balance(world.io(owner)) - before == shares.owner
    assert world.chain.balance(world.io(affiliate)) == shares.affiliate
    assert world.chain.balance(addresses.rewards(actor)) == shares.stakers > 0
    assert schedule(world).minted - minted == paid.liquid >> 64

    paying = pools.claim_rewards(actor=actor, owner=staker.pubkey(), destination=world.io(staker))
    world.chain.send([paying], world.admin)
    assert shares.stakers - 1 <= world.chain.balance(world.io(staker)) <= shares.stakers


def test_a_bonus_is_shared_before_it_is_locked(paid: Paid) -> None:
    """Stakers and affiliate are paid their parts of a bonus at once; the owner's is locked."""
    world, (node, affiliate) = paid.world, next(paid.affiliated)
    owner, actor = node
    delegate(world, actor)
    supply, minted = world.chain.supply(world.io_mint), schedule(world).minted
    lock = locking(
        world, node, closed_epoch=1, epoch=1, affiliate_io=world.io(affiliate), rewards=addresses.rewards(actor)
    )
    (event,) = world.chain.events(world.chain.send([lock], owner))
    shares = economics.claim(ClaimInput(paid.bonus >> 64, COMMISSION_BP, 100))
    assert {name: event.fields[name] for name in ("owner", "affiliate", "stakers")} == {
        "owner": shares.owner,
        "affiliate": shares.affiliate,
        "stakers": shares.stakers,
    }
    assert world.chain.balance(addresses.rewards(actor)) == shares.stakers
    assert world.chain.balance(world.io(affiliate)) == shares.affiliate
    vesting = world.chain.account(state.Vesting, addresses.vesting(addresses.earner(actor), 1))
    assert (vesting.total, vesting.funded, vesting.step_seconds) == (shares.owner, 0, 1)
    paid_now = shares.affiliate + shares.stakers
    assert world.chain.supply(world.io_mint) - supply == schedule(world).minted - minted == paid_now


def test_without_shares_there_is_no_commission(paid: Paid) -> None:
    """A pool that is open and empty takes nothing; nor does one that everybody has left."""
    world, node = paid.world, next(paid.nodes)
    owner, actor = node
    staker = delegate(world, actor)
    leaving = pools.undelegate(owner=staker.pubkey(), actor=actor, amount=1_000 * IO, id=1)
    world.chain.send([leaving], staker)
    before = world.chain.balance(world.io(owner))
    (event,) = world.chain.events(world.claim(node))
    assert event.fields["stakers"] == 0
    assert world.chain.balance(world.io(owner)) - before == paid.liquid >> 64


def test_the_rewards_account_is_the_actors_own(paid: Paid) -> None:
    """Without it, or with another IO account in its place, nothing of an actor with stakers is claimed or locked."""
    world, node, other = paid.world, next(paid.nodes), next(paid.nodes)
    owner, actor = node
    staker = delegate(world, actor)
    delegate(world, other[1])
    for rewards in (None, world.io(staker), addresses.rewards(other[1])):
        for instruction in (
            claiming(world, node, rewards=rewards, epoch=1),
            locking(world, node, rewards=rewards, closed_epoch=1, epoch=1),
        ):
            with world.chain.refuses("RewardsMissing"):
                world.chain.send([instruction], owner)


def test_a_commission_changes_from_the_next_epoch_on(world: World) -> None:
    """What is claimed before the next epoch is shared by the old commission, from its first second on by the new."""
    node = world.node()
    owner, actor = node
    delegate(world, actor)
    for epoch in (1, 2):
        close(world, epoch, (actor, 1, 0))
    electing = staking.elect(authority=owner.pubkey(), actor=actor, election=Election(6_000, 300))
    world.chain.send([electing], owner)
    world.chain.warp(timestamp=GENESIS + 3 * 3_600 - 1)

    def shared() -> tuple[int, int]:
        (event,) = world.chain.events(world.claim(node))
        accrued = event.fields["owner"] + event.fields["stakers"]
        return event.fields["stakers"], accrued

    stakers, accrued = shared()
    assert stakers == economics.bps_floor(accrued, COMMISSION_BP)
    close(world, 3)
    stakers, accrued = shared()
    assert stakers == economics.bps_floor(accrued, 300)


def test_nobody_makes_stakers_wait(paid: Paid) -> None:
    """A staker claims and locks for an owner who does not: its part arrives whoever pays the fee."""
    world, node = paid.world, next(paid.nodes)
    actor = node[1]
    staker = delegate(world, actor)
    instructions = [
        claiming(world, node, rewards=addresses.rewards(actor), epoch=1),
        locking(world, node, rewards=addresses.rewards(actor), closed_epoch=1, payer=staker),
    ]
    world.chain.send(instructions, staker)
    parts = (economics.bps_floor(whole >> 64, COMMISSION_BP) for whole in (paid.liquid, paid.bonus))
    assert world.chain.balance(addresses.rewards(actor)) == sum(parts)


def test_a_users_stakers_are_paid_too(world: World) -> None:
    """A user who is credited bonus coupons has it locked, less its stakers' commission."""
    user = world.user()
    staker = delegate(world, user[1])
    credit(world, user, base=0, bonus=7)
    close(world, 1)
    lock = locking(world, user, closed_epoch=1, epoch=1, rewards=addresses.rewards(user[1]), payer=staker)
    world.chain.send([lock], staker)
    vesting = world.chain.account(state.Vesting, addresses.vesting(addresses.earner(user[1]), 1))
    accrued = (7 * ((economics.epoch_halves(economics.cumulative(1), 5_000).compute << 64) // 7)) >> 64
    shares = economics.claim(ClaimInput(accrued, 100, 0))
    assert (vesting.beneficiary, vesting.total) == (user[0].pubkey(), shares.owner)
    assert world.chain.balance(addresses.rewards(user[1])) == shares.stakers


def test_all_parts_together_are_what_was_emitted(world: World) -> None:
    """However it is shared, what was minted, locked and left as fractions is the emission, to the last bit."""
    affiliate = world.person()
    nodes = [world.node(affiliate=affiliate.pubkey()) for _ in range(3)]
    for number, (_, actor) in enumerate(nodes):
        delegate(world, actor, amount=(number + 1) * 77)
    for epoch in (1, 2, 3):
        for number, node in enumerate(nodes):
            credit(world, node, base=number * 13 + epoch, bonus=5 * number)
        close(world, epoch, *((actor, 3 + number, 0) for number, (_, actor) in enumerate(nodes)))
    minted, locked, fractions = 0, 0, 0
    for node in nodes:
        minted += _shared_out(world, node, affiliate)
        lock = locking(
            world,
            node,
            closed_epoch=3,
            epoch=earner(world, node).coupon_epoch,
            affiliate_io=world.io(affiliate),
            rewards=addresses.rewards(node[1]),
        )
        if earner(world, node).bonus >> 64:
            (event,) = world.chain.events(world.chain.send([lock], node[0]))
            minted += event.fields["affiliate"] + event.fields["stakers"]
            locked += event.fields["owner"]
        fractions += earner(world, node).liquid + earner(world, node).bonus
    found = schedule(world)
    assert found.minted == minted
    assert found.emitted == economics.cumulative(3)
    carried = found.carry_availability + found.carry_compute
    assert ((minted + locked) << 64) + fractions + carried == economics.cumulative(3) << 64


def _shared_out(world: World, node: Node, affiliate: Keypair) -> int:
    (event,) = world.chain.events(world.claim(node, affiliate=affiliate.pubkey()))
    return int(event.fields["owner"] + event.fields["affiliate"] + event.fields["stakers"])
