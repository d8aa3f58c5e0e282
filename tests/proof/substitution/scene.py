"""One call with its accounts as they are on the chain now, and what else there is to put in their places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from client.accounts import offset_of
from client.idl import SYSTEM_PROGRAM, TOKEN_PROGRAM, ProgramName
from tests.proof.layout import KINDS, declaration, idl
from tests.proof.ledger import OURS, Call, calls_of
from tests.proof.substitution.seeds import Seeds, derivations
from tests.proof.svm import Account, Svm

TOKENS, MINT, WALLET, NOTHING, EXECUTABLE, OTHER = "tokens", "mint", "wallet", "nothing", "executable", "other"
OURS_BY_NAME = {kind.__name__: kind for kind in KINDS.values()}
"""Our kinds of account."""
_SIZES = {165: TOKENS, 82: MINT}


def kind_of(account: Account) -> str:
    """What an account is, read from the chain alone: one of our kinds by its name, or one of the words above."""
    if not account.lamports:
        return NOTHING
    if account.executable:
        return EXECUTABLE
    if account.owner in OURS:
        found = KINDS.get(account.data[:8])
        return found.__name__ if found else OTHER
    if account.owner == TOKEN_PROGRAM:
        return _SIZES.get(len(account.data), OTHER)
    return WALLET if account.owner == SYSTEM_PROGRAM and not account.data else OTHER


@cache
def _fields(kind: str, *types: str) -> tuple[int, ...]:
    """Where the fields of some types begin in an account of ours."""
    program: ProgramName = OURS_BY_NAME[kind].PROGRAM  # type: ignore[attr-defined] # each kind has it
    fields = next(found for found in idl(program)["types"] if found["name"] == kind)["type"]["fields"]
    names = (field["name"] for field in fields if field["type"] in types and "bump" not in field["name"])
    return tuple(offset_of(OURS_BY_NAME[kind], name) for name in names if not name.startswith("_"))


@cache
def state_of(account: Account) -> bytes:
    """What makes one account of ours another sort than the next: its states and flags, all the single bytes."""
    kind = kind_of(account)
    return bytes(account.data[at] for at in _fields(kind, "u8", "bool")) if kind in OURS_BY_NAME else b""


@cache
def links(account: Account) -> frozenset[bytes]:
    """The addresses that an account names: its owner, its actor, its mint."""
    kind = kind_of(account)
    if kind == TOKENS:
        return frozenset((account.data[:32], account.data[32:64]))
    if kind not in OURS_BY_NAME:
        return frozenset()
    return frozenset(account.data[at : at + 32] for at in _fields(kind, "pubkey")) - {bytes(32)}


@dataclass(frozen=True)
class Place:
    """One account of a call."""

    index: int
    name: str
    """As in the IDL; `remaining` for those after it."""
    meta: AccountMeta
    account: Account
    kind: str
    optional: bool

    @property
    def word(self) -> str:
        """Of what can be in several states, in which; of what can be left out, that it is."""
        states: dict[int, str] = getattr(OURS_BY_NAME.get(self.kind), "STATES", {})
        if states:
            state = self.account.data[offset_of(OURS_BY_NAME[self.kind], "state")]
            return f"{self.name} {states.get(state, state)}"
        return f"no {self.name}" if self.absent else ""

    @property
    def absent(self) -> bool:
        """An optional account that is left out."""
        return self.optional and self.kind == EXECUTABLE


@dataclass(frozen=True)
class Scene:
    """A call, and its accounts."""

    call: Call
    places: Sequence[Place]

    @property
    def name(self) -> str:
        """As `staking.delegate`."""
        return self.call.name

    @property
    def variant(self) -> str:
        """As `escrow.release_job (job running, no agent)`: states, and optional accounts that are left out."""
        words = [word for place in self.places if (word := place.word)]
        return f"{self.name} ({', '.join(words)})" if words else self.name

    def names(self, key: Pubkey, seeds: Mapping[Pubkey, Seeds]) -> bool:
        """Whether any account of the call says this key: in its data, or by its address."""
        raw = bytes(key)
        known = (seeds[place.meta.pubkey][1] for place in self.places if place.meta.pubkey in seeds)
        return any(raw in place.account.data for place in self.places) or any(raw in found for found in known)

    @property
    def shape(self) -> tuple[Any, ...]:
        """Calls of one shape differ in numbers alone: which accounts are there, of which kind, and in which state."""
        same = tuple([place.meta.pubkey for place in self.places].index(place.meta.pubkey) for place in self.places)
        places = ((place.kind, place.meta.is_signer, state_of(place.account)) for place in self.places)
        return self.name, same, *places

    def with_metas(self, metas: Sequence[AccountMeta]) -> Instruction:
        """The call with other accounts."""
        return Instruction(self.call.instruction.program_id, self.call.instruction.data, list(metas))

    def replaced(self, place: Place, address: Pubkey, *, signer: bool | None = None) -> Instruction:
        """The call with another account in one place; flags as they were."""
        metas = list(self.call.instruction.accounts)
        signs = place.meta.is_signer if signer is None else signer
        metas[place.index] = AccountMeta(address, signs, place.meta.is_writable)
        return self.with_metas(metas)


def scenes(svm: Svm, instructions: Sequence[Instruction]) -> Iterator[Scene]:
    """Each call of ours in a transaction, as it would find its accounts now."""
    for call in calls_of(instructions):
        found = declaration(call.instruction)
        assert found is not None
        metas = call.instruction.accounts
        accounts = svm.get(*(meta.pubkey for meta in metas))
        places = []
        for index, (meta, account) in enumerate(zip(metas, accounts, strict=True)):
            here = found.accounts[index] if index < len(found.accounts) else {"name": "remaining"}
            optional = bool(here.get("optional"))
            places.append(Place(index, here["name"], meta, account, kind_of(account), optional))
        yield Scene(call, places)


@dataclass
class Pool:
    """Everything that could stand in another's place: seen in a twin network, and in this one."""

    roles: dict[tuple[str, str], list[Account]] = field(default_factory=lambda: defaultdict(list))
    """By instruction and account name, as the twin's calls found them."""
    kinds: dict[str, dict[tuple[Pubkey, bytes], Account]] = field(default_factory=lambda: defaultdict(dict))
    """By kind, in all their states."""
    calls: dict[str, dict[tuple[Any, ...], Scene]] = field(default_factory=lambda: defaultdict(dict))
    """By instruction: of each shape the twin's first and last, and this network's last."""
    signers: dict[Pubkey, str] = field(default_factory=dict)
    """Every key that ever signed, and as what."""
    executables: dict[Pubkey, Account] = field(default_factory=dict)
    seeds: dict[Pubkey, Seeds] = field(default_factory=dict)
    """Of each address that an IDL says how to derive."""

    def learn(self, scene: Scene) -> None:
        """Remembers a call and its accounts."""
        for place in scene.places:
            account = place.account
            role = self.roles[scene.name, place.name]
            if account not in role and not place.absent:
                role.append(account)
            if place.kind not in (NOTHING, EXECUTABLE):
                self.kinds[place.kind][account.address, account.data] = account
            if place.kind == EXECUTABLE:
                self.executables[account.address] = account
            if place.meta.is_signer:
                self.signers.setdefault(account.address, f"{scene.name}'s {place.name}")
        self.seeds |= derivations(scene.call)

    def alike(self, scene: Scene, place: Place, most: int) -> list[Account]:
        """Others of the same kind, no two of one address.

        What the twin had in this place, of each state one, and those that name the same owner, actor or mint.
        """
        here, account = links(place.account), place.account
        others = [one for one in self.kinds[place.kind].values() if one.address != account.address]
        close = sorted((one for one in others if here & links(one)), key=lambda one: -len(here & links(one)))
        states = {state_of(one): one for one in others}
        found: dict[Pubkey, Account] = {}
        for one in [*self.roles[scene.name, place.name], *states.values(), *close]:
            if kind_of(one) == place.kind and one.address != account.address and len(found) < most:
                found.setdefault(one.address, one)
        for one in close[:most]:
            found.setdefault(one.address, one)
        return [*found.values()]

    def of(self, kind: str) -> set[Pubkey]:
        """Where accounts of a kind are."""
        return {address for address, _ in self.kinds[kind]}

    def rivals(self, place: Place, lamports: Mapping[Pubkey, int]) -> bool:
        """Whether the chain has another account of the same kind with the same owner, actor or mint."""
        here = links(place.account)
        return place.kind in OURS_BY_NAME and any(
            address != place.account.address and lamports.get(address) and here & links(one)
            for (address, _), one in self.kinds[place.kind].items()
        )

    def kinds_but(self, kind: str) -> Iterator[Account]:
        """One account of every other kind of ours, and a token account and a mint."""
        for other, found in self.kinds.items():
            if other not in (kind, WALLET, OTHER):
                yield next(iter(found.values()))
