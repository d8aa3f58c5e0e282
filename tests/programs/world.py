"""A network of its own for a test: a localnet whose time moves only by hand, the programs initialised, people funded.

Synchronous, and without the client's actions: what the programs answer is seen as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import count
from typing import TypeVar

import httpx
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, bootstrap, state
from client.economics import IO, USD
from client.instructions import burn, emission, escrow, oracle, staking, tokens
from client.localnet import SOL, start_localnet
from client.network import CLASS_MULTIPLIERS_BP, ESCROW, Parameters
from tests.programs.chain import Chain

T = TypeVar("T")

U64_MAX = 2**64 - 1
GENESIS = 1_767_225_600
"""Unix seconds of epoch 1's start."""
MINT_RENT = 1_461_600
PRICES_NANO_USD = {"IO": 200_000_000, "H100": 2_500_000_000, "4090": 400_000_000, "CPU": 50_000_000}
TERMS = replace(ESCROW, dispute_seconds=0)
"""Work is paid as soon as it is reported, but in tests of disputes."""


@dataclass
class World:
    """A network, and short words for what tests do again and again."""

    chain: Chain
    admin: Keypair
    io_mint: Pubkey
    usd_mint: Pubkey
    committee: list[Keypair]
    router: Keypair
    pauser: Keypair
    setup: dict[str, str]
    """The name of each transaction that initialised the programs, by its signature."""
    _people: Iterator[int] = field(default_factory=lambda: count(1))

    def key(self) -> Keypair:
        """A key that nobody in this world has."""
        return Keypair.from_seed(sha256(b"person %d" % next(self._people)).digest())

    def person(self, *, io: int = 0, usd: int = 0) -> Keypair:
        """Somebody with SOL, token accounts for both mints, and so much of each (base units)."""
        keypair = self.key()
        self.chain.airdrop(keypair.pubkey(), 10 * SOL)
        owner = self.admin.pubkey()
        instructions = [
            tokens.create_token_account(payer=owner, owner=keypair.pubkey(), mint=mint)
            for mint in (self.io_mint, self.usd_mint)
        ]
        if io:
            instructions.append(
                tokens.transfer(source=self.io(self.admin), destination=self.io(keypair), owner=owner, amount=io)
            )
        if usd:
            instructions.append(
                tokens.mint_to(mint=self.usd_mint, authority=owner, destination=self.usd(keypair), amount=usd)
            )
        self.chain.send(instructions, self.admin)
        return keypair

    def io(self, owner: Keypair | Pubkey) -> Pubkey:
        """The IO account of a wallet."""
        return addresses.token_account(_address(owner), self.io_mint)

    def usd(self, owner: Keypair | Pubkey) -> Pubkey:
        """The dollar account of a wallet."""
        return addresses.token_account(_address(owner), self.usd_mint)

    def prices(self, **nano_usd: int) -> None:
        """Every member submits a price for every feed."""
        for member in self.committee:
            submissions = [
                oracle.submit_price(member=member.pubkey(), symbol=symbol, price_nano_usd=price)
                for symbol, price in (PRICES_NANO_USD | nano_usd).items()
            ]
            self.chain.send(submissions, member)

    def node(
        self,
        *,
        hardware_class: str = "4090",
        processors: int = 1,
        dollar_share_bp: int = 6_000,
        affiliate: Pubkey | None = None,
        collateral: bool = True,
    ) -> tuple[Keypair, Pubkey]:
        """An owner and its node's actor, able to earn and with its collateral in place."""
        owner = self.person(io=1_000_000 * IO)
        actor = addresses.actor(owner.pubkey(), 0)
        instructions = [
            staking.register_node(
                authority=owner.pubkey(),
                id=0,
                hardware_class=hardware_class,
                processors=processors,
                dollar_share_bp=dollar_share_bp,
                commission_bp=200,
                affiliate=affiliate,
            ),
            emission.create_earner(payer=owner.pubkey(), actor=actor),
        ]
        self.chain.send(instructions, owner)
        if collateral:
            required = self.chain.account(state.Actor, actor).collateral_required
            deposit = staking.deposit_collateral(
                depositor=owner.pubkey(), actor=actor, source=self.io(owner), amount=required
            )
            self.chain.send([deposit], owner)
        return owner, actor

    def user(self, *, usd: int = 1_000_000 * USD, affiliate: Pubkey | None = None) -> tuple[Keypair, Pubkey]:
        """A wallet with dollars and its user's actor."""
        owner = self.person(usd=usd)
        actor = addresses.actor(owner.pubkey(), 0)
        instructions = [
            staking.register_user(authority=owner.pubkey(), id=0, affiliate=affiliate),
            emission.create_earner(payer=owner.pubkey(), actor=actor),
        ]
        self.chain.send(instructions, owner)
        return owner, actor

    def open_job(
        self, user: tuple[Keypair, Pubkey], *, id: int = 1, hardware_class: str = "4090",
        processors: int = 1, hours: int = 2, max_deposit: int = U64_MAX,
        benefit: int = state.Job.DISCOUNT, from_credit: int = 0,
    ) -> Pubkey:  # fmt: skip
        """Opens a job; its address."""
        owner, actor = user
        opening = escrow.open_job(
            authority=owner.pubkey(),
            user=actor,
            id=id,
            hardware_class=hardware_class,
            processors=processors,
            hours=hours,
            max_deposit=max_deposit,
            usd_mint=self.usd_mint,
            source=self.usd(owner),
            benefit=benefit,
            from_credit=from_credit,
        )
        self.chain.send([opening], owner)
        return addresses.job(actor, id)

    def start_job(self, job: Pubkey, node: Pubkey) -> None:
        starting = escrow.start_job(router=self.router.pubkey(), job=job, node=node)
        self.chain.send([starting], self.router)

    def report_job(self, node: tuple[Keypair, Pubkey], job: Pubkey) -> None:
        owner, actor = node
        report = escrow.report_job(by=owner.pubkey(), node=actor, job=job, digest=bytes(32))
        self.chain.send([report], owner)

    def settling(self, job: Pubkey, node: tuple[Keypair, Pubkey]) -> Instruction:
        """The settlement of a job, with all that it needs."""
        owner, actor = node
        found = self.chain.account(state.Job, job)
        held = self.chain.account(state.Earner, addresses.earner(actor)).coupon_epoch
        users = self.chain.account(state.Earner, addresses.earner(found.user)).coupon_epoch
        return escrow.settle_job(
            job=job,
            node=actor,
            node_usd=self.usd(owner),
            coupon_epoch=held,
            affiliate_usd=found.affiliate_usd if found.has_affiliate else None,
            user=found.user if found.benefit == found.LOCKED_IO else None,
            user_coupon_epoch=users,
        )

    def settle_job(self, job: Pubkey, node: tuple[Keypair, Pubkey]) -> str:
        return self.chain.send([self.settling(job, node)], self.admin)

    def finish_job(self, job: Pubkey, user: tuple[Keypair, Pubkey], caller: Keypair | None = None) -> str:
        owner, actor = user
        caller = caller or owner
        granted = self.chain.account(state.Job, job).unspent_credit
        finishing = escrow.finish_job(
            caller=caller.pubkey(),
            job=job,
            authority=owner.pubkey(),
            user_usd=self.usd(owner),
            credit=addresses.credit(actor) if granted else None,
        )
        return self.chain.send([finishing], caller)

    def post_scores(self, epoch: int, *scores: tuple[Pubkey, int, int], signers: int = 2) -> str:
        """`(actor, points, reputation)` each, signed by so many members."""
        members = self.committee[:signers]
        posting = emission.post_scores(
            signers=[m.pubkey() for m in members],
            epoch=epoch,
            scores=[(addresses.earner(actor), points, reputation) for actor, points, reputation in scores],
        )
        return self.chain.send([posting], *members)

    def finalize(self, epoch: int, *, signers: int = 2) -> str:
        members = self.committee[:signers]
        final = emission.finalize_scores(
            signers=[m.pubkey() for m in members], epoch=epoch, digest=sha256(b"%d" % epoch).digest()
        )
        return self.chain.send([final], *members)

    def close(self, through: int) -> str:
        first = self.chain.account(state.Emission, addresses.emission()).closed_epoch + 1
        return self.chain.send([emission.close_epochs(first=first, through=through)], self.admin)

    def end_of(self, epoch: int) -> None:
        """Moves the clock to the first second after an epoch."""
        self.chain.warp(timestamp=GENESIS + epoch * 3_600)

    def claim(self, node: tuple[Keypair, Pubkey], *, affiliate: Pubkey | None = None) -> str:
        owner, actor = node
        held = self.chain.account(state.Earner, addresses.earner(actor)).coupon_epoch
        found = self.chain.account(state.Actor, actor)
        claiming = emission.claim(
            actor=actor,
            coupon_epoch=held,
            io_mint=self.io_mint,
            owner_io=self.io(owner),
            affiliate_io=self.io(affiliate) if affiliate else None,
            rewards=found.rewards if found.shares else None,
        )
        return self.chain.send([claiming], self.admin)

    def sell_io(self, seller: Keypair, io_max: int, usd_min: int = 0) -> str:
        selling = burn.sell_io(
            seller=seller.pubkey(),
            io_mint=self.io_mint,
            seller_io=self.io(seller),
            seller_usd=self.usd(seller),
            io_max=io_max,
            usd_min=usd_min,
        )
        return self.chain.send([selling], seller)


