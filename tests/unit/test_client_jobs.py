"""What people do with `ionet job` beyond the hour that goes well: pay otherwise, add hours, end, replace, dispute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from solders.pubkey import Pubkey

from client import addresses, economics, keys
from client.amounts import format_usd
from client.economics import IO, USD
from client.instructions import burn, escrow, tokens
from client.network import ESCROW, Parameters
from tests.unit.client_network import Network, new_network

TERMS = replace(ESCROW, dispute_seconds=300, decision_seconds=1_000)
WORK = ("--class", "4090", "--processors", "2", "--hours", "2")
COST = 1_600_000
"""Of that work, USD base units."""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with new_network(tmp_path_factory.mktemp("keys"), Parameters(escrow=TERMS)) as made:
        made.world.end_of(1)
        for index, member in enumerate(made.world.committee):
            keys.save(made.directory / f"member-{index}", member)
        yield made


@pytest.fixture
def rates(network: Network) -> None:
    """Fresh prices."""
    network.world.prices()


def renter(
    network: Network, name: str, *, io: int = 0, usd: int = 100 * USD, reputation: int = 0, affiliate: str = ""
) -> Pubkey:
    """Somebody with a user."""
    network.person(name, io=io, usd=usd)
    brought = ("--affiliate", affiliate) if affiliate else ()
    user = Pubkey.from_string(network.json(name, "user", "register", *brought)["user"])
    if reputation:
        network.world.post_scores(1, (user, 0, reputation))
    return user


def rented(network: Network, name: str, *options: str, **person: Any) -> tuple[str, str]:
    """A job of somebody new that a node of somebody else has begun: their addresses."""
    renter(network, name, **person)
    job = network.json(name, "job", "open", *WORK, *options)["job"]
    network.person(f"{name}'s owner", io=10_000 * IO)
    node = network.json(f"{name}'s owner", "node", "register", "--class", "4090", "--processors", "2",
                        "--dollar-share", "3000")["node"]  # fmt: skip
    network.world.start_job(Pubkey.from_string(job), Pubkey.from_string(node))
    return job, node


def usd_of(network: Network, name: str) -> int:
    return network.world.chain.balance(network.world.usd(keys.load(network.directory / name)))


def io_of(network: Network, name: str) -> int:
    return network.world.chain.balance(network.world.io(keys.load(network.directory / name)))


def fill(network: Network, token_account: Pubkey, amount: int) -> None:
    """Dollars for an account that nobody can take them from again."""
    world = network.world
    minting = tokens.mint_to(
        mint=world.usd_mint, authority=world.admin.pubkey(), destination=token_account, amount=amount
    )
    world.chain.send([minting], world.admin)


# --- paying ---


def test_a_user_chooses_locked_io(network: Network, rates: None) -> None:
    """The quote says what it costs and what comes back; the job keeps it; the settlement needs nothing more."""
    renter(network, "prudent", reputation=7_500)
    both = [network.json("prudent", "job", "quote", *WORK, "--benefit", name) for name in ("discount", "locked-io")]
    assert [quote["deposit_usd_units"] for quote in both] == [COST * 97 // 100, COST]
    assert [quote["discount_bp"] for quote in both] == [300, 300]
    job = network.json("prudent", "job", "open", *WORK, "--benefit", "locked-io")["job"]
    shown = network.json(None, "job", "show", job)
    assert (shown["benefit"], shown["deposit_usd_units"]) == ("locked-io", COST)
    assert "bonus coupons of 3.00%" in network.run(None, "job", "show", job).stdout


def test_everything_at_once_fits_into_a_transaction(network: Network, rates: None) -> None:
    """Locked IO, credit and an affiliate: the user ends such a job with one command."""
    affiliate = network.person("bringer")
    user = renter(network, "brought", reputation=10_000, affiliate=str(affiliate.pubkey()))
    world = network.world
    world.chain.send([escrow.open_credit(payer=world.admin.pubkey(), user=user, usd_mint=world.usd_mint)], world.admin)
    fill(network, addresses.credit(user), COST)
    job = network.json("brought", "job", "open", *WORK, "--benefit", "locked-io")["job"]
    owner, node = network.world.node(processors=2)
    world.start_job(Pubkey.from_string(job), node)
    world.chain.warp(seconds=800)
    closed = network.json("brought", "job", "cancel", job)
    assert closed["state"] == "settled"
    assert 800 <= closed["settled_seconds"] <= 810
    assert world.chain.balance(world.usd(affiliate)) > 0
    assert world.chain.balance(world.usd(owner)) > 0
    assert world.chain.balance(addresses.credit(user)) == COST - closed["settled_usd_units"]
    assert usd_of(network, "brought") == 100 * USD


@pytest.mark.parametrize(
    ("choice", "granted"), [((), COST - 1), (("--credit", "none"), 0), (("--credit", "0.5"), 500_000)]
)
def test_credit_pays_what_it_is_asked_for(network: Network, rates: None, choice: tuple[str, ...], granted: int) -> None:
    """By itself all that there is; none, or an amount, where it is asked for."""
    name = f"granted {granted}"
    user, world = renter(network, name), network.world
    world.chain.send([escrow.open_credit(payer=world.admin.pubkey(), user=user, usd_mint=world.usd_mint)], world.admin)
    fill(network, addresses.credit(user), COST - 1)
    opened = network.json(name, "job", "open", *WORK, *choice)
    assert opened["granted_usd_units"] == granted
    assert network.json(None, "job", "show", opened["job"])["granted_usd_units"] == granted
    assert usd_of(network, name) == 100 * USD - COST + granted
    assert "less than 100.00 USD" in network.refusal(name, "job", "open", *WORK, "--credit", "100")


def _sold(network: Network, name: str, *options: str) -> tuple[Any, int, int]:
    """A job that was paid in IO: what was said, and what of IO and dollars went away."""
    before = io_of(network, name), usd_of(network, name)
    opened = network.json(name, "job", "open", *WORK, "--pay", "io", *options)
    return opened, before[0] - io_of(network, name), before[1] - usd_of(network, name)


def test_a_job_is_paid_in_io(network: Network, rates: None) -> None:
    """IO is burned for the dollars of the vault and the job opened with them, in one transaction."""
    world = network.world
    renter(network, "holder", io=1_000 * IO, usd=0)
    fill(network, addresses.burn_vault(), 50 * USD)
    supply = world.chain.supply(world.io_mint)
    opened, io, usd = _sold(network, "holder", "--slippage", "0")
    assert world.chain.balance(addresses.job_vault(Pubkey.from_string(opened["job"]))) == COST
    assert io == opened["sold"]["io_units"] == opened["sold"]["io_units_at_most"]
    # 20 cents an IO and 2% for having waited: the least that brings 1.6 dollars.
    assert opened["sold"]["premium_bp"] == 200
    sold = economics.sale(economics.SaleInput(io, 50 * USD, 200_000_000, 200))
    assert (sold.io, sold.usd) == (io, COST)
    assert economics.sale(economics.SaleInput(io - 1, 50 * USD, 200_000_000, 200)).usd == COST - 1
    assert usd == 0
    assert world.chain.supply(world.io_mint) == supply - io
    events = world.chain.events(opened["signature"])
    assert [(event.program, event.name) for event in events] == [("burn", "IoBurned"), ("escrow", "JobOpened")]


def test_slippage_is_io_that_brings_dollars(network: Network, rates: None) -> None:
    """With room for a falling premium a little more IO is sold, and what it brings is the user's."""
    renter(network, "careful", io=1_000 * IO, usd=0)
    fill(network, addresses.burn_vault(), 50 * USD)
    network.world.chain.warp(seconds=300)
    opened, io, usd = _sold(network, "careful", "--slippage", "500")
    assert opened["sold"]["io_units"] < io == opened["sold"]["io_units_at_most"]
    assert usd < 0  # it has dollars now
    premium = opened["sold"]["premium_bp"]
    assert economics.sale(economics.SaleInput(io, 50 * USD, 200_000_000, premium - 500)).usd == COST


