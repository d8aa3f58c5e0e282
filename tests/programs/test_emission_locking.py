"""IO that exists, locked for somebody: in steps, paid from a vault, and never minted."""

from dataclasses import dataclass, field

import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, state
from client.economics import IO
from client.instructions import emission, tokens
from tests.programs.chain import swapped
from tests.programs.emission_steps import schedule, withdrawing
from tests.programs.emission_steps import shared as shared  # a fixture
from tests.programs.world import U64_MAX, World

MONTH = 730 * 3_600


@dataclass
class Lock:
    """What `locking` is called with, by default."""

    amount: int = 24 * IO + 7
    start: int = 0
    months: int = 24
    step_seconds: int = MONTH
    id: int = 0
    seconds: int | None = field(default=None)
    """In the place of the months."""

    def instruction(self, world: World, depositor: Keypair, beneficiary: Pubkey) -> Instruction:
        """Locks the depositor's IO."""
        duration = self.months * MONTH if self.seconds is None else self.seconds
        return emission.lock_io(
            depositor=depositor.pubkey(),
            beneficiary=beneficiary,
            id=self.id,
            source=world.io(depositor),
            amount=self.amount,
            start=self.start,
            end=self.start + duration,
            step_seconds=self.step_seconds,
        )


@pytest.fixture
def people(shared: World) -> tuple[World, Keypair, Keypair]:
    """A world, somebody with IO to lock, and somebody to lock it for."""
    return shared, shared.person(io=1_000 * IO), shared.person()


def test_locked_io_becomes_free_in_tranches(people: tuple[World, Keypair, Keypair]) -> None:
    """A 24th is free at the end of each month, all of it at the last; the vault pays it, nothing is minted."""
    world, depositor, beneficiary = people
    chain, start = world.chain, world.chain.now()
    supply, minted, locked = chain.supply(world.io_mint), schedule(world).minted, schedule(world).locked_io
    lock = Lock(start=start, id=5)
    (event,) = chain.events(chain.send([lock.instruction(world, depositor, beneficiary.pubkey())], depositor))
    vesting = addresses.locked(depositor.pubkey(), beneficiary.pubkey(), 5)
    assert event.name == "IoLocked"
    assert event.fields == {
        "vesting": vesting,
        "depositor": depositor.pubkey(),
        "beneficiary": beneficiary.pubkey(),
        "id": 5,
        "amount": lock.amount,
        "start": start,
        "end": start + 24 * MONTH,
        "step_seconds": MONTH,
    }
    assert chain.balance(world.io(depositor)) == 1_000 * IO - lock.amount
    assert schedule(world).locked_io == locked + lock.amount <= chain.balance(addresses.locked_vault())

    for month in (1, 2, 13, 23):
        for early in (1, 0):
            chain.warp(timestamp=start + month * MONTH - early)
            if early and month in (1, 2):
                with chain.refuses("NothingToClaim"):
                    chain.send([withdrawing(world, beneficiary, vesting)], depositor)
        (event,) = chain.events(chain.send([withdrawing(world, beneficiary, vesting)], depositor))
        free = lock.amount * month // 24
        assert (event.fields["withdrawn"], event.fields["funded"]) == (free, 1)
        assert chain.balance(world.io(beneficiary)) == free
        assert schedule(world).locked_io == locked + lock.amount - free

    chain.warp(timestamp=start + 24 * MONTH)
    rent, sol = chain.lamports(vesting), chain.lamports(beneficiary.pubkey())
    chain.send([withdrawing(world, beneficiary, vesting)], depositor)
    assert chain.balance(world.io(beneficiary)) == lock.amount
    assert not chain.exists(vesting)
    assert chain.lamports(beneficiary.pubkey()) == sol + rent
    assert (chain.supply(world.io_mint), schedule(world).minted) == (supply, minted)
    assert schedule(world).locked_io == locked


@pytest.mark.parametrize(
    ("lock", "refusal"),
    [
        (Lock(amount=0), "AmountZero"),
        (Lock(seconds=0), "StepsInvalid"),
        (Lock(seconds=-MONTH), "StepsInvalid"),
        (Lock(seconds=MONTH + 1), "StepsInvalid"),
        (Lock(seconds=MONTH - 1), "StepsInvalid"),
        (Lock(step_seconds=0), "StepsInvalid"),
        (Lock(start=-(2**63), seconds=2**63 + 2**62), "StepsInvalid"),
        (Lock(amount=1_000 * IO + 1), "InsufficientFunds"),
        (Lock(amount=U64_MAX), "Overflow"),
    ],
    ids=[
        "nothing",
        "no time",
        "backwards",
        "a rest",
        "less than a step",
        "no step",
        "too long",
        "too much",
        "overflow",
    ],
)
def test_what_cannot_be_paid_out_is_not_locked(
    people: tuple[World, Keypair, Keypair], lock: Lock, refusal: str
) -> None:
    """Nothing, no whole steps, more than there is: each is refused, and the depositor keeps its IO."""
    world, depositor, beneficiary = people
    if refusal == "Overflow":
        other = Lock(amount=1, id=9, start=world.chain.now())
        world.chain.send([other.instruction(world, depositor, beneficiary.pubkey())], depositor)
    before = world.chain.balance(world.io(depositor))
    with world.chain.refuses(refusal):
        world.chain.send([lock.instruction(world, depositor, beneficiary.pubkey())], depositor)
    assert world.chain.balance(world.io(depositor)) == before


