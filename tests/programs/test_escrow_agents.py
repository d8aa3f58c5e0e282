"""A node's agent reports and gives up the node's jobs, and no others; its owner's key can stay away."""

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, state
from client.instructions import escrow, staking
from client.network import ESCROW
from tests.programs.chain import swapped
from tests.programs.escrow_steps import HOUR, Actor, job_of, opened, release_job, running, worked
from tests.programs.escrow_steps import shared as shared  # a fixture
from tests.programs.world import World

DIGEST = bytes(range(32))


def name(world: World, node: Actor, key: Keypair) -> None:
    owner, actor = node
    world.chain.send([staking.name_agent(authority=owner.pubkey(), actor=actor, key=key.pubkey())], owner)


def acted_for(world: World, *, hours: int = 2) -> tuple[Pubkey, Actor, Keypair]:
    """A job that a node has just begun, the node and its agent."""
    job, _, node = running(world, hours=hours)
    key = world.person()
    name(world, node, key)
    return job, node, key


def reporting(job: Pubkey, node: Pubkey, by: Keypair, *, as_agent: bool = True) -> Instruction:
    return escrow.report_job(by=by.pubkey(), node=node, job=job, digest=DIGEST, as_agent=as_agent)


def releasing(job: Pubkey, node: Pubkey, by: Keypair) -> Instruction:
    return escrow.release_job(by=by.pubkey(), job=job, node=node, as_agent=True)


def test_an_agent_reports_its_nodes_work(shared: World) -> None:
    """As its owner would: the second, and the digest; the owner still does, too."""
    job, node, key = acted_for(shared)
    shared.chain.warp(seconds=60)
    shared.chain.send([reporting(job, node[1], key)], key)
    found = job_of(shared, job)
    assert (found.reported_at, found.worked_seconds, found.digest) == (shared.chain.now(), 60, DIGEST)
    worked(shared, 5, job, node)
    assert job_of(shared, job).worked_seconds == 65


def test_an_agent_gives_up_its_nodes_job(shared: World) -> None:
    """At any time, as its owner may; the event says that it was the agent."""
    job, node, key = acted_for(shared)
    (event,) = shared.chain.events(shared.chain.send([releasing(job, node[1], key)], key))
    assert event.name == "JobReleased"
    assert (event.fields["by"], event.fields["failed"]) == (key.pubkey(), False)
    found = job_of(shared, job)
    assert (found.state, found.node) == (state.Job.OPEN, Pubkey.default())


def test_what_was_worked_is_settled_before_an_agent_gives_up(shared: World) -> None:
    """Not even with the node's own agent does the node lose its pay."""
    job, node, key = acted_for(shared, hours=3)
    worked(shared, HOUR, job, node)
    with shared.chain.refuses("SettleFirst"):
        shared.chain.send([releasing(job, node[1], key)], key)
    shared.settle_job(job, node)
    shared.chain.send([releasing(job, node[1], key)], key)


def test_a_replaced_agent_is_a_stranger(shared: World) -> None:
    """From the owner's word on, the old key reports and releases nothing; the new one does."""
    job, node, stolen = acted_for(shared)
    key = shared.person()
    name(shared, node, key)
    for attempt in (reporting(job, node[1], stolen), releasing(job, node[1], stolen)):
        with shared.chain.refuses("NotAuthority"):
            shared.chain.send([attempt], stolen)
    assert job_of(shared, job).reported_at == job_of(shared, job).started_at
    for step in (reporting(job, node[1], key), releasing(job, node[1], key)):
        shared.chain.send([step], key)


def test_another_nodes_agent_is_a_stranger(shared: World) -> None:
    """Neither with its own account nor with that of the job's node; nor is it one for the node of its own."""
    job, node, _ = acted_for(shared)
    other_job, other, thief = acted_for(shared)
    own, foreign = addresses.agent(node[1]), addresses.agent(other[1])
    for attempt in (reporting(job, node[1], thief), releasing(job, node[1], thief)):
        with shared.chain.refuses("NotAuthority"):
            shared.chain.send([attempt], thief)
        with shared.chain.refuses("JobMismatch"):
            shared.chain.send([swapped(attempt, own, foreign)], thief)
    for attempt in (reporting(job, other[1], thief), releasing(job, other[1], thief)):
        with shared.chain.refuses("JobMismatch"):
            shared.chain.send([attempt], thief)
    assert job_of(shared, job).reported_at == job_of(shared, job).started_at
    shared.chain.send([reporting(other_job, other[1], thief)], thief)


def test_an_agent_signs_with_its_account(shared: World) -> None:
    """Without it the agent is a stranger; and whoever brings one must be that agent, the owner included."""
    job, node, key = acted_for(shared)
    with shared.chain.refuses("NotAuthority"):
        shared.chain.send([reporting(job, node[1], key, as_agent=False)], key)
    with shared.chain.refuses("NodeAlive"):
        release_job(shared, job, node, key)
    for attempt in (reporting(job, node[1], node[0]), releasing(job, node[1], node[0])):
        with shared.chain.refuses("NotAuthority"):
            shared.chain.send([attempt], node[0])
    for signer in (shared.person(), shared.router, shared.admin):
        for attempt in (reporting(job, node[1], signer), releasing(job, node[1], signer)):
            with shared.chain.refuses("NotAuthority"):
                shared.chain.send([attempt], signer)


def test_a_silent_node_is_released_without_an_agent(shared: World) -> None:
    """Anyone still may, whether the node has an agent or not, who is not asked."""
    job, node, _ = acted_for(shared)
    shared.chain.warp(seconds=ESCROW.report_seconds + 1)
    stranger = shared.person()
    with shared.chain.refuses("NotAuthority"):
        shared.chain.send([releasing(job, node[1], stranger)], stranger)
    (event,) = shared.chain.events(release_job(shared, job, node, stranger))
    assert (event.fields["by"], event.fields["failed"]) == (stranger.pubkey(), True)


def test_an_agent_of_no_node_does_nothing(shared: World) -> None:
    """Neither of an open job, nor of one whose node it was."""
    waiting, _ = opened(shared)
    node, key = shared.node(), shared.person()
    name(shared, node, key)
    with shared.chain.refuses("JobMismatch"):
        shared.chain.send([reporting(waiting, node[1], key)], key)
    with shared.chain.refuses("WrongState"):
        shared.chain.send([releasing(waiting, node[1], key)], key)
    job, left, key = acted_for(shared)
    shared.chain.send([releasing(job, left[1], key)], key)
    shared.start_job(job, node[1])
    for attempt in (reporting(job, left[1], key), releasing(job, left[1], key)):
        with shared.chain.refuses("JobMismatch"):
            shared.chain.send([attempt], key)
