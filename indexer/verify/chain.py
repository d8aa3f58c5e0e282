"""What the chain itself holds, compared with what was recomputed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solders.pubkey import Pubkey

from client import accounts, addresses
from client.state import Actor, Auction, Earner, Emission, Job, Registry
from indexer.blocks import Transaction
from indexer.decode import Decoder, address_text
from indexer.rpc import Rpc
from indexer.verify.history import History
from indexer.verify.staking import NOBODY

if TYPE_CHECKING:
    from indexer.db import Pool

_MINT_SUPPLY: Final = slice(36, 44)
_TOKEN_AMOUNT: Final = slice(64, 72)
_MANY: Final = 100

Compare = Callable[[History, bytes | None], None]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Accounts as a node showed them after one slot."""

    slot: int
    found: tuple[tuple[Compare, bytes | None], ...]
    """How to compare, and the data; None where there is no account."""

    def compare(self, history: History) -> None:
        """To be called when the history has been heard up to `slot`."""
        for compare, data in self.found:
            compare(history, data)


async def snapshots(client: AsyncClient, history: History, io_mint: str, genesis_supply: int | None) -> list[Snapshot]:
    """Every account that the history knows of, sorted by the slots in which the node answered."""
    wanted: list[tuple[Pubkey, Compare]] = [
        (addresses.emission(), _emission),
        (addresses.auction(), _auction),
        (addresses.registry(), _registry),
        (Pubkey.from_string(io_mint), _supply(genesis_supply)),
        (addresses.burn_vault(), _at_least("burn vault", lambda h: h.jobs.burn - h.auction.paid_usd)),
        (addresses.incentives_vault(), _at_least("incentives vault", lambda h: h.jobs.incentives - h.auction.granted)),
        (addresses.stake_vault(), _at_least("stake vault", lambda h: h.staking.held)),
        (addresses.locked_vault(), _at_least("vault of locked IO", lambda h: h.emission.locked_io)),
    ]
    for actor in sorted(history.staking.actors):
        wanted.append((Pubkey.from_bytes(actor), _actor(actor)))
        rewards = history.staking.actors[actor].rewards
        if rewards != NOBODY:
            wanted.append((Pubkey.from_bytes(rewards), _rewards(actor)))
    for user in sorted(history.jobs.credits):
        wanted.append((addresses.credit(Pubkey.from_bytes(user)), _credit(user)))
    wanted += [(Pubkey.from_bytes(e), _earner(a)) for e, a in sorted(history.emission.actor_of.items())]
    for address, job in sorted(history.jobs.jobs.items()):
        key = Pubkey.from_bytes(address)
        wanted.append((key, _job(address)))
        if not job.is_finished:
            wanted.append((addresses.job_vault(key), _vault(address)))
    taken = []
    for start in range(0, len(wanted), _MANY):
        batch = wanted[start : start + _MANY]
        answer = await client.get_multiple_accounts([address for address, _ in batch], Confirmed)
        data = [None if value is None else bytes(value.data) for value in answer.value]
        compares = (compare for _, compare in batch)
        taken.append(Snapshot(answer.context.slot, tuple(zip(compares, data, strict=True))))
    return sorted(taken, key=lambda snapshot: snapshot.slot)


async def genesis_supply(pool: Pool, rpc: Rpc, io_mint: str) -> int | None:
    """IO minted before the emission took the mint over, base units, from the mint's own history.

    Kept once it was found: a node forgets. None where neither has it.
    """
    kept = await pool.fetchval("SELECT amount FROM indexer.genesis_supply")
    if kept is not None:
        return int(kept)
    began = await pool.fetchrow(
        "SELECT t.slot, t.tx_index, t.signature FROM chain.transaction AS t "
        "JOIN chain.emission_initialized AS e USING (slot, tx_index)"
    )
    if began is None:
        return None
    supply, count = 0, 0
    for signature in await rpc.signatures_before(io_mint, began["signature"], began["slot"]):
        transaction = await rpc.transaction(signature)
        if transaction is None:
            return None
        supply += _minted(transaction, io_mint)
        count += 1
    if not count:
        return None
    await pool.execute("INSERT INTO indexer.genesis_supply (amount) VALUES ($1) ON CONFLICT DO NOTHING", supply)
    return supply


