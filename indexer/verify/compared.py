"""How each kind of account is compared with what was recomputed for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from solders.pubkey import Pubkey

from client import accounts
from client.state import Actor, Auction, Committee, Earner, Emission, Feed, Job, Registry, Terms, Vesting
from indexer.decoding.base58 import encode as address_text
from indexer.verify.changing import Changing

if TYPE_CHECKING:
    from indexer.verify.history import History

Compare = Callable[["History", bytes | None], None]

_MINT_SUPPLY: Final = slice(36, 44)
_TOKEN_AMOUNT: Final = slice(64, 72)


def committee(history: History, data: bytes | None) -> None:
    """The offices and the members."""
    state, ledger = accounts.decode(Committee, data or b""), history.oracle
    for name in ("admin", "offered_admin", "pauser"):
        history.checks.equal(
            f"committee account: {name}", "", _text(getattr(ledger, name)), _text(getattr(state, name))
        )
    history.checks.equal("committee account: paused", "", ledger.paused, state.paused)
    held = ledger.members
    members, following = state.members[: state.count], state.next_members[: state.next_count]
    history.checks.equal("committee account: members", "", _text(held.current["members"]), _text(members))
    if held.next_at:
        history.checks.equal("committee account: next_members", "", _text(held.next["members"]), _text(following))
    history.checks.equal("committee account: next_members_at", "", held.next_at, state.next_members_at)
    _parameters("committee", history, ledger.parameters, state)


def emission(history: History, data: bytes | None) -> None:
    """The schedule's state."""
    state, ledger = accounts.decode(Emission, data or b""), history.emission
    for name in (
        *("per_point", "carry_availability", "carry_compute", "total_points", "total_coupons"),
        *("genesis", "minted", "locked_io", "closed_epoch", "final_epoch"),
    ):
        history.checks.equal(f"emission account: {name}", "", getattr(ledger, name), getattr(state, name))
    _parameters("emission", history, ledger.parameters, state)


def auction(history: History, data: bytes | None) -> None:
    """The auction and the grants."""
    state, ledger = accounts.decode(Auction, data or b""), history.auction
    for name in ("burned_io", "paid_usd", "granted_usd"):
        history.checks.equal(f"auction account: {name}", "", getattr(ledger, name), getattr(state, name))
    _parameters("auction", history, ledger.parameters, state)


def registry(history: History, data: bytes | None) -> None:
    """What slashes burned."""
    state = accounts.decode(Registry, data or b"")
    history.checks.equal("registry account: slashed_io", "", history.staking.slashed, state.slashed_io)
    _parameters("registry", history, history.staking.parameters, state)


def terms(history: History, data: bytes | None) -> None:
    """The terms of every job."""
    _parameters("terms", history, history.jobs.terms, accounts.decode(Terms, data or b""))


def feed(symbol: bytes) -> Compare:
    """The price of a symbol."""

    def compare(history: History, data: bytes | None) -> None:
        state, (price, valid_until) = accounts.decode(Feed, data or b""), history.oracle.prices[symbol]
        history.checks.equal("feed accounts: price_nano_usd", state.symbol, price, state.price_nano_usd)
        history.checks.equal("feed accounts: valid_until", state.symbol, valid_until, state.valid_until)

    return compare


def supply(genesis: int | None) -> Compare:
    """The mint of IO; `genesis`: what was minted before the emission took it over, None where nobody knows."""

    def compare(history: History, data: bytes | None) -> None:
        found, ledger = int.from_bytes((data or b"")[_MINT_SUPPLY], "little"), history.supply
        burned = history.auction.burned_io + history.staking.slashed
        history.checks.equal("IO minted: token program and claims", "", history.emission.minted, ledger.minted)
        history.checks.equal("IO burned: auction, slashes and token program", "", burned, ledger.explained)
        if ledger.burned > ledger.explained:
            own = ledger.burned - ledger.explained
            history.checks.notes.append(f"holders burned {own} base units of IO of their own, outside of the auction")
        if genesis is None:
            history.checks.notes.append(
                "supply not compared: the node has no history of the mint from before the emission"
            )
            return
        history.checks.equal("IO supply", "", genesis + ledger.minted - ledger.burned, found)

    return compare


