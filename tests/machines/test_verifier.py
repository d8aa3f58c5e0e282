"""The verifier's rounds, with a real chain and agents: what is recorded, what a kill leaves, who is challenged when."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, keys, state
from client.errors import IonetError, Refused, Unreachable
from client.rpc import connect
from client.sending import SendOptions
from machines.proofs import seeds
from machines.verifier import plan, targets
from machines.verifier.plan import Limits, Target
from machines.verifier.rounds import NeverRecorded, Round, Rounds, Row
from machines.verifier.service import Verifier
from tests.machines.attacks import LIMITS
from tests.machines.network import Agent, Machines

QUICK = replace(LIMITS, trials=1, memory_mb=64)


def verifier(
    machines: Machines, client: AsyncClient, folder: Path, member: int = 0, limits: Limits = QUICK
) -> Verifier:
    """A member of the committee's."""
    return Verifier(client, machines.network.world.committee[member], folder, limits)


async def next_window(machines: Machines, rounds: Verifier) -> None:
    """Moves the chain's clock to where a round may begin, and on while one waits for its time."""

    async def pass_time() -> None:
        while True:
            await asyncio.sleep(0.3)
            machines.network.world.chain.warp(seconds=120)

    passing = asyncio.create_task(pass_time())
    try:
        await rounds.run(1)
    finally:
        passing.cancel()


def kept_in(folder: Path) -> dict[str, Any]:
    """What a verifier's folder has of its only round that was measured."""
    (file,) = folder.glob("results-*.json")
    found: dict[str, Any] = msgspec.json.decode(file.read_bytes())
    return found


def challenge_of(machines: Machines, kept: dict[str, Any], member: int = 0) -> state.Challenge:
    """What the chain has of it."""
    verifier = machines.network.world.committee[member].pubkey()
    address = addresses.challenge(verifier, kept["epoch"], kept["round"])
    return machines.network.world.chain.account(state.Challenge, address)


async def test_a_round_is_recorded_as_it_was_measured(machines: Machines, ann: Agent, tmp_path: Path) -> None:
    """The chain has the nodes, the secret that was committed to, and nothing is left to be recorded."""
    async with connect(machines.network.url) as client:
        await next_window(machines, verifier(machines, client, tmp_path))
    kept = kept_in(tmp_path)
    challenge = challenge_of(machines, kept)
    assert challenge.last_node == ann.node
    assert challenge.slot_hash != bytes(32)
    (node,) = kept["nodes"]
    assert (node["node"], node["passed"]) == (str(ann.node), True)
    assert Rounds(client, machines.network.world.committee[0], tmp_path).unfinished() is None


async def test_what_was_measured_survives_a_kill(machines: Machines, ann: Agent, tmp_path: Path) -> None:
    """Written down, and not recorded: the next process records it, once."""
    member = machines.network.world.committee[1]
    async with connect(machines.network.url) as client:
        kept = await measured_by(machines, client, tmp_path, 1, ann.node)
        assert kept.stage == "measured"
        again = Rounds(client, member, tmp_path)
        found = again.unfinished()
        assert found == kept
        assert await again.record(found) == 1
        assert await again.record(found) == 0
        assert again.unfinished() is None


async def measured_by(machines: Machines, client: AsyncClient, folder: Path, member: int, node: Pubkey) -> Round:
    """A round that was measured and written down, and is not recorded."""
    key = machines.network.world.committee[member]
    rounds = Rounds(client, key, folder)
    committed = await rounds.commit()
    await rounds.draw(committed)
    measured = rounds.measured(rounds.begin(committed), [])
    kept = msgspec.structs.replace(measured, rows=(Row(str(node), 1, 1, 1, 1, 1, 1),))
    (folder / f"round-{key.pubkey()}.json").write_bytes(msgspec.json.encode(kept))
    return kept


async def test_what_the_chain_never_takes_is_given_up(machines: Machines, ann: Agent, tmp_path: Path) -> None:
    """Of who is no member any more, or with another secret: the next round is measured and recorded."""
    stranger = machines.network.person("another stranger")
    async with connect(machines.network.url) as client:
        kept = await measured_by(machines, client, tmp_path, 0, ann.node)
        file = tmp_path / f"round-{stranger.pubkey()}.json"
        file.write_bytes(msgspec.json.encode(kept))
        with pytest.raises(NeverRecorded, match=r"given up, for the chain will never take them.*not a member"):
            await Rounds(client, stranger, tmp_path).record(kept)
        assert not file.exists()

        damaged = msgspec.structs.replace(kept, secret="00" * 32)
        file = tmp_path / f"round-{machines.network.world.committee[0].pubkey()}.json"
        file.write_bytes(msgspec.json.encode(damaged))
        await next_window(machines, verifier(machines, client, tmp_path))
    assert not file.exists()
    assert kept_in(tmp_path)["round"] != kept.number
    assert challenge_of(machines, kept_in(tmp_path)).last_node == ann.node


