"""One beneficiary's part of one allocation, and when it is free."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from solders.pubkey import Pubkey

from client.economics import SECONDS_PER_HOUR

MONTH_HOURS = 730
MONTH_SECONDS = MONTH_HOURS * SECONDS_PER_HOUR
"""A twelfth of a year of 8,760 hours."""


@dataclass(frozen=True, slots=True)
class Tranches:
    """Equal parts that become free at the end of a month each."""

    first_month: int
    """At whose end the first is free; months are counted from 1, which begins with epoch 1."""
    count: int

    def start(self, genesis: int) -> int:
        """Unix seconds from which the months of the tranches count, for a `genesis` in Unix seconds."""
        return genesis + (self.first_month - 1) * MONTH_SECONDS

    def end(self, genesis: int) -> int:
        """Unix seconds at which the last is free."""
        return self.start(genesis) + self.count * MONTH_SECONDS

    def first_free(self, genesis: int) -> int:
        """Unix seconds at which the first is free."""
        return self.start(genesis) + MONTH_SECONDS


@dataclass(frozen=True, slots=True)
class Payment:
    """What one beneficiary of an allocation gets."""

    number: int
    """Its place in the file, from 1."""
    allocation: str
    beneficiary: Pubkey | None
    """None where the file does not name it yet."""
    amount: int
    """IO base units."""
    tranches: Tranches | None
    """None: liquid at once."""

    def mark(self, io_mint: Pubkey) -> str:
        """32 characters that belong to this payment of this mint, and to no other."""
        said = f"genesis|{io_mint}|{self.number}|{self.allocation}|{self.beneficiary}|{self.amount}"
        return sha256(said.encode()).hexdigest()[:32]
