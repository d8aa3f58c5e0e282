"""JSON-RPC for the replay: a few calls, bounded retries, answers kept raw until they are decoded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import httpx
import msgspec
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random

from client.rpc import tls
from indexer.blocks import Block, Transaction
from indexer.errors import ChainMismatch, NodeUnavailable

T = TypeVar("T")

ATTEMPTS: Final = 6
"""Of one call, over some 8 seconds."""
TIMEOUT_SECONDS: Final = 30.0

_NOT_YET: Final = {-32004, -32014}
"""The block is not there yet, or its status is not: worth another try. So are -32005 (behind) and -32603."""
_RETRIED: Final = _NOT_YET | {-32005, -32016, -32603}
_GONE: Final = {-32001, -32007, -32009, -32011, -32019}
"""Pruned, skipped or missing in the node's long-term storage."""
_VERSION_UNKNOWN: Final = -32015


class _Retry(Exception):
    """This attempt failed, another may not."""


class _Error(msgspec.Struct):
    code: int
    message: str


class _Answer(msgspec.Struct):
    id: int | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Error | None = None


class _Signature(msgspec.Struct):
    signature: str
    slot: int


_ANSWER: Final = msgspec.json.Decoder(_Answer)
_BLOCK: Final = msgspec.json.Decoder(Block)
_TRANSACTION: Final = msgspec.json.Decoder(Transaction | None)
_SIGNATURES: Final = msgspec.json.Decoder(list[_Signature])
_SLOTS: Final = msgspec.json.Decoder(list[int])
_NUMBER: Final = msgspec.json.Decoder(int)
_TEXT: Final = msgspec.json.Decoder(str)


class Rpc:
    """A node. Every method raises `NodeUnavailable`, with the node's URL, once its attempts are used up."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.url = url
        self._http = http
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
        options = {
            "encoding": "json",
            "transactionDetails": "full",
            "rewards": False,
            "maxSupportedTransactionVersion": 0,
            "commitment": commitment,
        }
        return await self._call(_BLOCK, "getBlock", slot, options)

    async def signatures_before(self, address: str, before: str, slot: int) -> list[str]:
        """Signatures of every transaction that names an address, before the signature `before` of `slot`, newest first.

        A node that does not know `before` answers with its newest page instead: `ChainMismatch`.
        """
        found: list[str] = []
        while True:
            options = {"before": found[-1] if found else before, "commitment": "confirmed"}
            page = await self._call(_SIGNATURES, "getSignaturesForAddress", address, options)
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
        options = {"encoding": "json", "maxSupportedTransactionVersion": 0, "commitment": "confirmed"}
        return await self._call(_TRANSACTION, "getTransaction", signature, options)

    async def _call(self, decoder: msgspec.json.Decoder[T], method: str, *params: Any) -> T:
        def give_up(state: RetryCallState) -> T:
            reason = state.outcome.exception() if state.outcome else None
            raise NodeUnavailable(
                f"the node at {self.url} did not answer {method} in {ATTEMPTS} attempts: {reason}. "
                "Nothing is lost: run this again when it does, or give another --url"
            )

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_Retry),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=0.2, max=4) + wait_random(0, 0.2),
            retry_error_callback=give_up,
        )
        return await retrying(self._attempt, decoder, method, params)

    async def _attempt(self, decoder: msgspec.json.Decoder[T], method: str, params: tuple[Any, ...]) -> T:
        self._last_id += 1
        asked = self._last_id
        body = msgspec.json.encode({"jsonrpc": "2.0", "id": asked, "method": method, "params": params})
        try:
            response = await self._http.post(self.url, content=body, headers={"content-type": "application/json"})
        except httpx.InvalidURL as error:
            raise NodeUnavailable(f"{self.url!r} is no URL of a node: {error}") from error
        except httpx.UnsupportedProtocol as error:
            raise NodeUnavailable(f"{self.url!r} is no URL of a node: give http://… or https://…") from error
        except httpx.HTTPError as error:
            raise _Retry(f"{type(error).__name__} {error}".strip()) from error
        if response.status_code == 429 or response.status_code >= 500:
            raise _Retry(f"HTTP {response.status_code}")
        try:
            answer = _ANSWER.decode(response.content)
            if answer.error is None:
                if answer.id != asked:
                    raise _Retry(f"an answer to another question ({answer.id})")
                return decoder.decode(answer.result)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if response.status_code != 200:
                raise NodeUnavailable(f"the node at {self.url} refuses with HTTP {response.status_code}") from error
            raise _Retry(f"not an answer to {method}: {error}") from error
        raise _refusal(self.url, method, params, answer.error)


def _refusal(url: str, method: str, params: tuple[Any, ...], error: _Error) -> Exception:
    asked = f"{method} {params[0]}" if params and isinstance(params[0], int) else method
    if error.code in _RETRIED:
        return _Retry(f"{error.message} ({error.code})")
    if error.code in _GONE:
        return ChainMismatch(
            f"the node at {url} no longer has what {asked} asks for: {error.message}. Nothing was skipped; "
            "give a node with the full history by --url"
        )
    if error.code == _VERSION_UNKNOWN:
        return ChainMismatch(f"{asked}: {error.message}. This indexer reads versions up to 0: update it")
    return NodeUnavailable(f"the node at {url} refuses {asked}: {error.message} ({error.code})")


@asynccontextmanager
async def open_rpc(url: str, connections: int = 16) -> AsyncIterator[Rpc]:
    """A node at `url`, with at most so many calls at once."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, limits=limits, verify=tls()) as http:
        yield Rpc(url, http)