async def test_what_cannot_be_recorded_now_is_kept(machines: Machines, ann: Agent, tmp_path: Path) -> None:
    """A node that is away, a fee that cannot be paid: the round is there for the next try."""
    member, poor = machines.network.world.committee[1], Keypair()
    async with connect(machines.network.url) as client:
        kept = await measured_by(machines, client, tmp_path, 1, ann.node)
        poors = Rounds(client, poor, tmp_path)
        (tmp_path / f"round-{poor.pubkey()}.json").write_bytes(msgspec.json.encode(kept))
        with pytest.raises(Refused, match="has no SOL to pay the fee"):
            await poors.record(kept)
        assert poors.unfinished() == kept
        async with connect("http://127.0.0.1:9") as away:
            rounds = Rounds(away, member, tmp_path)
            with pytest.raises(Unreachable):
                await rounds.record(kept)
            assert rounds.unfinished() == kept
        assert await Rounds(client, member, tmp_path).record(kept) == 1


async def test_a_round_that_was_being_measured_is_given_up(machines: Machines, ann: Agent, tmp_path: Path) -> None:
    """Its seed is known to whom it was asked of: the next round is another."""
    member = machines.network.world.committee[2]
    async with connect(machines.network.url) as client:
        rounds = Rounds(client, member, tmp_path)
        begun = rounds.begin(await rounds.commit())
        await next_window(machines, verifier(machines, client, tmp_path, member=2))
    left = machines.network.world.chain.account(state.Challenge, begun.address)
    assert left.last_node == Pubkey.default()
    assert (kept_in(tmp_path)["epoch"], kept_in(tmp_path)["round"]) != (begun.epoch, begun.number)


async def test_a_draft_that_was_never_sent_is_sent_once(machines: Machines, tmp_path: Path) -> None:
    """Killed before or after the transaction: the commitment is on the chain once, and its time stays."""
    member = machines.network.world.committee[2]
    async with connect(machines.network.url) as client:
        rounds = Rounds(client, member, tmp_path)
        committed = await rounds.commit(60)
        drafted = msgspec.structs.replace(committed, stage="drafted")
        assert (await rounds.finish_commit(drafted)).stage == "committed"
        assert await rounds.draw(committed) == await rounds.draw(committed)
        again = Rounds(client, member, tmp_path).unfinished()
        assert again == msgspec.structs.replace(committed, stage="committed")
        assert committed.latest == committed.opened_at + 60


async def test_only_a_member_verifies(machines: Machines, tmp_path: Path) -> None:
    """Anyone else is refused by the chain, in a sentence."""
    stranger = machines.network.person("stranger")
    async with connect(machines.network.url) as client:
        with pytest.raises(IonetError, match="oracle refused"):
            await Rounds(client, stranger, tmp_path, SendOptions(timeout_seconds=20)).commit()


def test_nodes_that_are_rented_whole_are_left_in_peace(machines: Machines, ann: Agent) -> None:
    """Their work is what they are paid for; the one processor that nobody rented is challenged."""

    async def find() -> list[Target]:
        async with connect(machines.network.url) as client:
            return await targets.find(client)

    assert [one.node for one in asyncio.run(find())] == [ann.node]
    machines.network.world.prices()
    machines.renter("rita")
    job = machines.start_job("rita", ann.node)
    assert asyncio.run(find()) == []
    machines.network.json("rita", "job", "cancel", str(job))
    (found,) = asyncio.run(find())
    assert (found.processors, found.endpoint, found.agent_key) == (1, ann.endpoint, ann.key.pubkey())
    assert keys.load(machines.network.directory / "ann").pubkey() == found.owner


def target(number: int, owner: int, host: int) -> Target:
    """A node of one of some owners, at one of some hosts."""
    name = Keypair.from_seed(sha256(b"%d" % number).digest()).pubkey()
    owned = Keypair.from_seed(sha256(b"owner %d" % owner).digest()).pubkey()
    return Target(name, owned, name, f"10.0.0.{host}:{7000 + number}", bytes(name), 1)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40),
    st.integers(1, 8),
    st.binary(min_size=32, max_size=32),
)
@settings(max_examples=100)
def test_groups_hold_everyone_once_and_keep_together_what_may_be_one_machine(
    nodes: list[tuple[int, int]], size: int, seed: bytes
) -> None:
    """Whoever shares an owner or a host is in one group; no group is larger than it must be."""
    everyone = [target(number, owner, host) for number, (owner, host) in enumerate(nodes)]
    made = plan.groups(seed, everyone, size)
    assert Counter(one.node for group in made for one in group) == Counter(one.node for one in everyone)
    place = {one.node: number for number, group in enumerate(made) for one in group}
    for one in everyone:
        for other in everyone:
            if one.owner == other.owner or one.endpoint.split(":")[0] == other.endpoint.split(":")[0]:
                assert place[one.node] == place[other.node]
    assert made == plan.groups(seed, list(reversed(everyone)), size)


@given(st.binary(min_size=32, max_size=32), st.integers(1, 3_600))
def test_the_time_is_drawn_from_the_whole_window(seed: bytes, window: int) -> None:
    """Never beyond it; which second, nobody can tell without the secret."""
    assert 0 <= plan.wait_seconds(seed, window) < window
    assert seeds.challenge_seed(seed, bytes(32)) != seeds.challenge_seed(seed, bytes(31) + b"\1")


@pytest.mark.parametrize("wrong", [{"trials": 0}, {"memory_mb": -1}, {"matrix": 4_096, "payload_mb": 1}])
def test_limits_that_measure_nothing_are_refused(wrong: dict[str, int]) -> None:
    """With the name of what is wrong."""
    with pytest.raises(IonetError, match="|".join(wrong)):
        Limits(**wrong)  # type: ignore[arg-type]
