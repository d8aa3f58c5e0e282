"""A run: the hours one after the other, their figures kept as columns, and the sums checked every year."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from client.economics import LAST_EPOCH
from simulation.columns import Column, columns_of
from simulation.curves import HOURS_PER_DAY, HOURS_PER_YEAR
from simulation.engine import Network
from simulation.parts import Check
from simulation.scenario import MONTHS_PER_YEAR, Scenario

Every = Literal["hour", "day", "month", "year"]


@dataclass(frozen=True, slots=True)
class Frame:
    """Columns of equal length, one row for each epoch or for several."""

    columns: tuple[Column, ...]
    values: tuple[Sequence[int], ...]
    """As many as columns."""

    def __getitem__(self, name: str) -> Sequence[int]:
        for column, values in zip(self.columns, self.values, strict=True):
            if column.name == name:
                return values
        raise KeyError(name)

    def __len__(self) -> int:
        return len(self.values[0])

    def every(self, period: Every) -> Frame:
        """One row for each period from the rows of hours: flows are added up, stocks are those of the last hour."""
        if period == "hour":
            return self
        ends = _ends(period, len(self))
        spans = list(zip((0, *ends), ends, strict=False))
        values = tuple(
            array("q", (sum(hours[first:end]) if column.kind == "flow" else hours[end - 1] for first, end in spans))
            for column, hours in zip(self.columns, self.values, strict=True)
        )
        return Frame(self.columns, values)


@dataclass(frozen=True, slots=True)
class Result:
    """What a run gave."""

    scenario: Scenario
    hours: Frame
    checks: tuple[tuple[int, tuple[Check, ...]], ...]
    """At the end of each year and of the run: the epoch, and what must be equal by then."""

    @property
    def differences(self) -> list[tuple[int, Check]]:
        """Every sum that is not what it must be, with its epoch."""
        return [(epoch, check) for epoch, checks in self.checks for check in checks if not check.equal]


def epochs_of(years: int) -> int:
    """The epochs of so many years; the twentieth ends with the emission, an hour early."""
    return min(years * HOURS_PER_YEAR, LAST_EPOCH)


def run(scenario: Scenario, epochs: int, month_done: Callable[[int], None] = lambda _: None) -> Result:
    """Runs a scenario from genesis through `epochs`; `month_done` is told the hours of each month that is over."""
    network = Network(scenario)
    columns = columns_of(one.name for one in scenario.classes)
    values = tuple(array("q") for _ in columns)
    checks = []
    for first, end in zip((0, *_ends("month", epochs)), _ends("month", epochs), strict=False):
        rows = [network.hour() for _ in range(first, end)]
        for column, of_month in zip(values, zip(*rows, strict=True), strict=True):
            column.extend(of_month)
        month_done(end - first)
        if end % HOURS_PER_YEAR == 0 or end == epochs:
            frame = Frame(columns, values)
            checks.append((end, (*network.checks(), *_totals(network, frame))))
    return Result(scenario, Frame(columns, values), tuple(checks))


def _totals(network: Network, frame: Frame) -> tuple[Check, ...]:
    """The rows must add up to what the network has counted."""
    counted = {
        "emission_io_units": network.emitted,
        "minted_io_units": network.minted,
        "burned_io_units": network.burned,
        "gross_usd_units": network.gross,
        "dollars_usd_units": network.dollars,
        "auction_usd_units": network.sold_usd,
    }
    return tuple(Check(f"sum of the rows: {name}", sum(frame[name]), total) for name, total in counted.items())


def _ends(period: Every, hours: int) -> list[int]:
    """After how many hours each period ends; the last with the run. A month is a twelfth of a year, rounded down."""
    if period == "day":
        ends = list(range(HOURS_PER_DAY, hours, HOURS_PER_DAY))
    elif period == "month":
        months = hours * MONTHS_PER_YEAR // HOURS_PER_YEAR
        ends = [month * HOURS_PER_YEAR // MONTHS_PER_YEAR for month in range(1, months + 1)]
    else:
        ends = list(range(HOURS_PER_YEAR, hours, HOURS_PER_YEAR))
    return [*(end for end in ends if end < hours), hours]
