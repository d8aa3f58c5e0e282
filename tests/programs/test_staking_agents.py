"""Who acts for a node: its owner names a key, and that key alone says how to reach it."""

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, state
from client.endpoints import endpoint_bytes
from client.idl import build, program_id
from client.instructions import staking
from client.state import Agent
from tests.programs.chain import swapped
from tests.programs.staking_steps import Owned, actor_of, pause
from tests.programs.staking_steps import shared as shared  # a fixture
from tests.programs.world import World

ALL_PROGRAMS = sum(state.PAUSE_BITS.values())
ENDPOINT = "node.example.com:9400"
CERTIFICATE, HARDWARE = bytes(range(32)), bytes(range(32, 64))
NOTHING = ("", bytes(32), bytes(32), 0)


def name(world: World, owned: Owned, key: Keypair) -> str:
    owner, actor = owned
    return world.chain.send([staking.name_agent(authority=owner.pubkey(), actor=actor, key=key.pubkey())], owner)


def announce(world: World, key: Keypair, actor: Pubkey, endpoint: str = ENDPOINT) -> str:
    announcing = staking.announce_agent(
        key=key.pubkey(), actor=actor, endpoint=endpoint, certificate=CERTIFICATE, hardware=HARDWARE
    )
    return world.chain.send([announcing], key)


def announce_raw(world: World, key: Keypair, actor: Pubkey, endpoint: bytes) -> str:
    """As no client of ours would."""
    args = {"endpoint": list(endpoint), "certificate": [0] * 32, "hardware": [0] * 32}
    accounts = {"key": key.pubkey(), "agent": addresses.agent(actor)}
    return world.chain.send([build("staking", "announce_agent", accounts, args)], key)


def agent_of(world: World, actor: Pubkey) -> Agent:
    return world.chain.account(Agent, addresses.agent(actor))


def announced(agent: Agent) -> tuple[str, bytes, bytes, int]:
    return agent.endpoint, agent.certificate, agent.hardware, agent.announced_at


def agency(world: World) -> tuple[Owned, Keypair]:
    """An owner with its node, and the node's agent."""
    owned, key = world.node(), world.person()
    name(world, owned, key)
    return owned, key


# --- naming ---


def test_an_owner_names_an_agent(shared: World) -> None:
    """It has announced nothing yet; the owner pays its rent, and nothing of the node changes."""
    owner, node = owned = shared.node()
    key, before = shared.key(), actor_of(shared, node)
    held = shared.chain.lamports(owner.pubkey())
    name(shared, owned, key)
    found = agent_of(shared, node)
    assert (found.actor, found.key, announced(found)) == (node, key.pubkey(), NOTHING)
    assert Pubkey.create_program_address([b"agent", bytes(node), bytes([found.bump])], program_id("staking")) == (
        addresses.agent(node)
    )
    rent = shared.chain.lamports(addresses.agent(node))
    assert held - shared.chain.lamports(owner.pubkey()) >= rent > 0
    assert actor_of(shared, node) == before


def test_another_agent_takes_its_place(shared: World) -> None:
    """What the one before had announced is gone, and it announces no more; no rent is paid again."""
    owned, first = agency(shared)
    announce(shared, first, owned[1])
    second, rent = shared.person(), shared.chain.lamports(addresses.agent(owned[1]))
    name(shared, owned, second)
    found = agent_of(shared, owned[1])
    assert (found.actor, found.key, announced(found)) == (owned[1], second.pubkey(), NOTHING)
    assert shared.chain.lamports(addresses.agent(owned[1])) == rent
    with shared.chain.refuses("NotAgent"):
        announce(shared, first, owned[1])
    announce(shared, second, owned[1])


def test_the_same_agent_named_again_keeps_what_it_announced(shared: World) -> None:
    """A name repeated takes no node off the network."""
    owned, key = agency(shared)
    announce(shared, key, owned[1])
    before = agent_of(shared, owned[1])
    name(shared, owned, key)
    assert agent_of(shared, owned[1]) == before


def test_only_the_authority_names(shared: World) -> None:
    """Neither a stranger, nor another owner, nor the agent itself: when there is none yet, and when there is one."""
    (owner, node), stranger = shared.node(), shared.person()
    other, _ = shared.node()
    for signer in (stranger, other, shared.admin):
        with shared.chain.refuses("NotAuthority"):
            name(shared, (signer, node), stranger)
    assert not shared.chain.exists(addresses.agent(node))
    key = shared.person()
    name(shared, (owner, node), key)
    for signer in (stranger, other, key):
        with shared.chain.refuses("NotAuthority"):
            name(shared, (signer, node), stranger)
    assert agent_of(shared, node).key == key.pubkey()


