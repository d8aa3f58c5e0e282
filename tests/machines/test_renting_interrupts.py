"""Ctrl-C and SIGTERM while a job is rented: what is asked, what goes on, what is refunded, and how it goes on."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from solders.pubkey import Pubkey

from client.state import Job
from tests.machines.network import Agent, Machines
from tests.machines.renting import home_of, ionet, job_of, routing, run, said_by, until

WAIT = "echo begun; until test -e go; do sleep 0.05; done; echo done; echo x > out/x"
COMMAND = ("job", "run", "--output", "out", "--", "sh", "-c", WAIT)


@pytest.fixture(autouse=True)
def rates(machines: Machines, agent: Agent) -> None:
    """Fresh prices."""
    machines.network.world.prices()


class Terminal:
    """A terminal that somebody sits at: what it shows, and what is typed."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        self.shown = ""
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(self.ours, self._read)

    def _read(self) -> None:
        try:
            self.shown += os.read(self.ours, 65_536).decode(errors="replace")
        except OSError:  # nobody has it open any more
            asyncio.get_running_loop().remove_reader(self.ours)
        self._news.set()

    async def until(self, said: str) -> None:
        """Waits until this is shown."""

        async def look() -> None:
            while said not in self.shown:
                self._news.clear()
                await self._news.wait()

        try:
            await asyncio.wait_for(look(), 60)
        except TimeoutError:
            raise AssertionError(f"{said!r} is not shown: {self.shown}") from None

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.ours)
        os.close(self.ours)
        os.close(self.theirs)


@asynccontextmanager
async def sitting(machines: Machines, *command: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, Terminal]]:
    """`ionet` on a terminal of its own."""
    terminal = Terminal()
    try:
        streams = {"stdin": terminal.theirs, "stdout": terminal.theirs, "stderr": terminal.theirs}
        async with ionet(machines, "alice", *command, **streams) as process:
            yield process, terminal
    finally:
        terminal.close()


def job_in(said: str) -> Pubkey:
    """The job that is said to be open."""
    found = re.search(r"job (\w+) is open;", said)
    assert found, said
    return Pubkey.from_string(found[1])


async def test_without_a_terminal_it_goes_on(machines: Machines, agent: Agent) -> None:
    """SIGTERM leaves the job, and says how: log, outputs and refund are had later."""
    async with routing(machines, agent.node), ionet(machines, "alice", *COMMAND) as process:
        job = job_in(await until(process, "works on the job"))
        assert process.stdout is not None
        assert await process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGTERM)
        said = await until(process, "is left running")
        assert await process.wait() == 1
    for way in (f"job logs {job} --follow", f"job outputs {job}", f"job cancel {job}"):
        assert f"`ionet {way}`" in said
    assert (await job_of(machines, job)).state == Job.RUNNING

    async with ionet(machines, "alice", "job", "logs", str(job), "--follow") as process:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"begun\n"
        (machines.folder("bob") / "jobs" / str(job) / "work" / "go").touch()
        assert await asyncio.wait_for(process.stdout.read(), 60) == b"done\n"
        assert await process.wait() == 0
    # Without --output: where `run` would have put them.
    fetched = await run(machines, "alice", "job", "outputs", str(job))
    assert fetched.code == 0, fetched.stderr
    assert (home_of(machines, "alice") / "out" / "x").read_text() == "x\n"
    assert (await said_by(machines, "alice", "job", "cancel", str(job)))["state"] in ("settled", "cancelled")


async def test_without_a_terminal_it_is_cancelled_if_that_is_asked_for(machines: Machines, agent: Agent) -> None:
    """--cancel-on-interrupt: settled, and what is refunded is said."""
    command = ("job", "run", "--json", "--cancel-on-interrupt", *COMMAND[2:])
    async with routing(machines, agent.node), ionet(machines, "alice", *command) as process:
        job = job_in(await until(process, "works on the job"))
        process.send_signal(signal.SIGINT)
        await process.communicate()
    assert process.returncode == 1
    assert (await job_of(machines, job)).is_finished


