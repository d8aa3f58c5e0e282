"""What a renter does about nodes that lie, stall, flood or try to get out of its folder: it ends, and says why."""

from __future__ import annotations

import resource
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from solders.pubkey import Pubkey
from starlette.requests import Request
from starlette.responses import Response

from client.instructions import staking
from machines.jobs.spec import File, Limits, Spec, digest
from machines.renting.inputs import gather
from machines.wire.errors import Refusal
from tests.machines.network import Machines, free_port, new_machines
from tests.machines.renting import (
    QUICK,
    Rented,
    Stand,
    announce,
    endless,
    job_of,
    order_for,
    rented,
    report,
    routing,
    standing,
    streaming,
)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with new_machines(tmp_path_factory.mktemp("keys")) as made:
        made.renter("alice")
        yield made


@pytest.fixture
async def stand(machines: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stand]:
    """The only node, which gets every job."""
    monkeypatch.setenv("HOME", str(tmp_path))
    machines.network.world.prices()
    async with standing(machines) as made, routing(machines, made.node):
        yield made


def below(folder: Path) -> list[str]:
    """All files below a folder."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if not file.is_dir())


def left_running(done: Rented) -> bool:
    """Whether the job was neither paid nor refunded, and the command says that it failed."""
    return done.outcome.paid is None and done.outcome.exit_code == 1


async def test_an_honest_node_is_paid_for_what_it_gave(machines: Machines, stand: Stand, tmp_path: Path) -> None:
    """What the tests of this file change one thing of: log and outputs arrive, and the chain confirms the result."""
    stand.outputs = {"a": b"one", "deep/b": b"two" * 100_000}
    (tmp_path / "input").write_bytes(b"given")
    found = gather([tmp_path / "input"])
    spec = Spec(command=["true"], inputs=[one.file for one in found])

    async def start(request: Request) -> Any:
        await report(machines, stand, Pubkey.from_string(stand.job), digest(stand.result()))
        return await stand.start(request)

    stand.answers["start"] = start
    stand.state = "new"
    done = await rented(machines, "alice", tmp_path, order=order_for(spec, inputs=found))
    outcome = done.outcome
    assert (outcome.error, outcome.exit_code, outcome.reported, outcome.log_is_whole) == (None, 0, "confirmed", True)
    assert (done.log, below(done.folder)) == (stand.log, ["a", "deep/b"])
    assert (done.folder / "deep/b").read_bytes() == b"two" * 100_000
    assert list(stand.received.values()) == [b"given"]
    assert outcome.paid is not None
    assert (await job_of(machines, outcome.job)).is_finished


# --- logs ---


async def test_an_endless_log_is_cut(machines: Machines, stand: Stand, tmp_path: Path) -> None:
    """At the limit of the job; the result counts all the same, and memory does not grow."""

    async def log(request: Request) -> Response:
        return streaming(endless(stand, b"y\n" * 32_768))

    stand.answers["log"], stand.changes["log_bytes"] = log, 1 << 40
    limits = Limits(log_kb=1_024)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = await rented(machines, "alice", tmp_path, order=order_for(Spec(command=["true"], limits=limits)))
    assert 1 << 19 <= len(done.log) <= (1 << 20) + (64 << 10)
    assert (done.outcome.exit_code, done.outcome.log_is_whole) == (0, False)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10


@pytest.mark.parametrize("size", [5_000, 1 << 40])
async def test_a_log_that_drips_keeps_nobody(machines: Machines, stand: Stand, tmp_path: Path, size: int) -> None:
    """However long the node says that it is: what came is shown, and that it is not all."""
    stand.log, stand.changes["log_bytes"] = b"z" * 5_000, size

    async def log(request: Request) -> Response:
        return streaming(endless(stand, b"z", 0.1))

    stand.answers["log"] = log
    spec = Spec(command=["true"], limits=Limits(log_kb=1))
    done = await rented(machines, "alice", tmp_path, order=order_for(spec))
    assert 0 < len(done.log) < 5_000
    assert (done.outcome.exit_code, done.outcome.log_is_whole) == (0, False)


async def test_another_log_than_that_of_the_result_is_noticed(
    machines: Machines, stand: Stand, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has the right length, and other bytes."""

    async def log(request: Request) -> Response:
        return Response(b"ALL IS WELL\n"[int(request.query_params["from"]) :])

    stand.answers["log"] = log
    done = await rented(machines, "alice", tmp_path)
    assert done.outcome.log_is_whole is False
    assert "not the one of its result" in capsys.readouterr().err


