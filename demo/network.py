"""The demo's network: who takes part, with which keys, and how it all comes into being."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from solana.rpc.async_api import AsyncClient
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from client import actions, addresses, bootstrap
from client.economics import IO, SECONDS_PER_HOUR, USD, collateral
from client.instructions import oracle, tokens
from client.localnet import SOL, Localnet
from client.network import CLASS_MULTIPLIERS_BP, ESCROW, Parameters
from client.sending import send
from demo.scenario import CLASSES, GENESIS_TIME, PRICES_NANO_USD, NodeSpec, Scenario

if TYPE_CHECKING:
    from indexer.db import Pool

PARAMETERS = Parameters(escrow=replace(ESCROW, min_work_seconds=900))
"""The design's, but that a quarter of an hour of work is paid: every hour of the demo has something to settle."""
COMMITTEE = 3
USER_DOLLARS = 10_000 * USD
TRADER_IO = 10_000 * IO
_FEE_LAMPORTS = SOL
_POCKET_IO = 100 * IO
"""What an owner holds above its collateral."""


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
    nodes: list[Node] = field(default_factory=list)
    users: list[Participant] = field(default_factory=list)

    async def send(self, instructions: Sequence[Instruction], *signers: Keypair) -> None:
        """Sends one transaction and waits until it is confirmed."""
        await send(self.client, instructions, signers)

    async def at(self, epoch: int, second: int) -> None:
        """Moves the chain's clock to a second of an epoch."""
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
                        for symbol, price in PRICES_NANO_USD.items()
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
                classes={symbol: CLASS_MULTIPLIERS_BP[symbol] for symbol in CLASSES},
                parameters=PARAMETERS,
            ),
        ]
        for transaction in steps:
            step(f"initialising: {transaction.name}")
            await self.send(transaction.instructions, *transaction.signers)
        step("registering owners and users")
        for wallet in (self.affiliate, self.trader):
            await self._fund(wallet.pubkey(), io=TRADER_IO if wallet is self.trader else 0)
        self.nodes = list(await asyncio.gather(*map(self._node, self.scenario.nodes)))
        self.users = list(await asyncio.gather(*map(self._user, range(self.scenario.users))))

    async def _fund(self, owner: Pubkey, *, io: int = 0, usd: int = 0) -> None:
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
        await self._fund(address, io=required + _POCKET_IO)
        registered = await actions.register_node(
            self.client,
            owner,
            hardware_class=spec.hardware_class,
            processors=spec.processors,
            dollar_share_bp=spec.dollar_share_bp,
            commission_bp=spec.commission_bp,
            affiliate=affiliate,
        )
        return Node(spec.name, owner, registered.actor, spec, affiliate)

    async def _user(self, index: int) -> Participant:
        name = f"user-{index + 1}"
        owner = key(self.scenario, name)
        address = owner.pubkey()
        await self._fund(address, usd=USER_DOLLARS)
        return Participant(name, owner, (await actions.register_user(self.client, owner)).actor)


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
    )