def test_io_pays_what_credit_does_not(network: Network, rates: None) -> None:
    """Credit first, and IO for the rest; with enough credit none is sold."""
    user, world = renter(network, "both", io=1_000 * IO, usd=0), network.world
    world.chain.send([escrow.open_credit(payer=world.admin.pubkey(), user=user, usd_mint=world.usd_mint)], world.admin)
    fill(network, addresses.credit(user), COST + 1_000_000)
    fill(network, addresses.burn_vault(), 50 * USD)
    opened, io, _ = _sold(network, "both")
    assert (opened["sold"], io) == (None, 0)
    opened, io, _ = _sold(network, "both")
    assert opened["granted_usd_units"] == 1_000_000
    assert opened["sold"]["needed_usd_units"] == COST - 1_000_000
    assert io == opened["sold"]["io_units_at_most"] > 0


def test_a_vault_with_too_little_says_how_much_it_holds(network: Network, rates: None) -> None:
    """Nothing is sold and nothing opened; the refusal has both amounts."""
    world = network.world
    renter(network, "late", io=1_000_000 * IO, usd=0)
    fill(network, addresses.burn_vault(), 50 * USD)
    held = world.chain.balance(addresses.burn_vault())
    hours = held // (COST // 2) + 1
    said = network.refusal("late", "job", "open", *WORK[:4], "--hours", str(hours), "--pay", "io")
    assert f"the burn auction holds {format_usd(held)} USD to buy IO with" in said
    assert f"{format_usd(hours * COST // 2)} USD are needed" in said
    assert (io_of(network, "late"), world.chain.balance(addresses.burn_vault())) == (1_000_000 * IO, held)


