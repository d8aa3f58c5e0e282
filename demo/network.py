"""The demo's network: who takes part, with which keys, and how it all comes into being."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Processed
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from client import actions, addresses, bootstrap
from client.economics import IO, SECONDS_PER_HOUR, USD, collateral
from client.instructions import oracle, tokens
from client.localnet import SOL, Localnet
from client.network import BURN, CLASS_MULTIPLIERS_BP, ESCROW, ORACLE, STAKING, Parameters
from client.sending import MAX_COMPUTE_UNITS, SendOptions, send
from demo.scenario import BROUGHT_IN_USER, GENESIS_TIME, PRICES_NANO_USD, NodeSpec, Scenario

if TYPE_CHECKING:
    from indexer.database.db import Pool

PARAMETERS = Parameters(
    oracle=replace(ORACLE, delay_seconds=1_800),
    staking=replace(STAKING, appeal_seconds=1_800),
    burn=replace(BURN, owner_grant_hours=2),
    escrow=replace(ESCROW, min_work_seconds=900, dispute_seconds=300, discount_reputation=(0, 1, 5, 10)),
)
"""The design's, in the time of a demo: what takes days there takes half an hour here, a quarter of an hour of work is
paid, and little reputation makes a job cheaper."""
COMMITTEE = 3
STAKERS = 2
USER_DOLLARS = 10_000 * USD
INCENTIVES_DOLLARS = 100 * USD
"""What the treasury gives for the first grants: the fees of some hours would not pay one."""
WALLET_IO = 10_000 * IO
"""Of the trader, of each staker, and of the user that pays in IO."""
CONTRIBUTORS_IO = 90_400_000 * IO
STAKER_LOCKED_IO = 2_400 * IO
_DAY = 24 * SECONDS_PER_HOUR
_MONTH = 30 * _DAY
_FEE_LAMPORTS = SOL
_POCKET_IO = 100 * IO
"""What an owner holds above its collateral, and 2% of that: a slash can be made good."""

SEND = SendOptions(commitment=Processed, compute_units=MAX_COMPUTE_UNITS)
"""Blocks of the demo's chain move by hand, so that the same seed makes the same blocks: none follows that would
confirm this one. And nobody else wants their space: no transaction is simulated for a limit."""


@dataclass(frozen=True, slots=True)
class Participant:
    """A wallet with an actor."""

    name: str
    keypair: Keypair
    actor: Pubkey

    @property
    def address(self) -> Pubkey:
        """The wallet's address."""
        return self.keypair.pubkey()


@dataclass(frozen=True, slots=True)
class Node(Participant):
    """An owner's node."""

    spec: NodeSpec
    affiliate: Pubkey | None


