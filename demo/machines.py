"""One hour with real machines: agents, a verifier and a renter are processes, and what they measure is this machine.

The chain's clock runs as the wall's does, and jumps where nobody waits for it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from solders.pubkey import Pubkey

from client import accounts, keys, reads
from client.amounts import format_usd
from client.economics import SECONDS_PER_HOUR, collateral
from client.errors import IonetError
from client.network import CLASS_MULTIPLIERS_BP
from client.rpc import chain_time
from client.state import Job
from demo.hour import Hours
from demo.network import Network, Node, key
from demo.scenario import GENESIS_TIME, NodeSpec
from indexer.acting import routing

HARDWARE_CLASS: Final = "CPU"
PRICES_NANO_USD: Final = {"IO": 180_000_000, HARDWARE_CLASS: 50_000_000}
SLOT_MS: Final = 100
DOLLAR_SHARES_BP: Final = (3_000, 9_000)
"""Of the nodes: what one takes in dollars, the other leaves for IO."""
JUMP_SECONDS: Final = 240
"""The chain's clock moves on by so much at once: a node that is silent for 900 s has failed."""
WAIT_SECONDS: Final = 180.0
"""For what a process does, by the wall's clock."""
LOOK_SECONDS: Final = 0.5
_IO_SPARE: Final = 100 * 10**8

Step = Callable[[str], None]


