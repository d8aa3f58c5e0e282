"""A node's real answers, recorded once, and what a hostile one makes of them: everything that client and indexer ask.

Each input is one call of theirs, such as `quote_job`, of which one answer is changed: its JSON, its bytes, what is in
base64 in it, its HTTP. The outcome is a value, or an error that has a sentence for people.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from random import Random
from types import SimpleNamespace
from typing import Any, Final, cast

import aiohttp
import httpx
from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction import Transaction

from client import accounts, actions, addresses, reads, rpc, sending, stakes, supply
from client.actions import cranks
from client.idl import program_id
from client.instructions import tokens
from client.state import Committee, Earner
from indexer.node.rpc import Rpc
from tests.programs.world import World, new_world

SECONDS: Final = 20.0
"""In which every call ends, however its node answers: some 5 ms would do."""
SENTENCE: Final = 2_000
"""Characters that an error may have."""
SEND: Final = sending.SendOptions(timeout_seconds=0.05, signings=2)
_ODD: Final[tuple[Any, ...]] = (
    *(None, True, False, -1, 0, 1, 255, 2**31, 2**53, 2**63, 2**64, 2**70, 0.5, -0.0, 1e308),
    *("", "1", "0OIl", "\0", "\u202e", "'; DROP TABLE chain.block; --", "A" * 5_000, "1" * 44, "base64", "processed"),
    *([], {}, [None], [[]], {"": None}, [0] * 300, {"err": {}}, {"Ok": None}, {"InstructionError": [0, {"Custom": 1}]}),
    *({"InstructionError": [255, "x"]}, {"InsufficientFundsForRent": {"account_index": 255}}, "AccountInUse"),
)
_ERRORS: Final = (-32_000, -32_002, -32_003, -32_005, -32_016, -32_429, -32_602, -32_603, 429, 0, 2**40, -1)
_BODIES: Final = (
    *(b"", b"{}", b"[]", b"null", b"0", b'"', b"<html>busy</html>", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 5_000),
    *(b'{"jsonrpc":"2.0","id":0,"result":' + b"[" * 3_000, b'{"jsonrpc":"2.0","id":0}', b'{"result":null}'),
)

Call = Callable[[AsyncClient], Awaitable[object]]
Asked = tuple[str, bytes]
"""A method, and the answer to it."""


@dataclass
class Recorded:
    """What is called, and what the real node answered to each of the questions of a call, in their order."""

    calls: Mapping[str, Call]
    answers: dict[str, list[Asked]] = field(default_factory=dict)
    asks: dict[str, Callable[[Rpc], Awaitable[object]]] = field(default_factory=dict)
    """The indexer's."""

    @cached_property
    def datas(self) -> list[str]:
        """Contents of real accounts, base64: what a node may show in another's place."""
        texts = (answer.decode() for asked in self.answers.values() for _, answer in asked)
        return sorted({one["data"][0] for text in texts for one in _accounts(json.loads(text))})


