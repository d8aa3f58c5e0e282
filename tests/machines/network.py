"""A network with real agents: processes of their own, on this machine, on a localnet whose clock moves by hand."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, keys, state
from client.economics import IO, USD
from client.network import ESCROW, Parameters
from machines.jobs import running
from tests.unit.client_network import Network, new_network

PARAMETERS = Parameters(escrow=replace(ESCROW, dispute_seconds=0, min_work_seconds=0))
READY_SECONDS = 60
MAIN = "from client.cli import main; main()"


@dataclass
class Agent:
    """A running `ionet agent run`."""

    process: subprocess.Popen[str]
    folder: Path
    port: int
    records: list[dict[str, Any]] = field(default_factory=list)
    """What it has logged."""
    _lines: Queue[dict[str, Any]] = field(default_factory=Queue)

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def node(self) -> Pubkey:
        """The node that it is."""
        return Pubkey.from_string(json.loads((self.folder / "node.json").read_text())["node"])

    @property
    def key(self) -> Keypair:
        """The agent's own."""
        return keys.load(self.folder / "agent-key.json")

    def wait_for(self, event: str, seconds: float = READY_SECONDS) -> dict[str, Any]:
        """The next record of this event."""
        while True:
            try:
                record = self._lines.get(timeout=seconds)
            except Empty:
                raise AssertionError(f"no {event!r} within {seconds} s; it logged {self.records[-5:]}") from None
            if record.get("event") == event:
                return record
            if "ended" in record:
                raise AssertionError(f"it ended with {self.process.wait()} before {event!r}: {self.records[-8:]}")

    def follow(self) -> None:
        """Keeps what it logs, until it ends."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            try:
                record = json.loads(line)
            except ValueError:
                record = {"event": line.strip()}
            self.records.append(record)
            self._lines.put(record)
        self._lines.put({"ended": True})

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends it; its exit code."""
        self.process.send_signal(how)
        return self.process.wait(READY_SECONDS)


@dataclass
class Machines:
    """A network, and the agents in it."""

    network: Network

    def owner(self, name: str) -> Keypair:
        """Somebody with enough IO for a node, and a key file of this name."""
        return self.network.person(name, io=10_000 * IO)

    def renter(self, name: str) -> Pubkey:
        """Somebody with dollars and a user; the user's actor."""
        self.network.person(name, usd=1_000 * USD)
        return Pubkey.from_string(self.network.json(name, "user", "register")["user"])

    @contextmanager
    def agent(self, name: str, *, processors: int = 1, extra: Sequence[str] = (), port: int = 0) -> Iterator[Agent]:
        """A node of a new owner of this name, or of the one before; serving when this yields."""
        if not (self.network.directory / name).exists():
            self.owner(name)
        port = port or free_port()
        command = [
            *(sys.executable, "-c", MAIN, "agent", "run", "--url", self.network.url),
            *("--owner-keypair", str(self.network.directory / name), "--folder", str(self.folder(name))),
            *("--class", "CPU", "--processors", str(processors), "--listen", f"127.0.0.1:{port}"),
            *("--log-format", "json", *extra),
        ]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment())  # noqa: S603 - our own
        made = Agent(process, self.folder(name), port)
        reader = threading.Thread(target=made.follow, daemon=True)
        reader.start()
        try:
            made.wait_for("serving")
            yield made
        finally:
            process.terminate()
            try:
                process.wait(READY_SECONDS)
            finally:
                process.kill()
            reader.join(READY_SECONDS)
            assert process.stderr is not None
            process.stderr.close()

    def folder(self, name: str) -> Path:
        """Of an agent."""
        return self.network.directory / f"agent of {name}"

    def start_job(self, user: str, node: Pubkey, *, processors: int = 1, hours: int = 1) -> Pubkey:
        """A job that a renter opened, and that the router gave to this node."""
        opened = self.network.json(
            *(user, "job", "open", "--class", "CPU", "--processors", str(processors), "--hours", str(hours))
        )
        job = Pubkey.from_string(opened["job"])
        self.network.world.start_job(job, node)
        return job

    def job(self, address: Pubkey) -> state.Job:
        """As the chain has it."""
        return self.network.world.chain.account(state.Job, address)

    def said_of(self, node: Pubkey) -> state.Agent:
        """What the chain says of a node's agent."""
        return self.network.world.chain.account(state.Agent, addresses.agent(node))


def environment() -> dict[str, str]:
    """This one, without what could point `ionet` elsewhere."""
    dropped = ("IONET_URL", "IONET_KEYPAIR")
    return {name: value for name, value in os.environ.items() if name not in dropped}


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def new_machines(directory: Path, parameters: Parameters = PARAMETERS) -> Iterator[Machines]:
    """A fresh network with prices, and nobody in it."""
    with new_network(directory, parameters) as network:
        for index, member in enumerate(network.world.committee):
            keys.save(directory / f"member-{index}", member)
        keys.save(directory / "router", network.world.router)
        network.world.prices()
        try:
            yield Machines(network)
        finally:
            for job in directory.glob("agent of */jobs/*"):  # they outlive their agents
                running.stop(job)
                running.wait(job)
