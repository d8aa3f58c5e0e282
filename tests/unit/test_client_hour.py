"""What people do with `ionet`, from a new key to a claim and a sale, on a chain of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from solders.pubkey import Pubkey

from client import economics
from client.economics import IO, USD
from client.network import Parameters
from tests.programs.world import GENESIS, TERMS
from tests.unit.client_network import Network, ionet, new_network

NODE = ("node", "register", "--class", "4090", "--processors", "2", "--dollar-share", "3000")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with new_network(tmp_path_factory.mktemp("keys"), Parameters(escrow=replace(TERMS, min_work_seconds=600))) as made:
        yield made


def test_a_node_and_a_user_go_through_an_hour(network: Network) -> None:
    """Register, quote, open, report, settle, finish, close, claim, withdraw and sell: each by its command."""
    world, chain = network.world, network.world.chain
    affiliate = network.person("affiliate")
    network.person("owner", io=10_000 * IO)
    network.person("renter", usd=100 * USD)
    world.prices()

    made = network.json("owner", *NODE, "--affiliate", str(affiliate.pubkey()))
    node = made["node"]
    assert made["collateral_io_units"] == made["collateral_required_io_units"] == 500 * IO
    assert network.json("owner", "node", "show")["collateral_io_units"] == 500 * IO
    assert node in [row["node"] for row in network.json(None, "node", "list", "--class", "4090")]
    user = network.json("renter", "user", "register")["user"]
    assert network.json("renter", "user", "show")["reputation"] == 0

    work = ("--class", "4090", "--processors", "2", "--hours", "2")
    quote = network.json(None, "job", "quote", *work)
    assert (quote["deposit_usd_units"], quote["price_is_fresh"]) == (1_600_000, True)
    opened = network.json("renter", "job", "open", *work, "--max-usd", "1.6")
    job = opened["job"]
    assert network.json(None, "job", "show", job)["state"] == "open"
    assert "the router has to start it" in network.refusal("owner", "job", "report", job)
    world.start_job(Pubkey.from_string(job), Pubkey.from_string(node))

    assert "nothing to settle" in network.refusal("renter", "job", "settle", job)
    world.end_of(1)
    assert "cannot report it" in network.refusal("renter", "job", "report", job)
    assert network.json("owner", "job", "report", job, "--digest", "ab" * 32)["digest"] == "ab" * 32
    settled = network.json("owner", "job", "settle", job)
    assert (settled["settled_usd_units"], settled["settled_seconds"]) == (800_000, 3_600)
    assert "its user ends it before with `ionet job cancel`" in network.refusal("owner", "job", "finish", job)
    cancelled = network.json("renter", "job", "cancel", job)
    assert (cancelled["state"], cancelled["deposit_usd_units"]) == ("settled", 1_600_000)
    assert "settled already" in network.refusal("renter", "job", "finish", job)
    assert [row["job"] for row in network.json(None, "job", "list", "--user", user, "--state", "settled")] == [job]

    assert "scores of epoch 1 are not final" in network.refusal("owner", "epoch", "close")
    assert "nothing to claim" in network.refusal("owner", "claim")
    world.post_scores(1, (Pubkey.from_string(node), 1_000, 5_000))
    world.finalize(1)
    assert network.json("owner", "epoch", "show", "1")["status"] == "final"
    closed = network.json("owner", "epoch", "close")
    assert (closed["first"], closed["last"], closed["emission_io_units"]) == (1, 1, economics.emission(0, 1))
    assert "epoch 1 is closed already" in network.refusal("owner", "epoch", "close", "--through", "1")
    assert "epoch 2 has not ended" in network.refusal("owner", "epoch", "close")

    foreseen = network.json("owner", "node", "show")
    (claimed,) = network.json("owner", "claim")
    liquid, bonus = foreseen["claimable_io_units"], foreseen["lockable_bonus_io_units"]
    assert claimed["affiliate_io_units"] == liquid // 100 + bonus // 100  # of what is locked, too
    assert claimed["owner_io_units"] == liquid - liquid // 100
    assert claimed["locked_bonus_io_units"] == bonus - bonus // 100 > 0
    assert chain.balance(world.io(affiliate)) == claimed["affiliate_io_units"]
    assert "nothing to claim yet" in network.refusal("owner", "claim", node)
    assert "no locked IO that has vested" in network.refusal("owner", "claim", "--vested")

    world.prices()
    offer = network.json(None, "burn", "quote", "--io", "1")
    assert offer["premium_bp"] == 200
    assert offer["paid_usd_units"] == 204_000
    sold = network.json("owner", "burn", "sell", "--io", "1")
    assert (sold["burned_io_units"], sold["paid_usd_units"]) == (IO, 204_000)

    chain.warp(timestamp=GENESIS + 3_600 + 90 * 86_400)
    half = network.json("owner", "claim", "--vested")["withdrawn_io_units"]
    assert half == claimed["locked_bonus_io_units"] // 2
    assert "price of IO is stale" in network.refusal("owner", "burn", "sell", "--io", "1")
    assert "price of 4090 is stale" in network.refusal("renter", "job", "open", *work)
    assert network.json(None, "job", "quote", *work)["price_is_fresh"] is False


def test_tables_show_what_json_says(network: Network) -> None:
    """Without --json every read prints decimals with their units."""
    network.person("reader", io=1_000 * IO, usd=100 * USD)
    network.world.prices()
    shown = {
        ("node", "register", *NODE[2:]): ["500.00 IO", "nothing"],
        ("node", "show"): ["2 x 4090", "500.00 IO of 500.00 IO required", "30.00%"],
        ("node", "list"): ["4090", "30.00%"],
        ("user", "register"): ["User registered"],
        ("user", "show"): ["0 of 10,000", "nobody"],
        ("job", "quote", "--class", "4090", "--processors", "1", "--hours", "3"): ["0.40 USD", "1.20 USD"],
        ("job", "open", "--class", "4090", "--processors", "1", "--hours", "3"): ["Job opened", "1.20 USD"],
        ("job", "list", "--mine"): ["1 jobs", "open", "1.20"],
        ("epoch", "show"): ["running epoch", "IO of"],
        ("epoch", "show", "2"): ["4,566.14663492 IO"],
        ("burn", "quote", "--io", "12.5"): ["12.50 IO", "0.20 USD per IO"],
    }
    for command, words in shown.items():
        result = network.run("reader", *command)
        assert result.exit_code == 0, result.output
        for word in words:
            assert word in result.stdout, (command, result.stdout)


def test_equal_deposits_are_all_made(network: Network) -> None:
    """A deposit made three times is three deposits, also under one block hash."""
    network.person("saver", io=10_000 * IO)
    node = network.json("saver", *NODE, "--collateral", "0")["node"]
    for _ in range(3):
        network.json("saver", "node", "deposit", node, "--io", "0.00000001")
    assert network.json("saver", "node", "show")["collateral_io_units"] == 3


def test_what_cannot_work_is_refused_by_name(network: Network) -> None:
    """Each refusal names the value, and what would do; nothing is sent."""
    network.person("poor")
    assert "dollar share 9001 is out of range: give 3000 to 9000" in network.refusal("poor", *NODE[:-1], "9001")
    assert "commission 99 is out of range" in network.refusal("poor", *NODE, "--commission", "99")
    assert "processors 0 is out of range" in network.refusal("poor", *NODE[:5], "0", *NODE[6:])
    unknown = network.refusal("poor", *NODE[:3], "H900", *NODE[4:])
    assert "'H900': known are 4090, CPU, H100" in unknown
    assert "500.00 IO" in network.refusal("poor", *NODE)
    assert "register one with `ionet user register`" in network.refusal(
        "poor", "job", "open", "--class", "4090", "--processors", "1", "--hours", "1"
    )
    network.json("poor", "user", "register")
    network.world.prices()
    quote = ("--class", "4090", "--processors", "1", "--hours", "1")
    assert "costs 0.40 USD" in network.refusal("poor", "job", "open", *quote)
    assert "more than the 0.10 USD allowed" in network.refusal("poor", "job", "open", *quote, "--max-usd", "0.1")
    assert "hours 0 is out of range" in network.refusal("poor", "job", "quote", *quote[:-1], "0")
    most = str(2**32 - 1)
    assert "cost more than can be paid" in network.refusal(
        None, "job", "quote", "--class", "H100", "--processors", most, "--hours", most
    )
    stranger = str(network.world.admin.pubkey())
    assert "is not a Job: it belongs to the program" in network.refusal("poor", "job", "show", stranger)
    assert "IO is zero" in network.refusal("poor", "burn", "sell", "--io", "0")
    assert "at most 8" in network.refusal("poor", "burn", "quote", "--io", "0.000000001")
    assert "is no address" in network.refusal("poor", "job", "show", "abc", code=2)


def test_a_wallet_without_sol_is_told_so(network: Network) -> None:
    """The payer is named, and what it lacks."""
    ionet("keygen", str(network.directory / "broke"))
    said = network.refusal("broke", "user", "register")
    assert "has no SOL to pay the fee with" in said


def test_options_count_after_before_and_in_the_environment(network: Network) -> None:
    """The nearest to the command's end wins."""
    here, nowhere = network.url, "http://127.0.0.1:1"
    assert ionet("node", "list", "--json", "--url", here).exit_code == 0
    assert ionet("--json", "--url", here, "node", "list").stdout.startswith("[")
    assert ionet("--url", nowhere, "node", "--url", here, "list").exit_code == 0
    assert ionet("node", "list", env={"IONET_URL": here}).exit_code == 0
    assert ionet("--url", here, "node", "list", env={"IONET_URL": nowhere}).exit_code == 0
    assert ionet("--url", here, "node", "list", "--url", nowhere).exit_code == 1
