"""Compute units of every instruction, on localnet: `uv run python -m tests.bench.compute_units [--json]`.

Each figure is of a transaction with one such instruction; the two compute-budget instructions' 300 are taken off.
`close_epochs` is measured with few points and with as many as a million nodes would have: its cost does not depend
on how many earn, since it touches one account and one rate.
"""

import argparse
import json
from hashlib import sha256

from client import addresses, state
from client.economics import IO
from client.instructions import emission, escrow, oracle, staking
from tests.programs.world import World, new_world

BUDGET_UNITS = 300
BATCH = 21
"""Scores in one transaction signed by two members."""

SETUP = {
    "committee": "oracle.initialize",
    "feed of IO": "oracle.create_feed",
    "feed of H100": "oracle.create_feed and staking.add_class",
    "staking": "staking.initialize",
    "emission": "emission.initialize",
    "rates": "emission.open_rates",
    "burn auction": "burn.initialize",
    "escrow": "escrow.initialize",
}
"""The instruction of each transaction with which a network begins."""


class Meter:
    """Units by instruction, in the order of measuring."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.units: dict[str, int] = {}

    def note(self, name: str, signature: str) -> None:
        self.units[name] = self.world.chain.units(signature) - BUDGET_UNITS


def measure(world: World) -> dict[str, int]:
    """Compute units by instruction."""
    chain, meter = world.chain, Meter(world)
    member = world.committee[0]
    for signature, step in world.setup.items():
        if step in SETUP:
            meter.note(SETUP[step], signature)

    submission = oracle.submit_price(member=member.pubkey(), symbol="4090", price_nano_usd=400_000_000)
    meter.note("oracle.submit_price", chain.send([submission], member))
    world.prices()
    _challenge(world, meter)

    owner = world.person(io=1_000_000 * IO)
    actor = addresses.actor(owner.pubkey(), 0)
    affiliate = world.person()
    registering = staking.register_node(
        authority=owner.pubkey(),
        id=0,
        hardware_class="4090",
        processors=1,
        dollar_share_bp=3_000,
        commission_bp=200,
        affiliate=affiliate.pubkey(),
    )
    meter.note("staking.register_node", chain.send([registering], owner))
    earning = emission.create_earner(payer=owner.pubkey(), actor=actor)
    meter.note("emission.create_earner", chain.send([earning], owner))
    deposit = staking.deposit_collateral(depositor=owner.pubkey(), actor=actor, source=world.io(owner), amount=250 * IO)
    meter.note("staking.deposit_collateral", chain.send([deposit], owner))
    renter = world.person(usd=1_000_000_000)
    user = renter, addresses.actor(renter.pubkey(), 0)
    registering = staking.register_user(authority=renter.pubkey(), id=0)
    meter.note("staking.register_user", chain.send([registering], renter))
    chain.send([emission.create_earner(payer=renter.pubkey(), actor=user[1])], renter)

    opening = escrow.open_job(
        authority=renter.pubkey(),
        user=user[1],
        id=1,
        hardware_class="4090",
        processors=1,
        hours=2,
        max_deposit=2**63,
        usd_mint=world.usd_mint,
        source=world.usd(renter),
    )
    meter.note("escrow.open_job", chain.send([opening], renter))
    job = addresses.job(user[1], 1)
    starting = escrow.start_job(router=world.router.pubkey(), job=job, node=actor)
    meter.note("escrow.start_job", chain.send([starting], world.router))
    world.end_of(1)
    report = escrow.report_job(authority=owner.pubkey(), node=actor, job=job, digest=bytes(32))
    meter.note("escrow.report_job", chain.send([report], owner))
    meter.note("escrow.settle_job (with credit_coupons)", world.settle_job(job, (owner, actor)))

    others = [world.node()[1] for _ in range(BATCH - 1)]
    batch = [(a, 1_000 + i, 100) for i, a in enumerate([actor, *others])]
    first = world.post_scores(1, *batch)
    meter.note(f"emission.post_scores, {BATCH} new", first)
    meter.note("emission.finalize_scores", world.finalize(1))
    meter.note("emission.close_epochs, 21 earners", world.close(1))
    claimed = world.claim((owner, actor), affiliate=affiliate.pubkey())
    meter.note("emission.claim, with an affiliate", claimed)
    locking = emission.lock_bonus(
        payer=owner.pubkey(),
        actor=actor,
        coupon_epoch=0,
        closed_epoch=1,
        io_mint=world.io_mint,
        affiliate_io=world.io(affiliate),
    )
    meter.note("emission.lock_bonus", chain.send([locking], owner))

    world.end_of(2)
    again = [(a, 4_000_000_000, 200) for a, _, _ in batch]
    second = world.post_scores(2, *again)
    meter.units[f"emission.post_scores, each of {BATCH}"] = (chain.units(second) - BUDGET_UNITS) // BATCH
    world.finalize(2)
    meter.note("emission.close_epochs, points of a million nodes", world.close(2))
    world.end_of(300)
    world.finalize(300)
    meter.note("emission.close_epochs, 298 missed epochs at once", world.close(300))
    meter.note("emission.claim", world.claim((owner, actor), affiliate=affiliate.pubkey()))
    vesting = addresses.vesting(addresses.earner(actor), 1)
    withdrawing = emission.withdraw_vested(
        beneficiary=owner.pubkey(), vesting=vesting, io_mint=world.io_mint, destination=world.io(owner)
    )
    meter.note("emission.withdraw_vested", chain.send([withdrawing], owner))
    chain.send([report, *_settle(world, job, owner, actor)], world.admin, owner)
    meter.note("escrow.finish_job", world.finish_job(job, user))
    world.prices()
    meter.note("burn.sell_io", world.sell_io(world.person(io=IO), IO // 10))
    return meter.units


def _settle(world: World, job, owner, actor):  # type: ignore[no-untyped-def]
    held = world.chain.account(state.Earner, addresses.earner(actor)).coupon_epoch
    return [escrow.settle_job(job=job, node=actor, node_usd=world.usd(owner), coupon_epoch=held)]


def _challenge(world: World, meter: Meter) -> None:
    chain, member = world.chain, world.committee[0]
    verifier, secret = member.pubkey(), sha256(b"secret").digest()
    commitment = sha256(secret).digest()
    committing = oracle.commit_challenge(verifier=verifier, epoch=1, round=0, commitment=commitment)
    meter.note("oracle.commit_challenge", chain.send([committing], member))
    challenge = addresses.challenge(verifier, 1, 0)
    chain.warp(slots=2)
    meter.note("oracle.draw_challenge", chain.send([oracle.draw_challenge(challenge=challenge)], member))
    measurements = [
        oracle.Measurement(
            node=addresses.actor(verifier, index),
            bandwidth=1_000,
            memory=24_000,
            clock=3_000,
            compute=40_000,
            latency=20_000,
            outcome=1,
        )
        for index in range(14)
    ]
    recording = oracle.record_challenges(
        verifier=verifier, challenge=challenge, secret=secret, measurements=measurements
    )
    meter.note("oracle.record_challenges, 14 nodes", chain.send([recording], member))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with new_world() as world:
        units = measure(world)
    if options.json:
        print(json.dumps(units, indent=2))
        return
    for name, used in units.items():
        print(f"{used:>8,}  {name}")


if __name__ == "__main__":
    main()
