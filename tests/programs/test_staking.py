"""Actors and their collateral: who may be one, and what a node locks."""

from itertools import count

import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, economics, state
from client.economics import IO
from client.idl import build, program_id
from client.instructions import staking, tokens
from client.network import STAKING
from tests.programs.chain import swapped
from tests.programs.world import U64_MAX, World, freezable_mint

U32_MAX = 2**32 - 1

symbols = (f"CLASS-{number}" for number in count(1))


def class_of(world: World, multiplier_bp: int) -> str:
    """A class that no other test knows; its symbol."""
    symbol = next(symbols)
    adding = staking.add_class(admin=world.admin.pubkey(), symbol=symbol, multiplier_bp=multiplier_bp)
    world.chain.send([adding], world.admin)
    return symbol


def registration(
    owner: Keypair,
    *,
    id: int = 0,
    hardware_class: str = "4090",
    processors: int = 1,
    dollar_share_bp: int = 6_000,
    commission_bp: int = 200,
    affiliate: Pubkey | None = None,
) -> Instruction:
    return staking.register_node(
        authority=owner.pubkey(),
        id=id,
        hardware_class=hardware_class,
        processors=processors,
        dollar_share_bp=dollar_share_bp,
        commission_bp=commission_bp,
        affiliate=affiliate,
    )


def deposit(world: World, depositor: Keypair, actor: Pubkey, amount: int, source: Pubkey | None = None) -> Instruction:
    return staking.deposit_collateral(
        depositor=depositor.pubkey(), actor=actor, source=source or world.io(depositor), amount=amount
    )


def actor(world: World, address: Pubkey) -> state.Actor:
    return world.chain.account(state.Actor, address)


# --- initialisation ---


def test_a_stranger_does_not_initialise(bare: World) -> None:
    """Only the upgrade authority creates the registry."""
    stranger = bare.person()
    with bare.chain.refuses("NotUpgradeAuthority"):
        bare.chain.send(
            [staking.initialize(admin=stranger.pubkey(), io_mint=bare.io_mint, parameters=STAKING)], stranger
        )


def test_the_mint_has_8_decimals(bare: World) -> None:
    """Another mint than IO, here the dollar's, is refused."""
    with bare.chain.refuses("MintInvalid"):
        bare.chain.send(
            [staking.initialize(admin=bare.admin.pubkey(), io_mint=bare.usd_mint, parameters=STAKING)], bare.admin
        )


def test_nobody_can_freeze_the_stake(bare: World) -> None:
    """A mint with a freeze authority is refused: whoever holds it could lock all stake."""
    owner = bare.admin.pubkey()
    mint = freezable_mint(bare)
    with bare.chain.refuses("MintInvalid"):
        starting = staking.initialize(admin=owner, io_mint=mint, parameters=STAKING)
        bare.chain.send([starting], bare.admin)


def test_the_registry_is_created_once(shared: World) -> None:
    """A second initialisation is refused: the vault's mint and the admin stay."""
    with shared.chain.refuses("AccountAlreadyInUse"):
        shared.chain.send(
            [staking.initialize(admin=shared.admin.pubkey(), io_mint=shared.io_mint, parameters=STAKING)], shared.admin
        )


# --- classes ---


def test_a_stranger_names_no_class(shared: World) -> None:
    """Only the admin names classes."""
    stranger = shared.person()
    with shared.chain.refuses("NotAdmin"):
        adding = staking.add_class(admin=stranger.pubkey(), symbol="NEW", multiplier_bp=1)
        shared.chain.send([adding], stranger)


def test_a_classs_symbol_is_a_symbol(shared: World) -> None:
    """A class's name has one spelling."""
    owner, symbol = shared.admin.pubkey(), b"A\0B".ljust(16, b"\0")
    address, _ = Pubkey.find_program_address([b"class", symbol], program_id("staking"))
    accounts = {"admin": owner, "committee": addresses.committee(), "class": address}
    adding = build("staking", "add_class", accounts, {"symbol": list(symbol), "multiplier_bp": 10_000})
    with shared.chain.refuses("SymbolInvalid"):
        shared.chain.send([adding], shared.admin)