def test_a_user_has_no_agent(shared: World) -> None:
    """Only nodes are acted for."""
    owned = shared.user()
    with shared.chain.refuses("NotANode"):
        name(shared, owned, shared.key())


def test_an_owner_names_no_agent_of_another_node(shared: World) -> None:
    """The agent's account is the node's own, whether it is there or not: of a new node, and of one with an agent."""
    (owner, node), (taken, key), (_, bare) = shared.node(), agency(shared), shared.node()
    naming = staking.name_agent(authority=owner.pubkey(), actor=node, key=owner.pubkey())
    for foreign in (taken[1], bare):
        with shared.chain.refuses("InvalidSeeds"):
            shared.chain.send([swapped(naming, addresses.agent(node), addresses.agent(foreign))], owner)
    assert agent_of(shared, taken[1]).key == key.pubkey()
    # Nor does an account of another kind take its place.
    with shared.chain.refuses("ConstraintSpace"):
        shared.chain.send([swapped(naming, addresses.agent(node), addresses.stake_vault())], owner)


def test_a_gift_to_its_address_stops_no_naming(shared: World) -> None:
    """Anyone can send SOL to where the account will be: it is made all the same."""
    owned, key = shared.node(), shared.key()
    shared.chain.airdrop(addresses.agent(owned[1]), 1_000_000)
    name(shared, owned, key)
    assert agent_of(shared, owned[1]).key == key.pubkey()


def test_one_agent_acts_for_several_nodes(shared: World) -> None:
    """Each has its own account; what one announces is not the other's."""
    key, first, second = shared.person(), shared.node(), shared.node()
    for owned in (first, second):
        name(shared, owned, key)
    announce(shared, key, first[1])
    assert agent_of(shared, first[1]).endpoint == ENDPOINT
    assert announced(agent_of(shared, second[1])) == NOTHING


# --- announcing ---


def test_an_agent_announces(shared: World) -> None:
    """Where the node answers, with which certificate and which hardware, and when; the last announcement counts."""
    (_, node), key = agency(shared)
    announce(shared, key, node)
    assert announced(agent_of(shared, node)) == (ENDPOINT, CERTIFICATE, HARDWARE, shared.chain.now())
    shared.chain.warp(seconds=60)
    announce(shared, key, node, "[2001:db8::1]:1")
    assert announced(agent_of(shared, node)) == ("[2001:db8::1]:1", CERTIFICATE, HARDWARE, shared.chain.now())


def test_nobody_else_announces(shared: World) -> None:
    """Not the owner, whose key need not be there; not a stranger; not another node's agent."""
    (owner, node), _ = agency(shared)
    _, other = agency(shared)
    for signer in (owner, shared.person(), other, shared.admin):
        with shared.chain.refuses("NotAgent"):
            announce(shared, signer, node)
    assert announced(agent_of(shared, node)) == NOTHING


def test_who_was_not_named_announces_nothing(shared: World) -> None:
    """A node without an agent is announced by nobody."""
    owner, node = shared.node()
    with shared.chain.refuses("AccountDataTooSmall"):
        announce(shared, owner, node)


@pytest.mark.parametrize(
    "raw",
    [
        bytes(64),
        b"\0host:1".ljust(64, b"\0"),
        b"host:1\0x".ljust(64, b"\0"),
        b"a host:1".ljust(64, b"\0"),
        b"host:1\n".ljust(64, b"\0"),
        b"host:1\x1b[2J".ljust(64, b"\0"),
        b"host:1\x7f".ljust(64, b"\0"),
        "höst:1".encode().ljust(64, b"\0"),
        b"\xff" * 64,
        b"a" * 63 + b" ",
    ],
)
def test_what_is_no_text_is_no_endpoint(shared: World, raw: bytes) -> None:
    """Nothing, blanks, control characters, other letters and zeros in between are refused."""
    (_, node), key = agency(shared)
    with shared.chain.refuses("EndpointInvalid"):
        announce_raw(shared, key, node, raw)


@pytest.mark.parametrize("raw", [b"!".ljust(64, b"\0"), b"~" * 64, endpoint_bytes(ENDPOINT)])
def test_an_endpoint_is_one_to_64_characters(shared: World, raw: bytes) -> None:
    """From the first to the last of printable ASCII."""
    (_, node), key = agency(shared)
    announce_raw(shared, key, node, raw)
    assert agent_of(shared, node).endpoint.encode() == raw.rstrip(b"\0")


def test_a_pause_keeps_no_stolen_key_in_place(world: World) -> None:
    """While all five are paused an owner names, and its agent announces."""
    owned, stolen = agency(world)
    pause(world, ALL_PROGRAMS)
    key = world.person()
    name(world, owned, key)
    announce(world, key, owned[1])
    with world.chain.refuses("NotAgent"):
        announce(world, stolen, owned[1])
