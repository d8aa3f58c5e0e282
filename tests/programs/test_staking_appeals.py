"""Appeals against slashes: the bond, the decision, and what happens without one."""

from client import addresses
from client.instructions import slashes
from client.network import STAKING
from client.state import Slash
from tests.programs.chain import swapped
from tests.programs.staking_steps import (
    DAY,
    HALF,
    Owned,
    accused,
    actor_of,
    appeal,
    decide,
    dismiss,
    execute,
    pooled,
    slash_of,
    vault,
)
from tests.programs.staking_steps import shared as shared  # a fixture
from tests.programs.world import World

BOND = STAKING.appeal_bond


def appealed(world: World, offence: int = 3) -> Owned:
    """As `accused`, and the owner has appealed."""
    owned = accused(world, offence)
    appeal(world, owned)
    return owned


def test_an_appeal_locks_the_bond(shared: World) -> None:
    """The bond goes to the vault, and the committee has seven days."""
    owner, node = accused(shared)
    before, held = shared.chain.balance(shared.io(owner)), vault(shared)
    (event,) = shared.chain.events(appeal(shared, (owner, node)))
    at, found = shared.chain.now(), slash_of(shared, node)
    assert (found.state, found.bond, found.deadline) == (Slash.APPEALED, BOND, at + 7 * DAY)
    assert shared.chain.balance(shared.io(owner)) == before - BOND
    assert vault(shared) == held + BOND
    assert event.name == "SlashAppealed"
    assert event.fields == {
        "actor": node,
        "slash": addresses.slash(node, 1),
        "owner": owner.pubkey(),
        "bond": BOND,
        "deadline": at + 7 * DAY,
        "at": at,
    }


def test_an_appeal_comes_in_time(shared: World) -> None:
    """In the last second, not at the deadline, and once."""
    late, early = accused(shared), accused(shared)
    shared.chain.warp(timestamp=slash_of(shared, early[1]).deadline - 1)
    appeal(shared, early)
    with shared.chain.refuses("WrongState"):
        appeal(shared, early)
    shared.chain.warp(timestamp=slash_of(shared, late[1]).deadline)
    with shared.chain.refuses("DeadlinePassed"):
        appeal(shared, late)


def test_only_the_accused_appeals(shared: World) -> None:
    """Neither a stranger, nor the authority of another actor in the name of its own, nor without the bond."""
    owner, node = accused(shared)
    other = pooled(shared)
    thief = shared.person(io=BOND)
    stranger = slashes.appeal_slash(authority=thief.pubkey(), actor=node, id=1, source=shared.io(thief))
    with shared.chain.refuses("NotAuthority"):
        shared.chain.send([stranger], thief)
    another = slashes.appeal_slash(authority=other[0].pubkey(), actor=other[1], id=1, source=shared.io(other[0]))
    with shared.chain.refuses("ActorMismatch"):
        shared.chain.send([swapped(another, addresses.slash(other[1], 1), addresses.slash(node, 1))], other[0])
    poor = shared.io(shared.person())
    appealing = slashes.appeal_slash(authority=owner.pubkey(), actor=node, id=1, source=shared.io(owner))
    with shared.chain.refuses("InsufficientFunds"):
        shared.chain.send([swapped(appealing, shared.io(owner), poor)], owner)


