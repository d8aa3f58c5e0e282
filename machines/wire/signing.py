"""Who asks, and who answers: HTTP messages signed with ed25519 keys of Solana (RFC 9421, RFC 9530).

    sign_request(method, url, headers, body | digest, key, node) -> headers to send
    verify_request(message, node, seen) -> Caller
    sign_answer(status, body, request, nonce, key) -> headers to send
    verify_answer(status, headers, body, request, nonce, agent)

A request covers method, authority, path, query, body and the node that is asked, so that it cannot be shown to another.
An answer covers status, body, the request's nonce and the request's own signature: together the two show to anyone
what was asked and what was answered. Every signed text begins with `"@`: as a transaction of Solana that would be 34
signatures of which 64 sign nothing, which no validator reads, so that no signature made here moves money.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    VerifyResult,
)
from http_message_signatures.algorithms import ED25519
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from machines.wire.errors import ForAnotherNode, NotAuthentic
from machines.wire.seen import LIFE_SECONDS, Seen

TAG: Final = "ionet"
NODE: Final = "ionet-node"
"""The header that names the node which is asked: its actor's address, base58."""
NONCE: Final = "ionet-nonce"
"""The header of an answer that names the request's nonce: 16 bytes, hexadecimal."""

_OF_REQUESTS: Final = ("@method", "@authority", "@path", "@query", NODE)
_OF_ANSWERS: Final = ("@status", "content-digest", NONCE, '"signature";req')
_DIGEST: Final = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")
_NONCE: Final = re.compile(r"[0-9a-f]{32}")
_NONCE_OF_INPUT: Final = re.compile(r';nonce="([0-9a-f]{32})"')
_MAX_SIGNATURE: Final = 1_024
"""Characters of each of a signature's two headers: ours take 300, and each further signature costs a verification."""
_MAX_KEY_ID: Final = 44
"""Characters of an address in base58."""


class Fields:
    """Header fields in the order in which they came, repeated ones too."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._fields = tuple((name.lower(), value) for name, value in fields)

    def items(self) -> Iterable[tuple[str, str]]:
        """All field lines."""
        return self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self._fields))

    def get(self, wanted: str) -> str | None:
        """The one value of a field; None where it is missing or repeated."""
        found = [value for name, value in self._fields if name == wanted]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Message:
    """A request, as it is signed."""

    method: str
    url: str
    """Absolute and encoded: https, authority, path and query as they are sent."""
    headers: Fields | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer, as it is signed; the library knows it by these names."""

    status_code: int
    headers: Any
    request: Message


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asked."""

    address: Pubkey
    nonce: str
    """16 bytes, hexadecimal."""
    created: int
    """When the request was signed: seconds since 1970, by the caller's clock."""
    digest: bytes | None
    """SHA-256 that the body must have; None: it must be empty."""


class _Keys(HTTPSignatureKeyResolver):
    """Each key's id is its address, so the id alone is enough to verify."""

    def __init__(self, key: Keypair | None = None) -> None:
        self._key = key

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        if len(key_id) > _MAX_KEY_ID:
            raise ValueError("the key's id is no address")
        return Ed25519PublicKey.from_public_bytes(bytes(Pubkey.from_string(key_id)))

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        assert self._key is not None
        return Ed25519PrivateKey.from_private_bytes(self._key.secret())


class _Verifier(HTTPMessageVerifier):
    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        """Leaves time to `Seen`; an answer is of now by the nonce that it repeats, whatever the node's clock says."""


def new_nonce() -> str:
    """16 random bytes, hexadecimal."""
    return secrets.token_hex(16)


def content_digest(digest: bytes) -> str:
    """The header field of a body with this SHA-256."""
    return f"sha-256=:{b64encode(digest).decode()}:"


def sign_request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    key: Keypair,
    node: Pubkey,
    *,
    digest: bytes | None = None,
    nonce: str | None = None,
    now: float | None = None,
) -> dict[str, str]:
    """The headers that a request goes with: those given and those that sign it.

    `body`: None where there is none; or give `digest`, the SHA-256 of a body that is sent as a stream.
    `nonce`: 16 bytes, hexadecimal, and never used before; random where it is not given. `now`: seconds since 1970.
    """
    if body is not None:
        digest = sha256(body).digest()
    made = {**headers, NODE: str(node)}
    if digest is not None:
        made["content-digest"] = content_digest(digest)
    created = int(time.time() if now is None else now)
    HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=_Keys(key)).sign(
        Message(method, url, made),
        key_id=str(key.pubkey()),
        created=datetime.fromtimestamp(created, UTC),
        expires=datetime.fromtimestamp(created + LIFE_SECONDS, UTC),
        nonce=nonce or new_nonce(),
        label=TAG,
        tag=TAG,
        covered_component_ids=(*_OF_REQUESTS, *(("content-digest",) if digest is not None else ())),
        use_existing_digest=digest is not None,
    )
    return {name.lower(): value for name, value in made.items()}