def test_io_that_is_not_there_pays_nothing(network: Network, rates: None) -> None:
    """A user with too little IO, and a stale price of IO, are refused with what is missing."""
    renter(network, "poor", io=1, usd=0)
    fill(network, addresses.burn_vault(), 50 * USD)
    assert "holds 0.00000001 IO" in network.refusal("poor", "job", "open", *WORK, "--pay", "io")
    assert "holds 0.00 USD" in network.refusal("poor", "job", "open", *WORK)


def test_a_sale_in_between_is_refused_by_the_chain(network: Network, rates: None) -> None:
    """IO that no longer brings the dollars is not sold: job and sale succeed together or not at all."""
    world = network.world
    renter(network, "raced", io=1_000 * IO, usd=0)
    fill(network, addresses.burn_vault(), 50 * USD)
    owner = keys.load(network.directory / "raced")
    user = addresses.actor(owner.pubkey(), 0)
    selling = burn.sell_io(
        seller=owner.pubkey(), io_mint=world.io_mint, seller_io=world.io(owner), seller_usd=world.usd(owner),
        io_max=8 * IO, usd_min=COST + 50_000,
    )  # fmt: skip
    opening = escrow.open_job(
        authority=owner.pubkey(), user=user, id=0, hardware_class="4090", processors=2, hours=2, max_deposit=COST,
        usd_mint=world.usd_mint, source=world.usd(owner),
    )  # fmt: skip
    with world.chain.refuses("BelowMinimum"):
        world.chain.send([selling, opening], owner)
    assert io_of(network, "raced") == 1_000 * IO
    assert not world.chain.exists(addresses.job(user, 0))


# --- hours, ends, other nodes ---