def test_a_multiplier_is_more_than_zero(shared: World) -> None:
    """A class that counts for nothing is refused."""
    with shared.chain.refuses("MultiplierZero"):
        class_of(shared, 0)


def test_a_class_is_named_once(shared: World) -> None:
    """A class's multiplier is not replaced by naming it again."""
    adding = staking.add_class(admin=shared.admin.pubkey(), symbol="H100", multiplier_bp=1)
    with shared.chain.refuses("AccountAlreadyInUse"):
        shared.chain.send([adding], shared.admin)


# --- nodes and users ---


def test_a_node_has_processors(shared: World) -> None:
    """A node without processors is refused."""
    owner = shared.person()
    with shared.chain.refuses("ProcessorsZero"):
        shared.chain.send([registration(owner, processors=0)], owner)


@pytest.mark.parametrize("dollar_share_bp", [0, 2_999, 9_001, 10_000, 65_535])
def test_a_dollar_share_is_3000_to_9000(shared: World, dollar_share_bp: int) -> None:
    """Nobody takes less than 30% or more than 90% in dollars."""
    owner = shared.person()
    with shared.chain.refuses("DollarShareOutOfRange"):
        shared.chain.send([registration(owner, dollar_share_bp=dollar_share_bp)], owner)


@pytest.mark.parametrize("commission_bp", [0, 99, 301, 65_535])
def test_a_commission_is_100_to_300(shared: World, commission_bp: int) -> None:
    """Stakers get 1% to 3%."""
    owner = shared.person()
    with shared.chain.refuses("CommissionOutOfRange"):
        shared.chain.send([registration(owner, commission_bp=commission_bp)], owner)


@pytest.mark.parametrize(("dollar_share_bp", "commission_bp"), [(3_000, 100), (9_000, 300)])
def test_the_ends_of_the_ranges_belong_to_them(shared: World, dollar_share_bp: int, commission_bp: int) -> None:
    """The least and the greatest dollar share and commission are accepted as they are."""
    owner = shared.person()
    shared.chain.send([registration(owner, dollar_share_bp=dollar_share_bp, commission_bp=commission_bp)], owner)
    found = actor(shared, addresses.actor(owner.pubkey(), 0))
    assert found.election == state.Election(dollar_share_bp, commission_bp)


def test_nobody_is_its_own_affiliate(shared: World) -> None:
    """Neither a node's nor a user's authority names itself as its affiliate."""
    owner = shared.person()
    user = staking.register_user(authority=owner.pubkey(), id=0, affiliate=owner.pubkey())
    for registering in (registration(owner, affiliate=owner.pubkey()), user):
        with shared.chain.refuses("AffiliateInvalid"):
            shared.chain.send([registering], owner)


def test_an_unknown_class_is_refused(shared: World) -> None:
    """A node's class must have been named."""
    owner = shared.person()
    with shared.chain.refuses("UninitializedAccount"):
        shared.chain.send([registration(owner, hardware_class="UNKNOWN")], owner)


def test_a_class_is_the_registrys_own(shared: World) -> None:
    """Another account of the program in the place of the class is refused."""
    owner = shared.person()
    with shared.chain.refuses("InvalidAccountData"):
        registering = swapped(registration(owner), addresses.hardware_class("4090"), addresses.registry())
        shared.chain.send([registering], owner)


def test_an_actor_is_registered_once(shared: World) -> None:
    """A second registration of the same number, as either kind, is refused: share and affiliate stay."""
    owner, address = shared.node()
    before = actor(shared, address)
    for again in (
        registration(owner, dollar_share_bp=9_000, affiliate=shared.person().pubkey()),
        staking.register_user(authority=owner.pubkey(), id=0),
    ):
        with shared.chain.refuses("AccountAlreadyInUse"):
            shared.chain.send([again], owner)
    assert actor(shared, address) == before


