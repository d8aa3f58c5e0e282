"""Everything that can be wrong with one account of a call, made from its IDL and from what the account is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from itertools import combinations

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from client import addresses
from client.accounts import discriminator, offset_of
from client.idl import PROGRAMS, SYSTEM_PROGRAM, TOKEN_PROGRAM, program_id
from client.state import PAUSE_BITS, Committee
from tests.proof.layout import KINDS
from tests.proof.ledger import Ledger
from tests.proof.substitution.scene import (
    EXECUTABLE,
    MINT,
    NOTHING,
    OURS_BY_NAME,
    TOKENS,
    WALLET,
    Place,
    Pool,
    Scene,
    kind_of,
)
from tests.proof.svm import SOL, Account, Trial

SIBLINGS = 6
"""Of one account, tried in its place."""
_STRANGERS = tuple(
    Pubkey.from_string(address)
    for address in (
        "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
        "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr",
        "ComputeBudget111111111111111111111111111111",
    )
)
PROGRAM_IDS = (*map(program_id, PROGRAMS), TOKEN_PROGRAM, SYSTEM_PROGRAM, *_STRANGERS)
"""Executables of all sorts: ours, Token-2022, and the memo program, which accepts every call."""


@dataclass(frozen=True)
class Mutation:
    """A call with one thing wrong."""

    account: str
    """Its name in the IDL; two names for a pair; `data` or `remaining` for what is no account of its own."""
    kind: str
    """What is wrong, one word of the table."""
    detail: str
    trial: Trial


@dataclass
class Mutant:
    """Makes the mutations of one scene."""

    scene: Scene
    pool: Pool
    ledger: Ledger

    def all(self) -> Iterator[Mutation]:
        """All of them."""
        for place in self.scene.places:
            for kind, detail, trial in self._of(place):
                yield Mutation(place.name, kind, detail, trial)
        yield from self._pairs()
        yield from self._families()
        yield from self._remaining()
        yield from self._data()
        yield from self._pauses()

    # One account

    def _of(self, place: Place) -> Iterator[tuple[str, str, Trial]]:
        if place.absent:
            yield from self._given(place)
            return
        if place.optional:
            yield "omitted", "", self._here(place, self.scene.call.instruction.program_id)
        if place.meta.is_writable:
            metas = list(self.scene.call.instruction.accounts)
            metas[place.index] = AccountMeta(place.meta.pubkey, place.meta.is_signer, is_writable=False)
            yield "read-only", "", Trial([self.scene.with_metas(metas)])
        if place.meta.is_signer:
            yield from self._signers(place)
        if place.kind == EXECUTABLE:
            for other in PROGRAM_IDS:
                if other != place.meta.pubkey:
                    yield "other program", str(other), self._here(place, other)
        elif place.kind != WALLET or not place.meta.is_signer:
            nobody = self._address("nobody")
            yield "absent", "an address without an account", self._here(place, nobody)
            yield from self._siblings(place)
            if place.kind in (WALLET, NOTHING):
                yield "stranger", "a stranger's wallet", self._put(place, _wallet(self._address("stranger")))
            else:
                yield from self._clones(place)
            yield from self._bumps(place)

    def _signers(self, place: Place) -> Iterator[tuple[str, str, Trial]]:
        """Not signed, and signed by everybody else; `anyone signs` where no account of the call knows who does."""
        yield "unsigned", "", Trial([self.scene.replaced(place, place.meta.pubkey, signer=False)])
        kind = "another signs" if self.scene.names(place.meta.pubkey, self.pool.seeds) else "anyone signs"
        stranger = self._address("stranger")
        for key, office in {stranger: "a stranger", **self.pool.signers}.items():
            if key != place.meta.pubkey:
                put = [] if self.ledger.lamports.get(key) else [_wallet(key)]
                yield kind, office, Trial([self.scene.replaced(place, key)], put)

    def _given(self, place: Place) -> Iterator[tuple[str, str, Trial]]:
        """What was left out is given."""
        roles = [(key, found) for key, found in self.pool.roles.items() if key[1] == place.name and found]
        roles.sort(key=lambda one: one[0][0] != self.scene.name)
        for (_, _), found in roles[:3]:
            for account in found[:2]:
                yield "given", "another's", self._put(place, account)

    def _siblings(self, place: Place) -> Iterator[tuple[str, str, Trial]]:
        if place.kind == NOTHING:
            for account in self.pool.roles[self.scene.name, place.name]:
                if account.address != place.account.address:
                    yield "sibling", "the twin's", self._put(place, account)
            return
        for account in self._now(self.pool.alike(self.scene, place, SIBLINGS)):
            yield "sibling", replace(place, account=account).word or f"another {place.kind}", self._put(place, account)
        for account in self.pool.kinds_but(place.kind):
            if account.address != place.account.address:
                yield "another kind", f"a {kind_of(account)}", self._put(place, account)

    def _clones(self, place: Place) -> Iterator[tuple[str, str, Trial]]:
        """Forged: alike in all but one thing."""
        account = place.account
        owners = [SYSTEM_PROGRAM, TOKEN_PROGRAM, *map(program_id, PROGRAMS)]
        for owner in owners:
            if owner != account.owner:
                clone = account._replace(address=self._address("owner", owner), owner=owner)
                yield "owner", f"a clone of {owner}", self._put(place, clone)
        if account.owner not in owners[2:]:
            # Of our own programs' accounts nobody can make one that is alike: they are made at their addresses alone.
            yield (
                "elsewhere",
                "a clone of the same owner",
                self._put(place, account._replace(address=self._address("clone"))),
            )
        if place.kind in OURS_BY_NAME:
            for other in KINDS.values():
                if other.PROGRAM == OURS_BY_NAME[place.kind].PROGRAM and other.__name__ != place.kind:  # type: ignore[attr-defined]
                    wrong = account._replace(data=discriminator(other) + account.data[8:])
                    yield "discriminator", f"a {other.__name__}'s", Trial([self.scene.call.instruction], [wrong])
            wrong = account._replace(data=bytes(8) + account.data[8:])
            yield "discriminator", "zeros", Trial([self.scene.call.instruction], [wrong])
            short = account._replace(data=account.data[:-1])
            yield "discriminator", "one byte short", Trial([self.scene.call.instruction], [short])
        if place.kind == TOKENS:
            yield from self._tokens(place)
        if place.kind == MINT:
            for word, offset, value in _MINT_CHANGES:
                data = _changed(account.data, offset, value)
                yield "fake mint", word, self._put(place, account._replace(address=self._address(word), data=data))

    def _tokens(self, place: Place) -> Iterator[tuple[str, str, Trial]]:
        """Token accounts with one thing wrong, elsewhere."""
        account, stranger = place.account, bytes(self._address("stranger"))
        mints = {one.address for one in self.pool.kinds[MINT].values()} - {Pubkey(account.data[:32])}
        changes = [
            *(("other mint", "another real mint", 0, bytes(mint)) for mint in mints),
            ("other mint", "a stranger's mint", 0, stranger),
            ("other owner", "a stranger's", 32, stranger),
            ("frozen", "", 108, b"\x02"),
            ("uninitialised", "", 108, b"\x00"),
            ("delegated", "to a stranger, all of it", 72, b"\x01\0\0\0" + stranger),
            ("closable", "by a stranger", 129, b"\x01\0\0\0" + stranger),
        ]
        for kind, detail, offset, value in changes:
            data = _changed(account.data, offset, value)
            if kind == "delegated":
                data = _changed(data, 121, account.data[64:72])
            clone = account._replace(address=self._address(kind, Pubkey(sha256(detail.encode()).digest())), data=data)
            yield kind, detail, self._put(place, clone)

    def _bumps(self, place: Place) -> Iterator[tuple[str, str, Trial]]:
        """The address of the same seeds with a lower bump; where the account has a `bump`, that is altered, too."""
        found = self.pool.seeds.get(place.meta.pubkey)
        if found is None:
            return
        program, seeds = found
        for bump, address in _lower_bumps(program, seeds):
            clone = place.account._replace(address=address)
            yield "bump", f"{bump}", self._put(place, clone)
            if place.kind in OURS_BY_NAME and place.kind not in _WITHOUT_BUMP:
                data = _changed(place.account.data, offset_of(OURS_BY_NAME[place.kind], "bump"), bytes([bump]))
                yield "bump", f"{bump}, and in the account", self._put(place, clone._replace(data=data))

    # The call as a whole

    def _pairs(self) -> Iterator[Mutation]:
        """One account in two places, of which one at least is written."""
        for one in self.scene.places:
            for other in self.scene.places:
                if (
                    one.meta.pubkey != other.meta.pubkey
                    and one.meta.is_writable
                    and EXECUTABLE not in (one.kind, other.kind)
                    and "remaining" not in (one.name, other.name)
                ):
                    for given, place in ((one, other), (other, one)):
                        trial = Trial([self.scene.replaced(place, given.meta.pubkey)])
                        yield Mutation(place.name, "alias", f"{given.name} again", trial)

    def _families(self) -> Iterator[Mutation]:
        """Several accounts of a twin's call at once: two of them, and all but one or two."""
        for twin in self.pool.calls[self.scene.name]:
            pairs = [*zip(self.scene.places, twin.places, strict=False)]
            if len(twin.places) != len(self.scene.places) or any(one.absent != other.absent for one, other in pairs):
                continue
            others = [other for one, other in pairs if one.meta.pubkey != other.meta.pubkey]
            for size in sorted(size for size in {2, len(others) - 1, len(others) - 2} if 1 < size < len(others)):
                for chosen in combinations(others, size):
                    names = " and ".join(place.name for place in chosen)
                    words = ", ".join(place.word for place in chosen if place.word)
                    yield Mutation(names, "family", words or "a twin's", self._with(chosen))

    def _with(self, others: Sequence[Place]) -> Trial:
        """With accounts of a twin's in their places."""
        metas, put = list(self.scene.call.instruction.accounts), []
        for other in others:
            metas[other.index] = AccountMeta(
                other.meta.pubkey, metas[other.index].is_signer, metas[other.index].is_writable
            )
            if not self.ledger.lamports.get(other.account.address) and other.account.lamports:
                put.append(other.account)
        return Trial([self.scene.with_metas(metas)], put)

    def _remaining(self) -> Iterator[Mutation]:
        metas = list(self.scene.call.instruction.accounts)
        first = len(self.scene.call.declared.accounts)
        declared, rest = metas[:first], metas[first:]

        def of(kind: str, detail: str, changed: list[AccountMeta], *put: Account) -> Mutation:
            return Mutation("remaining", kind, detail, Trial([self.scene.with_metas(declared + changed)], put))

        for index, meta in enumerate(rest):
            yield of("dropped", f"the {index + 1}.", rest[:index] + rest[index + 1 :])
            for other in rest:
                if other.pubkey != meta.pubkey:
                    yield of("repeated", f"one for the {index + 1}.", [*rest[:index], other, *rest[index + 1 :]])
        if len(rest) > 1:
            yield of("dropped", "all", [])
            yield of("reordered", "backwards", rest[::-1])
        wallet = _wallet(self._address("stranger"))
        for signs in (True, False):
            meta = AccountMeta(wallet.address, signs, is_writable=True)
            yield of("added", "a stranger, last", [*rest, meta], wallet)
            if rest:
                yield of("added", "a stranger, first", [meta, *rest], wallet)
        for count in range(first):
            trial = Trial([self.scene.with_metas(metas[:count])])
            yield Mutation(self.scene.places[count].name, "accounts cut", f"{count} accounts", trial)

    def _data(self) -> Iterator[Mutation]:
        call = self.scene.call.instruction
        data = bytes(call.data)

        def of(changed: bytes) -> Trial:
            return Trial([Instruction(call.program_id, changed, call.accounts)])

        for size in range(len(data)):
            yield Mutation("data", "cut", f"{size} bytes", of(data[:size]))
        for more in (1, 8, 64):
            yield Mutation("data", "extended", f"by {more} bytes", of(data + bytes(more)))

    def _pauses(self) -> Iterator[Mutation]:
        committee = self.ledger.svm.get(addresses.committee())[0]
        if committee.lamports:
            own = PAUSE_BITS[self.scene.call.declared.program]
            for detail, bits in (("its own program", own), ("all programs", sum(PAUSE_BITS.values()))):
                data = _changed(committee.data, offset_of(Committee, "paused"), bytes([bits]))
                trial = Trial([self.scene.call.instruction], [committee._replace(data=data)])
                yield Mutation("committee", "paused", detail, trial)

    # Words

    def _now(self, accounts: Sequence[Account]) -> Iterator[Account]:
        """As they are on this chain, where they are on it."""
        here = [account.address for account in accounts if self.ledger.lamports.get(account.address)]
        live = {account.address: account for account in self.ledger.svm.get(*here)} if here else {}
        return (live.get(account.address, account) for account in accounts)

    def _here(self, place: Place, address: Pubkey) -> Trial:
        return Trial([self.scene.replaced(place, address)])

    def _put(self, place: Place, account: Account) -> Trial:
        """With this account in the place; where the chain has one at its address, with that."""
        there = self.ledger.lamports.get(account.address) or not account.lamports
        return Trial([self.scene.replaced(place, account.address)], [] if there else [account])

    def _address(self, word: str, of: Pubkey = SYSTEM_PROGRAM) -> Pubkey:
        return Pubkey(sha256(f"{word} {of}".encode()).digest())


