"""What owners and agents do: name who acts for a node, announce where it is, report and release as its agent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from solders.pubkey import Pubkey

from client import actions, addresses, keys, reads
from client.economics import IO, USD
from client.endpoints import EndpointRefused
from client.errors import IonetError
from client.rpc import connect
from client.state import Agent
from tests.unit.client_network import Network, new_network

CERTIFICATE, HARDWARE = bytes(range(32)), b"h" * 32


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with new_network(tmp_path_factory.mktemp("keys")) as made:
        yield made


def owned(network: Network, name: str) -> str:
    """A node of somebody new."""
    network.person(name, io=1_000 * IO)
    register = ("node", "register", "--class", "4090", "--processors", "1", "--dollar-share", "3000")
    return str(network.json(name, *register)["node"])


def agent_of(network: Network, node: str, owner: str, name: str) -> str:
    """The address of somebody new who was named a node's agent, and has SOL for fees."""
    key = str(network.person(name).pubkey())
    network.json(owner, "node", "agent", node, "--key", key)
    return key


def announce(network: Network, name: str, node: str, endpoint: str = "node.example.com:9400", **given: bytes) -> None:
    """The agent announces."""
    key, hashes = keys.load(network.directory / name), {"certificate": CERTIFICATE, "hardware": HARDWARE} | given

    async def run() -> None:
        async with connect(network.url) as client:
            await actions.announce_agent(client, key, Pubkey.from_string(node), endpoint, **hashes)

    asyncio.run(run())


def read(network: Network, node: str) -> Agent:
    async def run() -> Agent:
        async with connect(network.url) as client:
            return await reads.agent(client, Pubkey.from_string(node))

    return asyncio.run(run())


def begun(network: Network, node: str, name: str) -> str:
    """A job of a new user that the node has begun."""
    network.person(name, usd=100 * USD)
    network.json(name, "user", "register")
    network.world.prices()
    work = ("--class", "4090", "--processors", "1", "--hours", "2")
    job = str(network.json(name, "job", "open", *work)["job"])
    network.world.start_job(Pubkey.from_string(job), Pubkey.from_string(node))
    return job


def shown(network: Network, node: str) -> dict[str, Any]:
    fields = ("agent", "endpoint", "certificate_sha256", "hardware_sha256", "announced_at")
    found = network.json(None, "node", "show", node)
    return {name: found[name] for name in fields}


def test_a_node_shows_its_agent_and_where_it_is(network: Network) -> None:
    """Nobody at first, then the agent that was named, then what it announced; another agent announces anew."""
    node = owned(network, "owner")
    assert set(shown(network, node).values()) == {None}
    assert "nobody: its owner names one" in network.run(None, "node", "show", node).stdout
    with pytest.raises(reads.NotFound, match=f"{node} has no agent: .*ionet node agent {node} --key"):
        read(network, node)

    key = agent_of(network, node, "owner", "agent")
    named = dict.fromkeys(shown(network, node)) | {"agent": key}
    assert shown(network, node) == named
    assert "not announced yet" in network.run(None, "node", "show", node).stdout
    assert not read(network, node).is_announced

    announce(network, "agent", node)
    found = read(network, node)
    assert (found.actor, found.key) == (Pubkey.from_string(node), Pubkey.from_string(key))
    assert (found.endpoint, found.certificate, found.hardware) == ("node.example.com:9400", CERTIFICATE, HARDWARE)
    assert shown(network, node) == {
        "agent": key,
        "endpoint": "node.example.com:9400",
        "certificate_sha256": CERTIFICATE.hex(),
        "hardware_sha256": HARDWARE.hex(),
        "announced_at": found.announced_at,
    }
    text = " ".join(network.run(None, "node", "show", node).stdout.replace("│", " ").split())
    assert f"agent {key} endpoint node.example.com:9400, announced 2026-" in text

    other = agent_of(network, node, "owner", "second agent")
    assert shown(network, node) == named | {"agent": other}


def test_only_its_owner_names_an_agent_of_a_node(network: Network) -> None:
    """A stranger, a user and what is no address are refused with the reason."""
    node = owned(network, "careful")
    stranger = network.person("stranger")
    user = network.json("stranger", "user", "register")["user"]
    naming = ("--key", str(stranger.pubkey()))
    assert f"belongs to {keys.load(network.directory / 'careful').pubkey()}" in network.refusal(
        "stranger", "node", "agent", node, *naming
    )
    assert "only a node has an agent" in network.refusal("stranger", "node", "agent", user, *naming)
    assert "is no address" in network.refusal("careful", "node", "agent", node, "--key", "me", code=2)
    assert not network.world.chain.exists(addresses.agent(Pubkey.from_string(node)))


def test_what_cannot_be_announced_is_refused_before_it_is_sent(network: Network) -> None:
    """Another's key, what is no endpoint, what is no SHA-256: the sentence says which."""
    node = owned(network, "host")
    agent_of(network, node, "host", "host's agent")
    with pytest.raises(IonetError, match=f"the agent of node {node} is .*, not .*: its owner names another"):
        announce(network, "host", node)
    with pytest.raises(EndpointRefused, match="'somewhere' is no HOST:PORT"):
        announce(network, "host's agent", node, "somewhere")
    for name in ("certificate", "hardware"):
        with pytest.raises(IonetError, match=f"the {name}'s SHA-256 has 32 bytes, not 31"):
            announce(network, "host's agent", node, **{name: bytes(31)})
    assert not read(network, node).is_announced


def test_an_agent_reports_and_releases_with_its_own_key(network: Network) -> None:
    """The command finds out whose key it has; one that was replaced is a stranger's."""
    node = owned(network, "away")
    agent_of(network, node, "away", "first")
    job = begun(network, node, "renter")
    network.world.chain.warp(seconds=60)
    before = network.json(None, "job", "show", job)["reported_at"]
    assert network.json("first", "job", "report", job)["reported_at"] > before
    assert network.json("away", "job", "report", job)["reported_at"] > before

    agent_of(network, node, "away", "next")
    said = network.refusal("first", "job", "report", job)
    assert "cannot report it, which is neither that owner nor the node's agent" in said
    assert "it can be taken off in" in network.refusal("first", "job", "release", job)
    released = network.json("next", "job", "release", job)
    assert (released["state"], released["node"]) == ("open", None)


def test_an_owner_has_no_agent_once_it_names_itself(network: Network) -> None:
    """Its own key still reports, and the one before does no more."""
    node = owned(network, "alone")
    agent_of(network, node, "alone", "dismissed")
    own = str(keys.load(network.directory / "alone").pubkey())
    assert network.json("alone", "node", "agent", node, "--key", own)["agent"] == own
    job = begun(network, node, "renter of one alone")
    network.json("alone", "job", "report", job)
    assert "cannot report it" in network.refusal("dismissed", "job", "report", job)
