"""Addresses from their seeds, as the IDL declares them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from solders.pubkey import Pubkey

from tests.proof.layout import _argument
from tests.proof.ledger import Call

Seeds = tuple[Pubkey, tuple[bytes, ...]]
"""A program, and seeds without the bump."""


def raw_arguments(call: Call) -> dict[str, bytes]:
    """The bytes of each argument."""
    data, offset, found = bytes(call.instruction.data), 8, {}
    for name, kind in call.declared.args:
        _, end = _argument(call.declared.program, kind, data, offset)
        found[name], offset = data[offset:end], end
    return found


def seeds_of(
    account: Mapping[str, Any], program: Pubkey, accounts: Mapping[str, Pubkey | None], arguments: Mapping[str, bytes]
) -> Seeds | None:
    """The seeds of an account of an instruction of `program`; None where its IDL does not say them, or not here."""
    pda = account.get("pda")
    if pda is None:
        return None
    owner = Pubkey(bytes(pda["program"]["value"])) if "program" in pda else program
    found = []
    for seed in pda["seeds"]:
        if seed["kind"] == "const":
            found.append(bytes(seed["value"]))
        elif seed["kind"] == "arg" and seed["path"] in arguments:
            found.append(arguments[seed["path"]])
        elif seed["kind"] == "account" and (named := accounts.get(seed["path"])):
            found.append(bytes(named))
        else:
            return None
    return owner, tuple(found)


@cache
def find_address(seeds: Seeds) -> Pubkey:
    """The address of some seeds."""
    return Pubkey.find_program_address(list(seeds[1]), seeds[0])[0]


def find_bump(seeds: Seeds) -> int:
    """The canonical bump of some seeds."""
    return Pubkey.find_program_address(list(seeds[1]), seeds[0])[1]


def derivations(call: Call) -> dict[Pubkey, Seeds]:
    """Of each account whose seeds the IDL says, the seeds, where they do lead to its address."""
    found, arguments = {}, raw_arguments(call)
    for account in call.declared.accounts:
        seeds = seeds_of(account, call.instruction.program_id, call.accounts, arguments)
        if (
            seeds is not None
            and Pubkey.find_program_address(list(seeds[1]), seeds[0])[0] == call.accounts[account["name"]]
        ):
            found[call.accounts[account["name"]]] = seeds
    return found
