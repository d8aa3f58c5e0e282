"""The substitution matrix: every account of every instruction, with every mutation, before each step of a walk."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count, islice
from pathlib import Path

from solders.instruction import Instruction

from tests.programs.chain import Refused
from tests.proof.layout import declared
from tests.proof.ledger import Ledger
from tests.proof.substitution.allowed import Where, judge
from tests.proof.substitution.mutations import Mutant, Mutation
from tests.proof.substitution.scene import NOTHING, OURS_BY_NAME, Pool, Scene, kind_of, scenes
from tests.proof.substitution.shapes import other_shapes
from tests.proof.substitution.synthesis import Search
from tests.proof.substitution.tour import See, tour
from tests.proof.svm import DEPLOY, Outcome, Svm, Trial, encode, start_svm
from tests.proof.world import world_on

CHUNK = 200
"""Trials in one call of the pipe."""

UNTIDY = {"ProgramFailedToComplete", "ComputationalBudgetExceeded", "AccessViolation", "UnbalancedInstruction"}
"""Refusals by Solana in the place of a program: nothing is lost, but nobody is told why."""


@dataclass
class Matrix:
    """What was tried, and what came of it."""

    only: str | None = None
    hidden: set[str] = field(default_factory=set)
    """Instructions of which the walk's calls are not looked at."""
    made_up: set[str] = field(default_factory=set)
    """Instructions that the walk does not send: a call of each was found."""
    pool: Pool = field(default_factory=Pool)
    shapes: Counter[tuple[object, ...]] = field(default_factory=Counter)
    types: set[tuple[str, ...]] = field(default_factory=set)
    """Of each call that was tried: its instruction, and the kinds of its accounts."""
    twins: set[str] = field(default_factory=set)
    """Instructions of which another's whole call was accepted in the place of one: what is tried is near the mark."""
    tried: Counter[str] = field(default_factory=Counter)
    """Mutations, by instruction."""
    kinds: Counter[str] = field(default_factory=Counter)
    """By what is wrong."""
    accepted: dict[Where, list[str]] = field(default_factory=dict)
    """Details of what was not refused."""
    allowed: int = 0
    """So many of them are listed, once `problems` was asked."""
    made: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    """Of each kind of account: which instruction makes it, in which place."""
    found: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    """Kinds of account by place."""
    untidy: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    samples: Counter[str] = field(default_factory=Counter)
    progress: Callable[[str, int], object] = lambda name, tried: None
    """Told of each sample: its instruction, and how many mutations were tried."""

    def probe(self, ledger: Ledger, instructions: Sequence[Instruction]) -> None:
        """Tampers with each call, where none of its shape was seen before."""
        for scene in scenes(ledger.svm, instructions):
            self.pool.learn(scene)
            named = (scene.names(place.meta.pubkey, self.pool.seeds) for place in scene.places if place.meta.is_signer)
            rivals = (self.pool.rivals(place, ledger.lamports) for place in scene.places)
            shape = scene.shape, *named, *rivals
            if self.shapes[shape] or scene.name in self.hidden:
                continue
            outcome = ledger.svm.tries([Trial([scene.call.instruction])])[0]
            if outcome.error is not None:
                continue  # as the walk will see itself
            self.shapes[shape] += 1
            self._see_made(scene, outcome)
            if self.only in (None, scene.name):
                self.samples[scene.name] += 1
                before = self.tried[scene.name]
                self._try(ledger, scene)
                self.progress(scene.name, self.tried[scene.name] - before)
            self.pool.calls[scene.name]["here", *scene.shape] = scene

    def _see_made(self, scene: Scene, outcome: Outcome) -> None:
        """Notes which kinds of account the call has, and which it makes."""
        after = {account.address: account for account in outcome.written}
        for place in scene.places:
            self.found[scene.name, place.name].add(place.kind)
            if place.kind == NOTHING and place.meta.pubkey in after:
                self.made[kind_of(after[place.meta.pubkey])].add((scene.name, place.name))

    def _try(self, ledger: Ledger, scene: Scene) -> None:
        same = encode([scene.call.instruction])
        seen = set()

        def fresh(mutation: Mutation) -> bool:
            """Not the call as it is, and not tried already."""
            encoded = encode(mutation.trial.instructions)
            key = encoded, tuple(mutation.trial.put)
            if key in seen or (encoded == same and not mutation.trial.put):
                return False
            seen.add(key)
            return True

        types = scene.name, *(place.kind for place in scene.places)
        mutant = Mutant(scene, self.pool, ledger, types in self.types)
        if any(outcome.error is None for outcome in ledger.svm.tries(mutant.wholes())):
            self.twins.add(scene.name)
        mutations: Iterator[Mutation] = filter(fresh, mutant.all())
        self.types.add(types)
        while chunk := list(islice(mutations, CHUNK)):
            outcomes = ledger.svm.tries(mutation.trial for mutation in chunk)
            for mutation, outcome in zip(chunk, outcomes, strict=True):
                self._count(scene, mutation, outcome)

    def _count(self, scene: Scene, mutation: Mutation, outcome: Outcome) -> None:
        self.tried[scene.name] += 1
        self.kinds[mutation.kind] += 1
        if outcome.error is None:
            where = scene.variant, mutation.account, mutation.kind
            self.accepted.setdefault(where, []).append(mutation.detail)
        elif outcome.refusal in UNTIDY:
            self.untidy[scene.name, mutation.account, mutation.kind, outcome.refusal or ""] += 1

    def moot(self, where: Where) -> bool:
        """An account of ours at a lower bump: what makes its kind refuses every other address, so nobody has one."""
        instruction, account, kind = where
        if kind != "bump":
            return False
        made = [self.made[kind] for kind in self.found[plain(instruction), account] & OURS_BY_NAME.keys()]
        accepted = {(plain(instruction), account) for instruction, account, _ in self.accepted}
        return bool(made) and all(made) and not any(makers & accepted for makers in made)

    def problems(self) -> list[str]:
        """Sentences of what is wrong; none where every mutation is refused or listed, and everything was tried."""
        accepted = {where: details for where, details in self.accepted.items() if not self.moot(where)}
        verdict = judge(accepted, whole=self.only is None)
        self.allowed = verdict.allowed
        unlisted = [
            f"{instruction} with its {account} tampered with ({kind}: {', '.join(sorted(set(details)))}) is accepted:"
            " mend the program, or give the reason in allowed.py"
            for (instruction, account, kind), details in verdict.unlisted.items()
        ]
        never = [
            f"{name} was never accepted in a walk, nor could a call of it be made up: send it in tests/programs/walk.py"
            for name in self.missing
        ]
        return [*unlisted, *never, *verdict.needless]

    @property
    def missing(self) -> list[str]:
        """Instructions of which no accepted call was seen."""
        return sorted({one.name for one in declared().values() if self.only in (None, one.name)} - {*self.samples})

    def table(self) -> list[tuple[str, int, int, int, int, int]]:
        """Of each instruction: accounts, samples, mutations, how many were refused, and how many accepted."""
        rows = []
        for name in sorted(self.samples):
            accepted = sum(len(details) for where, details in self.accepted.items() if plain(where[0]) == name)
            accounts = sum(place[0] == name for place in self.found)
            rows.append((name, accounts, self.samples[name], self.tried[name], self.tried[name] - accepted, accepted))
        return rows

    def figures(self) -> dict[str, int]:
        """Sums of the table."""
        names = ("accounts", "samples", "mutations", "refused", "allowed")
        rows = self.table()
        sums = {name: sum(row[index] for row in rows) for index, name in enumerate(names, start=1)}  # type: ignore[misc]
        return {"instructions": len(rows)} | sums