def calls(world: World, node: Pubkey, user: Pubkey, job: Pubkey, sender: Keypair) -> dict[str, Call]:
    """Everything that commands ask, and a payment."""
    owner = world.admin.pubkey()
    paying = tokens.transfer(source=world.io(world.admin), destination=world.io(world.admin), owner=owner, amount=1)
    blockhash = world.chain.blockhash()
    draft = sending.compose([paying], owner, blockhash, 200_000)
    signed = sending.Signed(bytes(Transaction([world.admin], draft, blockhash)), 1)

    async def pending(client: AsyncClient) -> object:
        earner = await reads.require(client, Earner, addresses.earner(node), "earner")
        return await reads.pending(client, await reads.emission(client), earner)

    return {
        "committee": reads.committee,
        "emission": reads.emission,
        "terms": reads.terms,
        "auction": reads.auction,
        "auction now": reads.auction_now,
        "quote job": lambda client: reads.quote_job(client, "4090", 1, 1, user),
        "quote sale": lambda client: reads.quote_sale(client, 10**9),
        "no class": lambda client: reads.hardware_class(client, "none"),
        "actor": lambda client: reads.actor(client, node),
        "agent": lambda client: reads.agent(client, node),
        "job": lambda client: reads.job(client, job),
        "user": lambda client: reads.user_of(client, sender.pubkey()),
        "rate": lambda client: reads.rate_of(client, 1),
        "pending": pending,
        "nodes": accounts.nodes,
        "jobs": accounts.jobs,
        "classes": accounts.classes,
        "many": lambda client: accounts.fetch_many(client, Committee, [addresses.committee()] * 3),
        "balance": lambda client: accounts.token_balance(client, world.io(owner)),
        "balances": lambda client: accounts.token_balances(client, [world.io(owner), world.usd(owner)]),
        "supply": supply.supply,
        "registry": stakes.registry,
        "stakes": lambda client: stakes.stakes_of(client, owner),
        "tickets": lambda client: stakes.tickets_of(client, owner),
        "slashes": stakes.slashes_of,
        "clock": rpc.chain_time,
        "send": lambda client: sending.send(client, [paying], [world.admin], SEND),
        "resume": lambda client: sending.resume(client, signed, SEND),
        "look up": lambda client: sending.look_up(client, signed.signature, 1),
        "open job": lambda client: actions.open_job(
            client, sender, user=user, hardware_class="4090", processors=1, hours=1, options=SEND
        ),
        "crank": lambda client: cranks.crank(client, sender, SEND),
    }


def asks(slot: int, address: str, signature: str) -> dict[str, Callable[[Rpc], Awaitable[object]]]:
    """Everything that the indexer asks."""
    return {
        "slot": lambda node: node.slot(),
        "genesis hash": lambda node: node.genesis_hash(),
        "block time": lambda node: node.block_time(slot),
        "blocks": lambda node: node.blocks(0, slot),
        "first available": lambda node: node.first_available(),
        "block": lambda node: node.block(slot),
        "header": lambda node: node.header(slot, signatures=True),
        "signatures": lambda node: node.signatures(address),
        "signatures before": lambda node: node.signatures_before(address, signature, slot),
        "transaction": lambda node: node.transaction(signature),
        "located": lambda node: node.located(signature),
    }


@contextmanager
def stage() -> Iterator[Recorded]:
    """All of it, recorded on a network with a node, a user and its job."""
    with new_world() as world:
        world.prices()
        (_, node), user = world.node(), world.user()
        job = world.open_job(user)
        world.start_job(job, node)
        world.chain.warp(slots=40)
        address = str(program_id("escrow"))
        (newest, *_) = world.chain.call("getSignaturesForAddress", address, {"commitment": "confirmed", "limit": 1})
        asked = asks(newest["slot"], address, newest["signature"])
        wanted = calls(world, node, user[1], job, user[0])
        yield asyncio.run(record(str(world.chain.http.base_url).rstrip("/"), wanted, asked))


class _Recording(httpx.AsyncBaseTransport):
    """To the real node, keeping its answers."""

    def __init__(self, into: list[Asked]) -> None:
        self._real, self._into = httpx.AsyncHTTPTransport(), into

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._real.handle_async_request(request)
        content = await response.aread()
        self._into.append((json.loads(request.content)["method"], content))
        return httpx.Response(response.status_code, content=content, headers={"content-type": "application/json"})


class _Hostile(httpx.AsyncBaseTransport):
    """Recorded answers, each of its method's in their order; one of them is changed."""

    def __init__(self, answers: Sequence[Asked], change: Callable[[bytes], tuple[int, bytes]], at: int) -> None:
        self._answers, self._change, self._at = answers, change, at
        self._times: Counter[str] = Counter()
        self._asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        method = json.loads(request.content)["method"]
        known = [answer for name, answer in self._answers if name == method]
        answer = known[min(self._times[method], len(known) - 1)] if known else b'{"jsonrpc":"2.0","id":0,"result":null}'
        self._times[method] += 1
        status, self._asked = 200, self._asked + 1
        if self._asked > self._at:  # it goes on lying
            status, answer = self._change(answer)
        return httpx.Response(status, content=answer, headers={"content-type": "application/json"})


