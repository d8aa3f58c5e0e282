"""The buy-and-burn auction: dollars for IO, at the price and a premium that rises while they wait."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from spl.token.instructions import BurnParams
from spl.token.instructions import burn as spl_burn

from client import addresses, economics, state
from client.economics import IO, USD
from client.idl import TOKEN_PROGRAM
from client.instructions import burn, tokens
from client.network import BURN, Parameters
from tests.programs.chain import swapped
from tests.programs.world import PRICES_NANO_USD, U64_MAX, World, freezable_mint, new_world

PRICE = PRICES_NANO_USD["IO"]
RAMP = 3_600


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    """A network whose time goes on from test to test: each begins with an auction of its own (`begun`)."""
    with new_world() as world:
        yield world


def begun(world: World, usd: int) -> int:
    """A fresh price, and an auction whose vault holds `usd` and whose wait begins now; the time, Unix seconds."""
    world.prices()
    buyer = world.person(io=1_000_000 * IO)
    fill(world, USD)
    world.sell_io(buyer, 1_000_000 * IO)  # all of it, whatever tests before left
    assert vault(world) == 0
    assert auction(world).waiting_since == world.chain.now()
    if usd:
        fill(world, usd)
    return world.chain.now()


def fill(world: World, amount: int) -> None:
    """Puts dollars into the vault, as settlements do."""
    owner = world.admin.pubkey()
    minting = tokens.mint_to(mint=world.usd_mint, authority=owner, destination=addresses.burn_vault(), amount=amount)
    world.chain.send([minting], world.admin)


def auction(world: World) -> state.Auction:
    return world.chain.account(state.Auction, addresses.auction())


def vault(world: World) -> int:
    return world.chain.balance(addresses.burn_vault())


def selling(world: World, seller: Keypair, io_max: int, usd_min: int = 0) -> Instruction:
    return burn.sell_io(
        seller=seller.pubkey(),
        io_mint=world.io_mint,
        seller_io=world.io(seller),
        seller_usd=world.usd(seller),
        io_max=io_max,
        usd_min=usd_min,
    )


def initialization(admin: Pubkey, io_mint: Pubkey, usd_mint: Pubkey, **changed: int) -> Instruction:
    return burn.initialize(admin=admin, io_mint=io_mint, usd_mint=usd_mint, parameters=replace(BURN, **changed))


# --- initialisation ---


def test_a_stranger_does_not_initialise(bare: World) -> None:
    """Only the upgrade authority creates the auction."""
    stranger = bare.person()
    with bare.chain.refuses("NotUpgradeAuthority"):
        bare.chain.send([initialization(stranger.pubkey(), bare.io_mint, bare.usd_mint)], stranger)


def test_nobody_can_freeze_what_is_to_be_burned(bare: World) -> None:
    """IO with a freeze authority is refused: whoever holds it could stop the auction."""
    with bare.chain.refuses("MintInvalid"):
        bare.chain.send([initialization(bare.admin.pubkey(), freezable_mint(bare), bare.usd_mint)], bare.admin)


def test_io_has_8_decimals_and_usd_6(bare: World) -> None:
    """Mints in one another's place are refused."""
    owner = bare.admin.pubkey()
    for io_mint, usd_mint in (
        (bare.usd_mint, bare.io_mint),
        (bare.usd_mint, bare.usd_mint),
        (bare.io_mint, bare.io_mint),
    ):
        with bare.chain.refuses("MintInvalid"):
            bare.chain.send([initialization(owner, io_mint, usd_mint)], bare.admin)


@pytest.mark.parametrize(
    ("start_bp", "end_bp", "ramp_seconds"),
    [(-5_001, 200, 1), (-200, 5_001, 1), (200, 199, 1), (-200, 200, 0), (-32_768, 32_767, 1)],
)
def test_parameters_have_ranges(bare: World, start_bp: int, end_bp: int, ramp_seconds: int) -> None:
    """The premium rises, from -50% to 50% at most, over a second at least."""
    starting = initialization(
        bare.admin.pubkey(), bare.io_mint, bare.usd_mint, start_bp=start_bp, end_bp=end_bp, ramp_seconds=ramp_seconds
    )
    with bare.chain.refuses("ParameterOutOfRange"):
        bare.chain.send([starting], bare.admin)


def test_the_auction_is_created_once(shared: World) -> None:
    """A second initialisation is refused: premium, mints and sums stay."""
    before = auction(shared)
    with shared.chain.refuses("AccountAlreadyInUse"):
        again = initialization(shared.admin.pubkey(), shared.io_mint, shared.usd_mint)
        shared.chain.send([again], shared.admin)
    assert auction(shared) == before


# --- refusals ---