@dataclass
class Network:
    """A running network and the keys of everybody in it."""

    scenario: Scenario
    localnet: Localnet
    client: AsyncClient
    pool: Pool
    admin: Keypair
    router: Keypair
    committee: list[Keypair]
    io_mint: Pubkey
    usd_mint: Pubkey
    affiliate: Keypair
    trader: Keypair
    contributors: Keypair
    """Whose IO is locked."""
    stakers: list[Keypair]
    nodes: list[Node] = field(default_factory=list)
    users: list[Participant] = field(default_factory=list)
    prices_nano_usd: Mapping[str, int] = field(default_factory=lambda: PRICES_NANO_USD)
    """Of IO, and of a processor-hour of each class that there is."""

    @property
    def electing(self) -> Node:
        """The node that takes another dollar share from epoch 2 on."""
        return self.nodes[1 % len(self.nodes)]

    @property
    def slashed(self) -> Node | None:
        """The node that is slashed in epoch 2; None where it would be the only one."""
        return self.nodes[-1] if len(self.nodes) > 1 else None

    async def send(self, instructions: Sequence[Instruction], *signers: Keypair) -> None:
        """Sends one transaction and waits until it is in a block."""
        await send(self.client, instructions, signers, SEND)

    async def at(self, epoch: int, second: int) -> None:
        """Moves the chain's clock to a second of an epoch; every block before it is final."""
        await self.localnet.warp(timestamp=GENESIS_TIME + (epoch - 1) * SECONDS_PER_HOUR + second)

    def io(self, owner: Pubkey) -> Pubkey:
        """A wallet's IO account."""
        return addresses.token_account(owner, self.io_mint)

    def usd(self, owner: Pubkey) -> Pubkey:
        """A wallet's dollar account."""
        return addresses.token_account(owner, self.usd_mint)

    async def submit_prices(self) -> None:
        """Every committee member submits the price of everything."""
        await asyncio.gather(
            *(
                self.send(
                    [
                        oracle.submit_price(member=member.pubkey(), symbol=symbol, price_nano_usd=price)
                        for symbol, price in self.prices_nano_usd.items()
                    ],
                    member,
                )
                for member in self.committee
            )
        )

    async def create(self, step: Callable[[str], None]) -> None:
        """Mints, programs, committee, owners and users, up to epoch 1. Tells `step` what it does."""
        admin, genesis = self.admin, GENESIS_TIME
        await self.localnet.warp(timestamp=genesis)
        rent = await self.client.get_minimum_balance_for_rent_exemption(tokens.MINT_SPACE)
        mints = key(self.scenario, "io mint"), key(self.scenario, "usd mint")
        steps = [
            *bootstrap.create_mints(admin, *mints, rent.value),
            *bootstrap.initialize_programs(
                admin,
                io_mint=self.io_mint,
                usd_mint=self.usd_mint,
                members=[member.pubkey() for member in self.committee],
                router=self.router.pubkey(),
                pauser=admin.pubkey(),
                genesis=genesis,
                classes={
                    name: CLASS_MULTIPLIERS_BP[name] for name in self.prices_nano_usd if name in CLASS_MULTIPLIERS_BP
                },
                parameters=PARAMETERS,
            ),
        ]
        for transaction in steps:
            step(f"initialising: {transaction.name}")
            await self.send(transaction.instructions, *transaction.signers)
        step("giving out what exists at genesis")
        for wallet in (self.affiliate, self.contributors):
            await self.fund(wallet.pubkey())
        for wallet in (self.trader, *self.stakers):
            await self.fund(wallet.pubkey(), io=WALLET_IO)
        treasury = tokens.mint_to(
            mint=self.usd_mint,
            authority=admin.pubkey(),
            destination=addresses.incentives_vault(),
            amount=INCENTIVES_DOLLARS,
        )
        await self.send([treasury], admin)
        await self._lock()
        step("registering owners and users")
        self.nodes = list(await asyncio.gather(*map(self._node, self.scenario.nodes)))
        self.users = list(await asyncio.gather(*map(self._user, range(self.scenario.users))))

    async def _lock(self) -> None:
        """Locks the contributors' IO, 36 months from month 13 on, and a day's worth for a staker, by the second."""
        for owner, amount, start, end, step in (
            (self.contributors, CONTRIBUTORS_IO, 12 * _MONTH, 48 * _MONTH, _MONTH),
            (self.stakers[1], STAKER_LOCKED_IO, 0, _DAY, 1),
        ):
            await actions.lock_io(
                self.client,
                self.admin,
                owner.pubkey(),
                amount,
                start=GENESIS_TIME + start,
                end=GENESIS_TIME + end,
                step_seconds=step,
                options=SEND,
            )

    async def fund(self, owner: Pubkey, *, io: int = 0, usd: int = 0) -> None:
        """Gives a wallet SOL for fees, both token accounts, and so much of each."""
        admin = self.admin.pubkey()
        instructions = [
            tokens.create_token_account(payer=admin, owner=owner, mint=mint) for mint in (self.io_mint, self.usd_mint)
        ]
        if io:
            instructions.append(
                tokens.transfer(source=self.io(admin), destination=self.io(owner), owner=admin, amount=io)
            )
        if usd:
            instructions.append(
                tokens.mint_to(mint=self.usd_mint, authority=admin, destination=self.usd(owner), amount=usd)
            )
        pocket = transfer(TransferParams(from_pubkey=admin, to_pubkey=owner, lamports=_FEE_LAMPORTS))
        await self.send([pocket, *instructions], self.admin)

    async def _node(self, spec: NodeSpec) -> Node:
        owner = key(self.scenario, spec.name)
        address = owner.pubkey()
        affiliate = self.affiliate.pubkey() if spec.has_affiliate else None
        required = collateral(CLASS_MULTIPLIERS_BP[spec.hardware_class], spec.processors)
        await self.fund(address, io=required + required // 50 + _POCKET_IO)
        registered = await actions.register_node(
            self.client,
            owner,
            hardware_class=spec.hardware_class,
            processors=spec.processors,
            dollar_share_bp=spec.dollar_share_bp,
            commission_bp=spec.commission_bp,
            affiliate=affiliate,
            options=SEND,
        )
        return Node(spec.name, owner, registered.actor, spec, affiliate)

    async def _user(self, index: int) -> Participant:
        name = f"user-{index + 1}"
        owner = key(self.scenario, name)
        address = owner.pubkey()
        brought_in = index == BROUGHT_IN_USER
        await self.fund(address, usd=USER_DOLLARS, io=WALLET_IO if brought_in else 0)
        affiliate = self.affiliate.pubkey() if brought_in else None
        registered = await actions.register_user(self.client, owner, affiliate=affiliate, options=SEND)
        return Participant(name, owner, registered.actor)


def key(scenario: Scenario, name: str) -> Keypair:
    """The demo's key of that name: the same seed makes the same addresses. Never for anything of value."""
    return Keypair.from_seed(sha256(f"ionet demo {scenario.seed} {name}".encode()).digest())


def network(scenario: Scenario, localnet: Localnet, client: AsyncClient, pool: Pool) -> Network:
    """A network before anything of it exists on the chain."""
    return Network(
        scenario=scenario,
        localnet=localnet,
        client=client,
        pool=pool,
        admin=key(scenario, "admin"),
        router=key(scenario, "router"),
        committee=[key(scenario, f"member {index}") for index in range(COMMITTEE)],
        io_mint=key(scenario, "io mint").pubkey(),
        usd_mint=key(scenario, "usd mint").pubkey(),
        affiliate=key(scenario, "affiliate"),
        trader=key(scenario, "trader"),
        contributors=key(scenario, "contributors"),
        stakers=[key(scenario, f"staker {index}") for index in range(STAKERS)],
    )
