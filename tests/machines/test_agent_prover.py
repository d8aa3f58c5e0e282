"""Challenge sessions of an agent: one at a time, within what it grants of an hour."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256

import pytest
from solders.keypair import Keypair

from client.errors import IonetError
from machines.agent.prover import HOUR_SECONDS, IDLE_SECONDS, Busy, NoSession, Prover, Spent

FIRST, SECOND = Keypair().pubkey(), Keypair().pubkey()


class Time:
    """A clock that moves by hand, seconds."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def body(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def test_one_challenge_at_a_time() -> None:
    """Another verifier waits; the same one begins anew; what is left alone is over after a while."""
    time = Time()
    prover = Prover(900.0, time)
    first = prover.begin(FIRST)
    with pytest.raises(Busy):
        prover.begin(SECOND)
    again = prover.begin(FIRST)
    with pytest.raises(NoSession):
        prover.session(first.id, FIRST)
    assert prover.session(again.id, FIRST) is again
    time.now += IDLE_SECONDS + 1
    other = prover.begin(SECOND)
    with pytest.raises(NoSession):
        prover.session(other.id, FIRST)


def test_no_more_than_is_granted_of_an_hour() -> None:
    """All verifiers together; what is older than an hour counts no more."""
    time = Time()
    prover = Prover(100.0, time)
    for verifier in (FIRST, SECOND):
        session = prover.begin(verifier)
        time.now += 50
        prover.end(session)
    assert prover.used_seconds == 100.0
    with pytest.raises(Spent, match="100 s of this hour"):
        prover.begin(FIRST)
    time.now += HOUR_SECONDS - 40
    prover.begin(FIRST)


async def test_a_payload_is_bounded_and_replaced() -> None:
    """Its hash is what came; more than is allowed is refused."""
    prover = Prover()
    session = prover.begin(FIRST)
    assert await prover.receive(session, body(b"abc", b"def")) == sha256(b"abcdef").digest()
    with pytest.raises(IonetError, match="more than 4 bytes"):
        await prover.receive(session, body(b"abc", b"def"), most=4)
    assert bytes(session.payload) == b"abcdef"


async def test_what_a_challenge_holds_is_given_back() -> None:
    """Payload, products and table go with it."""
    prover = Prover()
    session = prover.begin(FIRST)
    await prover.receive(session, body(bytes(4 * 16 * 16)))
    (commitment,) = await prover.compute(session, [bytes(32)], 16, 1)
    assert sha256(session.products[0]).digest() == commitment
    await prover.fill(session, bytes(32), 1)
    assert len(await prover.read(session, bytes(32), 2)) == 3 * 32
    prover.end(session)
    assert (len(session.payload), session.products, session.table) == (0, [], None)
