"""JSON-RPC errors with the codes and sentences of the validator."""

from typing import Any

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
SEND_TRANSACTION_PREFLIGHT_FAILURE = -32002
BLOCK_NOT_AVAILABLE = -32004
SLOT_SKIPPED = -32007
UNSUPPORTED_TRANSACTION_VERSION = -32015
MIN_CONTEXT_SLOT_NOT_REACHED = -32016
FILTER_TRANSACTION_NOT_FOUND = -32020


class RpcError(Exception):
    """An error that is answered to the caller as it is."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def json(self) -> dict[str, Any]:
        """The `error` member of a JSON-RPC answer."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.data is not None:
            body["data"] = self.data
        return body


def invalid_params(message: str, data: Any = None) -> RpcError:
    """The caller's arguments are of the wrong form."""
    return RpcError(INVALID_PARAMS, message, data)


def block_not_available(slot: int) -> RpcError:
    """The slot has no block at this commitment yet."""
    return RpcError(BLOCK_NOT_AVAILABLE, f"Block not available for slot {slot}")


def slot_skipped(slot: int) -> RpcError:
    """The slot is past and has no block."""
    return RpcError(SLOT_SKIPPED, f"Slot {slot} was skipped, or missing due to ledger jump to recent snapshot")


def min_context_slot(context_slot: int) -> RpcError:
    """The caller asked for a slot that the chosen commitment has not reached."""
    data = {"contextSlot": context_slot}
    return RpcError(MIN_CONTEXT_SLOT_NOT_REACHED, "Minimum context slot has not been reached", data)