async def test_a_job_that_waits_is_left_and_delivered_later(machines: Machines, agent: Agent) -> None:
    """Interrupted before a node was drawn, nothing was sent: `logs --follow` delivers it."""
    async with ionet(machines, "alice", "job", "run", "--", "sh", "-c", "echo late") as process:
        job = job_in(await until(process, "waiting for a node"))
        process.send_signal(signal.SIGINT)
        assert "is left open" in await until(process, "is left")
        assert await process.wait() == 1
    async with routing(machines, agent.node):
        followed = await run(machines, "alice", "job", "logs", str(job), "--follow")
    assert (followed.code, followed.stdout) == (0, b"late\n"), followed.stderr


@pytest.mark.parametrize("answer", ["\n", "n\n"], ids=["yes", "no"])
async def test_on_a_terminal_it_is_asked(machines: Machines, agent: Agent, answer: str) -> None:
    """Enter cancels and says what is refunded; no leaves it running, and says how to go on."""
    async with routing(machines, agent.node), sitting(machines, *COMMAND) as (process, terminal):
        await terminal.until("Open it? [Y/n]")
        terminal.type("y\n")
        await terminal.until("begun")
        job = job_in(terminal.shown)
        process.send_signal(signal.SIGINT)
        await terminal.until("Cancel the job and take the refund? [Y/n]")
        terminal.type(answer)
        assert await asyncio.wait_for(process.wait(), 60) == 1
        cancels = answer == "\n"
        await terminal.until("refunded" if cancels else "is left running")
    found = await job_of(machines, job)
    assert found.is_finished == cancels
    if not cancels:
        await said_by(machines, "alice", "job", "cancel", str(job))


async def test_a_second_interrupt_ends_at_once(machines: Machines, agent: Agent) -> None:
    """While it is asked: nothing is sent, the job goes on, and that is said."""
    async with (
        routing(machines, agent.node),
        sitting(machines, *COMMAND[:2], "--yes", *COMMAND[2:]) as (
            process,
            terminal,
        ),
    ):
        await terminal.until("begun")
        job = job_in(terminal.shown)
        process.send_signal(signal.SIGINT)
        await terminal.until("Cancel the job")
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 10) == 130
        await terminal.until(f"job {job} is left as it is")
    assert (await job_of(machines, job)).state == Job.RUNNING
    await said_by(machines, "alice", "job", "cancel", str(job))


async def test_no_to_the_quote_opens_nothing(machines: Machines) -> None:
    """And neither does Ctrl-C while it is asked."""
    before = await said_by(machines, "alice", "job", "list", "--mine")
    async with sitting(machines, *COMMAND) as (process, terminal):
        await terminal.until("Open it? [Y/n]")
        terminal.type("n\n")
        assert await asyncio.wait_for(process.wait(), 60) == 1
        await terminal.until("nothing was opened")
    async with sitting(machines, *COMMAND) as (process, terminal):
        await terminal.until("Open it? [Y/n]")
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 60) == 1
        await terminal.until("interrupted")
    assert await said_by(machines, "alice", "job", "list", "--mine") == before


async def test_what_a_job_writes_is_harmless_on_a_terminal(machines: Machines, agent: Agent) -> None:
    """Escape sequences of its log are shown, not obeyed; files and pipes get them as they are."""
    script = r"printf '\033[31mred\033]0;title\007\377\n'"
    command = ("job", "run", "--yes", "--", "sh", "-c", script)
    async with routing(machines, agent.node):
        async with sitting(machines, *command) as (process, terminal):
            assert await asyncio.wait_for(process.wait(), 60) == 0
            await terminal.until("refunded")
            assert "␛[31mred␛]0;title␇\ufffd" in terminal.shown
            assert "\x1b[31m" not in terminal.shown
        piped = await run(machines, "alice", *command)
        assert piped.stdout == b"\x1b[31mred\x1b]0;title\x07\xff\n"
