"""What invariants look at: a step by kinds of accounts, and sums over all accounts, kept by what each step wrote."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from solders.pubkey import Pubkey

from client import addresses
from client.idl import TOKEN_PROGRAM
from client.state import Actor, Committee, Delegation, Earner, Emission, Feed, Grant, Slash, Ticket, Vesting
from tests.programs.world import World
from tests.proof.layout import Event
from tests.proof.ledger import Call, Known, Ledger, Step, Tokens

T = TypeVar("T")
Q64 = 1 << 64
ONE = 1 << 63
"""The index of a pool that was never slashed."""
Key = tuple[Any, ...]

Check = Callable[["Seen"], None]
INVARIANTS: dict[str, Check] = {}
"""By their names, in the order in which they are checked, after each accepted step."""
OF_REFUSALS: dict[str, Check] = {}
"""Those checked after refused steps."""
RECOUNTS: dict[str, Callable[[Books], None]] = {}
"""Those that look at all accounts, checked now and then."""


def invariant(check: Check) -> Check:
    """Makes a function an invariant: its docstring is the sentence that must hold."""
    INVARIANTS[check.__name__] = check
    return check


class Broken(AssertionError):
    """Invariants that do not hold. `names`: which."""

    def __init__(self, broken: dict[str, str], step: Step | None) -> None:
        calls = [call.name for call in step.calls] if step else "a recount"
        lines = [f"{name}: {text}" for name, text in broken.items()]
        super().__init__("\n".join([*lines, f"after {calls}, at {step.time if step else 'any time'}"]))
        self.names = list(broken)


def equal(found: Any, wanted: Any, *what: Any) -> None:
    """Refuses two numbers that are not the same, to the base unit."""
    if found != wanted:
        off = f", off by {found - wanted}" if isinstance(found, int) and isinstance(wanted, int) else ""
        raise AssertionError(f"{' '.join(map(str, what))}: {found} is not {wanted}{off}")


def at_most(found: int, bound: int, *what: Any) -> None:
    """Refuses a number above its bound."""
    if found > bound:
        raise AssertionError(f"{' '.join(map(str, what))}: {found} is above {bound} by {found - bound}")


def holds(fact: bool, *what: Any) -> None:
    """Refuses what is not so."""
    if not fact:
        raise AssertionError(" ".join(map(str, what)))


def parts(known: Known | None, address: Pubkey) -> Iterator[tuple[Key, int]]:
    """What an account adds to which sums."""
    if isinstance(known, Tokens):
        yield ("held", known.mint), known.amount
    elif isinstance(known, Actor):
        yield ("stake",), known.stake + known.collateral
    elif isinstance(known, Delegation):
        yield ("shares", known.actor), known.shares
        yield ("accrued", known.actor), known.accrued
        yield ("entered", known.actor), known.shares * known.snapshot
    elif isinstance(known, Ticket):
        yield ("unbonding", known.actor), known.shares
    elif isinstance(known, Slash):
        yield ("bonds",), known.bond
        yield ("slashes", known.actor), 1
    elif isinstance(known, Earner):
        yield ("points",), known.points
        yield ("earned",), known.liquid + known.bonus
        yield ("entered points",), known.points * known.snapshot
        if known.coupon_epoch:
            yield ("coupons", known.coupon_epoch), known.coupons_base + known.coupons_bonus
    elif isinstance(known, Vesting):
        yield ("locked" if known.funded else "unminted",), known.left
    elif isinstance(known, Grant):
        yield ("granted",), known.amount


def direct_moves(step: Step) -> Iterator[tuple[Pubkey | None, Pubkey | None, int]]:
    """Tokens moved by instructions of the token program itself: from, to (None: made or burned), base units."""
    for one in step.others:
        if one.program_id != TOKEN_PROGRAM or not one.data:
            continue
        keys, amount = [meta.pubkey for meta in one.accounts], int.from_bytes(bytes(one.data[1:9]), "little")
        match one.data[0]:
            case 3:
                yield keys[0], keys[1], amount
            case 12:
                yield keys[0], keys[2], amount
            case 7 | 14:
                yield None, keys[1], amount
            case 8 | 15:
                yield keys[0], None, amount


@dataclass
class Books:
    """Sums over everything that a ledger knows."""

    ledger: Ledger
    io_mint: Pubkey
    usd_mint: Pubkey
    sums: Counter[Key] = field(default_factory=Counter)
    """By what `parts` says."""
    flows: Counter[Key] = field(default_factory=Counter)
    """What events said in all, and since `start`."""
    positions: defaultdict[Pubkey, set[Pubkey]] = field(default_factory=lambda: defaultdict(set))
    """Of each actor: its delegations and tickets."""
    lamports: dict[Pubkey, int] = field(default_factory=dict)
    """Before the step."""
    submitted: dict[tuple[Pubkey, Pubkey], int] = field(default_factory=dict)
    """When each member last submitted to each feed, Unix seconds."""
    once: set[Key] = field(default_factory=set)
    """What was done, and may be done once."""

    @classmethod
    def of(cls, world: World) -> Books:
        """The books of a world as it is now."""
        ledger = cast(Any, world.chain).ledger
        books = cls(ledger, world.io_mint, world.usd_mint, lamports=dict(ledger.lamports))
        for address, known in ledger.accounts.items():
            books._add(known, address, 1)
        if committee := books.get(Committee, addresses.committee()):
            members = committee.members_at(ledger.svm.time)
            for address, feed in ledger.all(Feed).items():
                books.submitted.update({(address, by): at for by, at in zip(members, feed.submitted_at, strict=False)})
        return books

    def _add(self, known: Known | None, address: Pubkey, sign: int) -> None:
        for key, amount in parts(known, address):
            self.sums[key] += sign * amount
        if isinstance(known, Delegation | Ticket):
            (self.positions[known.actor].add if sign > 0 else self.positions[known.actor].discard)(address)

    def write(self, step: Step) -> None:
        """Keeps the sums by what a step wrote."""
        for address, after in step.after.items():
            before = step.before[address]
            if before != after:
                self._add(before, address, -1)
                self._add(after, address, 1)

    def recounted(self) -> Counter[Key]:
        """The sums, from all accounts."""
        found: Counter[Key] = Counter()
        for address, known in self.ledger.accounts.items():
            found.update(dict(parts(known, address)))
        return found

    def get(self, kind: type[T], address: Pubkey) -> T | None:
        """The account as it is now."""
        return self.ledger.get(kind, address)

    @property
    def emission(self) -> Emission | None:
        """The schedule's state, where it is initialised."""
        return self.ledger.get(Emission, addresses.emission())

    def rate(self, epoch: int) -> int:
        """IO base units per coupon of a closed epoch, 64 fractional bits."""
        page = self.ledger.accounts.get(addresses.rates(epoch))
        start = 16 + 16 * (epoch % addresses.RATES_EPOCHS)
        return int.from_bytes(page[start : start + 16], "little") if isinstance(page, bytes) else 0


