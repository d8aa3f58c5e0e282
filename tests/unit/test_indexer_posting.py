"""Scores that are posted by the thousand are the client's own instructions, and fit into transactions."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest
from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction import Transaction

from client.instructions import emission
from client.sending import MAX_BYTES, SendOptions, compose
from indexer.acting import posting
from indexer.scoring import SCORE, Scores

MEMBERS = [Keypair.from_seed(sha256(b"%d" % n).digest()) for n in range(9)]
PUBLIC = [key.pubkey() for key in MEMBERS]


def rows(count: int) -> posting.Posted:
    """Scores of so many earners, also of one whose address ends in a zero."""
    found = np.empty(count, posting.POSTED)
    found["earner"] = [sha256(b"%d" % n).digest()[:31] + bytes([n % 256]) for n in range(count)]
    found["points"] = np.arange(count) * 4_000_037 % 2**32
    found["reputation"] = np.arange(count) * 7 % 10_001
    return found


@pytest.mark.parametrize("count", [0, 1, 20, 21, 50])
def test_postings_are_the_clients_own(count: int) -> None:
    """Byte for byte what the instruction builder gives, batch by batch."""
    given = rows(count)
    as_given = [
        (Pubkey(given["earner"][n : n + 1].tobytes()), int(row["points"]), int(row["reputation"]))
        for n, row in enumerate(given)
    ]
    built = list(posting.postings(PUBLIC[:2], 7, given, 20))
    assert built == [
        emission.post_scores(signers=PUBLIC[:2], epoch=7, scores=as_given[start : start + 20])
        for start in range(0, count, 20)
    ]


@pytest.mark.parametrize("signers", range(1, 10))
@pytest.mark.parametrize("options", [SendOptions(), SendOptions(priority_fee=1)])
def test_a_batch_fits_into_a_transaction_and_no_more_would(signers: int, options: SendOptions) -> None:
    """With all that a transaction carries when it is sent."""
    size = posting.batch_size(PUBLIC[:signers], options)
    assert signers > 2 or size >= 20
    lengths = []
    for count in (size, size + 1):
        built = next(posting.postings(PUBLIC[:signers], 7, rows(count), count))
        message = compose([built], PUBLIC[0], Hash.default(), 1_000_000, options)
        lengths.append(len(bytes(Transaction(MEMBERS[:signers], message, Hash.default()))))
    assert lengths[0] <= MAX_BYTES < lengths[1]


def test_every_score_goes_to_its_earner() -> None:
    """Whatever the order in which earners are read."""
    given = rows(40)
    scores = np.empty(40, SCORE)
    scores["actor"] = [sha256(b"actor %d" % n).digest() for n in range(40)]
    scores["points"], scores["reputation"], scores["idle_epochs"] = given["points"], given["reputation"], 0
    earners = np.empty(40, posting.EARNERS)
    earners["actor"], earners["earner"] = scores["actor"], given["earner"]
    in_order = Scores(scores[np.argsort(scores["actor"])])
    found = posting.wanted(in_order, earners[::-1])
    assert found.tolist() == given[np.argsort(scores["actor"])].tolist()
