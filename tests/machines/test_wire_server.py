"""What an agent's server answers, and what it refuses, over real TLS."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ED25519
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from client.errors import IonetError
from machines.wire.errors import NodeRefused, NodeUnreachable, NotAuthentic, Refusal
from machines.wire.seen import LIFE_SECONDS, Seen
from machines.wire.server import (
    Identity,
    anyone,
    application,
    authenticate,
    body,
    chunks,
    read_json,
    signed,
    unsigned,
)
from machines.wire.signing import Message, content_digest, verify_answer, verify_request
from tests.machines.wire_servers import Memory, World, serving

PIECE = bytes(range(256)) * 1024  # 256 KiB


async def echo(request: Request) -> dict[str, Any]:
    raw = await body(request)
    return {"caller": str(request.state.caller), "query": request.url.query, "sha256": sha256(raw).hexdigest()}


async def count(request: Request) -> dict[str, Any]:
    length = 0
    async for chunk in chunks(request):
        length += len(chunk)
    return {"length": length}


async def pieces(request: Request) -> StreamingResponse:
    number = int(request.query_params["number"])

    async def content() -> AsyncIterator[bytes]:
        for _ in range(number):
            yield PIECE

    return StreamingResponse(content(), headers={"content-length": str(number * len(PIECE))})


async def broken(request: Request) -> None:
    raise KeyError("a secret of the node")


async def impossible(request: Request) -> None:
    raise IonetError("a job is of other things")


async def cut(request: Request) -> StreamingResponse:
    async def content() -> AsyncIterator[bytes]:
        yield b"the beginning"
        raise KeyError("the disk is gone")

    return StreamingResponse(content(), headers={"content-length": "1000"})


async def numbers(request: Request) -> int:
    return sum(await read_json(request, list[int]))


async def nobody(request: Request) -> None:
    raise Refusal(403, "only the job's authority may ask this")


async def token_or_key(request: Request) -> str:
    if request.headers.get("authorization") == "Bearer open sesame":
        return "token"
    return str((await authenticate(request)).address)


ROUTES = [
    Route("/echo", signed(echo, anyone), methods=["GET", "POST", "PUT"]),
    Route("/small", signed(echo, anyone, limit=1000), methods=["POST"]),
    Route("/count", signed(count, anyone, limit=1 << 40), methods=["PUT"]),
    Route("/pieces", signed(pieces, anyone), methods=["GET"]),
    Route("/broken", signed(broken, anyone), methods=["GET"]),
    Route("/impossible", signed(impossible, anyone), methods=["GET"]),
    Route("/cut", signed(cut, anyone), methods=["GET"]),
    Route("/numbers", signed(numbers, anyone), methods=["POST"]),
    Route("/others", signed(echo, nobody), methods=["GET"]),
    Route("/open", unsigned(token_or_key), methods=["GET"]),
]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path, ROUTES) as made:
        yield made


async def test_a_signed_request_is_answered_to_its_caller(world: World) -> None:
    """Caller, query and body arrive as they were signed, and the answer shows to others whose it is, and to what."""
    async with world.remote() as remote:
        exchange = await remote.exchange("POST", "/echo?a=%20b&c", {"n": 1})
        again = await remote.json("GET", "/echo")
    assert exchange.value == {
        "caller": str(world.caller.pubkey()),
        "query": "a=%20b&c",
        "sha256": sha256(b'{"n":1}').hexdigest(),
    }
    assert again["sha256"] == sha256().hexdigest()
    assert 0 < exchange.seconds < 5

    asked = verify_request(Message("POST", exchange.request.url, exchange.request.headers), world.node, None)
    assert asked.address == world.caller.pubkey()
    shown = exchange.status, exchange.headers, exchange.body, exchange.request
    verify_answer(*shown, exchange.nonce, world.agent.pubkey())
    with pytest.raises(NotAuthentic, match="signed by"):
        verify_answer(*shown, exchange.nonce, world.caller.pubkey())


Change = Callable[[World], tuple[str, str, dict[str, str], bytes | None]]
"""A request that is not as it should be: method, path, headers, body."""


def changed(**changes: Any) -> Change:
    """One that is signed otherwise."""

    def make(world: World) -> tuple[str, str, dict[str, str], bytes | None]:
        return "POST", "/echo", world.headers("POST", "/echo", b"{}", **changes), b"{}"

    return make


def altered(method: str = "POST", path: str = "/echo", content: bytes | None = b"{}", **headers: str) -> Change:
    """One that is something else after it was signed; of a header None is left where it is empty."""

    def make(world: World) -> tuple[str, str, dict[str, str], bytes | None]:
        sent = world.headers("POST", "/echo", b"{}")
        for name, value in headers.items():
            old = sent.pop(name.replace("_", "-"))
            if value:
                sent[name.replace("_", "-")] = value.format(old=old)
        return method, path, sent, content

    return make


def by_another_key(world: World) -> tuple[str, str, dict[str, str], bytes | None]:
    """Says that it is the caller's, and is signed by a stranger."""
    stranger = Keypair()
    sent = world.headers("POST", "/echo", b"{}", key=stranger)
    sent["signature-input"] = sent["signature-input"].replace(str(stranger.pubkey()), str(world.caller.pubkey()))
    return "POST", "/echo", sent, b"{}"


