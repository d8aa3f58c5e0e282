"""What the chain itself holds, compared with what was recomputed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solders.pubkey import Pubkey

from client import addresses
from indexer.decoding.base58 import encode as _text
from indexer.decoding.blocks import Transaction
from indexer.decoding.decode import Decoder
from indexer.node.rpc import Rpc
from indexer.verify import compared
from indexer.verify.compared import Compare
from indexer.verify.history import History
from indexer.verify.staking import NOBODY

if TYPE_CHECKING:
    from indexer.database.db import Pool

_MANY: Final = 100

Wanted = tuple[Pubkey, Compare]


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
    wanted = [*_singletons(history, io_mint, genesis_supply), *_actors(history), *_jobs(history)]
    taken = []
    for start in range(0, len(wanted), _MANY):
        batch = wanted[start : start + _MANY]
        answer = await client.get_multiple_accounts([address for address, _ in batch], Confirmed)
        data = [None if value is None else bytes(value.data) for value in answer.value]
        compares = (compare for _, compare in batch)
        taken.append(Snapshot(answer.context.slot, tuple(zip(compares, data, strict=True))))
    return sorted(taken, key=lambda snapshot: snapshot.slot)


def _singletons(history: History, io_mint: str, genesis_supply: int | None) -> Iterator[Wanted]:
    yield addresses.committee(), compared.committee
    yield addresses.emission(), compared.emission
    yield addresses.auction(), compared.auction
    yield addresses.registry(), compared.registry
    yield addresses.terms(), compared.terms
    yield Pubkey.from_string(io_mint), compared.supply(genesis_supply)
    for name, address, held in (
        ("burn vault", addresses.burn_vault(), lambda h: h.jobs.burn - h.auction.paid_usd),
        ("incentives vault", addresses.incentives_vault(), lambda h: h.jobs.incentives - h.auction.granted_usd),
        ("stake vault", addresses.stake_vault(), lambda h: h.staking.held),
        ("vault of locked IO", addresses.locked_vault(), lambda h: h.emission.locked_io),
    ):
        yield address, compared.at_least(name, held)
    for symbol in sorted(history.oracle.prices):
        yield addresses.feed(addresses.symbol_text(symbol)), compared.feed(symbol)


def _actors(history: History) -> Iterator[Wanted]:
    for earner, actor in sorted(history.emission.actor_of.items()):
        yield Pubkey.from_bytes(earner), compared.earner(actor)
    for address in sorted(history.staking.actors):
        yield Pubkey.from_bytes(address), compared.actor(address)
        rewards = history.staking.actors[address].rewards
        if rewards != NOBODY:
            yield Pubkey.from_bytes(rewards), compared.at_least("rewards of stakers", _rewards(address), _text(address))
    for vesting in sorted(history.emission.vestings):
        yield Pubkey.from_bytes(vesting), compared.vesting(vesting)
    for user in sorted(history.jobs.credits):
        credit = addresses.credit(Pubkey.from_bytes(user))
        yield credit, compared.at_least("credits of users", _credit(user), _text(user))


def _jobs(history: History) -> Iterator[Wanted]:
    for address, job in sorted(history.jobs.jobs.items()):
        key = Pubkey.from_bytes(address)
        yield key, compared.job(address)
        if not job.is_finished:
            yield addresses.job_vault(key), compared.at_least("vaults of jobs", _vault(address), _text(address))


def _rewards(actor: bytes) -> Callable[[History], int]:
    def held(history: History) -> int:
        pool = history.staking.actors[actor]
        return pool.counted_rewards + pool.uncounted

    return held


def _credit(user: bytes) -> Callable[[History], int]:
    return lambda history: history.jobs.credits[user]


def _vault(job: bytes) -> Callable[[History], int]:
    return lambda history: history.jobs.jobs[job].held


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
    for signature in await rpc.signatures_before(io_mint, _text(began["signature"]), began["slot"]):
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
