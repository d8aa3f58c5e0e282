"""LiteSVM at the end of a pipe, with the programs deployed: thousands of transactions a second.

The other end is `localnet/localnet/pipe.py`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from solders.compute_budget import set_compute_unit_limit
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import Transaction

from client.idl import PROGRAMS, ROOT, program_id
from tests.programs.chain import error_name

DEPLOY = ROOT / "programs" / "deploy"
SOL = 10**9
PAYER = Keypair.from_seed(sha256(b"who pays fees").digest())
"""Pays the fee of every transaction, and is nobody else: no balance that is looked at changes by fees."""
MAX_TRANSACTION = 1_232
"""Bytes that a transaction may have on the network."""
_BUDGET = set_compute_unit_limit(1_400_000)


class Account(NamedTuple):
    """An account as it is written; without lamports there is none."""

    address: Pubkey
    lamports: int
    owner: Pubkey
    data: bytes
    executable: bool = False

    def wire(self) -> tuple[bytes, int, bytes, bytes, bool]:
        """As the pipe takes it."""
        return bytes(self.address), self.lamports, bytes(self.owner), self.data, self.executable

    @classmethod
    def of(cls, wire: Sequence[Any]) -> Account:
        """From the pipe."""
        address, lamports, owner, data, executable = wire
        return cls(Pubkey(address), lamports, Pubkey(owner), data, executable)


class Outcome(NamedTuple):
    """What became of a transaction."""

    error: Any
    """As the node names it; None where it was accepted."""
    written: list[Account]
    """The accounts it may write, as they are after it; nothing where it was refused."""
    units: int = 0
    logs: Sequence[str] = ()
    events: Sequence[tuple[bytes, bytes]] = ()
    """Of each event, in their order: its program's address, and its discriminator and body."""

    @property
    def refusal(self) -> str | None:
        """The program's name of the error."""
        return None if self.error is None else error_name(self.error, self.logs)


class Trial(NamedTuple):
    """A transaction that is only tried, with accounts that are there for it alone."""

    instructions: Sequence[Instruction]
    put: Sequence[Account] = ()


def encode(instructions: Sequence[Instruction]) -> bytes:
    """An unsigned transaction, which `PAYER` pays."""
    message = Message.new_with_blockhash([_BUDGET, *instructions], PAYER.pubkey(), Hash.default())
    signatures = [Signature.default()] * message.header.num_required_signatures
    return bytes(Transaction.populate(message, signatures))


class Svm:
    """One LiteSVM in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._encode, self._decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder().decode
        self.time = 0
        self.slot = 0
        self.sent = 0
        """Transactions executed."""

    def _call(self, name: str, *arguments: Any) -> Any:
        body = self._encode([name, *arguments])
        sink, source = self._process.stdin, self._process.stdout
        assert sink is not None
        assert source is not None
        sink.write(len(body).to_bytes(4, "little") + body)
        sink.flush()
        header = source.read(4)
        if len(header) < 4:
            raise RuntimeError(f"the SVM's process ended with {self._process.wait()}")
        fine, value = self._decode(source.read(int.from_bytes(header, "little")))
        if not fine:
            raise RuntimeError(value)
        return value

    def start(self, authority: Pubkey, time: int, balances: dict[Pubkey, int], deploy: Path = DEPLOY) -> None:
        """A new chain at Unix second `time`: the programs of `deploy`, upgradeable by `authority`, and lamports."""
        programs = [(bytes(program_id(name)), str(deploy / f"{name}.so"), bytes(authority)) for name in PROGRAMS]
        lamports = {PAYER.pubkey(): 1_000_000 * SOL} | balances
        self._call("start", programs, [(bytes(address), amount) for address, amount in lamports.items()], time)
        self.time, self.slot = time, 1

    def warp(self, *, slots: int = 1, time: int | None = None) -> None:
        """Slots go by; the clock moves to a Unix time."""
        self._call("warp", slots, time)
        self.slot += slots
        self.time = self.time if time is None else time

    def save(self) -> None:
        """What is now is what `restore` brings back."""
        self._call("save")
        self._saved = self.slot, self.time

    def restore(self) -> None:
        """Everything is as it was at `save`."""
        self._call("restore")
        self.slot, self.time = self._saved

    def run(self, instructions: Sequence[Instruction]) -> Outcome:
        """Executes one transaction. Signatures are not checked, only asked for."""
        encoded = encode(instructions)
        if len(encoded) > MAX_TRANSACTION:
            return Outcome("TransactionTooLarge", [])
        self.sent += 1
        error, units, logs, written, events = self._call("run", encoded)
        return Outcome(error, [Account.of(one) for one in written], units, logs, events)

    def tries(self, trials: Iterable[Trial]) -> list[Outcome]:
        """Simulates each alone, on what is now, and keeps nothing."""
        wire = [([account.wire() for account in trial.put], encode(trial.instructions)) for trial in trials]
        return [Outcome(error, [Account.of(one) for one in written]) for error, written in self._call("tries", wire)]

    def put(self, *written: Account) -> None:
        """Writes accounts outside of any transaction."""
        self._call("put", [account.wire() for account in written])

    def get(self, *addresses: Pubkey) -> list[Account]:
        """The accounts at these addresses."""
        return [Account.of(one) for one in self._call("get", [bytes(address) for address in addresses])]


@contextmanager
def start_svm() -> Iterator[Svm]:
    """A process with a LiteSVM, without a chain yet; it ends with the block."""
    command = ["uv", "run", "--quiet", "--frozen", "--project", str(ROOT / "localnet"), "python", "-m", "localnet.pipe"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own command
    try:
        yield Svm(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)
