"""JSON-RPC for the replay: a few calls, each answer parsed once, retries that are bounded and polite."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any, Final, Generic, Protocol, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec
from msgspec import UNSET, UnsetType

from client.discreet import discreet, harmless
from client.rpc import distrusted, shown, tls
from indexer.decoding.blocks import AnyBlock, Block, Header, Listed, Located, Transaction
from indexer.decoding.scan import Scanner
from indexer.errors import ChainMismatch, NodeUnavailable
from indexer.node.pace import Pace, asked_pause, backoff

T = TypeVar("T")

ATTEMPTS: Final = 6
"""Of one call, over some 8 seconds."""
BUSY_ATTEMPTS: Final = 12
"""Of one call in all: where the node says that it is asked too much, more are made than `ATTEMPTS`."""
READ_SECONDS: Final = 30.0
"""For a connection, and for each part of an answer."""
CALL_SECONDS: Final = 120.0
"""For a whole answer: a node that sends a byte now and then hangs too."""
ANSWER_BYTES: Final = 1 << 28
"""What an answer may have: some twenty times the largest block."""
CONNECTIONS: Final = 16
_BUFFER_BYTES: Final = 1 << 20
_HEADERS: Final = {"content-type": "application/json"}

_NOT_YET: Final = {-32004, -32014}
"""The block is not there yet, or its status is not: worth another try. So are -32005 (behind) and -32603."""
_RETRIED: Final = _NOT_YET | {-32005, -32016, -32603}
_BUSY: Final = {429, -32429}
"""What providers answer, with whatever HTTP status, to who asks too much."""
_GONE: Final = {-32001, -32007, -32009, -32011, -32019}
"""Pruned, skipped or missing in the node's long-term storage."""
_VERSION_UNKNOWN: Final = -32015
_SIGNATURE_UNKNOWN: Final = -32020

_UNAVAILABLE_STATUS: Final = {429, 503}
_MESSAGE: Final = 300
"""Characters of a node's own words that are passed on."""
_HOST: Final = re.compile(r"https?://\S+")

OUTCOMES: Final[ContextVar[Counter[tuple[str, str]] | None]] = ContextVar("outcomes", default=None)
"""Where nodes that are opened in this context count their attempts; None: each for itself."""


class _Retry(Exception):
    """This attempt failed, another may not."""


class _Busy(_Retry):
    """The node is asked too much."""

    def __init__(self, reason: str, pause: float | None) -> None:
        super().__init__(reason)
        self.pause = pause
        """Seconds that it asks for."""


class _Error(msgspec.Struct):
    code: int
    message: str


class _Answer(msgspec.Struct, Generic[T]):
    id: int | str | None = None
    result: T | UnsetType = UNSET
    error: _Error | None = None


class _Reads(Protocol[T]):
    def decode(self, content: bytes, /) -> _Answer[T]: ...


_BLOCK: Final = msgspec.json.Decoder(_Answer[Block])
_HEADER: Final = msgspec.json.Decoder(_Answer[Header])
_TRANSACTION: Final = msgspec.json.Decoder(_Answer[Transaction | None])
_LOCATED: Final = msgspec.json.Decoder(_Answer[Located | None])
_LISTED: Final = msgspec.json.Decoder(_Answer[list[Listed]])
_SLOTS: Final = msgspec.json.Decoder(_Answer[list[int]])
_NUMBER: Final = msgspec.json.Decoder(_Answer[int])
_TEXT: Final = msgspec.json.Decoder(_Answer[str])


class _Scans:
    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner

    def decode(self, content: bytes, /) -> _Answer[AnyBlock]:
        scanned = self._scanner.read(content)
        if scanned is not None:
            return _Answer(*scanned)
        whole = _BLOCK.decode(content)
        return _Answer(whole.id, whole.result, whole.error)


