"""`ionet agent run` as its owner knows it: it registers, is found again, resumes, and lets nobody in who may not."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, addresses, keys, state
from client.rpc import connect
from machines.agent import service
from machines.agent.enrol import Registration
from machines.agent.hardware import detect
from machines.agent.home import Home
from machines.jobs.spec import Spec, canonical, digest, parse_result
from machines.wire import certificates
from machines.wire.calls import Remote
from machines.wire.errors import NodeRefused, NotAuthentic
from tests.machines.network import MAIN, Agent, Machines, environment


def remote(machines: Machines, agent: Agent, key: Keypair) -> Remote:
    """As somebody reaches an agent by what the chain says of it."""
    said = machines.said_of(agent.node)
    return Remote(said.endpoint, said.certificate, agent.node, said.key, key)


async def deliver(to: Remote, job: Pubkey, spec: Spec) -> None:
    """Sends a job's spec, and starts it."""
    raw = canonical(spec)
    answer = await to.upload("PUT", f"/v1/jobs/{job}", raw, len(raw), sha256(raw).digest())
    assert answer == {"missing": []}
    await to.json("POST", f"/v1/jobs/{job}/start")


def test_it_registers_its_node_and_says_where_it_is(machines: Machines, ann: Agent) -> None:
    """With collateral, a key of its own that is not the owner's, its certificate, and the digest of its hardware."""
    actor = machines.network.world.chain.account(state.Actor, ann.node)
    owner = keys.load(machines.network.directory / "ann")
    assert (actor.authority, actor.class_, actor.processors) == (owner.pubkey(), "CPU", 1)
    assert actor.collateral == actor.collateral_required > 0
    said = machines.said_of(ann.node)
    assert (said.endpoint, said.hardware, said.key) == (ann.endpoint, detect().digest, ann.key.pubkey())
    assert said.key != owner.pubkey()
    shown = machines.network.json("ann", "agent", "show", "--folder", str(ann.folder))
    assert (shown["node"], shown["endpoint"], shown["is_named"]) == (str(ann.node), ann.endpoint, True)


async def test_it_is_reached_at_an_address_of_ipv6(machines: Machines) -> None:
    """In its brackets on the chain, so that who reads it finds the port."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with machines.agent("ivy", extra=["--listen", "[::1]:0"]) as agent:
        assert machines.said_of(agent.node).endpoint.startswith("[::1]:")
        async with remote(machines, agent, Keypair()) as anyone:
            assert (await anyone.json("GET", "/v1/node"))["node"] == str(agent.node)


def test_it_needs_its_owner_once(machines: Machines) -> None:
    """Started again, at another port and without the owner's key, it is the same node, and says where it is now."""
    with machines.agent("bob") as agent:
        node, key = agent.node, agent.key.pubkey()
    command = [sys.executable, "-c", MAIN, "agent", "run", "--url", machines.network.url]
    command += ["--folder", str(machines.folder("bob")), "--listen", "127.0.0.1:0", "--log-format", "json"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment())  # noqa: S603 - our own
    again = Agent(process, machines.folder("bob"), 0)
    try:
        assert process.stderr is not None
        serving = next(found for line in process.stderr if (found := json.loads(line))["event"] == "serving")
        assert (again.node, again.key.pubkey()) == (node, key)
        assert machines.said_of(node).endpoint == serving["endpoint"] != agent.endpoint
    finally:
        assert again.stop() == 0


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "this machine is no node yet: name one with --node"),
        (["--node", str(addresses.actor(Pubkey.default(), 7))], "there is no node or user"),
        (["--listen", "0.0.0.0:0"], "say with --public HOST:PORT"),
        (["--listen", "nowhere"], "'nowhere' is no HOST:PORT"),
    ],
)
def test_what_it_cannot_be_is_refused(machines: Machines, tmp_path: Path, arguments: list[str], why: str) -> None:
    """In a sentence, with exit code 1."""
    said = machines.network.refusal(
        None, "agent", "run", "--folder", str(tmp_path), *(arguments if "--listen" in arguments else
        ["--listen", "127.0.0.1:0", *arguments])
    )  # fmt: skip
    assert why in said


def test_two_agents_share_no_folder(machines: Machines, ann: Agent) -> None:
    """The second is refused."""
    said = machines.network.refusal(None, "agent", "run", "--folder", str(ann.folder), "--listen", "127.0.0.1:0")
    assert "another agent runs with the folder" in said