def _minted(transaction: Transaction, io_mint: str) -> int:
    decoded = Decoder(io_mint).transaction(transaction)
    changes = decoded.rows.get("io_supply_changed", [])
    return sum(direction * amount for *_, direction, amount, _ in changes)


def _emission(history: History, data: bytes | None) -> None:
    state, ledger = accounts.decode(Emission, data or b""), history.emission
    for name in (
        *("per_point", "carry_availability", "carry_compute", "total_points", "total_coupons"),
        *("minted", "locked_io", "closed_epoch", "final_epoch"),
    ):
        history.checks.equal(f"emission account: {name}", "", getattr(ledger, name), getattr(state, name))


def _auction(history: History, data: bytes | None) -> None:
    state = accounts.decode(Auction, data or b"")
    history.checks.equal("auction account: burned_io", "", history.auction.burned_io, state.burned_io)
    history.checks.equal("auction account: paid_usd", "", history.auction.paid_usd, state.paid_usd)


def _registry(history: History, data: bytes | None) -> None:
    state = accounts.decode(Registry, data or b"")
    history.checks.equal("registry account: slashed_io", "", history.staking.slashed, state.slashed_io)


def _supply(genesis: int | None) -> Compare:
    def compare(history: History, data: bytes | None) -> None:
        supply = int.from_bytes((data or b"")[_MINT_SUPPLY], "little")
        ledger = history.supply
        history.checks.equal("IO minted: token program and claims", "", history.emission.minted, ledger.minted)
        burned = history.auction.burned_io + history.staking.slashed
        history.checks.equal("IO burned: auction, slashes and token program", "", burned, ledger.explained)
        if ledger.burned > ledger.explained:
            own = ledger.burned - ledger.explained
            history.checks.notes.append(f"holders burned {own} base units of IO of their own, outside of the auction")
        if genesis is None:
            history.checks.notes.append(
                "supply not compared: the node has no history of the mint from before the emission"
            )
            return
        history.checks.equal("IO supply", "", genesis + ledger.minted - ledger.burned, supply)

    return compare


def _earner(actor: bytes) -> Compare:
    def compare(history: History, data: bytes | None) -> None:
        earner, ledger = accounts.decode(Earner, data or b""), history.emission.earners[actor]
        for name in (
            *("points", "reputation", "snapshot", "liquid", "bonus"),
            *("coupons_base", "coupons_bonus", "coupon_epoch"),
        ):
            history.checks.equal(
                f"earner accounts: {name}", address_text(actor), getattr(ledger, name), getattr(earner, name)
            )

    return compare


def _job(address: bytes) -> Compare:
    def compare(history: History, data: bytes | None) -> None:
        job, ledger = accounts.decode(Job, data or b""), history.jobs.jobs[address]
        whose = address_text(address)
        history.checks.equal("job accounts: settled_usd", whose, ledger.settled, job.settled_usd)
        for name in ("deposit", "granted", "bond", "settled_seconds", "base_seconds", "period", "assignments"):
            history.checks.equal(f"job accounts: {name}", whose, getattr(ledger, name), getattr(job, name))

    return compare


def _actor(address: bytes) -> Compare:
    def compare(history: History, data: bytes | None) -> None:
        actor, ledger = accounts.decode(Actor, data or b""), history.staking.actors[address]
        for name in (
            *("collateral", "stake", "shares", "unbonding_shares", "index"),
            *("per_share", "carry", "counted_rewards"),
        ):
            history.checks.equal(
                f"actor accounts: {name}", address_text(address), getattr(ledger, name), getattr(actor, name)
            )

    return compare


def _vault(address: bytes) -> Compare:
    return _at_least("vaults of jobs", lambda history: history.jobs.jobs[address].held, address_text(address))


def _credit(user: bytes) -> Compare:
    return _at_least("credits of users", lambda history: history.jobs.credits[user], address_text(user))


def _rewards(actor: bytes) -> Compare:
    def held(history: History) -> int:
        pool = history.staking.actors[actor]
        return pool.counted_rewards + pool.uncounted

    return _at_least("rewards of stakers", held, address_text(actor))


def _at_least(name: str, held: Callable[[History], int], whose: str = "") -> Compare:
    """A token account that holds what it must; more than that is somebody's gift."""

    def compare(history: History, data: bytes | None) -> None:
        amount, expected = int.from_bytes((data or b"")[_TOKEN_AMOUNT], "little"), held(history)
        history.checks.equal(name, whose, expected, min(amount, expected))

    return compare
