"""The supply of IO: every mint and burn that the token program did, each with the event that explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from indexer.decoding.base58 import encode as address_text
from indexer.verify.report import Checks

Event = Mapping[str, Any]


@dataclass(slots=True)
class SupplyLedger:
    """IO minted and burned since the emission began, base units."""

    checks: Checks
    minted: int = 0
    burned: int = 0
    explained: int = 0
    """Burned by the auction and by slashes; holders may burn their own besides."""
    unclaimed: int = 0
    """Minted in this transaction, and not yet explained by an event."""
    _burns: list[tuple[Any, int]] = field(default_factory=list)
    _transaction: tuple[int, int] = (-1, -1)

    def io_supply_changed(self, event: Event) -> None:
        """The token program minted or burned."""
        self._enter(event)
        if event["direction"] == 1:
            self.minted += event["amount"]
            self.unclaimed += event["amount"]
        else:
            self.burned += event["amount"]
            self._burns.append((event["token_account"], event["amount"]))

    def explain_mint(self, event: Event) -> int:
        """What was minted in this transaction up to this event and by no event before it."""
        self._enter(event)
        minted, self.unclaimed = self.unclaimed, 0
        return minted

    def io_burned(self, event: Event) -> None:
        """The auction says that it burned: the token program must have, in the same transaction."""
        self._explain_burn(event, event["io"], address_text(event["seller"]))

    def slash_executed(self, event: Event) -> None:
        """As the auction, a slash."""
        if event["burned"]:
            self._explain_burn(event, event["burned"], address_text(event["actor"]))

    def finish(self) -> None:
        """No mint may be left without an event."""
        self._leave()

    def _explain_burn(self, event: Event, amount: int, whose: str) -> None:
        self._enter(event)
        amounts = [burned for _, burned in self._burns]
        found = amount if amount in amounts else 0
        self.checks.equal("burned by the token program", whose, amount, found)
        if found:
            del self._burns[amounts.index(found)]
            self.explained += found

    def _enter(self, event: Event) -> None:
        transaction = (event["slot"], event["tx_index"])
        if transaction != self._transaction:
            self._leave()
            self._transaction = transaction

    def _leave(self) -> None:
        if self.unclaimed:
            slot, index = self._transaction
            self.checks.equal("minted without an event", f"slot {slot}, transaction {index}", 0, self.unclaimed)
        self.unclaimed = 0
        self._burns.clear()
