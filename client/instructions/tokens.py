"""Instructions of the token programs, for IO and dollars. Amounts are in base units."""

from __future__ import annotations

from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account
from spl.token import instructions as spl

from client import addresses
from client.idl import TOKEN_PROGRAM

MINT_SPACE = 82
"""Bytes of a mint account."""


def create_token_account(*, payer: Pubkey, owner: Pubkey, mint: Pubkey) -> Instruction:
    """Creates the owner's associated token account unless it exists. Signed by `payer`."""
    return spl.create_idempotent_associated_token_account(payer, owner, mint)


def create_mint(
    *, payer: Pubkey, mint: Pubkey, decimals: int, authority: Pubkey, rent_lamports: int
) -> list[Instruction]:
    """Creates a mint without freeze authority: two instructions. Signed by `payer` and by the key of `mint`.

    `rent_lamports`: the rent exemption of `MINT_SPACE` bytes.
    """
    account = CreateAccountParams(
        from_pubkey=payer, to_pubkey=mint, lamports=rent_lamports, space=MINT_SPACE, owner=TOKEN_PROGRAM
    )
    params = spl.InitializeMintParams(decimals=decimals, program_id=TOKEN_PROGRAM, mint=mint, mint_authority=authority)
    return [create_account(account), spl.initialize_mint(params)]


def mint_to(*, mint: Pubkey, authority: Pubkey, destination: Pubkey, amount: int) -> Instruction:
    """Creates `amount` of a mint in the token account `destination`. Signed by the mint authority."""
    params = spl.MintToParams(
        program_id=TOKEN_PROGRAM, mint=mint, dest=destination, mint_authority=authority, amount=amount
    )
    return spl.mint_to(params)


def transfer(*, source: Pubkey, destination: Pubkey, owner: Pubkey, amount: int) -> Instruction:
    """Moves `amount` between token accounts of one mint. Signed by `owner` of `source`."""
    params = spl.TransferParams(program_id=TOKEN_PROGRAM, source=source, dest=destination, owner=owner, amount=amount)
    return spl.transfer(params)


def transfer_to_owner(*, payer: Pubkey, mint: Pubkey, to: Pubkey, amount: int) -> list[Instruction]:
    """Moves `amount` from the payer's associated token account to `to`'s, created if missing."""
    return [
        create_token_account(payer=payer, owner=to, mint=mint),
        transfer(
            source=addresses.token_account(payer, mint),
            destination=addresses.token_account(to, mint),
            owner=payer,
            amount=amount,
        ),
    ]
