"""`verify_epoch`: what the chain paid is what the events say, or the difference is named."""

from __future__ import annotations

from dataclasses import replace

from client import economics, state
from client.economics import IO
from client.instructions import staking
from client.network import BURN, EMISSION, ORACLE, Parameters
from client.rpc import connect as connect_node
from indexer.acting.settlement import settle_due
from indexer.storing.replay import catch_up
from indexer.verify import verify_epoch
from tests.databases import Databases
from tests.integration.indexer_network import SEND, Network, digests, one_epoch, tampered
from tests.programs import governance_steps
from tests.programs.world import TERMS, new_world


async def test_verify_names_what_differs(network: Network, databases: Databases) -> None:
    """An event that says another amount than the chain paid is found, with both values."""
    async with databases.pool() as pool, connect_node(network.url) as client:
        await one_epoch(network, pool, client, 1)
        assert (await verify_epoch(pool, client, 1)).ok
        for table, column, name in (
            ("claimed", "owner", "claimed by the owner"),
            ("claimed", "stakers", "claimed for the stakers"),
            ("bonus_locked", "owner", "bonus locked"),
            ("job_settled", "dollars", "settled: dollars to the node"),
            ("job_settled", "fee_affiliate", "settled: fee to the affiliate"),
            ("delegated", "amount", "stake of a pool"),
            ("delegated", "shares", "shares of a pool"),
            ("score_posted", "points", "posted score: points"),
            ("challenge_recorded", "compute", "digest of all scores"),
            ("io_burned", "io", "burned by the token program"),
            ("epochs_closed", "availability", "emission, availability half"),
            ("collateral_deposited", "amount", "collateral"),
        ):
            async with tampered(pool, table, f"{column} = greatest({column}, 1) - 1"):
                report = await verify_epoch(pool, client, 1)
            assert name in {difference.name for difference in report.differences}, table
            assert not report.ok
        assert (await verify_epoch(pool, client, 1)).ok


async def test_verify_hears_what_came_after_the_cursor(network: Network, databases: Databases) -> None:
    """The chain may be further than the database: the rest is read from the node, and not stored."""
    async with databases.pool() as pool, connect_node(network.url) as client:
        await one_epoch(network, pool, client, 1)
        before = await digests(pool)
        network.world.sell_io(network.seller, IO)
        network.world.chain.warp(slots=1)
        network.world.chain.warp(slots=1)
        assert (await verify_epoch(pool, client, 1)).ok
        assert await digests(pool) == before


async def test_what_changes_at_an_hour_counts_from_its_first_second(databases: Databases) -> None:
    """Parameters, elections, a change that another replaced, and two hours closed as one across a change."""
    quickly = Parameters(oracle=replace(ORACLE, delay_seconds=1))
    with new_world(quickly) as world:
        network = Network(world)
        owner, lean = network.nodes[1][0]
        async with databases.pool() as pool, connect_node(network.url) as client:
            governance_steps.change(world, "emission", replace(EMISSION, availability_bp=2_000, affiliate_bp=700))
            fees = replace(TERMS, router=world.router.pubkey(), fee_bp=900, affiliate_bp=2_500, fee_burn_bp=100)
            governance_steps.change(world, "escrow", fees)
            governance_steps.change(world, "burn", replace(BURN, start_bp=-300, end_bp=0))
            chosen = staking.elect(
                authority=owner.pubkey(), actor=lean, election=state.Election(dollar_share_bp=5_000, commission_bp=300)
            )
            world.chain.send([chosen], owner)
            for epoch in (1, 2):
                await one_epoch(network, pool, client, epoch)
                report = await verify_epoch(pool, client, epoch)
                assert report.ok, report.differences

            governance_steps.change(world, "emission", replace(EMISSION, availability_bp=9_999))
            governance_steps.change(world, "emission", replace(EMISSION, availability_bp=8_000, lock_seconds=3_600))
            network.work(3)
            await catch_up(pool, network.url)
            await settle_due(client, pool, world.admin, options=SEND)
            await one_epoch(network, pool, client, 4)
            report = await verify_epoch(pool, client, 3)
            assert report.ok, report.differences
            assert (report.first, report.last) == (3, 4)
            held = await pool.fetchrow("SELECT availability, compute FROM chain.epochs_closed WHERE last = 4")
            third, fourth = economics.emission(2, 3), economics.emission(3, 4)
            availability = economics.bps_floor(third, 2_000) + economics.bps_floor(fourth, 8_000)
            assert (held["availability"], held["compute"]) == (availability, third + fourth - availability)
            for table, change in (
                ("emission_parameters_set", "parameters_availability_bp = parameters_availability_bp - 1"),
                ("elected", "election_dollar_share_bp = 5001"),
                ("escrow_parameters_set", '"from" = "from" + 3600'),
            ):
                async with tampered(pool, table, change):
                    assert not (await verify_epoch(pool, client, 3)).ok, table
