"""`ionet job deploy`, `call`, `forward`: a service on a real agent, called by its renter and by who has its token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx
import pytest
from solders.pubkey import Pubkey
from starlette.requests import Request
from starlette.responses import Response

from client.state import Job
from machines.jobs.spec import Service, Spec
from machines.renting import kept
from machines.renting.kept import Kept
from machines.wire.errors import Refusal
from tests.machines.network import Agent, Machines
from tests.machines.renting import (
    Ended,
    Stand,
    endless,
    home_of,
    ionet,
    job_of,
    routing,
    run,
    said_by,
    standing,
    streaming,
)

SERVER = """
import http.server, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status = 418 if self.path.startswith("/teapot") else 200
        said = f"{self.command} {self.path} {self.headers.get('x-mine')} ".encode() + body
        self.send_response(status)
        self.send_header("x-theirs", "yes")
        if self.path.startswith("/stream"):
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for piece in (b"first", b"second"):
                self.wfile.write(b"%x\\r\\n%s\\r\\n" % (len(piece), piece))
                self.wfile.flush()
                time.sleep(0.3)
            self.wfile.write(b"0\\r\\n\\r\\n")
            return
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_POST = do_PUT = do_DELETE = do_GET

print("serving", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
"""


@pytest.fixture(autouse=True)
def rates(machines: Machines, agent: Agent) -> None:
    """Fresh prices."""
    machines.network.world.prices()


async def deploy(machines: Machines, agent: Agent, *options: str, source: str = SERVER) -> Ended:
    """A service of this source, as somebody deploys it."""
    home = home_of(machines, "alice")
    home.mkdir(exist_ok=True)
    (home / "server.py").write_text(source)
    async with routing(machines, agent.node):
        return await run(
            machines, "alice", "job", "deploy", "--json", "--port", "8000", "--input", "server.py", *options,
            "--", "python3", "in/server.py",
        )  # fmt: skip


@asynccontextmanager
async def forwarding(machines: Machines, job: str) -> AsyncIterator[str]:
    """`ionet job forward`; its URL."""
    async with ionet(machines, "alice", "job", "forward", job, "--listen", "127.0.0.1:0", "--json") as process:
        assert process.stdout is not None
        told = b""
        while not told.rstrip().endswith(b"}"):
            line = await asyncio.wait_for(process.stdout.readline(), 60)
            assert line, told
            told += line
        yield json.loads(told)["url"]
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_a_service_is_deployed_called_and_forwarded(machines: Machines, agent: Agent) -> None:
    """Once it is healthy it is left running; then anything can call it, and `cancel` ends it."""
    deployed = await deploy(machines, agent, "--health", "/ready")
    assert deployed.code == 0, deployed.stderr
    said = deployed.json
    job, token = said["job"], said["token"]
    assert (said["is_healthy"], said["endpoint"], said["paid_usd_units"]) == (True, agent.endpoint, None)
    assert "serving" in deployed.stderr
    assert (await job_of(machines, Pubkey.from_string(job))).state == Job.RUNNING

    call = ("job", "call", job)
    got = await run(machines, "alice", *call, "/a b?x=1&y=ü", "--header", "X-Mine: hers")
    assert (got.code, got.stdout) == (0, b"GET /a%20b?x=1&y=%C3%BC hers ")
    posted = await run(machines, "alice", *call, "echo", "--data", "text")
    assert posted.stdout == b"POST /echo None text"
    (home_of(machines, "alice") / "body").write_bytes(bytes(range(256)) * 1_000)
    put = await run(machines, "alice", *call, "/put", "-X", "put", "--data", "@body")
    assert put.stdout == b"PUT /put None " + bytes(range(256)) * 1_000
    teapot = await run(machines, "alice", *call, "/teapot")
    assert (teapot.code, teapot.stdout) == (1, b"GET /teapot None ")
    assert "the service answers 418" in teapot.stderr
    shown = await said_by(machines, "alice", *call, "/json")
    assert (shown["status"], shown["body"]) == (200, "GET /json None ")
    assert ["x-theirs", "yes"] in [[name.lower(), value] for name, value in shown["headers"]]

    async with forwarding(machines, job) as url, httpx.AsyncClient(base_url=url, trust_env=False) as anyone:
        answer = await anyone.get("/some%2Fpath?q=%20x", headers={"x-mine": "any tool"})
        assert (answer.status_code, answer.text) == (200, "GET /some%2Fpath?q=%20x any tool ")
        assert answer.headers["x-theirs"] == "yes"
        both = await asyncio.gather(*(anyone.post("/x", content=b"%d" % number) for number in range(20)))
        assert [one.text for one in both] == [f"POST /x None {number}" for number in range(20)]
        assert (await anyone.get("/teapot")).status_code == 418
        async with anyone.stream("GET", "/stream") as stream:
            assert [piece async for piece in stream.aiter_raw()] == [b"first", b"second"]
        # A page of another site, which a browser would let ask here.
        assert (await anyone.get("/", headers={"origin": "https://evil.example"})).status_code == 403
        assert (await anyone.get("/", headers={"host": "evil.example:80"})).status_code == 403
        assert (await anyone.get("/", headers={"origin": url})).status_code == 200

    # Who has the token needs no key.
    pinned = aiohttp.Fingerprint(bytes.fromhex(said["certificate_sha256"]))
    path = f"https://{said['endpoint']}/v1/jobs/{job}/http/hello"
    async with aiohttp.ClientSession() as session:
        for given, status in ((token, 200), ("wrong", 401)):
            async with session.get(path, ssl=pinned, headers={"authorization": f"Bearer {given}"}) as answered:
                assert answered.status == status

    assert (await said_by(machines, "alice", "job", "cancel", job))["state"] in ("settled", "cancelled")


async def test_a_service_that_does_not_become_healthy_is_ended(machines: Machines, agent: Agent) -> None:
    """In time, or ever: its log is shown, and the job settled."""
    asleep = "import time; print('asleep', flush=True); time.sleep(600)"
    late = await deploy(machines, agent, "--ready-seconds", "2", source=asleep)
    assert late.code == 1
    assert "is not healthy after 2 s" in late.json["error"]
    assert (late.json["is_healthy"], late.json["job_state"]) == (False, "cancelled")
    assert "asleep" in late.stderr

    broken = await deploy(machines, agent, source="raise SystemExit('it is broken')")
    assert broken.code == 1
    assert "ended before its service was healthy" in broken.json["error"]
    assert (broken.json["exit_code"], broken.json["job_state"]) == (1, "cancelled")
    assert "it is broken" in broken.stderr


# --- services of hostile nodes ---


@pytest.fixture
async def stand(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Stand, str]]:
    """A node that answers as a test decides, with a job of alice's that is a service."""
    monkeypatch.setenv("HOME", str(home_of(machines, "alice")))
    async with standing(machines) as made, routing(machines, made.node):
        job = (await said_by(machines, "alice", "job", "open", "--class", "CPU", "--processors", "1", "--hours", "1"))[
            "job"
        ]
        address = Pubkey.from_string(job)
        spec = Spec(command=["true"], service=Service(port=8_000))
        kept.keep(Kept(job=job, spec=spec, sources={}, output="out", token="token"))  # noqa: S106
        while (await job_of(machines, address)).state != Job.RUNNING:  # noqa: ASYNC110 - the chain tells nobody
            await asyncio.sleep(0.05)
        yield made, job


async def test_an_answer_of_any_length_is_bounded(machines: Machines, stand: tuple[Stand, str]) -> None:
    """`call` ends past --limit-mb, with a sentence."""
    node, job = stand

    async def call(request: Request) -> Response:
        return streaming(endless(node, bytes(65_536)))

    node.answers["call"] = call
    ended = await run(machines, "alice", "job", "call", job, "/", "--limit-mb", "1")
    assert ended.code == 1
    assert len(ended.stdout) <= 1 << 20
    assert "answers with over 1,048,576 bytes" in ended.stderr


async def test_a_service_that_stalls_is_not_waited_for(machines: Machines, stand: tuple[Stand, str]) -> None:
    """Before its answer and in the middle of it: --timeout."""
    node, job = stand

    async def never(request: Request) -> Any:
        await node.ended.wait()

    async def halves() -> AsyncIterator[bytes]:
        yield b"half"
        await node.ended.wait()

    async def half(request: Request) -> Response:
        return streaming(halves())

    for answer in (never, half):
        node.answers["call"] = answer
        said = await asyncio.to_thread(machines.network.run, "alice", "job", "call", job, "/", "--timeout", "1")
        assert said.exit_code == 1
        assert "in the time it has" in said.stderr


async def test_the_words_of_the_node_are_not_the_services(machines: Machines, stand: tuple[Stand, str]) -> None:
    """A refusal that the node signs is shown as its own, harmlessly, and forwarded with its status."""
    node, job = stand

    async def call(request: Request) -> Any:
        raise Refusal(502, "no \x1b[31mservice")

    node.answers["call"] = call
    said = await asyncio.to_thread(machines.network.refusal, "alice", "job", "call", job, "/")
    assert "refuses: no" in said
    assert "\x1b" not in said
    async with forwarding(machines, job) as url, httpx.AsyncClient(base_url=url, trust_env=False) as anyone:
        answer = await anyone.get("/")
        assert (answer.status_code, "service" in answer.json()["error"]) == (502, True)


async def test_a_forwarded_answer_that_breaks_off_does_not_look_whole(
    machines: Machines, stand: tuple[Stand, str]
) -> None:
    """The tool sees a connection that breaks, and the next request is answered."""
    node, job = stand

    async def cut() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("the node fails")

    async def call(request: Request) -> Response:
        return Response(b"whole") if request.url.path.endswith("/whole") else streaming(cut())

    node.answers["call"] = call
    async with forwarding(machines, job) as url, httpx.AsyncClient(base_url=url, trust_env=False) as anyone:
        with pytest.raises(httpx.HTTPError):
            await anyone.get("/half")
        assert (await anyone.get("/whole")).content == b"whole"
