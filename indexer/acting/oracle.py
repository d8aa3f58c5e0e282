"""Publishes the scores of an ended epoch through the committee: those that changed, then the digest of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, reads
from client.concurrency import at_once
from client.errors import Refused
from client.instructions import emission
from client.rpc import chain_time
from client.sending import DEFAULT, SendOptions, send
from client.state import Committee
from indexer import scoring
from indexer.acting import posting, scores
from indexer.acting.guard import require_current
from indexer.database import columns
from indexer.database.queries import sql
from indexer.errors import PublishRefused

if TYPE_CHECKING:
    from indexer.database.db import Pool

_ROUNDS: Final = 3
"""Post, look, post what is still missing: more than one only where somebody else posts too."""


@dataclass(frozen=True, slots=True)
class Published:
    """What it took to make an epoch's scores final."""

    rows: int
    """Scores that were posted: those that differed from the chain's."""
    transactions: int
    digest: bytes
    """SHA-256 over every score of the epoch, 32 bytes."""


async def publish(
    pool: Pool,
    client: AsyncClient,
    committee_keys: Sequence[Keypair],
    epoch: int,
    *,
    parameters: scoring.Parameters = scoring.DEFAULT,
    options: SendOptions = DEFAULT,
) -> Published:
    """Computes the scores of `epoch`, posts those that the chain does not have yet, and makes them final.

    Signed by a strict majority of the committee, of which the first pays. It looks at the chain before it sends, so
    it can be killed and run again anywhere; where the epoch is final already, it sends nothing. Raises
    `PublishRefused` where the replay has not passed the epoch's end or is not to be relied on (`require_current`), the
    keys are no majority, or an epoch before it waits to be closed.
    """
    found = await scores.computed(pool, epoch, parameters)
    if await _is_final(pool, client, found):
        await _note(pool, found, 0)
        return Published(0, 0, found.digest)
    await require_current(client, pool)
    signers = await majority(client, committee_keys)
    posted, transactions = await _post(pool, client, signers, found, options)
    final = emission.finalize_scores(signers=_public(signers), epoch=epoch, digest=found.digest)
    try:
        await send(client, [final], signers, options)
    except Refused as refused:
        # Another publisher of the same epoch was faster.
        if refused.name not in ("AlreadyFinal", "AlreadyClosed") or not await _is_final(pool, client, found):
            raise
    await _note(pool, found, posted)
    return Published(posted, transactions + 1, found.digest)


async def majority(client: AsyncClient, keys: Sequence[Keypair]) -> list[Keypair]:
    """As many of the keys as make a strict majority of the committee. Raises `PublishRefused` for too few."""
    committee = await reads.require(client, Committee, addresses.committee(), "committee")
    members = committee.members_at(await chain_time(client))
    signers = list({key.pubkey(): key for key in keys if key.pubkey() in members}.values())
    needed = len(members) // 2 + 1
    if len(signers) < needed:
        raise PublishRefused(
            f"{len(signers)} of the {len(keys)} keys given are members of the committee, {needed} of its "
            f"{len(members)} have to sign: name more of them by --committee-key"
        )
    return signers[:needed]


async def _is_final(pool: Pool, client: AsyncClient, found: scores.EpochScores) -> bool:
    """Whether nothing is left to publish. Raises `PublishRefused` where it cannot be published now."""
    state = await reads.emission(client)
    if state.final_epoch >= found.epoch:
        said = await pool.fetchval("SELECT digest FROM chain.scores_finalized WHERE epoch = $1", found.epoch)
        if said is not None and said != found.digest:
            raise PublishRefused(
                f"epoch {found.epoch} is final on the chain with the digest {said.hex()}, its scores have "
                f"{found.digest.hex()} here: somebody published other scores"
            )
        return True
    if state.final_epoch > state.closed_epoch:
        raise PublishRefused(
            f"epoch {state.final_epoch} is final and not closed: close it (`ionet epoch close`), then publish "
            f"epoch {found.epoch}"
        )
    return False


async def _post(
    pool: Pool, client: AsyncClient, signers: Sequence[Keypair], found: scores.EpochScores, options: SendOptions
) -> tuple[int, int]:
    """Posts until the chain has every score; scores and transactions sent."""
    async with pool.acquire() as connection:
        earners = await columns.fetch(connection, posting.EARNERS, sql("earners"))
    wanted = posting.wanted(found.scores, earners)
    size = posting.batch_size(_public(signers), options)
    posted = transactions = 0
    for _ in range(_ROUNDS):
        missing = await posting.differing(client, wanted)
        if not len(missing):
            return posted, transactions
        instructions = posting.postings(_public(signers), found.epoch, missing, size)
        # What landed before one of them failed is found by the next run.
        await at_once((partial(send, client, [one], signers, options) for one in instructions), posting.CONCURRENT)
        posted += len(missing)
        transactions += -(-len(missing) // size)
    if len(await posting.differing(client, wanted)):
        raise PublishRefused(
            f"the chain's scores of epoch {found.epoch} change while they are posted: another committee publishes"
        )
    return posted, transactions


async def _note(pool: Pool, found: scores.EpochScores, rows: int) -> None:
    await pool.execute(
        "INSERT INTO indexer.run (kind, period, detail) VALUES ('scores', $1, $2) ON CONFLICT DO NOTHING",
        *(found.epoch, f"{rows} of {len(found.scores)} scores posted, digest {found.digest.hex()}"),
    )


def _public(signers: Sequence[Keypair]) -> list[Pubkey]:
    return [key.pubkey() for key in signers]
