"""LiteSVM at the end of a pipe: thousands of transactions a second, for tests that try very many.

    python -m localnet.pipe

Frames on stdin and stdout: a length (u32, little-endian) and so many bytes of MessagePack. A request is an array, its
name first; an answer is `[true, value]`, or `[false, sentence]`. There is no ledger here: no blocks, no signatures
checked, no duplicates refused, and time moves by hand alone. `tests/proof/svm.py` is the other end.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from solders.account import Account
from solders.clock import Clock
from solders.hash import Hash
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata

from . import genesis
from .chain import LOG_BYTES, SLOT_HASHES
from .message import SYSTEM_PROGRAM

Written = tuple[bytes, int, bytes, bytes, bool]
"""An account: address, lamports, owner, data, executable. Without lamports there is none."""

_EVENT_TAG = bytes.fromhex("e445a52e51cb9a1d")
"""What the data of a program's event, a call to itself, begins with."""


class Pipe:
    """One SVM, and what it must be set back to."""

    def __init__(self) -> None:
        self.svm = LiteSVM()
        self.slot_hashes: deque[tuple[int, Hash]] = deque(maxlen=SLOT_HASHES)
        self.now = (0, 0)
        """Slot, and Unix seconds."""
        self._before: dict[Pubkey, Account | None] | None = None
        """Accounts as they were at `save`, of those written since."""
        self._saved: tuple[tuple[int, int], list[tuple[int, Hash]]] = (self.now, [])

    def start(self, programs: list[tuple[bytes, str, bytes]], balances: list[tuple[bytes, int]], time: int) -> None:
        """A new chain: `(address, path, upgrade authority)` of each program, lamports by address, Unix seconds."""
        self.svm = LiteSVM()
        self.svm.with_blockhash_check(False).with_sigverify(False).with_transaction_history(0)
        self.svm.with_log_bytes_limit(LOG_BYTES)
        deployed = [genesis.Program(Pubkey(a), Path(path), Pubkey(by)) for a, path, by in programs]
        funded = [(Pubkey(address), lamports) for address, lamports in balances]
        genesis.build(self.svm, genesis.Genesis(0, time, False, deployed, funded))
        self.slot_hashes.clear()
        self._before = None
        self.now = (0, time)
        self.warp(1, None)

    def warp(self, slots: int, time: int | None) -> None:
        """Slots go by, and the clock moves to a Unix time, back as well."""
        slot, before = self.now
        self.slot_hashes.appendleft((slot, Hash(sha256(b"slot %d" % slot).digest())))
        self.now = (slot + slots, before if time is None else time)
        self._set_sysvars()

    def _set_sysvars(self) -> None:
        slot, time = self.now
        self.svm.set_clock(Clock(slot, time, 0, 1, time))
        self.svm.set_slot_hashes(list(self.slot_hashes))

    def save(self) -> None:
        """What is now is what `restore` brings back."""
        self._before = {}
        self._saved = (self.now, list(self.slot_hashes))

    def restore(self) -> None:
        """Everything is as it was at `save`."""
        before, self._before = self._before or {}, {}
        for address, account in before.items():
            self._put(address, account)
        self.now, hashes = self._saved
        self.slot_hashes = deque(hashes, maxlen=SLOT_HASHES)
        self._set_sysvars()

    def run(self, transaction: bytes) -> Any:
        """Executes; `[error, units, logs, accounts written, events]`, accounts as they are then."""
        parsed = VersionedTransaction.from_bytes(transaction)
        writable = _writable(parsed)
        self._remember(writable)
        outcome = self.svm.send_transaction(parsed)
        if isinstance(outcome, FailedTransactionMetadata):
            meta = outcome.meta()
            return [_error(outcome), meta.compute_units_consumed(), meta.logs(), [], []]
        written = [_written(key, self.svm.get_account(key)) for key in writable]
        keys = parsed.message.account_keys
        inner = [one.instruction() for calls in outcome.inner_instructions() for one in calls]
        events = [
            (bytes(keys[one.program_id_index]), bytes(one.data[8:]))
            for one in inner
            if bytes(one.data[:8]) == _EVENT_TAG
        ]
        return [None, outcome.compute_units_consumed(), outcome.logs(), written, events]

    def tries(self, trials: list[tuple[list[Written], bytes]]) -> list[Any]:
        """Each transaction simulated alone, with some accounts put in place before and taken away after.

        `[error, accounts written]` of each; nothing is kept.
        """
        return [self._try(put, transaction) for put, transaction in trials]

    def _try(self, put: list[Written], transaction: bytes) -> Any:
        parsed = VersionedTransaction.from_bytes(transaction)
        before = {Pubkey(written[0]): self.svm.get_account(Pubkey(written[0])) for written in put}
        for written in put:
            self._put(Pubkey(written[0]), _account(written))
        try:
            outcome = self.svm.simulate_transaction(parsed)
            if isinstance(outcome, FailedTransactionMetadata):
                return [_error(outcome), []]
            return [None, [_written(key, account) for key, account in outcome.post_accounts()]]
        finally:
            for address, account in before.items():
                self._put(address, account)

    def put(self, accounts: list[Written]) -> None:
        """Writes accounts outside of any transaction."""
        self._remember(Pubkey(written[0]) for written in accounts)
        for written in accounts:
            self._put(Pubkey(written[0]), _account(written))

    def get(self, addresses: list[bytes]) -> list[Written]:
        """The accounts at these addresses."""
        return [_written(key, self.svm.get_account(key)) for key in map(Pubkey, addresses)]

    def _remember(self, addresses: Iterable[Pubkey]) -> None:
        if self._before is not None:
            for address in addresses:
                if address not in self._before:
                    self._before[address] = self.svm.get_account(address)

    def _put(self, address: Pubkey, account: Account | None) -> None:
        self.svm.set_account(address, account or Account(0, b"", SYSTEM_PROGRAM, False, 0))


def _account(written: Written) -> Account:
    _, lamports, owner, data, executable = written
    return Account(lamports, data, Pubkey(owner), executable, 0)


def _written(address: Pubkey, account: Account | None) -> Written:
    if account is None or not account.lamports:
        return (bytes(address), 0, bytes(SYSTEM_PROGRAM), b"", False)
    return (bytes(address), account.lamports, bytes(account.owner), account.data, account.executable)


def _error(outcome: FailedTransactionMetadata) -> Any:
    return msgspec.json.decode(outcome.to_json())["err"]


def _writable(transaction: VersionedTransaction) -> list[Pubkey]:
    """The accounts that a transaction without lookup tables asks to write."""
    header, keys = transaction.message.header, transaction.message.account_keys
    signers, last = header.num_required_signatures, len(keys) - header.num_readonly_unsigned_accounts
    return [*keys[: signers - header.num_readonly_signed_accounts], *keys[signers:last]]


def main() -> None:
    """Answers until stdin ends."""
    pipe = Pipe()
    calls: dict[str, Callable[..., Any]] = {
        name: getattr(pipe, name) for name in ("start", "warp", "save", "restore", "run", "tries", "put", "get")
    }
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while header := source.read(4):
        name, *arguments = msgspec.msgpack.decode(source.read(int.from_bytes(header, "little")))
        try:
            answer = [True, calls[name](*arguments)]
        except Exception as error:
            answer = [False, f"{name}: {error!r}"]
        body = msgspec.msgpack.encode(answer)
        sink.write(len(body).to_bytes(4, "little") + body)
        sink.flush()


if __name__ == "__main__":
    main()