def test_a_sale_is_of_more_than_nothing(shared: World) -> None:
    """To sell no IO is refused."""
    begun(shared, USD)
    with shared.chain.refuses("AmountZero"):
        shared.sell_io(shared.person(io=IO), 0)


def test_the_feed_is_ios(shared: World) -> None:
    """A feed of another symbol gives IO no price."""
    begun(shared, USD)
    seller = shared.person(io=IO)
    with shared.chain.refuses("FeedMismatch"):
        sale = swapped(selling(shared, seller, IO), addresses.feed("IO"), addresses.feed("H100"))
        shared.chain.send([sale], seller)


def test_a_sale_pays_the_minimum_or_nothing(shared: World) -> None:
    """A sale that would pay a base unit less than asked for is refused; one that pays just that is not."""
    begun(shared, 1_000 * USD)
    seller = shared.person(io=10 * IO)
    worth = IO * PRICE * 9_800 // (IO * 10_000 * 1_000)
    for minimum in (worth + 1, U64_MAX):
        with shared.chain.refuses("BelowMinimum"):
            shared.sell_io(seller, IO, minimum)
    shared.sell_io(seller, IO, worth)
    assert shared.chain.balance(shared.usd(seller)) == worth


def test_the_vault_bounds_what_is_paid(shared: World) -> None:
    """No minimum above what the vault holds can be met, however much IO is offered."""
    begun(shared, 1_000 * USD)
    seller = shared.person(io=IO)
    with shared.chain.refuses("BelowMinimum"):
        shared.sell_io(seller, U64_MAX, 1_000 * USD + 1)


