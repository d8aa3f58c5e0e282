"""What a deployment check reads from bytes and URLs, without a chain."""

from __future__ import annotations

from dataclasses import replace

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses
from client.deployment import Cluster, Deployment, Finding, Holder, Mints, Multisig, Offices, Program, findings
from client.deployment.cluster import is_loopback
from client.deployment.facts import code_hash
from client.deployment.holders import SQUADS, NoMultisig, decode
from client.idl import PROGRAMS
from tests.integration.public_cluster import MAINNET, multisig_data

ADDRESS = Pubkey.new_unique()
KEY = Keypair().pubkey()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8899", True),
        ("http://127.8.0.1", True),
        ("http://[::1]:8899/key", True),
        ("http://localhost:8899", True),
        ("http://0.0.0.0:8899", False),
        ("http://localhost.example.org", False),
        ("http://127.0.0.1.example.org:8899", False),
        ("http://127.0.0.1@example.org", False),
        ("https://api.mainnet-beta.solana.com", False),
        ("http://10.0.0.1:8899", False),
    ],
)
def test_a_loopback_is_told_by_the_host(url: str, expected: bool) -> None:
    """Not by what stands around it."""
    assert is_loopback(url) is expected


@pytest.mark.parametrize("rent", [None, Pubkey.new_unique()])
def test_a_multisig_is_read_with_and_without_what_is_optional(rent: Pubkey | None) -> None:
    """Only members that may vote count; who may change members is told."""
    members = [(Pubkey.new_unique(), mask) for mask in (7, 2, 5, 1, 6, 2)]
    found = decode(ADDRESS, multisig_data(2, members, rent=rent))
    assert found == Multisig(ADDRESS, threshold=2, voters=4, config_authority=None)
    assert not found.is_one_key
    ruled = decode(ADDRESS, multisig_data(2, members, rent=rent, config=KEY))
    assert ruled.config_authority == KEY


def test_a_multisig_that_is_cut_short_is_refused() -> None:
    """Not read as one of fewer voters."""
    data = multisig_data(2, [(KEY, 7)] * 3)
    for size in (90, 100, 150):
        with pytest.raises(NoMultisig, match="cut short"):
            decode(ADDRESS, data[:size])


def test_one_key_is_enough_for_some_multisigs() -> None:
    """A threshold of one; a key that names the members alone. A program that names them is none."""
    fine = Multisig(ADDRESS, threshold=2, voters=3, config_authority=None)
    vault = fine.vault(0)
    assert vault == Pubkey.find_program_address([b"multisig", bytes(ADDRESS), b"vault", b"\0"], SQUADS)[0]
    assert not vault.is_on_curve()
    for multisig, one_key in (
        (fine, False),
        (replace(fine, threshold=1), True),
        (replace(fine, config_authority=KEY), True),
        (replace(fine, config_authority=vault), False),
    ):
        assert Holder(vault, "multisig", multisig).is_one_key is one_key


def test_a_program_is_compared_without_the_zeros_that_fill_its_account() -> None:
    """Those at its end alone."""
    assert code_hash(b"\0elf\0code\0\0\0") == code_hash(b"\0elf\0code")
    assert code_hash(b"\0elf\0code") != code_hash(b"elf\0code")


def _deployment(**offices: object) -> Deployment:
    """A public one that is fit, with these offices."""
    vault = Holder(Multisig(ADDRESS, 2, 3, None).vault(0), "multisig", Multisig(ADDRESS, 2, 3, None))
    members = tuple(Keypair().pubkey() for _ in range(3))
    fit = Offices(vault, Holder(None, "none"), Holder(KEY, "key"), members, members, (ADDRESS,), 2 * 86_400)
    programs = tuple(Program(name, "deployed", "ab", "ab", vault, 1) for name in PROGRAMS)
    return Deployment(Cluster("mainnet-beta", MAINNET), programs, replace(fit, **offices), None)  # type: ignore[arg-type] # by name


def _said(found: list[Finding]) -> list[tuple[str, bool]]:
    return [(one.about, one.refused) for one in found]


def test_a_committee_of_one_is_refused() -> None:
    """In office, and named next, each by itself; what is refused comes first."""
    assert findings(_deployment()) == []
    assert _said(findings(_deployment(members=(KEY,)))) == [("committee", True)]
    assert _said(findings(_deployment(next_members=(KEY,)))) == [("committee", True)]
    assert _said(findings(_deployment(members=(KEY, ADDRESS), next_members=(KEY,), delay_seconds=0))) == [
        ("committee", True),
        ("admin", False),
        ("committee", False),
        ("committee", False),
    ]


def test_who_nobody_can_initialise_is_refused() -> None:
    """A program without an upgrade authority, in a network that lacks a part; in a full one it is the best there is."""
    found = _deployment()
    final = tuple(replace(one, authority=Holder(None, "none")) for one in found.programs)
    assert _said(findings(replace(found, programs=final))) == [(name, True) for name in PROGRAMS]

    mints = Mints(frozenset({ADDRESS}), frozenset({KEY}), addresses.emission(), None, addresses.terms())
    assert findings(replace(found, programs=final, mints=mints)) == []