def _address(owner: Keypair | Pubkey) -> Pubkey:
    return owner.pubkey() if isinstance(owner, Keypair) else owner


def freezable_mint(world: World) -> Pubkey:
    """A mint like IO's, whose accounts the admin may freeze."""
    owner, mint = world.admin.pubkey(), world.key()
    creating, initializing = tokens.create_mint(
        payer=owner, mint=mint.pubkey(), decimals=8, authority=owner, rent_lamports=MINT_RENT
    )
    # InitializeMint: tag, decimals, mint authority, then the freeze authority as an option.
    data = initializing.data[:34] + b"\1" + bytes(owner)
    world.chain.send([creating, Instruction(initializing.program_id, data, initializing.accounts)], world.admin, mint)
    return mint.pubkey()


def keypair(name: str) -> Keypair:
    """The same key for the same name."""
    return Keypair.from_seed(sha256(name.encode()).digest())


ADMIN, ROUTER, PAUSER = keypair("admin"), keypair("router"), keypair("pauser")


def committee_of(members: int) -> list[Keypair]:
    """The keys of a committee."""
    return [keypair(f"member {index}") for index in range(members)]


def found(
    chain: Chain,
    parameters: Parameters | None = None,
    *,
    members: int = 3,
    coupon_authority: Keypair | None = None,
    initialized: bool = True,
) -> World:
    """A network on a chain that stands at the first second of epoch 1, with the programs deployed; see `new_world`."""
    committee = committee_of(members)
    io_mint, usd_mint = keypair("io"), keypair("usd")
    parameters = parameters or Parameters(escrow=TERMS)
    steps = [*bootstrap.create_mints(ADMIN, io_mint, usd_mint, MINT_RENT)]
    if initialized:
        steps += bootstrap.initialize_programs(
            ADMIN,
            io_mint=io_mint.pubkey(),
            usd_mint=usd_mint.pubkey(),
            members=[m.pubkey() for m in committee],
            router=ROUTER.pubkey(),
            pauser=PAUSER.pubkey(),
            genesis=GENESIS,
            classes={name: CLASS_MULTIPLIERS_BP[name] for name in PRICES_NANO_USD if name != "IO"},
            parameters=parameters,
        )
    if coupon_authority:
        schedule = emission.initialize(
            admin=ADMIN.pubkey(),
            io_mint=io_mint.pubkey(),
            coupon_authority=coupon_authority.pubkey(),
            parameters=parameters.emission,
        )
        steps = [replace(step, instructions=[schedule]) if step.name == "emission" else step for step in steps]
    setup = {chain.send(step.instructions, *step.signers): step.name for step in steps}
    return World(chain, ADMIN, io_mint.pubkey(), usd_mint.pubkey(), committee, ROUTER, PAUSER, setup)


@contextmanager
def new_world(
    parameters: Parameters | None = None,
    *,
    members: int = 3,
    coupon_authority: Keypair | None = None,
    initialized: bool = True,
    slot_ms: int = 0,
) -> Iterator[World]:
    """A fresh network at the first second of epoch 1, with a committee of three.

    `coupon_authority`: a key that may credit coupons in the place of escrow's terms. Not `initialized`: the programs
    and the two mints are there, and nothing else. `slot_ms`: length of a slot; 0 for slots that move by hand alone.
    """
    balances = {k.pubkey(): 1_000 * SOL for k in (ADMIN, ROUTER, PAUSER, *committee_of(members))}
    network = start_localnet(
        ADMIN.pubkey(), balances=balances, slot_ms=slot_ms, clock="manual", genesis_time=GENESIS - 60
    )
    with network as localnet, httpx.Client(base_url=localnet.rpc, timeout=30) as http:
        chain = Chain(http)
        chain.warp(timestamp=GENESIS)
        yield found(chain, parameters, members=members, coupon_authority=coupon_authority, initialized=initialized)
