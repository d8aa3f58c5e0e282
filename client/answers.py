"""What a node answers, as values or as a refusal. solders reads the result, but not what a node words itself: at codes
that it does not know it gives a number for an answer, at others whose details are missing it panics.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from solana.rpc.core import RPCException
from solders.rpc.errors import NodeUnhealthy, NodeUnhealthyMessage, SendTransactionPreflightFailureMessage
from solders.rpc.responses import GetLatestBlockhashResp, SendTransactionResp

from client.discreet import discreet, harmless
from client.errors import Unreachable

_PREFLIGHT_FAILED: Final = -32002
_UNHEALTHY: Final = -32005
_MESSAGE: Final = 300
"""Characters of a node's own words that are passed on."""


@dataclass(frozen=True, slots=True)
class NodeRefusal:
    """Why a node does not answer a question."""

    code: int
    message: str
    """In its words, as far as they may be shown."""


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Answer(msgspec.Struct):
    error: _Error | None = None


_ANSWER: Final = msgspec.json.Decoder(_Answer)


def parse(raw: bytes, parser: Any, node: str) -> Any:
    """The answer in `raw`, as solders' `parser` reads it. `node`: its name, as it may be shown.

    Raises `RPCException` of a `NodeRefusal`, or of what `sending` looks at; `Unreachable` where it is no answer.
    """
    try:
        error = _ANSWER.decode(raw).error
        if error is None:
            answer = _read(raw, parser)
            if isinstance(answer, parser):
                return answer
        else:
            raise RPCException(_refusal(error, raw, parser))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, _Unreadable):
        pass
    raise Unreachable(f"{node} answers, but not as a Solana node: check the URL")


def _refusal(error: _Error, raw: bytes, parser: Any) -> Any:
    message = harmless(discreet(error.message[:_MESSAGE])) or f"error {error.code}"
    if error.code == _UNHEALTHY:
        return NodeUnhealthyMessage(message, NodeUnhealthy(None))
    if error.code == _PREFLIGHT_FAILED and parser is SendTransactionResp:
        with suppress(_Unreadable):
            answer = _read(raw, parser)
            if isinstance(answer, SendTransactionPreflightFailureMessage):
                return SendTransactionPreflightFailureMessage(message, answer.data)
    return NodeRefusal(error.code, message)


class _Unreadable(Exception):
    """What solders cannot read."""


def _read(raw: bytes, parser: Any) -> Any:
    try:
        answer = parser.from_json(raw.decode())
        if isinstance(answer, GetLatestBlockhashResp):
            _ = answer.value.blockhash  # it is read only when it is asked for
        return answer
    except BaseException as failed:
        # Where solders panics, its exception is none of Python's, and has no name to catch it by.
        if isinstance(failed, Exception) or type(failed).__name__ == "PanicException":
            raise _Unreadable from None
        raise
