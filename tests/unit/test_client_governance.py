"""What the offices do with `ionet`: parameters, committee, the admin's office, the pause, grants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, keys
from client.economics import USD
from client.idl import PROGRAMS
from client.instructions import tokens
from client.network import BURN, ORACLE, Parameters
from tests.programs.world import GENESIS
from tests.unit.client_network import Network, new_network

HOUR = 3_600
DELAY = ORACLE.delay_seconds


@pytest.fixture
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A network whose offices have their key files: admin, pauser, member-0 to member-2, somebody."""
    parameters = Parameters(burn=replace(BURN, owner_grant_hours=1))
    with new_network(tmp_path_factory.mktemp("keys"), parameters) as made:
        named = {"admin": made.world.admin, "pauser": made.world.pauser}
        members = {f"member-{place}": member for place, member in enumerate(made.world.committee)}
        for name, key in (named | members).items():
            keys.save(made.directory / name, key)
        made.person("somebody")
        yield made


def _address(network: Network, name: str) -> str:
    return str(keys.load(network.directory / name).pubkey())


def test_parameters_are_shown_and_changed(network: Network) -> None:
    """All five programs; one change keeps the others, waits, is added to, and is in force at its time."""
    shown = network.json(None, "params", "show")
    assert list(shown) == list(PROGRAMS)
    assert shown["escrow"]["current"]["fee_bp"] == 500
    assert [shown[program]["next"] for program in PROGRAMS] == [None] * 5

    changed = network.json("admin", "params", "set", "escrow", "fee_bp=4.5%", "report_seconds=20m")
    start = changed["next_from"]
    assert (start - GENESIS) % HOUR == 0
    assert start - changed["chain_time"] >= DELAY
    assert changed["current"] == shown["escrow"]["current"]
    assert changed["next"] == shown["escrow"]["current"] | {"fee_bp": 450, "report_seconds": 1_200}

    added = network.json("admin", "params", "set", "escrow", "dispute_bond=3")
    assert added["next"] == changed["next"] | {"dispute_bond": 3 * USD}
    assert "are so already" in network.refusal("admin", "params", "set", "escrow", "fee_bp=450")

    network.world.chain.warp(timestamp=added["next_from"])
    found = network.json(None, "params", "show", "escrow")["escrow"]
    assert (found["current"], found["next"], found["next_from"]) == (added["next"], None, None)
    text = network.run(None, "params", "show", "escrow").stdout
    assert "4.50%" in text
    assert "20m" in text


def test_a_change_that_waits_is_dropped(network: Network) -> None:
    """What is in force stays; the drop itself waits, and changes nothing."""
    before = network.json("admin", "params", "set", "burn", "user_grant=1")
    dropped = network.json("admin", "params", "set", "burn", "--drop-waiting")
    assert dropped["next"] == dropped["current"] == before["current"]
    network.world.chain.warp(timestamp=dropped["next_from"])
    assert network.json(None, "params", "show", "burn")["burn"]["current"] == before["current"]


def test_changes_are_refused_in_words(network: Network) -> None:
    """Who the admin is, which parameters there are, what a program allows."""
    refused = network.refusal("somebody", "params", "set", "oracle", "delay_seconds=1h")
    assert _address(network, "admin") in refused
    assert _address(network, "somebody") in refused
    assert "there is no program 'governance'" in network.refusal("admin", "params", "set", "governance", "x=1")
    assert "it has delay_seconds" in network.refusal("admin", "params", "set", "oracle", "delay=1h")
    assert "5,000" in network.refusal("admin", "params", "set", "burn", "end_bp=51%")
    for wrong in (["fee_bp"], ["=1"], ["fee_bp=1", "fee_bp=2"], []):
        network.refusal("admin", "params", "set", "escrow", *wrong, code=2)


def test_the_committee_rotates(network: Network) -> None:
    """It is named by the admin, and in office from its time on."""
    heirs = [str(network.person(f"heir-{place}").pubkey()) for place in range(2)]
    old = network.json(None, "committee", "show")
    assert (len(old["members"]), old["majority"], old["next_members"]) == (3, 2, None)
    assert _address(network, "admin") in network.refusal("somebody", "committee", "rotate", *heirs)
    assert "different members" in network.refusal("admin", "committee", "rotate", heirs[0], heirs[0])
    network.refusal("admin", "committee", "rotate", "nobody", code=2)
    named = network.json("admin", "committee", "rotate", *heirs)
    assert (named["members"], named["next_members"]) == (old["members"], heirs)
    network.world.chain.warp(timestamp=named["next_from"])
    assert network.json(None, "committee", "show")["members"] == heirs
    assert "2 of 2 decide" in network.run(None, "committee", "show").stdout


def test_the_admins_office_changes_hands(network: Network) -> None:
    """Offered, taken back, offered again, accepted; each step by its holder alone."""
    heir = str(network.person("heir").pubkey())
    assert network.json(None, "admin", "show")["offered_to"] is None
    assert "offered to nobody" in network.refusal("heir", "admin", "accept")
    assert "no offer to take back" in network.refusal("admin", "admin", "withdraw")
    assert "only the admin" in network.refusal("somebody", "admin", "offer", heir)
    network.json("admin", "admin", "offer", heir)
    assert f"offered to {heir}" in network.refusal("somebody", "admin", "accept")
    network.json("admin", "admin", "withdraw")
    assert "offered to nobody" in network.refusal("heir", "admin", "accept")
    network.json("admin", "admin", "offer", heir)
    assert network.json("heir", "admin", "accept")["admin"] == heir
    assert network.json(None, "admin", "show") == {
        "admin": heir,
        "offered_to": None,
        "pauser": _address(network, "pauser"),
    }
    assert heir in network.refusal("admin", "admin", "offer", heir)
    assert "is the admin already" in network.refusal("heir", "admin", "offer", heir)