def self_made(*components: str, tag: str = "ionet", **parameters: Any) -> Change:
    """One whose signature holds, and covers what its maker likes."""

    def make(world: World) -> tuple[str, str, dict[str, str], bytes | None]:
        made = {
            "host": world.endpoint,
            "ionet-node": str(world.node),
            "content-digest": content_digest(sha256(b"{}").digest()),
        }
        now = datetime.now(UTC)
        private = Ed25519PrivateKey.from_private_bytes(world.caller.secret())
        address = str(world.caller.pubkey())
        known: dict[str, Any] = {
            "key_id": address,
            "created": now,
            "expires": now + timedelta(seconds=30),
            "nonce": "00" * 16,
            "tag": tag,
            "label": "any",
        }
        HTTPMessageSigner(
            signature_algorithm=ED25519,
            key_resolver=MappingKeyResolver(public_keys={}, private_keys={address: private}),
        ).sign(
            Message("POST", world.url("/echo"), made),
            covered_component_ids=components or ALL,
            use_existing_digest=True,
            **(known | parameters),
        )
        return "POST", "/echo", made, b"{}"

    return make


ALL = ("@method", "@authority", "@path", "@query", "ionet-node", "content-digest")


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        (changed(now=time.time() - LIFE_SECONDS - 3600), 401, "ago, over 30: sign it anew"),
        (changed(now=time.time() + LIFE_SECONDS + 3600), 401, "in the future: check the clocks"),
        (changed(node=Pubkey.new_unique()), 421, "asks node"),
        (changed(nonce="abc"), 401, "nonce is not 16 bytes"),
        (by_another_key, 401, "does not hold"),
        (self_made(tag="other"), 401, "No signatures found matching the expected tag"),
        *((self_made(*(part for part in ALL if part != left)), 401, f'"{left}" was not covered') for left in ALL[:-1]),
        (self_made(*ALL[:-1]), 400, "not the one that was signed"),
        (self_made(nonce=None), 401, "nonce is not 16 bytes"),
        (self_made(expires=None), 401, "when it expires"),
        (self_made(expires=datetime.now(UTC) - timedelta(hours=1)), 401, "expired"),
        (altered(method="PUT"), 401, "does not hold"),
        (altered(path="/echo?more"), 401, "does not hold"),
        (altered(path="/numbers"), 401, "does not hold"),
        (altered(content=b"{ }"), 400, "not the one that was signed"),
        (altered(content=None), 400, "not the one that was signed"),
        (altered(host="localhost:1"), 401, "does not hold"),
        (altered(ionet_node=str(Pubkey.new_unique())), 401, "does not hold"),
        (altered(content_digest=f"sha-256=:{'A' * 43}=:"), 401, "does not hold"),
        (altered(signature="", signature_input=""), 401, "does not hold"),
        (altered(signature="{old}, other=:AAAA:"), 401, "does not hold"),
        (altered(signature="{old}" + ", b=:AAAA:" * 200), 401, "it may have 1,024"),
        (altered(signature_input='ionet=("@method" {old}'), 401, "does not hold"),
    ],
)
async def test_what_is_not_signed_as_it_should_be_is_refused(
    world: World, change: Change, status: int, sentence: str
) -> None:
    """Old, future, for another node, by another key, unsigned, or changed after it was signed: refused."""
    method, path, headers, content = change(world)
    got, answer, _ = await world.send(method, path, headers, content)
    assert (got, sentence in answer["error"]) == (status, True), answer


