"""An hour of the network on solana-test-validator and a real PostgreSQL: what localnet shows holds on Agave too."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from solana.rpc.commitment import Finalized
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, actions, addresses, bootstrap, economics, state
from client.actions import send
from client.economics import IO, USD
from client.idl import PROGRAMS, program_id
from client.instructions import oracle, tokens
from client.localnet import SOL
from client.network import CLASS_MULTIPLIERS_BP, Parameters
from client.rpc import chain_time, connect
from indexer.acting import oracle as publisher
from indexer.acting import settlement
from indexer.database import db
from indexer.node.roads import Road
from indexer.scoring import REFERENCES
from indexer.storing import store
from indexer.storing.replay import catch_up
from indexer.verify import verify_epoch
from tests.databases import Databases
from tests.integration.conformance_servers import ROOT, validator, validator_command
from tests.integration.indexer_network import digests
from tests.programs.world import TERMS

pytestmark = pytest.mark.skipif(validator_command() is None, reason="solana-test-validator is not on the PATH")

HARDWARE = "4090"
LEFT_OF_THE_EPOCH = 150
"""Seconds: genesis is set so far in the past that epoch 1 is about to end. A loaded machine needs half of them."""


def key(name: str) -> Keypair:
    return Keypair.from_seed(sha256(f"validator {name}".encode()).digest())


async def test_an_hour_on_the_validator(tmp_path: Path) -> None:
    """Price, challenge, job, settlement, scores, close, claim and burn, and a replay that agrees with the chain."""
    admin = key("admin")
    programs = [
        word
        for name in PROGRAMS
        for word in (
            "--upgradeable-program",
            str(program_id(name)),
            str(ROOT / "programs" / "deploy" / f"{name}.so"),
            str(admin.pubkey()),
        )
    ]
    with validator(tmp_path / "ledger", *programs) as node, db.embedded_postgres(tmp_path / "pg") as url:
        pool = await db.connect(url)
        try:
            async with connect(node.rpc) as client:
                await run_hour(client, pool, node.rpc, admin)
            await read_by_signatures(pool, Databases(url), node.rpc)
        finally:
            await pool.close()


async def read_by_signatures(pool, databases: Databases, rpc: str) -> None:  # type: ignore[no-untyped-def]
    """On Agave too, the road by signatures leaves what the road slot by slot left."""
    cursor = await store.cursor(pool)
    assert cursor is not None
    async with databases.pool() as other:
        for until in (cursor.position.slot // 2, cursor.position.slot):
            await catch_up(other, rpc, until_slot=until, road=Road.SIGNATURES)
        assert await digests(other) == await digests(pool)


async def run_hour(client, pool, rpc: str, admin: Keypair) -> None:  # type: ignore[no-untyped-def]
    committee = [key(f"member {index}") for index in range(3)]
    owner, renter, router = key("owner"), key("renter"), key("router")
    await asyncio.gather(
        *(actions.fund(client, who.pubkey(), 100 * SOL) for who in (admin, owner, renter, router, *committee))
    )
    io_mint, usd_mint = key("io"), key("usd")
    rent = (await client.get_minimum_balance_for_rent_exemption(tokens.MINT_SPACE)).value
    genesis = await chain_time(client) - 3_600 + LEFT_OF_THE_EPOCH
    for step in (
        *bootstrap.create_mints(admin, io_mint, usd_mint, rent),
        *bootstrap.initialize_programs(
            admin,
            io_mint=io_mint.pubkey(),
            usd_mint=usd_mint.pubkey(),
            members=[member.pubkey() for member in committee],
            router=router.pubkey(),
            pauser=router.pubkey(),
            genesis=genesis,
            classes={HARDWARE: CLASS_MULTIPLIERS_BP[HARDWARE]},
            parameters=Parameters(escrow=replace(TERMS, min_work_seconds=1)),
        ),
    ):
        await send(client, step.instructions, step.signers)

    io, usd = io_mint.pubkey(), usd_mint.pubkey()
    await send(
        client, tokens.transfer_to_owner(payer=admin.pubkey(), mint=io, to=owner.pubkey(), amount=400 * IO), [admin]
    )
    dollars = [
        tokens.create_token_account(payer=admin.pubkey(), owner=renter.pubkey(), mint=usd),
        tokens.mint_to(
            mint=usd,
            authority=admin.pubkey(),
            destination=addresses.token_account(renter.pubkey(), usd),
            amount=100 * USD,
        ),
    ]
    await send(client, dollars, [admin])
    machine = await actions.register_node(
        client, owner, hardware_class=HARDWARE, processors=1, dollar_share_bp=3_000, commission_bp=100
    )
    user = await actions.register_user(client, renter)
    await asyncio.gather(
        *(
            send(
                client,
                [
                    oracle.submit_price(member=member.pubkey(), symbol="IO", price_nano_usd=200_000_000),
                    oracle.submit_price(member=member.pubkey(), symbol=HARDWARE, price_nano_usd=36_000_000_000),
                ],
                [member],
            )
            for member in committee
        )
    )
    job = await actions.open_job(client, renter, user=user.actor, hardware_class=HARDWARE, processors=1, hours=1)
    await actions.start_job(client, router, job.job, machine.actor)
    await challenge(client, committee[0], machine.actor)
    assert await chain_time(client) < genesis + 3_600, "the machine is too slow: the epoch ended before its work"

    await asyncio.sleep(genesis + 3_600 - await chain_time(client))
    while await chain_time(client) < genesis + 3_600:  # noqa: ASYNC110 - nothing tells when the clock has moved
        await asyncio.sleep(0.2)
    await actions.report_job(client, owner, job.job, bytes(32))
    await catch_up_all(client, pool, rpc)
    assert len(await settlement.settle_due(client, pool, admin)) == 1
    await actions.cancel_job(client, renter, job.job)
    await catch_up_all(client, pool, rpc)
    published = await publisher.publish(pool, client, committee, 1)
    assert published.rows == 1, "the node alone has points or reputation that it did not have before"
    await actions.close_epochs(client, admin, 1)
    claimed = await actions.claim(client, owner, machine.actor)
    # Alone, it earns the whole hour but for the fractions of its liquid and of its bonus IO.
    assert 0 <= economics.cumulative(1) - claimed.liquid.owner - claimed.bonus.owner <= 2
    sold = await actions.sell_io(client, owner, 1 * IO)
    assert sold.quote.usd_paid > 0

    await catch_up_all(client, pool, rpc)
    report = await verify_epoch(pool, client, 1)
    assert report.ok, report.differences
    schedule = await accounts.fetch(client, state.Emission, addresses.emission())
    assert schedule is not None
    assert schedule.closed_epoch == 1


async def challenge(client, verifier: Keypair, node: Pubkey) -> None:  # type: ignore[no-untyped-def]
    """One challenge that the node passes at its class's reference."""
    secret, address = bytes(32), verifier.pubkey()
    committing = oracle.commit_challenge(verifier=address, epoch=1, round=0, commitment=sha256(secret).digest())
    await send(client, [committing], [verifier])
    drawn = addresses.challenge(address, 1, 0)
    await next_slots(client)
    await send(client, [oracle.draw_challenge(challenge=drawn)], [verifier])
    reference = REFERENCES[HARDWARE]
    measured = oracle.Measurement(
        node=node,
        bandwidth=reference.bandwidth,
        memory=reference.memory,
        clock=reference.clock,
        compute=reference.compute,
        latency=10_000,
        outcome=1,
    )
    recording = oracle.record_challenges(verifier=address, challenge=drawn, secret=secret, measurements=[measured])
    await send(client, [recording], [verifier])


async def next_slots(client, slots: int = 2, seconds: float = 60) -> None:  # type: ignore[no-untyped-def]
    """Waits until what has been committed has a slot hash after it."""
    until = (await client.get_slot()).value + slots
    deadline = time.monotonic() + seconds
    while (await client.get_slot()).value < until:
        assert time.monotonic() < deadline, "the validator makes no slots"
        await asyncio.sleep(0.1)


async def catch_up_all(client, pool, rpc: str, seconds: float = 180) -> None:  # type: ignore[no-untyped-def]
    """Replays until everything that has happened so far is final and stored."""
    tip = (await client.get_slot()).value
    deadline = time.monotonic() + seconds
    while (await client.get_slot(Finalized)).value < tip:
        assert time.monotonic() < deadline, "the validator finalises nothing"
        await asyncio.sleep(0.2)
    await catch_up(pool, rpc)
