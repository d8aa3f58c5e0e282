"""Reading of JSON-RPC arguments, with the validator's sentences when they are of the wrong form."""

import base64
import binascii
import json
from typing import Any

from solders.hash import Hash
from solders.pubkey import Pubkey
from solders.signature import Signature

from .base58 import b58decode
from .errors import RpcError, invalid_params
from .ledger import Commitment

U64_MAX = 2**64 - 1
MAX_RAW_TRANSACTION = 1232
"""Bytes of the largest transaction: an IPv6 packet without its headers."""


def describe(value: Any) -> str:
    """Name a JSON value as the validator's deserialiser does."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, int):
        return f"integer `{value}`"
    if isinstance(value, float):
        text = repr(value)
        return f"floating point `{text if 'e' in text or '.' in text else text + '.0'}`"
    if isinstance(value, str):
        return f'string "{value}"'
    return "sequence" if isinstance(value, list) else "map"


def debug(value: Any) -> str:
    """Write a JSON value as Rust's `{:?}` does."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return f"Bool({str(value).lower()})"
    if isinstance(value, int | float):
        return f"Number({value})"
    if isinstance(value, str):
        return f"String({json.dumps(value)})"
    if isinstance(value, list):
        return f"Array [{', '.join(map(debug, value))}]"
    members = ", ".join(f"{json.dumps(key)}: {debug(member)}" for key, member in value.items())
    return f"Object {{{members}}}"


def wrong_type(value: Any, expected: str) -> RpcError:
    """The error for a value of another type than the expected one."""
    return invalid_params(f"Invalid params: invalid type: {describe(value)}, expected {expected}.")


def text(value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise wrong_type(value, "a string")
    return value


def unsigned(value: Any, kind: str = "u64") -> int:
    """An integer from 0 to 2^64 - 1."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(value, kind)
    if not 0 <= value <= U64_MAX:
        raise invalid_params(f"Invalid params: invalid value: {describe(value)}, expected {kind}.")
    return value


def boolean(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise wrong_type(value, "a boolean")
    return value


def sequence(value: Any) -> list[Any]:
    """A list."""
    if not isinstance(value, list):
        raise wrong_type(value, "a sequence")
    return value


def config(value: Any, name: str = "struct RpcContextConfig") -> dict[str, Any]:
    """An options object; null and nothing at all are the empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong_type(value, name)
    return value


def _fixed(value: Any, size: int) -> bytes:
    encoded = text(value)
    # The longest base58 of 32 bytes has 44 characters, of 64 bytes 88: longer ones are refused unread.
    if len(encoded) > (44 if size == 32 else 88):
        raise invalid_params("Invalid param: WrongSize")
    try:
        raw = b58decode(encoded)
    except ValueError:
        raise invalid_params("Invalid param: Invalid") from None
    if len(raw) != size:
        raise invalid_params("Invalid param: WrongSize")
    return raw


def pubkey(value: Any) -> Pubkey:
    """A base58 address."""
    try:
        return Pubkey.from_string(value)
    except (TypeError, ValueError):
        return Pubkey.from_bytes(_fixed(value, 32))


def signature(value: Any) -> Signature:
    """A base58 signature."""
    try:
        return Signature.from_string(value)
    except (TypeError, ValueError):
        return Signature.from_bytes(_fixed(value, 64))


def blockhash(value: Any) -> Hash:
    """A base58 block hash."""
    return Hash.from_bytes(_fixed(value, 32))


def bare_blockhash(value: Any) -> Hash:
    """A base58 block hash, refused in the words of isBlockhashValid, which has its own."""
    try:
        return blockhash(value)
    except RpcError as error:
        raise invalid_params(error.message.removeprefix("Invalid param: ")) from None


def commitment(options: dict[str, Any], key: str = "commitment") -> Commitment:
    """The commitment asked for. As in the validator, an unknown word is the default, finalized."""
    value = options.get(key)
    return Commitment(value) if value in ("processed", "confirmed") else Commitment.FINALIZED


def at_least_confirmed(options: dict[str, Any]) -> Commitment:
    """The commitment asked for, by methods that serve confirmed blocks at the least."""
    level = commitment(options)
    if level is Commitment.PROCESSED:
        raise invalid_params("Method does not support commitment below `confirmed`")
    return level


def wire(value: Any, encoding: str, type_name: str) -> bytes:
    """The bytes of an encoded transaction or message."""
    encoded = text(value)
    limit = {"base58": 1683, "base64": 1644}[encoding]
    if len(encoded) > limit:
        raise invalid_params(
            f"{encoding} encoded {type_name} too large: {len(encoded)} bytes "
            f"(max: encoded/raw {limit}/{MAX_RAW_TRANSACTION})"
        )
    if encoding == "base58":
        try:
            raw = b58decode(encoded)
        except ValueError as error:
            raise invalid_params(f"invalid base58 encoding: {error}") from None
    else:
        raw = _base64(encoded)
    if len(raw) > MAX_RAW_TRANSACTION:
        raise invalid_params(f"decoded {type_name} too large: {len(raw)} bytes (max: {MAX_RAW_TRANSACTION} bytes)")
    return raw


def _base64(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        pass
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    body = encoded.rstrip("=") if len(encoded) % 4 == 0 else encoded
    for index, character in enumerate(body):
        if character not in alphabet:
            raise invalid_params(f"invalid base64 encoding: InvalidByte({index}, {ord(character)})")
    if len(body) % 4 == 1:
        raise invalid_params(f"invalid base64 encoding: InvalidLength({len(encoded)})")
    raise invalid_params("invalid base64 encoding: InvalidPadding")
