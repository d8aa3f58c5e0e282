"""The chain: LiteSVM executes, the ledger remembers, and this module moves slots, clock and block hashes.

LiteSVM keeps no blocks: it knows one block hash, and its clock stands still. So its own checks of block hashes,
signatures and duplicates are off, and are made here against the ledger.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import orjson
from solders.account import Account
from solders.clock import Clock
from solders.epoch_schedule import EpochSchedule
from solders.hash import Hash
from solders.litesvm import LiteSVM
from solders.message import Message, MessageV0, MessageV1
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import Legacy, VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata, TransactionMetadata

from . import genesis, tokens
from .ledger import Commitment, Ledger, TokenBalance, TransactionRecord
from .message import SYSVAR_OWNER, UPGRADEABLE_LOADER, Named, memo_of, name_accounts

SLOTS_PER_EPOCH = 432_000
SLOT_HASHES = 512
"""Entries of the SlotHashes sysvar."""
LOG_BYTES = 10_000
"""Logs of a transaction are cut here, as on chain."""
_FEE_ONLY = {"ProgramAccountNotFound", "InvalidProgramForExecution", "MaxLoadedAccountsDataSizeExceeded"}
_ACCOUNT_BASE_SIZE = 64
"""Bytes that each loaded account counts for besides its data (SIMD-0186)."""
_LOOKUP_TABLE_SIZE = 8248
_PAGE = 32 * 1024


def is_fee_only(error: Any) -> bool:
    """Whether a transaction failed while its accounts were loaded: it is on chain and paid its fee, but did not run."""
    return isinstance(error, str) and error in _FEE_ONLY


class BackInTimeError(Exception):
    """The chain's clock does not go back."""


@dataclass(slots=True)
class Simulation:
    """What a transaction would do, or why it would not."""

    error: Any
    logs: list[str] = field(default_factory=list)
    units: int = 0
    fee: int | None = None
    inner: list[list[Any]] = field(default_factory=list)
    return_data: tuple[str, bytes] | None = None
    loaded_size: int = 0
    pre_balances: list[int] | None = None
    post_balances: list[int] | None = None
    pre_tokens: list[TokenBalance] | None = None
    post_tokens: list[TokenBalance] | None = None
    post_accounts: dict[Pubkey, Account] = field(default_factory=dict)
    named: Named | None = None
    replacement: tuple[Hash, int] | None = None


