"""Instructions of `staking`: actors, their collateral, elections and agents. Pools: `client.instructions.pools`."""

from __future__ import annotations

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses
from client.endpoints import endpoint_bytes
from client.idl import as_argument, build
from client.state import Election, StakingParameters

MIN_COMMISSION_BP = 100
"""The least part that an actor's stakers get of what it earns, basis points."""
NO_AFFILIATE = Pubkey.default()
"""What the program stores where nobody brought an owner in."""


def initialize(*, admin: Pubkey, io_mint: Pubkey, parameters: StakingParameters) -> Instruction:
    """Creates the registry and the stake vault. Signed by `admin`, which pays.

    It is the program's upgrade authority. Derived: registry, vault, program data.
    """
    accounts = {
        "admin": admin,
        "registry": addresses.registry(),
        "io_mint": io_mint,
        "vault": addresses.stake_vault(),
        "program_data": addresses.program_data("staking"),
    }
    return build("staking", "initialize", accounts, {"parameters": as_argument(parameters)})


def set_parameters(*, admin: Pubkey, parameters: StakingParameters) -> Instruction:
    """Changes the parameters, from an epoch's start after the delay on. Signed by the admin.

    Derived: committee, registry.
    """
    accounts = {"admin": admin, "committee": addresses.committee(), "registry": addresses.registry()}
    return build("staking", "set_parameters", accounts, {"parameters": as_argument(parameters)})


def add_class(*, admin: Pubkey, symbol: str, multiplier_bp: int) -> Instruction:
    """Names a hardware class; its multiplier of collateral and points, 10,000 = 1.

    Signed by the admin, which pays. Derived: committee, class.
    """
    accounts = {
        "admin": admin,
        "committee": addresses.committee(),
        "class": addresses.hardware_class(symbol),
    }
    args = {"symbol": list(addresses.symbol_bytes(symbol)), "multiplier_bp": multiplier_bp}
    return build("staking", "add_class", accounts, args)


def register_node(
    *,
    authority: Pubkey,
    id: int,
    hardware_class: str,
    processors: int,
    dollar_share_bp: int,
    commission_bp: int,
    affiliate: Pubkey | None = None,
) -> Instruction:
    """Registers a node, actor number `id` of `authority`, which signs and pays.

    `dollar_share_bp` (3000 to 9000): the part of its pay taken in dollars; `commission_bp` (100 to 300): its
    stakers' part. Derived: committee, class, actor.
    """
    accounts = {
        "authority": authority,
        "committee": addresses.committee(),
        "class": addresses.hardware_class(hardware_class),
        "actor": addresses.actor(authority, id),
    }
    args = {
        "id": id,
        "processors": processors,
        "election": as_argument(Election(dollar_share_bp, commission_bp)),
        "affiliate": affiliate or NO_AFFILIATE,
    }
    return build("staking", "register_node", accounts, args)


def register_user(
    *, authority: Pubkey, id: int, commission_bp: int = MIN_COMMISSION_BP, affiliate: Pubkey | None = None
) -> Instruction:
    """Registers a user, actor number `id` of `authority`, which signs and pays.

    `commission_bp` (100 to 300): its stakers' part of what it earns. Derived: committee, actor.
    """
    accounts = {
        "authority": authority,
        "committee": addresses.committee(),
        "actor": addresses.actor(authority, id),
    }
    args = {
        "id": id,
        "election": as_argument(Election(0, commission_bp)),
        "affiliate": affiliate or NO_AFFILIATE,
    }
    return build("staking", "register_user", accounts, args)


def deposit_collateral(*, depositor: Pubkey, actor: Pubkey, source: Pubkey, amount: int) -> Instruction:
    """Adds IO (base units) to a node's collateral, from the token account `source` of `depositor`.

    Signed by `depositor`. Derived: committee, vault.
    """
    accounts = {
        "depositor": depositor,
        "committee": addresses.committee(),
        "actor": actor,
        "vault": addresses.stake_vault(),
        "source": source,
    }
    return build("staking", "deposit_collateral", accounts, {"amount": amount})


def withdraw_collateral(*, authority: Pubkey, actor: Pubkey, amount: int, id: int) -> Instruction:
    """Asks for IO (base units) of an actor's collateral: it unbonds as ticket number `id` of `authority`.

    Signed by `authority`, the actor's, which pays the ticket's rent. Derived: registry, ticket.
    """
    accounts = {
        "authority": authority,
        "registry": addresses.registry(),
        "actor": actor,
        "ticket": addresses.ticket(actor, authority, id),
    }
    return build("staking", "withdraw_collateral", accounts, {"amount": amount, "id": id})


def elect(*, authority: Pubkey, actor: Pubkey, election: Election) -> Instruction:
    """Chooses anew what the actor takes in dollars and leaves to its stakers, from the next epoch on.

    Signed by `authority`, the actor's. Derived: committee.
    """
    accounts = {"authority": authority, "committee": addresses.committee(), "actor": actor}
    return build("staking", "elect", accounts, {"election": as_argument(election)})


def name_agent(*, authority: Pubkey, actor: Pubkey, key: Pubkey) -> Instruction:
    """Names the key that acts for a node day by day, in the place of the one before.

    Signed by `authority`, the node's, which pays the rent, once. Derived: agent.
    """
    accounts = {"authority": authority, "actor": actor, "agent": addresses.agent(actor)}
    return build("staking", "name_agent", accounts, {"key": key})


def announce_agent(*, key: Pubkey, actor: Pubkey, endpoint: str, certificate: bytes, hardware: bytes) -> Instruction:
    """Says how to reach a node: `endpoint` is `host:port`, `certificate` the SHA-256 of the TLS certificate that is
    shown there, `hardware` that of its inventory. Signed by `key`, the agent's. Derived: agent.
    """
    accounts = {"key": key, "agent": addresses.agent(actor)}
    args = {
        "endpoint": list(endpoint_bytes(endpoint)),
        "certificate": list(certificate),
        "hardware": list(hardware),
    }
    return build("staking", "announce_agent", accounts, args)
