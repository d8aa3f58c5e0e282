"""The oracle once more, from events: the offices, the members, when changes take effect, and which prices counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from client import addresses, economics
from indexer.decoding.base58 import encode as address_text
from indexer.verify.changing import Changing, nested
from indexer.verify.report import Checks
from indexer.verify.staking import NOBODY

Event = Mapping[str, Any]

_IO = addresses.symbol_bytes("IO")


@dataclass(slots=True)
class OracleLedger:
    """The committee, as `oracle::Committee`, and what each feed says."""

    checks: Checks
    now: int = 0
    """The chain's time, Unix seconds."""
    genesis: int = 0
    admin: bytes = NOBODY
    offered_admin: bytes = NOBODY
    pauser: bytes = NOBODY
    paused: int = 0
    parameters: Changing = field(default_factory=lambda: Changing.begin({}))
    members: Changing = field(default_factory=lambda: Changing.begin({}))
    prices: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    """By symbol: nano-dollars, and the last second at which they count."""

    def block(self, event: Event) -> None:
        """Time has passed."""
        self.now = event["time"]

    def committee_initialized(self, event: Event) -> None:
        """The offices are taken."""
        self.genesis, self.admin, self.pauser = event["genesis"], event["admin"], event["pauser"]
        self.parameters = Changing.begin(nested(event, "parameters"))
        self.members = Changing.begin({"members": list(event["members"])})

    def committee_rotated(self, event: Event) -> None:
        """Other members, from an epoch's start on."""
        self._starts(event)
        self.members.change({"members": list(event["members"])}, event["from"], self.now)

    def oracle_parameters_set(self, event: Event) -> None:
        """Other parameters, after the delay that counted until now."""
        self._starts(event)
        self.parameters.change(nested(event, "parameters"), event["from"], self.now)

    def staking_parameters_set(self, event: Event) -> None:
        """A change in another program waits as long as one here; so do the next ones."""
        self._starts(event)

    emission_parameters_set = escrow_parameters_set = burn_parameters_set = staking_parameters_set

    def admin_offered(self, event: Event) -> None:
        """The admin offers its office."""
        self.checks.equal("who offered the admin's office", "", address_text(self.admin), address_text(event["admin"]))
        self.offered_admin = event["offered"]

    def admin_changed(self, event: Event) -> None:
        """Whom it was offered to took it."""
        offered = address_text(self.offered_admin)
        self.checks.equal("who took the admin's office", "", offered, address_text(event["admin"]))
        self.admin, self.offered_admin = event["admin"], NOBODY

    def pauser_set(self, event: Event) -> None:
        """Somebody else may pause."""
        self.pauser = event["pauser"]

    def paused_set(self, event: Event) -> None:
        """Programs are paused, or go on."""
        by = address_text(event["by"])
        mayors = {address_text(self.admin), address_text(self.pauser)}
        self.checks.equal("who paused", f"slot {event['slot']}", by if by in mayors else address_text(self.pauser), by)
        self.paused = event["paused"]

    def price_submitted(self, event: Event) -> None:
        """What a feed says since."""
        self.prices[event["symbol"]] = event["price_nano_usd"], event["valid_until"]

    def io_burned(self, event: Event) -> None:
        """The auction takes the price of IO."""
        self._takes_price(_IO, event, f"slot {event['slot']}")

    def job_opened(self, event: Event) -> None:
        """A job takes the price of its class."""
        self._takes_price(event["class"], event, address_text(event["job"]))

    def _starts(self, event: Event) -> None:
        delay = self.parameters.at(self.now)["delay_seconds"]
        starts_at = economics.epoch_start_from(self.genesis, self.now + delay) or 0
        self.checks.equal("start of a change", f"slot {event['slot']}", starts_at, event["from"])

    def _takes_price(self, symbol: bytes, event: Event, whose: str) -> None:
        price, valid_until = self.prices.get(symbol, (0, 0))
        self.checks.equal("price taken", whose, price, event["price_nano_usd"])
        self.checks.equal("seconds that a price was stale", whose, 0, max(self.now - valid_until, 0))
