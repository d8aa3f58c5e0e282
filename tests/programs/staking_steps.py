"""A network for the tests of pools, and their steps: delegating, unbonding, rewards, slashes."""

from collections.abc import Iterator

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, economics, state
from client.economics import IO
from client.instructions import oracle, pools, slashes, staking, tokens
from client.network import STAKING
from tests.programs.world import GENESIS, World, new_world

Owned = tuple[Keypair, Pubkey]
"""A wallet and its actor."""

DAY = 86_400
HOUR = 3_600
FRAUD = 5
"""The offence that costs everything."""
HALF = 4
"""The offence that costs half."""
PAUSE_STAKING = state.PAUSE_BITS["staking"]
EVIDENCE = bytes(range(32))


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    """A network of the file's tests. Time goes on from test to test; each has its own people and actors."""
    with new_world() as world:
        yield world


def actor_of(world: World, address: Pubkey) -> state.Actor:
    return world.chain.account(state.Actor, address)


def delegation_of(world: World, actor: Pubkey, owner: Keypair) -> state.Delegation:
    return world.chain.account(state.Delegation, addresses.delegation(actor, owner.pubkey()))


def ticket_of(world: World, actor: Pubkey, owner: Keypair, id: int) -> state.Ticket:
    return world.chain.account(state.Ticket, addresses.ticket(actor, owner.pubkey(), id))


def slash_of(world: World, actor: Pubkey, id: int = 1) -> state.Slash:
    return world.chain.account(state.Slash, addresses.slash(actor, id))


def value_of(world: World, actor: Pubkey, owner: Keypair) -> int:
    """What a delegation is worth, IO base units."""
    return economics.value_of(delegation_of(world, actor, owner).shares, actor_of(world, actor).index)


def pooled(world: World, *, collateral: bool = True) -> Owned:
    """An owner and its node, whose pool is open."""
    owner, actor = world.node(collateral=collateral)
    world.chain.send([pools.open_pool(payer=owner.pubkey(), actor=actor, io_mint=world.io_mint)], owner)
    return owner, actor


def delegator(world: World, actor: Pubkey, delegated: int = 0, *, io: int = 1_000 * IO) -> Keypair:
    """Somebody with so much IO, of which so much is behind an actor whose pool is open."""
    owner = world.person(io=io)
    opening = pools.open_delegation(payer=owner.pubkey(), actor=actor, owner=owner.pubkey())
    world.chain.send([opening], owner)
    if delegated:
        delegate(world, actor, owner, delegated)
    return owner


def delegate(world: World, actor: Pubkey, owner: Keypair, amount: int) -> str:
    delegating = pools.delegate(owner=owner.pubkey(), actor=actor, source=world.io(owner), amount=amount)
    return world.chain.send([delegating], owner)


def undelegate(world: World, actor: Pubkey, owner: Keypair, amount: int, id: int = 1) -> str:
    return world.chain.send([pools.undelegate(owner=owner.pubkey(), actor=actor, amount=amount, id=id)], owner)


def withdraw(world: World, actor: Pubkey, owner: Keypair, id: int = 1) -> str:
    """Pays a ticket; a stranger sends it."""
    withdrawing = pools.withdraw_ticket(actor=actor, owner=owner.pubkey(), id=id, destination=world.io(owner))
    return world.chain.send([withdrawing], world.admin)


def claim(world: World, actor: Pubkey, owner: Keypair) -> str:
    """Pays rewards; a stranger sends it."""
    claiming = pools.claim_rewards(actor=actor, owner=owner.pubkey(), destination=world.io(owner))
    return world.chain.send([claiming], world.admin)


def close(world: World, actor: Pubkey, owner: Keypair) -> str:
    return world.chain.send([pools.close_delegation(owner=owner.pubkey(), actor=actor)], owner)


def reward(world: World, actor: Pubkey, amount: int) -> None:
    """IO (base units) comes to an actor's stakers, here as a gift."""
    owner = world.admin.pubkey()
    giving = tokens.transfer(source=world.io(owner), destination=addresses.rewards(actor), owner=owner, amount=amount)
    world.chain.send([giving], world.admin)


def withdraw_collateral(world: World, owned: Owned, amount: int, id: int = 1) -> str:
    owner, actor = owned
    asking = staking.withdraw_collateral(authority=owner.pubkey(), actor=actor, amount=amount, id=id)
    return world.chain.send([asking], owner)


def propose(world: World, actor: Pubkey, offence: int = 3, *, id: int = 1, signers: int = 2) -> str:
    """So many members sign; the admin pays."""
    members = world.committee[:signers]
    proposing = slashes.propose_slash(
        proposer=world.admin.pubkey(),
        actor=actor,
        id=id,
        offence=offence,
        evidence=EVIDENCE,
        signers=[member.pubkey() for member in members],
    )
    return world.chain.send([proposing], world.admin, *members)


def appeal(world: World, owned: Owned, id: int = 1) -> str:
    owner, actor = owned
    appealing = slashes.appeal_slash(authority=owner.pubkey(), actor=actor, id=id, source=world.io(owner))
    return world.chain.send([appealing], owner)


def decide(world: World, actor: Pubkey, *, upheld: bool, id: int = 1, signers: int = 2) -> str:
    members = world.committee[:signers]
    deciding = slashes.decide_appeal(actor=actor, id=id, upheld=upheld, signers=[member.pubkey() for member in members])
    return world.chain.send([deciding], *members)


def execute(world: World, actor: Pubkey, id: int = 1) -> str:
    """A stranger sends it."""
    executing = slashes.execute_slash(actor=actor, id=id, proposer=world.admin.pubkey(), io_mint=world.io_mint)
    return world.chain.send([executing], world.router)


def dismiss(world: World, owned: Owned, id: int = 1) -> str:
    """A stranger sends it."""
    owner, actor = owned
    dismissing = slashes.dismiss_slash(actor=actor, id=id, proposer=world.admin.pubkey(), destination=world.io(owner))
    return world.chain.send([dismissing], world.router)


def accused(world: World, offence: int = 3) -> Owned:
    """An owner and its node, of which a slash is proposed."""
    owned = pooled(world)
    propose(world, owned[1], offence)
    return owned


def slashed(world: World, actor: Pubkey, offence: int, *, id: int = 1) -> str:
    """Proposed, not appealed against, executed."""
    propose(world, actor, offence, id=id)
    world.chain.warp(seconds=STAKING.appeal_seconds)
    return execute(world, actor, id)


def pause(world: World, bits: int) -> None:
    world.chain.send([oracle.set_paused(by=world.pauser.pubkey(), paused=bits)], world.pauser)


def next_epoch(now: int) -> int:
    """The start of the first epoch after `now`, Unix seconds."""
    return GENESIS + ((now - GENESIS) // HOUR + 1) * HOUR


def vault(world: World) -> int:
    """IO base units in the vault of all stake."""
    return world.chain.balance(addresses.stake_vault())
