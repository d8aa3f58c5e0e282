"""Instructions of `staking`: pools, those who delegate to them, and unbonding."""

from __future__ import annotations

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses
from client.idl import build


def open_pool(*, payer: Pubkey, actor: Pubkey, io_mint: Pubkey) -> Instruction:
    """Creates the token account that the rewards of an actor's stakers arrive at. Anyone may.

    Signed by `payer`, which pays its rent. Derived: committee, registry, rewards.
    """
    accounts = {
        "payer": payer,
        "committee": addresses.committee(),
        "registry": addresses.registry(),
        "actor": actor,
        "io_mint": io_mint,
        "rewards": addresses.rewards(actor),
    }
    return build("staking", "open_pool", accounts)


def open_delegation(*, payer: Pubkey, actor: Pubkey, owner: Pubkey) -> Instruction:
    """Creates the account of what `owner` will delegate to an actor whose pool is open. Anyone may.

    Signed by `payer`, which pays its rent; `owner` gets it in the end. Derived: committee, delegation.
    """
    accounts = {
        "payer": payer,
        "committee": addresses.committee(),
        "actor": actor,
        "delegation": addresses.delegation(actor, owner),
    }
    return build("staking", "open_delegation", accounts, {"owner": owner})


def delegate(*, owner: Pubkey, actor: Pubkey, source: Pubkey, amount: int) -> Instruction:
    """Puts IO (base units) of the token account `source` of `owner` behind an actor.

    Signed by `owner`. Derived: committee, delegation, rewards, vault.
    """
    accounts = {
        "owner": owner,
        "committee": addresses.committee(),
        "actor": actor,
        "delegation": addresses.delegation(actor, owner),
        "rewards": addresses.rewards(actor),
        "vault": addresses.stake_vault(),
        "source": source,
    }
    return build("staking", "delegate", accounts, {"amount": amount})


def undelegate(*, owner: Pubkey, actor: Pubkey, amount: int, id: int) -> Instruction:
    """Asks for IO (base units) of what `owner` has delegated: it unbonds as its ticket number `id`.

    Signed by `owner`, which pays the ticket's rent. Derived: registry, delegation, rewards, ticket.
    """
    accounts = {
        "owner": owner,
        "registry": addresses.registry(),
        "actor": actor,
        "delegation": addresses.delegation(actor, owner),
        "rewards": addresses.rewards(actor),
        "ticket": addresses.ticket(actor, owner, id),
    }
    return build("staking", "undelegate", accounts, {"amount": amount, "id": id})


def claim_rewards(*, actor: Pubkey, owner: Pubkey, destination: Pubkey) -> Instruction:
    """Pays what the delegation of `owner` has earned to its IO account `destination`.

    Signed by nobody: anyone may send it. Derived: delegation, rewards.
    """
    accounts = {
        "actor": actor,
        "delegation": addresses.delegation(actor, owner),
        "rewards": addresses.rewards(actor),
        "destination": destination,
    }
    return build("staking", "claim_rewards", accounts)


def withdraw_ticket(*, actor: Pubkey, owner: Pubkey, id: int, destination: Pubkey) -> Instruction:
    """Pays what the matured ticket number `id` of `owner` is worth to its IO account `destination`.

    Signed by nobody: anyone may send it; the ticket's rent goes to `owner`. Derived: registry, ticket, vault.
    """
    accounts = {
        "registry": addresses.registry(),
        "actor": actor,
        "ticket": addresses.ticket(actor, owner, id),
        "vault": addresses.stake_vault(),
        "destination": destination,
        "owner": owner,
    }
    return build("staking", "withdraw_ticket", accounts)


def close_delegation(*, owner: Pubkey, actor: Pubkey) -> Instruction:
    """Closes a delegation that is worth nothing and has nothing to claim, for its rent.

    Signed by `owner`. Derived: delegation, rewards.
    """
    accounts = {
        "owner": owner,
        "actor": actor,
        "delegation": addresses.delegation(actor, owner),
        "rewards": addresses.rewards(actor),
    }
    return build("staking", "close_delegation", accounts)
