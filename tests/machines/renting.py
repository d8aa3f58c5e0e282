"""What tests of renting need: a router, `ionet` as a process, and a node that answers as a test decides."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from client import accounts, actions, keys, reads
from client.economics import IO
from client.instructions import staking
from client.rpc import connect
from client.state import Job
from machines.jobs.spec import File, Result, Spec, digest, parse_spec
from machines.renting.bounds import Bounds
from machines.renting.opening import Order
from machines.renting.outcome import Outcome
from machines.renting.run import Wishes, collected, rent
from machines.renting.telling import Teller
from machines.renting.terminal import Sink
from machines.wire import certificates
from machines.wire.server import Identity, application, body, chunks, serve, signed, unsigned
from tests.machines.network import MAIN, Machines, environment

QUICK = Bounds(node=20, away=1.0, answer=2, poll=0.05, chain_poll=0.2, chain=5, result=1.0, log=0.5, report=0.5)
"""For tests in which what is waited for does not come."""

Handler = Callable[[Request], Awaitable[Any]]


@asynccontextmanager
async def routing(machines: Machines, *nodes: Pubkey) -> AsyncIterator[None]:
    """Each job that waits for a node gets the next of these, and the last of them again and again."""
    left = list(nodes)

    async def route() -> None:
        router = keys.load(machines.network.directory / "router")
        async with connect(machines.network.url) as client:
            while True:
                for job in await accounts.jobs(client, state=Job.OPEN):
                    node = left[0] if len(left) == 1 else left.pop(0)
                    await actions.start_job(client, router, job, node)
                await asyncio.sleep(0.1)

    task = asyncio.create_task(route())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@dataclass
class Ended:
    """An `ionet` that has ended."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def json(self) -> Any:
        """What it printed with --json."""
        return json.loads(self.stdout)