class MachineHours(Hours):
    """The hour. Everything that is not the machines' own work is the demo's."""

    def __init__(self, network: Network, step: Step, folder: Path, processes: AsyncExitStack) -> None:
        super().__init__(network, step)
        self.measured: list[dict[str, Any]] = []
        """What the verifier said of each node, round by round."""
        self._folder = folder
        self._processes = processes

    async def start(self) -> None:
        """An agent for each core, two at most; each registers its node."""
        net = self.network
        for number in range(min(len(DOLLAR_SHARES_BP), os.cpu_count() or 1)):
            name, share = f"node-{number + 1}", DOLLAR_SHARES_BP[number]
            owner = key(net.scenario, name)
            required = collateral(CLASS_MULTIPLIERS_BP[HARDWARE_CLASS], 1)
            await net.fund(owner.pubkey(), io=required + _IO_SPARE)
            self.step(f"{name}: its agent detects the machine, registers and announces itself")
            agent = await self._process(
                *("agent", "run", "--owner-keypair", self._key_file(name, owner), "--class", HARDWARE_CLASS),
                *("--processors", "1", "--dollar-share", str(share), "--listen", "127.0.0.1:0"),
                *("--folder", str(self._folder / f"agent-{number + 1}"), "--log-format", "json"),
            )
            said = await agent.wait_for("serving")
            spec = NodeSpec(name, HARDWARE_CLASS, 1, share, 100, False, 0, 0)
            net.nodes.append(Node(name, owner, Pubkey.from_string(said["node"]), spec, None))

    async def _during(self, epoch: int) -> None:
        """Two rounds of the verifier, a job that runs a command, and a service that is called."""
        net, user = self.network, self.network.users[0]
        member, renter = self._key_file("member", net.committee[0]), self._key_file(user.name, user.keypair)
        await net.at(epoch, 60)
        verifier = await self._process(
            *("verifier", "run", "--keypair", member, "--rounds", "2", "--folder", str(self._folder / "verifier")),
            *("--log-format", "json"),
        )
        committed = await verifier.wait_for("committed")
        await net.submit_prices()
        self.step(f"{user.name}: ionet job run -- python3 -c …")
        ran = await self._rented(
            renter, "run", "--output", str(self._folder / "outputs"), "--",
            *("python3", "-c", "import os; open('/work/out/pid', 'w').write(str(os.getpid())); print('hello')"),
        )  # fmt: skip
        paid = format_usd(ran["paid_usd_units"])
        self.step(f"{user.name}: its job ended with {ran['exit_code']}, its output is here, {paid} USD were paid")
        await net.submit_prices()
        self.step(f"{user.name}: ionet job deploy -- python3 -m http.server")
        deployed = await self._rented(
            renter, "deploy", "--port", "8080", "--hours", "1", "--", "python3", "-m", "http.server", "8080"
        )
        call = await self._process("job", "call", "--keypair", renter, deployed["job"], "/")
        await call.ended()
        self.step(f"{user.name}: its service is healthy, and answers")
        await self._measured(verifier, committed)
        await self._pass(GENESIS_TIME + (epoch - 1) * SECONDS_PER_HOUR + SECONDS_PER_HOUR // 2 + 10)
        cancel = await self._process("job", "cancel", "--keypair", renter, deployed["job"])
        await cancel.ended()
        self.step(f"{user.name}: cancels its service: what it ran is paid, the rest comes back")
        await self._measured(verifier, await verifier.wait_for("committed"))
        await verifier.ended()
        names = {str(node.actor): node.name for node in net.nodes}
        self.measured = [{**one, "node": names[one["node"]]} for one in verifier.said("measured")]
        await net.at(epoch, SECONDS_PER_HOUR - 1)

    async def _measured(self, verifier: Process, committed: dict[str, Any]) -> None:
        """Lets a round's time come, which a slot hash has drawn, and waits until it is recorded."""
        await self._pass(committed["begins_at"])
        self.step(f"round {committed['round'] + 1}: the verifier measures who is not fully rented")
        await verifier.wait_for("recorded")

    async def _pass(self, until: int) -> None:
        """Lets the hour go on until a Unix second of the chain, so slowly that the agents can report their jobs."""
        net = self.network
        while (now := await chain_time(net.client)) < until:
            await net.localnet.warp(timestamp=min(now + JUMP_SECONDS, until))
            await _until(self._all_reported, "the agents report their jobs")

    async def _all_reported(self) -> bool:
        client = self.network.client
        now = await chain_time(client)
        running = (await accounts.jobs(client, state=Job.RUNNING)).values()
        terms = (await reads.terms(client)).parameters_at(now)
        return all(now - job.reported_at < terms.report_seconds // 3 for job in running)

    async def _rented(self, renter: str, command: str, *arguments: str) -> dict[str, Any]:
        """What `ionet job run|deploy --json` says in the end; the router gives it a node meanwhile."""
        renting = await self._process(
            *("job", command, "--keypair", renter, "--class", HARDWARE_CLASS, "--yes", "--json", *arguments)
        )
        routed = asyncio.create_task(self._route())
        try:
            said: dict[str, Any] = json.loads(await renting.ended())
        finally:
            routed.cancel()
            with suppress(asyncio.CancelledError):
                await routed
        return said

    async def _route(self) -> None:
        """Draws nodes for open jobs, from what was replayed, until it is cancelled."""
        net = self.network
        names = {node.actor: node.name for node in net.nodes}
        while True:
            if await accounts.jobs(net.client, state=Job.OPEN):
                await self.index()
                for one in await routing.route(net.client, net.pool, net.router):
                    if one.node is not None and not one.refused:
                        self.step(f"the router draws {names[one.node]} of {one.candidates}")
            await asyncio.sleep(LOOK_SECONDS)

    def _key_file(self, name: str, keypair: Any) -> str:
        file = self._folder / f"{name}.json"
        if not file.exists():
            keys.save(file, keypair)
        return str(file)

    async def _process(self, *arguments: str) -> Process:
        url = self.network.localnet.rpc
        return await self._processes.enter_async_context(Process.of(arguments, url, self._folder))


class Process:
    """An `ionet` command as a process, and what it logs."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self.name = name
        self._process = process
        self._said: list[dict[str, Any]] = []
        self._taken: set[int] = set()
        self._changed = asyncio.Condition()

    @classmethod
    @asynccontextmanager
    async def of(cls, arguments: Sequence[str], url: str, folder: Path) -> AsyncIterator[Process]:
        """Running meanwhile; it is ended afterwards."""
        environment = {**os.environ, "IONET_URL": url, "HOME": str(folder)}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from client.cli import main; main()", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
        made = cls(process, f"ionet {' '.join(arguments[:2])}")
        reader = asyncio.create_task(made._read())
        try:
            yield made
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), WAIT_SECONDS)
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader

    def said(self, event: str) -> list[dict[str, Any]]:
        """What it logged of such an event so far."""
        return [one for one in self._said if one.get("event") == event]

    async def wait_for(self, event: str) -> dict[str, Any]:
        """The next record of this event that nobody waited for. Raises `IonetError` where it ends before."""

        def found() -> int | None:
            places = (n for n, one in enumerate(self._said) if one.get("event") == event and n not in self._taken)
            return next(places, None)

        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS), self._changed:
                await self._changed.wait_for(lambda: found() is not None or self._said[-1:] == [{}])
        place = found()
        if place is None:
            raise self._failure(f"it ended, or {WAIT_SECONDS:.0f} s went by, before {event!r}")
        self._taken.add(place)
        return self._said[place]

    async def ended(self) -> str:
        """Its standard output, once it has ended well."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                said = (await self._process.stdout.read()).decode(errors="replace")
                if await self._process.wait():
                    raise self._failure(f"it ended with {self._process.returncode}")
        except TimeoutError:
            raise self._failure(f"it did not end within {WAIT_SECONDS:.0f} s") from None
        return said

    def _failure(self, why: str) -> IonetError:
        last = " ".join(str(one.get("event", one)) for one in self._said[-6:])
        return IonetError(f"`{self.name}`: {why}; it said: {last or 'nothing'}")

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            try:
                record = json.loads(line)
            except ValueError:
                record = {"event": line.decode(errors="replace").strip()}
            await self._tell(record if isinstance(record, dict) else {"event": str(record)})
        await self._tell({})

    async def _tell(self, record: dict[str, Any]) -> None:
        async with self._changed:
            self._said.append(record)
            self._changed.notify_all()


async def _until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while not await holds():  # noqa: ASYNC110 - the chain has no event for it
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        raise IonetError(f"waited {WAIT_SECONDS:.0f} s in vain until {what}") from None
