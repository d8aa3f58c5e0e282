"""Signed requests: of now, once, and of no use as anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from machines.wire import seen as module
from machines.wire.errors import ForAnotherNode, NotAuthentic, readable
from machines.wire.seen import LIFE_SECONDS, Seen
from machines.wire.signing import Fields, Message, claimed_nonce, sign_answer, sign_request, verify_request

NOW = 1_800_000_000.5
URL = "https://node.example:7711/v1/node?a=%20b"
CALLER, NODE = Keypair(), Pubkey.new_unique()


def request(now: float = NOW, body: bytes | None = b"{}", url: str = URL) -> Message:
    signed = sign_request("POST", url, {}, body, CALLER, NODE, now=now)
    return Message("POST", url, Fields(signed.items()))


@pytest.mark.parametrize(("apart", "taken"), [(0, True), (30, True), (-30, True), (31, False), (-31, False)])
def test_clocks_may_be_thirty_seconds_apart(apart: int, taken: bool) -> None:
    """A request lives for 30 seconds, before and after the time it says."""
    seen, message = Seen(NOW - 3600), request(NOW + apart)
    if taken:
        assert verify_request(message, NODE, seen, now=NOW).created == int(NOW) + apart
    else:
        with pytest.raises(NotAuthentic, match=r"check the clocks|sign it anew"):
            verify_request(message, NODE, seen, now=NOW)


def test_what_is_forgotten_stays_refused() -> None:
    """Setting the clock back after a nonce was forgotten does not make room for a replay."""
    seen, message = Seen(NOW - 3600), request()
    verify_request(message, NODE, seen, now=NOW)
    verify_request(request(NOW + 40), NODE, seen, now=NOW + 40)
    with pytest.raises(NotAuthentic, match="before this service began"):
        verify_request(message, NODE, seen, now=NOW)


def test_two_callers_may_have_the_same_nonce() -> None:
    """Nobody uses up another's nonces."""
    seen = Seen(NOW)
    for key in (Keypair(), Keypair()):
        seen.take(key.pubkey(), "00" * 16, int(NOW), NOW)
        with pytest.raises(NotAuthentic, match="made before"):
            seen.take(key.pubkey(), "00" * 16, int(NOW), NOW)


def test_nonces_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood fills up the seconds it claims, and no others; seconds that are over are forgotten."""
    monkeypatch.setattr(module, "_PER_SECOND", 10)
    seen, key = Seen(NOW - 3600), CALLER.pubkey()
    for second in range(-LIFE_SECONDS, LIFE_SECONDS):
        for number in range(10):
            seen.take(key, f"{number:032x}", int(NOW) + second, NOW)
        with pytest.raises(NotAuthentic, match="in the same second"):
            seen.take(key, f"{11:032x}", int(NOW) + second, NOW)
    seen.take(key, f"{11:032x}", int(NOW) + LIFE_SECONDS, NOW)
    seen.take(key, "00" * 16, int(NOW) + 100, NOW + 100)
    assert len(seen._seconds) == 1


def test_another_nodes_request_is_told_from_a_forged_one() -> None:
    """Only a request whose signature holds is said to be for another node."""
    with pytest.raises(ForAnotherNode, match=str(NODE)):
        verify_request(request(), Pubkey.new_unique(), None)
    forged = Message("POST", URL + "1", request().headers)
    with pytest.raises(NotAuthentic) as refused:
        verify_request(forged, Pubkey.new_unique(), None)
    assert type(refused.value) is NotAuthentic


def test_no_signature_is_one_of_a_transaction() -> None:
    """What is signed here cannot be read as a transaction of Solana, neither of a caller's nor of an agent's key."""
    signed: list[bytes] = []

    class Recording:
        """A key that notes what it signs."""

        def __init__(self, *_: object, **__: object) -> None: ...

        def sign(self, message: bytes) -> bytes:
            signed.append(message)
            return bytes(64)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("http_message_signatures.algorithms.ED25519.__init__", Recording.__init__)
        patch.setattr("http_message_signatures.algorithms.ED25519.sign", Recording.sign)
        message = request()
        sign_answer(200, b"{}", message, "00" * 16, Keypair())
    assert len(signed) == 2
    for text in signed:
        assert text.startswith(b'"@')
        # Signatures in all, and how many of them are of accounts that are only read: validators refuse a message where
        # the second is not less than the first.
        assert text[1] >= text[0]
        assert text[0] < 0x80, "the first bit would make it a versioned message"


@given(st.text(max_size=700))
def test_what_a_stranger_says_is_fit_for_a_terminal(said: str) -> None:
    """No control character passes, no line ends, nothing is longer than 300 characters."""
    shown = readable(said)
    assert shown == "" or shown.isprintable()
    assert len(shown) <= 300


@given(st.dictionaries(st.sampled_from(["signature", "signature-input", "content-digest", "ionet-node"]), st.text()))
def test_garbage_in_headers_is_not_authentic(headers: dict[str, str]) -> None:
    """Whatever stands in the headers, nothing but NotAuthentic is raised."""
    fields = Fields(headers.items())
    claimed_nonce(fields)
    with pytest.raises(NotAuthentic):
        verify_request(Message("GET", URL, fields), NODE, None)