@asynccontextmanager
async def ionet(
    machines: Machines, name: str, *arguments: str, **streams: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`ionet` as a process of somebody, whose home is a folder of the same name; killed if it is left alive.

    `streams`: stdin, stdout, stderr, where they are something else than pipes.
    """
    home = machines.network.directory / f"home of {name}"
    home.mkdir(exist_ok=True)
    common = ("--url", machines.network.url, "--keypair", str(machines.network.directory / name))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MAIN, *arguments[:2], *common, *arguments[2:]),
        env=environment() | {"HOME": str(home)},
        cwd=home,
        stdin=streams.get("stdin", asyncio.subprocess.DEVNULL),
        stdout=streams.get("stdout", asyncio.subprocess.PIPE),
        stderr=streams.get("stderr", asyncio.subprocess.PIPE),
        limit=1 << 24,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def run(machines: Machines, name: str, *arguments: str) -> Ended:
    """`ionet` from its start to its end."""
    async with ionet(machines, name, *arguments) as process:
        stdout, stderr = await asyncio.wait_for(process.communicate(), 120)
        assert process.returncode is not None
        return Ended(process.returncode, stdout, stderr.decode())


async def said_by(machines: Machines, name: str, *arguments: str) -> Any:
    """What `ionet … --json` prints, in this process: for what is there already."""
    return await asyncio.to_thread(machines.network.json, name, *arguments)


async def until(process: asyncio.subprocess.Process, said: str) -> str:
    """Reads stderr up to a line with these words."""
    assert process.stderr is not None
    lines = ""
    while said not in lines:
        line = await asyncio.wait_for(process.stderr.readline(), 60)
        assert line, f"it ended without saying {said!r}: {lines}"
        lines += line.decode()
    return lines


@dataclass
class Stand:
    """A node that does what it is told to, and else what an agent does; it runs nothing."""

    node: Pubkey
    key: Keypair
    owner: Keypair
    job: str = ""
    spec: Spec | None = None
    state: str = "new"
    log: bytes = b"all is well\n"
    outputs: dict[str, bytes] = field(default_factory=dict)
    received: dict[str, bytes] = field(default_factory=dict)
    """Inputs, by SHA-256."""
    changes: dict[str, Any] = field(default_factory=dict)
    """Of the result."""
    answers: dict[str, Handler] = field(default_factory=dict)
    """What is answered otherwise: to `take`, `show`, `put`, `start`, `stop`, `log`, `output`, `call`."""
    asked: list[str] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set at the end, for what stalls until then."""

    def result(self) -> Result:
        """What it says came of the job."""
        assert self.spec is not None
        made = Result(
            job=self.job,
            node=str(self.node),
            spec_sha256=digest(self.spec).hex(),
            state="finished",
            exit_code=0,
            reason="it ended",
            started_at=1_000,
            ended_at=1_007,
            log_sha256=sha256(self.log).hexdigest(),
            log_bytes=len(self.log),
            outputs=[File(path=path, sha256=sha256(raw).hexdigest(), size=len(raw)) for path, raw in self.files()],
        )
        return msgspec.structs.replace(made, **self.changes)

    def files(self) -> list[tuple[str, bytes]]:
        return sorted(self.outputs.items())

    def shown(self, **changes: Any) -> dict[str, Any]:
        """How it says that the job is."""
        result = self.result() if self.state == "finished" else None
        return {"state": self.state, "doing": "", "left_out": [], "missing": [], "result": result} | changes

    async def take(self, request: Request) -> Any:
        self.job, self.spec = request.path_params["job"], parse_spec(await body(request))
        return {"missing": [file.sha256 for file in self.spec.inputs if file.sha256 not in self.received]}

    async def put(self, request: Request) -> Any:
        self.received[request.path_params["sha256"]] = b"".join([piece async for piece in chunks(request)])
        return {}

    async def start(self, request: Request) -> Any:
        self.state = "finished"
        return self.shown()

    async def show(self, request: Request) -> Any:
        return self.shown() if self.spec else {"state": "unknown"}

    async def stop(self, request: Request) -> Any:
        return self.shown()

    async def read_log(self, request: Request) -> Response:
        return Response(self.log[int(request.query_params["from"]) :])

    async def output(self, request: Request) -> Response:
        wanted = request.path_params["sha256"]
        return Response(next(raw for raw in self.outputs.values() if sha256(raw).hexdigest() == wanted))

    async def call(self, request: Request) -> Response:
        return Response(await body(request), headers={"x-path": request.url.path})

    def routes(self) -> list[Route]:
        own: dict[str, Handler] = {
            "take": self.take, "show": self.show, "put": self.put, "start": self.start, "stop": self.stop,
            "log": self.read_log, "output": self.output, "call": self.call,
        }  # fmt: skip

        def answer(name: str) -> Handler:
            async def answering(request: Request) -> Any:
                self.asked.append(name)
                return await self.answers.get(name, own[name])(request)

            return answering

        async def anyone(request: Request) -> None: ...

        one = "/v1/jobs/{job}"
        plan = [
            ("take", one, "PUT"), ("show", one, "GET"), ("put", f"{one}/inputs/{{sha256}}", "PUT"),
            ("start", f"{one}/start", "POST"), ("stop", f"{one}/stop", "POST"), ("log", f"{one}/log", "GET"),
            ("output", f"{one}/outputs/{{sha256}}", "GET"),
        ]  # fmt: skip
        return [
            *(Route(path, signed(answer(name), anyone, limit=1 << 24), methods=[how]) for name, path, how in plan),
            Route(f"{one}/http/{{path:path}}", unsigned(answer("call")), methods=["GET", "POST", "PUT", "DELETE"]),
        ]


@asynccontextmanager
async def standing(machines: Machines) -> AsyncIterator[Stand]:
    """A node of a new owner, announced on the chain, that answers on this machine."""
    world = machines.network.world
    owner, node = world.node(hardware_class="CPU", processors=1)
    stand = Stand(node, world.person(io=IO), owner)
    folder = machines.network.directory / f"tls of {node}"
    certificate, stop = certificates.ensure(folder, "127.0.0.1"), asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    app = application(stand.routes(), Identity(stand.key, node))
    serving = asyncio.create_task(serve(app, "127.0.0.1", 0, certificate, stop, on_listening=port.set_result))
    naming = staking.name_agent(authority=owner.pubkey(), actor=node, key=stand.key.pubkey())
    world.chain.send([naming], owner)
    await announce(machines, stand, f"127.0.0.1:{await port}", certificate.fingerprint)
    try:
        yield stand
    finally:
        stand.ended.set()
        stop.set()
        await serving


async def announce(machines: Machines, stand: Stand, endpoint: str, fingerprint: bytes) -> None:
    """Says on the chain where the stand is, true or not."""
    async with connect(machines.network.url) as client:
        await actions.announce_agent(client, stand.key, stand.node, endpoint, fingerprint, bytes(32))


async def report(machines: Machines, stand: Stand, job: Pubkey, said: bytes) -> None:
    """The stand reports a digest of a job on the chain."""
    async with connect(machines.network.url) as client:
        await actions.report_job(client, stand.key, job, said)


@dataclass
class Rented:
    """What came of a job that was rented in this process."""

    outcome: Outcome
    log: bytes
    folder: Path


async def rented(
    machines: Machines, name: str, folder: Path, *, bounds: Bounds = QUICK, order: Order | None = None
) -> Rented:
    """Rents for somebody, and waits for what comes of it; within a minute, whatever the node does."""
    key = keys.load(machines.network.directory / name)
    order = order or order_for()
    log, out = folder / "log", folder / "out"
    with log.open("w") as stream:
        work = asyncio.wait_for(
            rent(
                machines.network.url, key, order, lambda going, outcome: collected(going, outcome, out),
                Wishes(), bounds, Sink(stream), Teller(),
            ), 60,
        )  # fmt: skip
        outcome = await work
    return Rented(outcome, log.read_bytes(), out)


def order_for(spec: Spec | None = None, **changes: Any) -> Order:
    """An hour of a core."""
    plain = Order(
        hardware_class="CPU",
        processors=1,
        hours=1,
        max_usd=None,
        benefit=Job.DISCOUNT,
        credit=None,
        pay_in_io=False,
        user_id=None,
        spec=spec or Spec(command=["true"]),
        inputs=[],
        token=None,
        output=None,
    )
    return replace(plain, **changes)


async def job_of(machines: Machines, job: Pubkey) -> Job:
    """As the chain has it."""
    async with connect(machines.network.url) as client:
        return await reads.job(client, job)


async def endless(stand: Stand, piece: bytes, seconds: float = 0.0) -> AsyncIterator[bytes]:
    """The same bytes again and again."""
    while not stand.ended.is_set():
        yield piece
        await asyncio.sleep(seconds)


def streaming(pieces: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(pieces, media_type="application/octet-stream")


def home_of(machines: Machines, name: str) -> Path:
    """The home of somebody who runs `ionet`."""
    return machines.network.directory / f"home of {name}"