@asynccontextmanager
async def _client(transport: httpx.AsyncBaseTransport, url: str) -> AsyncIterator[AsyncClient]:
    client = _made(url)
    provider = cast(Any, client._provider)
    provider.session = httpx.AsyncClient(transport=transport, timeout=5, verify=rpc.tls(), trust_env=False)
    yield client


@cache
def _made(url: str) -> AsyncClient:
    """A client, made once: its checks of certificates take most of the time of a call."""
    return rpc.connect(url)


async def record(
    url: str, wanted: Mapping[str, Call], asked: Mapping[str, Callable[[Rpc], Awaitable[object]]]
) -> Recorded:
    """Calls everything once."""
    found = Recorded(wanted, asks=dict(asked))
    for name, call in wanted.items():
        into: list[Asked] = []
        async with _client(_Recording(into), url) as client:
            with suppress(*rpc.FAILURES):  # such as a class that there is not
                await call(client)
        assert into, f"{name} asks nothing"
        found.answers[name] = into
    async with aiohttp.ClientSession() as http:
        for name, ask in asked.items():
            answers: list[Asked] = []
            node = _Keeping(url, http, answers)
            await ask(node)
            found.answers[f"indexer: {name}"] = answers
    return found


class _Keeping(Rpc):
    """The indexer's way to a node, keeping its answers."""

    def __init__(self, url: str, http: aiohttp.ClientSession, into: list[Asked]) -> None:
        super().__init__(url, http)
        self._into = into

    async def _post(self, body: bytes) -> tuple[aiohttp.ClientResponse, bytes]:
        response, content = await super()._post(body)
        self._into.append((json.loads(body)["method"], content))
        return response, content


class _Lying(Rpc):
    """The indexer's way to a node whose answers are changed."""

    def __init__(self, answers: Sequence[Asked], change: Callable[[bytes], tuple[int, bytes]]) -> None:
        super().__init__("http://127.0.0.1:1", cast(Any, None))
        self._answers, self._change, self._asked = answers, change, 0

    async def _post(self, body: bytes) -> tuple[aiohttp.ClientResponse, bytes]:
        answer = json.loads(self._answers[min(self._asked, len(self._answers) - 1)][1])
        self._asked += 1
        answer["id"] = json.loads(body)["id"]
        status, content = self._change(json.dumps(answer).encode())
        return cast(aiohttp.ClientResponse, SimpleNamespace(status=status, headers={})), content


def changed(raw: bytes, random: Random, datas: Sequence[str]) -> tuple[int, bytes]:
    """An answer, changed in one way or several; with its HTTP status."""
    match random.randrange(12):
        case 0:
            return 200, raw[: random.randrange(len(raw))]
        case 1:
            return 200, random.choice(_BODIES)
        case 2:
            body = bytearray(raw)
            body[random.randrange(len(body))] = random.randrange(256)
            return 200, bytes(body)
        case 3:
            return random.choice((301, 400, 403, 404, 408, 413, 429, 500, 503, 599)), random.choice((raw, *_BODIES))
        case 4:
            error: Any = {"code": random.choice(_ERRORS), "message": random.choice(("busy", "", "\x1b[2J\0" * 900))}
            error |= random.choice(
                ({}, {"data": random.choice(_ODD)}, {"data": {"err": random.choice(_ODD), "logs": []}})
            )
            if random.random() < 0.3:
                _change(error, random)
            return 200, json.dumps({"jsonrpc": "2.0", "id": 0, "error": error}).encode()
    answer = json.loads(raw)
    found = _accounts(answer)
    for _ in range(random.randrange(1, 4)):
        if found and random.random() < 0.6:
            _lie(random.choice(found), random, datas)
        else:
            _change(answer, random)
    return 200, json.dumps(answer).encode()