def test_programs_are_paused_and_resumed(network: Network) -> None:
    """By the pauser, whom the admin names; one pause does not end another."""
    assert network.json(None, "pause", "status")["paused"] == []
    assert network.json("pauser", "pause", "set", "burn", "escrow")["paused"] == ["escrow", "burn"]
    assert network.json("admin", "pause", "set", "oracle")["paused"] == ["oracle", "escrow", "burn"]
    assert "nothing to do" in network.refusal("pauser", "pause", "set", "burn")
    assert network.json("pauser", "pause", "clear", "escrow")["paused"] == ["oracle", "burn"]
    assert _address(network, "pauser") in network.refusal("somebody", "pause", "clear", "burn")
    assert network.json("pauser", "pause", "clear", "all")["paused"] == []
    assert network.json("pauser", "pause", "set", "all")["paused"] == list(PROGRAMS)
    assert "paused" in network.run(None, "pause", "status").stdout
    assert "only the admin" in network.refusal("pauser", "pause", "pauser", _address(network, "somebody"))
    network.json("admin", "pause", "pauser", _address(network, "somebody"))
    assert network.json("somebody", "pause", "clear", "all")["paused"] == []
    assert "may pause" in network.refusal("pauser", "pause", "set", "all")


def _members(network: Network, *names: str) -> list[str]:
    return [part for name in names for part in ("--member", str(network.directory / name))]


def _fill(network: Network, amount: int) -> None:
    world = network.world
    incentives = addresses.incentives_vault()
    filling = tokens.mint_to(mint=world.usd_mint, authority=world.admin.pubkey(), destination=incentives, amount=amount)
    world.chain.send([filling], world.admin)


def test_newcomers_are_granted_dollars(network: Network) -> None:
    """A user for its jobs, an owner after its proven hours; every reason against it is said."""
    world = network.world
    user: tuple[Keypair, Pubkey] = world.user(usd=0)
    node: tuple[Keypair, Pubkey] = world.node()
    two = _members(network, "member-0", "member-2")
    assert "holds 0.00 USD" in network.refusal("somebody", "grant", "user", str(user[1]), *two)
    _fill(network, BURN.user_grant + BURN.owner_grant)
    assert "2 of the 3 members" in network.refusal(
        "somebody", "grant", "user", str(user[1]), *_members(network, "member-0")
    )
    assert "not a member" in network.refusal("somebody", "grant", "user", str(user[1]))
    assert "is a node" in network.refusal("somebody", "grant", "user", str(node[1]), *two)
    assert "is a user" in network.refusal("somebody", "grant", "owner", str(user[1]), *two)
    assert "0 hours without a break" in network.refusal("somebody", "grant", "owner", str(node[1]), *two)

    done = network.json("somebody", "grant", "user", str(user[1]), *two)
    assert (done["granted_usd_units"], done["account"]) == (BURN.user_grant, str(addresses.credit(user[1])))
    assert world.chain.balance(addresses.credit(user[1])) == BURN.user_grant
    assert "20.00 USD before" in network.refusal("somebody", "grant", "user", str(user[1]), *two)

    world.end_of(1)
    world.post_scores(1, (node[1], 1, 0))
    world.finalize(1)
    world.close(1)
    # The first member pays, where no key is named.
    network.json("member-0", "grant", "owner", str(node[1]), *two)
    assert world.chain.balance(world.usd(node[0])) == BURN.owner_grant

    shown = network.json(None, "burn", "show")
    assert (shown["granted_usd_units"], shown["incentives_usd_units"]) == (BURN.user_grant + BURN.owner_grant, 0)
    assert (shown["premium_start_bp"], shown["price_is_fresh"]) == (-200, False)
    world.prices()
    assert "granted in all" in network.run(None, "burn", "show").stdout


def test_nothing_is_granted_while_burn_is_paused_or_grants_are_zero(network: Network) -> None:
    """Both are said."""
    user = str(network.world.user(usd=0)[1])
    members = _members(network, "member-0", "member-1")
    network.json("pauser", "pause", "set", "burn")
    assert "burn is paused" in network.refusal("somebody", "grant", "user", user, *members)
    network.json("pauser", "pause", "clear", "burn")
    changed = network.json("admin", "params", "set", "burn", "user_grant=0")
    network.world.chain.warp(timestamp=changed["next_from"])
    assert "grant nothing" in network.refusal("somebody", "grant", "user", user, *members)


def test_a_value_outside_its_range_is_told_what_it_may_be(network: Network) -> None:
    """The refusal names the parameter, the value and the bounds."""
    said = network.refusal("admin", "params", "set", "escrow", "fee_bp=60%")
    assert "fee_bp = 60.00% (of what a settlement pays for; up to 20%)" in " ".join(said.split())
