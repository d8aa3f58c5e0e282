"""Blocks, commitments and the index of transactions. No I/O, no SVM.

The last block is open: transactions go into it until the next one is opened. A block is `processed` while it is the
tip, `confirmed` once another follows, `finalized` once the tip is 31 slots further or a warp has said so.
"""

import hashlib
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from solders.hash import Hash
from solders.signature import Signature
from solders.transaction import VersionedTransaction

FINALITY_SLOTS = 31
"""A block is finalized when the tip is this many slots further."""
MAX_PROCESSING_AGE = 150
"""Blocks for which a block hash can be used in a transaction."""


class Commitment(Enum):
    """How sure the chain is of what it shows."""

    PROCESSED = "processed"
    CONFIRMED = "confirmed"
    FINALIZED = "finalized"


@dataclass(slots=True, eq=False)
class TokenBalance:
    """What one token account held before or after a transaction."""

    index: int
    mint: str
    owner: str
    program: str
    amount: int
    decimals: int


@dataclass(slots=True, eq=False)
class TransactionRecord:
    """A transaction as it was processed. Rendered only when someone asks."""

    signature: Signature
    transaction: VersionedTransaction
    version: int | None
    """None is a legacy transaction."""
    keys: list[str]
    """Static account keys, then those loaded from lookup tables: writable ones, then readonly ones."""
    writable: list[bool]
    loaded_writable: int
    loaded_readonly: int
    error: Any
    """The error as the RPC shows it; None is success."""
    fee: int
    units: int
    cost_units: int
    logs: list[str]
    inner: list[list[Any]]
    return_data: tuple[str, bytes] | None
    pre_balances: list[int]
    post_balances: list[int]
    pre_tokens: list[TokenBalance]
    post_tokens: list[TokenBalance]
    memo: str | None = None
    slot: int = 0
    index: int = 0
    """Position in its block."""
    sequence: int = 0
    """Position on the chain."""
    rendered: dict[str, bytes] = field(default_factory=dict)


class Ledger:
    """Every block since genesis. An empty one costs 16 bytes: hashes are computed from the seed and the slot."""

    def __init__(self, seed: int, genesis_time: int) -> None:
        self._seed = seed.to_bytes(8, "little", signed=True)
        self.slots = array("Q", [0])
        self.times = array("q", [genesis_time])
        self.transactions: dict[int, list[TransactionRecord]] = {}
        self.by_signature: dict[Signature, TransactionRecord] = {}
        self.by_address: dict[str, list[TransactionRecord]] = {}
        self.transaction_count = 0
        self._finalized_height = 0
        self._usable: dict[Hash, int] = {self.blockhash(0): 0}

    def blockhash(self, slot: int) -> Hash:
        """The hash of the block in this slot, known once the block is closed."""
        return Hash.from_bytes(hashlib.sha256(b"block" + self._seed + slot.to_bytes(8, "little")).digest())

    def bankhash(self, slot: int) -> Hash:
        """The slot's entry in the SlotHashes sysvar; as on chain, it is not the block hash."""
        return Hash.from_bytes(hashlib.sha256(b"bank" + self._seed + slot.to_bytes(8, "little")).digest())

    @property
    def tip(self) -> int:
        """The slot of the open block."""
        return self.slots[-1]

    @property
    def height(self) -> int:
        """The height of the open block: how many blocks come before it."""
        return len(self.slots) - 1

    @property
    def time(self) -> int:
        """The unix time of the open block, in seconds."""
        return self.times[-1]

    def open_block(self, slot: int, time: int, *, finalize: bool = False) -> None:
        """Close the open block and open one in `slot`; `finalize` makes all before it final at once."""
        if self.height:
            self._usable[self.blockhash(self.tip)] = self.height
        self.slots.append(slot)
        self.times.append(time)
        while self.height - 1 - next(iter(self._usable.values())) > MAX_PROCESSING_AGE:
            del self._usable[next(iter(self._usable))]
        while self.slots[self._finalized_height + 1] + FINALITY_SLOTS <= slot:
            self._finalized_height += 1
        if finalize:
            self._finalized_height = self.height - 1

    def height_of(self, commitment: Commitment) -> int:
        """The height of the newest block at a commitment."""
        if commitment is Commitment.FINALIZED:
            return self._finalized_height
        return self.height - 1 if commitment is Commitment.CONFIRMED else self.height

    def slot_of(self, commitment: Commitment) -> int:
        """The slot of the newest block at a commitment."""
        return self.slots[self.height_of(commitment)]

    def height_at(self, slot: int) -> int | None:
        """The height of the block in a slot; None for a slot without a block."""
        height = bisect_left(self.slots, slot)
        return height if height <= self.height and self.slots[height] == slot else None

    def heights_between(self, first: int, last: int) -> range:
        """The heights of the blocks in slots `first` to `last`, both included."""
        return range(bisect_left(self.slots, first), bisect_right(self.slots, last))

    def latest_blockhash(self, commitment: Commitment) -> tuple[Hash, int]:
        """The newest hash that a transaction can use, and the last block height at which it can."""
        height = min(self.height_of(commitment), self.height - 1)
        return self.blockhash(self.slots[height]), height + MAX_PROCESSING_AGE

    def knows_blockhash(self, blockhash: Hash, commitment: Commitment) -> bool:
        """Whether the newest block at a commitment would accept a transaction with this hash."""
        height = self._usable.get(blockhash)
        return height is not None and height <= self.height_of(commitment)

    def add(self, record: TransactionRecord) -> None:
        """Put a processed transaction into the open block."""
        block = self.transactions.setdefault(self.height, [])
        record.slot = self.tip
        record.index = len(block)
        record.sequence = self.transaction_count
        self.transaction_count += 1
        block.append(record)
        self.by_signature[record.signature] = record
        for key in record.keys:
            self.by_address.setdefault(key, []).append(record)

    def status_of(self, slot: int) -> Commitment:
        """How far a block in a slot has come."""
        if slot <= self.slots[self._finalized_height]:
            return Commitment.FINALIZED
        return Commitment.CONFIRMED if slot < self.tip else Commitment.PROCESSED

    def signatures_for(
        self,
        address: str,
        commitment: Commitment,
        before: TransactionRecord | None,
        until: TransactionRecord | None,
        limit: int,
    ) -> list[TransactionRecord]:
        """The transactions that name an address, newest first, older than `before` and newer than `until`."""
        records = self.by_address.get(address, [])
        end = bisect_right(records, self.slot_of(commitment), key=lambda record: record.slot)
        if before is not None:
            end = min(end, bisect_left(records, before.sequence, key=lambda record: record.sequence))
        start = 0 if until is None else bisect_right(records, until.sequence, key=lambda record: record.sequence)
        return records[max(start, end - limit) : end][::-1]

    def count_at(self, commitment: Commitment) -> int:
        """How many transactions there are up to the newest block at a commitment."""
        later = range(self.height_of(commitment) + 1, self.height + 1)
        return self.transaction_count - sum(len(self.transactions.get(height, ())) for height in later)