# --- outputs ---


@pytest.mark.parametrize(
    ("sent", "said"),
    [(b"ano", "other bytes"), (b"on", "2 bytes came, 3 were announced"), (b"", "0 bytes came")],
    ids=["other", "short", "empty"],
)
async def test_outputs_that_are_not_as_announced_are_refused(
    machines: Machines, stand: Stand, tmp_path: Path, sent: bytes, said: str
) -> None:
    """Nothing of them stays, and the job is not settled: that would accept it."""
    stand.outputs = {"a": b"one"}

    async def output(request: Request) -> Response:
        return Response(sent)

    stand.answers["output"] = output
    done = await rented(machines, "alice", tmp_path)
    assert left_running(done)
    assert said in (done.outcome.error or "")
    assert below(done.folder) == []
    assert (await job_of(machines, done.outcome.job)).state_name == "running"


async def test_endless_outputs_are_given_up(machines: Machines, stand: Stand, tmp_path: Path) -> None:
    """More than a file's size is not read, and after a while not asked for."""
    stand.outputs = {"a": b"one"}

    async def output(request: Request) -> Response:
        return streaming(endless(stand, b"one"))

    stand.answers["output"] = output
    done = await rented(machines, "alice", tmp_path)
    assert left_running(done)
    assert "sends over 3 bytes" in (done.outcome.error or "")
    assert below(done.folder) == []


async def test_outputs_that_drip_are_given_up(machines: Machines, stand: Stand, tmp_path: Path) -> None:
    """A node that sends a byte now and then has bounded time for all of them."""
    stand.outputs = {"a": b"1" * 1_000, "b": b"2" * 1_000}

    async def output(request: Request) -> Response:
        return streaming(endless(stand, b"1", 0.1))

    stand.answers["output"] = output
    done = await rented(machines, "alice", tmp_path)
    assert left_running(done)
    assert below(done.folder) == []


@pytest.mark.parametrize(
    "path",
    ["../escaped", "/tmp/escaped", "a/../../escaped", "a//b", "\x1b[31m", "", "a\0b"],  # noqa: S108
)
async def test_paths_lead_nowhere_else(machines: Machines, stand: Stand, tmp_path: Path, path: str) -> None:
    """A result that names such an output is none; nothing is written."""
    (tmp_path / "out").mkdir()

    async def show(request: Request) -> Any:
        if stand.spec is None or stand.state == "new":
            return await Stand.show(stand, request)
        shown = {name: getattr(stand.result(), name) for name in stand.result().__struct_fields__}
        file = {"path": path, "sha256": sha256(b"x").hexdigest(), "size": 1, "executable": False}
        return stand.shown(result=shown | {"outputs": [file]})

    stand.answers["show"] = show
    before = below(tmp_path)
    done = await rented(machines, "alice", tmp_path)
    assert left_running(done) or done.outcome.error
    assert "answers what no agent says" in (done.outcome.error or "")
    assert "\x1b" not in (done.outcome.error or "")
    assert set(below(tmp_path)) - set(before) <= {"log", f".ionet/jobs/{done.outcome.job}.json"}
    assert "output" not in stand.asked


async def test_nothing_here_is_written_over_or_through(machines: Machines, stand: Stand, tmp_path: Path) -> None:
    """Neither a file of that name, nor a symbolic link in the place of a folder."""
    stand.outputs = {"a": b"one"}
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_bytes(b"mine")
    done = await rented(machines, "alice", tmp_path)
    assert left_running(done)
    assert "exists already" in (done.outcome.error or "")
    assert (done.folder / "a").read_bytes() == b"mine"

    stand.spec, stand.state, stand.outputs = None, "new", {"elsewhere/a": b"one"}
    (tmp_path / "victim").mkdir()
    (tmp_path / "out" / "elsewhere").symlink_to(tmp_path / "victim")
    done = await rented(machines, "alice", tmp_path)
    assert left_running(done)
    assert below(tmp_path / "victim") == []