@dataclass
class Seen:
    """A step, as invariants look at it; the books are those after it."""

    books: Books
    step: Step

    @cached_property
    def _by_kind(self) -> dict[type, list[tuple[Pubkey, Any, Any]]]:
        found: dict[type, list[tuple[Pubkey, Any, Any]]] = {}
        for address, after in self.step.after.items():
            before = self.step.before[address]
            if before is not None or after is not None:
                found.setdefault(type(before if after is None else after), []).append((address, before, after))
        return found

    def changed(self, kind: type[T]) -> Iterable[tuple[Pubkey, T | None, T | None]]:
        """The accounts of a kind that the step wrote: address, before, after."""
        return self._by_kind.get(kind, ())

    @cached_property
    def told(self) -> list[tuple[Call, Event]]:
        """The step's calls that move something, each with the event that it emitted."""
        return [(call, event) for call, event in told(self.step) if event]

    def calls(self, name: str) -> list[Call]:
        """The step's calls of an instruction."""
        return [call for call in self.step.calls if call.name == name]


EMITS = {
    "staking.deposit_collateral": "staking.CollateralDeposited",
    "staking.withdraw_collateral": "staking.CollateralUnbonding",
    "staking.delegate": "staking.Delegated",
    "staking.undelegate": "staking.Undelegated",
    "staking.withdraw_ticket": "staking.TicketWithdrawn",
    "staking.claim_rewards": "staking.RewardsClaimed",
    "staking.appeal_slash": "staking.SlashAppealed",
    "staking.dismiss_slash": "staking.SlashDismissed",
    "staking.execute_slash": "staking.SlashExecuted",
    "emission.close_epochs": "emission.EpochsClosed",
    "emission.claim": "emission.Claimed",
    "emission.lock_bonus": "emission.BonusLocked",
    "emission.lock_io": "emission.IoLocked",
    "emission.withdraw_vested": "emission.VestedWithdrawn",
    "burn.sell_io": "burn.IoBurned",
    "burn.grant_user": "burn.UserGranted",
    "burn.grant_owner": "burn.OwnerGranted",
    "escrow.open_job": "escrow.JobOpened",
    "escrow.extend_job": "escrow.JobExtended",
    "escrow.settle_job": "escrow.JobSettled",
    "escrow.dispute_job": "escrow.JobDisputed",
    "escrow.resolve_dispute": "escrow.DisputeResolved",
    "escrow.finish_job": "escrow.JobFinished",
}
"""Calls that move something, and what they emit then."""


def told(step: Step) -> Iterator[tuple[Call, Event | None]]:
    """A step's calls in their order, each with what it emitted where it moves something; else None."""
    place, events = 0, step.events
    for call in step.calls:
        name = EMITS.get(call.name)
        if name is None:
            yield call, None
            continue
        at = next((i for i in range(place, len(events)) if events[i].name == name), None)
        if at is None:
            raise AssertionError(f"{call.name} emitted no {name}")
        yield call, events[at]
        place = at + 1
