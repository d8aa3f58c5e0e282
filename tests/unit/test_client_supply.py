"""`ionet supply` and `ionet vesting`: where all IO is, that it adds up, and what is locked and becomes free."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from client import addresses, economics, keys, state
from client.economics import GENESIS_SUPPLY, IO
from client.genesis import MONTH_SECONDS
from client.idl import TOKEN_PROGRAM
from tests.unit.client_network import Network, new_network


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A network after its first hour: a node worked and has claimed nothing yet."""
    directory: Path = tmp_path_factory.mktemp("supply")
    with new_network(directory) as network:
        yield network


def test_all_io_is_somewhere(network: Network) -> None:
    """Through work, claim, bonus, lock, stake and burn, every part is known and they add up to the mint's supply."""
    world = network.world
    begin = network.json(None, "supply")
    assert begin["adds_up"]
    assert begin["circulating_io_units"] == begin["supply_io_units"] == begin["genesis_io_units"] == GENESIS_SUPPLY

    world.prices()
    affiliate = world.person()
    node, user = world.node(dollar_share_bp=3_000, affiliate=affiliate.pubkey()), world.user()
    job = world.open_job(user)
    world.start_job(job, node[1])
    world.end_of(1)
    world.report_job(node, job)
    world.settle_job(job, node)
    world.post_scores(1, (node[1], 5, 0))
    world.finalize(1)
    world.close(1)
    emitted = economics.cumulative(1)
    after = network.json(None, "supply")
    assert after["unclaimed_io_units"] == after["emitted_io_units"] == emitted
    assert after["staked_io_units"] == 250 * IO

    # A stranger claims for all of them.
    network.person("crank", io=10 * IO)
    claimed = network.json("crank", "claim", str(node[1]))[0]
    parts = claimed["owner_io_units"], claimed["affiliate_io_units"]
    assert claimed["stakers_io_units"] == 0
    assert world.chain.balance(world.io(affiliate)) == parts[1] > 0
    after = network.json(None, "supply")
    assert after["minted_io_units"] == sum(parts)
    assert after["bonus_locked_io_units"] == claimed["locked_bonus_io_units"] > 0
    assert 0 <= after["unclaimed_io_units"] <= 2

    crank = network.world.io(_key(network, "crank"))
    burn = Instruction(
        TOKEN_PROGRAM,
        bytes([8]) + (3 * IO).to_bytes(8, "little"),
        [
            AccountMeta(crank, is_signer=False, is_writable=True),
            AccountMeta(world.io_mint, is_signer=False, is_writable=True),
            AccountMeta(_key(network, "crank"), is_signer=True, is_writable=False),
        ],
    )
    world.chain.send([burn], keys.load(network.directory / "crank"))
    world.prices()
    world.sell_io(node[0], IO // 100)
    network.json("crank", "vesting", "lock", "--to", str(affiliate.pubkey()), "--io", "2", "--months", "4")
    after = network.json(None, "supply")
    assert after["burned_holders_io_units"] == 3 * IO
    assert after["burned_auction_io_units"] == world.chain.account(state.Auction, addresses.auction()).burned_io > 0
    assert after["locked_unvested_io_units"] == 2 * IO
    assert after["supply_io_units"] == world.chain.supply(world.io_mint)
    assert (
        after["supply_io_units"]
        == (after["genesis_io_units"] + after["minted_io_units"] - after["burned_io_units"])
        == (
            after["locked_unvested_io_units"]
            + after["locked_vested_io_units"]
            + after["locked_given_io_units"]
            + after["staked_io_units"]
            + after["circulating_io_units"]
        )
    )
    world.chain.warp(timestamp=world.chain.now() + MONTH_SECONDS)
    assert network.json(None, "supply")["locked_vested_io_units"] == IO // 2
    shown = network.run(None, "supply").stdout
    assert "by holders" in shown
    assert "3.00 IO" in shown


@pytest.mark.parametrize(
    ("kind", "where", "field", "change", "said"),
    [
        (state.Emission, addresses.emission(), "emitted", 1, "0.00000001 IO too many"),
        (state.Emission, addresses.emission(), "minted", 10**9 * IO, "more are minted or locked as bonus"),
        (state.Emission, addresses.emission(), "locked_io", 5, "-0.00000005 IO too many"),
        (state.Auction, addresses.auction(), "burned_io", 10**6 * IO, "more than genesis and minted IO less"),
        (state.Registry, addresses.registry(), "slashed_io", 10**6 * IO, "more than genesis and minted IO less"),
    ],
)
def test_what_does_not_add_up_is_said(
    network: Network, kind: type, where: Pubkey, field: str, change: int, said: str
) -> None:
    """By how much, and the command ends with 1."""
    world = network.world
    before = getattr(world.chain.account(kind, where), field)
    world.chain.forge(kind, where, field, before + change)
    result = network.run(None, "supply")
    world.chain.forge(kind, where, field, before)
    assert result.exit_code == 1
    assert said in result.stderr
    assert network.run(None, "supply").exit_code == 0


def test_io_is_locked_listed_and_withdrawn(network: Network) -> None:
    """By the second or in months, for somebody else or oneself, with numbers of one's own."""
    world = network.world
    network.person("giver", io=1_000 * IO)
    taker = network.person("taker").pubkey()
    start = world.chain.now() + 100
    lock = ("vesting", "lock", "--to", str(taker), "--io")
    by_second = network.json("giver", *lock, "12.5", "--start", str(start), "--until", str(start + 1_000))
    assert by_second["account"] == str(addresses.locked(_key(network, "giver"), taker, 0))
    assert (by_second["total_io_units"], by_second["step_seconds"], by_second["funded"]) == (1_250_000_000, 1, True)
    monthly = network.json("giver", *lock, "24", "--months", "24", "--id", "7")
    assert monthly["end"] - monthly["start"] == 24 * MONTH_SECONDS
    again = network.json("giver", *lock, "1", "--months", "1")
    assert again["account"] == str(addresses.locked(_key(network, "giver"), taker, 1))
    network.json("taker", "vesting", "list")
    world.chain.warp(timestamp=start + 500)
    listed = {one["account"]: one for one in network.json("taker", "vesting", "list")}
    assert listed[by_second["account"]]["free_io_units"] == 625_000_000
    assert listed[monthly["account"]]["free_io_units"] == 0
    assert len(network.json(None, "vesting", "list", "--all")) >= 3
    shown = network.run("taker", "vesting", "list").stdout
    assert "every second" in shown
    assert "6.25" in shown

    assert network.json("giver", "vesting", "withdraw", by_second["account"])["withdrawn_io_units"] >= 625_000_000
    world.chain.warp(timestamp=start + 2 * MONTH_SECONDS)
    done = network.json("taker", "claim", "--vested")
    assert len(done["signatures"]) == 1
    assert world.chain.balance(world.io(taker)) == 1_250_000_000 + 2 * IO + IO
    assert len(network.json("taker", "vesting", "list")) == 1


def test_locks_that_cannot_be_are_refused(network: Network) -> None:
    """Each refusal names what is wrong; nothing is sent."""
    network.person("poor", io=IO)
    taker = network.person("other").pubkey()
    lock = ("vesting", "lock", "--to", str(taker), "--io")
    assert "holds 1.00 IO, less than the 2.00 IO" in network.refusal("poor", *lock, "2", "--months", "1")
    assert "give either --until or --months" in network.refusal("poor", *lock, "1", code=2)
    assert "give either --until or --months" in network.refusal(
        "poor", *lock, "1", "--months", "1", "--until", "2030-01-01", code=2
    )
    past = ("--start", "2026-01-02T00:00:00Z", "--until", "2026-01-01")
    assert "-86400 seconds are not one or more steps" in network.refusal("poor", *lock, "1", *past)
    assert "IO is zero" in network.refusal("poor", *lock, "0", "--months", "1")
    assert "is no time" in network.refusal("poor", *lock, "1", "--until", "soon", code=2)
    account = str(network.world.io(taker))
    assert "is a token account or a mint" in network.refusal(
        "poor", "vesting", "lock", "--to", account, "--io", "1", "--months", "1"
    )
    network.json("poor", *lock, "0.5", "--months", "1", "--id", "3")
    assert "with the number 3 already" in network.refusal("poor", *lock, "0.5", "--months", "1", "--id", "3")
    assert "no locked IO that has vested" in network.refusal("other", "vesting", "withdraw")
    assert "give either one account or --for" in network.refusal(
        "other", "vesting", "withdraw", account, "--for", account, code=2
    )
    assert "give either --all or --for" in network.refusal(None, "vesting", "list", "--all", "--for", account, code=2)


def _key(network: Network, name: str) -> Pubkey:
    return keys.load(network.directory / name).pubkey()