def test_dust_buys_nothing(shared: World) -> None:
    """IO worth less than the smallest unit of a dollar is not burned for nothing."""
    begun(shared, USD)
    seller = shared.person(io=IO)
    least = -(-IO * 1_000 * 10_000 // (PRICE * 9_800))
    for dust in (1, least - 1):
        with shared.chain.refuses("NothingToBuy"):
            shared.sell_io(seller, dust)
    shared.sell_io(seller, least)
    assert shared.chain.balance(shared.usd(seller)) == 1


def test_an_empty_vault_buys_nothing(shared: World) -> None:
    """Without dollars there is no sale, and no IO is burned."""
    begun(shared, 0)
    seller = shared.person(io=IO)
    for amount in (IO, U64_MAX):
        with shared.chain.refuses("NothingToBuy"):
            shared.sell_io(seller, amount)
    assert shared.chain.balance(shared.io(seller)) == IO


def test_a_price_that_nobody_submitted_is_stale(world: World) -> None:
    """A feed without a first majority sells nothing."""
    fill(world, USD)
    seller = world.person(io=IO)
    with world.chain.refuses("PriceStale"):
        world.sell_io(seller, IO)


def test_the_auction_stops_when_the_price_is_stale(shared: World) -> None:
    """At the last second of the price's time there are sales, at the next there are none until it is fresh."""
    start = begun(shared, USD)
    seller = shared.person(io=IO)
    shared.chain.warp(timestamp=start + 600)
    shared.sell_io(seller, IO // 10)
    shared.chain.warp(timestamp=start + 601)
    with shared.chain.refuses("PriceStale"):
        shared.sell_io(seller, IO // 10)
    shared.prices()
    shared.sell_io(seller, IO // 10)


def test_only_ones_own_io_is_sold(shared: World) -> None:
    """The seller must own the IO, and have it."""
    begun(shared, USD)
    owner, thief = shared.person(io=IO), shared.person()
    with shared.chain.refuses("OwnerMismatch"):
        shared.chain.send([swapped(selling(shared, thief, IO), shared.io(thief), shared.io(owner))], thief)
    with shared.chain.refuses("InsufficientFunds"):
        shared.sell_io(owner, IO + 1)


def test_io_is_sold_for_dollars(shared: World) -> None:
    """Another mint, and accounts of the other mint, are refused; dollars are not burned and IO is not paid."""
    begun(shared, USD)
    seller = shared.person(io=IO, usd=USD)
    sale = selling(shared, seller, IO)
    with shared.chain.refuses("ConstraintAddress"):
        shared.chain.send([swapped(sale, shared.io_mint, shared.usd_mint)], seller)
    other = shared.person(io=IO, usd=USD)
    for own, others in ((shared.io(seller), shared.usd(other)), (shared.usd(seller), shared.io(other))):
        with shared.chain.refuses("InvalidAccountData"):
            shared.chain.send([swapped(sale, own, others)], seller)


def test_the_incentives_are_not_for_sale(shared: World) -> None:
    """The vault of incentives does not stand in for the auction's, and the auction's own vault is paid nothing."""
    begun(shared, USD)
    seller = shared.person(io=IO)
    sale = selling(shared, seller, IO)
    with shared.chain.refuses("InvalidSeeds"):
        shared.chain.send([swapped(sale, addresses.burn_vault(), addresses.incentives_vault())], seller)
    with shared.chain.refuses("ConstraintDuplicateMutableAccount"):
        shared.chain.send([swapped(sale, shared.usd(seller), addresses.burn_vault())], seller)


def test_a_counterfeit_price_is_refused(shared: World) -> None:
    """A byte-identical feed that another program owns gives no price."""
    begun(shared, USD)
    options = {"encoding": "base64", "commitment": "processed"}
    found = shared.chain.call("getAccountInfo", str(addresses.feed("IO")), options)["value"]
    seller, clone = shared.person(io=IO), Keypair().pubkey()
    data = {"data": found["data"][0], "lamports": found["lamports"], "owner": str(addresses.LOADER)}
    shared.chain.call("localnet_setAccount", str(clone), data)
    with shared.chain.refuses("IllegalOwner"):
        shared.chain.send([swapped(selling(shared, seller, IO), addresses.feed("IO"), clone)], seller)


def test_the_sums_do_not_wrap() -> None:
    """Once all dollars that u64 can count were paid, the next sale is refused; dollars that return are not for sale."""
    with new_world() as world:
        world.prices(IO=U64_MAX)
        fill(world, U64_MAX)
        seller = world.person(io=10_000 * IO)
        world.sell_io(seller, 10_000 * IO)
        assert auction(world).paid_usd == U64_MAX
        returning = tokens.transfer(
            source=world.usd(seller), destination=addresses.burn_vault(), owner=seller.pubkey(), amount=USD
        )
        world.chain.send([returning], seller)
        with world.chain.refuses("Overflow"):
            world.sell_io(seller, IO)


# --- what is burned and paid ---


def test_the_change_of_supply_is_the_sum_of_the_events(shared: World) -> None:
    """Every IO that a sale takes is burned, every dollar that the vault loses is paid, and the events say so."""
    chain = shared.chain
    begun(shared, 100 * USD)
    sellers = [shared.person(io=1_000 * IO) for _ in range(3)]
    before = chain.supply(shared.io_mint), vault(shared)
    started = auction(shared)
    events = []
    for number, seller in enumerate(sellers * 2):
        chain.warp(seconds=350)
        shared.prices()
        (event,) = chain.events(shared.sell_io(seller, (17 + number) * IO + number))
        assert (event.program, event.name) == ("burn", "IoBurned")
        assert event.fields["seller"] == seller.pubkey()
        assert (event.fields["price_nano_usd"], event.fields["at"]) == (PRICE, chain.now())
        events.append(event)
    burned, paid = (sum(event.fields[name] for event in events) for name in ("io", "usd"))
    assert chain.supply(shared.io_mint) == before[0] - burned
    assert vault(shared) == before[1] - paid
    found = auction(shared)
    assert (found.burned_io - started.burned_io, found.paid_usd - started.paid_usd) == (burned, paid)
    assert sum(chain.balance(shared.io(seller)) for seller in sellers) == 3_000 * IO - burned
    assert sum(chain.balance(shared.usd(seller)) for seller in sellers) == paid


def test_io_burned_by_others_is_no_sale(shared: World) -> None:
    """The auction counts what it burned, whatever else is burned elsewhere."""
    begun(shared, USD)
    seller = shared.person(io=10 * IO)
    shared.sell_io(seller, IO)
    sold = auction(shared)
    params = BurnParams(
        program_id=TOKEN_PROGRAM, account=shared.io(seller), mint=shared.io_mint, owner=seller.pubkey(), amount=IO
    )
    before = shared.chain.supply(shared.io_mint)
    shared.chain.send([spl_burn(params)], seller)
    assert shared.chain.supply(shared.io_mint) == before - IO
    assert auction(shared) == sold


def test_the_premium_rises_with_the_wait(shared: World) -> None:
    """From -2% to 2% over an hour, a basis point every nine seconds and none before its time."""
    start = begun(shared, 100_000 * USD)
    paid = auction(shared).paid_usd
    seller = shared.person(io=100 * IO)
    for waited, premium_bp in (
        *((0, -200), (8, -200), (9, -199), (900, -100), (1_800, 0)),
        *((2_700, 100), (3_599, 199), (3_600, 200), (7_200, 200)),
    ):
        shared.chain.warp(timestamp=start + waited)
        shared.prices()
        # So small a part of the vault that it takes no second of the wait.
        (event,) = shared.chain.events(shared.sell_io(seller, 10 * IO))
        assert event.fields["premium_bp"] == premium_bp == economics.premium_bp(waited, -200, 200, RAMP)
        assert (event.fields["io"], event.fields["usd"]) == (10 * IO, 2 * USD * (10_000 + premium_bp) // 10_000)
    assert shared.chain.balance(shared.usd(seller)) == auction(shared).paid_usd - paid


def test_after_the_ramp_the_premium_stays(shared: World) -> None:
    """Days of waiting bring no more than the ramp's end, and the sale after them has waited for no more either."""
    start = begun(shared, 1_000 * USD)
    seller = shared.person(io=5_000 * IO)
    shared.chain.warp(timestamp=start + 10 * 86_400)
    shared.prices()
    (event,) = shared.chain.events(shared.sell_io(seller, 100 * IO))
    assert event.fields["premium_bp"] == 200
    waited = economics.waited_after(10 * 86_400, RAMP, event.fields["usd"], 1_000 * USD)
    assert auction(shared).waiting_since == shared.chain.now() - waited
    (event,) = shared.chain.events(shared.sell_io(seller, 100 * IO))
    assert event.fields["premium_bp"] == economics.premium_bp(waited, -200, 200, RAMP) < 200


def test_a_sale_of_dust_holds_no_premium_down(shared: World) -> None:
    """Sales of next to nothing, as many as one likes, leave the wait as it is."""
    start = begun(shared, 1_000 * USD)
    shared.chain.warp(timestamp=start + 1_800)
    shared.prices()
    seller = shared.person(io=100 * IO)
    for _ in range(20):
        (event,) = shared.chain.events(shared.sell_io(seller, 600))
        assert (event.fields["usd"], event.fields["premium_bp"]) == (1, 0)
    assert auction(shared).waiting_since == start


def test_a_sale_of_all_starts_the_ramp_anew(shared: World) -> None:
    """Who empties the vault gives the least IO that is worth it, and the next dollars wait from the start."""
    start = begun(shared, 50 * USD)
    shared.chain.warp(timestamp=start + RAMP)
    shared.prices()
    seller = shared.person(io=1_000 * IO)
    (event,) = shared.chain.events(shared.sell_io(seller, 1_000 * IO, 50 * USD))
    io = -(-50 * USD * IO * 10_000 * 1_000 // (PRICE * 10_200))
    assert (event.fields["io"], event.fields["usd"]) == (io, 50 * USD)
    assert shared.chain.balance(shared.io(seller)) == 1_000 * IO - io
    assert vault(shared) == 0
    assert auction(shared).waiting_since == shared.chain.now()
    fill(shared, 50 * USD)
    (event,) = shared.chain.events(shared.sell_io(seller, IO))
    assert event.fields["premium_bp"] == -200


def test_a_sale_of_a_part_takes_its_part_of_the_wait(shared: World) -> None:
    """Half of the vault sold, half of the wait is left."""
    start = begun(shared, 98 * USD)
    shared.chain.warp(timestamp=start + 1_800)
    shared.prices()
    seller = shared.person(io=1_000 * IO)
    shared.sell_io(seller, 245 * IO)  # 49 USD at a premium of zero
    assert vault(shared) == 49 * USD
    assert auction(shared).waiting_since == start + 900


def test_many_sales_pay_no_more_than_one(shared: World) -> None:
    """Rounding is against the seller: a sale in pieces never draws the vault below what the whole would have cost."""
    begun(shared, 1_000 * USD)
    whole, pieces = shared.person(io=10_007), shared.person(io=10_007)
    for _ in range(17):
        shared.sell_io(pieces, 10_007 // 17)
    shared.sell_io(whole, 10_007 // 17 * 17)
    assert shared.chain.balance(shared.usd(pieces)) <= shared.chain.balance(shared.usd(whole))


def test_a_gift_to_the_vault_buys_io(shared: World) -> None:
    """Dollars that anyone gives to the vault are sold like others: a gift gains its giver nothing."""
    begun(shared, 0)
    giver, seller = shared.person(usd=2 * USD), shared.person(io=100 * IO)
    giving = tokens.transfer(
        source=shared.usd(giver), destination=addresses.burn_vault(), owner=giver.pubkey(), amount=2 * USD
    )
    shared.chain.send([giving], giver)
    shared.sell_io(seller, 100 * IO)
    assert shared.chain.balance(shared.usd(seller)) == 2 * USD
    assert vault(shared) == 0


def test_a_flat_premium_is_flat() -> None:
    """Where start and end are the same the wait changes nothing."""
    parameters = Parameters(burn=replace(BURN, start_bp=-5_000, end_bp=-5_000, ramp_seconds=1))
    with new_world(parameters) as world:
        world.prices()
        fill(world, 100 * USD)
        seller = world.person(io=100 * IO)
        for seconds in (0, 1, 300):
            if seconds:
                world.chain.warp(seconds=seconds)
            (event,) = world.chain.events(world.sell_io(seller, 10 * IO))
            assert (event.fields["premium_bp"], event.fields["usd"]) == (-5_000, USD)
