"""Parameters as people write them: every one has a unit and a meaning, and none takes what its program cannot hold."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
from solders.pubkey import Pubkey

from client import parameters
from client.economics import IO, USD
from client.idl import PROGRAMS, ProgramName
from client.network import Parameters
from client.parameters import PARAMETERS, ParameterRefused

ADDRESS = "11111111111111111111111111111112"


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_parameter_is_explained(program: ProgramName) -> None:
    """In the program's order, and no other."""
    values = getattr(Parameters(), program)
    assert list(PARAMETERS[program]) == [field.name for field in fields(values)] == list(parameters.as_dict(values))
    assert list(parameters._types_of(program)) == list(PARAMETERS[program])
    for parameter in PARAMETERS[program].values():
        assert parameter.meaning
        assert parameter.unit.name


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_shown_can_be_given(program: ProgramName) -> None:
    """Each default, as it is shown, reads as itself."""
    for name, value in parameters.as_dict(getattr(Parameters(), program)).items():
        unit = PARAMETERS[program][name].unit
        shown = re.sub(r"( IO| USD)$", "", unit.show(value)).replace(",", "" if isinstance(value, int) else ",")
        assert parameters.parse(program, {name: shown}) == {name: value}


@pytest.mark.parametrize(
    ("program", "name", "text", "value"),
    [
        ("oracle", "delay_seconds", "2d", 172_800),
        ("oracle", "delay_seconds", "0", 0),
        ("oracle", "freshness_seconds", "90s", 90),
        ("oracle", "freshness_seconds", "10m", 600),
        ("oracle", "max_change_bp", "12.34%", 1_234),
        ("staking", "appeal_bond", "1000.5", 1_000 * IO + IO // 2),
        ("emission", "lock_seconds", "12h", 43_200),
        ("burn", "user_grant", "0", 0),
        ("burn", "owner_grant", " 12.5 ", 12_500_000),
        ("burn", "owner_grant_hours", "72", 72),
        ("burn", "start_bp", "-2%", -200),
        ("burn", "start_bp", "-200", -200),
        ("escrow", "router", ADDRESS, Pubkey.from_string(ADDRESS)),
        ("escrow", "dispute_bond", "3", 3 * USD),
        ("escrow", "discount_bp", "0, 1%, 2%, 300", (0, 100, 200, 300)),
        ("escrow", "discount_reputation", "0,2500,5000,7500", (0, 2_500, 5_000, 7_500)),
    ],
)
def test_values_are_read(program: ProgramName, name: str, text: str, value: object) -> None:
    """Durations, percentages, amounts, addresses and bands."""
    assert parameters.parse(program, {name: text}) == {name: value}


@pytest.mark.parametrize(
    ("program", "name", "text", "why"),
    [
        ("oracle", "fee_bp", "1", "oracle has no parameter 'fee_bp'"),
        ("oracle", "delay_seconds", "2w", "no duration"),
        ("oracle", "delay_seconds", "-1", "no duration"),
        ("oracle", "delay_seconds", "4294967296", "out of range"),
        ("oracle", "delay_seconds", "", "no duration"),
        ("oracle", "max_change_bp", "0.001%", "no whole number of basis points"),
        ("oracle", "max_change_bp", "much%", "no percentage"),
        ("oracle", "max_change_bp", "NaN%", "no whole number"),
        ("oracle", "max_change_bp", "1e3", "no whole number"),
        ("oracle", "max_change_bp", "-1", "out of range: 0 to 4294967295"),
        ("emission", "affiliate_bp", "65536", "out of range: 0 to 65535"),
        ("burn", "start_bp", "-2147483649", "out of range: -2147483648 to"),
        ("burn", "owner_grant_hours", "1.5", "no whole number"),
        ("burn", "owner_grant_hours", "9" * 30, "no whole number"),
        ("burn", "user_grant", "0.0000001", "at most 6"),
        ("burn", "user_grant", "-1", "negative"),
        ("escrow", "router", "somebody", "no address"),
        ("escrow", "discount_bp", "1,2,3", "there are 4 bands, not 3"),
        ("escrow", "discount_bp", "1,2,3,x", "no whole number"),
        ("escrow", "discount_bp", "1,2,3,70000", "out of range: 0 to 65535"),
    ],
)
def test_values_that_are_none_are_refused(program: ProgramName, name: str, text: str, why: str) -> None:
    """With the parameter's name, what is wrong, and what to give."""
    with pytest.raises(ParameterRefused, match=re.escape(why)) as caught:
        parameters.parse(program, {name: text})
    assert name in str(caught.value)


def test_there_are_five_programs() -> None:
    """Another name is refused with theirs."""
    assert [parameters.program_named(name) for name in PROGRAMS] == list(PROGRAMS)
    with pytest.raises(ParameterRefused, match="oracle, staking, emission, escrow, burn"):
        parameters.program_named("governance")