def earner(address: bytes) -> Compare:
    """What an actor earns."""

    def compare(history: History, data: bytes | None) -> None:
        names = (
            *("points", "reputation", "proven_since", "snapshot", "liquid", "bonus"),
            *("coupons_base", "coupons_bonus", "coupon_epoch"),
        )
        _fields("earner", Earner, names, history, address, history.emission.earners[address], data)

    return compare


def actor(address: bytes) -> Compare:
    """An actor and its pool."""

    def compare(history: History, data: bytes | None) -> None:
        names = (
            *("collateral", "collateral_required", "stake", "shares", "unbonding_shares", "index"),
            *("per_share", "carry", "counted_rewards", "pending_slashes"),
        )
        ledger = history.staking.actors[address]
        _fields("actor", Actor, names, history, address, ledger, data)
        state, whose = accounts.decode(Actor, data or b""), address_text(address)
        chosen = ledger.election
        history.checks.equal("actor accounts: election", whose, _text(chosen.current), _text(_values(state.election)))
        if chosen.next_at:
            following = _text(_values(state.next_election))
            history.checks.equal("actor accounts: next_election", whose, _text(chosen.next), following)
        history.checks.equal("actor accounts: next_election_at", whose, chosen.next_at, state.next_election_at)

    return compare


def job(address: bytes) -> Compare:
    """A job."""

    def compare(history: History, data: bytes | None) -> None:
        names = (
            *("rate_per_hour", "deposit", "granted", "bond", "settled_seconds", "base_seconds", "processors", "hours"),
            *("period", "assignments", "discount_bp", "benefit"),
        )
        ledger = history.jobs.jobs[address]
        _fields("job", Job, names, history, address, ledger, data)
        settled = accounts.decode(Job, data or b"").settled_usd
        history.checks.equal("job accounts: settled_usd", address_text(address), ledger.settled, settled)

    return compare


def vesting(address: bytes) -> Compare:
    """Locked IO; the account is closed once all of it was withdrawn."""

    def compare(history: History, data: bytes | None) -> None:
        ledger = history.emission.vestings.get(address)
        whose = address_text(address)
        history.checks.equal("vesting accounts that are there", whose, int(ledger is not None), int(data is not None))
        if ledger is not None and data is not None:
            names = ("total", "withdrawn", "start", "end", "step_seconds", "funded")
            _fields("vesting", Vesting, names, history, address, ledger, data)

    return compare


def at_least(name: str, held: Callable[[History], int], whose: str = "") -> Compare:
    """A token account that holds what it must; more than that is somebody's gift."""

    def compare(history: History, data: bytes | None) -> None:
        amount, expected = int.from_bytes((data or b"")[_TOKEN_AMOUNT], "little"), held(history)
        history.checks.equal(name, whose, expected, min(amount, expected))

    return compare


def _fields(
    name: str,
    kind: type,
    names: tuple[str, ...],
    history: History,
    address: bytes,
    ledger: object,
    data: bytes | None,
) -> None:
    state: object = accounts.decode(kind, data or b"")
    whose = address_text(address)
    for field in names:
        history.checks.equal(f"{name} accounts: {field}", whose, getattr(ledger, field), getattr(state, field))


def _parameters(name: str, history: History, held: Changing, state: Any) -> None:
    history.checks.equal(f"{name} account: parameters", "", _text(held.current), _text(_values(state.parameters)))
    if held.next_at:
        following = _text(_values(state.next_parameters))
        history.checks.equal(f"{name} account: next_parameters", "", _text(held.next), following)
    history.checks.equal(f"{name} account: next_parameters_at", "", held.next_at, state.next_parameters_at)


def _values(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _text(value: Any) -> str:
    """The same text for what the chain holds and for what an event said."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(part)}" for name, part in sorted(value.items()))
    if isinstance(value, list | tuple):
        return " ".join(map(_text, value))
    if isinstance(value, bytes):
        return address_text(value)
    return str(value if isinstance(value, Pubkey) else int(value))
