"""Real transactions of the real programs, one of each kind that an hour of the network has, as a node writes them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import base58
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from client import addresses, bootstrap
from client.economics import IO
from client.instructions import escrow, oracle, pools
from client.network import CLASS_MULTIPLIERS_BP, Parameters
from indexer.decoding import layouts
from tests.programs.chain import Chain
from tests.programs.world import GENESIS, TERMS, World, new_world

MEASURED: Final = 16
"""Measurements in one transaction: as many as fit into 1,232 bytes."""
SCORED: Final = 21
"""Scores in one transaction with two signers."""
PRICED: Final = ("IO", *CLASS_MULTIPLIERS_BP)
"""Feeds for which a member submits prices, all in one transaction."""
_BLOCK: Final = {
    "encoding": "json",
    "transactionDetails": "full",
    "rewards": False,
    "maxSupportedTransactionVersion": 0,
    "commitment": "finalized",
}
_SECRET: Final = sha256(b"secret").digest()

People = dict[str, tuple[str, str]]
"""By address, base58: what it is (`actor`, `earner`, `wallet` …) and of whom (`node`, `user`, `job` …)."""


@dataclass(frozen=True)
class Templates:
    """What was seen on a localnet."""

    genesis_hash: str
    setup: list[dict[str, Any]]
    """The blocks in which the programs were initialised: the `result` of getBlock, and `slot`."""
    kinds: dict[str, dict[str, Any]]
    """One transaction of a block by the name of its first instruction, `transfer` (a stranger's) or `failed`;
    of prices also the number of the member."""
    people: People


def capture() -> Templates:
    """Runs a small network through everything, and takes a transaction of each kind."""
    with new_world(initialized=False) as world:
        _initialize(world)
        chain = world.chain
        chain.warp(slots=1)
        last_of_setup = chain.call("getSlot", {"commitment": "processed"}) - 1
        people = _hour(world)
        chain.warp(slots=40)
        tip = chain.call("getSlot", {"commitment": "finalized"})
        slots = chain.call("getBlocks", 0, tip, {"commitment": "finalized"})
        blocks = [chain.call("getBlock", slot, _BLOCK) | {"slot": slot} for slot in slots]
        members = [str(member.pubkey()) for member in world.committee]
        kinds: dict[str, dict[str, Any]] = {}
        for block in blocks:
            for transaction in block["transactions"] if block["slot"] > last_of_setup else []:
                kind = _kind(transaction, members)
                if kind not in kinds or kind == "transfer":
                    kinds[kind] = transaction
        setup = [block for block in blocks if block["slot"] <= last_of_setup]
        return Templates(chain.call("getGenesisHash"), setup, kinds, people)


def _initialize(world: World) -> None:
    """The five programs, with every class that there is."""
    for step in bootstrap.initialize_programs(
        world.admin,
        io_mint=world.io_mint,
        usd_mint=world.usd_mint,
        members=[member.pubkey() for member in world.committee],
        router=world.router.pubkey(),
        pauser=world.pauser.pubkey(),
        genesis=GENESIS,
        classes=CLASS_MULTIPLIERS_BP,
        parameters=Parameters(escrow=TERMS),
    ):
        world.chain.send(step.instructions, *step.signers)


def _hour(world: World) -> People:
    """Everything once, around one node and one user."""
    nodes = [world.node() for _ in range(SCORED)]
    node, user = nodes[0], world.user()
    people: People = {}
    for number, person in enumerate(nodes):
        people |= _person(world, person, f"node {number}" if number else "node")
    people |= _person(world, user, "user")
    for member in world.committee:
        prices = [
            oracle.submit_price(member=member.pubkey(), symbol=symbol, price_nano_usd=400_000_000) for symbol in PRICED
        ]
        world.chain.send(prices, member)
    people |= _stake(world, node)
    people |= _challenge(world, [actor for _, actor in nodes[:MEASURED]])
    people |= _job(world, node, user)
    world.post_scores(1, *((actor, 1, 1) for _, actor in nodes))
    world.finalize(1)
    world.close(1)
    world.claim(node)
    seller = world.person(io=10 * IO)
    world.prices()
    world.sell_io(seller, IO)
    people |= _wallet(world, seller, "seller")
    payer, other = user[0], world.key().pubkey()
    passing = TransferParams(from_pubkey=payer.pubkey(), to_pubkey=other, lamports=1_000_000)
    world.chain.send([transfer(passing)], payer)
    return people | {str(other): ("wallet", "other")}


def _stake(world: World, node: tuple[Keypair, Pubkey]) -> People:
    actor, staker = node[1], world.person(io=100 * IO)
    owner = staker.pubkey()
    opening = [
        pools.open_pool(payer=owner, actor=actor, io_mint=world.io_mint),
        pools.open_delegation(payer=owner, actor=actor, owner=owner),
    ]
    world.chain.send(opening, staker)
    world.chain.send([pools.delegate(owner=owner, actor=actor, source=world.io(owner), amount=IO)], staker)
    delegation = {str(addresses.delegation(actor, owner)): ("delegation", "staker")}
    return _wallet(world, staker, "staker") | delegation


def _challenge(world: World, nodes: list[Pubkey]) -> People:
    member = world.committee[0]
    verifier, challenge = member.pubkey(), addresses.challenge(member.pubkey(), 1, 1)
    commitment = sha256(_SECRET).digest()
    committing = oracle.commit_challenge(verifier=verifier, epoch=1, round=1, commitment=commitment)
    world.chain.send([committing], member)
    for _ in range(2):
        world.chain.warp(slots=1)
    world.chain.send([oracle.draw_challenge(challenge=challenge)], member)
    measured = [oracle.Measurement(node, 1, 1, 1, 1, 1, 1) for node in nodes]
    recording = oracle.record_challenges(verifier=verifier, challenge=challenge, secret=_SECRET, measurements=measured)
    world.chain.send([recording], member)
    return {str(challenge): ("challenge", "challenge")}


def _job(world: World, node: tuple[Keypair, Pubkey], user: tuple[Keypair, Pubkey]) -> People:
    """A job from its opening to its end, a period settled, and once more in vain."""
    job = world.open_job(user, hours=2)
    world.start_job(job, node[1])
    world.end_of(1)
    world.report_job(node, job)
    settling = world.settling(job, node)
    world.chain.send([settling], world.admin)
    _Unchecked(world.chain.http).send([settling], world.admin)
    world.chain.send([escrow.end_job(authority=user[0].pubkey(), job=job)], user[0])
    world.finish_job(job, user)
    return {str(job): ("job", "job"), str(addresses.job_vault(job)): ("vault", "job")}


class _Unchecked(Chain):
    """Sends without a simulation before: what the programs refuse stands in a block all the same."""

    def call(self, method: str, *params: Any) -> Any:
        if method == "sendTransaction":
            params = (params[0], params[1] | {"skipPreflight": True})
        return super().call(method, *params)


def _wallet(world: World, owner: Keypair, whose: str) -> People:
    wallet = owner.pubkey()
    found = {"wallet": wallet, "io": world.io(wallet), "usd": world.usd(wallet)}
    return {str(address): (what, whose) for what, address in found.items()}


def _person(world: World, person: tuple[Keypair, Pubkey], whose: str) -> People:
    owner, actor = person
    found = {"actor": actor, "earner": addresses.earner(actor), "rewards": addresses.rewards(actor)}
    return _wallet(world, owner, whose) | {str(address): (what, whose) for what, address in found.items()}


def kind_of(transaction: dict[str, Any]) -> str:
    """The name of its first instruction of ours, `transfer` where there is none, or `failed`."""
    if transaction["meta"]["err"] is not None:
        return "failed"
    message = transaction["transaction"]["message"]
    for call in message["instructions"]:
        program = layouts.programs().get(message["accountKeys"][call["programIdIndex"]])
        if program is not None:
            tag = base58.b58decode(call["data"])[:8]
            return next(name for name, discriminator in program.instructions.items() if discriminator == tag)
    return "transfer"


def _kind(transaction: dict[str, Any], members: list[str]) -> str:
    """Its kind; of prices also whose they are."""
    kind = kind_of(transaction)
    payer = transaction["transaction"]["message"]["accountKeys"][0]
    return f"{kind} {members.index(payer)}" if kind == "submit_price" else kind
