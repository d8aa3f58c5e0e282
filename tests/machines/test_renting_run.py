"""`ionet job run` against real agents: a command is delivered, run, fetched, checked, paid and refunded."""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
from pathlib import Path

import pytest
from solders.pubkey import Pubkey

from client.state import Job
from tests.machines.network import Agent, Machines
from tests.machines.renting import home_of, ionet, job_of, routing, run, said_by, until

RATE = 50_000
"""Of an hour of a core, USD base units."""
WAIT = "until test -e go; do sleep 0.05; done"
"""What a command waits with until the test says so."""


@pytest.fixture(autouse=True)
def rates(machines: Machines, agent: Agent) -> None:
    """Fresh prices."""
    machines.network.world.prices()


def go(machines: Machines, job: Pubkey, name: str = "bob") -> None:
    """Lets a command of `WAIT` go on."""
    (machines.folder(name) / "jobs" / str(job) / "work" / "go").touch()


def opened(said: str) -> Pubkey:
    """The job that a command says it has opened."""
    found = re.search(r"^job (\w+) is open;", said, re.MULTILINE)
    assert found, said
    return Pubkey.from_string(found[1])


async def test_a_command_is_rented_from_the_quote_to_the_refund(machines: Machines, agent: Agent) -> None:
    """Inputs arrive, the log comes while it runs, outputs are here, the second is paid and the rest refunded."""
    home = home_of(machines, "alice")
    (home / "data").mkdir(parents=True)
    (home / "data" / "numbers").write_text("1\n2\n3\n")
    (home / "count.sh").write_text("#!/bin/sh\nwc -l < /work/in/data/numbers\n")
    (home / "count.sh").chmod(0o755)
    script = (
        f"in/count.sh; echo $GREETING; pwd; {WAIT}; mkdir -p out/deep; head -c 3000000 /dev/urandom > out/random; "
        "sha256sum < out/random | cut -c 1-64 > out/deep/sum; cp in/count.sh out/; echo bye >&2"
    )
    command = (
        *("job", "run", "--input", "data", "--input", "count.sh", "--env", "GREETING=hello there"),
        *("--output", "here", "--max-usd", "0.05", "--", "sh", "-c", script),
    )
    async with routing(machines, agent.node), ionet(machines, "alice", *command) as process:
        said = await until(process, "works on the job")
        assert process.stdout is not None
        shown = [await asyncio.wait_for(process.stdout.readline(), 30) for _ in range(3)]
        assert [line.decode().strip() for line in shown] == ["3", "hello there", "/work"]
        job = opened(said)
        machines.network.world.chain.warp(seconds=600)
        go(machines, job)
        stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, stdout) == (0, b"bye\n"), stderr.decode()
    said += stderr.decode()
    assert "0.05 USD to be paid in" in said
    assert "the command ended with exit code 0" in said
    assert "the chain has the digest of this very result" in said
    assert sorted(str(file.relative_to(home / "here")) for file in (home / "here").rglob("*") if file.is_file()) == [
        "count.sh", "deep/sum", "random",
    ]  # fmt: skip
    assert os.access(home / "here" / "count.sh", os.X_OK)
    sums = await asyncio.create_subprocess_shell("sha256sum < random | cut -c 1-64 | cmp - deep/sum", cwd=home / "here")
    assert await sums.wait() == 0
    settled = await job_of(machines, job)
    assert settled.state == Job.SETTLED
    assert 600 <= settled.settled_seconds <= 660
    assert settled.settled_usd == RATE * settled.settled_seconds // 3_600
    assert machines.network.world.chain.balance(machines.network.world.usd(settled.authority)) % 10**6 == (
        10**6 - settled.settled_usd
    )
    kept = home / ".ionet" / "jobs" / f"{job}.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


