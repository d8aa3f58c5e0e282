"""The allocation file: TOML, read exactly, refused wherever it does not add up."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from solders.pubkey import Pubkey

from client.amounts import IO, AmountRefused
from client.economics import EMISSION_CAP, GENESIS_SUPPLY
from client.errors import IonetError
from client.genesis.payments import Payment, Tranches

CAP = GENESIS_SUPPLY + EMISSION_CAP
"""IO base units that can ever exist."""
DESIGN = Path(__file__).with_name("genesis.toml")
"""The allocation of the design, whose beneficiaries are to be named."""

_MOST_MONTHS = 1_200
_FINEST_PERCENT = Decimal("1e-12")
"""Sums of such are exact."""
_FILE_KEYS = {"genesis", "allocation"}
_KEYS = {"name", "percent_of_cap", "amount", "emitted", "vesting", "beneficiary"}
_VESTING_KEYS = {"first_month", "tranches"}
_BENEFICIARY_KEYS = {"address", "percent"}


class AllocationRefused(IonetError):
    """An allocation file that cannot be carried out as it is."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """One entry of the file."""

    name: str
    amount: int
    """IO base units at genesis: without what is emitted later."""
    emitted: int
    """IO base units that the hourly emission pays to the same end."""
    tranches: Tranches | None
    shares: Sequence[tuple[Pubkey, int]]
    """Beneficiaries and their IO base units; they add up to `amount`. Empty: not named yet."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Allocations that add up to the genesis exactly."""

    allocations: Sequence[Allocation]
    genesis: int | None
    """Unix seconds of epoch 1's start, where the file says it."""

    @property
    def payments(self) -> list[Payment]:
        """Everything that is to be paid, in the file's order."""
        return [
            Payment(number, one.name, who, amount, one.tranches)
            for number, (one, who, amount) in enumerate(self._parts(), start=1)
        ]

    def _parts(self) -> Iterator[tuple[Allocation, Pubkey | None, int]]:
        for one in self.allocations:
            for who, amount in one.shares:
                yield one, who, amount
            if not one.shares:
                yield one, None, one.amount