def test_a_stranger_is_asked_for_the_owners_word(machines: Machines, ann: Agent, tmp_path: Path) -> None:
    """A folder of its own, and the node of another: the owner has to name its key."""
    said = machines.network.refusal(
        *(None, "agent", "run", "--folder", str(tmp_path), "--node", str(ann.node), "--listen", "127.0.0.1:0")
    )
    assert f"names another agent, {ann.key.pubkey()}" in said
    assert f"ionet node agent {ann.node} --key" in said


async def test_only_the_committee_and_the_owner_measure_it(machines: Machines, ann: Agent) -> None:
    """Anyone else is refused; nobody learns of a challenge that another runs."""
    member, owner = machines.network.world.committee[0], keys.load(machines.network.directory / "ann")
    async with remote(machines, ann, Keypair()) as stranger:
        with pytest.raises(NodeRefused, match="is no member of the committee"):
            await stranger.json("POST", "/v1/challenge")
    async with remote(machines, ann, member) as verifier, remote(machines, ann, owner) as other:
        session = (await verifier.json("POST", "/v1/challenge"))["session"]
        with pytest.raises(NodeRefused, match="another challenge runs"):
            await other.json("POST", "/v1/challenge")
        with pytest.raises(NodeRefused, match="there is no such challenge"):
            await other.json("POST", f"/v1/challenge/{session}/ping", {"nonce": "0"})
        for body, why in (
            ({"seed": "00" * 32, "megabytes": 1 << 40}, "MiB"),
            ({"seed": "00", "megabytes": 1}, "32 bytes in hex"),
            ({"seed": 7}, "JSON that is asked for"),
        ):
            with pytest.raises(NodeRefused, match=why):
                await verifier.json("POST", f"/v1/challenge/{session}/memory", body)
        with pytest.raises(NodeRefused, match="fill the memory first"):
            await verifier.json("POST", f"/v1/challenge/{session}/memory/read", {"nonce": "00" * 32, "steps": 1})
        await verifier.json("DELETE", f"/v1/challenge/{session}")
        await other.json("DELETE", f"/v1/challenge/{(await other.json('POST', '/v1/challenge'))['session']}")


def test_a_job_is_taken_run_and_reported(machines: Machines, ann: Agent) -> None:
    """The digest of its result is on the chain as soon as it ends; nobody but its renter sees anything of it."""
    machines.renter("rita")
    job = machines.start_job("rita", ann.node)
    key, other = keys.load(machines.network.directory / "rita"), Keypair()

    async def rent() -> None:
        async with remote(machines, ann, key) as renter, remote(machines, ann, other) as stranger:
            with pytest.raises(NodeRefused, match="send it first"):
                await renter.json("POST", f"/v1/jobs/{job}/start")
            await deliver(renter, job, Spec(command=["sh", "-c", "echo hello; echo made > out/file"]))
            log = b"".join([piece async for piece in renter.stream(f"/v1/jobs/{job}/log?follow=1", limit=1 << 20)])
            assert log == b"hello\n"
            shown = await renter.json("GET", f"/v1/jobs/{job}")
            result = parse_result(json.dumps(shown["result"]).encode())
            assert (result.state, result.exit_code, result.job, result.node) == ("finished", 0, str(job), str(ann.node))
            (output,) = result.outputs
            pieces = renter.stream(f"/v1/jobs/{job}/outputs/{output.sha256}", limit=output.size)
            assert b"".join([piece async for piece in pieces]) == b"made\n"
            for path in ("", "/log", f"/outputs/{output.sha256}"):
                with pytest.raises(NodeRefused, match="was rented by"):
                    await stranger.json("GET", f"/v1/jobs/{job}{path}")
            raw = canonical(Spec(command=["true"]))
            with pytest.raises(NodeRefused, match="was started with another spec"):
                await renter.upload("PUT", f"/v1/jobs/{job}", raw, len(raw), sha256(raw).digest())
            while ann.wait_for("reported")["address"] != str(job):
                pass
            assert machines.job(job).digest == digest(result)

    asyncio.run(rent())


