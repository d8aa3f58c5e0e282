"""The router's draw: who may be drawn, with which weight, by which ticket; the same for everyone who repeats it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from hashlib import sha256
from random import Random

import based58
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.acting import router
from indexer.acting.router import BASE_WEIGHT, Candidate, NodeState, Wanted

ANY_TIME = settings(deadline=None)
"""Cores are shared: how long one example takes says nothing."""

H100, T4 = b"H100".ljust(16, b"\0"), b"T4".ljust(16, b"\0")


def address(number: int) -> bytes:
    """Some address."""
    return sha256(b"%d" % number).digest()


def node(number: int, **change: object) -> NodeState:
    """An idle H100 with eight processors, its collateral, and some reputation."""
    made = NodeState(address(number), H100, 8, 0, 100, 100, 100 * number)
    return replace(made, **change)  # type: ignore[arg-type]


def wanted(job: int = 0, **change: object) -> Wanted:
    """A job of four H100."""
    blockhash = based58.b58encode(address(1_000)).decode()
    return replace(Wanted(address(2_000 + job), H100, 4, 0, blockhash), **change)  # type: ignore[arg-type]


NODES = [node(number) for number in range(10)]
nodes = st.builds(
    NodeState,
    st.binary(min_size=32, max_size=32),
    st.sampled_from([H100, T4]),
    *(st.integers(1, 100), st.integers(0, 100), st.integers(0, 3), st.integers(0, 3), st.integers(0, 10_000)),
)


def test_candidates_have_class_processors_and_collateral() -> None:
    """Whoever lacks one of them, or lost this very job before, is not drawn."""
    able = node(1, booked=4)
    unable = [
        node(2, hardware_class=T4),
        node(3, booked=5),
        node(4, processors=3),
        node(5, collateral=99),
        node(6, booked=9),
        node(7),
    ]
    found = router.candidates([able, *unable], wanted(gave_back=frozenset({address(7)})))
    assert found == (Candidate(address(1), BASE_WEIGHT + 100),)
    assert router.draw(unable, wanted(gave_back=frozenset({address(7)}))) is None
    assert router.draw([], wanted()) is None


@ANY_TIME
@given(st.lists(nodes, max_size=12, unique_by=lambda n: n.node), st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_order_of_nodes_does_not_matter(found: list[NodeState], assignment: int, random: Random) -> None:
    """Candidates are sorted, so shuffled nodes give the same draw; and the drawn node is a candidate."""
    job = wanted(assignment=assignment)
    drawn = router.draw(found, job)
    assert router.draw(random.sample(found, len(found)), job) == drawn
    if drawn is not None:
        assert drawn.node in {candidate.node for candidate in router.candidates(found, job)}
        assert 0 <= drawn.ticket < drawn.total_weight


def test_the_digest_is_of_sorted_rows() -> None:
    """SHA-256 over address and weight, u64 little-endian, 40 bytes a row."""
    found = router.candidates([node(1), node(2)], wanted())
    rows = sorted([(address(1), 1_100), (address(2), 1_200)])
    assert router.digest(found) == sha256(b"".join(a + w.to_bytes(8, "little") for a, w in rows)).digest()
    assert router.digest(()) == sha256(b"").digest()


def test_the_seed_is_of_job_block_and_assignment() -> None:
    """SHA-256 over 32, 32 and 2 bytes; another of any of them is another seed."""
    job = wanted(assignment=258)
    assert router.seed(job) == sha256(job.job + address(1_000) + b"\x02\x01").digest()
    others = [wanted(1), wanted(assignment=1), wanted(blockhash=based58.b58encode(address(1_001)).decode())]
    assert len({router.seed(one) for one in (wanted(), job, *others)}) == 5


@pytest.mark.parametrize("total", [1, 2, 3, 1_000, 2**64])
def test_tickets_cover_everything_below_the_sum(total: int) -> None:
    """The least seed has ticket 0, the greatest the last; the bytes after the sixteenth do not count."""
    assert router.ticket(bytes(32), total) == router.ticket(bytes(16) + b"\xff" * 16, total) == 0
    assert router.ticket(b"\xff" * 32, total) == total - 1


def test_the_ticket_finds_its_node() -> None:
    """Each candidate has as many tickets as it weighs, from the first address on."""
    drawn = router.draw(NODES, wanted())
    assert drawn is not None
    below = 0
    for candidate in drawn.candidates:
        if candidate.node == drawn.node:
            assert below <= drawn.ticket < below + candidate.weight
        below += candidate.weight


def test_reputation_is_preferred_in_proportion() -> None:
    """Of 20,000 jobs, each node gets its part by weight, within five standard deviations."""
    count, pair = 20_000, [node(1, reputation=0), node(2, reputation=9_000)]
    drawn = Counter(found.node for n in range(count) if (found := router.draw(pair, wanted(n))))
    assert abs(drawn[address(1)] - count / 11) < 5 * (count * 10 / 121) ** 0.5
    assert drawn.total() == count
