"""Everything that can be wrong with one account of a call, made from its IDL and from what the account is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from client import addresses
from client.accounts import offset_of
from client.idl import PROGRAMS, SYSTEM_PROGRAM, TOKEN_PROGRAM, program_id
from client.state import PAUSE_BITS, Committee
from tests.proof.ledger import Ledger
from tests.proof.substitution.forged import Forged, changed, clones, lower_bumps, mints, somewhere, token_accounts
from tests.proof.substitution.scene import (
    EXECUTABLE,
    MINT,
    NOTHING,
    TOKENS,
    WALLET,
    Place,
    Pool,
    Scene,
    kind_of,
    links,
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
    again: bool = False
    """A call with the same accounts in other states was tried: what only the types refuse is left out."""

    def all(self) -> Iterator[Mutation]:
        """All of them."""
        for place in self.scene.places:
            for kind, detail, trial in self._of(place):
                yield Mutation(place.name, kind, detail, trial)
        yield from self._pairs()
        yield from self._families()
        yield from self._remaining()
        if not self.again:
            yield from self._cut()
        yield from self._pauses()

    # One account

    def _of(self, place: Place) -> Iterator[tuple[str, str, Trial]]:
        if place.absent:
            yield from self._given(place)
            return
        if place.optional:
            yield "omitted", "", self._here(place, self.scene.call.instruction.program_id)
        if place.meta.is_writable and not self.again:
            metas = list(self.scene.call.instruction.accounts)
            metas[place.index] = AccountMeta(place.meta.pubkey, place.meta.is_signer, is_writable=False)
            yield "read-only", "", Trial([self.scene.with_metas(metas)])
        if place.meta.is_signer:
            yield from self._signers(place)
        if place.kind == EXECUTABLE:
            for other in [] if self.again else PROGRAM_IDS:
                if other != place.meta.pubkey:
                    yield "other program", str(other), self._here(place, other)
        elif place.kind != WALLET or not place.meta.is_signer:
            nobody = somewhere("nobody")
            yield "absent", "an address without an account", self._here(place, nobody)
            yield from self._siblings(place)
            if place.kind in (WALLET, NOTHING):
                yield "stranger", "a stranger's wallet", self._put(place, _wallet(somewhere("stranger")))
            elif not self.again:
                yield from self._forged(place, clones(place))
            if place.kind == TOKENS:
                yield from self._forged(place, token_accounts(place, {*self.pool.of(MINT)}))
            if place.kind == MINT:
                yield from self._forged(place, mints(place))
            yield from self._forged(place, lower_bumps(place, self.pool.seeds.get(place.meta.pubkey)))

    def _forged(self, place: Place, forged: Iterator[Forged]) -> Iterator[tuple[str, str, Trial]]:
        for kind, detail, account in forged:
            if account.address == place.meta.pubkey:
                yield kind, detail, Trial([self.scene.call.instruction], [account])
            else:
                yield kind, detail, self._put(place, account)

    def _signers(self, place: Place) -> Iterator[tuple[str, str, Trial]]:
        """Not signed, and signed by everybody else; `anyone signs` where no account of the call knows who does."""
        yield "unsigned", "", Trial([self.scene.replaced(place, place.meta.pubkey, signer=False)])
        kind = "another signs" if self.scene.names(place.meta.pubkey, self.pool.seeds) else "anyone signs"
        stranger = somewhere("stranger")
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
            word = replace(place, account=account).word or f"another {place.kind}"
            named = next((name for key, name in self._wallets.items() if key in links(account)), "")
            yield "sibling", f"{word} of the {named}" if named else word, self._put(place, account)
        here = {meta.pubkey for meta in self.scene.call.instruction.accounts}
        for account in [] if self.again else self.pool.kinds_but(place.kind):
            # One that is in the call already would be refused for standing there twice.
            other = (
                account._replace(address=somewhere("other", account.address)) if account.address in here else account
            )
            yield "another kind", f"a {kind_of(account)}", self._put(place, other)

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
        """Several accounts of another call at once: two of them, and all but one or two."""
        for others in self._others():
            for size in sorted(size for size in {2, len(others) - 1, len(others) - 2} if 1 < size < len(others)):
                for chosen in combinations(others, size):
                    names = " and ".join(place.name for place in chosen)
                    words = ", ".join(place.word for place in chosen if place.word)
                    yield Mutation(names, "family", words or "another's", self._with(chosen))

    def wholes(self) -> list[Trial]:
        """Other calls with all of their accounts and this one's data: where such a one is accepted, parts of it are
        refused for being parts.
        """
        return [self._with(others) for others in self._others()]

    def _others(self) -> Iterator[list[Place]]:
        """Of other calls that have the same accounts, those that are others."""
        for other in self.pool.calls[self.scene.name].values():
            pairs = [*zip(self.scene.places, other.places, strict=False)]
            if len(other.places) != len(self.scene.places) or any(one.absent != two.absent for one, two in pairs):
                continue
            if others := [two for one, two in pairs if one.meta.pubkey != two.meta.pubkey]:
                yield others

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
        wallet = _wallet(somewhere("stranger"))
        for signs in (True, False):
            meta = AccountMeta(wallet.address, signs, is_writable=True)
            yield of("added", "a stranger, last", [*rest, meta], wallet)
            if rest:
                yield of("added", "a stranger, first", [meta, *rest], wallet)

    def _cut(self) -> Iterator[Mutation]:
        """Fewer accounts; less data, and more."""
        call = self.scene.call.instruction
        for count in range(len(self.scene.call.declared.accounts)):
            trial = Trial([self.scene.with_metas(call.accounts[:count])])
            yield Mutation(self.scene.places[count].name, "accounts cut", f"{count} accounts", trial)
        data = bytes(call.data)

        def of(other: bytes) -> Trial:
            return Trial([Instruction(call.program_id, other, call.accounts)])

        for size in range(len(data)):
            yield Mutation("data", "cut", f"{size} bytes", of(data[:size]))
        for more in (1, 8, 64):
            yield Mutation("data", "extended", f"by {more} bytes", of(data + bytes(more)))

    def _pauses(self) -> Iterator[Mutation]:
        committee = self.ledger.svm.get(addresses.committee())[0]
        if committee.lamports:
            own = PAUSE_BITS[self.scene.call.declared.program]
            for detail, bits in (("its own program", own), ("all programs", sum(PAUSE_BITS.values()))):
                data = changed(committee.data, offset_of(Committee, "paused"), bytes([bits]))
                trial = Trial([self.scene.call.instruction], [committee._replace(data=data)])
                yield Mutation("committee", "paused", detail, trial)

    # Words

    @cached_property
    def _wallets(self) -> dict[bytes, str]:
        """The wallets of the call by their names: first those that sign."""
        places = sorted(self.scene.places, key=lambda place: not place.meta.is_signer)
        return {bytes(place.meta.pubkey): place.name for place in places if place.kind == WALLET}

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


def _wallet(address: Pubkey) -> Account:
    return Account(address, SOL, SYSTEM_PROGRAM, b"")
