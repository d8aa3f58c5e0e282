"""Every parameter of the five programs: what it means, how people write it, and where it stands on the chain."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from pyheck import snake
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses, amounts
from client.errors import IonetError
from client.idl import PROGRAMS, ProgramName, idl_json
from client.instructions import burn, emission, escrow, oracle, staking
from client.state import (
    Auction,
    BurnParameters,
    Committee,
    Emission,
    EmissionParameters,
    EscrowParameters,
    OracleParameters,
    Registry,
    StakingParameters,
    Terms,
)

_DURATION = re.compile(r"([0-9]{1,12})([smhd]?)", re.ASCII)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


class ParameterRefused(IonetError):
    """A name that is no parameter, or a value that it cannot have."""


@dataclass(frozen=True, slots=True)
class Unit:
    """How a value is written and shown."""

    name: str
    """As people are told what to give."""
    parse: Callable[[str], Any]
    show: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a program."""

    unit: Unit
    meaning: str


def _whole(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,20}", text, re.ASCII):
        raise ParameterRefused(f"{text!r} is no whole number")
    return int(text)


def _seconds(text: str) -> int:
    found = _DURATION.fullmatch(text)
    if not found:
        raise ParameterRefused(f"{text!r} is no duration: give seconds, or such as 90m, 12h, 14d")
    return int(found[1]) * _SECONDS[found[2]]


def _show_seconds(seconds: int) -> str:
    for letter, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{letter}"
    return f"{seconds}s"


def _basis_points(text: str) -> int:
    if not text.endswith("%"):
        return _whole(text)
    try:
        points = Decimal(text[:-1]) * 100
    except InvalidOperation:
        raise ParameterRefused(f"{text!r} is no percentage: give such as 2.5%, or basis points such as 250") from None
    if not points.is_finite() or points != points.to_integral_value():
        raise ParameterRefused(f"{text!r} is no whole number of basis points (0.01%)")
    return int(points)


def _list_of(one: Unit) -> Unit:
    return Unit(
        f"{one.name}, one for each band, separated by commas",
        lambda text: tuple(one.parse(part.strip()) for part in text.split(",")),
        lambda values: ", ".join(one.show(value) for value in values),
    )


def _address(text: str) -> Pubkey:
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise ParameterRefused(f"{text!r} is no address: give 32 to 44 characters of base58") from None


def _token(unit: amounts.Unit) -> Unit:
    return Unit(f"a decimal of {unit.name}", lambda text: unit.parse(text, zero_ok=True), unit.show)


SECONDS = Unit("seconds, or such as 90m, 12h, 14d", _seconds, _show_seconds)
BASIS_POINTS = Unit("basis points, or such as 2.5%", _basis_points, amounts.format_bp)
NUMBER = Unit("a whole number", _whole, str)
ADDRESS = Unit("an address", _address, str)
IO = _token(amounts.IO)
USD = _token(amounts.USD)

PARAMETERS: dict[ProgramName, dict[str, Parameter]] = {
    "oracle": {
        "delay_seconds": Parameter(SECONDS, "from a change in any program to its effect, at least; up to 30d"),
        "freshness_seconds": Parameter(SECONDS, "for which a price submission counts; 1s or more"),
        "max_change_bp": Parameter(BASIS_POINTS, "by which a price may move in a minute; 0.01% to 100%"),
    },
    "staking": {
        "appeal_bond": Parameter(IO, "that an appeal against a slash locks"),
        "owner_unbonding_seconds": Parameter(SECONDS, "from asking for collateral to getting it; up to 90d"),
        "delegator_unbonding_seconds": Parameter(SECONDS, "from asking for delegated stake to getting it; up to 90d"),
        "appeal_seconds": Parameter(SECONDS, "in which a slash can be appealed; up to 90d"),
        "decision_seconds": Parameter(SECONDS, "in which an appeal is decided, then the slash lapses; up to 90d"),
    },
    "emission": {
        "lock_seconds": Parameter(SECONDS, "over which bonus IO vests; 1s or more"),
        "availability_bp": Parameter(BASIS_POINTS, "of an emission that points share, coupons the rest; up to 100%"),
        "affiliate_bp": Parameter(BASIS_POINTS, "of a claim for who brought the actor in; up to 10%"),
    },
    "burn": {
        "user_grant": Parameter(USD, "granted to a new user, for jobs"),
        "owner_grant": Parameter(USD, "granted to the owner of a proven node"),
        "owner_grant_hours": Parameter(NUMBER, "hours for which a node must have earned points before its grant"),
        "ramp_seconds": Parameter(SECONDS, "over which the premium goes from its start to its end; 1s or more"),
        "start_bp": Parameter(BASIS_POINTS, "the premium just after a sale; -50% to 50%, not above end_bp"),
        "end_bp": Parameter(BASIS_POINTS, "the premium at the end of its ramp; -50% to 50%"),
    },
    "escrow": {
        "router": Parameter(ADDRESS, "assigns nodes to jobs"),
        "dispute_bond": Parameter(USD, "that a dispute locks"),
        "min_work_seconds": Parameter(SECONDS, "that a node must work before anything is paid; up to 30d"),
        "report_seconds": Parameter(SECONDS, "without a report after which a node has failed; up to 30d"),
        "dispute_seconds": Parameter(SECONDS, "for which work can be disputed before it is paid; up to 30d"),
        "decision_seconds": Parameter(SECONDS, "in which a dispute is resolved, then the work counts; up to 30d"),
        "discount_reputation": Parameter(
            _list_of(NUMBER), "reputations from which a user pays less; rising, 0 to 10,000"
        ),
        "discount_bp": Parameter(
            _list_of(BASIS_POINTS), "that a user of such a reputation pays less; rising, up to 50%"
        ),
        "fee_bp": Parameter(BASIS_POINTS, "of what a settlement pays for; up to 20%"),
        "affiliate_bp": Parameter(BASIS_POINTS, "of the fee for who brought the user in; up to 50%"),
        "fee_burn_bp": Parameter(BASIS_POINTS, "of the rest of the fee that is burned, not for incentives; up to 100%"),
        "max_bonus_bp": Parameter(BASIS_POINTS, "bonus coupons at a 30% dollar share, of the base; up to 100%"),
    },
}
"""A test holds it to the programs."""

