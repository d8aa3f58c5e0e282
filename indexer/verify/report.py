"""What was compared, and what differed: each figure as recomputed from events and as found on the chain."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of figure. Numbers are the sums over all that were compared; texts are those of the only one."""

    name: str
    compared: int
    """How many figures."""
    recomputed: int | str
    found: int | str
    ok: bool
    """Whether each figure was equal, not only the sums."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that is not what it must be."""

    name: str
    what: str
    """Whose or which: an address, a place on the chain."""
    recomputed: int | str
    found: int | str

    def __str__(self) -> str:
        whose = f" of {self.what}" if self.what else ""
        return f"{self.name}{whose}: recomputed {self.recomputed}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Payout:
    """What one epoch brought one actor. IO base units with 64 fractional bits, before claims round them down."""

    actor: str
    """Base58."""
    points: int
    reputation: int
    coupons_base: int
    """USD base units, as is the bonus."""
    coupons_bonus: int
    availability_q64: int
    compute_q64: int
    bonus_q64: int
    """Locked IO."""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The result of verifying one epoch, and with it all of the history before it."""

    epoch: int
    first: int
    """The epoch was closed in the range `first` to `last`."""
    last: int
    payouts: tuple[Payout, ...]
    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    """What could not be compared, or is no fault and worth knowing."""

    @property
    def ok(self) -> bool:
        """Whether everything was equal."""
        return not self.differences


@dataclass(slots=True)
class _Sum:
    compared: int = 0
    recomputed: int | str = 0
    found: int | str = 0
    ok: bool = True


@dataclass(slots=True)
class Checks:
    """Collects comparisons."""

    differences: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _sums: dict[str, _Sum] = field(default_factory=dict)

    def equal(self, name: str, what: str, recomputed: int | str, found: int | str) -> None:
        """Compares one figure; `name` says which kind, `what` whose."""
        total = self._sums.setdefault(name, _Sum())
        total.compared += 1
        if isinstance(recomputed, int) and isinstance(found, int):
            total.recomputed = int(total.recomputed) + recomputed
            total.found = int(total.found) + found
        else:
            total.recomputed, total.found = recomputed, found
        if recomputed != found:
            total.ok = False
            self.differences.append(Difference(name, what, recomputed, found))

    def rows(self) -> tuple[Row, ...]:
        """What was compared so far, in the order in which it was first."""
        return tuple(
            Row(name, total.compared, total.recomputed, total.found, total.ok) for name, total in self._sums.items()
        )
