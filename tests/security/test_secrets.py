"""Row 41: what is secret is in no argument, log, error, answer, row or list of processes."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
import pytest
from solders.keypair import Keypair

from client import logs
from client.cli.cautions import cautions
from client.discreet import discreet, discreet_value, harmless
from client.errors import IonetError
from client.idl import ROOT
from indexer.database.db import has_password, shown
from indexer.operation.health import Pulse, Watched
from indexer.operation.http import report
from tests.databases import Databases, hurried
from tests.programs.world import new_world
from tests.security.commands import commands, groups
from tests.unit.client_network import Network, ionet
from tests.wire import wire

CANARY: Final = "c4n4ry77"
"""Stands for a password and for an access key."""
SECRET_WORD: Final = re.compile(
    r"(?i)\b(secret|password|passphrase|token|mnemonic|seed phrase|private key|secret key|api.?key)\b"
)
SPEAKS_OF_SECRETS: Final = {
    "database": "says that it is given without its password",
    "folder": "a folder, in which the verifier keeps a secret of its own",
}
"""Parameters whose help has such a word, and what for."""
_HEX: Final = re.compile(r"\\x((?:[0-9a-f]{2})+)")
SECONDS: Final = 120.0
NODE_URLS: Final = (
    f"https://node.example/{CANARY}",
    f"https://node.example/?api-key={CANARY}",
    f"https://somebody:{CANARY}@node.example:8899/v2/{CANARY}#{CANARY}",
    f"wss://{CANARY}@node.example",
    f"http://somebody:{CANARY}/{CANARY}@node.example",
)
DATABASE_URLS: Final = (
    f"postgresql://somebody:{CANARY}@host:5432/chain",
    f"postgresql://somebody:x@{CANARY}@host:5432/chain",
    f"postgresql://somebody:x/{CANARY}@host:5432/chain",
    f"postgresql://host/chain?password={CANARY}&user=somebody",
    f"postgres://somebody@host/chain?sslpassword={CANARY}",
)
OTHERS: Final = (f"host=/tmp user=me password={CANARY}", f"password='{CANARY} x'", f"api_key={CANARY}, and more")


def test_no_parameter_takes_a_secret() -> None:
    """Of every command and group: secrets are in files and in the environment, whose names are given."""
    speaking = {
        one.name
        for command in (*commands(), *groups())
        for one in command.parameters
        if SECRET_WORD.search(f"{one.name} {one.metavar} {one.help}".replace("_", " ").replace("-", " "))
    }
    assert speaking == SPEAKS_OF_SECRETS.keys()


def test_no_dataclass_shows_a_key() -> None:
    """The repr of a key is the key: where a dataclass has one, it is left out of the class's own repr."""
    telling = []
    for room in ("client", "indexer", "machines"):
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.ClassDef) and (made := _dataclass(node)) and "repr=False" not in made:
                    telling += [f"{file.relative_to(ROOT)}: {node.name}.{name}" for name in _shown_keys(node)]
    assert telling == []


def _dataclass(node: ast.ClassDef) -> str:
    """Its decorator as it is written; empty where it is none."""
    return next((text for text in map(ast.unparse, node.decorator_list) if text.startswith("dataclass")), "")


def _shown_keys(node: ast.ClassDef) -> Iterator[str]:
    for field in node.body:
        has_key = isinstance(field, ast.AnnAssign) and re.search(r"\bKeypair\b", ast.unparse(field.annotation))
        if has_key and "repr=False" not in ast.unparse(field):
            yield ast.unparse(field.target)  # type: ignore[attr-defined] # an assignment


@pytest.mark.parametrize("text", [*NODE_URLS, *DATABASE_URLS, *OTHERS])
def test_what_is_secret_is_left_out(text: str) -> None:
    """Alone and in a sentence, in quotes and brackets, and in the middle of a value."""
    for said in (text, f"cannot reach {text}: try again", f"<'{text}'>", f"({text}), or\n{text}."):
        assert CANARY not in discreet(said)
        assert CANARY not in json.dumps(discreet_value({"a": [said, (ValueError(said), {said: 1})]}))
    for url in NODE_URLS[:4]:
        assert "node.example" in discreet(url)
    assert discreet(DATABASE_URLS[0]) == "postgresql://host:5432/chain"
    key = Keypair()
    assert discreet(f"no: {json.dumps(list(bytes(key)))}, {list(bytes(key))[:40]}") == "no: […], […]"


