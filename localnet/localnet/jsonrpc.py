"""JSON-RPC 2.0: from the bytes of a request to the bytes of the answer."""

import logging
from collections.abc import Callable
from typing import Any

import orjson

from .errors import INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR, RpcError

Call = Callable[[str, Any], Any]
"""Answers one method with its arguments, or raises RpcError."""

_log = logging.getLogger(__name__)
_PARSE_ERROR = orjson.dumps({"jsonrpc": "2.0", "error": {"code": PARSE_ERROR, "message": "Parse error"}, "id": None})


def answer(body: bytes | str, call: Call) -> bytes:
    """Answer a request or a batch; empty when nothing wants an answer."""
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _PARSE_ERROR
    if isinstance(request, list):
        if not all(_well_formed(item) for item in request):
            return _PARSE_ERROR
        answers = [reply for item in request if (reply := _one(item, call)) is not None]
        return orjson.dumps(answers) if answers else b""
    if not _well_formed(request):
        return _PARSE_ERROR
    reply = _one(request, call)
    return b"" if reply is None else orjson.dumps(reply)


def _well_formed(request: Any) -> bool:
    if not isinstance(request, dict):
        return False
    identity = request.get("id")
    return identity is None or isinstance(identity, str) or (isinstance(identity, int) and identity >= 0)


def _one(request: dict[str, Any], call: Call) -> dict[str, Any] | None:
    identity = request.get("id")
    method, params = request.get("method"), request.get("params", [])
    version = request.get("jsonrpc")
    well_formed = isinstance(method, str) and isinstance(params, list | dict | None)
    if version not in (None, "2.0") or not well_formed:
        return _failed(identity, RpcError(INVALID_REQUEST, "Invalid request"))
    if "id" not in request:
        return None
    if version is None:
        error = {"code": INVALID_REQUEST, "message": "Unsupported JSON-RPC protocol version"}
        return {"error": error, "id": identity}
    try:
        return {"jsonrpc": "2.0", "result": call(str(method), [] if params is None else params), "id": identity}
    except RpcError as error:
        return _failed(identity, error)
    except Exception:
        # One faulty call must not take the server down with all that it holds in memory.
        _log.exception("%s failed", method)
        return _failed(identity, RpcError(-32603, "Internal error"))


def _failed(identity: Any, error: RpcError) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "error": error.json(), "id": identity}


def unknown_method() -> RpcError:
    """The method is not in the table."""
    return RpcError(METHOD_NOT_FOUND, "Method not found")
