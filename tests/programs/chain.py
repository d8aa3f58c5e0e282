"""JSON-RPC of a localnet whose time moves by hand, with what the programs answered: refusals, events, units."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

import base58
import httpx
import pytest
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import Transaction

from client import accounts
from client.idl import PROGRAMS, SYSTEM_PROGRAM, TOKEN_PROGRAM, ProgramName, coder, idl, program_of

T = TypeVar("T")

ERROR_NAMES = {error.code: error.name for program in PROGRAMS for error in idl(program).errors or []}
ANCHOR_ERROR_NAMES = {
    2000: "ConstraintMut",
    2003: "ConstraintRaw",
    2012: "ConstraintAddress",
    2019: "ConstraintSpace",
    2020: "ConstraintAccountIsNone",
    2040: "ConstraintDuplicateMutableAccount",
}
OTHERS_ERROR_NAMES = {
    (str(SYSTEM_PROGRAM), 0): "AccountAlreadyInUse",
    (str(TOKEN_PROGRAM), 1): "InsufficientFunds",
    (str(TOKEN_PROGRAM), 3): "MintMismatch",
    (str(TOKEN_PROGRAM), 4): "OwnerMismatch",
}
"""The system program's and the token program's errors, by who failed first."""
CLOCK = "SysvarC1ock11111111111111111111111111111111"
EVENT_TAG = bytes.fromhex("e445a52e51cb9a1d")
"""What the data of an `emit_cpi!` begins with."""


class Refused(Exception):
    """A transaction that the chain did not accept. `name`: the program's error, or Solana's own."""

    def __init__(self, name: str, logs: list[str]) -> None:
        super().__init__("\n".join([name, *logs]))
        self.name = name


def error_name(err: Any, logs: Sequence[str] = ()) -> str:
    """`{"InstructionError": [0, {"Custom": 6000}]}` as `NotUpgradeAuthority`."""
    if isinstance(err, dict) and "InstructionError" in err:
        kind = err["InstructionError"][1]
        if isinstance(kind, dict) and "Custom" in kind:
            code = kind["Custom"]
            failed = next((found[1] for log in logs if (found := re.match(r"Program (\w+) failed", log))), "")
            names = ERROR_NAMES | ANCHOR_ERROR_NAMES
            return names.get(code) or OTHERS_ERROR_NAMES.get((failed, code), f"Custom({code})")
        return kind if isinstance(kind, str) else json.dumps(kind)
    return err if isinstance(err, str) else json.dumps(err)


@dataclass(frozen=True)
class Event:
    """What a program emitted through a call to itself."""

    program: ProgramName
    name: str
    fields: dict[str, Any]
    """By their names in the program; addresses as `Pubkey`."""


def swapped(instruction: Instruction, old: Pubkey, new: Pubkey) -> Instruction:
    """The same instruction with another account in the place of one."""
    metas = [
        AccountMeta(new if meta.pubkey == old else meta.pubkey, meta.is_signer, meta.is_writable)
        for meta in instruction.accounts
    ]
    assert metas != instruction.accounts, f"{old} is not an account of the instruction"
    return Instruction(instruction.program_id, instruction.data, metas)


@dataclass
class Chain:
    """JSON-RPC of one localnet."""

    http: httpx.Client
    _nonce: Iterator[int] = field(default_factory=lambda: count(1))

    def call(self, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer = self.http.post("", json=body).json()
        if "error" in answer:
            error = answer["error"]
            data = error.get("data") or {}
            if data.get("err") is not None:
                logs = data.get("logs") or []
                raise Refused(error_name(data["err"], logs), logs)
            raise Refused(error["message"], [])
        return answer["result"]

    def send(self, instructions: Sequence[Instruction], *signers: Keypair) -> str:
        """Sends one transaction, paid by the first signer; its signature. Raises `Refused`."""
        # No two are alike, so that the same instruction can be sent twice.
        unique = set_compute_unit_price(next(self._nonce))
        limit = set_compute_unit_limit(1_400_000)
        blockhash = self.blockhash()
        message = Message.new_with_blockhash([limit, unique, *instructions], signers[0].pubkey(), blockhash)
        transaction = Transaction(list(signers), message, blockhash)
        encoded = base64.b64encode(bytes(transaction)).decode()
        options = {"encoding": "base64", "preflightCommitment": "processed"}
        return str(self.call("sendTransaction", encoded, options))

    def blockhash(self) -> Hash:
        """One that a transaction can be sent with."""
        return Hash.from_string(self.call("getLatestBlockhash")["value"]["blockhash"])

    @contextmanager
    def refuses(self, name: str) -> Iterator[None]:
        """What is sent inside must be refused with this error, and change nothing that is looked at."""
        with pytest.raises(Refused) as caught:
            yield
        assert caught.value.name == name, str(caught.value)

    def warp(self, **to: int) -> int:
        """Moves the clock (`seconds`, `timestamp`) or the slots; the new time, Unix seconds."""
        return int(self.call("localnet_warp", to)["unixTimestamp"])

    def airdrop(self, address: Pubkey, lamports: int) -> None:
        """Lamports for somebody."""
        self.call("requestAirdrop", str(address), lamports)

    def now(self) -> int:
        """Unix seconds, as the programs read them."""
        options = {"encoding": "base64", "commitment": "processed"}
        clock = base64.b64decode(self.call("getAccountInfo", CLOCK, options)["value"]["data"][0])
        return int.from_bytes(clock[32:40], "little")

    def account(self, kind: type[T], address: Pubkey) -> T:
        """A program's account, decoded."""
        value = self.call("getAccountInfo", str(address), {"encoding": "base64", "commitment": "processed"})
        return accounts.decode(kind, base64.b64decode(value["value"]["data"][0]))

    def exists(self, address: Pubkey) -> bool:
        options = {"encoding": "base64", "commitment": "processed"}
        return self.call("getAccountInfo", str(address), options)["value"] is not None

    def balance(self, token_account: Pubkey) -> int:
        """Base units in a token account; zero where there is none."""
        if not self.exists(token_account):
            return 0
        options = {"commitment": "processed"}
        return int(self.call("getTokenAccountBalance", str(token_account), options)["value"]["amount"])

    def supply(self, mint: Pubkey) -> int:
        """Base units of a mint in existence."""
        return int(self.call("getTokenSupply", str(mint), {"commitment": "processed"})["value"]["amount"])

    def lamports(self, address: Pubkey) -> int:
        """Lamports of an account."""
        return int(self.call("getBalance", str(address), {"commitment": "processed"})["value"])

    def transaction(self, signature: str) -> Any:
        """A transaction of before, as `getTransaction` gives it; two slots go by, and no time."""
        self.warp(slots=2)
        options = {"commitment": "confirmed", "encoding": "json", "maxSupportedTransactionVersion": 0}
        return self.call("getTransaction", signature, options)

    def units(self, signature: str) -> int:
        """Compute units that a transaction used, the two budget instructions' 300 included."""
        return int(self.transaction(signature)["meta"]["computeUnitsConsumed"])

    def events(self, signature: str) -> list[Event]:
        """The events of a transaction, from its inner instructions, in their order."""
        found = self.transaction(signature)
        keys = [Pubkey.from_string(key) for key in found["transaction"]["message"]["accountKeys"]]
        events = []
        for group in found["meta"]["innerInstructions"]:
            for inner in group["instructions"]:
                data, program = base58.b58decode(inner["data"]), program_of(keys[inner["programIdIndex"]])
                if program and data[:8] == EVENT_TAG:
                    parsed = coder(program).events.parse(data[8:])
                    fields = {k.rstrip("_"): v for k, v in parsed.data.__dict__.items() if not k.startswith("_")}
                    events.append(Event(program, parsed.name, fields))
        return events

    def forge(self, kind: type, address: Pubkey, name: str, value: int, size: int = 8) -> None:
        """Writes a number of `size` bytes into a field of an account, as no transaction could."""
        options = {"encoding": "base64", "commitment": "processed"}
        found = self.call("getAccountInfo", str(address), options)["value"]
        data = bytearray(base64.b64decode(found["data"][0]))
        start = accounts.offset_of(kind, name)
        data[start : start + size] = value.to_bytes(size, "little")
        self.call("localnet_setAccount", str(address), {"data": base64.b64encode(data).decode()})