def test_what_a_terminal_obeys_is_not_printed() -> None:
    """Escape sequences, carriage returns and marks of direction in what a node or a stranger said."""
    hostile = "\x1b]0;mine\x07\x1b[2J\r\x9b1m\u202eevil\u2066\ud800"
    assert harmless(f"a{hostile}\n\tb") == "a�]0;mine��[2J��1m�evil��\n\tb"

    class Lying(IonetError):
        """Says what a node said."""

    from client.cli import output

    for say in (
        lambda: output.complain(Lying(hostile)),
        lambda: output.note(hostile),
        lambda: output.table(hostile, ["x"], [[hostile]]),
        lambda: output.facts(hostile, [(hostile, hostile)]),
    ):
        said = _printed(say)
        assert "evil" in said
        assert not set(hostile[:1] + "\r\x9b\x07\u202e") & set(said)


def _printed(say: Any) -> str:
    streams, sys.stdout, sys.stderr = (sys.stdout, sys.stderr), StringIO(), StringIO()
    try:
        say()
        return sys.stdout.getvalue() + sys.stderr.getvalue()
    finally:
        sys.stdout, sys.stderr = streams


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_record_has_a_secret(form: str) -> None:
    """Values of any depth, exceptions with their traceback, arguments of other libraries' records."""
    import logging

    stream = StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        logs.configure(logs.LogFormat(form), logs.LogLevel.DEBUG, stream)
        log = logs.logger("test")
        for text in (*NODE_URLS, *DATABASE_URLS, *OTHERS):
            log.info("said", text=text, inside={"list": [text, {"more": text}]}, failed=ValueError(text))
            logging.getLogger("a library").warning("asked %s", text)
            try:
                raise ConnectionError(text)
            except ConnectionError:
                log.exception("failed")
    finally:
        root.handlers[:], _ = before
        root.setLevel(before[1])
    assert "ConnectionError" in stream.getvalue()
    assert CANARY not in stream.getvalue()


def test_a_password_in_an_argument_is_refused(tmp_path: Path) -> None:
    """Before anything is connected to; the URL is shown without it."""
    for url in DATABASE_URLS:
        assert has_password(url)
        assert CANARY not in shown(url)
        for command in (["indexer", "status"], ["indexer", "replay"], ["verify", "--epoch", "1"]):
            said = ionet(*command, "--database", url, "--data-dir", str(tmp_path))
            assert said.exit_code == 1
            assert "given as an argument" in said.stderr
            assert CANARY not in said.output
    assert not has_password("postgresql://postgres:@/postgres?host=/tmp")
    assert shown(CANARY) == "what is no URL"


def test_who_gives_an_access_key_in_an_argument_is_told(tmp_path: Path) -> None:
    """On stderr, without it; not where it came by the environment."""
    url = f"http://127.0.0.1:1/{CANARY}?api-key={CANARY}"
    said = ionet("--url", url, "schedule", "--epochs", "1")
    assert "put it into IONET_URL" in said.stderr
    assert "127.0.0.1:1" in said.stderr
    assert CANARY not in said.output
    assert ionet("schedule", "--epochs", "1", env={"IONET_URL": url}).stderr == ""
    assert list(cautions("http://127.0.0.1:8899/", is_argument=True)) == []


def spoken(key: Keypair) -> list[str]:
    """The forms in which a key can be said; its address is not among them."""
    secret = bytes(key)[:32]
    numbers = list(secret)
    return [
        str(key),
        secret.hex(),
        repr(secret)[2:-1],
        ", ".join(map(str, numbers[:6])),
        ",".join(map(str, numbers[:6])),
    ]


