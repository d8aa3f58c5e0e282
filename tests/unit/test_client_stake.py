"""What people do with `ionet stake` and `ionet slash`, and elections, on a chain of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from solders.pubkey import Pubkey

from client import addresses, economics, keys, stakes
from client.economics import IO
from client.offences import OFFENCES
from client.state import Actor, Delegation, Slash
from tests.programs.staking_steps import DAY, actor_of, reward
from tests.unit.client_network import Network, ionet, new_network


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with new_network(tmp_path_factory.mktemp("keys")) as made:
        for number, member in enumerate(made.world.committee):
            keys.save(made.directory / f"member{number}", member)
        yield made


@pytest.fixture
def node(network: Network) -> str:
    """A node of `owner`, who has more IO, with its collateral."""
    owner, actor = network.world.node()
    file = network.directory / "owner"
    file.unlink(missing_ok=True)
    keys.save(file, owner)
    return str(actor)


def members(network: Network, count: int = 2) -> list[str]:
    return [part for n in range(count) for part in ("--member", str(network.directory / f"member{n}"))]


def test_a_staker_comes_earns_and_leaves(network: Network, node: str) -> None:
    """Delegate, show, claim, undelegate, withdraw, close: each by its command."""
    staker = network.person("staker", io=1_000 * IO)
    assert network.json(None, "stake", "pool", "show", node)["open"] is False
    done = network.json("staker", "stake", "delegate", node, "--io", "100")
    assert (done["worth_io_units"], done["claimable_io_units"], done["delegated_io_units"]) == (100 * IO, 0, 100 * IO)
    network.json("staker", "stake", "delegate", node, "--io", "0.5")
    assert "open already" in network.refusal("staker", "stake", "pool", "open", node)

    actor = Pubkey.from_string(node)
    reward(network.world, actor, 7 * IO)
    (shown,) = network.json("staker", "stake", "show")
    assert (shown["worth_io_units"], shown["claimable_io_units"]) == (100 * IO + IO // 2, 7 * IO - 1)
    pool = network.json(None, "stake", "pool", "show", node)
    assert (pool["delegated_io_units"], pool["unclaimed_rewards_io_units"]) == (100 * IO + IO // 2, 7 * IO)
    # Anyone claims for the staker.
    claimed = network.json("member0", "stake", "claim", node, "--owner", str(staker.pubkey()))
    assert claimed["claimed"] == [{"actor": node, "rewards_io_units": 7 * IO - 1}]
    assert "no rewards to claim" in network.refusal("staker", "stake", "claim")

    assert "more than the" in network.refusal("staker", "stake", "undelegate", node, "--io", "101")
    asked = network.json("staker", "stake", "undelegate", node, "--io", "1")
    assert (asked["id"], asked["unbonding_io_units"]) == (0, IO)
    asked = network.json("staker", "stake", "undelegate", node)
    assert (asked["id"], asked["unbonding_io_units"]) == (1, 99 * IO + IO // 2)
    assert "nothing is delegated" in network.refusal("staker", "stake", "undelegate", node)
    listed = network.json("staker", "stake", "tickets")
    assert [(row["id"], row["payable"]) for row in listed] == [(0, False), (1, False)]
    assert "no ticket" in network.refusal("staker", "stake", "withdraw")
    network.world.chain.warp(seconds=22 * DAY)
    paid = network.json("member0", "stake", "withdraw", "--owner", str(staker.pubkey()))
    assert sum(row["worth_io_units"] for row in paid["withdrawn"]) == 100 * IO + IO // 2
    assert "has no tickets" in network.refusal("staker", "stake", "withdraw")
    assert network.world.chain.balance(network.world.io(staker)) == 1_007 * IO - 1
    network.json("staker", "stake", "close", node)
    assert network.json("staker", "stake", "show") == []
    assert "has not delegated" in network.refusal("staker", "stake", "close", node)


def test_tables_say_the_same(network: Network, node: str) -> None:
    """Without --json, decimals and words."""
    network.person("friend", io=10 * IO)
    assert "not open" in network.run(None, "stake", "pool", "show", node).stdout
    assert "rewards arrive at" in network.run("friend", "stake", "pool", "open", node).stdout
    assert "1.25 IO" in network.run("friend", "stake", "delegate", node, "--io", "1.25").stdout
    assert "100.00%" in network.run("friend", "stake", "show").stdout
    assert "1.25 IO" in network.run("friend", "stake", "undelegate", node).stdout
    assert "1 tickets" in network.run("friend", "stake", "tickets").stdout
    assert "Elected" in network.run("owner", "node", "elect", node, "--commission", "300").stdout
    assert "commission 3.00%" in network.run("owner", "node", "show", node).stdout
    assert "Collateral unbonding" in network.run("owner", "node", "withdraw-collateral", node, "--io", "1").stdout
    network.world.chain.warp(seconds=22 * DAY)
    assert "1.25 IO" in network.run("friend", "stake", "withdraw").stdout
    assert "Delegation closed" in network.run("friend", "stake", "close", node).stdout
    assert "0 slashes" in network.run(None, "slash", "show", node).stdout


def test_what_cannot_be_staked_is_said(network: Network, node: str) -> None:
    """In words, before anything is sent."""
    network.person("poor", io=IO)
    assert "more than the 1.00 IO" in network.refusal("poor", "stake", "delegate", node, "--io", "2")
    stranger = str(network.world.key().pubkey())
    assert "there is no node or user" in network.refusal("poor", "stake", "delegate", stranger, "--io", "1")
    assert "is no address" in network.refusal("poor", "stake", "delegate", "nobody", "--io", "1", code=2)
    assert "is zero" in network.refusal("poor", "stake", "delegate", node, "--io", "0")
    assert "belongs to" in network.refusal("poor", "node", "withdraw-collateral", node)


def test_an_owner_elects_and_leaves(network: Network, node: str) -> None:
    """Both parts, or one; what waits is shown beside what counts."""
    done = network.json("owner", "node", "elect", node, "--dollar-share", "3000")
    assert (done["dollar_share_bp"], done["next_dollar_share_bp"], done["next_commission_bp"]) == (6_000, 3_000, 200)
    done = network.json("owner", "node", "elect", node, "--commission", "300")
    assert (done["dollar_share_bp"], done["next_dollar_share_bp"], done["next_commission_bp"]) == (6_000, 3_000, 300)
    shown = network.json(None, "node", "show", node)
    assert (shown["dollar_share_bp"], shown["next_dollar_share_bp"]) == (6_000, 3_000)
    assert shown["next_election_at"] == done["next_election_at"]
    network.world.chain.warp(timestamp=done["next_election_at"])
    shown = network.json(None, "node", "show", node)
    assert (shown["dollar_share_bp"], shown["commission_bp"], shown["next_election_at"]) == (3_000, 300, None)
    assert "out of range" in network.refusal("owner", "node", "elect", node, "--dollar-share", "9001")
    assert "out of range" in network.refusal("owner", "node", "elect", node, "--commission", "301")
    assert "give --dollar-share" in network.refusal("owner", "node", "elect", node, code=2)

    asked = network.json("owner", "node", "withdraw-collateral", node)
    assert asked["unbonding_io_units"] == shown["collateral_io_units"]
    assert "has no collateral" in network.refusal("owner", "node", "withdraw-collateral", node)


def test_a_user_elects_its_commission(network: Network) -> None:
    """At its registration, and anew."""
    network.person("renter")
    assert "out of range" in network.refusal("renter", "user", "register", "--commission", "99")
    user = network.json("renter", "user", "register", "--commission", "150")["user"]
    assert network.json("renter", "user", "show")["commission_bp"] == 150
    network.json("renter", "user", "elect", user, "--commission", "300")
    shown = network.json("renter", "user", "show")
    assert (shown["commission_bp"], shown["next_commission_bp"]) == (150, 300)


def test_a_slash_goes_its_way(network: Network, node: str, tmp_path: Path) -> None:
    """Proposed by the committee, appealed against, upheld, executed."""
    evidence = tmp_path / "report.txt"
    evidence.write_text("it was not there")
    propose = ("slash", "propose", node, "--evidence", str(evidence))
    assert "is no offence" in network.refusal("member0", *propose, "--offence", "bad", code=2)
    assert "majority" in network.refusal(None, *propose, "--offence", "fraud", *members(network, 1))
    made = network.json(None, *propose, "--offence", "false-hardware", *members(network))
    slash = made["slash"]
    assert (made["offence"], made["fraction_bp"], made["state"]) == ("false-hardware", 2_000, "proposed")
    assert made["evidence"] == sha256(b"it was not there").hexdigest()
    assert [row["slash"] for row in network.json(None, "slash", "show", node)] == [slash]
    network.person("staker of a slashed", io=IO)
    refusal = network.refusal("staker of a slashed", "stake", "delegate", node, "--io", "1")
    assert "a slash" in refusal

    assert "waits for an appeal" in network.refusal("owner", "slash", "execute", slash)
    assert "only an appeal is decided" in network.refusal(None, "slash", "decide", slash, "--uphold", *members(network))
    assert "cannot appeal" in network.refusal("staker of a slashed", "slash", "appeal", slash)
    appealed = network.json("owner", "slash", "appeal", slash)
    assert (appealed["state"], appealed["bond_io_units"]) == ("appealed", 1_000 * IO)
    assert "already" in network.refusal("owner", "slash", "appeal", slash)
    assert "waits for the committee" in network.refusal("owner", "slash", "dismiss", slash)
    decided = network.json(None, "slash", "decide", slash, "--uphold", *members(network))
    assert decided["state"] == "upheld"
    actor = Pubkey.from_string(node)
    collateral = actor_of(network.world, actor).collateral
    assert network.json("staker of a slashed", "slash", "execute", slash)["slash"] == slash
    assert actor_of(network.world, actor).collateral == collateral * 8 // 10
    assert "no slash that waits" in network.refusal("owner", "slash", "execute", slash)


def test_what_is_dismissed_or_not_decided_is_over(network: Network, node: str) -> None:
    """A decision for the actor ends the slash at once; without one, anyone ends it after the time for it."""
    propose = ("slash", "propose", node, "--offence", "1", "--evidence", "ab" * 32)
    owner = keys.load(network.directory / "owner")
    held = network.world.chain.balance(network.world.io(owner))
    first = network.json(None, *propose, *members(network))["slash"]
    network.json("owner", "slash", "appeal", first)
    network.json(None, "slash", "decide", first, "--dismiss", *members(network))
    second = network.json("member0", *propose, *members(network))["slash"]
    network.json("owner", "slash", "appeal", second)
    network.world.chain.warp(seconds=7 * DAY)
    assert "not decided in time" in network.refusal(None, "slash", "decide", second, "--uphold", *members(network))
    network.json("member1", "slash", "dismiss", second)
    third = network.json("member0", *propose, *members(network))["slash"]
    network.world.chain.warp(seconds=3 * DAY)
    assert "too late" in network.refusal("owner", "slash", "appeal", third)
    assert "Slash executed" in network.run("member1", "slash", "execute", third).stdout
    assert network.world.chain.balance(network.world.io(owner)) == held
    assert network.json(None, "slash", "show", node) == []


def test_the_offences_are_the_programs() -> None:
    """Names and prices stand in the order of the program's table."""
    source = (Path(__file__).parents[2] / "programs/staking/src/state/slash.rs").read_text()
    table = source.split("OFFENCES_BP: [u16; 5] = [")[1].split("]")[0]
    assert [bp for _, bp in OFFENCES.values()] == [int(number) for number in table.split(",")]
    documented = re.findall(r"/// \d\. ([a-z ]+):", source)
    assert [name.replace("-", " ") for name, _ in OFFENCES.values()] == documented