def test_locks_of_one_depositor_are_told_apart(people: tuple[World, Keypair, Keypair]) -> None:
    """The same number twice is refused; another number, or the same of another depositor, is a lock of its own."""
    world, depositor, beneficiary = people
    wallet, start = beneficiary.pubkey(), world.chain.now()
    world.chain.send([Lock(id=1, start=start).instruction(world, depositor, wallet)], depositor)
    with world.chain.refuses("AccountAlreadyInUse"):
        world.chain.send([Lock(id=1, start=start, amount=1).instruction(world, depositor, wallet)], depositor)
    world.chain.send([Lock(id=2, start=start, amount=5).instruction(world, depositor, wallet)], depositor)
    other = world.person(io=IO)
    world.chain.send([Lock(id=1, start=start, amount=6).instruction(world, other, wallet)], other)
    totals = [
        world.chain.account(state.Vesting, addresses.locked(who.pubkey(), wallet, id)).total
        for who, id in ((depositor, 1), (depositor, 2), (other, 1))
    ]
    assert totals == [24 * IO + 7, 5, 6]


def test_io_is_locked_in_the_vault_alone(people: tuple[World, Keypair, Keypair]) -> None:
    """Dollars, another's IO, and another vault are refused; what is free comes out of the vault alone."""
    world, depositor, beneficiary = people
    lock = Lock(start=world.chain.now(), months=1).instruction(world, depositor, beneficiary.pubkey())
    with world.chain.refuses("InvalidAccountData"):
        world.chain.send([swapped(lock, world.io(depositor), world.usd(depositor))], depositor)
    rich = world.person(io=1_000 * IO)
    with world.chain.refuses("OwnerMismatch"):
        world.chain.send([swapped(lock, world.io(depositor), world.io(rich))], depositor)
    for account in (world.io(beneficiary), addresses.stake_vault()):
        with world.chain.refuses("ConstraintAddress"):
            world.chain.send([swapped(lock, addresses.locked_vault(), account)], depositor)
    world.chain.send([lock], depositor)
    vesting = addresses.locked(depositor.pubkey(), beneficiary.pubkey(), 0)
    world.chain.warp(seconds=MONTH)
    with world.chain.refuses("ConstraintAddress"):
        withdraw = withdrawing(world, beneficiary, vesting)
        world.chain.send([swapped(withdraw, addresses.locked_vault(), world.io(rich))], beneficiary)


def test_the_vault_pays_no_more_than_is_locked(people: tuple[World, Keypair, Keypair]) -> None:
    """Were less counted as locked than a vesting account says, the withdrawal would be refused."""
    world, depositor, beneficiary = people
    world.chain.send([Lock(months=1).instruction(world, depositor, beneficiary.pubkey())], depositor)
    vesting = addresses.locked(depositor.pubkey(), beneficiary.pubkey(), 0)
    counted = schedule(world).locked_io
    world.chain.forge(state.Emission, addresses.emission(), "locked_io", 24 * IO + 6)
    with world.chain.refuses("Overflow"):
        world.chain.send([withdrawing(world, beneficiary, vesting)], depositor)
    world.chain.forge(state.Emission, addresses.emission(), "locked_io", counted)
    world.chain.send([withdrawing(world, beneficiary, vesting)], depositor)
    assert world.chain.balance(world.io(beneficiary)) == 24 * IO + 7


def test_io_given_to_the_vault_changes_nothing(people: tuple[World, Keypair, Keypair]) -> None:
    """A gift to the vault is nobody's: it is not counted as locked, and each gets what was locked for it."""
    world, depositor, _ = people
    counted = schedule(world).locked_io
    gift = tokens.transfer(
        source=world.io(depositor), destination=addresses.locked_vault(), owner=depositor.pubkey(), amount=IO
    )
    world.chain.send([gift], depositor)
    assert schedule(world).locked_io == counted
    assert world.chain.balance(addresses.locked_vault()) >= counted + IO