@dataclass
class Stage:
    """A network whose node has an access key, a database that has a password, and everything that is said there."""

    network: Network
    databases: Databases
    folder: Path
    url: str
    """Of the node, with an access key in every place that can have one."""
    database: str
    mood: list[str]
    """How the node answers: truly, or with an error that repeats where it was asked."""
    said: dict[str, str]
    """What was printed, by command."""
    keys: list[Keypair]

    def environment(self, **more: str) -> dict[str, str]:
        """Of a process: URLs are given here."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("IONET_")}
        return kept | {"IONET_URL": self.url, "IONET_DATABASE": self.database, "HOME": str(self.folder)} | more

    @contextmanager
    def process(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """`ionet` as a process; what it printed is kept."""
        name = f"{' '.join(arguments[:2])} {len(self.said)}"
        self.said[name] = ""
        output = self.folder / f"{name}.log"
        with output.open("wb") as stream:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-c", "from client.cli import main; main()", *arguments],
                stdout=stream,
                stderr=stream,
                env=self.environment(**environment),
            )
            try:
                yield process
            finally:
                process.terminate()
                try:
                    process.wait(SECONDS)
                finally:
                    process.kill()
        self.said[name] = output.read_text(errors="replace")

    def find(self, text: str) -> list[str]:
        """What of all secrets is in a text."""
        return [word for word in (CANARY, *(form for key in self.keys for form in spoken(key))) if word in text]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """All of it."""
    mood, network = ["true"], list[Network]()

    def answer(call: dict[str, Any], _: Any) -> bytes:
        if mood[0] == "true":
            return node.post(network[0].url, json=call).content
        where = f"http://somebody:{CANARY}@127.0.0.1/{CANARY}?api-key={CANARY}"
        error = {"code": -32_000, "message": f"{where} was asked too much: api-key={CANARY} is blocked"}
        return json.dumps({"jsonrpc": "2.0", "id": call.get("id"), "error": error}).encode()

    (tmp_path / "keys").mkdir()
    with (
        new_world(slot_ms=400) as world,
        hurried(tmp_path / "pg") as databases,
        httpx.Client() as node,
        wire("", answer) as url,
    ):
        network.append(Network(world, str(world.chain.http.base_url).rstrip("/"), tmp_path / "keys"))
        place = url.removeprefix("http://")
        database = asyncio.run(databases.url()).replace("postgres:@", f"postgres:{CANARY}@")
        assert CANARY in database
        key = f"http://somebody:{CANARY}@{place}/{CANARY}?api-key={CANARY}"
        yield Stage(network[0], databases, tmp_path, key, database, mood, {}, [])


def test_nothing_that_runs_tells(stage: Stage) -> None:
    """The indexer with all its keys, an agent, a verifier and a renter's commands, where all is well and where the node
    blames them: nothing printed, logged, answered or stored has a secret, nor has any process of this machine in its
    arguments."""
    world, port = stage.network.world, _free_port()
    for name, key in (
        ("payer", None),
        ("router", world.router),
        *((f"m{n}", k) for n, k in enumerate(world.committee)),
    ):
        if key is None:
            stage.keys.append(stage.network.person(name, io=10**13, usd=10**9))
        else:
            from client import keys

            keys.save(stage.network.directory / name, key)
            stage.keys.append(key)
    stage.keys.append(stage.network.person("owner", io=10**13))
    world.chain.warp(seconds=1)
    file = {name: str(stage.network.directory / name) for name in ("payer", "router", "m0", "m1", "owner")}
    debug = ("--log-format", "json", "--log-level", "debug")
    with (
        stage.process(
            *("indexer", "run", "--keypair", file["payer"], "--committee-key", file["m0"], "--committee-key"),
            *(file["m1"], "--router-key", file["router"], "--listen", f"127.0.0.1:{port}", *debug),
        ),
        stage.process(
            *("agent", "run", "--owner-keypair", file["owner"], "--folder", str(stage.folder / "agent"), "--class"),
            *("CPU", "--listen", f"127.0.0.1:{_free_port()}", *debug),
        ),
        stage.process(
            *("verifier", "run", "--keypair", file["m0"], "--folder", str(stage.folder / "verifier"), *debug)
        ),
    ):
        well = _answers(port, is_well=True)
        _until_written(stage.folder / "agent run 1.log", "serving")
        stage.said["arguments"] = _arguments()
        stage.mood[0] = "blaming"
        stage.said["unwell"] = _answers(port, is_well=False)
        stage.said["well"] = well
        _to_the_end(
            stage,
            *(
                (("claim", "--keypair", file["payer"]), {}),
                (("job", "quote", "--class", "4090", "--processors", "1", "--hours", "1"), {}),
                (("indexer", "status", "--json"), {}),
                (("supply",), {"IONET_URL": f"node.example/?api-key={CANARY}"}),
                (("indexer", "replay"), {"IONET_URL": f"ftp://somebody:{CANARY}@node.example"}),
                (("indexer", "status"), {"IONET_DATABASE": f"postgresql://me:{CANARY}@127.0.0.1:1/x"}),
            ),
        )
    world_said = "\n".join(stage.said.values())
    assert "node" in stage.said["unwell"]
    assert "asked too much" in world_said, "the node's words are passed on"
    assert "serving" in world_said, "the agent ran"
    assert {name: found for name, text in stage.said.items() if (found := stage.find(text))} == {}
    rows = asyncio.run(_rows(stage.database))
    assert len(rows) > 1_000
    assert stage.find(rows) == []
    assert _files_with_secrets(stage) == {}


def _to_the_end(stage: Stage, *lines: tuple[Sequence[str], dict[str, str]]) -> None:
    """Runs commands at the same time; each of them is refused."""
    with ExitStack() as running:
        begun = [running.enter_context(stage.process(*arguments, **environment)) for arguments, environment in lines]
        for process, (arguments, _) in zip(begun, lines, strict=True):
            assert process.wait(SECONDS) == 1, arguments


def _answers(port: int, *, is_well: bool) -> str:
    """What the indexer answers on all its paths, once it says that its node is well, or not."""
    until, said = time.monotonic() + SECONDS, ""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as http:
        while time.monotonic() < until:
            try:
                said = http.get("/healthz").text
                if json.loads(said)["checks"]["node"]["ok"] is is_well:
                    return said + http.get("/metrics").text + http.get("/livez").text + http.get("/nothing").text
            except httpx.TransportError as failed:
                said = str(failed)
            time.sleep(0.1)
    raise AssertionError(f"/healthz did not say in time that the node is well: {is_well}: {said}")


def _until_written(file: Path, word: str) -> None:
    """Waits until a process has logged something."""
    until = time.monotonic() + SECONDS
    while word not in file.read_text(errors="replace"):
        assert time.monotonic() < until, f"{file.name} did not say {word!r} in time: {file.read_text()[-500:]}"
        time.sleep(0.05)


def _arguments() -> str:
    """Those of every process that runs here."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(process.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    assert any("indexer run" in one for one in found)
    assert any("postgres" in one for one in found)
    return "\n".join(found)