async def test_a_signature_of_ones_own_making_is_taken(world: World) -> None:
    """Whoever covers what is asked for is taken, whatever made the signature."""
    assert (await world.send(*self_made()(world)))[0] == 200


async def test_a_request_is_taken_once(world: World) -> None:
    """The very same request is refused the second time."""
    headers = world.headers("POST", "/echo", b"{}")
    first, second = [await world.send("POST", "/echo", headers, b"{}") for _ in range(2)]
    assert first[0] == 200
    assert second[0] == 401
    assert "made before" in second[1]["error"]


async def test_what_was_signed_before_the_service_began_is_refused(tmp_path: Path) -> None:
    """After a restart nothing is known of nonces, so nothing older than the restart is taken."""
    identity = Identity(Keypair(), Pubkey.new_unique(), Seen(now=time.time() + 5))
    async with serving(tmp_path, ROUTES, identity=identity) as world:
        status, answer, _ = await world.send("GET", "/echo", world.headers("GET", "/echo"))
    assert status == 401
    assert "before this service began" in answer["error"]


async def test_a_body_that_was_not_signed_is_refused(world: World) -> None:
    """A request signed without a body has none."""
    status, answer, _ = await world.send("POST", "/echo", world.headers("POST", "/echo"), b"{}")
    assert status == 400
    assert "not the one that was signed" in answer["error"]


async def test_refusals_are_signed_and_readable(world: World) -> None:
    """Who may not ask, what is not there and what the node fails at is told, signed, without what the node hides."""
    async with world.remote() as remote:
        for method, path, status, sentence in (
            ("GET", "/others", 403, "only the job's authority may ask this"),
            ("GET", "/nothing", 404, "there is nothing at /nothing"),
            ("GET", "/echo/", 404, "there is nothing at /echo/"),
            ("POST", "/broken", 405, "/broken cannot be asked with POST"),
            ("GET", "/impossible", 400, "a job is of other things"),
            ("GET", "/broken", 500, "the node failed to do this: its log says why"),
        ):
            with pytest.raises(NodeRefused) as refused:
                await remote.json(method, path)
            assert (refused.value.status, refused.value.sentence) == (status, sentence)
            assert str(world.node) in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"{", b'["a"]', b"[1,2", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b"[1e999]"]
)
async def test_json_that_is_not_as_asked_is_refused(world: World, content: bytes) -> None:
    """Garbage, other types and brackets without end are refused, and the next request is answered."""
    status, answer, _ = await world.send("POST", "/numbers", world.headers("POST", "/numbers", content), content)
    assert status == 400
    assert "not the JSON that is asked for" in answer["error"]
    async with world.remote() as remote:
        assert await remote.json("POST", "/numbers", [1, 2, 3]) == 6


async def test_a_body_over_the_limit_is_refused(world: World) -> None:
    """Whether its length is announced or not."""

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield bytes(100)

    content = bytes(1100)
    headers = world.headers("POST", "/small", content)
    for sent in (content, unannounced()):
        status, answer, _ = await world.send("POST", "/small", headers, sent)
        assert status == 413
        assert "may have 1,000 bytes" in answer["error"]
        headers = world.headers("POST", "/small", content)