class Chain:
    """One chain from genesis on. Not thread-safe: everything happens in the server's event loop."""

    def __init__(self, config: genesis.Genesis) -> None:
        self.config = config
        self.ledger = Ledger(config.seed, config.time)
        self.faucet = config.faucet()
        self.svm = LiteSVM()
        self.svm.with_blockhash_check(False).with_sigverify(False).with_transaction_history(0)
        self.svm.with_log_bytes_limit(LOG_BYTES)
        self.on_transaction: list[Callable[[TransactionRecord, list[Pubkey]], None]] = []
        self.on_block: list[Callable[[int, int], None]] = []
        self._started = monotonic()
        self._time_offset = 0
        self._slot_hashes: deque[tuple[int, Hash]] = deque(maxlen=SLOT_HASHES)
        self._stale_sysvars = True
        self._seen: dict[Hash, dict[Hash, int]] = {}
        self._program_sizes: dict[Pubkey, int] = {}
        self.svm._inner.set_epoch_schedule(EpochSchedule.without_warmup())
        self.svm.set_clock(Clock(0, config.time, 0, 1, config.time))
        genesis.build(self.svm, config)
        self.open_block()

    # --- time ---

    def now(self) -> int:
        """The unix time that a block opened now gets, in seconds."""
        elapsed = int(monotonic() - self._started) if self.config.wall_clock else 0
        return self.config.time + self._time_offset + elapsed

    def open_block(self, slots: int = 1, *, finalize: bool = False) -> None:
        """Close the open block and open the one that is `slots` further; those between are skipped."""
        ledger = self.ledger
        parent = ledger.tip
        self._slot_hashes.appendleft((parent, ledger.bankhash(parent)))
        ledger.open_block(parent + slots, max(self.now(), ledger.time), finalize=finalize)
        self._stale_sysvars = True
        while self._seen and not ledger.knows_blockhash(oldest := next(iter(self._seen)), Commitment.PROCESSED):
            del self._seen[oldest]
        for listener in self.on_block:
            listener(parent, ledger.tip)

    def warp(self, slots: int | None, timestamp: int | None) -> None:
        """Jump ahead by slots, to a unix time, or both. A jump in time makes everything before it final."""
        if timestamp is not None:
            if timestamp < self.ledger.time:
                raise BackInTimeError(f"cannot go back in time: it is {self.ledger.time}, asked for {timestamp}")
            self._time_offset += timestamp - self.now()
        self.open_block(slots or 1, finalize=timestamp is not None)

    def refresh_sysvars(self) -> None:
        """Bring the SVM's Clock and SlotHashes up to the open block; on demand, so that empty blocks are cheap."""
        if not self._stale_sysvars:
            return
        ledger = self.ledger
        epoch = ledger.tip // SLOTS_PER_EPOCH
        first = ledger.heights_between(epoch * SLOTS_PER_EPOCH, ledger.tip)[0]
        self.svm.set_clock(Clock(ledger.tip, ledger.times[first], epoch, epoch + 1, ledger.time))
        self.svm.set_slot_hashes(list(self._slot_hashes))
        self._stale_sysvars = False

    # --- accounts ---

    def get_account(self, address: Pubkey) -> Account | None:
        """The newest state of an account."""
        account = self.svm.get_account(address)
        if account is not None and account.owner == SYSVAR_OWNER and self._stale_sysvars:
            self.refresh_sysvars()
            account = self.svm.get_account(address)
        return account if account is not None and account.lamports else None

    def set_account(self, address: Pubkey, account: Account) -> None:
        """Overwrite an account outside of any transaction."""
        self._program_sizes.pop(address, None)
        self.svm.set_account(address, account)

    def get_program_accounts(self, program: Pubkey) -> list[tuple[Pubkey, Account]]:
        """Every account that a program owns."""
        if program == SYSVAR_OWNER:
            self.refresh_sysvars()
        return [(key, account) for key, account in self.svm.get_program_accounts(program) if account.lamports]

    # --- transactions ---

    def check(self, transaction: VersionedTransaction, commitment: Commitment) -> str | None:
        """Why a block at a commitment would refuse this transaction unseen: its block hash, or a duplicate."""
        message = transaction.message
        blockhash = message.recent_blockhash
        if not self.ledger.knows_blockhash(blockhash, commitment):
            return "BlockhashNotFound"
        seen = self._seen.get(blockhash)
        if seen is not None:
            slot = seen.get(message.hash())
            if slot is not None and slot <= self.ledger.slot_of(commitment):
                return "AlreadyProcessed"
        return None

    def simulate(
        self,
        transaction: VersionedTransaction,
        commitment: Commitment,
        *,
        sig_verify: bool,
        replace_blockhash: bool = False,
        balances: bool = True,
    ) -> Simulation:
        """Run a transaction on the newest state and keep nothing of it."""
        if sig_verify and not all(transaction.verify_with_results()):
            return Simulation("SignatureFailure")
        # With another block hash it is another transaction: no duplicate of any, and never too old.
        refused = None if replace_blockhash else self.check(transaction, commitment)
        replacement = self.ledger.latest_blockhash(commitment) if replace_blockhash else None
        named = name_accounts(transaction, self.svm.get_account)
        pre = self._balances(named) if balances else None
        pre_tokens = tokens.balances(named, self.svm.get_account) if balances else None
        result = Simulation(refused, named=named, pre_balances=pre, post_balances=pre, replacement=replacement)
        result.pre_tokens = result.post_tokens = pre_tokens
        if refused:
            return result
        self.refresh_sysvars()
        outcome = self.svm.simulate_transaction(transaction)
        meta = outcome.meta()
        result.error = self._error(outcome, named)
        result.logs, result.units, result.inner = (
            meta.logs(),
            meta.compute_units_consumed(),
            meta.inner_instructions(),
        )
        result.return_data = _return_data(meta)
        if result.error is None or isinstance(result.error, dict) or is_fee_only(result.error):
            result.fee = meta.fee()
            result.loaded_size = self._loaded_size(named)
        if pre is not None and result.fee is not None:
            if isinstance(outcome, FailedTransactionMetadata):
                result.post_balances = [pre[0] - result.fee, *pre[1:]]
            else:
                result.post_accounts = after = dict(outcome.post_accounts())
                result.post_balances = [
                    after[key].lamports if key in after else lamports
                    for key, lamports in zip(named.keys, pre, strict=True)
                ]
                result.post_tokens = tokens.balances(named, lambda key: after.get(key) or self.svm.get_account(key))
        return result

    def execute(self, transaction: VersionedTransaction, *, verified: bool = False) -> TransactionRecord | str:
        """Run a transaction in the open block. A string is the reason why it does not come on chain at all."""
        if not verified and not all(transaction.verify_with_results()):
            return "SignatureFailure"
        refused = self.check(transaction, Commitment.PROCESSED)
        if refused:
            return refused
        self.refresh_sysvars()
        named = name_accounts(transaction, self.svm.get_account)
        pre, pre_tokens = self._balances(named), tokens.balances(named, self.svm.get_account)
        loaded_size = self._loaded_size(named)
        outcome = self.svm.send_transaction(transaction)
        error = self._error(outcome, named)
        meta = outcome.meta() if isinstance(outcome, FailedTransactionMetadata) else outcome
        payer = named.keys[0]
        if error is not None and (self.svm.get_balance(payer) or 0) == pre[0]:
            if not is_fee_only(error):
                return str(error)
            self._charge(payer, meta.fee())
        message = transaction.message
        version = transaction.version()
        record = TransactionRecord(
            signature=transaction.signatures[0],
            transaction=transaction,
            version=None if isinstance(version, Legacy) else version,
            keys=named.texts,
            writable=named.writable,
            loaded_writable=named.loaded_writable,
            loaded_readonly=named.loaded_readonly,
            error=error,
            fee=meta.fee(),
            units=meta.compute_units_consumed(),
            cost_units=_cost(transaction, named, meta.compute_units_consumed(), loaded_size),
            logs=meta.logs(),
            inner=meta.inner_instructions(),
            return_data=_return_data(meta),
            pre_balances=pre,
            post_balances=self._balances(named),
            pre_tokens=pre_tokens,
            post_tokens=tokens.balances(named, self.svm.get_account),
            memo=memo_of(transaction, named.keys),
        )
        self.ledger.add(record)
        self._seen.setdefault(message.recent_blockhash, {})[message.hash()] = record.slot
        for listener in self.on_transaction:
            listener(record, named.keys)
        return record

    def fee(self, message: Message | MessageV0 | MessageV1) -> int:
        """The fee of a message in lamports, base and priority; a simulation without signatures finds it."""
        unsigned = VersionedTransaction.populate(
            message, [Signature.default()] * message.header.num_required_signatures
        )
        return self.svm.simulate_transaction(unsigned).meta().fee()

    def airdrop(self, to: Pubkey, lamports: int, blockhash: Hash) -> Signature:
        """Send lamports from the faucet, in a transaction like any other."""
        source = self.faucet.pubkey()
        instruction = transfer(TransferParams(from_pubkey=source, to_pubkey=to, lamports=lamports))
        message = Message.new_with_blockhash([instruction], source, blockhash)
        transaction = VersionedTransaction(message, [self.faucet])
        self.execute(transaction)
        return transaction.signatures[0]

    # --- what LiteSVM leaves out ---

    def _balances(self, named: Named) -> list[int]:
        balance = self.svm.get_balance
        return [balance(key) or 0 for key in named.keys]

    def _charge(self, payer: Pubkey, fee: int) -> None:
        account = self.svm.get_account(payer)
        if account is not None:
            lamports = account.lamports - fee
            self.svm.set_account(
                payer, Account(lamports, account.data, account.owner, account.executable, account.rent_epoch)
            )

    def _error(self, outcome: Any, named: Named) -> Any:
        if isinstance(outcome, FailedTransactionMetadata):
            error = orjson.loads(outcome.to_json())["err"]
            # LiteSVM has one error for a program that is no program and for one that does not exist.
            if error == "InvalidProgramForExecution":
                programs = (named.keys[index] for index in sorted(named.invoked))
                if any(self.svm.get_account(program) is None for program in programs):
                    return "ProgramAccountNotFound"
            return error
        return None

    def _loaded_size(self, named: Named) -> int:
        """Bytes of the accounts that a transaction loads, as the validator counts them."""
        size = _LOOKUP_TABLE_SIZE * bool(named.loaded_writable or named.loaded_readonly)
        for key in named.keys:
            known = self._program_sizes.get(key)
            if known is None:
                account = self.svm.get_account(key)
                if account is None:
                    continue
                data = account.data
                known = _ACCOUNT_BASE_SIZE + len(data)
                if account.executable:
                    if account.owner == UPGRADEABLE_LOADER:
                        program_data = self.svm.get_account(Pubkey.from_bytes(data[4:36]))
                        known += _ACCOUNT_BASE_SIZE + len(program_data.data) if program_data else 0
                    self._program_sizes[key] = known
            size += known
        return size


def _return_data(meta: TransactionMetadata) -> tuple[str, bytes] | None:
    data = meta.return_data()
    return (str(data.program_id), data.data) if data.data else None


def _cost(transaction: VersionedTransaction, named: Named, units: int, loaded_size: int) -> int:
    """Units of block space, by the validator's cost model: signatures, write locks, data, execution, loading."""
    data = sum(len(instruction.data) for instruction in transaction.message.instructions)
    pages = -(-loaded_size // _PAGE)
    return 720 * len(transaction.signatures) + 300 * sum(named.writable) + data // 4 + units + 8 * pages