async def _rows(database: str) -> str:
    """Everything that is in it, as text."""
    connection = await asyncpg.connect(database)
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        rows = []
        for table in tables:
            found = await connection.fetch(f"SELECT t::text FROM {table['name']} t")  # noqa: S608 - of the catalogue
            rows += [str(row[0]) for row in found]
            # A bytea is hex in text: the indexer's scheduler keeps its jobs so.
            rows += [
                bytes.fromhex(one).decode("latin-1")
                for row in found
                for one in re.findall(r"\\\\?x([0-9a-f]+)", row[0])
            ]
        return "\n".join(rows)
    finally:
        await connection.close()


def _files_with_secrets(stage: Stage) -> dict[str, list[str]]:
    """Files that agent, verifier and database wrote and that have one."""
    found = {}
    for folder in ("agent", "verifier", ".ionet"):
        for file in (stage.folder / folder).rglob("*"):
            if file.is_file() and (words := stage.find(file.read_bytes().decode("latin-1"))):
                found[str(file)] = words
    return found


async def test_health_tells_no_secret_whatever_fails() -> None:
    """A node and a database that cannot be reached, by URLs with passwords."""
    watched = Watched(
        f"postgresql://somebody:{CANARY}@127.0.0.1:1/x?password={CANARY}",
        f"http://somebody:{CANARY}@127.0.0.1:1/{CANARY}",
        Pulse(),
    )
    try:
        said = json.dumps(report(await watched.look()))
    finally:
        await watched.close()
    assert '"ok": false' in said
    assert CANARY not in said


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_the_search_finds_what_it_looks_for() -> None:
    """Every form of a key, or the tests here would pass of nothing."""
    key = Keypair()
    stage = Stage(None, None, Path(), "", "", [], {}, [key])  # type: ignore[arg-type] # only searches
    for form in spoken(key):
        assert stage.find(f"a {form} b") != []
    assert stage.find(json.dumps(list(bytes(key)))) != []
    assert stage.find(str(key.pubkey())) == []
