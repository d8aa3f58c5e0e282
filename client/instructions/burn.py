"""Instructions of `burn`: the buy-and-burn auction."""

from __future__ import annotations

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses
from client.idl import as_argument, build
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
