"""Accounts of the five programs, as frozen dataclasses: the twins of the programs' `state.rs`.

They name fields as the IDLs do, without padding; a test holds them to the IDLs. Symbols are text, bytes are
`bytes`, numbers with 64 fractional bits are one `int`, and parts of accounts are dataclasses themselves.
"""

from client.state.burn import Auction, BurnParameters
from client.state.emission import Earner, Emission, EmissionParameters, Rates, Vesting
from client.state.escrow import EscrowParameters, Job, Terms
from client.state.oracle import PAUSE_BITS, Challenge, Committee, Feed, OracleParameters
from client.state.staking import Actor, Class, Election, Registry, StakingParameters

ACCOUNTS: tuple[type, ...] = (
    *(Committee, Feed, Challenge, Registry, Class, Actor, Emission),
    *(Rates, Earner, Vesting, Terms, Job, Auction),
)

__all__ = [
    "ACCOUNTS",
    "PAUSE_BITS",
    "Actor",
    "Auction",
    "BurnParameters",
    "Challenge",
    "Class",
    "Committee",
    "Earner",
    "Election",
    "Emission",
    "EmissionParameters",
    "EscrowParameters",
    "Feed",
    "Job",
    "OracleParameters",
    "Rates",
    "Registry",
    "StakingParameters",
    "Terms",
    "Vesting",
]