def test_an_actor_is_its_authoritys_own(shared: World) -> None:
    """Nobody registers an actor at the address of another's."""
    owner, other = shared.person(), shared.person()
    registering = registration(owner)
    own, others = addresses.actor(owner.pubkey(), 0), addresses.actor(other.pubkey(), 0)
    with shared.chain.refuses("InvalidSeeds"):
        shared.chain.send([swapped(registering, own, others)], owner)


def test_an_authority_has_many_actors(shared: World) -> None:
    """The number tells one authority's actors apart, up to the largest."""
    owner = shared.person()
    shared.chain.send([registration(owner, id=0), registration(owner, id=65_535)], owner)
    assert [actor(shared, addresses.actor(owner.pubkey(), id)).id for id in (0, 65_535)] == [0, 65_535]


def test_an_actor_funded_beforehand_can_be_registered(shared: World) -> None:
    """Lamports sent to an actor's address deny nobody the registration."""
    owner = shared.person()
    address = addresses.actor(owner.pubkey(), 0)
    shared.chain.airdrop(address, 1_000_000)
    shared.chain.send([registration(owner)], owner)
    assert actor(shared, address).is_node


def test_a_registration_is_an_event(shared: World) -> None:
    """All that a replay needs of a new actor is in its event."""
    owner, affiliate = shared.person(), shared.person()
    registering = registration(owner, hardware_class="H100", processors=8, affiliate=affiliate.pubkey())
    (event,) = shared.chain.events(shared.chain.send([registering], owner))
    assert (event.program, event.name) == ("staking", "ActorRegistered")
    found = actor(shared, addresses.actor(owner.pubkey(), 0))
    election = event.fields.pop("election")
    assert (election.dollar_share_bp, election.commission_bp) == (6_000, 200)
    assert event.fields == {
        "actor": addresses.actor(owner.pubkey(), 0),
        "authority": owner.pubkey(),
        "affiliate": affiliate.pubkey(),
        "class": list(addresses.symbol_bytes("H100")),
        "collateral_required": 200 * 10 * 8 * IO,
        "at": found.registered_at,
        "processors": 8,
        "multiplier_bp": 100_000,
        "id": 0,
        "kind": state.Actor.NODE,
    }


# --- collateral ---


@pytest.mark.parametrize(
    ("multiplier_bp", "processors", "required"),
    [
        (100_000, 8, 16_000 * IO),
        (12_500, 1, 250 * IO),
        (5_000, 4, 800 * IO),
        (1, 1, 200 * IO),
        (10_001, 3, 60_006_000_000),
    ],
)
def test_collateral_goes_by_class_and_processors(
    shared: World, multiplier_bp: int, processors: int, required: int
) -> None:
    """A node must lock 200 IO, times its class's multiplier but at least one, times its processors."""
    owner = shared.person()
    symbol = class_of(shared, multiplier_bp)
    shared.chain.send([registration(owner, hardware_class=symbol, processors=processors)], owner)
    found = actor(shared, addresses.actor(owner.pubkey(), 0))
    assert found.collateral_required == required == economics.collateral(multiplier_bp, processors)
    assert found.collateral == 0


def test_a_collateral_that_overflows_is_refused(shared: World) -> None:
    """More processors of a dear class than u64 can price are refused; the most that fit are not."""
    owner = shared.person()
    symbol = class_of(shared, U32_MAX)
    fits = U64_MAX // economics.collateral(U32_MAX, 1)
    with shared.chain.refuses("Overflow"):
        shared.chain.send([registration(owner, hardware_class=symbol, processors=fits + 1)], owner)
    with shared.chain.refuses("Overflow"):
        shared.chain.send([registration(owner, hardware_class=symbol, processors=U32_MAX)], owner)
    shared.chain.send([registration(owner, hardware_class=symbol, processors=fits)], owner)


