"""One call with its accounts as they are on the chain now, and what else there is to put in their places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from client.idl import SYSTEM_PROGRAM, TOKEN_PROGRAM
from tests.proof.layout import KINDS, declaration
from tests.proof.ledger import OURS, Call, calls_of
from tests.proof.svm import Account, Svm

TOKENS, MINT, WALLET, NOTHING, EXECUTABLE, OTHER = "tokens", "mint", "wallet", "nothing", "executable", "other"
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
    def shape(self) -> tuple[Any, ...]:
        """Calls of the same shape differ in their numbers alone: which accounts are there, and of which kind."""
        same = tuple([place.meta.pubkey for place in self.places].index(place.meta.pubkey) for place in self.places)
        return self.name, same, *((place.kind, place.meta.is_signer) for place in self.places)

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
    signers: dict[Pubkey, str] = field(default_factory=dict)
    """Every key that ever signed, and as what."""
    executables: dict[Pubkey, Account] = field(default_factory=dict)
    seeds: dict[Pubkey, tuple[Pubkey, tuple[bytes, ...]]] = field(default_factory=dict)
    """Of an address that an IDL says how to derive: its program, and its seeds without the bump."""

    def learn(self, scene: Scene) -> None:
        """Remembers a call's accounts."""
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
        self.seeds |= derivations(scene)

    def alike(self, scene: Scene, place: Place, most: int) -> list[Account]:
        """Others of the same kind, no two of one address: first what the twin had in this place."""
        role = self.roles[scene.name, place.name]
        others = [*self.kinds[place.kind].values()]
        spread = others[:: max(1, len(others) // most)]
        seen = {place.account.address}
        found = (one for one in [*role, *spread, *others] if kind_of(one) == place.kind)
        return list(islice((one for one in found if not (one.address in seen or seen.add(one.address))), most))  # type: ignore[func-returns-value]

    def kinds_but(self, kind: str) -> Iterator[Account]:
        """One account of every other kind of ours, and a token account and a mint."""
        for other, found in self.kinds.items():
            if other not in (kind, WALLET, OTHER):
                yield next(iter(found.values()))


def derivations(scene: Scene) -> dict[Pubkey, tuple[Pubkey, tuple[bytes, ...]]]:
    """Of each account whose seeds the IDL says, the program and the seeds, where they do lead to its address."""
    found = {}
    for declared, place in zip(scene.call.declared.accounts, scene.places, strict=False):
        seeds = resolve(scene.call, declared)
        if seeds is not None and Pubkey.find_program_address(list(seeds[1]), seeds[0])[0] == place.meta.pubkey:
            found[place.meta.pubkey] = seeds
    return found


def resolve(call: Call, declared: dict[str, Any]) -> tuple[Pubkey, tuple[bytes, ...]] | None:
    """The program and the seeds of an account as its IDL declares them, with this call's accounts and arguments."""
    pda = declared.get("pda")
    if pda is None:
        return None
    program = Pubkey(bytes(pda["program"]["value"])) if "program" in pda else call.instruction.program_id
    arguments, kinds = call.arguments, dict(call.declared.args)
    seeds = []
    for seed in pda["seeds"]:
        if seed["kind"] == "const":
            seeds.append(bytes(seed["value"]))
        elif seed["kind"] == "account" and seed["path"] in call.accounts:
            seeds.append(bytes(call.accounts[seed["path"]]))
        elif seed["kind"] == "arg" and seed["path"] in arguments:
            value = arguments[seed["path"]]
            size = int(kinds[seed["path"]][1:]) // 8 if isinstance(value, int) else 0
            seeds.append(value.to_bytes(size, "little") if size else bytes(value))
        else:
            return None  # a field of an account: not to be resolved from the call alone
    return program, tuple(seeds)