def verify_request(message: Message, node: Pubkey, seen: Seen | None, *, now: float | None = None) -> Caller:
    """Who signed a request to `node`. Raises NotAuthentic; ForAnotherNode where it asks another.

    `seen`: None where a request is looked at later, as evidence, whatever its time.
    """
    result = _verified(message, _OF_REQUESTS)
    asked, signed_digest = _covered(result, NODE), _covered(result, "content-digest")
    if asked != str(node):
        raise ForAnotherNode(f"the request asks node {asked}, and this is {node}: ask where the chain says it is")
    nonce, created, expires = (result.parameters.get(name) for name in ("nonce", "created", "expires"))
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
        raise NotAuthentic("the signature's nonce is not 16 bytes in hexadecimal")
    if not isinstance(created, int) or not isinstance(expires, int):
        raise NotAuthentic("the signature does not say when it was created and when it expires")
    address = Pubkey.from_string(str(result.parameters["keyid"]))
    digest = None if signed_digest is None else _digest(signed_digest)
    if seen is not None:
        now = time.time() if now is None else now
        seen.take(address, nonce, created, now)
        if expires < int(now):
            raise NotAuthentic(f"the request's signature expired {now - expires:.0f} s ago: sign it anew")
    return Caller(address, nonce, created, digest)


def claimed_nonce(headers: Fields) -> str | None:
    """The nonce that a request gives, whoever signed it: a refusal repeats it."""
    given, signature = headers.get("signature-input"), headers.get("signature")
    found = _NONCE_OF_INPUT.findall(given) if given and signature else []
    return found[0] if len(found) == 1 else None


def sign_answer(status: int, body: bytes, request: Message, nonce: str, key: Keypair) -> dict[str, str]:
    """The headers that show an answer to be `key`'s, to this request. The request must have a signature."""
    made = {NONCE: nonce, "content-digest": content_digest(sha256(body).digest())}
    HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=_Keys(key)).sign(
        _Answer(status, made, request),
        key_id=str(key.pubkey()),
        label=TAG,
        tag=TAG,
        covered_component_ids=_OF_ANSWERS,
        use_existing_digest=True,
    )
    return {name.lower(): value for name, value in made.items()}


def verify_answer(
    status: int, headers: Iterable[tuple[str, str]], body: bytes, request: Message, nonce: str, agent: Pubkey
) -> None:
    """Raises NotAuthentic if an answer is not the agent's, to this very request.

    `request`: with the headers that were sent; `nonce`: the one it was signed with.
    """
    result = _verified(_Answer(status, Fields(headers), request), _OF_ANSWERS)
    digest = _digest(_covered(result, "content-digest") or "")
    if result.parameters["keyid"] != str(agent):
        raise NotAuthentic(f"the answer is signed by {str(result.parameters['keyid'])[:64]}, and not by agent {agent}")
    if _covered(result, NONCE) != nonce:
        raise NotAuthentic("the answer is to another request: its nonce is not the one that was sent")
    if not hmac.compare_digest(digest, sha256(body).digest()):
        raise NotAuthentic("the answer's body is not the one that was signed")


def _verified(message: Message | _Answer, required: tuple[str, ...]) -> VerifyResult:
    for name, value in message.headers.items():
        if name.lower() in ("signature", "signature-input") and len(value) > _MAX_SIGNATURE:
            raise NotAuthentic(f"the header {name} has {len(value):,} characters: it may have {_MAX_SIGNATURE:,}")
    try:
        results = _Verifier(signature_algorithm=ED25519, key_resolver=_Keys()).verify(
            message, max_age=None, expect_tag=TAG, require_components=required
        )
    except Exception as refused:  # strangers write what is parsed here: whatever it breaks, it is not authentic
        why = str(refused) or type(refused).__name__
        raise NotAuthentic(f"the signature does not hold: {why[:200]}") from None
    if len(results) != 1:
        raise NotAuthentic(f"the message has {len(results)} signatures of ours: it must have one")
    return results[0]


def _covered(result: VerifyResult, name: str) -> str | None:
    """The value of a header field, if the signature covers it."""
    return result.covered_components.get(f'"{name}"')


def _digest(field: str) -> bytes:
    found = _DIGEST.fullmatch(field)
    try:
        digest = b64decode(found[1], validate=True) if found else b""
    except NotBase64:
        digest = b""
    if len(digest) != 32:
        raise NotAuthentic("the content-digest is not one SHA-256")
    return digest
