"""Instructions of `burn`: the buy-and-burn auction, and grants."""

from __future__ import annotations

from collections.abc import Sequence

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses
from client.idl import as_argument, build, signing
from client.state import BurnParameters


def initialize(*, admin: Pubkey, io_mint: Pubkey, usd_mint: Pubkey, parameters: BurnParameters) -> Instruction:
    """Creates the auction and its two vaults. Signed by `admin`, the program's upgrade authority, which pays.

    Derived: auction, vault, incentives vault, program data.
    """
    accounts = {
        "admin": admin,
        "auction": addresses.auction(),
        "io_mint": io_mint,
        "usd_mint": usd_mint,
        "vault": addresses.burn_vault(),
        "incentives": addresses.incentives_vault(),
        "program_data": addresses.program_data("burn"),
    }
    return build("burn", "initialize", accounts, {"parameters": as_argument(parameters)})


def set_parameters(*, admin: Pubkey, parameters: BurnParameters) -> Instruction:
    """Changes the parameters, from an epoch's start after the delay on. Signed by the admin.

    Derived: committee, auction.
    """
    accounts = {"admin": admin, "committee": addresses.committee(), "auction": addresses.auction()}
    return build("burn", "set_parameters", accounts, {"parameters": as_argument(parameters)})


def sell_io(
    *, seller: Pubkey, io_mint: Pubkey, seller_io: Pubkey, seller_usd: Pubkey, io_max: int, usd_min: int
) -> Instruction:
    """Burns up to `io_max` (IO base units) for at least `usd_min` (USD base units) from the vault.

    `seller_io`, `seller_usd`: the seller's token accounts. Signed by `seller`.
    Derived: committee, auction, vault, IO's feed.
    """
    accounts = {
        "seller": seller,
        "committee": addresses.committee(),
        "auction": addresses.auction(),
        "vault": addresses.burn_vault(),
        "feed": addresses.feed("IO"),
        "io_mint": io_mint,
        "seller_io": seller_io,
        "seller_usd": seller_usd,
    }
    return build("burn", "sell_io", accounts, {"io_max": io_max, "usd_min": usd_min})


def grant_user(*, payer: Pubkey, signers: Sequence[Pubkey], user: Pubkey) -> Instruction:
    """Grants a user's actor dollars that only jobs can be paid with, once.

    `signers`: members of the committee, a strict majority; signed by them and by `payer`, who pays for the grant's
    account. The user's credit must be open (`escrow.open_credit`). Derived: committee, auction, incentives vault,
    grant, credit.
    """
    accounts = {
        "payer": payer,
        "committee": addresses.committee(),
        "auction": addresses.auction(),
        "incentives": addresses.incentives_vault(),
        "user": user,
        "grant": addresses.grant(user),
        "credit": addresses.credit(user),
    }
    return build("burn", "grant_user", accounts, remaining=signing(signers))


def grant_owner(*, payer: Pubkey, signers: Sequence[Pubkey], node: Pubkey, owner_usd: Pubkey) -> Instruction:
    """Grants the owner of a proven node dollars, once a node.

    `owner_usd`: a dollar account of the node's authority. `signers`: members of the committee, a strict majority;
    signed by them and by `payer`, who pays for the grant's account. Derived: committee, auction, incentives vault,
    emission, earner, grant.
    """
    accounts = {
        "payer": payer,
        "committee": addresses.committee(),
        "auction": addresses.auction(),
        "incentives": addresses.incentives_vault(),
        "emission": addresses.emission(),
        "node": node,
        "earner": addresses.earner(node),
        "grant": addresses.grant(node),
        "owner_usd": owner_usd,
    }
    return build("burn", "grant_owner", accounts, remaining=signing(signers))