async def test_json_is_alone_on_stdout(machines: Machines, agent: Agent) -> None:
    """The log goes to stderr, the command's exit code into the JSON, and this one ends with 1."""
    command = ("job", "run", "--json", "--output", "three", "--", "sh", "-c", "echo out; echo x > out/x; exit 3")
    async with routing(machines, agent.node):
        ended = await run(machines, "alice", *command)
    assert ended.code == 1
    assert (ended.json["state"], ended.json["exit_code"], ended.json["error"]) == ("finished", 3, None)
    assert (ended.json["reported"], ended.json["log_is_whole"], ended.json["log_bytes"]) == ("confirmed", True, 4)
    assert [(one["path"], one["size"]) for one in ended.json["outputs"]] == [("x", 2)]
    assert ended.json["output_folder"] == str(home_of(machines, "alice") / "three")
    assert (ended.json["paid_usd_units"], ended.json["refunded_usd_units"]) == (0, RATE)
    assert "out\n" in ended.stderr
    assert "exit code 3" in ended.stderr


@pytest.mark.parametrize(
    ("options", "command", "state", "said"),
    [
        ((), ("no-such-program",), None, "no-such-program"),
        (("--seconds", "1"), ("sleep", "60"), "failed", "1 s"),
        (("--memory-mb", "64"), ("sh", "-c", "head -c 300000000 /dev/zero | tail"), None, None),
    ],
    ids=["program", "time", "memory"],
)
async def test_a_command_that_fails_is_told_and_settled(
    machines: Machines, agent: Agent, options: tuple[str, ...], command: tuple[str, ...], state: str | None, said: str
) -> None:
    """A program that is not there, too much time, too much memory: the node's reason is shown."""
    async with routing(machines, agent.node):
        ended = await run(machines, "alice", "job", "run", "--json", *options, "--", *command)
    assert ended.code == 1
    assert ended.json["job_state"] in ("settled", "cancelled")
    assert state in (None, ended.json["state"])
    assert said is None or said in ended.stderr
    assert ended.json["exit_code"] != 0


async def test_no_node_in_time_is_a_full_refund(machines: Machines) -> None:
    """Nobody is drawn: the job is cancelled after --wait-seconds."""
    ended = await run(machines, "alice", "job", "run", "--json", "--wait-seconds", "1", "true")
    assert ended.code == 1
    assert "no node was drawn" in ended.json["error"]
    assert (ended.json["job_state"], ended.json["refunded_usd_units"]) == ("cancelled", RATE)
    assert (await job_of(machines, Pubkey.from_string(ended.json["job"]))).assignments == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--input", "nothing", "true"), "there is no input"),
        (("--input", "link", "true"), "is a symbolic link"),
        (("--max-usd", "0.01", "true"), "more than the 0.01 USD allowed"),
        (("--image", "python", "true"), "does not say where it is from"),
        (("--output", "/dev/null", "true"), "is no folder"),
        (("--class", "X", "true"), "there is no hardware class"),
    ],
)
async def test_what_cannot_work_is_refused_before_anything_is_paid(
    machines: Machines, arguments: tuple[str, ...], said: str
) -> None:
    """With one sentence, and no job."""
    home = home_of(machines, "alice")
    home.mkdir(exist_ok=True)
    if not (home / "link").is_symlink():
        (home / "link").symlink_to("/etc/hostname")
    before = await said_by(machines, "alice", "job", "list", "--mine")
    ended = await run(machines, "alice", "job", "run", *arguments)
    assert (ended.code, ended.stdout) == (1, b"")
    assert said in ended.stderr
    assert await said_by(machines, "alice", "job", "list", "--mine") == before


async def test_the_next_node_begins_anew_where_one_goes_away(machines: Machines, agent: Agent) -> None:
    """The first is killed and taken off by its owner; the second gets everything and is checked alike."""
    home = home_of(machines, "alice")
    home.mkdir(exist_ok=True)
    (home / "word").write_text("again\n")
    script = f"cat in/word; {WAIT}; cp in/word out/"
    command = ("job", "run", "--json", "--input", "word", "--output", "moved", "--", "sh", "-c", script)
    with machines.agent("carol") as first:
        async with routing(machines, first.node, agent.node), ionet(machines, "alice", *command) as process:
            job = opened(await until(process, f"node {first.node} at"))
            await until(process, "again")
            first.process.kill()
            assert (await said_by(machines, "carol", "job", "release", str(job)))["state"] == "open"
            said = await until(process, f"node {agent.node} at")
            assert f"node {agent.node} begins the job anew" in said
            await until(process, "again")
            go(machines, job)
            stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, stderr.decode()
    result = json.loads(stdout)
    assert (result["node"], result["reported"], result["log_bytes"]) == (str(agent.node), "confirmed", 6)
    assert (home / "moved" / "word").read_text() == "again\n"


