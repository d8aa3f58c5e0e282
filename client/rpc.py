"""A connection to a Solana node that tries again, and says in people's words why it gave up."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from ssl import SSLCertVerificationError, SSLContext, SSLError
from typing import Any, Final, TypeVar

import httpx
from solana.exceptions import SolanaRpcException
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment, Confirmed
from solana.rpc.core import RPCException
from solana.rpc.providers.async_http import AsyncHTTPProvider
from solders.pubkey import Pubkey
from solders.rpc.requests import Body, GetMultipleAccounts, GetSignatureStatuses, RequestAirdrop, SendRawTransaction
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from client.answers import parse
from client.errors import IonetError, Unreachable

E = TypeVar("E", bound=BaseException)

DEFAULT_URL = "http://127.0.0.1:8899"
CLOCK = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")
_CLOCK_UNIX_TIMESTAMP = slice(32, 40)

_TRIES = 4
_BUSY = {408, 425, 429, 500, 502, 503, 504}
"""HTTP answers after which a later try may succeed."""
CALL_SECONDS: Final = 120.0
"""For a whole answer: a node that sends a byte now and then hangs too."""
ANSWER_BYTES: Final = 1 << 28
"""What an answer may have."""

FAILURES: Final = (IonetError, SolanaRpcException, RPCException)
"""What asking the chain, or sending to it, ends with where it fails: ours, and what the library has of its own."""


def connect(url: str = DEFAULT_URL, timeout: float = 20) -> AsyncClient:
    """A client of the node at `url`; `timeout` in seconds is for each call. To be closed (`async with`)."""
    if not url.startswith(("http://", "https://")):
        raise Unreachable(f"{shown(url)!r} is no URL of a Solana node: give one such as {DEFAULT_URL}")
    client = AsyncClient(url, commitment=Confirmed, timeout=timeout)
    client._provider = _Provider(url, timeout=timeout)
    return client


@cache
def tls() -> SSLContext:
    """What connections are checked with: reading the certificates takes longer than most calls, so it is done once."""
    return httpx.create_ssl_context()


def url_of(client: AsyncClient) -> str:
    """The URL that a client calls, as far as it may be shown: its path and query may carry an access key."""
    return shown(str(client._provider.endpoint_uri))


async def chain_time(client: AsyncClient, commitment: Commitment = Confirmed) -> int:
    """The chain's clock, Unix seconds. Programs judge by it, and a localnet's may be far from the wall's."""
    value = (await client.get_account_info(CLOCK, commitment)).value
    if value is None:
        raise IonetError(f"{url_of(client)} has no clock: it is no Solana node as this client knows them")
    return int.from_bytes(bytes(value.data)[_CLOCK_UNIX_TIMESTAMP], "little", signed=True)


def reason(failed: BaseException) -> str:
    """Why something failed, in words; what has none is named by its kind."""
    said: object = failed
    if isinstance(failed, SolanaRpcException):
        said = failed.error_msg
    elif isinstance(failed, RPCException) and failed.args:
        said = getattr(failed.args[0], "message", failed.args[0])
    return str(said) or type(failed).__name__


@contextmanager
def explained() -> Iterator[None]:
    """What the library raises of its own, in people's words. Raises `Unreachable`."""
    try:
        yield
    except SolanaRpcException as failed:
        raise Unreachable(f"the chain's node does not answer: {reason(failed)}") from failed
    except RPCException as failed:
        raise Unreachable(f"the chain's node refused: {reason(failed)}") from failed


def is_transient(failed: BaseException) -> bool:
    """Whether the same call may succeed a moment later."""
    if isinstance(failed, httpx.HTTPStatusError):
        return failed.response.status_code in _BUSY
    if isinstance(failed, httpx.UnsupportedProtocol) or _in_chain(failed, SSLError) is not None:
        return False
    return isinstance(failed, httpx.TransportError)


def shown(url: str) -> str:
    """Scheme and host of a URL of a node: path and query may hold an access key, and a password precedes the host."""
    scheme, separator, rest = url.partition("://") if "://" in url else ("", "", url)
    return scheme + separator + re.split(r"[/?#]", rest)[0].rpartition("@")[2]


def distrusted(node: str, refused: Exception) -> str:
    """Why a node is asked nothing that does not prove to be it."""
    why = str(getattr(refused, "verify_message", "") or refused).rstrip(".")
    return (
        f"the certificate of {node} is not to be trusted ({why}), so nothing was asked: check the URL, or name its "
        "issuer's certificate by SSL_CERT_FILE"
    )


class _Provider(AsyncHTTPProvider):
    """solana-py's, with bounded retries of whatever may be repeated, and bounds on what comes back."""

    async def make_request(self, body: Body, parser: Any) -> Any:
        node = shown(self.endpoint_uri)
        answer = parse(await self._answer(body), parser, node)
        if isinstance(body, (GetMultipleAccounts, GetSignatureStatuses)):
            asked = body.accounts if isinstance(body, GetMultipleAccounts) else body.signatures
            if len(answer.value) != len(asked):
                raise Unreachable(
                    f"{node} was asked for {len(asked)} and answers with {len(answer.value)}: give another --url"
                )
        return answer

    async def _answer(self, body: Body) -> bytes:
        # Sending is repeated by who sends: it must know whether the first try may have got through.
        tries = 1 if isinstance(body, (SendRawTransaction, RequestAirdrop)) else _TRIES
        node = shown(self.endpoint_uri)
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception(is_transient),
                stop=stop_after_attempt(tries),
                wait=wait_random_exponential(multiplier=0.1, max=2),
                reraise=True,
            ):
                with attempt:
                    async with asyncio.timeout(CALL_SECONDS):
                        return await self._post(body)
        except httpx.HTTPStatusError as failed:
            status = failed.response.status_code
            raise Unreachable(f"{node} answers {status}: check the URL, or try later") from failed
        except (httpx.TimeoutException, TimeoutError) as failed:
            raise Unreachable(f"{node} did not answer in time: try again") from failed
        except (httpx.HTTPError, httpx.InvalidURL) as failed:
            refused = _in_chain(failed, SSLCertVerificationError)
            if refused is not None:
                raise Unreachable(distrusted(node, refused)) from failed
            why = str(failed) or type(failed).__name__
            raise Unreachable(f"cannot reach a Solana node at {node} ({why}): check --url, or start one") from failed
        raise AssertionError("the loop returns or raises")

    async def _post(self, body: Body) -> bytes:
        content = bytearray()
        async with self.session.stream("POST", **self._before_request(body=body)) as response:
            response.raise_for_status()
            async for part in response.aiter_bytes():
                content += part
                if len(content) > ANSWER_BYTES:
                    raise Unreachable(
                        f"{shown(self.endpoint_uri)} answers with more than {ANSWER_BYTES:,} bytes: give another --url"
                    )
        return bytes(content)


def _in_chain(failed: BaseException | None, kind: type[E]) -> E | None:
    """The first exception of a kind among those that one came from."""
    while failed is not None and not isinstance(failed, kind):
        failed = failed.__cause__ or failed.__context__
    return failed