_MINT_CHANGES = (
    ("a stranger's authority", 4, sha256(b"authority").digest()),
    ("no supply", 36, bytes(8)),
    ("no decimals", 44, b"\0"),
)


def _without(field: str) -> Callable[[], set[str]]:
    def found() -> set[str]:
        names = set()
        for name, kind in OURS_BY_NAME.items():
            try:
                offset_of(kind, field)
            except LookupError:
                names.add(name)
        return names

    return found


_WITHOUT_BUMP = _without("bump")()


def _wallet(address: Pubkey) -> Account:
    return Account(address, SOL, SYSTEM_PROGRAM, b"")


def _changed(data: bytes, offset: int, value: bytes) -> bytes:
    return data[:offset] + value + data[offset + len(value) :]


@cache
def _lower_bumps(program: Pubkey, seeds: tuple[bytes, ...]) -> list[tuple[int, Pubkey]]:
    """Two lower bumps that lead to an address, too."""
    canonical = Pubkey.find_program_address(list(seeds), program)[1]
    found: list[tuple[int, Pubkey]] = []
    for bump in range(canonical - 1, -1, -1):
        try:
            found.append((bump, Pubkey.create_program_address([*seeds, bytes([bump])], program)))
        except Exception:  # noqa: S112 - solders' own: on the curve
            continue
        if len(found) == 2:
            break
    return found