def _accounts(answer: Any) -> list[dict[str, Any]]:
    """The accounts in an answer, wherever they are."""
    if isinstance(answer, dict):
        data = answer.get("data")
        own = [answer] if isinstance(data, list) and len(data) == 2 and data[1] == "base64" else []
        return own + [one for value in answer.values() for one in _accounts(value)]
    return [one for value in answer for one in _accounts(value)] if isinstance(answer, list) else []


def _lie(account: dict[str, Any], random: Random, datas: Sequence[str]) -> None:
    """Shows another account, or a damaged one, still well in its form."""
    if not isinstance(account.get("data"), list):
        return  # it was changed before
    try:
        data = bytearray(base64.b64decode(account["data"][0]))
    except (ValueError, TypeError, IndexError):
        return
    match random.randrange(6):
        case 0:
            account["data"][0] = random.choice(datas)
            return
        case 1:
            data = data[: random.randrange(len(data) + 1)]
        case 2:
            data += bytes(random.randrange(1, 2_000))
        case 3:
            account["owner"] = random.choice(("1" * 32, "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"))
        case 4:
            data[8:] = bytes([random.choice((0, 255))]) * max(0, len(data) - 8)
        case _:
            for _ in range(random.randrange(1, 20)):
                if data:
                    data[random.randrange(len(data))] = random.choice((0, 1, 127, 128, 255))
    account["data"][0] = base64.b64encode(bytes(data)).decode()


def _change(node: Any, random: Random) -> None:
    """Changes one place somewhere in a JSON value."""
    while True:
        places = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not places:
            return
        place = random.choice(places)
        if not (isinstance(node[place], dict | list) and node[place] and random.random() < 0.85):
            break
        node = node[place]
    match random.randrange(5):
        case 0:
            del node[place]
        case 1 if isinstance(node, list):
            node.insert(place, copy.deepcopy(node[random.randrange(len(node))]))
        case 2 if isinstance(node[place], int) and not isinstance(node[place], bool):
            node[place] += random.choice((-1, 1, 2**32, 2**63, -(2**63)))
        case 3 if isinstance(node[place], str):
            cut = random.randrange(len(node[place]) + 1)
            node[place] = node[place][:cut] + random.choice(("", "1", "z", "é", "=")) + node[place][cut + 1 :]
        case _:
            node[place] = copy.deepcopy(random.choice(_ODD))


class Wrong(Exception):
    """An outcome that people would see as a crash, or not at all."""


async def one(recorded: Recorded, number: int, seed: int) -> str:
    """Reads one changed answer; how it ended. Raises `Wrong`."""
    random = Random(f"{seed} {number}")  # noqa: S311 - repeated by its seed
    names = sorted(recorded.answers)
    name = names[number % len(names)]
    answers, datas = recorded.answers[name], recorded.datas
    sent: list[bytes] = []

    def change(raw: bytes) -> tuple[int, bytes]:
        status, body = changed(raw, random, datas)
        sent.append(body)
        return status, body

    try:
        async with asyncio.timeout(SECONDS):
            if name.startswith("indexer: "):
                await recorded.asks[name.removeprefix("indexer: ")](_Lying(answers, change))
            else:
                transport = _Hostile(answers, change, random.randrange(len(answers)))
                async with _client(transport, "http://127.0.0.1:1") as client:
                    await recorded.calls[name](client)
    except rpc.FAILURES as refused:
        said = rpc.reason(refused)
        if not said or len(said) > SENTENCE or "\0" in said or "\x1b" in said:
            raise Wrong(f"input {number} of seed {seed}, {name}: its error says {said[:300]!r}") from refused
        return "refused"
    except BaseException as failed:
        last = sent[-1][:600] if sent else b""
        raise Wrong(
            f"input {number} of seed {seed}, {name}: {type(failed).__name__}: {failed}, at {last!r}"
        ) from failed
    return "taken"


async def run(recorded: Recorded, seed: int, count: int) -> Counter[str]:
    """Reads so many; how they ended."""
    found: Counter[str] = Counter()
    for number in range(count):
        found[await one(recorded, number, seed)] += 1
    return found