def plain(variant: str) -> str:
    """An instruction's name without what is particular about a call of it."""
    return variant.split(" ")[0]


def explore(svm: Svm, matrix: Matrix, deploy: Path = DEPLOY) -> None:
    """Walks twice: once to see a twin of everything, then on a new chain and with others, tampering at each step.

    Where some instruction was not sent, a third time, to make up a call of it.
    """

    def learn(ledger: Ledger, instructions: Sequence[Instruction]) -> None:
        for scene in scenes(ledger.svm, instructions):
            matrix.pool.learn(scene)
            matrix.pool.calls[scene.name].setdefault(("twin's first", *scene.shape), scene)
            matrix.pool.calls[scene.name]["twin's last", *scene.shape] = scene

    def walk_on(people: int, see: See) -> None:
        world = world_on(svm, deploy=deploy, initialized=False)
        world._people = count(people)
        tour(world, see, further=other_shapes)

    walk_on(1_000, learn)
    walk_on(1, matrix.probe)
    if matrix.missing:
        walk_on(1, partial(_make_up, matrix, Search({*matrix.missing})))


def _make_up(matrix: Matrix, search: Search, ledger: Ledger, instructions: Sequence[Instruction]) -> None:
    for name, found in search.see(ledger, instructions):
        matrix.hidden -= {name}
        matrix.probe(ledger, [found])
        matrix.made_up.add(name)


def find(deploy: Path = DEPLOY) -> str | None:
    """The first acceptance that `allowed.py` does not list, or what else is wrong, as a sentence; None: all is fine."""
    matrix = Matrix()
    with start_svm() as svm:
        try:
            explore(svm, matrix, deploy)
        except Refused as refused:
            return f"the walk itself is refused: {refused.name}"
    return next(iter(matrix.problems()), None)