async def test_more_outputs_than_the_job_may_leave_are_not_asked_for(
    machines: Machines, stand: Stand, tmp_path: Path
) -> None:
    """A result that names a terabyte."""
    huge = File(path="huge", sha256=sha256(b"x").hexdigest(), size=1 << 40)
    stand.changes = {"outputs": [huge]}
    done = await rented(machines, "alice", tmp_path)
    assert left_running(done)
    assert "were allowed" in (done.outcome.error or "")
    assert "output" not in stand.asked


# --- results ---


async def test_a_result_that_never_comes_is_not_waited_for(machines: Machines, stand: Stand, tmp_path: Path) -> None:
    """Past the time that the job had, the renter goes; the job is its own to settle or to dispute."""

    async def start(request: Request) -> Any:
        stand.state = "running"
        return stand.shown()

    stand.answers["start"] = start
    spec = Spec(command=["true"], limits=Limits(seconds=1))
    done = await rented(machines, "alice", tmp_path, order=order_for(spec))
    assert left_running(done)
    assert "has given no result" in (done.outcome.error or "")


@pytest.mark.parametrize(
    "changes",
    [{"job": str(Pubkey.new_unique())}, {"node": str(Pubkey.new_unique())}, {"spec_sha256": "0" * 64}],
    ids=["job", "node", "spec"],
)
async def test_a_result_of_something_else_is_none(
    machines: Machines, stand: Stand, tmp_path: Path, changes: dict[str, Any]
) -> None:
    """Of another job, another node, another spec."""
    stand.changes = changes
    done = await rented(machines, "alice", tmp_path)
    assert left_running(done) or done.outcome.paid is not None
    assert "not of this job" in (done.outcome.error or "")
    assert done.outcome.result is None


JUNK: dict[str, Any] = {
    "list": [],
    "text": "running",
    "number": 7,
    "null": None,
    "empty": {},
    "state": {"state": 7},
    "result": {"state": "finished", "result": {"job": 1}},
    "strange": {"state": "\x1b[2J", "result": "\x1b[31m"},
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
async def test_junk_is_no_answer(machines: Machines, stand: Stand, tmp_path: Path, junk: Any) -> None:
    """JSON of any other kind, signed: the node is left after a while, and as it began nothing the job is cancelled."""

    async def show(request: Request) -> Any:
        return junk

    stand.answers["show"] = show
    done = await rented(machines, "alice", tmp_path)
    assert done.outcome.exit_code == 1
    assert "cannot be used" in (done.outcome.error or "") or "no agent says" in (done.outcome.error or "")
    assert "\x1b" not in (done.outcome.error or "")


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"0" * (20 << 20)])
async def test_what_is_no_json_is_no_answer(machines: Machines, stand: Stand, tmp_path: Path, raw: bytes) -> None:
    """Nor what is not signed, nor what is too long."""

    async def show(request: Request) -> Any:
        return Response(raw)

    stand.answers["show"] = show
    done = await rented(machines, "alice", tmp_path)
    assert done.outcome.exit_code == 1
    assert done.outcome.paid is not None


@pytest.mark.parametrize("name", ["take", "show", "put", "start", "log", "output"])
async def test_a_node_that_stalls_is_left(machines: Machines, stand: Stand, tmp_path: Path, name: str) -> None:
    """Wherever it stops answering: the command ends, within its bounds."""

    async def stall(request: Request) -> Any:
        await stand.ended.wait()

    stand.answers[name] = stall
    stand.outputs = {"a": b"one"}
    (tmp_path / "input").write_bytes(b"given")
    found = gather([tmp_path / "input"])
    order = order_for(Spec(command=["true"], inputs=[one.file for one in found]), inputs=found)
    bounds = replace(QUICK, answer=0.5)
    done = await rented(machines, "alice", tmp_path, order=order, bounds=bounds)
    assert done.outcome.exit_code == (0 if name == "log" else 1)
    # As long as nothing was begun all is refunded; an output that stalls may still come.
    assert (done.outcome.paid is None) == (name == "output")


async def test_a_node_that_asks_for_other_files_gets_none(machines: Machines, stand: Stand, tmp_path: Path) -> None:
    """Only inputs of the job are sent, and each once."""
    (tmp_path / "secret").write_bytes(b"secret")

    async def take(request: Request) -> Any:
        await Stand.take(stand, request)
        return {"missing": [sha256(b"secret").hexdigest(), "../secret", str(tmp_path / "secret")]}

    stand.answers["take"] = take
    done = await rented(machines, "alice", tmp_path)
    assert "asks for a file that is no input" in (done.outcome.error or "")
    assert done.outcome.paid is not None
    assert stand.received == {}


