"""The oracle's challenges: who commits to one, what it draws, what is recorded of it."""

from collections.abc import Sequence

import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, state
from client.idl import build
from client.instructions import oracle
from client.instructions.oracle import Measurement
from tests.programs.chain import swapped
from tests.programs.oracle_steps import COMMITMENT, SECRET, commit, feed, node_of, rounds, symbols
from tests.programs.world import World, keypair

SLOT_HASHES = 512
"""Slots that the chain remembers."""


def draw(world: World, challenge: Pubkey) -> str:
    return world.chain.send([oracle.draw_challenge(challenge=challenge)], world.admin)


def blocks(world: World, number: int) -> None:
    """So many blocks follow, the open one included."""
    for _ in range(number):
        world.chain.warp(slots=1)


def drawn(world: World, member: Keypair) -> Pubkey:
    """A challenge that has its slot hash; its address."""
    challenge = commit(world, member)
    blocks(world, 2)
    draw(world, challenge)
    return challenge


def measurement(node: Pubkey, outcome: int = 1) -> Measurement:
    return Measurement(
        node=node, bandwidth=1_000, memory=24_000, clock=2_520, compute=82_000, latency=900, outcome=outcome
    )


def recording(
    verifier: Pubkey, challenge: Pubkey, measurements: Sequence[Measurement], *, secret: bytes = SECRET
) -> Instruction:
    """As the client's, but in the order that is given."""
    rows = [{name: getattr(m, name) for name in Measurement.__slots__} for m in measurements]
    args = {"secret": list(secret), "measurements": rows}
    accounts = {"verifier": verifier, "committee": addresses.committee(), "challenge": challenge}
    return build("oracle", "record_challenges", accounts, args)


# --- challenges ---


def test_a_stranger_commits_to_nothing(shared: World) -> None:
    """Only members make challenges."""
    with shared.chain.refuses("NotAMember"):
        commit(shared, shared.admin)


def test_a_commitment_stands(shared: World) -> None:
    """A round is committed once: neither before nor after it is drawn can another secret take its place."""
    member = shared.committee[0]
    round = next(rounds)
    challenge = commit(shared, member, round=round)
    with shared.chain.refuses("AccountAlreadyInUse"):
        commit(shared, member, round=round)
    blocks(shared, 2)
    draw(shared, challenge)
    with shared.chain.refuses("AccountAlreadyInUse"):
        commit(shared, member, round=round)


def test_a_round_is_each_members_own(shared: World) -> None:
    """Two members commit to the same round without standing in one another's way."""
    round = next(rounds)
    first, second = (commit(shared, member, round=round) for member in shared.committee[:2])
    assert first != second
    assert shared.chain.account(state.Challenge, second).verifier == shared.committee[1].pubkey()


def test_a_commitments_address_is_its_own(shared: World) -> None:
    """A challenge is created at the address of its verifier, epoch and round, and nowhere else."""
    member = shared.committee[0].pubkey()
    committing = oracle.commit_challenge(verifier=member, epoch=1, round=next(rounds), commitment=COMMITMENT)
    data = oracle.commit_challenge(verifier=member, epoch=2, round=next(rounds), commitment=COMMITMENT).data
    with shared.chain.refuses("InvalidSeeds"):
        shared.chain.send([Instruction(committing.program_id, data, committing.accounts)], shared.committee[0])


def test_a_challenge_is_not_drawn_before_a_block_followed(shared: World) -> None:
    """The seed mixes in a block after that of the commitment, which did not exist at commit time."""
    challenge = commit(shared, shared.committee[0])
    with shared.chain.refuses("TooEarly"):
        draw(shared, challenge)
    blocks(shared, 1)
    with shared.chain.refuses("TooEarly"):
        draw(shared, challenge)
    blocks(shared, 1)
    draw(shared, challenge)


def test_a_challenge_is_drawn_once(shared: World) -> None:
    """What was drawn stays."""
    challenge = drawn(shared, shared.committee[0])
    before = shared.chain.account(state.Challenge, challenge)
    blocks(shared, 1)
    with shared.chain.refuses("AlreadyDrawn"):
        draw(shared, challenge)
    assert shared.chain.account(state.Challenge, challenge) == before


