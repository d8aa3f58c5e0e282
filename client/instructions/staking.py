"""Instructions of `staking`: actors and their collateral."""

from __future__ import annotations

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses
from client.idl import build

NO_AFFILIATE = Pubkey.default()
"""What the program stores where nobody brought an owner in."""


def initialize(*, admin: Pubkey, io_mint: Pubkey) -> Instruction:
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
    return build("staking", "initialize", accounts)


def add_class(*, admin: Pubkey, symbol: str, multiplier_bp: int) -> Instruction:
    """Names a hardware class; its multiplier of collateral and points, 10,000 = 1.

    Signed by the registry's admin, which pays. Derived: registry, class.
    """
    accounts = {
        "admin": admin,
        "registry": addresses.registry(),
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
    stakers' part. Derived: class, actor.
    """
    accounts = {
        "authority": authority,
        "class": addresses.hardware_class(hardware_class),
        "actor": addresses.actor(authority, id),
    }
    args = {
        "id": id,
        "processors": processors,
        "dollar_share_bp": dollar_share_bp,
        "commission_bp": commission_bp,
        "affiliate": affiliate or NO_AFFILIATE,
    }
    return build("staking", "register_node", accounts, args)


def register_user(*, authority: Pubkey, id: int, affiliate: Pubkey | None = None) -> Instruction:
    """Registers a user, actor number `id` of `authority`, which signs and pays. Derived: actor."""
    accounts = {"authority": authority, "actor": addresses.actor(authority, id)}
    return build("staking", "register_user", accounts, {"id": id, "affiliate": affiliate or NO_AFFILIATE})


def deposit_collateral(*, depositor: Pubkey, actor: Pubkey, source: Pubkey, amount: int) -> Instruction:
    """Adds IO (base units) to a node's collateral, from the token account `source` of `depositor`.

    Signed by `depositor`. Derived: registry, vault.
    """
    accounts = {
        "depositor": depositor,
        "registry": addresses.registry(),
        "actor": actor,
        "vault": addresses.stake_vault(),
        "source": source,
    }
    return build("staking", "deposit_collateral", accounts, {"amount": amount})
