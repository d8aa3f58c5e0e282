"""Makes up calls of an instruction that no walk sends, from what others sent: the matrix covers it all the same.

Accounts come from the IDL (addresses, seeds, relations) and from calls of other instructions by their names;
arguments from samples of the same name, or type, or are small. The search is short, and made at many points of a walk.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from client.idl import program_id
from tests.proof.layout import Declared, declared
from tests.proof.ledger import Call, Ledger, calls_of
from tests.proof.substitution.seeds import find_address, raw_arguments, seeds_of
from tests.proof.svm import Trial

TRIES = 96
"""Calls of one instruction that are tried at one point."""
LOOKED_AT = 400
"""Combinations: some are the same, and some have no address."""
POINTS = 3
"""Points at which it is tried before the same instruction of the walk."""
RECENT = 4
"""Accounts of one name, and arguments of one name or type, that are looked at."""
_INTEGERS = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "i64": 8}
_DISCRIMINATORS = {one.name: key[1] for key, one in declared().items()}


@dataclass
class Search:
    """What was seen on this chain, and what is sought."""

    sought: set[str]
    """Instructions."""
    arguments: dict[tuple[str, str], list[tuple[str, bytes]]] = field(default_factory=lambda: defaultdict(list))
    """By name and type, and by type alone (the name empty): who had it, and its bytes."""
    accounts: dict[str, list[tuple[str, Pubkey]]] = field(default_factory=lambda: defaultdict(list))
    """By name: who had it; the last one last."""
    signers: list[tuple[str, Pubkey]] = field(default_factory=list)
    majority: list[AccountMeta] = field(default_factory=list)
    """Who last signed after the declared accounts."""
    points: Counter[str] = field(default_factory=Counter)
    """How often each instruction was sent."""

    def see(self, ledger: Ledger, instructions: Sequence[Instruction]) -> Iterator[tuple[str, Instruction]]:
        """At a new point of the walk, the first accepted call of each instruction that is sought, with its name."""
        for call in calls_of(instructions):
            self._learn(call)
            self.points[call.name] += 1
            if self.points[call.name] > POINTS:
                continue
            for one in declared().values():
                if one.name in self.sought and (found := self._find(ledger, one)):
                    self.sought.remove(one.name)
                    yield one.name, found

    def _learn(self, call: Call) -> None:
        for name, address in call.accounts.items():
            if address != call.instruction.program_id:
                self.accounts[name] = [found for found in self.accounts[name] if found[1] != address]
                self.accounts[name].append((call.name, address))
        metas = call.instruction.accounts
        for meta in metas:
            if meta.is_signer:
                self.signers = [found for found in self.signers if found[1] != meta.pubkey]
                self.signers.append((call.name, meta.pubkey))
        if signing := [meta for meta in metas[len(call.declared.accounts) :] if meta.is_signer]:
            self.majority = signing
        for (name, kind), value in zip(call.declared.args, raw_arguments(call).values(), strict=True):
            for key in ((name, str(kind)), ("", str(kind))):
                self.arguments[key].append((call.name, value))

    def _find(self, ledger: Ledger, one: Declared) -> Instruction | None:
        tried = [*islice(self._calls(ledger, one), TRIES)]
        outcomes = ledger.svm.tries(Trial([call]) for call in tried)
        return next((call for call, outcome in zip(tried, outcomes, strict=True) if outcome.error is None), None)

    def _calls(self, ledger: Ledger, one: Declared) -> Iterator[Instruction]:
        """Calls, the likeliest first."""
        address = program_id(one.program)
        names = [account["name"] for account in one.accounts]
        choices: list[Sequence[Any]] = [self._accounts(one, account) for account in one.accounts]
        choices += [self._values(one, name, kind) for name, kind in one.args]
        rests: list[Any] = [self.majority, []] if "committee" in names and self.majority else [[]]
        seen = set()
        for chosen in islice(_best_first([*choices, rests]), LOOKED_AT):
            accounts = dict(zip(names, chosen, strict=False))
            values = dict(zip((name for name, _ in one.args), chosen[len(names) : -1], strict=True))
            _relate(ledger, one, address, accounts, values)
            if any(found is None for found in accounts.values()):
                continue
            metas = [
                AccountMeta(
                    accounts[account["name"]],
                    bool(account.get("signer")) and accounts[account["name"]] != address,
                    bool(account.get("writable")) and accounts[account["name"]] != address,
                )
                for account in one.accounts
            ]
            data = _DISCRIMINATORS[one.name] + b"".join(values.values())
            call = Instruction(address, data, [*metas, *chosen[-1]])
            key = data, tuple(meta.pubkey for meta in call.accounts)
            if key not in seen:
                seen.add(key)
                yield call

    def _accounts(self, one: Declared, account: dict[str, Any]) -> list[Pubkey | None]:
        """Who could be there: by its name, then by a word of it; nobody where only the seeds can say."""
        name = account["name"]
        if "address" in account and len(account["address"]) > 40:
            return [Pubkey.from_string(account["address"])]
        if name == "program":
            return [program_id(one.program)]
        last = [address for by, address in reversed(self.accounts[name]) if by != one.name][:RECENT]
        if account.get("signer"):
            last += [address for by, address in reversed(self.signers) if by != one.name and address not in last]
        elif len(last) < 2:
            words = {*name.split("_")}
            like = [found for other, found in self.accounts.items() if other != name and words & {*other.split("_")}]
            last += [address for found in like for by, address in found[-2:] if by != one.name][:RECENT]
        absent = [program_id(one.program)] if account.get("optional") else []
        return [*absent, *last] or [None]

    def _values(self, one: Declared, name: str, kind: Any) -> list[bytes]:
        """What an argument could be."""
        found: list[bytes] = []
        for key in ((name, str(kind)), ("", str(kind))):
            found += [value for by, value in reversed(self.arguments[key]) if by != one.name]
        found = [*dict.fromkeys(found)][:RECENT]
        if isinstance(kind, str) and kind in _INTEGERS:
            found += [number.to_bytes(_INTEGERS[kind], "little") for number in (1, 0, 2)]
        elif kind == "bool":
            found += [b"\1", b"\0"]
        elif kind == "pubkey":
            found += [bytes(address) for _, address in self.signers[-RECENT:]]
        elif "array" in kind and kind["array"][0] == "u8":
            found.append(bytes(kind["array"][1]))
        elif "vec" in kind:
            found.append(bytes(4))
        return [*dict.fromkeys(found)] or [b""]


def _relate(
    ledger: Ledger, one: Declared, program: Pubkey, accounts: dict[str, Pubkey | None], values: dict[str, bytes]
) -> None:
    """Sets what follows from the others: addresses from their seeds, and what an account's fields name."""
    for _ in range(3):
        for account in one.accounts:
            name = account["name"]
            if accounts[name] == program and account.get("optional"):
                continue
            seeds = seeds_of(account, program, accounts, values)
            if seeds is not None:
                accounts[name] = find_address(seeds)
            for by in account.get("relations", ()):
                naming = accounts[by]
                named = getattr(ledger.accounts.get(naming), name, None) if naming else None
                if isinstance(named, Pubkey):
                    accounts[name] = named


def _best_first(choices: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    """All combinations, in the order of the sum of their places."""
    for total in range(sum(len(choice) - 1 for choice in choices) + 1):
        yield from _of_sum(choices, total)


def _of_sum(choices: Sequence[Sequence[Any]], total: int) -> Iterator[tuple[Any, ...]]:
    if not choices:
        if total == 0:
            yield ()
        return
    most = sum(len(choice) - 1 for choice in choices[1:])
    for index in range(max(0, total - most), min(total, len(choices[0]) - 1) + 1):
        for rest in _of_sum(choices[1:], total - index):
            yield (choices[0][index], *rest)
