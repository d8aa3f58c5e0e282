"""Scores: published once, kept as they would be computed from nothing."""

from __future__ import annotations

import pytest

from client.rpc import connect as connect_node
from indexer.acting import scores
from indexer.acting.oracle import publish
from indexer.acting.settlement import settle_due
from indexer.database.queries import sql
from indexer.errors import PublishRefused, VerifyRefused
from indexer.storing.replay import catch_up
from indexer.verify import verify_epoch
from tests.databases import Databases
from tests.integration.indexer_network import SEND, Network
from tests.programs import escrow_steps, staking_steps
from tests.programs.world import GENESIS


async def test_publishing_again_sends_nothing_and_refuses_what_it_does_not_know(
    network: Network, databases: Databases
) -> None:
    """Once per epoch; not before the replay has passed its end, not with anything in quarantine, not without quorum."""
    committee = network.world.committee
    async with databases.pool() as pool, connect_node(network.url) as client:
        with pytest.raises(PublishRefused, match="no emission yet"):
            await publish(pool, client, committee, 1, options=SEND)
        network.world.chain.warp(seconds=1)
        await catch_up(pool, network.url)
        with pytest.raises(PublishRefused, match="epoch 1 ends at second"):
            await publish(pool, client, committee, 1, options=SEND)
        with pytest.raises(PublishRefused, match="is no epoch"):
            await publish(pool, client, committee, 175_320, options=SEND)
        network.work(1)
        await catch_up(pool, network.url)
        with pytest.raises(VerifyRefused, match="epoch 1 is not closed"):
            await verify_epoch(pool, client, 1)

        await pool.execute("INSERT INTO indexer.quarantine VALUES (1, 2, 3, 's', 'burn', 'why', '')")
        with pytest.raises(PublishRefused, match="quarantine"):
            await publish(pool, client, committee, 1, options=SEND)
        with pytest.raises(PublishRefused, match="quarantine"):
            await settle_due(client, pool, network.world.admin, options=SEND)
        await pool.execute("DELETE FROM indexer.quarantine")

        strangers = [committee[0], network.seller, committee[0]]
        with pytest.raises(PublishRefused, match="1 of the 3 keys given"):
            await publish(pool, client, strangers, 1, options=SEND)
        first = await publish(pool, client, committee, 1, options=SEND)
        assert (first.rows, first.transactions) == (2, 2)
        again = await publish(pool, client, committee, 1, options=SEND)
        assert (again.rows, again.transactions, again.digest) == (0, 0, first.digest)

        network.work(2)
        await catch_up(pool, network.url)
        with pytest.raises(PublishRefused, match="epoch 1 is final and not closed"):
            await publish(pool, client, committee, 2, options=SEND)
        said = await pool.fetchval("SELECT digest FROM chain.scores_finalized")
        assert said == first.digest
        await pool.execute("UPDATE chain.scores_finalized SET digest = $1", bytes(32))
        with pytest.raises(PublishRefused, match="somebody published other scores"):
            await publish(pool, client, committee, 1, options=SEND)


async def test_scores_are_kept_as_they_would_be_computed_from_nothing(network: Network, databases: Databases) -> None:
    """Kept epoch by epoch, or recomputed from the first: the same scores, idle hours included."""
    async with databases.pool() as pool:
        network.work(1)
        network.world.chain.warp(timestamp=GENESIS + 30 * 3_600)
        network.challenge(31, outcome=0)
        network.world.chain.warp(timestamp=GENESIS + 33 * 3_600)
        network.world.chain.warp(seconds=1)
        await catch_up(pool, network.url)
        for epoch in (1, 2, 25, 26, 31, 33):
            kept = await scores.computed(pool, epoch)
            async with pool.acquire() as connection:
                assert await scores.recomputed(connection, epoch) == kept
        reputations = {score.reputation for score in kept.scores.values()}
        assert {reputation.idle_epochs for reputation in reputations} == {2, 33}
        earlier = await scores.computed(pool, 1)
        assert {score.points for score in earlier.scores.values()} == {0, 250, 8_000}
        rows = await pool.fetchval("SELECT count(*) FROM indexer.score")
        assert rows <= 3 * 4, "only what does not follow from being idle is kept"


async def test_what_the_chain_holds_against_an_actor_counts(network: Network, databases: Databases) -> None:
    """Collateral on its way out or slashed: no points. A job lost by silence, a dispute lost: less reputation."""
    world, (rich, lean) = network.world, [node for node, _ in network.nodes]
    async with databases.pool() as pool:
        network.work(1)
        for epoch in (2, 3):
            network.challenge(epoch)
            world.chain.warp(timestamp=GENESIS + epoch * 3_600)
        world.chain.warp(seconds=1)
        await catch_up(pool, network.url)
        before = (await scores.computed(pool, 3)).scores
        assert {bytes(rich[1]), bytes(lean[1])} == {actor for actor, score in before.items() if score.points}

        network.challenge(4)
        staking_steps.withdraw_collateral(world, rich, 1)
        network.fail(lean)
        world.chain.warp(timestamp=GENESIS + 4 * 3_600)
        world.chain.warp(seconds=1)
        await catch_up(pool, network.url)
        found = (await scores.computed(pool, 4)).scores
        assert found[bytes(rich[1])].points == 0
        assert found[bytes(lean[1])].points == 250
        # One challenge passed, one job lost by silence, one dispute lost.
        held = before[bytes(lean[1])].reputation.value
        assert found[bytes(lean[1])].reputation.value == max(held + 10 - 200 - 300, 0)
        work = await pool.fetch(sql("epoch_work_from_chain"), 0, 10**9)
        by = {row["actor"]: (row["failed"], row["lost"]) for row in work}
        assert by[bytes(lean[1])] == (1, 1)
        assert by.get(bytes(network.user[1]), (0, 0)) == (0, 0)

        staking_steps.propose(world, lean[1], 1)
        network.challenge(5)
        world.chain.warp(timestamp=GENESIS + 90 * 3_600)
        staking_steps.execute(world, lean[1])
        network.challenge(91)
        world.chain.warp(timestamp=GENESIS + 91 * 3_600)
        world.chain.warp(seconds=1)
        await catch_up(pool, network.url)
        assert (await scores.computed(pool, 5)).scores[bytes(lean[1])].points == 250
        assert {score.points for score in (await scores.computed(pool, 91)).scores.values()} == {0}


async def test_who_lost_a_dispute(network: Network, databases: Databases) -> None:
    """The node where less than half of its seconds were accepted, the user where all were, nobody in between."""
    world, (node, _) = network.world, network.nodes[0]
    async with databases.pool() as pool:
        for number, (accepted, losers) in enumerate(
            ((0, {node[1]}), (399, {node[1]}), (400, set()), (799, set()), (800, {network.user[1]}))
        ):
            world.prices()
            job = world.open_job(network.user, id=number, hardware_class="H100", hours=1)
            world.start_job(job, node[1])
            world.chain.warp(seconds=800)
            world.report_job(node, job)
            escrow_steps.dispute_job(world, job, network.user)
            escrow_steps.resolve_dispute(world, job, node, accepted)
            since = await pool.fetchval("SELECT coalesce(max(slot), 0) FROM chain.block")
            world.chain.warp(seconds=1)
            await catch_up(pool, network.url)
            work = await pool.fetch(sql("epoch_work_from_chain"), since, 10**9)
            assert {row["actor"] for row in work if row["lost"]} == {bytes(loser) for loser in losers}, accepted