class Rpc:
    """A node. Every method raises `NodeUnavailable`, with the node's name, once its attempts are used up.

    What a node has forgotten, or never had, is `ChainMismatch`.
    """

    def __init__(self, url: str, http: aiohttp.ClientSession, pace: Pace | None = None) -> None:
        self.url = shown(url)
        """As it may be shown: scheme and host. Path and query may hold an access key."""
        counted = OUTCOMES.get()
        self.outcomes: Counter[tuple[str, str]] = Counter() if counted is None else counted
        """How many attempts of each method were `ok`, `retried`, `busy` or `failed`."""
        self._url = url
        self._http = http
        self._pace = pace or Pace(CONNECTIONS)
        self._last_id = 0

    async def slot(self, commitment: str = "finalized") -> int:
        """The newest slot at a commitment."""
        return await self._call(_NUMBER, "getSlot", {"commitment": commitment})

    async def genesis_hash(self) -> str:
        """Which chain this is."""
        return await self._call(_TEXT, "getGenesisHash")

    async def block_time(self, slot: int) -> int:
        """When the block of a slot was made, Unix seconds."""
        return await self._call(_NUMBER, "getBlockTime", slot)

    async def blocks(self, first: int, last: int, commitment: str = "finalized") -> list[int]:
        """The slots from `first` to `last` (both included, at most 500,000 apart) that have a block."""
        return await self._call(_SLOTS, "getBlocks", first, last, {"commitment": commitment})

    async def first_available(self) -> int:
        """The oldest slot that the node still has."""
        return await self._call(_NUMBER, "getFirstAvailableBlock")

    async def block(self, slot: int, commitment: str = "finalized") -> Block:
        """The block of a slot that has one, with its transactions in full."""
        return await self._call(_BLOCK, "getBlock", slot, _block_options("full", commitment))

    async def scanned(self, scanner: Scanner, slot: int, commitment: str = "finalized") -> AnyBlock:
        """The same, with no more of its transactions than `scanner` looks for; all of it where it cannot read it."""
        return await self._call(_Scans(scanner), "getBlock", slot, _block_options("full", commitment))

    async def header(self, slot: int, commitment: str = "finalized", *, signatures: bool = False) -> Header:
        """The block of a slot that has one, with no more of its transactions than their signatures."""
        details = "signatures" if signatures else "none"
        return await self._call(_HEADER, "getBlock", slot, _block_options(details, commitment))

    async def signatures(
        self, address: str, *, before: str | None = None, limit: int = 1_000, min_slot: int = 0
    ) -> list[Listed]:
        """One page of the finalized transactions that name an address, newest first, older than `before`.

        Only a node that has come to the slot `min_slot` answers. One that does not know `before` may answer with its
        newest page, or with nothing: see `indexer.node.listing`.
        """
        options: dict[str, Any] = {"commitment": "finalized", "limit": limit, "minContextSlot": min_slot}
        if before is not None:
            options["before"] = before
        return await self._call(_LISTED, "getSignaturesForAddress", address, options)

    async def signatures_before(self, address: str, before: str, slot: int) -> list[str]:
        """Signatures of every transaction that names an address, before the signature `before` of `slot`, newest first.

        A node that does not know `before` answers with its newest page instead: `ChainMismatch`.
        """
        found: list[str] = []
        while True:
            page = await self.signatures(address, before=found[-1] if found else before)
            if any(entry.slot > slot or entry.signature == before for entry in page) or (
                page and page[0].signature in found
            ):
                raise ChainMismatch(
                    f"the node at {self.url} does not know the transaction {before}: give another --url"
                )
            if not page:
                return found
            found += [entry.signature for entry in page]

    async def transaction(self, signature: str) -> Transaction | None:
        """A confirmed transaction; None where the node has none."""
        return await self._call(_TRANSACTION, "getTransaction", signature, _transaction_options("confirmed"))

    async def located(self, signature: str) -> Located | None:
        """A finalized transaction and its slot; None where the node has none."""
        return await self._call(_LOCATED, "getTransaction", signature, _transaction_options("finalized"))

    async def _call(self, decoder: _Reads[T], method: str, *params: Any) -> T:
        attempt = busy = 0
        while True:
            attempt += 1
            async with self._pace.turn() as began:
                try:
                    answer = await self._attempt(decoder, method, params)
                    self._pace.answered()
                    self.outcomes[method, "ok"] += 1
                    return answer
                except _Busy as reason:
                    busy += 1
                    pause = backoff(attempt) if reason.pause is None else reason.pause
                    self._pace.refused(began, pause)
                    self.outcomes[method, "busy"] += 1
                    failed: _Retry = reason
                except _Retry as reason:
                    pause = backoff(attempt)
                    self.outcomes[method, "retried"] += 1
                    failed = reason
                except Exception:
                    self.outcomes[method, "failed"] += 1
                    raise
            if attempt - busy >= ATTEMPTS or attempt >= BUSY_ATTEMPTS:
                self.outcomes[method, "failed"] += 1
                raise NodeUnavailable(
                    f"the node at {self.url} did not answer {method} in {attempt} attempts: {failed}. "
                    "Nothing is lost: run this again when it does, or give another --url"
                ) from failed
            await self._pace.sleep(pause)

    async def _attempt(self, decoder: _Reads[T], method: str, params: tuple[Any, ...]) -> T:
        self._last_id += 1
        asked = self._last_id
        body = msgspec.json.encode({"jsonrpc": "2.0", "id": asked, "method": method, "params": params})
        response, content = await self._post(body)
        if response.status in _UNAVAILABLE_STATUS:
            raise _Busy(f"HTTP {response.status}", asked_pause(response.headers.get("retry-after"), time.time()))
        if response.status >= 500 or response.status == 408:
            raise _Retry(f"HTTP {response.status}")
        try:
            answer = decoder.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if response.status != 200:
                raise NodeUnavailable(f"the node at {self.url} refuses with HTTP {response.status}") from error
            raise _Retry(f"not an answer to {method}: {error}") from error
        if answer.error is not None:
            raise _refusal(self.url, method, params, answer.error)
        if answer.id != asked:
            raise _Retry(f"an answer to another question ({harmless(str(answer.id)[:40])})")
        if answer.result is UNSET:
            raise _Retry(f"not an answer to {method}: it has no result")
        return answer.result

    async def _post(self, body: bytes) -> tuple[aiohttp.ClientResponse, bytes]:
        parts, size = [], 0
        try:
            async with (
                asyncio.timeout(CALL_SECONDS),
                self._http.post(self._url, data=body, headers=_HEADERS, allow_redirects=False) as response,
            ):
                async for part in response.content.iter_any():
                    size += len(part)
                    if size > ANSWER_BYTES:
                        raise _Retry(f"an answer of more than {ANSWER_BYTES:,} bytes")
                    parts.append(part)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise NodeUnavailable(f"{self.url!r} is no URL of a node: give http://… or https://…") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise NodeUnavailable(distrusted(self.url, error.certificate_error)) from error
        except aiohttp.ClientError as error:
            raise _Retry(_HOST.sub(self.url, f"{type(error).__name__} {error}".strip())) from error
        except TimeoutError as error:
            raise _Retry(f"no whole answer in {CALL_SECONDS:.0f} seconds") from error
        return response, b"".join(parts)


