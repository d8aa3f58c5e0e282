"""One network with a small, fixed cast; who and what there is, found on its ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn, TypeVar, cast

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from client import addresses, economics
from client.economics import IO, USD
from client.network import BURN, ESCROW, Parameters
from client.state import Auction, Committee, Earner, Emission, Feed, Registry, Terms
from tests.programs.world import PRICES_NANO_USD, World, keypair
from tests.proof.ledger import Ledger, Mint, Step, Tokens
from tests.proof.svm import DEPLOY, Svm, start_svm
from tests.proof.world import PipeChain, world_on

T = TypeVar("T")

MEMBERS = 5
PARAMETERS = Parameters(
    escrow=replace(ESCROW, min_work_seconds=600, dispute_seconds=300),
    burn=replace(BURN, owner_grant_hours=2),
)
"""The design's, but where hours would have to go by before anything happens."""
SYMBOLS = tuple(PRICES_NANO_USD)
CLASSES = tuple(symbol for symbol in SYMBOLS if symbol != "IO")
HOLDINGS = (
    *[(1_000_000 * IO, 1_000 * USD)] * 3,  # owners
    *[(100 * IO, 1_000_000 * USD)] * 2,  # users
    *[(100_000 * IO, 0)] * 2,  # stakers
    *((3, 0), (2**60 // 100, 2**62)),  # one with dust, one with very much
    *[(0, 0)] * 3,  # a stranger, two affiliates
)
"""IO and dollars of each wallet of the cast, base units."""
OWNERS, USERS, STAKERS, AFFILIATES = range(3), range(3, 5), range(5, 9), range(10, 12)

BOUNDARIES = (0, 1, 2, 7, 10_000, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 2, 2**64 - 1)
WORDS: dict[str, Callable[[int], int]] = {
    "all": lambda whole: whole,
    "half": lambda whole: whole // 2,
    "third": lambda whole: whole // 3,
    "tenth": lambda whole: whole // 10,
    "all but one": lambda whole: whole - 1,
    "one more": lambda whole: whole + 1,
}
"""Amounts by what there is."""
Amount = int | str


def amount_of(amount: Amount, whole: int) -> int:
    """Base units, for a u64, of an amount given by a word or as it is."""
    found = WORDS[amount](whole) if isinstance(amount, str) else amount
    return min(max(found, 0), 2**64 - 1)


@dataclass
class Statistics:
    """What became of each instruction."""

    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By name and error."""
    steps: int = 0
    """Transactions."""
    rules: int = 0
    examples: int = 0

    def count(self, step: Step, refused: str | None) -> None:
        """Counts a step, and which of its calls was refused."""
        self.steps += 1
        if step.refusal is None:
            self.accepted.update(call.name for call in step.calls)
        elif refused is not None:
            self.refused[refused, step.refusal] += 1

    def add(self, other: Statistics) -> None:
        """Adds what another process has counted."""
        self.accepted.update(other.accepted)
        self.refused.update(other.refused)
        self.steps += other.steps
        self.rules += other.rules
        self.examples += other.examples


@dataclass
class Economy:
    """A network that stands at its first second, saved, and the people in it."""

    world: World
    people: tuple[Pubkey, ...]
    """Wallets with token accounts of both mints; `OWNERS` and so on by place."""
    members: tuple[Pubkey, ...]
    """Who may ever be in the committee."""
    statistics: Statistics = field(default_factory=Statistics)

    @property
    def ledger(self) -> Ledger:
        """Everything there is."""
        return cast(PipeChain, self.world.chain).ledger

    @property
    def now(self) -> int:
        """Unix seconds."""
        return self.ledger.svm.time

    def only(self, kind: type[T], address: Pubkey) -> T:
        """An account of which there is one."""
        found = self.ledger.get(kind, address)
        assert found is not None, f"there is no {kind.__name__} at {address}"
        return found

    @property
    def committee(self) -> Committee:
        """The offices."""
        return self.only(Committee, addresses.committee())

    @property
    def emission(self) -> Emission:
        """The schedule."""
        return self.only(Emission, addresses.emission())

    @property
    def terms(self) -> Terms:
        """Of every job."""
        return self.only(Terms, addresses.terms())

    @property
    def registry(self) -> Registry:
        """Of staking."""
        return self.only(Registry, addresses.registry())

    @property
    def auction(self) -> Auction:
        """Of burn."""
        return self.only(Auction, addresses.auction())

    @property
    def ended_epoch(self) -> int:
        """The last epoch that is over."""
        return max((economics.epoch_at(self.committee.genesis, self.now) or 1) - 1, 0)

    def quorum(self) -> list[Pubkey]:
        """A strict majority of the members in force."""
        members = self.committee.members_at(self.now)
        return list(members[: len(members) // 2 + 1])

    def io(self, wallet: Pubkey) -> Pubkey:
        """A wallet's IO account."""
        return addresses.token_account(wallet, self.world.io_mint)

    def usd(self, wallet: Pubkey) -> Pubkey:
        """A wallet's dollar account."""
        return addresses.token_account(wallet, self.world.usd_mint)

    def coupon_epoch(self, actor: Pubkey) -> int:
        """Whose page of rates an earner needs."""
        earner = self.ledger.get(Earner, addresses.earner(actor))
        return earner.coupon_epoch if earner else 0

    def price(self, symbol: str) -> int:
        """As the feed has it, or where it begins; nano-dollars."""
        feed = self.ledger.get(Feed, addresses.feed(symbol))
        return (feed.price_nano_usd if feed else 0) or PRICES_NANO_USD.get(symbol, 1)

    def pick(
        self, kind: type[T], which: int, fits: Callable[[Pubkey, T], bool] | None = None
    ) -> tuple[Pubkey, T] | None:
        """Number `which` of those that fit; from 12 on, or where none fits, of all of the kind. None where none is."""
        everything = list(self.ledger.all(kind).items())
        fitting = [one for one in everything if fits is None or fits(*one)] if which < 12 else []
        chosen = fitting or everything
        return chosen[which % len(chosen)] if chosen else None

    def twisted(self, instruction: Instruction, twist: int) -> Instruction:
        """The instruction with one account in the place of another of its kind: someone else's."""
        metas = list(instruction.accounts)
        place = twist % len(metas)
        old = metas[place].pubkey
        here = self.ledger.accounts.get(old)
        if here is None:
            others: Sequence[Pubkey] = [*self.people, *self.members]
        elif isinstance(here, Tokens):
            alike = self.ledger.all(Tokens)
            others = [address for address, one in alike.items() if one.mint == here.mint]
        elif isinstance(here, Mint):
            others = list(self.ledger.all(Mint))
        else:
            others = list(self.ledger.all(type(here)))
        others = [one for one in others if one != old]
        if not others:
            return instruction
        new = others[twist // len(metas) % len(others)]
        metas[place] = AccountMeta(new, metas[place].is_signer, metas[place].is_writable)
        return Instruction(instruction.program_id, bytes(instruction.data), metas)


def settle_down(svm: Svm, deploy: Path = DEPLOY) -> Economy:
    """The network and the cast on a new chain, saved."""
    world = world_on(svm, PARAMETERS, deploy=deploy, members=MEMBERS)
    people = tuple(world.person(io=io, usd=usd).pubkey() for io, usd in HOLDINGS)
    members = tuple(keypair(f"member {index}").pubkey() for index in range(MEMBERS))
    economy = Economy(world, people, members)
    economy.ledger.save()
    return economy


@contextmanager
def economy_on(deploy: Path = DEPLOY) -> Iterator[Economy]:
    """A process with a chain, and the network on it."""
    with start_svm() as svm:
        yield settle_down(svm, deploy)


def missing(what: str) -> NoReturn:
    """A rule without a network."""
    raise LookupError(f"{what}: open an economy first, by `opened`")