def test_a_deposit_is_more_than_zero(shared: World) -> None:
    """A deposit of nothing is refused."""
    owner, node = shared.node(collateral=False)
    with shared.chain.refuses("AmountZero"):
        shared.chain.send([deposit(shared, owner, node, 0)], owner)


def test_a_user_has_no_collateral(shared: World) -> None:
    """A deposit to a user, who could not use it, is refused."""
    _, user = shared.user()
    owner = shared.person(io=IO)
    with shared.chain.refuses("NotANode"):
        shared.chain.send([deposit(shared, owner, user, IO)], owner)


def test_a_deposit_that_overflows_is_refused(shared: World) -> None:
    """A collateral beyond u64 is refused before a token moves."""
    owner, node = shared.node(collateral=False)
    shared.chain.send([deposit(shared, owner, node, 1)], owner)
    with shared.chain.refuses("Overflow"):
        shared.chain.send([deposit(shared, owner, node, U64_MAX)], owner)


def test_a_deposit_is_covered(shared: World) -> None:
    """More than the account holds is refused by the token program, at the boundary of u64 as one unit above."""
    owner, node = shared.node(collateral=False)
    for amount in (shared.chain.balance(shared.io(owner)) + 1, U64_MAX):
        with shared.chain.refuses("InsufficientFunds"):
            shared.chain.send([deposit(shared, owner, node, amount)], owner)
    assert actor(shared, node).collateral == 0


def test_another_persons_io_is_not_deposited(shared: World) -> None:
    """The depositor must own what it deposits."""
    owner, node = shared.node(collateral=False)
    thief = shared.person()
    with shared.chain.refuses("OwnerMismatch"):
        shared.chain.send([deposit(shared, thief, node, IO, source=shared.io(owner))], thief)


def test_collateral_is_io(shared: World) -> None:
    """Dollars are no collateral."""
    _, node = shared.node(collateral=False)
    rich = shared.person(usd=1_000)
    with shared.chain.refuses("MintMismatch"):
        shared.chain.send([deposit(shared, rich, node, 1_000, source=shared.usd(rich))], rich)


def test_collateral_goes_to_the_vault(shared: World) -> None:
    """A depositor cannot count its own account as the vault, nor the vault as its own account."""
    owner, node = shared.node(collateral=False)
    other = shared.person(io=IO)
    with shared.chain.refuses("InvalidSeeds"):
        depositing = swapped(deposit(shared, owner, node, IO), addresses.stake_vault(), shared.io(other))
        shared.chain.send([depositing], owner)
    with shared.chain.refuses("ConstraintDuplicateMutableAccount"):
        shared.chain.send([deposit(shared, owner, node, IO, source=addresses.stake_vault())], owner)


def test_anyone_may_add_to_a_nodes_collateral(shared: World) -> None:
    """Deposits add up, whoever makes them; the vault holds them, and each is an event."""
    owner, node = shared.node(collateral=False)
    friend = shared.person(io=7 * IO)
    vault = shared.chain.balance(addresses.stake_vault())
    shared.chain.send([deposit(shared, owner, node, 3)], owner)
    signature = shared.chain.send([deposit(shared, friend, node, 7 * IO)], friend)
    assert actor(shared, node).collateral == 7 * IO + 3
    assert shared.chain.balance(addresses.stake_vault()) == vault + 7 * IO + 3
    assert shared.chain.balance(shared.io(friend)) == 0
    (event,) = shared.chain.events(signature)
    assert (event.name, event.fields["depositor"]) == ("CollateralDeposited", friend.pubkey())
    assert (event.fields["amount"], event.fields["collateral"]) == (7 * IO, 7 * IO + 3)


def test_io_given_to_the_vault_is_nobodys_collateral(shared: World) -> None:
    """A plain transfer to the vault counts for no node."""
    owner, node = shared.node(collateral=False)
    giving = tokens.transfer(
        source=shared.io(owner), destination=addresses.stake_vault(), owner=owner.pubkey(), amount=IO
    )
    shared.chain.send([giving], owner)
    assert actor(shared, node).collateral == 0