def test_what_is_upheld_is_executed_at_once(shared: World) -> None:
    """The bond is burned with the stake."""
    _, node = appealed(shared, HALF)
    collateral, supply = actor_of(shared, node).collateral, shared.chain.supply(shared.io_mint)
    held = vault(shared)
    (event,) = shared.chain.events(decide(shared, node, upheld=True))
    assert event.name == "SlashDecided"
    assert event.fields == {
        "actor": node,
        "slash": addresses.slash(node, 1),
        "at": shared.chain.now(),
        "upheld": True,
    }
    (event,) = shared.chain.events(execute(shared, node))
    assert (event.fields["burned"], event.fields["bond"]) == (collateral // 2 + BOND, BOND)
    assert shared.chain.supply(shared.io_mint) == supply - collateral // 2 - BOND
    assert vault(shared) == held - collateral // 2 - BOND
    assert actor_of(shared, node).collateral == collateral // 2


def test_what_is_dropped_gives_the_bond_back(shared: World) -> None:
    """Nothing is burned, and the bond goes to the authority at once, whoever sends it."""
    owner, node = appealed(shared)
    before, collateral = shared.chain.balance(shared.io(owner)), actor_of(shared, node).collateral
    decide(shared, node, upheld=False)
    assert slash_of(shared, node).state == Slash.DISMISSED
    rent, lamports = (shared.chain.lamports(address) for address in (addresses.slash(node, 1), shared.admin.pubkey()))
    (event,) = shared.chain.events(dismiss(shared, (owner, node)))
    assert shared.chain.balance(shared.io(owner)) == before + BOND
    assert shared.chain.lamports(shared.admin.pubkey()) == lamports + rent
    assert (actor_of(shared, node).collateral, actor_of(shared, node).pending_slashes) == (collateral, 0)
    assert event.name == "SlashDismissed"
    assert event.fields == {
        "actor": node,
        "slash": addresses.slash(node, 1),
        "owner": owner.pubkey(),
        "bond": BOND,
        "at": shared.chain.now(),
    }


def test_what_is_not_decided_lapses(shared: World) -> None:
    """At the deadline, not before, an appeal counts as won; a decision comes too late."""
    owned = appealed(shared)
    shared.chain.warp(seconds=7 * DAY - 1)
    with shared.chain.refuses("DeadlineAhead"):
        dismiss(shared, owned)
    shared.chain.warp(seconds=1)
    with shared.chain.refuses("DeadlinePassed"):
        decide(shared, owned[1], upheld=True)
    dismiss(shared, owned)
    assert actor_of(shared, owned[1]).pending_slashes == 0


def test_only_a_majority_decides(shared: World) -> None:
    """One member of three decides nothing."""
    _, node = appealed(shared)
    with shared.chain.refuses("NoQuorum"):
        decide(shared, node, upheld=True, signers=1)


def test_each_step_has_its_state(shared: World) -> None:
    """No decision without an appeal, no execution of what is appealed or dropped, no dismissal of what is upheld."""
    owned = accused(shared)
    node = owned[1]
    with shared.chain.refuses("WrongState"):
        decide(shared, node, upheld=False)
    with shared.chain.refuses("WrongState"):
        dismiss(shared, owned)
    appeal(shared, owned)
    shared.chain.warp(seconds=3 * DAY)
    with shared.chain.refuses("WrongState"):
        execute(shared, node)
    decide(shared, node, upheld=False)
    for step in (lambda: execute(shared, node), lambda: decide(shared, node, upheld=True)):
        with shared.chain.refuses("WrongState"):
            step()
    upheld = appealed(shared)
    decide(shared, upheld[1], upheld=True)
    for step in (lambda: dismiss(shared, upheld), lambda: decide(shared, upheld[1], upheld=False)):
        with shared.chain.refuses("WrongState"):
            step()


def test_a_bond_goes_back_to_the_authority(shared: World) -> None:
    """Whoever sends it names no other wallet's account, no other actor and no other wallet for the rent."""
    owner, node = appealed(shared)
    decide(shared, node, upheld=False)
    _, other = pooled(shared)
    thief, proposer = shared.person(), shared.admin.pubkey()
    dismissing = slashes.dismiss_slash(actor=node, id=1, proposer=proposer, destination=shared.io(owner))
    for error, old, new in (
        ("InvalidAccountData", shared.io(owner), shared.io(thief)),
        ("ActorMismatch", node, other),
        ("NotOwner", proposer, thief.pubkey()),
    ):
        with shared.chain.refuses(error):
            shared.chain.send([swapped(dismissing, old, new)], thief)
