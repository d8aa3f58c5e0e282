"""`burn` once more, from events: what was paid for burned IO, and what was granted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from client import economics
from indexer.decoding.base58 import encode as address_text
from indexer.verify.changing import Changing, nested
from indexer.verify.report import Checks

Event = Mapping[str, Any]


@dataclass(slots=True)
class AuctionLedger:
    """The auction and the incentives."""

    checks: Checks
    now: int = 0
    """The chain's time, Unix seconds."""
    burned_io: int = 0
    paid_usd: int = 0
    granted_usd: int = 0
    """USD base units that left the incentives vault."""
    parameters: Changing = field(default_factory=lambda: Changing.begin({}))

    def block(self, event: Event) -> None:
        """Time has passed."""
        self.now = event["time"]

    def auction_initialized(self, event: Event) -> None:
        """The parameters of the auction and of the grants."""
        self.parameters = Changing.begin(nested(event, "parameters"))

    def burn_parameters_set(self, event: Event) -> None:
        """Other parameters, from an epoch's start on."""
        self.parameters.change(nested(event, "parameters"), event["from"], self.now)

    def io_burned(self, event: Event) -> None:
        """The auction pays the price and the premium that it says, rounded against the seller."""
        factor = event["price_nano_usd"] * max(economics.BPS + event["premium_bp"], 0)
        unit = economics.IO * economics.NANO_USD_PER_USD_UNIT * economics.BPS
        io, usd = event["io"], event["usd"]
        is_all = usd == io * factor // unit
        is_vault = factor > 0 and io == -(-usd * unit // factor)
        worth = usd if is_all or is_vault else io * factor // unit
        terms, premium_bp = self.parameters.at(self.now), event["premium_bp"]
        # How far it has risen depends on what the vault held, which strangers may add to.
        within = min(max(premium_bp, terms["start_bp"]), terms["end_bp"])
        self.checks.equal("paid for burned IO", f"slot {event['slot']}", worth, usd)
        self.checks.equal("premium of a sale, basis points", f"slot {event['slot']}", within, premium_bp)
        self.burned_io += io
        self.paid_usd += usd

    def user_granted(self, event: Event) -> None:
        """A new user gets dollars that it can spend on jobs alone."""
        self._grant(event, "user_grant")

    def owner_granted(self, event: Event) -> None:
        """The owner of a proven node gets dollars."""
        self._grant(event, "owner_grant")

    def _grant(self, event: Event, parameter: str) -> None:
        amount = self.parameters.at(self.now)[parameter]
        self.checks.equal(f"granted: {parameter}", address_text(event["actor"]), amount, event["amount"])
        self.granted_usd += amount
