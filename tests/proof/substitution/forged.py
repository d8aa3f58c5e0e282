"""Accounts that are alike in all but one thing: what a thief could bring, and some that nobody can."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256

from solders.pubkey import Pubkey

from client.accounts import discriminator, offset_of
from client.idl import PROGRAMS, SYSTEM_PROGRAM, TOKEN_PROGRAM, program_id
from tests.proof.layout import KINDS, idl
from tests.proof.substitution.scene import OURS_BY_NAME, Place
from tests.proof.substitution.seeds import Seeds, find_bump
from tests.proof.svm import Account

Forged = tuple[str, str, Account]
"""Kind of mutation, detail, and the account; at the place's own address it is forged where it stands."""

BUMPS = 2
"""Lower bumps that are tried of one address."""


def somewhere(word: str, of: object = "") -> Pubkey:
    """An address that nobody has, the same for the same words."""
    return Pubkey(sha256(f"{word} {of}".encode()).digest())


def changed(data: bytes, offset: int, value: bytes) -> bytes:
    """With other bytes at an offset."""
    return data[:offset] + value + data[offset + len(value) :]


def clones(place: Place) -> Iterator[Forged]:
    """The same bytes of another owner elsewhere, of the same owner elsewhere, of another kind, too short."""
    account, ours = place.account, [program_id(program) for program in PROGRAMS]
    for owner in (SYSTEM_PROGRAM, TOKEN_PROGRAM, *ours):
        if owner != account.owner:
            yield "owner", f"a clone of {owner}", account._replace(address=somewhere("owner", owner), owner=owner)
    if account.owner not in ours:
        # Of our own programs' accounts nobody can make one that is alike: they are made at their addresses alone.
        yield "elsewhere", "a clone of the same owner", account._replace(address=somewhere("clone"))
    if place.kind in OURS_BY_NAME:
        own = OURS_BY_NAME[place.kind]
        for other in KINDS.values():
            if other.PROGRAM == own.PROGRAM and other is not own:  # type: ignore[attr-defined] # each kind has it
                data = discriminator(other) + account.data[8:]
                yield "discriminator", f"a {other.__name__}'s", account._replace(data=data)
        yield "discriminator", "zeros", account._replace(data=bytes(8) + account.data[8:])
        yield "discriminator", "one byte short", account._replace(data=account.data[:-1])


def token_accounts(place: Place, mints: Iterable[Pubkey]) -> Iterator[Forged]:
    """Token accounts elsewhere: of another mint, another owner, in another state, with a delegate or who may close."""
    account, stranger = place.account, bytes(somewhere("stranger"))
    changes = [
        *(("other mint", "another real mint", 0, bytes(mint)) for mint in mints if bytes(mint) != account.data[:32]),
        ("other mint", "a stranger's mint", 0, stranger),
        ("other owner", "a stranger's", 32, stranger),
        ("frozen", "", 108, b"\x02"),
        ("uninitialised", "", 108, b"\x00"),
        ("delegated", "to a stranger, all of it", 72, b"\x01\0\0\0" + stranger),
        ("closable", "by a stranger", 129, b"\x01\0\0\0" + stranger),
    ]
    for kind, detail, offset, value in changes:
        data = changed(account.data, offset, value)
        if kind == "delegated":
            data = changed(data, 121, account.data[64:72])
        yield kind, detail, account._replace(address=somewhere(kind, detail), data=data)


def mints(place: Place) -> Iterator[Forged]:
    """Mints elsewhere, of the same decimals or not."""
    for detail, offset, value in (
        ("a stranger's authority", 4, bytes(somewhere("stranger"))),
        ("no supply", 36, bytes(8)),
        ("no decimals", 44, b"\0"),
    ):
        data = changed(place.account.data, offset, value)
        yield "fake mint", detail, place.account._replace(address=somewhere(detail), data=data)


def lower_bumps(place: Place, seeds: Seeds | None) -> Iterator[Forged]:
    """At an address of the same seeds with a lower bump; with that bump in the account, too, where it has one."""
    for bump, address in _lower(seeds) if seeds else ():
        clone = place.account._replace(address=address)
        yield "bump", f"{bump}", clone
        if place.kind in OURS_BY_NAME and _has_bump(place.kind):
            data = changed(clone.data, offset_of(OURS_BY_NAME[place.kind], "bump"), bytes([bump]))
            yield "bump", f"{bump}, and in the account", clone._replace(data=data)


@cache
def _has_bump(kind: str) -> bool:
    types = idl(OURS_BY_NAME[kind].PROGRAM)["types"]  # type: ignore[attr-defined] # each kind has it
    fields = next(found for found in types if found["name"] == kind)["type"]["fields"]
    return any(field["name"] == "bump" for field in fields)


@cache
def _lower(seeds: Seeds) -> list[tuple[int, Pubkey]]:
    """The highest bumps below the canonical one that lead to an address, too."""
    found: list[tuple[int, Pubkey]] = []
    for bump in range(find_bump(seeds) - 1, -1, -1):
        try:
            found.append((bump, Pubkey.create_program_address([*seeds[1], bytes([bump])], seeds[0])))
        except Exception:  # noqa: S112 - solders' own: on the curve
            continue
        if len(found) == BUMPS:
            break
    return found
