"""Locked IO: a bonus vests by the second and is minted as it is withdrawn."""

from solders.system_program import TransferParams, transfer

from client import addresses, economics, state
from client.network import EMISSION
from tests.programs.chain import swapped
from tests.programs.emission_steps import HOUR, Paid, close, credit, lock, locking, schedule, withdrawing
from tests.programs.emission_steps import paid as paid  # a fixture
from tests.programs.emission_steps import world as world  # a fixture
from tests.programs.world import GENESIS, World


def test_a_bonus_is_locked_and_vests_by_the_second(paid: Paid) -> None:
    """Locked IO is free in equal parts every second; at its end the account is closed and its rent comes back."""
    world, node = paid.world, next(paid.nodes)
    chain, (owner, actor) = world.chain, node
    supply, minted, start = chain.supply(world.io_mint), schedule(world).minted, chain.now()
    vesting = addresses.vesting(addresses.earner(actor), 1)
    (event,) = chain.events(chain.send([locking(world, node, closed_epoch=1, epoch=1)], owner))
    total, duration = paid.bonus >> 64, EMISSION.lock_seconds
    assert event.name == "BonusLocked"
    assert event.fields == {
        "actor": actor,
        "vesting": vesting,
        "beneficiary": owner.pubkey(),
        "owner": total,
        "affiliate": 0,
        "stakers": 0,
        "closed_epoch": 1,
        "start": start,
        "end": start + duration,
    }
    assert chain.supply(world.io_mint) == supply
    with chain.refuses("NothingToClaim"):
        chain.send([withdrawing(world, owner, vesting)], owner)

    got = 0
    for elapsed in (1, 2, 1_000, duration // 3, duration - 1):
        chain.warp(timestamp=start + elapsed)
        before = chain.balance(world.io(owner))
        (event,) = chain.events(chain.send([withdrawing(world, owner, vesting)], owner))
        amount = chain.balance(world.io(owner)) - before
        got += amount
        free = economics.vested(total, start, start + duration, 1, start + elapsed)
        assert got == free == total * elapsed // duration
        assert event.name == "VestedWithdrawn"
        assert event.fields == {
            "vesting": vesting,
            "beneficiary": owner.pubkey(),
            "amount": amount,
            "withdrawn": got,
            "funded": 0,
            "at": start + elapsed,
        }
        with chain.refuses("NothingToClaim"):
            chain.send([withdrawing(world, owner, vesting)], owner)

    chain.warp(timestamp=start + duration)
    rent, sol = chain.lamports(vesting), chain.lamports(owner.pubkey())
    assert rent > 0
    chain.send([withdrawing(world, owner, vesting)], world.admin)
    assert not chain.exists(vesting)
    assert chain.lamports(owner.pubkey()) == sol + rent
    assert chain.supply(world.io_mint) == supply + total
    assert schedule(world).minted == minted + total
    with chain.refuses("AccountDataTooSmall"):
        chain.send([withdrawing(world, owner, vesting)], owner)


def test_a_vesting_is_its_beneficiarys(paid: Paid) -> None:
    """Anyone withdraws for the beneficiary, and nobody to anywhere else, the admin included."""
    world, node = paid.world, next(paid.nodes)
    owner, vesting = node[0], lock(world, node)
    world.chain.warp(seconds=1_000)
    for thief in (world.person(), world.admin):
        for swap in ((world.io(owner), world.io(thief)), (owner.pubkey(), thief.pubkey())):
            with world.chain.refuses("WrongOwner"):
                world.chain.send([swapped(withdrawing(world, owner, vesting), *swap)], thief)
    with world.chain.refuses("InvalidAccountData"):
        dollars = swapped(withdrawing(world, owner, vesting), world.io(owner), world.usd(owner))
        world.chain.send([dollars], owner)
    before = world.chain.balance(world.io(owner))
    world.chain.send([withdrawing(world, owner, vesting)], world.person())
    found = world.chain.account(state.Vesting, vesting)
    assert world.chain.balance(world.io(owner)) - before == found.withdrawn > 0


def test_a_bonus_is_locked_once_an_epoch(paid: Paid) -> None:
    """A second lock of the same closed epoch is refused, and the first stays as it is."""
    world, node = paid.world, next(paid.nodes)
    vesting = lock(world, node)
    before = world.chain.account(state.Vesting, vesting)
    with world.chain.refuses("AccountAlreadyInUse"):
        lock(world, node)
    assert world.chain.account(state.Vesting, vesting) == before


def test_each_epochs_bonus_is_locked_by_itself(world: World) -> None:
    """The bonus of a later epoch has an account of its own, and a time of its own."""
    node = world.node()
    vestings = []
    for epoch in (1, 2):
        credit(world, node, base=1, bonus=1)
        close(world, epoch)
        vestings.append(world.chain.account(state.Vesting, lock(world, node)))
    assert [vesting.start for vesting in vestings] == [GENESIS + HOUR, GENESIS + 2 * HOUR]
    halves = [economics.epoch_halves(economics.emission(epoch - 1, epoch), 5_000).compute for epoch in (1, 2)]
    assert [vesting.total for vesting in vestings] == [half // 2 for half in halves]


def test_a_closed_vesting_stays_closed(paid: Paid) -> None:
    """Lamports sent to a closed vesting account in the same transaction revive nothing."""
    world, node = paid.world, next(paid.nodes)
    owner, _ = node
    vesting = lock(world, node)
    world.chain.warp(seconds=EMISSION.lock_seconds)
    giving = transfer(TransferParams(from_pubkey=owner.pubkey(), to_pubkey=vesting, lamports=10_000_000))
    world.chain.send([withdrawing(world, owner, vesting), giving], owner)
    balance = world.chain.balance(world.io(owner))
    with world.chain.refuses("AccountDataTooSmall"):
        world.chain.send([withdrawing(world, owner, vesting)], owner)
    assert world.chain.balance(world.io(owner)) == balance


def test_a_vesting_funded_beforehand_can_be_opened(paid: Paid) -> None:
    """Lamports sent to where a bonus will be locked deny nobody the lock."""
    world, node = paid.world, next(paid.nodes)
    vesting = addresses.vesting(addresses.earner(node[1]), 1)
    world.chain.airdrop(vesting, 1_000_000)
    assert lock(world, node) == vesting
    assert world.chain.account(state.Vesting, vesting).beneficiary == node[0].pubkey()
