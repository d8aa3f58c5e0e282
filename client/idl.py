"""The five programs as AnchorPy knows them: committed IDLs, addresses, coders. No network, no wallet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from anchorpy_core.idl import Idl
from pyheck import snake
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

if TYPE_CHECKING:
    from anchorpy.coder.coder import Coder

ProgramName = Literal["oracle", "staking", "emission", "escrow", "burn"]

PROGRAMS: tuple[ProgramName, ...] = get_args(ProgramName)
"""In the order in which they know one another."""

ROOT = Path(__file__).resolve().parents[1]
_LEGACY = ROOT / "programs" / "idls" / "legacy"

SYSTEM_PROGRAM = Pubkey.from_string("11111111111111111111111111111111")
TOKEN_PROGRAM = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
_EVENT_AUTHORITY_SEED = b"__event_authority"


@cache
def idl_json(program: ProgramName) -> str:
    """The program's IDL as its file has it."""
    return (_LEGACY / f"{program}.json").read_text()


@cache
def idl(program: ProgramName) -> Idl:
    """The program's IDL, in the legacy form that AnchorPy reads."""
    return Idl.from_json(idl_json(program))


@cache
def coder(program: ProgramName) -> Coder:
    """Encodes and decodes the program's instructions, accounts and types."""
    # Half a second to load, which the indexer's processes do not need.
    from anchorpy.coder.coder import Coder

    return Coder(idl(program))


@cache
def program_id(program: ProgramName) -> Pubkey:
    """The program's address."""
    return Pubkey.from_string(json.loads(idl_json(program))["metadata"]["address"])


@cache
def program_of(address: Pubkey) -> ProgramName | None:
    """The name of the program at an address; None for a stranger's."""
    return next((name for name in PROGRAMS if program_id(name) == address), None)


@cache
def _accounts_of(program: ProgramName, instruction: str) -> tuple[tuple[str, bool, bool, bool], ...]:
    """Name, writable, signer, optional of each account that an instruction declares."""
    for ix in idl(program).instructions:
        if snake(ix.name) == instruction:
            # Composite accounts do not occur: the IDLs' converter writes flat lists.
            return tuple(
                (snake(a.name), a.is_mut, a.is_signer, bool(a.is_optional))  # type: ignore[union-attr]
                for a in ix.accounts
            )
    raise LookupError(f"{program} has no instruction {instruction}")


def build(
    program: ProgramName,
    instruction: str,
    accounts: Mapping[str, Pubkey | None],
    args: Mapping[str, Any] | None = None,
    remaining: Sequence[AccountMeta] = (),
) -> Instruction:
    """An instruction of `program`: arguments encoded by AnchorPy, accounts in the IDL's order.

    `accounts` by their names in the program. An optional account that is absent or None becomes the program's
    own address, as Anchor reads it. The system and token programs and those of `#[event_cpi]` are filled in.
    """
    address = program_id(program)
    known: dict[str, Pubkey | None] = {
        "system_program": SYSTEM_PROGRAM,
        "token_program": TOKEN_PROGRAM,
        "program": address,
        "event_authority": Pubkey.find_program_address([_EVENT_AUTHORITY_SEED], address)[0],
        **accounts,
    }
    declared = _accounts_of(program, instruction)
    strangers = accounts.keys() - {name for name, *_ in declared}
    if strangers:
        raise LookupError(f"{program}.{instruction} has no account {', '.join(sorted(strangers))}")
    metas = []
    for name, writable, signer, optional in declared:
        given = known.get(name)
        if given is None and not optional:
            raise LookupError(f"{program}.{instruction} needs the account {name}")
        metas.append(AccountMeta(address, False, False) if given is None else AccountMeta(given, signer, writable))
    data = coder(program).instruction.encode(instruction, dict(args or {}))
    return Instruction(address, data, [*metas, *remaining])


def signing(signers: Sequence[Pubkey]) -> list[AccountMeta]:
    """Remaining accounts that only sign: members of the committee."""
    return [AccountMeta(signer, is_signer=True, is_writable=False) for signer in signers]


def as_argument(part: Any) -> dict[str, Any]:
    """A dataclass as the argument of its name: tuples become lists. Not `asdict`, which an address does not allow."""
    given = {field.name: getattr(part, field.name) for field in fields(part)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