def read(file: Path) -> Plan:
    """The plan of an allocation file, or `AllocationRefused` with what is wrong in it, and in which entry."""
    try:
        with file.open("rb") as opened:
            found = tomllib.load(opened, parse_float=Decimal)  # 12.5 is 12.5
    except OSError as failed:
        raise AllocationRefused(f"cannot read {file}: {failed.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failed:
        raise AllocationRefused(f"{file} is no TOML: {failed}") from None
    return plan_of(found)


def plan_of(found: Mapping[str, Any]) -> Plan:
    """The plan of what a file says."""
    _only("the file", found, _FILE_KEYS)
    entries = found.get("allocation")
    if not isinstance(entries, list) or not entries:
        raise AllocationRefused("the file has no [[allocation]]: there is nobody to get the genesis")
    allocations: list[Allocation] = []
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            raise AllocationRefused(f"allocation {number} is not a table: write [[allocation]] above it")
        made = _allocation(number, entry)
        if made.name in {one.name for one in allocations}:
            raise AllocationRefused(f"{made.name!r} is there twice: give each allocation a name of its own")
        allocations.append(made)
    _adds_up(allocations)
    return Plan(allocations, _genesis(found.get("genesis")))


def _adds_up(allocations: Sequence[Allocation]) -> None:
    total = sum(one.amount for one in allocations)
    if total != GENESIS_SUPPLY:
        listed = ", ".join(f"{one.name} {IO.format(one.amount)}" for one in allocations)
        word = "more" if total > GENESIS_SUPPLY else "less"
        raise AllocationRefused(
            f"the allocations add up to {IO.show(total)}, {IO.show(abs(total - GENESIS_SUPPLY))} {word} than the "
            f"genesis of {IO.show(GENESIS_SUPPLY)}: {listed}"
        )
    emitted = sum(one.emitted for one in allocations)
    if emitted not in (0, EMISSION_CAP):
        listed = ", ".join(f"{one.name} {IO.format(one.emitted)}" for one in allocations if one.emitted)
        raise AllocationRefused(
            f"`emitted` adds up to {IO.show(emitted)}, and the schedule emits {IO.show(EMISSION_CAP)}: {listed}"
        )


def _genesis(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise AllocationRefused(f"genesis {value} has no time zone: write a Z after it")
        if value.microsecond:
            raise AllocationRefused(f"genesis {value} is no whole second")
        return int((value - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    if type(value) is int and value > 0:
        return value
    raise AllocationRefused(f"genesis {value!r} is no time: write 2026-01-01T00:00:00Z, or Unix seconds")


def _allocation(number: int, entry: Mapping[str, Any]) -> Allocation:
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        raise AllocationRefused(f"allocation {number} has no name")
    where = repr(name)
    _only(where, entry, _KEYS)
    whole = _amount_of(where, entry)
    emitted = 0 if "emitted" not in entry else _io(where, "emitted", entry["emitted"])
    if emitted >= whole:
        raise AllocationRefused(
            f"{where}: {IO.show(emitted)} are emitted, which leaves nothing of its {IO.show(whole)} to the genesis"
        )
    amount = whole - emitted
    return Allocation(name, amount, emitted, _tranches(where, entry), _shares(where, entry, amount))


def _amount_of(where: str, entry: Mapping[str, Any]) -> int:
    if ("amount" in entry) == ("percent_of_cap" in entry):
        raise AllocationRefused(f"{where}: give either `percent_of_cap` or `amount`")
    if "amount" in entry:
        return _io(where, "amount", entry["amount"])
    percent = _percent(where, "percent_of_cap", entry["percent_of_cap"])
    return _part(where, "percent_of_cap", CAP, percent)


def _tranches(where: str, entry: Mapping[str, Any]) -> Tranches | None:
    if "vesting" not in entry:
        return None
    vesting = entry["vesting"]
    if not isinstance(vesting, dict):
        raise AllocationRefused(f"{where}: vesting is {{ first_month = 13, tranches = 24 }}, not {vesting!r}")
    _only(f"{where}, vesting", vesting, _VESTING_KEYS)
    return Tranches(_months(where, vesting, "first_month"), _months(where, vesting, "tranches"))


def _months(where: str, vesting: Mapping[str, Any], key: str) -> int:
    value = vesting.get(key)
    if type(value) is not int or not 1 <= value <= _MOST_MONTHS:
        said = "is missing" if value is None else f"is {value!r}"
        raise AllocationRefused(f"{where}: {key} {said}: give a whole number, 1 to {_MOST_MONTHS:,}")
    return value


def _shares(where: str, entry: Mapping[str, Any], amount: int) -> list[tuple[Pubkey, int]]:
    if "beneficiary" not in entry:
        return []
    given = entry["beneficiary"]
    if not isinstance(given, list) or not given or not all(isinstance(one, dict) for one in given):
        raise AllocationRefused(f"{where}: write [[allocation.beneficiary]] above each beneficiary")
    percents: dict[Pubkey, Decimal] = {}
    for one in given:
        _only(f"{where}, beneficiary", one, _BENEFICIARY_KEYS)
        who = _address(where, one.get("address"))
        if who in percents:
            raise AllocationRefused(f"{where}: {who} is there twice: give it one percentage")
        if "percent" not in one:
            raise AllocationRefused(f"{where}: {who} has no percent")
        percents[who] = _percent(where, f"percent of {who}", one["percent"])
    if sum(percents.values()) != 100:
        raise AllocationRefused(f"{where}: its beneficiaries have {sum(percents.values())} percent together, not 100")
    # Rounded down, and the last takes the rest: together they are the amount.
    *but_last, last = [(who, _floor(amount, percent)) for who, percent in percents.items()]
    shares = [*but_last, (last[0], amount - sum(part for _, part in but_last))]
    for who, part in shares:
        if part <= 0:
            raise AllocationRefused(f"{where}: {who} would get nothing")
    return shares


def _address(where: str, value: object) -> Pubkey:
    try:
        who = Pubkey.from_string(value) if isinstance(value, str) else None
    except ValueError:
        who = None
    if who is None or who == Pubkey.default():
        said = "a beneficiary has no address" if value is None else f"{value!r} is no wallet's address"
        raise AllocationRefused(f"{where}: {said}: give 32 to 44 characters of base58")
    return who


def _io(where: str, key: str, value: object) -> int:
    try:
        return IO.parse(value)  # type: ignore[arg-type] # it says itself what it does not take
    except AmountRefused as refused:
        raise AllocationRefused(f"{where}, {key}: {refused}") from None


def _percent(where: str, key: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise AllocationRefused(f"{where}: {key} is {value!r}: give a number, such as 12.5")
    percent = Decimal(value)
    if not percent.is_finite() or not 0 < percent <= 100:
        raise AllocationRefused(f"{where}: {key} is {value}: give more than 0 and at most 100")
    if percent != percent.quantize(_FINEST_PERCENT):
        raise AllocationRefused(f"{where}: {key} is {value}: give at most {-_FINEST_PERCENT.adjusted()} decimals")
    return percent


def _floor(whole: int, percent: Decimal) -> int:
    numerator, denominator = percent.as_integer_ratio()
    return whole * numerator // (denominator * 100)


def _part(where: str, key: str, whole: int, percent: Decimal) -> int:
    numerator, denominator = percent.as_integer_ratio()
    amount, rest = divmod(whole * numerator, denominator * 100)
    if rest:
        raise AllocationRefused(f"{where}: {key} {percent} of {IO.show(whole)} is no whole number of base units")
    return amount


def _only(where: str, found: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(found.keys() - known)
    if unknown:
        raise AllocationRefused(f"{where}: {unknown[0]!r} is unknown: known are {', '.join(sorted(known))}")
