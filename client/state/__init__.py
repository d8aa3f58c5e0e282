"""Accounts of the five programs, as frozen dataclasses: the twins of the programs' `state.rs`.

They name fields as the IDLs do, without padding; a test holds them to the IDLs. Symbols are text, bytes are
`bytes`, numbers with 64 fractional bits are one `int`, and parts of accounts are dataclasses themselves.
"""

from client.offences import OFFENCES
from client.state.burn import Auction, BurnParameters, Grant
from client.state.emission import Earner, Emission, EmissionParameters, Rates, Vesting
from client.state.escrow import EscrowParameters, Job, Terms
from client.state.oracle import PAUSE_BITS, Challenge, Committee, Feed, OracleParameters
from client.state.staking import (
    Actor,
    Agent,
    Class,
    Delegation,
    Election,
    Registry,
    Slash,
    StakingParameters,
    Ticket,
)

ACCOUNTS: tuple[type, ...] = (
    *(Committee, Feed, Challenge, Registry, Class, Actor, Agent, Delegation, Ticket, Slash, Emission),
    *(Rates, Earner, Vesting, Terms, Job, Auction, Grant),
)

__all__ = [
    "ACCOUNTS",
    "OFFENCES",
    "PAUSE_BITS",
    "Actor",
    "Agent",
    "Auction",
    "BurnParameters",
    "Challenge",
    "Class",
    "Committee",
    "Delegation",
    "Earner",
    "Election",
    "Emission",
    "EmissionParameters",
    "EscrowParameters",
    "Feed",
    "Grant",
    "Job",
    "OracleParameters",
    "Rates",
    "Registry",
    "Slash",
    "StakingParameters",
    "Terms",
    "Ticket",
    "Vesting",
]