def test_hours_are_added(network: Network, rates: None) -> None:
    """By their user, for what they cost; a maximum that is too low, and a stranger, are refused."""
    job, _ = rented(network, "longer")
    assert "cost 0.80 USD, more than the 0.10 USD allowed" in network.refusal(
        "longer", "job", "extend", job, "--hours", "1", "--max-usd", "0.1"
    )
    extended = network.json("longer", "job", "extend", job, "--hours", "3")
    assert (extended["hours"], extended["deposit_usd_units"]) == (5, COST * 5 // 2)
    assert "belongs to" in network.refusal("longer's owner", "job", "extend", job, "--hours", "1")
    network.world.prices(**{"4090": 400_000_001})
    assert "for more hours open a new job" in network.refusal("longer", "job", "extend", job, "--hours", "1")
    network.world.prices()
    network.world.chain.warp(seconds=700)
    assert "is stale" in network.refusal("longer", "job", "extend", job, "--hours", "1")


def test_a_job_that_nobody_began_is_cancelled(network: Network, rates: None) -> None:
    """All dollars come back, and it is cancelled, not settled."""
    renter(network, "fickle")
    job = network.json("fickle", "job", "open", *WORK)["job"]
    network.person("passer-by")
    assert "only" in network.refusal("passer-by", "job", "finish", job)
    assert network.json("fickle", "job", "cancel", job)["state"] == "cancelled"
    assert usd_of(network, "fickle") == 100 * USD
    assert "cancelled already" in network.refusal("fickle", "job", "cancel", job)


def test_a_running_job_is_cancelled_in_one_transaction(network: Network, rates: None) -> None:
    """Its node is paid to the second, the rest comes back, and nobody else may."""
    job, _ = rented(network, "done")
    network.world.chain.warp(seconds=600)
    assert "belongs to" in network.refusal("done's owner", "job", "cancel", job)
    closed = network.json("done", "job", "cancel", job)
    assert closed["state"] == "settled"
    assert 600 <= closed["settled_seconds"] <= 610
    assert closed["settled_usd_units"] == economics.earned(COST // 2, closed["settled_seconds"])
    assert usd_of(network, "done") == 100 * USD - closed["settled_usd_units"]


def test_a_job_whose_node_is_silent_is_cancelled_for_nothing(network: Network, rates: None) -> None:
    """A node that never reported is not paid."""
    job, _ = rented(network, "left alone")
    network.world.chain.warp(seconds=TERMS.report_seconds + 1)
    assert network.json("left alone", "job", "cancel", job)["state"] == "cancelled"
    assert usd_of(network, "left alone") == 100 * USD


def test_a_silent_node_is_released_and_a_tired_one_leaves(network: Network, rates: None) -> None:
    """Too early it is refused with the time that is left; then the job waits for another, its work settled."""
    job, _ = rented(network, "patient")
    network.person("watcher")
    assert "it can be taken off in" in network.refusal("watcher", "job", "release", job)
    network.world.chain.warp(seconds=3_600)
    network.json("patient's owner", "job", "report", job)
    network.world.chain.warp(seconds=TERMS.report_seconds + 1)
    released = network.json("watcher", "job", "release", job)
    assert (released["state"], released["node"], released["assignments"]) == ("open", None, 1)
    assert released["settled_seconds"] >= 3_600
    assert "waits for another" in network.run(None, "job", "show", job).stdout
    assert [row["job"] for row in network.json("patient", "job", "list", "--mine", "--state", "open")] == [job]

    network.world.prices()
    other, _ = rented(network, "tired")
    assert network.json("tired's owner", "job", "release", other)["state"] == "open"


# --- disputes ---


def _disputed(network: Network, name: str, evidence: Path) -> str:
    job, _ = rented(network, name)
    assert "nothing to dispute" in network.refusal(name, "job", "dispute", job, "--evidence", str(evidence))
    network.world.chain.warp(seconds=1_000)
    network.json(f"{name}'s owner", "job", "report", job)
    disputed = network.json(name, "job", "dispute", job, "--evidence", str(evidence))
    assert (disputed["state"], disputed["bond_usd_units"]) == ("disputed", TERMS.dispute_bond)
    events = network.world.chain.events(disputed["signature"])
    assert bytes(events[0].fields["evidence"]) == sha256(evidence.read_bytes()).digest()
    return job


def test_the_committee_resolves_a_dispute(network: Network, rates: None, tmp_path: Path) -> None:
    """With evidence from a file, members' keys and the seconds accepted; then it is finished by anyone."""
    evidence = tmp_path / "log.txt"
    evidence.write_bytes(b"nothing was computed")
    job = _disputed(network, "deceived", evidence)
    assert "is disputed" in network.refusal("deceived", "job", "cancel", job)
    members = [str(network.directory / f"member-{index}") for index in range(2)]
    decide = ("job", "resolve", job, "--accepted")
    network.person("clerk")
    said = network.refusal("clerk", *decide, "100000", "--member", members[0], "--member", members[1])
    assert "were reported" in said
    assert "strict majority" in network.refusal("clerk", *decide, "100", "--member", members[0])
    resolved = network.json("clerk", *decide, "100", "--member", members[0], "--member", members[1])
    assert (resolved["state"], resolved["worked_seconds"]) == ("resolved", 100)
    finished = network.json("clerk", "job", "finish", job)
    assert (finished["state"], finished["settled_seconds"]) == ("settled", 100)
    assert "there is no dispute" in network.refusal("clerk", *decide, "1", "--member", members[0])


def test_a_dispute_lapses(network: Network, rates: None, tmp_path: Path) -> None:
    """By anyone, once the committee's time is over; before, the refusal says how long."""
    evidence = tmp_path / "log.txt"
    evidence.write_bytes(b"something")
    job = _disputed(network, "ignored", evidence)
    network.person("sweeper")
    assert "can still decide" in network.refusal("sweeper", "job", "lapse", job)
    network.world.chain.warp(seconds=TERMS.decision_seconds + 1)
    assert network.json("sweeper", "job", "lapse", job)["state"] == "resolved"
    assert network.json("sweeper", "job", "settle", job)["settled_seconds"] >= 1_000
    assert network.json("sweeper", "job", "finish", job)["state"] == "settled"


def test_work_that_can_be_disputed_is_not_settled(network: Network, rates: None) -> None:
    """The refusal says for how long."""
    job, _ = rented(network, "watchful")
    network.world.chain.warp(seconds=3_600)
    network.json("watchful's owner", "job", "report", job)
    settled = network.json("watchful's owner", "job", "settle", job)
    assert 3_300 <= settled["settled_seconds"] <= 3_310