async def test_a_token_may_stand_in_for_a_signature(world: World) -> None:
    """An unsigned route decides for itself; what it answers to a token is plain."""
    status, answer, headers = await world.send("GET", "/open", {"authorization": "Bearer open sesame"})
    assert (status, str(answer)) == (200, "token")
    assert "Signature" not in headers
    assert (await world.send("GET", "/open", {}))[0] == 401
    async with world.remote() as remote:
        assert await remote.json("GET", "/open") == str(world.caller.pubkey())


async def test_bodies_pass_in_constant_memory(world: World) -> None:
    """A quarter of a gigabyte goes each way, hashed by the server; neither side holds it."""
    number = 1024
    hashed = sha256()
    for _ in range(number):
        hashed.update(PIECE)

    async def source() -> AsyncIterator[bytes]:
        for _ in range(number):
            yield PIECE

    async with world.remote() as remote:
        await remote.json("GET", "/echo")
        memory, size = Memory(), number * len(PIECE)
        assert await remote.upload("PUT", "/count", source(), size, hashed.digest()) == {"length": size}
        received = sha256()
        async with aclosing(remote.stream(f"/pieces?number={number}", limit=size)) as stream:
            async for piece in stream:
                received.update(piece)
        assert received.digest() == hashed.digest()
        assert memory.grown < 32 << 20


async def test_a_stream_whose_source_fails_is_cut(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Its reader sees that something is missing, and the node's log says why."""
    async with world.remote() as remote:
        with pytest.raises(NodeUnreachable, match="does not answer as an agent does"):
            async with aclosing(remote.stream("/cut", limit=1000)) as stream:
                assert [piece async for piece in stream] == []
        assert await remote.json("POST", "/numbers", [1]) == 1
    assert "the disk is gone" in caplog.text


async def test_a_slow_handler_holds_its_caller_back(tmp_path: Path) -> None:
    """What it has not read yet waits at the caller, and not in the server's memory."""
    begun, go_on, given = asyncio.Event(), asyncio.Event(), 0

    async def late(request: Request) -> dict[str, Any]:
        await anext(chunks(request))
        begun.set()
        await go_on.wait()
        return {}

    async def source() -> AsyncIterator[bytes]:
        nonlocal given
        while given < 256:
            given += 1
            yield PIECE

    routes = [Route("/late", signed(late, anyone, limit=1 << 40), methods=["PUT"])]
    async with serving(tmp_path, routes) as world, world.remote() as remote:
        memory = Memory()
        sending = asyncio.create_task(remote.upload("PUT", "/late", source(), 256 * len(PIECE), bytes(32)))
        await begun.wait()
        before = -1
        while given != before:
            before = given
            await asyncio.sleep(0.2)
        assert given < 256
        assert memory.grown < 32 << 20
        go_on.set()
        assert await sending == {}


async def test_an_upload_is_refused_at_its_end_where_its_hash_differs(world: World) -> None:
    """A body of another SHA-256 than was signed is read, and refused."""
    async with world.remote() as remote:
        with pytest.raises(NodeRefused) as refused:
            await remote.upload("PUT", "/count", bytes(1 << 20), 1 << 20, sha256(b"another").digest())
        assert refused.value.status == 400
        assert await remote.upload("PUT", "/count", b"", 0, sha256().digest()) == {"length": 0}
        assert await remote.upload("PUT", "/count", b"ab", 2, sha256(b"ab").digest()) == {"length": 2}


async def test_an_upload_that_is_refused_is_not_sent(world: World) -> None:
    """The node refuses by the headers, before a long body is sent."""
    given = 0

    async def source() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1
            yield PIECE

    async with world.remote() as remote:
        with pytest.raises(NodeRefused, match="may have 1,000 bytes"):
            await remote.upload("POST", "/small", source(), 1 << 30, bytes(32))
    assert given == 0


def test_an_application_does_not_redirect() -> None:
    """A redirect is another request than was signed."""
    assert application([], Identity(Keypair(), Pubkey.new_unique())).router.redirect_slashes is False
