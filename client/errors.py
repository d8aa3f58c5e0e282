"""What can go wrong, in people's words, with the exit code that the command ends with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from solders.instruction import Instruction
from solders.pubkey import Pubkey


class IonetError(Exception):
    """Something was refused or failed; the message says what, with which value, and what to do."""

    exit_code = 1


class Unreachable(IonetError):
    """A node does not answer, or not as a Solana node does."""


class Refused(IonetError):
    """A program, or the chain itself, refused a transaction. Nothing of it was done."""

    def __init__(self, message: str, *, program: str, name: str, code: int | None = None) -> None:
        super().__init__(message)
        self.program = program
        """One of the five, `token`, `system`, `chain`, or a stranger's address."""
        self.name = name
        """The error's name, such as `NothingToClaim`."""
        self.code = code
        """The program's number for it, where it has one."""


_PROGRAM_NAMES = {
    "11111111111111111111111111111111": "system",
    "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA": "token",
    "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL": "token account",
    "ComputeBudget111111111111111111111111111111": "compute budget",
}

_TOKEN_ERRORS = {
    0: ("NotRentExempt", "the token account has too little SOL for its rent"),
    1: ("InsufficientFunds", "the token account holds less than the amount"),
    2: ("InvalidMint", "the mint is not valid"),
    3: ("MintMismatch", "the token account is of another mint"),
    4: ("OwnerMismatch", "the signer does not own the token account"),
    5: ("FixedSupply", "the mint has no mint authority any more"),
    17: ("AccountFrozen", "the token account is frozen"),
}

_SYSTEM_ERRORS = {
    0: ("AccountAlreadyInUse", "it exists already: this was done before"),
    1: ("ResultWithNegativeLamports", "the payer has too little SOL for the rent of the new accounts"),
}

_CHAIN_ERRORS = {
    "AccountNotFound": "the payer {payer} has no SOL to pay the fee with: send it some",
    "InsufficientFundsForFee": "the payer {payer} has too little SOL for the fee: send it some",
    "InsufficientFundsForRent": "an account would have too little SOL for its rent: send {payer} some",
    "ProgramAccountNotFound": "the program is not deployed on this chain: check the URL",
    "InvalidProgramForExecution": "the program is not deployed on this chain: check the URL",
    "BlockhashNotFound": "the transaction is too old for the chain: try again",
    "AlreadyProcessed": "the very same transaction is on the chain already",
}

_INSTRUCTION_ERRORS = {
    "UnsupportedProgramId": "the program is not deployed on this chain: check the URL",
    "IllegalOwner": "an account does not exist yet, or is not the program's",
    "InvalidAccountOwner": "an account does not exist yet, or is not the program's",
    "AccountDataTooSmall": "an account does not exist (any more), or is of another kind",
    "UninitializedAccount": "an account does not exist yet",
    "AccountAlreadyInitialized": "it exists already: this was done before",
    "InvalidAccountData": "an account is not of the kind that the instruction needs",
    "MissingRequiredSignature": "a signature is missing",
    "ComputationalBudgetExceeded": "it ran out of compute units: try again",
    "ProgramFailedToComplete": "the program crashed, or ran out of compute units",
}

_FAILED_LOG = re.compile(r"^Program (\w{32,44}) failed: (.*)$")


@cache
def _program_errors() -> dict[int, tuple[str, str, str]]:
    """Program, name and sentence of every code: they are unique across the five."""
    from client.idl import PROGRAMS, idl  # the addresses module raises IonetError, so it comes before the IDLs

    return {
        error.code: (program, error.name, error.msg or error.name)
        for program in PROGRAMS
        for error in idl(program).errors or ()
    }


def explain(code: int, program: Pubkey | None = None) -> tuple[str, str, str]:
    """Program, name and sentence of a program's error code; `program` is who returned it."""
    from anchorpy.error import LangErrorMessage

    known = _program_errors().get(code)
    if known:
        return known
    name = _name_of(program)
    if name == "token" and code in _TOKEN_ERRORS:
        return (name, *_TOKEN_ERRORS[code])
    if name == "system" and code in _SYSTEM_ERRORS:
        return (name, *_SYSTEM_ERRORS[code])
    if code in LangErrorMessage:
        return name, f"Anchor{code}", LangErrorMessage[code]
    return name, f"Custom{code}", f"error {code} (0x{code:x})"


def refusal(
    err: Any, logs: Sequence[str] | None, instructions: Sequence[Instruction], payer: Pubkey | None = None
) -> Refused:
    """The error of a transaction (solders' `TransactionErrorType`), explained by its logs.

    `instructions`: those of the transaction, so that an index has a program. `payer`: who pays its fee.
    """
    if not hasattr(err, "err"):  # of the transaction, not of one of its instructions
        name = _variant(err)
        sentence = _CHAIN_ERRORS.get(name, name).format(payer=payer)
        return Refused(f"the transaction was refused: {sentence}", program="chain", name=name)

    index: int = err.index
    outer = instructions[index].program_id if index < len(instructions) else None
    inner = _innermost_failure(logs) or outer
    code = getattr(err.err, "code", None)
    if code is not None:
        program, name, sentence = explain(int(code), inner)
        return Refused(f"{program} refused: {sentence} ({name}, {code})", program=program, name=name, code=int(code))
    name, program = _variant(err.err), _name_of(inner)
    sentence = _INSTRUCTION_ERRORS.get(name, "the instruction failed")
    return Refused(f"{program} refused: {sentence} ({name})", program=program, name=name)


def _innermost_failure(logs: Sequence[str] | None) -> Pubkey | None:
    """Who failed first: a program that calls another fails with the other's code, after it."""
    for line in logs or ():
        failed = _FAILED_LOG.match(line)
        if failed:
            return Pubkey.from_string(failed[1])
    return None


def _name_of(program: Pubkey | None) -> str:
    from client.idl import program_of

    if program is None:
        return "a program"
    return program_of(program) or _PROGRAM_NAMES.get(str(program), str(program))


def _variant(err: Any) -> str:
    """`AccountNotFound` of `TransactionErrorFieldless.AccountNotFound`; the class's own name where it has fields."""
    text = str(err)
    if re.fullmatch(r"\w+\.\w+", text):
        return text.split(".")[1]
    return type(err).__name__.removeprefix("TransactionError").removeprefix("InstructionError")