def test_a_preview_wraps_like_the_program() -> None:
    """Rewards that carry the accumulator beyond 128 bits are foreseen like others."""
    somebody = addresses.committee()
    actor = Actor(
        *(somebody, somebody, somebody, ""),
        per_share=(1 << 128) - 1,
        carry=0,
        collateral=0,
        collateral_required=0,
        stake=4,
        shares=4,
        unbonding_shares=0,
        index=economics.ONE,
        counted_rewards=10,
        registered_at=0,
        next_election_at=0,
        processors=0,
        multiplier_bp=0,
        election=None,  # type: ignore[arg-type] # it has no part in rewards
        next_election=None,  # type: ignore[arg-type]
        id=0,
        pending_slashes=0,
        kind=Actor.USER,
        bump=0,
    )
    delegation = Delegation(somebody, somebody, snapshot=(1 << 128) - 1, accrued=5 << 64, shares=1)
    assert stakes.earned(actor, delegation, 10) == 5
    assert stakes.earned(actor, delegation, 18) == 7


def test_a_slash_says_when_it_is_due() -> None:
    """Who may execute or dismiss it, and from which second on."""
    somebody = addresses.committee()

    def in_state(state: int) -> Slash:
        return Slash(somebody, somebody, bytes(32), 0, 100, 0, 100, 1, state)

    executable = {state: [in_state(state).is_executable(now) for now in (99, 100)] for state in Slash.STATES}
    dismissible = {state: [in_state(state).is_dismissible(now) for now in (99, 100)] for state in Slash.STATES}
    assert executable == {1: [False, True], 2: [False, False], 3: [True, True], 4: [False, False]}
    assert dismissible == {1: [False, False], 2: [False, True], 3: [False, False], 4: [True, True]}


@pytest.mark.parametrize(
    "command",
    [
        *(["stake", name] for name in ("delegate", "undelegate", "claim", "tickets", "withdraw", "show", "close")),
        *(["stake", "pool", name] for name in ("open", "show")),
        *(["slash", name] for name in ("propose", "appeal", "decide", "execute", "dismiss", "show")),
        *(["node", "elect"], ["node", "withdraw-collateral"], ["user", "elect"]),
    ],
    ids=" ".join,
)
def test_every_command_explains_itself(command: list[str]) -> None:
    """Help for each, with the common options, on stdout."""
    result = ionet(*command, "--help")
    assert result.exit_code == 0
    for option in ("--url", "--keypair", "--json", "IONET_URL", "IONET_KEYPAIR"):
        assert option in result.stdout