def _block_options(details: str, commitment: str) -> dict[str, Any]:
    return {
        "encoding": "json",
        "transactionDetails": details,
        "rewards": False,
        "maxSupportedTransactionVersion": 0,
        "commitment": commitment,
    }


def _transaction_options(commitment: str) -> dict[str, Any]:
    return {"encoding": "json", "maxSupportedTransactionVersion": 0, "commitment": commitment}


def _refusal(url: str, method: str, params: tuple[Any, ...], error: _Error) -> Exception:
    asked = f"{method} {params[0]}" if params else method
    message = f"{harmless(discreet(_HOST.sub(url, error.message[:_MESSAGE])))} ({error.code})"
    if error.code in _BUSY:
        return _Busy(message, None)
    if error.code in _RETRIED:
        return _Retry(message)
    if error.code in _GONE:
        return ChainMismatch(
            f"the node at {url} no longer has what {asked} asks for: {message}. Nothing was skipped; "
            "give a node with the full history by --url"
        )
    if error.code == _SIGNATURE_UNKNOWN:
        return ChainMismatch(
            f"the node at {url} does not know a transaction that it listed before ({asked}: {message}). "
            "Nothing was skipped; run this again, or give another --url"
        )
    if error.code == _VERSION_UNKNOWN:
        return ChainMismatch(f"{asked}: {message}. This indexer reads versions up to 0: update it")
    return NodeUnavailable(f"the node at {url} refuses {asked}: {message}")


@asynccontextmanager
async def open_rpc(url: str, connections: int = CONNECTIONS) -> AsyncIterator[Rpc]:
    """A node at `url`, with at most so many calls at once."""
    connector = aiohttp.TCPConnector(limit=connections, ssl=tls())
    timeout = aiohttp.ClientTimeout(sock_connect=READ_SECONDS, sock_read=READ_SECONDS)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, read_bufsize=_BUFFER_BYTES, proxy=_proxy(url)
    ) as http:
        yield Rpc(url, http, Pace(connections))


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for a URL: aiohttp would look it up for each call."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.hostname and not proxy_bypass(parts.hostname):
            return getproxies().get(parts.scheme)
    return None