async def test_an_agent_that_begins_anew_is_found_again(machines: Machines) -> None:
    """It is killed and started again: the job went on meanwhile, and its log goes on where it was."""
    script = f"echo one; {WAIT}; echo two; echo kept > out/kept"
    command = ("job", "run", "--output", "found", "--", "sh", "-c", script)
    with machines.agent("dora") as first:
        async with routing(machines, first.node), ionet(machines, "alice", *command) as process:
            assert process.stdout is not None
            job = opened(await until(process, "works on the job"))
            assert await asyncio.wait_for(process.stdout.readline(), 60) == b"one\n"
            first.process.kill()
            await until(process, "cannot be used now")
            go(machines, job, "dora")
            with machines.agent("dora", port=first.port):
                stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, stdout) == (0, b"two\n"), stderr.decode()
    assert "the chain has the digest of this very result" in stderr.decode()
    assert (home_of(machines, "alice") / "found" / "kept").read_text() == "kept\n"


async def test_a_job_that_is_kept_is_read_again_and_cancelled(
    machines: Machines, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its log from any byte, its outputs as often as wanted; they are there after its settlement, too."""
    script, network = "echo 0123456789; echo kept > out/kept", machines.network
    async with routing(machines, agent.node):
        ended = await run(machines, "alice", "job", "run", "--json", "--keep", "--", "sh", "-c", script)
    job = ended.json["job"]
    assert (ended.code, ended.json["paid_usd_units"]) == (0, None)
    assert f"`ionet job cancel {job}`" in ended.stderr
    home = home_of(machines, "alice")
    assert (home / f"ionet-{job}" / "kept").read_text() == "kept\n"
    assert (await job_of(machines, Pubkey.from_string(job))).state == Job.RUNNING

    monkeypatch.setenv("HOME", str(home))
    assert (await asyncio.to_thread(network.run, "alice", "job", "logs", job, "--from", "4")).stdout == "456789\n"
    followed = await asyncio.to_thread(network.run, "alice", "job", "logs", job, "--follow")
    assert (followed.exit_code, followed.stdout) == (0, "0123456789\n")
    assert f"the job has not: `ionet job cancel {job}`" in followed.stderr
    again = await said_by(machines, "alice", "job", "outputs", job, "--output", str(home / "again"))
    assert again["reported"] == "confirmed"
    assert (home / "again" / "kept").read_text() == "kept\n"
    (home / "again" / "kept").write_text("mine\n")
    into = ("--output", str(home / "again"))
    assert "exists already" in await asyncio.to_thread(network.refusal, "alice", "job", "outputs", job, *into)
    assert (home / "again" / "kept").read_text() == "mine\n"

    assert (await said_by(machines, "alice", "job", "cancel", job))["state"] == "cancelled"
    late = await said_by(machines, "alice", "job", "outputs", job, "--output", str(home / "late"))
    assert (late["exit_code"], (home / "late" / "kept").read_text()) == (0, "kept\n")


async def test_jobs_of_others_are_not_read(machines: Machines, agent: Agent) -> None:
    """Refused with whose it is, before its node is asked."""
    await asyncio.to_thread(machines.renter, "mallory")
    async with routing(machines, agent.node):
        ended = await run(machines, "alice", "job", "run", "--json", "--", "true")
    for command in ("logs", "outputs", "call", "forward"):
        said = await asyncio.to_thread(machines.network.refusal, "mallory", "job", command, ended.json["job"])
        assert "belongs to" in said


async def test_a_reader_that_goes_away_ends_nothing(machines: Machines, agent: Agent, tmp_path: Path) -> None:
    """As with `| head -1`: the job comes to its end and is settled."""
    command = ("job", "run", "--", "sh", "-c", "seq 100000")
    async with routing(machines, agent.node), ionet(machines, "alice", *command) as process:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"1\n"
        process.stdout._transport.close()  # type: ignore[attr-defined]
        assert process.stderr is not None
        said = (await asyncio.wait_for(process.stderr.read(), 60)).decode()
        assert await process.wait() == 0
    assert "the command ended with exit code 0" in said
    assert "Traceback" not in said