Config = Committee | Registry | Emission | Auction | Terms
Values = OracleParameters | StakingParameters | EmissionParameters | BurnParameters | EscrowParameters

CONFIGS: dict[ProgramName, tuple[type[Config], Callable[[], Pubkey]]] = {
    "oracle": (Committee, addresses.committee),
    "staking": (Registry, addresses.registry),
    "emission": (Emission, addresses.emission),
    "burn": (Auction, addresses.auction),
    "escrow": (Terms, addresses.terms),
}
"""The account that holds a program's parameters, and its address."""

_STRUCTS: dict[ProgramName, str] = {name: f"{name.title()}Parameters" for name in PROGRAMS}
_SETTERS: dict[ProgramName, Callable[..., Instruction]] = {
    "oracle": oracle.set_parameters,
    "staking": staking.set_parameters,
    "emission": emission.set_parameters,
    "burn": burn.set_parameters,
    "escrow": escrow.set_parameters,
}


def set_parameters(program: ProgramName, admin: Pubkey, values: Values) -> Instruction:
    """The instruction of the program that these are the parameters of."""
    return _SETTERS[program](admin=admin, parameters=values)


def as_dict(values: Values) -> dict[str, Any]:
    """By name, in the program's order."""
    return {field.name: getattr(values, field.name) for field in fields(values)}


def as_json(values: Values) -> dict[str, Any]:
    """Whole numbers of base units, seconds and basis points; addresses as text."""
    return {name: str(v) if isinstance(v, Pubkey) else v for name, v in as_dict(values).items()}


def program_named(text: str) -> ProgramName:
    """One of the five, or `ParameterRefused`."""
    for name in PROGRAMS:
        if text == name:
            return name
    raise ParameterRefused(f"there is no program {text!r}: there are {', '.join(PROGRAMS)}")


def parse(program: ProgramName, assignments: Mapping[str, str]) -> dict[str, Any]:
    """Values of a program's parameters from what people write."""
    known, widths = PARAMETERS[program], _types_of(program)
    parsed = {}
    for name, text in assignments.items():
        if name not in known:
            raise ParameterRefused(f"{program} has no parameter {name!r}: it has {', '.join(known)}")
        unit = known[name].unit
        try:
            value = unit.parse(text.strip())
            _fits(value, widths[name])
        except IonetError as refused:
            raise ParameterRefused(f"{program} {name}: {refused} ({unit.name})") from None
        parsed[name] = value
    return parsed


def explained(program: ProgramName, changes: Mapping[str, Any]) -> str:
    """What each changed parameter would be, and what it means and may be."""
    known = PARAMETERS[program]
    shown = (f"{name} = {known[name].unit.show(value)} ({known[name].meaning})" for name, value in changes.items())
    return "; ".join(shown)


def changed(values: Values, changes: Mapping[str, Any]) -> Values:
    """These parameters with some of them changed."""
    return replace(values, **changes)


def _types_of(program: ProgramName) -> dict[str, Any]:
    for definition in json.loads(idl_json(program))["types"]:
        if definition["name"] == _STRUCTS[program]:
            return {snake(field["name"]): field["type"] for field in definition["type"]["fields"]}
    raise LookupError(f"{program} has no {_STRUCTS[program]}")


def _fits(value: Any, kind: Any) -> None:
    """Refuses what the program's type has no room for."""
    if isinstance(value, tuple):
        inner, length = kind["array"]
        if len(value) != length:
            raise ParameterRefused(f"there are {length} bands, not {len(value)}")
        for one in value:
            _fits(one, inner)
    elif isinstance(value, int):
        bits = int(kind[1:])
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if kind[0] == "i" else (0, (1 << bits) - 1)
        if not low <= value <= high:
            raise ParameterRefused(f"{value} is out of range: {low} to {high}")
