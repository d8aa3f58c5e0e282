"""How a network comes into being: the transactions that initialise the five programs, in order. Pure: nothing is sent.

The upgrade authority of the programs signs them all; it is the admin of all afterwards, and gives the mint authority
of IO to the emission program for good.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, amounts
from client.economics import GENESIS_SUPPLY
from client.instructions import burn, emission, escrow, oracle, staking, tokens
from client.network import Parameters

IO_SYMBOL = "IO"


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction."""

    name: str
    instructions: Sequence[Instruction]
    signers: Sequence[Keypair] = field(repr=False)
    """The first pays."""


def create_mints(admin: Keypair, io_mint: Keypair, usd_mint: Keypair, rent_lamports: int) -> Iterator[Step]:
    """The two mints, with 500,000,000 IO of genesis in the admin's account. On a public network USD exists already.

    `rent_lamports`: the rent exemption of a mint (`tokens.MINT_SPACE` bytes).
    """
    owner = admin.pubkey()
    for unit, mint in ((amounts.IO, io_mint), (amounts.USD, usd_mint)):
        instructions = tokens.create_mint(
            payer=owner, mint=mint.pubkey(), decimals=unit.decimals, authority=owner, rent_lamports=rent_lamports
        )
        instructions.append(tokens.create_token_account(payer=owner, owner=owner, mint=mint.pubkey()))
        yield Step(f"mint of {unit.name}", instructions, [admin, mint])
    genesis = tokens.mint_to(
        mint=io_mint.pubkey(),
        authority=owner,
        destination=addresses.token_account(owner, io_mint.pubkey()),
        amount=GENESIS_SUPPLY,
    )
    yield Step("genesis supply", [genesis], [admin])


def initialize_programs(
    admin: Keypair,
    *,
    io_mint: Pubkey,
    usd_mint: Pubkey,
    members: Sequence[Pubkey],
    router: Pubkey,
    pauser: Pubkey,
    genesis: int,
    classes: Mapping[str, int],
    parameters: Parameters,
) -> Iterator[Step]:
    """Initialises the five programs.

    `members`: the committee; `router`: assigns nodes to jobs; `pauser`: may pause programs; `genesis`: Unix
    seconds at which epoch 1 begins; `classes`: symbol to multiplier, 10,000 = 1; each gets a price feed, as IO does.
    """
    owner = admin.pubkey()
    committee = oracle.initialize(
        admin=owner, members=members, pauser=pauser, genesis=genesis, parameters=parameters.oracle
    )
    yield Step("committee", [committee], [admin])
    registry = staking.initialize(admin=owner, io_mint=io_mint, parameters=parameters.staking)
    yield Step("staking", [registry], [admin])
    auction = burn.initialize(admin=owner, io_mint=io_mint, usd_mint=usd_mint, parameters=parameters.burn)
    yield Step("burn auction", [auction], [admin])
    schedule = emission.initialize(
        admin=owner, io_mint=io_mint, coupon_authority=addresses.terms(), parameters=parameters.emission
    )
    yield Step("emission", [schedule], [admin])
    yield Step("rates", [emission.open_rates(payer=owner, epoch=1)], [admin])
    terms = escrow.initialize(admin=owner, usd_mint=usd_mint, parameters=replace(parameters.escrow, router=router))
    yield Step("escrow", [terms], [admin])
    for symbol in (IO_SYMBOL, *classes):
        instructions = [oracle.create_feed(admin=owner, symbol=symbol)]
        if symbol in classes:
            instructions.append(staking.add_class(admin=owner, symbol=symbol, multiplier_bp=classes[symbol]))
        yield Step(f"feed of {symbol}", instructions, [admin])