async def test_a_job_that_the_node_does_not_take_is_cancelled(machines: Machines, stand: Stand, tmp_path: Path) -> None:
    """With the node's own sentence, harmless."""

    async def take(request: Request) -> Any:
        raise Refusal(400, "too \x1b[31mred for me")

    stand.answers["take"] = take
    done = await rented(machines, "alice", tmp_path)
    assert "does not take the job: too" in (done.outcome.error or "")
    assert "\x1b" not in (done.outcome.error or "")
    assert done.outcome.paid is not None
    assert done.outcome.paid.paid == 0


async def test_an_input_that_changed_meanwhile_is_not_sent(machines: Machines, stand: Stand, tmp_path: Path) -> None:
    """Shorter, other bytes, or gone: the job is cancelled and the file named."""
    file = tmp_path / "input"
    for change in (b"giv", b"taken", None):
        file.write_bytes(b"given")
        found = gather([file])
        file.unlink()
        if change is not None:
            file.write_bytes(change)
        stand.spec, stand.state, stand.received = None, "new", {}
        spec = Spec(command=["true"], inputs=[one.file for one in found])
        done = await rented(machines, "alice", tmp_path, order=order_for(spec, inputs=found))
        assert "input" in (done.outcome.error or "")
        assert done.outcome.paid is not None, change
        assert stand.received == {}


# --- what the chain says ---


async def test_a_digest_that_differs_is_not_settled(machines: Machines, stand: Stand, tmp_path: Path) -> None:
    """The node gives one result and reports another: both are named, and its work is left to be disputed."""

    async def output(request: Request) -> Response:
        # By now the renter has the result.
        await report(machines, stand, Pubkey.from_string(stand.job), b"\7" * 32)
        return await Stand.output(stand, request)

    stand.outputs = {"a": b"one"}
    stand.answers["output"] = output
    done = await rented(machines, "alice", tmp_path)
    assert left_running(done)
    assert done.outcome.reported == "differs"
    assert (b"\7" * 32).hex() in (done.outcome.error or "")
    assert below(done.folder) == ["a"]


async def test_a_result_that_is_not_reported_is_said_so(machines: Machines, stand: Stand, tmp_path: Path) -> None:
    """It is settled: everything is here, and only the chain does not know it."""
    done = await rented(machines, "alice", tmp_path)
    assert (done.outcome.reported, done.outcome.exit_code) == ("missing", 0)
    assert any("has not reported this result" in line for line in done.outcome.lines())
    assert done.outcome.paid is not None


async def test_a_reason_is_shown_harmlessly(machines: Machines, stand: Stand, tmp_path: Path) -> None:
    """Escape sequences and lines in what a node writes."""
    stand.changes = {"state": "failed", "exit_code": None, "reason": "over\x1b[2J\nits memory"}
    done = await rented(machines, "alice", tmp_path)
    (line,) = [line for line in done.outcome.lines() if "its memory" in line]
    assert "over␛[2J its memory" in line
    assert done.outcome.exit_code == 1


@pytest.mark.parametrize("way", ["nobody", "another certificate", "no place"])
async def test_a_node_that_cannot_be_reached_costs_nothing_more(
    machines: Machines, stand: Stand, tmp_path: Path, way: str
) -> None:
    """Nobody listens, somebody else does, or it said no endpoint: the job is cancelled after a while."""
    endpoint, certificate = f"127.0.0.1:{free_port()}", bytes(32)
    if way == "another certificate":
        endpoint = machines.said_of(stand.node).endpoint
    if way == "no place":
        # Its owner names another agent, which has announced nothing.
        other = machines.network.world.key().pubkey()
        naming = staking.name_agent(authority=stand.owner.pubkey(), actor=stand.node, key=other)
        machines.network.world.chain.send([naming], stand.owner)
    else:
        await announce(machines, stand, endpoint, certificate)
    done = await rented(machines, "alice", tmp_path)
    assert "cannot be used" in (done.outcome.error or "")
    assert done.outcome.paid is not None
    assert done.outcome.paid.paid == 0
