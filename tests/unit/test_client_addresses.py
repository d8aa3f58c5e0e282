"""Derived addresses agree with the seeds in the programs' IDLs, symbols and endpoints with the programs' rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from client import addresses
from client.endpoints import EndpointRefused, endpoint_bytes, endpoint_text, join_endpoint, parse_endpoint
from client.idl import PROGRAMS, ProgramName, program_id
from tests.unit.test_idl import spec

SOMEBODY = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")
SOMEBODY_ELSE = Pubkey.from_string("SysvarRent111111111111111111111111111111111")
SYMBOL = "A100-80GB"

ARGUMENTS: dict[str, bytes] = {
    "symbol": addresses.symbol_bytes(SYMBOL),
    "epoch": (1_000).to_bytes(4, "little"),
    "round": (7).to_bytes(2, "little"),
    "page": (1).to_bytes(4, "little"),
    "owner": bytes(SOMEBODY),
}
"""As the programs put them into seeds."""

EXPECTED: dict[tuple[str, str], Pubkey] = {
    ("oracle", "committee"): addresses.committee(),
    ("oracle", "feed"): addresses.feed(SYMBOL),
    ("oracle", "challenge"): addresses.challenge(SOMEBODY, 1_000, 7),
    ("staking", "registry"): addresses.registry(),
    ("staking", "class"): addresses.hardware_class(SYMBOL),
    ("staking", "vault"): addresses.stake_vault(),
    ("staking", "actor"): addresses.actor(SOMEBODY, 300),
    ("staking", "agent"): addresses.agent(SOMEBODY),
    ("staking", "rewards"): addresses.rewards(SOMEBODY),
    ("staking", "delegation"): addresses.delegation(SOMEBODY, SOMEBODY),
    ("staking", "ticket"): addresses.ticket(SOMEBODY, SOMEBODY, 300),
    ("staking", "slash"): addresses.slash(SOMEBODY, 300),
    ("emission", "emission"): addresses.emission(),
    ("emission", "earner"): addresses.earner(SOMEBODY),
    ("emission", "rates"): addresses.rates(1_000),
    ("emission", "locked_vault"): addresses.locked_vault(),
    ("emission", "vesting"): addresses.locked(SOMEBODY, SOMEBODY, 300),
    ("escrow", "terms"): addresses.terms(),
    ("escrow", "job"): addresses.job(SOMEBODY, 300),
    ("escrow", "vault"): addresses.job_vault(SOMEBODY),
    ("escrow", "credit"): addresses.credit(SOMEBODY),
    ("burn", "auction"): addresses.auction(),
    ("burn", "vault"): addresses.burn_vault(),
    ("burn", "incentives"): addresses.incentives_vault(),
    ("burn", "grant"): addresses.grant(SOMEBODY),
    ("burn", "credit"): addresses.credit(SOMEBODY),
}


def _seed(seed: dict[str, Any], widths: dict[str, int]) -> bytes:
    match seed:
        case {"kind": "const", "value": value}:
            return bytes(value)
        case {"kind": "account"}:
            return bytes(SOMEBODY)
        case {"kind": "arg", "path": "id"}:
            return (300).to_bytes(widths["id"], "little")
        case {"kind": "arg", "path": path}:
            return ARGUMENTS[path]
    raise AssertionError(seed)


@pytest.mark.parametrize("program", PROGRAMS)
def test_addresses_follow_the_programs_seeds(program: ProgramName) -> None:
    """Every derived account of every instruction whose seeds the IDL gives."""
    checked = 0
    for ix in spec(program)["instructions"]:
        widths = {arg["name"]: int(arg["type"][1:]) // 8 for arg in ix["args"] if str(arg["type"]).startswith("u")}
        for account in ix["accounts"]:
            pda, name = account.get("pda"), account["name"]
            if pda is None:
                continue
            owner = Pubkey(bytes(pda["program"]["value"])) if "program" in pda else program_id(program)
            derived = Pubkey.find_program_address([_seed(seed, widths) for seed in pda["seeds"]], owner)[0]
            expected = {
                "event_authority": addresses.event_authority(program),
                "program_data": addresses.program_data(program),
            }.get(name) or EXPECTED[program, name]
            assert derived == expected, (ix["name"], name)
            checked += 1
    assert checked


def test_addresses_without_seeds_in_an_idl() -> None:
    """The IDL's builder leaves out seeds that it cannot name; the programs' sources have them."""
    assert addresses.vesting(SOMEBODY, 5) == _derived("emission", b"vesting", bytes(SOMEBODY), bytes([5, 0, 0, 0]))
    seeds = b"vesting", bytes(SOMEBODY), bytes(SOMEBODY_ELSE), bytes([5, 0, 0, 0, 0, 0, 0, 0])
    assert addresses.locked(SOMEBODY, SOMEBODY_ELSE, 5) == _derived("emission", *seeds)
    assert addresses.feed("IO") == _derived("oracle", b"feed", b"IO".ljust(16, b"\0"))
    assert addresses.rates(511) == addresses.rates(0) != addresses.rates(512)
    assert addresses.rates_page(175_319) == 342


def _derived(program: ProgramName, *seeds: bytes) -> Pubkey:
    return Pubkey.find_program_address(list(seeds), program_id(program))[0]


def test_each_argument_counts() -> None:
    """No two actors, jobs, challenges, vestings or token accounts share an address."""
    made = [
        addresses.actor(SOMEBODY, 0),
        addresses.actor(SOMEBODY, 1),
        addresses.actor(SOMEBODY_ELSE, 0),
        addresses.job(SOMEBODY, 0),
        addresses.job(SOMEBODY, 1 << 40),
        addresses.challenge(SOMEBODY, 1, 0),
        addresses.challenge(SOMEBODY, 0, 1),
        addresses.vesting(SOMEBODY, 1),
        addresses.vesting(SOMEBODY, 2),
        addresses.locked(SOMEBODY, SOMEBODY_ELSE, 0),
        addresses.locked(SOMEBODY_ELSE, SOMEBODY, 0),
        addresses.locked(SOMEBODY, SOMEBODY_ELSE, 1),
        addresses.token_account(SOMEBODY, SOMEBODY_ELSE),
        addresses.token_account(SOMEBODY_ELSE, SOMEBODY),
    ]
    assert len(set(made)) == len(made)


@given(st.from_regex(r"[A-Za-z0-9.-]{1,16}", fullmatch=True))
def test_symbols_come_back(symbol: str) -> None:
    """Text to 16 bytes and back."""
    raw = addresses.symbol_bytes(symbol)
    assert len(raw) == 16
    assert addresses.symbol_text(raw) == symbol


@pytest.mark.parametrize("symbol", ["", "A B", "A100_80GB", "ABCDEFGHIJKLMNOPQ", "Ä100", "H100\n", "H100\0"])
def test_other_symbols_are_refused_by_name(symbol: str) -> None:
    """The message has what was given."""
    with pytest.raises(addresses.SymbolRefused) as caught:
        addresses.symbol_bytes(symbol)
    assert repr(symbol) in str(caught.value)


@pytest.mark.parametrize("raw", [b"A", b"A\0B".ljust(16, b"\0"), b"\xff" * 16])
def test_other_bytes_are_no_symbols(raw: bytes) -> None:
    """One spelling for each name: as the programs check it."""
    with pytest.raises(addresses.SymbolRefused):
        addresses.symbol_text(raw)


def test_no_class_is_the_empty_text() -> None:
    """A user's class is zeros."""
    assert addresses.symbol_text(bytes(16)) == ""


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("node.example.com:9400", ("node.example.com", 9_400)),
        ("192.0.2.1:1", ("192.0.2.1", 1)),
        ("[2001:db8::1]:65535", ("2001:db8::1", 65_535)),
        (f"{'a' * 62}:9", ("a" * 62, 9)),
    ],
)
def test_endpoints_come_back(text: str, parsed: tuple[str, int]) -> None:
    """Text to 64 bytes and back, and to what a socket takes."""
    raw = endpoint_bytes(text)
    assert len(raw) == 64
    assert endpoint_text(raw) == text
    assert parse_endpoint(text) == parsed
    assert join_endpoint(*parsed) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "host", "host:", ":9400", "host:0", "host:65536", "host:-1", "host:9400\n", "a host:1", "höst:1"),
        *("2001:db8::1:9400", "https://host:1", "host:1/path", "user@host:1", "-host:1", "host.:1", f"{'a' * 63}:9"),
    ],
)
def test_other_endpoints_are_refused_by_name(text: str) -> None:
    """The message has what was given."""
    with pytest.raises(EndpointRefused) as caught:
        endpoint_bytes(text)
    assert text.strip() in str(caught.value)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [("127.0.0.1:0", ("127.0.0.1", 0)), ("[::]:9400", ("::", 9_400)), (":9400", ("", 9_400)), ("host:65536", None)],
)
def test_who_listens_may_leave_open_where(text: str, parsed: tuple[str, int] | None) -> None:
    """Port 0 is any, and no host is every address; a port that there is not is refused all the same."""
    if parsed is None:
        with pytest.raises(EndpointRefused, match="is no HOST:PORT"):
            parse_endpoint(text, listens=True)
    else:
        assert parse_endpoint(text, listens=True) == parsed


def test_what_others_announced_is_shown_as_it_is() -> None:
    """The programs take more than an endpoint: it is read, and refused by who would connect."""
    odd = endpoint_text(b"~!nonsense".ljust(64, b"\0"))
    assert odd == "~!nonsense"
    with pytest.raises(EndpointRefused):
        parse_endpoint(odd)
    assert endpoint_text(bytes(64)) == ""