def test_when_it_is_drawn_changes_nothing(shared: World) -> None:
    """The hash is that of the first block after the commitment, whenever it is drawn: nobody chooses it."""
    soon, late = (commit(shared, member) for member in shared.committee[:2])
    blocks(shared, 1)
    later = commit(shared, shared.committee[2])
    blocks(shared, 2)
    draw(shared, soon)
    blocks(shared, 5)
    draw(shared, late)
    draw(shared, later)
    hashes = [shared.chain.account(state.Challenge, c).slot_hash for c in (soon, late, later)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert bytes(32) not in hashes


def test_skipped_slots_give_no_hash(shared: World) -> None:
    """Where the slots after a commitment had no block, the first block after them counts."""
    challenge = commit(shared, shared.committee[0])
    shared.chain.warp(slots=20)
    blocks(shared, 1)
    draw(shared, challenge)
    assert shared.chain.account(state.Challenge, challenge).slot_hash != bytes(32)


def test_a_slot_hash_is_kept_for_512_blocks(shared: World) -> None:
    """A challenge can be drawn while the chain remembers the block of its commitment; then it is void."""
    first, second = (commit(shared, member) for member in shared.committee[:2])
    blocks(shared, SLOT_HASHES)
    draw(shared, first)
    blocks(shared, 1)
    with shared.chain.refuses("SlotHashGone"):
        draw(shared, second)


def test_slot_hashes_are_the_chains(shared: World) -> None:
    """An account of somebody's own making does not stand in for the chain's slot hashes."""
    challenge = commit(shared, shared.committee[0])
    blocks(shared, 2)
    drawing = swapped(oracle.draw_challenge(challenge=challenge), oracle.SLOT_HASHES, shared.admin.pubkey())
    with shared.chain.refuses("ConstraintAddress"):
        shared.chain.send([drawing], shared.admin)


def test_nothing_is_recorded_before_the_draw(shared: World) -> None:
    """A challenge without its slot hash has no seed, and no results."""
    member = shared.committee[0]
    challenge = commit(shared, member)
    with shared.chain.refuses("NotDrawn"):
        shared.chain.send([recording(member.pubkey(), challenge, [measurement(node_of(1))])], member)


def test_only_the_verifier_records(shared: World) -> None:
    """Another member, who may have seen the secret, does not record in the verifier's place."""
    challenge = drawn(shared, shared.committee[0])
    other = shared.committee[1]
    with shared.chain.refuses("NotAMember"):
        shared.chain.send([recording(other.pubkey(), challenge, [measurement(node_of(1))])], other)


def test_the_secret_is_the_one_committed_to(shared: World) -> None:
    """Another secret than the commitment's is refused."""
    member = shared.committee[0]
    challenge = drawn(shared, member)
    with shared.chain.refuses("SecretMismatch"):
        shared.chain.send([recording(member.pubkey(), challenge, [measurement(node_of(1))], secret=COMMITMENT)], member)


@pytest.mark.parametrize("nodes", [[2, 1], [1, 1], [0]], ids=["falling", "one twice", "nobody"])
def test_measurements_are_sorted(shared: World, nodes: list[int]) -> None:
    """Measurements rise by node: none stands twice in a batch."""
    member = shared.committee[0]
    challenge = drawn(shared, member)
    batch = [measurement(node_of(n)) for n in nodes]
    with shared.chain.refuses("MeasurementsUnsorted"):
        shared.chain.send([recording(member.pubkey(), challenge, batch)], member)


def test_a_challenge_is_not_replayed(shared: World) -> None:
    """A batch that was recorded, or a node of it, is refused in every later batch."""
    member = shared.committee[0]
    challenge = drawn(shared, member)
    batches = [[measurement(node_of(n)) for n in nodes] for nodes in ([1, 5], [5], [1, 5], [4], [6, 7])]
    shared.chain.send([recording(member.pubkey(), challenge, batches[0])], member)
    for batch in batches[1:4]:
        with shared.chain.refuses("MeasurementsUnsorted"):
            shared.chain.send([recording(member.pubkey(), challenge, batch)], member)
    shared.chain.send([recording(member.pubkey(), challenge, batches[4])], member)
    assert shared.chain.account(state.Challenge, challenge).last_node == node_of(7)


def test_an_outcome_is_0_or_1(shared: World) -> None:
    """There is no third outcome; a failure is recorded like a pass."""
    member = shared.committee[0]
    challenge = drawn(shared, member)
    with shared.chain.refuses("OutcomeInvalid"):
        shared.chain.send([recording(member.pubkey(), challenge, [measurement(node_of(1), outcome=2)])], member)
    shared.chain.send([recording(member.pubkey(), challenge, [measurement(node_of(1), outcome=0)])], member)


def test_an_empty_batch_is_refused(shared: World) -> None:
    """To record nothing is a mistake."""
    member = shared.committee[0]
    challenge = drawn(shared, member)
    with shared.chain.refuses("NoMeasurements"):
        shared.chain.send([recording(member.pubkey(), challenge, [])], member)


def test_numbers_of_a_measurement_go_to_their_limits(shared: World) -> None:
    """The largest and the smallest measurements are recorded as they are: to judge them is the indexer's."""
    member = shared.committee[0]
    challenge = drawn(shared, member)
    most, none = 2**32 - 1, 0
    batch = [
        Measurement(node_of(number), bandwidth=n, memory=n, clock=n, compute=n, latency=n, outcome=1)
        for number, n in enumerate((most, none), start=1)
    ]
    shared.chain.send([recording(member.pubkey(), challenge, batch)], member)
    assert shared.chain.account(state.Challenge, challenge).last_node == node_of(2)


def test_a_feed_funded_beforehand_can_be_opened(shared: World) -> None:
    """Lamports sent to an address before its account exists deny nobody the account."""
    symbol, challenger, round = next(symbols), keypair("member 0"), next(rounds)
    for address in (addresses.feed(symbol), addresses.challenge(challenger.pubkey(), 1, round)):
        shared.chain.airdrop(address, 1_000_000)
    shared.chain.send([oracle.create_feed(admin=shared.admin.pubkey(), symbol=symbol)], shared.admin)
    commit(shared, challenger, round=round)
    assert feed(shared, symbol).symbol == symbol
