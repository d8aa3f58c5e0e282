"""Errors in people's words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from solana.exceptions import SolanaRpcException
from solana.rpc.core import RPCException
from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.rpc.responses import SendTransactionResp

from client.errors import IonetError, Refused, Unreachable, explain, refusal
from client.idl import PROGRAMS, SYSTEM_PROGRAM, TOKEN_PROGRAM, idl, program_id
from client.rpc import FAILURES, explained, reason

PAYER = Pubkey.new_unique()


def solders_error(err: Any) -> Any:
    """What solders makes of a node's error."""
    failed = {"code": -32002, "message": "", "data": {"err": err, "logs": [], "unitsConsumed": 0}}
    answer = SendTransactionResp.from_json(json.dumps({"jsonrpc": "2.0", "id": 1, "error": failed}))
    return answer.data.err  # type: ignore[union-attr] # a preflight's failure


def refused(err: Any, *logs: str, program: Pubkey = SYSTEM_PROGRAM) -> Refused:
    return refusal(solders_error(err), logs, [Instruction(program, b"", [])], PAYER)


def test_every_code_of_every_program_is_explained() -> None:
    """By its own sentence, whoever passed it on."""
    for program in PROGRAMS:
        for error in idl(program).errors or ():
            found = refused({"InstructionError": [0, {"Custom": error.code}]}, program=program_id("escrow"))
            assert str(found) == f"{program} refused: {error.msg} ({error.name}, {error.code})"
            assert (found.program, found.name, found.code) == (program, error.name, error.code)


def test_codes_of_others_depend_on_who_said_them() -> None:
    """1 is of the token program, or of the system program: the innermost failure tells."""
    assert explain(1, TOKEN_PROGRAM)[1] == "InsufficientFunds"
    assert explain(1, SYSTEM_PROGRAM)[1] == "ResultWithNegativeLamports"
    assert explain(77, None) == ("a program", "Custom77", "error 77 (0x4d)")
    escrow = program_id("escrow")
    found = refused(
        {"InstructionError": [0, {"Custom": 1}]},
        f"Program {escrow} invoke [1]",
        f"Program {TOKEN_PROGRAM} failed: custom program error: 0x1",
        f"Program {escrow} failed: custom program error: 0x1",
        program=escrow,
    )
    assert str(found) == "token refused: the token account holds less than the amount (InsufficientFunds, 1)"


@pytest.mark.parametrize(
    ("err", "said"),
    [
        ("AccountNotFound", f"the payer {PAYER} has no SOL"),
        ("InsufficientFundsForFee", f"the payer {PAYER} has too little SOL"),
        ({"InsufficientFundsForRent": {"account_index": 0}}, "too little SOL for its rent"),
        ("ProgramAccountNotFound", "is not deployed on this chain"),
        ("SanitizeFailure", "SanitizeFailure"),
        ({"InstructionError": [0, "MissingRequiredSignature"]}, "a signature is missing"),
        ({"InstructionError": [0, "IllegalOwner"]}, "does not exist yet"),
        ({"InstructionError": [9, "InvalidArgument"]}, "a program refused: the instruction failed (InvalidArgument)"),
        ({"InstructionError": [0, {"Custom": 2012}]}, "An address constraint was violated"),
    ],
)
def test_errors_of_the_chain_are_sentences(err: Any, said: str) -> None:
    """With whom it concerns and what to do."""
    assert said in str(refused(err))


def test_refusals_end_the_command_with_one() -> None:
    """One base, one exit code."""
    assert isinstance(refused("AccountNotFound"), IonetError)
    assert refused("AccountNotFound").exit_code == 1


def test_failures_of_the_library_are_said_in_words() -> None:
    """By the node's own sentence, without the record around it; what has no words is named by its kind."""
    raw = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32005, "message": "Node is behind by 42 slots", "data": {}}}
    refused = RPCException(SendTransactionResp.from_json(json.dumps(raw)))
    assert reason(refused) == "Node is behind by 42 slots"
    assert reason(SolanaRpcException(OSError(), print, None, PAYER)).endswith('raised in "Pubkey" endpoint request')
    assert reason(TimeoutError()) == "TimeoutError"
    assert all(isinstance(one, FAILURES) for one in (refused, Unreachable("away")))
    with pytest.raises(Unreachable, match="refused: Node is behind by 42 slots"), explained():
        raise refused