def test_jobs_go_on_while_the_agent_is_killed(machines: Machines) -> None:
    """The job that ran before runs after, its log is whole, and its result is reported by the next agent."""
    machines.renter("rob")
    with machines.agent("cleo") as first:
        job = machines.start_job("rob", first.node)
        key = keys.load(machines.network.directory / "rob")

        async def begin() -> None:
            async with remote(machines, first, key) as renter:
                await deliver(
                    renter, job, Spec(command=["sh", "-c", "for n in 1 2 3 4 5 6 7 8; do echo $n; sleep 1; done"])
                )

        asyncio.run(begin())
        first.stop(signal.SIGKILL)
    with machines.agent("cleo") as second:
        assert second.node == first.node

        async def end() -> bytes:
            async with remote(machines, second, key) as renter:
                return b"".join([p async for p in renter.stream(f"/v1/jobs/{job}/log?follow=1", limit=1 << 20)])

        assert asyncio.run(end()) == b"1\n2\n3\n4\n5\n6\n7\n8\n"
        while second.wait_for("reported")["digest"] == "00" * 32:
            pass
        assert machines.job(job).digest != bytes(32)


def test_a_job_that_is_no_more_the_nodes_is_stopped(machines: Machines, ann: Agent) -> None:
    """Its user ended it: the process goes, and is not started again."""
    machines.renter("rosa")
    job = machines.start_job("rosa", ann.node)
    key = keys.load(machines.network.directory / "rosa")

    async def begin() -> None:
        async with remote(machines, ann, key) as renter:
            await deliver(renter, job, Spec(command=["sleep", "600"]))

    async def after() -> None:
        async with remote(machines, ann, key) as renter:
            async for _ in renter.stream(f"/v1/jobs/{job}/log?follow=1", limit=1 << 20, idle_timeout=60):
                pass
            shown = await renter.json("GET", f"/v1/jobs/{job}")
            assert shown["result"]["state"] == "stopped"
            with suppress(NodeRefused):  # the agent may know by now that the job is not its own any more
                await renter.json("POST", f"/v1/jobs/{job}/start")
            assert (await renter.json("GET", f"/v1/jobs/{job}"))["result"]["state"] == "stopped"

    asyncio.run(begin())
    machines.network.json("rosa", "job", "cancel", str(job))
    asyncio.run(after())


async def test_a_wrong_certificate_is_not_spoken_to(machines: Machines, ann: Agent) -> None:
    """What the chain names is what counts: another is refused before anything is sent."""
    said = machines.said_of(ann.node)
    async with Remote(said.endpoint, bytes(32), ann.node, said.key, Keypair()) as fooled:
        with pytest.raises(NotAuthentic, match="another certificate than the chain says"):
            await fooled.json("GET", "/v1/node")


def test_it_says_who_it_is(machines: Machines, ann: Agent) -> None:
    """Node, agent, and the hardware of which the chain has the digest; signed."""

    async def ask() -> dict[str, object]:
        async with remote(machines, ann, Keypair()) as anyone:
            return dict(await anyone.json("GET", "/v1/node"))

    said = asyncio.run(ask())
    assert (said["node"], said["agent"]) == (str(ann.node), str(ann.key.pubkey()))
    assert machines.said_of(ann.node).actor == ann.node
    assert addresses.agent(ann.node) != ann.node


async def test_a_certificate_is_renewed_while_it_serves(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    """Soon before it ends there is another, the chain says so, and the agent goes on at the same place with it."""
    monkeypatch.setattr(service, "RENEW_SECONDS", 0.3)
    owner = await asyncio.to_thread(machines.owner, "dora")
    home = Home.at(machines.folder("dora"))
    async with connect(machines.network.url) as client:
        agent = service.Service(client, home, "127.0.0.1:0", None, granted_seconds=900.0, keep_seconds=3_600.0)
        running = asyncio.create_task(agent.run(None, Registration(owner, "CPU", 1)))
        key = home.key()

        async def said(before: bytes) -> state.Agent:
            async with asyncio.timeout(60):
                while True:
                    found = await accounts.fetch_all(client, state.Agent, {"key": key.pubkey()})
                    if found and (one := next(iter(found.values()))).certificate not in (before, bytes(32)):
                        return one
                    await asyncio.sleep(0.1)

        first = await said(bytes(32))
        (home.tls / "certificate.pem").unlink()
        certificates.ensure(home.tls, "127.0.0.1", days=1, renew_within_days=0)
        second = await said(first.certificate)
        async with Remote(second.endpoint, second.certificate, second.actor, second.key, Keypair()) as anyone:
            assert (await anyone.json("GET", "/v1/node"))["node"] == str(second.actor)
        assert second.endpoint == first.endpoint
        os.kill(os.getpid(), signal.SIGTERM)
        await running
